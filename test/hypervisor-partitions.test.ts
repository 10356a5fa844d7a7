import { describe, expect, it } from 'vitest'
import { PartitionProperty } from '../src/hypercall/enums/partition.ts'
import { WellKnownPartition, WellKnownVp } from '../src/hypercall/ids.ts'
import { childPrivileges, PartitionPrivileges, privilegeMask } from '../src/hypercall/privileges.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { X64Register } from '../src/hypercall/registers/x64.ts'
import {
  createPartition,
  createVp,
  deletePartition,
  deleteVp,
  depositMemory,
  finalizePartition,
  getMemoryBalance,
  getNextChildPartition,
  getPartitionId,
  getPartitionProperty,
  getVpRegister,
  initializePartition,
  maxPartitionDepth,
  register64,
  setPartitionProperty,
  setVpRegister,
  startVirtualProcessor,
  vpIndexFromApicId,
  vpRead,
  withdrawMemory,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, ok, vpOf } from './hypervisor-rig.ts'

describe('life of a partition', () => {
  it('create, deposit, initialize, VPs, finalize, withdraw, delete; every page comes back', () => {
    const { root, hypervisor, memory } = machine()
    const before = hypervisor.machine.pages.pooledCount
    memory.store32(30 * PAGE_SIZE, 0xdead)
    const { value: id = 0n } = createPartition(root)
    expect(id).toBe(2n)
    // Without memory of its own it cannot be initialized.
    expect(initializePartition(root, id)).toBe(0x0b)
    for (const page of [30, 31, 32]) expect(depositMemory(root, id, page)).toBe(ok)
    expect(initializePartition(root, id)).toBe(ok)
    expect(createVp(root, id, 0)).toBe(ok)
    expect(getMemoryBalance(root, id).value).toEqual({ pagesAvailable: 1, pagesInUse: 2 })
    expect(deletePartition(root, id)).toBe(0x07)
    expect(finalizePartition(root, id)).toBe(ok)
    expect(deletePartition(root, id)).toBe(0x08)
    const back = [1, 2, 3].map(() => withdrawMemory(root, id).value)
    expect(back.sort()).toEqual([30, 31, 32])
    expect(withdrawMemory(root, id).status).toBe(0x1d)
    expect(deletePartition(root, id)).toBe(ok)
    expect(hypervisor.machine.pages.pooledCount).toBe(before)
    expect(root.memory(memory.size).load32(30 * PAGE_SIZE)).toBe(0)
    expect(initializePartition(root, id)).toBe(0x0d)
    // No id comes twice.
    expect(createPartition(root).value).toBe(3n)
  })

  it('states allow what they allow', () => {
    const { root } = machine()
    const { value: id = 0n } = createPartition(root)
    expect(createVp(root, id, 0)).toBe(0x07)
    expect(finalizePartition(root, id)).toBe(0x07)
    depositMemory(root, id, 20)
    expect(initializePartition(root, id)).toBe(ok)
    expect(initializePartition(root, id)).toBe(0x07)
    expect(createVp(root, id, 0)).toBe(0x0b)
    expect(finalizePartition(root, id)).toBe(ok)
    expect(finalizePartition(root, id)).toBe(0x07)
    expect(depositMemory(root, id, 21)).toBe(0x07)
  })

  it('one that was never initialized can be deleted, once its pool is drained', () => {
    const { root } = machine()
    const { value: id = 0n } = createPartition(root)
    depositMemory(root, id, 20)
    expect(deletePartition(root, id)).toBe(0x08)
    expect(withdrawMemory(root, id).value).toBe(20)
    expect(deletePartition(root, id)).toBe(ok)
  })

  it('creating needs the privilege and a page of the creator; reserved flags are refused', () => {
    const { root } = machine({ rootPool: 3 })
    expect(createPartition(root, 1n).status).toBe(0x05)
    expect(createPartition(root).status).toBe(ok)
    expect(createPartition(root).status).toBe(0x0b)
    const guest = child(machine().root)
    expect(createPartition(guest).status).toBe(0x06)
  })

  it('children of children, to a depth; a partition that has children is not finalized', () => {
    const { root } = machine()
    const parent = child(root, { privileges: ['createPartitions', 'accessMemoryPool', 'accessPartitionId'] })
    const made = createPartition(parent)
    expect(made.status).toBe(ok)
    const id = made.value ?? 0n
    expect(finalizePartition(root, parent.id)).toBe(0x08)
    // A grandchild is none of the root's business.
    expect(initializePartition(root, id)).toBe(0x0d)
    expect(depositMemory(parent, id, 3)).toBe(ok)
    expect(initializePartition(parent, id)).toBe(ok)
    // The page is out of reach for the root as well.
    expect(root.space.mappedAccess(19)).toBe(0)
    expect(finalizePartition(parent, id)).toBe(ok)
    expect(withdrawMemory(parent, id).value).toBe(3)
    expect(root.space.mappedAccess(19)).toBe(0xf)
    expect(deletePartition(parent, id)).toBe(ok)
    expect(finalizePartition(root, parent.id)).toBe(ok)
    expect(maxPartitionDepth).toBeGreaterThanOrEqual(2)
  })

  it('too deep is 0x000c', () => {
    const { root } = machine()
    let parent = root
    for (let depth = 1; depth < maxPartitionDepth; depth++) {
      const { value: id = 0n } = createPartition(parent)
      const partition = root.machine.partitions.get(id)
      if (partition === undefined) throw new Error('not created')
      partition.privileges = root.privileges
      // Pages of the root that nobody maps: the depth of the tree is what is looked at here.
      partition.pool.add({ machinePage: 40 + depth, depositor: parent, guestPage: 40 + depth })
      parent = partition
    }
    expect(createPartition(parent).status).toBe(0x0c)
  })

  it('children are enumerated in the order of creation, from 0 to 0', () => {
    const { root } = machine()
    const ids = [1, 2, 3].map(() => createPartition(root).value ?? 0n)
    expect(deletePartition(root, ids[1] ?? 0n)).toBe(ok)
    const next = (previous: bigint) => getNextChildPartition(root, WellKnownPartition.Self, previous)
    expect([next(0n), next(ids[0] ?? 0n), next(ids[2] ?? 0n)].map(({ value }) => value)).toEqual([ids[0], ids[2], 0n])
    expect(next(ids[1] ?? 0n).status).toBe(0x0d)
    expect(getPartitionId(root).value).toBe(1n)
    expect(getPartitionId(child(root)).status).toBe(0x06)
  })
})

