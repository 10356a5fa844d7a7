import { type GuestMemory, MemoryFault } from '../../memory/index.ts'

/** Two memories one after the other: the second begins at `first.size`, which is a multiple of 4. Ranges across the seam are copied in two. */
export class JoinedMemory implements GuestMemory {
  readonly size: number
  readonly #first: GuestMemory
  readonly #second: GuestMemory
  readonly #seam: number

  /** @param seam bytes of `first` that count; default all. */
  constructor(first: GuestMemory, second: GuestMemory, seam = first.size) {
    this.#first = first
    this.#second = second
    this.#seam = seam
    this.size = seam + second.size
  }

  load32(gpa: number): number {
    return gpa < this.#seam ? this.#first.load32(gpa) : this.#second.load32(gpa - this.#seam)
  }

  store32(gpa: number, value: number): void {
    if (gpa < this.#seam) this.#first.store32(gpa, value)
    else this.#second.store32(gpa - this.#seam, value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    const low = this.#below(gpa, length)
    if (low > 0) this.#first.read(gpa, target, offset, low)
    if (low < length) this.#second.read(gpa + low - this.#seam, target, offset + low, length - low)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    const low = this.#below(gpa, length)
    if (low > 0) this.#first.write(gpa, source, offset, low)
    if (low < length) this.#second.write(gpa + low - this.#seam, source, offset + low, length - low)
  }

  direct(gpa: number, length: number): Uint8Array | undefined {
    const low = this.#below(gpa, length)
    if (low === length) return this.#first.direct(gpa, length)
    return low === 0 ? this.#second.direct(gpa - this.#seam, length) : undefined
  }

  /** Bytes of a range that lie in the first memory. Throws {@link MemoryFault} for a range that is not in memory. */
  #below(gpa: number, length: number): number {
    if (!(gpa >= 0 && length >= 0 && length <= this.size && gpa <= this.size - length)) {
      throw new MemoryFault(gpa, length, `outside the ${this.size} bytes of guest memory`)
    }
    return Math.max(0, Math.min(length, this.#seam - gpa))
  }
}
