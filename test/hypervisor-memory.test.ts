import { describe, expect, it } from 'vitest'
import { InterceptType, MessageType } from '../src/hypercall/enums/messages.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import {
  X64CpuidInterceptMessage,
  X64IoPortInterceptMessage,
  X64MemoryInterceptMessage,
  X64MsrInterceptMessage,
} from '../src/hypercall/x64-messages.ts'
import {
  createPartition,
  depositMemory,
  installIntercept,
  largePagePages,
  mapGpaPage,
  register64,
  setVpRegister,
  unmapGpaPage,
  vpCpuid,
  vpExecute,
  vpIn,
  vpOut,
  vpRead,
  vpReadMsr,
  vpWrite,
  vpWriteMsr,
} from '../src/hypervisor/index.ts'
import { MemoryFault, PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, machine, msr, ok, rwx, takeMessage, vpOf, write } from './hypervisor-rig.ts'

const readable = MapGpaFlags.readable
const readWrite = MapGpaFlags.readable | MapGpaFlags.writable

function guest() {
  const made = machine()
  const { root, rootVp } = made
  const partition = child(root)
  enableSynic(rootVp, { simp: 100, siefp: 101, sints: { 0: 0x50n } })
  made.hypervisor.takeInterrupted()
  const resume = () => {
    const target = { caller: rootVp, partition: partition.id, vp: 0 }
    expect(setVpRegister(target, CommonRegister.HvRegisterInterceptSuspend, register64(0n))).toBe(ok)
  }
  /** The intercept message that the root got, and nothing behind it. */
  const intercept = () => {
    const bytes = new Uint8Array(256)
    root.memory(2 ** 40).read(100 * PAGE_SIZE, bytes, 0, 256)
    const { type, sender } = takeMessage(rootVp, 0, 100)
    expect(sender).toBe(partition.id)
    return { type, payload: bytes.subarray(16) }
  }
  return { ...made, partition, vp: vpOf(partition, 0), resume, intercept }
}