describe('memory pools', () => {
  it('take pages that the caller has in full, and nobody else; they are out of its reach', () => {
    const { root, memory } = machine()
    const guest = child(root)
    // Mapped by the child; in a pool; not there.
    expect(depositMemory(root, guest.id, 16)).toBe(0x08)
    expect(depositMemory(root, guest.id, 8)).toBe(0x08)
    expect(depositMemory(root, guest.id, 5000)).toBe(0x08)
    expect(depositMemory(root, guest.id, 100)).toBe(ok)
    expect(() => root.memory(memory.size).load32(100 * PAGE_SIZE)).toThrow('not mapped')
    expect(depositMemory(guest, guest.id, 1)).toBe(0x06)
  })

  it('are those of children, and of the root itself', () => {
    const { root } = machine()
    expect(depositMemory(root, WellKnownPartition.Self, 50)).toBe(ok)
    expect(withdrawMemory(root, root.id).value).toBe(50)
    const guest = child(root, { privileges: ['accessMemoryPool'] })
    expect(withdrawMemory(guest, guest.id).status).toBe(0x06)
    expect(getMemoryBalance(guest, root.id).status).toBe(0x0d)
  })
})

describe('properties', () => {
  it('privileges: what children start with, no more than the parent has', () => {
    const { root } = machine()
    const { value: id = 0n } = createPartition(root)
    const code = PartitionProperty.PrivilegeFlags
    expect(getPartitionProperty(root, id, code).value).toBe(childPrivileges)
    const mask = childPrivileges | PartitionPrivileges.postMessages
    expect(setPartitionProperty(root, id, code, mask)).toBe(ok)
    expect(getPartitionProperty(root, id, code).value).toBe(mask)
    const parent = child(root, { privileges: ['createPartitions'] })
    const { value: grandchild = 0n } = createPartition(parent)
    expect(setPartitionProperty(parent, grandchild, code, privilegeMask(['debugging']))).toBe(0x0a)
    expect(setPartitionProperty(parent, grandchild, code, privilegeMask(['createPartitions']))).toBe(ok)
  })

  it('have defaults and ranges; most only while the partition is active', () => {
    const { root } = machine()
    const { id } = child(root)
    expect(getPartitionProperty(root, id, PartitionProperty.CpuWeight).value).toBe(100n)
    expect(getPartitionProperty(root, id, PartitionProperty.CpuCap).value).toBe(0x1_0000n)
    expect(setPartitionProperty(root, id, PartitionProperty.CpuWeight, 0n)).toBe(0x0a)
    expect(setPartitionProperty(root, id, PartitionProperty.CpuWeight, 10_001n)).toBe(0x0a)
    expect(setPartitionProperty(root, id, PartitionProperty.CpuWeight, 10_000n)).toBe(ok)
    expect(setPartitionProperty(root, id, PartitionProperty.CpuReserve, 0x1_0000n)).toBe(ok)
    expect(setPartitionProperty(root, id, PartitionProperty.CpuCap, 0xffffn)).toBe(0x0a)
    const other = child(root, { firstPage: 60 })
    expect(setPartitionProperty(root, other.id, PartitionProperty.CpuReserve, 1n)).toBe(0x0a)
    expect(getPartitionProperty(root, id, 0x7777_7777).status).toBe(0x09)
    const { value: created = 0n } = createPartition(root)
    expect(getPartitionProperty(root, created, PartitionProperty.CpuWeight).status).toBe(0x07)
    expect(getPartitionProperty(other, id, PartitionProperty.CpuWeight).status).toBe(0x0d)
    expect(getPartitionProperty(other, WellKnownPartition.Self, PartitionProperty.CpuWeight).status).toBe(0x06)
  })
})

