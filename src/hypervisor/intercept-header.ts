import { X64Register } from '../hypercall/registers/x64.ts'
import type { X64InterceptMessageHeader } from '../hypercall/x64-messages.ts'
import type { Infer } from '../wire/index.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** The header of an intercept message of a VP: where it stands, as far as a model without a CPU knows. `access`: 0 read, 1 write, 2 execute. */
export function interceptHeader(vp: VirtualProcessor, access: number): Infer<typeof X64InterceptMessageHeader> {
  const register = (name: number) => (vp.current.registers.get(name) ?? vp.registers.get(name))?.low ?? 0n
  return {
    vpIndex: vp.index,
    instruction: { instructionLength: 0, cr8: 0 },
    interceptAccessType: access,
    executionState: {
      cpl: 0,
      cr0Pe: true,
      cr0Am: false,
      eferLma: true,
      debugActive: false,
      interruptionPending: vp.controller.isPending,
      vtl: vp.vtl,
      enclaveMode: false,
      interruptShadow: false,
      virtualizationFaultActive: false,
    },
    csSegment: {
      base: 0n,
      limit: 0,
      selector: 0,
      attributes: {
        segmentType: 0,
        nonSystemSegment: false,
        descriptorPrivilegeLevel: 0,
        present: false,
        available: false,
        long: false,
        default: false,
        granularity: false,
      },
    },
    rip: register(X64Register.HvX64RegisterRip),
    rflags: register(X64Register.HvX64RegisterRflags),
  }
}
