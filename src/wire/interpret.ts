import type { BitsSchema } from './bits.ts'
import type { WireBuffer } from './buffer.ts'
import type { Codec } from './codec.ts'
import { anyContext, type WireContext } from './context.ts'
import { WireError, type WireErrorCode, type WireFault } from './error.ts'
import { isGuid, readGuid, writeGuid } from './guid-text.ts'
import type { Node, Siblings } from './node.ts'
import { property, show } from './property.ts'
import { decodeSmallBits, encodeSmallBits } from './small-bits.ts'
import type { StructSchema } from './struct.ts'
import type { UnionSchema } from './union.ts'

/**
 * The table interpreter: decodes and encodes by walking the schema. It is the fallback where code generation is not allowed, the
 * oracle that compiled codecs are tested against, what finds out and words every error, and what lenient decoding runs on.
 */
class Walk {
  /** Path of the field at hand: names and indices, `depth` of them in use. */
  readonly path: (string | number)[] = []
  depth = 0
  /** Where the next field of variable offset begins. */
  position = 0
  /** Lenient only: whether the input's end has cut a field off, so that nothing behind it can be read. */
  cut = false

  constructor(
    readonly buffer: WireBuffer,
    readonly context: WireContext,
    readonly structure: string,
    /** Receives faults instead of their being thrown. */
    readonly sink: ((fault: WireFault) => void) | undefined,
  ) {}

  /** Reports a fault; goes on only when there is a sink. */
  fault(code: WireErrorCode, offset: number, why: string): void {
    if (this.sink === undefined) this.refuse(code, offset, why)
    this.cut ||= code === 'SHORT'
    this.sink({ code, path: this.where(), offset, why })
  }

  /** Throws a fault. */
  refuse(code: WireErrorCode, offset: number, why: string): never {
    throw new WireError({ code, path: this.where(), offset, why }, this.structure)
  }

  private where(): string {
    let path = ''
    for (let index = 0; index < this.depth; index++) {
      const part = this.path[index]
      if (typeof part === 'number') path += `[${part}]`
      else path += path === '' ? part : `.${part}`
    }
    return path
  }

  /** Whether `size` bytes are there at `at`; reports when not. */
  has(size: number, at: number): boolean {
    if (size <= this.buffer.end - at) return true
    this.fault('SHORT', at, `${size} bytes needed, ${Math.max(0, this.buffer.end - at)} left`)
    return false
  }
}

/** Marks a value that could not be read at all; only lenient decoding sees it. */
const missing: unique symbol = Symbol('missing')

// ---------------------------------------------------------------- decoding

/**
 * Decodes `node` at `at`. With a `sink`, faults go there and as much as can be read is returned (`undefined` if nothing can);
 * without, the first fault is thrown as a `WireError`. Non-zero reserved space is reported to a sink only: it is no error.
 */
export function interpretDecode(
  node: Node,
  buffer: WireBuffer,
  at: number,
  context: WireContext,
  sink?: (fault: WireFault) => void,
): unknown {
  const walk = new Walk(buffer, context, nameOf(node), sink)
  if (!Number.isSafeInteger(at) || at < 0) throw new RangeError(`offset ${at}`)
  const value = decodeVariable(walk, node, at, {})
  buffer.byteOffset = walk.position
  return value === missing ? undefined : value
}

function nameOf(node: Node): string {
  return 'name' in node ? node.name : node.kind
}

