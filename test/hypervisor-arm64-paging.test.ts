import { describe, expect, it } from 'vitest'
import { HvCallTranslateVirtualAddress, HvCallTranslateVirtualAddressEx } from '../src/hypercall/calls/guest-access.ts'
import { onArm64 } from '../src/hypercall/conventions/convention.ts'
import { TranslateGvaResultCode as Code } from '../src/hypercall/enums/memory.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { WellKnownPartition, WellKnownVp } from '../src/hypercall/ids.ts'
import { Arm64CoreRegister } from '../src/hypercall/registers/arm64-core.ts'
import { Arm64SystemRegister as R } from '../src/hypercall/registers/arm64-system.ts'
import {
  HypercallCaller,
  mapGpaPage,
  modelDispatcher,
  setVpRegister,
  type TranslateGva,
  translateVirtualAddress,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, ok, vpOf } from './hypervisor-rig.ts'

/** Descriptor bits: valid, table or page, access flag, AP[1], AP[2]. */
const [V, T, AF, EL0, RO] = [1n, 2n, 0x400n, 0x40n, 0x80n]
const [DBM, PXN, UXN] = [1n << 51n, 1n << 53n, 1n << 54n]
/** What a table takes away: EL1 and EL0 execution, EL0, writing. */
const [PXN_TABLE, UXN_TABLE, NO_EL0_TABLE, RO_TABLE] = [1n << 59n, 1n << 60n, 1n << 61n, 1n << 62n]
/** T0SZ and T1SZ 16 (48 bits), TG1 4 KiB, IPS 48 bits. */
const tcr48 = 16n | (16n << 16n) | (0b10n << 30n) | (5n << 32n)
const [HA, HD] = [1n << 39n, 1n << 40n]
const [EL1, PAN] = [0x3c5n, 1n << 22n]
const page = V | T | AF

type Change = Partial<TranslateGva['access']> & { as?: TranslateGva['as'] }

/** A child whose TTBR0 tables are its pages 1 to 4, those of TTBR1 pages 5 to 8. */
function rig(tcr = tcr48) {
  const made = machine({ architecture: 'arm64' })
  const { root, rootVp } = made
  const partition = child(root)
  const memory = partition.memory(2 ** 40)
  const set = (name: number, low: bigint) =>
    expect(setVpRegister({ caller: rootVp, partition: partition.id, vp: 0 }, name, { low, high: 0n })).toBe(ok)
  const entry = (at: number, index: number, value: bigint) => {
    memory.store32(at * PAGE_SIZE + 8 * index, Number(value & 0xffff_ffffn))
    memory.store32(at * PAGE_SIZE + 8 * index + 4, Number(value >> 32n))
  }
  const read = (at: number, index: number) => memory.load32(at * PAGE_SIZE + 8 * index)
  const translate = (gva: bigint, change: Change = {}) => {
    const { as, ...access } = change
    const plain = { read: true, write: false, execute: false, isExempt: false, setsBits: false }
    const call = { partition: partition.id, vp: 0, gvaPage: gva >> 12n, access: { ...plain, ...access } }
    return translateVirtualAddress(rootVp, as === undefined ? call : { ...call, as })
  }
  const code = (gva: bigint, change?: Change) => translate(gva, change).value?.code
  set(R.HvArm64RegisterTcrEl1, tcr)
  set(R.HvArm64RegisterTtbr0El1, (77n << 48n) | (1n << 12n) | 1n)
  set(R.HvArm64RegisterTtbr1El1, 5n << 12n)
  set(R.HvArm64RegisterSctlrEl1, 1n)
  set(Arm64CoreRegister.HvArm64RegisterPstate, EL1)
  for (const first of [1, 5]) {
    for (let level = 0; level < 3; level++) entry(first + level, 0, (BigInt(first + level + 1) << 12n) | V | T)
  }
  return { ...made, partition, set, entry, read, translate, code }
}

const high = 0xffff_0000_0000_0000n

