import { MessageType } from '../hypercall/index.ts'
import { deviceDecoders } from '../trace/index.ts'
import type { DeviceDecoder, DevicePayload } from '../vmbus/device-decoder.ts'
import { deviceName } from '../vmbus/device-ids.ts'
import { ChannelMessage } from '../vmbus/messages.ts'
import { Packet } from '../vmbus/packets.ts'
import {
  alternatives,
  format,
  isWireError,
  type JsonObject,
  type JsonValue,
  type Structure,
  toJSON,
  tryDecode,
  type WireContext,
  WireError,
  type WireFault,
} from '../wire/index.ts'
import { candidatesFor } from './auto.ts'
import { type Call, type Command, type ExitStatus, InputError, UsageError } from './command.ts'
import { contextOf, contextOptions } from './context.ts'
import { bytesOf, inputOptions, readBytes, readRaw } from './input.ts'
import { kindNamed, type NamedSchema } from './kinds.ts'
import { requireWord } from './layout.ts'
import { decodeRing } from './ring.ts'
import { note, paintInk, print } from './terminal.ts'

/** `vmbus decode`: bytes to fields. */
export const decodeCommand: Command = {
  name: 'decode',
  usage: 'decode KIND [HEX|-] [--json] [--version 6.0] [--features …] [--from host|guest] [--device NAME] [--lenient]',
  summary: 'Decodes bytes: a structure by name or alias, message, packet, ring, synic, hypercall, or auto.',
  words: 2,
  options: {
    json: { help: 'print JSON' },
    hex: { help: 'print the bytes beside their meaning' },
    lenient: { help: 'print what could be read of bad input; the exit status is 1 all the same' },
    each: { help: 'one record a line in, one JSON a line out' },
    device: { value: 'NAME', help: `what a packet's payload is: ${decoderNames()}` },
    ...contextOptions,
    ...inputOptions,
  },
  run(call) {
    const kind = requireWord(call.words[0], 'KIND')
    const context = contextOf(call)
    decoderOf(call)
    if (call.has('each')) return decodeEach(call, kind, context)
    const bytes = readBytes(call, call.words[1])
    if (kind === 'auto') return decodeAuto(call, bytes, context)
    if (kind === 'ring') return decodeRing(call, bytes)
    return decodeOne(call, kind, bytes, context)
  },
}

function decodeOne(call: Call, kind: string, bytes: Uint8Array, context: WireContext): ExitStatus {
  const schema = kindNamed(kind, bytes)
  const { ok, value, faults } = tryDecode(schema, bytes, context)
  const first = faults.find((fault) => fault.code !== 'RSVD')
  if (!ok && !call.has('lenient'))
    throw new WireError(first ?? { code: 'SHORT', path: '', offset: 0, why: 'nothing could be read' }, schema.name)
  if (call.has('json')) print(JSON.stringify(jsonOf(call, kind, schema, bytes, value, context), undefined, 2))
  else print(...treeOf(call, schema, bytes, value, context))
  for (const fault of faults) note(faultLine(schema, fault))
  for (const { path, names } of ok ? alternatives(schema, bytes, context) : []) {
    if (names.length > 1) note(`note: ${path === '' ? schema.name : path} could also be ${names.slice(1).join(' or ')}`)
  }
  return ok ? 0 : 1
}

function faultLine(schema: NamedSchema, { code, path, offset, why }: WireFault): string {
  return `${code === 'RSVD' ? 'note' : 'fault'}: ${schema.name}${path === '' ? '' : `.${path}`} at offset ${offset}: ${why} (${code})`
}

/** The JSON form; `decoded` beside it tells what a payload is, and is ignored by `vmbus encode`. */
function jsonOf(
  call: Call,
  kind: string,
  schema: NamedSchema,
  bytes: Uint8Array,
  value: object | undefined,
  context: WireContext,
): JsonValue {
  if (value === undefined) return null
  const json = toJSON(schema, value)
  const inner = innerOf(call, schema, bytes, value, context)
  const named: JsonValue = kind === 'hypercall' ? { type: schema.name, ...Object(json) } : json
  if (inner === undefined) return named
  const decoded: JsonValue = { type: inner.schema.name, ...Object(toJSON(inner.schema, inner.value)) }
  return { ...Object(named), decoded }
}

function treeOf(
  call: Call,
  schema: NamedSchema,
  bytes: Uint8Array,
  value: object | undefined,
  context: WireContext,
): string[] {
  const options = { context, hex: call.has('hex'), nameOf: deviceName, paint: paintInk }
  const lines = [...format(schema, bytes, options)]
  const inner = value === undefined ? undefined : innerOf(call, schema, bytes, value, context)
  if (inner !== undefined) lines.push('', ...format(inner.schema, inner.bytes, { ...options, context: inner.context }))
  return lines
}

