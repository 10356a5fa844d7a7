import { annotate } from './annotate.ts'
import { WireReader } from './buffer.ts'
import { anyContext, type WireContext } from './context.ts'
import type { WireFault } from './error.ts'
import { interpretDecode } from './interpret.ts'
import { nodeOf } from './node.ts'
import type { Extra, Structure } from './structure.ts'

/** A value of which parts can be missing, at any depth. */
export type Incomplete<T> = T extends string | number | bigint | boolean | Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? Incomplete<E>[]
    : { [K in keyof T]?: Incomplete<T[K]> }

/** What {@link tryDecode} found out. `faults` are in the order in which they were met, at most {@link maxFaults}. */
export type Decoded<T> = (
  | {
      /** Nothing is wrong; `faults` can still name reserved bits that are set (`RSVD`). */
      readonly ok: true
      /** The whole value. */
      readonly value: T & Extra
    }
  | {
      /** Whether the value is whole. */
      readonly ok: false
      /** What could be read; `undefined` when that is nothing. */
      readonly value: Incomplete<T & Extra> | undefined
    }
) & {
  /** What is wrong, or odd. */
  readonly faults: readonly WireFault[]
  /** Where reading stopped. */
  readonly end: number
}

/** Faults beyond this number are not kept; whether there was an error is known all the same. */
export const maxFaults = 100

/**
 * Decodes what can be read of an input that may be cut off or wrong, with all its faults. Never throws on account of the bytes.
 * Reserved bits that are set are reported but are no error.
 */
export function tryDecode<T>(
  schema: Structure<T>,
  input: Uint8Array | WireReader,
  context: WireContext = anyContext,
): Decoded<T> {
  const buffer = input instanceof WireReader ? input : new WireReader(input)
  const faults: WireFault[] = []
  let ok = true
  const value = interpretDecode(nodeOf(schema), buffer, 0, context, (fault) => {
    if (faults.length === maxFaults && ok && fault.code !== 'RSVD') faults.pop()
    ok &&= fault.code === 'RSVD'
    if (faults.length < maxFaults) faults.push(fault)
  })
  const end = buffer.byteOffset
  if (typeof value === 'object' && value !== null && end < buffer.end) {
    Object.assign(value, { extra: buffer.bytes.slice(end, buffer.end) })
  }
  // Sound: the schema whose values are T made it; with `ok` it is what `decode` returns.
  if (ok) return { ok, value: value as T & Extra, faults, end }
  return { ok, value: value as Incomplete<T & Extra> | undefined, faults, end }
}

/** A union inside some bytes, and which of its variants these can be. */
export interface Alternative {
  /** Where the union is; empty for the structure itself. */
  readonly path: string
  /** Names of the variants that fit bytes and context; the first is what `decode` takes. Empty when none does. */
  readonly names: readonly string[]
}

/**
 * For each union in some bytes, the variants that they can be under this context: more than one when the context leaves open
 * what the bytes do not tell. Looks into the variant that `decode` takes. Never throws on account of the bytes.
 */
export function alternatives<T>(
  schema: Structure<T>,
  bytes: Uint8Array,
  context: WireContext = anyContext,
): readonly Alternative[] {
  const { value } = tryDecode(schema, bytes, context)
  const buffer = new WireReader(bytes)
  const found: Alternative[] = []
  const rows = annotate(schema, value, bytes.byteLength)
  // Containers come before their contents, so the last one of lower depth is the one around a row.
  const around: unknown[] = []
  for (const { path, depth, offset, schema: node, value } of rows) {
    around.length = depth
    around.push(value)
    if (node?.kind !== 'union') continue
    // A list's elements see the fields before the list.
    const structure = around.slice(0, depth).findLast((value) => !Array.isArray(value))
    const names = node.candidates(buffer, offset, Object(structure), context)
    found.push({ path, names: 'code' in names ? [] : names.map((member) => member.name) })
  }
  return found
}
