import { MemoryFault } from './guest-memory.ts'

/** Throws {@link MemoryFault} unless `[gpa, gpa + length)` lies within `[0, size)`. No sum is formed that could round or wrap. */
export function checkRange(size: number, gpa: number, length: number): void {
  if (!Number.isSafeInteger(gpa) || gpa < 0) throw new MemoryFault(gpa, length, 'not an address')
  if (!Number.isSafeInteger(length) || length < 0) throw new MemoryFault(gpa, length, 'not a length')
  if (length > size || gpa > size - length) {
    throw new MemoryFault(gpa, length, `outside the ${size} bytes of guest memory`)
  }
}

/** {@link checkRange} for a 32-bit word, which must also be aligned to 4 bytes. */
export function checkWord(size: number, gpa: number): void {
  checkRange(size, gpa, 4)
  if (gpa % 4 !== 0) throw new MemoryFault(gpa, 4, 'a word access must be aligned to 4 bytes')
}

/** Throws `RangeError` unless `[offset, offset + length)` lies within the caller's own array. */
export function checkLocal(bytes: Uint8Array, offset: number, length: number): void {
  if (!Number.isSafeInteger(offset) || offset < 0 || length > bytes.length || offset > bytes.length - length) {
    throw new RangeError(`bytes ${offset} + ${length} are outside an array of ${bytes.length}`)
  }
}
