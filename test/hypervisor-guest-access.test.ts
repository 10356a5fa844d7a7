import { describe, expect, it } from 'vitest'
import {
  HvCallReadGpa,
  HvCallTranslateVirtualAddress,
  HvCallTranslateVirtualAddressEx,
  HvCallWriteGpa,
} from '../src/hypercall/calls/guest-access.ts'
import { HvCallGetVpSetFromMda } from '../src/hypercall/calls/vp.ts'
import { AccessGpaResultCode, TranslateGvaResultCode as Code } from '../src/hypercall/enums/memory.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { WellKnownPartition, WellKnownVp } from '../src/hypercall/ids.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { X64Register } from '../src/hypercall/registers/x64.ts'
import {
  enablePartitionVtl,
  enableVpVtl,
  HypercallCaller,
  mapGpaPage,
  modelDispatcher,
  readGpa,
  register64,
  setVpRegister,
  type TranslateGva,
  translateVirtualAddress,
  writeGpa,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, msr, ok, vpOf, write } from './hypervisor-rig.ts'

const self = WellKnownPartition.Self

describe('guest physical memory from outside', () => {
  function rig() {
    const made = machine()
    const partition = child(made.root, { privileges: ['accessVsm', 'accessVpRegisters'] })
    const at = { partition: partition.id, vp: 0 }
    return { ...made, partition, at }
  }

  it('a parent reads and writes up to 16 bytes of a page', () => {
    const { rootVp, at, memory } = rig()
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
    expect(writeGpa(rootVp, { ...at, gpa: 3 * PAGE_SIZE - 16, bytes }).value).toBe(AccessGpaResultCode.Success)
    // Guest page 2 is machine page 18.
    expect(memory.load32(19 * PAGE_SIZE - 16)).toBe(0x0403_0201)
    expect(readGpa(rootVp, { ...at, gpa: 3 * PAGE_SIZE - 4, count: 4 }).value).toEqual({
      code: 0,
      bytes: Uint8Array.of(13, 14, 15, 16),
    })
  })

  it('not more, not across pages, not as a VP that is not there; and no child reads its own so', () => {
    const { rootVp, at, partition } = rig()
    const read = (gpa: number, count: number) => readGpa(rootVp, { ...at, gpa, count }).status
    expect([read(0, 17), read(0, 0), read(PAGE_SIZE - 8, 9), read(-1, 1), read(2 ** 52, 1)]).toEqual(
      new Array(5).fill(0x05),
    )
    expect(readGpa(rootVp, { ...at, vp: 3, gpa: 0, count: 1 }).status).toBe(0x0e)
    expect(readGpa(rootVp, { ...at, vtl: 1, gpa: 0, count: 1 }).status).toBe(0x51)
    expect(readGpa(vpOf(partition, 0), { partition: self, vp: 0, gpa: 0, count: 1 }).status).toBe(0x06)
  })

  it('what the VP could not access is told, not done', () => {
    const { rootVp, root, partition, at } = rig()
    const one = Uint8Array.of(1)
    const code = (page: number) => writeGpa(rootVp, { ...at, gpa: page * PAGE_SIZE, bytes: one }).value
    expect(code(99)).toBe(AccessGpaResultCode.Unmapped)
    mapGpaPage(root, { partition: partition.id, guestPage: 40, sourcePage: 60, flags: MapGpaFlags.readable })
    expect(code(40)).toBe(AccessGpaResultCode.WriteIntercept)
    const vp = vpOf(partition, 0)
    write(vp, msr.guestOsId, 1n)
    write(vp, 0x4000_0001, (5n << 12n) | 1n)
    expect(code(5)).toBe(AccessGpaResultCode.IllegalOverlayAccess)
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    const config = { caller: rootVp, partition: partition.id, vp: 0, vtl: 1 }
    expect(setVpRegister(config, CommonRegister.HvRegisterVsmPartitionConfig, register64(1n))).toBe(ok)
    expect(readGpa(rootVp, { ...at, gpa: 0, count: 1 }).value?.code).toBe(AccessGpaResultCode.ReadIntercept)
    expect(readGpa(rootVp, { ...at, vtl: 1, gpa: 0, count: 1 }).value?.code).toBe(0)
  })
})

