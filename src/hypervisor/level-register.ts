import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** A register of a level of a VP, its low 64 bits; 0 where nobody has set it. */
export function levelRegister(vp: VirtualProcessor, state: VtlState, name: number): bigint {
  return (state.registers.get(name) ?? vp.registers.get(name))?.low ?? 0n
}
