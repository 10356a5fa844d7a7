import type { HypercallRegisters } from '../conventions/registers.ts'
import type { Outcome } from './outcome.ts'

/** Executions of a call in a row that get no further before its caller gives up. */
const mostIdle = 64

/**
 * Executes a hypercall instruction again until it is no longer `continued`, as a processor does whose instruction pointer stays.
 * Answers the last outcome: `continued` only when the call got no further for too long (HC-32).
 *
 * @param dispatch executes the instruction once.
 */
export function executeToEnd(registers: HypercallRegisters, dispatch: () => Outcome, idle: number = mostIdle): Outcome {
  let left = idle
  for (;;) {
    const before = registers.control
    const outcome = dispatch()
    if (outcome.kind !== 'continued') return outcome
    left = registers.control === before ? left - 1 : idle
    if (left <= 0) return outcome
  }
}
