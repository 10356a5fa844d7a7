import { BufferMemory, type GuestMemory } from '../memory/index.ts'
import { expect } from './target.ts'

/**
 * Memory in which everything outside `[base, base + length)` is forbidden ground: an access there is an `OracleError`. No direct
 * views, so nothing escapes.
 */
export class WatchedMemory implements GuestMemory {
  readonly size: number
  readonly inner: BufferMemory

  constructor(
    size: number,
    readonly base: number,
    readonly length: number,
  ) {
    this.size = size
    this.inner = new BufferMemory(new ArrayBuffer(size))
  }

  load32(gpa: number): number {
    this.#check(gpa, 4)
    return this.inner.load32(gpa)
  }

  store32(gpa: number, value: number): void {
    this.#check(gpa, 4)
    this.inner.store32(gpa, value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.#check(gpa, length)
    this.inner.read(gpa, target, offset, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.#check(gpa, length)
    this.inner.write(gpa, source, offset, length)
  }

  direct(): undefined {
    return undefined
  }

  #check(gpa: number, length: number): void {
    const inside = gpa >= this.base && length <= this.length && gpa - this.base <= this.length - length
    expect(inside, 'outside-access', `${length} bytes at ${gpa}, outside ${this.base} to ${this.base + this.length}`)
  }
}
