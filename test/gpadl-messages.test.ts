import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkGpadlRanges, GpaRanges } from '../src/vmbus/gpa-ranges.ts'
import { gpadlBodyWords, gpadlHeaderWords, gpadlMessages, maxGpadlWords } from '../src/vmbus/gpadl-messages.ts'
import { GpadlBody, GpadlHeader } from '../src/vmbus/messages.ts'
import type { GpadlRange } from '../src/vmbus/server/effects.ts'
import { isWireError, toHex } from '../src/wire/index.ts'
import { seeded } from './seed.ts'

/** One range of whole pages. */
const pages = (count: number, first = 0x1000): GpadlRange => ({
  byteCount: count * 4096,
  byteOffset: 0,
  pfns: Array.from({ length: count }, (_, index) => first + index),
})

/** The range list that the messages carry together. */
function joined(messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message, index) => [...message.subarray(index === 0 ? 20 : 16)]))
}

function faultOf(ranges: readonly GpadlRange[]) {
  try {
    gpadlMessages(1, 1, ranges)
    return undefined
  } catch (error) {
    return isWireError(error) ? { code: error.code, path: error.path, offset: error.offset } : error
  }
}

describe('the messages of a GPADL', () => {
  it('[B62] carry 27 words in the header and 28 in each body', () => {
    expect([gpadlHeaderWords, gpadlBodyWords, maxGpadlWords]).toEqual([27, 28, 8191])
    const sizes = (count: number) => gpadlMessages(1, 1, [pages(count)]).map(({ length }) => length)
    expect(sizes(1)).toEqual([36])
    expect(sizes(25)).toEqual([228])
    expect(sizes(26)).toEqual([236])
    expect(sizes(27)).toEqual([236, 24])
    expect(sizes(26 + 28)).toEqual([236, 240])
    expect(sizes(26 + 28 + 1)).toEqual([236, 240, 24])
    expect(sizes(26 + 56)).toEqual([236, 240, 240])
  })

  it('[B62] hold 8190 pages at most: the length of the list is a u16', () => {
    const messages = gpadlMessages(1, 1, [pages(8190)])
    expect(messages.length).toBe(1 + Math.ceil((8191 - 27) / 28))
    expect(GpadlHeader.decode(messages[0] ?? new Uint8Array()).rangeBufferLength).toBe(65528)
    expect(faultOf([pages(8191)])).toEqual({ code: 'LIMIT', path: 'rangeBufferLength', offset: 16 })
    expect(faultOf([pages(4095), pages(4095)])).toEqual({ code: 'LIMIT', path: 'rangeBufferLength', offset: 16 })
    expect(faultOf([pages(4095), pages(4094)])).toBeUndefined()
  })

  it('are refused for ranges that a host would refuse', () => {
    const one = { byteCount: 1, byteOffset: 0, pfns: [1] }
    expect(faultOf([])).toEqual({ code: 'LENGTH', path: 'rangeCount', offset: 16 })
    expect(faultOf([one, { ...one, byteCount: 0 }])).toEqual({ code: 'RANGE', path: 'ranges[1].byteCount', offset: 16 })
    expect(faultOf([{ ...one, byteCount: 2 ** 32 }])).toMatchObject({ code: 'RANGE', path: 'ranges[0].byteCount' })
    expect(faultOf([{ ...one, byteOffset: 4096 }])).toMatchObject({ code: 'RANGE', path: 'ranges[0].byteOffset' })
    expect(faultOf([{ ...one, byteOffset: -1 }])).toMatchObject({ code: 'RANGE', path: 'ranges[0].byteOffset' })
    expect(faultOf([{ ...one, byteOffset: 4095, byteCount: 2 }])).toMatchObject({
      code: 'LENGTH',
      path: 'ranges[0].pfns',
    })
    expect(faultOf([{ ...one, pfns: [1, 2] }])).toMatchObject({ code: 'LENGTH', path: 'ranges[0].pfns' })
    expect(faultOf([{ ...one, pfns: [-1] }])).toMatchObject({ code: 'RANGE', path: 'ranges[0].pfns' })
    expect(faultOf([{ ...one, pfns: [0.5] }])).toMatchObject({ code: 'RANGE', path: 'ranges[0].pfns' })
    expect(faultOf([{ ...one, pfns: [2 ** 53 - 1] }])).toBeUndefined()
  })

  it('carry many ranges, each wherever it falls', () => {
    const ranges = Array.from({ length: 40 }, (_, index) => ({
      byteCount: 4096 + index,
      byteOffset: index,
      pfns: index === 0 ? [index] : [index, 0xfffff_ffff + index],
    }))
    const messages = gpadlMessages(3, 0xe1e10, ranges)
    const header = GpadlHeader.decode(messages[0] ?? new Uint8Array())
    expect(header).toMatchObject({ channelId: 3, gpadlId: 0xe1e10, rangeCount: 40, rangeBufferLength: 8 * (40 + 79) })
    expect(messages.map(({ length }) => length)).toEqual([236, 240, 240, 240, 16 + 8 * (119 - 27 - 84)])
    for (const body of messages.slice(1)) {
      expect(GpadlBody.decode(body)).toMatchObject({ messageNumber: 0, gpadlId: 0xe1e10 })
    }
    expect(checkGpadlRanges(joined(messages), 40)).toEqual({ extraBytes: 0 })
  })

  it('are read back as the ranges they were made of', () => {
    const range = fc
      .record({ byteCount: fc.integer({ min: 1, max: 40 * 4096 }), byteOffset: fc.integer({ min: 0, max: 4095 }) })
      .chain(({ byteCount, byteOffset }) => {
        const length = Math.ceil((byteCount + byteOffset) / 4096)
        const pfns = fc.array(fc.maxSafeNat(), { minLength: length, maxLength: length })
        return pfns.map((pfns) => ({ byteCount, byteOffset, pfns }))
      })
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 20 }), (ranges) => {
        const messages = gpadlMessages(1, 2, ranges)
        const list = joined(messages)
        const walk = new GpaRanges().reset(list, 0, list.length, ranges.length)
        const found: GpadlRange[] = []
        while (walk.next()) {
          found.push({ byteCount: walk.byteCount, byteOffset: walk.byteOffset, pfns: [...walk.pageNumbers()] })
        }
        expect([walk.fault, walk.extraBytes, found]).toEqual([undefined, 0, ranges])
      }),
      seeded,
    )
  })
})

