import { describe, expect, it } from 'vitest'
import { annotate, format, guid, guidField, restOf, struct, u8, utf16 } from '../src/wire/index.ts'
import { Counts, Message, Mixed, Names, Runs } from './kinds.ts'

const id = guid('f912ad6d-2b17-48ea-bd65-f927a61c7684')

describe('format', () => {
  it('prints a tree: offset, name, meaning', () => {
    const value = {
      colour: 2,
      marks: 0x8000_0021,
      wide: 1n,
      word: { on: true, level: 5, colour: 1 },
      page: { enable: false, kind: 0, number: 0x1fn },
    }
    expect(format(Names, value)).toEqual([
      '0000  Names     24 bytes',
      '0000    colour  Green (2)',
      '0002    marks   first | last | 0x20',
      '0006    wide    low',
      '000e    word    on, level=5, colour=Red (1)',
      '0010    page    kind=0, number=0x1f',
    ])
  })

  it('takes the names of GUIDs from its caller', () => {
    const nameOf = (value: string) => (value === id ? 'keyboard' : undefined)
    expect(format(struct('Id', { id: guidField }), { id }, { nameOf })).toEqual([
      '0000  Id    16 bytes',
      `0000    id  ${id} (keyboard)`,
    ])
  })

  it('prints bytes in short, with ASCII, and leaves out reserved zeros', () => {
    const value = { id, raw: Uint8Array.of(0x41, 0, 0x7f, 0x7e, 0x20), text: 'ab' }
    expect(format(Runs, value).slice(2)).toEqual([
      '0010    raw   41 00 7f 7e 20 |A..~ |',
      '0015    text  "ab"',
      '002a    five  5',
    ])
  })

  it('prints elements with their index, and how many there are', () => {
    const value = { pairCount: 1, dataLength: 20, pairs: [{ x: 300 }], data: new Uint8Array(20).fill(0x41), after: 1 }
    expect(format(Counts, value)).toEqual([
      '0000  Counts        31 bytes',
      '0000    pairCount   1',
      '0002    dataLength  20',
      '0003    pairs       1 × Pair',
      '0003      [0]',
      '0003        x       300 (0x12c)',
      '0007    data        41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 |AAAAAAAAAAAAAAAA| … (20 bytes)',
      '001b    after       1',
    ])
    expect(format(struct('Words', { list: restOf(u8) }), Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9))[1]).toBe(
      '0000    list  [1, 2, 3, 4, 5, 6, 7, 8, …] (9)',
    )
  })

  it('puts the bytes beside it: hex | field | meaning', () => {
    const value = { pairCount: 1, dataLength: 18, pairs: [{ x: 300 }], data: new Uint8Array(18).fill(0x41), after: 1 }
    const empty = ' '.repeat(47)
    const hex = (text: string) => text.padEnd(47)
    expect(format(Counts, value, { hex: true })).toEqual([
      `0000  ${empty} | Counts       | 29 bytes`,
      `0000  ${hex('01 00')} |   pairCount  | 1`,
      `0002  ${hex('12')} |   dataLength | 18`,
      `0003  ${empty} |   pairs      | 1 × Pair`,
      `0003  ${empty} |     [0]      |`,
      `0003  ${hex('2c 01')} |       x      | 300 (0x12c)`,
      `0005  ${hex('00 00')} |       y      | 0`,
      `0007  ${hex(Array(16).fill('41').join(' '))} |   data       | |AAAAAAAAAAAAAAAA|`,
      `0017  ${hex('41 41')} |              | |AA|`,
      `0019  ${hex('01 00 00 00')} |   after      | 1`,
    ])
  })

  it('prints what could be read, each fault under its field, and the bytes that are too few', () => {
    const cut = Uint8Array.of(1, 0, 0, 0, 7, 0, 0, 0, 5, 0)
    expect(format(Message, cut, { hex: true })).toEqual([
      `0000  ${' '.repeat(47)} | Message         | Old, 10 bytes`,
      `0000  ${' '.repeat(47)} |   header        |`,
      `0000  ${'01 00 00 00'.padEnd(47)} |     messageType | 1`,
      `0004  ${'07 00 00 00'.padEnd(47)} |     padding     | 7`,
      '      ! header.padding at offset 4: reserved space is not zero (RSVD)',
      `0008  ${'05 00'.padEnd(47)} |   a             | ?`,
      '      ! a at offset 8: 4 bytes needed, 2 left (SHORT)',
    ])
    expect(format(Mixed, Uint8Array.of(9, 0, 7, 0, 0, 0))).toEqual([
      '0000  Mixed    6 bytes',
      '0000    one    ?',
      '      ! one at offset 0: unknown type 9 (TYPE)',
      '0002    after  7',
      '0006    items  0 × Item',
    ])
  })

  it('prints extra bytes', () => {
    expect(format(struct('One', { a: u8 }), Uint8Array.of(1, 0x42))).toEqual([
      '0000  One      1 byte',
      '0000    a      1',
      '0001    extra  42 |B|',
    ])
  })

  it('lets nothing through that a terminal would act on', () => {
    const Text = struct('Text', { text: utf16(12) })
    expect(format(Text, { text: '\u001b\u009b\u202e\ud800"' })[1]).toBe(
      '0000    text  "\\u001b\\u009b\\u202e\\ud800\\""',
    )
  })

  it('hands its pieces, padded, to whoever colours them', () => {
    const paint = (ink: string, text: string) => `<${ink}:${text}>`
    expect(format(struct('One', { a: u8 }), Uint8Array.of(7), { paint, hex: true })[1]).toBe(
      `<offset:0000>  <hex:${'07'.padEnd(47)}> | <name:  a> | <value:7>`,
    )
    expect(format(struct('One', { a: u8 }), Uint8Array.of(), { paint }).at(-1)).toMatch(/^<fault:/)
  })
})

describe('annotate', () => {
  it('gives each field its path, place and value, in a value that was never bytes too', () => {
    const value = { pairCount: 1, dataLength: 2, pairs: [{ x: 3 }], data: Uint8Array.of(8, 9), after: 1 }
    expect(
      annotate(Counts, value).map(({ path, depth, offset, size }) => `${depth} ${path} ${offset}+${size}`),
    ).toEqual([
      '0  0+13',
      '1 pairCount 0+2',
      '1 dataLength 2+1',
      '1 pairs 3+4',
      '2 pairs[0] 3+4',
      '3 pairs[0].x 3+2',
      '3 pairs[0].y 5+2',
      '1 data 7+2',
      '1 after 9+4',
    ])
  })
})
