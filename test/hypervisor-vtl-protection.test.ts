import { describe, expect, it } from 'vitest'
import { HypervisorTransport, Pump } from '../src/channels/index.ts'
import { HvCallPostMessage } from '../src/hypercall/calls/ports.ts'
import {
  HvCallCheckSparseGpaPageVtlAccess,
  HvCallDisablePartitionVtl,
  HvCallDisableVpVtl,
  HvCallModifyVtlProtectionMask,
  HvCallModifyVtlProtectionMaskRange,
} from '../src/hypercall/calls/vtl.ts'
import { x64Convention } from '../src/hypercall/conventions/convention.ts'
import { placeCall } from '../src/hypercall/conventions/place-call.ts'
import { HypercallRegisters } from '../src/hypercall/conventions/registers.ts'
import { InterruptType } from '../src/hypercall/enums/interrupts.ts'
import { MessageType } from '../src/hypercall/enums/messages.ts'
import { WellKnownPartition } from '../src/hypercall/ids.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { X64MemoryInterceptMessage } from '../src/hypercall/x64-messages.ts'
import {
  assertVirtualInterrupt,
  checkVtlAccess,
  DeviceMemory,
  disablePartitionVtl,
  disableVpVtl,
  enablePartitionVtl,
  enableVpVtl,
  getVpRegister,
  HypercallCaller,
  mapGpaPage,
  modelDispatcher,
  modifyVtlProtectionMask,
  PageAccess,
  type Partition,
  register64,
  setVpRegister,
  type VirtualProcessor,
  vpExecute,
  vpHypercall,
  vpRead,
  vpWrite,
  vtlCall,
  vtlReturn,
} from '../src/hypervisor/index.ts'
import { BufferMemory, type GuestMemory, MemoryFault, PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, machine, msr, ok, rwx, slotOf, takeMessage, vpOf, write } from './hypervisor-rig.ts'

const self = WellKnownPartition.Self
const vsmConfig = CommonRegister.HvRegisterVsmPartitionConfig
const all = 0b1_1111n

/** A child with a VP that has VTL 1, in which it has a SynIC and a VP assist page, and runs in VTL 0. */
function rig() {
  const made = machine()
  const partition = child(made.root, { privileges: ['accessVsm', 'accessVpRegisters', 'postMessages'], vps: 2 })
  const vp = vpOf(partition, 0)
  expect(enablePartitionVtl(vp, self, 1)).toBe(ok)
  expect(enableVpVtl(vp, self, 0, 1)).toBe(ok)
  vtlCall(vp)
  enableSynic(vp, { simp: 8, siefp: 9, sints: { 0: 0x50n } })
  write(vp, 0x4000_0073, (10n << 12n) | 1n)
  vtlReturn(vp, 1n)
  return { ...made, partition, vp }
}

/** As `rig`, with protection on: lower levels may do all with pages that are not named. */
function guarded() {
  const made = rig()
  const { vp } = made
  vtlCall(vp)
  expect(configure(vp, all)).toBe(ok)
  return made
}

function configure(vp: VirtualProcessor, value: bigint) {
  return setVpRegister({ caller: vp, partition: self, vp: vp.index }, vsmConfig, register64(value))
}

function protect(vp: VirtualProcessor, guestPage: number, flags: number) {
  return modifyVtlProtectionMask(vp, { partition: self, guestPage, flags })
}

/** The reason of the last entry of VTL 1. */
function entryReason(partition: Partition) {
  return partition.memory(2 ** 40, 1).load32(10 * PAGE_SIZE + 8)
}