interface RecordedEvent {
  readonly dir: string
  readonly kind: string
  readonly hex?: string
}

describe('the GPADLs of a recorded Linux guest', () => {
  for (const name of ['linux-full-6.18-up', 'linux-negotiate-max-4.1', 'linux-rescind']) {
    it(`${name}: are built byte for byte`, () => {
      const text = readFileSync(new URL(`fixtures/transcripts/${name}.json`, import.meta.url), 'utf8')
      const transcript: { readonly events: readonly RecordedEvent[] } = JSON.parse(text)
      /** Messages by handle; a guest posts each GPADL's in order. */
      const recorded = new Map<number, Uint8Array[]>()
      for (const { dir, kind, hex = '' } of transcript.events) {
        const type = hex.slice(0, 8)
        if (dir !== 'g2h' || kind !== 'postmessage' || (type !== '08000000' && type !== '09000000')) continue
        const bytes = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
        const gpadlId = new DataView(bytes.buffer).getUint32(12, true)
        if (type === '08000000') recorded.set(gpadlId, [bytes])
        else recorded.get(gpadlId)?.push(bytes)
      }
      expect(recorded.size).toBeGreaterThan(1)
      for (const [gpadlId, messages] of recorded) {
        const [first = new Uint8Array()] = messages
        const { channelId, rangeCount } = GpadlHeader.decode(first)
        const list = joined(messages)
        const walk = new GpaRanges().reset(list, 0, list.length, rangeCount)
        const ranges: GpadlRange[] = []
        while (walk.next()) {
          ranges.push({ byteCount: walk.byteCount, byteOffset: walk.byteOffset, pfns: [...walk.pageNumbers()] })
        }
        expect(gpadlMessages(channelId, gpadlId, ranges).map(toHex)).toEqual(messages.map(toHex))
      }
    })
  }
})
