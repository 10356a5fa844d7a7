import { VtlEntryReason } from '../hypercall/enums/vp.ts'
import { maxVtl } from '../hypercall/input-vtl.ts'
import { X64Register } from '../hypercall/registers/x64.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import { enterForInterrupt, enterVtl, vtlControl } from './enter-vtl.ts'
import type { Partition } from './partition.ts'
import { type RegisterContents, register64 } from './register-contents.ts'
import { writeRegister } from './registers.ts'
import { failed, type Result } from './result.ts'
import { targetOf, vpNamed } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** What a level is enabled with, beside its number. This model has none of it. */
export interface VtlFeatures {
  /** Mode-based execute control. */
  readonly enableMbec: boolean
  /** Protection of supervisor shadow stacks. */
  readonly enableSupervisorShadowStack: boolean
  /** Translations by the hypervisor's own tables. */
  readonly enableHardwareHvpt: boolean
}

/**
 * HvCallEnablePartitionVtl: a level for a partition, which each VP enables then. Its parent may enable any; the partition itself, which needs
 * the privileges of VSM, a level below the caller's, or one above of which the caller's is the highest enabled below it.
 * Source: TLFS 15.3, 15.5.1.
 */
export function enablePartitionVtl(
  caller: VirtualProcessor,
  partition: bigint,
  vtl: number,
  features?: VtlFeatures,
): number {
  const target = targetOf(caller.partition, partition, {
    target: 'self or child',
    privilege: 'accessVsm',
    states: ['active'],
  })
  if (target.value === undefined) return target.status
  const isSelf = target.value === caller.partition
  if (isSelf && !usesVsm(caller.partition)) return HvStatus.AccessDenied
  if (!(vtl >= 1 && vtl <= maxVtl)) return HvStatus.InvalidParameter
  if (features !== undefined && Object.values(features).includes(true)) return OurStatus.vtlFeature
  if (isSelf && vtl > caller.vtl && !isHighestBelow(vtl, caller)) return OurStatus.vtlNotYours
  if (target.value.levels.has(vtl)) return HvStatus.VtlAlreadyEnabled
  target.value.addLevel(vtl)
  return HvStatus.Success
}

/** Whether a partition may use VSM at all. Source: TLFS 15.3. */
function usesVsm(partition: Partition): boolean {
  return partition.has('accessVsm') && partition.has('accessVpRegisters') && partition.has('accessSynicRegs')
}

/** Whether a caller runs in the highest level of its partition that is enabled below another. */
function isHighestBelow(vtl: number, { vtl: own, partition }: VirtualProcessor): boolean {
  return partition.enabledVtls % 2 ** vtl < 2 ** (own + 1)
}

/**
 * HvCallEnableVpVtl: a level for a VP, which enters it first with these registers. Of the caller's own partition the highest level below may
 * do it as long as no VP has it; then only those that are not below it. Source: TLFS 15.5.2.
 */
export function enableVpVtl(
  caller: VirtualProcessor,
  partition: bigint,
  index: number,
  vtl: number,
  context: ReadonlyMap<number, RegisterContents> = new Map(),
): number {
  const target = targetOf(caller.partition, partition, {
    target: 'self or child',
    privilege: 'accessVsm',
    states: ['active'],
  })
  if (target.value === undefined) return target.status
  const isSelf = target.value === caller.partition
  if (isSelf && !usesVsm(caller.partition)) return HvStatus.AccessDenied
  const found = vpNamed(caller, target.value, index)
  if (found.value === undefined) return found.status
  if (!(vtl >= 1 && vtl <= maxVtl)) return HvStatus.InvalidParameter
  if (!target.value.levels.has(vtl)) return OurStatus.vtlNotEnabled
  if (isSelf && vtl > caller.vtl) {
    const isHad = [...target.value.vps.values()].some((vp) => vp.level(vtl) !== undefined)
    if (isHad || !isHighestBelow(vtl, caller)) return OurStatus.vtlNotYours
  }
  if (found.value.level(vtl) !== undefined) return HvStatus.VtlAlreadyEnabled
  const state = found.value.addVtl(vtl)
  for (const [name, value] of context) {
    if (writeRegister(found.value, state, name, value) === HvStatus.Success) continue
    found.value.removeVtl(vtl)
    return HvStatus.InvalidRegisterValue
  }
  return HvStatus.Success
}

