import { InternalPacketInfoType, PerPacketInfoType, perPacketInfoHeaderSize } from './per-packet-info.ts'
import { RndisPacketBody } from './rndis.ts'
import { RndisMessageType, rndisHeaderSize } from './rndis-header.ts'

const fixedSize = rndisHeaderSize + RndisPacketBody.size
const pieceSize = perPacketInfoHeaderSize + 4
const mostPieces = 6

/**
 * Builds what stands before the frame in an RNDIS packet: the fixed part, then per-packet information. One object, used again and again:
 * {@link begin}, {@link add} each piece, {@link end}; then {@link bytes} up to {@link length} are it.
 */
export class RndisPacketHeader {
  readonly bytes: Uint8Array = new Uint8Array(fixedSize + mostPieces * pieceSize)
  length = fixedSize
  readonly #view = new DataView(this.bytes.buffer)

  begin(): this {
    this.length = fixedSize
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
    return this
  }

  /** Which part of a coalesced packet this is: flags 1 sub-allocation, 2 first, 4 last. */
  addPacketId(flags: number): this {
    return this.add(0x8000_0000 + InternalPacketInfoType.PacketId, flags << 8)
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
    const information = this.length - fixedSize
    view.setUint32(0, RndisMessageType.Packet, true)
    view.setUint32(4, this.length + frameLength + padding, true)
    view.setUint32(8, this.length - rndisHeaderSize, true)
    view.setUint32(12, frameLength, true)
    view.setUint32(28, information === 0 ? 0 : RndisPacketBody.size, true)
    view.setUint32(32, information, true)
    return this
  }
}
