import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as hid from '../src/devices/hid/index.ts'
import { mouseReportDescriptor } from '../src/devices/mouse/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { isWireError, toHex } from '../src/wire/index.ts'
import { seeded } from './seed.ts'

const { variable, relative, constant, nullState } = hid.HidFieldFlags
const { Application, Logical } = hid.HidCollectionType

/** Code and offset of what a parser throws. */
function faultOf(parse: () => unknown): string {
  try {
    parse()
    return 'none'
  } catch (error) {
    if (!isWireError(error)) throw error
    return `${error.code}@${error.offset}`
  }
}

const shortItem = fc
  .record({
    type: fc.integer({ min: 0, max: 3 }),
    tag: fc.integer({ min: 0, max: 15 }),
    size: fc.constantFrom<0 | 1 | 2 | 4>(0, 1, 2, 4),
    value: fc.nat(0xffff_ffff),
  })
  .filter(({ type, tag, size }) => !(type === 3 && tag === 15 && size === 2))
  .map(
    (item): hid.HidItem => ({
      form: 'short',
      ...item,
      value: item.size === 4 ? item.value : item.value % 256 ** item.size,
    }),
  )
const longItem = fc
  .record({ tag: fc.nat(255), data: fc.uint8Array({ maxLength: 255 }) })
  .map(({ tag, data }): hid.HidItem => hid.longItem(tag, data))

describe('items', () => {
  it('short ones of every type, tag and size, and long ones, come back as they were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 5, arbitrary: shortItem }, { weight: 1, arbitrary: longItem })),
        (items) => {
          const bytes = hid.encodeHidItems(items)
          expect(bytes.length).toBe(items.reduce((sum, item) => sum + hid.hidItemSize(item), 0))
          expect(hid.parseHidItems(bytes)).toEqual(items)
        },
      ),
      seeded,
    )
  })

  it('of any bytes: either these very bytes again, or where they are cut off', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const fault = faultOf(() => expect(hid.encodeHidItems(hid.parseHidItems(bytes))).toEqual(bytes))
        expect(fault).toMatch(/^none$|^SHORT@\d+$/)
      }),
      seeded,
    )
  })

  it.each([
    ['a short item', '05', 'SHORT@0'],
    ['4 bytes of data', '0501 17000000', 'SHORT@2'],
    ['a long item without its tag', 'fe02', 'SHORT@0'],
    ['a long item without its data', 'fe0201ff', 'SHORT@0'],
  ])('%s that is cut off is refused', (_name, hex, fault) => {
    expect(faultOf(() => hid.parseHidItems(fromHex(hex.replace(/ /g, ''))))).toBe(fault)
  })

  it('that do not fit are not built', () => {
    expect(() => hid.encodeHidItems([{ form: 'short', type: 1, tag: 0, size: 1, value: 256 }])).toThrow(RangeError)
    expect(() => hid.encodeHidItems([{ form: 'short', type: 3, tag: 15, size: 2, value: 0 }])).toThrow(RangeError)
    expect(() => hid.encodeHidItems([hid.longItem(0, new Uint8Array(256))])).toThrow(RangeError)
  })
})

