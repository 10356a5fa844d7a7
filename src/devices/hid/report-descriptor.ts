import { WireError, type WireErrorCode } from '../../wire/index.ts'
import { HidFieldFlags } from './build.ts'
import {
  HidGlobalTag,
  type HidItem,
  HidItemType,
  HidLocalTag,
  HidMainTag,
  type HidShortItem,
  hidItemSize,
  parseHidItems,
} from './items.ts'

/** Which reports a field belongs to. */
export type HidReportKind = 'input' | 'output' | 'feature'

/** Usages from one to another, `page << 16 | id`; a single one is both. */
export interface HidUsageRange {
  /** First usage, page in its upper 16 bits. */
  readonly minimum: number
  /** Last usage. */
  readonly maximum: number
  /** Others that mean the same, less preferred. */
  readonly alternatives?: readonly HidUsageRange[]
}

/** Indices from one to another: of designators or strings. */
export interface HidIndexRange {
  /** First index. */
  readonly minimum: number
  /** Last index. */
  readonly maximum: number
}

/** A collection, and where it stands. */
export interface HidCollection {
  /** See HidCollectionType. */
  readonly type: number
  /** `page << 16 | id`; 0 when it has none. */
  readonly usage: number
  /** The collection around it. */
  readonly parent: HidCollection | undefined
}

/** A field of a report: values of one size, side by side. */
export interface HidField {
  /** Which reports it is in. */
  readonly kind: HidReportKind
  /** 0 when reports have no ids. */
  readonly reportId: number
  /** Bits from the report's start, the id byte not counted. */
  readonly bitOffset: number
  /** Bits of one value. */
  readonly bitSize: number
  /** Values. */
  readonly count: number
  /** See HidFieldFlags. */
  readonly flags: number
  /** What its values mean, in order. */
  readonly usages: readonly HidUsageRange[]
  /** Parts of the body that they belong to. */
  readonly designators: readonly HidIndexRange[]
  /** String descriptors that name them. */
  readonly strings: readonly HidIndexRange[]
  /** Smallest value on the wire. */
  readonly logicalMinimum: number
  /** Largest value on the wire. */
  readonly logicalMaximum: number
  /** What the smallest stands for, in `unit`. */
  readonly physicalMinimum: number
  /** What the largest stands for, in `unit`. */
  readonly physicalMaximum: number
  /** Power of ten. */
  readonly unitExponent: number
  /** Nibbles as in HID 1.11, 6.2.2.7; 0 for none. */
  readonly unit: number
  /** The innermost collection that it is in. */
  readonly collection: HidCollection | undefined
}

/** Reports of one kind and id. */
export interface HidReportShape {
  /** Input, output or feature. */
  readonly kind: HidReportKind
  /** 0 when reports have no ids. */
  readonly id: number
  /** Bytes, the id byte included where there is one. */
  readonly byteLength: number
}

/** A report descriptor's meaning. */
export interface HidReportDescriptor {
  /** As they stand. */
  readonly items: readonly HidItem[]
  /** All collections, outer ones first. */
  readonly collections: readonly HidCollection[]
  /** In order. */
  readonly fields: readonly HidField[]
  /** By kind and id. */
  readonly reports: readonly HidReportShape[]
  /** Whether reports begin with an id. */
  readonly hasIds: boolean
}

/** Bounds on what a descriptor may ask for. Linux: HID_MAX_BUFFER_SIZE, HID_GLOBAL_STACK_SIZE, and nothing on depth. */
const most = { reportBits: 16384 * 8, pushes: 16, depth: 64, bitSize: 256 } as const

/**
 * Understands a report descriptor. Throws `WireError` with the offset of the item: `SHORT` cut off, `STATE` push, pop, collections
 * and delimiters that do not match, `RANGE` values that nothing can be, `LIMIT` more than is reasonable.
 */
export function parseReportDescriptor(bytes: Uint8Array): HidReportDescriptor {
  return new Parser(bytes).parse()
}

interface Globals {
  usagePage: number
  logicalMinimum: number
  logicalMaximum: number
  physicalMinimum: number
  physicalMaximum: number
  unitExponent: number
  unit: number
  reportSize: number
  reportCount: number
  reportId: number
}

/** A usage as it was given: with a page of its own when it has 4 bytes. */
interface LocalUsage {
  minimum: number
  maximum: number
  hasPage: boolean
  alternatives: LocalUsage[]
}

