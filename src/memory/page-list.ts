import { checkLocal, checkRange, checkWord } from './access.ts'
import { type GuestMemory, MemoryFault } from './guest-memory.ts'
import { PAGE_SIZE, restOfPage } from './pages.ts'

/**
 * A list of guest pages seen as one linear buffer: a GPADL, one ring of a channel, the data of a GPA-direct packet.
 * It is itself a {@link GuestMemory} whose addresses are offsets into the buffer, so a ring needs nothing else.
 */
export class PageList implements GuestMemory {
  readonly size: number
  readonly #memory: GuestMemory
  readonly #pages: Float64Array
  readonly #byteOffset: number
  readonly #probe = new Uint8Array(1)

  /**
   * @param pageNumbers guest page numbers (GPA / 4096), in the buffer's order; they are copied.
   * @param byteOffset where the buffer starts in the first page, 0 … 4095.
   * @param byteCount bytes of the buffer; by default to the end of the last page.
   *
   * Throws {@link MemoryFault} when a page lies outside `memory` or the pages are too few for `byteCount`.
   */
  constructor(memory: GuestMemory, pageNumbers: ArrayLike<number>, byteOffset = 0, byteCount?: number) {
    const total = pageNumbers.length * PAGE_SIZE
    if (!Number.isSafeInteger(byteOffset) || byteOffset < 0 || byteOffset >= PAGE_SIZE) {
      throw new MemoryFault(byteOffset, byteCount ?? total, 'the byte offset lies outside the first page')
    }
    this.size = byteCount ?? Math.max(0, total - byteOffset)
    checkRange(total, byteOffset, this.size)
    for (let i = 0; i < pageNumbers.length; i++) {
      checkRange(memory.size, (pageNumbers[i] ?? Number.NaN) * PAGE_SIZE, PAGE_SIZE)
    }
    this.#memory = memory
    this.#pages = Float64Array.from(pageNumbers)
    this.#byteOffset = byteOffset
  }

  load32(offset: number): number {
    checkWord(this.size, offset)
    return this.#memory.load32(this.#gpa(offset))
  }

  store32(offset: number, value: number): void {
    checkWord(this.size, offset)
    this.#memory.store32(this.#gpa(offset), value)
  }

  read(offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    checkRange(this.size, offset, length)
    checkLocal(target, targetOffset, length)
    this.#checkPages(offset, length)
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(this.#byteOffset + offset + done), length - done)
      this.#memory.read(this.#gpa(offset + done), target, targetOffset + done, count)
    }
  }

  write(offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    checkRange(this.size, offset, length)
    checkLocal(source, sourceOffset, length)
    this.#checkPages(offset, length)
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(this.#byteOffset + offset + done), length - done)
      this.#memory.write(this.#gpa(offset + done), source, sourceOffset + done, count)
    }
  }

  direct(offset: number, length: number): Uint8Array | undefined {
    checkRange(this.size, offset, length)
    if (length === 0) return new Uint8Array(0)
    const start = this.#gpa(offset)
    let consecutive = true
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(this.#byteOffset + offset + done), length - done)
      if (this.#gpa(offset + done) !== start + done) consecutive = false
    }
    return consecutive ? this.#memory.direct(start, length) : undefined
  }

  /** Throws the memory's fault where one of several pages is a hole, before any is copied. */
  #checkPages(offset: number, length: number): void {
    if (length <= restOfPage(this.#byteOffset + offset)) return
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(this.#byteOffset + offset + done), length - done)
      this.#memory.read(this.#gpa(offset + done), this.#probe, 0, 1)
    }
  }

  #gpa(offset: number): number {
    const linear = this.#byteOffset + offset
    const within = linear % PAGE_SIZE
    // The caller has checked `offset`, so the page exists; NaN would be refused by the memory below.
    return (this.#pages[(linear - within) / PAGE_SIZE] ?? Number.NaN) * PAGE_SIZE + within
  }
}
