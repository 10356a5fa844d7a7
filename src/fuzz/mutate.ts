import { type Annotation, annotate } from '../wire/annotate.ts'
import { anyContext, type WireContext } from '../wire/context.ts'
import type { Node } from '../wire/node.ts'
import type { Structure } from '../wire/structure.ts'
import { tryDecode } from '../wire/try-decode.ts'
import type { Draw } from './draw.ts'

/** One way to spoil some bytes: at `offset`, `insert` takes the place of `remove` bytes. Plain data. */
export interface Mutation {
  /** The field that is hit, as faults name it; empty for the structure as a whole. */
  readonly path: string
  /** Byte offset of the change. */
  readonly offset: number
  /** What was done, for people: `cut off in the middle`, `set to 0xffffffff`. */
  readonly what: string
  readonly remove: number
  readonly insert: Uint8Array
}

/** The bytes with a mutation done to them. One beyond their end, as after another mutation, changes only what is there. */
export function applyMutation(bytes: Uint8Array, { offset, remove, insert }: Mutation): Uint8Array {
  const from = Math.min(offset, bytes.byteLength)
  const end = Math.min(from + remove, bytes.byteLength)
  const result = new Uint8Array(bytes.byteLength - (end - from) + insert.byteLength)
  result.set(bytes.subarray(0, from))
  result.set(insert, from)
  result.set(bytes.subarray(end), from + insert.byteLength)
  return result
}

/**
 * Every mutation that the schema suggests for these bytes: each word at its ends, one more, one less, zero and all ones; unknown
 * enumeration values, bits without a name, reserved space that is not zero; another variant's tag; a byte or an element more or
 * less than announced; cut off before and within each field; bytes behind the end.
 */
export function mutationsOf<T>(
  schema: Structure<T>,
  bytes: Uint8Array,
  context: WireContext = anyContext,
): readonly Mutation[] {
  return rowsOf(schema, bytes, context).flatMap((row) => mutationsAt(row, bytes))
}

/** One of {@link mutationsOf}, every field as likely as the next; sometimes a flipped bit anywhere. */
export function mutate<T>(
  schema: Structure<T>,
  bytes: Uint8Array,
  draw: Draw,
  context: WireContext = anyContext,
): Mutation {
  if (bytes.byteLength > 0 && draw.oneIn(8)) return flip(bytes, draw)
  const choices = mutationsAt(draw.pick(rowsOf(schema, bytes, context)), bytes)
  return choices.length > 0 ? draw.pick(choices) : extend(bytes, 8)
}

/** A bit turned over, wherever: what no schema suggests. */
export function flip(bytes: Uint8Array, draw: Draw): Mutation {
  const offset = draw.below(bytes.byteLength)
  const bit = draw.below(8)
  return {
    path: '',
    offset,
    what: `bit ${bit} flipped`,
    remove: 1,
    insert: Uint8Array.of((bytes[offset] ?? 0) ^ (1 << bit)),
  }
}

function extend(bytes: Uint8Array, length: number): Mutation {
  const insert = new Uint8Array(length).fill(0xaa)
  return { path: '', offset: bytes.byteLength, what: `${length} bytes more at the end`, remove: 0, insert }
}

function rowsOf<T>(schema: Structure<T>, bytes: Uint8Array, context: WireContext): readonly Annotation[] {
  const { value } = tryDecode(schema, bytes, context)
  return annotate(schema, value, bytes.byteLength).filter(({ offset }) => offset <= bytes.byteLength)
}

function mutationsAt(row: Annotation, bytes: Uint8Array): Mutation[] {
  const { path, offset, size, schema, depth } = row
  const found: Mutation[] = []
  const add = (what: string, remove: number, insert: Uint8Array, at = offset): void => {
    found.push({ path, offset: at, what, remove, insert })
  }
  const none = new Uint8Array(0)
  const left = bytes.byteLength - offset
  if (depth > 0 && left > 0) add('cut off before it', left, none)
  if (size > 1 && left > 1) add('cut off in the middle', left - (size >> 1), none, offset + (size >> 1))
  if (depth === 0) found.push(extend(bytes, 1), extend(bytes, 8), extend(bytes, 24))
  if (schema === undefined || size > left) return found
  for (const [what, word] of wordsFor(schema, bytes, offset)) {
    add(what, schema.kind === 'array' ? schema.element.size : Math.min(8, size), word)
  }
  if ((schema.kind === 'tail' || schema.kind === 'list') && size > 0) {
    const one = schema.kind === 'tail' ? 1 : Math.min(size, schema.element.size)
    add('its first part left out', one, none)
    add('left out', size, none)
    add('its first part twice', 0, bytes.slice(offset, offset + one))
  } else if (schema.kind === 'tail' || schema.kind === 'list') {
    add('8 bytes that were not announced', 0, new Uint8Array(8))
  }
  if (schema.kind === 'union' && schema.selector.by === 'tag') {
    const { offset: within, tag } = schema.selector
    const order = orderOf(tag)
    const present = wordAt(bytes, offset + within, tag.size, order)
    for (const other of schema.tags) {
      if (BigInt(other) === present) continue
      add(`taken for type ${other}`, tag.size, wordBytes(BigInt(other), tag.size, order), offset + within)
    }
    const unknown = BigInt(Math.max(...schema.tags) + 1)
    add(`unknown type ${unknown}`, tag.size, wordBytes(unknown, tag.size, order), offset + within)
  }
  return found
}

