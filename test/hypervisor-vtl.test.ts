import { describe, expect, it } from 'vitest'
import { InterruptType } from '../src/hypercall/enums/interrupts.ts'
import { StatsObjectType } from '../src/hypercall/enums/statistics.ts'
import { WellKnownPartition, WellKnownVp } from '../src/hypercall/ids.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { X64Register } from '../src/hypercall/registers/x64.ts'
import {
  assertVirtualInterrupt,
  clearVirtualInterrupt,
  enablePartitionVtl,
  enableVpVtl,
  getVpRegister,
  mapStatsPage,
  register64,
  sendClusterIpi,
  setVpRegister,
  unmapStatsPage,
  vtlCall,
  vtlReturn,
} from '../src/hypervisor/index.ts'
import { MemoryFault, PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, ok, vpOf, write } from './hypervisor-rig.ts'

const self = WellKnownPartition.Self

describe('virtual trust levels', () => {
  function guest() {
    const made = machine()
    const partition = child(made.root, { privileges: ['accessVsm', 'accessVpRegisters'], vps: 2 })
    return { ...made, partition, vp: vpOf(partition, 0) }
  }

  it('are enabled for the partition, then for each VP, with the registers to start with', () => {
    const { vp } = guest()
    const context = new Map([[X64Register.HvX64RegisterRip, register64(0x1000n)]])
    expect(enableVpVtl(vp, self, 0, 1)).toBe(0x51)
    expect(enablePartitionVtl(vp, self, 0)).toBe(0x05)
    const mbec = { enableMbec: true, enableSupervisorShadowStack: false, enableHardwareHvpt: false }
    expect(enablePartitionVtl(vp, self, 1, mbec)).toBe(0x05)
    expect(enablePartitionVtl(vp, self, 1, { ...mbec, enableMbec: false })).toBe(ok)
    expect(enablePartitionVtl(vp, self, 1)).toBe(0x86)
    expect(enableVpVtl(vp, self, 0, 1, new Map([[0x7fff_ffff, register64(0n)]]))).toBe(0x50)
    expect(enableVpVtl(vp, self, 0, 1, context)).toBe(ok)
    expect(enableVpVtl(vp, self, 7, 1)).toBe(0x0e)
    // Once a VP has it, VTL 0 has no say in it any more.
    expect([enableVpVtl(vp, self, 0, 1), enableVpVtl(vp, self, 1, 1)]).toEqual([0x06, 0x06])
    expect(vtlCall(vp)).toBe(true)
    expect([enableVpVtl(vp, self, WellKnownVp.Self, 1), enableVpVtl(vp, self, 1, 1)]).toEqual([0x86, ok])
    const target = { caller: vp, partition: self, vp: WellKnownVp.Self }
    expect(getVpRegister(target, X64Register.HvX64RegisterRip).value?.low).toBe(0x1000n)
    expect(getVpRegister(target, CommonRegister.HvRegisterVsmVpStatus).value?.low).toBe(0x3_0001n)
    expect(getVpRegister(target, CommonRegister.HvRegisterVsmPartitionStatus).value?.low).toBe(0xf_0003n)
  })

  it('call goes up, return goes down; anything else is #UD', () => {
    const { vp } = guest()
    expect([vtlCall(vp), vtlReturn(vp)]).toEqual([false, false])
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    expect(vtlCall(vp, 1n)).toBe(false)
    expect(vtlCall(vp)).toBe(true)
    expect([vp.vtl, vtlCall(vp), vtlReturn(vp, 2n)]).toEqual([1, false, false])
    expect(vtlReturn(vp, 1n)).toBe(true)
    expect(vp.vtl).toBe(0)
  })

  it('have registers of their own, and share the general purpose ones', () => {
    const { vp } = guest()
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    const own = { caller: vp, partition: self, vp: WellKnownVp.Self }
    setVpRegister(own, X64Register.HvX64RegisterRip, register64(1n))
    setVpRegister(own, X64Register.HvX64RegisterRbx, register64(2n))
    expect(getVpRegister({ ...own, vtl: 1 }, X64Register.HvX64RegisterRip).status).toBe(0x06)
    vtlCall(vp)
    expect(getVpRegister(own, X64Register.HvX64RegisterRip).value?.low).toBe(0n)
    expect(getVpRegister(own, X64Register.HvX64RegisterRbx).value?.low).toBe(2n)
    expect(getVpRegister({ ...own, vtl: 0 }, X64Register.HvX64RegisterRip).value?.low).toBe(1n)
  })

  it('say in the VP assist page why they were entered, and take RAX and RCX from it for a return', () => {
    const { vp, partition } = guest()
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    vtlCall(vp)
    write(vp, 0x4000_0073, (6n << 12n) | 1n)
    vtlReturn(vp, 1n)
    vtlCall(vp)
    const memory = partition.memory(16 * PAGE_SIZE, 1)
    expect(memory.load32(6 * PAGE_SIZE + 8)).toBe(1)
    memory.store32(6 * PAGE_SIZE + 16, 0x77)
    memory.store32(6 * PAGE_SIZE + 24, 0x88)
    vtlReturn(vp)
    expect(vp.registers.get(X64Register.HvX64RegisterRax)?.low).toBe(0x77n)
    expect(vp.registers.get(X64Register.HvX64RegisterRcx)?.low).toBe(0x88n)
  })

  it('have a SynIC of their own', () => {
    const { vp } = guest()
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    vtlCall(vp)
    write(vp, 0x4000_0080, 1n)
    expect([vp.level(0)?.synic.control, vp.level(1)?.synic.control]).toEqual([0n, 1n])
  })

  it('need the privilege AccessVsm', () => {
    const { root } = machine()
    const vp = vpOf(child(root), 0)
    expect(enablePartitionVtl(vp, self, 1)).toBe(0x06)
  })
})

