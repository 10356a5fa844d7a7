import type { ArraySchema, ListSchema } from '../array.ts'
import type { TailSchema } from '../bytes.ts'
import { anyContext } from '../context.ts'
import { writeGuid } from '../guid-text.ts'
import type { Node } from '../node.ts'
import type { StructSchema } from '../struct.ts'
import type { UnionSchema } from '../union.ts'
import { isBigEndian } from '../word.ts'
import { writeBits } from './bits.ts'
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

function writeWord(at: string, size: 1 | 2 | 4, value: string, bigEndian = false): string {
  return size === 1 ? `d.setUint8(${at}, ${value})` : `d.setUint${8 * size}(${at}, ${value}, ${!bigEndian})`
}

/** The condition under which `x` is no integer of that width. */
function wrongInt(x: string, size: 1 | 2 | 4, signed: boolean): string {
  const unused = 32 - 8 * size
  const wrapped = !signed
    ? size === 4
      ? `${x} >>> 0`
      : `${x} & ${int(2 ** (8 * size) - 1)}`
    : size === 4
      ? `${x} | 0`
      : `${x} << ${int(unused)} >> ${int(unused)}`
  return `typeof ${x} !== 'number' || (${wrapped}) !== ${x}`
}

/**
 * Writes encoders; names in the generated code as in the decoders, `v` is the value. A trusted encoder skips what a decoded or
 * checked value cannot get wrong: ranges and digits. Lengths are checked all the same: a wrong one would shift its neighbours.
 */
class EncodeWriter {
  constructor(
    readonly source: Source,
    readonly trusted: boolean,
    readonly unions: (union: UnionSchema) => UnionParts,
  ) {}

  private check(condition: string): void {
    if (!this.trusted) this.source.leaveIf(condition)
  }

  /**
   * Only an object with no prototype of its own surely has its fields as own properties, as the interpreter demands.
   * (`__proto__` is a property load like its neighbours, 6 ns faster than `Object.getPrototypeOf`.)
   */
  private object(value: string): void {
    const { source } = this
    source.leaveIf(`typeof ${value} !== 'object' || ${value} === null`)
    this.check(`${value}.__proto__ !== ${source.capture(Object.prototype)}`)
  }

  /** A plain node at `base + distance`; `value` names a local variable, or is `undefined` for what is left out. */
  private plain(node: Node, base: string, distance: number, value: string): void {
    const { source } = this
    const at = place(base, distance)
    switch (node.kind) {
      case 'int':
        this.check(wrongInt(value, node.size, node.signed))
        source.add(writeWord(at, node.size, value, node.bigEndian))
        return
      case 'enum':
        this.check(wrongInt(value, node.size, node.base.signed))
        source.add(writeWord(at, node.size, value, node.base.bigEndian))
        return
      case 'flags':
        this.check(
          node.base.signed
            ? `typeof ${value} !== 'number' || (${value} & ${int(node.base.max)}) !== ${value}`
            : wrongInt(value, node.size, false),
        )
        source.add(writeWord(at, node.size, value, node.base.bigEndian))
        return
      case 'int64':
        this.int64(at, value, node, 64)
        return
      case 'flags64':
        this.int64(at, value, { signed: false, bigEndian: node.base.bigEndian }, node.base.signed ? 63 : 64)
        return
      case 'bits':
        this.object(value)
        writeBits(source, node, base, distance, value, this.trusted)
        return
      case 'guid': {
        const write = `${source.capture(writeGuid)}(d, ${at}, ${value})`
        if (this.trusted) source.add(write)
        else source.leaveIf(`typeof ${value} !== 'string' || !${write}`)
        return
      }
      case 'bytes':
        this.check(`!(${value} instanceof Uint8Array)`)
        source.leaveIf(`${value}.length !== ${int(node.size)}`)
        source.add(`y.set(${value}, ${at})`)
        return
      case 'text': {
        source.leaveIf(`typeof ${value} !== 'string' || ${value}.length > ${int(node.size / 2)}`)
        const i = source.fresh()
        source.add(`for (let ${i} = 0; ${i} < ${int(node.size / 2)}; ${i}++)`)
        source.add(`d.setUint16(${at} + 2 * ${i}, ${i} < ${value}.length ? ${value}.charCodeAt(${i}) : 0, true)`)
        return
      }
      case 'reserved':
        if (value !== 'undefined') source.leaveIf(`${value} !== undefined`)
        this.zeros(base, distance, node.size)
        return
      case 'constant':
        source.add(writeWord(at, node.size, int(node.value), isBigEndian(node.inner)))
        return
      case 'array':
        this.plainArray(node, at, value)
        return
      case 'struct':
        this.plainStruct(node, base, distance, value)
        return
      default:
        throw new RangeError(`${node.kind} is not plain`)
    }
  }

  private int64(
    at: string,
    value: string,
    { signed, bigEndian }: { signed: boolean; bigEndian: boolean },
    bits: number,
  ): void {
    const wrap = signed ? 'asIntN' : 'asUintN'
    this.check(`typeof ${value} !== 'bigint' || BigInt.${wrap}(${int(bits)}, ${value}) !== ${value}`)
    this.source.add(`d.set${signed ? 'BigInt64' : 'BigUint64'}(${at}, ${value}, ${!bigEndian})`)
  }

  private zeros(base: string, distance: number, size: number): void {
    const { source } = this
    if (size > wordwise) source.add(`y.fill(0, ${place(base, distance)}, ${place(base, distance + size)})`)
    else for (const word of words(size)) source.add(writeWord(place(base, distance + word.at), word.size, '0'))
  }