/** Bits of page table entries. */
const [P, W, U, A, D, PS, NX] = [1n, 2n, 4n, 0x20n, 0x40n, 0x80n, 1n << 63n]

describe('translation of virtual addresses', () => {
  function rig() {
    const made = machine()
    const { root, rootVp } = made
    const partition = child(root)
    const memory = partition.memory(2 ** 40)
    const set = (name: number, low: bigint, high = 0n) =>
      expect(setVpRegister({ caller: rootVp, partition: partition.id, vp: 0 }, name, { low, high })).toBe(ok)
    const entry = (page: number, index: number, value: bigint) => {
      memory.store32(page * PAGE_SIZE + 8 * index, Number(value & 0xffff_ffffn))
      memory.store32(page * PAGE_SIZE + 8 * index + 4, Number(value >> 32n))
    }
    const read = (page: number, index: number) => memory.load32(page * PAGE_SIZE + 8 * index)
    const translate = (gvaPage: bigint, change: Partial<TranslateGva['access']> & { as?: 'user' } = {}) => {
      const { as, ...access } = change
      const plain = { read: true, write: false, execute: false, isExempt: false, setsBits: false }
      const call = { partition: partition.id, vp: 0, gvaPage, access: { ...plain, ...access } }
      return translateVirtualAddress(rootVp, as === undefined ? call : { ...call, as })
    }
    /** Long mode, tables in pages 1 to 4. */
    const paging = () => {
      set(X64Register.HvX64RegisterCr0, 0x8001_0001n)
      set(X64Register.HvX64RegisterEfer, 0xd00n)
      set(X64Register.HvX64RegisterCr3, 1n << 12n)
      entry(1, 256, (2n << 12n) | P | W | U)
      entry(2, 0, (3n << 12n) | P | W | U)
      entry(3, 0, (4n << 12n) | P | W | U)
      entry(4, 7, (9n << 12n) | P | W | U)
    }
    // The virtual page whose translation stands in entry 7 of page 4.
    const page = 0xffff_8000_0000_7000n >> 12n
    return { ...made, partition, set, entry, read, translate, paging, page }
  }

  it('without paging an address is its own', () => {
    const { translate, rootVp } = rig()
    expect(translate(5n).value).toEqual({ code: 0, gpaPage: 5, isOverlay: false, isUser: false })
    expect(translate(99n).value?.code).toBe(Code.GpaUnmapped)
    expect(translate(1n << 52n).status).toBe(0x05)
    const access = { read: true, write: false, execute: false, isExempt: false, setsBits: false }
    expect(
      translateVirtualAddress(rootVp, { partition: self, vp: WellKnownVp.Self, gvaPage: 3n, access }).value?.gpaPage,
    ).toBe(3)
  })

  it('the page tables of long mode, four levels', () => {
    const { translate, paging, page, read, entry } = rig()
    paging()
    expect(translate(page).value).toEqual({ code: 0, gpaPage: 9, isOverlay: false, isUser: false })
    expect(translate(page + 1n).value?.code).toBe(Code.PageNotPresent)
    expect(translate(0x7fff_ffffn).value?.code).toBe(Code.PageNotPresent)
    // Not canonical.
    expect(translate(1n << 36n).status).toBe(0x05)
    expect([read(1, 256), read(4, 7)]).toEqual([0x2007, 0x9007])
    expect(translate(page, { setsBits: true }).value?.code).toBe(0)
    expect([read(1, 256), read(4, 7)]).toEqual([Number(0x2007n | A), Number(0x9007n | A)])
    expect(translate(page, { setsBits: true, write: true }).value?.code).toBe(0)
    expect([read(1, 256), read(4, 7)]).toEqual([Number(0x2007n | A), Number(0x9007n | A | D)])
    entry(4, 7, (99n << 12n) | P)
    expect(translate(page).value?.code).toBe(Code.GpaUnmapped)
  })

  it('large pages of 2 MiB and 1 GiB; five levels', () => {
    const { translate, paging, page, entry, set } = rig()
    paging()
    entry(3, 0, P | W | PS)
    expect(translate(page).value?.gpaPage).toBe(7)
    entry(3, 0, 0x2000n | P | PS)
    expect(translate(page).value?.code).toBe(Code.InvalidPageTableFlags)
    entry(2, 0, P | W | PS)
    expect(translate(page + 2n).value?.gpaPage).toBe(9)
    entry(1, 256, P | PS)
    expect(translate(page).value?.code).toBe(Code.InvalidPageTableFlags)
    entry(1, 256, (2n << 12n) | P)
    entry(5, 511, (1n << 12n) | P)
    set(X64Register.HvX64RegisterCr3, 5n << 12n)
    set(X64Register.HvX64RegisterCr4, 1n << 12n)
    expect(translate(page).value?.gpaPage).toBe(7)
    // With five levels this is canonical, but not there.
    expect(translate(1n << 36n).value?.code).toBe(Code.PageNotPresent)
  })

  it('what ring and access the tables allow', () => {
    const { translate, paging, page, entry, set } = rig()
    paging()
    const code = (change: Parameters<typeof translate>[1]) => translate(page, change).value?.code
    entry(4, 7, (9n << 12n) | P)
    expect([code({}), code({ as: 'user' }), code({ write: true })]).toEqual([0, 2, 2])
    expect([code({ as: 'user', isExempt: true }), code({ execute: true })]).toEqual([0, 0])
    set(X64Register.HvX64RegisterCr0, 0x8000_0001n)
    expect([code({ write: true }), code({ write: true, as: 'user' })]).toEqual([0, 2])
    entry(4, 7, (9n << 12n) | P | NX)
    expect(code({ execute: true })).toBe(Code.PrivilegeViolation)
    set(X64Register.HvX64RegisterEfer, 0x500n)
    expect(code({})).toBe(Code.InvalidPageTableFlags)
    // SMEP and SMAP: the supervisor and pages of the user.
    entry(4, 7, (9n << 12n) | P | U)
    set(X64Register.HvX64RegisterCr4, 3n << 20n)
    expect([code({}), code({ smap: 'overridden' }), code({ read: false, execute: true })]).toEqual([2, 0, 2])
    set(X64Register.HvX64RegisterRflags, 1n << 18n)
    expect([code({}), code({ smap: 'enforced' }), code({ as: 'user' })]).toEqual([0, 2, 0])
    // Ring 3 by SS.
    set(X64Register.HvX64RegisterSs, 0n, 3n << 53n)
    expect(translate(page).value?.isUser).toBe(true)
  })

  it('tables that are not there, or may not be changed', () => {
    const { translate, paging, page, entry, root, partition } = rig()
    paging()
    entry(3, 0, (99n << 12n) | P)
    expect(translate(page).value?.code).toBe(Code.GpaUnmapped)
    const readOnly = { partition: partition.id, guestPage: 2, sourcePage: 18, flags: MapGpaFlags.readable }
    entry(3, 0, (4n << 12n) | P)
    expect(mapGpaPage(root, readOnly)).toBe(ok)
    expect(translate(page).value?.code).toBe(0)
    expect(translate(page, { setsBits: true }).value?.code).toBe(Code.GpaNoWriteAccess)
    const pageReadOnly = { ...readOnly, guestPage: 9, sourcePage: 25 }
    expect(mapGpaPage(root, pageReadOnly)).toBe(ok)
    entry(4, 7, (9n << 12n) | P | W)
    expect(translate(page, { write: true, isExempt: true }).value?.code).toBe(Code.GpaNoWriteAccess)
    expect(translate(page, { execute: true, isExempt: true }).value?.code).toBe(Code.Intercept)
  })

  it('paging of another kind is not known', () => {
    const { translate, set } = rig()
    set(X64Register.HvX64RegisterCr0, 0x8000_0001n)
    expect(translate(5n).status).toBe(0x15)
  })
})