describe('virtual processors', () => {
  it('are created suspended, once each, up to 2047, and gone when deleted', () => {
    const { root, rootVp } = machine()
    const { id } = child(root)
    expect(createVp(root, id, 0)).toBe(0x0e)
    expect(createVp(root, id, 2048)).toBe(0x0e)
    expect(createVp(root, id, 2047)).toBe(ok)
    const target = { caller: rootVp, partition: id, vp: 2047 }
    expect(getVpRegister(target, CommonRegister.HvRegisterExplicitSuspend).value).toEqual({ low: 1n, high: 0n })
    expect(deleteVp(root, id, 2047)).toBe(ok)
    expect(deleteVp(root, id, 2047)).toBe(0x0e)
    expect(getVpRegister(target, CommonRegister.HvRegisterExplicitSuspend).status).toBe(0x0e)
  })

  it("registers: a parent's of its children's VPs, a VP's own with the privilege; by number, 128 bits", () => {
    const { root, rootVp } = machine()
    const guest = child(root, { vps: 2 })
    const vp = vpOf(guest, 1)
    const own = { caller: vp, partition: WellKnownPartition.Self, vp: WellKnownVp.Self }
    const parents = { caller: rootVp, partition: guest.id, vp: 1 }
    const xmm0 = { low: 1n, high: 2n }
    expect(setVpRegister(own, X64Register.HvX64RegisterRax, register64(77n))).toBe(ok)
    expect(setVpRegister(parents, X64Register.HvX64RegisterXmm0, xmm0)).toBe(ok)
    expect(getVpRegister(parents, X64Register.HvX64RegisterRax).value).toEqual(register64(77n))
    expect(getVpRegister(own, X64Register.HvX64RegisterXmm0).value).toEqual(xmm0)
    expect(getVpRegister(own, CommonRegister.HvRegisterVpIndex).value?.low).toBe(1n)
    expect(setVpRegister(own, CommonRegister.HvRegisterVpIndex, register64(0n))).toBe(0x05)
    expect(setVpRegister(own, CommonRegister.HvRegisterTimeRefCount, register64(0n))).toBe(0x05)
    expect(getVpRegister(own, 0x7fff_ffff).status).toBe(0x05)
    expect(setVpRegister(own, CommonRegister.HvRegisterExplicitSuspend, register64(1n))).toBe(0x06)
    guest.privileges &= ~PartitionPrivileges.accessVpRegisters
    expect(getVpRegister(own, X64Register.HvX64RegisterRax).status).toBe(0x06)
    expect(getVpRegister({ ...own, partition: root.id }, X64Register.HvX64RegisterRax).status).toBe(0x0d)
  })

  it('are started by their own partition with HvCallStartVirtualProcessor', () => {
    const { root } = machine()
    const guest = child(root, { privileges: ['startVirtualProcessor', 'accessVpRegisters'] })
    expect(createVp(root, guest.id, 1)).toBe(ok)
    const start = (index: number, context: [number, bigint][]) =>
      startVirtualProcessor(
        vpOf(guest, 0),
        WellKnownPartition.Self,
        index,
        0,
        new Map(context.map(([name, value]) => [name, register64(value)])),
      )
    expect(start(1, [[0x7fff_ffff, 0n]])).toBe(0x50)
    expect(start(1, [[X64Register.HvX64RegisterRip, 0x1000n]])).toBe(ok)
    expect(vpOf(guest, 1).isRunning).toBe(true)
    expect(start(1, [])).toBe(0x15)
    expect(start(2, [])).toBe(0x0e)
    const index = (apicId: bigint, vtl = 0) => vpIndexFromApicId(vpOf(guest, 0), guest.id, vtl, apicId).status
    expect([index(1n), index(3n), index(1n, 1)]).toEqual([ok, 0x05, 0x06])
    const rootVp = vpOf(root, 0)
    expect(vpIndexFromApicId(rootVp, guest.id, 1, 1n).status).toBe(0x51)
  })

  it('do nothing while they are suspended, or once they are deleted', () => {
    const { root } = machine()
    const guest = child(root)
    const vp = vpOf(guest, 0)
    expect(vpRead(vp, 0, 4).outcome).toBe('done')
    deleteVp(root, guest.id, 0)
    expect(vpRead(vp, 0, 4).outcome).toBe('stopped')
  })
})
