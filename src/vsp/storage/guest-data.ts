import { checkLocal, checkRange, checkWord } from '../../memory/access.ts'
import { type GuestMemory, MemoryFault, PAGE_SIZE } from '../../memory/index.ts'
import type { GpaRanges } from '../../vmbus/gpa-ranges.ts'

/**
 * The guest's pages that one request speaks of, as one run of bytes: the data of a GPA-direct packet. One object serves any number
 * of requests, one after the other; neighbouring pages are one piece, so large transfers are few copies.
 */
export class GuestData implements GuestMemory {
  size = 0
  /** A page turned out to be no memory: the request must not be called a success (ST-19). */
  faulted = false
  #memory: GuestMemory | undefined
  /** The bytes as they were when the guest took its memory back; see {@link keep}. */
  #kept: Uint8Array | undefined
  /** Where each piece begins in guest memory, and where in the data it ends. */
  #starts = new Float64Array(16)
  #ends = new Float64Array(16)
  #pieces = 0

  /** Nothing: a request without data. */
  clear(): void {
    this.size = 0
    this.#pieces = 0
    this.#memory = undefined
    this.#kept = undefined
    this.faulted = false
  }

  /**
   * Takes the first `size` bytes of the current range. The page numbers are copied. Answers false when a page lies outside memory.
   *
   * @param size at most the range's own count.
   */
  take(memory: GuestMemory, range: GpaRanges, size: number): boolean {
    this.#pieces = 0
    this.faulted = false
    this.#memory = memory
    this.size = size
    let done = 0
    for (let index = 0; done < size; index++) {
      const offset = index === 0 ? range.byteOffset : 0
      const gpa = range.pageNumber(index) * PAGE_SIZE + offset
      const length = Math.min(PAGE_SIZE - offset, size - done)
      if (!Number.isSafeInteger(gpa) || length > memory.size || gpa > memory.size - length) {
        this.clear()
        return false
      }
      done += length
      this.#add(gpa, length, done)
    }
    return true
  }

  /** The guest has its memory back: what is read are zeros, and what is written is lost. */
  revoke(): void {
    this.#memory = undefined
    this.#kept = undefined
  }

  /** The guest takes its memory back while a disk may still read from it: from now on it reads the bytes as they are here and now. */
  keep(): void {
    const kept = new Uint8Array(this.size)
    this.read(0, kept, 0, kept.byteLength)
    this.#memory = undefined
    this.#kept = kept
  }

  load32(offset: number): number {
    checkWord(this.size, offset)
    const word = new Uint8Array(4)
    this.read(offset, word, 0, 4)
    return new DataView(word.buffer).getUint32(0, true)
  }

  store32(offset: number, value: number): void {
    checkWord(this.size, offset)
    const word = new Uint8Array(4)
    new DataView(word.buffer).setUint32(0, value, true)
    this.write(offset, word, 0, 4)
  }

  read(offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    checkRange(this.size, offset, length)
    checkLocal(target, targetOffset, length)
    const memory = this.#memory
    if (memory === undefined) {
      if (this.#kept === undefined) target.fill(0, targetOffset, targetOffset + length)
      else target.set(this.#kept.subarray(offset, offset + length), targetOffset)
      return
    }
    try {
      for (let done = 0, piece = this.#pieceAt(offset); done < length; piece++) {
        const count = Math.min((this.#ends[piece] ?? 0) - offset - done, length - done)
        memory.read(this.#gpa(piece, offset + done), target, targetOffset + done, count)
        done += count
      }
    } catch (error) {
      this.#fault(error)
    }
  }

  write(offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    checkRange(this.size, offset, length)
    checkLocal(source, sourceOffset, length)
    const memory = this.#memory
    if (memory === undefined) return
    try {
      for (let done = 0, piece = this.#pieceAt(offset); done < length; piece++) {
        const count = Math.min((this.#ends[piece] ?? 0) - offset - done, length - done)
        memory.write(this.#gpa(piece, offset + done), source, sourceOffset + done, count)
        done += count
      }
    } catch (error) {
      this.#fault(error)
    }
  }

  direct(offset: number, length: number): Uint8Array | undefined {
    checkRange(this.size, offset, length)
    const piece = this.#pieceAt(offset)
    if (length > (this.#ends[piece] ?? 0) - offset) return undefined
    return this.#memory?.direct(this.#gpa(piece, offset), length)
  }

  /** Memory with holes tells of them only when they are touched. */
  #fault(error: unknown): void {
    if (!(error instanceof MemoryFault)) throw error
    this.faulted = true
  }

  #add(gpa: number, length: number, end: number): void {
    const last = this.#pieces - 1
    if (last >= 0 && this.#gpa(last, end - length) === gpa) {
      this.#ends[last] = end
      return
    }
    if (this.#pieces === this.#starts.length) {
      const starts = new Float64Array(2 * this.#pieces)
      starts.set(this.#starts)
      this.#starts = starts
      const ends = new Float64Array(2 * this.#pieces)
      ends.set(this.#ends)
      this.#ends = ends
    }
    this.#starts[this.#pieces] = gpa
    this.#ends[this.#pieces] = end
    this.#pieces += 1
  }

  #pieceAt(offset: number): number {
    let piece = 0
    while (piece < this.#pieces && offset >= (this.#ends[piece] ?? 0)) piece += 1
    return piece
  }

  /** The guest physical address of a byte of a piece, or of the byte that would come behind it. */
  #gpa(piece: number, offset: number): number {
    const begins = piece === 0 ? 0 : (this.#ends[piece - 1] ?? 0)
    return (this.#starts[piece] ?? 0) + offset - begins
  }
}
