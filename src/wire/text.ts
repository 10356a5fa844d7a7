import { WireSchema } from './schema.ts'

/**
 * UTF-16LE text in a fixed number of bytes. Trailing NUL units are cut off in the value and written back; everything else
 * survives as it is, NULs inside and lone surrogates too.
 */
export class TextSchema extends WireSchema<string> {
  readonly kind = 'text'

  constructor(readonly size: number) {
    super()
    if (size % 2 !== 0) throw new RangeError(`UTF-16 text of ${size} bytes`)
  }
}

/** UTF-16LE text in `size` bytes (even). */
export function utf16(size: number): TextSchema {
  return new TextSchema(size)
}
