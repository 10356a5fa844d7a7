import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bit,
  bitField,
  bits,
  bytes,
  isWireError,
  rest,
  struct,
  u8,
  u64,
  WireReader,
  WireWriter,
  wideBitField,
} from '../src/wire/index.ts'
import { seeded } from './seed.ts'

/** The code of the WireError that a call throws; any other error fails the test. */
function codeOf(call: () => unknown): string | undefined {
  try {
    call()
  } catch (error) {
    if (isWireError(error)) return error.code
    throw error
  }
  return undefined
}

/** Node has them from version 24 on; typed-binary uses them as they are. */
const hasFloat16 = 'getFloat16' in DataView.prototype

// The bytes before and behind belong to a neighbour.
const secret = 0xee

/** A view of `length` bytes in the middle of a larger buffer. */
function window(length: number, fill: number): { around: Uint8Array; inside: Uint8Array } {
  const around = new Uint8Array(length + 32).fill(secret)
  const inside = around.subarray(16, 16 + length).fill(fill)
  return { around, inside }
}

const reads: Record<string, [size: number, read: (reader: WireReader) => unknown]> = {
  readBool: [1, (reader) => reader.readBool()],
  readByte: [1, (reader) => reader.readByte()],
  readInt8: [1, (reader) => reader.readInt8()],
  readUint8: [1, (reader) => reader.readUint8()],
  readInt16: [2, (reader) => reader.readInt16()],
  readUint16: [2, (reader) => reader.readUint16()],
  ...(hasFloat16 && { readFloat16: [2, (reader: WireReader) => reader.readFloat16()] }),
  readInt32: [4, (reader) => reader.readInt32()],
  readUint32: [4, (reader) => reader.readUint32()],
  readFloat32: [4, (reader) => reader.readFloat32()],
  'readSlice of 5': [5, (reader) => reader.readSlice(new Uint8Array(5), 0, 5)],
  'skipBytes of 3': [3, (reader) => reader.skipBytes(3)],
}

const writes: Record<string, [size: number, write: (writer: WireWriter) => void]> = {
  writeBool: [1, (writer) => writer.writeBool(true)],
  writeByte: [1, (writer) => writer.writeByte(1)],
  writeInt8: [1, (writer) => writer.writeInt8(-1)],
  writeUint8: [1, (writer) => writer.writeUint8(1)],
  writeInt16: [2, (writer) => writer.writeInt16(-1)],
  writeUint16: [2, (writer) => writer.writeUint16(1)],
  ...(hasFloat16 && { writeFloat16: [2, (writer: WireWriter) => writer.writeFloat16(1)] }),
  writeInt32: [4, (writer) => writer.writeInt32(-1)],
  writeUint32: [4, (writer) => writer.writeUint32(1)],
  writeFloat32: [4, (writer) => writer.writeFloat32(1)],
  'writeString of 2': [3, (writer) => writer.writeString('ab')],
  'writeSlice of 5': [5, (writer) => writer.writeSlice(new Uint8Array(5))],
  'skipBytes of 3': [3, (writer) => writer.skipBytes(3)],
}

describe('WireReader', () => {
  it.each(Object.entries(reads))('%s never sees a neighbour', (_, [size, read]) => {
    for (let length = 0; length <= size; length++) {
      const reader = new WireReader(window(length, 1).inside)
      expect(codeOf(() => read(reader))).toBe(length < size ? 'SHORT' : undefined)
      expect(reader.byteOffset).toBe(length < size ? 0 : size)
      expect(reader.remaining).toBe(length < size ? length : 0)
    }
  })

  it('reads its own bytes, little-endian, from the start of the view', () => {
    const { inside } = window(8, 0)
    inside.set([1, 2, 3, 4, 0, 0, 0x68, 0])
    const reader = new WireReader(inside)
    const values = [reader.readUint16(), reader.readUint16(), reader.readInt16(), reader.readString()]
    expect(values).toEqual([0x0201, 0x0403, 0, 'h'])
  })

  it('does not run into a neighbour after a missing NUL', () => {
    const { around, inside } = window(3, 0x61)
    around[19] = 0
    expect(codeOf(() => new WireReader(inside).readString())).toBe('SHORT')
  })

  it('seeks inside its bytes only', () => {
    const reader = new WireReader(window(4, 1).inside)
    for (const bad of [-1, 5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => reader.seekTo(bad))).toBe('SHORT')
      expect(codeOf(() => reader.skipBytes(bad))).toBe('SHORT')
    }
    reader.seekTo(4)
    expect(codeOf(() => reader.readUint8())).toBe('SHORT')
    reader.seekTo(0)
    expect(reader.readUint8()).toBe(1)
  })

  it('fills a slice inside its own bounds only', () => {
    const target = window(4, 7)
    const reader = new WireReader(Uint8Array.of(1, 2, 3, 4, 5, 6))
    reader.readSlice(target.inside, 1, 3)
    expect(target.inside).toEqual(Uint8Array.of(7, 1, 2, 3))
    for (const [offset, length] of [
      [2, 3],
      [-1, 2],
      [0, -1],
      [5, 0],
    ] as const) {
      expect(codeOf(() => reader.readSlice(target.inside, offset, length))).toMatch(/RANGE|SHORT/)
    }
    expect(target.around.filter((byte) => byte === secret)).toHaveLength(32)
  })
})

