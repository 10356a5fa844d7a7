import { checkLocal, checkRange, checkWord } from './access.ts'
import { copyBytes } from './copy-bytes.ts'
import type { GuestMemory } from './guest-memory.ts'

/**
 * Guest memory in one buffer: GPA 0 is the buffer's first byte. Over a `SharedArrayBuffer` two threads see the same
 * memory; words go through `Atomics` on either kind. The host is taken to be little-endian, as every JavaScript engine's is.
 */
export class BufferMemory implements GuestMemory {
  readonly size: number
  readonly #bytes: Uint8Array
  readonly #words: Uint32Array

  constructor(readonly buffer: ArrayBuffer | SharedArrayBuffer) {
    this.size = buffer.byteLength
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4))
  }

  load32(gpa: number): number {
    checkWord(this.size, gpa)
    return Atomics.load(this.#words, gpa / 4)
  }

  store32(gpa: number, value: number): void {
    checkWord(this.size, gpa)
    Atomics.store(this.#words, gpa / 4, value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    checkRange(this.size, gpa, length)
    checkLocal(target, offset, length)
    copyBytes(this.#bytes, gpa, target, offset, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    checkRange(this.size, gpa, length)
    checkLocal(source, offset, length)
    copyBytes(source, offset, this.#bytes, gpa, length)
  }

  direct(gpa: number, length: number): Uint8Array {
    checkRange(this.size, gpa, length)
    return new Uint8Array(this.buffer, gpa, length)
  }
}
