import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryOf } from '../src/testing/arbitrary.ts'
import type { Infer, WireContext } from '../src/wire/index.ts'
import { Chosen, Counts, Message, Mixed, Names, Packet, Runs, Words } from './kinds.ts'

// These look at what turns up among many samples, so they keep one seed.
const many = { seed: 1, numRuns: 400 }

const variants = (context: WireContext) =>
  new Set(fc.sample(arbitraryOf(Message, context), many).map(({ type }) => type))

describe('arbitraryOf', () => {
  it('goes to the ends of every range', () => {
    const values = fc.sample(arbitraryOf(Words), many)
    const seen = (name: keyof Infer<typeof Words>) => values.map((value) => value[name])
    expect(seen('a')).toEqual(expect.arrayContaining([0, 1, 255]))
    expect(seen('b')).toEqual(expect.arrayContaining([-128, 0, 127]))
    expect(seen('e')).toEqual(expect.arrayContaining([0, 0xffff_ffff]))
    expect(seen('g')).toEqual(expect.arrayContaining([0n, (1n << 64n) - 1n]))
    expect(seen('h')).toEqual(expect.arrayContaining([-(1n << 63n), (1n << 63n) - 1n]))
  })

  it('takes known names mostly, unknown values and bits sometimes', () => {
    const values = fc.sample(arbitraryOf(Names), many)
    const known = values.filter(({ colour }) => [1, 2, 0x8000].includes(colour)).length
    expect(known).toBeGreaterThan(200)
    expect(known).toBeLessThan(400)
    const strange = values.filter(({ marks }) => (marks & ~0x8000_0009) !== 0).length
    expect(strange).toBeGreaterThan(10)
    expect(strange).toBeLessThan(150)
    expect(values.some(({ word }) => word.value !== undefined)).toBe(true)
    expect(values.some(({ word }) => word.value === undefined)).toBe(true)
  })

  it('leaves reserved space and extra out mostly', () => {
    const values = fc.sample(arbitraryOf(Runs), many)
    for (const name of ['gap', 'word', 'wide', 'extra'] as const) {
      const present = values.filter((value) => value[name] !== undefined).length
      expect(present).toBeGreaterThan(5)
      expect(present).toBeLessThan(150)
    }
  })

  it('makes counts agree, in whatever unit they are', () => {
    for (const value of fc.sample(arbitraryOf(Counts), many)) {
      expect([value.pairCount, value.dataLength]).toEqual([value.pairs.length, value.data.byteLength])
    }
    const packets = fc.sample(arbitraryOf(Packet), many)
    for (const { offset8, length8, options, payload } of packets) {
      expect(8 * offset8).toBe(4 + (options?.byteLength ?? 0))
      expect(8 * length8).toBe(8 * offset8 + payload.byteLength)
    }
    expect(new Set(packets.map(({ payload }) => payload.byteLength)).size).toBeGreaterThan(2)
  })

  it('takes only variants that a decoder would pick under the context, and all of these', () => {
    expect(variants({})).toEqual(new Set(['Old', 'New', 'Newest', 'Other', 'Unknown']))
    expect(variants({ version: 1 })).toEqual(new Set(['Old', 'Other', 'Unknown']))
    expect(variants({ version: 2, from: 'host' })).toEqual(new Set(['Old', 'New', 'Unknown']))
    expect(variants({ version: 3, features: 0 })).toEqual(new Set(['Old', 'New', 'Other', 'Unknown']))
  })

  it('takes the variant that the fields before it call for', () => {
    const values = fc.sample(arbitraryOf(Chosen), many)
    for (const { number, body } of values) expect(body.type).toBe(number % 2 === 0 ? 'Even' : 'Odd')
    expect(new Set(values.map(({ body }) => body.type)).size).toBe(2)
  })

  it('puts no extra behind what takes all bytes', () => {
    for (const value of fc.sample(arbitraryOf(Mixed), many)) expect(value.extra).toBeUndefined()
  })
})
