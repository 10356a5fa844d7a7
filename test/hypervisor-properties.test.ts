import { describe, expect, it } from 'vitest'
import { HvCallMapSparseGpaPages, HvCallModifySparseGpaPages } from '../src/hypercall/calls/memory.ts'
import {
  HvCallGetPartitionPropertyEx,
  HvCallRestorePartitionState,
  HvCallRestorePartitionTime,
  HvCallSetPartitionPropertyEx,
} from '../src/hypercall/calls/partition.ts'
import { HvCallGetPortProperty, HvCallRootSignalEvent, HvCallSetPortProperty } from '../src/hypercall/calls/ports.ts'
import {
  HvCallCreateCpuGroup,
  HvCallGetCpuGroupAffinity,
  HvCallGetNextCpuGroupPartition,
  HvCallSetCpuGroupAffinity,
} from '../src/hypercall/calls/processors.ts'
import { HvCallMapStatsPage2 } from '../src/hypercall/calls/statistics.ts'
import { HvCallGetVpState, HvCallSetVpState } from '../src/hypercall/calls/vp.ts'
import { PartitionProperty } from '../src/hypercall/enums/partition.ts'
import { PortProperty } from '../src/hypercall/enums/ports.ts'
import { StatsObjectType } from '../src/hypercall/enums/statistics.ts'
import { CpuGroupProperty, VpStateType } from '../src/hypercall/enums/vp.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { WellKnownVp } from '../src/hypercall/ids.ts'
import { SyntheticTimersState } from '../src/hypercall/interrupts.ts'
import { decodePropertyValue, encodePropertyValue, partitionPropertyValues } from '../src/hypercall/property-values.ts'
import {
  connectPort,
  createCpuGroup,
  createPort,
  deleteCpuGroup,
  getCpuGroupProperty,
  getNextCpuGroup,
  getNextCpuGroupPartition,
  getPartitionProperty,
  getPortProperty,
  HypercallCaller,
  modelDispatcher,
  postMessage,
  rootSignalEvent,
  setCpuGroupAffinity,
  setCpuGroupProperty,
  setPartitionProperty,
  setPortProperty,
  signalEvent,
  vpRead,
  vpWrite,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, flagsOf, machine, msr, ok, vpOf, write } from './hypervisor-rig.ts'

function rig(options: Parameters<typeof machine>[0] = {}) {
  const made = machine(options)
  const partition = child(made.root, { vps: 2 })
  write(made.rootVp, msr.guestOsId, 1n)
  const caller = new HypercallCaller(modelDispatcher(), made.rootVp, { inputGpa: 0, outputGpa: PAGE_SIZE })
  return { ...made, partition, caller, id: partition.id }
}

