import { PacketFlags, PacketType } from '../packet-types.ts'
import { DESCRIPTOR_SIZE, hasRanges } from './layout.ts'

const NOTHING: Uint8Array = new Uint8Array(0)
const NO_WORDS = new Int32Array(0)

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
  /** The same as little-endian words: header and payload begin at multiples of 8. */
  #words: Int32Array = NO_WORDS
  /** Start in `bytes` of what lies between descriptor and payload: the ranges of types 7 and 9. */
  headerOffset = 0
  /** The descriptor's words: type and data offset, length and flags, transaction id. Signed: large unsigned ones are boxed. */
  #typeWord = 0
  #lengthWord = 0
  #idLow = 0
  #idHigh = 0
  readonly #headerWords: Int32Array

  /** @param headerWords where the reader puts its copy of the first 8 header bytes, for types 7 and 9. */
  constructor(headerWords: Int32Array) {
    this.#headerWords = headerWords
  }

  /** For readers: the descriptor as they took it from `ringOffset`, as its four little-endian words. */
  describe(ringOffset: number, typeWord: number, lengthWord: number, idLow: number, idHigh: number): void {
    this.ringOffset = ringOffset
    this.#typeWord = typeWord
    this.#lengthWord = lengthWord
    this.#idLow = idLow
    this.#idHigh = idHigh
  }

  /** For readers: where header and payload are. @param words the bytes as words. */
  place(bytes: Uint8Array, words: Int32Array, headerOffset: number): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes
      this.#words = words
    }
    this.headerOffset = headerOffset
  }

  /** Packet type, u16: 6 in-band, 7 transfer pages, 9 GPA-direct, 11 completion. */
  get type(): number {
    return this.#typeWord & 0xffff
  }

  /** Flags, u16; bit 0: completion requested. */
  get flags(): number {
    return this.#lengthWord >>> 16
  }

  /** Transaction id, bits 0–31. */
  get transactionIdLow(): number {
    return this.#idLow >>> 0
  }

  /** Transaction id, bits 32–63. */
  get transactionIdHigh(): number {
    return this.#idHigh >>> 0
  }

  /** Bytes of header, a multiple of 8. */
  get headerLength(): number {
    return (this.#typeWord >>> 16) * 8 - DESCRIPTOR_SIZE
  }

  /** Start of the payload in `bytes`. */
  get payloadOffset(): number {
    return this.headerOffset + this.headerLength
  }

  /** Bytes of payload, padding included: always a multiple of 8; only the protocol within knows its real length. */
  get payloadLength(): number {
    return ((this.#lengthWord & 0xffff) - (this.#typeWord >>> 16)) * 8
  }

  /** Types 7 and 9: how many ranges the header claims, taken with the descriptor; otherwise 0. */
  get rangeCount(): number {
    return hasRanges(this.type) && this.headerLength > 0 ? (this.#headerWords[1] ?? 0) >>> 0 : 0
  }

  /** Type 7: the transfer page set, u16; otherwise 0. */
  get transferPageSetId(): number {
    return this.type === PacketType.DataUsingTransferPages && this.headerLength > 0
      ? (this.#headerWords[0] ?? 0) & 0xffff
      : 0
  }

  /** The transaction id as one number; allocates. */
  get transactionId(): bigint {
    return (BigInt(this.transactionIdHigh) << 32n) | BigInt(this.transactionIdLow)
  }

  /** Whether the sender wants a completion: then, and in completions, the transaction id means something (behaviour 141). */
  get completionRequested(): boolean {
    return (this.flags & PacketFlags.completionRequested) !== 0
  }

  /** The u32 at byte `offset` of the payload, a multiple of 4. The caller has checked that it is there. */
  payloadU32(offset: number): number {
    return (this.#words[(this.payloadOffset + offset) >> 2] ?? 0) >>> 0
  }

  /** Copies the first `count` words of the payload. The caller has checked that they are there. Allocates nothing. */
  copyPayloadWords(target: Int32Array, count: number): void {
    const words = this.#words
    const start = this.payloadOffset >> 2
    for (let i = 0; i < count; i++) target[i] = words[start + i] ?? 0
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
