import type { EnumSchema } from './enum.ts'
import type { IntSchema } from './int.ts'
import type { Fields, Node } from './node.ts'
import { ConstantSchema } from './reserved.ts'
import type { Aliases, Infer } from './schema.ts'
import { Structure } from './structure.ts'

/** One field of a structure as laid out. */
export interface FieldLayout {
  /** The field's name. */
  readonly name: string
  /** What stands there. */
  readonly schema: Node
  /** Byte offset from the structure's start; `undefined` behind a field of variable size. */
  readonly offset: number | undefined
  /** Whether the value lacks this field when it has nothing to say (reserved zeros, a constant, an empty gap). */
  readonly optional: boolean
}

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends { readonly optional: true } ? K : never
}[keyof F]
type RequiredKeys<F extends Fields> = Exclude<keyof F, OptionalKeys<F>>
/** Whether no field has to be there, so that the whole structure may be left out where it is nested. */
type AllOptional<F extends Fields> = [RequiredKeys<F>] extends [never] ? true : false

/** The value of a structure with these fields. Both halves are homomorphic, so each field's comment stays visible. */
export type StructValue<F extends Fields> = { [K in keyof Pick<F, RequiredKeys<F>>]: Infer<F[K]> } & {
  [K in keyof Pick<F, OptionalKeys<F>>]?: Infer<F[K]>
}

/** What a structure can say of itself beside its fields. */
export interface StructOptions {
  /** Size of the fixed part in bytes; a sum that differs throws when the module loads. */
  readonly size?: number
  /** Its names elsewhere. */
  readonly aliases?: Aliases
}

const nameRule = /^[A-Za-z][A-Za-z0-9]*$/
const forbidden = new Set(['prototype', 'extra'])

/** A structure: named fields in wire order, without implicit padding. */
export class StructSchema<
  N extends string = string,
  F extends Fields = Fields,
  O extends boolean = boolean,
  V = object,
> extends Structure<V> {
  /** Which kind of schema this is. */
  readonly kind = 'struct'
  /** The fields, in wire order. */
  readonly layout: readonly FieldLayout[]
  /** Bytes of the fixed part. */
  readonly size: number
  override readonly variable: boolean
  /** Its names elsewhere. */
  readonly aliases: Aliases

  constructor(
    readonly name: N,
    /** The field schemas, as typed-binary's object schema has them. */
    readonly properties: F,
    /** Whether a value of this structure may be left out where it is nested: it has no field that must be there. */
    readonly optional: O,
    readonly options: StructOptions = {},
  ) {
    super()
    const layout: FieldLayout[] = []
    let size = 0
    let variable = false
    for (const [name, schema] of Object.entries(properties)) {
      // What every object inherits could not be told from a field.
      if (!nameRule.test(name) || forbidden.has(name) || name in Object.prototype)
        throw new RangeError(`${this.name}: bad field name ${name}`)
      layout.push({ name, schema, offset: variable ? undefined : size, optional: isOptional(schema) })
      size += schema.size
      variable ||= schema.variable
    }
    if (options.size !== undefined && options.size !== size) {
      throw new RangeError(`${name} has ${size} bytes, not ${options.size}`)
    }
    this.layout = layout
    this.size = size
    this.variable = variable
    this.aliases = options.aliases ?? {}
  }

  /** Byte offset of a field. Throws a `RangeError` when there is none of that name, or behind a field of variable size. */
  offsetOf(name: string): number {
    const offset = this.layout.find((field) => field.name === name)?.offset
    if (offset === undefined) throw new RangeError(`${this.name}.${name} has no fixed offset`)
    return offset
  }
}

function isOptional(schema: Node): boolean {
  return 'optional' in schema && schema.optional
}

function allOptional<F extends Fields>(fields: F): AllOptional<F> {
  // Sound: the type computes from `optional: true` exactly what this computes from the same property.
  return Object.values(fields).every(isOptional) as AllOptional<F>
}

/** What {@link struct} makes of a name and fields; for functions that make structures out of others. */
export type StructOf<N extends string, F extends Fields> = StructSchema<N, F, AllOptional<F>, StructValue<F>>

/** A structure with these fields: `struct('PacketDescriptor', { type: …, … }, { size: 16 })`. */
export function struct<const N extends string, F extends Fields>(
  name: N,
  fields: F,
  options: StructOptions = {},
): StructOf<N, F> {
  return new StructSchema(name, fields, allOptional(fields), options)
}

/** Names of the fields that can be pinned. */
type Pins<F extends Fields> = { readonly [K in keyof F]?: F[K] extends IntSchema | EnumSchema ? number : never }
type Pinned<F extends Fields, P> = { [K in keyof F]: K extends keyof P ? ConstantSchema : F[K] }

/** The same structure with some fields held at one value: a message's header whose type is known. */
export function pinned<N extends string, F extends Fields, P extends Pins<F>>(
  schema: StructSchema<N, F>,
  pins: P,
): StructOf<N, Pinned<F, P>> {
  const fields: Record<string, Node> = {}
  for (const [name, field] of Object.entries(schema.properties)) {
    const value: unknown = Object.entries(pins).find(([key]) => key === name)?.[1]
    if (value === undefined) fields[name] = field
    else if (typeof value === 'number' && (field.kind === 'int' || field.kind === 'enum')) {
      fields[name] = new ConstantSchema(field, value)
    } else throw new RangeError(`${schema.name}.${name} cannot be pinned`)
  }
  // Sound: exactly the fields named in P were replaced, in place.
  return struct(schema.name, fields as Pinned<F, P>, schema.options)
}