describe('stage 1 translation of ARM64, granule of 4 KiB', () => {
  it('without the MMU an address is its own', () => {
    const { set, translate, code } = rig()
    set(R.HvArm64RegisterSctlrEl1, 0n)
    expect(translate(5n << 12n).value).toEqual({ code: 0, gpaPage: 5, isOverlay: false, isUser: false })
    expect(code(99n << 12n)).toBe(Code.GpaUnmapped)
    expect(translate(1n << 52n).status).toBe(0x05)
  })

  it('four levels, by TTBR0 for low addresses and TTBR1 for high ones', () => {
    const { entry, translate } = rig()
    entry(4, 7, (9n << 12n) | page)
    entry(8, 7, (10n << 12n) | page)
    expect(translate(0x7000n).value).toEqual({ code: 0, gpaPage: 9, isOverlay: false, isUser: false })
    expect(translate(high + 0x7000n).value).toEqual({ code: 0, gpaPage: 10, isOverlay: false, isUser: false })
  })

  it('blocks of 1 GiB and 2 MiB, aligned by hardware; none of 512 GiB', () => {
    const { entry, translate, code } = rig()
    entry(2, 1, V | AF | 0x1000n)
    expect(translate((1n << 30n) | 0x6000n).value?.gpaPage).toBe(6)
    entry(3, 2, V | AF)
    expect(translate((2n << 21n) | 0xb000n).value?.gpaPage).toBe(11)
    entry(1, 3, V | AF)
    expect(code(3n << 39n)).toBe(Code.PageNotPresent)
    // The same bits at level 3 are no page.
    entry(4, 7, (9n << 12n) | V | AF)
    expect(code(0x7000n)).toBe(Code.PageNotPresent)
  })

  it('fewer levels for fewer bits; addresses beyond are not translated', () => {
    // 39 bits: three levels, from page 1; 25 bits (T1SZ 39): two, from page 5.
    const { entry, translate, code, set } = rig(25n | (39n << 16n) | (0b10n << 30n) | (5n << 32n))
    entry(3, 7, (9n << 12n) | page)
    expect(translate(0x7000n).value?.gpaPage).toBe(9)
    expect([code(1n << 39n), code(high + 0x7000n)]).toEqual([Code.PageNotPresent, Code.PageNotPresent])
    entry(6, 7, (10n << 12n) | page)
    expect(translate(0xffff_ffff_fe00_7000n).value?.gpaPage).toBe(10)
    // A first table of 16 entries needs to be aligned to 128 bytes only.
    set(R.HvArm64RegisterTtbr1El1, (7n << 12n) | 0x80n)
    entry(7, 16, (6n << 12n) | V | T)
    expect(translate(0xffff_ffff_fe00_7000n).value?.gpaPage).toBe(10)
  })

  it('no half that is disabled, has a size that is none, or a granule that is none', () => {
    for (const tcr of [tcr48 | (1n << 7n), tcr48 - 1n, tcr48 + 24n, tcr48 | (0b11n << 14n)]) {
      const { entry, code } = rig(tcr)
      entry(4, 7, (9n << 12n) | page)
      entry(8, 7, (9n << 12n) | page)
      expect([code(0x7000n), code(high + 0x7000n)]).toEqual([Code.PageNotPresent, Code.Success])
    }
  })

  it('the top byte is a tag where TCR says so; of instructions not, where it says that too', () => {
    const [TBI0, TBI1, TBID0] = [1n << 37n, 1n << 38n, 1n << 51n]
    const { entry, code, set } = rig(tcr48 | TBI0 | TBI1)
    entry(4, 7, (9n << 12n) | page)
    entry(8, 7, (9n << 12n) | page)
    expect([code(0xab00_0000_0000_7000n), code(0x00ff_0000_0000_7000n)]).toEqual([Code.Success, Code.Success])
    expect([code(0xab01_0000_0000_7000n), code(0x00fe_0000_0000_7000n)]).toEqual([
      Code.PageNotPresent,
      Code.PageNotPresent,
    ])
    const fetch = { read: false, execute: true }
    expect(code(0xab00_0000_0000_7000n, fetch)).toBe(Code.Success)
    set(R.HvArm64RegisterTcrEl1, tcr48 | TBI0 | TBID0)
    expect([code(0xab00_0000_0000_7000n, fetch), code(0xab00_0000_0000_7000n)]).toEqual([
      Code.PageNotPresent,
      Code.Success,
    ])
  })

  it('addresses beyond the size that TCR gives are invalid, of tables and of pages', () => {
    // IPS 0: 32 bits.
    const { entry, code } = rig(tcr48 & ~(7n << 32n))
    entry(4, 7, (1n << 32n) | page)
    expect(code(0x7000n)).toBe(Code.InvalidPageTableFlags)
    entry(3, 0, (1n << 32n) | V | T)
    expect(code(0x7000n)).toBe(Code.InvalidPageTableFlags)
  })

  it('a table that is not there, or cannot be read, and an entry that is not valid', () => {
    const { entry, code, root, partition } = rig()
    expect(code(0x7000n)).toBe(Code.PageNotPresent)
    entry(3, 0, (99n << 12n) | V | T)
    expect(code(0x7000n)).toBe(Code.GpaUnmapped)
    mapGpaPage(root, { partition: partition.id, guestPage: 99, sourcePage: 60, flags: 0 })
    expect(code(0x7000n)).toBe(Code.GpaNoReadAccess)
  })

  it('the page behind is judged as well', () => {
    const { entry, code, root, partition } = rig()
    entry(4, 7, (99n << 12n) | page)
    expect(code(0x7000n)).toBe(Code.GpaUnmapped)
    mapGpaPage(root, { partition: partition.id, guestPage: 99, sourcePage: 60, flags: MapGpaFlags.readable })
    expect([code(0x7000n), code(0x7000n, { write: true })]).toEqual([Code.Success, Code.GpaNoWriteAccess])
  })
})

