import { InterceptType } from '../hypercall/enums/messages.ts'
import { pageOf } from './gpa-space.ts'
import {
  AccessKind,
  cpuidIntercept,
  ioPortIntercept,
  isIntercepted,
  memoryIntercept,
  msrIntercept,
} from './intercepts.ts'
import { readMsr, writeMsr } from './msrs.ts'
import { PageAccess } from './page-access.ts'
import { ringDoorbells } from './ports.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/**
 * What became of an instruction of a VP. `intercepted`: the parent has a message, and the VP waits until it clears
 * HvRegisterInterceptSuspend. `stopped`: the VP does not run, so nothing happened. `fault`: the exception that the guest gets.
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
  const denied = vp.partition.space.firstDenied(gpa, length, PageAccess.read)
  if (denied !== undefined) return intercept(vp, denied, AccessKind.read)
  const value = new Uint8Array(length)
  vp.partition.memory(gpa + length).read(gpa, value, 0, length)
  return { outcome: 'done', value }
}

/** A VP stores bytes to guest physical memory. A doorbell on the address rings instead. */
export function vpWrite(vp: VirtualProcessor, gpa: number, bytes: Uint8Array): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (bytes.length <= 8 && ringDoorbells(vp.partition, gpa, bytes.length, littleEndian(bytes))) return nothing
  const { space } = vp.partition
  const denied = space.firstDenied(gpa, bytes.length, PageAccess.write)
  // The guest may read an overlay that it may not write: no business of the parent's.
  if (denied !== undefined && space.isOverlaid(pageOf(denied))) return generalProtection
  if (denied !== undefined) return intercept(vp, denied, AccessKind.write)
  vp.partition.memory(gpa + bytes.length).write(gpa, bytes, 0, bytes.length)
  return nothing
}

/** A VP fetches an instruction. */
export function vpExecute(vp: VirtualProcessor, gpa: number): ActionOutcome {
  if (!vp.isRunning) return stopped
  return vp.partition.space.firstDenied(gpa, 1, PageAccess.execute) === undefined
    ? nothing
    : intercept(vp, gpa, AccessKind.execute)
}

/** RDMSR. */
export function vpReadMsr(vp: VirtualProcessor, msr: number): ActionOutcome<bigint> {
  if (!vp.isRunning) return stopped
  if (wantsMsr(vp, msr, AccessKind.read)) {
    msrIntercept(vp, msr, AccessKind.read, 0n)
    return intercepted
  }
  const value = readMsr(vp, msr)
  return value === undefined ? generalProtection : { outcome: 'done', value }
}

/** WRMSR. */
export function vpWriteMsr(vp: VirtualProcessor, msr: number, value: bigint): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (wantsMsr(vp, msr, AccessKind.write)) {
    msrIntercept(vp, msr, AccessKind.write, value)
    return intercepted
  }
  return writeMsr(vp, msr, value) ? nothing : generalProtection
}

/** OUT: without an intercept nothing listens. `size`: 1, 2 or 4 bytes. */
export function vpOut(vp: VirtualProcessor, port: number, size: number, value: number): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (!isIntercepted(vp.partition, InterceptType.X64IoPort, port, AccessKind.write)) return nothing
  ioPortIntercept(vp, port, AccessKind.write, size, BigInt(value >>> 0))
  return intercepted
}

/** IN: without an intercept all bits are set. `size`: 1, 2 or 4 bytes. */
export function vpIn(vp: VirtualProcessor, port: number, size: number): ActionOutcome<number> {
  if (!vp.isRunning) return stopped
  if (!isIntercepted(vp.partition, InterceptType.X64IoPort, port, AccessKind.read)) {
    return { outcome: 'done', value: 2 ** (8 * size) - 1 }
  }
  ioPortIntercept(vp, port, AccessKind.read, size, 0n)
  return intercepted
}

/** CPUID: whether the parent takes it; what the leaves say is `cpuidLeaves` of `vmbus/hypercall`. */
export function vpCpuid(vp: VirtualProcessor, leaf: number, subleaf = 0): ActionOutcome {
  if (!vp.isRunning) return stopped
  if (!isIntercepted(vp.partition, InterceptType.X64Cpuid, leaf, AccessKind.execute)) return nothing
  cpuidIntercept(vp, leaf, subleaf)
  return intercepted
}

function wantsMsr(vp: VirtualProcessor, msr: number, access: number): boolean {
  return (
    isIntercepted(vp.partition, InterceptType.X64MsrIndex, msr, access) ||
    isIntercepted(vp.partition, InterceptType.X64Msr, 0, access)
  )
}

function intercept(vp: VirtualProcessor, gpa: number, access: number): ActionOutcome<never> {
  memoryIntercept(vp, gpa, access)
  return intercepted
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0)
  return value
}
