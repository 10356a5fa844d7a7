import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../src/wire/compile.ts'
import {
  array,
  bit,
  bitField,
  bits,
  bytes,
  choice,
  constant,
  counted,
  countedBytes,
  flags,
  flags64,
  gap,
  guidField,
  i8,
  i16,
  i32,
  i64,
  isWireError,
  openEnum,
  reserved,
  rest,
  restOf,
  type StructSchema,
  struct,
  type UnionSchema,
  u8,
  u16,
  u32,
  u64,
  union,
  utf16,
  type WireContext,
  WireReader,
  WireWriter,
  wideBitField,
} from '../src/wire/index.ts'
import { interpreter } from '../src/wire/interpret.ts'
import { seeded } from './seed.ts'

const Empty = struct('Empty', {})
const Integers = struct('Integers', { a: u8, b: i8, c: u16, d: i16, e: u32, f: i32, g: u64, h: i64 })
const Words = struct('Words', {
  kind: openEnum('Kind', u16, { One: 1 }),
  signedKind: openEnum('SignedKind', i8, { Minus: -1 }),
  flags: flags('Flags', u8, { low: 1 }),
  signedFlags: flags('SignedFlags', i32, { low: 1 }),
  wide: flags64('Wide', u64, { low: 1n }),
  signedWide: flags64('SignedWide', i64, { low: 1n }),
})
const Bits = struct('Bits', {
  small: bits(u8, { on: bit(0), rest: bitField(1, 7) }),
  sparse: bits(u16, { on: bit(15), mid: bitField(4, 3) }),
  word: bits(u32, { all: bitField(0, 32) }),
  top: bits(u32, { low: bitField(0, 31), high: bit(31) }),
  halves: bits(u64, {
    enable: bit(0),
    cross: bitField(20, 24),
    high: bit(63),
    upper: bitField(44, 19),
    low: bitField(1, 19),
  }),
  crossing: bits(u64, { cross: bitField(16, 32), low: bitField(0, 16), high: bitField(48, 16) }),
  page: bits(u64, { enable: bit(0), vector: bitField(4, 8), page: wideBitField(12, 52) }),
  none: bits(u16, {}),
})
const OddBits = struct('OddBits', {
  bigint: bits(u32, { tiny: wideBitField(4, 8), on: bit(0) }),
  both: bits(u64, { wide: wideBitField(30, 4), on: bit(0) }),
})
const Blobs = struct('Blobs', { id: guidField, raw: bytes(5), text: utf16(12), none: bytes(0) })
const Header = struct('Header', { type: constant(u32, 5), pad: reserved(u32) })
const Quiet = struct('Quiet', {
  header: Header,
  a: reserved(7),
  value: u16,
  b: reserved(u64),
  c: reserved(100),
  d: constant(openEnum('E', u8, {}), 255),
  e: reserved(i16),
})
const Nested = struct('Nested', { outer: struct('Outer', { inner: Integers, header: Header, x: u8 }), last: u16 })
const Arrays = struct('Arrays', {
  ints: array(u16, 3),
  pairs: array(struct('Pair', { a: u8, header: Header, b: u64 }), 2),
  matrix: array(array(u8, 2), 2),
  empties: array(Empty, 2),
  words: array(bits(u8, { on: bit(0), more: bitField(1, 3) }), 2),
})
const Tail = struct('Tail', {
  length: u8,
  data: countedBytes('length'),
  after: u16,
  more: reserved(u8),
  others: rest(),
})
const Gap = struct('Gap', {
  offset: u8,
  hole: gap({
    get: (fields) => Number(fields.offset),
    set: (fields, count) => ({ ...fields, offset: count }),
    text: 'offset',
  }),
  value: u16,
})
const GapOnly = struct('GapOnly', {
  type: constant(u8, 1),
  hole: gap({ get: () => 0, set: (fields) => fields, text: 'none' }),
})
const AroundGap = struct('AroundGap', { a: u8, gap: GapOnly, b: u8 })
const Lists = struct('Lists', {
  count: u8,
  pairs: counted(struct('P', { a: u8, b: u16 }), 'count'),
  tails: counted(Tail, 'count'),
  ints: restOf(u32),
})
const Deep = struct('Deep', { lead: u8, inner: Tail })
const InnerList = struct('InnerList', { count: u8, list: counted(u16, 'count') })
const RestOfVariable = struct('RestOfVariable', { head: u16, lists: restOf(InnerList) })
const StrangeCount = struct('StrangeCount', {
  count: i8,
  data: countedBytes({ get: (fields) => Number(fields.count) / 2, set: (fields) => fields, text: 'count / 2' }),
})

