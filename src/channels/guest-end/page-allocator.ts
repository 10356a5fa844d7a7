import { type GuestMemory, PAGE_SIZE } from '../../memory/index.ts'

/** Guest pages that lie one behind the other. */
export interface PageRun {
  /** Number of the first page (GPA / 4096). */
  readonly first: number
  /** Number of pages. */
  readonly count: number
}

/** The page numbers of a run. */
export function pageNumbersOf(run: PageRun): number[] {
  return Array.from({ length: run.count }, (_, index) => run.first + index)
}

/** Gives out zeroed guest pages in runs, lowest first, and takes them back. */
export class PageAllocator {
  readonly #memory: GuestMemory
  /** Free runs by page number; neighbours are one run. */
  readonly #free: { first: number; count: number }[]

  /**
   * @param first number of the first page that may be given out; page 0 never is, as an address of 0 means none.
   * @param count pages, by default to the end of memory.
   */
  constructor(memory: GuestMemory, first = 1, count = Math.floor(memory.size / PAGE_SIZE) - first) {
    this.#memory = memory
    this.#free = count > 0 ? [{ first, count }] : []
  }

  /** Pages that are free, in runs of any length. */
  get freePages(): number {
    return this.#free.reduce((sum, run) => sum + run.count, 0)
  }

  /** A run of zeroed pages, or `undefined` when memory has no such run left. */
  allocate(count: number): PageRun | undefined {
    const at = this.#free.findIndex((run) => run.count >= count)
    const run = this.#free[at]
    if (run === undefined) return undefined
    const first = run.first
    run.first += count
    run.count -= count
    if (run.count === 0) this.#free.splice(at, 1)
    const zeros = new Uint8Array(PAGE_SIZE)
    for (let page = first; page < first + count; page++) this.#memory.write(page * PAGE_SIZE, zeros, 0, PAGE_SIZE)
    return { first, count }
  }

  /** Takes a run back. Throws `RangeError` for pages that are free already. */
  free(run: PageRun): void {
    let at = 0
    let end = this.#free.length
    while (at < end) {
      const middle = (at + end) >> 1
      if ((this.#free[middle]?.first ?? 0) < run.first) at = middle + 1
      else end = middle
    }
    const before = this.#free[at - 1]
    const after = this.#free[at]
    const joinsBefore = before !== undefined && before.first + before.count === run.first
    const joinsAfter = after !== undefined && run.first + run.count === after.first
    const overlaps =
      (before !== undefined && before.first + before.count > run.first) ||
      (after !== undefined && run.first + run.count > after.first)
    if (overlaps) throw new RangeError(`pages ${run.first} to ${run.first + run.count - 1} are not all in use`)
    if (joinsBefore && joinsAfter) {
      before.count += run.count + after.count
      this.#free.splice(at, 1)
    } else if (joinsBefore) {
      before.count += run.count
    } else if (joinsAfter) {
      after.first = run.first
      after.count += run.count
    } else {
      this.#free.splice(at, 0, { ...run })
    }
  }
}