/** Decodes any node, with bounds checks, and leaves `walk.position` behind it. */
function decodeVariable(walk: Walk, node: Node, at: number, siblings: Siblings): unknown {
  walk.position = at
  switch (node.kind) {
    case 'tail': {
      const left = Math.max(0, walk.buffer.end - at)
      let length = node.count === undefined ? left : countOf(walk, node.count.get(siblings), at, left, 1)
      if (length > left) length = left
      walk.position = at + length
      if (length === 0 && node.optional) return missing
      return walk.buffer.bytes.slice(at, at + length)
    }
    case 'list': {
      const left = Math.max(0, walk.buffer.end - at)
      const size = node.element.size
      const count =
        node.count === undefined ? Math.floor(left / size) : countOf(walk, node.count.get(siblings), at, left, size)
      const values: unknown[] = []
      let next = at
      for (let index = 0; index < count; index++) {
        // A list without a count ends where no further element fits; its elements can be longer than their fixed part.
        if (node.count === undefined && walk.buffer.end - next < size) break
        walk.path[walk.depth++] = index
        const value = decodeVariable(walk, node.element, next, siblings)
        walk.depth--
        if (value === missing) break
        values.push(value)
        next = walk.position
        if (walk.cut) break
      }
      walk.position = next
      return values
    }
    case 'struct':
      return decodeStruct(walk, node, at)
    case 'union':
      return decodeUnion(walk, node, at, siblings)
    default: {
      if (!walk.has(node.size, at)) {
        walk.position = walk.buffer.end
        return missing
      }
      walk.position = at + node.size
      return decodeFixed(walk, node, at)
    }
  }
}

/** Checks a count against the bytes left, before anything is read or allocated. */
function countOf(walk: Walk, count: number, at: number, left: number, size: number): number {
  if (Number.isSafeInteger(count) && count >= 0 && count <= Math.floor(left / size)) return count
  const most = Math.floor(left / size)
  walk.fault('LENGTH', at, `${count} elements of at least ${size} bytes announced, ${left} bytes left`)
  return count > 0 ? Math.min(count, most) : 0
}

function decodeStruct(walk: Walk, node: StructSchema, at: number): unknown {
  const value: Record<string, unknown> = {}
  const short = node.size > walk.buffer.end - at
  let next = at
  for (const field of node.layout) {
    const { schema } = field
    walk.path[walk.depth++] = field.name
    // Where the fixed part is known to be there, its fields need no check of their own.
    const checked =
      short || field.offset === undefined || schema.variable || schema.kind === 'struct' || schema.kind === 'union'
    const result = checked ? decodeVariable(walk, schema, next, value) : decodeFixed(walk, schema, next)
    next = checked ? walk.position : next + schema.size
    walk.depth--
    if (result !== missing && !(field.optional && isEmpty(result))) value[field.name] = result
    if (walk.cut) break
  }
  walk.position = next
  return value
}

/** An optional nested structure that has nothing to say. */
function isEmpty(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && Object.keys(value).length === 0
  )
}

function decodeUnion(walk: Walk, node: UnionSchema, at: number, siblings: Siblings): unknown {
  const found = node.candidates(walk.buffer, at, siblings, walk.context)
  const member = Array.isArray(found) ? found[0] : undefined
  if (member === undefined) {
    if ('code' in found) walk.fault(found.code, found.offset, found.why)
    // Lenient only: what follows can be read where the size is the same for all variants.
    walk.position = node.variable ? walk.buffer.end : Math.min(at + node.size, walk.buffer.end)
    return missing
  }
  const value = decodeStruct(walk, member, at)
  return { type: member.name, ...Object(value) }
}