describe('report descriptors', () => {
  it('a mouse, byte by byte as HID 1.11 appendix E.10 has it, and what it means', () => {
    const bytes = hid.reportDescriptor(
      [hid.usagePage(1), hid.usage(2)],
      hid.collection(
        Application,
        hid.usage(1),
        hid.collection(
          hid.HidCollectionType.Physical,
          [hid.usagePage(9), hid.usageRange(1, 3), hid.logicalRange(0, 1)],
          [hid.reportCount(3), hid.reportSize(1), hid.input(variable)],
          [hid.reportCount(1), hid.reportSize(5), hid.input(constant)],
          [hid.usagePage(1), hid.usage(0x30, 0x31), hid.logicalRange(-127, 127)],
          [hid.reportSize(8), hid.reportCount(2), hid.input(variable | relative)],
        ),
      ),
    )
    expect(toHex(bytes)).toBe(
      '05010902a1010901a1000509190129031500250195037501810295017505810105010930093115812' + '57f750895028106c0c0',
    )
    const { fields, collections, reports, hasIds } = hid.parseReportDescriptor(bytes)
    expect(fields.map(({ bitOffset, bitSize, count, flags }) => [bitOffset, bitSize, count, flags])).toEqual([
      [0, 1, 3, variable],
      [3, 5, 1, constant],
      [8, 8, 2, variable | relative],
    ])
    expect(fields[2]).toMatchObject({
      kind: 'input',
      reportId: 0,
      logicalMinimum: -127,
      logicalMaximum: 127,
      usages: [
        { minimum: hid.HidUsage.X, maximum: hid.HidUsage.X },
        { minimum: hid.HidUsage.Y, maximum: hid.HidUsage.Y },
      ],
      collection: { type: 0, usage: hid.HidUsage.Pointer, parent: { type: 1, usage: hid.HidUsage.Mouse } },
    })
    expect(collections).toHaveLength(2)
    expect([reports, hasIds]).toEqual([[{ kind: 'input', id: 0, byteLength: 3 }], false])
  })

  it('report ids, all three kinds, push and pop, units, strings, designators, alternatives, pages in usages', () => {
    const { fields, reports, hasIds } = hid.parseReportDescriptor(
      hid.reportDescriptor(
        [hid.usagePage(0x0d), hid.usage(4)],
        hid.collection(
          Application,
          hid.reportId(1),
          [hid.logicalRange(0, 0xff), hid.physicalRange(-10, 10), hid.unit(0x11), hid.unitExponent(-2)],
          [hid.reportSize(8), hid.reportCount(1)],
          [hid.stringIndex(4), hid.stringRange(6, 7), hid.designator(1), hid.designatorRange(2, 3)],
          [hid.usage(0x0001_0030), hid.input(variable)],
          hid.pushed([hid.usagePage(0xff00), hid.reportSize(3), hid.usage(1), hid.output(variable)]),
          hid.collection(Logical, hid.alternativeUsages(0x31, 0x32), hid.usage(0x33)),
          [hid.alternativeUsages(0x41, 0x42), hid.reportId(2), hid.feature(variable | hid.HidFieldFlags.volatile)],
          hid.longItem(7, Uint8Array.of(1, 2)),
        ),
      ),
    )
    expect(hasIds).toBe(true)
    expect(reports).toEqual([
      { kind: 'input', id: 1, byteLength: 2 },
      { kind: 'output', id: 1, byteLength: 2 },
      { kind: 'feature', id: 2, byteLength: 2 },
    ])
    const [first, second, third] = fields
    expect(first).toMatchObject({
      usages: [{ minimum: 0x1_0030, maximum: 0x1_0030 }],
      strings: [
        { minimum: 4, maximum: 4 },
        { minimum: 6, maximum: 7 },
      ],
      designators: [
        { minimum: 1, maximum: 1 },
        { minimum: 2, maximum: 3 },
      ],
      logicalMaximum: 255,
      physicalMinimum: -10,
      physicalMaximum: 10,
      unit: 0x11,
      unitExponent: -2,
    })
    expect(second).toMatchObject({
      kind: 'output',
      bitSize: 3,
      usages: [{ minimum: 0xff00_0001, maximum: 0xff00_0001 }],
    })
    expect(second?.strings).toEqual([])
    expect(third).toMatchObject({
      kind: 'feature',
      bitSize: 8,
      usages: [{ minimum: 0x0d_0041, maximum: 0x0d_0041, alternatives: [{ minimum: 0x0d_0042, maximum: 0x0d_0042 }] }],
    })
  })

  it('the page is the one that counts at the main item; a maximum without sign is one where the minimum has none', () => {
    const { fields } = hid.parseReportDescriptor(fromHex('0930050115002 5ff750895018102'.replace(/ /g, '')))
    expect(fields[0]).toMatchObject({ usages: [{ minimum: 0x1_0030 }], logicalMinimum: 0, logicalMaximum: 255 })
  })

  it.each([
    ['the end of no collection', 'c0', 'STATE@0'],
    ['a collection without end', 'a101', 'STATE@2'],
    ['a pop without push', 'b4', 'STATE@0'],
    ['17 pushes', 'a4'.repeat(17), 'LIMIT@16'],
    ['65 collections in each other', 'a100'.repeat(65), 'LIMIT@128'],
    ['report id 0', '8500', 'RANGE@0'],
    ['report id 256', '860001', 'RANGE@0'],
    ['a usage maximum alone', '2905', 'STATE@0'],
    ['usages from 5 to 4', '19052904', 'RANGE@2'],
    ['values of 257 bits', '76010195018102', 'RANGE@5'],
    ['a report of more than 16384 bytes', '7508960140'.concat('8102'), 'LIMIT@5'],
    ['2^32 - 1 values of no bits, and none of any', '97ffffffff810275018102', 'LIMIT@9'],
    ['logical values from 5 to 4', '15052504750195018102', 'RANGE@8'],
    ['a delimiter closed that is not open', 'a900', 'STATE@0'],
    ['a delimiter in a delimiter', 'a901a901', 'STATE@2'],
    ['a delimiter that stays open', 'a901', 'STATE@2'],
    ['a usage page of 32 bits', '0700000100', 'RANGE@0'],
  ])('%s is refused', (_name, hex, fault) => {
    expect(faultOf(() => hid.parseReportDescriptor(fromHex(hex)))).toBe(fault)
  })

  it('of any items: understood, or refused with a fault of its own', () => {
    fc.assert(
      fc.property(fc.array(shortItem, { maxLength: 40 }), (items) => {
        const bytes = hid.encodeHidItems(items)
        expect(faultOf(() => hid.parseReportDescriptor(bytes))).toMatch(/^none$|^(STATE|RANGE|LIMIT)@\d+$/)
      }),
      seeded,
    )
  })
})