describe('mapping', () => {
  it("shows the parent's pages, with no more access than was given, and replaces what was there", () => {
    const { root, partition, memory } = guest()
    const inside = partition.memory(64 * PAGE_SIZE)
    memory.store32(40 * PAGE_SIZE, 40)
    memory.store32(41 * PAGE_SIZE, 41)
    const map = (guestPage: number, sourcePage: number, flags: number) =>
      mapGpaPage(root, { partition: partition.id, guestPage, sourcePage, flags })
    expect(map(50, 40, readable)).toBe(ok)
    expect(inside.load32(50 * PAGE_SIZE)).toBe(40)
    expect(() => inside.store32(50 * PAGE_SIZE, 1)).toThrow(MemoryFault)
    expect(map(50, 41, readWrite)).toBe(ok)
    inside.store32(50 * PAGE_SIZE, 77)
    expect([memory.load32(40 * PAGE_SIZE), memory.load32(41 * PAGE_SIZE)]).toEqual([40, 77])
    expect(unmapGpaPage(root, partition.id, 50)).toBe(ok)
    expect(unmapGpaPage(root, partition.id, 50)).toBe(ok)
    expect(() => inside.load32(50 * PAGE_SIZE)).toThrow(MemoryFault)
  })

  it('is sparse, and reads across pages that lie apart', () => {
    const { root, partition, memory } = guest()
    const far = 2 ** 39
    for (const [guestPage, sourcePage] of [
      [far, 60],
      [far + 1, 55],
    ] as const) {
      expect(mapGpaPage(root, { partition: partition.id, guestPage, sourcePage, flags: rwx })).toBe(ok)
    }
    memory.write(61 * PAGE_SIZE - 2, Uint8Array.of(1, 2), 0, 2)
    memory.write(55 * PAGE_SIZE, Uint8Array.of(3, 4), 0, 2)
    const inside = partition.memory(2 ** 52)
    const bytes = new Uint8Array(4)
    inside.read((far + 1) * PAGE_SIZE - 2, bytes, 0, 4)
    expect([...bytes]).toEqual([1, 2, 3, 4])
    expect(inside.direct((far + 1) * PAGE_SIZE - 2, 4)).toBeUndefined()
    expect(inside.direct(far * PAGE_SIZE, 4)?.length).toBe(4)
  })

  it('is refused for what the caller does not have, for impossible access, beyond 52 bits, and for strangers', () => {
    const { root, partition } = guest()
    const call = { partition: partition.id, guestPage: 50, sourcePage: 40, flags: rwx }
    expect(mapGpaPage(root, { ...call, sourcePage: 5000 })).toBe(0x08)
    // In the pool of the child.
    expect(mapGpaPage(root, { ...call, sourcePage: 8 })).toBe(0x08)
    expect(mapGpaPage(root, { ...call, flags: MapGpaFlags.writable })).toBe(0x05)
    expect(mapGpaPage(root, { ...call, guestPage: 2 ** 40 })).toBe(0x05)
    expect(mapGpaPage(root, { ...call, guestPage: -1 })).toBe(0x05)
    expect(mapGpaPage(partition, call)).toBe(0x06)
    expect(mapGpaPage(root, { ...call, partition: 99n })).toBe(0x0d)
    // The root has the machine's pages at their own places, and nowhere else.
    expect(mapGpaPage(root, { ...call, partition: root.id })).toBe(0x05)
    expect(mapGpaPage(root, { ...call, partition: root.id, guestPage: 40 })).toBe(ok)
  })

  it('large pages are 2 MiB, aligned', () => {
    const { root } = machine({ pages: 1200, rootPool: 16 })
    const { id, space } = child(root)
    const call = { partition: id, guestPage: 1024, sourcePage: 512, flags: rwx | MapGpaFlags.largePage }
    expect(mapGpaPage(root, { ...call, guestPage: 1025 })).toBe(0x05)
    expect(mapGpaPage(root, { ...call, sourcePage: 513 })).toBe(0x05)
    const before = space.mappedCount
    expect(mapGpaPage(root, call)).toBe(ok)
    expect(space.mappedCount).toBe(before + largePagePages)
    expect(space.machinePage(1024 + 511)).toBe(512 + 511)
  })

  it("a page that a child has put into its child's pool cannot be mapped over", () => {
    const { root } = machine()
    const parent = child(root, { privileges: ['createPartitions', 'accessMemoryPool'] })
    expect(depositMemory(parent, createPartition(parent).value ?? 0n, 1)).toBe(ok)
    expect(unmapGpaPage(root, parent.id, 1)).toBe(0x19)
    expect(mapGpaPage(root, { partition: parent.id, guestPage: 1, sourcePage: 90, flags: rwx })).toBe(0x19)
  })
})

