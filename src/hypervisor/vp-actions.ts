import type { CpuidResult } from '../hypercall/cpuid.ts'
import { InterceptType } from '../hypercall/enums/messages.ts'
import { UnimplementedMsrAction } from '../hypercall/enums/vp.ts'
import { MsrAccess } from '../hypercall/intercepts.ts'
import { type DeniedAccess, deniedAccess } from './denied-access.ts'
import { pageOf } from './gpa-space.ts'
import { cpuidResult, msrResult, noCpuid } from './intercept-results.ts'
import {
  AccessKind,
  cpuidIntercept,
  exceptionIntercept,
  ioPortIntercept,
  isIntercepted,
  isPortIntercepted,
  memoryIntercept,
  msrIntercept,
  resetIntercept,
  unrecoverableException,
} from './intercepts.ts'
import { hasMsr, readMsr, writeMsr } from './msrs.ts'
import { PageAccess } from './page-access.ts'
import { ringDoorbells } from './ports.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/**
 * What became of an instruction of a VP. `intercepted`: the parent has a message, and the VP waits until it clears
 * HvRegisterInterceptSuspend; or a higher level of the VP has it, and runs. `stopped`: the VP does not run, so nothing happened. `fault`: the exception that the guest gets.
 */
export type ActionOutcome<T = undefined> =
  | { readonly outcome: 'done'; readonly value: T }
  | { readonly outcome: 'intercepted' }
  | { readonly outcome: 'stopped' }
  | { readonly outcome: 'fault'; readonly exception: '#GP' | '#UD' }

const intercepted = { outcome: 'intercepted' } as const
const stopped = { outcome: 'stopped' } as const
const nothing = { outcome: 'done', value: undefined } as const
const generalProtection = { outcome: 'fault', exception: '#GP' } as const

/** A VP loads bytes from guest physical memory. */
export function vpRead(vp: VirtualProcessor, gpa: number, length: number): ActionOutcome<Uint8Array> {
  if (!vp.isRunning) return stopped
  const denied = deniedAccess(vp.partition, vp.vtl, gpa, length, PageAccess.read)
  if (denied !== undefined) return intercept(vp, denied, AccessKind.read)
  const value = new Uint8Array(length)
  vp.partition.memory(gpa + length, vp.vtl).read(gpa, value, 0, length)
  return { outcome: 'done', value }
}

/** A VP stores bytes to guest physical memory. A doorbell on the address rings instead. */
export function vpWrite(vp: VirtualProcessor, gpa: number, bytes: Uint8Array): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (bytes.length <= 8 && ringDoorbells(vp.partition, gpa, bytes.length, littleEndian(bytes))) return nothing
  const denied = deniedAccess(vp.partition, vp.vtl, gpa, bytes.length, PageAccess.write)
  // The guest may read an overlay that it may not write: no business of the parent's.
  if (denied !== undefined && vp.partition.space.isOverlaid(pageOf(denied.gpa), vp.vtl)) return generalProtection
  if (denied !== undefined) return intercept(vp, denied, AccessKind.write)
  vp.partition.memory(gpa + bytes.length, vp.vtl).write(gpa, bytes, 0, bytes.length)
  return nothing
}

/** A VP fetches an instruction. */
export function vpExecute(vp: VirtualProcessor, gpa: number): ActionOutcome {
  if (!vp.isRunning) return stopped
  const denied = deniedAccess(vp.partition, vp.vtl, gpa, 1, PageAccess.execute)
  return denied === undefined ? nothing : intercept(vp, denied, AccessKind.execute)
}

/** RDMSR. */
export function vpReadMsr(vp: VirtualProcessor, msr: number): ActionOutcome<bigint> {
  if (!vp.isRunning) return stopped
  if (wantsMsr(vp, msr, AccessKind.read)) {
    msrIntercept(vp, msr, AccessKind.read, 0n)
    return intercepted
  }
  const value = readMsr(vp, msr) ?? unimplementedMsr(vp, msr, MsrAccess.read)
  return value === undefined ? generalProtection : { outcome: 'done', value }
}

/** WRMSR. */
export function vpWriteMsr(vp: VirtualProcessor, msr: number, value: bigint): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (wantsMsr(vp, msr, AccessKind.write)) {
    msrIntercept(vp, msr, AccessKind.write, value)
    return intercepted
  }
  if (writeMsr(vp, msr, value) || unimplementedMsr(vp, msr, MsrAccess.write) !== undefined) return nothing
  return generalProtection
}

