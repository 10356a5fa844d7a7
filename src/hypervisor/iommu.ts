import { IommuFaultType } from '../hypercall/enums/messages.ts'
import { HvStatus } from '../hypercall/status.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { OurStatus, poolCost } from './choices.ts'
import { DeviceDomain, type DeviceDomainKey, domainKey } from './device-domain.ts'
import { deviceMsi } from './device-interrupts.ts'
import { physicalDevice } from './devices.ts'
import { pageOf } from './gpa-space.ts'
import { AccessKind } from './intercepts.ts'
import { interruptFault, iommuFault } from './iommu-fault.ts'
import { allows, PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'

/** Which domain a call means: of the caller's own partition or a child. */
export interface DomainTarget {
  /** The partition that owns it. */
  readonly partition: bigint
  /** Which of its domains. */
  readonly domain: DeviceDomainKey
}

/** HvCallCreateDeviceDomain. Answers its HV_STATUS. No source documents the statuses of these calls. */
export function createDeviceDomain(caller: Partition, call: DomainTarget): number {
  const owner = ownerOf(caller, call)
  if (owner.value === undefined) return owner.status
  const key = domainKey(call.domain)
  if (owner.value.domains.has(key)) return OurStatus.domainInUse
  const domain = new DeviceDomain(owner.value, call.domain)
  if (!owner.value.pool.take(domain, poolCost.deviceDomain)) return HvStatus.InsufficientMemory
  owner.value.domains.set(key, domain)
  return HvStatus.Success
}

/** HvCallDeleteDeviceDomain: no device may be in it. */
export function deleteDeviceDomain(caller: Partition, call: DomainTarget): number {
  const domain = domainOf(caller, call)
  if (domain.value === undefined) return domain.status
  if (domain.value.devices.size > 0) return OurStatus.domainInUse
  domain.value.owner.domains.delete(domainKey(domain.value.id))
  domain.value.owner.pool.free(domain.value)
  return HvStatus.Success
}

/** HvCallAttachDeviceDomain: a device, by the 64-bit id that the partition has for it, is in one domain at most. */
export function attachDeviceDomain(caller: Partition, call: DomainTarget, id: bigint): number {
  const domain = domainOf(caller, call)
  if (domain.value === undefined) return domain.status
  const device = physicalDevice(domain.value.owner, id)
  if (device === undefined) return HvStatus.InvalidDeviceId
  if (domainOfDevice(caller, device) !== undefined) return HvStatus.DeviceAlreadyInDomain
  domain.value.devices.add(device)
  return HvStatus.Success
}

/** HvCallDetachDeviceDomain. */
export function detachDeviceDomain(caller: Partition, partition: bigint, id: bigint): number {
  const target = targetOf(caller, partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target.status
  const device = physicalDevice(target.value, id)
  if (device === undefined) return HvStatus.InvalidDeviceId
  const domain = [...target.value.domains.values()].find(({ devices }) => devices.has(device))
  if (domain === undefined) return OurStatus.deviceNotAttached
  domain.devices.delete(device)
  return HvStatus.Success
}

/** HvCallMapDeviceGpaPages and its sparse form, one element: a guest page of the domain's partition appears to its devices. */
export function mapDevicePage(
  caller: Partition,
  call: DomainTarget,
  page: { readonly devicePage: number; readonly guestPage: number; readonly flags: number },
): number {
  const domain = domainOf(caller, call)
  if (domain.value === undefined) return domain.status
  const access = page.flags & (PageAccess.read | PageAccess.write)
  if (access === 0 || !isDevicePage(page.devicePage)) return HvStatus.InvalidParameter
  const granted = domain.value.owner.space.mappedAccess(page.guestPage)
  if (granted === 0 || (access & ~granted) !== 0) return OurStatus.sourceNotMapped
  domain.value.map(page.devicePage, page.guestPage, access)
  return HvStatus.Success
}

/** HvCallUnmapDeviceGpaPages and its sparse form, one page; none need be mapped. */
export function unmapDevicePage(caller: Partition, call: DomainTarget, devicePage: number): number {
  const domain = domainOf(caller, call)
  if (domain.value === undefined) return domain.status
  domain.value.unmap(devicePage)
  return HvStatus.Success
}

/** What became of a device's access. `stopped`: nothing was read or written, the root has a fault message; `address` is the first bad one. */
export type DmaOutcome = { readonly outcome: 'done' } | { readonly outcome: 'stopped'; readonly address: number }

/** A device reads memory into `bytes`, at a device address. */
export function dmaRead(root: Partition, device: bigint, address: number, bytes: Uint8Array): DmaOutcome {
  return dma(root, device, address, bytes, PageAccess.read)
}

/**
 * A device writes `bytes` to memory, at a device address. On x64 a write to 0xFEE0_0000 … 0xFEEF_FFFF is an interrupt, whatever is mapped
 * there: its data is the word written. Source: Intel VT-d 3.14.
 */
export function dmaWrite(root: Partition, device: bigint, address: number, bytes: Uint8Array): DmaOutcome {
  if (root.machine.architecture === 'x64' && Math.floor(address / 0x10_0000) === 0xfee) {
    const data =
      bytes.length === 4 && address % 4 === 0
        ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
        : undefined
    if (data === undefined) interruptFault(root, device)
    else if (deviceMsi(root, device, BigInt(address), data).outcome === 'done') return { outcome: 'done' }
    return { outcome: 'stopped', address }
  }
  return dma(root, device, address, bytes, PageAccess.write)
}

function dma(root: Partition, device: bigint, address: number, bytes: Uint8Array, access: number): DmaOutcome {
  const domain = domainOfDevice(root, device)
  const kind = access === PageAccess.read ? AccessKind.read : AccessKind.write
  const stop = (type: number, at: number): DmaOutcome => {
    iommuFault(root, device, type, kind, at)
    return { outcome: 'stopped', address: at }
  }
  if (domain === undefined) return stop(IommuFaultType.TranslationBlocked, address)
  if (!Number.isSafeInteger(address) || address < 0 || address > Number.MAX_SAFE_INTEGER - bytes.length) {
    return stop(IommuFaultType.AddressSizeFault, address)
  }
  // All of it is checked before any of it is done.
  const pieces: { readonly machineAddress: number; readonly count: number }[] = []
  for (let at = address; at < address + bytes.length; ) {
    const mapping = domain.lookup(pageOf(at))
    const machinePage = mapping && domain.owner.space.machinePage(mapping.guestPage)
    if (mapping === undefined || machinePage === undefined) return stop(IommuFaultType.TranslationFault, at)
    // A device may no more than VTL 0 of its partition. Source: TLFS 15.15 (DMA and devices).
    const { space, protections } = domain.owner
    const ofPartition = space.mappedAccess(mapping.guestPage) & protections.allowed(0, mapping.guestPage)
    const granted = mapping.access & ofPartition
    if (!allows(granted, access)) return stop(IommuFaultType.PermissionFault, at)
    const count = Math.min(PAGE_SIZE - (at % PAGE_SIZE), address + bytes.length - at)
    pieces.push({ machineAddress: machinePage * PAGE_SIZE + (at % PAGE_SIZE), count })
    at += count
  }
  let done = 0
  for (const { machineAddress, count } of pieces) {
    if (access === PageAccess.read) root.machine.memory.read(machineAddress, bytes, done, count)
    else root.machine.memory.write(machineAddress, bytes, done, count)
    done += count
  }
  return { outcome: 'done' }
}

/** The domain that a device is in, whoever owns it. */
function domainOfDevice(anyone: Partition, device: bigint): DeviceDomain | undefined {
  for (const partition of anyone.machine.partitions.values()) {
    for (const domain of partition.domains.values()) if (domain.devices.has(device)) return domain
  }
  return undefined
}

function ownerOf(caller: Partition, call: DomainTarget): Result<Partition> {
  return targetOf(caller, call.partition, { target: 'self or child', states: ['active'] })
}

function domainOf(caller: Partition, call: DomainTarget): Result<DeviceDomain> {
  const owner = ownerOf(caller, call)
  if (owner.value === undefined) return owner
  const domain = owner.value.domains.get(domainKey(call.domain))
  return domain === undefined ? failed(OurStatus.unknownDomain) : done(domain)
}

function isDevicePage(page: number): boolean {
  return Number.isInteger(page) && page >= 0 && page < 2 ** 40
}
