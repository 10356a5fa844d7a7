import type { ArraySchema, ListSchema } from '../array.ts'
import type { TailSchema } from '../bytes.ts'
import { anyContext } from '../context.ts'
import { readGuid } from '../guid-text.ts'
import type { Node } from '../node.ts'
import type { StructSchema } from '../struct.ts'
import type { UnionSchema } from '../union.ts'
import { readUtf16 } from '../utf16.ts'
import { isBigEndian } from '../word.ts'
import { readBits } from './bits.ts'
import {
  int,
  isAbsent,
  isPlain,
  nothing,
  place,
  quote,
  type Source,
  type UnionParts,
  words,
  wordwise,
} from './source.ts'

/** Reading a word as source text. `d` is the DataView. */
function readWord(at: string, size: 1 | 2 | 4, signed: boolean, bigEndian = false): string {
  const sign = signed ? 'Int' : 'Uint'
  return size === 1 ? `d.get${sign}8(${at})` : `d.get${sign}${8 * size}(${at}, ${!bigEndian})`
}

/**
 * Writes decoders. In the generated code `b` is the buffer, `d` its DataView, `y` its bytes, `e` its end, `o` where the
 * structure begins, `c` the context, `p` the cursor of structures whose fields do not all stand at constant offsets.
 */
class DecodeWriter {
  constructor(
    readonly source: Source,
    readonly unions: (union: UnionSchema) => UnionParts,
  ) {}

  /** The expression for a plain node at `base + distance`; checks and temporaries are added before it. */
  plain(node: Node, base: string, distance: number): string {
    const { source } = this
    const at = place(base, distance)
    switch (node.kind) {
      case 'int':
        return readWord(at, node.size, node.signed, node.bigEndian)
      case 'enum':
        return readWord(at, node.size, node.base.signed, node.base.bigEndian)
      case 'flags':
        return readWord(at, node.size, false, node.base.bigEndian)
      case 'int64':
        return `d.getBig${node.signed ? 'Int' : 'Uint'}64(${at}, ${!node.bigEndian})`
      case 'flags64':
        return `d.getBigUint64(${at}, ${!node.base.bigEndian})`
      case 'bits':
        return readBits(source, node, base, distance)
      case 'guid':
        return `${source.capture(readGuid)}(d, ${at})`
      case 'bytes':
        return `y.slice(${at}, ${place(base, distance + node.size)})`
      case 'text':
        return `${source.capture(readUtf16)}(d, ${at}, ${int(node.size)})`
      case 'reserved':
        this.zeros(base, distance, node.size)
        return 'undefined'
      case 'constant':
        source.leaveIf(`${readWord(at, node.size, false, isBigEndian(node.inner))} !== ${int(node.value)}`)
        return 'undefined'
      case 'array':
        return this.plainArray(node, at)
      case 'struct':
        return this.literal(node, base, distance, [])
      default:
        throw new RangeError(`${node.kind} is not plain`)
    }
  }

  /** Leaves unless `size` bytes are zero. */
  private zeros(base: string, distance: number, size: number): void {
    const { source } = this
    if (size === 0) return
    if (size <= wordwise) {
      const parts = words(size).map((word) => readWord(place(base, distance + word.at), word.size, false))
      source.leaveIf(`(${parts.join(' | ')}) !== 0`)
      return
    }
    const i = source.fresh()
    source.add(`for (let ${i} = ${place(base, distance)}; ${i} < ${place(base, distance + size)}; ${i}++)`)
    source.leaveIf(`y[${i}] !== 0`)
  }

  private plainArray(node: ArraySchema, at: string): string {
    const { source } = this
    const list = source.constant('[]')
    const i = source.fresh()
    const start = source.constant(at)
    const end = place(start, node.size)
    if (node.element.size === 0) {
      source.add(`for (let ${i} = 0; ${i} < ${int(node.length)}; ${i}++) {`)
      source.add(`${list}.push(${this.plain(node.element, start, 0)})`, '}')
      return list
    }
    source.add(`for (let ${i} = ${start}; ${i} < ${end}; ${i} += ${int(node.element.size)}) {`)
    source.add(`${list}.push(${this.plain(node.element, i, 0)})`, '}')
    return list
  }

  /** A plain structure as one object literal in declaration order. */
  private literal(node: StructSchema, base: string, distance: number, lead: readonly string[]): string {
    const parts = [...lead]
    let next = distance
    for (const field of node.layout) {
      const value = this.plain(field.schema, base, next)
      if (!isAbsent(field)) parts.push(`${quote(field.name)}: ${value}`)
      next += field.schema.size
    }
    return `{ ${parts.join(', ')} }`
  }

