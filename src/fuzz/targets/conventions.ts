import {
  allCalls,
  callCoded,
  conventions,
  type DecodedCall,
  decodeCall,
  type HypercallDefinition,
  HypercallRegisters,
  onArm64,
  placeCall,
} from '../../hypercall/index.ts'
import { BufferMemory } from '../../memory/index.ts'
import type { EventOf } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { toHex } from '../../wire/index.ts'
import { drawCall, wordOf, wordText } from '../call-block.ts'
import type { Draw } from '../draw.ts'
import { same } from '../same.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

const memorySize = 0x4000
const inputGpa = 0x1000
const outputGpa = 0x2000

/**
 * Decoding a call out of registers and pages, in every convention, and placing what was decoded: what a hypervisor would take must come
 * out in the same registers, with the same block, and say the same again. Decoding must never throw.
 *
 * Its inputs: `mem` is the block of the next call; `fault` `call` has convention and input value, and decodes it.
 */
export function conventionsTarget(): FuzzTarget {
  return {
    name: 'conventions',
    generate: (draw) => Array.from({ length: draw.between(1, 4) }, () => stepsFor(draw)).flat(),
    run(events) {
      let block: Uint8Array = new Uint8Array(0)
      for (const event of events) {
        if (event.kind === 'mem') block = fromHex(event.hex)
        else if (event.kind === 'fault' && event.fault === 'call') check(event, block)
      }
    },
  }
}

function stepsFor(draw: Draw): Step[] {
  const convention = draw.pick(conventions)
  const called = draw.pick(allCalls)
  const drawn = drawCall(convention.architecture === 'arm64' ? onArm64(called) : called, draw)
  let { control } = drawn
  if (draw.oneIn(2)) control |= 0x1_0000n
  if (draw.oneIn(10)) control ^= 1n << BigInt(draw.below(64))
  const detail = { convention: convention.name, control: wordText(control) }
  return [
    { event: { kind: 'mem', t: 0, gpa: '0x0', hex: toHex(drawn.block) }, mutations: drawn.mutations },
    { event: { kind: 'fault', t: 0, fault: 'call', detail } },
  ]
}

function check({ detail = {} }: EventOf<'fault'>, block: Uint8Array): void {
  const convention = conventions.find(({ name }) => name === detail.convention) ?? conventions[0]
  expect(convention !== undefined, 'no-convention', 'there are some')
  const registers = new HypercallRegisters(convention)
  const memory = new BufferMemory(new ArrayBuffer(memorySize))
  registers.control = wordOf(detail.control)
  const isFast = (registers.control & 0x1_0000n) !== 0n
  if (isFast) registers.bytes.set(block.subarray(0, convention.fastSize), registers.parametersAt)
  else {
    memory.write(inputGpa, block, 0, Math.min(block.byteLength, memorySize - inputGpa))
    registers.view.setBigUint64(registers.parametersAt, BigInt(inputGpa), true)
    registers.view.setBigUint64(registers.parametersAt + 8, BigInt(outputGpa), true)
  }
  const decoded = decodeCall(registers, memory, callCoded)
  const { definition: called } = decoded
  if (called === undefined || decoded.refusal !== undefined || decoded.fault !== undefined) return
  const definition = convention.architecture === 'arm64' ? onArm64(called) : called
  if (!isWhole(definition, decoded)) return

  const again = new HypercallRegisters(convention)
  const copy = new BufferMemory(new ArrayBuffer(memorySize))
  const { input, elements, control } = decoded
  const { repCount, repStartIndex: repStart } = control
  const request = definition.element === undefined ? { input, repCount, repStart } : { input, elements, repStart }
  const pages = isFast ? undefined : { memory: copy, inputGpa, outputGpa }
  placeCall<HypercallDefinition>(again, definition, request, pages)
  expect(again.control === registers.control, 'control', `${called.name}: ${again.control}, not ${registers.control}`)
  const seen = decodeCall(again, copy, callCoded)
  expect(seen.refusal === undefined && seen.fault === undefined, 'refused', `${called.name}, placed as it was decoded`)
  const isSame = same(seen.input, input) && same(seen.elements, elements)
  expect(isSame, 'decoded-again', `${called.name} by ${convention.name} says something else`)
  for (const [from, to] of parts(definition, decoded)) {
    const isKept = same(seen.block.subarray(from, to), decoded.block.subarray(from, to))
    expect(isKept, 'block', `${called.name} by ${convention.name}: bytes ${from} … ${to - 1}`)
  }
}

/** Whether what was decoded is all of the block: no layout that is unknown in part, no banks that count for nothing. */
function isWhole(definition: HypercallDefinition, { input, block, control }: DecodedCall): boolean {
  if (definition.layout !== undefined || definition.kind === 'unknown' || definition.kind === 'reserved') return false
  const { input: schema } = definition
  if (schema === undefined || input === undefined) return true
  const isVariable = definition.kind === 'variable' || definition.kind === 'variable-rep'
  const length = schema.encode(input).byteLength
  const size = schema.size + (isVariable ? 8 * control.variableHeaderSize : 0)
  return length <= block.byteLength && Math.ceil(length / 8) * 8 === Math.ceil(size / 8) * 8
}

/** Header and list, without what fills the header up to 8 bytes. */
function parts(
  { input: schema, element }: HypercallDefinition,
  { input, block, elements }: DecodedCall,
): [number, number][] {
  const header = schema === undefined || input === undefined ? 0 : schema.encode(input).byteLength
  const list = block.byteLength - elements.length * (element?.size ?? 0)
  return [
    [0, header],
    [list, block.byteLength],
  ]
}
