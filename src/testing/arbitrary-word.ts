import * as fc from 'fast-check'
import type { BitField, BitsSchema } from '../wire/bits.ts'
import { guid } from '../wire/guid-text.ts'
import type { Node } from '../wire/node.ts'

/** Kinds of wire types that have no parts. */
export type Word = Exclude<Node, { kind: 'array' | 'list' | 'tail' | 'struct' | 'union' }>

/** Values of a wire type without parts, with an inclination to 0, the ends of the range, and the edges of bits. `undefined` stands for absent. */
export function wordArbitrary(node: Word): fc.Arbitrary<unknown> {
  switch (node.kind) {
    case 'int':
      return intArbitrary(node.min, node.max)
    case 'int64':
      return bigArbitrary(node.min, node.max)
    case 'enum':
      return named(Object.values(node.values), intArbitrary(node.base.min, node.base.max))
    case 'flags':
      // `>>> 0`: bit 31 is not a sign.
      return flagsArbitrary(node.masks, BigInt(node.base.max)).map((word) => Number(word))
    case 'flags64':
      return flagsArbitrary(node.masks, node.base.max)
    case 'bits':
      return bitsArbitrary(node)
    case 'guid':
      return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
        const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
        return guid(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
      })
    case 'bytes':
      return bytesArbitrary(node.size)
    case 'text':
      return textArbitrary(node.size / 2)
    case 'reserved':
      return fc.oneof(
        { weight: 9, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: wordArbitrary(node.inner).map((value) => (isZero(value) ? undefined : value)) },
      )
    case 'constant':
      return fc.constant(undefined)
  }
}

function isZero(value: unknown): boolean {
  return value instanceof Uint8Array ? value.every((byte) => byte === 0) : Number(value) === 0
}

function intArbitrary(min: number, max: number): fc.Arbitrary<number> {
  const edges = [min, max, 0, 1, -1]
  for (let bit = 1; bit < 32; bit++) edges.push(2 ** bit - 1, 2 ** bit)
  const inside = edges.filter((edge) => edge >= min && edge <= max)
  return fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min, max }) },
    { weight: 1, arbitrary: fc.constantFrom(...inside) },
  )
}

function bigArbitrary(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  const edges = [min, max, 0n, 1n, -1n]
  for (let bit = 1n; bit < 64n; bit++) edges.push((1n << bit) - 1n, 1n << bit)
  const inside = edges.filter((edge) => edge >= min && edge <= max)
  return fc.oneof(
    { weight: 2, arbitrary: fc.bigInt({ min, max }) },
    { weight: 1, arbitrary: fc.constantFrom(...inside) },
  )
}

/** Mostly the named values, sometimes any. */
function named<T>(values: readonly T[], any: fc.Arbitrary<T>): fc.Arbitrary<T> {
  if (values.length === 0) return any
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: any })
}

/** Some of the named flags, sometimes any bits. */
function flagsArbitrary(masks: Readonly<Record<string, number | bigint>>, max: bigint): fc.Arbitrary<bigint> {
  const bits = Object.values(masks).map((mask) => BigInt(mask))
  const some = fc.subarray(bits).map((set) => set.reduce((word, mask) => word | mask, 0n))
  return fc.oneof({ weight: 4, arbitrary: some }, { weight: 1, arbitrary: bigArbitrary(0n, max) })
}

function bitsArbitrary(node: BitsSchema): fc.Arbitrary<unknown> {
  const max = (1n << BigInt(8 * node.size)) - 1n
  const parts = Object.entries(node.fields).map(([name, field]) =>
    partArbitrary(field).map((bits) => ({ name, field, bits })),
  )
  const strangers = fc.oneof(
    { weight: 9, arbitrary: fc.constant(0n) },
    { weight: 1, arbitrary: bigArbitrary(0n, max).map((word) => word & ~node.known) },
  )
  return fc.tuple(strangers, ...parts).map(([unknown, ...parts]) => {
    const value: Record<string, unknown> = {}
    let word = unknown
    for (const { name, field, bits } of parts) {
      value[name] = field.as === 'boolean' ? bits === 1n : field.as === 'number' ? Number(bits) : bits
      word |= bits << BigInt(field.shift)
    }
    if (unknown !== 0n) value.value = node.size === 8 ? word : Number(word)
    return value
  })
}

function partArbitrary({ width, values }: BitField): fc.Arbitrary<bigint> {
  const any = bigArbitrary(0n, (1n << BigInt(width)) - 1n)
  return values === undefined ? any : named(Object.values(values.values).map(BigInt), any)
}

// What is longer repeats itself: random bytes by the page only cost time.
const longRun = 64

function bytesArbitrary(size: number): fc.Arbitrary<Uint8Array> {
  const run = Math.min(size, longRun)
  return fc.uint8Array({ minLength: run, maxLength: run }).map((pattern) => {
    return size <= longRun ? pattern : Uint8Array.from({ length: size }, (_, index) => pattern[index % longRun] ?? 0)
  })
}

/** UTF-16 units of all sorts, without NULs at the end. */
function textArbitrary(most: number): fc.Arbitrary<string> {
  const unit = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
  )
  return fc
    .array(unit, { maxLength: Math.min(most, longRun) })
    .map((units) => String.fromCharCode(...units).replace(/\0+$/, ''))
}
