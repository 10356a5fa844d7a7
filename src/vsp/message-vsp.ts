import { type Channel, type Completion, MessageReader, type MessageSchema, pipeMessage } from '../channels/index.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { WireContext } from '../wire/index.ts'
import { Vsp } from './vsp.ts'

/**
 * A VSP whose guest speaks in messages of a schema: a packet that is none is a violation before the device sees it. With
 * `pipe: 'message'` in its offer, messages have pipe headers, which come and go here.
 *
 * @typeParam M what the schema decodes.
 */
export abstract class MessageVsp<M, Events extends object = object> extends Vsp<Events> {
  /** The guest's messages. */
  protected abstract readonly messages: MessageSchema<M>
  #reader: MessageReader<M> | undefined

  /** A message of the guest's. Answer by `request.complete(…)`, by messages of your own ({@link sendMessage}), or not at all. */
  protected abstract onMessage(message: M, request: Completion): void

  /** A packet that is no message: reported, and dropped. Override to stop the channel: `channel.fail(violation)`. */
  protected onBadMessage(violation: Violation, channel: Channel): void {
    channel.violation(violation)
  }

  /** What decoding depends on, such as the version that the device has negotiated. */
  protected get context(): WireContext {
    return { from: 'guest' }
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
    return this.offer.pipe === 'message'
  }
}