/** Decodes a node of fixed size whose bytes are known to be there. */
function decodeFixed(walk: Walk, node: Node, at: number): unknown {
  const { view } = walk.buffer
  switch (node.kind) {
    case 'int':
      return readInt(view, at, node.size, node.signed)
    case 'int64':
      return node.signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
    case 'enum':
      return readInt(view, at, node.size, node.base.signed)
    case 'flags':
      return readInt(view, at, node.size, false)
    case 'flags64':
      return view.getBigUint64(at, true)
    case 'bits':
      return decodeBits(walk, node, at)
    case 'guid':
      return readGuid(view, at)
    case 'bytes':
      return walk.buffer.bytes.slice(at, at + node.size)
    case 'text':
      return readUtf16(view, at, node.size)
    case 'reserved': {
      const value = decodeFixed(walk, node.inner, at)
      if (isZero(value)) return missing
      if (walk.sink !== undefined) walk.fault('RSVD', at, 'reserved space is not zero')
      return value
    }
    case 'constant': {
      const value = readInt(view, at, node.size, false)
      if (value !== node.value) walk.fault('TYPE', at, `must be ${node.value}, is ${value}`)
      return missing
    }
    case 'array': {
      const values: unknown[] = []
      for (let index = 0; index < node.length; index++) {
        walk.path[walk.depth++] = index
        const value = decodeVariable(walk, node.element, at + index * node.element.size, {})
        walk.depth--
        // Lenient only: an element of no known variant ends what can be shown of the array, not what follows it.
        if (value === missing) break
        values.push(value)
      }
      return values
    }
    default:
      return decodeVariable(walk, node, at, {})
  }
}

function readInt(view: DataView, at: number, size: 1 | 2 | 4, signed: boolean): number {
  if (size === 4) return signed ? view.getInt32(at, true) : view.getUint32(at, true)
  if (size === 2) return signed ? view.getInt16(at, true) : view.getUint16(at, true)
  return signed ? view.getInt8(at) : view.getUint8(at)
}

function isZero(value: unknown): boolean {
  return value instanceof Uint8Array ? value.every((byte) => byte === 0) : Number(value) === 0
}

/** UTF-16LE without trailing NUL units. */
export function readUtf16(view: DataView, at: number, size: number): string {
  let length = size / 2
  while (length > 0 && view.getUint16(at + 2 * length - 2, true) === 0) length--
  let text = ''
  for (let index = 0; index < length; index++) text += String.fromCharCode(view.getUint16(at + 2 * index, true))
  return text
}

function decodeBits(walk: Walk, node: BitsSchema, at: number): unknown {
  const { view } = walk.buffer
  if (node.size < 4) {
    const word = readInt(view, at, node.size === 1 ? 1 : 2, false)
    const small = decodeSmallBits(node, word)
    if (small !== undefined) return small
  }
  const word = node.size === 8 ? view.getBigUint64(at, true) : BigInt(readInt(view, at, node.size, false))
  const value: Record<string, unknown> = {}
  for (const [name, { shift, width, as }] of Object.entries(node.fields)) {
    const part = (word >> BigInt(shift)) & ((1n << BigInt(width)) - 1n)
    value[name] = as === 'boolean' ? part === 1n : as === 'number' ? Number(part) : part
  }
  if ((word & ~node.known) !== 0n) {
    value.value = node.size === 8 ? word : Number(word)
    if (walk.sink !== undefined) walk.fault('RSVD', at, 'bits without a name are set')
  }
  return value
}

// ---------------------------------------------------------------- encoding

/** Bytes that a value takes. Throws `WireError` for a value that is not of this schema at all. */
export function measureValue(node: Node, value: unknown, context: WireContext): number {
  if (!node.variable) return node.size
  switch (node.kind) {
    case 'tail':
      return value instanceof Uint8Array ? value.byteLength : 0
    case 'list': {
      if (!Array.isArray(value)) return 0
      if (!node.element.variable) return value.length * node.element.size
      let size = 0
      for (const element of value) size += measureValue(node.element, element, context)
      return size
    }
    case 'struct': {
      let size = node.size
      for (const field of node.layout) {
        if (field.schema.variable)
          size += measureValue(field.schema, property(value, field.name), context) - field.schema.size
      }
      return size
    }
    case 'union': {
      const member = memberOf(node, value)
      return member === undefined ? node.size : measureValue(member, value, context)
    }
    default:
      return node.size
  }
}

function memberOf(node: UnionSchema, value: unknown): StructSchema | undefined {
  const type = property(value, 'type')
  return typeof type === 'string' ? node.member(type) : undefined
}

