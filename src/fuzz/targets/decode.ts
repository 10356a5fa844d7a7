import { allSchemas } from '../../schemas.ts'
import type { EventOf, TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { vmbusVersions } from '../../vmbus/versions.ts'
import { WireReader } from '../../wire/buffer.ts'
import { isWireError, type Structure, toHex, tryDecode, type WireContext, type WireError } from '../../wire/index.ts'
import { interpretDecode } from '../../wire/interpret.ts'
import { nodeOf } from '../../wire/node.ts'
import { property } from '../../wire/property.ts'
import type { Draw } from '../draw.ts'
import { generate } from '../generate.ts'
import { mutate } from '../mutate.ts'
import { same } from '../same.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

/**
 * Decodes valid, mutated and random bytes by each of the ways there are: compiled codec, interpreter, lenient decoding. All must
 * say the same, throw nothing but a `WireError`, look at no byte outside the input, and encode to the same bytes again.
 *
 * Its inputs: `fault` `decode` names schema and context, the `mem` after it has the bytes.
 */
export function decodeTarget(schemas: readonly Structure<object>[] = allSchemas): FuzzTarget {
  const byName = new Map(schemas.map((schema) => [schema.name, schema]))
  return {
    name: 'decode',
    generate(draw) {
      let schema = draw.pick(schemas)
      // Whole pages take a hundred times as long as a message.
      if (schema.size > 1024 && !draw.oneIn(16)) schema = draw.pick(schemas)
      const context = contextOf(draw)
      const detail = { schema: schema.name, ...context }
      return [{ event: { kind: 'fault', t: 0, fault: 'decode', detail } }, input(schema, context, draw)]
    },
    run(events) {
      let schema: Structure<object> | undefined
      let context: WireContext = {}
      for (const event of events) {
        if (event.kind === 'fault' && event.fault === 'decode') {
          schema = byName.get(String(event.detail?.schema))
          context = contextIn(event)
        } else if (event.kind === 'mem' && schema !== undefined) check(schema, fromHex(event.hex), context)
      }
    },
  }
}

function contextOf(draw: Draw): WireContext {
  if (draw.oneIn(2)) return {}
  return {
    ...(draw.oneIn(2) ? { version: draw.pick(vmbusVersions) } : {}),
    ...(draw.oneIn(2) ? { features: draw.below(256) } : {}),
    ...(draw.oneIn(2) ? { from: draw.pick(['host', 'guest'] as const) } : {}),
  }
}

function contextIn({ detail = {} }: EventOf<'fault'>): WireContext {
  const { version, features, from } = detail
  return {
    ...(typeof version === 'number' ? { version } : {}),
    ...(typeof features === 'number' ? { features } : {}),
    ...(from === 'host' || from === 'guest' ? { from } : {}),
  }
}

function input(schema: Structure<object>, context: WireContext, draw: Draw): Step {
  const memory = (bytes: Uint8Array): TranscriptEvent => ({ kind: 'mem', t: 0, gpa: '0x0', hex: toHex(bytes) })
  if (draw.oneIn(16)) return { event: memory(draw.bytes(draw.below(300))) }
  let bytes: Uint8Array
  try {
    bytes = generate(schema, draw, { context })
  } catch (error) {
    // No variant can occur in this context.
    if (!(error instanceof RangeError)) throw error
    bytes = draw.bytes(draw.below(64))
  }
  const mutations = Array.from({ length: draw.below(4) }, () => mutate(schema, bytes, draw, context))
  return { event: memory(bytes), mutations }
}

/** What a way of decoding said. */
type Verdict = { readonly value: unknown; readonly end: number } | { readonly error: WireError }

function check(schema: Structure<object>, bytes: Uint8Array, context: WireContext): void {
  const compiled = verdict((reader) => schema.decodeAt(reader, 0, context), bytes, 0x55)
  const elsewhere = verdict((reader) => schema.decodeAt(reader, 0, context), bytes, 0xaa)
  const interpreted = verdict((reader) => interpretDecode(nodeOf(schema), reader, 0, context), bytes, 0x55)
  expect(agree(compiled, elsewhere), 'outside-read', `${schema.name}: the bytes around the input make a difference`)
  expect(agree(compiled, interpreted), 'codecs-differ', `${schema.name}: compiled codec and interpreter`)
  const lenient = tryDecode(schema, bytes, context)
  const first = lenient.faults.find((fault) => fault.code !== 'RSVD')
  if ('error' in compiled) {
    const { code, path, offset } = compiled.error
    expect(!lenient.ok, 'lenient-differs', `${schema.name}: tryDecode sees nothing wrong`)
    const agrees = first !== undefined && first.code === code && first.path === path && first.offset === offset
    expect(agrees, 'lenient-differs', `${schema.name}: tryDecode has another first fault`)
    return
  }
  expect(lenient.ok && first === undefined, 'lenient-differs', `${schema.name}: only tryDecode finds a fault`)
  const whole = schema.decode(bytes, context)
  const extra: unknown = property(whole, 'extra')
  expect(same(lenient.value, whole), 'lenient-differs', `${schema.name}: tryDecode has another value`)
  const length = compiled.end + (extra instanceof Uint8Array ? extra.byteLength : 0)
  expect(
    length === bytes.byteLength,
    'bytes-lost',
    `${schema.name}: ${bytes.byteLength - length} bytes are in no value`,
  )
  expect(same(schema.encode(whole, context), bytes), 're-encoding', `${schema.name}: encodes to other bytes`)
}

/** Decodes in the middle of other bytes. */
function verdict(decode: (reader: WireReader) => unknown, bytes: Uint8Array, around: number): Verdict {
  const room = new Uint8Array(bytes.byteLength + 32).fill(around)
  room.set(bytes, 16)
  const reader = new WireReader(room.subarray(16, 16 + bytes.byteLength))
  try {
    const value = decode(reader)
    return { value, end: reader.byteOffset }
  } catch (error) {
    if (isWireError(error)) return { error }
    throw error
  }
}

function agree(a: Verdict, b: Verdict): boolean {
  if ('error' in a) {
    if (!('error' in b)) return false
    return a.error.code === b.error.code && a.error.path === b.error.path && a.error.offset === b.error.offset
  }
  return !('error' in b) && a.end === b.end && same(a.value, b.value)
}
