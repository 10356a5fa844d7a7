import { Arm64CoreRegister } from './arm64-core.ts'
import { Arm64DebugRegister } from './arm64-debug.ts'
import { Arm64SystemRegister } from './arm64-system.ts'
import { Arm64VectorRegister } from './arm64-vector.ts'
import { CommonRegister } from './common.ts'
import { X64Register } from './x64.ts'

export { Arm64CoreRegister, Arm64DebugRegister, Arm64SystemRegister, Arm64VectorRegister, CommonRegister, X64Register }

/** Where a register exists. The same value can mean a register of x64 and another of ARM64. */
export type RegisterArchitecture = 'x64' | 'arm64'

const common = [CommonRegister]
const tables: Readonly<Record<RegisterArchitecture, readonly Readonly<Record<string, number>>[]>> = {
  x64: [...common, X64Register],
  arm64: [...common, Arm64CoreRegister, Arm64VectorRegister, Arm64SystemRegister, Arm64DebugRegister],
}

/** A register by name. */
export interface NamedRegister {
  /** As in HV_REGISTER_NAME, such as `HvX64RegisterRip`. */
  readonly name: string
  /** HV_REGISTER_NAME. */
  readonly value: number
}

/** All registers of an architecture, the common ones first. */
export function registersOf(architecture: RegisterArchitecture): NamedRegister[] {
  return tables[architecture].flatMap((table) => Object.entries(table).map(([name, value]) => ({ name, value })))
}

/** The name of a register: `HvX64RegisterRip` for 0x20010 on x64. */
export function registerNameOf(value: number, architecture: RegisterArchitecture): string | undefined {
  for (const table of tables[architecture]) {
    for (const [name, candidate] of Object.entries(table)) if (candidate === value) return name
  }
  return undefined
}

/** The value of a register's name, in any case. */
export function registerValueOf(name: string, architecture: RegisterArchitecture): number | undefined {
  const wanted = name.toLowerCase()
  return registersOf(architecture).find((register) => register.name.toLowerCase() === wanted)?.value
}
