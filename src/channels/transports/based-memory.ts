import { type GuestMemory, MemoryFault } from '../../memory/index.ts'

/** A memory whose first byte is at guest physical address `base`, as a machine's RAM that does not begin at 0. Below it there is none. */
export class BasedMemory implements GuestMemory {
  /** Address behind the last byte. */
  readonly size: number
  readonly #memory: GuestMemory
  readonly #base: number

  /** @param base a multiple of 4096. */
  constructor(memory: GuestMemory, base: number) {
    this.#memory = memory
    this.#base = base
    this.size = base + memory.size
  }

  load32(gpa: number): number {
    return this.#memory.load32(this.#at(gpa, 4))
  }

  store32(gpa: number, value: number): void {
    this.#memory.store32(this.#at(gpa, 4), value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.#memory.read(this.#at(gpa, length), target, offset, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.#memory.write(this.#at(gpa, length), source, offset, length)
  }

  direct(gpa: number, length: number): Uint8Array | undefined {
    return this.#memory.direct(this.#at(gpa, length), length)
  }

  #at(gpa: number, length: number): number {
    if (!(gpa >= this.#base)) throw new MemoryFault(gpa, length, `below guest memory, which begins at ${this.#base}`)
    return gpa - this.#base
  }
}
