import { maxVpIndex } from '../hypercall/ids.ts'
import { CommonRegister } from '../hypercall/registers/common.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus, poolCost } from './choices.ts'
import { isEarlyRegister, isUnidentified } from './early-registers.ts'
import { destinations } from './interrupts.ts'
import type { Partition } from './partition.ts'
import type { RegisterContents } from './register-contents.ts'
import { readRegister, writeRegister } from './registers.ts'
import { done, failed, type Result } from './result.ts'
import { accessedVp, targetOf, type VpAccess, vpNamed, vpOf } from './target.ts'
import { VirtualProcessor, type VtlState } from './virtual-processor.ts'
import { deniesLowerStart } from './vtl-protection.ts'

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
  /** The VP that makes the call. */
  readonly caller: VirtualProcessor
}

/** HvCallGetVpRegisters, one element. */
export function getVpRegister(target: RegisterTarget, name: number): Result<RegisterContents> {
  const found = registersOf(target, name, 'get')
  return found.value === undefined ? failed(found.status) : readRegister(found.value.vp, found.value.state, name)
}

/** HvCallSetVpRegisters, one element. Answers its HV_STATUS. */
export function setVpRegister(target: RegisterTarget, name: number, value: RegisterContents): number {
  const found = registersOf(target, name, 'set')
  if (found.value === undefined) return found.status
  const { vp, state } = found.value
  // Only a parent stops and starts a processor.
  const isSuspend =
    name === CommonRegister.HvRegisterExplicitSuspend || name === CommonRegister.HvRegisterInterceptSuspend
  if (isSuspend && vp.partition === target.caller.partition && !vp.partition.isRoot) return HvStatus.AccessDenied
  return writeRegister(vp, state, name, value)
}

function registersOf(
  target: RegisterTarget,
  name: number,
  access: 'get' | 'set',
): Result<{ readonly vp: VirtualProcessor; readonly state: VtlState }> {
  const { partition } = target.caller
  const found = targetOf(partition, target.partition, { target: 'self or child', states: ['active'] })
  if (found.value === undefined) return found
  // Of a child a parent may ask without the privilege. On ARM64, which has no MSRs, these calls are how any guest reaches its own
  // synthetic registers, and hypervisors let it: Linux has a BUG_ON behind them (arch/arm64/hyperv/hv_core.c).
  const needsPrivilege = found.value === partition && partition.machine.architecture === 'x64'
  if (needsPrivilege && !partition.has('accessVpRegisters')) return failed(HvStatus.AccessDenied)
  if (found.value === partition && isUnidentified(target.caller) && !isEarlyRegister(name, access)) {
    return failed(OurStatus.noGuestOsId)
  }
  return accessedVp(target.caller, target)
}

/** Affinity fields of MPIDR_EL1. Source: Arm ARM D24.2.114. */
const mpidrAffinity = 0xff_00ff_ffffn

/**
 * HvCallGetVpIndexFromApicId, one element: APIC ids, on ARM64 the affinity of MPIDR_EL1, are VP numbers here. A level above the caller's own
 * is ACCESS_DENIED (as OpenVMM answers), one that is not enabled INVALID_VTL_STATE. Source: TLFS, the call's statuses.
 */
export function vpIndexFromApicId(
  caller: VirtualProcessor,
  partition: bigint,
  vtl: number,
  hardwareId: bigint,
): Result<number> {
  const target = targetOf(caller.partition, partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target
  if (target.value === caller.partition && vtl > caller.vtl) return failed(HvStatus.AccessDenied)
  if (!target.value.levels.has(vtl)) return failed(OurStatus.vtlNotEnabled)
  const isArm64 = target.value.machine.architecture === 'arm64'
  const index = Number(isArm64 ? hardwareId & mpidrAffinity : hardwareId)
  return target.value.vps.has(index) ? done(index) : failed(HvStatus.InvalidParameter)
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

/**
 * HvCallStartVirtualProcessor: a VP that has not run yet starts with these registers in a level: of the caller's own partition none above the
 * caller's, nor where a level above forbids it. Source: TLFS 15.6.1 (DenyLowerVtlStartup), OpenVMM virt_mshv_vtl.
 */
export function startVirtualProcessor(
  caller: VirtualProcessor,
  partition: bigint,
  index: number,
  vtl: number,
  registers: ReadonlyMap<number, RegisterContents>,
): number {
  const target = targetOf(caller.partition, partition, {
    target: 'self or child',
    privilege: 'startVirtualProcessor',
    states: ['active'],
  })
  if (target.value === undefined) return target.status
  const vp = vpNamed(caller, target.value, index)
  if (vp.value === undefined) return vp.status
  const isSelf = target.value === caller.partition
  if (isSelf && vtl > caller.vtl) return HvStatus.AccessDenied
  const state = vp.value.level(vtl)
  if (state === undefined) return OurStatus.vtlNotEnabled
  if (isSelf && deniesLowerStart(target.value, caller.vtl)) return OurStatus.startDenied
  if (!vp.value.isExplicitlySuspended) return HvStatus.InvalidVpState
  for (const [name, value] of registers) {
    if (writeRegister(vp.value, state, name, value) !== HvStatus.Success) return HvStatus.InvalidRegisterValue
  }
  vp.value.vtl = vtl
  vp.value.isExplicitlySuspended = false
  return HvStatus.Success
}
