import type { Siblings } from './node.ts'
import { WireSchema } from './schema.ts'

/** A fixed number of bytes; decoded as a copy. */
export class BytesSchema extends WireSchema<Uint8Array> {
  readonly kind = 'bytes'

  constructor(readonly size: number) {
    super()
  }
}

/** `length` bytes. */
export function bytes(length: number): BytesSchema {
  return new BytesSchema(length)
}

/**
 * How many elements or bytes follow: `get` reads it from the fields before, `set` changes those fields so that `get` gives `count`
 * (for generators and builders). A plain field name stands for a number in that field.
 */
export interface Count {
  /** The count as the fields before it say it; not yet checked. */
  readonly get: (fields: Siblings) => number
  /** The fields changed so that they say this count. */
  readonly set: (fields: Siblings, count: number) => Siblings
  /** In words, for the reference: `rangeCount`, `length8 × 8 − dataOffset8 × 8`. */
  readonly text: string
}

/** The count that stands in the field of that name, as it is. */
export function countIn(field: string): Count {
  return {
    get: (fields) => Number(fields[field]),
    set: (fields, count) => ({ ...fields, [field]: count }),
    text: field,
  }
}

/** Bytes up to the end of the input, or as many as `count` says; decoded as a copy. */
export class TailSchema<O extends boolean = boolean> extends WireSchema<Uint8Array> {
  readonly kind = 'tail'
  readonly size = 0
  override readonly variable = true

  constructor(
    readonly count: Count | undefined,
    /** Absent from the value when empty. */
    readonly optional: O,
  ) {
    super()
  }
}

/** All bytes that are left. */
export function rest(): TailSchema<false> {
  return new TailSchema(undefined, false)
}

/** As many bytes as a field before says, or as `count` computes. */
export function countedBytes(count: string | Count): TailSchema<false> {
  return new TailSchema(typeof count === 'string' ? countIn(count) : count, false)
}

/** Like {@link countedBytes}, for bytes that are normally not there: absent from the value when there are none. */
export function gap(count: Count): TailSchema<true> {
  return new TailSchema(count, true)
}
