import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildEdid, Edid, EdidTiming, parseEdid, reducedTiming } from '../src/devices/edid/index.ts'
import { isWireError, toHex } from '../src/wire/index.ts'
import { seeded } from './seed.ts'

// The EDID of Hyper-V's own monitor, as the public Mile.HyperV header lists it.
const hyperV = Uint8Array.from(
  Buffer.from(
    [
      '00ffffffffffff00' + '3668' + '2e06' + '00000000' + 'ff15' + '0104' + '80' + '0000' + '78' + '22',
      'ee95a3544c99260f5054' + '000000' + '01010101010101010101010101010101',
      '6c20003042003230' + '40c01300000000' + '00001e',
      '000000fc00' + '4879706572564d6f6e69746f72',
      '0000001000' + '00000000000000000000000000',
      '0000001000' + '00000000000000000000000000',
      '00c6',
    ].join(''),
    'hex',
  ),
)

describe('an EDID', () => {
  it('of Hyper-V is understood, to the field', () => {
    expect(hyperV).toHaveLength(128)
    expect(parseEdid(hyperV)).toEqual({
      manufacturer: 'MSH',
      product: 0x062e,
      serialNumber: 0,
      year: 2011,
      isDigital: true,
      name: 'HyperVMonitor',
      timings: [
        {
          pixelClock: 83_000,
          horizontal: { active: 1024, frontPorch: 64, sync: 192, blanking: 560, isSyncPositive: true },
          vertical: { active: 768, frontPorch: 1, sync: 3, blanking: 50, isSyncPositive: true },
        },
      ],
    })
    expect(Edid.encode(Edid.decode(hyperV))).toEqual(hyperV)
  })

  it('that is built is 128 bytes with a right sum, and reads back', () => {
    const bytes = buildEdid({
      width: 1920,
      height: 1080,
      manufacturer: 'ABC',
      product: 7,
      serialNumber: 9,
      name: 'Mine',
    })
    expect(bytes).toHaveLength(128)
    expect(bytes.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0)
    expect(toHex(bytes.subarray(0, 20))).toBe('00ffffffffffff00' + '0443' + '0700' + '09000000' + 'ff15' + '0104')
    // 1920×1080 at 138.5 MHz: 2080×1111 pixels in all, front porches 48 and 3, syncs 32 and 5.
    expect(toHex(bytes.subarray(54, 72))).toBe('1a3680a070381f403020350000000000001a')
    expect(parseEdid(bytes)).toEqual({
      manufacturer: 'ABC',
      product: 7,
      serialNumber: 9,
      year: 2011,
      isDigital: true,
      name: 'Mine',
      timings: [reducedTiming(1920, 1080)],
    })
  })

  it('of any mode that it can tell reads back', () => {
    const side = fc.integer({ min: 16, max: 4095 })
    fc.assert(
      fc.property(side, side, (width, height) => {
        fc.pre(((width + 160) * (height * 1.1 + 60) * 60) / 1000 < 600_000)
        const [timing] = parseEdid(buildEdid({ width, height })).timings
        expect(timing).toEqual(reducedTiming(width, height))
        expect([timing?.horizontal.active, timing?.vertical.active]).toEqual([width, height])
      }),
      seeded,
    )
  })

  const codeOf = (bytes: Uint8Array) => {
    try {
      parseEdid(bytes)
      return 'fine'
    } catch (error) {
      return isWireError(error) ? `${error.code} ${error.path} ${error.offset}` : String(error)
    }
  }

  it('with any byte changed is refused', () => {
    for (let at = 0; at < 128; at++) {
      const bytes = hyperV.slice()
      bytes[at] = (bytes[at] ?? 0) ^ 0x40
      expect([at, codeOf(bytes)]).toEqual([
        at,
        at < 4 ? 'TYPE headerLow 0' : at < 8 ? 'TYPE headerHigh 4' : 'RANGE checksum 127',
      ])
    }
  })

  it('that is cut off, or all zeros, is refused', () => {
    expect(codeOf(hyperV.subarray(0, 127))).toMatch(/^SHORT/)
    expect(codeOf(new Uint8Array(128))).toBe('TYPE headerLow 0')
  })

  it('of what cannot be told is not built', () => {
    for (const options of [
      { width: 4096, height: 768 },
      { width: 0, height: 768 },
      { width: 1, height: 1 },
      { width: 4095, height: 4095 },
      { width: 800, height: 600, manufacturer: 'abc' },
      { width: 800, height: 600, name: 'fourteen chars' },
      { width: 800, height: 600, name: 'é' },
    ]) {
      expect(() => buildEdid(options)).toThrow(RangeError)
    }
  })

  it('has a timing of 18 bytes that reads back to the bit', () => {
    const bytes = hyperV.subarray(54, 72)
    expect(EdidTiming.encode(EdidTiming.decode(bytes))).toEqual(bytes)
  })
})

describe('reduced blanking', () => {
  // VESA Display Monitor Timings: clock, then total, sync start and end of each direction.
  it.each([
    [1024, 768, 56_000, [1184, 1072, 1104], [790, 771, 775]],
    [1440, 900, 88_750, [1600, 1488, 1520], [926, 903, 909]],
    [1920, 1080, 138_500, [2080, 1968, 2000], [1111, 1083, 1088]],
    [1920, 1200, 154_000, [2080, 1968, 2000], [1235, 1203, 1209]],
  ])('%i×%i', (width, height, clock, horizontal, vertical) => {
    const timing = reducedTiming(width, height)
    const inWords = ({ active, frontPorch, sync, blanking }: (typeof timing)['vertical']) => [
      active + blanking,
      active + frontPorch,
      active + frontPorch + sync,
    ]
    expect(timing.pixelClock).toBe(clock)
    expect(inWords(timing.horizontal)).toEqual(horizontal)
    expect(inWords(timing.vertical)).toEqual(vertical)
  })
})
