import { deviceName } from '../vmbus/device-ids.ts'
import type { Decoded } from '../vmbus/session/entry.ts'
import { isGuid, type JsonObject, type JsonValue, toJSON } from '../wire/index.ts'

/** A field of a line: its name and its value in words. */
export interface LineField {
  readonly name: string
  readonly text: string
}

/** Left out of a line: shown in a column of its own, said by the message's name, or telling only how a message is laid out. */
const elsewhere = new Set([
  'type',
  'header',
  'channelId',
  'interfaceId',
  'descriptor',
  'payload',
  'opcode',
  'informationOffset',
  'statusBufferOffset',
  'tableOffset',
])
/** Worth a look even when it is zero. */
const telling = new Set([
  'status',
  'versionSupported',
  'version',
  'downstreamRingBufferPageOffset',
  'makeCode',
  'sendBufferSectionIndex',
  'lba',
])

/** The fields of a decoded structure that matter to a reader: what is not zero, and what tells something by being zero. */
export function fieldsOf({ schema, value }: Decoded): LineField[] {
  if (value === undefined) return []
  const fields: LineField[] = []
  collect(toJSON(schema, value), fields)
  return fields
}

/** Numbers that people know in hex. */
const inHex = new Set(['connectionId', 'versionOrConnectionId', 'gpadlId', 'ringBufferGpadlId', 'transferPageSetId'])
/** Values that stand for none. */
const none: Readonly<Record<string, string>> = { monitorId: '255', sendBufferSectionIndex: '0xffffffff' }

function collect(json: JsonValue, into: LineField[]): void {
  if (!isObject(json)) return
  for (const [name, part] of Object.entries(json)) {
    if (elsewhere.has(name) || (name === 'pipe' && isOrdinaryPipe(part))) continue
    const text = typeof part === 'number' && inHex.has(name) ? hexWord(part) : wordOf(part)
    if (text === undefined) collect(part, into)
    else if (text !== none[name] && (text !== '0' || telling.has(name))) into.push({ name, text })
  }
}

/** Whether a pipe header tells no more than that a message follows. */
function isOrdinaryPipe(json: JsonValue): boolean {
  const kind = isObject(json) ? json.packetType : undefined
  return kind !== undefined && isObject(kind) && kind.name === 'Data'
}

/** A value in words; `undefined` for a structure, whose fields stand for themselves. */
function wordOf(json: JsonValue): string | undefined {
  if (Array.isArray(json)) return listWord(json)
  if (isObject(json)) return objectWord(json)
  if (typeof json === 'string') return stringWord(json)
  if (typeof json === 'number') return numberWord(json)
  return json === true ? 'yes' : '0'
}

function objectWord(json: JsonObject): string | undefined {
  const { name, value, ...others } = json
  const parts = Object.entries(others)
  if (parts.every(([, part]) => typeof part === 'boolean') && name === undefined) {
    const words = parts.filter(([, set]) => set === true).map(([word]) => word)
    if (value !== undefined) words.push(wordOf(value) ?? '')
    return words.length === 0 ? '0' : words.join(' | ')
  }
  if (parts.length > 0 || value === undefined) return undefined
  const version = typeof name === 'string' ? /^V(\d+)_(\d+)$/.exec(name) : null
  if (version !== null) return `${version[1]}.${version[2]}`
  return typeof name === 'string' ? name : typeof value === 'number' ? hexWord(value) : wordOf(value)
}

function listWord(json: readonly JsonValue[]): string {
  if (json.length === 0) return '0'
  const bytes = json.reduce<number>((sum, part) => sum + (isObject(part) ? Number(part.byteCount ?? 0) : 0), 0)
  return bytes > 0 ? `${json.length} (${bytes} bytes)` : String(json.length)
}

const shownDigits = 32

function stringWord(text: string): string {
  if (isGuid(text)) return deviceName(text) ?? text
  if (/^0x0*$/.test(text) || /^(00)*$/.test(text)) return '0'
  if (!/^[0-9a-f]+$/.test(text)) return text.replace(/\p{Cc}/gu, '.')
  if (text.length <= shownDigits) return text
  return `${text.slice(0, shownDigits)}… (${text.length / 2} bytes)`
}

function numberWord(value: number): string {
  return value > 0xffff ? hexWord(value) : String(value)
}

function hexWord(value: number): string {
  return `0x${value.toString(16)}`
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
