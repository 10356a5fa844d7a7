import type { Int64Schema, IntSchema } from './int.ts'
import { WireSchema } from './schema.ts'

/** Names of single bits, as masks. */
export type FlagTable = Readonly<Record<string, number>>
/** Names of single bits of a 64-bit word, as masks. */
export type Flag64Table = Readonly<Record<string, bigint>>

/** A word of independent flags; its value is the number itself, so unknown bits survive. JSON and text name the bits. */
export class FlagsSchema<F extends FlagTable = FlagTable> extends WireSchema<number> {
  readonly kind = 'flags'
  readonly size: 1 | 2 | 4

  constructor(
    readonly name: string,
    readonly base: IntSchema,
    readonly masks: F,
  ) {
    super()
    this.size = base.size
  }
}

/** {@link FlagsSchema} over 64 bits; its value is a bigint. */
export class Flags64Schema<F extends Flag64Table = Flag64Table> extends WireSchema<bigint> {
  readonly kind = 'flags64'
  readonly size = 8

  constructor(
    readonly name: string,
    readonly base: Int64Schema,
    readonly masks: F,
  ) {
    super()
  }
}

/** Named flags in a word of 1, 2 or 4 bytes: `flags('PacketFlags', u16, { completionRequested: 0x1 })`. */
export function flags<F extends FlagTable>(name: string, base: IntSchema, masks: F): FlagsSchema<F> {
  return new FlagsSchema(name, base, masks)
}

/** Named flags in a word of 8 bytes. */
export function flags64<F extends Flag64Table>(name: string, base: Int64Schema, masks: F): Flags64Schema<F> {
  return new Flags64Schema(name, base, masks)
}

/** The names of the flags that are set in a word, and the bits that no name explains. */
export function flagNames(
  schema: FlagsSchema | Flags64Schema,
  word: number | bigint,
): { readonly set: readonly string[]; readonly unknown: bigint } {
  const set: string[] = []
  let unknown = BigInt(word)
  for (const [name, mask] of Object.entries(schema.masks)) {
    const bits = BigInt(mask)
    if (bits === 0n || (BigInt(word) & bits) !== bits) continue
    set.push(name)
    unknown &= ~bits
  }
  return { set, unknown }
}