const Short = struct('Short', { tag: constant(u8, 1), a: u8 })
const Long = struct('Long', { type2: constant(u8, 1), a: u8, b: u32 })
const Other = struct('Other', { header: struct('H', { type1: constant(u8, 2) }), data: rest() })
const Unknown = struct('Unknown', { tag: u8, data: rest() })
const ShortMember = struct('ShortMember', { tag: constant(u8, 1), a: u8 })
const members = [
  { schema: ShortMember },
  { schema: Long, since: 5, from: 'host' },
  { schema: Other, before: 7, features: 2, unless: 4 },
] as const
const Closed = union('Closed', { offset: 0, tag: u8 }, members)
const Open = union('Open', { offset: 0, tag: u8, otherwise: Unknown }, members)
const Wide = union('Wide', { offset: 2, tag: u16 }, [
  { schema: struct('A', { x: u16, tag: constant(u16, 0x102), y: u8 }) },
  { schema: struct('B', { x: u16, tag: constant(u16, 0x103), y: u64, z: reserved(u32) }) },
])
const Fixed = choice(
  'Fixed',
  [struct('Numbers', { a: u16, b: u16 }), struct('Raw', { raw: bytes(4) })],
  (fields) => (fields.kind === 1 ? 'Numbers' : 'Raw'),
  'by kind',
)
const Chosen = struct('Chosen', { kind: u8, body: Fixed, after: u8 })
const ChosenNested = struct('ChosenNested', { head: u8, inner: Chosen, more: array(Chosen, 2), bare: array(Fixed, 2) })
const ByContext = choice(
  'ByContext',
  [Short, Unknown],
  (_fields, context) => (context.version === 5 ? 'Short' : 'Unknown'),
  'by version',
)
const WithUnions = struct('WithUnions', { count: u8, list: counted(Open, 'count'), one: Closed, context: ByContext })
const FixedList = struct('FixedList', { kind: u8, fixed: counted(Fixed, 'kind') })

const id = '11223344-5566-7788-99aa-bbccddeeff00'
const integers = { a: 1, b: -2, c: 3, d: -4, e: 0xffffffff, f: -1, g: 1n << 63n, h: -5n }
const tail = { length: 2, data: new Uint8Array([1, 2]), after: 3, others: new Uint8Array([4]) }
const chosen = { kind: 1, body: { type: 'Numbers', a: 1, b: 2 }, after: 3 }

