import { describe, expect, it } from 'vitest'
import {
  HvCallAssertDeviceInterrupt,
  HvCallMapDeviceInterrupt,
  HvCallRetargetDeviceInterrupt,
  HvCallUnmapDeviceInterrupt,
} from '../src/hypercall/calls/interrupts.ts'
import { onArm64 } from '../src/hypercall/conventions/convention.ts'
import { InterruptEntry } from '../src/hypercall/device-interrupts.ts'
import { InterruptSource, InterruptTriggerMode, InterruptType } from '../src/hypercall/enums/interrupts.ts'
import { IommuFaultType } from '../src/hypercall/enums/messages.ts'
import { WellKnownPartition } from '../src/hypercall/ids.ts'
import { IommuFaultMessagePayload } from '../src/hypercall/messages.ts'
import {
  assertDeviceInterrupt,
  attachDevice,
  attachDeviceDomain,
  createDeviceDomain,
  detachDevice,
  deviceInterrupt,
  deviceMsi,
  dmaRead,
  dmaWrite,
  finalizePartition,
  HypercallCaller,
  type MapDeviceInterrupt,
  mapDeviceInterrupt,
  modelDispatcher,
  type Partition,
  retargetDeviceInterrupt,
  unmapDeviceInterrupt,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, machine, msr, ok, takeMessage, vpOf, write } from './hypervisor-rig.ts'

/** PCI bus 0, device 3, and another. */
const disk = 0x4000_0000_0000_0018n
const other = 0x4000_0000_0000_0020n
const ioapic = 0x8000_0000_0000_0002n

function rig() {
  const made = machine()
  const { root, rootVp } = made
  const partition = child(root, { vps: 3 })
  enableSynic(rootVp, { simp: 100, siefp: 101, sints: { 0: 0x50n } })
  const call: MapDeviceInterrupt = {
    partition: partition.id,
    device: disk,
    type: InterruptType.Fixed,
    vectorCount: 1,
    target: { vector: 0x61, isMulticast: false, vps: [1] },
  }
  const map = (change: Partial<MapDeviceInterrupt> = {}) => {
    const { value, status } = mapDeviceInterrupt(root, { ...call, ...change })
    if (value === undefined) throw new Error(`map: 0x${status.toString(16)}`)
    return value
  }
  const fault = () => {
    const { type, payload } = takeMessage(rootVp, 0, 100)
    return type === 0 ? undefined : IommuFaultMessagePayload.decode(Uint8Array.from(payload))
  }
  return { ...made, partition, call, map, fault }
}

/** What each VP got since the last time. */
function got(partition: Partition) {
  return partition.processors().map(({ controller }) => {
    const vector = controller.acknowledge()
    if (vector !== undefined) controller.endOfInterrupt()
    return vector
  })
}

