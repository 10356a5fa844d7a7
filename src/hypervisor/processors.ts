import { maxVpIndex } from '../hypercall/ids.ts'
import { CommonRegister } from '../hypercall/registers/common.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus, poolCost } from './choices.ts'
import { destinations } from './interrupts.ts'
import type { Partition } from './partition.ts'
import type { RegisterContents } from './register-contents.ts'
import { readRegister, writeRegister } from './registers.ts'
import { done, failed, type Result } from './result.ts'
import { accessedVp, targetOf, type VpAccess, vpOf } from './target.ts'
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
export interface RegisterTarget extends VpAccess {
  readonly caller: VirtualProcessor
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
  const { partition } = target.caller
  const found = targetOf(partition, target.partition, { target: 'self or child', states: ['active'] })
  if (found.value === undefined) return found
  // Of a child a parent may ask without the privilege. On ARM64, which has no MSRs, these calls are how any guest reaches its own
  // synthetic registers, and hypervisors let it: Linux has a BUG_ON behind them (arch/arm64/hyperv/hv_core.c).
  const needsPrivilege = found.value === partition && partition.machine.architecture === 'x64'
  if (needsPrivilege && !partition.has('accessVpRegisters')) return failed(HvStatus.AccessDenied)
  return accessedVp(target.caller, target)
}

/** HvCallGetVpIndexFromApicId, one element: APIC ids are VP numbers here. */
export function vpIndexFromApicId(caller: Partition, partition: bigint, apicId: number): Result<number> {
  const target = targetOf(caller, partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target
  return target.value.vps.has(apicId) ? { status: HvStatus.Success, value: apicId } : failed(HvStatus.InvalidParameter)
}

/** HvCallGetVpSetFromMda: the VPs that an interrupt destination means, by number. */
export function vpsFromMda(
  caller: Partition,
  partition: bigint,
  destination: bigint,
  isLogical: boolean,
): Result<readonly number[]> {
  const target = targetOf(caller, partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target
  return done(destinations(target.value, destination, isLogical).map(({ index }) => index))
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
