import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReferenceTscPage } from '../src/hypercall/pages.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { getVpRegister, type VirtualProcessor, vpRead, vpReadMsr, vpReadTsc, vpWrite } from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, machine, ok, vpOf, write } from './hypervisor-rig.ts'
import { seeded } from './seed.ts'

const msrReferenceTsc = 0x4000_0021
const msrTimeRefCount = 0x4000_0020
const pageNumber = 6

function rig(tscFrequency?: bigint) {
  const made = machine(tscFrequency === undefined ? {} : { tscFrequency })
  const partition = child(made.root)
  partition.privileges |= 0xa00n
  return { ...made, partition, vp: vpOf(partition, 0) }
}

function page(vp: VirtualProcessor) {
  const read = vpRead(vp, pageNumber * PAGE_SIZE, PAGE_SIZE)
  if (read.outcome !== 'done') throw new Error(read.outcome)
  return ReferenceTscPage.decode(read.value)
}

/** Reference time as a guest computes it. */
function byPage(vp: VirtualProcessor): bigint {
  const { tscScale, tscOffset } = page(vp)
  const tsc = vpReadTsc(vp)
  return tsc.outcome === 'done' ? ((tsc.value * tscScale) >> 64n) + tscOffset : -1n
}

function byMsr(vp: VirtualProcessor): bigint {
  const read = vpReadMsr(vp, msrTimeRefCount)
  return read.outcome === 'done' ? read.value : -1n
}

function enable(vp: VirtualProcessor) {
  write(vp, msrReferenceTsc, (BigInt(pageNumber) << 12n) | 1n)
}

describe('the reference TSC page', () => {
  it('says the same as the reference counter, whatever the frequency, the start of the partition and the time', () => {
    const times = fc.array(fc.bigInt({ min: 0n, max: 1n << 50n }), { minLength: 1, maxLength: 8 })
    const frequencies = fc.bigInt({ min: 10_000_001n, max: 6_000_000_000n })
    fc.assert(
      fc.property(frequencies, times, (frequency, steps) => {
        const { clock, vp } = rig(frequency)
        for (const step of steps) {
          clock.time += step
          enable(vp)
          const [computed, told] = [byPage(vp), byMsr(vp)]
          expect(computed - told >= -1n && computed - told <= 1n, `${computed} for ${told}`).toBe(true)
        }
      }),
      { ...seeded, numRuns: Math.min(seeded.numRuns ?? 100, 60) },
    )
  })

  it('holds with another sequence after each change: enabled, stopped, started, set', () => {
    const { vp, clock, partition } = rig(2_500_000_000n)
    enable(vp)
    expect(page(vp)).toMatchObject({
      tscSequence: 1,
      tscScale: (10_000_000n << 64n) / 2_500_000_000n + 1n,
      tscOffset: 0n,
    })
    vp.isExplicitlySuspended = true
    clock.time = 5000n
    vp.isExplicitlySuspended = false
    expect(page(vp)).toMatchObject({ tscSequence: 2, tscOffset: -5000n })
    expect([byMsr(vp), byPage(vp)]).toEqual([0n, 0n])
    partition.clock.set(1_000_000n)
    clock.time = 5010n
    expect(page(vp)).toMatchObject({ tscSequence: 3 })
    expect([byMsr(vp), byPage(vp)]).toEqual([1_000_010n, 1_000_010n])
  })

  it('does not hold while the clock stands still', () => {
    const { vp, rootVp, partition } = rig(2_500_000_000n)
    enable(vp)
    vp.isExplicitlySuspended = true
    expect(partition.memory(2 ** 40).load32(pageNumber * PAGE_SIZE)).toBe(0)
    expect(rootVp.isRunning).toBe(true)
  })

  it('is read-only, and without a counter invalid', () => {
    const { vp } = rig()
    enable(vp)
    expect(page(vp).tscSequence).toBe(0)
    expect(vpWrite(vp, pageNumber * PAGE_SIZE, Uint8Array.of(1))).toMatchObject({ outcome: 'fault', exception: '#GP' })
    expect(vpReadTsc(vp)).toEqual({ outcome: 'done', value: 0n })
  })

  it('needs a counter that is faster than the reference time', () => {
    expect(() => machine({ tscFrequency: 10_000_000n })).toThrow(RangeError)
  })

  it('the frequency can be read', () => {
    const { vp, partition, rootVp } = rig(2_500_000_000n)
    expect(vpReadMsr(vp, 0x4000_0022)).toEqual({ outcome: 'done', value: 2_500_000_000n })
    const target = { caller: rootVp, partition: partition.id, vp: 0 }
    const frequency = getVpRegister(target, CommonRegister.HvRegisterProcessorClockFrequency)
    expect([frequency.status, frequency.value?.low]).toEqual([ok, 2_500_000_000n])
  })
})