describe('VTL protections', () => {
  it('an access of a lower level to a protected page brings the higher one in, with the message in its SINT0', () => {
    const { partition, vp, root } = guarded()
    expect(protect(vp, 3, PageAccess.read)).toBe(ok)
    vtlReturn(vp, 1n)
    expect(vpRead(vp, 3 * PAGE_SIZE, 4).outcome).toBe('done')
    expect(vpWrite(vp, 2 * PAGE_SIZE, Uint8Array.of(1)).outcome).toBe('done')
    // The second page of it is the one that may not be written.
    expect(vpWrite(vp, 3 * PAGE_SIZE - 2, Uint8Array.of(1, 2, 3, 4)).outcome).toBe('intercepted')
    expect([vp.vtl, vp.isIntercepted, entryReason(partition)]).toEqual([1, false, 3])
    const message = takeMessage(vp, 0)
    expect([message.type, message.sender]).toEqual([MessageType.GpaIntercept, partition.id])
    const payload = X64MemoryInterceptMessage.decode(Uint8Array.from(message.payload))
    expect(payload).toMatchObject({
      guestPhysicalAddress: BigInt(3 * PAGE_SIZE),
      header: { vpIndex: 0, interceptAccessType: 1, executionState: { vtl: 0 } },
    })
    expect(vp.controller.acknowledge()).toBe(0x50)
    // Nothing of it was written, and the parent heard nothing.
    expect(partition.memory(2 ** 40).load32(3 * PAGE_SIZE - 4)).toBe(0)
    expect(vpOf(root, 0).synic.queued(0)).toBe(0)
    // The level itself may do everything.
    expect(vpWrite(vp, 3 * PAGE_SIZE, Uint8Array.of(1)).outcome).toBe('done')
  })

  it('no access at all, and no execution', () => {
    const { vp } = guarded()
    protect(vp, 3, 0)
    protect(vp, 4, PageAccess.read | PageAccess.write)
    for (const access of [() => vpRead(vp, 3 * PAGE_SIZE, 1), () => vpExecute(vp, 4 * PAGE_SIZE)]) {
      vtlReturn(vp, 1n)
      expect(access().outcome).toBe('intercepted')
      expect(vp.vtl).toBe(1)
      expect(takeMessage(vp, 0).type).toBe(MessageType.GpaIntercept)
      vp.controller.acknowledge()
      vp.controller.endOfInterrupt()
    }
  })

  it('the blocks of a hypercall are accesses too', () => {
    const { vp, partition } = guarded()
    // Each level says itself what it is.
    write(vp, msr.guestOsId, 1n)
    protect(vp, 5, 0)
    vtlReturn(vp, 1n)
    write(vp, msr.guestOsId, 2n)
    const registers = new HypercallRegisters(x64Convention)
    const post = { connectionId: { id: 1 }, messageType: 1, payloadSize: 0, payload: new Uint8Array(240) }
    placeCall(
      registers,
      HvCallPostMessage,
      { input: post },
      { memory: partition.memory(2 ** 40), inputGpa: 5 * PAGE_SIZE },
    )
    const dispatcher = modelDispatcher()
    expect(vpHypercall(dispatcher, vp, registers)).toMatchObject({ kind: 'intercepted', access: 'read' })
    expect([vp.vtl, takeMessage(vp, 0).type]).toEqual([1, MessageType.GpaIntercept])
    // The level above makes the same call, and has its answer: no such connection.
    expect(vpHypercall(dispatcher, vp, registers).kind).toBe('completed')
    expect(registers.status).toBe(0x12)
  })

  it('pages that are not named have the default; neither it nor protection can be changed once it is on', () => {
    const made = rig()
    const { vp } = made
    expect(configure(vp, all)).toBe(0x05)
    vtlCall(vp)
    expect(protect(vp, 3, 0)).toBe(0x06)
    expect(configure(vp, 0n)).toBe(ok)
    // Write without read; execution in one mode alone, without mode-based execute control; an intercept that is not modelled.
    expect([0b0_0101n, 0b0_1011n, 0b1_0011n, 0x201n, 1n << 63n].map((value) => configure(vp, value))).toEqual(
      new Array(5).fill(0x05),
    )
    expect(configure(vp, 0b0_0011n)).toBe(ok)
    expect(configure(vp, 0n)).toBe(0x05)
    expect(configure(vp, all)).toBe(0x05)
    expect(configure(vp, 0b0_0011n | 0x40n)).toBe(ok)
    // One register for all VPs.
    const rootVp = made.rootVp
    const config = { caller: rootVp, partition: made.partition.id, vp: 1, vtl: 0 }
    expect(getVpRegister(config, vsmConfig).value?.low).toBe(0n)
    expect(getVpRegister({ ...config, vp: 0, vtl: 1 }, vsmConfig).value?.low).toBe(0x43n)
    vtlReturn(vp, 1n)
    expect(vpRead(vp, 3 * PAGE_SIZE, 1).outcome).toBe('done')
    expect(vpWrite(vp, 3 * PAGE_SIZE, Uint8Array.of(1)).outcome).toBe('intercepted')
  })

  it('a page that is mapped anew has the default again', () => {
    const { vp, root, partition } = guarded()
    protect(vp, 3, 0)
    vtlReturn(vp, 1n)
    expect(mapGpaPage(root, { partition: partition.id, guestPage: 3, sourcePage: 60, flags: rwx })).toBe(ok)
    expect(vpRead(vp, 3 * PAGE_SIZE, 1).outcome).toBe('done')
  })

  it('only for lower levels, for memory, with access that exists, by who may', () => {
    const { vp, root, partition } = guarded()
    expect(protect(vp, 99, 0)).toBe(0x05)
    expect(protect(vp, 3, PageAccess.write)).toBe(0x05)
    expect(protect(vp, 3, 0x10)).toBe(0x05)
    // Execution in one mode alone.
    expect([protect(vp, 3, 0b0101), protect(vp, 3, 0b1001)]).toEqual([0x05, 0x05])
    expect(modifyVtlProtectionMask(vp, { partition: self, vtl: 0, guestPage: 3, flags: 0 })).toBe(0x05)
    expect(modifyVtlProtectionMask(vp, { partition: self, vtl: 2, guestPage: 3, flags: 0 })).toBe(0x06)
    vtlReturn(vp, 1n)
    expect(protect(vp, 3, 0)).toBe(0x05)
    expect(modifyVtlProtectionMask(vp, { partition: self, vtl: 1, guestPage: 3, flags: 0 })).toBe(0x06)
    const rootVp = vpOf(root, 0)
    expect(modifyVtlProtectionMask(rootVp, { partition: partition.id, vtl: 2, guestPage: 3, flags: 0 })).toBe(0x51)
    expect(modifyVtlProtectionMask(rootVp, { partition: partition.id, vtl: 1, guestPage: 3, flags: 0 })).toBe(ok)
  })

  it('what a level may do can be asked, and who would object', () => {
    const { vp } = guarded()
    protect(vp, 3, PageAccess.read)
    const ask = (vtl: number, access: number) => checkVtlAccess(vp, { partition: self, vtl, guestPage: 3, access })
    expect(ask(0, 0b1111).value).toEqual({ denied: 0b1110, interceptingVtl: 1 })
    expect(ask(0, 1).value).toEqual({ denied: 0, interceptingVtl: 0 })
    expect(ask(1, 0b1111).value).toEqual({ denied: 0, interceptingVtl: 0 })
    expect(ask(2, 1).status).toBe(0x06)
    expect(ask(0, 0x10).status).toBe(0x05)
  })

  it('two levels: both must agree, and the lower one gets what neither allows', () => {
    const { vp, root, partition } = guarded()
    expect(enablePartitionVtl(vp, self, 2)).toBe(ok)
    expect(enableVpVtl(vp, self, 0, 2)).toBe(ok)
    protect(vp, 3, 0)
    vtlCall(vp)
    expect([vp.vtl, configure(vp, all)]).toEqual([2, ok])
    expect(protect(vp, 3, 0)).toBe(ok)
    expect(protect(vp, 4, 0)).toBe(ok)
    vtlReturn(vp, 1n)
    expect(vpRead(vp, 4 * PAGE_SIZE, 1).outcome).toBe('intercepted')
    expect(vp.vtl).toBe(2)
    vtlReturn(vp, 1n)
    vtlReturn(vp, 1n)
    expect([vp.vtl, vpRead(vp, 3 * PAGE_SIZE, 1).outcome, vp.vtl]).toEqual([0, 'intercepted', 1])
    expect(partition.enabledVtls).toBe(7)
    expect(root.enabledVtls).toBe(1)
  })
})

