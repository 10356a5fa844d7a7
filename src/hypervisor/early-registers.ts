import { Arm64SystemRegister } from '../hypercall/registers/arm64-system.ts'
import { CommonRegister as R } from '../hypercall/registers/common.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** What a guest may set before it says what it is. Of HvArm64RegisterSyntheticVbarEl1, which is one of them, no source tells the number. */
const settable = [
  R.HvRegisterGuestOsId,
  R.HvRegisterGuestCrashCtl,
  R.HvRegisterGuestCrashP0,
  R.HvRegisterGuestCrashP1,
  R.HvRegisterGuestCrashP2,
  R.HvRegisterGuestCrashP3,
  R.HvRegisterGuestCrashP4,
]
const early: Readonly<Record<'get' | 'set', ReadonlySet<number>>> = {
  set: /* @__PURE__ */ new Set<number>(settable),
  get: /* @__PURE__ */ new Set<number>([
    ...settable,
    R.HvRegisterHypervisorVersion,
    R.HvRegisterPrivilegesAndFeaturesInfo,
    R.HvRegisterFeaturesInfo,
    R.HvRegisterImplementationLimitsInfo,
    R.HvRegisterHardwareFeaturesInfo,
    R.HvRegisterTimeRefCount,
    Arm64SystemRegister.HvArm64RegisterSyntheticEsrEl1,
  ]),
}

/** Whether an ARM64 guest has not said what it is, in the level that it runs in: few calls are its then. Source: TLFS 3.13. */
export function isUnidentified({ partition, current }: VirtualProcessor): boolean {
  return partition.machine.architecture === 'arm64' && current.shared.guestOsId === 0n
}

/** Whether such a guest may access a register. Source: TLFS, HvCallGetVpRegisters and HvCallSetVpRegisters (early register list). */
export function isEarlyRegister(name: number, access: 'get' | 'set'): boolean {
  return early[access].has(name)
}
