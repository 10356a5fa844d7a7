import { type Node, nodeOf } from './node.ts'
import type { Aliases } from './schema.ts'
import type { Structure } from './structure.ts'

/** One row of a layout table. */
export interface LayoutField {
  /** Dotted name from the structure's start: `offer.interfaceId`, `ranges[0].byteCount`, `body.OpenChannel.header` for a union's member. */
  readonly name: string
  /** Byte offset from the structure's start. Behind a field of variable size: the sum of the fixed parts before it; `type` then begins with `…`. */
  readonly offset: number
  /** Bytes of its fixed part; 0 for tails and lists. For a bit, those of its word. */
  readonly size: number
  /** First bit, counted from the lowest bit of the byte at `offset`. */
  readonly bitOffset?: number
  /** Number of bits. */
  readonly bitWidth?: number
  /** `u16`, `u16[6]`, `PacketType(u16)`, `GpaRange[rangeCount]`, `u8[…]` (to the end of the input), `bool` and `u4` for bits. */
  readonly type: string
}

/** A structure's layout table, as `vmbus layout --json` prints it. */
export interface Layout {
  /** The structure's canonical name. */
  readonly name: string
  /** Its names elsewhere. */
  readonly aliases: Aliases
  /** Bytes of the fixed part. */
  readonly size: number
  /** Whether more may follow. */
  readonly variable: boolean
  /** Containers before what they contain: structures, words before their bits, arrays before the fields of element 0, unions before their members. */
  readonly fields: readonly LayoutField[]
}

/** The layout of a structure: every field, nested ones too, in wire order. */
export function layoutOf<T>(schema: Structure<T>): Layout {
  const node = nodeOf(schema)
  if (node.kind !== 'struct' && node.kind !== 'union') throw new RangeError(`${schema.name} has no fields`)
  const fields: LayoutField[] = []
  addContents(fields, node, '', 0, false)
  return { name: node.name, aliases: node.aliases, size: node.size, variable: node.variable, fields }
}

/** The type of a field in words, as layout tables show it. */
export function typeName(node: Node): string {
  switch (node.kind) {
    case 'int':
    case 'int64':
      return `${node.signed ? 'i' : 'u'}${8 * node.size}${node.bigEndian ? 'be' : ''}`
    case 'enum':
    case 'flags':
    case 'flags64':
      return `${node.name}(${typeName(node.base)})`
    case 'bits':
      return `bits(${typeName(node.base)})`
    case 'bytes':
      return `u8[${node.size}]`
    case 'text':
      return `utf16[${node.size / 2}]`
    case 'reserved':
      return `reserved(${typeName(node.inner)})`
    case 'constant':
      return `${typeName(node.inner)} = ${node.value}`
    case 'array':
      return `${typeName(node.element)}[${node.length}]`
    case 'tail':
      return `u8[${node.count?.text ?? '…'}]`
    case 'list':
      return `${typeName(node.element)}[${node.count?.text ?? '…'}]`
    case 'guid':
      return 'guid'
    case 'struct':
    case 'union':
      return node.name
  }
}

/** Adds a field and all that is in it. */
function addField(fields: LayoutField[], node: Node, name: string, offset: number, floating: boolean): void {
  fields.push({ name, offset, size: node.size, type: `${floating ? '…' : ''}${typeName(node)}` })
  addContents(fields, node, name, offset, floating)
}

function addContents(fields: LayoutField[], node: Node, name: string, at: number, floating: boolean): void {
  const prefix = name === '' ? '' : `${name}.`
  switch (node.kind) {
    case 'struct': {
      let offset = at
      for (const field of node.layout) {
        addField(fields, field.schema, `${prefix}${field.name}`, offset, floating || field.offset === undefined)
        offset += field.schema.size
      }
      return
    }
    case 'union':
      for (const member of node.schemas) addField(fields, member, `${prefix}${member.name}`, at, floating)
      return
    case 'array':
    case 'list':
      addContents(fields, node.element, `${name}[0]`, at, floating)
      return
    case 'bits':
    case 'flags':
    case 'flags64':
      for (const { name, shift, width, type } of bitsIn(node)) {
        const place = { offset: at, size: node.size, bitOffset: shift, bitWidth: width }
        fields.push({ name: `${prefix}${name}`, ...place, type: `${floating ? '…' : ''}${type}` })
      }
  }
}

interface NamedBits {
  readonly name: string
  readonly shift: number
  readonly width: number
  readonly type: string
}

/** The bits of a word, lowest first. */
function bitsIn(node: Node & { kind: 'bits' | 'flags' | 'flags64' }): readonly NamedBits[] {
  const named: NamedBits[] = []
  if (node.kind === 'bits') {
    for (const [name, { shift, width, as, values }] of Object.entries(node.fields)) {
      const plain = as === 'boolean' ? 'bool' : `u${width}`
      named.push({ name, shift, width, type: values === undefined ? plain : `${values.name}(${plain})` })
    }
  } else {
    for (const [name, mask] of Object.entries<number | bigint>(node.masks)) {
      if (BigInt(mask) === 0n) continue
      const digits = mask.toString(2)
      const shift = digits.length - 1 - digits.lastIndexOf('1')
      const width = digits.length - shift
      named.push({ name, shift, width, type: width === 1 ? 'bool' : `u${width}` })
    }
  }
  named.sort((a, b) => a.shift - b.shift)
  return node.kind === 'bits' ? withUnnamed(named, 8 * node.size) : named
}

/** Puts the runs of bits that have no name between those that have one: `reserved`, `reserved2`, … */
function withUnnamed(named: readonly NamedBits[], bits: number): NamedBits[] {
  const all: NamedBits[] = []
  let next = 0
  let runs = 0
  const fill = (to: number) => {
    if (to <= next) return
    const name = `reserved${++runs === 1 ? '' : runs}`
    all.push({ name, shift: next, width: to - next, type: `reserved(u${to - next})` })
  }
  for (const field of named) {
    fill(field.shift)
    all.push(field)
    next = field.shift + field.width
  }
  fill(bits)
  return all
}
