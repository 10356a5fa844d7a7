import { describe, expect, it } from 'vitest'
import { HvCallSignalEvent } from '../src/hypercall/calls/ports.ts'
import { HvCallGetVpIndexFromApicId, HvCallGetVpRegisters } from '../src/hypercall/calls/vp.ts'
import { arm64SmcccConvention, onArm64 } from '../src/hypercall/conventions/convention.ts'
import { HypercallRegisters } from '../src/hypercall/conventions/registers.ts'
import { InterruptType } from '../src/hypercall/enums/interrupts.ts'
import { WellKnownPartition, WellKnownVp } from '../src/hypercall/ids.ts'
import { CommonRegister as R } from '../src/hypercall/registers/common.ts'
import {
  assertVirtualInterrupt,
  getVpRegister,
  HypercallCaller,
  modelDispatcher,
  PartitionCaller,
  register64,
  setVpRegister,
  vpHypercall,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, ok, vpOf } from './hypervisor-rig.ts'

const self = WellKnownPartition.Self
const pages = { inputGpa: 0, outputGpa: PAGE_SIZE }

function rig() {
  const made = machine({ architecture: 'arm64', rootPool: 24 })
  const partition = child(made.root, { vps: 2 })
  const vp = vpOf(partition, 0)
  const own = { caller: vp, partition: self, vp: WellKnownVp.Self }
  const dispatcher = modelDispatcher({ architecture: 'arm64' })
  return { ...made, partition, vp, own, dispatcher }
}

describe('before an ARM64 guest has said what it is', () => {
  it('it reads who hosts it and writes its id; other registers, and all other calls, are denied', () => {
    const { own, vp, dispatcher, rootVp, partition } = rig()
    const early = [R.HvRegisterHypervisorVersion, R.HvRegisterPrivilegesAndFeaturesInfo, R.HvRegisterTimeRefCount]
    expect(early.map((name) => getVpRegister(own, name).status)).toEqual([ok, ok, ok])
    expect(setVpRegister(own, R.HvRegisterGuestCrashP0, register64(1n))).toBe(ok)
    expect(setVpRegister(own, R.HvRegisterTimeRefCount, register64(1n))).toBe(0x06)
    expect(setVpRegister(own, R.HvRegisterScontrol, register64(1n))).toBe(0x06)
    expect(getVpRegister(own, R.HvRegisterVpIndex).status).toBe(0x06)
    // Its parent may.
    const child = { caller: rootVp, partition: partition.id, vp: 0 }
    expect(getVpRegister(child, R.HvRegisterVpIndex).status).toBe(ok)
    const caller = new HypercallCaller(dispatcher, vp, pages)
    const signal = { input: { connectionId: { id: 1 }, flagNumber: 0 } }
    expect(caller.call(HvCallSignalEvent, signal, true).status).toBe(0x06)
    const input = { partitionId: self, vpIndex: WellKnownVp.Self, inputVtl: { targetVtl: 0, useTargetVtl: false } }
    const get = (registerName: number) => caller.call(HvCallGetVpRegisters, { input, elements: [{ registerName }] })
    expect([get(R.HvRegisterFeaturesInfo).status, get(R.HvRegisterSint0).status]).toEqual([ok, 0x06])
    expect(setVpRegister(own, R.HvRegisterGuestOsId, register64(1n))).toBe(ok)
    expect(get(R.HvRegisterSint0).status).toBe(ok)
    expect(caller.call(HvCallSignalEvent, signal, true).status).toBe(0x12)
    // And when it takes the id back.
    expect(setVpRegister(own, R.HvRegisterGuestOsId, register64(0n))).toBe(ok)
    expect(get(R.HvRegisterSint0).status).toBe(0x06)
  })

  it('what is no hypercall is not answered', () => {
    const { vp, dispatcher } = rig()
    const registers = new HypercallRegisters(arm64SmcccConvention)
    registers.set('X0', 0x8400_0000n)
    registers.set('X1', 0x5dn)
    expect(vpHypercall(dispatcher, vp, registers).kind).toBe('not-a-hypercall')
    expect(registers.get('X0')).toBe(0x8400_0000n)
  })
})

describe('interrupts of ARM64', () => {
  it('have ids up to 1019; a line is raised and lowered; there is no other type', () => {
    const { root, partition, vp } = rig()
    const call = { partition: partition.id, type: InterruptType.Fixed, destination: 0n, vector: 700 }
    expect(assertVirtualInterrupt(root, { ...call, isAsserted: true })).toBe(ok)
    expect(vp.controller.acknowledge()).toBe(700)
    vp.controller.endOfInterrupt()
    assertVirtualInterrupt(root, call)
    expect(assertVirtualInterrupt(root, { ...call, isAsserted: false })).toBe(ok)
    expect(vp.controller.acknowledge()).toBeUndefined()
    const status = (change: object) => assertVirtualInterrupt(root, { ...call, ...change })
    expect([status({ vector: 1019 }), status({ vector: 1020 }), status({ vector: 15 })]).toEqual([ok, 0x05, 0x05])
    expect(status({ type: InterruptType.Nmi })).toBe(0x05)
  })

  it('of a SINT have 10 bits', () => {
    const { vp, rootVp, partition } = rig()
    const at = { caller: rootVp, partition: partition.id, vp: 0 }
    const values: [number, bigint][] = [
      [R.HvRegisterSipp, (8n << 12n) | 1n],
      [R.HvRegisterSint2, 0x105n],
      [R.HvRegisterScontrol, 1n],
    ]
    for (const [name, value] of values) expect(setVpRegister(at, name, register64(value))).toBe(ok)
    vp.synic.post(2, { messageType: 1, sender: 0n, payload: () => new Uint8Array(0) })
    expect(vp.controller.acknowledge()).toBe(0x105)
    expect(setVpRegister(at, R.HvRegisterSint2, register64(0x400n))).toBe(0x05)
  })
})

describe('calls with other blocks', () => {
  it('a partition is created with the header of ARM64', () => {
    const { rootVp, dispatcher, root, hypervisor } = rig()
    root.guestOsId = 1n
    const calls = new PartitionCaller(new HypercallCaller(dispatcher, rootVp, pages))
    const id = calls.createChild([40, 41, 42], [], 0n)
    expect(hypervisor.partition(id)?.state).toBe('active')
  })

  it('VPs are found by MPIDR, 8 bytes each, of which the affinity counts', () => {
    const { vp, dispatcher, partition } = rig()
    partition.guestOsId = 1n
    const caller = new HypercallCaller(dispatcher, vp, pages)
    const call = onArm64(HvCallGetVpIndexFromApicId)
    const input = { partitionId: self, targetVtl: 0 }
    // Bits 31 (always set), 30 (one processor) and 24 (threads) are no affinity.
    const elements = [{ mpidr: 1n }, { mpidr: 0x8000_0000n }, { mpidr: 0x100n }]
    expect(caller.call(call, { input, elements })).toMatchObject({ status: 0x05, repsCompleted: 2 })
    expect(caller.call(call, { input, elements: elements.slice(0, 2) }, true).outputs).toEqual([
      { vpIndex: 1 },
      { vpIndex: 0 },
    ])
    expect(caller.call(call, { input: { ...input, targetVtl: 1 }, elements }).status).toBe(0x06)
  })
})
