import { PartitionProperty } from '../hypercall/enums/partition.ts'
import { CpuGroupProperty } from '../hypercall/enums/vp.ts'
import { HvStatus } from '../hypercall/status.ts'
import { maxCpuGroups } from './choices.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { refusal } from './target.ts'

/** Logical processors that partitions share, and how much of them. This machine has one, number 0. */
export interface CpuGroup {
  /** Set properties, by code (`CpuGroupProperty`). */
  readonly properties: Map<number, bigint>
  /** Logical processors, one bit each. */
  affinity: bigint
}

const known: ReadonlySet<number> = /* @__PURE__ */ new Set(Object.values(CpuGroupProperty))

/**
 * HvCallCreateCpuGroup: answers its id. No source documents who may make these calls, nor their statuses; here the root, with the privilege
 * CpuManagement.
 */
export function createCpuGroup(caller: Partition): Result<bigint> {
  const refused = rootOnly(caller)
  if (refused !== HvStatus.Success) return failed(refused)
  const { cpuGroups } = caller.machine
  if (cpuGroups.size >= maxCpuGroups) return failed(HvStatus.NoResources)
  const id = caller.machine.newCpuGroupId()
  cpuGroups.set(id, { properties: new Map(), affinity: 1n })
  return done(id)
}

/** HvCallDeleteCpuGroup: no partition may be in it. */
export function deleteCpuGroup(caller: Partition, id: bigint): number {
  const group = groupOf(caller, id)
  if (group.value === undefined) return group.status
  if (membersOf(caller, id).length > 0) return HvStatus.InvalidCpuGroupState
  caller.machine.cpuGroups.delete(id)
  return HvStatus.Success
}

/** HvCallGetCpuGroupProperty: what was set, 0 at first. */
export function getCpuGroupProperty(caller: Partition, id: bigint, code: number): Result<bigint> {
  const group = groupOf(caller, id)
  if (group.value === undefined) return group
  return known.has(code) ? done(group.value.properties.get(code) ?? 0n) : failed(HvStatus.UnknownProperty)
}

/** HvCallSetCpuGroupProperty. Ranges are not documented. */
export function setCpuGroupProperty(caller: Partition, id: bigint, code: number, value: bigint): number {
  const group = groupOf(caller, id)
  if (group.value === undefined) return group.status
  if (!known.has(code)) return HvStatus.UnknownProperty
  group.value.properties.set(code, value)
  return HvStatus.Success
}

/** HvCallGetCpuGroupAffinity: logical processors, one bit each. */
export function getCpuGroupAffinity(caller: Partition, id: bigint): Result<bigint> {
  const group = groupOf(caller, id)
  return group.value === undefined ? group : done(group.value.affinity)
}

/** HvCallSetCpuGroupAffinity. */
export function setCpuGroupAffinity(caller: Partition, id: bigint, affinity: bigint): number {
  const group = groupOf(caller, id)
  if (group.value === undefined) return group.status
  if (affinity >> 1n !== 0n) return HvStatus.InvalidLpIndex
  group.value.affinity = affinity
  return HvStatus.Success
}

/** HvCallGetNextCpuGroup: in the order of creation; 0 starts and ends. */
export function getNextCpuGroup(caller: Partition, previous: bigint): Result<bigint> {
  const refused = rootOnly(caller)
  if (refused !== HvStatus.Success) return failed(refused)
  return nextOf([...caller.machine.cpuGroups.keys()], previous, HvStatus.InvalidCpuGroupId)
}

/** HvCallGetNextCpuGroupPartition: those whose property CpuGroupId names the group; 0 starts and ends. */
export function getNextCpuGroupPartition(caller: Partition, id: bigint, previous: bigint): Result<bigint> {
  const group = groupOf(caller, id)
  if (group.value === undefined) return group
  return nextOf(membersOf(caller, id), previous, HvStatus.InvalidPartitionId)
}

function nextOf(ids: readonly bigint[], previous: bigint, unknown: number): Result<bigint> {
  if (previous === 0n) return done(ids[0] ?? 0n)
  const at = ids.indexOf(previous)
  return at === -1 ? failed(unknown) : done(ids[at + 1] ?? 0n)
}

function membersOf(anyone: Partition, group: bigint): bigint[] {
  const partitions = [...anyone.machine.partitions.values()]
  return partitions.filter((one) => one.properties.get(PartitionProperty.CpuGroupId) === group).map(({ id }) => id)
}

function groupOf(caller: Partition, id: bigint): Result<CpuGroup> {
  const refused = rootOnly(caller)
  if (refused !== HvStatus.Success) return failed(refused)
  const group = caller.machine.cpuGroups.get(id)
  return group === undefined ? failed(HvStatus.InvalidCpuGroupId) : done(group)
}

function rootOnly(caller: Partition): number {
  return caller.isRoot ? refusal(caller, 'cpuManagement') : HvStatus.AccessDenied
}
