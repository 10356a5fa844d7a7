import { WellKnownPartition } from '../hypercall/ids.ts'
import type { PartitionPrivilege } from '../hypercall/privileges.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import type { Partition, PartitionState } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Whom a call may name: a child of the caller; also the caller; a child, or the root itself. */
export type TargetRule = 'child' | 'self or child' | 'child or root'

/** What a call asks of caller and target. */
export interface TargetRules {
  readonly target: TargetRule
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

/** A VP of a partition. */
export function vpOf(partition: Partition, index: number): Result<VirtualProcessor> {
  const vp = partition.vps.get(index)
  return vp === undefined ? failed(HvStatus.InvalidVpIndex) : done(vp)
}
