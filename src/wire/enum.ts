import type { IntSchema } from './int.ts'
import { WireSchema } from './schema.ts'

/** Names of an enumeration's known values. */
export type EnumTable = Readonly<Record<string, number>>

/** An open enumeration: known values have names, unknown ones survive decoding and encode back to the same bytes. */
export class EnumSchema<E extends EnumTable = EnumTable> extends WireSchema<number> {
  readonly kind = 'enum'
  readonly size: 1 | 2 | 4
  readonly #names: ReadonlyMap<number, string>

  constructor(
    readonly name: string,
    readonly base: IntSchema,
    readonly values: E,
  ) {
    super()
    this.size = base.size
    this.#names = new Map(Object.entries(values).map(([name, value]) => [value, name]))
  }

  /** The name of a value, if it is a known one. */
  nameOf(value: number): string | undefined {
    return this.#names.get(value)
  }
}

/** An open enumeration of the given width: `openEnum('PacketType', u16, { DataInBand: 6 })`. Its value is a number. */
export function openEnum<E extends EnumTable>(name: string, base: IntSchema, values: E): EnumSchema<E> {
  return new EnumSchema(name, base, values)
}
