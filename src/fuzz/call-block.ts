import type { HypercallDefinition } from '../hypercall/index.ts'
import type { Structure } from '../wire/index.ts'
import type { Draw } from './draw.ts'
import { type GenerateOptions, generate } from './generate.ts'
import { type Mutation, mutate } from './mutate.ts'

/** A hypercall to be made: its input value, but for the fast bit, and its input block. */
export interface DrawnCall {
  readonly control: bigint
  readonly block: Uint8Array
  /** What is to be done to the block. */
  readonly mutations: readonly Mutation[]
}

const noBytes = new Uint8Array(0)

/** Draws the input of a call: header and elements, mostly valid, and an input value that agrees with them. */
export function drawCall(
  { input, element, code, kind }: HypercallDefinition,
  draw: Draw,
  options: GenerateOptions = {},
): DrawnCall {
  const header = input === undefined ? noBytes : generate(input, draw, options)
  const reps = kind === 'rep' || kind === 'variable-rep' ? draw.between(1, 6) : 0
  const list = element === undefined ? [] : Array.from({ length: reps }, () => generate(element, draw, options))
  const listAt = Math.ceil(header.byteLength / 8) * 8
  const block = new Uint8Array(listAt + reps * (element?.size ?? 0))
  block.set(header)
  for (const [index, bytes] of list.entries()) block.set(bytes, listAt + index * bytes.byteLength)
  const qwords = Math.ceil((header.byteLength - (input?.size ?? 0)) / 8)
  const mutated: Structure<object> | undefined = input ?? element
  const mutations =
    mutated === undefined ? [] : Array.from({ length: draw.below(3) }, () => mutate(mutated, block, draw))

  let control = BigInt(code) | (BigInt(qwords & 0x3ff) << 17n) | (BigInt(reps) << 32n)
  if (reps > 0 && draw.oneIn(4)) control |= BigInt(draw.below(reps)) << 48n
  return { control, block, mutations }
}

/** A 64-bit word out of an event's detail: hexadecimal text; 0 for anything else. */
export function wordOf(text: unknown): bigint {
  return typeof text === 'string' && /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : 0n
}

/** A 64-bit word for an event's detail. */
export function wordText(word: bigint): string {
  return `0x${word.toString(16)}`
}
