import { CacheType } from '../hypercall/enums/memory.ts'
import { InterceptType, MessageType } from '../hypercall/enums/messages.ts'
import { HvStatus } from '../hypercall/status.ts'
import {
  X64CpuidInterceptMessage,
  X64IoPortInterceptMessage,
  X64MemoryInterceptMessage,
  X64MsrInterceptMessage,
} from '../hypercall/x64-messages.ts'
import { OurStatus } from './choices.ts'
import { interceptHeader } from './intercept-header.ts'
import { interceptKey } from './intercept-table.ts'
import type { Partition } from './partition.ts'
import { sendToParent } from './send-to-parent.ts'
import { targetOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Accesses, as intercept messages name them; the mask of an intercept has bit n for n. */
export const AccessKind = { read: 0, write: 1, execute: 2 } as const

/** Kinds of intercepts that a VP without a CPU can run into. */
const kinds: ReadonlySet<number> = /* @__PURE__ */ new Set([
  InterceptType.X64IoPort,
  InterceptType.X64MsrIndex,
  InterceptType.X64Msr,
  InterceptType.X64Cpuid,
])

/** HvCallInstallIntercept; mask 0 takes it away. `parameter`: port, MSR or leaf. Answers its HV_STATUS. Source: TLFS 9.7.1. */
export function installIntercept(
  caller: Partition,
  partition: bigint,
  type: number,
  accessMask: number,
  parameter: number,
): number {
  const target = targetOf(caller, partition, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  if (!kinds.has(type)) return OurStatus.interceptKind
  if (accessMask < 0 || accessMask > 7) return HvStatus.InvalidParameter
  const key = interceptKey(type, parameter)
  if (accessMask === 0) target.value.intercepts.delete(key)
  else target.value.intercepts.set(key, accessMask)
  return HvStatus.Success
}

/** Whether a parent wants to see an access of its child's. */
export function isIntercepted(partition: Partition, type: number, parameter: number, access: number): boolean {
  return ((partition.intercepts.get(interceptKey(type, parameter)) ?? 0) & (1 << access)) !== 0
}

/** A VP's access to memory was stopped: tells the parent, and the VP waits. */
export function memoryIntercept(vp: VirtualProcessor, gpa: number, access: number): void {
  const isMapped = vp.partition.space.place(Math.floor(gpa / 4096)) !== undefined
  send(
    vp,
    isMapped ? MessageType.GpaIntercept : MessageType.UnmappedGpa,
    X64MemoryInterceptMessage.encode({
      header: interceptHeader(vp, access),
      cacheType: CacheType.WriteBack,
      instructionByteCount: 0,
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
      instructionBytes: new Uint8Array(16),
    }),
  )
}

/** A VP's access to an MSR was stopped. */
export function msrIntercept(vp: VirtualProcessor, msr: number, access: number, value: bigint): void {
  const low = value & 0xffff_ffffn
  const message = { header: interceptHeader(vp, access), msrNumber: msr, rdx: value >> 32n, rax: low }
  send(vp, MessageType.MsrIntercept, X64MsrInterceptMessage.encode(message))
}

/** A VP's CPUID was stopped; the default results are those that it would have had. */
export function cpuidIntercept(vp: VirtualProcessor, leaf: number, subleaf: number): void {
  const message = {
    header: interceptHeader(vp, AccessKind.execute),
    rax: BigInt(leaf),
    rcx: BigInt(subleaf),
    rdx: 0n,
    rbx: 0n,
    defaultResultRax: 0n,
    defaultResultRcx: 0n,
    defaultResultRdx: 0n,
    defaultResultRbx: 0n,
  }
  send(vp, MessageType.X64CpuidIntercept, X64CpuidInterceptMessage.encode(message))
}

/** A VP's access to an I/O port was stopped. */
export function ioPortIntercept(vp: VirtualProcessor, port: number, access: number, size: number, value: bigint): void {
  const header = interceptHeader(vp, access)
  const message = {
    header,
    portNumber: port,
    accessInfo: { accessSize: size, stringOp: false, repPrefix: false },
    instructionByteCount: 0,
    rax: value,
    instructionBytes: new Uint8Array(16),
    dsSegment: header.csSegment,
    esSegment: header.csSegment,
    rcx: 0n,
    rsi: 0n,
    rdi: 0n,
  }
  send(vp, MessageType.X64IoPortIntercept, X64IoPortInterceptMessage.encode(message))
}

function send(vp: VirtualProcessor, messageType: number, payload: Uint8Array): void {
  vp.isIntercepted = true
  sendToParent(vp.partition, messageType, payload)
}
