import { readGuid } from '../guid-text.ts'
import type { Siblings } from '../node.ts'
import type { UnionSchema } from '../union.ts'
import { readUtf16 } from '../utf16.ts'
import { readBigEndian } from './big-endian.ts'
import { decodeBits } from './bits.ts'
import { Op, type Step, stepOf } from './steps.ts'
import type { Walk } from './walk.ts'

/** What stands in no structure has none. */
export const noSiblings: Siblings = /* @__PURE__ */ Object.freeze({})

/**
 * Decodes what stands at `at` and leaves `walk.position` behind it. `undefined` when there is nothing to show: a constant, reserved
 * zeros, an empty gap, or, lenient only, something that could not be read.
 */
export function decodeStep(walk: Walk, step: Step, at: number, siblings: Siblings): unknown {
  const { op, size } = step
  if (op === Op.struct) {
    walk.enter(step.name)
    const value = decodeFields(walk, step.fields, at, {})
    walk.leave()
    return value
  }
  if (op === Op.other) return decodeOther(walk, step, at, siblings)
  if (size > walk.end - at) {
    walk.short(step.name, size, at)
    walk.position = walk.end
    return undefined
  }
  walk.position = at + size
  const { view } = walk
  switch (op) {
    case Op.u8:
      return view.getUint8(at)
    case Op.u16:
      return view.getUint16(at, true)
    case Op.u32:
      return view.getUint32(at, true)
    case Op.i8:
      return view.getInt8(at)
    case Op.i16:
      return view.getInt16(at, true)
    case Op.i32:
      return view.getInt32(at, true)
    case Op.u64:
      return view.getBigUint64(at, true)
    case Op.i64:
      return view.getBigInt64(at, true)
    case Op.bits:
      return decodeBits(walk, step, at)
    case Op.bytes:
      return walk.bytes.slice(at, at + size)
    case Op.reserved:
      return isZero(walk.bytes, at, size) ? undefined : decodeOther(walk, step, at, siblings)
    case Op.constant: {
      const { little } = step
      const value =
        size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, little) : view.getUint32(at, little)
      if (value !== step.value) walk.fault(step.name, 'TYPE', at, `must be ${step.value}, is ${value}`)
      return undefined
    }
    case Op.guid:
      return readGuid(view, at)
    case Op.text:
      return readUtf16(view, at, size)
    case Op.bigEndian:
      return readBigEndian(step, view, at)
  }
}

function isZero(bytes: Uint8Array, at: number, size: number): boolean {
  for (let index = at; index < at + size; index++) if (bytes[index] !== 0) return false
  return true
}

/** Decodes the fields of a structure, one behind the other, into `value`. */
function decodeFields(walk: Walk, fields: readonly Step[], at: number, value: Record<string, unknown>): unknown {
  walk.position = at
  for (const step of fields) {
    const part = decodeStep(walk, step, walk.position, value)
    if (part !== undefined && !(step.optional && step.op === Op.struct && isEmpty(part))) value[step.name] = part
    if (walk.cut) break
  }
  return value
}

/** Whether a nested structure has nothing to say. */
function isEmpty(value: unknown): boolean {
  for (const _name in Object(value)) return false
  return true
}

/** Decodes what has elements, variants or a length, and reserved space that is not zero. */
function decodeOther(walk: Walk, step: Step, at: number, siblings: Siblings): unknown {
  const { node, name } = step
  const left = Math.max(0, walk.end - at)
  switch (node.kind) {
    case 'array': {
      if (node.size > walk.end - at) {
        walk.short(name, node.size, at)
        walk.position = walk.end
        return undefined
      }
      // Lenient only: an element of no known variant ends what can be shown of the array, not what follows it.
      const values = decodeElements(walk, step, stepOf(node.element), node.length, at, noSiblings)
      walk.position = at + node.size
      return values
    }
    case 'list': {
      const { size } = node.element
      const count = node.count && countOf(walk, name, node.count.get(siblings), at, left, size)
      return decodeElements(walk, step, stepOf(node.element), count, at, siblings)
    }
    case 'tail': {
      const length = node.count === undefined ? left : countOf(walk, name, node.count.get(siblings), at, left, 1)
      walk.position = at + length
      return length === 0 && node.optional ? undefined : walk.bytes.slice(at, at + length)
    }
    case 'union':
      return decodeUnion(walk, name, node, at, siblings)
    case 'reserved': {
      const value = decodeStep(walk, stepOf(node.inner), at, siblings)
      if (walk.sink !== undefined) walk.fault(name, 'RSVD', at, 'reserved space is not zero')
      return value
    }
    default:
      throw new RangeError(`${node.kind} has an op of its own`)
  }
}

/** Checks a count against the bytes left, before anything is read or allocated. */
function countOf(walk: Walk, name: string, count: number, at: number, left: number, size: number): number {
  const most = Math.floor(left / size)
  if (Number.isSafeInteger(count) && count >= 0 && count <= most) return count
  walk.fault(name, 'LENGTH', at, `${count} elements of at least ${size} bytes announced, ${left} bytes left`)
  return count > 0 ? Math.min(count, most) : 0
}

/** Elements of an array or a list. Without a count it ends where no further one fits: they can be longer than their fixed part. */
function decodeElements(
  walk: Walk,
  step: Step,
  element: Step,
  count: number | undefined,
  at: number,
  siblings: Siblings,
): unknown[] {
  const values: unknown[] = []
  let next = at
  walk.enter(step.name)
  while (count === undefined ? walk.end - next >= element.size : values.length < count) {
    walk.enter(values.length)
    const value = decodeStep(walk, element, next, siblings)
    walk.leave()
    if (value === undefined) break
    values.push(value)
    next = walk.position
    if (walk.cut) break
  }
  walk.leave()
  walk.position = next
  return values
}

function decodeUnion(walk: Walk, name: string, node: UnionSchema, at: number, siblings: Siblings): unknown {
  const found = node.candidates(walk.buffer, at, siblings, walk.context)
  const member = Array.isArray(found) ? found[0] : undefined
  if (member === undefined) {
    if ('code' in found) walk.fault(name, found.code, found.offset, found.why)
    // Lenient only: what follows can be read where the size is the same for all variants.
    walk.position = node.variable ? walk.end : Math.min(at + node.size, walk.end)
    return undefined
  }
  walk.enter(name)
  const value = decodeFields(walk, stepOf(member).fields, at, { type: member.name })
  walk.leave()
  return value
}
