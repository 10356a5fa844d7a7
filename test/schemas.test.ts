import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as hypercall from '../src/hypercall/index.ts'
import { allSchemas } from '../src/schemas.ts'
import { arbitraryOf } from '../src/testing/arbitrary.ts'
import {
  alternatives,
  annotate,
  type Extra,
  format,
  fromJSON,
  isWireError,
  layoutOf,
  type Structure,
  toHex,
  toJSON,
  tryDecode,
  type WireContext,
  WireReader,
  WireWriter,
} from '../src/wire/index.ts'
import { interpretDecode, interpretEncode, measureValue } from '../src/wire/interpret.ts'
import { nodeOf } from '../src/wire/node.ts'
import { kinds } from './kinds.ts'
import { spoiled } from './mutated.ts'
import { seeded } from './seed.ts'

const schemas: readonly Structure<unknown>[] = [...kinds, ...allSchemas]

const ofHypercalls = new Set<unknown>([
  ...Object.values(hypercall),
  ...hypercall.allCalls.flatMap(hypercall.schemasOfCall),
])

const contexts: readonly WireContext[] = [
  {},
  { from: 'host' },
  { from: 'guest' },
  { version: 1 },
  { version: 3, features: 0 },
  { version: 0x5_0003, features: 0xffff_ffff },
  { version: 0x6_0000, features: 0xffff_ffff },
  { version: 0x6_0000, features: 0, from: 'guest' },
]

interface Sample {
  readonly value: Extra
  readonly context: WireContext
}

/** Values under all contexts in which the structure can occur. */
function samplesOf(schema: Structure<unknown>): fc.Arbitrary<Sample> {
  const possible = contexts.flatMap((context) => {
    try {
      return [arbitraryOf(schema, context).map((value) => ({ value, context }))]
    } catch (error) {
      if (error instanceof RangeError && error.message.includes('no variant can occur')) return []
      throw error
    }
  })
  return fc.oneof(...possible)
}

/** Valid bytes, spoiled bytes and noise. */
function inputsOf(schema: Structure<unknown>): fc.Arbitrary<{ bytes: Uint8Array; context: WireContext }> {
  const valid = samplesOf(schema).map(({ value, context }) => ({ bytes: schema.encode(value, context), context }))
  const noise = fc.uint8Array({ maxLength: schema.size + 64 })
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(valid, spoiled).map(([{ bytes, context }, spoil]) => ({ bytes: spoil(bytes), context })),
    },
    { weight: 1, arbitrary: valid },
    { weight: 1, arbitrary: fc.record({ bytes: noise, context: fc.constantFrom(...contexts) }) },
  )
}

/** What a call comes to: its result, or which WireError. Any other error is a failure of the test. */
function outcome<T>(call: () => T) {
  try {
    return { result: call() }
  } catch (error) {
    if (!isWireError(error)) throw error
    return { error: { code: error.code, path: error.path, offset: error.offset } }
  }
}

/** Elements and bytes that a decoded value holds in all. */
function weightOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce((sum: number, part) => sum + weightOf(part), 1)
}

/** A copy of a value with one of its parts, at whatever depth, put out of order. */
function spoilOne(value: unknown, which: number, junk: unknown): unknown {
  const names = typeof value === 'object' && value !== null ? Object.keys(value).filter((name) => name !== 'extra') : []
  const name = names[which % (names.length + 1)]
  if (name === undefined || value instanceof Uint8Array) return junk
  const part: unknown = Reflect.get(Object(value), name)
  const spoilt = { [name]: spoilOne(part, Math.floor(which / (names.length + 1)), junk) }
  return Array.isArray(value) ? Object.assign([...value], spoilt) : { ...Object(value), ...spoilt }
}

