import { WireError } from '../../wire/index.ts'
import { HidFieldFlags } from './build.ts'
import type {
  HidField,
  HidReportDescriptor,
  HidReportKind,
  HidReportShape,
  HidUsageRange,
} from './report-descriptor.ts'

/** One value of a report. */
export interface HidValue {
  /** `page << 16 | id`; 0 when the field names none. */
  readonly usage: number
  /** In the field's logical units; of an array 1: that usage is on. */
  readonly value: number
  /** The field that it stands in. */
  readonly field: HidField
}

/** A report taken apart. */
export interface HidReport {
  /** Which report it is. */
  readonly shape: HidReportShape
  /** In order; constants are left out, and so are array slots that name no usage. */
  readonly values: readonly HidValue[]
}

/** Bits of a value that can be read as a number. */
const mostBits = 32

/**
 * Takes a report apart as its descriptor says. Values wider than 32 bits are left out.
 *
 * Throws `WireError`: `SHORT`, `UNKNOWN-ID` when no report of the kind has that id, `LENGTH` when there are more bytes than it has.
 */
export function readHidReport(descriptor: HidReportDescriptor, kind: HidReportKind, bytes: Uint8Array): HidReport {
  const shape = shapeOf(descriptor, kind, bytes)
  const body = descriptor.hasIds ? bytes.subarray(1) : bytes
  const values: HidValue[] = []
  for (const field of fieldsOf(descriptor, shape)) {
    if ((field.flags & HidFieldFlags.constant) !== 0 || field.bitSize > mostBits) continue
    const isVariable = (field.flags & HidFieldFlags.variable) !== 0
    const usages = new UsageTable(field.usages)
    for (let index = 0; index < field.count; index++) {
      const raw = readBits(body, field.bitOffset + index * field.bitSize, field.bitSize)
      const value = field.logicalMinimum < 0 ? withSign(raw, field.bitSize) : raw
      if (isVariable) values.push({ usage: usages.at(index), value, field })
      else if (value >= field.logicalMinimum && value <= field.logicalMaximum) {
        const usage = usages.named(value - field.logicalMinimum)
        if (usage !== 0) values.push({ usage, value: 1, field })
      }
    }
  }
  return { shape, values }
}

/**
 * Builds a report from values by usage (`page << 16 | id`); what is not given is 0, or the logical minimum where 0 is out of range.
 * An array takes the usages whose value is not 0, in the order given, as many as it has room for.
 *
 * Throws `RangeError` for a report that there is not, a usage that is not in it, a value out of its logical range, or an array that is too small.
 */
export function buildHidReport(
  descriptor: HidReportDescriptor,
  kind: HidReportKind,
  reportId: number,
  values: ReadonlyMap<number, number>,
): Uint8Array {
  const shape = descriptor.reports.find((report) => report.kind === kind && report.id === reportId)
  if (shape === undefined) throw new RangeError(`no ${kind} report ${reportId}`)
  const bytes = new Uint8Array(shape.byteLength)
  if (descriptor.hasIds) bytes[0] = reportId
  const body = descriptor.hasIds ? bytes.subarray(1) : bytes
  const left = new Map(values)
  for (const field of fieldsOf(descriptor, shape)) {
    if ((field.flags & HidFieldFlags.constant) !== 0 || field.bitSize > mostBits) continue
    if ((field.flags & HidFieldFlags.variable) !== 0) writeVariables(body, field, left)
    else writeArray(body, field, left)
  }
  const [unknown] = left.keys()
  if (unknown !== undefined)
    throw new RangeError(`no usage 0x${unknown.toString(16)} in ${kind} report ${reportId}, or no room`)
  return bytes
}

function writeVariables(body: Uint8Array, field: HidField, left: Map<number, number>): void {
  const { logicalMinimum, logicalMaximum, bitOffset, bitSize } = field
  const usages = new UsageTable(field.usages)
  const none = logicalMinimum > 0 ? logicalMinimum : Math.min(0, logicalMaximum)
  for (let index = 0; index < field.count; index++) {
    const usage = usages.at(index)
    const value = left.get(usage) ?? none
    left.delete(usage)
    if (!Number.isInteger(value) || value < logicalMinimum || value > logicalMaximum) {
      throw new RangeError(`usage 0x${usage.toString(16)}: ${value} is not in ${logicalMinimum} … ${logicalMaximum}`)
    }
    writeBits(body, bitOffset + index * bitSize, bitSize, value)
  }
}

