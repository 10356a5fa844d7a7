import type { BitsSchema } from './bits.ts'
import type { EnumSchema } from './enum.ts'
import { WireError, type WireErrorCode } from './error.ts'
import type { Flags64Schema, FlagsSchema } from './flags.ts'
import { guid } from './guid-text.ts'
import { type Node, nodeOf } from './node.ts'
import { property, show } from './property.ts'
import type { WireSchema } from './schema.ts'
import type { StructSchema } from './struct.ts'
import type { Extra } from './structure.ts'

/** Where in the JSON we are. */
interface Place {
  readonly structure: string
  readonly path: string
  /** Offset of the field in the encoded bytes, as far as it is fixed. */
  readonly offset: number
}

/**
 * The value that some JSON stands for: what `toJSON` makes, and what people write. Integers of any width may be numbers or strings
 * (`31`, `"31"`, `"0x1f"`), enumerations a number, a name, or an object with either; flags and bit fields a number or an object, where a
 * name that is missing is not set; GUIDs in any case. Constants may be left out. Names that the schema does not have are refused,
 * as they are most likely misspelt.
 *
 * Throws a `WireError` with the path of the bad part: `RANGE`, `LENGTH` for a count or size, `TYPE` for an unknown variant or a
 * constant that differs. Its offset is that of the field where fixed, else the sum of the fixed parts before it.
 */
export function fromJSON<T>(schema: WireSchema<T>, json: unknown): T & Extra {
  const node = nodeOf(schema)
  const place: Place = { structure: 'name' in node ? node.name : node.kind, path: '', offset: 0 }
  const value: unknown = readNode(node, json, place, true)
  const extra = property(json, 'extra')
  if (extra !== undefined) {
    const bytes = bytesOf(extra, within(place, 'extra', node.size))
    if (bytes.byteLength > 0) Object.assign(Object(value), { extra: bytes })
  }
  // Sound: built field by field from the schema whose value type is T.
  return value as T & Extra
}

function within(place: Place, name: string, offset: number): Place {
  return { ...place, path: place.path === '' ? name : `${place.path}.${name}`, offset }
}

function refuse(place: Place, why: string, code: WireErrorCode = 'RANGE'): never {
  throw new WireError({ code, path: place.path, offset: place.offset, why }, place.structure)
}

function readNode(node: Node, json: unknown, place: Place, whole = false): unknown {
  switch (node.kind) {
    case 'int':
      return Number(integerOf(json, place, BigInt(node.min), BigInt(node.max)))
    case 'int64':
      return integerOf(json, place, node.min, node.max)
    case 'enum':
      return enumValue(node, json, place, BigInt(node.base.min), BigInt(node.base.max))
    case 'flags':
      return Number(flagsValue(node, json, place))
    case 'flags64':
      return flagsValue(node, json, place)
    case 'bits':
      return bitsValue(node, json, place)
    case 'guid':
      return guidOf(json, place)
    case 'bytes':
    case 'tail': {
      const bytes = bytesOf(json, place)
      if (node.kind === 'bytes' && bytes.byteLength !== node.size) {
        refuse(place, `${node.size} bytes expected, not ${bytes.byteLength}`, 'LENGTH')
      }
      return bytes
    }
    case 'text':
      return typeof json === 'string' ? json.replace(/\0+$/, '') : refuse(place, `text expected, not ${show(json)}`)
    case 'reserved':
      return readNode(node.inner, json, place)
    case 'constant': {
      const value = readNode(node.inner, json, place)
      if (value !== node.value) refuse(place, `must be ${node.value}, is ${value}`, 'TYPE')
      return undefined
    }
    case 'array':
    case 'list':
      if (!Array.isArray(json)) refuse(place, `an array expected, not ${show(json)}`)
      if (node.kind === 'array' && json.length !== node.length) {
        refuse(place, `${node.length} elements expected, not ${json.length}`, 'LENGTH')
      }
      return json.map((element: unknown, index) => {
        const offset = place.offset + index * node.element.size
        return readNode(node.element, element, { ...place, path: `${place.path}[${index}]`, offset })
      })
    case 'struct':
      return structValue(node, json, place, whole ? ['extra', 'type'] : [])
    case 'union': {
      const type = property(json, 'type')
      const member = typeof type === 'string' ? node.member(type) : undefined
      if (member === undefined) return refuse(within(place, 'type', place.offset), `no variant ${show(type)}`, 'TYPE')
      return { type: member.name, ...structValue(member, json, place, whole ? ['extra', 'type'] : ['type']) }
    }
  }
}

function structValue(node: StructSchema, json: unknown, place: Place, more: readonly string[]): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return refuse(place, `an object expected, not ${show(json)}`)
  }
  for (const name of Object.keys(json)) {
    if (!Object.hasOwn(node.properties, name) && !more.includes(name)) {
      refuse(within(place, name, place.offset), `${node.name} has no field of this name`)
    }
  }
  const type = property(json, 'type')
  if (more.includes('type') && !('type' in node.properties) && type !== undefined && type !== node.name) {
    refuse(within(place, 'type', place.offset), `must be "${node.name}", is ${show(type)}`, 'TYPE')
  }
  const value: Record<string, unknown> = {}
  let { offset } = place
  for (const { name, schema, optional } of node.layout) {
    const part = property(json, name)
    const at = within(place, name, offset)
    offset += schema.size
    if (part === undefined) {
      if (!optional) refuse(at, 'missing')
      continue
    }
    const result = readNode(schema, part, at)
    if (!(optional && isNothing(schema, result))) value[name] = result
  }
  return value
}