it('the calls', () => {
  const { root, rootVp } = machine()
  const partition = child(root, { vps: 3 })
  write(rootVp, msr.guestOsId, 1n)
  const caller = new HypercallCaller(modelDispatcher(), rootVp, { inputGpa: 0, outputGpa: PAGE_SIZE })
  const controlFlags = { cacheType: 6, inputVtl: { targetVtl: 0, useTargetVtl: false } }
  const at = { partitionId: partition.id, vpIndex: 0, baseGpa: 0x2008n, controlFlags }
  const data = Uint8Array.from({ length: 16 }, (_, i) => i + 1)
  expect(caller.call(HvCallWriteGpa, { input: { ...at, byteCount: 17, data } }).status).toBe(0x05)
  expect(caller.call(HvCallWriteGpa, { input: { ...at, byteCount: 3, data } }).output).toEqual({
    accessResult: { resultCode: 0 },
  })
  const read = caller.call(HvCallReadGpa, { input: { ...at, byteCount: 4 } })
  expect(read.output?.data).toEqual(Uint8Array.of(1, 2, 3, ...new Array<number>(13).fill(0)))

  const flags = {
    validateRead: false,
    validateWrite: true,
    validateExecute: false,
    privilegeExempt: false,
    setPageTableBits: false,
    tlbFlushInhibit: false,
    supervisorAccess: false,
    userAccess: true,
    enforceSmap: false,
    overrideSmap: false,
    shadowStack: false,
    inputVtlValue: 0,
  }
  const gva = { partitionId: partition.id, vpIndex: 0, controlFlags: flags, gvaPage: 5n }
  expect(caller.call(HvCallTranslateVirtualAddress, { input: gva }, true).output).toEqual({
    translationResult: { resultCode: 0, flags: { cacheType: 6, overlayPage: false } },
    gpaPage: 5n,
  })
  // With paging on, and nothing in the tables: the page fault that the write would get.
  const registers: [number, bigint][] = [
    [X64Register.HvX64RegisterCr0, 0x8000_0001n],
    [X64Register.HvX64RegisterEfer, 0x500n],
    [X64Register.HvX64RegisterCr3, 0x1000n],
  ]
  for (const [name, value] of registers) {
    expect(setVpRegister({ caller: rootVp, partition: partition.id, vp: 0 }, name, register64(value))).toBe(ok)
  }
  const { output } = caller.call(HvCallTranslateVirtualAddressEx, { input: gva })
  expect(output?.translationResult).toMatchObject({
    resultCode: Code.PageNotPresent,
    eventInfo: { header: { eventPending: true, eventType: 0 } },
  })
  // Event word with vector 14 and an error code, the code (write, user), the address.
  expect([...(output?.translationResult.eventInfo.eventData ?? [])]).toEqual([
    1, 14, 0, 6, 0, 0, 0, 0, 0x50, 0, 0, 0, 0, 0, 0,
  ])

  const mda = { targetPartition: partition.id, targetVtl: 0, destinationAddress: 5n, logicalDestinationMode: 1 }
  const vps = (input: typeof mda) => caller.call(HvCallGetVpSetFromMda, { input }).output?.targetVpSet.banks
  expect(vps(mda)).toEqual([0b101n])
  expect(vps({ ...mda, logicalDestinationMode: 0 })).toEqual([])
  expect(vps({ ...mda, destinationAddress: 0xffff_ffffn, logicalDestinationMode: 0 })).toEqual([0b111n])
})
