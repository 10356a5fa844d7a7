import type { Arm64InitialVpContext } from '../../hypercall/arm64.ts'
import { Arm64CoreRegister } from '../../hypercall/registers/arm64-core.ts'
import { Arm64SystemRegister } from '../../hypercall/registers/arm64-system.ts'
import { X64Register } from '../../hypercall/registers/x64.ts'
import { InitialVpContext } from '../../hypercall/vp.ts'
import { type Infer, WireReader } from '../../wire/index.ts'
import { type RegisterContents, register64 } from '../register-contents.ts'

const words = [
  ['rip', X64Register.HvX64RegisterRip],
  ['rsp', X64Register.HvX64RegisterRsp],
  ['rflags', X64Register.HvX64RegisterRflags],
  ['efer', X64Register.HvX64RegisterEfer],
  ['cr0', X64Register.HvX64RegisterCr0],
  ['cr3', X64Register.HvX64RegisterCr3],
  ['cr4', X64Register.HvX64RegisterCr4],
  ['msrCrPat', X64Register.HvX64RegisterPat],
] as const

/** Segments and tables follow one another in the context, 16 bytes each as their register has them. */
const tables = [
  X64Register.HvX64RegisterCs,
  X64Register.HvX64RegisterDs,
  X64Register.HvX64RegisterEs,
  X64Register.HvX64RegisterFs,
  X64Register.HvX64RegisterGs,
  X64Register.HvX64RegisterSs,
  X64Register.HvX64RegisterTr,
  X64Register.HvX64RegisterLdtr,
  X64Register.HvX64RegisterIdtr,
  X64Register.HvX64RegisterGdtr,
]

const arm64Words = [
  ['pc', Arm64CoreRegister.HvArm64RegisterPc],
  ['spElh', Arm64CoreRegister.HvArm64RegisterSpEl1],
  ['sctlrEl1', Arm64SystemRegister.HvArm64RegisterSctlrEl1],
  ['mairEl1', Arm64SystemRegister.HvArm64RegisterMairEl1],
  ['tcrEl1', Arm64SystemRegister.HvArm64RegisterTcrEl1],
  ['vbarEl1', Arm64SystemRegister.HvArm64RegisterVbarEl1],
  ['ttbr0El1', Arm64SystemRegister.HvArm64RegisterTtbr0El1],
  ['ttbr1El1', Arm64SystemRegister.HvArm64RegisterTtbr1El1],
  ['x18', Arm64CoreRegister.HvArm64RegisterX18],
] as const

/** The registers that an HV_INITIAL_VP_CONTEXT of ARM64 sets. */
export function initialArm64Registers(context: Infer<typeof Arm64InitialVpContext>): Map<number, RegisterContents> {
  return new Map<number, RegisterContents>(arm64Words.map(([field, name]) => [name, register64(context[field])]))
}

/** The registers that an HV_INITIAL_VP_CONTEXT of x64 sets. */
export function initialRegisters(context: Infer<typeof InitialVpContext>): Map<number, RegisterContents> {
  const registers = new Map<number, RegisterContents>(words.map(([field, name]) => [name, register64(context[field])]))
  const { view } = new WireReader(InitialVpContext.encode(context))
  const first = InitialVpContext.offsetOf('cs')
  for (const [index, name] of tables.entries()) {
    const at = first + 16 * index
    registers.set(name, { low: view.getBigUint64(at, true), high: view.getBigUint64(at + 8, true) })
  }
  return registers
}