describe('virtual interrupts', () => {
  it('fixed, to a VP or a mask of VPs; vectors 16 to 255', () => {
    const { root } = machine()
    const partition = child(root, { vps: 2 })
    const [first, second] = [vpOf(partition, 0), vpOf(partition, 1)]
    const call = { partition: partition.id, type: InterruptType.Fixed, destination: 1n, vector: 0x61 }
    expect(assertVirtualInterrupt(root, call)).toBe(ok)
    expect([first.controller.acknowledge(), second.controller.acknowledge()]).toEqual([undefined, 0x61])
    expect(assertVirtualInterrupt(root, { ...call, destination: 3n, isLogical: true, vector: 0x72 })).toBe(ok)
    expect([first.controller.acknowledge(), second.controller.acknowledge()]).toEqual([0x72, 0x72])
    expect(assertVirtualInterrupt(root, { ...call, vector: 15 })).toBe(0x05)
    expect(assertVirtualInterrupt(root, { ...call, destination: 9n })).toBe(0x0e)
    expect(assertVirtualInterrupt(root, { ...call, type: 99 })).toBe(0x05)
    expect(assertVirtualInterrupt(root, { ...call, vtl: 1 })).toBe(0x51)
    expect(assertVirtualInterrupt(partition, call)).toBe(0x06)
    expect(assertVirtualInterrupt(root, { ...call, type: InterruptType.Nmi })).toBe(ok)
    expect([second.controller.takeSpecial('nmi'), second.controller.takeSpecial('nmi')]).toEqual([true, false])
  })

  it('external: once acknowledged, not again before it is cleared', () => {
    const { root } = machine()
    const partition = child(root, { vps: 2 })
    const call = { partition: partition.id, type: InterruptType.ExtInt, destination: 0n, vector: 8 }
    expect(clearVirtualInterrupt(root, partition.id)).toBe(0x14)
    expect(assertVirtualInterrupt(root, call)).toBe(ok)
    expect(assertVirtualInterrupt(root, call)).toBe(ok)
    expect(vpOf(partition, 0).controller.takeSpecial('extint')).toBe(true)
    expect(assertVirtualInterrupt(root, call)).toBe(0x16)
    expect(clearVirtualInterrupt(root, partition.id)).toBe(ok)
    expect(assertVirtualInterrupt(root, call)).toBe(ok)
    expect(assertVirtualInterrupt(root, { ...call, destination: 1n })).toBe(0x05)
  })

  it("IPIs go to VPs of the caller's own partition", () => {
    const { root } = machine()
    const partition = child(root, { vps: 2 })
    const vp = vpOf(partition, 0)
    expect(sendClusterIpi(vp, 15, [1])).toBe(0x05)
    expect(sendClusterIpi(vp, 0x40, [1, 5])).toBe(ok)
    expect(vpOf(partition, 1).controller.acknowledge()).toBe(0x40)
    expect(sendClusterIpi(vp, 0x40, [1], 1)).toBe(0x06)
  })
})

describe('statistics pages', () => {
  it('are zero, read-only, where the hypervisor puts them, and can be unmapped', () => {
    const { root, memory } = machine()
    const partition = child(root)
    const object = { type: StatsObjectType.Vp, partition: partition.id, vp: 0 }
    const { value: page = 0 } = mapStatsPage(root, object)
    expect(page * PAGE_SIZE).toBeGreaterThan(memory.size)
    const inside = root.memory(2 ** 52)
    expect(inside.load32(page * PAGE_SIZE + 8)).toBe(0)
    expect(() => inside.store32(page * PAGE_SIZE, 1)).toThrow(MemoryFault)
    expect(mapStatsPage(root, object).status).toBe(0x08)
    expect(mapStatsPage(root, { ...object, vp: 1 }).status).toBe(0x0e)
    expect(mapStatsPage(root, { type: StatsObjectType.Hypervisor }).value).toBe(page + 1)
    expect(unmapStatsPage(root, object)).toBe(ok)
    expect(unmapStatsPage(root, object)).toBe(0x05)
    expect(() => inside.load32(page * PAGE_SIZE)).toThrow(MemoryFault)
    expect(mapStatsPage(partition, { type: StatsObjectType.Hypervisor }).status).toBe(0x06)
  })
})