describe('properties of ports', () => {
  function ports() {
    const made = rig()
    const { root, partition, id } = made
    for (const vp of [0, 1]) enableSynic(vpOf(partition, vp))
    const port = { portPartition: id, connectionPartition: root.id }
    expect(createPort(root, { ...port, portId: 1, target: { kind: 'message', sint: 2, vp: 0 } })).toBe(ok)
    const event = { kind: 'event', sint: 2, vp: 0, baseFlag: 8, flagCount: 8 } as const
    expect(createPort(root, { ...port, portId: 2, target: event })).toBe(ok)
    expect(createPort(root, { ...port, portId: 3, target: { kind: 'monitor', monitorAddress: 0x3000 } })).toBe(ok)
    const connection = { connectionPartition: root.id, portPartition: id }
    expect(connectPort(root, { ...connection, connectionId: 1, portId: 1, target: { kind: 'message' } })).toBe(ok)
    expect(connectPort(root, { ...connection, connectionId: 2, portId: 2, target: { kind: 'event' } })).toBe(ok)
    const get = (portId: number, code: number) => getPortProperty(root, id, portId, code)
    const set = (portId: number, code: number, value: bigint) => setPortProperty(root, id, portId, code, value)
    return { ...made, get, set }
  }

  it('count what was posted and signalled', () => {
    const { root, get, set } = ports()
    const post = { connectionId: 1, messageType: 1, payloadSize: 0, payload: new Uint8Array(0) }
    expect([postMessage(root, post), postMessage(root, post), signalEvent(root, 2, 0)]).toEqual([ok, ok, ok])
    expect(postMessage(root, { ...post, messageType: 0 })).toBe(0x05)
    expect([get(1, PortProperty.PostCount).value, get(2, PortProperty.SignalCount).value]).toEqual([2n, 1n])
    expect([get(2, PortProperty.PostCount).status, get(1, PortProperty.SignalCount).status]).toEqual([0x09, 0x09])
    expect(set(1, PortProperty.PostCount, 0n)).toBe(0x0a)
  })

  it('move it to another VP, or its page', () => {
    const { root, partition, get, set } = ports()
    expect(get(2, PortProperty.TargetVp).value).toBe(0n)
    expect(set(2, PortProperty.TargetVp, 9n)).toBe(0x0e)
    expect(set(2, PortProperty.TargetVp, 1n)).toBe(ok)
    expect(rootSignalEvent(root, 2, 3).value).toEqual({ partition: partition.id, vp: 1, newlySignalled: true })
    expect(rootSignalEvent(root, 2, 3).value?.newlySignalled).toBe(false)
    expect(flagsOf(vpOf(partition, 1), 2)).toEqual([11])
    expect(set(2, PortProperty.TargetVp, BigInt(WellKnownVp.Any))).toBe(ok)
    expect(rootSignalEvent(root, 2, 4).value?.vp).toBe(0)
    expect([rootSignalEvent(root, 2, 8).status, rootSignalEvent(root, 9, 0).status]).toEqual([0x05, 0x12])
    expect([rootSignalEvent(root, 1, 0).status, rootSignalEvent(partition, 2, 0).status]).toEqual([0x11, 0x06])
    expect(get(3, PortProperty.MonitorAddress).value).toBe(0x3000n)
    expect(set(3, PortProperty.MonitorAddress, 0x4001n)).toBe(0x0a)
    expect(set(3, PortProperty.MonitorAddress, 0x4000n)).toBe(ok)
    expect(get(3, PortProperty.MonitorAddress).value).toBe(0x4000n)
    expect([get(3, PortProperty.TargetVp).status, set(1, PortProperty.MonitorAddress, 0n)]).toEqual([0x09, 0x09])
  })

  it('others are kept; unknown ones and ports are refused', () => {
    const { get, set, partition, id } = ports()
    expect(get(1, PortProperty.PreferredTargetVp).value).toBe(0n)
    expect(set(1, PortProperty.PreferredTargetVp, 7n)).toBe(ok)
    expect(get(1, PortProperty.PreferredTargetVp).value).toBe(7n)
    expect([get(1, 99).status, set(1, 99, 0n), get(9, 0).status, set(9, 0, 0n)]).toEqual([0x09, 0x09, 0x11, 0x11])
    expect(getPortProperty(partition, id, 1, 0).status).toBe(0x06)
  })

  it('by calls', () => {
    const { caller, id, partition } = ports()
    const port = { portPartition: id, portId: { id: 2 }, propertyCode: PortProperty.TargetVp }
    expect(caller.call(HvCallSetPortProperty, { input: { ...port, propertyValue: 1n } }).status).toBe(ok)
    expect(caller.call(HvCallGetPortProperty, { input: port }).output).toEqual({ propertyValue: 1n })
    expect(caller.call(HvCallRootSignalEvent, { input: { connectionId: { id: 2 }, flagNumber: 0 } }).output).toEqual({
      destinationPartitionId: partition.id,
      destinationVpIndex: 1,
      newlySignalled: 1,
    })
  })
})

describe('CPU groups', () => {
  it('are made and enumerated by the root; partitions belong to one by their property', () => {
    const { root, id, partition } = rig()
    const [first = 0n, second = 0n] = [createCpuGroup(root).value, createCpuGroup(root).value]
    expect([first, second]).toEqual([1n, 2n])
    expect(createCpuGroup(partition).status).toBe(0x06)
    const next = (previous: bigint) => getNextCpuGroup(root, previous).value
    expect([next(0n), next(1n), next(2n), getNextCpuGroup(root, 5n).status]).toEqual([1n, 2n, 0n, 0x6f])
    expect(setPartitionProperty(root, id, PartitionProperty.CpuGroupId, 7n)).toBe(0x0a)
    expect(setPartitionProperty(root, id, PartitionProperty.CpuGroupId, second)).toBe(ok)
    expect(getNextCpuGroupPartition(root, second, 0n).value).toBe(id)
    expect(getNextCpuGroupPartition(root, second, id).value).toBe(0n)
    expect(getNextCpuGroupPartition(root, second, 99n).status).toBe(0x0d)
    expect([deleteCpuGroup(root, second), deleteCpuGroup(root, first), deleteCpuGroup(root, first)]).toEqual([
      0x70,
      ok,
      0x6f,
    ])
    expect(setPartitionProperty(root, id, PartitionProperty.CpuGroupId, 0n)).toBe(ok)
    expect(deleteCpuGroup(root, second)).toBe(ok)
    // Ids do not come back.
    expect(createCpuGroup(root).value).toBe(3n)
  })

  it('have properties and processors; they are bounded', () => {
    const { root, caller } = rig()
    const group = caller.call(HvCallCreateCpuGroup, {}).output?.newCpuGroupId ?? 0n
    expect(setCpuGroupProperty(root, group, CpuGroupProperty.CpuCap, 0x8000n)).toBe(ok)
    expect(getCpuGroupProperty(root, group, CpuGroupProperty.CpuCap).value).toBe(0x8000n)
    expect([getCpuGroupProperty(root, group, 1).status, setCpuGroupProperty(root, group, 1, 0n)]).toEqual([0x09, 0x09])
    expect(setCpuGroupAffinity(root, group, 2n)).toBe(0x41)
    const affinity = [0n, 0n, 0n, 0n, 0n, 0n, 0n]
    const input = { cpuGroupId: group }
    expect(caller.call(HvCallSetCpuGroupAffinity, { input: { ...input, cpuGroupAffinity: affinity } }).status).toBe(ok)
    expect(caller.call(HvCallGetCpuGroupAffinity, { input }).output).toEqual({ lpCount: 0, cpuGroupAffinity: affinity })
    const members = { ...input, previousPartitionId: 0n }
    expect(caller.call(HvCallGetNextCpuGroupPartition, { input: members }).output).toEqual({ nextPartitionId: 0n })
    let status = 0
    for (let i = 0; i < 1000 && status === 0; i++) status = createCpuGroup(root).status
    expect([status, root.machine.cpuGroups.size]).toEqual([0x1d, 256])
  })
})

