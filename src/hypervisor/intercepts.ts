import type { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import type { CpuidResult } from '../hypercall/cpuid.ts'
import { InterceptType, MessageType } from '../hypercall/enums/messages.ts'
import { VtlEntryReason } from '../hypercall/enums/vp.ts'
import { HvStatus } from '../hypercall/status.ts'
import {
  arm64HypercallIntercept,
  arm64MemoryIntercept,
  arm64ResetIntercept,
  arm64UnrecoverableException,
} from './arm64-intercepts.ts'
import { maxIntercepts, OurStatus } from './choices.ts'
import type { DeniedAccess } from './denied-access.ts'
import { enterVtl } from './enter-vtl.ts'
import { pageOf } from './gpa-space.ts'
import { interceptKey } from './intercept-table.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { maxHeld, sendToParent } from './send-to-parent.ts'
import { targetOf, vpOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'
import {
  x64CpuidIntercept,
  x64ExceptionIntercept,
  x64HypercallIntercept,
  x64IoPortIntercept,
  x64MemoryIntercept,
  x64MsrIntercept,
  x64UnrecoverableException,
} from './x64-intercepts.ts'

/** Accesses, as intercept messages name them; the mask of an intercept has bit n for n. */
export const AccessKind = { read: 0, write: 1, execute: 2 } as const

/** Kinds of intercepts that a VP without a CPU can run into. */
const kinds = {
  x64: /* @__PURE__ */ new Set<number>([
    InterceptType.X64IoPort,
    InterceptType.X64IoPortRange,
    InterceptType.X64MsrIndex,
    InterceptType.X64Msr,
    InterceptType.X64Cpuid,
    InterceptType.X64GlobalCpuid,
    InterceptType.Exception,
    InterceptType.Hypercall,
  ]),
  arm64: /* @__PURE__ */ new Set<number>([InterceptType.Hypercall]),
}

/** Exception vectors of x64. */
const exceptionVectors = 32

/**
 * HvCallInstallIntercept; mask 0 takes it away. `parameter`: port, MSR, leaf or vector; a range of ports is its first and, from bit 16 on,
 * its last. Answers its HV_STATUS. Source: TLFS 9.7.1.
 */
export function installIntercept(
  caller: Partition,
  partition: bigint,
  type: number,
  accessMask: number,
  parameter: number,
): number {
  const target = targetOf(caller, partition, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  const { intercepts, machine } = target.value
  if (!kinds[machine.architecture].has(type)) return OurStatus.interceptKind
  if (accessMask < 0 || accessMask > 7) return HvStatus.InvalidParameter
  if (type === InterceptType.Exception && parameter >= exceptionVectors) return HvStatus.InvalidParameter
  if (intercepts.size >= maxIntercepts + 0x1_0000 && accessMask !== 0) return HvStatus.InsufficientMemory
  if (type === InterceptType.X64IoPortRange) {
    const [first, last] = [parameter & 0xffff, parameter >>> 16]
    if (last < first) return HvStatus.InvalidParameter
    for (let port = first; port <= last; port++) set(intercepts, InterceptType.X64IoPort, port, accessMask)
  } else {
    set(intercepts, type, parameter, accessMask)
  }
  return HvStatus.Success
}

function set(intercepts: Partition['intercepts'], type: number, parameter: number, accessMask: number): void {
  const key = interceptKey(type, parameter)
  if (accessMask === 0) intercepts.delete(key)
  else intercepts.set(key, accessMask)
}

/** Whether a parent wants to see an access of its child's. */
export function isIntercepted(partition: Partition, type: number, parameter: number, access: number): boolean {
  return ((partition.intercepts.get(interceptKey(type, parameter)) ?? 0) & (1 << access)) !== 0
}

/** HvCallCheckForIoIntercept: whether the parent of a partition takes an access of `size` bytes to an I/O port. */
export function checkForIoIntercept(
  caller: Partition,
  partition: bigint,
  vp: number,
  call: { readonly port: number; readonly size: number; readonly isWrite: boolean },
): Result<boolean> {
  const target = targetOf(caller, partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target
  const found = vpOf(target.value, vp)
  if (found.value === undefined) return found
  const { port, size, isWrite } = call
  if (![1, 2, 4].includes(size) || port + size > 0x1_0000) return failed(HvStatus.InvalidParameter)
  return done(isPortIntercepted(target.value, port, size, isWrite ? AccessKind.write : AccessKind.read))
}

/** Whether a parent wants to see an access to any of the ports that it covers. */
export function isPortIntercepted(partition: Partition, port: number, size: number, access: number): boolean {
  for (let at = port; at < port + size; at++) {
    if (isIntercepted(partition, InterceptType.X64IoPort, at, access)) return true
  }
  return false
}

/**
 * A VP's access to memory was stopped. Where the parent denies it, the parent is told, and the VP waits; where a higher level of the VP does,
 * that level has the message in its own SINT0, and runs. Source: TLFS 15.9.4.
 */
export function memoryIntercept(vp: VirtualProcessor, { gpa, vtl }: DeniedAccess, access: number): void {
  const isArm64 = vp.partition.machine.architecture === 'arm64'
  const payload = isArm64 ? arm64MemoryIntercept(vp, gpa, access) : x64MemoryIntercept(vp, gpa, access)
  const level = vtl === undefined ? undefined : vp.level(vtl)
  if (vtl === undefined || level === undefined) {
    const isMapped = vp.partition.space.place(pageOf(gpa), vp.vtl) !== undefined
    send(vp, isMapped ? MessageType.GpaIntercept : MessageType.UnmappedGpa, payload)
    return
  }
  if (level.synic.queued(0) < maxHeld) {
    level.synic.hold(0, { messageType: MessageType.GpaIntercept, sender: vp.partition.id, payload: () => payload })
  }
  enterVtl(vp, vtl, VtlEntryReason.Intercept)
}

/** A VP's access to an MSR was stopped. */
export function msrIntercept(vp: VirtualProcessor, msr: number, access: number, value: bigint): void {
  send(vp, MessageType.MsrIntercept, x64MsrIntercept(vp, msr, access, value))
}

/** A VP's CPUID was stopped; the parent is told what it would have had. */
export function cpuidIntercept(vp: VirtualProcessor, leaf: number, subleaf: number, result: CpuidResult): void {
  send(vp, MessageType.X64CpuidIntercept, x64CpuidIntercept(vp, leaf, subleaf, result))
}

/** A VP's access to an I/O port was stopped. */
export function ioPortIntercept(vp: VirtualProcessor, port: number, access: number, size: number, value: bigint): void {
  send(vp, MessageType.X64IoPortIntercept, x64IoPortIntercept(vp, port, access, size, value))
}

/** An exception of a VP was stopped. */
export function exceptionIntercept(
  vp: VirtualProcessor,
  vector: number,
  errorCode: number | undefined,
  parameter: bigint,
): void {
  send(vp, MessageType.ExceptionIntercept, x64ExceptionIntercept(vp, vector, errorCode, parameter))
}

/** A VP cannot go on: on x64 a triple fault. Nobody has to ask for it. */
export function unrecoverableException(vp: VirtualProcessor): void {
  const isArm64 = vp.partition.machine.architecture === 'arm64'
  const payload = isArm64 ? arm64UnrecoverableException(vp) : x64UnrecoverableException(vp)
  send(vp, MessageType.UnrecoverableException, payload)
}

/** A hypercall of a VP was stopped, with these registers. */
export function hypercallIntercept(vp: VirtualProcessor, registers: HypercallRegisters): void {
  const isArm64 = registers.convention.architecture === 'arm64'
  const payload = isArm64 ? arm64HypercallIntercept(vp, registers) : x64HypercallIntercept(vp, registers)
  send(vp, MessageType.HypercallIntercept, payload)
}

/** An ARM64 VP asked for a reset or to be switched off. Nobody has to ask for it. */
export function resetIntercept(vp: VirtualProcessor, resetType: number, resetCode: number): void {
  send(vp, MessageType.Arm64ResetIntercept, arm64ResetIntercept(vp, resetType, resetCode))
}

function send(vp: VirtualProcessor, messageType: number, payload: Uint8Array): void {
  vp.isIntercepted = true
  sendToParent(vp.partition, messageType, payload)
}