/** What an access to an MSR that is not there gives, where that was laid down: reads 0, writes nothing; `undefined` for #GP. */
function unimplementedMsr(vp: VirtualProcessor, msr: number, access: number): bigint | undefined {
  if (hasMsr(msr)) return undefined
  return msrResult(vp, msr, access) === UnimplementedMsrAction.IgnoreWriteReadZero ? 0n : undefined
}

/** RDTSC (ARM64: a read of CNTVCT). Without a counter it is 0. */
export function vpReadTsc(vp: VirtualProcessor): ActionOutcome<bigint> {
  return vp.isRunning ? { outcome: 'done', value: vp.partition.machine.tsc?.count ?? 0n } : stopped
}

/** OUT: without an intercept nothing listens. `size`: 1, 2 or 4 bytes. */
export function vpOut(vp: VirtualProcessor, port: number, size: number, value: number): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (!isPortIntercepted(vp.partition, port, size, AccessKind.write)) return nothing
  ioPortIntercept(vp, port, AccessKind.write, size, BigInt(value >>> 0))
  return intercepted
}

/** IN: without an intercept all bits are set. `size`: 1, 2 or 4 bytes. */
export function vpIn(vp: VirtualProcessor, port: number, size: number): ActionOutcome<number> {
  if (!vp.isRunning) return stopped
  if (!isPortIntercepted(vp.partition, port, size, AccessKind.read)) {
    return { outcome: 'done', value: 2 ** (8 * size) - 1 }
  }
  ioPortIntercept(vp, port, AccessKind.read, size, 0n)
  return intercepted
}

/**
 * CPUID: what the leaf says, unless the parent takes it. `hardware` is what it says without a hypervisor (`describeCpuid` of
 * `vmbus/hypercall` makes that of one); results that HvCallRegisterInterceptResult laid down are put over it.
 */
export function vpCpuid(
  vp: VirtualProcessor,
  leaf: number,
  subleaf = 0,
  hardware: CpuidResult = noCpuid,
): ActionOutcome<CpuidResult> {
  if (!vp.isRunning) return stopped
  const { value, overrides } = cpuidResult(vp, leaf, subleaf, hardware)
  const { partition } = vp
  const isWanted =
    isIntercepted(partition, InterceptType.X64Cpuid, leaf, AccessKind.execute) ||
    isIntercepted(partition, InterceptType.X64GlobalCpuid, 0, AccessKind.execute)
  if (!isWanted || overrides) return { outcome: 'done', value }
  cpuidIntercept(vp, leaf, subleaf, value)
  return intercepted
}

/** An exception of an x64 VP (vector 0 … 31), which its guest handles unless the parent takes it. `parameter`: the address of a page fault. */
export function vpException(vp: VirtualProcessor, vector: number, errorCode?: number, parameter = 0n): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (!isIntercepted(vp.partition, InterceptType.Exception, vector, AccessKind.execute)) return nothing
  exceptionIntercept(vp, vector, errorCode, parameter)
  return intercepted
}

/** A VP meets what it cannot handle: on x64 a triple fault. The parent always learns of it. */
export function vpUnrecoverable(vp: VirtualProcessor): ActionOutcome<never> {
  if (!vp.isRunning) return stopped
  unrecoverableException(vp)
  return intercepted
}

/** An ARM64 VP asks its firmware (PSCI) for a reset or to be switched off. `type`: HV_ARM64_RESET_TYPE. The parent always learns of it. */
export function vpReset(vp: VirtualProcessor, type: number, code = 0): ActionOutcome<never> {
  if (!vp.isRunning) return stopped
  resetIntercept(vp, type, code)
  return intercepted
}

function wantsMsr(vp: VirtualProcessor, msr: number, access: number): boolean {
  return (
    isIntercepted(vp.partition, InterceptType.X64MsrIndex, msr, access) ||
    isIntercepted(vp.partition, InterceptType.X64Msr, 0, access)
  )
}

function intercept(vp: VirtualProcessor, denied: DeniedAccess, access: number): ActionOutcome<never> {
  memoryIntercept(vp, denied, access)
  return intercepted
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return value
}