interface Inner {
  readonly schema: Structure<object>
  readonly bytes: Uint8Array
  readonly value: object
  readonly context: WireContext
}

/** What is inside: a control message in a SynIC slot or in HvCallPostMessage, a device's message in a packet. */
function innerOf(
  call: Call,
  schema: NamedSchema,
  bytes: Uint8Array,
  value: object,
  context: WireContext,
): Inner | undefined {
  if (schema === Packet) return deviceMessage(call, bytes, context)
  if ('control' in value && 'input' in value) return controlMessage(Object(value.input), context)
  return controlMessage(value, context)
}

function controlMessage(value: object, context: WireContext): Inner | undefined {
  const payload = 'payload' in value && value.payload instanceof Uint8Array ? value.payload : undefined
  if (payload === undefined) return undefined
  const header: { messageType?: unknown; payloadSize?: unknown } = Object('header' in value ? value.header : value)
  const size = Number(header.payloadSize)
  if (header.messageType !== MessageType.Vmbus || !(size <= payload.byteLength)) return undefined
  return innerValue(ChannelMessage, payload.slice(0, size), context)
}

/** A packet's payload, of the device that the user says. Without a sender, what has fewer faults. */
function deviceMessage(call: Call, bytes: Uint8Array, context: WireContext): Inner | undefined {
  const decoder = decoderOf(call)
  const { ok, value: packet } = tryDecode(Packet, bytes, context)
  if (decoder === undefined || !ok) return undefined
  const { payload } = packet
  const found: (DevicePayload & { readonly context: WireContext })[] = []
  for (const from of context.from === undefined ? (['guest', 'host'] as const) : [context.from]) {
    const decoded = decoder.decodePacket({ packet, payload, from, version: undefined, request: undefined })
    if (decoded !== undefined) found.push({ ...decoded, context: { from } })
  }
  found.sort((a, b) => a.faults.length - b.faults.length)
  const [best] = found
  return best?.value === undefined
    ? undefined
    : { schema: best.schema, bytes: payload, value: best.value, context: best.context }
}

/** The decoder of `--device`. Throws {@link UsageError}. */
function decoderOf(call: Call): DeviceDecoder | undefined {
  const device = call.option('device')
  if (device === undefined) return undefined
  const decoder = deviceDecoders.find(({ name }) => name === device)
  if (decoder === undefined) throw new UsageError(`--device takes ${decoderNames()}, not ${device}`)
  return decoder
}

function decoderNames(): string {
  return deviceDecoders.map(({ name }) => name).join(', ')
}

function innerValue(schema: NamedSchema, bytes: Uint8Array, context: WireContext): Inner | undefined {
  const { value } = tryDecode(schema, bytes, context)
  return value === undefined ? undefined : { schema, bytes, value, context }
}

/** One record a line in, one JSON a line out; a bad record is an object with `error`. */
function decodeEach(call: Call, kind: string, context: WireContext): ExitStatus {
  let status: ExitStatus = 0
  const text = new TextDecoder().decode(readRaw(call, call.words[1]))
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue
    let json: JsonObject
    try {
      const bytes = bytesOf(new TextEncoder().encode(line), 'hex')
      const schema = kindNamed(kind, bytes)
      json = Object(jsonOf(call, kind, schema, bytes, schema.decode(bytes, context), context))
    } catch (error) {
      if (!isWireError(error) && !(error instanceof InputError)) throw error
      status = 1
      json = {
        error: error.message,
        ...(isWireError(error) && { code: error.code, path: error.path, offset: error.offset }),
      }
    }
    print(JSON.stringify(json))
  }
  return status
}

function decodeAuto(call: Call, bytes: Uint8Array, context: WireContext): ExitStatus {
  const found = candidatesFor(bytes, context)
  const [best] = found
  if (best === undefined) throw new InputError(`${bytes.byteLength} bytes: no structure fits`)
  if (call.has('json')) {
    const json = found.map(({ kind, name, reasons, schema, value }) => ({
      kind,
      name,
      reasons,
      value: toJSON(schema, value),
    }))
    print(JSON.stringify(json, undefined, 2))
    return 0
  }
  for (const [index, { name, kind, reasons }] of found.entries())
    print(`${index + 1}. ${name} (${kind}): ${reasons.join(', ')}`)
  print('', ...treeOf(call, best.schema, bytes, best.value, context))
  return 0
}