/** Checks and encodes a value at `at`; answers where it ends. Throws `WireError`. */
export function interpretEncode(
  node: Node,
  buffer: WireBuffer,
  at: number,
  value: unknown,
  context: WireContext,
): number {
  const walk = new Walk(buffer, context, nameOf(node), undefined)
  if (!Number.isSafeInteger(at) || at < 0) throw new RangeError(`offset ${at}`)
  encodeNode(walk, node, at, value, {})
  buffer.byteOffset = walk.position
  return walk.position
}

function encodeNode(walk: Walk, node: Node, at: number, value: unknown, siblings: Siblings): void {
  const { view, bytes } = walk.buffer
  walk.has(node.size, at)
  walk.position = at + node.size
  switch (node.kind) {
    case 'int':
      writeInt(view, at, node.size, checkInt(walk, at, value, node.min, node.max))
      return
    case 'enum':
      writeInt(view, at, node.size, checkInt(walk, at, value, node.base.min, node.base.max))
      return
    case 'flags':
      writeInt(view, at, node.size, checkInt(walk, at, value, 0, node.base.max))
      return
    case 'int64':
      view.setBigUint64(at, BigInt.asUintN(64, checkBigInt(walk, at, value, node.min, node.max)), true)
      return
    case 'flags64':
      view.setBigUint64(at, checkBigInt(walk, at, value, 0n, node.base.max), true)
      return
    case 'bits':
      encodeBits(walk, node, at, value)
      return
    case 'guid':
      if (typeof value !== 'string' || !isGuid(value)) {
        walk.refuse('RANGE', at, `a GUID in lower-case canonical form expected, not ${show(value)}`)
      }
      writeGuid(view, at, value)
      return
    case 'bytes':
      if (!(value instanceof Uint8Array) || value.byteLength !== node.size) {
        walk.refuse('LENGTH', at, `${node.size} bytes expected, not ${show(value)}`)
      }
      bytes.set(value, at)
      return
    case 'text':
      if (typeof value !== 'string' || value.length * 2 > node.size) {
        walk.refuse('LENGTH', at, `at most ${node.size / 2} UTF-16 units expected, not ${show(value)}`)
      }
      for (let index = 0; index < node.size / 2; index++) {
        view.setUint16(at + 2 * index, index < value.length ? value.charCodeAt(index) : 0, true)
      }
      return
    case 'reserved':
      if (value === undefined) bytes.fill(0, at, at + node.size)
      else encodeNode(walk, node.inner, at, value, siblings)
      return
    case 'constant':
      writeInt(view, at, node.size, node.value)
      return
    case 'array': {
      if (!Array.isArray(value) || value.length !== node.length) {
        walk.refuse('LENGTH', at, `${node.length} elements expected, not ${show(value)}`)
      }
      for (let index = 0; index < node.length; index++) {
        walk.path[walk.depth++] = index
        encodeNode(walk, node.element, at + index * node.element.size, value[index], siblings)
        walk.depth--
      }
      walk.position = at + node.size
      return
    }
    case 'tail': {
      if (value === undefined && node.optional) value = new Uint8Array(0)
      if (!(value instanceof Uint8Array)) walk.refuse('RANGE', at, `bytes expected, not ${show(value)}`)
      checkCount(walk, at, node.count?.get(siblings), value.byteLength, 'bytes')
      walk.has(value.byteLength, at)
      bytes.set(value, at)
      walk.position = at + value.byteLength
      return
    }
    case 'list': {
      if (!Array.isArray(value)) walk.refuse('RANGE', at, `an array expected, not ${show(value)}`)
      checkCount(walk, at, node.count?.get(siblings), value.length, 'elements')
      walk.position = at
      for (let index = 0; index < value.length; index++) {
        walk.path[walk.depth++] = index
        encodeNode(walk, node.element, walk.position, value[index], siblings)
        walk.depth--
      }
      return
    }
    case 'struct':
      encodeStruct(walk, node, at, value)
      return
    case 'union': {
      const member = memberOf(node, value)
      if (member === undefined) walk.refuse('TYPE', at, `no variant named ${show(property(value, 'type'))}`)
      encodeStruct(walk, member, at, value)
    }
  }
}

