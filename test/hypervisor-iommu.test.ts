import { describe, expect, it } from 'vitest'
import { IommuFaultType, MessageType } from '../src/hypercall/enums/messages.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { IommuFaultMessagePayload } from '../src/hypercall/messages.ts'
import {
  attachDeviceDomain,
  createDeviceDomain,
  deleteDeviceDomain,
  detachDeviceDomain,
  dmaRead,
  dmaWrite,
  finalizePartition,
  interruptFault,
  mapDevicePage,
  PageAccess,
  unmapDevicePage,
  unmapGpaPage,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, machine, ok, takeMessage } from './hypervisor-rig.ts'

const disk = 0x4000_0000_0000_0018n
const other = 0x4000_0000_0000_0020n
const read = MapGpaFlags.readable
const write = MapGpaFlags.readable | MapGpaFlags.writable

function rig() {
  const made = machine()
  const { root, rootVp } = made
  const partition = child(root)
  enableSynic(rootVp, { simp: 100, siefp: 101, sints: { 0: 0x50n } })
  const domain = { partition: partition.id, domain: { type: 0, id: 1 } }
  expect(createDeviceDomain(root, domain)).toBe(ok)
  expect(attachDeviceDomain(root, domain, disk)).toBe(ok)
  // Device pages 0x100 and 0x101 are guest pages 5 and 2: machine pages 21 and 18.
  expect(mapDevicePage(root, domain, { devicePage: 0x100, guestPage: 5, flags: write })).toBe(ok)
  expect(mapDevicePage(root, domain, { devicePage: 0x101, guestPage: 2, flags: read })).toBe(ok)
  const fault = () => {
    const { type, sender, payload } = takeMessage(rootVp, 0, 100)
    if (type === 0) return undefined
    expect([type, sender]).toEqual([MessageType.IommuFault, root.id])
    return IommuFaultMessagePayload.decode(Uint8Array.from(payload))
  }
  return { ...made, partition, domain, fault }
}

