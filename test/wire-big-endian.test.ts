import { describe, expect, it } from 'vitest'
import { mutationsOf } from '../src/fuzz/mutate.ts'
import {
  anyContext,
  bit,
  bits,
  fromJSON,
  type Infer,
  layoutOf,
  struct,
  toHex,
  toJSON,
  u8,
  u16be,
  u32be,
  u64be,
  view,
  WireReader,
  WireWriter,
} from '../src/wire/index.ts'
import { interpretDecode, interpretEncode } from '../src/wire/interpret.ts'
import { Network } from './kinds.ts'

const value = {
  short: 0x0102,
  long: 0xfffe_fdfc,
  wide: 0x0102_0304_0506_0708n,
  signed: -2,
  signedShort: -3,
  signedWide: -4n,
  ether: 0x0806,
  marks: 0x8000_0001,
  wideMarks: 1n,
  fragment: { more: true, offset: 5 },
  address: { network: 10, host: 0x01_0203 },
  pad: 0x1122,
  ports: [80, 443],
  body: { type: 'NetworkWord', value: 7 },
  rest: [1, 2],
} satisfies Infer<typeof Network>

const hex =
  '0102 fffefdfc 0102030405060708 fffffffe fffd fffffffffffffffc 0806 80000001 0000000000000001 2005 0a010203 1122 01020304 0050 01bb 0102 00000007 00000001 00000002'.replaceAll(
    ' ',
    '',
  )

describe('Big-endian words', () => {
  it('stand with their highest byte first, compiled and interpreted', () => {
    const bytes = Network.encode(value)
    expect(toHex(bytes)).toBe(hex)
    expect(Network.decode(bytes)).toEqual(value)
    const interpreted = new Uint8Array(bytes.byteLength)
    interpretEncode(Network, new WireWriter(interpreted), 0, value, anyContext)
    expect(toHex(interpreted)).toBe(hex)
    expect(interpretDecode(Network, new WireReader(bytes), 0, anyContext)).toEqual(value)
  })

  it('are the same numbers in JSON, and named in the layout', () => {
    const bytes = Network.encode(value)
    expect(Network.encode(fromJSON(Network, toJSON(Network, value)))).toEqual(bytes)
    const types = layoutOf(Network).fields.map(({ name, type }) => `${name}: ${type}`)
    expect(types).toContain('short: u16be')
    expect(types).toContain('ether: EtherType(u16be)')
    expect(types).toContain('fragment: bits(u16be)')
    expect(types).toContain('magic: u32be = 16909060')
  })

  it('are refused out of range as little-endian ones are, with the same words', () => {
    expect(() => Network.encode({ ...value, short: 0x1_0000 })).toThrow(/short.*from 0 to 65535 expected, not 65536/)
    expect(() => Network.encode({ ...value, signed: 2 ** 31 })).toThrow(/from -2147483648 to 2147483647/)
    expect(() => Network.encode({ ...value, wide: -1n })).toThrow(/a bigint from 0 to/)
  })

  it('show in views in place', () => {
    const Header = struct('Header', {
      a: u16be,
      b: u32be,
      c: u64be,
      d: bits(u16be, { low: bit(0), high: bit(15) }),
      e: u8,
    })
    const bytes = Header.encode({ a: 1, b: 2, c: 0x1_0000_0003n, d: { low: false, high: true }, e: 4 })
    const header = view(Header).at(bytes)
    expect([header.a, header.b, header.c, header.cLow, header.cHigh, header.e]).toEqual([1, 2, 0x1_0000_0003n, 3, 1, 4])
    expect([header.d.low, header.d.high]).toEqual([false, true])
    header.a = 0xfffe
    header.b = 0x01020304
    header.c = 5n
    header.d.low = true
    expect(toHex(bytes)).toBe('fffe010203040000000000000005800104')
  })

  it('are mutated as numbers: one more is one more', () => {
    const bytes = Network.encode(value)
    const more = mutationsOf(Network, bytes).find(({ path, what }) => path === 'short' && what === 'one more')
    expect(more && toHex(more.insert)).toBe('0103')
  })

  it('of 64 bits have no bit fields', () => {
    expect(() => bits(u64be, { low: bit(0) })).toThrow(RangeError)
  })
})
