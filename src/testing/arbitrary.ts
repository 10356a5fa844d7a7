import * as fc from 'fast-check'
import type { ListSchema } from '../wire/array.ts'
import { WireReader, WireWriter } from '../wire/buffer.ts'
import type { Count, TailSchema } from '../wire/bytes.ts'
import { anyContext, type WireContext } from '../wire/context.ts'
import { interpretEncode, measureValue } from '../wire/interpret.ts'
import { type Node, nodeOf, type Siblings } from '../wire/node.ts'
import type { StructSchema } from '../wire/struct.ts'
import type { Extra, Structure } from '../wire/structure.ts'
import { mayOccur, type UnionSchema } from '../wire/union.ts'
import { wordArbitrary } from './arbitrary-word.ts'

/**
 * Values of a structure under a context: every one encodes, and decodes back to itself. Inclined to 0, the ends of ranges and the
 * edges of bits; unknown enumeration values, unknown flags, non-zero reserved space and `extra` now and then; counts agree; of a
 * union only the variants that a decoder would pick again.
 */
export function arbitraryOf<T>(schema: Structure<T>, context: WireContext = anyContext): fc.Arbitrary<T & Extra> {
  const node = nodeOf(schema)
  const place = { context, last: true, siblings: {} }
  let arbitrary = arbitraryAt(node, place)
  if (!absorbs(node)) {
    const extra = fc.uint8Array({ minLength: 1, maxLength: 8 })
    const longer = fc
      .tuple(arbitraryAt(node, { ...place, last: false }), extra)
      .map(([value, extra]) => ({ ...Object(value), extra }))
    arbitrary = fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: longer })
  }
  // Sound: generated field by field from the schema whose values are T.
  return arbitrary as fc.Arbitrary<T & Extra>
}

/** Where a value is to stand. */
interface Place {
  readonly context: WireContext
  /** Whether no bytes follow it. */
  readonly last: boolean
  /** The fields before it. */
  readonly siblings: Siblings
}

/** Whether a node takes all bytes up to the end of the input, so that nothing can be behind it. */
function absorbs(node: Node): boolean {
  if (node.kind === 'tail') return node.count === undefined
  if (node.kind === 'list') return node.count === undefined || absorbs(node.element)
  if (node.kind === 'struct') return node.layout.some((field) => absorbs(field.schema))
  return node.kind === 'union' && node.schemas.some(absorbs)
}

/** Values of a node; `undefined` stands for an optional field that is absent. */
function arbitraryAt(node: Node, place: Place): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'struct':
      return structArbitrary(node, place)
    case 'union':
      return node.selector.by === 'tag' ? taggedArbitrary(node, place) : chosenArbitrary(node, place)
    case 'array':
      return elements(node.element, place, node.length, node.length)
    case 'list':
      return elements(node.element, place, 0, mostElements(node))
    case 'tail':
      return fc.uint8Array({ maxLength: 24 })
    default:
      return wordArbitrary(node)
  }
}

function mostElements(node: ListSchema): number {
  return absorbs(node.element) ? 1 : 5
}

// What is longer repeats itself.
const longArray = 8

function elements(element: Node, place: Place, least: number, most: number): fc.Arbitrary<unknown[]> {
  const last = place.last && absorbs(element)
  const one = arbitraryAt(element, { ...place, last })
  if (least <= longArray) return fc.array(one, { minLength: least, maxLength: most })
  return fc
    .array(one, { minLength: longArray, maxLength: longArray })
    .map((pattern) => Array.from({ length: least }, (_, index) => pattern[index % longArray]))
}

type Fields = Readonly<Record<string, unknown>>

function structArbitrary(node: StructSchema, place: Place): fc.Arbitrary<Fields> {
  const lastField = node.layout.at(-1)
  const inside = (name: string, siblings: Siblings): Place => {
    return { context: place.context, last: place.last && name === lastField?.name, siblings }
  }
  // First the fields that stand for themselves, then, in wire order, those that depend on others.
  const free = node.layout.filter((field) => !depends(field.schema))
  let arbitrary: fc.Arbitrary<Fields> = fc
    .tuple(...free.map(({ name, schema }) => arbitraryAt(schema, inside(name, {}))))
    .map((values) => Object.fromEntries(free.map(({ name }, index) => [name, values[index]])))
  for (const { name, schema } of node.layout) {
    if (!depends(schema)) continue
    if ((schema.kind === 'tail' || schema.kind === 'list') && schema.count !== undefined) {
      const { count } = schema
      arbitrary = arbitrary.chain((fields) => countedArbitrary(schema, count, name, fields, inside(name, fields)))
    } else {
      arbitrary = arbitrary
        .filter((fields) => schema.kind !== 'union' || chosenMember(schema, fields, place.context) !== undefined)
        .chain((fields) => arbitraryAt(schema, inside(name, fields)).map((value) => ({ ...fields, [name]: value })))
    }
  }
  return arbitrary.map((fields) => {
    const present = node.layout.filter(({ name, optional }) => !(optional && isNothing(fields[name])))
    return Object.fromEntries(present.map(({ name }) => [name, fields[name]]))
  })
}