describe('remapped interrupts', () => {
  it('an MSI that was mapped reaches its VP as its vector', () => {
    const { root, partition, map, fault } = rig()
    const { address, data, source } = map()
    expect(source).toBe(InterruptSource.Msi)
    // The remappable format: bit 4, handle above it.
    expect([address, data]).toEqual([0xfee0_0010n, 0n])
    expect(map({ device: other }).address).toBe(0xfee0_0030n)
    expect(deviceMsi(root, disk, address, 0)).toEqual({ outcome: 'done', vps: [vpOf(partition, 1)] })
    expect(got(partition)).toEqual([undefined, 0x61, undefined])
    expect(fault()).toBeUndefined()
  })

  it('a stray one is stopped and told to the root: other data, other address, another device', () => {
    const { root, partition, map, fault } = rig()
    const { address } = map()
    for (const [device, at, data] of [
      [disk, address, 1],
      [disk, address + 0x20n, 0],
      [disk, 0xfee0_0000n, 0x4061],
      [other, address, 0],
    ] as const) {
      expect(deviceMsi(root, device, at, data)).toEqual({ outcome: 'stopped' })
      expect(fault()).toEqual({
        type: IommuFaultType.InterruptFault,
        accessType: 1,
        flags: { faultAddressValid: false, deviceIdValid: true },
        logicalDeviceId: device,
        faultAddress: 0n,
      })
    }
    expect(got(partition)).toEqual([undefined, undefined, undefined])
  })

  it('a DMA write to the interrupt range is an MSI; what is no word there is stopped', () => {
    const { root, partition, map, fault } = rig()
    const address = Number(map().address)
    expect(dmaWrite(root, disk, address, new Uint8Array(4))).toEqual({ outcome: 'done' })
    expect(got(partition)).toEqual([undefined, 0x61, undefined])
    expect(dmaWrite(root, disk, address, new Uint8Array(8))).toEqual({ outcome: 'stopped', address })
    expect(fault()?.type).toBe(IommuFaultType.InterruptFault)
    expect(dmaWrite(root, disk, 0xfee0_1000, new Uint8Array(4)).outcome).toBe('stopped')
    expect(fault()?.type).toBe(IommuFaultType.InterruptFault)
    // Reading there is plain DMA.
    expect(dmaRead(root, disk, address, new Uint8Array(4)).outcome).toBe('stopped')
    expect(fault()?.type).toBe(IommuFaultType.TranslationBlocked)
  })

  it('several of one capability: data and vector count up', () => {
    const { root, partition, map } = rig()
    const { address, data } = map({ vectorCount: 4 })
    expect([address, data]).toEqual([0xfee0_0018n, 0n])
    expect(deviceMsi(root, disk, address, 3).outcome).toBe('done')
    expect(deviceMsi(root, disk, address, 4).outcome).toBe('stopped')
    expect(got(partition)).toEqual([undefined, 0x64, undefined])
  })

  it('one VP of the set gets it, the first that is there; with multicast all', () => {
    const { root, partition, map } = rig()
    const one = map({ target: { vector: 0x70, isMulticast: false, vps: [7, 2, 1] } })
    expect(deviceInterrupt(root, disk, one).outcome).toBe('done')
    expect(got(partition)).toEqual([undefined, undefined, 0x70])
    const all = map({ target: { vector: 0x71, isMulticast: true, vps: undefined } })
    expect(deviceInterrupt(root, disk, all).outcome).toBe('done')
    expect(got(partition)).toEqual([0x71, 0x71, 0x71])
    const nobody = map({ target: { vector: 0x71, isMulticast: true, vps: [9] } })
    expect(deviceInterrupt(root, disk, nobody).outcome).toBe('stopped')
  })

  it('of an I/O APIC: an entry with the handle; an NMI', () => {
    const { root, partition, map } = rig()
    const line = map({ device: ioapic })
    expect(line).toEqual({ source: InterruptSource.IoApic, address: 0n, data: (1n << 48n) | 0x61n })
    expect(deviceInterrupt(root, ioapic, line).outcome).toBe('done')
    expect(got(partition)).toEqual([undefined, 0x61, undefined])
    expect(deviceInterrupt(root, disk, map({ type: InterruptType.Nmi })).outcome).toBe('done')
    expect(vpOf(partition, 1).controller.takeSpecial('nmi')).toBe(true)
  })

  it('bad ones are not mapped', () => {
    const { root, call, partition } = rig()
    const target = (vector: number) => ({ vector, isMulticast: false, vps: [1] })
    const bad: [Partial<MapDeviceInterrupt>, number][] = [
      [{ target: target(15) }, 0x05],
      [{ target: target(256) }, 0x05],
      [{ target: target(254), vectorCount: 4 }, 0x05],
      [{ vectorCount: 0 }, 0x05],
      [{ vectorCount: 33 }, 0x05],
      [{ type: InterruptType.ExtInt }, 0x05],
      [{ device: ioapic, vectorCount: 2 }, 0x05],
      [{ partition: 99n }, 0x0d],
    ]
    for (const [change, status] of bad) expect(mapDeviceInterrupt(root, { ...call, ...change }).status).toBe(status)
    expect(mapDeviceInterrupt(partition, call).status).toBe(0x06)
    expect(root.machine.interrupts.size).toBe(0)
  })

  it('go elsewhere once retargeted, by the guest itself; end with the mapping, the device, or the partition', () => {
    const { root, partition, map } = rig()
    const id = map()
    const self = WellKnownPartition.Self
    const to = { vector: 0x80, isMulticast: false, vps: [2] }
    expect(retargetDeviceInterrupt(partition, self, disk, id, to)).toBe(ok)
    expect(deviceInterrupt(root, disk, id).outcome).toBe('done')
    expect(got(partition)).toEqual([undefined, undefined, 0x80])
    expect(retargetDeviceInterrupt(partition, self, other, id, to)).toBe(0x57)
    expect(retargetDeviceInterrupt(partition, self, disk, { ...id, data: 5n }, to)).toBe(0x05)
    expect(retargetDeviceInterrupt(partition, self, disk, id, { ...to, vector: 3 })).toBe(0x05)
    expect(retargetDeviceInterrupt(partition, self, disk, id, { ...to, vps: [] })).toBe(0x05)
    expect(unmapDeviceInterrupt(root, partition.id, disk, id)).toBe(ok)
    expect(unmapDeviceInterrupt(root, partition.id, disk, id)).toBe(0x57)
    expect(deviceInterrupt(root, disk, id).outcome).toBe('stopped')
    map()
    expect(finalizePartition(root, partition.id)).toBe(ok)
    expect(root.machine.interrupts.size).toBe(0)
  })

  it('the table has 65,536 entries; then there are no resources', () => {
    const { root, call, map, partition } = rig()
    const last = map()
    for (let i = 1; i < 0x1_0000; i++) map()
    expect(mapDeviceInterrupt(root, call).status).toBe(0x1d)
    expect(unmapDeviceInterrupt(root, partition.id, disk, last)).toBe(ok)
    expect(map()).toEqual(last)
  })

  it('can be raised by the root as well', () => {
    const { root, partition, map } = rig()
    const id = map()
    expect(assertDeviceInterrupt(root, partition.id, disk, id)).toBe(ok)
    expect(got(partition)).toEqual([undefined, 0x61, undefined])
    expect(assertDeviceInterrupt(root, partition.id, other, id)).toBe(0x57)
    expect(assertDeviceInterrupt(partition, WellKnownPartition.Self, disk, id)).toBe(0x06)
  })
})

