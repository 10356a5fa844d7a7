import type { Node } from './node.ts'
import { nodeOf } from './node.ts'
import { property } from './property.ts'
import type { WireSchema } from './schema.ts'
import type { StructSchema } from './struct.ts'

/** One field of a structure as it stands in the bytes: where, how many, what. */
export interface Annotation {
  /** Dotted path as in faults, such as `ranges[2].byteCount`; empty for the structure itself, `extra` for what is behind it. */
  readonly path: string
  /** The last part of the path: a field's name, or `[2]`. */
  readonly name: string
  /** Nesting: 0 for the structure itself. Containers come before what they contain. */
  readonly depth: number
  /** Byte offset from the start of the input. */
  readonly offset: number
  /** Bytes that it takes, all of a container's contents included. */
  readonly size: number
  /** What it is; `undefined` for `extra`. */
  readonly schema: Node | undefined
  /** Its decoded value; `undefined` for reserved zeros and for what could not be read. */
  readonly value: unknown
}

/**
 * The fields of a decoded value with their places, flat and in wire order: what printing, the command's hex view and dissectors show.
 * Offsets follow from the value, so a value that was never bytes has them too. For the incomplete values of `tryDecode`
 * give `end`, the input's length: the field that it cuts off is the last one.
 */
export function annotate<T>(schema: WireSchema<T>, value: unknown, end = Number.POSITIVE_INFINITY): Annotation[] {
  const walk = new Walk(end)
  const node = nodeOf(schema)
  const name = 'name' in node ? node.name : node.kind
  const next = walk.visit(node, value, { path: '', name, depth: 0, offset: 0 })
  const extra = property(value, 'extra')
  if (extra instanceof Uint8Array && extra.byteLength > 0) {
    walk.found.push({
      path: 'extra',
      name: 'extra',
      depth: 1,
      offset: next,
      size: extra.byteLength,
      schema: undefined,
      value: extra,
    })
  }
  return walk.found
}

type Place = Pick<Annotation, 'path' | 'name' | 'depth' | 'offset'>

class Walk {
  readonly found: Annotation[] = []
  /** Whether the input's end has cut a field off: nothing is behind it. */
  #cut = false

  constructor(readonly end: number) {}

  /** Adds a node and what it contains; answers where it ends. */
  visit(node: Node, value: unknown, place: Place): number {
    const index = this.found.length
    // Keeps the place of a container before its contents, whose size is known only afterwards.
    this.found.push({ ...place, size: 0, schema: node, value })
    const next = this.#contents(node, value, place)
    this.found[index] = { ...place, size: next - place.offset, schema: node, value }
    return next
  }

  #contents(node: Node, value: unknown, place: Place): number {
    switch (node.kind) {
      case 'tail':
        return place.offset + (value instanceof Uint8Array ? value.byteLength : 0)
      case 'struct':
        return this.#fields(node, value, place)
      case 'union': {
        const type = property(value, 'type')
        const member = typeof type === 'string' ? node.member(type) : undefined
        if (member !== undefined) return this.#fields(member, value, place)
        return node.variable && this.end !== Number.POSITIVE_INFINITY ? this.end : place.offset + node.size
      }
      case 'array':
      case 'list': {
        let { offset } = place
        const values: readonly unknown[] = Array.isArray(value) ? value : []
        // Elements that are single words are one run.
        if (!hasParts(node.element))
          return offset + (node.kind === 'array' ? node.size : values.length * node.element.size)
        for (const [index, element] of values.entries()) {
          const name = `[${index}]`
          offset = this.visit(node.element, element, {
            path: `${place.path}${name}`,
            name,
            depth: place.depth + 1,
            offset,
          })
        }
        return node.kind === 'array' ? place.offset + node.size : offset
      }
      default:
        return place.offset + node.size
    }
  }

  #fields(node: StructSchema, value: unknown, place: Place): number {
    let { offset } = place
    for (const { name, schema } of node.layout) {
      if (this.#cut) break
      const part = property(value, name)
      const at = { path: place.path === '' ? name : `${place.path}.${name}`, name, depth: place.depth + 1, offset }
      const leaf = schema.kind !== 'struct' && (schema.kind !== 'union' || part === undefined)
      if (leaf && schema.size > this.end - offset) {
        this.#cut = true
        this.found.push({ ...at, size: this.end - offset, schema, value: undefined })
        return this.end
      }
      offset = this.visit(schema, part, at)
    }
    return offset
  }
}

function hasParts(node: Node): boolean {
  return node.kind === 'struct' || node.kind === 'union' || node.kind === 'array'
}