function writeArray(body: Uint8Array, field: HidField, left: Map<number, number>): void {
  const { logicalMinimum, logicalMaximum, bitOffset, bitSize } = field
  let index = 0
  for (const [usage, value] of left) {
    const place = indexOf(field.usages, usage)
    const slot = logicalMinimum + (place ?? 0)
    if (place === undefined || slot > logicalMaximum) continue
    if (value !== 0) {
      if (index >= field.count) return
      writeBits(body, bitOffset + index++ * bitSize, bitSize, slot)
    }
    left.delete(usage)
  }
  // A slot that says nothing holds a value that no usage has, where there is one.
  for (; index < field.count; index++) {
    writeBits(body, bitOffset + index * bitSize, bitSize, logicalMinimum > 0 ? 0 : emptySlot(field))
  }
}

function emptySlot({ usages, logicalMinimum, logicalMaximum, bitSize }: HidField): number {
  const namesNothing = (new UsageTable(usages).named(0) & 0xffff) === 0
  return namesNothing || logicalMaximum + 1 >= 2 ** bitSize ? logicalMinimum : logicalMaximum + 1
}

function shapeOf(descriptor: HidReportDescriptor, kind: HidReportKind, bytes: Uint8Array): HidReportShape {
  const fault = (code: 'SHORT' | 'UNKNOWN-ID' | 'LENGTH', why: string) =>
    new WireError({ code, path: 'report', offset: 0, why }, 'HidReport')
  const id = descriptor.hasIds ? bytes[0] : 0
  if (id === undefined) throw fault('SHORT', 'no byte for the report id')
  const shape = descriptor.reports.find((report) => report.kind === kind && report.id === id)
  if (shape === undefined) throw fault('UNKNOWN-ID', `no ${kind} report ${id}`)
  if (bytes.length === shape.byteLength) return shape
  throw fault(
    bytes.length < shape.byteLength ? 'SHORT' : 'LENGTH',
    `${bytes.length} bytes, and it has ${shape.byteLength}`,
  )
}

function fieldsOf(descriptor: HidReportDescriptor, { kind, id }: HidReportShape): readonly HidField[] {
  return descriptor.fields.filter((field) => field.kind === kind && field.reportId === id)
}

/** Usages by number. Ranges may be many, and so may values: each is found by halving. */
class UsageTable {
  /** Number of each range's first usage. */
  readonly #starts: number[] = []
  #total = 0

  constructor(readonly ranges: readonly HidUsageRange[]) {
    for (const { minimum, maximum } of ranges) {
      this.#starts.push(this.#total)
      this.#total += maximum - minimum + 1
    }
  }

  /** Usage of the n-th value: beyond the last one that is named, that one (HID 1.11, 6.2.2.8). 0 when none is named. */
  at(index: number): number {
    return this.named(Math.min(index, this.#total - 1))
  }

  /** The n-th usage that is named; 0 when there are not so many. */
  named(index: number): number {
    if (index < 0 || index >= this.#total) return 0
    let [low, high] = [0, this.#starts.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return (this.ranges[low]?.minimum ?? 0) + index - (this.#starts[low] ?? 0)
  }
}

/** Where a usage is among those named. */
function indexOf(usages: readonly HidUsageRange[], usage: number): number | undefined {
  let before = 0
  for (const { minimum, maximum } of usages) {
    if (usage >= minimum && usage <= maximum) return before + usage - minimum
    before += maximum - minimum + 1
  }
  return undefined
}

/** Bits at a bit offset, the lowest first. At most 32. */
function readBits(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0
  for (let bit = 0; bit < size; bit++) {
    const at = offset + bit
    if ((((bytes[at >>> 3] ?? 0) >>> (at & 7)) & 1) !== 0) value += 2 ** bit
  }
  return value
}

function writeBits(bytes: Uint8Array, offset: number, size: number, value: number): void {
  for (let bit = 0; bit < size; bit++) {
    const at = offset + bit
    const byte = bytes[at >>> 3] ?? 0
    const mask = 1 << (at & 7)
    bytes[at >>> 3] = (value >> bit) & 1 ? byte | mask : byte & ~mask
  }
}

function withSign(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value
}
