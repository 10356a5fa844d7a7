import type { HypercallDispatcher } from '../../hypercall/dispatcher/index.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'

/** A dispatcher whose callers are VPs of this model. */
export type ModelDispatcher = HypercallDispatcher<VirtualProcessor>

/** A page number or address of 64 bits as a number. Beyond 2^53 it is no longer exact, and far beyond whatever is there. */
export function toNumber(value: bigint): number {
  return Number(value)
}
