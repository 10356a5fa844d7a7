import { DeviceType, InterruptSource, InterruptType } from '../hypercall/enums/interrupts.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import type { DeviceInterrupt, DeviceInterruptId, DeviceInterruptTarget } from './device-interrupt.ts'
import { physicalDevice } from './devices.ts'
import { isVector, raise } from './interrupts.ts'
import { interruptFault } from './iommu-fault.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Interrupts of one MSI capability. Source: PCI 3.0, 6.8.1 (Multiple Message Capable). */
const maxVectorCount = 32

/** Who may map, unmap and raise: the root, which has the devices. */
const ofItsRoot = { target: 'child or root', privilege: 'cpuManagement', states: ['active'] } as const

/** What HvCallMapDeviceInterrupt maps. */
export interface MapDeviceInterrupt {
  /** The partition whose VPs get it. */
  readonly partition: bigint
  /** The device, as the partition calls it. */
  readonly device: bigint
  /** Fixed, lowest priority or NMI. */
  readonly type: number
  /** 1 … 32 interrupts, whose vectors follow one another. */
  readonly vectorCount: number
  /** Vector of the first, and the VPs. */
  readonly target: DeviceInterruptTarget
}

/**
 * HvCallMapDeviceInterrupt: lets interrupts of a device through to VPs of a partition. Answers what the device has to send for the first;
 * the data of the others counts up. Statuses are our choice: no source documents them.
 */
export function mapDeviceInterrupt(caller: Partition, call: MapDeviceInterrupt): Result<DeviceInterruptId> {
  const target = targetOf(caller, call.partition, ofItsRoot)
  if (target.value === undefined) return target
  const owner = target.value
  const device = physicalDevice(owner, call.device)
  if (device === undefined) return failed(HvStatus.InvalidDeviceId)
  const { type, vectorCount: count } = call
  const source = Number(device >> 62n) === DeviceType.Ioapic ? InterruptSource.IoApic : InterruptSource.Msi
  const isKnownType =
    type === InterruptType.Fixed || type === InterruptType.LowestPriority || type === InterruptType.Nmi
  const { vector } = call.target
  if (!isKnownType || !(count >= 1 && count <= maxVectorCount)) return failed(HvStatus.InvalidParameter)
  const { interrupts, architecture } = owner.machine
  if (!isVector(vector, architecture) || !isVector(vector + count - 1, architecture)) {
    return failed(HvStatus.InvalidParameter)
  }
  if (source !== InterruptSource.Msi && count > 1) return failed(HvStatus.InvalidParameter)
  const handle = interrupts.freeHandle()
  if (handle === undefined) return failed(HvStatus.NoResources)
  const id =
    architecture === 'x64'
      ? remappable(source, handle, count, vector)
      : { source, address: 0n, data: BigInt(handle) << 5n }
  interrupts.add(handle, { owner, device, id, type, count, target: call.target })
  return done(id)
}

/** HvCallUnmapDeviceInterrupt: none of the run gets through any more. */
export function unmapDeviceInterrupt(
  caller: Partition,
  partition: bigint,
  device: bigint,
  id: DeviceInterruptId,
): number {
  const found = mapped(targetOf(caller, partition, ofItsRoot), device, id)
  if (found.value === undefined) return found.status
  found.value.owner.machine.interrupts.remove((entry) => entry === found.value)
  return HvStatus.Success
}

/**
 * HvCallRetargetDeviceInterrupt: an interrupt goes to other VPs of the partition, or comes as another vector. A guest makes it for devices of
 * its own, and a stock Linux guest has no privilege for it, though TLFS 6.0b asks for one. Source: TLFS 10.5.4, Linux pci-hyperv.c.
 */