  private plainArray(node: ArraySchema, at: string, value: string): void {
    const { source } = this
    source.leaveIf(`!Array.isArray(${value}) || ${value}.length !== ${int(node.length)}`)
    const i = source.fresh()
    const next = source.fresh()
    source.add(`for (let ${i} = 0, ${next} = ${at}; ${i} < ${int(node.length)}; ${i}++) {`)
    this.plain(node.element, next, 0, source.constant(`${value}[${i}]`))
    source.add(`${next} += ${int(node.element.size)}`, '}')
  }

  private plainStruct(node: StructSchema, base: string, distance: number, value: string): void {
    if (value !== 'undefined') this.object(value)
    let next = distance
    for (const field of node.layout) {
      this.plain(field.schema, base, next, this.fieldOf(value, field))
      next += field.schema.size
    }
  }

  /** The variable with a field's value; `undefined` if it is to be left out and is. A constant's value does not matter. */
  private fieldOf(value: string, field: StructSchema['layout'][number]): string {
    const { source } = this
    if (value === 'undefined' || field.schema.kind === 'constant') return 'undefined'
    const own = source.constant(`${value}[${quote(field.name)}]`)
    if (!isAbsent(field)) return own
    source.leaveIf(`${own} !== undefined`)
    return 'undefined'
  }

  /** Any node at the cursor `p`. `siblings` is the structure around it, for counts. */
  private atCursor(node: Node, value: string, siblings: string): void {
    const { source } = this
    switch (node.kind) {
      case 'tail':
        this.tail(node, value, siblings)
        return
      case 'list':
        this.list(node, value, siblings)
        return
      case 'union': {
        const part = source.constant(`${source.capture(this.unions(node).ofValue)}(${value})`)
        source.leaveIf(`${part} === undefined`)
        source.add(`p = ${part}.${this.trusted ? 'encodeTrusted' : 'encode'}(b, p, ${value}, c)`)
        source.leaveIf('p < 0')
        return
      }
      case 'struct':
        if (!isPlain(node)) {
          this.walk(node, value)
          return
        }
        break
      case 'array':
        if (!isPlain(node)) {
          this.walkArray(node, value, siblings)
          return
        }
    }
    source.leaveIf(`e - p < ${int(node.size)}`)
    this.plain(node, 'p', 0, value)
    source.add(`p += ${int(node.size)}`)
  }

  private count(node: TailSchema | ListSchema, siblings: string, actual: string): void {
    const { source } = this
    if (node.count === undefined) return
    const count = source.constant(`${source.capture(node.count.get)}(${siblings})`)
    source.leaveIf(`${count} !== undefined && ${count} !== ${actual}`)
  }

  private tail(node: TailSchema, value: string, siblings: string): void {
    const { source } = this
    if (node.optional) {
      this.count(node, siblings, '0')
      return
    }
    source.leaveIf(`!(${value} instanceof Uint8Array) || ${value}.byteLength > e - p`)
    this.count(node, siblings, `${value}.byteLength`)
    source.add(`y.set(${value}, p)`, `p += ${value}.byteLength`)
  }

  private list(node: ListSchema, value: string, siblings: string): void {
    const { source } = this
    const { element } = node
    source.leaveIf(`!Array.isArray(${value}) || ${value}.length > (e - p) / ${int(element.size)}`)
    this.count(node, siblings, `${value}.length`)
    const i = source.fresh()
    source.add(`for (let ${i} = 0; ${i} < ${value}.length; ${i}++) {`)
    const item = source.constant(`${value}[${i}]`)
    if (isPlain(element)) {
      this.plain(element, 'p', 0, item)
      source.add(`p += ${int(element.size)}`)
    } else this.atCursor(element, item, siblings)
    source.add('}')
  }

  private walkArray(node: ArraySchema, value: string, siblings: string): void {
    const { source } = this
    source.leaveIf(`!Array.isArray(${value}) || ${value}.length !== ${int(node.length)}`)
    const i = source.fresh()
    source.add(`for (let ${i} = 0; ${i} < ${int(node.length)}; ${i}++) {`)
    this.atCursor(node.element, source.constant(`${value}[${i}]`), siblings)
    source.add('}')
  }

  /** A structure at the cursor whose fields follow one another. */
  private walk(node: StructSchema, value: string): void {
    const { source } = this
    source.leaveIf(`e - p < ${int(node.size)}`)
    if (value !== 'undefined') this.object(value)
    const siblings = value === 'undefined' ? source.capture(nothing) : value
    const firstLoose = node.layout.findIndex((field) => !isPlain(field.schema))
    let size = 0
    for (const field of node.layout.slice(0, firstLoose)) {
      this.plain(field.schema, 'p', size, this.fieldOf(value, field))
      size += field.schema.size
    }
    source.add(`p += ${int(size)}`)
    for (const field of node.layout.slice(firstLoose)) this.atCursor(field.schema, this.fieldOf(value, field), siblings)
  }

  /** The whole function's body. */
  body(node: StructSchema): void {
    const { source } = this
    source.add('const d = b.view', 'const y = b.bytes', 'const e = b.end')
    source.leaveIf(`o >>> 0 !== o || e - o < ${int(node.size)}`)
    if (isPlain(node)) {
      this.plainStruct(node, 'o', 0, 'v')
      source.add(`return b.byteOffset = ${place('o', node.size)}`)
      return
    }
    source.add('let p = o', `if (c === undefined) c = ${source.capture(anyContext)}`)
    this.walk(node, 'v')
    source.add('return b.byteOffset = p')
  }
}

/** Writes the body of a structure's encoder: a function of `b, o, v, c`. */
export function writeEncoder(
  source: Source,
  node: StructSchema,
  trusted: boolean,
  unions: (union: UnionSchema) => UnionParts,
): void {
  new EncodeWriter(source, trusted, unions).body(node)
}