describe('attached devices', () => {
  it('go by a name of the partition, and are no business of any other', () => {
    const { root, partition, call, map } = rig()
    const attach = { partition: partition.id, device: disk, logicalId: 7n }
    const second = child(root, { firstPage: 48 })
    expect(attachDevice(root, attach)).toBe(ok)
    expect(attachDevice(root, attach)).toBe(0x58)
    expect(attachDevice(root, { ...attach, device: other })).toBe(0x58)
    expect(attachDevice(root, { partition: second.id, device: disk })).toBe(0x58)
    expect(attachDevice(partition, { partition: WellKnownPartition.Self, device: other })).toBe(0x06)

    expect(mapDeviceInterrupt(root, { ...call, partition: second.id }).status).toBe(0x57)
    const id = map({ device: 7n })
    expect(deviceInterrupt(root, disk, id).outcome).toBe('done')
    const domain = { partition: partition.id, domain: { type: 0, id: 1 } }
    const foreign = { partition: second.id, domain: { type: 0, id: 1 } }
    for (const one of [domain, foreign]) expect(createDeviceDomain(root, one)).toBe(ok)
    expect(attachDeviceDomain(root, foreign, disk)).toBe(0x57)
    expect(attachDeviceDomain(root, domain, 7n)).toBe(ok)

    expect(detachDevice(root, partition.id, disk)).toBe(0x57)
    expect(detachDevice(root, partition.id, 7n)).toBe(ok)
    expect(deviceInterrupt(root, disk, id).outcome).toBe('stopped')
    expect(attachDeviceDomain(root, foreign, disk)).toBe(ok)
  })
})