/** Whether an optional field's value says nothing: then values lack it. Reserved space is `undefined` when zero. */
function isNothing(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.byteLength === 0
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

/** Whether a field's form follows from the fields before it. */
function depends(node: Node): boolean {
  if (node.kind === 'tail') return node.count !== undefined
  if (node.kind === 'list') return node.count !== undefined || depends(node.element)
  return node.kind === 'union' && node.selector.by === 'siblings'
}

/** Bytes or elements, and the fields before them made to announce as many. */
function countedArbitrary(
  schema: TailSchema | ListSchema,
  count: Count,
  name: string,
  fields: Fields,
  place: Place,
): fc.Arbitrary<Fields> {
  const most = schema.kind === 'list' ? mostElements(schema) : 24
  return fc.integer({ min: 0, max: most }).chain((wanted) => {
    const { length, announced } = settle(count, fields, wanted)
    const content =
      schema.kind === 'list'
        ? elements(schema.element, { ...place, siblings: announced }, length, length)
        : fc.uint8Array({ minLength: length, maxLength: length })
    return content.map((value) => ({ ...announced, [name]: value }))
  })
}

/** The next length that the fields can announce: some count in units of 8 bytes, or start at a header's size. */
function settle(count: Count, fields: Fields, wanted: number): { length: number; announced: Fields } {
  for (let step = 0; step < 2 * furthest; step++) {
    const length = step < furthest ? wanted + step : wanted - (step - furthest)
    if (length < 0) break
    const announced = count.set(fields, length)
    if (count.get(announced) === length) return { length, announced }
  }
  throw new RangeError(`no count near ${wanted} can be announced: ${count.text}`)
}

const furthest = 64

function chosenMember(node: UnionSchema, siblings: Siblings, context: WireContext): StructSchema | undefined {
  return node.selector.by === 'siblings' ? node.member(node.selector.choose(siblings, context)) : undefined
}

function chosenArbitrary(node: UnionSchema, place: Place): fc.Arbitrary<Fields> {
  const member = chosenMember(node, place.siblings, place.context)
  if (member === undefined) throw new RangeError(`${node.name}: no variant is chosen`)
  return typed(member, place)
}

function typed(member: StructSchema, place: Place): fc.Arbitrary<Fields> {
  return structArbitrary(member, place).map((fields) => ({ type: member.name, ...fields }))
}

function taggedArbitrary(node: UnionSchema, place: Place): fc.Arbitrary<Fields> {
  const picksAgain = (member: StructSchema) => (value: Fields) => {
    const bytes = new Uint8Array(measureValue(member, value, place.context))
    interpretEncode(member, new WireWriter(bytes), 0, value, place.context)
    const found = node.candidates(new WireReader(bytes), 0, {}, place.context)
    return !('code' in found) && found[0] === member
  }
  const possible: fc.Arbitrary<Fields>[] = []
  for (const tag of node.tags) {
    const allowed = node.tagged(tag).filter((member) => mayOccur(member, place.context))
    const longestFirst = allowed.map((member) => member.schema).sort((a, b) => b.size - a.size)
    for (const [index, member] of longestFirst.entries()) {
      const longer = longestFirst[index - 1]
      // A shorter form is taken only where the input is too short for the longer one.
      if (longer === undefined) possible.push(typed(member, place))
      else if (place.last && member.size < longer.size) possible.push(typed(member, place).filter(picksAgain(member)))
    }
  }
  const otherwise = node.selector.by === 'tag' ? node.selector.otherwise : undefined
  if (otherwise !== undefined) possible.push(typed(otherwise, place).filter(picksAgain(otherwise)))
  if (possible.length === 0) throw new RangeError(`${node.name}: no variant can occur in this context`)
  return fc.oneof(...possible)
}
