import { describe, expect, it } from 'vitest'
import { AccessGpaResultCode } from '../src/hypercall/enums/memory.ts'
import { WellKnownPartition } from '../src/hypercall/ids.ts'
import { HypercallRegisters, x64Convention } from '../src/hypercall/index.ts'
import { Arm64CoreRegister } from '../src/hypercall/registers/arm64-core.ts'
import { Arm64SystemRegister } from '../src/hypercall/registers/arm64-system.ts'
import { Arm64VectorRegister } from '../src/hypercall/registers/arm64-vector.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { X64Register } from '../src/hypercall/registers/x64.ts'
import {
  enablePartitionVtl,
  enableVpVtl,
  modelDispatcher,
  type Partition,
  readGpa,
  readRegister,
  register64,
  type VirtualProcessor,
  vpHypercall,
  vpRead,
  vpReadMsr,
  vpWrite,
  vtlCall,
  vtlReturn,
  writeRegister,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, flagsOf, machine, msr, ok, slotOf, vpOf, write } from './hypervisor-rig.ts'

const self = WellKnownPartition.Self
const privileges = ['accessVsm', 'accessVpRegisters', 'accessPartitionReferenceTsc'] as const

/** A child whose VP 0 has VTL 1, and runs in VTL 0. */
function rig(options: Parameters<typeof machine>[0] = {}) {
  const made = machine(options)
  const partition = child(made.root, { privileges: [...privileges], vps: 2 })
  const vp = vpOf(partition, 0)
  expect([enablePartitionVtl(vp, self, 1), enableVpVtl(vp, self, 0, 1)]).toEqual([ok, ok])
  return { ...made, partition, vp }
}

/** Takes what is pending in the level that runs: else a return would come back at once. */
function takeInterrupt(vp: VirtualProcessor): void {
  vp.controller.acknowledge()
  vp.controller.endOfInterrupt()
}

function word(partition: Partition, page: number, vtl: number): number {
  return partition.memory(2 ** 40, vtl).load32(page * PAGE_SIZE)
}

