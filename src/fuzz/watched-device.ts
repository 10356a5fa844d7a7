import type {
  Channel,
  ChannelHandler,
  CloseReason,
  DeviceHost,
  GuestDevice,
  GuestDriver,
  HostDevice,
  PendingOpen,
} from '../channels/index.ts'
import { defaultRingBytes } from '../channels/index.ts'
import type { OfferChannel } from '../vmbus/messages.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'

/** Hands everything on to a device's end, and remembers its primary channel. */
class WatchedEnd<D extends ChannelHandler & { opened(channel: Channel): void }> implements ChannelHandler {
  /** The primary channel since it was opened last, open or not. */
  channel: Channel | undefined
  readonly batch?: (channel: Channel) => void

  constructor(readonly inner: D) {
    // A device without it must look like one without it.
    if (inner.batch !== undefined) this.batch = (channel) => inner.batch?.(channel)
  }

  opened(channel: Channel): void {
    if (channel.subchannelIndex === 0) this.channel = channel
    this.inner.opened(channel)
  }

  packet(packet: RingPacket, channel: Channel): void {
    this.inner.packet(packet, channel)
  }

  writable(channel: Channel): void {
    this.inner.writable(channel)
  }

  closed(channel: Channel, reason: CloseReason): void {
    this.inner.closed(channel, reason)
  }
}

/** A VSP under observation. */
export class WatchedVsp extends WatchedEnd<HostDevice> implements HostDevice {
  get offer() {
    return this.inner.offer
  }

  get servesUntilReleased() {
    return this.inner.servesUntilReleased ?? false
  }

  attached(host: DeviceHost): void {
    this.inner.attached({
      later: host.later,
      offerSubchannel: (_, index) => host.offerSubchannel(this, index),
      revokeSubchannels: () => host.revokeSubchannels(this),
      revoke: () => host.revoke(this),
      gpadl: (_, gpadlId) => host.gpadl(this, gpadlId),
    })
  }

  detached(): void {
    this.inner.detached()
  }

  opening(open: PendingOpen): void {
    this.inner.opening(open)
  }
}

/** A VSC under observation. */
export class WatchedVsc extends WatchedEnd<GuestDriver> implements GuestDriver {
  get binds() {
    return this.inner.binds
  }

  get ringBytes() {
    return this.inner.ringBytes ?? defaultRingBytes
  }

  attached(device: GuestDevice): void {
    this.inner.attached(device)
  }

  subchannelOffered(offer: OfferChannel): void {
    this.inner.subchannelOffered(offer)
  }

  detached(): void {
    this.inner.detached()
  }
}
