import type { WireBuffer } from './buffer.ts'
import type { WireContext } from './context.ts'
import type { WireFault } from './error.ts'
import type { IntSchema } from './int.ts'
import { type MemberRule, mayOccur } from './member-rule.ts'
import type { Fields, Siblings } from './node.ts'
import type { Aliases } from './schema.ts'
import type { StructSchema } from './struct.ts'
import { type Extra, Structure } from './structure.ts'
import { readWord } from './word.ts'

export { type MemberRule, mayOccur } from './member-rule.ts'

/** A union's member with its rule. */
export interface Member<S extends StructSchema = StructSchema> extends MemberRule {
  /** The member's structure; its constant at the tag's offset is its tag. */
  readonly schema: S
}

/** How a union finds its member: by a tag inside the bytes, then context and size; or by the fields before it. */
export type Selector =
  | {
      /** Which of the two ways. */
      readonly by: 'tag'
      /** Byte offset of the tag from the union's start. */
      readonly offset: number
      /** The word that the tag is. */
      readonly tag: IntSchema
      /** For tags that no member has. */
      readonly otherwise?: StructSchema
    }
  | {
      /** Which of the two ways. */
      readonly by: 'siblings'
      /** Name of the member that the fields before it call for. */
      readonly choose: (fields: Siblings, context: WireContext) => string
      /** The rule in words, for the reference. */
      readonly text: string
    }

/** A union's value: its member's fields, and the member's name in `type`. */
export type UnionValue<S extends StructSchema> =
  S extends StructSchema<infer N, Fields, boolean, infer V>
    ? {
        /** Name of the member. */
        type: N
      } & V &
        Extra
    : never

/** One of several structures. */
export class UnionSchema<S extends StructSchema = StructSchema> extends Structure<UnionValue<S>> {
  /** Which kind of schema this is. */
  readonly kind = 'union'
  /** Bytes of the smallest member's fixed part. */
  readonly size: number
  override readonly variable: boolean
  /** None: its members have theirs. */
  readonly aliases: Aliases = {}
  readonly #byName = new Map<string, StructSchema>()
  readonly #byTag = new Map<number, Member[]>()

  constructor(
    readonly name: string,
    readonly members: readonly Member<S>[],
    readonly selector: Selector,
  ) {
    super()
    const otherwise = selector.by === 'tag' ? selector.otherwise : undefined
    const schemas: StructSchema[] = members.map((member) => member.schema)
    if (otherwise !== undefined) schemas.push(otherwise)
    for (const schema of schemas) {
      if ('type' in schema.properties) throw new RangeError(`${name}: member ${schema.name} has a field named type`)
      if (this.#byName.has(schema.name)) throw new RangeError(`${name}: two members named ${schema.name}`)
      this.#byName.set(schema.name, schema)
    }
    const sizes = schemas.map((schema) => schema.size)
    this.size = Math.min(...sizes)
    this.variable = schemas.some((schema) => schema.variable || schema.size !== this.size)
    if (selector.by === 'tag') {
      for (const member of members) {
        const tag = constantAt(member.schema, selector.offset)
        if (tag === undefined) throw new RangeError(`${name}: member ${member.schema.name} has no constant as its tag`)
        this.#byTag.set(tag, [...(this.#byTag.get(tag) ?? []), member])
      }
    }
  }

  /** All members' structures, in order, the fallback last. */
  get schemas(): readonly StructSchema[] {
    return [...this.#byName.values()]
  }

  /** All tags that a member carries. */
  get tags(): readonly number[] {
    return [...this.#byTag.keys()]
  }

  /** The member of that name, the fallback included. */
  member(name: string): StructSchema | undefined {
    return this.#byName.get(name)
  }

  /** Members that carry this tag, whatever the context. */
  tagged(tag: number): readonly Member[] {
    return this.#byTag.get(tag) ?? []
  }

  /** Members that the bytes at `at` can be, the longest form first; a fault when there is none. */
  candidates(
    buffer: WireBuffer,
    at: number,
    siblings: Siblings,
    context: WireContext,
  ): readonly StructSchema[] | WireFault {
    const selector = this.selector
    if (selector.by === 'siblings') {
      const member = this.#byName.get(selector.choose(siblings, context))
      return member === undefined ? { code: 'TYPE', path: '', offset: at, why: 'no such variant' } : [member]
    }
    const tagAt = at + selector.offset
    if (selector.tag.size > buffer.end - tagAt) {
      const why = `${selector.tag.size} bytes needed for the type, ${Math.max(0, buffer.end - tagAt)} left`
      return { code: 'SHORT', path: '', offset: tagAt, why }
    }
    const tag = readWord(buffer, tagAt, selector.tag)
    const tagged = this.#byTag.get(tag)
    if (tagged === undefined) {
      if (selector.otherwise !== undefined) return [selector.otherwise]
      return { code: 'TYPE', path: '', offset: tagAt, why: `unknown type ${tag}` }
    }
    const allowed = tagged.filter((member) => mayOccur(member, context)).map((member) => member.schema)
    if (allowed.length === 0) {
      const names = tagged.map((member) => member.schema.name).join(' or ')
      return {
        code: 'TYPE',
        path: '',
        offset: tagAt,
        why: `${names} is not allowed in this version, with these features, or from this side`,
      }
    }
    allowed.sort((a, b) => b.size - a.size)
    const fitting = allowed.filter((schema) => schema.size <= buffer.end - at)
    return fitting.length > 0 ? fitting : allowed.slice(-1)
  }
}

/** The constant that a structure has at an offset, looking into nested structures. */
function constantAt(schema: StructSchema, offset: number): number | undefined {
  for (const field of schema.layout) {
    if (field.offset === undefined || offset < field.offset || offset >= field.offset + field.schema.size) continue
    if (field.schema.kind === 'constant') return field.schema.value
    if (field.schema.kind === 'struct') return constantAt(field.schema, offset - field.offset)
  }
  return undefined
}

/** One of several structures, told apart by a constant that each has at `offset`. */
export function union<const M extends readonly Member[], O extends StructSchema = never>(
  name: string,
  tag: { readonly offset: number; readonly tag: IntSchema; readonly otherwise?: O },
  members: M,
): UnionSchema<M[number]['schema'] | O> {
  return new UnionSchema<M[number]['schema'] | O>(name, members, { by: 'tag', ...tag })
}

/** One of several structures, told apart by the fields before it. `text` says the rule in words. */
export function choice<const S extends readonly StructSchema[]>(
  name: string,
  members: S,
  choose: (fields: Siblings, context: WireContext) => S[number]['name'],
  text: string,
): UnionSchema<S[number]> {
  return new UnionSchema<S[number]>(
    name,
    members.map((schema) => ({ schema })),
    { by: 'siblings', choose, text },
  )
}
