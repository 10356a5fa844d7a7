import { describe, expect, it } from 'vitest'
import {
  HvCallFlushVirtualAddressList,
  HvCallFlushVirtualAddressSpace,
  HvCallFlushVirtualAddressSpaceEx,
} from '../src/hypercall/calls/address-space.ts'
import {
  HvCallAttachDeviceDomain,
  HvCallCreateDeviceDomain,
  HvCallMapDeviceGpaPages,
  HvCallMapSparseDeviceGpaPages,
  HvCallUnmapDeviceGpaPages,
} from '../src/hypercall/calls/device-domains.ts'
import { HvCallInstallIntercept } from '../src/hypercall/calls/intercepts.ts'
import {
  HvCallAssertVirtualInterrupt,
  HvCallSendSyntheticClusterIpi,
  HvCallSendSyntheticClusterIpiEx,
} from '../src/hypercall/calls/interrupts.ts'
import {
  HvCallDepositMemory,
  HvCallGetMemoryBalance,
  HvCallMapGpaPages,
  HvCallUnmapGpaPages,
  HvCallWithdrawMemory,
} from '../src/hypercall/calls/memory.ts'
import {
  HvCallDeletePartition,
  HvCallFinalizePartition,
  HvCallGetNextChildPartition,
  HvCallGetPartitionId,
  HvCallGetPartitionProperty,
} from '../src/hypercall/calls/partition.ts'
import { HvCallPostMessageDirect, HvCallSignalEvent, HvCallSignalEventDirect } from '../src/hypercall/calls/ports.ts'
import { HvCallMapStatsPage, HvCallUnmapStatsPage } from '../src/hypercall/calls/statistics.ts'
import {
  HvCallGetVpIndexFromApicId,
  HvCallGetVpRegisters,
  HvCallNotifyLongSpinWait,
} from '../src/hypercall/calls/vp.ts'
import { HvCallEnablePartitionVtl, HvCallVtlReturn } from '../src/hypercall/calls/vtl.ts'
import { x64Convention } from '../src/hypercall/conventions/convention.ts'
import { HypercallRegisters } from '../src/hypercall/conventions/registers.ts'
import { InterruptType } from '../src/hypercall/enums/interrupts.ts'
import { InterceptType, MessageType } from '../src/hypercall/enums/messages.ts'
import { PartitionProperty } from '../src/hypercall/enums/partition.ts'
import { StatsObjectType } from '../src/hypercall/enums/statistics.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { WellKnownPartition, WellKnownVp } from '../src/hypercall/ids.ts'
import { childPrivileges, privilegeMask } from '../src/hypercall/privileges.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { vpSetOf } from '../src/hypercall/vp-set.ts'
import {
  dmaWrite,
  HypercallCaller,
  modelDispatcher,
  type Partition,
  PartitionCaller,
  unmodelledCalls,
  vpHypercall,
  vpOut,
  vpRead,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { enableSynic, flagsOf, machine, msr, ok, slotOf, vpOf, write } from './hypervisor-rig.ts'

const noVtl = { targetVtl: 0, useTargetVtl: false }
const noDomain = { id: 0, flags: { proximityPreferred: false, proximityInfoValid: false } }

/** A root and a child with two VPs, made by real calls; both can make calls. */
function rig() {
  const made = machine({ rootPool: 24 })
  const { hypervisor, rootVp, root } = made
  const dispatcher = modelDispatcher()
  write(rootVp, msr.guestOsId, 1n)
  const rootCaller = new HypercallCaller(dispatcher, rootVp, { inputGpa: 0, outputGpa: PAGE_SIZE })
  const calls = new PartitionCaller(rootCaller)
  const id = calls.createChild([8, 9, 10, 11, 12], ['accessVpRegisters', 'signalEvents', 'accessVsm'], childPrivileges)
  const child = hypervisor.partition(id)
  if (child === undefined) throw new Error('no child')
  calls.map(id, 0, 16, 16)
  calls.startVp(id, 0)
  calls.startVp(id, 1)
  const vp = vpOf(child, 0)
  write(vp, msr.guestOsId, 1n)
  const childCaller = new HypercallCaller(dispatcher, vp, { inputGpa: 0, outputGpa: PAGE_SIZE })
  return { ...made, root, dispatcher, rootCaller, childCaller, calls, child, id, vp }
}

/** The VP's own registers, by number. */
function registersOf(caller: HypercallCaller, ...names: number[]) {
  const input = { partitionId: WellKnownPartition.Self, vpIndex: WellKnownVp.Self, inputVtl: noVtl }
  return caller.call(HvCallGetVpRegisters, { input, elements: names.map((registerName) => ({ registerName })) })
}

describe('calls on partitions and memory', () => {
  it('balance, next child, properties, ids', () => {
    const { rootCaller, childCaller, id } = rig()
    const balance = { partitionId: id, proximityDomainInfo: noDomain }
    expect(rootCaller.call(HvCallGetMemoryBalance, { input: balance }).output).toEqual({
      pagesAvailable: 2n,
      pagesInUse: 3n,
    })
    const next = { parentId: WellKnownPartition.Self, previousChildId: 0n }
    expect(rootCaller.call(HvCallGetNextChildPartition, { input: next }).output).toEqual({ nextChildId: id })
    const property = { partitionId: id, propertyCode: PartitionProperty.PrivilegeFlags }
    expect(rootCaller.call(HvCallGetPartitionProperty, { input: property }).output).toEqual({
      propertyValue: childPrivileges | privilegeMask(['accessVpRegisters', 'signalEvents', 'accessVsm']),
    })
    expect(rootCaller.call(HvCallGetPartitionId, {}).output).toEqual({ partitionId: 1n })
    expect(childCaller.call(HvCallGetPartitionId, {}).status).toBe(0x06)
  })

  it('a rep call stops at the element that fails, and says how many were done', () => {
    const { rootCaller, id, child } = rig()
    // Page 8 is in the pool already.
    const elements = [40n, 41n, 8n, 42n].map((gpaPage) => ({ gpaPage }))
    expect(rootCaller.call(HvCallDepositMemory, { input: { partitionId: id }, elements })).toMatchObject({
      status: 0x08,
      repsCompleted: 2,
    })
    const map = { targetPartitionId: id, targetGpaBase: 100n, mapFlags: MapGpaFlags.readable }
    const sources = [50n, 51n, 9999n].map((sourceGpaPage) => ({ sourceGpaPage }))
    expect(rootCaller.call(HvCallMapGpaPages, { input: map, elements: sources })).toMatchObject({
      status: 0x08,
      repsCompleted: 2,
    })
    expect([100, 101, 102].map((page) => child.space.machinePage(page))).toEqual([50, 51, undefined])
    const unmap = { targetPartitionId: id, targetGpaBase: 99n, unmapFlags: 0 }
    expect(rootCaller.call(HvCallUnmapGpaPages, { input: unmap, repCount: 3 })).toMatchObject({ status: ok })
    expect(child.space.machinePage(101)).toBeUndefined()
  })

  it('the end of a partition: finalize, withdraw all, delete', () => {
    const { rootCaller, id, hypervisor } = rig()
    expect(rootCaller.call(HvCallFinalizePartition, { input: { partitionId: id } }, true).status).toBe(ok)
    const input = { partitionId: id, proximityDomainInfo: noDomain }
    const answer = rootCaller.call(HvCallWithdrawMemory, { input, repCount: 100 })
    expect(answer).toMatchObject({ status: 0x1d, repsCompleted: 5 })
    expect(answer.outputs?.map(({ gpaPage }) => gpaPage).sort()).toEqual([10n, 11n, 12n, 8n, 9n])
    expect(rootCaller.call(HvCallDeletePartition, { input: { partitionId: id } }, true).status).toBe(ok)
    expect(hypervisor.partition(id)).toBeUndefined()
    expect(rootCaller.call(HvCallDeletePartition, { input: { partitionId: id } }, true).status).toBe(0x0d)
  })
})

describe('calls on processors', () => {
  it("a VP reads its own registers, several at once; a parent its child's", () => {
    const { childCaller, rootCaller, id } = rig()
    const names = [CommonRegister.HvRegisterVpIndex, CommonRegister.HvRegisterSint0, CommonRegister.HvRegisterSversion]
    expect(registersOf(childCaller, ...names).outputs).toEqual(
      [0n, 0x1_0000n, 1n].map((low) => ({ registerValue: { low, high: 0n } })),
    )
    const input = { partitionId: id, vpIndex: 1, inputVtl: noVtl }
    const elements = [{ registerName: CommonRegister.HvRegisterVpIndex }]
    expect(rootCaller.call(HvCallGetVpRegisters, { input, elements }).outputs).toEqual([
      { registerValue: { low: 1n, high: 0n } },
    ])
    const apic = { partitionId: id, targetVtl: 0 }
    expect(rootCaller.call(HvCallGetVpIndexFromApicId, { input: apic, elements: [{ apicId: 1 }] }).outputs).toEqual([
      { vpIndex: 1 },
    ])
  })

  it('interrupts: by the parent, among VPs by mask and by set', () => {
    const { rootCaller, childCaller, id, child } = rig()
    const second = vpOf(child, 1)
    const flags = { x86LevelTriggered: false, x86LogicalDestinationMode: false, arm64Asserted: false }
    const assert = {
      targetPartition: id,
      interruptControl: { interruptType: InterruptType.Fixed, flags },
      destinationAddress: 1n,
      requestedVector: 0x71,
      targetVtl: 0,
    }
    expect(rootCaller.call(HvCallAssertVirtualInterrupt, { input: assert }).status).toBe(ok)
    const ipi = { vector: 0x81, targetVtl: noVtl, flags: 0, processorMask: 2n }
    expect(childCaller.call(HvCallSendSyntheticClusterIpi, { input: ipi }, true).status).toBe(ok)
    const ipiEx = { vector: 0x91, targetVtl: noVtl, flags: 0, processorSet: vpSetOf([1, 70]) }
    expect(childCaller.call(HvCallSendSyntheticClusterIpiEx, { input: ipiEx }).status).toBe(ok)
    expect([1, 2, 3].map(() => second.controller.acknowledge())).toEqual([0x91, undefined, undefined])
    second.controller.endOfInterrupt()
    expect(second.controller.acknowledge()).toBe(0x81)
    second.controller.endOfInterrupt()
    expect(second.controller.acknowledge()).toBe(0x71)
  })

  it('intercepts that the parent installs', () => {
    const { rootCaller, id, vp } = rig()
    const input = {
      partitionId: id,
      accessType: 2,
      interceptType: InterceptType.X64IoPort,
      interceptParameter: { type: 'IoPortParameters', ioPort: 0x70 },
    } as const
    expect(rootCaller.call(HvCallInstallIntercept, { input }).status).toBe(ok)
    expect(vpOut(vp, 0x70, 1, 0).outcome).toBe('intercepted')
  })

  it('VTLs: enabled by call; a return from level 0 is no instruction', () => {
    const { childCaller, vp, dispatcher } = rig()
    const input = {
      targetPartitionId: WellKnownPartition.Self,
      targetVtl: 1,
      flags: { enableMbec: false, enableSupervisorShadowStack: false, enableHardwareHvpt: false },
    }
    expect(childCaller.call(HvCallEnablePartitionVtl, { input }).status).toBe(ok)
    const registers = new HypercallRegisters(x64Convention)
    registers.control = BigInt(HvCallVtlReturn.code)
    expect(vpHypercall(dispatcher, vp, registers).kind).toBe('undefined-instruction')
  })
})

describe('messages and events', () => {
  it('direct ones, without ports', () => {
    const { rootCaller, id, vp } = rig()
    enableSynic(vp)
    const header = { messageType: 7, payloadSize: 3, messageFlags: { messagePending: false }, sender: 0n }
    const payload = new Uint8Array(240)
    payload.set([1, 2, 3])
    const post = { partitionId: id, vpIndex: 0, vtl: 0, sintIndex: 2, message: { header, payload } }
    expect(rootCaller.call(HvCallPostMessageDirect, { input: post }).status).toBe(ok)
    expect(slotOf(vp, 2)).toMatchObject({ type: 7, payload: [1, 2, 3] })
    const signal = { targetPartition: id, targetVp: 0, targetVtl: 0, targetSint: 2, flagNumber: 77 }
    expect(rootCaller.call(HvCallSignalEventDirect, { input: signal }).output).toEqual({ newlySignaled: 1 })
    expect(rootCaller.call(HvCallSignalEventDirect, { input: signal }).output).toEqual({ newlySignaled: 0 })
    expect(flagsOf(vp, 2)).toEqual([77])
  })
})

describe('device domains', () => {
  it('a device does DMA where calls let it, and is stopped elsewhere', () => {
    const { rootCaller, id, root, rootVp, memory } = rig()
    enableSynic(rootVp, { simp: 100, siefp: 101, sints: { 0: 0x50n } })
    const domainId = { flags: { type: 0 }, id: 3 }
    const deviceDomain = { partitionId: id, ownerVtl: noVtl, domainId }
    const createDeviceDomainFlags = { forwardProgressRequired: false, inheritOwningVtl: false }
    const deviceId = { rest: 0x18n, deviceType: 1 }
    const device = (1n << 62n) | 0x18n
    const create = { deviceDomain, createDeviceDomainFlags }
    expect(rootCaller.call(HvCallCreateDeviceDomain, { input: create }).status).toBe(ok)
    expect(rootCaller.call(HvCallAttachDeviceDomain, { input: { deviceDomain, deviceId } }).status).toBe(ok)
    const map = { deviceDomain, targetVtl: noVtl, mapFlags: 3, targetDeviceVaBase: 0x5000n }
    const elements = [4n, 7n].map((gpaPageNumber) => ({ gpaPageNumber }))
    expect(rootCaller.call(HvCallMapDeviceGpaPages, { input: map, elements }).status).toBe(ok)
    const sparse = { deviceDomain, targetVtl: noVtl, mapFlags: 3 }
    const far = [{ targetDeviceVa: 0x10_0000_0000n, gpaPageNumber: 9n }]
    expect(rootCaller.call(HvCallMapSparseDeviceGpaPages, { input: sparse, elements: far }).status).toBe(ok)
    expect(dmaWrite(root, device, 0x6000, Uint8Array.of(1, 2, 3, 4)).outcome).toBe('done')
    expect(memory.load32((16 + 7) * PAGE_SIZE)).toBe(0x0403_0201)
    expect(dmaWrite(root, device, 0x10_0000_0000, Uint8Array.of(1)).outcome).toBe('done')
    const unmap = { deviceDomain, targetDeviceVaBase: 0x6000n }
    expect(rootCaller.call(HvCallUnmapDeviceGpaPages, { input: unmap, repCount: 1 }).status).toBe(ok)
    expect(dmaWrite(root, device, 0x6000, Uint8Array.of(1))).toEqual({ outcome: 'stopped', address: 0x6000 })
    expect(slotOf(rootVp, 0, 100).type).toBe(MessageType.IommuFault)
  })
})

describe('statistics pages', () => {
  it('are mapped where the call says', () => {
    const { rootCaller, id, rootVp } = rig()
    const input = {
      statsType: StatsObjectType.Vp,
      objectIdentity: { type: 'VpStats', partitionId: id, vpIndex: 1, flags: 0 },
    } as const
    const { status, output } = rootCaller.call(HvCallMapStatsPage, { input })
    expect(status).toBe(ok)
    const read = vpRead(rootVp, Number(output?.mapLocation ?? 0n) * PAGE_SIZE, 8)
    expect(read).toEqual({ outcome: 'done', value: new Uint8Array(8) })
    expect(rootCaller.call(HvCallUnmapStatsPage, { input }).status).toBe(ok)
  })
})

describe('the instruction', () => {
  const spin = (partition: Partition, index = 0) => {
    const registers = new HypercallRegisters(x64Convention)
    registers.control = BigInt(HvCallNotifyLongSpinWait.code) | 0x1_0000n
    return vpHypercall(modelDispatcher(), vpOf(partition, index), registers)
  }

  it('does not exist before the guest OS id is set, nor for a VP that does not run', () => {
    const { child, vp } = rig()
    expect(spin(child).kind).toBe('completed')
    write(vp, msr.guestOsId, 0n)
    expect(spin(child).kind).toBe('undefined-instruction')
    vp.isIntercepted = true
    expect(spin(child).kind).toBe('stopped')
  })

  it('with a block in memory that is not there is an intercept for the parent', () => {
    const { rootVp, vp, dispatcher } = rig()
    enableSynic(rootVp, { simp: 100, siefp: 101, sints: { 0: 0x50n } })
    const registers = new HypercallRegisters(x64Convention)
    registers.control = BigInt(HvCallSignalEvent.code)
    registers.set('RDX', 0x90_0000n)
    expect(vpHypercall(dispatcher, vp, registers).kind).toBe('intercepted')
    expect(vp.isRunning).toBe(false)
    expect(slotOf(rootVp, 0, 100).type).toBe(MessageType.UnmappedGpa)
  })

  it('a call without its privilege is refused before its block is looked at', () => {
    const { childCaller } = rig()
    // The partition does not exist, which a caller without the privilege is not told.
    const input = { partitionId: 99n, proximityDomainInfo: noDomain }
    expect(childCaller.call(HvCallGetMemoryBalance, { input }).status).toBe(0x06)
  })

  it('calls that mean nothing here answer from the table', () => {
    const codes = unmodelledCalls.map(({ call }) => call.code)
    expect(new Set(codes).size).toBe(codes.length)
    expect(unmodelledCalls.every(({ why }) => why.length > 0)).toBe(true)
    expect(new Set(unmodelledCalls.map(({ status }) => status))).toEqual(new Set([0x00, 0x08, 0x1e, 0x02]))
  })
})

it('flushes are judged, though there is nothing to flush: flags, VPs, address space', () => {
  const { childCaller } = rig()
  const space = (flags: bigint, processorMask = 1n, addressSpace = 0x1000n) =>
    childCaller.call(HvCallFlushVirtualAddressSpace, { input: { addressSpace, flags, processorMask } }).status
  const list = (flags: bigint, processorMask = 1n) =>
    childCaller.call(HvCallFlushVirtualAddressList, {
      input: { addressSpace: 0x1000n, flags, processorMask },
      elements: [{ gvaRange: { additionalPages: 0, gvaPageNumber: 5n } }],
    }).status
  expect([space(0n), space(4n), list(0n), list(8n)]).toEqual([ok, ok, ok, ok])
  // Non-global only is not for lists, the form of elements for nothing else; other bits are reserved.
  expect([list(4n), space(8n), space(0x20n), list(1n << 63n)]).toEqual(new Array(4).fill(0x05))
  expect([space(0n, 0n), space(1n, 0n), list(0n, 0n), list(1n, 0n)]).toEqual([0x05, ok, 0x05, ok])
  expect([space(0n, 1n, 1n << 52n), space(2n, 1n, 1n << 52n)]).toEqual([0x05, ok])
  const ex = (flags: bigint) =>
    childCaller.call(HvCallFlushVirtualAddressSpaceEx, {
      input: { addressSpace: 0n, flags, processorSet: vpSetOf([0, 70]) },
    }).status
  expect([ex(0n), ex(0x20n)]).toEqual([ok, 0x05])
})
