import { DESCRIPTOR_SIZE, FLAG_COMPLETION_REQUESTED, hasRanges, PACKET_TYPE } from './layout.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * A packet where it lies. One object per reader, filled anew by each `next()`: copy what must outlive that.
 *
 * `bytes` is the ring's own memory, or a copy where the packet wraps or the memory gives no direct view. In place, the peer
 * can still change header and payload while they are looked at: copy, check, use. The descriptor's fields cannot change.
 */
export class RingPacket {
  /** Byte offset of the descriptor in the ring's data. */
  ringOffset = 0
  /** Where header and payload are. Only the ranges below belong to the packet. */
  bytes: Uint8Array = NOTHING
  /** Start in `bytes` of what lies between descriptor and payload: the ranges of types 7 and 9. */
  headerOffset = 0
  readonly #words: Int32Array

  /** @param words the reader's copy of the descriptor, and of 8 header bytes for types 7 and 9. */
  constructor(words: Int32Array) {
    this.#words = words
  }

  /** Packet type, u16: 6 in-band, 7 transfer pages, 9 GPA-direct, 11 completion. */
  get type(): number {
    return (this.#words[0] ?? 0) & 0xffff
  }

  /** Flags, u16; bit 0: completion requested. */
  get flags(): number {
    return (this.#words[1] ?? 0) >>> 16
  }

  /** Transaction id, bits 0–31. */
  get transactionIdLow(): number {
    return (this.#words[2] ?? 0) >>> 0
  }

  /** Transaction id, bits 32–63. */
  get transactionIdHigh(): number {
    return (this.#words[3] ?? 0) >>> 0
  }

  /** Bytes of header, a multiple of 8. */
  get headerLength(): number {
    return ((this.#words[0] ?? 0) >>> 16) * 8 - DESCRIPTOR_SIZE
  }

  /** Start of the payload in `bytes`. */
  get payloadOffset(): number {
    return this.headerOffset + this.headerLength
  }

  /** Bytes of payload, padding included: always a multiple of 8; only the protocol within knows its real length. */
  get payloadLength(): number {
    return (((this.#words[1] ?? 0) & 0xffff) - ((this.#words[0] ?? 0) >>> 16)) * 8
  }

  /** Types 7 and 9: how many ranges the header claims, taken with the descriptor; otherwise 0. */
  get rangeCount(): number {
    return hasRanges(this.type) && this.headerLength > 0 ? (this.#words[5] ?? 0) >>> 0 : 0
  }

  /** Type 7: the transfer page set, u16; otherwise 0. */
  get transferPageSetId(): number {
    return this.type === PACKET_TYPE.dataUsingTransferPages && this.headerLength > 0
      ? (this.#words[4] ?? 0) & 0xffff
      : 0
  }

  /** The transaction id as one number; allocates. */
  get transactionId(): bigint {
    return (BigInt(this.transactionIdHigh) << 32n) | BigInt(this.transactionIdLow)
  }

  /** Whether the sender wants a completion: then, and in completions, the transaction id means something (behaviour 141). */
  get completionRequested(): boolean {
    return (this.flags & FLAG_COMPLETION_REQUESTED) !== 0
  }

  /** A copy of the payload. */
  copyPayload(): Uint8Array {
    return this.bytes.slice(this.payloadOffset, this.payloadOffset + this.payloadLength)
  }

  /** A copy of the header. */
  copyHeader(): Uint8Array {
    return this.bytes.slice(this.headerOffset, this.headerOffset + this.headerLength)
  }
}
