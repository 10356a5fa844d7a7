import type { WireContext } from '../context.ts'
import type { Node } from '../node.ts'
import { property } from '../property.ts'
import type { StructSchema } from '../struct.ts'
import type { UnionSchema } from '../union.ts'

/** Bytes that a value takes. Throws `WireError` for a value that is not of this schema at all. */
export function measureValue(node: Node, value: unknown, context: WireContext): number {
  if (!node.variable) return node.size
  switch (node.kind) {
    case 'tail':
      return value instanceof Uint8Array ? value.byteLength : 0
    case 'list': {
      if (!Array.isArray(value)) return 0
      if (!node.element.variable) return value.length * node.element.size
      let size = 0
      for (const element of value) size += measureValue(node.element, element, context)
      return size
    }
    case 'struct': {
      let size = node.size
      for (const field of node.layout) {
        if (field.schema.variable)
          size += measureValue(field.schema, property(value, field.name), context) - field.schema.size
      }
      return size
    }
    case 'union': {
      const member = memberOf(node, value)
      return member === undefined ? node.size : measureValue(member, value, context)
    }
    default:
      return node.size
  }
}

/** The member that a union value names. */
export function memberOf(node: UnionSchema, value: unknown): StructSchema | undefined {
  const type = property(value, 'type')
  return typeof type === 'string' ? node.member(type) : undefined
}