export function retargetDeviceInterrupt(
  caller: Partition,
  partition: bigint,
  device: bigint,
  id: DeviceInterruptId,
  to: DeviceInterruptTarget,
): number {
  const found = mapped(targetOf(caller, partition, { target: 'self or child', states: ['active'] }), device, id)
  if (found.value === undefined) return found.status
  const { architecture } = caller.machine
  const last = to.vector + found.value.count - 1
  if (!isVector(to.vector, architecture) || !isVector(last, architecture)) return HvStatus.InvalidParameter
  if (to.vps?.length === 0) return HvStatus.InvalidParameter
  found.value.target = to
  return HvStatus.Success
}

/** HvCallAssertDeviceInterrupt: the root raises an interrupt as its device would. */
export function assertDeviceInterrupt(
  caller: Partition,
  partition: bigint,
  device: bigint,
  id: DeviceInterruptId,
): number {
  const found = mapped(targetOf(caller, partition, ofItsRoot), device, id)
  if (found.value === undefined) return found.status
  return deviceInterrupt(caller, found.value.device, id).outcome === 'done' ? HvStatus.Success : HvStatus.InvalidVpIndex
}

/** What became of a device's interrupt. `stopped`: no VP got it, and the root has a fault message. */
export type DeviceInterruptOutcome =
  | { readonly outcome: 'done'; readonly vps: readonly VirtualProcessor[] }
  | { readonly outcome: 'stopped' }

/** A physical device raises an interrupt: `id` as it was mapped, of further ones of a run with higher data. */
export function deviceInterrupt(root: Partition, device: bigint, id: DeviceInterruptId): DeviceInterruptOutcome {
  const found = root.machine.interrupts.find(device, id)
  const vps = found === undefined ? [] : receivers(found.entry.owner, found.entry.target)
  if (found === undefined || vps.length === 0) {
    interruptFault(root, device)
    return { outcome: 'stopped' }
  }
  raise(vps, found.entry.type, found.entry.target.vector + found.nth)
  return { outcome: 'done', vps }
}

/** An MSI of a physical device. */
export function deviceMsi(root: Partition, device: bigint, address: bigint, data: number): DeviceInterruptOutcome {
  return deviceInterrupt(root, device, { source: InterruptSource.Msi, address, data: BigInt(data >>> 0) })
}

/** The VPs that an interrupt reaches: all of a multicast, else the first of the set that is there. */
function receivers(owner: Partition, { vps, isMulticast }: DeviceInterruptTarget): VirtualProcessor[] {
  if (owner.state !== 'active') return []
  const there = vps === undefined ? owner.processors() : vps.flatMap((index) => owner.vps.get(index) ?? [])
  return isMulticast ? there : there.slice(0, 1)
}

/** The interrupt of that id, which must be one of the partition's own. */
function mapped(
  { value: owner, status }: Result<Partition>,
  id: bigint,
  interrupt: DeviceInterruptId,
): Result<DeviceInterrupt> {
  if (owner === undefined) return failed(status)
  const device = physicalDevice(owner, id)
  const { interrupts } = owner.machine
  if (device === undefined || !interrupts.has(owner, device)) return failed(HvStatus.InvalidDeviceId)
  const found = interrupts.find(device, interrupt)
  // Only the first of a run stands for it.
  const isOwn = found !== undefined && found.entry.owner === owner && found.nth === 0
  return isOwn ? done(found.entry) : failed(OurStatus.unknownInterrupt)
}

/**
 * What a device has to send to have its entry found: the remappable format, which says the handle of an entry instead of vector and
 * processor. Source: Intel VT-d 5.1.2.2 (MSI), 5.1.2.1 (I/O APIC).
 */
function remappable(source: number, handle: number, count: number, vector: number): DeviceInterruptId {
  const [low, high] = [handle & 0x7fff, handle >>> 15]
  if (source === InterruptSource.Msi) {
    const subhandleValid = count > 1 ? 8 : 0
    return { source, address: BigInt((0xfee0_0010 | (low << 5) | subhandleValid | (high << 2)) >>> 0), data: 0n }
  }
  const format = 1n << 48n
  return { source, address: 0n, data: (BigInt(low) << 49n) | format | (BigInt(high) << 11n) | BigInt(vector) }
}
