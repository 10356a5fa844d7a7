import { isPlainObject, property, show } from '../property.ts'
import type { BitRun } from './bit-table.ts'
import type { Step } from './steps.ts'
import type { Walk } from './walk.ts'

// Words of bit fields, by halves of 32 bits: arithmetic on bigints takes many times as long, and is left to fields that are bigints.

/** Decodes a word of bit fields. The whole word becomes `value` when bits without a name are set. */
export function decodeBits(walk: Walk, step: Step, at: number): unknown {
  const { view } = walk
  const { size, bits, little } = step
  const low = size === 1 ? view.getUint8(at) : size === 2 ? view.getUint16(at, little) : view.getUint32(at, little)
  const high = size === 8 ? view.getUint32(at + 4, true) : 0
  const value: Record<string, unknown> = {}
  for (const run of bits.runs) {
    if (run.as === 'bigint') value[run.name] = BigInt.asUintN(run.width, wholeWord(low, high) >> BigInt(run.shift))
    else value[run.name] = run.as === 'boolean' ? part(run, low, high) === 1 : part(run, low, high)
  }
  if ((low & bits.unnamedLow) !== 0 || (high & bits.unnamedHigh) !== 0) {
    value.value = size === 8 ? wholeWord(low, high) : low
    if (walk.sink !== undefined) walk.fault(step.name, 'RSVD', at, 'bits without a name are set')
  }
  return value
}

function part({ shift, width, mask }: BitRun, low: number, high: number): number {
  if (shift >= 32) return ((high >>> (shift - 32)) & mask) >>> 0
  if (shift + width <= 32) return ((low >>> shift) & mask) >>> 0
  return (((low >>> shift) | (high << (32 - shift))) & mask) >>> 0
}

function wholeWord(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

/** Checks and encodes a word of bit fields. Named fields win; `value` only supplies the bits without a name. */
export function encodeBits(walk: Walk, step: Step, at: number, value: unknown): void {
  const { view } = walk
  const { size, bits, little } = step
  const plain = isPlainObject(value)
  const fields: Readonly<Record<string, unknown>> = Object(value ?? {})
  const whole = plain ? fields.value : property(value, 'value')
  let low = 0
  let high = 0
  if (whole !== undefined) {
    const word = checkWhole(walk, step, at, whole)
    low = Number(BigInt.asIntN(32, word)) & bits.unnamedLow
    high = Number(word >> 32n) & bits.unnamedHigh
  }
  for (const run of bits.runs) {
    const { shift, width } = run
    const given = plain ? fields[run.name] : property(value, run.name)
    if (run.as === 'bigint') {
      const placed = checkBig(walk, step, run, at, given) << BigInt(shift)
      low |= Number(BigInt.asIntN(32, placed))
      high |= Number(BigInt.asIntN(32, placed >> 32n))
      continue
    }
    const number = checkSmall(walk, step, run, at, given)
    if (shift >= 32) high |= number << (shift - 32)
    else low |= number << shift
    if (shift < 32 && shift + width > 32) high |= number >>> (32 - shift)
  }
  if (size === 1) view.setUint8(at, low)
  else if (size === 2) view.setUint16(at, low, little)
  else view.setUint32(at, low, little)
  if (size === 8) view.setUint32(at + 4, high, true)
}

function checkSmall(walk: Walk, step: Step, run: BitRun, at: number, value: unknown): number {
  if (run.as === 'boolean' && typeof value === 'boolean') return value ? 1 : 0
  if (run.as === 'number' && typeof value === 'number' && (value & run.mask) >>> 0 === value) return value
  return refuse(walk, step, run, at, value)
}

function checkBig(walk: Walk, step: Step, run: BitRun, at: number, value: unknown): bigint {
  if (typeof value === 'bigint' && BigInt.asUintN(run.width, value) === value) return value
  return refuse(walk, step, run, at, value)
}

function refuse(walk: Walk, step: Step, { name, as, width }: BitRun, at: number, value: unknown): never {
  const limit = (1n << BigInt(width)) - 1n
  walk.enter(step.name)
  const wanted =
    as === 'boolean' ? 'true or false' : `${as === 'number' ? 'an integer' : 'a bigint'} from 0 to ${limit}`
  walk.refuse(name, 'RANGE', at, `${wanted} expected, not ${show(value)}`)
}

/** The whole word, where a value carries it. */
function checkWhole(walk: Walk, step: Step, at: number, whole: unknown): bigint {
  const word = typeof whole === 'number' && Number.isSafeInteger(whole) ? BigInt(whole) : whole
  if (typeof word === 'bigint' && BigInt.asUintN(8 * step.size, word) === word) return word
  const max = (1n << BigInt(8 * step.size)) - 1n
  walk.enter(step.name)
  walk.refuse(
    'value',
    'RANGE',
    at,
    `${step.size === 8 ? 'a bigint' : 'an integer'} from 0 to ${max} expected, not ${show(whole)}`,
  )
}
