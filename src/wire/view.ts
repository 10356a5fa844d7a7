import type { BitsSchema } from './bits.ts'
import type { WireBuffer } from './buffer.ts'
import type { BytesSchema } from './bytes.ts'
import type { EnumSchema } from './enum.ts'
import type { Flags64Schema, FlagsSchema } from './flags.ts'
import type { GuidSchema } from './guid.ts'
import type { Guid } from './guid-text.ts'
import type { Int64Schema, IntSchema } from './int.ts'
import type { Fields, Node } from './node.ts'
import type { Infer } from './schema.ts'
import type { StructSchema } from './struct.ts'
import { accessorsOf, bitAccessors, Cursor, type ViewField, word } from './view-fields.ts'

type NumberField = IntSchema | EnumSchema | FlagsSchema
type BigintField = Int64Schema | Flags64Schema
type AnyStruct = StructSchema<string, Fields>

/** The properties of a view over a structure with these fields. */
type ViewFields<F extends Fields> = {
  [K in keyof F as F[K] extends NumberField ? K : never]: number
} & {
  [K in keyof F as F[K] extends BigintField ? K : never]: bigint
} & {
  [K in keyof F as F[K] extends BigintField ? `${K & string}Low` | `${K & string}High` : never]: number
} & {
  [K in keyof F as F[K] extends GuidSchema ? K : never]: Guid
} & {
  [K in keyof F as F[K] extends BytesSchema ? K : never]: Uint8Array
} & {
  readonly [K in keyof F as F[K] extends BitsSchema ? K : never]: Omit<Infer<F[K]>, 'value'>
} & {
  readonly [K in keyof F as F[K] extends AnyStruct ? K : never]: F[K] extends StructSchema<string, infer G>
    ? ViewFields<G>
    : never
}

/**
 * A flyweight over one structure in some bytes: point it with `at`, then read and write its fields in place.
 *
 * - Numbers, flags and enumerations are numbers; writing wraps, nothing is checked.
 * - A 64-bit field `x` is a bigint, and beside it `xLow` and `xHigh` are its two 32-bit words as numbers: a bigint is allocated
 *   when read, numbers are not.
 * - Bit fields and nested structures are views of their own, which move along.
 * - Reading bytes gives the very bytes of the buffer, not a copy; writing them copies, and throws `LENGTH` when their number is wrong.
 * - Writing a GUID throws `RANGE` when it is not in canonical form.
 * - Constants, reserved space, text, arrays, unions and parts of variable size are not in a view.
 */
export type ViewOf<S extends AnyStruct> = (S extends StructSchema<string, infer F> ? ViewFields<F> : never) & {
  /**
   * Points the view at a structure and answers the view. From a {@link WireBuffer}, nothing is allocated. Throws `WireError` (`SHORT`) when
   * the fixed part does not fit; from then on no access is checked.
   */
  at(input: Uint8Array | WireBuffer, offset?: number): ViewOf<S>
}

/**
 * A new view over structures of this schema, not yet pointed at any. Make one where structures are read and point it again and again;
 * one per structure, or per channel, is slower: each has its own accessors. Throws a `RangeError` when a field has no fixed offset.
 */
export function view<S extends AnyStruct>(schema: S): ViewOf<S> {
  const { size } = schema
  const to = new Cursor(schema.name, size)
  const made: object = fieldsOf(to, schema, 0)
  const at = (input: Uint8Array | WireBuffer, offset = 0): object => {
    // Mostly it is the same buffer as before, so what it is need not be found out again.
    if (input !== to.input) to.move(input, offset)
    if (!(offset >= 0 && offset <= to.end - size && Number.isInteger(offset))) to.refuse(to.end, offset)
    to.offset = offset
    return made
  }
  // Sound: the object was given exactly the properties that the type lists, by the same rules.
  return Object.defineProperty(made, 'at', { value: at }) as ViewOf<S>
}

/**
 * An object with a prototype of its own. Two objects that share one and get different accessors of the same name would make V8 keep the
 * second as a dictionary, whose accesses are ten times slower.
 */
function blank(): object {
  return Object.create({})
}

/** An object with accessors for the fields of a structure that begins `base` bytes behind the cursor. */
function fieldsOf(to: Cursor, schema: StructSchema, base: number): object {
  const made = blank()
  const define = (name: string, property: PropertyDescriptor) => {
    if (name === 'at' || name in made) throw new RangeError(`${schema.name}: a view cannot show a field named ${name}`)
    Object.defineProperty(made, name, { ...property, enumerable: true })
  }
  for (const { name, schema: node, offset } of schema.layout) {
    if (!isShown(node)) continue
    if (offset === undefined) throw new RangeError(`${schema.name}.${name} has no fixed offset`)
    const at = base + offset
    if (node.kind === 'struct') define(name, { value: fieldsOf(to, node, at) })
    else if (node.kind === 'bits') define(name, { value: bitsOf(to, node, at) })
    else define(name, accessorsOf(to, node, at, schema.name, name))
    if (node.kind === 'int64' || node.kind === 'flags64') {
      const bigEndian = node.kind === 'int64' ? node.bigEndian : node.base.bigEndian
      define(`${name}Low`, word(to, 4, bigEndian ? at + 4 : at, bigEndian))
      define(`${name}High`, word(to, 4, bigEndian ? at : at + 4, bigEndian))
    }
  }
  return made
}

function bitsOf(to: Cursor, node: BitsSchema, at: number): object {
  const made = blank()
  for (const [name, field] of Object.entries(node.fields)) {
    Object.defineProperty(made, name, { ...bitAccessors(to, node, field, at), enumerable: true })
  }
  return made
}

type Shown = ViewField | BitsSchema | StructSchema

function isShown(node: Node): node is Shown {
  switch (node.kind) {
    case 'int':
    case 'enum':
    case 'flags':
    case 'int64':
    case 'flags64':
    case 'guid':
    case 'bytes':
    case 'bits':
    case 'struct':
      return true
    default:
      return false
  }
}