/** Every schema with a value in the usual form, which compiled code handles by itself. */
const cases: readonly [StructSchema | UnionSchema, object][] = [
  [Empty, {}],
  [Integers, integers],
  [Words, { kind: 9, signedKind: -1, flags: 255, signedFlags: 5, wide: 1n << 63n, signedWide: 1n }],
  [
    Bits,
    {
      small: { on: true, rest: 3 },
      sparse: { on: true, mid: 7 },
      word: { all: 0xffffffff },
      top: { low: 0x7fffffff, high: true },
      halves: { enable: true, cross: 0xabcdef, high: true, upper: 5, low: 6 },
      crossing: { cross: 0xfedcba98, low: 1, high: 0xffff },
      page: { enable: true, vector: 0xaa, page: 0xfffffffffffffn },
      none: {},
    },
  ],
  [OddBits, { bigint: { tiny: 255n, on: true }, both: { wide: 15n, on: false } }],
  [Blobs, { id, raw: new Uint8Array([1, 2, 3, 4, 5]), text: 'aé', none: new Uint8Array(0) }],
  [Quiet, { value: 7 }],
  [Nested, { outer: { inner: integers, x: 1 }, last: 2 }],
  [
    Arrays,
    {
      ints: [1, 2, 3],
      pairs: [
        { a: 1, b: 2n },
        { a: 3, b: 4n },
      ],
      matrix: [
        [1, 2],
        [3, 4],
      ],
      empties: [{}, {}],
      words: [
        { on: true, more: 3 },
        { on: false, more: 0 },
      ],
    },
  ],
  [Tail, tail],
  [Gap, { offset: 0, value: 5 }],
  [AroundGap, { a: 1, b: 2 }],
  [Lists, { count: 1, pairs: [{ a: 1, b: 2 }], tails: [tail], ints: [] }],
  [Deep, { lead: 1, inner: tail }],
  [
    RestOfVariable,
    {
      head: 1,
      lists: [
        { count: 2, list: [3, 4] },
        { count: 0, list: [] },
      ],
    },
  ],
  [StrangeCount, { count: 4, data: new Uint8Array([1, 2]) }],
  [Closed, { type: 'Other', data: new Uint8Array([1]) }],
  [Open, { type: 'Long', a: 1, b: 2 }],
  [Wide, { type: 'B', x: 1, y: 2n }],
  [Chosen, chosen],
  [
    ChosenNested,
    { head: 1, inner: chosen, more: [chosen, chosen], bare: [chosen.body, { type: 'Raw', raw: new Uint8Array(4) }] },
  ],
  [
    WithUnions,
    {
      count: 2,
      list: [
        { type: 'Long', a: 1, b: 2 },
        { type: 'ShortMember', a: 1 },
      ],
      one: { type: 'ShortMember', a: 3 },
      context: { type: 'Short', a: 4 },
    },
  ],
  [ByContext, { type: 'Short', a: 4 }],
  [FixedList, { kind: 1, fixed: [{ type: 'Numbers', a: 1, b: 2 }] }],
]

const contexts: readonly (WireContext | undefined)[] = [
  undefined,
  {},
  { version: 5 },
  { version: 4, from: 'host' },
  { version: 9, features: 2 },
  { features: 6, from: 'guest' },
]

