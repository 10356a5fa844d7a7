import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import type { Partition } from './partition.ts'
import { targetOf } from './target.ts'

/** What HvCallAttachDevice attaches. */
export interface AttachDevice {
  /** The partition that gets it. */
  readonly partition: bigint
  /** The physical device, 64 bits. */
  readonly device: bigint
  /** What the partition calls it; default the same. */
  readonly logicalId?: bigint
}

/** HvCallAttachDevice: a device belongs to a partition, which has a name of its own for it. Answers its HV_STATUS. */
export function attachDevice(caller: Partition, call: AttachDevice): number {
  const target = targetOf(caller, call.partition, {
    target: 'child or root',
    privilege: 'cpuManagement',
    states: ['active'],
  })
  if (target.value === undefined) return target.status
  const { logicalId = call.device } = call
  if (ownerOf(caller, call.device) !== undefined || target.value.devices.has(logicalId)) return OurStatus.deviceAttached
  target.value.devices.set(logicalId, call.device)
  return HvStatus.Success
}

/** HvCallDetachDevice: it leaves the partition, its device domain and the interrupt remapping table. */
export function detachDevice(caller: Partition, partition: bigint, logicalId: bigint): number {
  const target = targetOf(caller, partition, {
    target: 'child or root',
    privilege: 'cpuManagement',
    states: ['active'],
  })
  if (target.value === undefined) return target.status
  const owner = target.value
  const device = owner.devices.get(logicalId)
  if (device === undefined) return HvStatus.InvalidDeviceId
  owner.devices.delete(logicalId)
  for (const domain of owner.domains.values()) domain.devices.delete(device)
  owner.machine.interrupts.remove((entry) => entry.owner === owner && entry.device === device)
  return HvStatus.Success
}

/**
 * The physical device that a partition means by an id: what it calls so, else the device of that id if no partition has it. `undefined`
 * for a device of another partition.
 */
export function physicalDevice(partition: Partition, id: bigint): bigint | undefined {
  return partition.devices.get(id) ?? (ownerOf(partition, id) === undefined ? id : undefined)
}

/** The partition that a physical device is attached to. */
function ownerOf(anyone: Partition, device: bigint): Partition | undefined {
  for (const partition of anyone.machine.partitions.values()) {
    for (const attached of partition.devices.values()) if (attached === device) return partition
  }
  return undefined
}
