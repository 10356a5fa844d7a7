import { encodeHidItems, HidGlobalTag, type HidItem, HidItemType, HidLocalTag, HidMainTag } from './items.ts'

/** Part of a report descriptor: an item, or several. */
export type HidPart = HidItem | readonly HidPart[]

/** What a collection is. Source: HID 1.11, 6.2.2.6. */
export const HidCollectionType = {
  Physical: 0,
  Application: 1,
  Logical: 2,
  Report: 3,
  NamedArray: 4,
  UsageSwitch: 5,
  UsageModifier: 6,
} as const

/** Bits of input, output and feature items. Without one: data, array, absolute, no wrap, linear, preferred state, no null. 6.2.2.5. */
export const HidFieldFlags = {
  constant: 0x1,
  variable: 0x2,
  relative: 0x4,
  wrap: 0x8,
  nonLinear: 0x10,
  noPreferred: 0x20,
  nullState: 0x40,
  /** Not for input. */
  volatile: 0x80,
  bufferedBytes: 0x100,
} as const

/** A report descriptor of these parts, in order. Throws `RangeError` for values that do not fit. */
export function reportDescriptor(...parts: readonly HidPart[]): Uint8Array {
  return encodeHidItems(flatten(parts))
}

function flatten(parts: readonly HidPart[]): HidItem[] {
  return parts.flatMap((part) => ('form' in part ? [part] : flatten(part)))
}

/** Any short item, in as few bytes as its value without sign needs. */
export function hidItem(type: number, tag: number, value: number): HidItem {
  const size = value > 0xffff ? 4 : value > 0xff ? 2 : 1
  return { form: 'short', type, tag, size, value }
}

/** A short item with a sign: in as few bytes as that needs. */
function signed(tag: number, value: number): HidItem {
  const size = value >= -0x80 && value < 0x80 ? 1 : value >= -0x8000 && value < 0x8000 ? 2 : 4
  const bits = 8 * size
  const unsigned = bits === 32 ? value >>> 0 : value & (2 ** bits - 1)
  return { form: 'short', type: HidItemType.Global, tag, size, value: unsigned }
}

/** An item without data. */
function bare(type: number, tag: number): HidItem {
  return { form: 'short', type, tag, size: 0, value: 0 }
}

const global = (tag: number) => (value: number) => hidItem(HidItemType.Global, tag, value)
const local = (tag: number) => (value: number) => hidItem(HidItemType.Local, tag, value)
const main = (tag: number) => (flags: number) => hidItem(HidItemType.Main, tag, flags)

/** Fields of reports; their flags are HidFieldFlags. */
export const input = /* @__PURE__ */ main(HidMainTag.Input)
/** An output field. */
export const output = /* @__PURE__ */ main(HidMainTag.Output)
/** A feature field. */
export const feature = /* @__PURE__ */ main(HidMainTag.Feature)

/** A collection (see HidCollectionType) with what is in it. */
export function collection(type: number, ...parts: readonly HidPart[]): HidPart {
  return [
    hidItem(HidItemType.Main, HidMainTag.Collection, type),
    parts,
    bare(HidItemType.Main, HidMainTag.EndCollection),
  ]
}

/** Page of the usages that follow. */
export const usagePage = /* @__PURE__ */ global(HidGlobalTag.UsagePage)
/** The smallest and the greatest value of a field, the device's units. */
export function logicalRange(minimum: number, maximum: number): HidPart {
  return [signed(HidGlobalTag.LogicalMinimum, minimum), signed(HidGlobalTag.LogicalMaximum, maximum)]
}
/** What these are in units. */
export function physicalRange(minimum: number, maximum: number): HidPart {
  return [signed(HidGlobalTag.PhysicalMinimum, minimum), signed(HidGlobalTag.PhysicalMaximum, maximum)]
}
/** Power of ten of the unit, -8 … 7. */
export function unitExponent(exponent: number): HidItem {
  return hidItem(HidItemType.Global, HidGlobalTag.UnitExponent, exponent & 0xf)
}
/** Unit of the fields that follow; see {@link HidField}. */
export const unit = /* @__PURE__ */ global(HidGlobalTag.Unit)
/** Bits of one value. */
export const reportSize = /* @__PURE__ */ global(HidGlobalTag.ReportSize)
/** Values in a field. */
export const reportCount = /* @__PURE__ */ global(HidGlobalTag.ReportCount)
/** The first byte of the reports to come, 1 … 255. */
export const reportId = /* @__PURE__ */ global(HidGlobalTag.ReportId)
/** What is between sees and changes a copy of the global items' state. */
export function pushed(...parts: readonly HidPart[]): HidPart {
  return [bare(HidItemType.Global, HidGlobalTag.Push), parts, bare(HidItemType.Global, HidGlobalTag.Pop)]
}

/** Usages in order: ids of the usage page, or whole ones (page << 16 | id) where that is not 0. */
export function usage(...usages: readonly number[]): HidPart {
  return usages.map(local(HidLocalTag.Usage))
}
/** All usages from one to another. */
export function usageRange(minimum: number, maximum: number): HidPart {
  return [local(HidLocalTag.UsageMinimum)(minimum), local(HidLocalTag.UsageMaximum)(maximum)]
}
/** Usages that mean the same value, the preferred one first. */
export function alternativeUsages(...usages: readonly number[]): HidPart {
  const delimiter = local(HidLocalTag.Delimiter)
  return [delimiter(1), usage(...usages), delimiter(0)]
}
/** The body's part that is meant, by its physical descriptor. */
export const designator = /* @__PURE__ */ local(HidLocalTag.DesignatorIndex)
/** Parts of the body that the next field belongs to. */
export function designatorRange(minimum: number, maximum: number): HidPart {
  return [local(HidLocalTag.DesignatorMinimum)(minimum), local(HidLocalTag.DesignatorMaximum)(maximum)]
}
/** A string descriptor's index. */
export const stringIndex = /* @__PURE__ */ local(HidLocalTag.StringIndex)
/** String descriptors that name the next field. */
export function stringRange(minimum: number, maximum: number): HidPart {
  return [local(HidLocalTag.StringMinimum)(minimum), local(HidLocalTag.StringMaximum)(maximum)]
}
/** An item of the long form. */
export function longItem(tag: number, data: Uint8Array): HidItem {
  return { form: 'long', tag, data }
}