describe('reports', () => {
  /** A keyboard as in HID 1.11 appendix B.1: modifiers, a byte, six keys; and its lamps. */
  const keyboard = hid.parseReportDescriptor(
    hid.reportDescriptor(
      [hid.usagePage(1), hid.usage(6)],
      hid.collection(
        Application,
        [hid.usagePage(7), hid.usageRange(0xe0, 0xe7), hid.logicalRange(0, 1)],
        [hid.reportSize(1), hid.reportCount(8), hid.input(variable)],
        [hid.reportCount(1), hid.reportSize(8), hid.input(constant)],
        [hid.reportCount(5), hid.reportSize(1), hid.usagePage(8), hid.usageRange(1, 5), hid.output(variable)],
        [hid.reportCount(1), hid.reportSize(3), hid.output(constant)],
        [hid.reportCount(6), hid.reportSize(8), hid.logicalRange(0, 101)],
        [hid.usagePage(7), hid.usageRange(0, 101), hid.input(0)],
      ),
    ),
  )

  it('arrays name the keys that are down; variables have a value each', () => {
    const pressed = new Map([
      [0x7_00e1, 1],
      [0x7_0004, 1],
      [0x7_0005, 1],
    ])
    const bytes = hid.buildHidReport(keyboard, 'input', 0, pressed)
    expect(toHex(bytes)).toBe('0200040500000000')
    const { values } = hid.readHidReport(keyboard, 'input', bytes)
    expect(new Map(values.filter(({ value }) => value !== 0).map(({ usage, value }) => [usage, value]))).toEqual(
      new Map([...pressed, [0x7_0000, 1]]),
    )
    expect(toHex(hid.buildHidReport(keyboard, 'output', 0, new Map([[0x8_0002, 1]])))).toBe('02')
  })

  it('what does not fit is not built', () => {
    const keys = (count: number) => new Map(Array.from({ length: count }, (_, key) => [0x7_0004 + key, 1] as const))
    expect(hid.buildHidReport(keyboard, 'input', 0, keys(6))).toHaveLength(8)
    expect(() => hid.buildHidReport(keyboard, 'input', 0, keys(7))).toThrow(/no room/)
    expect(() => hid.buildHidReport(keyboard, 'input', 0, new Map([[0x1_0030, 1]]))).toThrow(/no usage 0x10030/)
    expect(() => hid.buildHidReport(keyboard, 'input', 0, new Map([[0x7_00e1, 2]]))).toThrow(/not in 0 … 1/)
    expect(() => hid.buildHidReport(keyboard, 'input', 1, new Map())).toThrow(/no input report 1/)
  })

  it('values across bytes, with sign, with ids; beyond the last usage that one goes on; null and constants are left out', () => {
    const descriptor = hid.parseReportDescriptor(
      hid.reportDescriptor(
        [hid.usagePage(1), hid.reportId(9)],
        [hid.logicalRange(-2048, 2047), hid.reportSize(12), hid.reportCount(3), hid.usage(0x30, 0x31)],
        hid.input(variable | nullState),
        [hid.reportSize(4), hid.reportCount(1), hid.input(constant)],
        [hid.reportSize(40), hid.usage(0x33), hid.input(variable)],
        [hid.reportSize(32), hid.usage(0x34), hid.logicalRange(-(2 ** 31), 2 ** 31 - 1), hid.input(variable)],
      ),
    )
    const { values } = hid.readHidReport(descriptor, 'input', fromHex(`09ff0f800100ffffffffff00000080`))
    expect(values.map(({ usage, value }) => [usage, value])).toEqual([
      [0x1_0030, -1],
      [0x1_0031, -2048],
      [0x1_0031, 1],
      [0x1_0034, -(2 ** 31)],
    ])
  })

  it('bytes that are too few or too many, and ids that there are not, are refused', () => {
    const faults = ['', '00', '000000000000000000'].map((hex) =>
      faultOf(() => hid.readHidReport(keyboard, 'input', fromHex(hex))),
    )
    expect(faults).toEqual(['SHORT@0', 'SHORT@0', 'LENGTH@0'])
    expect(faultOf(() => hid.readHidReport(keyboard, 'feature', fromHex('00')))).toBe('UNKNOWN-ID@0')
    const withIds = hid.parseReportDescriptor(fromHex('8503150025017508950109308102'))
    expect(faultOf(() => hid.readHidReport(withIds, 'input', new Uint8Array(0)))).toBe('SHORT@0')
    expect(faultOf(() => hid.readHidReport(withIds, 'input', fromHex('0400')))).toBe('UNKNOWN-ID@0')
  })

  it('what is built is read', () => {
    const descriptor = hid.parseReportDescriptor(mouseReportDescriptor('relative', true))
    const axis = fc.integer({ min: -0x7fff, max: 0x7fff })
    const state = fc.record({ x: axis, y: axis, wheel: axis, pan: axis, left: fc.nat(1), forward: fc.nat(1) })
    fc.assert(
      fc.property(state, ({ x, y, wheel, pan, left, forward }) => {
        const { X, Y, Wheel, AcPan, Button } = hid.HidUsage
        const given = new Map([
          [X, x],
          [Y, y],
          [Wheel, wheel],
          [AcPan, pan],
          [Button + 1, left],
          [Button + 5, forward],
        ] as const)
        const { values } = hid.readHidReport(descriptor, 'input', hid.buildHidReport(descriptor, 'input', 0, given))
        const read = new Map(values.map(({ usage, value }) => [usage, value]))
        for (const [usage, value] of given) expect(read.get(usage)).toBe(value)
      }),
      seeded,
    )
  })
})
