import { readUtf16 } from '../../wire/utf16.ts'
import type { IcFault } from '../ics/fault.ts'
import { type KvpKey, KvpValue, KvpValueType, kvpBinaryIpVersion, kvpKeySize, kvpValueSize } from './messages.ts'

/** A value: text, a DWORD (0 … 2^32 − 1), or a QWORD. */
export type KvpData = string | number | bigint

/** A key and its value. */
export interface KvpPair {
  readonly key: string
  readonly value: KvpData
}

/** A key as it goes over the wire. Throws `RangeError` for one that is empty, has a NUL, or more than 255 units. */
export function kvpKeyOf(key: string): KvpKey {
  if (key === '' || key.includes('\0') || key.length * 2 + 2 > kvpKeySize) {
    throw new RangeError(`a key has 1 to 255 UTF-16 units, and no NUL: this one has ${key.length}`)
  }
  return { keySize: key.length * 2 + 2, key }
}

/**
 * A pair as it goes over the wire. Throws `RangeError` for a key as {@link kvpKeyOf} does, for text with a NUL or of more than 1023
 * units, and for a number that is no DWORD or QWORD.
 *
 * @param version of the messages. Before 5.0 the other end may be Linux, which knows a QWORD by another type (drivers/hv/hv_kvp.c).
 */
export function kvpValueOf(key: string, value: KvpData, version: number): KvpValue {
  const qword = version >= kvpBinaryIpVersion ? KvpValueType.Qword : KvpValueType.LinuxQword
  const [valueType, valueSize] =
    typeof value === 'string'
      ? [KvpValueType.Text, value.length * 2 + 2]
      : typeof value === 'number'
        ? [KvpValueType.Dword, 4]
        : [qword, 8]
  return { valueType, valueSize, ...kvpKeyOf(key), value: bytesOf(value) }
}

function bytesOf(value: KvpData): Uint8Array {
  const bytes = new Uint8Array(kvpValueSize)
  const view = new DataView(bytes.buffer)
  if (typeof value === 'string') {
    if (value.includes('\0') || value.length * 2 + 2 > kvpValueSize) {
      throw new RangeError(`a text has at most 1023 UTF-16 units, and no NUL: this one has ${value.length}`)
    }
    for (let index = 0; index < value.length; index++) view.setUint16(2 * index, value.charCodeAt(index), true)
  } else if (typeof value === 'number') {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`${value} is no DWORD`)
    view.setUint32(0, value, true)
  } else {
    if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} is no QWORD`)
    view.setBigUint64(0, value, true)
  }
  return bytes
}

/** The key, up to its first NUL; a fault when its size is odd or too large, or no NUL ends it (IC-11). @param at where the structure lies in the message. */
export function readKvpKey({ keySize, key }: Pick<KvpKey, 'keySize' | 'key'>, at: number): string | IcFault {
  const last = keySize / 2 - 1
  const why = sizeFault(keySize, kvpKeySize) ?? ((key.charCodeAt(last) || 0) === 0 ? undefined : 'no NUL ends the key')
  return why === undefined ? untilNul(key.slice(0, last)) : { code: 'RANGE', field: 'keySize', offset: at, why }
}

/** The value; a fault when its size is not its type's, no NUL ends a text, or the type is none (behaviour 220, IC-11). @param at where the structure lies. */
export function readKvpValue({ valueType, valueSize, value }: KvpValue, at: number): KvpData | IcFault {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength)
  const bad = (field: 'valueType' | 'valueSize', why: string): IcFault => {
    return { code: 'RANGE', field, offset: at + KvpValue.offsetOf(field), why }
  }
  switch (valueType) {
    case KvpValueType.Dword:
      return valueSize === 4 ? view.getUint32(0, true) : bad('valueSize', `a DWORD of ${valueSize} bytes`)
    case KvpValueType.Qword:
    case KvpValueType.LinuxQword:
      return valueSize === 8 ? view.getBigUint64(0, true) : bad('valueSize', `a QWORD of ${valueSize} bytes`)
    case KvpValueType.Text:
    case KvpValueType.ExpandText: {
      const why = sizeFault(valueSize, kvpValueSize)
      if (why !== undefined) return bad('valueSize', why)
      if (view.getUint16(valueSize - 2, true) !== 0) return bad('valueSize', 'no NUL ends the text')
      return untilNul(readUtf16(view, 0, valueSize))
    }
    default:
      return bad('valueType', `${valueType} is no type of values`)
  }
}

/** Key and value of a pair, or the first fault. @param at where the structure lies in the message. */
export function readKvpPair(pair: KvpValue, at: number): KvpPair | IcFault {
  const key = readKvpKey(pair, at + KvpValue.offsetOf('keySize'))
  if (typeof key !== 'string') return key
  const value = readKvpValue(pair, at)
  return typeof value === 'object' ? value : { key, value }
}

function sizeFault(size: number, most: number): string | undefined {
  if (size % 2 !== 0) return `UTF-16 text of ${size} bytes`
  if (size < 2) return 'no room for a NUL'
  return size > most ? `${size} bytes, at most ${most}` : undefined
}

/** A text up to its first NUL. */
export function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