describe('WireWriter', () => {
  it.each(Object.entries(writes))('%s never touches a neighbour', (_, [size, write]) => {
    for (let length = 0; length <= size; length++) {
      const { around, inside } = window(length, 0)
      const writer = new WireWriter(inside)
      expect(codeOf(() => write(writer))).toBe(length < size ? 'SHORT' : undefined)
      expect(writer.byteOffset).toBe(length < size ? 0 : size)
      expect(around.filter((byte, at) => byte === secret && (at < 16 || at >= 16 + length))).toHaveLength(32)
    }
  })

  it('seeks inside its bytes only', () => {
    const writer = new WireWriter(window(4, 0).inside)
    for (const bad of [-1, 5, Number.NaN]) expect(codeOf(() => writer.seekTo(bad))).toBe('SHORT')
    writer.seekTo(4)
    expect(codeOf(() => writer.writeUint8(1))).toBe('SHORT')
  })

  it('and reader agree, whatever is written in whatever order', () => {
    const word = fc.oneof(
      fc.integer({ min: 0, max: 0xff }).map((value) => ({ size: 1, value })),
      fc.integer({ min: 0, max: 0xffff }).map((value) => ({ size: 2, value })),
      fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => ({ size: 4, value })),
    )
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const { around, inside } = window(
          words.reduce((sum, { size }) => sum + size, 0),
          0,
        )
        const writer = new WireWriter(inside)
        for (const { size, value } of words) {
          if (size === 1) writer.writeUint8(value)
          else if (size === 2) writer.writeUint16(value)
          else writer.writeUint32(value)
        }
        const reader = new WireReader(inside)
        const read = words.map(({ size, value }) => {
          const back = size === 1 ? reader.readUint8() : size === 2 ? reader.readUint16() : reader.readUint32()
          return back === value
        })
        expect(read).not.toContain(false)
        expect(reader.remaining).toBe(0)
        expect(around.subarray(0, 16).every((byte) => byte === secret)).toBe(true)
        expect(around.subarray(-16).every((byte) => byte === secret)).toBe(true)
      }),
      seeded,
    )
  })
})

describe('a subclass of Uint8Array whose slice does not copy', () => {
  const Blob = struct('Blob', { head: u8, fixed: bytes(2), tail: rest() })

  it('is decoded into values of their own', () => {
    const input = Buffer.from([1, 2, 3, 4, 5])
    const value = Blob.decode(input)
    input.fill(0)
    expect(value).toEqual({ head: 1, fixed: Uint8Array.of(2, 3), tail: Uint8Array.of(4, 5) })
    expect(Object.getPrototypeOf(value.tail)).toBe(Uint8Array.prototype)
  })

  it('leaves nothing of itself in extra', () => {
    const input = Buffer.from([1, 2])
    const { extra } = struct('Byte', { only: u8 }).decode(input)
    input.fill(0)
    expect(extra).toEqual(Uint8Array.of(2))
  })

  it('is written to in place', () => {
    const output = Buffer.alloc(4)
    Blob.encodeAt(new WireWriter(output), 0, { head: 1, fixed: Uint8Array.of(2, 3), tail: Uint8Array.of(4) })
    expect([...output]).toEqual([1, 2, 3, 4])
  })
})

describe('bit fields', () => {
  it('of more than 32 bits are bigints: as numbers they are refused', () => {
    expect(() => bits(u64, { page: bitField(12, 52) })).toThrow(
      new RangeError('bit field page: 52 bits need wideBitField'),
    )
    expect(() => bits(u64, { page: bitField(0, 33) })).toThrow(RangeError)
    expect(bits(u64, { page: bitField(0, 32), upper: wideBitField(32, 32) }).known).toBe((1n << 64n) - 1n)
    expect(bits(u64, { enable: bit(0), page: wideBitField(12, 52) }).size).toBe(8)
  })

  it('that are booleans have one bit', () => {
    expect(() => bits(u8, { two: { shift: 1, width: 2, as: 'boolean' } })).toThrow(RangeError)
  })
})
