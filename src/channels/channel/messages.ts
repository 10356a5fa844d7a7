import { PipeFrame } from '../../vmbus/pipe.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { type Codec, type WireContext, WireReader } from '../../wire/index.ts'
import { decodeViolation, faultViolation } from './channel-faults.ts'

/** How a device's messages are read: any structure or union of `vmbus/wire`, or {@link rawMessages}. */
export interface MessageSchema<M> {
  /** The message that begins at `at`. Throws `WireError`. */
  decodeAt: Codec<M>['decodeAt']
}

/** Messages that are just bytes: a copy of the packet's, on a message pipe in their exact length. */
export const rawMessages: MessageSchema<Uint8Array> = {
  decodeAt: (buffer, at) => buffer.bytes.slice(at, buffer.end),
}

/** Takes messages out of packets, pipe header included. */
export class MessageReader<M> {
  /** What was wrong when {@link read} answered nothing. */
  violation: Violation | undefined
  readonly #schema: MessageSchema<M>
  readonly #isPipe: boolean
  readonly #frame = new PipeFrame()

  /** @param isPipe whether the channel is a message pipe: each message has a pipe header, and so an exact length. */
  constructor(schema: MessageSchema<M>, isPipe: boolean) {
    this.#schema = schema
    this.#isPipe = isPipe
  }

  /** The message in a packet, copied before it is looked at; `undefined` and {@link violation} when it is none. */
  read(packet: RingPacket, channelId: number, context: WireContext): M | undefined {
    this.violation = undefined
    let bytes: Uint8Array
    if (this.#isPipe) {
      const fault = this.#frame.decode(packet)
      if (fault !== undefined) {
        this.violation = faultViolation(fault, channelId)
        return undefined
      }
      bytes = this.#frame.bytes.slice(this.#frame.offset, this.#frame.offset + this.#frame.length)
    } else {
      bytes = packet.copyPayload()
    }
    try {
      return this.#schema.decodeAt(new WireReader(bytes), 0, context)
    } catch (error) {
      this.violation = decodeViolation(error, channelId)
      return undefined
    }
  }
}

/** A message with the header of a message pipe in front. Throws `RangeError` beyond 16384 bytes. Behaviour 160. */
export function pipeMessage(message: Uint8Array): Uint8Array {
  if (message.length > 16384) throw new RangeError(`a pipe carries at most 16384 bytes, not ${message.length}`)
  const framed = new Uint8Array(8 + message.length)
  const view = new DataView(framed.buffer)
  view.setUint32(0, 1, true)
  view.setUint32(4, message.length, true)
  framed.set(message, 8)
  return framed
}
