import { CommonRegister } from '../hypercall/registers/common.ts'
import type { RegisterContents } from './register-contents.ts'

/**
 * What the read-only registers tell a guest of the hypervisor, by name: HvRegisterHypervisorVersion and so on. Those that are absent read as
 * zero; the low half of HvRegisterPrivilegesAndFeaturesInfo is always the partition's privileges.
 */
export type Information = ReadonlyMap<number, RegisterContents>

/** Whether a register only informs: version, features, limits. Source: TLFS (HV_REGISTER_NAME), the names 0x100 to 0x209. */
export function isInformation(name: number): boolean {
  return name >= CommonRegister.HvRegisterHypervisorVersion && name <= CommonRegister.HvRegisterIsolationConfiguration
}
