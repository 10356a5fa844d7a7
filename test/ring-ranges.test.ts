import { describe, expect, it } from 'vitest'
import { BufferMemory, PageList } from '../src/memory/index.ts'
import { checkGpadlRanges, GpaRanges, type RangeFault, TransferPageRanges } from '../src/vmbus/gpa-ranges.ts'
import { Requestor } from '../src/vmbus/requestor.ts'
import { signalMechanism } from '../src/vmbus/signal.ts'

/** A range list: numbers are u32, bigints u64. */
function list(...values: (number | bigint)[]): Uint8Array {
  const words = values.flatMap((value) =>
    typeof value === 'number' ? [value] : [Number(value & 0xffff_ffffn), Number(value >> 32n)],
  )
  return new Uint8Array(Uint32Array.from(words).buffer)
}

function faultOf(bytes: Uint8Array, count: number): RangeFault | undefined {
  const ranges = new GpaRanges().reset(bytes, 0, bytes.length, count)
  while (ranges.next());
  return ranges.fault
}

describe('GPA ranges', () => {
  it('[B143] walks two ranges over three pages', () => {
    const bytes = list(20, 4090, 5n, 9n, 200, 0, 0x1_0000_0007n)
    const ranges = new GpaRanges().reset(bytes, 0, bytes.length, 2)
    expect([ranges.next(), ranges.byteCount, ranges.byteOffset, ...ranges.pageNumbers()]).toEqual([
      true,
      20,
      4090,
      5,
      9,
    ])
    expect([ranges.next(), ranges.byteCount, ranges.byteOffset, ranges.pageNumber(0)]).toEqual([
      true,
      200,
      0,
      0x1_0000_0007,
    ])
    expect(() => ranges.pageNumber(1)).toThrow(RangeError)
    expect([ranges.next(), ranges.fault, ranges.extraBytes]).toEqual([false, undefined, 0])
  })

  it.each([
    ['[RB-16][GP-04] byte_count 0', list(0, 0, 1n), 1, 'EmptyByteCount'],
    ['[RB-17][GP-05] byte_offset 0x1000', list(8, 0x1000, 1n), 1, 'OffsetTooLarge'],
    ['[GP-05] byte_offset 0xffffffff', list(8, 0xffff_ffff, 1n), 1, 'OffsetTooLarge'],
    ['[GP-07] two pages of bytes, one page number', list(0x2000, 0, 1n), 1, 'RangeTooSmall'],
    ['[GP-07] 4 GiB of bytes, one page number', list(0xffff_ffff, 4095, 1n), 1, 'RangeTooSmall'],
    ['[B156] more ranges than the list can hold', list(8, 0, 1n), 2, 'LENGTH'],
    ['[B156] four thousand million ranges', list(8, 0, 1n), 0xffff_ffff, 'LENGTH'],
    ['[B156] a second range without its header', list(8192, 0, 1n, 2n, 3n).subarray(0, 24), 1, undefined],
    ['[B156] a second range cut off', list(4097, 0, 1n, 2n, 8, 0), 2, 'RangeTooSmall'],
  ])('%s', (_title, bytes, count, code) => {
    expect(faultOf(bytes, count)?.code).toBe(code)
  })

  it('[RB-19] gives page numbers beyond 2^53 that no memory accepts', () => {
    const bytes = list(8, 0, 0xffff_ffff_ffff_ffffn)
    const ranges = new GpaRanges().reset(bytes, 0, bytes.length, 1)
    expect(ranges.next()).toBe(true)
    expect(() => new PageList(new BufferMemory(new ArrayBuffer(4096)), ranges.pageNumbers())).toThrow('not an address')
  })
})