class Parser {
  readonly #items: HidItem[]
  readonly #collections: HidCollection[] = []
  readonly #fields: HidField[] = []
  readonly #bits = new Map<string, { kind: HidReportKind; id: number; bits: number }>()
  readonly #stack: Globals[] = []
  #globals: Globals = {
    usagePage: 0,
    logicalMinimum: 0,
    logicalMaximum: 0,
    physicalMinimum: 0,
    physicalMaximum: 0,
    unitExponent: 0,
    unit: 0,
    reportSize: 0,
    reportCount: 0,
    reportId: 0,
  }
  #collection: HidCollection | undefined
  #depth = 0
  #usages: LocalUsage[] = []
  #ranges = { designators: new Ranges(), strings: new Ranges() }
  #usageMinimum: HidShortItem | undefined
  #delimited: { first: LocalUsage | undefined } | undefined
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#items = parseHidItems(bytes)
  }

  parse(): HidReportDescriptor {
    for (const item of this.#items) {
      if (item.form === 'short') this.#take(item)
      this.#at += hidItemSize(item)
    }
    if (this.#collection !== undefined) this.#fail('STATE', 'a collection has no end')
    if (this.#delimited !== undefined) this.#fail('STATE', 'a delimiter is open')
    const hasIds = this.#fields.some(({ reportId }) => reportId !== 0)
    const reports = [...this.#bits.values()].map(({ kind, id, bits }) => ({
      kind,
      id,
      byteLength: Math.ceil(bits / 8) + (hasIds ? 1 : 0),
    }))
    return { items: this.#items, collections: this.#collections, fields: this.#fields, reports, hasIds }
  }

  #take(item: HidShortItem): void {
    if (item.type === HidItemType.Main) this.#main(item)
    else if (item.type === HidItemType.Global) this.#global(item)
    else if (item.type === HidItemType.Local) this.#local(item)
  }

  #main({ tag, value }: HidShortItem): void {
    if (tag === HidMainTag.Input) this.#field('input', value)
    else if (tag === HidMainTag.Output) this.#field('output', value)
    else if (tag === HidMainTag.Feature) this.#field('feature', value)
    else if (tag === HidMainTag.Collection) this.#open(value)
    else if (tag === HidMainTag.EndCollection) this.#close()
    // Local items count up to the next main item.
    this.#usages = []
    this.#ranges = { designators: new Ranges(), strings: new Ranges() }
    this.#usageMinimum = undefined
  }

  #open(type: number): void {
    if (++this.#depth > most.depth) this.#fail('LIMIT', `collections are ${this.#depth} deep`)
    const [first] = this.#usagesOf()
    this.#collection = { type, usage: first?.minimum ?? 0, parent: this.#collection }
    this.#collections.push(this.#collection)
  }

  #close(): void {
    const { parent } = this.#collection ?? this.#fail('STATE', 'the end of no collection')
    this.#depth--
    this.#collection = parent
  }

  #field(kind: HidReportKind, flags: number): void {
    const { reportSize, reportCount, reportId, usagePage: _, ...rest } = this.#globals
    const key = `${kind} ${reportId}`
    const report = this.#bits.get(key) ?? { kind, id: reportId, bits: 0 }
    const bits = reportSize * reportCount
    if (reportSize > most.bitSize) this.#fail('RANGE', `values of ${reportSize} bits`)
    if (bits > most.reportBits - report.bits) this.#fail('LIMIT', `a report of ${report.bits + bits} bits`)
    if (bits === 0) return
    if ((flags & HidFieldFlags.constant) === 0 && rest.logicalMaximum < rest.logicalMinimum) {
      this.#fail('RANGE', `logical values from ${rest.logicalMinimum} to ${rest.logicalMaximum}`)
    }
    this.#fields.push({
      kind,
      reportId,
      bitOffset: report.bits,
      bitSize: reportSize,
      count: reportCount,
      flags,
      usages: this.#usagesOf(),
      designators: this.#ranges.designators.list,
      strings: this.#ranges.strings.list,
      ...rest,
      collection: this.#collection,
    })
    report.bits += bits
    this.#bits.set(key, report)
  }

  #global(item: HidShortItem): void {
    const globals = this.#globals
    const { value } = item
    switch (item.tag) {
      case HidGlobalTag.UsagePage:
        if (value > 0xffff) this.#fail('RANGE', `usage page ${value}`)
        globals.usagePage = value
        break
      case HidGlobalTag.LogicalMinimum:
        globals.logicalMinimum = signedValue(item)
        break
      case HidGlobalTag.LogicalMaximum:
        // As Linux: many devices give a maximum without sign, and mean it where the minimum has none.
        globals.logicalMaximum = globals.logicalMinimum < 0 ? signedValue(item) : value
        break
      case HidGlobalTag.PhysicalMinimum:
        globals.physicalMinimum = signedValue(item)
        break
      case HidGlobalTag.PhysicalMaximum:
        globals.physicalMaximum = globals.physicalMinimum < 0 ? signedValue(item) : value
        break
      case HidGlobalTag.UnitExponent:
        // A nibble with a sign; some devices give a whole signed number.
        globals.unitExponent = value <= 0xf ? (value ^ 8) - 8 : signedValue(item)
        break
      case HidGlobalTag.Unit:
        globals.unit = value
        break
      case HidGlobalTag.ReportSize:
        globals.reportSize = value
        break
      case HidGlobalTag.ReportCount:
        globals.reportCount = value
        break
      case HidGlobalTag.ReportId:
        if (value === 0 || value > 0xff) this.#fail('RANGE', `report id ${value}`)
        globals.reportId = value
        break
      case HidGlobalTag.Push:
        if (this.#stack.length >= most.pushes) this.#fail('LIMIT', `more than ${most.pushes} pushes`)
        this.#stack.push({ ...globals })
        break
      case HidGlobalTag.Pop:
        this.#globals = this.#stack.pop() ?? this.#fail('STATE', 'a pop without a push')
        break
    }
  }

  #local(item: HidShortItem): void {
    const { designators, strings } = this.#ranges
    const { value } = item
    switch (item.tag) {
      case HidLocalTag.Usage:
        this.#addUsage(item, item)
        break
      case HidLocalTag.UsageMinimum:
        this.#usageMinimum = item
        break
      case HidLocalTag.UsageMaximum: {
        const minimum = this.#usageMinimum ?? this.#fail('STATE', 'a usage maximum without a minimum')
        if (minimum.value > value) this.#fail('RANGE', `usages from ${minimum.value} to ${value}`)
        this.#addUsage(minimum, item)
        this.#usageMinimum = undefined
        break
      }
      case HidLocalTag.DesignatorIndex:
        designators.add(value, value)
        break
      case HidLocalTag.DesignatorMinimum:
        designators.minimum = value
        break
      case HidLocalTag.DesignatorMaximum:
        designators.add(designators.minimum, value)
        break
      case HidLocalTag.StringIndex:
        strings.add(value, value)
        break
      case HidLocalTag.StringMinimum:
        strings.minimum = value
        break
      case HidLocalTag.StringMaximum:
        strings.add(strings.minimum, value)
        break
      case HidLocalTag.Delimiter:
        if ((value !== 0) === (this.#delimited !== undefined))
          this.#fail('STATE', `delimiter ${value} where it cannot be`)
        this.#delimited = value === 0 ? undefined : { first: undefined }
        break
    }
  }

  #addUsage(minimum: HidShortItem, maximum: HidShortItem): void {
    const added = {
      minimum: minimum.value,
      maximum: maximum.value,
      hasPage: minimum.size === 4,
      alternatives: [],
    }
    const first = this.#delimited?.first
    if (first !== undefined) first.alternatives.push(added)
    else this.#usages.push(added)
    if (this.#delimited !== undefined) this.#delimited.first ??= added
  }

  /** The page is the one that counts at the main item, for usages that name none (6.2.2.8). */
  #usagesOf(): HidUsageRange[] {
    const page = this.#globals.usagePage * 0x1_0000
    const whole = ({ minimum, maximum, hasPage, alternatives }: LocalUsage): HidUsageRange => ({
      minimum: hasPage ? minimum : page + minimum,
      maximum: hasPage ? maximum : page + maximum,
      ...(alternatives.length > 0 && { alternatives: alternatives.map(whole) }),
    })
    return this.#usages.map(whole)
  }

  #fail(code: WireErrorCode, why: string): never {
    throw new WireError({ code, path: 'item', offset: this.#at, why }, 'ReportDescriptor')
  }
}

class Ranges {
  readonly list: HidIndexRange[] = []
  minimum = 0

  add(minimum: number, maximum: number): void {
    this.list.push({ minimum, maximum })
  }
}

function signedValue({ size, value }: HidShortItem): number {
  const bits = 8 * size
  return bits > 0 && value >= 2 ** (bits - 1) ? value - 2 ** bits : value
}
