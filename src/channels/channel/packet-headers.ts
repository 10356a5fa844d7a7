import { PacketType } from '../../vmbus/packet-types.ts'
import type { GpadlRange } from '../../vmbus/server/effects.ts'
import { putU32 } from '../../vmbus/u32.ts'

/** Pieces of the receiver's transfer page buffer. */
export interface TransferPages {
  /** The buffer, by the id that the receiver gave it, u16. */
  readonly setId: number
  /** Where in the buffer: bytes from its start. */
  readonly ranges: readonly { readonly byteCount: number; readonly byteOffset: number }[]
}

/** Ranges made ready for a packet, for those that are sent again and again. */
export interface RangesHeader {
  /** The packet's type, which says what ranges they are. */
  readonly type: number
  /** What stands between descriptor and payload. */
  readonly header: Uint8Array
}

/** What stands between descriptor and payload of a GPA-direct packet. Source: Linux vmbus_packet_mpb_array. */
export function gpaDirectHeader(ranges: readonly GpadlRange[]): Uint8Array {
  const header = new Uint8Array(ranges.reduce((size, range) => size + 8 + 8 * range.pfns.length, 8))
  const view = new DataView(header.buffer)
  view.setUint32(4, ranges.length, true)
  let at = 8
  for (const { byteCount, byteOffset, pfns } of ranges) {
    view.setUint32(at, byteCount, true)
    view.setUint32(at + 4, byteOffset, true)
    at += 8
    for (const pfn of pfns) {
      // Not as a bigint, which would be allocated. Page numbers are below 2^53.
      view.setUint32(at, pfn >>> 0, true)
      view.setUint32(at + 4, Math.floor(pfn / 0x1_0000_0000), true)
      at += 8
    }
  }
  return header
}

/** Ranges of a transfer page packet; one object that serves any number of packets. Source: Linux vmtransfer_page_packet_header. */
export class TransferPagesHeader implements RangesHeader {
  readonly type = PacketType.DataUsingTransferPages
  /** Ranges so far. */
  count = 0
  readonly #bytes: Uint8Array
  /** The header of one range: that of nearly all packets. */
  readonly #shortest: Uint8Array

  /** @param setId as in {@link TransferPages}. @param most ranges. */
  constructor(setId: number, most: number) {
    this.#bytes = new Uint8Array(8 + 8 * most)
    this.#shortest = this.#bytes.subarray(0, 16)
    putU32(this.#bytes, 0, setId & 0xffff)
  }

  /** Valid until the next {@link clear}. */
  get header(): Uint8Array {
    return this.count === 1 ? this.#shortest : this.#bytes.subarray(0, 8 + 8 * this.count)
  }

  /** Begins anew, without ranges. */
  clear(): this {
    this.count = 0
    return this
  }

  /** Adds a range. The caller keeps count of how many there may be. */
  add(byteCount: number, byteOffset: number): this {
    const at = 8 + 8 * this.count
    this.count += 1
    putU32(this.#bytes, 4, this.count)
    putU32(this.#bytes, at, byteCount)
    putU32(this.#bytes, at + 4, byteOffset)
    return this
  }
}

/** The header of a transfer page packet. */
export function transferPagesHeader({ setId, ranges }: TransferPages): Uint8Array {
  const pages = new TransferPagesHeader(setId, ranges.length)
  for (const { byteCount, byteOffset } of ranges) pages.add(byteCount, byteOffset)
  return pages.header
}
