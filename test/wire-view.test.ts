import { execFileSync } from 'node:child_process'
import { buildSync } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { OfferChannel, PacketDescriptor } from '../src/vmbus/index.ts'
import {
  bit,
  bitField,
  bits,
  bytes,
  guid,
  i8,
  i16,
  i32,
  i64,
  isWireError,
  rest,
  struct,
  u8,
  u16,
  u32,
  u64,
  view,
  WireReader,
  WireWriter,
  wideBitField,
} from '../src/wire/index.ts'

const Word = struct('Word', {
  lead: u8,
  control: bits(u64, { enable: bit(0), cross: bitField(20, 24), high: bit(63), top: bitField(44, 19) }),
  page: bits(u64, { on: bit(0), vector: bitField(4, 8), page: wideBitField(12, 52) }),
  full: bits(u32, { all: bitField(0, 32) }),
})
const All = struct('All', { a: u8, b: i8, c: u16, d: i16, e: u32, f: i32, g: u64, h: i64, raw: bytes(3), tail: rest() })

describe('view', () => {
  it('reads the fields that the decoder reads, signs included', () => {
    const value = {
      a: 200,
      b: -2,
      c: 65535,
      d: -4,
      e: 0xffffffff,
      f: -1,
      g: (1n << 63n) + 5n,
      h: -5n,
      raw: new Uint8Array([1, 2, 3]),
      tail: new Uint8Array(0),
    }
    const v = view(All).at(new WireReader(All.encode(value)))
    expect([v.a, v.b, v.c, v.d, v.e, v.f, v.g, v.h, v.raw]).toEqual([
      200,
      -2,
      65535,
      -4,
      0xffffffff,
      -1,
      (1n << 63n) + 5n,
      -5n,
      value.raw,
    ])
    expect([v.gLow, v.gHigh, v.hLow, v.hHigh]).toEqual([5, 0x80000000, 0xfffffffb, 0xffffffff])
  })

  it('writes the bytes that the encoder writes', () => {
    const value = {
      a: 200,
      b: -2,
      c: 65535,
      d: -4,
      e: 0xffffffff,
      f: -1,
      g: (1n << 63n) + 5n,
      h: -5n,
      raw: new Uint8Array([1, 2, 3]),
      tail: new Uint8Array(0),
    }
    const out = new Uint8Array(All.size)
    const { tail: _tail, ...fields } = value
    Object.assign(view(All).at(out), fields)
    expect(out).toEqual(All.encode(value))
    const v = view(All).at(out)
    v.gLow = 7
    v.gHigh = 9
    expect(v.g).toBe((9n << 32n) + 7n)
  })

  it('reads and writes bit fields without touching their neighbours, across the halves of a word too', () => {
    const value = {
      lead: 1,
      control: { enable: true, cross: 0xabcdef, high: true, top: 0x7ffff },
      page: { on: true, vector: 0x5a, page: 0xf0000_0000_0001n },
      full: { all: 0xfedcba98 },
    }
    const v = view(Word).at(Word.encode(value))
    expect({ ...v.control }).toEqual(value.control)
    expect({ ...v.page }).toEqual(value.page)
    expect(v.full.all).toBe(0xfedcba98)
    const out = new Uint8Array(Word.size).fill(0xff)
    const w = view(Word).at(out)
    w.lead = 1
    Object.assign(w.control, { enable: false, cross: 1, high: false, top: 2 })
    Object.assign(w.page, { on: false, vector: 3, page: 4n })
    w.full.all = 5
    expect({ ...w.control }).toEqual({ enable: false, cross: 1, high: false, top: 2 })
    expect({ ...w.page }).toEqual({ on: false, vector: 3, page: 4n })
    // Bits without a name stay as they were.
    expect(new DataView(out.buffer).getUint32(1, true) & 0xffffe).toBe(0xffffe)
  })

  it('moves nested structures along, and copies bytes and GUIDs in', () => {
    const buffer = new WireWriter(new Uint8Array(2 * OfferChannel.size))
    const v = view(OfferChannel)
    const id = guid('f912ad6d-2b17-48ea-bd65-f927a61c7684')
    v.at(buffer, OfferChannel.size)
    v.offer.interfaceId = id
    v.offer.flags = 0x10
    const { offer } = v
    v.at(buffer, 0)
    expect(offer.flags).toBe(0)
    v.at(buffer, OfferChannel.size)
    expect(offer.interfaceId).toBe(id)
    expect(buffer.view.getUint16(OfferChannel.size + OfferChannel.offsetOf('offer') + 48, true)).toBe(0x10)
    expect(() => Object.assign(v.offer, { interfaceId: 'F9' })).toThrow(/canonical/)
    expect(() => Object.assign(view(All).at(new Uint8Array(All.size)), { raw: new Uint8Array(4) })).toThrow(
      /3 bytes expected, not 4/,
    )
  })

  it('refuses what does not fit, and stays where it was', () => {
    const v = view(PacketDescriptor).at(new Uint8Array([6, 0, ...new Array(14).fill(0)]))
    let error: unknown
    try {
      v.at(new Uint8Array(20), 5)
    } catch (caught) {
      error = caught
    }
    expect(isWireError(error) && [error.code, error.offset, error.structure]).toEqual(['SHORT', 5, 'PacketDescriptor'])
    expect(v.type).toBe(6)
    expect(() => v.at(new Uint8Array(20), -1)).toThrow(RangeError)
    expect(() => v.at(new Uint8Array(20), 0.5)).toThrow(RangeError)
  })

  it('keeps to the bytes of a view on a larger buffer', () => {
    const outer = new Uint8Array(48).fill(0xff)
    const v = view(PacketDescriptor).at(outer.subarray(16, 32))
    v.type = 0
    v.transactionId = 0n
    expect(outer[15]).toBe(0xff)
    expect(outer[32]).toBe(0xff)
    expect(() => v.at(outer.subarray(16, 31))).toThrow(/16 bytes needed, 15 left/)
  })

  it('is refused for fields that cannot be shown', () => {
    expect(() => view(struct('Clash', { id: u64, idLow: u32 }))).toThrow(/idLow/)
    expect(() => view(struct('At', { at: u8 }))).toThrow(/at/)
    expect(() => view(struct('Behind', { data: rest(), after: u8 }))).toThrow(/no fixed offset/)
  })

  it('allocates nothing: no collection and no growth over a million reads and writes', () => {
    const program = `
      import { PerformanceObserver } from 'node:perf_hooks'
      import { PacketDescriptor } from './src/vmbus/packets.ts'
      import { view, WireWriter } from './src/wire/index.ts'
      const buffer = new WireWriter(new Uint8Array(16 * 64))
      const v = view(PacketDescriptor)
      let sum = 0
      const run = (count) => {
        for (let i = 0; i < count; i++) {
          v.at(buffer, (i & 63) * 16)
          v.length8 = i & 0xff
          v.transactionIdLow = i
          sum = (sum + v.type + v.length8 + v.transactionIdLow + v.transactionIdHigh) | 0
        }
      }
      run(300000)
      let collections = 0
      const observer = new PerformanceObserver((list) => { collections += list.getEntries().length })
      gc()
      setTimeout(() => {
        observer.observe({ entryTypes: ['gc'] })
        const before = process.memoryUsage().heapUsed
        run(1000000)
        const grown = process.memoryUsage().heapUsed - before
        setTimeout(() => console.log(JSON.stringify({ collections, grown })), 20)
      }, 20)
    `
    const { outputFiles } = buildSync({
      stdin: { contents: program, resolveDir: process.cwd(), loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      write: false,
    })
    const text = outputFiles[0]?.text ?? ''
    const output = execFileSync(process.execPath, ['--expose-gc', '--input-type=module'], {
      input: text,
      encoding: 'utf8',
    })
    const { collections, grown }: { collections: number; grown: number } = JSON.parse(output)
    expect(collections).toBe(0)
    expect(grown).toBeLessThan(1024 * 1024)
  })
})
