import type { ChannelId, GpadlId } from '../../vmbus/ids.ts'
import type { OfferChannel } from '../../vmbus/messages.ts'
import type { Channel } from '../channel/channel.ts'
import type { GuestDevice } from './guest-device.ts'
import type { PageRun } from './page-allocator.ts'

/** A GPADL of a channel and who waits for it. */
export interface GuestGpadl {
  readonly run: PageRun
  created: ((gpadlId: GpadlId | undefined) => void) | undefined
  torndown: (() => void) | undefined
}

/**
 * What the guest's end keeps of one offered channel.
 *
 * `offered` → `gpadl` (its rings are being shown to the host) → `opening` → `open` → `leaving` (the rings are being taken back)
 * → `offered`; from anywhere → `gone` (rescinded; the relid is being released).
 */
export class GuestChannel {
  state: 'offered' | 'gpadl' | 'opening' | 'open' | 'leaving' | 'gone' = 'offered'
  device: GuestDevice | undefined
  channel: Channel | undefined
  ringGpadlId: GpadlId | undefined
  ringRun: PageRun | undefined
  /** Nobody wants it any more: what is under way is undone when it has come about. */
  unwanted = false
  readonly gpadls = new Map<GpadlId, GuestGpadl>()
  /** Pages that the host may still see: free with the relid's release. */
  readonly visible: PageRun[] = []

  constructor(readonly offer: OfferChannel) {}

  get channelId(): ChannelId {
    return this.offer.channelId
  }

  /** Whether a driver can have it. */
  get isFree(): boolean {
    return this.device === undefined && this.state === 'offered'
  }

  get isPrimary(): boolean {
    return this.offer.offer.subchannelIndex === 0
  }
}
