import type { WireBuffer } from './buffer.ts'
import type { EnumSchema } from './enum.ts'
import type { IntSchema } from './int.ts'

/** Whether a plain word's first byte is the highest. */
export function isBigEndian(word: IntSchema | EnumSchema): boolean {
  return word.kind === 'enum' ? word.base.bigEndian : word.bigEndian
}

/** The unsigned word that stands at `at`, which the caller has checked to be there. */
export function readWord({ view }: WireBuffer, at: number, { size, bigEndian }: IntSchema): number {
  if (size === 1) return view.getUint8(at)
  return size === 2 ? view.getUint16(at, !bigEndian) : view.getUint32(at, !bigEndian)
}
