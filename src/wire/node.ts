import type { ArraySchema, ListSchema } from './array.ts'
import type { BitsSchema } from './bits.ts'
import type { BytesSchema, TailSchema } from './bytes.ts'
import type { EnumSchema } from './enum.ts'
import type { Flags64Schema, FlagsSchema } from './flags.ts'
import type { GuidSchema } from './guid.ts'
import type { Int64Schema, IntSchema } from './int.ts'
import type { ConstantSchema, ReservedSchema } from './reserved.ts'
import type { StructSchema } from './struct.ts'
import type { TextSchema } from './text.ts'
import type { UnionSchema } from './union.ts'

/** Every kind of wire type. Whatever walks layouts switches over `kind`; the compiler then knows that none is forgotten. */
export type Node =
  | IntSchema
  | Int64Schema
  | EnumSchema
  | FlagsSchema
  | Flags64Schema
  | BitsSchema
  | GuidSchema
  | BytesSchema
  | TextSchema
  | ReservedSchema
  | ConstantSchema
  | ArraySchema
  | TailSchema
  | ListSchema
  | StructSchema
  | UnionSchema

/** The fields of a structure, in wire order. Names become property names. */
export type Fields = Readonly<Record<string, Node>>

/** A structure's decoded fields so far, as counts, lengths and union rules see them. */
export type Siblings = Readonly<Record<string, unknown>>

const kinds: ReadonlySet<string> = /* @__PURE__ */ new Set<Node['kind']>([
  'int',
  'int64',
  'enum',
  'flags',
  'flags64',
  'bits',
  'guid',
  'bytes',
  'text',
  'reserved',
  'constant',
  'array',
  'tail',
  'list',
  'struct',
  'union',
])

function isNode(schema: { readonly kind: string }): schema is Node {
  return kinds.has(schema.kind)
}

/** A schema as a member of the closed set of kinds. A kind of one's own is not possible: nothing could derive from it. */
export function nodeOf(schema: { readonly kind: string }): Node {
  if (!isNode(schema)) throw new RangeError(`unknown kind of wire type: ${schema.kind}`)
  return schema
}
