import type { BitField, BitsSchema } from '../bits.ts'
import { int, place, quote, type Source } from './source.ts'

const half = 0xffffffffn

/** The mask of `width` (at most 31) low bits. */
function maskOf(width: number): string {
  return int(2 ** width - 1)
}

/** A mask of 32 bits as the int32 that bit operators compute with. */
function int32(mask: bigint): string {
  return int(Number(BigInt.asIntN(32, mask)))
}

/** A field's number from the halves `lo` and `hi`. */
function extract({ shift, width }: BitField, lo: string, hi: string): string {
  if (shift < 32 && shift + width > 32) {
    const crossing = `(${lo} >>> ${int(shift)} | ${hi} << ${int(32 - shift)})`
    return width === 32 ? `${crossing} >>> 0` : `${crossing} & ${maskOf(width)}`
  }
  const word = shift < 32 ? lo : hi
  const by = shift % 32
  const shifted = by === 0 ? word : `${word} >>> ${int(by)}`
  return by + width === 32 ? shifted : `${shifted} & ${maskOf(width)}`
}

/** Reads a word of bit fields: its halves once, each field from them. Bits without a name leave the fast path. */
export function readBits(source: Source, node: BitsSchema, base: string, distance: number): string {
  const at = place(base, distance)
  const lo = source.constant(
    node.size === 1 ? `d.getUint8(${at})` : `d.getUint${node.size === 2 ? 16 : 32}(${at}, ${!node.base.bigEndian})`,
  )
  const hi = node.size === 8 ? source.constant(`d.getUint32(${place(base, distance + 4)}, true)`) : '0'
  const unknown = BigInt.asUintN(8 * node.size, ~node.known)
  if ((unknown & half) !== 0n) source.leaveIf(`(${lo} & ${int32(unknown & half)}) !== 0`)
  if (unknown >> 32n !== 0n) source.leaveIf(`(${hi} & ${int32(unknown >> 32n)}) !== 0`)
  const fields = Object.entries(node.fields)
  const word = fields.some(([, field]) => field.as === 'bigint')
    ? source.constant(node.size === 8 ? `d.getBigUint64(${at}, true)` : `BigInt(${lo})`)
    : ''
  const parts = fields.map(([name, field]) => {
    const { shift, width, as } = field
    if (as === 'bigint') return `${quote(name)}: BigInt.asUintN(${int(width)}, ${word} >> ${int(shift)}n)`
    if (as !== 'boolean') return `${quote(name)}: ${extract(field, lo, hi)}`
    return `${quote(name)}: (${shift < 32 ? lo : hi} & ${int32(1n << BigInt(shift % 32))}) !== 0`
  })
  return `{ ${parts.join(', ')} }`
}

/** Writes a word of bit fields. A value that carries the whole word (bits without a name were set) leaves the fast path. */
export function writeBits(
  source: Source,
  node: BitsSchema,
  base: string,
  distance: number,
  value: string,
  trusted: boolean,
): void {
  const fields = Object.entries(node.fields)
  source.leaveIf(`${value}.value !== undefined`)
  const lo: string[] = []
  const hi: string[] = []
  const wide: string[] = []
  for (const [name, { shift, width, as }] of fields) {
    const part = source.constant(`${value}[${quote(name)}]`)
    const word = shift < 32 ? lo : hi
    if (as === 'boolean') {
      if (!trusted) source.leaveIf(`typeof ${part} !== 'boolean'`)
      word.push(`(${part} ? ${int32(1n << BigInt(shift % 32))} : 0)`)
    } else if (as === 'number') {
      const cut = width === 32 ? `${part} >>> 0` : `${part} & ${maskOf(width)}`
      if (!trusted) source.leaveIf(`typeof ${part} !== 'number' || (${cut}) !== ${part}`)
      word.push(`(${cut}) << ${int(shift % 32)}`)
      if (shift < 32 && shift + width > 32) hi.push(`(${cut}) >>> ${int(32 - shift)}`)
    } else {
      const cut = `BigInt.asUintN(${int(width)}, ${part})`
      if (!trusted) source.leaveIf(`typeof ${part} !== 'bigint' || ${cut} !== ${part}`)
      wide.push(`${cut} << ${int(shift)}n`)
    }
  }
  const at = place(base, distance)
  const low = lo.length === 0 ? '0' : lo.join(' | ')
  if (node.size === 1) source.add(`d.setUint8(${at}, ${wideLow(wide)}${low})`)
  else if (node.size < 8)
    source.add(`d.setUint${8 * node.size}(${at}, ${wideLow(wide)}${low}, ${!node.base.bigEndian})`)
  else {
    const high = place(base, distance + 4)
    const highest = hi.length === 0 ? '0' : hi.join(' | ')
    if (wide.length === 0) {
      source.add(`d.setUint32(${at}, ${low}, true)`, `d.setUint32(${high}, ${highest}, true)`)
      return
    }
    // Bigint arithmetic costs far more than two words read back and completed.
    source.add(`d.setBigUint64(${at}, BigInt.asUintN(64, ${wide.join(' | ')}), true)`)
    if (lo.length > 0) source.add(`d.setUint32(${at}, d.getUint32(${at}, true) | ${low}, true)`)
    if (hi.length > 0) source.add(`d.setUint32(${high}, d.getUint32(${high}, true) | ${highest}, true)`)
  }
}

/** Bigint fields in a word of at most 32 bits: nobody's, but possible. */
function wideLow(wide: readonly string[]): string {
  return wide.length === 0 ? '' : `Number(${wide.join(' | ')}) | `
}
