import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { Channel } from './channel.ts'
import { Completion } from './completion.ts'

/** A packet taken out of its ring. */
export interface ReceivedPacket {
  /** Packet type, u16. */
  readonly type: number
  /** A copy of the payload, padded to 8. */
  readonly payload: Uint8Array
  /** To answer it with, if it asked for that. */
  readonly request: Completion
}

/** A channel's packets as an async iterator: ends when the channel closes. While `limit` packets wait, the ring is not read. */
export class PacketStream implements AsyncIterableIterator<ReceivedPacket> {
  readonly #waiting: ReceivedPacket[] = []
  readonly #takers: ((result: IteratorResult<ReceivedPacket>) => void)[] = []
  #ended = false

  constructor(
    readonly channel: Channel,
    readonly limit: number,
    readonly stop: () => void,
  ) {}

  push(packet: RingPacket): void {
    const { type, transactionIdLow, transactionIdHigh, completionRequested } = packet
    const request = new Completion(this.channel, transactionIdLow, transactionIdHigh, completionRequested)
    const value = { type, payload: packet.copyPayload(), request }
    const taker = this.#takers.shift()
    if (taker !== undefined) {
      taker({ value, done: false })
      return
    }
    this.#waiting.push(value)
    if (this.#waiting.length >= this.limit) this.channel.pause()
  }

  end(): void {
    this.#ended = true
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true })
  }

  next(): Promise<IteratorResult<ReceivedPacket>> {
    const value = this.#waiting.shift()
    if (value !== undefined) {
      if (this.#waiting.length < this.limit) this.channel.resume()
      return Promise.resolve({ value, done: false })
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  /** Gives the packets back to the device's callback. */
  return(): Promise<IteratorResult<ReceivedPacket>> {
    this.end()
    this.stop()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
