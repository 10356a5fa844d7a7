import type { GuestMemory } from '../../memory/index.ts'

/** Guest memory that tells of each read after it. It gives no direct views: those would be read unseen. */
export class ChangingMemory implements GuestMemory {
  readonly size: number
  readonly #memory: GuestMemory
  readonly #wasRead: (gpa: number, length: number) => void

  constructor(memory: GuestMemory, wasRead: (gpa: number, length: number) => void) {
    this.size = memory.size
    this.#memory = memory
    this.#wasRead = wasRead
  }

  load32(gpa: number): number {
    const word = this.#memory.load32(gpa)
    this.#wasRead(gpa, 4)
    return word
  }

  store32(gpa: number, value: number): void {
    this.#memory.store32(gpa, value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.#memory.read(gpa, target, offset, length)
    if (length > 0) this.#wasRead(gpa, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.#memory.write(gpa, source, offset, length)
  }

  direct(): undefined {
    return undefined
  }
}

/** Flips a bit of guest memory, counted from the lowest of the byte at `gpa`. Answers the address of its word. */
export function flipBit(memory: GuestMemory, gpa: number, bit: number): number {
  const byte = gpa + (bit >>> 3)
  const word = byte - (byte % 4)
  memory.store32(word, (memory.load32(word) ^ (1 << ((byte % 4) * 8 + (bit & 7)))) >>> 0)
  return word
}
