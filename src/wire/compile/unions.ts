import { mayOccur } from '../member-rule.ts'
import type { StructSchema } from '../struct.ts'
import type { Member, UnionSchema } from '../union.ts'
import { readWord } from '../word.ts'
import type { Part, UnionParts } from './source.ts'

/** A member as a candidate for a tag. */
interface Candidate {
  readonly rule: Member
  readonly size: number
  readonly part: Part
}

/** How compiled code finds a union's member: the same answers as `UnionSchema.candidates`, prepared, without allocating. */
export function unionParts(node: UnionSchema, partOf: (member: StructSchema) => Part): UnionParts {
  const { selector } = node
  const byName = new Map<string, Part>()
  for (const { schema } of node.members) byName.set(schema.name, partOf(schema))

  const ofValue = (value: unknown): Part | undefined => {
    if (typeof value !== 'object' || value === null || !('type' in value)) return undefined
    return typeof value.type === 'string' ? byName.get(value.type) : undefined
  }

  if (selector.by === 'siblings') {
    const { choose } = selector
    return {
      ofValue,
      onWire: (_buffer, _at, siblings, context) => byName.get(choose(siblings, context)),
    }
  }

  const { offset, tag } = selector
  const otherwise = selector.otherwise && partOf(selector.otherwise)
  if (selector.otherwise !== undefined && otherwise !== undefined) byName.set(selector.otherwise.name, otherwise)
  // Filled as tags occur, with known tags only.
  const byTag = new Map<number, readonly Candidate[]>()

  const candidates = (value: number): readonly Candidate[] | undefined => {
    const members = node.tagged(value)
    if (members.length === 0) return undefined
    const sorted: Candidate[] = []
    for (const rule of members) {
      const part = byName.get(rule.schema.name)
      if (part !== undefined) sorted.push({ rule, size: rule.schema.size, part })
    }
    sorted.sort((a, b) => b.size - a.size)
    byTag.set(value, sorted)
    return sorted
  }

  const onWire: UnionParts['onWire'] = (buffer, at, _siblings, context) => {
    const tagAt = at + offset
    if (tag.size > buffer.end - tagAt) return undefined
    const value = readWord(buffer, tagAt, tag)
    const found = byTag.get(value) ?? candidates(value)
    if (found === undefined) return otherwise
    const left = buffer.end - at
    for (const { rule, size, part } of found) if (size <= left && mayOccur(rule, context)) return part
    return undefined
  }
  return { ofValue, onWire }
}
