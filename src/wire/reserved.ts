import { type BytesSchema, bytes } from './bytes.ts'
import type { EnumSchema } from './enum.ts'
import type { Int64Schema, IntSchema } from './int.ts'
import type { Infer } from './schema.ts'
import { WireSchema } from './schema.ts'

/** A plain word or bytes that reserved space is made of. */
export type ReservedInner = IntSchema | Int64Schema | BytesSchema

/**
 * Reserved or padding space. Absent from the value when it is zero; a value without it encodes zeros. What arrives non-zero is kept,
 * reported (`RSVD`) and written back.
 */
export class ReservedSchema<I extends ReservedInner = ReservedInner> extends WireSchema<Infer<I>> {
  readonly kind = 'reserved'
  /** Values do without it. */
  readonly optional = true
  readonly size: number

  constructor(readonly inner: I) {
    super()
    this.size = inner.size
  }
}

/** Reserved space: a word (`reserved(u32)`) or a number of bytes (`reserved(6)`). */
export function reserved(length: number): ReservedSchema<BytesSchema>
export function reserved<I extends IntSchema | Int64Schema>(word: I): ReservedSchema<I>
export function reserved(inner: number | IntSchema | Int64Schema): ReservedSchema {
  return new ReservedSchema(typeof inner === 'number' ? bytes(inner) : inner)
}

/** A word that always has the same value, such as a message's type. Never in the value; another value on the wire is a `TYPE` fault. */
export class ConstantSchema extends WireSchema<number> {
  readonly kind = 'constant'
  /** Values do without it. */
  readonly optional = true
  readonly size: 1 | 2 | 4

  constructor(
    readonly inner: IntSchema | EnumSchema,
    readonly value: number,
  ) {
    super()
    this.size = inner.size
  }
}

/** A field that must hold `value`. */
export function constant(inner: IntSchema | EnumSchema, value: number): ConstantSchema {
  return new ConstantSchema(inner, value)
}
