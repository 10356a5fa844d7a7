import { type GuestMemory, MemoryFault, PageList } from '../../memory/index.ts'
import type { ChannelId, GpadlId } from '../../vmbus/ids.ts'
import type { ChannelInterrupt, GpadlRange, OfferId, OfferParams, OpenRequest } from '../../vmbus/server/effects.ts'
import type { Channel } from '../channel/channel.ts'
import type { HostDevice } from './host-device.ts'

/** What the host's end keeps of one offer. */
export class HostOffer {
  readonly gpadls = new Map<GpadlId, readonly PageList[]>()
  /** While the guest has it open. */
  channel: Channel | undefined
  channelId: ChannelId | undefined
  request: OpenRequest | undefined
  interrupt: ChannelInterrupt = { kind: 'none' }
  /** The device has not answered an open yet: by itself, or because it waits for something outside the bus. */
  opening: 'no' | 'asked' | 'deferred' = 'no'
  /** The guest has posted that it closes the channel or takes memory back, whether or not the server has come to that. */
  isLeft = false

  constructor(
    readonly id: OfferId,
    readonly device: HostDevice,
    readonly params: OfferParams,
  ) {}

  get subchannelIndex(): number {
    return this.params.subchannelIndex ?? 0
  }
}

/** The pages of each range; `undefined` when one is outside guest memory. */
export function pageListsOf(memory: GuestMemory, ranges: readonly GpadlRange[]): PageList[] | undefined {
  try {
    return ranges.map((range) => new PageList(memory, range.pfns, range.byteOffset, range.byteCount))
  } catch (error) {
    if (error instanceof MemoryFault) return undefined
    throw error
  }
}