describe('GPADL range lists', () => {
  it('[GP-08] accepts qwords behind the last range, and says how many bytes', () => {
    expect(checkGpadlRanges(list(4096, 0, 1n, 7n, 8n), 1)).toEqual({ extraBytes: 16 })
  })
  it('[GP-01] refuses a length that is no multiple of 8', () => {
    expect(checkGpadlRanges(list(4096, 0, 1n, 7), 1)).toMatchObject({ code: 'LENGTH' })
  })
  it('[GP-02] refuses no ranges', () => {
    expect(checkGpadlRanges(list(4096, 0, 1n), 0)).toMatchObject({ code: 'EmptyGpadl' })
    expect(checkGpadlRanges(new Uint8Array(0), 0)).toMatchObject({ code: 'EmptyGpadl' })
  })
  it('[GP-04][GP-05][GP-07] refuses bad ranges', () => {
    expect(checkGpadlRanges(list(0, 0, 1n), 1)).toMatchObject({ code: 'EmptyByteCount', offset: 0 })
    expect(checkGpadlRanges(list(4096, 0, 1n, 8, 4096, 1n), 2)).toMatchObject({ code: 'OffsetTooLarge', offset: 16 })
    expect(checkGpadlRanges(list(8192, 0, 1n), 1)).toMatchObject({ code: 'RangeTooSmall' })
  })
})

describe('transfer page ranges', () => {
  const walk = (bytes: Uint8Array, count: number, size: number) => {
    const ranges = new TransferPageRanges().reset(bytes, 0, bytes.length, count, size)
    const found: number[][] = []
    while (ranges.next()) found.push([ranges.byteOffset, ranges.byteCount])
    return { found, code: ranges.fault?.code }
  }
  it('[B144] gives offsets into the buffer', () => {
    expect(walk(list(0x10, 0xfff, 8, 0), 2, 8192)).toEqual({
      found: [
        [0xfff, 0x10],
        [0, 8],
      ],
      code: undefined,
    })
    expect(walk(list(), 0, 8192)).toEqual({ found: [], code: undefined })
  })
  it('[RB-20] refuses more ranges than the header holds', () => {
    expect(walk(list(8, 0), 2, 8192)).toEqual({ found: [], code: 'LENGTH' })
    expect(walk(list(8, 0), 0xffff_ffff, 8192)).toEqual({ found: [], code: 'LENGTH' })
  })
  it('[RB-22] refuses a range that would wrap, or ends outside the buffer', () => {
    expect(walk(list(0x20, 0xffff_fff0), 1, 2 ** 31)).toEqual({ found: [], code: 'RANGE' })
    expect(walk(list(8, 0, 9, 8184), 2, 8192)).toEqual({ found: [[0, 8]], code: 'RANGE' })
  })
})

describe('requestor', () => {
  it('[B142][RB-23][RB-25][RB-26] takes each completion once, and drops unknown ids and 0', () => {
    const requestor = new Requestor<string>(3)
    expect(['a', 'b', 'c', 'd'].map((value) => requestor.allocate(value))).toEqual([1, 2, 3, 0])
    expect([requestor.inUse, requestor.nextId]).toEqual([3, 0])
    for (const [low, high] of [
      [0, 0],
      [4, 0],
      [1, 1],
      [0xffff_ffff, 0xffff_ffff],
      [-1, 0],
      [1.5, 0],
    ] as const) {
      expect(requestor.complete(low, high)).toBeUndefined()
    }
    expect([requestor.complete(2, 0), requestor.complete(2, 0), requestor.complete(1, 0)]).toEqual([
      'b',
      undefined,
      'a',
    ])
    expect([requestor.nextId, requestor.allocate('e'), requestor.allocate('f'), requestor.inUse]).toEqual([1, 1, 2, 3])
  })
})

describe('signal mechanism', () => {
  it('[B123][B125] chooses monitor page or hypercall as Linux does', () => {
    const channel = { channelId: 7, connectionId: 9, dedicatedInterrupt: true }
    expect(signalMechanism({ ...channel, monitorId: 127 })).toEqual({
      interruptPageBit: 7,
      monitor: { group: 3, bit: 31 },
    })
    expect(signalMechanism({ ...channel, monitorId: 0, lowLatency: true })).toEqual({ connectionId: 9 })
    expect(signalMechanism(channel)).toEqual({ connectionId: 9 })
    expect(signalMechanism({ ...channel, dedicatedInterrupt: false })).toEqual({ interruptPageBit: 7, connectionId: 9 })
  })
})
