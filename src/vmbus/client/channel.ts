import type { ChannelId, GpadlId } from '../ids.ts'
import type { OfferChannel } from '../messages.ts'

/** A GPADL whose handle is in use. */
export interface ClientGpadl {
  readonly gpadlId: GpadlId
  readonly channelId: ChannelId
  state: 'creating' | 'created' | 'tearing-down'
  /** The driver has its answer, the host still owes the reply: the channel was rescinded meanwhile. */
  answered: boolean
}

/** One offered channel, from its offer until its relid is released. */
export class ClientChannel {
  state: 'closed' | 'opening' | 'open' | 'closing-reserved' = 'closed'
  /** Opened by OpenReservedChannel: no interrupts, closed by CloseReservedChannel. */
  reserved = false
  /** What OpenResult has to echo. */
  openId = 0
  /** Event flag by which the host signals it; its relid, unless the guest chose another. */
  eventFlag: number
  /** The host signalled while the channel was opening. */
  signalled = false
  /** ModifyChannel is under way. */
  modifying = false
  /** The driver has its answer to that, the host still owes the reply: the channel was rescinded meanwhile. */
  modifyAnswered = false
  /** GpadlCreated, GpadlTorndown and ModifyChannelResponse that are still to come. */
  owed = 0
  readonly gpadls = new Map<GpadlId, ClientGpadl>()
  rescinded = false
  /** The driver has let go of it. */
  letGo = false
  /** RelIdReleased is queued. */
  releasing = false
  /** A sub-channel whose primary is not there: nobody has been told of it. */
  parked = false

  constructor(readonly offer: OfferChannel) {
    this.eventFlag = offer.channelId
  }

  get channelId(): ChannelId {
    return this.offer.channelId
  }

  /** Everything that names it: interface, instance, sub-channel index. */
  get key(): string {
    const { interfaceId, instanceId, subchannelIndex } = this.offer.offer
    return channelKey(interfaceId, instanceId, subchannelIndex)
  }

  /** The key of its device's primary channel. */
  get primaryKey(): string {
    const { interfaceId, instanceId } = this.offer.offer
    return channelKey(interfaceId, instanceId, 0)
  }
}

function channelKey(interfaceId: string, instanceId: string, subchannelIndex: number): string {
  return `${interfaceId}/${instanceId}/${subchannelIndex}`
}
