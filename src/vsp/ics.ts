/**
 * Integration components in the root partition: what all of them have in common.
 *
 * @module
 */
import type { EventEmitter } from 'eventemitter3'
import type { Channel, Completion } from '../channels/index.ts'
import { type IcFrame, icFrames, icSizeMismatch } from '../devices/ics/frame.ts'
import { IcFlags, IcHeader, type IcNegotiate } from '../devices/ics/messages.ts'
import { type IcVersions, offerVersions } from '../devices/ics/negotiation.ts'
import { fromIcVersion, icFrameworkVersions, toIcVersion } from '../devices/ics/versions.ts'
import type { OfferParams } from '../vmbus/server/effects.ts'
import { versionText } from '../vmbus/versions.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { Extra, Guid, Structure, WireContext, WireErrorCode } from '../wire/index.ts'
import { MessageVsp } from './message-vsp.ts'

/** What every integration component tells of itself. */
export interface IcVspEvents {
  /** The versions are agreed on: the component can be used. */
  negotiated: (versions: IcVersions) => void
  /** There is no version in common, or the guest's answer was none: the component stays silent until the guest opens it anew. */
  failed: (why: string) => void
}

/** How a component is made; everything has a default. */
export interface IcVspOptions {
  readonly instanceId?: Guid
  /** Versions of the messages to offer, `major << 16 | minor`, newest first. */
  readonly versions?: readonly number[]
  /** Versions of the framework to offer, newest first. */
  readonly frameworkVersions?: readonly number[]
}

/**
 * An integration component in the root partition: it offers versions, and sends requests once the guest has chosen. A
 * component adds its messages.
 *
 * @typeParam M the component's messages.
 */
export abstract class IcVsp<M, Events extends object = object> extends MessageVsp<IcFrame<M>, IcVspEvents & Events> {
  readonly offer: OfferParams
  protected readonly messages: Pick<ReturnType<typeof icFrames<M>>, 'decodeAt'>
  readonly #versions: readonly number[]
  readonly #frameworks: readonly number[]
  #state: 'closed' | 'negotiating' | 'ready' | 'failed' = 'closed'
  #agreed: IcVersions | undefined
  #lastId = 0
  /** Requests without answer: message types by transaction id. Ids are bytes, so there are few. */
  readonly #unanswered = new Map<number, number>()

  protected constructor(
    offer: Pick<OfferParams, 'interfaceId' | 'instanceId'>,
    messages: Structure<M>,
    versions: readonly number[],
    options: IcVspOptions,
  ) {
    super()
    this.offer = { ...offer, ...(options.instanceId && { instanceId: options.instanceId }), pipe: 'message' }
    this.messages = icFrames(messages)
    this.#versions = options.versions ?? versions
    this.#frameworks = options.frameworkVersions ?? icFrameworkVersions
  }

  /** The versions agreed on; `undefined` as long as the component cannot be used. */
  get agreed(): IcVersions | undefined {
    return this.#agreed
  }

  /** Requests that the guest has not answered. */
  get unanswered(): number {
    return this.#unanswered.size
  }

  /** The guest answered a request. */
  protected abstract onAnswer(message: M & Extra, header: IcHeader): void

  /** The versions are agreed on. */
  protected onNegotiated(): void {}

  /** The versions will not be agreed on until the guest opens the channel anew. */
  protected onFailed(_why: string): void {}

  /** The transaction id of the last request; 0 before the first. */
  protected get lastTransactionId(): number {
    return this.#lastId
  }

