import { type Violation, ViolationError, ViolationLog, type ViolationPolicy } from '../vmbus/violation.ts'
import type { Guid } from '../wire/index.ts'
import type {
  ChannelEvent,
  ConnectionEvent,
  Conversation,
  End,
  MessageEvent,
  SignalEvent,
  Witness,
} from './conversation.ts'

type Without<T> = Omit<T, keyof Witness>

/** What names a channel's device. */
interface OfferedChannel {
  readonly interfaceId: Guid
  readonly instanceId: Guid
  readonly subchannelIndex?: number
}

/** What one end reports: its violations, and its side of the conversation. */
export class EndLog {
  /** For everything outside the state machine: rings, devices. */
  readonly violations: ViolationLog
  /** The user's policy, after the event was emitted; for the state machine's own log. */
  readonly policy: (violation: Violation) => void

  constructor(
    readonly at: End,
    readonly partition: string,
    readonly events: Conversation,
    policy: ViolationPolicy = 'collect',
    readonly now?: () => number,
  ) {
    this.policy = (violation) => {
      events.emit('violation', { ...this.witness(), violation })
      if (policy === 'throw') throw new ViolationError(violation)
      if (typeof policy === 'function') policy(violation)
    }
    this.violations = new ViolationLog(this.policy)
  }

  /** Whether anyone wants packets: copying them is not free. */
  get wantsPackets(): boolean {
    return this.events.wantsPackets
  }

  /** Who reports, and when. */
  witness(): Witness {
    const { at, partition, now } = this
    return now === undefined ? { at, partition } : { at, partition, time: now() }
  }

  /** Reports a control message. */
  message(event: Without<MessageEvent>): void {
    if (this.events.listenerCount('message') > 0) {
      this.events.emit('message', { ...this.witness(), ...event })
    }
  }

  /** Reports a signal. */
  signal(by: SignalEvent['by'], direction: SignalEvent['direction'], number: number, channelId?: number): void {
    if (this.events.listenerCount('signal') === 0) return
    this.events.emit('signal', {
      ...this.witness(),
      direction,
      by,
      number,
      ...(channelId === undefined ? {} : { channelId }),
    })
  }

  /** Reports something in a channel's life. */
  channel(what: ChannelEvent['what'], offer: OfferedChannel, channelId?: number, why?: string): void {
    if (this.events.listenerCount('channel') === 0) return
    const { interfaceId, instanceId, subchannelIndex = 0 } = offer
    this.events.emit('channel', {
      ...this.witness(),
      what,
      interfaceId,
      instanceId,
      subchannelIndex,
      ...(channelId === undefined ? {} : { channelId }),
      ...(why === undefined ? {} : { why }),
    })
  }

  /** Reports something about the connection. */
  connection(event: Without<ConnectionEvent>): void {
    this.events.emit('connection', { ...this.witness(), ...event })
  }
}
