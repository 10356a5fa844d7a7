import { checkLocal, checkRange, checkWord } from './access.ts'
import { BufferMemory } from './buffer-memory.ts'
import { type GuestMemory, MemoryFault } from './guest-memory.ts'
import { PAGE_SIZE, restOfPage } from './pages.ts'

/**
 * Guest memory whose 4096-byte pages lie anywhere in one buffer, as in a crash dump; pages that are not listed are holes
 * and answer {@link MemoryFault}.
 */
export class ScatteredMemory implements GuestMemory {
  readonly size: number
  readonly #memory: BufferMemory
  readonly #places = new Map<number, number>()

  /**
   * @param pages pairs of guest page number and the byte offset of that page in `buffer` (a multiple of 4).
   * Throws `RangeError` when a page does not lie within the buffer.
   */
  constructor(buffer: ArrayBuffer | SharedArrayBuffer, pages: Iterable<readonly [page: number, place: number]>) {
    this.#memory = new BufferMemory(buffer)
    let end = 0
    for (const [page, place] of pages) {
      if (!Number.isSafeInteger(page * PAGE_SIZE) || page < 0) throw new RangeError(`${page} is not a page number`)
      if (place % 4 !== 0 || place < 0 || place > buffer.byteLength - PAGE_SIZE) {
        throw new RangeError(`page ${page} at byte ${place} is not within the buffer of ${buffer.byteLength} bytes`)
      }
      this.#places.set(page, place)
      end = Math.max(end, page + 1)
    }
    this.size = end * PAGE_SIZE
  }

  load32(gpa: number): number {
    checkWord(this.size, gpa)
    return this.#memory.load32(this.#place(gpa))
  }

  store32(gpa: number, value: number): void {
    checkWord(this.size, gpa)
    this.#memory.store32(this.#place(gpa), value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.#checkMapped(gpa, length)
    checkLocal(target, offset, length)
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(gpa + done), length - done)
      this.#memory.read(this.#place(gpa + done), target, offset + done, count)
    }
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.#checkMapped(gpa, length)
    checkLocal(source, offset, length)
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(gpa + done), length - done)
      this.#memory.write(this.#place(gpa + done), source, offset + done, count)
    }
  }

  direct(gpa: number, length: number): Uint8Array | undefined {
    this.#checkMapped(gpa, length)
    if (length === 0) return new Uint8Array(this.#memory.buffer, 0, 0)
    const start = this.#place(gpa)
    let contiguous = true
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(gpa + done), length - done)
      if (this.#place(gpa + done) !== start + done) contiguous = false
    }
    return contiguous ? this.#memory.direct(start, length) : undefined
  }

  #place(gpa: number): number {
    const offset = gpa % PAGE_SIZE
    const place = this.#places.get((gpa - offset) / PAGE_SIZE)
    if (place === undefined) throw new MemoryFault(gpa, 1, 'this page is not present')
    return place + offset
  }

  #checkMapped(gpa: number, length: number): void {
    checkRange(this.size, gpa, length)
    for (let done = 0, count = 0; done < length; done += count) {
      count = Math.min(restOfPage(gpa + done), length - done)
      if (!this.#places.has(Math.floor((gpa + done) / PAGE_SIZE))) {
        throw new MemoryFault(gpa, length, `the page of 0x${(gpa + done).toString(16)} is not present`)
      }
    }
  }
}
