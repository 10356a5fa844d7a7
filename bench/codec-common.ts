import * as protocol from '../src/vmbus/index.ts'
import { StructSchema, Structure, view, WireReader } from '../src/wire/index.ts'
import { compare, sink, type Work } from './measure.ts'
import type { Result } from './result.ts'

// What the benches of codecs share. There is one for each structure, with its loops written out: loops handed to common code would be
// compiled once for all structures, and neither side would be what a user's own loop is.

/** Structures in a buffer, taken in turn. */
export const count = 64
/** What is acceptable, in times of hand-written code. */
export const limits = {
  decode: 1.2,
  trusted: 1.2,
  checked: 1.6,
  interpreter: 10,
  /** "No slower than by hand", and what the measurement itself varies by. */
  view: 1.05,
}

/** Measures one row; without a limit it only informs. */
export function result(name: string, limit: number | undefined, candidate: Work, baseline: Work): Result {
  const { ratio } = compare(candidate, baseline)
  return { name, ratio, ...(limit === undefined ? {} : { limit }) }
}

/** Code that all codecs share has seen many structures in a real process: let it see them here, too. */
export function warmOthers(): void {
  for (const schema of Object.values(protocol)) {
    if (!(schema instanceof Structure)) continue
    const reader = new WireReader(new Uint8Array(schema.size))
    for (let round = 0; round < 500; round++) {
      try {
        sink[0] = schema.decodeAt(reader, 0)
      } catch {
        // Zeros are not a valid form of every structure.
      }
    }
    if (!(schema instanceof StructSchema)) continue
    try {
      const flyweight = view(schema).at(reader)
      for (let round = 0; round < 500; round++) for (const name in flyweight) sink[0] = Reflect.get(flyweight, name)
    } catch {
      // Not every structure has fixed offsets only.
    }
  }
}

/** One of the values in turn. */
export function at<T>(values: readonly T[], i: number): T {
  const value = values[i & (count - 1)]
  if (value === undefined) throw new RangeError('no value')
  return value
}
