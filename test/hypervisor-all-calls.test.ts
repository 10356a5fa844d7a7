import { describe, expect, it } from 'vitest'
import type { HypercallDefinition } from '../src/hypercall/calls/call.ts'
import { allCalls } from '../src/hypercall/calls/index.ts'
import {
  arm64SmcccConvention,
  onArm64,
  smcccHypercall,
  x64Convention,
} from '../src/hypercall/conventions/convention.ts'
import { HypercallRegisters } from '../src/hypercall/conventions/registers.ts'
import { type Handler, HypercallDispatcher } from '../src/hypercall/dispatcher/index.ts'
import { HvStatus } from '../src/hypercall/status.ts'
import { bindModelledCalls } from '../src/hypervisor/calls/index.ts'
import { modelDispatcher, unmodelledCalls, type VirtualProcessor, vpHypercall } from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, msr, vpOf, write } from './hypervisor-rig.ts'

/** Calls of x64 alone, though no source says so: CR3 is theirs. */
const x64Only = new Set(['HvCallSwitchVirtualAddressSpace'])

/** A dispatcher that remembers what was bound. */
class Remembering extends HypercallDispatcher<VirtualProcessor> {
  readonly bound: HypercallDefinition[] = []

  override on<D extends HypercallDefinition>(definition: D, handler: Handler<D, VirtualProcessor>): this {
    this.bound.push(definition)
    return super.on(definition, handler)
  }
}

describe('all 292 calls', () => {
  const inTable = new Map(unmodelledCalls.map(({ call, status }) => [call.code, status]))

  it('are carried out, or stand in the table of those that are not, once', () => {
    expect(allCalls).toHaveLength(292)
    expect(inTable.size).toBe(unmodelledCalls.length)
    for (const isArm64 of [false, true]) {
      const modelled = new HypercallDispatcher<VirtualProcessor>()
      bindModelledCalls(modelled, isArm64)
      const here = isArm64 ? 'arm64' : 'x64'
      const unclear = allCalls.filter(({ code, name, architecture = here }) => {
        if (architecture !== here || (isArm64 && x64Only.has(name))) return modelled.answersCode(code)
        return modelled.answersCode(code) === inTable.has(code)
      })
      expect(unclear.map(({ name }) => name)).toEqual([])
    }
  })

  it('have the blocks of their architecture, all that have others on ARM64; and exist where they belong', () => {
    const differing = allCalls.filter(
      (call) => onArm64(call).input !== call.input || call.elementArm64 || call.outputArm64,
    )
    expect(differing.length).toBeGreaterThan(15)
    for (const architecture of ['x64', 'arm64'] as const) {
      const isArm64 = architecture === 'arm64'
      const dispatcher = new Remembering()
      bindModelledCalls(dispatcher, isArm64)
      const unmodelled = new Set(unmodelledCalls.map(({ call }) => call.code))
      for (const call of differing) {
        if (unmodelled.has(call.code)) continue
        const form = isArm64 ? onArm64(call) : call
        const bound = dispatcher.bound.filter(({ code }) => code === call.code)
        expect(bound, call.name).toEqual([
          expect.objectContaining({ input: form.input, element: form.element, output: form.output }),
        ])
      }
      const model = modelDispatcher({ architecture })
      for (const call of allCalls) {
        if (call.architecture !== undefined && call.architecture !== architecture) {
          expect(model.answersCode(call.code), call.name).toBe(false)
        }
      }
    }
  })

  it.each(['x64', 'arm64'] as const)(
    'read headers of the size that they have on %s, those that are not modelled too',
    (architecture) => {
      const isArm64 = architecture === 'arm64'
      const { root, rootVp } = machine({ architecture })
      root.guestOsId = 1n
      const dispatcher = modelDispatcher({ architecture })
      const convention = isArm64 ? arm64SmcccConvention : x64Convention
      const [inputRegister, outputRegister] = isArm64 ? ['X2', 'X3'] : ['RDX', 'R8']
      for (const call of allCalls) {
        const [ours, theirs] = isArm64 ? [onArm64(call), call] : [call, onArm64(call)]
        const sizes = [ours, theirs].map(({ input }) => input?.size ?? 0)
        if (sizes[0] === sizes[1] || !dispatcher.answersCode(call.code)) continue
        // The block ends where the page does: a longer header would not fit.
        const [size = 0, other = 0] = sizes
        const outcome = (headerSize: number) => {
          const registers = new HypercallRegisters(convention)
          registers.control = BigInt(call.code)
          if (isArm64) registers.set('X0', BigInt(smcccHypercall))
          registers.set(inputRegister, BigInt(PAGE_SIZE - 8 * Math.ceil(headerSize / 8)))
          registers.set(outputRegister, BigInt(2 * PAGE_SIZE))
          return vpHypercall(dispatcher, rootVp, registers)
        }
        expect(outcome(size), call.name).not.toMatchObject({ rule: 'straddle' })
        if (other < size) expect(outcome(other), call.name).toMatchObject({ rule: 'straddle' })
      }
    },
  )

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