function encodeStruct(walk: Walk, node: StructSchema, at: number, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    if (!(node.optional && value === undefined)) walk.refuse('RANGE', at, `an object expected, not ${show(value)}`)
  }
  const siblings: Siblings = Object(value ?? {})
  walk.position = at
  for (const field of node.layout) {
    walk.path[walk.depth++] = field.name
    encodeNode(walk, field.schema, walk.position, property(value, field.name), siblings)
    walk.depth--
  }
}

function checkCount(walk: Walk, at: number, announced: number | undefined, actual: number, what: string): void {
  if (announced !== undefined && announced !== actual) {
    walk.refuse('LENGTH', at, `${announced} ${what} announced, ${actual} given`)
  }
}

function checkInt(walk: Walk, at: number, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  return walk.refuse('RANGE', at, `an integer from ${min} to ${max} expected, not ${show(value)}`)
}

function checkBigInt(walk: Walk, at: number, value: unknown, min: bigint, max: bigint): bigint {
  if (typeof value === 'bigint' && value >= min && value <= max) return value
  return walk.refuse('RANGE', at, `a bigint from ${min} to ${max} expected, not ${show(value)}`)
}

function writeInt(view: DataView, at: number, size: 1 | 2 | 4, value: number): void {
  if (size === 4) view.setUint32(at, value, true)
  else if (size === 2) view.setUint16(at, value, true)
  else view.setUint8(at, value)
}

function encodeBits(walk: Walk, node: BitsSchema, at: number, value: unknown): void {
  const small = node.size < 4 ? encodeSmallBits(node, value) : undefined
  if (small !== undefined) {
    writeInt(walk.buffer.view, at, node.size === 1 ? 1 : 2, small)
    return
  }
  const whole = property(value, 'value')
  const max = (1n << BigInt(8 * node.size)) - 1n
  walk.path[walk.depth++] = 'value'
  let word =
    whole === undefined ? 0n : checkBigInt(walk, at, typeof whole === 'number' ? toBigInt(whole) : whole, 0n, max)
  // Named fields win; `value` only supplies the bits without a name.
  word &= ~node.known
  for (const [name, { shift, width, as }] of Object.entries(node.fields)) {
    walk.path[walk.depth - 1] = name
    const part = property(value, name)
    const limit = (1n << BigInt(width)) - 1n
    if (as === 'boolean') {
      if (typeof part !== 'boolean') walk.refuse('RANGE', at, `true or false expected, not ${show(part)}`)
      if (part === true) word |= 1n << BigInt(shift)
    } else {
      const number = as === 'number' && typeof part === 'number' ? toBigInt(part) : as === 'bigint' ? part : undefined
      if (number === undefined) walk.refuse('RANGE', at, `a ${as} from 0 to ${limit} expected, not ${show(part)}`)
      word |= checkBigInt(walk, at, number, 0n, limit) << BigInt(shift)
    }
  }
  walk.depth--
  if (node.size === 8) walk.buffer.view.setBigUint64(at, word, true)
  else writeInt(walk.buffer.view, at, node.size, Number(word))
}

function toBigInt(value: number): bigint | undefined {
  return Number.isSafeInteger(value) ? BigInt(value) : undefined
}

/** The interpreter as a codec. */
export function interpreter(node: Node): Codec<unknown> {
  const encodeAt: Codec<unknown>['encodeAt'] = (buffer, at, value, context = anyContext) =>
    interpretEncode(node, buffer, at, value, context)
  return {
    decodeAt: (buffer, at, context = anyContext) => interpretDecode(node, buffer, at, context),
    encodeAt,
    encodeTrustedAt: encodeAt,
  }
}