/** A result as text in which the order of properties and the types of numbers show. */
function text(value: unknown): string {
  if (value instanceof Uint8Array) return `bytes ${Array.from(value).join(' ')}`
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, part]) => `${name}: ${text(part)}`)
      .join(', ')}}`
  }
  return typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : String(value)
}

/** What a call did: its result, or its error in full. */
function outcome(call: () => unknown): string {
  try {
    return text(call())
  } catch (error) {
    if (isWireError(error)) return `${error.message} | ${error.structure} ${error.code} ${error.path} ${error.offset}`
    return error instanceof RangeError ? `RangeError ${error.message}` : `unexpected: ${String(error)}`
  }
}

class Inherited {
  get a(): number {
    return 1
  }
}

const odd: readonly unknown[] = [
  undefined,
  null,
  -1,
  0,
  -0,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  255,
  256,
  65536,
  2 ** 31,
  2 ** 32,
  -(2 ** 31),
  5n,
  -5n,
  1n << 63n,
  1n << 64n,
  true,
  false,
  '',
  'x',
  'Numbers',
  'constructor',
  'too long for any of the texts',
  id,
  id.toUpperCase(),
  [],
  [1],
  [1, 2, 3],
  {},
  { value: 1 },
  { a: 1 },
  { type: 'ShortMember', a: 1 },
  new Uint8Array(0),
  new Uint8Array(4),
  new Inherited(),
  Object.create({ a: 1 }),
  Object.assign(Object.create(null), { a: 1 }),
  Symbol('s'),
  () => 1,
  1234567n << 60n,
  { valueOf: () => 1 },
]

/** Replaces, removes or adds one thing somewhere in a value. */
function spoil(value: unknown, steps: readonly number[], replacement: unknown): unknown {
  const [step = 0, ...more] = steps
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || more.length === 0)
    return replacement
  const names = Object.keys(value)
  if (names.length === 0) return replacement
  const name = names[step % names.length] ?? ''
  const result: Record<string, unknown> | unknown[] = Array.isArray(value) ? value.slice() : { ...value }
  if (step === 98) Reflect.set(result, Array.isArray(value) ? 'length' : 'hole', 0)
  else if (step === 99) Reflect.deleteProperty(result, name)
  else Reflect.set(result, name, spoil(Reflect.get(value, name), more, replacement))
  return result
}

const fast = new Map(cases.map(([schema]) => [schema, compile(schema)]))

describe('compiled codec and interpreter', () => {
  for (const [schema, value] of cases) {
    const slow = interpreter(schema)
    const quick = fast.get(schema) ?? slow

    const sameEncoding = (given: unknown, room: number, at: number, context: WireContext | undefined) => {
      const expected = new WireWriter(new Uint8Array(room).fill(0xee))
      const actual = new WireWriter(new Uint8Array(room).fill(0xee))
      const wanted = outcome(() => slow.encodeAt(expected, at, given, context))
      expect(outcome(() => quick.encodeAt(actual, at, given, context))).toBe(wanted)
      if (wanted.includes('|') || wanted.startsWith('R')) return
      expect(text(actual.bytes)).toBe(text(expected.bytes))
      expect(actual.byteOffset).toBe(expected.byteOffset)
      const trusted = new WireWriter(new Uint8Array(room).fill(0xee))
      expect(quick.encodeTrustedAt(trusted, at, given, context)).toBe(expected.byteOffset)
      expect(text(trusted.bytes)).toBe(text(expected.bytes))
      expect(trusted.byteOffset).toBe(expected.byteOffset)
    }
    const sameDecoding = (input: Uint8Array, at: number, context: WireContext | undefined): unknown => {
      const expected = new WireReader(input)
      const actual = new WireReader(input)
      const wanted = outcome(() => slow.decodeAt(expected, at, context))
      expect(outcome(() => quick.decodeAt(actual, at, context))).toBe(wanted)
      if (wanted.includes('|') || wanted.startsWith('R')) return undefined
      expect(actual.byteOffset).toBe(expected.byteOffset)
      return slow.decodeAt(expected, at, context)
    }

    it(`agree on ${schema.name}: the usual form at every length, in every context`, () => {
      for (const context of contexts) {
        const writer = new WireWriter(new Uint8Array(1000))
        const end = slow.encodeAt(writer, 3, value, context)
        sameEncoding(value, end, 3, context)
        for (let room = 0; room <= end + 9; room++) {
          sameEncoding(value, room, 3, context)
          sameDecoding(writer.bytes.slice(0, room), 3, context)
        }
        for (const at of [-1, 0.5, Number.NaN, 2 ** 32, 2 ** 53, 2000]) {
          sameEncoding(value, 100, at, context)
          sameDecoding(new Uint8Array(100), at, context)
        }
      }
    })

    it(`agree on ${schema.name}: mutated and random bytes`, () => {
      const canonical = new WireWriter(new Uint8Array(1000))
      const end = slow.encodeAt(canonical, 0, value, undefined)
      const mutated = fc
        .tuple(
          fc.array(fc.tuple(fc.nat(end + 8), fc.constantFrom(0, 1, 2, 3, 0x7f, 0x80, 0xff)), { maxLength: 4 }),
          fc.nat(end + 16),
          fc.boolean(),
        )
        .map(([changes, cut, whole]) => {
          const input = canonical.bytes.slice(0, whole ? end + 8 : cut)
          for (const [at, byte] of changes) if (at < input.length) input[at] = byte
          return input
        })
      const input = fc.oneof(mutated, fc.uint8Array({ maxLength: schema.size + 40 }))
      fc.assert(
        fc.property(input, fc.constantFrom(...contexts), (bytes, context) => {
          const decoded = sameDecoding(bytes, 0, context)
          if (decoded !== undefined) sameEncoding(decoded, bytes.length + 4, 2, context)
        }),
        seeded,
      )
    })

    it(`agree on ${schema.name}: spoiled values`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.nat(99), { minLength: 1, maxLength: 5 }),
          fc.constantFrom(...odd),
          fc.nat(40),
          fc.constantFrom(...contexts),
          (steps, replacement, room, context) => {
            sameEncoding(spoil(value, steps, replacement), schema.size + room, 0, context)
          },
        ),
        { ...seeded, numRuns: 5 * seeded.numRuns },
      )
    })
  }
})
