import { type Msr, msrs } from '../hypercall/msrs.ts'
import { CommonRegister } from '../hypercall/registers/common.ts'
import { X64Register } from '../hypercall/registers/x64.ts'
import { HvStatus } from '../hypercall/status.ts'
import { register64 } from './register-contents.ts'
import { readRegister, writeRegister } from './registers.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

const eoi = 0x4000_0070
/** Written to free a slot; reads as 0, though tables call it write-only. */
const eom = 0x4000_0084

const single: ReadonlyMap<number, number> = /* @__PURE__ */ new Map([
  [0x4000_0000, CommonRegister.HvRegisterGuestOsId],
  [0x4000_0001, X64Register.HvX64RegisterHypercall],
  [0x4000_0002, CommonRegister.HvRegisterVpIndex],
  [0x4000_0010, CommonRegister.HvRegisterVpRuntime],
  [0x4000_0020, CommonRegister.HvRegisterTimeRefCount],
  [0x4000_0021, CommonRegister.HvRegisterReferenceTsc],
  [0x4000_0022, CommonRegister.HvRegisterProcessorClockFrequency],
  [0x4000_0073, CommonRegister.HvRegisterVpAssistPage],
  [0x4000_0080, CommonRegister.HvRegisterScontrol],
  [0x4000_0081, CommonRegister.HvRegisterSversion],
  [0x4000_0082, CommonRegister.HvRegisterSifp],
  [0x4000_0083, CommonRegister.HvRegisterSipp],
  [0x4000_0084, CommonRegister.HvRegisterEom],
  [0x4000_0100, CommonRegister.HvRegisterGuestCrashP0],
  [0x4000_0101, CommonRegister.HvRegisterGuestCrashP1],
  [0x4000_0102, CommonRegister.HvRegisterGuestCrashP2],
  [0x4000_0103, CommonRegister.HvRegisterGuestCrashP3],
  [0x4000_0104, CommonRegister.HvRegisterGuestCrashP4],
  [0x4000_0105, CommonRegister.HvRegisterGuestCrashCtl],
])
const byNumber: ReadonlyMap<number, Msr> = /* @__PURE__ */ new Map(msrs.map((msr) => [msr.number, msr]))

/** The register behind a synthetic MSR. */
function registerOf(msr: number): number | undefined {
  if (msr >= 0x4000_0090 && msr <= 0x4000_009f) return CommonRegister.HvRegisterSint0 + (msr - 0x4000_0090)
  if (msr >= 0x4000_00b0 && msr <= 0x4000_00b7) return CommonRegister.HvRegisterStimer0Config + (msr - 0x4000_00b0)
  return single.get(msr)
}

/** Whether there is such an MSR at all. */
export function hasMsr(msr: number): boolean {
  return byNumber.has(msr)
}

/** RDMSR of a VP: the value, or `undefined` for #GP. Source: TLFS appendix F. */
export function readMsr(vp: VirtualProcessor, msr: number): bigint | undefined {
  const name = allowed(vp, msr, 'r') ? registerOf(msr) : undefined
  return name === undefined ? undefined : readRegister(vp, vp.current, name).value?.low
}

/** WRMSR of a VP. Answers false for #GP. */
export function writeMsr(vp: VirtualProcessor, msr: number, value: bigint): boolean {
  if (!allowed(vp, msr, 'w')) return false
  if (msr === eoi) {
    vp.controller.endOfInterrupt()
    return true
  }
  const name = registerOf(msr)
  return name !== undefined && writeRegister(vp, vp.current, name, register64(value)) === HvStatus.Success
}

function allowed(vp: VirtualProcessor, msr: number, access: 'r' | 'w'): boolean {
  const facts = byNumber.get(msr)
  if (facts === undefined || vp.partition.machine.architecture !== 'x64') return false
  if (facts.access !== undefined && !facts.access.includes(access) && msr !== eom) return false
  return facts.privilege === undefined || vp.partition.has(facts.privilege)
}
