import * as bin from 'typed-binary'
import { describe, expect, it } from 'vitest'
import { isWireError, WireReader, WireWriter } from '../src/wire/index.ts'
import { Pair, Tail, Words } from './kinds.ts'

const pair = (x: number) => ({ x })

/** Writes with typed-binary's schema, reads back with it. */
function there<T>(schema: bin.ISchema<T>, value: bin.Parsed<T>, reader: (bytes: Uint8Array) => bin.ISerialInput) {
  const bytes = new Uint8Array(schema.measure(value).size)
  const writer = new WireWriter(bytes)
  schema.write(writer, value)
  expect(writer.currentByteOffset).toBe(bytes.byteLength)
  return { bytes, back: schema.read(reader(bytes)) }
}

const readers: [string, (bytes: Uint8Array) => bin.ISerialInput][] = [
  ['WireReader', (bytes) => new WireReader(bytes)],
  ['BufferReader', (bytes) => new bin.BufferReader(bytes.buffer, { endianness: 'little' })],
]

describe.each(readers)("wire types inside typed-binary's own, read by a %s", (_, reader) => {
  it('object', () => {
    const schema = bin.object({ before: bin.u8, pair: Pair, after: bin.u32 })
    const value = { before: 1, pair: pair(2), after: 3 }
    const { bytes, back } = there(schema, value, reader)
    expect(bytes).toEqual(Uint8Array.of(1, 2, 0, 0, 0, 3, 0, 0, 0))
    expect(back).toEqual(value)
  })

  it('arrayOf', () => {
    const { bytes, back } = there(bin.arrayOf(Pair, 2), [pair(1), pair(2)], reader)
    expect(bytes).toEqual(Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0))
    expect(back).toEqual([pair(1), pair(2)])
  })

  it('dynamicArrayOf', () => {
    const { bytes, back } = there(bin.dynamicArrayOf(Pair), [pair(1), pair(2)], reader)
    expect(bytes).toEqual(Uint8Array.of(2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0))
    expect(back).toEqual([pair(1), pair(2)])
  })
})

describe("typed-binary's contract", () => {
  it('measures the fixed size, the size of a value, and what has no bound', () => {
    expect(Words.measure(bin.MaxValue).size).toBe(30)
    expect(Tail.measure({ kind: 1, data: new Uint8Array(5) }).size).toBe(7)
    expect(Tail.measure(bin.MaxValue).isUnbounded).toBe(true)
    expect(bin.object({ a: bin.u8, words: Words }).measure(bin.MaxValue).size).toBe(31)
  })

  it('takes a variable structure from a WireReader only, which knows where its bytes end', () => {
    const schema = bin.object({ a: bin.u8, tail: Tail })
    const input = Uint8Array.of(1, 2, 0, 7, 8)
    expect(schema.read(new WireReader(input))).toEqual({ a: 1, tail: { kind: 2, data: Uint8Array.of(7, 8) } })
    try {
      schema.read(new bin.BufferReader(input.buffer))
      expect.unreachable()
    } catch (error) {
      if (!isWireError(error)) throw error
      expect(error.code).toBe('LENGTH')
    }
  })

  it('throws its own error where the input of a WireReader is too short', () => {
    const { buffer } = Uint8Array.of(1, 2, 3, 4, 5, 6)
    const schema = bin.object({ a: bin.u8, pair: Pair })
    try {
      schema.read(new WireReader(new Uint8Array(buffer, 0, 3)))
      expect.unreachable()
    } catch (error) {
      if (!isWireError(error)) throw error
      expect(error.code).toBe('SHORT')
      expect(error.path).toBe('y')
    }
  })

  it('checks a value before it writes anything', () => {
    const bytes = new Uint8Array(4).fill(9)
    expect(() => Pair.write(new WireWriter(bytes), { x: 70_000 })).toThrow('an integer from 0 to 65535 expected')
    expect(bytes).toEqual(new Uint8Array(4).fill(9))
  })
})
