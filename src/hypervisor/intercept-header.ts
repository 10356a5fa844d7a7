import type { Arm64InterceptMessageHeader } from '../hypercall/arm64-messages.ts'
import { Arm64CoreRegister } from '../hypercall/registers/arm64-core.ts'
import { X64Register } from '../hypercall/registers/x64.ts'
import { X64SegmentRegister } from '../hypercall/vp-registers.ts'
import type { X64InterceptMessageHeader } from '../hypercall/x64-messages.ts'
import type { Infer } from '../wire/index.ts'
import { levelRegister } from './level-register.ts'
import { register64 } from './register-contents.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Bytes of an ARM64 instruction. */
const arm64InstructionLength = 4

/** A register of the level that a VP runs in, its low 64 bits; 0 where nobody has set it. */
export function registerOf(vp: VirtualProcessor, name: number): bigint {
  return levelRegister(vp, vp.current, name)
}

/** A segment register of the level that a VP runs in. */
export function segmentOf(vp: VirtualProcessor, name: number): Infer<typeof X64SegmentRegister> {
  const { low, high } = vp.current.registers.get(name) ?? register64(0n)
  const view = new DataView(new ArrayBuffer(X64SegmentRegister.size))
  view.setBigUint64(0, low, true)
  view.setBigUint64(8, high, true)
  return X64SegmentRegister.decode(new Uint8Array(view.buffer))
}

/** The header of an intercept message of an x64 VP: where it stands, as its registers say. `access`: 0 read, 1 write, 2 execute. */
export function x64Header(vp: VirtualProcessor, access: number): Infer<typeof X64InterceptMessageHeader> {
  return {
    vpIndex: vp.index,
    instruction: { instructionLength: 0, cr8: Number(registerOf(vp, X64Register.HvX64RegisterCr8) & 0xfn) },
    interceptAccessType: access,
    executionState: {
      cpl: segmentOf(vp, X64Register.HvX64RegisterSs).attributes.descriptorPrivilegeLevel,
      cr0Pe: (registerOf(vp, X64Register.HvX64RegisterCr0) & 0x1n) !== 0n,
      cr0Am: (registerOf(vp, X64Register.HvX64RegisterCr0) & 0x4_0000n) !== 0n,
      eferLma: (registerOf(vp, X64Register.HvX64RegisterEfer) & 0x400n) !== 0n,
      debugActive: false,
      interruptionPending: vp.controller.isPending,
      vtl: vp.vtl,
      enclaveMode: false,
      interruptShadow: false,
      virtualizationFaultActive: false,
    },
    csSegment: segmentOf(vp, X64Register.HvX64RegisterCs),
    rip: registerOf(vp, X64Register.HvX64RegisterRip),
    rflags: registerOf(vp, X64Register.HvX64RegisterRflags),
  }
}

/** The same on ARM64: the exception level stands in bits 3:2 of PSTATE. */
export function arm64Header(vp: VirtualProcessor, access: number): Infer<typeof Arm64InterceptMessageHeader> {
  const cpsr = registerOf(vp, Arm64CoreRegister.HvArm64RegisterPstate)
  return {
    vpIndex: vp.index,
    instructionLength: arm64InstructionLength,
    interceptAccessType: access,
    executionState: {
      cpl: Number((cpsr >> 2n) & 3n),
      debugActive: false,
      interruptionPending: vp.controller.isPending,
      vtl: vp.vtl,
      virtualizationFaultActive: false,
    },
    pc: registerOf(vp, Arm64CoreRegister.HvArm64RegisterPc),
    cpsr,
  }
}