describe('properties of partitions', () => {
  it('with parts are structures, and the same number again', () => {
    const vsm = { maximumVtl: 1, vtl0InterruptInjectionPolicy: 2, vtl1InterruptInjectionPolicy: 0 }
    expect(decodePropertyValue(PartitionProperty.VsmConfig, 0x21n)).toEqual({ contents: vsm })
    expect(encodePropertyValue(PartitionProperty.VsmConfig, { contents: vsm })).toBe(0x21n)
    expect(decodePropertyValue(PartitionProperty.PmTimerAssist, 0x3_0408n)).toEqual({
      flags: { port: 0x408, width24: true, enabled: true },
    })
    expect(decodePropertyValue(PartitionProperty.CpuWeight, 1n)).toBeUndefined()
    expect(() => encodePropertyValue(PartitionProperty.CpuWeight, {})).toThrow(RangeError)
    for (const [code, { size }] of partitionPropertyValues) {
      expect(size).toBe(8)
      const value = 0x1234_5678_9abc_def0n
      expect(encodePropertyValue(code, decodePropertyValue(code, value) ?? {})).toBe(value)
    }
  })

  it('Suspend stops its VPs, TimeFreeze its clock', () => {
    const { root, id, partition, clock } = rig()
    const vp = vpOf(partition, 0)
    const set = (code: number, value: bigint) => expect(setPartitionProperty(root, id, code, value)).toBe(ok)
    set(PartitionProperty.Suspend, 1n)
    expect(vpRead(vp, 0, 1).outcome).toBe('stopped')
    set(PartitionProperty.Suspend, 0n)
    expect(vpRead(vp, 0, 1).outcome).toBe('done')
    clock.time = 100n
    set(PartitionProperty.TimeFreeze, 1n)
    clock.time = 200n
    expect(partition.clock.time).toBe(100n)
    vp.isExplicitlySuspended = false
    expect(partition.clock.isRunning).toBe(false)
    set(PartitionProperty.TimeFreeze, 0n)
    clock.time = 250n
    expect(partition.clock.time).toBe(150n)
  })

  it('tell what the model knows', () => {
    const { root, id, partition } = rig({ tscFrequency: 3_000_000_000n })
    const get = (code: number) => getPartitionProperty(root, id, code).value
    expect([get(PartitionProperty.ReferenceTscPageActive), get(PartitionProperty.ProcessorClockFrequency)]).toEqual([
      0n,
      3_000_000_000n,
    ])
    partition.vtl0.tscPage.value = 0x6001n
    expect(get(PartitionProperty.ReferenceTscPageActive)).toBe(1n)
    expect(setPartitionProperty(root, id, PartitionProperty.ProcessorClockFrequency, 1n)).toBe(0x0a)
  })

  it('by the calls for longer values', () => {
    const { caller, id } = rig()
    const property = { partitionId: id, propertyCode: PartitionProperty.CpuWeight, arg: 0n }
    const value = Uint8Array.of(50, 0, 0, 0, 0, 0, 0, 0)
    expect(caller.call(HvCallSetPartitionPropertyEx, { input: { ...property, value } }).status).toBe(ok)
    const long = { ...property, value: new Uint8Array(16) }
    expect(caller.call(HvCallSetPartitionPropertyEx, { input: long }).status).toBe(0x1e)
    const { output } = caller.call(HvCallGetPartitionPropertyEx, { input: property })
    expect([...(output?.propertyValue.subarray(0, 9) ?? [])]).toEqual([...value, 0])
  })
})

