/**
 * Drivers of integration components: what all of them have in common.
 *
 * @module
 */
import type { EventEmitter } from 'eventemitter3'
import type { Channel, Completion } from '../channels/index.ts'
import { type IcFrame, icFrames, icSizeMismatch } from '../devices/ics/frame.ts'
import { IcFlags, IcHeader } from '../devices/ics/messages.ts'
import { answerVersions, type IcVersions } from '../devices/ics/negotiation.ts'
import { icFrameworkVersions } from '../devices/ics/versions.ts'
import type { Violation } from '../vmbus/violation.ts'
import { type Extra, type Guid, type Structure, type WireContext, WireWriter } from '../wire/index.ts'
import { MessageVsc } from './message-vsc.ts'

/** What every integration component's driver tells. */
export interface IcVscEvents {
  /** The versions are agreed on, for the first time or anew. */
  negotiated: (versions: IcVersions) => void
  /** The host offered no version that is known here. It may offer others. */
  refused: () => void
}

/** Which versions a driver knows, `major << 16 | minor`, newest first. */
export interface IcVscOptions {
  readonly versions?: readonly number[]
  readonly frameworkVersions?: readonly number[]
}

/** What a driver makes of a request: the answer's status, and what it does once the answer is sent. */
export interface IcAnswer {
  readonly status: number
  readonly afterwards?: () => void
}

/** Says that the answer comes later, by what it answers, called once. Until then nothing more is read. */
export type IcDefer = () => (answer: IcAnswer) => void

/**
 * An integration component's driver: it chooses versions whenever the host offers some, and answers each request in the request's own
 * bytes and length. It is ready once versions are agreed on. Source: Linux drivers/hv/hv_util.c.
 *
 * @typeParam M the component's messages.
 */
export abstract class IcVsc<M, Events extends object = object> extends MessageVsc<IcFrame<M>, IcVscEvents & Events> {
  readonly binds: { readonly interfaceId: Guid }
  /** As Linux: 16384 bytes each way. */
  readonly ringBytes = { send: 16384, receive: 16384 }
  protected readonly messages: Pick<ReturnType<typeof icFrames<M>>, 'decodeAt'>
  readonly #versions: readonly number[]
  readonly #frameworks: readonly number[]
  #agreed: IcVersions | undefined

  protected constructor(
    interfaceId: Guid,
    messages: Structure<M>,
    versions: readonly number[],
    { versions: known = versions, frameworkVersions = icFrameworkVersions }: IcVscOptions,
  ) {
    super()
    this.binds = { interfaceId }
    this.messages = icFrames(messages)
    this.#versions = known
    this.#frameworks = frameworkVersions
  }

  /** The versions agreed on. */
  get agreed(): IcVersions | undefined {
    return this.#agreed
  }

  /**
   * A request of the component's. `undefined` when it is none: that is reported, and it gets no answer.
   *
   * @param reply the request's bytes behind its header, which the answer will have: change them for an answer of your own.
   * @param defer call it, and answer `deferred`, to answer later.
   */
  protected abstract answer(message: M & Extra, reply: Uint8Array, defer: IcDefer): IcAnswer | 'deferred' | undefined

  protected override get context(): WireContext {
    return this.#agreed === undefined ? { from: 'host' } : { from: 'host', version: this.#agreed.message }
  }

  /** The host speaks first. */
  protected override onOpen(): void {}

  protected override onClose(): void {
    this.#agreed = undefined
  }

  protected override onMessage(frame: IcFrame<M>, { channel }: Completion): void {
    const excess = icSizeMismatch(frame)
    const { header, bytes, message, negotiation } = frame
    const report = (rule: string, code: Violation['code'], field: string, offset: number, why: string) =>
      channel.violation({ rule, code, field, offset, why, channelId: channel.channelId })
    if ((header.flags & IcFlags.response) !== 0) {
      report('ic-not-a-request', 'STATE', 'header.flags', 17, 'the host answers what was not asked')
    } else if (negotiation !== undefined) this.#negotiate({ header, bytes, negotiation })
    else if (this.#agreed === undefined) {
      report('ic-before-negotiation', 'STATE', 'header.messageType', 4, 'a request before versions were agreed on')
    } else if (!this.#reply(header, message, bytes, channel)) {
      report(
        'ic-unknown-message',
        'TYPE',
        'header.messageType',
        4,
        `type ${header.messageType} is not for this component`,
      )
    }
    if (excess !== 0) {
      const why = `the header says ${header.size} bytes, and there are ${header.size + excess}`
      report('ic-size-mismatch', 'LENGTH', 'header.size', 10, why)
    }
  }

  #reply(header: IcHeader, message: M & Extra, bytes: Uint8Array, channel: Channel): boolean {
    const reply = bytes.slice()
    const send = ({ status, afterwards }: IcAnswer) => {
      const flags = IcFlags.transaction | IcFlags.response
      IcHeader.encodeAt(new WireWriter(reply), 0, { ...header, status, flags })
      this.sendMessage(reply, channel)
      afterwards?.()
    }
    const defer: IcDefer = () => {
      channel.pause()
      return (answer) => {
        send(answer)
        channel.resume()
      }
    }
    const answer = this.answer(message, reply.subarray(IcHeader.size), defer)
    if (answer === undefined) return false
    if (answer !== 'deferred') send(answer)
    return true
  }

  #negotiate(request: Parameters<typeof answerVersions>[0]): void {
    const { reply, versions } = answerVersions(request, this.#frameworks, this.#versions)
    this.sendMessage(reply)
    this.#agreed = versions
    if (versions === undefined) {
      this.#own.emit('refused')
      return
    }
    this.#own.emit('negotiated', versions)
    this.ready()
  }

  /** Sound: a subclass's map only adds events, which generic code cannot show. */
  get #own(): EventEmitter<IcVscEvents> {
    return this as unknown as EventEmitter<IcVscEvents>
  }
}
