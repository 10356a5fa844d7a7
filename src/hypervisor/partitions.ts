import { HvStatus } from '../hypercall/status.ts'
import { maxPartitionDepth, poolCost } from './choices.ts'
import { Partition } from './partition.ts'
import { removeConnection, removePort } from './ports.ts'
import { done, failed, type Result } from './result.ts'
import { refusal, targetOf } from './target.ts'

/** HvCallCreatePartition: a child of the caller, uninitialized, with an empty pool. Answers its id. Source: TLFS 5.3.1, 2.0A 5.9.1. */
export function createPartition(caller: Partition, flags = 0n): Result<bigint> {
  const refused = refusal(caller, 'createPartitions')
  if (refused !== HvStatus.Success) return failed(refused)
  if (flags !== 0n) return failed(HvStatus.InvalidParameter)
  if (caller.depth + 1 >= maxPartitionDepth) return failed(HvStatus.PartitionTooDeep)
  if (caller.pool.available < poolCost.partition) return failed(HvStatus.InsufficientMemory)
  const partition = new Partition(caller.machine, caller)
  caller.pool.take(partition, poolCost.partition)
  return done(partition.id)
}

/** HvCallInitializePartition: uninitialized → active. Answers its HV_STATUS. */
export function initializePartition(caller: Partition, id: bigint): number {
  const target = targetOf(caller, id, { target: 'child', states: ['uninitialized'] })
  if (target.value === undefined) return target.status
  if (!target.value.pool.take(target.value, poolCost.initialize)) return HvStatus.InsufficientMemory
  target.value.state = 'active'
  return HvStatus.Success
}

/**
 * HvCallFinalizePartition: active → finalized. VPs, ports, connections, mappings and device domains go, and their pages are free in the
 * pool. It ends in one call here; the state between, in which the caller is to repeat it, is passed through.
 */
export function finalizePartition(caller: Partition, id: bigint): number {
  const target = targetOf(caller, id, { target: 'child', states: ['active', 'finalizing'] })
  if (target.value === undefined) return target.status
  const partition = target.value
  if (partition.children.size > 0) return HvStatus.OperationDenied
  partition.state = 'finalizing'
  tearDown(partition)
  partition.state = 'finalized'
  return HvStatus.Success
}

/** HvCallDeletePartition: finalized, or never initialized, with a drained pool. */
export function deletePartition(caller: Partition, id: bigint): number {
  const target = targetOf(caller, id, { target: 'child', states: ['finalized', 'uninitialized'] })
  if (target.value === undefined) return target.status
  const partition = target.value
  if (partition.pool.available + partition.pool.inUse > 0) return HvStatus.OperationDenied
  tearDown(partition)
  partition.state = 'deleted'
  partition.machine.partitions.delete(partition.id)
  caller.children.delete(partition)
  caller.pool.free(partition)
  return HvStatus.Success
}

/**
 * HvCallRestorePartitionTime: reference time of a partition that was restored, and the sequence that its reference TSC page had. Our choice:
 * no VP may be running, since time would jump under it.
 */
export function restorePartitionTime(
  caller: Partition,
  id: bigint,
  tscSequence: number,
  referenceTime: bigint,
): number {
  const target = targetOf(caller, id, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  if ([...target.value.vps.values()].some((vp) => !vp.isExplicitlySuspended)) return HvStatus.InvalidVpState
  for (const { referenceTsc } of target.value.levels.values()) referenceTsc.continueFrom(tscSequence)
  target.value.clock.set(referenceTime)
  return HvStatus.Success
}

/** HvCallRestorePartitionState: nothing was saved that could be restored. */
export function restorePartitionState(caller: Partition, id: bigint): number {
  const target = targetOf(caller, id, { target: 'child', privilege: 'createPartitions', states: ['active'] })
  return target.value === undefined ? target.status : HvStatus.InvalidSaveRestoreState
}

/** HvCallGetPartitionId. */
export function getPartitionId(caller: Partition): Result<bigint> {
  const refused = refusal(caller, 'accessPartitionId')
  return refused === HvStatus.Success ? done(caller.id) : failed(refused)
}

/** HvCallGetNextChildPartition: in the order of creation; 0 starts and ends. */
export function getNextChildPartition(caller: Partition, parent: bigint, previous: bigint): Result<bigint> {
  const target = targetOf(caller, parent, { target: 'self or child' })
  if (target.value === undefined) return target
  const ids = [...target.value.children].map(({ id }) => id)
  if (previous === 0n) return done(ids[0] ?? 0n)
  const at = ids.indexOf(previous)
  return at === -1 ? failed(HvStatus.InvalidPartitionId) : done(ids[at + 1] ?? 0n)
}

function tearDown(partition: Partition): void {
  for (const connection of [...partition.connections.values()]) removeConnection(connection)
  for (const port of [...partition.ports.values()]) removePort(port)
  for (const vp of [...partition.vps.values()]) vp.remove()
  for (const domain of partition.domains.values()) partition.pool.free(domain)
  partition.domains.clear()
  partition.devices.clear()
  partition.machine.interrupts.remove(({ owner }) => owner === partition)
  partition.intercepts.clear()
  for (const vtl of [...partition.levels.keys()]) if (vtl > 0) partition.removeLevel(vtl)
  partition.vtl0.clear()
  partition.statistics.clear()
  partition.space.clear()
  partition.pool.free(partition)
}