describe.each(schemas.map((schema) => ({ name: schema.name, schema })))('$name', ({ schema }) => {
  const node = nodeOf(schema)
  const samples = samplesOf(schema)
  const inputs = inputsOf(schema)
  // Whole pages say the same again and again, and the many structures of hypercalls are made of few kinds.
  const rarer = schema.size > 1024 || ofHypercalls.has(schema) ? 10 : 1
  const often = { ...seeded, numRuns: Math.ceil(seeded.numRuns / rarer) }

  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(samples, ({ value, context }) => {
        const bytes = schema.encode(value, context)
        const buffer = new WireReader(bytes)
        expect(schema.decode(buffer, context)).toStrictEqual(value)
        expect(buffer.byteOffset + (value.extra?.byteLength ?? 0)).toBe(bytes.byteLength)
      }),
      often,
    )
  })

  it('encodes the same with all codecs, and nothing beside its place', () => {
    fc.assert(
      fc.property(samples, ({ value, context }) => {
        const length = measureValue(node, value, context)
        const encodings = [
          (into: WireWriter) => schema.encodeAt(into, 3, value, context),
          (into: WireWriter) => schema.encodeTrustedAt(into, 3, value, context),
          (into: WireWriter) => interpretEncode(node, into, 3, value, context),
        ].map((encode) => {
          const bytes = new Uint8Array(length + 5).fill(0xa5)
          expect(encode(new WireWriter(bytes))).toBe(3 + length)
          return bytes
        })
        const expected = new Uint8Array(length + 5).fill(0xa5)
        expected.set(schema.encode(value, context).subarray(0, length), 3)
        for (const bytes of encodings) expect(toHex(bytes)).toBe(toHex(expected))
      }),
      often,
    )
  })

  it('encodes or refuses values of any kind: the same with all codecs, with a WireError only', () => {
    const junk = fc.oneof(
      fc.anything(),
      fc.constantFrom<unknown>(undefined, null, -1, 0.5, 2 ** 32, 1n << 64n, new Uint8Array(3)),
    )
    fc.assert(
      fc.property(samples, fc.nat(), junk, ({ value, context }, which, junk) => {
        // Sound for the purpose: what is under test is that a value of a wrong type is refused.
        const spoilt = spoilOne(value, which, junk) as Extra
        const bytes = () => new WireWriter(new Uint8Array(measureValue(node, spoilt, context)))
        const expected = outcome(() => interpretEncode(node, bytes(), 0, spoilt, context))
        expect(outcome(() => schema.encodeAt(bytes(), 0, spoilt, context))).toStrictEqual(expected)
        outcome(() => schema.encode(spoilt, context))
        outcome(() => fromJSON(schema, spoilt))
      }),
      often,
    )
  })

  it('decodes any bytes, or says what is wrong: the same with all codecs, in bounded memory', () => {
    fc.assert(
      fc.property(inputs, fc.nat({ max: 3 }), ({ bytes, context }, at) => {
        const padded = new Uint8Array(bytes.byteLength + at)
        padded.set(bytes, at)
        const interpreted = new WireReader(padded)
        const compiled = new WireReader(padded)
        const expected = outcome(() => interpretDecode(node, interpreted, at, context))
        expect(outcome(() => schema.decodeAt(compiled, at, context))).toStrictEqual(expected)
        if (expected.error !== undefined) return
        expect(compiled.byteOffset).toBe(interpreted.byteOffset)
        expect(compiled.byteOffset).toBeLessThanOrEqual(padded.byteLength)
        expect(weightOf(expected.result)).toBeLessThanOrEqual(8 * padded.byteLength + 8 * weightOf(layoutOf(schema)))
      }),
      often,
    )
  })

  it('encodes what it decoded to the same bytes', () => {
    fc.assert(
      fc.property(inputs, ({ bytes, context }) => {
        const { result } = outcome(() => schema.decode(bytes, context))
        if (result !== undefined) expect(toHex(schema.encode(result, context))).toBe(toHex(bytes))
      }),
      often,
    )
  })

  it('says the same in JSON', () => {
    fc.assert(
      fc.property(inputs, ({ bytes, context }) => {
        const { result } = outcome(() => schema.decode(bytes, context))
        if (result === undefined) return
        const value = fromJSON(schema, JSON.parse(JSON.stringify(toJSON(schema, result))))
        expect(value).toStrictEqual(result)
        expect(toHex(schema.encode(value, context))).toBe(toHex(bytes))
      }),
      often,
    )
  })

  it('reads what can be read of any bytes, finds fault exactly where decode does, and prints it', () => {
    fc.assert(
      fc.property(inputs, ({ bytes, context }) => {
        const lenient = tryDecode(schema, bytes, context)
        const { result, error } = outcome(() => schema.decode(bytes, context))
        expect(lenient.ok).toBe(error === undefined)
        expect(lenient.faults.length).toBeLessThanOrEqual(100)
        expect(lenient.end).toBeLessThanOrEqual(bytes.byteLength)
        const first = lenient.faults.find(({ code }) => code !== 'RSVD')
        if (lenient.ok) expect(lenient.value).toStrictEqual(result)
        else expect(first).toMatchObject(error ?? {})
        for (const { names } of alternatives(schema, bytes, context)) expect(new Set(names).size).toBe(names.length)
        JSON.stringify(toJSON(schema, lenient.value))
        const lines = format(schema, bytes, { context, hex: true })
        expect(lines.filter((line) => line.includes('!')).length).toBeGreaterThanOrEqual(
          Math.min(1, lenient.faults.length),
        )
      }),
      often,
    )
  })

  it('has a place for every byte', () => {
    fc.assert(
      fc.property(samples, ({ value, context }) => {
        const bytes = schema.encode(value, context)
        const rows = annotate(schema, schema.decode(bytes, context), bytes.byteLength)
        const leaves = rows.filter((row, index) => (rows[index + 1]?.depth ?? 0) <= row.depth && row.size > 0)
        let end = 0
        for (const { offset, size } of leaves) {
          expect(offset).toBe(end)
          end = offset + size
        }
        expect(end).toBe(bytes.byteLength)
      }),
      often,
    )
  })

  it('has its fixed part in the layout table', () => {
    const { fields, size } = layoutOf(schema)
    expect(size).toBe(schema.size)
    expect(new Set(fields.map((field) => field.name)).size).toBe(fields.length)
    for (const { bitOffset = 0, bitWidth = 1, size } of fields) {
      if (size > 0) expect(bitOffset + bitWidth).toBeLessThanOrEqual(8 * size)
    }
  })
})
