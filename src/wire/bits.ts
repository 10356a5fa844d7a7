import type { EnumSchema } from './enum.ts'
import type { Int64Schema, IntSchema } from './int.ts'
import { WireSchema } from './schema.ts'

/** One named run of bits; `shift` counts from the word's lowest bit. A single bit made by {@link bit} is a boolean. */
export interface BitField<V extends boolean | number | bigint = boolean | number | bigint> {
  /** First bit, counted from the word's lowest. */
  readonly shift: number
  /** Number of bits, 1 … 64. */
  readonly width: number
  /** How the value appears: `boolean` for one bit, `number` up to 32 bits, `bigint` above. */
  readonly as: 'boolean' | 'number' | 'bigint'
  /** Names for the field's values, where it is an enumeration. */
  readonly values?: EnumSchema
  /** Phantom: the value's type. */
  readonly __value?: V
}

/** Named bit fields of one word. */
export type BitFields = Readonly<Record<string, BitField>>

/** The decoded word: one property a field; `value` holds the whole word when bits without a name are set, else is absent. */
export type BitsValue<B extends BitFields, W extends number | bigint> = {
  [K in keyof B]: B[K] extends BitField<infer V> ? V : never
} & {
  /** The whole word, when it has bits without a name. */
  value?: W
}

/** A word split into named bit fields. Bits that no field names are reserved: kept in `value` when set, and written back. */
export class BitsSchema<V = object, B extends BitFields = BitFields> extends WireSchema<V> {
  readonly kind = 'bits'
  readonly size: 1 | 2 | 4 | 8
  /** All bits that have a name. */
  readonly known: bigint

  constructor(
    readonly base: IntSchema | Int64Schema,
    readonly fields: B,
  ) {
    super()
    this.size = base.size
    if (base.size === 8 && base.bigEndian) throw new RangeError('bit fields in a big-endian word of 64 bits')
    let known = 0n
    for (const [name, { shift, width, as }] of Object.entries(fields)) {
      if (as === 'number' && width > 32) throw new RangeError(`bit field ${name}: ${width} bits need wideBitField`)
      if (as === 'boolean' && width !== 1) throw new RangeError(`bit field ${name}: a boolean has one bit`)
      const mask = ((1n << BigInt(width)) - 1n) << BigInt(shift)
      if (width < 1 || shift < 0 || shift + width > 8 * base.size || (known & mask) !== 0n || name === 'value') {
        throw new RangeError(`bit field ${name}: bits ${shift}…${shift + width - 1} overlap another or leave the word`)
      }
      known |= mask
    }
    this.known = known
  }
}

/** One bit, a boolean. */
export function bit(shift: number): BitField<boolean> {
  return { shift, width: 1, as: 'boolean' }
}

/** A run of up to 32 bits, a number. For more there is {@link wideBitField}; {@link bits} throws a `RangeError`. */
export function bitField(shift: number, width: number, values?: EnumSchema): BitField<number> {
  return { shift, width, as: 'number', ...(values && { values }) }
}

/** A run of more than 32 bits of a 64-bit word, a bigint. */
export function wideBitField(shift: number, width: number): BitField<bigint> {
  return { shift, width, as: 'bigint' }
}

/** A word of 1, 2, 4 or 8 bytes split into bit fields: `bits(u16, { enable: bit(0), vector: bitField(4, 8) })`. */
export function bits<B extends BitFields>(base: IntSchema, fields: B): BitsSchema<BitsValue<B, number>, B>
export function bits<B extends BitFields>(base: Int64Schema, fields: B): BitsSchema<BitsValue<B, bigint>, B>
export function bits<B extends BitFields>(base: IntSchema | Int64Schema, fields: B): BitsSchema<object, B> {
  return new BitsSchema(base, fields)
}
