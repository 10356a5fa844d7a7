import type { BitField, BitsSchema } from './bits.ts'
import type { EnumSchema } from './enum.ts'
import { flagNames } from './flags.ts'
import { type Node, nodeOf } from './node.ts'
import { property } from './property.ts'
import type { WireSchema } from './schema.ts'
import type { StructSchema } from './struct.ts'

/** What JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue }

/** A JSON object being built. */
export type JsonObject = { [name: string]: JsonValue }

/**
 * The JSON form of a value, the same that `vmbus decode --json` prints; safe for `JSON.stringify`, as it has no bigint.
 *
 * 64-bit integers are strings `"0x1f"`, smaller ones numbers; bytes hex; GUIDs lower-case text; enumerations `{ value, name }`
 * (no name when unknown); flags and bit fields an object of named fields, with the whole word in `value` where bits without a name
 * are set; a union's value has `type` first. Constants are shown; reserved space only when it is not zero.
 * Takes the incomplete values of `tryDecode` too: what is missing is left out.
 */
export function toJSON<T>(schema: WireSchema<T>, value: NoInfer<T>): JsonValue {
  const json = jsonOf(nodeOf(schema), value) ?? null
  const extra = property(value, 'extra')
  return extra instanceof Uint8Array && isObject(json) ? { ...json, extra: toHex(extra) } : json
}

function isObject(json: JsonValue): json is { readonly [name: string]: JsonValue } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** `undefined` where there is nothing to show. */
function jsonOf(node: Node, value: unknown): JsonValue | undefined {
  switch (node.kind) {
    case 'constant':
      return jsonOf(node.inner, node.value)
    case 'struct': {
      const json = fieldsOf(node, value)
      // A nested structure that is left out shows its constants, if it has any.
      return value === undefined && Object.keys(json).length === 0 ? undefined : json
    }
    default:
      return value === undefined ? undefined : jsonOfPresent(node, value)
  }
}

function jsonOfPresent(node: Node, value: unknown): JsonValue | undefined {
  switch (node.kind) {
    case 'enum':
      return typeof value === 'number' ? enumOf(node, value) : undefined
    case 'flags':
    case 'flags64':
      return flagsOf(node, value)
    case 'bits':
      return bitsOf(node, value)
    case 'reserved':
      return jsonOf(node.inner, value)
    case 'array':
    case 'list':
      return Array.isArray(value) ? value.map((element: unknown) => jsonOf(node.element, element) ?? null) : undefined
    case 'union': {
      const type = property(value, 'type')
      const member = typeof type === 'string' ? node.member(type) : undefined
      return member && { type: member.name, ...fieldsOf(member, value) }
    }
    default:
      return plain(value)
  }
}

function fieldsOf(node: StructSchema, value: unknown): JsonObject {
  const json: JsonObject = {}
  for (const { name, schema } of node.layout) {
    const part = jsonOf(schema, property(value, name))
    if (part !== undefined) json[name] = part
  }
  return json
}

function plain(value: unknown): JsonValue | undefined {
  if (typeof value === 'bigint') return hexOf(value)
  if (value instanceof Uint8Array) return toHex(value)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}

function enumOf(schema: EnumSchema, value: number): JsonObject {
  const name = schema.nameOf(value)
  return name === undefined ? { value } : { value, name }
}

function flagsOf(node: Node & { kind: 'flags' | 'flags64' }, value: unknown): JsonValue | undefined {
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined
  const { set, unknown } = flagNames(node, value)
  const json: JsonObject = {}
  for (const name of Object.keys(node.masks)) json[name] = set.includes(name)
  const word = plain(value)
  if (unknown !== 0n && word !== undefined) json.value = word
  return json
}

function bitsOf(node: BitsSchema, value: unknown): JsonObject {
  const json: JsonObject = {}
  const add = (name: string, field?: BitField) => {
    const part = property(value, name)
    const shown = field?.values !== undefined && typeof part === 'number' ? enumOf(field.values, part) : plain(part)
    if (shown !== undefined) json[name] = shown
  }
  for (const [name, field] of Object.entries(node.fields)) add(name, field)
  add('value')
  return json
}

/** `0x1f`, `-0x1`. */
export function hexOf(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

/** Bytes as hex digits without anything between. */
export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}
