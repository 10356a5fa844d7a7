import { isWireError, WireReader } from '../../wire/index.ts'
import { areZero, isOverfull } from '../conventions/call-shape.ts'
import { checkHeader } from '../conventions/header-check.ts'
import { type HypercallMemory, isMemoryFault } from '../conventions/memory.ts'
import type { Answers, Refusal, Refusals } from '../conventions/refusals.ts'
import type { HypercallRegisters } from '../conventions/registers.ts'
import type { CallEntry } from './entry.ts'
import type { Intercepted } from './outcome.ts'
import type { Workspace } from './workspace.ts'

/** Below this, copying byte by byte is faster than `set` on a view. */
const fewBytes = 32

/** Copies the input block out of registers or memory, once, and makes sure that the output can be written. */
export function takeInput(
  { blocks, input }: Workspace,
  registers: HypercallRegisters,
  memory: HypercallMemory,
  refusals: Refusals,
  answers: Answers,
): Refusal | Intercepted | undefined {
  const { inputAt, inputSize, outputAt, outputSize } = blocks
  if (blocks.isFast) {
    const { bytes } = registers
    if (inputSize > fewBytes) input.bytes.set(bytes.subarray(inputAt, inputAt + inputSize))
    // Sound: `inputAt + inputSize` lies within the registers.
    else for (let index = 0; index < inputSize; index++) input.bytes[index] = bytes[inputAt + index] ?? 0
    return undefined
  }
  if (inputSize !== 0 && !tryRead(memory, inputAt, input.bytes, inputSize)) {
    return unreachable('read', inputAt, inputSize, refusals, answers)
  }
  if (outputSize !== 0 && memory.canWrite !== undefined && !memory.canWrite(outputAt, outputSize)) {
    return unreachable('write', outputAt, outputSize, refusals, answers)
  }
  return undefined
}

function tryRead(memory: HypercallMemory, gpa: number, target: Uint8Array, length: number): boolean {
  try {
    memory.read(gpa, target, 0, length)
    return true
  } catch (error) {
    if (isMemoryFault(error)) return false
    throw error
  }
}

/** What becomes of a call whose block is in memory that cannot be reached. */
export function unreachable(
  access: Intercepted['access'],
  gpa: number,
  length: number,
  refusals: Refusals,
  answers: Answers,
): Refusal | Intercepted {
  return answers.unreachableMemory === 'refuse' ? refusals.unreachable : { kind: 'intercepted', access, gpa, length }
}

/** Decodes the header into the workspace, and checks its counts and reserved fields. */
export function decodeHeader<C>(
  { definition, shape }: CallEntry<C>,
  work: Workspace,
  refusals: Refusals,
  answers: Answers,
): Refusal | undefined {
  work.header = undefined
  if (definition.input === undefined) return undefined
  const { blocks, input } = work
  const checksReserved = answers.reservedFields === 'refuse'
  if (checksReserved && !areZero(shape.reserved, input.view, 0)) return refusals.reservedFields
  if (isOverfull(shape, input.view)) return refusals.chunkSize
  try {
    if (!definition.input.variable) {
      work.header = definition.input.decodeAt(input, 0)
      return undefined
    }
    // Of its own, so that no count reaches beyond the header.
    const reader = new WireReader(input.bytes.subarray(0, blocks.headerSize))
    const header: object = definition.input.decodeAt(reader, 0)
    work.header = header
    return checkHeader(shape, header, reader.byteOffset, blocks.headerSize, refusals, answers)
  } catch (error) {
    if (isWireError(error)) return refusals.malformed
    throw error
  }
}