describe('permissions of ARM64 pages', () => {
  const asked = { read: { read: true }, write: { write: true }, fetch: { read: false, execute: true } } as const
  const denied = Code.PrivilegeViolation
  /** What EL1 and EL0 may do with a page: letters of `rwx`. */
  function allowed({ code }: ReturnType<typeof rig>, gva = 0x7000n) {
    return (['supervisor', 'user'] as const).map((as) =>
      Object.entries(asked)
        .filter(([, access]) => code(gva, { ...access, as }) !== denied)
        .map(([name]) => ({ read: 'r', write: 'w', fetch: 'x' })[name] ?? '')
        .join(''),
    )
  }

  it('AP, UXN and PXN', () => {
    const made = rig()
    const of = (bits: bigint) => {
      made.entry(4, 7, (9n << 12n) | page | bits)
      return allowed(made)
    }
    expect(of(0n)).toEqual(['rwx', 'x'])
    // What EL0 can write, EL1 does not execute.
    expect(of(EL0)).toEqual(['rw', 'rwx'])
    expect(of(RO)).toEqual(['rx', 'x'])
    expect(of(EL0 | RO)).toEqual(['rx', 'rx'])
    expect(of(PXN)).toEqual(['rw', 'x'])
    expect(of(UXN | EL0 | RO)).toEqual(['rx', 'r'])
  })

  it('tables take away from what is below them, unless TCR.HPD0 is set', () => {
    const made = rig()
    const of = (bits: bigint, leaf = EL0 | RO) => {
      made.entry(2, 0, (3n << 12n) | V | T | bits)
      made.entry(4, 7, (9n << 12n) | page | leaf)
      return allowed(made)
    }
    expect(of(PXN_TABLE)).toEqual(['r', 'rx'])
    expect(of(UXN_TABLE)).toEqual(['rx', 'r'])
    expect(of(NO_EL0_TABLE)).toEqual(['rx', 'x'])
    expect(of(RO_TABLE, 0n)).toEqual(['rx', 'x'])
    made.set(R.HvArm64RegisterTcrEl1, tcr48 | (1n << 41n))
    expect(of(PXN_TABLE | UXN_TABLE | NO_EL0_TABLE | RO_TABLE)).toEqual(['rx', 'rx'])
  })

  it('SCTLR.WXN: what can be written is not executed', () => {
    const made = rig()
    made.set(R.HvArm64RegisterSctlrEl1, 1n | (1n << 19n))
    made.entry(4, 7, (9n << 12n) | page)
    expect(allowed(made)).toEqual(['rw', 'x'])
    made.entry(4, 7, (9n << 12n) | page | EL0)
    expect(allowed(made)).toEqual(['rw', 'rw'])
  })

  it('PSTATE.PAN keeps EL1 from the data of EL0; the call can say otherwise', () => {
    const { entry, code, set } = rig()
    entry(4, 7, (9n << 12n) | page | EL0 | RO)
    expect([code(0x7000n), code(0x7000n, { smap: 'enforced' })]).toEqual([Code.Success, denied])
    set(Arm64CoreRegister.HvArm64RegisterPstate, EL1 | PAN)
    expect([code(0x7000n), code(0x7000n, { smap: 'overridden' })]).toEqual([denied, Code.Success])
    expect(code(0x7000n, { read: false, execute: true })).toBe(Code.Success)
  })

  it('as the VP runs, unless the call says: PSTATE tells the exception level; both means both', () => {
    const { entry, translate, set } = rig()
    entry(4, 7, (9n << 12n) | page)
    expect(translate(0x7000n).value).toMatchObject({ code: Code.Success, isUser: false })
    set(Arm64CoreRegister.HvArm64RegisterPstate, 0n)
    expect(translate(0x7000n).value).toMatchObject({ code: denied, isUser: true })
    expect(translate(0x7000n, { as: 'supervisor' }).value?.code).toBe(Code.Success)
    expect(translate(0x7000n, { as: 'both' }).value).toMatchObject({ code: denied, isUser: true })
    entry(4, 7, (9n << 12n) | page | EL0)
    expect(translate(0x7000n, { as: 'both' }).value?.code).toBe(Code.Success)
    expect(translate(0x7000n, { as: 'both', execute: true }).value).toMatchObject({ code: denied, isUser: false })
  })
})

