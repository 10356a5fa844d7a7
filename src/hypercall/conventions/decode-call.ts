import { type Infer, isWireError, type WireFault, WireReader } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'
import { HypercallInputValue } from '../input-value.ts'
import { CallBlocks } from './call-blocks.ts'
import { CallShape, isOverfull } from './call-shape.ts'
import { onArm64 } from './convention.ts'
import { checkHeader } from './header-check.ts'
import { type HypercallMemory, isMemoryFault } from './memory.ts'
import { type Refusal, refusalsUnder, specificationAnswers, type UndefinedInstruction } from './refusals.ts'
import type { HypercallRegisters } from './registers.ts'

/** A hypercall as it stands in registers and memory. */
export interface DecodedCall {
  /** The input value; bits that are reserved are kept in it. */
  readonly control: Infer<typeof HypercallInputValue>['control']
  /** `undefined`: no call has this code. */
  readonly definition: HypercallDefinition | undefined
  /** Why a hypervisor would refuse it before looking at its block. What can be decoded all the same is decoded. */
  readonly refusal: Refusal | UndefinedInstruction | undefined
  /** What is wrong with the block. */
  readonly fault: WireFault | undefined
  /** Where the block came from; of a fast call, nowhere. */
  readonly inputGpa: number | undefined
  /** Where the output would go; of a fast call, or one without output, nowhere. */
  readonly outputGpa: number | undefined
  /** The input block. Of a call whose layout nobody knows, all that could be: the parameter registers, or the rest of the page. */
  readonly block: Uint8Array
  /** The header's value, where it could be decoded. */
  readonly input: object | undefined
  /** All elements, those before the start index too. */
  readonly elements: readonly object[]
}

const answers = specificationAnswers
const refusals = /* @__PURE__ */ refusalsUnder(answers)
const features = { xmmInput: true, xmmOutput: true }
const pageSize = 4096
const noBytes = /* @__PURE__ */ new Uint8Array(0)

/**
 * Decodes a call from its registers, for whoever looks on: nothing is carried out, and nothing throws, whatever the registers hold.
 *
 * @param memory the caller's; without it the blocks of calls by memory stay undecoded.
 * @param definitionOf finds a call by its code: `callCoded`, or a table with fewer.
 */
export function decodeCall(
  registers: HypercallRegisters,
  memory: HypercallMemory | undefined,
  definitionOf: (code: number) => HypercallDefinition | undefined,
): DecodedCall {
  const blocks = new CallBlocks()
  blocks.readControl(registers)
  const { control } = HypercallInputValue.decodeAt(registers.reader, registers.convention.control)
  const definition = definitionOf(blocks.callCode)
  const nothing = { control, definition, fault: undefined, inputGpa: undefined, outputGpa: undefined }
  const empty = { block: noBytes, input: undefined, elements: [] }
  if (definition === undefined) return { ...nothing, ...empty, refusal: refusals.unknownCode }

  const layout = registers.convention.architecture === 'arm64' ? onArm64(definition) : definition
  const shape = new CallShape(layout)
  const refusal = blocks.locate(shape, registers, refusals, answers, features)
  const gpas = blocks.isFast ? {} : gpasOf(registers, blocks)
  const found = { ...nothing, ...gpas, refusal }
  if (refusal !== undefined && refusal.rule !== 'reserved-bits' && refusal.rule !== 'nested') {
    return { ...found, ...empty }
  }
  if (refusal !== undefined) {
    const again = blocks.locate(shape, registers, refusals, { ...answers, reservedControlBits: 'ignore' }, features)
    if (again !== undefined) return { ...found, ...empty }
  }
  const block = blockOf(layout, blocks, registers, memory)
  if (block === undefined) return { ...found, ...empty, refusal: refusals.unreachable }
  return { ...found, ...contents(layout, shape, blocks, block) }
}

function gpasOf({ view, convention }: HypercallRegisters, { inputSize, outputSize }: CallBlocks) {
  const at = (place: number) => Number(view.getBigUint64(place, true))
  return {
    inputGpa: inputSize === 0 ? undefined : at(convention.parameters),
    outputGpa: outputSize === 0 ? undefined : at(convention.parameters + 8),
  }
}

function blockOf(
  definition: HypercallDefinition,
  blocks: CallBlocks,
  registers: HypercallRegisters,
  memory: HypercallMemory | undefined,
): Uint8Array | undefined {
  const { convention, bytes } = registers
  const anything = definition.layout === 'unknown'
  if (blocks.isFast) {
    const length = anything ? convention.fastSize : blocks.inputSize
    return bytes.slice(convention.parameters, convention.parameters + length)
  }
  const gpa = Number(registers.view.getBigUint64(convention.parameters, true))
  const length = anything ? pageSize - (gpa % pageSize) : blocks.inputSize
  if (length === 0) return noBytes
  if (memory === undefined || gpa > Number.MAX_SAFE_INTEGER) return undefined
  const block = new Uint8Array(length)
  try {
    memory.read(gpa, block, 0, length)
  } catch (error) {
    if (isMemoryFault(error)) return undefined
    throw error
  }
  return block
}

function contents(definition: HypercallDefinition, shape: CallShape, blocks: CallBlocks, block: Uint8Array) {
  const elements: object[] = []
  let input: object | undefined
  try {
    if (definition.input !== undefined) {
      const reader = new WireReader(block.subarray(0, blocks.headerSize))
      const value: object = definition.input.decodeAt(reader, 0)
      input = value
      const wrong = checkHeader(shape, value, reader.byteOffset, blocks.headerSize, refusals, answers)
      if (wrong !== undefined) {
        const fault: WireFault = { code: 'LENGTH', path: shape.vpSet ?? '', offset: reader.byteOffset, why: wrong.why }
        return { block, input, elements, fault }
      }
      if (isOverfull(shape, reader.view)) {
        const path = definition.chunk?.count ?? ''
        const { countAt: offset = 0 } = shape.chunk ?? {}
        const fault: WireFault = { code: 'LENGTH', path, offset, why: refusals.chunkSize.why }
        return { block, input, elements, fault }
      }
    }
    if (definition.element !== undefined) {
      const reader = new WireReader(block)
      for (let index = 0; index < blocks.repCount; index++) {
        elements.push(definition.element.decodeAt(reader, blocks.listAt + index * shape.elementSize))
      }
    }
    return { block, input, elements, fault: undefined }
  } catch (error) {
    if (isWireError(error)) return { block, input, elements, fault: error }
    throw error
  }
}
