import { type GpaDirectHeader, gpaDirectHeader } from '../../channels/channel/packet-headers.ts'
import type { PageAllocator, PageRun } from '../../channels/index.ts'
import { rangeOfPages } from './scatter-gather.ts'

/** Guest pages for the data of one request. */
export interface Buffer {
  readonly run: PageRun
  /** The header of a packet with its first `byteCount` bytes; that of the length asked for last is not made again. */
  header(byteCount: number): GpaDirectHeader
}

/** Guest pages that are used again and again, by number of pages: a driver's requests are mostly of a few sizes. */
export class Buffers {
  readonly #pages: PageAllocator
  readonly #free = new Map<number, Buffer[]>()
  readonly #all = new Set<Buffer>()

  constructor(pages: PageAllocator) {
    this.#pages = pages
  }

  /** A buffer of so many pages; `undefined` when guest memory has none left. */
  take(count: number): Buffer | undefined {
    const known = this.#free.get(count)?.pop()
    if (known !== undefined) return known
    const run = this.#pages.allocate(count) ?? this.#afterTrim(count)
    if (run === undefined) return undefined
    const buffer = new PageBuffer(run)
    this.#all.add(buffer)
    return buffer
  }

  /** Puts a buffer back; another request may have it. */
  put(buffer: Buffer): void {
    const { count } = buffer.run
    const list = this.#free.get(count)
    if (list === undefined) this.#free.set(count, [buffer])
    else list.push(buffer)
  }

  /** Gives everything back to the guest, also what is in use. */
  close(): void {
    for (const { run } of this.#all) this.#pages.free(run)
    this.#all.clear()
    this.#free.clear()
  }

  /** Another try, with what is free here given back. */
  #afterTrim(count: number): PageRun | undefined {
    for (const list of this.#free.values()) {
      for (const buffer of list) {
        this.#pages.free(buffer.run)
        this.#all.delete(buffer)
      }
    }
    this.#free.clear()
    return this.#pages.allocate(count)
  }
}

class PageBuffer implements Buffer {
  #last: GpaDirectHeader | undefined
  #length = 0

  constructor(readonly run: PageRun) {}

  header(byteCount: number): GpaDirectHeader {
    if (this.#last === undefined || this.#length !== byteCount) {
      this.#last = { header: gpaDirectHeader([rangeOfPages(this.run.first, byteCount)]) }
      this.#length = byteCount
    }
    return this.#last
  }
}
