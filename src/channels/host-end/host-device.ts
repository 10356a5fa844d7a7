import type { PageList } from '../../memory/index.ts'
import type { GpadlId } from '../../vmbus/ids.ts'
import type { OfferId, OfferParams, OpenRequest } from '../../vmbus/server/effects.ts'
import type { Channel, ChannelHandler } from '../channel/channel.ts'

/** A channel that the guest wants to open: accept or refuse it, once, now or later. */
export interface PendingOpen {
  readonly request: OpenRequest
  readonly subchannelIndex: number
  /** The guest had it open when the host's state was saved, and knows nothing of this: the rings go on as they are. */
  readonly isRestored: boolean
  /** Says that the answer comes later, from outside the bus. */
  defer(): void
  /**
   * Opens it. Answers the channel, or `undefined` when it is too late (the guest or the host gave it up) or the rings are none.
   * Throws when it was answered before.
   */
  accept(): Channel | undefined
  /** OpenResult says failure. Throws when it was answered before. */
  refuse(): void
}

/** A device of the host's, as the host's end of the bus knows it; the class `Vsp` is one. */
export interface HostDevice extends ChannelHandler {
  /** What it offers. */
  readonly offer: OfferParams
  /**
   * Whether it serves what is open when it is revoked until the guest lets go: closes or releases it, or unloads. Its `closed` then comes
   * after its `detached`. By default all closes with the revoke, as OpenVMM's devices do (vmbus_channel/channel.rs): a guest may take the
   * rescind for the host's word that it uses the rings no more. For a device whose driver waits for completions even so.
   */
  readonly servesUntilReleased?: boolean
  /** It was offered: `host` is where it can offer sub-channels. */
  attached(host: DeviceHost): void
  /** It is no longer offered. */
  detached(): void
  /** The guest opens a channel. */
  opening(open: PendingOpen): void
  /** The guest takes a GPADL back: its memory must not be touched any more. */
  gpadlTornDown?(gpadlId: GpadlId): void
  /** It was accepted. */
  opened(channel: Channel): void
}

/** Has something run in so many milliseconds. */
export type Later = (run: () => void, milliseconds: number) => void

/** What a device can do at the host's end. */
export interface DeviceHost {
  /** Has something run in so many milliseconds, by the host's time. */
  readonly later: Later
  /** Offers a further channel of the device: same interface and instance, index 1 …. Behaviour 37. */
  offerSubchannel(device: HostDevice, subchannelIndex: number): OfferId
  /** Takes the device's sub-channels away, the last first, and leaves the primary one: its guest begins anew. */
  revokeSubchannels(device: HostDevice): void
  /** Takes the device and its sub-channels away. */
  revoke(device: HostDevice): void
  /** The memory of a GPADL of the device's, a list of pages for each range, until the guest tears it down. */
  gpadl(device: HostDevice, gpadlId: GpadlId): readonly PageList[] | undefined
}
