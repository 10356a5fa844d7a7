import { WellKnownPartition, WellKnownVp } from '../hypercall/ids.ts'
import type { PartitionPrivilege } from '../hypercall/privileges.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import type { Partition, PartitionState } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** Whom a call may name: a child of the caller; also the caller; a child, or the root itself. */
export type TargetRule = 'child' | 'self or child' | 'child or root'

/** What a call asks of caller and target. */
export interface TargetRules {
  /** Whom it may name. */
  readonly target: TargetRule
  /** What the caller needs. */
  readonly privilege?: PartitionPrivilege
  /** States of the target; default all. */
  readonly states?: readonly PartitionState[]
}

/**
 * The partition that a call names, or why the caller may not: privilege, then partition id, then partition state.
 * A caller that has been deleted may nothing.
 */
export function targetOf(caller: Partition, id: bigint, rules: TargetRules): Result<Partition> {
  const refused = refusal(caller, rules.privilege)
  if (refused !== HvStatus.Success) return failed(refused)
  const target = id === WellKnownPartition.Self ? caller : caller.machine.partitions.get(id)
  if (target === undefined) return failed(HvStatus.InvalidPartitionId)
  if (target === caller) {
    if (rules.target === 'child' || (rules.target === 'child or root' && !caller.isRoot)) {
      return failed(OurStatus.selfNotAllowed)
    }
  } else if (target.parent !== caller) {
    return failed(OurStatus.unrelatedPartition)
  }
  if (rules.states !== undefined && !rules.states.includes(target.state)) return failed(HvStatus.InvalidPartitionState)
  return done(target)
}

/** Whether a caller exists and has a privilege: 0, or the status. */
export function refusal(caller: Partition, privilege?: PartitionPrivilege): number {
  if (caller.state === 'deleted') return HvStatus.AccessDenied
  return privilege === undefined || caller.has(privilege) ? HvStatus.Success : HvStatus.AccessDenied
}

/** Which VP a call accesses memory as, and in which level. */
export interface VpAccess {
  /** The partition, or HV_PARTITION_ID_SELF. */
  readonly partition: bigint
  /** VP number; of the caller's own partition also HV_VP_INDEX_SELF. */
  readonly vp: number
  /** Default the one that a VP of the caller's own runs in, and 0 of a child's. */
  readonly vtl?: number
}

/** The VP that a call means, and the level, which is none above the caller's own. */
export function accessedVp(
  caller: VirtualProcessor,
  access: VpAccess,
  target: TargetRule = 'self or child',
): Result<{ readonly vp: VirtualProcessor; readonly state: VtlState }> {
  const partition = targetOf(caller.partition, access.partition, { target, states: ['active'] })
  if (partition.value === undefined) return partition
  const isSelf = partition.value === caller.partition
  const vp = vpNamed(caller, partition.value, access.vp)
  if (vp.value === undefined) return vp
  const vtl = access.vtl ?? (isSelf ? caller.vtl : 0)
  if (isSelf && vtl > caller.vtl) return failed(HvStatus.AccessDenied)
  const state = vp.value.level(vtl)
  return state === undefined ? failed(OurStatus.vtlNotEnabled) : done({ vp: vp.value, state })
}

/** The VP of a partition that a caller names; of its own partition also by HV_VP_INDEX_SELF. */
export function vpNamed(caller: VirtualProcessor, partition: Partition, index: number): Result<VirtualProcessor> {
  const isSelf = partition === caller.partition && index === WellKnownVp.Self
  return vpOf(partition, isSelf ? caller.index : index)
}

/** A VP of a partition. */
export function vpOf(partition: Partition, index: number): Result<VirtualProcessor> {
  const vp = partition.vps.get(index)
  return vp === undefined ? failed(HvStatus.InvalidVpIndex) : done(vp)
}
