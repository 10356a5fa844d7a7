import { describe, expect, it } from 'vitest'
import { fromJSON, guid, isWireError, type Structure, struct, toJSON, u16 } from '../src/wire/index.ts'
import { Counts, Message, Names, Nested, Runs, Words } from './kinds.ts'

const names = {
  colour: 1,
  marks: 0,
  wide: 0n,
  word: { on: false, level: 0, colour: 0 },
  page: { enable: false, kind: 0, number: 0n },
}
const namesJson = { colour: 1, marks: 0, wide: 0, word: 0, page: 0 }
const words = { a: 1, b: -1, c: 2, d: -2, e: 0xffff_ffff, f: -3, g: 0x1fn, h: -0x1fn }
const id = guid('f912ad6d-2b17-48ea-bd65-f927a61c7684')

/** Code and path of the WireError that some JSON is refused with. */
function refusal(schema: Structure<unknown>, json: unknown): string {
  try {
    fromJSON(schema, json)
  } catch (error) {
    if (isWireError(error)) return `${error.code} ${error.path}@${error.offset}`
    throw error
  }
  return 'accepted'
}

describe('toJSON', () => {
  it('writes 64-bit integers as hex text, smaller ones as numbers', () => {
    expect(toJSON(Words, words)).toEqual({ ...words, g: '0x1f', h: '-0x1f' })
  })

  it('writes enumerations with value and name, unknown ones without name', () => {
    expect(toJSON(Names, { ...names, colour: 2 })).toMatchObject({ colour: { value: 2, name: 'Green' } })
    expect(toJSON(Names, { ...names, colour: 77 })).toHaveProperty('colour', { value: 77 })
  })

  it('writes flags and bits by name, and the whole word where bits have none', () => {
    const json = toJSON(Names, {
      ...names,
      marks: 0x8000_0001,
      wide: 0x8000_0000_0000_0002n,
      word: { on: true, level: 5, colour: 1 },
      page: { enable: true, kind: 3, number: 4n },
    })
    expect(json).toEqual({
      colour: { value: 1, name: 'Red' },
      marks: { first: true, second: false, last: true },
      wide: { low: false, high: true, value: '0x8000000000000002' },
      word: { on: true, level: 5, colour: { value: 1, name: 'Red' } },
      page: { enable: true, kind: 3, number: '0x4' },
    })
    expect(toJSON(Names, { ...names, marks: 0x10 })).toHaveProperty('marks.value', 0x10)
  })

  it('writes bytes as hex, constants always, reserved space only where it is set', () => {
    const value = { id, raw: Uint8Array.of(1, 2, 3, 4, 255), text: 'a"é' }
    expect(toJSON(Runs, value)).toEqual({ id, raw: '01020304ff', text: 'a"é', five: 5 })
    expect(toJSON(Runs, { ...value, gap: Uint8Array.of(0, 0, 9), wide: 1n })).toMatchObject({
      gap: '000009',
      wide: '0x1',
    })
  })

  it('puts the type of a union first, shows the constants of a header that values leave out, and extra last', () => {
    const json = toJSON(Message, { type: 'Old', a: 1, extra: Uint8Array.of(7) })
    expect(JSON.stringify(json)).toBe('{"type":"Old","header":{"messageType":1},"a":1,"extra":"07"}')
  })
})