describe('access flag and dirty state', () => {
  it('without the flag there is no page, unless hardware sets it', () => {
    const { entry, code, set, read } = rig()
    entry(4, 7, (9n << 12n) | V | T)
    expect([code(0x7000n), code(0x7000n, { setsBits: true })]).toEqual([Code.PageNotPresent, Code.PageNotPresent])
    set(R.HvArm64RegisterTcrEl1, tcr48 | HA)
    expect([code(0x7000n), read(4, 7) & 0x400]).toEqual([Code.Success, 0])
    expect([code(0x7000n, { setsBits: true }), read(4, 7) & 0x400]).toEqual([Code.Success, 0x400])
  })

  it('a page that is clean can be written where hardware manages that; AP[2] is cleared by the write', () => {
    const { entry, code, set, read } = rig()
    entry(4, 7, (9n << 12n) | page | RO | DBM)
    expect(code(0x7000n, { write: true })).toBe(Code.PrivilegeViolation)
    set(R.HvArm64RegisterTcrEl1, tcr48 | HA | HD)
    expect([code(0x7000n, { setsBits: true }), read(4, 7) & 0x80]).toEqual([Code.Success, 0x80])
    expect([code(0x7000n, { write: true }), read(4, 7) & 0x80]).toEqual([Code.Success, 0x80])
    expect([code(0x7000n, { write: true, setsBits: true }), read(4, 7) & 0x80]).toEqual([Code.Success, 0])
  })

  it('a table that cannot be written keeps the flag from being set', () => {
    const { entry, code, set, root, partition } = rig(tcr48 | HA)
    entry(4, 7, (9n << 12n) | V | T)
    const readable = { partition: partition.id, guestPage: 4, sourcePage: 20, flags: MapGpaFlags.readable }
    expect(mapGpaPage(root, readable)).toBe(ok)
    expect(code(0x7000n, { setsBits: true })).toBe(Code.GpaNoWriteAccess)
    set(R.HvArm64RegisterTcrEl1, tcr48 | HA)
    expect(code(0x7000n)).toBe(Code.Success)
  })
})

