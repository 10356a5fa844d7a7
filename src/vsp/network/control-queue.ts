import type { Channel } from '../../channels/index.ts'
import type { NvspWords } from './nvsp-words.ts'
import type { ReceiveBuffer } from './receive-buffer.ts'

/** Bytes of control messages that may wait for a piece of the receive buffer. Source: OpenVMM netvsp (behaviour 204). */
const controlQueueLimit = 100 * 1024

/** Control messages to the guest: each goes out in a piece of the receive buffer, and waits while none is free. */
export class ControlQueue {
  readonly #waiting: Uint8Array[] = []
  #bytes = 0

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes a message. False: too much waits. */
  push(message: Uint8Array): boolean {
    if (message.length > controlQueueLimit - this.#bytes) return false
    this.#waiting.push(message)
    this.#bytes += message.length
    return true
  }

  /** Forgets what waits: the channel is closed. */
  clear(): void {
    this.#waiting.length = 0
    this.#bytes = 0
  }

  /** Sends what can be sent, in order. */
  flush(channel: Channel, buffer: ReceiveBuffer, words: NvspWords): void {
    while (channel.isOpen) {
      const message = this.#waiting[0]
      if (message === undefined) return
      const piece = buffer.allocateForControl()
      if (piece < 0) return
      const range = { byteOffset: buffer.offsetOf(piece), byteCount: message.length }
      buffer.memory.write(range.byteOffset, message, 0, message.length)
      if (!channel.request(words.control, buffer.completionOf(piece), { setId: buffer.id, ranges: [range] })) {
        buffer.release(piece)
        return
      }
      this.#waiting.shift()
      this.#bytes -= message.length
    }
  }
}
