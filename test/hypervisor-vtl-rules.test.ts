import { describe, expect, it } from 'vitest'
import { InterruptType } from '../src/hypercall/enums/interrupts.ts'
import { WellKnownPartition } from '../src/hypercall/ids.ts'
import type { PartitionPrivilege } from '../src/hypercall/privileges.ts'
import { childPrivileges, privilegeMask } from '../src/hypercall/privileges.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import {
  assertVirtualInterrupt,
  createVp,
  enablePartitionVtl,
  enableVpVtl,
  register64,
  setVpRegister,
  startVirtualProcessor,
  vtlCall,
  vtlReturn,
} from '../src/hypervisor/index.ts'
import { child, machine, ok, vpOf } from './hypervisor-rig.ts'

const self = WellKnownPartition.Self
const vsm: PartitionPrivilege[] = ['accessVsm', 'accessVpRegisters', 'startVirtualProcessor']
const denied = 0x06

function guest() {
  const made = machine()
  const partition = child(made.root, { privileges: vsm, vps: 2 })
  return { ...made, partition, vp: vpOf(partition, 0), second: vpOf(partition, 1) }
}

describe('who enables a level', () => {
  it('of a partition: the highest one below it, a higher one, or the parent; they need not follow one another', () => {
    const { vp, partition, rootVp } = guest()
    expect(enablePartitionVtl(vp, self, 2)).toBe(ok)
    // VTL 2 is the highest below 3, VTL 0 the highest below 1.
    expect([enablePartitionVtl(vp, self, 3), enablePartitionVtl(vp, self, 1)]).toEqual([denied, ok])
    expect(enableVpVtl(vp, self, 0, 2)).toBe(denied)
    expect(enableVpVtl(rootVp, partition.id, 0, 2)).toBe(ok)
    expect([vtlCall(vp), vp.vtl]).toEqual([true, 2])
    // A higher level enables a lower one.
    expect([enableVpVtl(vp, self, 0, 1), enablePartitionVtl(vp, self, 3)]).toEqual([ok, ok])
    expect(enablePartitionVtl(rootVp, partition.id, 5)).toBe(ok)
    expect(partition.enabledVtls).toBe(0b10_1111)
  })

  it('of a VP: once one has it, none below it', () => {
    const { vp, partition, rootVp } = guest()
    enablePartitionVtl(vp, self, 1)
    expect(enableVpVtl(vp, self, 0, 1)).toBe(ok)
    expect(enableVpVtl(vp, self, 1, 1)).toBe(denied)
    vtlCall(vp)
    expect(enableVpVtl(vp, self, 1, 1)).toBe(ok)
    expect(enableVpVtl(rootVp, partition.id, 1, 1)).toBe(0x86)
  })

  it('with the three privileges of VSM', () => {
    for (const missing of ['accessVsm', 'accessVpRegisters', 'accessSynicRegs'] as const) {
      const { vp, partition } = guest()
      const all = childPrivileges | privilegeMask(vsm)
      partition.privileges = all & ~privilegeMask([missing])
      expect(enablePartitionVtl(vp, self, 1), missing).toBe(denied)
      partition.privileges = all
      expect(enablePartitionVtl(vp, self, 1)).toBe(ok)
      partition.privileges = all & ~privilegeMask([missing])
      expect(enableVpVtl(vp, self, 0, 1), missing).toBe(denied)
    }
  })
})

describe('who starts a VP', () => {
  it('in no level above its own', () => {
    const { vp, root, partition } = guest()
    createVp(root, partition.id, 2)
    enablePartitionVtl(vp, self, 1)
    expect(enableVpVtl(vp, self, 2, 1)).toBe(ok)
    expect(startVirtualProcessor(vp, self, 2, 1, new Map())).toBe(denied)
    expect(startVirtualProcessor(vp, self, 2, 0, new Map())).toBe(ok)
  })

  it('nobody below a level that denies it; the parent all the same', () => {
    const { vp, root, rootVp, partition } = guest()
    createVp(root, partition.id, 2)
    createVp(root, partition.id, 3)
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    const config = { caller: rootVp, partition: partition.id, vp: 0, vtl: 1 }
    expect(setVpRegister(config, CommonRegister.HvRegisterVsmPartitionConfig, register64(0x40n))).toBe(ok)
    expect(startVirtualProcessor(vp, self, 2, 0, new Map())).toBe(denied)
    vtlCall(vp)
    expect(startVirtualProcessor(vp, self, 2, 0, new Map())).toBe(ok)
    vtlReturn(vp, 1n)
    expect(startVirtualProcessor(rootVp, partition.id, 3, 0, new Map())).toBe(ok)
  })

  it('INIT and SIPI do not reach below a level that the VP has; others do', () => {
    const { vp, second, root, partition } = guest()
    enablePartitionVtl(vp, self, 1)
    enableVpVtl(vp, self, 0, 1)
    const call = { partition: partition.id, destination: 0xffff_ffffn, vector: 0 }
    for (const [type, kind] of [
      [InterruptType.Init, 'init'],
      [InterruptType.Sipi, 'sipi'],
    ] as const) {
      expect(assertVirtualInterrupt(root, { ...call, type })).toBe(ok)
      const got = [vp, second].map((one) => one.level(0)?.controller.takeSpecial(kind))
      expect(got).toEqual([false, true])
      expect(assertVirtualInterrupt(root, { ...call, destination: 0n, type, vtl: 1 })).toBe(ok)
      expect(vp.level(1)?.controller.takeSpecial(kind)).toBe(true)
    }
    expect(assertVirtualInterrupt(root, { ...call, type: InterruptType.Nmi })).toBe(ok)
    expect(vp.level(0)?.controller.takeSpecial('nmi')).toBe(true)
  })
})