describe('fromJSON', () => {
  it.each<[string, unknown, object]>([
    ['an enumeration as number', { colour: 2 }, { colour: 2 }],
    ['an enumeration as name', { colour: 'Green' }, { colour: 2 }],
    ['an enumeration as hex text', { colour: '0x9' }, { colour: 9 }],
    ['an enumeration as { value }', { colour: { value: 3 } }, { colour: 3 }],
    ['an enumeration as { name }', { colour: { name: 'Blue' } }, { colour: 0x8000 }],
    ['flags as number', { marks: 0x11 }, { marks: 0x11 }],
    ['flags by name, missing ones not set', { marks: { second: true } }, { marks: 0x8 }],
    ['flags with value, a name winning over it', { marks: { value: 0x19, second: false } }, { marks: 0x11 }],
    ['flags of 64 bits as text', { wide: '0x8000000000000000' }, { wide: 1n << 63n }],
    ['flags of 64 bits as number', { wide: 3 }, { wide: 3n }],
    ['bits as number', { word: 0x8003 }, { word: { on: true, level: 1, colour: 0, value: 0x8003 } }],
    ['bits by name', { word: { level: '7', colour: 'Red' } }, { word: { on: false, level: 7, colour: 1 } }],
    ['wide bits as decimal text', { page: { number: '18' } }, { page: { enable: false, kind: 0, number: 18n } }],
  ])('takes %s', (_, json, value) => {
    expect(fromJSON(Names, { ...namesJson, ...Object(json) })).toEqual({ ...names, ...value })
  })

  it('takes 64-bit integers as numbers, decimal and hex text, GUIDs in any case, bytes with spaces', () => {
    for (const g of [31, '31', '0x1F']) expect(fromJSON(Words, { ...words, g, h: '-31' })).toEqual(words)
    const value = { id, raw: Uint8Array.of(1, 2, 3, 4, 255), text: '' }
    expect(
      fromJSON(Runs, { id: `{${id.toUpperCase()}}`, raw: '01 02 03 04 FF', text: '\0', wide: 0, five: '5' }),
    ).toEqual(value)
  })

  it('takes the name of the structure in type', () => {
    expect(fromJSON(Words, { ...words, g: 31, h: -31, type: 'Words' })).toEqual(words)
    expect(refusal(Words, { ...words, g: 31, h: -31, type: 'Names' })).toBe('TYPE type@0')
  })

  it.each<[string, Structure<unknown>, unknown, string]>([
    ['no object', Words, null, 'RANGE @0'],
    ['an array for an object', Words, [], 'RANGE @0'],
    ['a missing field', Words, { a: 1 }, 'RANGE b@1'],
    ['a name that is no field', Words, { ...words, g: 0, h: 0, z: 1 }, 'RANGE z@0'],
    ['a number out of range', Words, { ...words, c: 65_536 }, 'RANGE c@2'],
    ['a fraction', Words, { ...words, c: 1.5 }, 'RANGE c@2'],
    ['a 64-bit number that is not safe', Words, { ...words, g: 2 ** 53 }, 'RANGE g@14'],
    ['a 64-bit text out of range', Words, { ...words, g: '18446744073709551616' }, 'RANGE g@14'],
    ['an endless number', Words, { ...words, g: '9'.repeat(100_000) }, 'RANGE g@14'],
    ['an unknown enumeration name', Names, { ...namesJson, colour: 'Pink' }, 'RANGE colour@0'],
    ['an inherited enumeration name', Names, { ...namesJson, colour: 'toString' }, 'RANGE colour@0'],
    ['a value that is not the name', Names, { ...namesJson, colour: { value: 1, name: 'Blue' } }, 'RANGE colour@0'],
    ['an unknown flag', Names, { ...namesJson, marks: { third: true } }, 'RANGE marks.third@2'],
    ['a flag that is not true or false', Names, { ...namesJson, marks: { first: 'yes' } }, 'RANGE marks.first@2'],
    ['an unknown bit field', Names, { ...namesJson, word: { off: true } }, 'RANGE word.off@14'],
    ['a bit field out of range', Names, { ...namesJson, word: { level: 8 } }, 'RANGE word.level@14'],
    ['a wrong GUID', Runs, { id: 'x' }, 'RANGE id@0'],
    ['odd hex', Runs, { id, raw: '123' }, 'RANGE raw@16'],
    ['too few bytes', Runs, { id, raw: '12' }, 'LENGTH raw@16'],
    ['another constant', Runs, { id, raw: '0102030405', text: '', five: 6 }, 'TYPE five@42'],
    ['an element', Nested, { pair: { x: 1 }, pairs: [{ x: 1 }, { x: 'q' }, { x: 1 }] }, 'RANGE pairs[1].x@16'],
    ['a length', Nested, { pair: { x: 1 }, pairs: [] }, 'LENGTH pairs@12'],
    ['a constant in a header', Message, { type: 'Old', header: { messageType: 2 }, a: 1 }, 'TYPE header.messageType@0'],
    ['an unknown variant', Message, { type: 'Oldest' }, 'TYPE type@0'],
    ['an inherited variant', Message, { type: 'constructor' }, 'TYPE type@0'],
    ['bytes that are no text', Counts, { pairCount: 0, dataLength: 0, pairs: [], data: 5, after: 0 }, 'RANGE data@3'],
  ])('refuses %s', (_, schema, json, expected) => {
    expect(refusal(schema, json)).toBe(expected)
  })

  it('is not harmed by names such as __proto__', () => {
    const Plain = struct('Plain', { a: u16 })
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(refusal(Plain, JSON.parse(`{ "a": 1, "${name}": { "polluted": true } }`))).toBe(`RANGE ${name}@0`)
      expect(refusal(Names, JSON.parse(`{ "colour": 1, "marks": { "${name}": true } }`))).toBe(`RANGE marks.${name}@2`)
    }
    expect(refusal(Plain, JSON.parse('{ "__proto__": { "a": 1 } }'))).toBe('RANGE __proto__@0')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    expect(refusal(Plain, Object.create({ a: 1 }))).toBe('RANGE a@0')
  })
})
