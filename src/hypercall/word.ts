import { type Aliases, type BitsSchema, type Flags64Schema, type FlagsSchema, struct } from '../wire/index.ts'

/** A word of named bits. */
type Word = BitsSchema | FlagsSchema | Flags64Schema

/** A word of named bits as a structure of its own, `contents` its only field: what a register, an MSR or a lone flag byte holds. */
export function word<const N extends string, W extends Word>(name: N, contents: W, aliases: Aliases = {}) {
  return struct(name, { contents }, { size: contents.size, aliases })
}