/** New contents for a field without parts, or for the first element of an array of words. */
function wordsFor(schema: Node, bytes: Uint8Array, offset: number): (readonly [string, Uint8Array])[] {
  switch (schema.kind) {
    case 'int':
    case 'int64':
    case 'constant':
      return words(bytes, offset, schema, [])
    case 'enum': {
      const unknown = Object.values(schema.values).reduce((most, value) => Math.max(most, value), 0) + 1
      return words(bytes, offset, schema, [[`unknown value ${unknown}`, BigInt(unknown)]])
    }
    case 'flags':
    case 'flags64': {
      const known = Object.values<number | bigint>(schema.masks).reduce<bigint>((all, mask) => all | BigInt(mask), 0n)
      return words(bytes, offset, schema, strangers(known, schema.size, wordOf(schema, bytes, offset)))
    }
    case 'bits':
      return words(bytes, offset, schema, strangers(schema.known, schema.size, wordOf(schema, bytes, offset)))
    case 'reserved':
    case 'guid':
    case 'bytes':
    case 'text': {
      const size = Math.min(8, schema.size)
      const reserved = schema.kind === 'reserved' ? 'reserved: ' : ''
      return [
        [`${reserved}lowest bit set`, wordBytes(wordAt(bytes, offset, size) | 1n, size)],
        [`${reserved}all ones`, wordBytes((1n << BigInt(8 * size)) - 1n, size)],
        ['set to 0', new Uint8Array(size)],
      ]
    }
    case 'array':
      return schema.element.size > 8 || schema.length === 0 ? [] : wordsFor(schema.element, bytes, offset)
    default:
      return []
  }
}

/** The lowest bit that has no name, set. */
function strangers(known: bigint, size: number, present: bigint): [string, bigint][] {
  for (let bit = 0; bit < 8 * size; bit++) {
    const mask = 1n << BigInt(bit)
    if ((known & mask) === 0n) return [[`reserved bit ${bit} set`, present | mask]]
  }
  return []
}

type Word = Node & { kind: 'int' | 'int64' | 'constant' | 'enum' | 'flags' | 'flags64' | 'bits' }
type Order = 'little' | 'big'

/** Which byte of a word is first. */
function orderOf(word: Word): Order {
  if (word.kind === 'constant') return orderOf(word.inner)
  return (word.kind === 'int' || word.kind === 'int64' ? word : word.base).bigEndian ? 'big' : 'little'
}

function wordOf(word: Word, bytes: Uint8Array, offset: number): bigint {
  return wordAt(bytes, offset, word.size, orderOf(word))
}

function words(
  bytes: Uint8Array,
  offset: number,
  word: Word,
  more: readonly (readonly [string, bigint])[],
): (readonly [string, Uint8Array])[] {
  const { size } = word
  const present = wordOf(word, bytes, offset)
  const ones = (1n << BigInt(8 * size)) - 1n
  const half = ones >> 1n
  const all: (readonly [string, bigint])[] = [
    ['set to 0', 0n],
    ['set to 1', 1n],
    ['one more', (present + 1n) & ones],
    ['one less', (present - 1n) & ones],
    [`set to ${half}, the largest positive`, half],
    [`set to ${half + 1n}, the sign bit alone`, half + 1n],
    ['all ones', ones],
    ...more,
  ]
  return all.filter(([, next]) => next !== present).map(([what, next]) => [what, wordBytes(next, size, orderOf(word))])
}

function wordAt(bytes: Uint8Array, offset: number, size: number, order: Order = 'little'): bigint {
  let word = 0n
  for (let index = 0; index < size; index++) {
    const at = order === 'big' ? index : size - 1 - index
    word = (word << 8n) | BigInt(bytes[offset + at] ?? 0)
  }
  return word
}

function wordBytes(word: bigint, size: number, order: Order = 'little'): Uint8Array {
  const bytes = Uint8Array.from({ length: size }, (_, index) => Number((word >> BigInt(8 * index)) & 0xffn))
  return order === 'big' ? bytes.reverse() : bytes
}
