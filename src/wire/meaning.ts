import type { Annotation } from './annotate.ts'
import type { BitsSchema } from './bits.ts'
import type { EnumSchema } from './enum.ts'
import { flagNames } from './flags.ts'
import { type Guid, isGuid } from './guid-text.ts'
import { hexOf } from './json.ts'
import { typeName } from './layout.ts'
import type { Node } from './node.ts'
import { property } from './property.ts'

type GuidNames = (guid: Guid) => string | undefined

/** A field's value in words: `DataInBand (6)`, `completionRequested | 0x20`, `0x1f`, `01 02 03 |...|`. One line, safe on a terminal. */
export function meaningOf({ schema, value, depth, size }: Annotation, nameOf: GuidNames): string {
  if (depth === 0 && schema?.kind === 'struct') return sizeWord(size)
  if (depth === 0 && schema?.kind === 'union') return `${wordOf(schema, value, nameOf)}, ${sizeWord(size)}`
  return schema === undefined ? bytesInShort(value) : wordOf(schema, value, nameOf)
}

function sizeWord(size: number): string {
  return size === 1 ? '1 byte' : `${size} bytes`
}

function wordOf(node: Node, value: unknown, nameOf: GuidNames): string {
  switch (node.kind) {
    case 'struct':
      return ''
    case 'constant':
      return wordOf(node.inner, node.value, nameOf)
    case 'reserved':
      return value === undefined ? '0' : wordOf(node.inner, value, nameOf)
    default:
      return value === undefined ? '?' : presentWord(node, value, nameOf)
  }
}

function presentWord(node: Node, value: unknown, nameOf: GuidNames): string {
  switch (node.kind) {
    case 'enum':
      return enumWord(node, value)
    case 'flags':
    case 'flags64':
      return typeof value === 'number' || typeof value === 'bigint' ? flagsWord(node, value) : '?'
    case 'bits':
      return bitsWord(node, value)
    case 'guid': {
      const name = typeof value === 'string' && isGuid(value) ? nameOf(value) : undefined
      return name === undefined ? String(value) : `${value} (${name})`
    }
    case 'text':
      return quote(String(value))
    case 'array':
    case 'list':
      return Array.isArray(value) ? elementsWord(node.element, value, nameOf) : '?'
    case 'union':
      return String(property(value, 'type'))
    default:
      return value instanceof Uint8Array ? bytesInShort(value) : number(value)
  }
}

function number(value: unknown): string {
  if (typeof value === 'bigint') return hexOf(value)
  return typeof value === 'number' && value > 0xff ? `${value} (0x${value.toString(16)})` : String(value)
}

function enumWord(schema: EnumSchema, value: unknown): string {
  const name = typeof value === 'number' ? schema.nameOf(value) : undefined
  return name === undefined ? number(value) : `${name} (${value})`
}

function flagsWord(node: Node & { kind: 'flags' | 'flags64' }, value: number | bigint): string {
  const { set, unknown } = flagNames(node, value)
  const words = unknown === 0n ? set : [...set, hexOf(unknown)]
  return words.length === 0 ? '0' : words.join(' | ')
}

/** Single bits by name where set, wider fields with their value. */
function bitsWord(node: BitsSchema, value: unknown): string {
  const words: string[] = []
  for (const [name, { as, values }] of Object.entries(node.fields)) {
    const part = property(value, name)
    if (as !== 'boolean') words.push(`${name}=${values === undefined ? number(part) : enumWord(values, part)}`)
    else if (part === true) words.push(name)
  }
  const whole = property(value, 'value')
  if (typeof whole === 'number' || typeof whole === 'bigint') words.push(hexOf(BigInt(whole) & ~node.known))
  return words.length === 0 ? '0' : words.join(', ')
}

const shownElements = 8

function elementsWord(element: Node, values: readonly unknown[], nameOf: GuidNames): string {
  if (element.kind === 'struct' || element.kind === 'union' || element.kind === 'array') {
    return `${values.length} × ${typeName(element)}`
  }
  const words = values.slice(0, shownElements).map((value) => wordOf(element, value, nameOf))
  return values.length > shownElements ? `[${words.join(', ')}, …] (${values.length})` : `[${words.join(', ')}]`
}

const shownBytes = 16

function bytesInShort(value: unknown): string {
  if (!(value instanceof Uint8Array)) return '?'
  if (value.byteLength === 0) return 'no bytes'
  const head = value.subarray(0, shownBytes)
  const more = value.byteLength > shownBytes ? ` … (${value.byteLength} bytes)` : ''
  return `${hexOfBytes(head)} ${asciiOf(head)}${more}`
}

/** `01 02 ff`. */
export function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

/** Bytes as ASCII between bars, a dot for what is not printable. */
export function asciiOf(bytes: Uint8Array): string {
  return `|${Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')}|`
}

/** Text in quotes, with everything escaped that a terminal could act on. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (unit) =>
    Array.from(
      { length: unit.length },
      (_, index) => `\\u${unit.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}
