import type { GpadlRange } from '../../vmbus/server/effects.ts'
import { putU32 } from '../../vmbus/u32.ts'

/** Pieces of the receiver's transfer page buffer. */
export interface TransferPages {
  /** The buffer, by the id that the receiver gave it, u16. */
  readonly setId: number
  /** Where in the buffer: bytes from its start. */
  readonly ranges: readonly { readonly byteCount: number; readonly byteOffset: number }[]
}

/** Ranges of guest memory made ready for a packet, for those that are sent again and again. */
export interface GpaDirectHeader {
  /** What {@link gpaDirectHeader} makes of the ranges. */
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

/** What stands between descriptor and payload of a transfer page packet. Source: Linux vmtransfer_page_packet_header. */
export function transferPagesHeader({ setId, ranges }: TransferPages): Uint8Array {
  const header = new Uint8Array(8 + 8 * ranges.length)
  putU32(header, 0, setId & 0xffff)
  putU32(header, 4, ranges.length)
  let at = 8
  for (const { byteCount, byteOffset } of ranges) {
    putU32(header, at, byteCount)
    putU32(header, at + 4, byteOffset)
    at += 8
  }
  return header
}
