import type { RegisterArchitecture } from '../hypercall/registers/index.ts'

/** Runs of x64 registers that all VTLs of a VP share: general purpose but RSP, CR2 and CR8, floating point and vectors, DR0 to DR3. */
const sharedX64: readonly (readonly [first: number, last: number])[] = [
  [0x0002_0000, 0x0002_0003],
  [0x0002_0005, 0x0002_000f],
  [0x0003_0000, 0x0003_ffff],
  [0x0004_0001, 0x0004_0001],
  [0x0004_0004, 0x0004_0004],
  [0x0005_0000, 0x0005_0003],
]

/** X0 … X17 and X19 … X30, which all VTLs of an ARM64 VP share. */
const sharedArm64: readonly (readonly [first: number, last: number])[] = [[0x0002_0000, 0x0002_001e]]

/** Whether each VTL of a VP has a register of its own by this name. Source: TLFS 15.11.1 (private and shared state). */
export function isPrivateRegister(name: number, architecture: RegisterArchitecture): boolean {
  const shared = architecture === 'x64' ? sharedX64 : sharedArm64
  return !shared.some(([first, last]) => name >= first && name <= last)
}