describe('devices that the parent plays', () => {
  const words = (memory: GuestMemory) => [
    () => memory.load32(3 * PAGE_SIZE),
    () => memory.store32(3 * PAGE_SIZE, 1),
    () => memory.read(3 * PAGE_SIZE - 4, new Uint8Array(8), 0, 8),
    () => memory.write(3 * PAGE_SIZE - 4, new Uint8Array(8), 0, 8),
    () => memory.direct(2 * PAGE_SIZE, 2 * PAGE_SIZE),
  ]
  const refused = (memory: GuestMemory) =>
    words(memory).map((access) => {
      try {
        access()
        return false
      } catch (error) {
        expect(error).toBeInstanceOf(MemoryFault)
        return true
      }
    })

  it('may no more than VTL 0, for which they act', () => {
    const { root, partition } = guarded()
    const memory = new DeviceMemory(root.memory(16 * PAGE_SIZE), partition)
    expect([memory.size, refused(memory)]).toEqual([16 * PAGE_SIZE, new Array(5).fill(false)])
    partition.protections.protect(1, 3, PageAccess.read)
    expect(refused(memory)).toEqual([false, true, false, true, true])
    partition.protections.protect(1, 3, 0)
    expect(refused(memory)).toEqual(new Array(5).fill(true))
    expect(() => memory.load32(16 * PAGE_SIZE)).toThrow('not mapped')
    expect(() => memory.read(0, new Uint8Array(1), 0, Number.NaN)).toThrow('not a length')
  })

  it('so it is on a bus over the hypervisor', () => {
    const ram = new BufferMemory(new ArrayBuffer(64 * PAGE_SIZE))
    const { host, child: guest } = new HypervisorTransport(ram, new Pump())
    expect(refused(host.memory)).toEqual(new Array(5).fill(false))
    guest.addLevel(1)
    guest.protections.enable(1, 0)
    expect(refused(host.memory)).toEqual(new Array(5).fill(true))
  })
})