describe('the calls', () => {
  const target = { vector: 0x61, flags: 0, target: { type: 'ProcessorMaskTarget' as const, processorMask: 0b10n } }

  it('map, retarget to a set of VPs [B248], assert, unmap: what the one answers the others take', () => {
    const { rootVp, root, partition } = rig()
    const dispatcher = modelDispatcher()
    write(rootVp, msr.guestOsId, 1n)
    const guest = vpOf(partition, 0)
    write(guest, msr.guestOsId, 1n)
    const pages = { inputGpa: 0, outputGpa: PAGE_SIZE }
    const caller = new HypercallCaller(dispatcher, rootVp, pages)
    const guestCaller = new HypercallCaller(dispatcher, guest, pages)
    const mapped = caller.call(HvCallMapDeviceInterrupt, {
      input: {
        partitionId: partition.id,
        deviceId: disk,
        flags: 0n,
        logicalInterruptEntry: InterruptEntry.decode(new Uint8Array(16)),
        interruptDescriptor: {
          interruptType: InterruptType.Fixed,
          triggerMode: InterruptTriggerMode.Edge,
          vectorCount: 1,
          target,
        },
      },
    })
    const interruptEntry = mapped.output?.interruptEntry
    if (interruptEntry === undefined) throw new Error(`map: ${mapped.status}`)
    expect([...InterruptEntry.encode(interruptEntry)]).toEqual([
      1, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0xe0, 0xfe, 0, 0, 0, 0,
    ])

    const set = { type: 'ProcessorSetTarget' as const, format: 0n, validBanksMask: 1n, banks: [0b101n] }
    const retarget = {
      partitionId: WellKnownPartition.Self,
      deviceId: disk,
      interruptEntry,
      interruptTarget: { vector: 0x62, flags: 3, target: set },
    }
    expect(guestCaller.call(HvCallRetargetDeviceInterrupt, { input: retarget }).status).toBe(ok)
    const odd = { ...retarget, interruptTarget: { vector: 0x62, flags: 2, target: { ...set, format: 2n } } }
    expect(guestCaller.call(HvCallRetargetDeviceInterrupt, { input: odd }).status).toBe(0x05)
    const reserved = { ...retarget, reserved: 1n }
    expect(guestCaller.call(HvCallRetargetDeviceInterrupt, { input: reserved }).status).toBe(0x05)

    const named = { partitionId: partition.id, logicalDeviceId: disk, interruptEntry }
    expect(caller.call(HvCallAssertDeviceInterrupt, { input: named }).status).toBe(ok)
    expect(got(partition)).toEqual([0x62, undefined, 0x62])
    const unmap = { partitionId: partition.id, deviceId: disk, interruptEntry }
    expect(caller.call(HvCallUnmapDeviceInterrupt, { input: unmap }).status).toBe(ok)
    expect(deviceMsi(root, disk, 0xfee0_0010n, 0).outcome).toBe('stopped')
  })

  it('on ARM64 a guest tells an interrupt in 24 bytes', () => {
    const made = machine({ architecture: 'arm64' })
    const partition = child(made.root, { vps: 2 })
    const id = mapDeviceInterrupt(made.root, {
      partition: partition.id,
      device: disk,
      type: InterruptType.Fixed,
      vectorCount: 1,
      target: { vector: 0x61, isMulticast: false, vps: [0] },
    }).value
    if (id === undefined) throw new Error('not mapped')
    partition.guestOsId = 1n
    const caller = new HypercallCaller(modelDispatcher({ architecture: 'arm64' }), vpOf(partition, 0), {
      inputGpa: 0,
      outputGpa: PAGE_SIZE,
    })
    const input = {
      partitionId: WellKnownPartition.Self,
      deviceId: disk,
      interruptEntry: { interruptSource: InterruptSource.Msi, data: [id.address, id.data] },
      interruptTarget: target,
    }
    expect(caller.call(onArm64(HvCallRetargetDeviceInterrupt), { input }).status).toBe(ok)
    expect(deviceInterrupt(made.root, disk, id).outcome).toBe('done')
    expect(got(partition)).toEqual([undefined, 0x61])
  })
})
