import type { BitsSchema } from './bits.ts'
import { property } from './property.ts'

/**
 * The value of a word of up to 16 bits, computed in numbers (bigints take several times as long); `undefined` when bits without a
 * name are set, or a field is a bigint.
 */
export function decodeSmallBits({ fields, known }: BitsSchema, word: number): unknown {
  if ((word & ~Number(known)) !== 0) return undefined
  const value: Record<string, unknown> = {}
  for (const name in fields) {
    const field = fields[name]
    if (field === undefined || field.as === 'bigint') return undefined
    const part = (word >>> field.shift) & (2 ** field.width - 1)
    value[name] = field.as === 'boolean' ? part === 1 : part
  }
  return value
}

/** The word of a value that fits a word of up to 16 bits and has no bits without a name; `undefined` for any other value. */
export function encodeSmallBits({ fields }: BitsSchema, value: unknown): number | undefined {
  if (property(value, 'value') !== undefined) return undefined
  let word = 0
  for (const name in fields) {
    const field = fields[name]
    const part = property(value, name)
    const number = field?.as === 'boolean' && typeof part === 'boolean' ? Number(part) : part
    if (field === undefined || field.as === 'bigint' || typeof number !== 'number') return undefined
    if (field.as === 'number' && typeof part !== 'number') return undefined
    if ((number & (2 ** field.width - 1)) !== number) return undefined
    word |= number << field.shift
  }
  return word
}