describe('interrupts of other levels', () => {
  it('one of a higher level enters it, at once or when the VP may run', () => {
    const { root, partition, vp } = rig()
    const call = { partition: partition.id, type: InterruptType.Fixed, destination: 0n, vector: 0x61, vtl: 1 }
    expect(assertVirtualInterrupt(root, call)).toBe(ok)
    expect([vp.vtl, entryReason(partition), vp.controller.acknowledge()]).toEqual([1, 2, 0x61])
    vp.controller.endOfInterrupt()
    vtlReturn(vp, 1n)
    vp.isExplicitlySuspended = true
    assertVirtualInterrupt(root, call)
    expect(vp.vtl).toBe(0)
    vp.isExplicitlySuspended = false
    expect(vp.vtl).toBe(1)
    // Not taken: whoever returns comes back.
    vtlReturn(vp, 1n)
    expect([vp.vtl, entryReason(partition)]).toEqual([1, 2])
  })

  it('one of a lower level raises the VINA vector, once until the status byte is cleared', () => {
    const { root, partition, vp } = rig()
    vtlCall(vp)
    const target = { caller: vp, partition: self, vp: 0 }
    expect(setVpRegister(target, CommonRegister.HvRegisterVsmVina, register64(0x170n))).toBe(ok)
    const call = { partition: partition.id, type: InterruptType.Fixed, destination: 0n, vector: 0x61, vtl: 0 }
    assertVirtualInterrupt(root, call)
    expect([vp.vtl, vp.controller.acknowledge()]).toEqual([1, 0x70])
    vp.controller.endOfInterrupt()
    assertVirtualInterrupt(root, { ...call, vector: 0x62 })
    expect(vp.controller.acknowledge()).toBeUndefined()
    partition.memory(2 ** 40, 1).store32(10 * PAGE_SIZE + 12, 0)
    assertVirtualInterrupt(root, { ...call, vector: 0x63 })
    expect(vp.controller.acknowledge()).toBe(0x70)
    vtlReturn(vp, 1n)
    expect(vp.controller.acknowledge()).toBe(0x63)
  })
})

