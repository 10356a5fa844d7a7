import { PAGE_SIZE } from '../../memory/index.ts'
import type { GpadlRange } from '../../vmbus/server/effects.ts'

/** A piece of guest memory. */
export interface Segment {
  /** Guest physical address, bytes. */
  readonly gpa: number
  readonly length: number
}

/**
 * The one range that a storage packet can carry, for these pieces in this order; `undefined` where they leave gaps: only the first
 * may begin, and only the last may end, within a page. Source: Linux storvsc, whose queues have virt_boundary_mask 4095.
 */
export function rangeOf(segments: readonly Segment[]): GpadlRange | undefined {
  const pfns: number[] = []
  let byteCount = 0
  for (const [index, { gpa, length }] of segments.entries()) {
    if (length === 0) continue
    const end = gpa + length
    const isLast = index === segments.length - 1
    if ((byteCount > 0 && gpa % PAGE_SIZE !== 0) || (!isLast && end % PAGE_SIZE !== 0)) return undefined
    for (let page = Math.floor(gpa / PAGE_SIZE); page * PAGE_SIZE < end; page++) pfns.push(page)
    byteCount += length
  }
  const byteOffset = (segments[0]?.gpa ?? 0) % PAGE_SIZE
  return byteCount === 0 ? undefined : { byteCount, byteOffset, pfns }
}

/** The range of a run of pages, from its first byte. */
export function rangeOfPages(first: number, byteCount: number): GpadlRange {
  const pfns = Array.from({ length: Math.ceil(byteCount / PAGE_SIZE) }, (_, index) => first + index)
  return { byteCount, byteOffset: 0, pfns }
}
