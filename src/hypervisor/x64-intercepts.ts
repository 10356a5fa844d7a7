import type { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import { CacheType } from '../hypercall/enums/memory.ts'
import { InterceptAccessType } from '../hypercall/flags.ts'
import { X64Register as R } from '../hypercall/registers/x64.ts'
import {
  X64CpuidInterceptMessage,
  X64ExceptionInterceptMessage,
  X64HypercallInterceptMessage,
  X64IoPortInterceptMessage,
  X64MemoryInterceptMessage,
  X64MsrInterceptMessage,
  X64UnrecoverableExceptionMessage,
} from '../hypercall/x64-messages.ts'
import { registerOf, segmentOf, x64Header } from './intercept-header.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Bytes of the instruction, which a model without a CPU does not know. */
const noInstruction = { instructionByteCount: 0, instructionBytes: new Uint8Array(16) }
/** HV_INTERCEPT_ACCESS_TYPE of what is neither a read nor a write. */
const execute = InterceptAccessType.Execute

/** Payload of HvMessageTypeUnmappedGpa and HvMessageTypeGpaIntercept. */
export function x64MemoryIntercept(vp: VirtualProcessor, gpa: number, access: number): Uint8Array {
  return X64MemoryInterceptMessage.encode({
    header: x64Header(vp, access),
    cacheType: CacheType.WriteBack,
    ...noInstruction,
    memoryAccessInfo: {
      gvaValid: false,
      gvaGpaValid: false,
      hypercallOutputPending: false,
      tlbLockedNoOverlay: false,
      supervisorShadowStack: false,
    },
    tprPriority: 0,
    guestVirtualAddress: 0n,
    guestPhysicalAddress: BigInt(gpa),
  })
}

/** Payload of HvMessageTypeMsrIntercept. */
export function x64MsrIntercept(vp: VirtualProcessor, msr: number, access: number, value: bigint): Uint8Array {
  const message = { header: x64Header(vp, access), msrNumber: msr, rdx: value >> 32n, rax: value & 0xffff_ffffn }
  return X64MsrInterceptMessage.encode(message)
}

/** Payload of HvMessageTypeX64CpuidIntercept. `result`: what the VP would have had. */
export function x64CpuidIntercept(
  vp: VirtualProcessor,
  leaf: number,
  subleaf: number,
  result: { readonly eax: number; readonly ebx: number; readonly ecx: number; readonly edx: number },
): Uint8Array {
  return X64CpuidInterceptMessage.encode({
    header: x64Header(vp, execute),
    rax: BigInt(leaf),
    rcx: BigInt(subleaf),
    rdx: registerOf(vp, R.HvX64RegisterRdx),
    rbx: registerOf(vp, R.HvX64RegisterRbx),
    defaultResultRax: BigInt(result.eax),
    defaultResultRcx: BigInt(result.ecx),
    defaultResultRdx: BigInt(result.edx),
    defaultResultRbx: BigInt(result.ebx),
  })
}

/** Payload of HvMessageTypeX64IoPortIntercept. */
export function x64IoPortIntercept(
  vp: VirtualProcessor,
  port: number,
  access: number,
  size: number,
  value: bigint,
): Uint8Array {
  return X64IoPortInterceptMessage.encode({
    header: x64Header(vp, access),
    portNumber: port,
    accessInfo: { accessSize: size, stringOp: false, repPrefix: false },
    ...noInstruction,
    rax: value,
    dsSegment: segmentOf(vp, R.HvX64RegisterDs),
    esSegment: segmentOf(vp, R.HvX64RegisterEs),
    rcx: registerOf(vp, R.HvX64RegisterRcx),
    rsi: registerOf(vp, R.HvX64RegisterRsi),
    rdi: registerOf(vp, R.HvX64RegisterRdi),
  })
}

/** Payload of HvMessageTypeExceptionIntercept. `parameter`: the address of a page fault. */
export function x64ExceptionIntercept(
  vp: VirtualProcessor,
  vector: number,
  errorCode: number | undefined,
  parameter: bigint,
): Uint8Array {
  return X64ExceptionInterceptMessage.encode({
    header: x64Header(vp, execute),
    exceptionVector: vector,
    exceptionInfo: { errorCodeValid: errorCode !== undefined, softwareException: false },
    ...noInstruction,
    errorCode: errorCode ?? 0,
    exceptionParameter: parameter,
    dsSegment: segmentOf(vp, R.HvX64RegisterDs),
    ssSegment: segmentOf(vp, R.HvX64RegisterSs),
    rax: registerOf(vp, R.HvX64RegisterRax),
    rcx: registerOf(vp, R.HvX64RegisterRcx),
    rdx: registerOf(vp, R.HvX64RegisterRdx),
    rbx: registerOf(vp, R.HvX64RegisterRbx),
    rsp: registerOf(vp, R.HvX64RegisterRsp),
    rbp: registerOf(vp, R.HvX64RegisterRbp),
    rsi: registerOf(vp, R.HvX64RegisterRsi),
    rdi: registerOf(vp, R.HvX64RegisterRdi),
    r8: registerOf(vp, R.HvX64RegisterR8),
    r9: registerOf(vp, R.HvX64RegisterR9),
    r10: registerOf(vp, R.HvX64RegisterR10),
    r11: registerOf(vp, R.HvX64RegisterR11),
    r12: registerOf(vp, R.HvX64RegisterR12),
    r13: registerOf(vp, R.HvX64RegisterR13),
    r14: registerOf(vp, R.HvX64RegisterR14),
    r15: registerOf(vp, R.HvX64RegisterR15),
  })
}

/** Payload of HvMessageTypeUnrecoverableException. */
export function x64UnrecoverableException(vp: VirtualProcessor): Uint8Array {
  return X64UnrecoverableExceptionMessage.encode({ header: x64Header(vp, execute) })
}

/** Payload of HvMessageTypeHypercallIntercept. Of a 32-bit caller the registers' low halves count, and there are no XMM registers. */
export function x64HypercallIntercept(vp: VirtualProcessor, registers: HypercallRegisters): Uint8Array {
  const { convention } = registers
  const value = (...names: string[]) => {
    const name = names.find((one) => convention.registers.some((place) => place.name === one))
    return name === undefined ? 0n : registers.get(name)
  }
  const xmm = (index: number) => {
    const word = value(`XMM${index}`)
    return { low: word & 0xffff_ffff_ffff_ffffn, high: word >> 64n }
  }
  return X64HypercallInterceptMessage.encode({
    header: x64Header(vp, execute),
    rax: value('RAX', 'EAX'),
    rbx: value('EBX'),
    rcx: value('RCX', 'ECX'),
    rdx: value('RDX', 'EDX'),
    r8: value('R8'),
    rsi: value('ESI'),
    rdi: value('EDI'),
    xmmregisters: [0, 1, 2, 3, 4, 5].map(xmm),
    flags: { isolated: false },
  })
}