describe('pages that registers place', () => {
  it('two levels can have theirs at one address: each sees its own, and what is underneath is the guest’s', () => {
    const { partition, vp } = rig()
    partition.memory(2 ** 40).store32(8 * PAGE_SIZE, 0x1234)
    enableSynic(vp, { simp: 8, siefp: 9 })
    vtlCall(vp)
    expect(word(partition, 8, 1)).toBe(0x1234)
    enableSynic(vp, { simp: 8, siefp: 9, sints: { 2: 0x53n } })
    const message = (type: number) => ({ messageType: type, sender: 7n, payload: () => new Uint8Array(0) })
    expect(vp.level(1)?.synic.post(2, message(0x11))).toBe('delivered')
    expect([vp.level(0)?.synic.post(2, message(0x22)), vp.level(0)?.synic.signal(2, 5)]).toEqual([
      'delivered',
      'signalled',
    ])
    expect([slotOf(vp, 2).type, flagsOf(vp, 2)]).toEqual([0x11, []])
    takeInterrupt(vp)
    vtlReturn(vp, 1n)
    expect([slotOf(vp, 2).type, flagsOf(vp, 2)]).toEqual([0x22, [5]])
  })

  it('a level cannot read or forge those of another', () => {
    const { partition, vp } = rig()
    vtlCall(vp)
    enableSynic(vp, { simp: 8, siefp: 9 })
    write(vp, 0x4000_0073, (10n << 12n) | 1n)
    vp.synic.post(2, { messageType: 0x11, sender: 7n, payload: () => new Uint8Array(0) })
    takeInterrupt(vp)
    vtlReturn(vp, 1n)
    expect(vpRead(vp, 8 * PAGE_SIZE + 512, 4)).toEqual({ outcome: 'done', value: new Uint8Array(4) })
    // Why it is entered a level learns from its own page.
    expect(vpWrite(vp, 10 * PAGE_SIZE + 8, Uint8Array.of(9)).outcome).toBe('done')
    vtlCall(vp)
    const page = vpRead(vp, 10 * PAGE_SIZE + 8, 4)
    expect(page).toEqual({ outcome: 'done', value: Uint8Array.of(1, 0, 0, 0) })
    expect([slotOf(vp, 2).type, word(partition, 8, 0)]).toEqual([0x11, 0])
  })

  it('guest OS id, hypercall page and reference TSC page are those of a level, for all its VPs', () => {
    const { partition, vp } = rig({ tscFrequency: 1_000_000_000n })
    const [hypercall, tsc] = [0x4000_0001, 0x4000_0021]
    const read = (number: number) => {
      const outcome = vpReadMsr(vp, number)
      return outcome.outcome === 'done' ? outcome.value : outcome.outcome
    }
    write(vp, msr.guestOsId, 1n)
    write(vp, hypercall, (5n << 12n) | 1n)
    write(vp, tsc, (6n << 12n) | 1n)
    vtlCall(vp)
    expect([read(msr.guestOsId), read(hypercall), read(tsc)]).toEqual([0n, 0n, 0n])
    expect([partition.space.isOverlaid(5, 0), partition.space.isOverlaid(5, 1)]).toEqual([true, false])
    // A level that has not said what it is has no hypercall page.
    write(vp, hypercall, (7n << 12n) | 1n)
    expect(read(hypercall)).toBe(7n << 12n)
    const call = () => vpHypercall(modelDispatcher(), vp, new HypercallRegisters(x64Convention)).kind
    expect(call()).toBe('undefined-instruction')
    write(vp, msr.guestOsId, 2n)
    write(vp, hypercall, (7n << 12n) | 1n)
    expect([read(hypercall), call()]).toEqual([(7n << 12n) | 1n, 'refused'])
    write(vp, tsc, (7n << 12n) | 0x1000n | 1n)
    // Both pages hold, and go on when the clock does.
    vp.isExplicitlySuspended = true
    vpOf(partition, 1).isExplicitlySuspended = true
    expect([word(partition, 6, 0), word(partition, 7, 1)]).toEqual([0, 0])
    vp.isExplicitlySuspended = false
    expect([word(partition, 6, 0), word(partition, 7, 1)]).toEqual([2, 2])
    // VTL 0 ends its own, not that of VTL 1.
    vtlReturn(vp, 1n)
    write(vp, msr.guestOsId, 0n)
    expect([partition.space.isOverlaid(5, 0), partition.space.isOverlaid(7, 1)]).toEqual([false, true])
    expect(partition.guestOsId).toBe(0n)
  })

  it('a parent reads them as the level does for which it asks', () => {
    const { partition, rootVp, vp } = rig()
    partition.memory(2 ** 40).store32(8 * PAGE_SIZE, 0x1234)
    vtlCall(vp)
    enableSynic(vp, { simp: 8, siefp: 9 })
    write(vp, msr.guestOsId, 1n)
    const at = { partition: partition.id, vp: 0, gpa: 8 * PAGE_SIZE, count: 2 }
    expect(readGpa(rootVp, at).value).toEqual({ code: AccessGpaResultCode.Success, bytes: Uint8Array.of(0x34, 0x12) })
    expect(readGpa(rootVp, { ...at, vtl: 1 }).value?.bytes).toEqual(new Uint8Array(2))
  })

  it('written through, they are pages of the guest’s own, of each level its own', () => {
    const { vp, partition } = rig({ pageMode: 'write-through' })
    enableSynic(vp, { simp: 8, siefp: 9 })
    vtlCall(vp)
    enableSynic(vp, { simp: 11, siefp: 12 })
    vp.synic.post(2, { messageType: 0x11, sender: 7n, payload: () => new Uint8Array(0) })
    expect([partition.memory(2 ** 40).load32(8 * PAGE_SIZE + 512), slotOf(vp, 2, 11).type]).toEqual([0, 0x11])
  })

  it('go with their level', () => {
    const { vp, partition, rootVp } = rig()
    vtlCall(vp)
    enableSynic(vp, { simp: 8, siefp: 9 })
    write(vp, msr.guestOsId, 1n)
    write(vp, 0x4000_0001, (7n << 12n) | 1n)
    vtlReturn(vp, 1n)
    vp.removeVtl(1)
    expect([partition.space.isOverlaid(8), partition.space.isOverlaid(7)]).toEqual([false, true])
    partition.removeLevel(1)
    expect([partition.space.isOverlaid(7), partition.enabledVtls, rootVp.partition.enabledVtls]).toEqual([false, 1, 1])
  })
})

