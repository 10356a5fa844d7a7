import { InternalPacketInfoType, PerPacketInfoType, perPacketInfoHeaderSize } from './per-packet-info.ts'
import { RndisPacketBody } from './rndis.ts'
import { RndisMessageType, rndisHeaderSize } from './rndis-header.ts'

const fixedSize = rndisHeaderSize + RndisPacketBody.size
const pieceSize = perPacketInfoHeaderSize + 4
const mostPieces = 6

/**
 * Builds what stands before the frame in an RNDIS packet: the fixed part, then per-packet information. One object, used again and again:
 * {@link begin}, {@link add} each piece, {@link end}; then {@link bytes} are it.
 */
export class RndisPacketHeader {
  readonly #all = new Uint8Array(fixedSize + mostPieces * pieceSize)
  readonly #view = new DataView(this.#all.buffer)
  /** The header by its number of pieces. */
  readonly #headers = Array.from({ length: mostPieces + 1 }, (_, pieces) =>
    this.#all.subarray(0, fixedSize + pieces * pieceSize),
  )
  #pieces = 0
  /** Bytes of the header so far. */
  length = fixedSize
  /** The header, once it is at its end. */
  bytes = this.#all

  /** Begins a packet without information. */
  begin(): this {
    this.length = fixedSize
    this.#pieces = 0
    return this
  }

  /** A piece with a word as its value. @param kind a PerPacketInfoType. */
  add(kind: number, value: number): this {
    const at = this.length
    this.#view.setUint32(at, pieceSize, true)
    this.#view.setUint32(at + 4, kind, true)
    this.#view.setUint32(at + 8, perPacketInfoHeaderSize, true)
    this.#view.setUint32(at + 12, value, true)
    this.length = at + pieceSize
    this.#pieces += 1
    return this
  }

  /** Which part of a coalesced packet this is: flags 1 sub-allocation, 2 first, 4 last. In front of them stands the form's version, 1. */
  addPacketId(flags: number): this {
    return this.add(0x8000_0000 + InternalPacketInfoType.PacketId, 1 | (flags << 8))
  }

  /** A VLAN tag: priority in bits 0–2, DEI in bit 3, id in bits 4–15. */
  addVlan(tag: number): this {
    return this.add(PerPacketInfoType.Ieee8021Q, tag)
  }

  /**
   * Fills in the fixed part for a frame of `frameLength` bytes right behind.
   *
   * @param padding bytes behind the frame that count as the message's, so that the next one is aligned.
   */
  end(frameLength: number, padding = 0): this {
    const view = this.#view
    const { length } = this
    const information = length - fixedSize
    view.setUint32(0, RndisMessageType.Packet, true)
    view.setUint32(4, length + frameLength + padding, true)
    view.setUint32(8, length - rndisHeaderSize, true)
    view.setUint32(12, frameLength, true)
    view.setUint32(28, information === 0 ? 0 : RndisPacketBody.size, true)
    view.setUint32(32, information, true)
    this.bytes = this.#headers[this.#pieces] ?? this.#all
    return this
  }
}
