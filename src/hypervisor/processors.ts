import { maxVpIndex, WellKnownVp } from '../hypercall/ids.ts'
import { CommonRegister } from '../hypercall/registers/common.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus, poolCost } from './choices.ts'
import type { Partition } from './partition.ts'
import type { RegisterContents } from './register-contents.ts'
import { readRegister, writeRegister } from './registers.ts'
import { failed, type Result } from './result.ts'
import { targetOf, vpOf } from './target.ts'
import { VirtualProcessor, type VtlState } from './virtual-processor.ts'

/** HvCallCreateVp: explicitly suspended, registers reset. Answers its HV_STATUS. Source: TLFS 7.9.1, 2.0A 7.10.1. */
export function createVp(caller: Partition, partition: bigint, index: number): number {
  const target = targetOf(caller, partition, { target: 'child or root', states: ['active'] })
  if (target.value === undefined) return target.status
  if (!(Number.isInteger(index) && index >= 0 && index <= maxVpIndex)) return HvStatus.InvalidVpIndex
  if (target.value.vps.has(index)) return OurStatus.vpExists
  const vp = new VirtualProcessor(target.value, index)
  if (!target.value.pool.take(vp, poolCost.vp)) return HvStatus.InsufficientMemory
  target.value.vps.set(index, vp)
  return HvStatus.Success
}

/** HvCallDeleteVp: its queued messages, timers and pages go with it. */
export function deleteVp(caller: Partition, partition: bigint, index: number): number {
  const target = targetOf(caller, partition, { target: 'child or root', states: ['active'] })
  if (target.value === undefined) return target.status
  const vp = vpOf(target.value, index)
  if (vp.value === undefined) return vp.status
  vp.value.remove()
  return HvStatus.Success
}

/** Whose registers a call means. `caller` is the VP that makes it: VP number SELF is that. */
export interface RegisterTarget {
  readonly caller: VirtualProcessor
  readonly partition: bigint
  readonly vp: number
  /** Level; default the one that a VP of the caller's own runs in, and 0 of a child's. */
  readonly vtl?: number
}

/** HvCallGetVpRegisters, one element. */
export function getVpRegister(target: RegisterTarget, name: number): Result<RegisterContents> {
  const found = registersOf(target)
  return found.value === undefined ? failed(found.status) : readRegister(found.value.vp, found.value.state, name)
}

/** HvCallSetVpRegisters, one element. Answers its HV_STATUS. */
export function setVpRegister(target: RegisterTarget, name: number, value: RegisterContents): number {
  const found = registersOf(target)
  if (found.value === undefined) return found.status
  const { vp, state } = found.value
  // Only a parent stops and starts a processor.
  const isSuspend =
    name === CommonRegister.HvRegisterExplicitSuspend || name === CommonRegister.HvRegisterInterceptSuspend
  if (isSuspend && vp.partition === target.caller.partition && !vp.partition.isRoot) return HvStatus.AccessDenied
  return writeRegister(vp, state, name, value)
}

function registersOf(target: RegisterTarget): Result<{ readonly vp: VirtualProcessor; readonly state: VtlState }> {
  const { caller } = target
  const partition = targetOf(caller.partition, target.partition, { target: 'self or child', states: ['active'] })
  if (partition.value === undefined) return partition
  const isSelf = partition.value === caller.partition
  // On ARM64 these calls are what MSRs are on x64: every guest may make them.
  const isOpen = caller.partition.machine.architecture === 'arm64' || caller.partition.has('accessVpRegisters')
  if (isSelf && !isOpen) return failed(HvStatus.AccessDenied)
  const found =
    isSelf && target.vp === WellKnownVp.Self ? vpOf(partition.value, caller.index) : vpOf(partition.value, target.vp)
  if (found.value === undefined) return found
  const vtl = target.vtl ?? (isSelf ? caller.vtl : 0)
  // A lower level must not reach into a higher one.
  if (isSelf && vtl > caller.vtl) return failed(HvStatus.AccessDenied)
  const state = found.value.level(vtl)
  return state === undefined
    ? failed(OurStatus.vtlNotEnabled)
    : { status: HvStatus.Success, value: { vp: found.value, state } }
}

/** HvCallGetVpIndexFromApicId, one element: APIC ids are VP numbers here. */
export function vpIndexFromApicId(caller: Partition, partition: bigint, apicId: number): Result<number> {
  const target = targetOf(caller, partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target
  return target.value.vps.has(apicId) ? { status: HvStatus.Success, value: apicId } : failed(HvStatus.InvalidParameter)
}

/** HvCallStartVirtualProcessor: a VP that has not run yet starts with these registers in a level. */
export function startVirtualProcessor(
  caller: Partition,
  partition: bigint,
  index: number,
  vtl: number,
  registers: ReadonlyMap<number, RegisterContents>,
): number {
  const target = targetOf(caller, partition, {
    target: 'self or child',
    privilege: 'startVirtualProcessor',
    states: ['active'],
  })
  if (target.value === undefined) return target.status
  const vp = vpOf(target.value, index)
  if (vp.value === undefined) return vp.status
  const state = vp.value.level(vtl)
  if (state === undefined) return OurStatus.vtlNotEnabled
  if (!vp.value.isExplicitlySuspended) return HvStatus.InvalidVpState
  for (const [name, value] of registers) {
    if (writeRegister(vp.value, state, name, value) !== HvStatus.Success) return HvStatus.InvalidRegisterValue
  }
  vp.value.vtl = vtl
  vp.value.isExplicitlySuspended = false
  return HvStatus.Success
}