describe('registers', () => {
  /** Which of these names two levels of a VP share. */
  function shared(vp: VirtualProcessor, names: Readonly<Record<string, number>>): string[] {
    const [low, high] = [vp.level(0), vp.level(1)]
    if (low === undefined || high === undefined) throw new Error('no VTL 1')
    return Object.entries(names)
      .filter(([, name]) => {
        expect(writeRegister(vp, low, name, register64(0x55n))).toBe(ok)
        return readRegister(vp, high, name).value?.low === 0x55n
      })
      .map(([name]) => name)
  }

  it('of x64 that levels share, and those next to them that they do not', () => {
    const { vp } = rig()
    const R = X64Register
    const common = {
      rax: R.HvX64RegisterRax,
      r15: R.HvX64RegisterR15,
      cr2: R.HvX64RegisterCr2,
      xcr0: R.HvX64RegisterXfem,
      dr3: R.HvX64RegisterDr3,
      xmm0: R.HvX64RegisterXmm0,
      mtrrDefType: R.HvX64RegisterMsrMtrrDefType,
      mtrrFix: R.HvX64RegisterMsrMtrrFix4kF8000,
    }
    const own = {
      rsp: R.HvX64RegisterRsp,
      rip: R.HvX64RegisterRip,
      rflags: R.HvX64RegisterRflags,
      cr0: R.HvX64RegisterCr0,
      cr3: R.HvX64RegisterCr3,
      cr8: R.HvX64RegisterCr8,
      dr6: R.HvX64RegisterDr6,
      dr7: R.HvX64RegisterDr7,
      efer: R.HvX64RegisterEfer,
      pat: R.HvX64RegisterPat,
      tscAux: R.HvX64RegisterTscAux,
      cs: R.HvX64RegisterCs,
    }
    expect(shared(vp, { ...common, ...own })).toEqual(Object.keys(common))
  })

  it('of ARM64', () => {
    const { vp } = rigArm64()
    const R = Arm64CoreRegister
    const common = {
      x0: R.HvArm64RegisterX0,
      x17: R.HvArm64RegisterX17,
      x19: R.HvArm64RegisterX19,
      x28: R.HvArm64RegisterX28,
      q0: Arm64VectorRegister.HvArm64RegisterQ0,
      q31: Arm64VectorRegister.HvArm64RegisterQ31,
    }
    const own = {
      x18: R.HvArm64RegisterX18,
      fp: R.HvArm64RegisterFp,
      lr: R.HvArm64RegisterLr,
      spEl0: R.HvArm64RegisterSpEl0,
      spEl1: R.HvArm64RegisterSpEl1,
      pc: R.HvArm64RegisterPc,
      pstate: R.HvArm64RegisterPstate,
      ttbr0: Arm64SystemRegister.HvArm64RegisterTtbr0El1,
      fpcr: Arm64SystemRegister.HvArm64RegisterFpcr,
    }
    expect(shared(vp, { ...common, ...own })).toEqual(Object.keys(common))
  })

  it('what a level lays down for those below it, and for no other', () => {
    const { vp } = rig()
    const [low, high] = [vp.level(0), vp.level(1)]
    if (low === undefined || high === undefined) throw new Error('no VTL 1')
    const { HvRegisterVsmVpSecureConfigVtl0: vtl0, HvRegisterVsmVpSecureConfigVtl1: vtl1 } = CommonRegister
    const set = (state: typeof low, name: number, value: bigint) => writeRegister(vp, state, name, register64(value))
    expect([set(high, vtl0, 2n), readRegister(vp, high, vtl0).value?.low]).toEqual([ok, 2n])
    // Mode-based execute control is none of the model's.
    expect([set(high, vtl0, 1n), set(high, vtl1, 0n), set(low, vtl0, 0n)]).toEqual([0x05, 0x05, 0x05])
  })

  it('that only tell something are not written', () => {
    const { vp } = rig()
    const R = CommonRegister
    const names = [
      R.HvRegisterVpRuntime,
      R.HvRegisterProcessorClockFrequency,
      R.HvRegisterVsmCapabilities,
      R.HvRegisterVsmCodePageOffsets,
      R.HvRegisterVsmPartitionStatus,
      R.HvRegisterVsmVpStatus,
      R.HvRegisterSversion,
      R.HvRegisterVpIndex,
    ]
    for (const name of names) expect(writeRegister(vp, vp.current, name, register64(1n)), `${name}`).toBe(0x05)
    // A level can deny those below it the start of VPs; nothing else.
    expect(readRegister(vp, vp.current, R.HvRegisterVsmCapabilities).value?.low).toBe(0x2_0000n)
  })

  it('of timers take no reserved bits', () => {
    const { vp } = rig()
    const set = (value: bigint) =>
      writeRegister(vp, vp.current, CommonRegister.HvRegisterStimer0Config, register64(value))
    expect([set(0x2_1ffen), set(1n << 20n), set(1n << 13n), set(1n << 15n)]).toEqual([ok, 0x05, 0x05, 0x05])
  })
})

function rigArm64() {
  const made = machine({ architecture: 'arm64' })
  const partition = child(made.root, { privileges: [...privileges] })
  const vp = vpOf(partition, 0)
  expect([enablePartitionVtl(vp, self, 1), enableVpVtl(vp, self, 0, 1)]).toEqual([ok, ok])
  return { ...made, partition, vp }
}