/** Whether an optional field has nothing to say: then values lack it. */
function isNothing(schema: Node, value: unknown): boolean {
  if (schema.kind === 'tail') return value instanceof Uint8Array && value.byteLength === 0
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0)
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === undefined || value === 0 || value === 0n
}

const integerText = /^(-?)(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i

/** An integer written as a number or as text, in decimal or hex. */
function integerOf(json: unknown, place: Place, min: bigint, max: bigint): bigint {
  const parts = typeof json === 'string' ? integerText.exec(json.trim()) : null
  let value: bigint | undefined
  if (parts !== null) value = parts[1] === '-' ? -BigInt(parts[2] ?? '') : BigInt(parts[2] ?? '')
  else if (typeof json === 'number' && Number.isSafeInteger(json)) value = BigInt(json)
  if (value === undefined || value < min || value > max) {
    return refuse(place, `an integer from ${min} to ${max} expected, not ${show(json)}`)
  }
  return value
}

function enumValue(schema: EnumSchema, json: unknown, place: Place, min: bigint, max: bigint): number {
  if (typeof json === 'object' && json !== null) {
    const value = property(json, 'value')
    const name = property(json, 'name')
    const byName =
      name === undefined ? undefined : enumValue(schema, name, within(place, 'name', place.offset), min, max)
    if (value === undefined) return byName ?? refuse(place, 'value or name expected')
    const number = Number(integerOf(value, within(place, 'value', place.offset), min, max))
    if (byName !== undefined && byName !== number) refuse(place, `value ${number} is not ${show(name)}`)
    return number
  }
  if (typeof json === 'string' && Object.hasOwn(schema.values, json)) return schema.values[json] ?? 0
  if (typeof json === 'string' && !integerText.test(json)) refuse(place, `${schema.name} has no ${show(json)}`)
  return Number(integerOf(json, place, min, max))
}

function flagsValue(node: FlagsSchema | Flags64Schema, json: unknown, place: Place): bigint {
  const max = BigInt(node.base.max)
  if (typeof json !== 'object' || json === null) return integerOf(json, place, 0n, max)
  const whole = property(json, 'value')
  let word = whole === undefined ? 0n : integerOf(whole, within(place, 'value', place.offset), 0n, max)
  for (const name of Object.keys(json)) {
    if (name === 'value') continue
    const at = within(place, name, place.offset)
    const mask = Object.hasOwn(node.masks, name) ? node.masks[name] : undefined
    if (mask === undefined) return refuse(at, `${node.name} has no flag of this name`)
    const on = booleanOf(property(json, name), at)
    word = on ? word | BigInt(mask) : word & ~BigInt(mask)
  }
  return word
}

function booleanOf(json: unknown, place: Place): boolean {
  if (typeof json === 'boolean') return json
  return json === 0 || json === 1 ? json === 1 : refuse(place, `true or false expected, not ${show(json)}`)
}

function bitsValue(node: BitsSchema, json: unknown, place: Place): object {
  const max = (1n << BigInt(8 * node.size)) - 1n
  const isWord = typeof json !== 'object' || json === null
  const whole = isWord ? json : property(json, 'value')
  const word =
    whole === undefined ? 0n : integerOf(whole, isWord ? place : within(place, 'value', place.offset), 0n, max)
  if (!isWord) {
    for (const name of Object.keys(json)) {
      if (name !== 'value' && !Object.hasOwn(node.fields, name)) {
        refuse(within(place, name, place.offset), 'no bit field of this name')
      }
    }
  }
  const value: Record<string, unknown> = {}
  let result = word & ~node.known
  for (const [name, { shift, width, as, values }] of Object.entries(node.fields)) {
    const limit = (1n << BigInt(width)) - 1n
    const part = isWord ? undefined : property(json, name)
    const at = within(place, name, place.offset)
    let bits = (word >> BigInt(shift)) & limit
    if (part !== undefined) {
      if (as === 'boolean') bits = booleanOf(part, at) ? 1n : 0n
      else if (values !== undefined) bits = BigInt(enumValue(values, part, at, 0n, limit))
      else bits = integerOf(part, at, 0n, limit)
    }
    value[name] = as === 'boolean' ? bits === 1n : as === 'number' ? Number(bits) : bits
    result |= bits << BigInt(shift)
  }
  if ((result & ~node.known) !== 0n) value.value = node.size === 8 ? result : Number(result)
  return value
}

function guidOf(json: unknown, place: Place): string {
  if (typeof json !== 'string') return refuse(place, `a GUID expected, not ${show(json)}`)
  try {
    return guid(json.trim())
  } catch {
    return refuse(place, `a GUID expected, not ${show(json)}`)
  }
}

/** Bytes written as hex, with or without spaces. */
function bytesOf(json: unknown, place: Place): Uint8Array {
  if (typeof json !== 'string') return refuse(place, `bytes in hex expected, not ${show(json)}`)
  const digits = json.replace(/^0x|\s/gi, '')
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) refuse(place, `bytes in hex expected, not ${show(json)}`)
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.byteLength; index++) {
    bytes[index] = Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16)
  }
  return bytes
}
