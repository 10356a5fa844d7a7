import { FLAG_COMPLETION_REQUESTED } from './layout.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * A packet where it lies. One object per reader, filled anew by each `next()`: copy what must outlive that.
 *
 * `bytes` is the ring's own memory, or a copy where the packet wraps or the memory gives no direct view. In place, the peer
 * can still change header and payload while they are looked at: copy, check, use. The descriptor's fields cannot change.
 */
export class RingPacket {
  /** Packet type, u16: 6 in-band, 7 transfer pages, 9 GPA-direct, 11 completion. */
  type = 0
  /** Flags, u16; bit 0: completion requested. */
  flags = 0
  /** Transaction id, bits 0–31. */
  transactionIdLow = 0
  /** Transaction id, bits 32–63. */
  transactionIdHigh = 0
  /** Byte offset of the descriptor in the ring's data. */
  ringOffset = 0
  /** Where header and payload are. Only the ranges below belong to the packet. */
  bytes: Uint8Array = NOTHING
  /** Start in `bytes` of what lies between descriptor and payload: the ranges of types 7 and 9. */
  headerOffset = 0
  /** Bytes of header, a multiple of 8. */
  headerLength = 0
  /** Start of the payload in `bytes`. */
  payloadOffset = 0
  /** Bytes of payload, padding included: always a multiple of 8; only the protocol within knows its real length. */
  payloadLength = 0
  /** Types 7 and 9: how many ranges the header claims, taken with the descriptor; otherwise 0. */
  rangeCount = 0
  /** Type 7: the transfer page set, u16; otherwise 0. */
  transferPageSetId = 0

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