describe('other granules', () => {
  it('16 KiB: 2048 entries a table, blocks of 32 MiB at level 2 alone', () => {
    // 36 bits: levels 2 and 3. Tables lie in guest pages 0 and 4 of 16 KiB.
    const { entry, translate, code, set } = rig(28n | (0b10n << 14n) | (5n << 32n))
    set(R.HvArm64RegisterTtbr0El1, 0n)
    entry(0, 0, (4n << 12n) | V | T)
    entry(4, 1, (8n << 12n) | page)
    expect([translate(0x4000n).value?.gpaPage, translate(0x6000n).value?.gpaPage]).toEqual([8, 10])
    entry(0, 1, V | AF)
    expect(translate((1n << 25n) | 0x5000n).value?.gpaPage).toBe(5)
    set(R.HvArm64RegisterTcrEl1, 17n | (0b10n << 14n) | (5n << 32n))
    expect(code(1n << 36n)).toBe(Code.PageNotPresent)
  })

  it('64 KiB: 8192 entries a table, blocks of 512 MiB at level 2', () => {
    const { entry, translate, set } = rig(22n | (0b01n << 14n) | (5n << 32n))
    set(R.HvArm64RegisterTtbr0El1, 0n)
    entry(0, 1, V | AF)
    expect(translate((1n << 29n) | 0x7000n).value?.gpaPage).toBe(7)
  })
})

it('the calls of ARM64: flags of PAN, a result of 8 bytes without an event', () => {
  const { entry, set, partition, rootVp, root } = rig()
  root.guestOsId = 1n
  const caller = new HypercallCaller(modelDispatcher({ architecture: 'arm64' }), rootVp, {
    inputGpa: 0,
    outputGpa: PAGE_SIZE,
  })
  entry(4, 7, (9n << 12n) | page | EL0)
  set(Arm64CoreRegister.HvArm64RegisterPstate, EL1 | PAN)
  const controlFlags = {
    validateRead: true,
    validateWrite: false,
    validateExecute: false,
    setPageTableBits: false,
    tlbFlushInhibit: false,
    supervisorAccess: false,
    userAccess: false,
    panSet: false,
    panClear: false,
    inputVtlValue: 0,
  }
  const input = { partitionId: partition.id, vpIndex: 0, controlFlags, gvaPage: 7n }
  const answer = (resultCode: number, gpaPage: bigint) => ({
    translationResult: { resultCode, flags: { cacheType: 6, overlayPage: false } },
    gpaPage,
  })
  for (const definition of [onArm64(HvCallTranslateVirtualAddress), onArm64(HvCallTranslateVirtualAddressEx)]) {
    expect(definition.output.size).toBe(16)
    for (const fast of [false, true]) {
      expect(caller.call(definition, { input }, fast).output).toEqual(answer(Code.PrivilegeViolation, 0n))
      const clear = { ...input, controlFlags: { ...controlFlags, panClear: true } }
      expect(caller.call(definition, { input: clear }, fast).output).toEqual(answer(Code.Success, 9n))
    }
  }
  // A child translates its own addresses.
  const access = { read: true, write: false, execute: false, isExempt: false, setsBits: false }
  const own = { partition: WellKnownPartition.Self, vp: WellKnownVp.Self, gvaPage: 7n, access }
  expect(translateVirtualAddress(vpOf(partition, 0), own).value?.code).toBe(Code.PrivilegeViolation)
})
