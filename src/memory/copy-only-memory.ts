import { checkRange } from './access.ts'
import type { GuestMemory } from './guest-memory.ts'

/** Another memory without its direct views: what code over it must still do right when everything is copied. */
export class CopyOnlyMemory implements GuestMemory {
  readonly size: number

  constructor(readonly inner: GuestMemory) {
    this.size = inner.size
  }

  load32(gpa: number): number {
    return this.inner.load32(gpa)
  }

  store32(gpa: number, value: number): void {
    this.inner.store32(gpa, value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.inner.read(gpa, target, offset, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.inner.write(gpa, source, offset, length)
  }

  direct(gpa: number, length: number): undefined {
    checkRange(this.size, gpa, length)
    return undefined
  }
}