  /** Sends a request. False when the versions are not agreed on, or the channel takes no more. */
  protected ask(messageType: number, body: Uint8Array): boolean {
    if (this.#agreed === undefined) return false
    const transactionId = (this.#lastId % 0xff) + 1
    const message = new Uint8Array(IcHeader.size + body.length)
    const header = IcHeader.encode({
      frameworkVersion: toIcVersion(this.#agreed.framework),
      messageType,
      messageVersion: toIcVersion(this.#agreed.message),
      size: body.length,
      status: 0,
      transactionId,
      flags: IcFlags.transaction | IcFlags.request,
    })
    message.set(header)
    message.set(body, header.length)
    if (!this.sendMessage(message)) return false
    this.#lastId = transactionId
    this.#unanswered.set(transactionId, messageType)
    return true
  }

  protected override get context(): WireContext {
    return this.#agreed === undefined ? { from: 'guest' } : { from: 'guest', version: this.#agreed.message }
  }

  protected override onOpen(_channel: Channel): void {
    this.#state = 'negotiating'
    this.sendMessage(offerVersions(this.#frameworks, this.#versions))
  }

  protected override onClose(): void {
    this.#state = 'closed'
    this.#agreed = undefined
    this.#lastId = 0
    this.#unanswered.clear()
  }

  protected override onMessage(frame: IcFrame<M>, { channel }: Completion): void {
    if (this.#state === 'failed') return
    const { header, negotiation, message } = frame
    if ((header.flags & responseFlags) !== responseFlags) {
      const why = `flags 0x${header.flags.toString(16)} are no transaction's response`
      this.#refuse(violationOf('ic-no-response', 'STATE', 'header.flags', why), channel)
    } else if (this.#state === 'negotiating') {
      // Answers to what was asked before the channel was reopened are dropped (behaviour 215).
      if (negotiation !== undefined) this.#answered(header, negotiation, channel)
    } else if (message === undefined || this.#unanswered.get(header.transactionId) !== header.messageType) {
      const why = `no request of type ${header.messageType} with id ${header.transactionId} waits`
      this.#refuse(violationOf('ic-unknown-transaction', 'UNKNOWN-ID', 'header.transactionId', why), channel)
    } else {
      this.#unanswered.delete(header.transactionId)
      this.onAnswer(message, header)
    }
    const excess = icSizeMismatch(frame)
    if (excess !== 0) this.#report(sizeViolation(header, excess), channel)
  }

  /** While versions are negotiated, what is no message ends that (behaviour 215). */
  protected override onBadMessage(violation: Violation, channel: Channel): void {
    if (this.#state !== 'failed') this.#refuse(violation, channel)
  }

  #answered(header: IcHeader, { versions }: IcNegotiate, channel: Channel): void {
    const { frameworkCount, messageCount } = versions
    const [[framework], [message]] = [versions.frameworkVersions, versions.messageVersions]
    const offers = (own: readonly number[], version: number) => own.includes(version)
    if (header.transactionId !== 0) {
      const why = `the versions were asked for with id 0, not ${header.transactionId}`
      this.#refuse(violationOf('ic-unknown-transaction', 'UNKNOWN-ID', 'header.transactionId', why), channel)
    } else if (frameworkCount === 0 && messageCount === 0) {
      this.#fail('the guest knows none of the versions')
    } else if (frameworkCount !== 1 || messageCount !== 1 || framework === undefined || message === undefined) {
      const why = `${frameworkCount} and ${messageCount} versions are no choice`
      this.#refuse(violationOf('ic-version-counts', 'RANGE', 'versions.frameworkCount', why), channel)
    } else if (!offers(this.#frameworks, fromIcVersion(framework)) || !offers(this.#versions, fromIcVersion(message))) {
      const why = `${versionText(fromIcVersion(framework))} and ${versionText(fromIcVersion(message))} were not both offered`
      this.#refuse(violationOf('ic-version-not-offered', 'RANGE', 'versions.frameworkVersions', why), channel)
    } else {
      this.#state = 'ready'
      this.#agreed = { framework: fromIcVersion(framework), message: fromIcVersion(message) }
      this.#own.emit('negotiated', this.#agreed)
      this.onNegotiated()
    }
  }

  /** Reports what the guest did wrong; while versions are negotiated, that is the end of it. */
  #refuse(violation: Omit<Violation, 'channelId'>, channel: Channel): void {
    if (this.#state === 'negotiating') this.#fail(violation.why)
    this.#report(violation, channel)
  }

  #report(violation: Omit<Violation, 'channelId'>, channel: Channel): void {
    channel.violation({ ...violation, channelId: channel.channelId })
  }

  #fail(why: string): void {
    this.#state = 'failed'
    this.#own.emit('failed', why)
    this.onFailed(why)
  }

  /** Sound: a subclass's map only adds events, which generic code cannot show. */
  get #own(): EventEmitter<IcVspEvents> {
    return this as unknown as EventEmitter<IcVspEvents>
  }
}

const responseFlags = IcFlags.transaction | IcFlags.response

function violationOf(rule: string, code: WireErrorCode, field: string, why: string): Omit<Violation, 'channelId'> {
  return { rule, code, field, offset: offsets[field] ?? 0, why }
}

/** Where the fields are that violations name. */
const offsets: Readonly<Record<string, number>> = {
  'header.transactionId': 16,
  'header.flags': 17,
  'versions.frameworkCount': 20,
  'versions.frameworkVersions': 28,
}

function sizeViolation({ size }: IcHeader, excess: number): Omit<Violation, 'channelId'> {
  const why = `the header says ${size} bytes, and there are ${size + excess}`
  return { rule: 'ic-size-mismatch', code: 'LENGTH', field: 'header.size', offset: 10, why }
}
