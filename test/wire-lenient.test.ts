import { describe, expect, it } from 'vitest'
import { alternatives, counted, isWireError, struct, tryDecode, u8, u32, u64, WireReader } from '../src/wire/index.ts'
import { Counts, Huge, Message, Mixed, Nested, Runs, Words } from './kinds.ts'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('tryDecode', () => {
  it('returns what decode returns, extra included, where nothing is wrong', () => {
    const input = bytes(1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 9)
    const { ok, value, faults, end } = tryDecode(Message, input, { version: 1 })
    expect({ ok, value, faults, end }).toEqual({
      ok: true,
      value: { type: 'Old', a: 5, extra: bytes(9) },
      faults: [],
      end: 12,
    })
  })

  it('reports reserved bits that are set, and is content', () => {
    const input = bytes(1, 0, 0, 0, 7, 0, 0, 0, 5, 0, 0, 0)
    const { ok, faults } = tryDecode(Message, input)
    expect(ok).toBe(true)
    expect(faults).toEqual([{ code: 'RSVD', path: 'header.padding', offset: 4, why: 'reserved space is not zero' }])
  })

  it('reads up to the field that is cut off, in each place', () => {
    const whole = Words.encode({ a: 1, b: -1, c: 2, d: -2, e: 3, f: -3, g: 4n, h: -4n })
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const starts = [0, 1, 2, 4, 6, 10, 14, 22, 30]
    for (let length = 0; length < whole.byteLength; length++) {
      const { ok, value, faults, end } = tryDecode(Words, whole.subarray(0, length))
      const read = starts.findLastIndex((start) => start <= length)
      expect(ok).toBe(false)
      expect(Object.keys(value ?? {})).toEqual(names.slice(0, read))
      expect(faults.map(({ code, path, offset }) => `${code} ${path} ${offset}`)).toEqual([
        `SHORT ${names[read]} ${starts[read]}`,
      ])
      expect(end).toBe(length)
    }
  })

  it('goes on behind a wrong constant and behind a variant that is unknown but of known size', () => {
    const runs = tryDecode(Runs, new Uint8Array(46))
    expect(runs.ok).toBe(false)
    expect(runs.faults).toEqual([{ code: 'TYPE', path: 'five', offset: 42, why: 'must be 5, is 0' }])
    const mixed = tryDecode(Mixed, bytes(9, 0, 7, 0, 0, 0, 1, 1))
    expect(mixed.value).toEqual({ after: 7, items: [{ type: 'Short' }, { type: 'Short' }] })
    expect(mixed.faults.map(({ code, path, offset }) => `${code} ${path} ${offset}`)).toEqual(['TYPE one 0'])
  })

  it('reads the elements that are there where a count announces more', () => {
    const { value, faults } = tryDecode(Counts, bytes(3, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0))
    expect(value).toEqual({ pairCount: 3, dataLength: 0, pairs: [{ x: 1 }, { x: 2 }], data: bytes() })
    expect(faults.map(({ code, path }) => `${code} ${path}`)).toEqual(['LENGTH pairs', 'SHORT after'])
  })

  it('keeps at most 100 faults, an error among them where there is one', () => {
    const Many = struct('Many', { count: u32, pairs: counted(struct('Item', { header: Runs }), 'count') })
    const input = new Uint8Array(4 + 46 * 500).fill(1, 4)
    input.set([244, 1], 0)
    const { ok, faults } = tryDecode(Many, input)
    expect(ok).toBe(false)
    expect(faults).toHaveLength(100)
    const marked = Nested.encode({
      pair: { x: 0 },
      pairs: [{ x: 0 }, { x: 0 }, { x: 0 }],
      grid: [
        [0, 0],
        [0, 0],
      ],
      many: Array(40).fill(0),
    })
    const reservedOnly = struct('Marked', {
      items: counted(struct('Pad', { a: u8, b: Nested }), { get: () => 60, set: (f) => f, text: '60' }),
      last: u32,
    })
    const pads = new Uint8Array(60 * (1 + marked.byteLength))
    for (let at = 0; at < pads.byteLength; at += 1 + marked.byteLength) {
      pads.set(marked, at + 1)
      pads.set([1], at + 5)
      pads.set([1], at + 11)
    }
    const result = tryDecode(reservedOnly, pads)
    expect(result.ok).toBe(false)
    expect(result.faults).toHaveLength(100)
    expect(result.faults.at(-1)).toMatchObject({ code: 'SHORT', path: 'last' })
  })
})

describe('a huge count in a short input', () => {
  const claim = bytes(0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9)

  it('is refused before anything is read', () => {
    try {
      Huge.decode(claim)
      expect.unreachable()
    } catch (error) {
      if (!isWireError(error)) throw error
      expect(error.code).toBe('LENGTH')
      expect(error.path).toBe('items')
      expect(error.offset).toBe(4)
    }
  })

  it('gives no more elements than there are bytes for', () => {
    const { value } = tryDecode(Huge, claim)
    expect(value).toEqual({ count: 0xffff_ffff, items: [{ a: 0x0807060504030201n }], extra: bytes(9) })
  })
})

describe('alternatives', () => {
  const input = bytes(1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0)

  it('names all variants that fit, the one that decode takes first', () => {
    expect(alternatives(Message, input)).toEqual([{ path: '', names: ['New', 'Old'] }])
    expect(Message.decode(input).type).toBe('New')
    expect(alternatives(Message, bytes(...input, 1, 2))).toEqual([{ path: '', names: ['Newest', 'New', 'Old'] }])
  })

  it('leaves out what the context or the length excludes', () => {
    expect(alternatives(Message, input, { version: 1 })).toEqual([{ path: '', names: ['Old'] }])
    expect(alternatives(Message, input.subarray(0, 12))).toEqual([{ path: '', names: ['Old'] }])
    expect(alternatives(Message, bytes(2, 0, 0, 0, 0, 0, 0, 0), { from: 'host' })).toEqual([{ path: '', names: [] }])
    expect(alternatives(Message, bytes(1))).toEqual([{ path: '', names: [] }])
  })

  it('looks into structures and lists', () => {
    expect(alternatives(Mixed, bytes(2, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0))).toEqual([
      { path: 'one', names: ['SameB'] },
      { path: 'items[0]', names: ['Short'] },
      { path: 'items[1]', names: ['Long'] },
    ])
  })
})

describe('a WireReader given to tryDecode', () => {
  it('is read from its first byte', () => {
    const reader = new WireReader(struct('One', { a: u64 }).encode({ a: 3n }))
    expect(tryDecode(struct('One', { a: u64 }), reader).value).toEqual({ a: 3n })
  })
})