/**
 * HvCallDisableVpVtl: a VP is without a level again; with `scrubOnly` it keeps it, as it was when it was enabled, but for its registers.
 * The privilege is our choice: that of enabling.
 */
export function disableVpVtl(
  caller: VirtualProcessor,
  partition: bigint,
  index: number,
  vtl: number,
  scrubOnly = false,
): number {
  const target = disabling(caller, partition, vtl)
  if (target.value === undefined) return target.status
  const found = vpNamed(caller, target.value, index)
  if (found.value === undefined) return found.status
  const vp = found.value
  if (vp.level(vtl) === undefined) return OurStatus.vtlNotEnabled
  if (vp.vtl === vtl) return OurStatus.vtlRuns
  vp.removeVtl(vtl)
  if (scrubOnly) vp.addVtl(vtl)
  return HvStatus.Success
}

/** HvCallDisablePartitionVtl: a partition is without a level that no VP has; with `scrubOnly` only without its protections. */
export function disablePartitionVtl(
  caller: VirtualProcessor,
  partition: bigint,
  vtl: number,
  scrubOnly = false,
): number {
  const target = disabling(caller, partition, vtl)
  if (target.value === undefined) return target.status
  const { vps, enabledVtls, protections } = target.value
  if (scrubOnly) {
    protections.disable(vtl)
    const level = target.value.levels.get(vtl)
    if (level !== undefined) level.vsmConfig = 0n
    return HvStatus.Success
  }
  const isHad = [...vps.values()].some((vp) => vp.level(vtl) !== undefined)
  if (isHad || enabledVtls >> (vtl + 1) !== 0) return OurStatus.vtlInUse
  target.value.removeLevel(vtl)
  return HvStatus.Success
}

/** Whose level is disabled: no lower level takes a higher one away. */
function disabling(caller: VirtualProcessor, partition: bigint, vtl: number): Result<Partition> {
  const target = targetOf(caller.partition, partition, {
    target: 'self or child',
    privilege: 'accessVsm',
    states: ['active'],
  })
  if (target.value === undefined) return target
  if (!(vtl >= 1 && vtl <= maxVtl)) return failed(HvStatus.InvalidParameter)
  if (target.value === caller.partition && vtl > caller.vtl) return failed(HvStatus.AccessDenied)
  if (!target.value.levels.has(vtl)) return failed(OurStatus.vtlNotEnabled)
  return target
}

/**
 * HvCallVtlCall: a VP enters the next higher level. Answers false where the guest gets #UD instead: a control word that is not 0, no such
 * level. Source: TLFS 15.6.
 */
export function vtlCall(vp: VirtualProcessor, control = 0n): boolean {
  if (!vp.isRunning || control !== 0n) return false
  const above = [...vp.vtls.keys()].filter((vtl) => vtl > vp.vtl)
  if (above.length === 0) return false
  const next = Math.min(...above)
  enterVtl(vp, next, VtlEntryReason.VtlCall)
  return true
}

/**
 * HvCallVtlReturn: a VP returns to the level below. Bit 0 of the control word: fast, RAX and RCX stay as they are. Answers false where
 * the guest gets #UD: from VTL 0, or with other bits.
 */
export function vtlReturn(vp: VirtualProcessor, control = 0n): boolean {
  if (!vp.isRunning || vp.vtl === 0 || control >> 1n !== 0n) return false
  const page = vp.current.assistPage.place()
  if (control === 0n && page !== undefined) {
    const saved = new Uint8Array(16)
    page.memory.read(page.base + vtlControl.rax, saved, 0, 16)
    const view = new DataView(saved.buffer)
    vp.registers.set(X64Register.HvX64RegisterRax, register64(view.getBigUint64(0, true)))
    vp.registers.set(X64Register.HvX64RegisterRcx, register64(view.getBigUint64(8, true)))
  }
  vp.vtl = Math.max(...[...vp.vtls.keys()].filter((vtl) => vtl < vp.vtl))
  if (vp.controller.isPending) vp.partition.machine.noteInterrupt(vp)
  // Whatever the level that was left has not taken brings it back at once.
  enterForInterrupt(vp)
  return true
}
