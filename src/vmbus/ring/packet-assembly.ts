import { DESCRIPTOR_SIZE, descriptorLengthWord, descriptorTypeWord, ringBytesOf, TRAILER_SIZE } from './layout.ts'
import type { RingView } from './ring-view.ts'

/**
 * One packet being put into a ring piece by piece, wherever it lies and whatever memory that is: descriptor and padding,
 * header and payload in any number of pieces, trailer. Whether there is room for it is the writer's business.
 */
export class PacketAssembly {
  /** Bytes of header and payload still to come; -1 without a packet. */
  missing = -1
  readonly #view: RingView
  #start = 0
  #trailer = 0
  /** Where the next byte goes. */
  #position = 0

  constructor(view: RingView) {
    this.#view = view
  }

  /** Writes the descriptor of a packet at `start`, and the padding behind its payload. Throws guest memory's fault. */
  begin(
    start: number,
    type: number,
    flags: number,
    idLow: number,
    idHigh: number,
    headerLength: number,
    payloadLength: number,
  ): void {
    const view = this.#view
    const length = ringBytesOf(headerLength, payloadLength) - TRAILER_SIZE
    this.#start = start
    this.#trailer = view.advance(start, length)
    this.#position = view.advance(start, DESCRIPTOR_SIZE)
    this.missing = headerLength + payloadLength
    view.storePair(start, descriptorTypeWord(type, headerLength), descriptorLengthWord(length, flags))
    view.storePair(view.advance(start, 8), idLow, idHigh)
    if (payloadLength % 8 !== 0) view.storePair(view.advance(start, length - 8), 0, 0)
  }

  /** Writes the next bytes. Throws `RangeError` for bytes that are not there or too many, and guest memory's fault. */
  append(bytes: Uint8Array, offset: number, length: number): void {
    if (length < 0 || offset < 0 || offset + length > bytes.length || length > this.missing) {
      throw new RangeError(
        `${length} bytes at ${offset} of ${bytes.length}, with ${this.missing} missing in the packet`,
      )
    }
    this.missing -= length
    this.#view.copyIn(this.#position, bytes, offset, length)
    this.#position = this.#view.advance(this.#position, length)
  }

  /** Writes the trailer; answers where the next packet starts. Throws guest memory's fault. */
  end(): number {
    this.missing = -1
    this.#view.storePair(this.#trailer, 0, this.#start)
    return this.#view.advance(this.#trailer, TRAILER_SIZE)
  }
}
