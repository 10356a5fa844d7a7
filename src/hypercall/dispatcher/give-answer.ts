import { isWireError } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'
import { type HypercallMemory, isMemoryFault } from '../conventions/memory.ts'
import type { Answers, Refusal, Refusals } from '../conventions/refusals.ts'
import type { HypercallRegisters } from '../conventions/registers.ts'
import { HvStatus } from '../status.ts'
import type { CallEntry } from './entry.ts'
import type { HandlerAnswer } from './handler.ts'
import { completed, continued, type HandlerFault, type Intercepted, type Outcome } from './outcome.ts'
import { unreachable } from './take-input.ts'
import type { Workspace } from './workspace.ts'

const pageSize = 4096

/** The status of an answer; -1 for what is none. */
export function statusOf(answer: HandlerAnswer<HypercallDefinition>): number {
  const status = typeof answer === 'number' ? answer : answer.status
  return (status & 0xffff) === status ? status : -1
}

/** Writes the result value. */
export function writeResult({ view, resultAt }: HypercallRegisters, status: number, repsCompleted: number): void {
  view.setUint32(resultAt, status, true)
  view.setUint32(resultAt + 4, repsCompleted, true)
}

/** Tells the caller that its call is refused. */
export function refuse<R extends Outcome>(registers: HypercallRegisters, outcome: R): R {
  if (outcome.kind === 'refused') writeResult(registers, outcome.status, 0)
  return outcome
}

/** A handler broke its contract. */
export function faulty<C>({ definition }: CallEntry<C>, why: string): HandlerFault {
  return { kind: 'fault', call: definition.name, why }
}

/** Encodes the output of one element, or of a simple call, into the workspace at `at`. Answers where it ends, or what is wrong with it. */
export function encodeOutput<C>(
  { definition }: CallEntry<C>,
  { output: writer }: Workspace,
  at: number,
  answer: HandlerAnswer<HypercallDefinition>,
): number | string {
  const schema = definition.output ?? definition.outputElement
  if (schema === undefined) return at
  const output = typeof answer === 'number' ? undefined : answer.output
  if (output === undefined) return 'success without the output'
  try {
    return schema.encodeAt(writer, at, output)
  } catch (error) {
    if (isWireError(error)) return error.message
    throw error
  }
}

/** Copies output bytes `from … to - 1` to the caller. */
export function writeOutput(
  { blocks, output }: Workspace,
  from: number,
  to: number,
  registers: HypercallRegisters,
  memory: HypercallMemory,
  refusals: Refusals,
  answers: Answers,
): Refusal | Intercepted | undefined {
  const { outputAt, isFast } = blocks
  if (to <= from) return undefined
  if (isFast) {
    const { bytes, convention } = registers
    // Only an output of variable size can be longer than what was found to fit.
    if (outputAt + to > convention.parameters + convention.fastSize) return refusals.tooBigForRegisters
    bytes.set(output.bytes.subarray(from, to), outputAt + from)
    return undefined
  }
  if (to > pageSize - (outputAt % pageSize)) return refusals.straddle
  try {
    memory.write(outputAt + from, output.bytes, from, to - from)
    return undefined
  } catch (error) {
    if (isMemoryFault(error)) return unreachable('write', outputAt + from, to - from, refusals, answers)
    throw error
  }
}

/** Ends a call with a result, or leaves it to be continued at `done`. */
export function finish(work: Workspace, registers: HypercallRegisters, status: number, done: number): Outcome {
  if (status === HvStatus.Timeout) {
    work.blocks.continueAt(registers, done)
    return continued
  }
  writeResult(registers, status, done)
  return completed
}
