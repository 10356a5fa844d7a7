import { describe, expect, it } from 'vitest'
import { MessageType } from '../src/hypercall/enums/messages.ts'
import { TimerMessagePayload } from '../src/hypercall/messages.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { deleteVp, register64, setVpRegister, vpReadMsr, vpWriteMsr } from '../src/hypervisor/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { hypercallVector } from './hypercall-vectors.ts'
import { child, enableSynic, machine, msr, ok, slotOf, takeMessage, vpOf, write } from './hypervisor-rig.ts'

const enable = 1n
const periodic = 2n
const autoEnable = 8n
const direct = 0x1000n
const sint4 = 4n << 16n

function guest() {
  const made = machine()
  const vp = vpOf(child(made.root), 0)
  enableSynic(vp, { sints: { 2: 0x52n, 4: 0x54n } })
  made.hypervisor.takeInterrupted()
  const at = (time: bigint) => {
    made.clock.time = time
    made.hypervisor.tick()
  }
  const config = (value: bigint) => write(vp, msr.stimer, value)
  const count = (value: bigint) => write(vp, msr.stimer + 1, value)
  const expiry = () => {
    const { type, sender, payload } = takeMessage(vp, 4)
    if (type === 0) return undefined
    expect([type, sender]).toEqual([MessageType.TimerExpired, 0n])
    return TimerMessagePayload.decode(Uint8Array.from(payload))
  }
  return { ...made, vp, at, config, count, expiry }
}

describe('synthetic timers', () => {
  it('[B134] a count of 0 stops a timer, and leaves the rest of its configuration', () => {
    const { vp, at, config, count, hypervisor } = guest()
    const { hex } = hypercallVector('timer-lazy-count-zero')
    config(0x2_0007n)
    count(0n)
    const after = vpReadMsr(vp, msr.stimer)
    expect(after).toEqual({ outcome: 'done', value: new DataView(fromHex(hex).buffer).getBigUint64(0, true) })
    at(1_000_000n)
    expect([hypervisor.nextExpiry(), slotOf(vp, 2).type]).toEqual([undefined, 0])
  })

  it('[B134] one-shot: the count is absolute reference time; it disables itself; never early', () => {
    const { vp, at, config, count, expiry, hypervisor } = guest()
    config(enable | sint4)
    count(1000n)
    expect(hypervisor.nextExpiry()).toBe(1000n)
    at(999n)
    expect(slotOf(vp, 4).type).toBe(0)
    at(1003n)
    expect(expiry()).toEqual({ timerIndex: 0, expirationTime: 1000n, deliveryTime: 1003n })
    expect(vpReadMsr(vp, msr.stimer)).toEqual({ outcome: 'done', value: sint4 })
    at(5000n)
    expect(expiry()).toBeUndefined()
    expect(vp.controller.acknowledge()).toBe(0x54)
  })

  it('[B134] one-shot in the past expires at once', () => {
    const { at, config, count, expiry } = guest()
    at(500n)
    config(enable | sint4)
    count(400n)
    expect(expiry()).toEqual({ timerIndex: 0, expirationTime: 400n, deliveryTime: 500n })
  })

  it('[B134] periodic: the count is the period; missed periods are skipped', () => {
    const { at, config, count, expiry, hypervisor } = guest()
    at(50n)
    config(enable | periodic | sint4)
    count(100n)
    at(150n)
    expect(expiry()?.expirationTime).toBe(150n)
    at(475n)
    expect(expiry()?.expirationTime).toBe(250n)
    expect(hypervisor.nextExpiry()).toBe(550n)
    at(550n)
    expect(expiry()?.expirationTime).toBe(550n)
  })

  it('[B134] auto-enable: a count that is not 0 enables; 0 stops', () => {
    const { vp, config, count, hypervisor } = guest()
    config(autoEnable | sint4)
    expect(hypervisor.nextExpiry()).toBeUndefined()
    count(100n)
    expect(vpReadMsr(vp, msr.stimer)).toEqual({ outcome: 'done', value: enable | autoEnable | sint4 })
    count(0n)
    expect(vpReadMsr(vp, msr.stimer)).toEqual({ outcome: 'done', value: autoEnable | sint4 })
    expect(hypervisor.nextExpiry()).toBeUndefined()
  })

  it('[B134] a taken slot: the timer waits with its one message, and tells when it was delivered', () => {
    const { vp, at, config, count, expiry } = guest()
    vp.synic.post(4, { messageType: 1, sender: 0n, payload: () => new Uint8Array(0) })
    config(enable | periodic | sint4)
    count(100n)
    for (const time of [100n, 200n, 300n]) at(time)
    expect(vp.synic.queued(4)).toBe(1)
    at(320n)
    expect(takeMessage(vp, 4)).toMatchObject({ type: 1, pending: true })
    expect(expiry()).toEqual({ timerIndex: 0, expirationTime: 100n, deliveryTime: 320n })
    at(400n)
    expect(expiry()?.expirationTime).toBe(400n)
  })

  it('without a SINT they cannot be enabled; directly they interrupt without a message', () => {
    const { vp, at, config, count } = guest()
    config(enable)
    expect(vpReadMsr(vp, msr.stimer)).toEqual({ outcome: 'done', value: 0n })
    config(enable | direct | (0x66n << 4n))
    count(10n)
    at(10n)
    expect(vp.controller.acknowledge()).toBe(0x66)
    expect(slotOf(vp, 4).type).toBe(0)
  })

  it('are gone with their VP', () => {
    const { root, vp, at, config, count } = guest()
    config(enable | sint4)
    count(10n)
    expect(deleteVp(root, vp.partition.id, 0)).toBe(ok)
    expect(() => at(20n)).not.toThrow()
    expect(vp.synic.queued(4)).toBe(0)
  })
})

describe('reference time', () => {
  it('starts at 0 with the first VP that runs, stands still while all are suspended, and cannot be written', () => {
    const { rootVp, vp, clock } = guest()
    const suspend = (value: bigint) => {
      const target = { caller: rootVp, partition: vp.partition.id, vp: 0 }
      expect(setVpRegister(target, CommonRegister.HvRegisterExplicitSuspend, register64(value))).toBe(ok)
    }
    clock.time = 100n
    expect(vpReadMsr(vp, 0x4000_0020)).toEqual({ outcome: 'done', value: 100n })
    suspend(1n)
    clock.time = 1000n
    suspend(0n)
    clock.time = 1001n
    expect(vpReadMsr(vp, 0x4000_0020)).toEqual({ outcome: 'done', value: 101n })
    expect(vpWriteMsr(vp, 0x4000_0020, 0n)).toEqual({ outcome: 'fault', exception: '#GP' })
  })
})
