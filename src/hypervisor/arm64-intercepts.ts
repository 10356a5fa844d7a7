import {
  Arm64HypercallInterceptMessage,
  Arm64MemoryInterceptMessage,
  Arm64ResetInterceptMessage,
  Arm64UnrecoverableExceptionMessage,
} from '../hypercall/arm64-messages.ts'
import type { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import { CacheType } from '../hypercall/enums/memory.ts'
import { InterceptAccessType } from '../hypercall/flags.ts'
import { arm64Header } from './intercept-header.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** HV_INTERCEPT_ACCESS_TYPE of what is neither a read nor a write. */
const execute = InterceptAccessType.Execute

/** Payload of HvMessageTypeUnmappedGpa and HvMessageTypeGpaIntercept. No instruction and no syndrome: there is no CPU to tell them. */
export function arm64MemoryIntercept(vp: VirtualProcessor, gpa: number, access: number): Uint8Array {
  return Arm64MemoryInterceptMessage.encode({
    header: arm64Header(vp, access),
    cacheType: CacheType.WriteBack,
    instructionByteCount: 0,
    memoryAccessInfo: { gvaValid: false, gvaGpaValid: false, hypercallOutputPending: false },
    instructionBytes: new Uint8Array(4),
    guestVirtualAddress: 0n,
    guestPhysicalAddress: BigInt(gpa),
    syndrome: 0n,
  })
}

/** Payload of HvMessageTypeUnrecoverableException. */
export function arm64UnrecoverableException(vp: VirtualProcessor): Uint8Array {
  return Arm64UnrecoverableExceptionMessage.encode({ header: arm64Header(vp, execute) })
}

/** Payload of HvMessageTypeHypercallIntercept. The immediate is that of `HVC`: 0 by SMCCC, else 1. */
export function arm64HypercallIntercept(vp: VirtualProcessor, registers: HypercallRegisters): Uint8Array {
  return Arm64HypercallInterceptMessage.encode({
    header: arm64Header(vp, execute),
    immediate: registers.functionId === undefined ? 1 : 0,
    flags: { isolated: false },
    x: Array.from({ length: 18 }, (_, index) => registers.get(`X${index}`)),
  })
}

/** Payload of HvMessageTypeArm64ResetIntercept. `type`: HV_ARM64_RESET_TYPE. */
export function arm64ResetIntercept(vp: VirtualProcessor, resetType: number, resetCode: number): Uint8Array {
  return Arm64ResetInterceptMessage.encode({ header: arm64Header(vp, execute), resetType, resetCode })
}