describe('state', () => {
  it('[HC-31] a state whose count goes beyond its block is refused before a byte is read', () => {
    const { caller, id } = rig()
    const input = { partitionId: id, flags: 1, restoreDataCount: 4081, restoreData: new Uint8Array(4080) }
    for (const restoreDataCount of [4081, 0x1000, 0xffff_ffff]) {
      expect(caller.call(HvCallRestorePartitionState, { input: { ...input, restoreDataCount } }).status).toBe(0x05)
    }
    expect(caller.call(HvCallRestorePartitionState, { input: { ...input, restoreDataCount: 4080 } }).status).toBe(0x17)
    // A VP's state that is shorter than it says.
    const xsave = HvCallSetVpState.input.decode(new Uint8Array(40)).stateData.xsave
    const stateData = { type: VpStateType.SyntheticTimers, xsave }
    const timers = { partitionId: id, vpIndex: 0, inputVtl: 0, stateData, data: new Uint8Array(192) }
    expect(caller.call(HvCallSetVpState, { input: timers }).status).toBe(0x05)
  })

  it('timers of a VP move to another', () => {
    const { caller, id, partition } = rig()
    const [from, to] = [vpOf(partition, 0), vpOf(partition, 1)]
    write(from, msr.stimer + 2, 0x2_0001n)
    write(from, msr.stimer + 3, 1000n)
    const xsave = HvCallSetVpState.input.decode(new Uint8Array(40)).stateData.xsave
    const stateData = { type: VpStateType.SyntheticTimers, xsave }
    const at = { partitionId: id, vpIndex: 0, inputVtl: 0, stateData }
    const state = caller.call(HvCallGetVpState, { input: { ...at, pages: [] } }).output?.state ?? new Uint8Array(0)
    expect(SyntheticTimersState.decode(state).timers[1]).toMatchObject({ config: 0x2_0001n, count: 1000n })
    expect(caller.call(HvCallSetVpState, { input: { ...at, vpIndex: 1, data: state } }).status).toBe(ok)
    const timer = to.level(0)?.timers[1]
    expect([timer?.config, timer?.count, timer?.deadline]).toEqual([0x2_0001n, 1000n, 1000n])
    const other = { ...at, stateData: { type: VpStateType.Xsave, xsave }, pages: [] }
    expect(caller.call(HvCallGetVpState, { input: other }).status).toBe(0x1e)
  })

  it('time of a partition is restored while it stands still; its TSC page goes on', () => {
    const { caller, id, partition } = rig({ tscFrequency: 1_000_000_000n })
    const time = { partitionId: id, tscSequence: 41, referenceTime: 5_000n, tsc: 0n }
    expect(caller.call(HvCallRestorePartitionTime, { input: time }).status).toBe(0x15)
    for (const vp of partition.processors()) vp.isExplicitlySuspended = true
    partition.vtl0.tscPage.value = 0x6001n
    expect(caller.call(HvCallRestorePartitionTime, { input: time }).status).toBe(ok)
    vpOf(partition, 0).isExplicitlySuspended = false
    expect([partition.clock.time, partition.memory(2 ** 40).load32(0x6000)]).toEqual([5_000n, 42])
  })
})

it('pages one by one, other access to them, and a statistics page where the caller wants it', () => {
  const { caller, id, partition, root } = rig()
  const input = { targetPartitionId: id, mapFlags: MapGpaFlags.readable | MapGpaFlags.writable }
  const elements = [
    { targetGpaPageNumber: 100n, sourceGpaPageNumber: 60n },
    { targetGpaPageNumber: 90n, sourceGpaPageNumber: 61n },
  ]
  expect(caller.call(HvCallMapSparseGpaPages, { input, elements }).status).toBe(ok)
  expect([partition.space.machinePage(100), partition.space.machinePage(90)]).toEqual([60, 61])
  const modify = { input: { ...input, mapFlags: MapGpaFlags.readable }, elements: [{ gpaPageNumber: 90n }] }
  expect(caller.call(HvCallModifySparseGpaPages, modify).status).toBe(ok)
  const vp = vpOf(partition, 0)
  expect([vpRead(vp, 90 * PAGE_SIZE, 1).outcome, vpWrite(vp, 90 * PAGE_SIZE, Uint8Array.of(1)).outcome]).toEqual([
    'done',
    'intercepted',
  ])
  const unmapped = { ...modify, elements: [{ gpaPageNumber: 91n }] }
  expect(caller.call(HvCallModifySparseGpaPages, unmapped).status).toBe(0x05)

  const objectIdentity = { type: 'HypervisorStats' as const }
  const stats = { statsType: StatsObjectType.Hypervisor, objectIdentity, mapLocation: 77n }
  expect(caller.call(HvCallMapStatsPage2, { input: stats }).status).toBe(ok)
  expect(root.space.isOverlaid(77)).toBe(true)
})
