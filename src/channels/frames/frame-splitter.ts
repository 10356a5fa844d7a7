import type { Violation } from '../../vmbus/violation.ts'
import { FrameHeader, maxFrameSize } from './frames.ts'

/** Cuts a stream of bytes into frames. It keeps no more than one unfinished frame. */
export class FrameSplitter {
  readonly #bytes = new Uint8Array(maxFrameSize)
  readonly #view = new DataView(this.#bytes.buffer)
  #filled = 0

  /** Bytes of a frame that is not whole yet. */
  get pending(): number {
    return this.#filled
  }

  /**
   * Takes the next bytes; `each` gets every frame that they complete, valid during the call, and answers whether to go on. Answers a
   * violation when a length is out of bounds: the stream cannot be read any further.
   */
  push(chunk: Uint8Array, each: (frame: Uint8Array) => boolean): Violation | undefined {
    for (let at = 0; at < chunk.length; ) {
      const wanted = this.#filled < FrameHeader.size ? FrameHeader.size : this.#view.getUint32(0, true)
      const count = Math.min(wanted - this.#filled, chunk.length - at)
      this.#bytes.set(chunk.subarray(at, at + count), this.#filled)
      this.#filled += count
      at += count
      if (this.#filled < FrameHeader.size) return undefined
      const length = this.#view.getUint32(0, true)
      if (length < FrameHeader.size || length > maxFrameSize) {
        const why = `a frame of ${length} bytes, not of ${FrameHeader.size} to ${maxFrameSize}`
        return { rule: 'frame-length', code: 'LENGTH', field: 'header.length', offset: 0, why }
      }
      if (this.#filled < length) continue
      this.#filled = 0
      if (!each(this.#bytes.subarray(0, length))) return undefined
    }
    return undefined
  }
}
