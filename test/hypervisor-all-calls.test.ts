import { describe, expect, it } from 'vitest'
import { allCalls } from '../src/hypercall/calls/index.ts'
import { x64Convention } from '../src/hypercall/conventions/convention.ts'
import { HypercallRegisters } from '../src/hypercall/conventions/registers.ts'
import { HypercallDispatcher } from '../src/hypercall/dispatcher/index.ts'
import { HvStatus } from '../src/hypercall/status.ts'
import { bindModelledCalls } from '../src/hypervisor/calls/index.ts'
import { modelDispatcher, unmodelledCalls, type VirtualProcessor, vpHypercall } from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, msr, vpOf, write } from './hypervisor-rig.ts'

/** Calls that one architecture carries out and the other does not have. */
const x64Only = new Set([
  'HvCallGetVpCpuidValues',
  'HvCallGetVpSetFromMda',
  'HvCallSwitchVirtualAddressSpace',
  'HvCallTranslateVirtualAddressEx',
])

describe('all 292 calls', () => {
  const inTable = new Map(unmodelledCalls.map(({ call, status }) => [call.code, status]))

  it('are carried out, or stand in the table of those that are not, once', () => {
    expect(allCalls).toHaveLength(292)
    expect(inTable.size).toBe(unmodelledCalls.length)
    for (const isArm64 of [false, true]) {
      const modelled = new HypercallDispatcher<VirtualProcessor>()
      bindModelledCalls(modelled, isArm64)
      const unclear = allCalls.filter(({ code, name }) => {
        if (isArm64 && x64Only.has(name)) return modelled.answersCode(code)
        return modelled.answersCode(code) === inTable.has(code)
      })
      expect(unclear.map(({ name }) => name)).toEqual([])
    }
  })

  it('answer, whatever their block holds, with a status, and never with a fault of their handler', () => {
    for (const whose of ['root', 'child'] as const) {
      for (const fill of [0, 0xff]) {
        const { root, rootVp } = machine()
        const partition = child(root)
        const vp = whose === 'root' ? rootVp : vpOf(partition, 0)
        write(vp, msr.guestOsId, 1n)
        const dispatcher = modelDispatcher()
        for (const { code, kind, name } of allCalls) {
          if (vp.isDeleted || !vp.isRunning) break
          const memory = vp.partition.memory(2 ** 40)
          memory.write(0, new Uint8Array(PAGE_SIZE).fill(fill), 0, PAGE_SIZE)
          const registers = new HypercallRegisters(x64Convention)
          registers.control = BigInt(code) | (kind === 'rep' || kind === 'variable-rep' ? 1n << 32n : 0n)
          registers.set('RDX', 0n)
          registers.set('R8', BigInt(PAGE_SIZE))
          const outcome = vpHypercall(dispatcher, vp, registers)
          expect(['completed', 'refused', 'undefined-instruction', 'intercepted'], name).toContain(outcome.kind)
        }
      }
    }
  })

  it('that nobody knows are no calls; those of the root are denied to others', () => {
    const { root, rootVp } = machine()
    const partition = child(root)
    const guest = vpOf(partition, 0)
    const dispatcher = modelDispatcher()
    const status = (vp: VirtualProcessor, code: number) => {
      write(vp, msr.guestOsId, 1n)
      const registers = new HypercallRegisters(x64Convention)
      registers.control = BigInt(code)
      registers.set('R8', BigInt(PAGE_SIZE))
      vpHypercall(dispatcher, vp, registers)
      return registers.status
    }
    for (const { call, status: expected } of unmodelledCalls) {
      if (expected !== HvStatus.InvalidHypercallCode) continue
      expect(status(rootVp, call.code), call.name).toBe(HvStatus.InvalidHypercallCode)
    }
    // HvCallInitializeEventLogBufferGroup.
    expect([status(rootVp, 0x60), status(guest, 0x60)]).toEqual([HvStatus.FeatureUnavailable, HvStatus.AccessDenied])
    // HvExtCallQueryCapabilities: needs its privilege.
    expect([status(rootVp, 0x8001), status(guest, 0x8001)]).toEqual([HvStatus.Success, HvStatus.AccessDenied])
  })
})