describe('disabling', () => {
  it('of a VP: not the level it runs in, nor from below; its SynIC goes', () => {
    const { vp, partition, root } = rig()
    const rootVp = vpOf(root, 0)
    expect(disableVpVtl(vp, self, 0, 1)).toBe(0x06)
    vtlCall(vp)
    expect(disableVpVtl(vp, self, 0, 1)).toBe(0x15)
    expect(disableVpVtl(vp, self, 1, 1)).toBe(0x51)
    expect(disableVpVtl(vp, self, 7, 1)).toBe(0x0e)
    vtlReturn(vp, 1n)
    expect(disableVpVtl(rootVp, partition.id, 0, 0)).toBe(0x05)
    expect(disableVpVtl(rootVp, partition.id, 0, 1, true)).toBe(ok)
    expect(vp.level(1)?.synic.control).toBe(0n)
    expect(disableVpVtl(rootVp, partition.id, 0, 1)).toBe(ok)
    expect([vp.level(1), vtlCall(vp)]).toEqual([undefined, false])
    expect(disableVpVtl(rootVp, partition.id, 0, 1)).toBe(0x51)
  })

  it('of a partition: when no VP has it, and no higher level is there; protections end', () => {
    const { vp, partition, root } = guarded()
    protect(vp, 3, 0)
    vtlReturn(vp, 1n)
    const rootVp = vpOf(root, 0)
    expect(disablePartitionVtl(rootVp, partition.id, 1)).toBe(0x51)
    expect(disablePartitionVtl(rootVp, partition.id, 1, true)).toBe(ok)
    expect(vpRead(vp, 3 * PAGE_SIZE, 1).outcome).toBe('done')
    expect(enablePartitionVtl(rootVp, partition.id, 2)).toBe(ok)
    expect(disableVpVtl(rootVp, partition.id, 0, 1)).toBe(ok)
    expect(disablePartitionVtl(rootVp, partition.id, 1)).toBe(0x51)
    expect(disablePartitionVtl(rootVp, partition.id, 2)).toBe(ok)
    expect(disablePartitionVtl(rootVp, partition.id, 1)).toBe(ok)
    expect(disablePartitionVtl(rootVp, partition.id, 1)).toBe(0x51)
    expect(partition.enabledVtls).toBe(1)
  })
})

it('the calls: protect one by one and as a run, check, disable', () => {
  const { vp, partition, rootVp } = guarded()
  write(vp, msr.guestOsId, 1n)
  write(rootVp, msr.guestOsId, 1n)
  const dispatcher = modelDispatcher()
  const pages = { inputGpa: 0, outputGpa: PAGE_SIZE }
  const caller = new HypercallCaller(dispatcher, vp, pages)
  const rootCaller = new HypercallCaller(dispatcher, rootVp, pages)
  const noVtl = { targetVtl: 0, useTargetVtl: false }
  const protectPages = { targetPartitionId: self, mapFlags: 1, targetVtl: noVtl }
  const elements = [3n, 4n, 99n].map((gpaPageNumber) => ({ gpaPageNumber }))
  expect(caller.call(HvCallModifyVtlProtectionMask, { input: protectPages, elements })).toMatchObject({
    status: 0x05,
    repsCompleted: 2,
  })
  const range = { targetPartitionId: self, targetGpaBase: 5n, targetVtlSet: 2 }
  const masks = [{ vtlPermissionSet: [3, 0] }, { vtlPermissionSet: [0, 0] }]
  expect(caller.call(HvCallModifyVtlProtectionMaskRange, { input: range, elements: masks }).status).toBe(ok)
  const odd = { input: { ...range, targetVtlSet: 1 }, elements: masks }
  expect(caller.call(HvCallModifyVtlProtectionMaskRange, odd).status).toBe(0x05)

  const check = { targetPartitionId: self, targetVtl: { targetVtl: 0, useTargetVtl: true }, desiredAccess: 3 }
  const asked = [3n, 5n, 6n].map((gpaPageNumber) => ({ gpaPageNumber }))
  const { outputs } = caller.call(HvCallCheckSparseGpaPageVtlAccess, { input: check, elements: asked })
  expect(outputs?.map(({ result }) => result)).toEqual([
    { resultCode: 1, deniedAccess: 2, interceptingVtl: 1 },
    { resultCode: 0, deniedAccess: 0, interceptingVtl: 0 },
    { resultCode: 1, deniedAccess: 3, interceptingVtl: 1 },
  ])

  vtlReturn(vp, 1n)
  const disable = { partitionId: partition.id, targetVtl: 1, flags: { scrubOnly: false } }
  expect(rootCaller.call(HvCallDisableVpVtl, { input: { ...disable, vpIndex: 0 } }, true).status).toBe(ok)
  expect(rootCaller.call(HvCallDisablePartitionVtl, { input: disable }, true).status).toBe(ok)
  expect(partition.enabledVtls).toBe(1)
  expect(slotOf(rootVp, 0, 100).type).toBe(0)
})
