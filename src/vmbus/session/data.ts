import { type GuestMemory, MemoryFault } from '../../memory/index.ts'
import type { BufferPiece, DataReference } from '../device-decoder.ts'
import type { GpaRange } from '../packets.ts'
import type { GpadlRange } from '../server/effects.ts'

const PAGE_SIZE = 4096

/** Bytes that a packet refers to, as it says. */
export function byteCountOf({ pieces }: DataReference): number {
  return pieces.reduce((sum, { byteCount }) => sum + byteCount, 0)
}

/**
 * Reads what a packet refers to, from its start up to `limit` bytes, or up to what lies in no memory or no known buffer. `undefined` when
 * that is nothing.
 *
 * @param rangesOf the ranges of a GPADL.
 */
export function readData(
  memory: GuestMemory,
  reference: DataReference,
  limit: number,
  rangesOf: (gpadlId: number) => readonly GpadlRange[] | undefined,
): Uint8Array | undefined {
  const data = new Uint8Array(Math.min(byteCountOf(reference), limit))
  let filled = 0
  for (const piece of reference.pieces) {
    const wanted = Math.min(piece.byteCount, data.length - filled)
    const got = readPiece(memory, piece, data.subarray(filled, filled + wanted), rangesOf)
    filled += got
    if (got < piece.byteCount) break
  }
  return filled === 0 ? undefined : data.subarray(0, filled)
}

/** Fills `target` from a piece. Answers how many bytes it got. */
function readPiece(
  memory: GuestMemory,
  piece: BufferPiece | GpaRange,
  target: Uint8Array,
  rangesOf: (gpadlId: number) => readonly GpadlRange[] | undefined,
): number {
  if ('pfns' in piece) return readRange(memory, piece, 0, target)
  const ranges = piece.gpadlId === undefined ? undefined : rangesOf(piece.gpadlId)
  let filled = 0
  let skip = piece.byteOffset
  for (const range of ranges ?? []) {
    if (skip >= range.byteCount) {
      skip -= range.byteCount
      continue
    }
    const wanted = Math.min(range.byteCount - skip, target.length - filled)
    const got = readRange(memory, range, skip, target.subarray(filled, filled + wanted))
    filled += got
    if (got < wanted || filled === target.length) return filled
    skip = 0
  }
  return filled
}

/** Fills `target` from `offset` of a range on, page by page. Answers how many bytes it got. */
function readRange(
  memory: GuestMemory,
  range: { readonly byteOffset: number; readonly pfns: readonly (number | bigint)[] },
  offset: number,
  target: Uint8Array,
): number {
  let filled = 0
  while (filled < target.length) {
    const at = range.byteOffset + offset + filled
    const within = at % PAGE_SIZE
    const page = Number(range.pfns[(at - within) / PAGE_SIZE] ?? Number.NaN)
    const count = Math.min(PAGE_SIZE - within, target.length - filled)
    try {
      memory.read(page * PAGE_SIZE + within, target, filled, count)
    } catch (error) {
      if (error instanceof MemoryFault) return filled
      throw error
    }
    filled += count
  }
  return filled
}