describe('intercepts', () => {
  it('an access to nothing, or against the mapping, goes to the parent: message, and the VP waits', () => {
    const { root, partition, vp, resume, intercept, hypervisor, rootVp } = guest()
    expect(vpWrite(vp, 0x9_0008, Uint8Array.of(1)).outcome).toBe('intercepted')
    expect(hypervisor.takeInterrupted()).toEqual([rootVp])
    expect(vp.isRunning).toBe(false)
    expect(vpRead(vp, 0, 4).outcome).toBe('stopped')
    const { type, payload } = intercept()
    expect(type).toBe(MessageType.UnmappedGpa)
    expect(X64MemoryInterceptMessage.decode(payload)).toMatchObject({
      header: { vpIndex: 0, interceptAccessType: 1 },
      guestPhysicalAddress: 0x9_0008n,
    })
    resume()
    expect(vpRead(vp, 0, 4).outcome).toBe('done')
    const map = { partition: partition.id, guestPage: 3, sourcePage: 19, flags: readable }
    expect(mapGpaPage(root, map)).toBe(ok)
    expect(vpRead(vp, 3 * PAGE_SIZE, 4).outcome).toBe('done')
    expect(vpExecute(vp, 3 * PAGE_SIZE).outcome).toBe('intercepted')
    const denied = intercept()
    expect(denied.type).toBe(MessageType.GpaIntercept)
    expect(X64MemoryInterceptMessage.decode(denied.payload).header.interceptAccessType).toBe(2)
  })

  it('nothing of an access is done when a part of it is denied; the message names where', () => {
    const { vp, partition, intercept } = guest()
    const end = 16 * PAGE_SIZE
    expect(vpWrite(vp, end - 2, Uint8Array.of(1, 2, 3, 4)).outcome).toBe('intercepted')
    expect(partition.memory(end).load32(end - 4)).toBe(0)
    expect(X64MemoryInterceptMessage.decode(intercept().payload).guestPhysicalAddress).toBe(BigInt(end))
  })

  it('on I/O ports, MSRs and CPUID leaves, where the parent asked for them', () => {
    const { root, partition, vp, resume, intercept } = guest()
    expect(vpOut(vp, 0x3f8, 1, 65).outcome).toBe('done')
    expect(vpIn(vp, 0x3f8, 1)).toEqual({ outcome: 'done', value: 0xff })
    const install = (type: number, mask: number, what: number) => installIntercept(root, partition.id, type, mask, what)
    expect(install(InterceptType.X64IoPort, 2, 0x3f8)).toBe(ok)
    expect(install(InterceptType.X64MsrIndex, 1, 0x1b)).toBe(ok)
    expect(install(InterceptType.X64Cpuid, 4, 0x4000_0003)).toBe(ok)
    expect(vpIn(vp, 0x3f8, 1).outcome).toBe('done')
    expect(vpOut(vp, 0x3f8, 1, 65).outcome).toBe('intercepted')
    expect(X64IoPortInterceptMessage.decode(intercept().payload)).toMatchObject({ portNumber: 0x3f8, rax: 65n })
    resume()
    expect(vpReadMsr(vp, 0x1b).outcome).toBe('intercepted')
    expect(X64MsrInterceptMessage.decode(intercept().payload).msrNumber).toBe(0x1b)
    resume()
    expect(vpWriteMsr(vp, 0x1b, 1n)).toEqual({ outcome: 'fault', exception: '#GP' })
    expect(vpCpuid(vp, 0x4000_0003).outcome).toBe('intercepted')
    expect(X64CpuidInterceptMessage.decode(intercept().payload).rax).toBe(0x4000_0003n)
    resume()
    expect(install(InterceptType.X64IoPort, 0, 0x3f8)).toBe(ok)
    expect(vpOut(vp, 0x3f8, 1, 65).outcome).toBe('done')
    expect(install(0x7777, 1, 0)).toBe(0x05)
    expect(installIntercept(partition, partition.id, InterceptType.X64IoPort, 1, 0)).toBe(0x06)
  })
})

describe('the hypercall page', () => {
  it('needs a guest OS id, is readable and not writable, and goes when the id is cleared', () => {
    const { vp, partition } = guest()
    const page = 0x4000_0001
    write(vp, page, (5n << 12n) | 1n)
    expect(vpReadMsr(vp, page)).toEqual({ outcome: 'done', value: 5n << 12n })
    write(vp, msr.guestOsId, 0x8100_0000_0000_0000n)
    partition.memory(PAGE_SIZE * 16).store32(5 * PAGE_SIZE, 0x1234)
    write(vp, page, (5n << 12n) | 1n)
    expect(vpRead(vp, 5 * PAGE_SIZE, 4)).toEqual({ outcome: 'done', value: new Uint8Array(4) })
    expect(vpExecute(vp, 5 * PAGE_SIZE).outcome).toBe('done')
    expect(vpWrite(vp, 5 * PAGE_SIZE, Uint8Array.of(1))).toEqual({ outcome: 'fault', exception: '#GP' })
    write(vp, msr.guestOsId, 0n)
    expect(vpReadMsr(vp, page)).toEqual({ outcome: 'done', value: 5n << 12n })
    expect(partition.memory(PAGE_SIZE * 16).load32(5 * PAGE_SIZE)).toBe(0x1234)
  })

  it('stays where it is once it is locked', () => {
    const { vp } = guest()
    write(vp, msr.guestOsId, 1n)
    write(vp, 0x4000_0001, (5n << 12n) | 3n)
    expect(vpWriteMsr(vp, 0x4000_0001, 0n)).toEqual({ outcome: 'fault', exception: '#GP' })
  })
})