describe('DMA', () => {
  it('reaches the pages that were mapped, wherever they are', () => {
    const { root, memory, fault } = rig()
    expect(dmaWrite(root, disk, 0x10_0ffc, Uint8Array.of(1, 2, 3, 4))).toEqual({ outcome: 'done' })
    expect(memory.load32(21 * PAGE_SIZE + 0xffc)).toBe(0x0403_0201)
    memory.store32(18 * PAGE_SIZE, 0x0807_0605)
    const bytes = new Uint8Array(8)
    expect(dmaRead(root, disk, 0x10_0ffc, bytes)).toEqual({ outcome: 'done' })
    expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(fault()).toBeUndefined()
  })

  it('may no more than VTL 0: what a higher level protects is out of reach', () => {
    const { root, partition, memory, fault } = rig()
    partition.addLevel(1)
    partition.protections.enable(1, PageAccess.all)
    partition.protections.protect(1, 5, PageAccess.read)
    const bytes = new Uint8Array(4)
    expect(dmaRead(root, disk, 0x10_0000, bytes)).toEqual({ outcome: 'done' })
    expect(dmaWrite(root, disk, 0x10_0000, Uint8Array.of(1))).toEqual({ outcome: 'stopped', address: 0x10_0000 })
    expect(fault()).toMatchObject({ type: IommuFaultType.PermissionFault, faultAddress: 0x10_0000n })
    expect(memory.load32(21 * PAGE_SIZE)).toBe(0)
    partition.protections.protect(1, 2, 0)
    expect(dmaRead(root, disk, 0x10_1000, bytes)).toEqual({ outcome: 'stopped', address: 0x10_1000 })
  })

  it('a stray access is stopped before a byte moves, and the root has a message: device, address, what it was', () => {
    const { root, memory, fault } = rig()
    const before = memory.load32(21 * PAGE_SIZE + 0xffc)
    // The second half would go to a page that may only be read.
    expect(dmaWrite(root, disk, 0x10_0ffc, new Uint8Array(8).fill(9))).toEqual({
      outcome: 'stopped',
      address: 0x10_1000,
    })
    expect(memory.load32(21 * PAGE_SIZE + 0xffc)).toBe(before)
    expect(fault()).toEqual({
      type: IommuFaultType.PermissionFault,
      accessType: 1,
      flags: { faultAddressValid: true, deviceIdValid: true },
      logicalDeviceId: disk,
      faultAddress: 0x10_1000n,
    })
    expect(dmaRead(root, disk, 0x10_2000, new Uint8Array(1))).toEqual({ outcome: 'stopped', address: 0x10_2000 })
    expect(fault()).toMatchObject({ type: IommuFaultType.TranslationFault, accessType: 0, faultAddress: 0x10_2000n })
  })

  it('of a device in no domain is blocked; so are addresses beyond all', () => {
    const { root, fault } = rig()
    expect(dmaRead(root, other, 0, new Uint8Array(1)).outcome).toBe('stopped')
    expect(fault()).toMatchObject({ type: IommuFaultType.TranslationBlocked, logicalDeviceId: other })
    for (const address of [-1, 2 ** 53, Number.NaN]) {
      expect(dmaRead(root, disk, address, new Uint8Array(1)).outcome).toBe('stopped')
      expect(fault()).toMatchObject({ type: IommuFaultType.AddressSizeFault, faultAddress: 0n })
    }
  })

  it('ends where the page is unmapped: from the domain, from the guest, or with the guest', () => {
    const { root, partition, domain, fault } = rig()
    const one = new Uint8Array(1)
    expect(unmapDevicePage(root, domain, 0x101)).toBe(ok)
    expect(dmaRead(root, disk, 0x10_1000, one).outcome).toBe('stopped')
    expect(unmapGpaPage(root, partition.id, 5)).toBe(ok)
    expect(dmaRead(root, disk, 0x10_0000, one).outcome).toBe('stopped')
    expect([fault()?.type, fault()?.type]).toEqual([IommuFaultType.TranslationFault, IommuFaultType.TranslationFault])
    expect(finalizePartition(root, partition.id)).toBe(ok)
    expect(dmaRead(root, disk, 0x10_0000, one).outcome).toBe('stopped')
    expect(fault()?.type).toBe(IommuFaultType.TranslationBlocked)
  })

  it('floods of strays are bounded', () => {
    const { root, rootVp } = rig()
    for (let i = 0; i < 5000; i++) dmaRead(root, other, 0, new Uint8Array(1))
    expect(rootVp.synic.queued(0)).toBeLessThanOrEqual(1024)
  })

  it('an interrupt without an entry is told too', () => {
    const { root, fault } = rig()
    interruptFault(root, disk)
    expect(fault()).toMatchObject({
      type: IommuFaultType.InterruptFault,
      flags: { faultAddressValid: false, deviceIdValid: true },
    })
  })
})

describe('device domains', () => {
  it('are unique in their partition; a device is in one; one that is in use is not deleted', () => {
    const { root, partition, domain } = rig()
    expect(createDeviceDomain(root, domain)).toBe(0x19)
    const second = { ...domain, domain: { type: 0, id: 2 } }
    expect(attachDeviceDomain(root, second, other)).toBe(0x10)
    expect(createDeviceDomain(root, second)).toBe(ok)
    expect(attachDeviceDomain(root, second, disk)).toBe(0x66)
    expect(deleteDeviceDomain(root, domain)).toBe(0x19)
    expect(detachDeviceDomain(root, partition.id, other)).toBe(0x58)
    expect(detachDeviceDomain(root, partition.id, disk)).toBe(ok)
    const inUse = partition.pool.inUse
    expect(deleteDeviceDomain(root, domain)).toBe(ok)
    expect(partition.pool.inUse).toBe(inUse - 1)
    expect(attachDeviceDomain(root, second, disk)).toBe(ok)
  })

  it('map only what their partition has, with no more access than it has', () => {
    const { root, domain } = rig()
    expect(mapDevicePage(root, domain, { devicePage: 1, guestPage: 500, flags: read })).toBe(0x08)
    expect(mapDevicePage(root, domain, { devicePage: 1, guestPage: 5, flags: 0 })).toBe(0x05)
    expect(mapDevicePage(root, domain, { devicePage: 2 ** 40, guestPage: 5, flags: read })).toBe(0x05)
  })
})
