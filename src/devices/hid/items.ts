import { WireError } from '../../wire/index.ts'

/** Kinds of short items. Source: Device Class Definition for HID 1.11, 6.2.2.2. */
export const HidItemType = { Main: 0, Global: 1, Local: 2, Reserved: 3 } as const

/** Tags of main items: 6.2.2.4. */
export const HidMainTag = { Input: 8, Output: 9, Collection: 10, Feature: 11, EndCollection: 12 } as const

/** Tags of global items: 6.2.2.7. */
export const HidGlobalTag = {
  UsagePage: 0,
  LogicalMinimum: 1,
  LogicalMaximum: 2,
  PhysicalMinimum: 3,
  PhysicalMaximum: 4,
  UnitExponent: 5,
  Unit: 6,
  ReportSize: 7,
  ReportId: 8,
  ReportCount: 9,
  Push: 10,
  Pop: 11,
} as const

/** Tags of local items: 6.2.2.8. */
export const HidLocalTag = {
  Usage: 0,
  UsageMinimum: 1,
  UsageMaximum: 2,
  DesignatorIndex: 3,
  DesignatorMinimum: 4,
  DesignatorMaximum: 5,
  StringIndex: 7,
  StringMinimum: 8,
  StringMaximum: 9,
  Delimiter: 10,
} as const

/** An item of up to 4 bytes of data. */
export interface HidShortItem {
  readonly form: 'short'
  /** See HidItemType. */
  readonly type: number
  /** 0 … 15: see HidMainTag, HidGlobalTag, HidLocalTag. */
  readonly tag: number
  /** Bytes of data. */
  readonly size: 0 | 1 | 2 | 4
  /** The data, without sign. */
  readonly value: number
}

/** An item of up to 255 bytes; none is defined. 6.2.2.3. */
export interface HidLongItem {
  readonly form: 'long'
  /** 0 … 255. */
  readonly tag: number
  readonly data: Uint8Array
}

/** One item of a report descriptor. */
export type HidItem = HidShortItem | HidLongItem

const longPrefix = 0xfe
const sizes = [0, 1, 2, 4] as const

/** Takes a report descriptor apart. Throws `WireError` (`SHORT`) where an item is cut off. Encoded again the items give the same bytes. */
export function parseHidItems(bytes: Uint8Array): HidItem[] {
  const items: HidItem[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.byteLength; ) {
    const prefix = view.getUint8(at)
    if (prefix === longPrefix) {
      need(bytes, at, 3)
      const length = view.getUint8(at + 1)
      need(bytes, at, 3 + length)
      items.push({ form: 'long', tag: view.getUint8(at + 2), data: bytes.slice(at + 3, at + 3 + length) })
      at += 3 + length
    } else {
      const size = sizes[prefix & 3] ?? 0
      need(bytes, at, 1 + size)
      const value =
        size === 4
          ? view.getUint32(at + 1, true)
          : size === 2
            ? view.getUint16(at + 1, true)
            : size === 1
              ? view.getUint8(at + 1)
              : 0
      items.push({ form: 'short', type: (prefix >> 2) & 3, tag: prefix >> 4, size, value })
      at += 1 + size
    }
  }
  return items
}

function need(bytes: Uint8Array, at: number, length: number): void {
  if (length <= bytes.byteLength - at) return
  const why = `an item of ${length} bytes, of which ${bytes.byteLength - at} are there`
  throw new WireError({ code: 'SHORT', path: 'item', offset: at, why }, 'ReportDescriptor')
}

/** Bytes of an item. */
export function hidItemSize(item: HidItem): number {
  return item.form === 'long' ? 3 + item.data.length : 1 + item.size
}

/** Puts a report descriptor together. Throws `RangeError` for a tag, value or length that does not fit. */
export function encodeHidItems(items: readonly HidItem[]): Uint8Array {
  const bytes = new Uint8Array(items.reduce((sum, item) => sum + hidItemSize(item), 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const item of items) {
    if (item.form === 'long') {
      inRange(item.tag, 0xff, 'tag of a long item')
      inRange(item.data.length, 0xff, 'length of a long item')
      bytes.set([longPrefix, item.data.length, item.tag], at)
      bytes.set(item.data, at + 3)
    } else {
      inRange(item.type, 3, 'type')
      inRange(item.tag, 15, 'tag')
      inRange(item.value, 2 ** (8 * item.size) - 1, `value of ${item.size} bytes`)
      const prefix = (item.tag << 4) | (item.type << 2) | sizes.indexOf(item.size)
      if (prefix === longPrefix) throw new RangeError('a short item with the prefix of long ones')
      view.setUint8(at, prefix)
      if (item.size === 1) view.setUint8(at + 1, item.value)
      else if (item.size === 2) view.setUint16(at + 1, item.value, true)
      else if (item.size === 4) view.setUint32(at + 1, item.value, true)
    }
    at += hidItemSize(item)
  }
  return bytes
}

function inRange(value: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return
  throw new RangeError(`${what}: ${value} is not in 0 … ${most}`)
}