  /** Any node at the cursor; answers the expression of its value and moves the cursor. */
  private atCursor(node: Node, siblings: string): string {
    const { source } = this
    switch (node.kind) {
      case 'tail':
        return this.tail(node, siblings)
      case 'list':
        return this.list(node, siblings)
      case 'union':
        return this.union(node, siblings)
      case 'struct':
        if (!isPlain(node)) return this.walk(node, [])
        break
      case 'array':
        if (!isPlain(node)) return this.walkArray(node)
    }
    source.leaveIf(`e - p < ${int(node.size)}`)
    const value = source.constant(this.plain(node, 'p', 0))
    source.add(`p += ${int(node.size)}`)
    return value
  }

  private tail(node: TailSchema, siblings: string): string {
    const { source } = this
    const length = this.count(node, siblings, 1)
    if (node.optional) {
      source.leaveIf(`${length} !== 0`)
      return 'undefined'
    }
    const value = source.constant(`y.slice(p, p + ${length})`)
    source.add(`p += ${length}`)
    return value
  }

  /** The number of elements that must follow; leaves when they cannot all be there. */
  private count(node: TailSchema | ListSchema, siblings: string, size: number): string {
    const { source } = this
    if (node.count === undefined) return source.constant(size === 1 ? 'e - p' : `Math.floor((e - p) / ${int(size)})`)
    const count = source.constant(`${source.capture(node.count.get)}(${siblings})`)
    source.leaveIf(`!(Number.isSafeInteger(${count}) && ${count} >= 0 && ${count} <= (e - p) / ${int(size)})`)
    return count
  }

  private list(node: ListSchema, siblings: string): string {
    const { source } = this
    const { element } = node
    const count = this.count(node, siblings, element.size)
    const list = source.constant('[]')
    const i = source.fresh()
    source.add(`for (let ${i} = 0; ${i} < ${count}; ${i}++) {`)
    if (isPlain(element)) {
      // The count was checked against the bytes left: no further check.
      source.add(`${list}.push(${this.plain(element, 'p', 0)})`, `p += ${int(element.size)}`)
    } else {
      if (node.count === undefined) source.add(`if (e - p < ${int(element.size)}) break`)
      source.add(`${list}.push(${this.atCursor(element, siblings)})`)
    }
    source.add('}')
    return list
  }

  private walkArray(node: ArraySchema): string {
    const { source } = this
    const list = source.constant('[]')
    const i = source.fresh()
    source.add(`for (let ${i} = 0; ${i} < ${int(node.length)}; ${i}++) {`)
    source.add(`${list}.push(${this.atCursor(node.element, source.capture(nothing))})`, '}')
    return list
  }

  private union(node: UnionSchema, siblings: string): string {
    const { source } = this
    const part = source.constant(`${source.capture(this.unions(node).onWire)}(b, p, ${siblings}, c)`)
    source.leaveIf(`${part} === undefined`)
    const value = source.constant(`${part}.decode(b, p, c)`)
    source.leaveIf(`${value} === undefined`)
    source.add('p = b.byteOffset')
    return value
  }

  /** A structure at the cursor whose fields follow one another. Its literal holds every field's place from the start. */
  private walk(node: StructSchema, lead: readonly string[]): string {
    const { source } = this
    source.leaveIf(`e - p < ${int(node.size)}`)
    const firstLoose = node.layout.findIndex((field) => !isPlain(field.schema))
    const parts = [...lead]
    let size = 0
    for (const [index, field] of node.layout.entries()) {
      const fixed = index < firstLoose
      const value = fixed ? this.plain(field.schema, 'p', size) : 'undefined'
      if (fixed) size += field.schema.size
      if (!isAbsent(field)) parts.push(`${quote(field.name)}: ${value}`)
    }
    const value = source.constant(`{ ${parts.join(', ')} }`)
    source.add(`p += ${int(size)}`)
    for (const field of node.layout.slice(firstLoose)) {
      const result = this.atCursor(field.schema, value)
      if (!isAbsent(field)) source.add(`${value}[${quote(field.name)}] = ${result}`)
    }
    return value
  }

  /** The whole function's body. `type` is the name that a union's member carries. */
  body(node: StructSchema, type: string | undefined): void {
    const { source } = this
    const lead = type === undefined ? [] : [`type: ${source.capture(type)}`]
    source.add('const d = b.view', 'const y = b.bytes', 'const e = b.end')
    source.leaveIf(`o >>> 0 !== o || e - o < ${int(node.size)}`)
    if (isPlain(node)) {
      const literal = this.literal(node, 'o', 0, lead)
      source.add(`b.byteOffset = ${place('o', node.size)}`, `return ${literal}`)
      return
    }
    source.add('let p = o', `if (c === undefined) c = ${source.capture(anyContext)}`)
    const value = this.walk(node, lead)
    source.add('b.byteOffset = p', `return ${value}`)
  }
}

/** Writes the body of a structure's decoder: a function of `b, o, c`. */
export function writeDecoder(
  source: Source,
  node: StructSchema,
  type: string | undefined,
  unions: (union: UnionSchema) => UnionParts,
): void {
  new DecodeWriter(source, unions).body(node, type)
}
