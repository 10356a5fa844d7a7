import type { BitsSchema } from '../bits.ts'

/** One bit field, ready for arithmetic in halves of 32 bits. */
export interface BitRun {
  /** The field's name. */
  readonly name: string
  /** How its value appears. */
  readonly as: 'boolean' | 'number' | 'bigint'
  /** First bit, counted from the word's lowest. */
  readonly shift: number
  /** Number of bits. */
  readonly width: number
  /** The field's low bits, as many as it has, up to 32; an int32. */
  readonly mask: number
}

/** A word of bit fields, made ready for walking. */
export interface BitTable {
  /** The named fields, in order. */
  readonly runs: readonly BitRun[]
  /** Bits that no field names, in the lower and in the upper half of the word; int32. */
  readonly unnamedLow: number
  /** The same of the upper half. */
  readonly unnamedHigh: number
}

/** What everything has that is no word of bit fields. */
export const noBits: BitTable = { runs: [], unnamedLow: 0, unnamedHigh: 0 }

/** Prepares a word of bit fields. */
export function bitTable(node: BitsSchema): BitTable {
  const unnamed = BigInt.asUintN(8 * node.size, ~node.known)
  return {
    runs: Object.entries(node.fields).map(([name, { as, shift, width }]) => {
      return { name, as, shift, width, mask: int32((1n << BigInt(width)) - 1n) }
    }),
    unnamedLow: int32(unnamed),
    unnamedHigh: int32(unnamed >> 32n),
  }
}

function int32(bits: bigint): number {
  return Number(BigInt.asIntN(32, bits))
}
