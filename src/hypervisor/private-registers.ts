import { CommonRegister } from '../hypercall/registers/common.ts'
import type { RegisterArchitecture } from '../hypercall/registers/index.ts'

/**
 * Runs of x64 registers that all VTLs of a VP share: general purpose but RSP, floating point and vectors, CR2, XCR0, DR0 to DR3, MTRRs.
 * DR6 may be either; here each level has its own, as HvRegisterVsmCapabilities says.
 */
const sharedX64: readonly (readonly [first: number, last: number])[] = [
  [0x0002_0000, 0x0002_0003],
  [0x0002_0005, 0x0002_000f],
  [0x0003_0000, 0x0003_ffff],
  [0x0004_0001, 0x0004_0001],
  [0x0004_0005, 0x0004_0005],
  [0x0005_0000, 0x0005_0003],
  [0x0008_000d, 0x0008_007a],
]

/** What all VTLs of an ARM64 VP share: X0 … X17, X19 … X28, Q0 … Q31. Frame pointer and link register are not. */
const sharedArm64: readonly (readonly [first: number, last: number])[] = [
  [0x0002_0000, 0x0002_0011],
  [0x0002_0013, 0x0002_001c],
  [0x0003_0000, 0x0003_001f],
]

/** What they share on both: VP runtime, reset and debug options of the partition. */
const sharedByAll: ReadonlySet<number> = /* @__PURE__ */ new Set([
  CommonRegister.HvRegisterVpRuntime,
  CommonRegister.HvRegisterSystemReset,
  CommonRegister.HvRegisterGuestIdle,
  CommonRegister.HvRegisterDebugDeviceOptions,
])

/** Whether each VTL of a VP has a register of its own by this name. Source: TLFS 15.12 (private and shared state). */
export function isPrivateRegister(name: number, architecture: RegisterArchitecture): boolean {
  if (sharedByAll.has(name)) return false
  const shared = architecture === 'x64' ? sharedX64 : sharedArm64
  return !shared.some(([first, last]) => name >= first && name <= last)
}
