import { type Channel, type Completion, MessageReader, type MessageSchema, pipeMessage } from '../channels/index.ts'
import { OfferFlags } from '../vmbus/offer.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { WireContext } from '../wire/index.ts'
import { Vsc } from './vsc.ts'

/**
 * A VSC whose host speaks in messages of a schema: a packet that is none is a violation before the driver sees it. On a
 * channel that is offered as a pipe, messages have pipe headers, which come and go here.
 *
 * @typeParam M what the schema decodes.
 */
export abstract class MessageVsc<M, Events extends object = object> extends Vsc<Events> {
  /** The host's messages. */
  protected abstract readonly messages: MessageSchema<M>
  #reader: MessageReader<M> | undefined

  /** A message of the host's. */
  protected abstract onMessage(message: M, request: Completion): void

  /** A packet that is no message: reported, and dropped. */
  protected onBadMessage(violation: Violation, channel: Channel): void {
    channel.violation(violation)
  }

  /** What decoding depends on, such as the version that the driver has negotiated. */
  protected get context(): WireContext {
    return { from: 'host' }
  }

  /** Sends a message, kept until there is room. False: closed, or too many wait. */
  protected sendMessage(message: Uint8Array, channel = this.channel): boolean {
    return channel?.sendOrQueue(this.#isPipe ? pipeMessage(message) : message) ?? false
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    this.#reader ??= new MessageReader(this.messages, this.#isPipe)
    const message = this.#reader.read(packet, channel.channelId, this.context)
    if (this.#reader.violation !== undefined) this.onBadMessage(this.#reader.violation, channel)
    else if (message !== undefined) this.onMessage(message, channel.completionOf(packet))
  }

  get #isPipe(): boolean {
    const flags = this.device?.offer.offer.flags ?? 0
    return (flags & OfferFlags.namedPipeMode) !== 0
  }
}
