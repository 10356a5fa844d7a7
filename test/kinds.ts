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
  countIn,
  flags,
  flags64,
  gap,
  guidField,
  Int64Schema,
  IntSchema,
  i8,
  i16,
  i32,
  i64,
  openEnum,
  pinned,
  reserved,
  rest,
  restOf,
  type Structure,
  struct,
  u8,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  union,
  utf16,
  wideBitField,
} from '../src/wire/index.ts'

// One structure for each way of describing one: what the properties over all schemas run on beside the real ones.

export const Colour = openEnum('Colour', u16, { Red: 1, Green: 2, Blue: 0x8000 })
export const Marks = flags('Marks', u32, { first: 0x1, second: 0x8, last: 0x8000_0000 })
export const Header = struct('Header', { messageType: u32, padding: reserved(u32) }, { size: 8 })

export const Words = struct('Words', { a: u8, b: i8, c: u16, d: i16, e: u32, f: i32, g: u64, h: i64 }, { size: 30 })

export const Names = struct('Names', {
  colour: Colour,
  marks: Marks,
  wide: flags64('Wide', u64, { low: 1n, high: 1n << 63n }),
  word: bits(u16, { on: bit(0), level: bitField(1, 3), colour: bitField(4, 4, openEnum('Small', u8, { Red: 1 })) }),
  page: bits(u64, { enable: bit(0), kind: bitField(1, 32), number: wideBitField(33, 31) }),
})

const NetworkWord = struct('NetworkWord', { tag: constant(u16be, 0x0102), value: u32be })
const NetworkHalf = struct('NetworkHalf', {
  tag: constant(openEnum('Half', u16be, { half: 0x0201 }), 0x0201),
  value: i8,
})

/** Words whose first byte is the highest, in every role that a word can have. */
export const Network = struct('Network', {
  short: u16be,
  long: u32be,
  wide: u64be,
  signed: new IntSchema(4, true, true),
  signedShort: new IntSchema(2, true, true),
  signedWide: new Int64Schema(true, true),
  ether: openEnum('EtherType', u16be, { IPv4: 0x0800, ARP: 0x0806 }),
  marks: flags('NetworkMarks', u32be, { first: 0x1, last: 0x8000_0000 }),
  wideMarks: flags64('NetworkWideMarks', u64be, { low: 1n, high: 1n << 63n }),
  fragment: bits(u16be, { more: bit(13), offset: bitField(0, 13) }),
  address: bits(u32be, { network: bitField(24, 8), host: bitField(0, 24) }),
  pad: reserved(u16be),
  magic: constant(u32be, 0x0102_0304),
  ports: array(u16be, 2),
  body: union('NetworkBody', { offset: 0, tag: u16be }, [{ schema: NetworkWord }, { schema: NetworkHalf }]),
  rest: restOf(u32be),
})

export const Runs = struct('Runs', {
  id: guidField,
  raw: bytes(5),
  text: utf16(8),
  gap: reserved(3),
  word: reserved(u16),
  wide: reserved(u64),
  five: constant(u32, 5),
})

export const Pair = struct('Pair', { x: u16, y: reserved(u16) }, { size: 4 })

export const Nested = struct(
  'Nested',
  {
    header: pinned(Header, { messageType: 7 }),
    pair: Pair,
    pairs: array(Pair, 3),
    grid: array(array(u16, 2), 2),
    many: array(u32, 40),
  },
  { aliases: { linux: 'nested', also: ['n1', 'n2'] } },
)

export const Tail = struct('Tail', { kind: u16, data: rest() })

export const Counts = struct('Counts', {
  pairCount: u16,
  dataLength: u8,
  pairs: counted(Pair, 'pairCount'),
  data: countedBytes('dataLength'),
  after: u32,
})

/** Lengths in units of 8 bytes from the start, as a packet's descriptor has them. */
export const Packet = struct('Packet', {
  offset8: u16,
  length8: u16,
  options: gap({
    get: (fields) => 8 * Number(fields.offset8) - 4,
    set: (fields, count) => ({ ...fields, offset8: Math.floor((count + 4) / 8) }),
    text: 'offset8 × 8 − 4',
  }),
  payload: countedBytes({
    get: (fields) => 8 * (Number(fields.length8) - Number(fields.offset8)),
    set: (fields, count) => ({ ...fields, length8: Number(fields.offset8) + Math.floor(count / 8) }),
    text: '(length8 − offset8) × 8',
  }),
})

/** Elements that are of variable size themselves. */
export const Ranges = struct('Ranges', {
  ranges: restOf(struct('Range', { length: u8, pages: counted(u64, 'length') })),
})

const Old = struct('Old', { header: pinned(Header, { messageType: 1 }), a: u32 })
const New = struct('New', { header: pinned(Header, { messageType: 1 }), a: u32, b: u32 })
const Newest = struct('Newest', { header: pinned(Header, { messageType: 1 }), a: u32, b: u32, c: u16, d: rest() })
const Other = struct('Other', { header: pinned(Header, { messageType: 2 }), ids: restOf(u32) })
const Unknown = struct('Unknown', { header: Header, data: rest() })

/** By tag, then version, features, sender and size. */
export const Message = union('Message', { offset: 0, tag: u32, otherwise: Unknown }, [
  { schema: Old },
  { schema: New, since: 2 },
  { schema: Newest, since: 3, features: 0x4 },
  { schema: Other, from: 'guest' },
])

const Even = struct('Even', { half: u32 })
const Odd = struct('Odd', { left: u16, right: u16 })

/** By a field before it, all variants of one size. */
export const Chosen = struct('Chosen', {
  number: u8,
  body: choice('Body', [Even, Odd], ({ number }) => (Number(number) % 2 === 0 ? 'Even' : 'Odd'), 'number even or odd'),
  after: u16,
})

const Short = struct('Short', { tag: constant(u8, 1) })
const Long = struct('Long', { tag: constant(u8, 2), value: u32 })

/** A union of fixed size without a fallback, and a list of unions of different sizes. */
export const Mixed = struct('Mixed', {
  one: union('Same', { offset: 0, tag: u8 }, [
    { schema: struct('SameA', { tag: constant(u8, 1), value: u8 }) },
    { schema: struct('SameB', { tag: constant(u8, 2), value: i8 }) },
  ]),
  after: u32,
  items: restOf(union('Item', { offset: 0, tag: u8 }, [{ schema: Short }, { schema: Long }])),
})

/** A count of 32 bits: what it announces must be checked before anything is allocated. */
export const Huge = struct('Huge', { count: u32, items: counted(struct('HugeItem', { a: u64 }), countIn('count')) })

export const kinds: readonly Structure<unknown>[] = [
  Words,
  Names,
  Network,
  Runs,
  Nested,
  Tail,
  Counts,
  Packet,
  Ranges,
  Message,
  Chosen,
  Mixed,
  Huge,
]
