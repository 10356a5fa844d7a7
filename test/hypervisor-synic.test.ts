import { describe, expect, it } from 'vitest'
import { messagePayloadSize } from '../src/hypercall/synic.ts'
import { type QueuedMessage, vpReadMsr, vpWriteMsr } from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, flagsOf, machine, msr, slotOf, takeMessage, vpOf, write } from './hypervisor-rig.ts'

const masked = 0x1_0000n
const autoEoi = 0x2_0000n
const polling = 0x4_0000n
const proxy = 0x10_0000n

function guest(options: Parameters<typeof machine>[0] = {}) {
  const made = machine(options)
  const vp = vpOf(child(made.root), 0)
  made.hypervisor.takeInterrupted()
  return { ...made, vp, synic: vp.synic }
}

function message(...payload: number[]): QueuedMessage {
  return { messageType: 1, sender: 7n, payload: () => Uint8Array.from(payload) }
}

describe('SynIC registers', () => {
  it('start as the TLFS says: all off, SINTs masked, SVERSION 1, EOM reads 0', () => {
    const { vp } = guest()
    const values = [msr.scontrol, msr.sversion, msr.siefp, msr.simp, msr.eom, msr.sint, msr.sint + 15]
    expect(values.map((number) => vpReadMsr(vp, number))).toEqual(
      [0n, 1n, 0n, 0n, 0n, masked, masked].map((value) => ({ outcome: 'done', value })),
    )
  })

  it('refuse vectors below 16 with #GP unless the source is masked or polled; SVERSION cannot be written', () => {
    const { vp } = guest()
    const fault = { outcome: 'fault', exception: '#GP' }
    expect(vpWriteMsr(vp, msr.sint + 2, 15n)).toEqual(fault)
    expect(vpWriteMsr(vp, msr.sversion, 1n)).toEqual(fault)
    write(vp, msr.sint + 2, 16n)
    write(vp, msr.sint + 2, masked)
    write(vp, msr.sint + 2, polling)
    expect(vpReadMsr(vp, msr.sint + 2)).toEqual({ outcome: 'done', value: polling })
  })

  it('need the privilege AccessSynicRegs', () => {
    const { vp } = guest()
    vp.partition.privileges &= ~0x4n
    expect(vpReadMsr(vp, msr.scontrol)).toEqual({ outcome: 'fault', exception: '#GP' })
  })
})

describe('message slots', () => {
  it('[B131] have type, size, flags, sender and payload where the guest reads them', () => {
    const { vp, synic, hypervisor } = guest()
    enableSynic(vp)
    expect(synic.post(2, message(1, 2, 3))).toBe('delivered')
    const bytes = new Uint8Array(24)
    vp.partition.memory(16 * PAGE_SIZE).read(8 * PAGE_SIZE + 2 * 256, bytes, 0, 24)
    expect([...bytes]).toEqual([1, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0])
    expect(hypervisor.takeInterrupted()).toEqual([vp])
    expect(vp.controller.acknowledge()).toBe(0x52)
  })

  it('[B131][B133] a taken slot: message_pending is set, and EOM brings the rest, one for each free slot, in order', () => {
    const { vp, synic } = guest()
    enableSynic(vp)
    expect(synic.post(2, message(1))).toBe('delivered')
    expect(slotOf(vp, 2).pending).toBe(false)
    expect(synic.post(2, message(2))).toBe('queued')
    expect(synic.post(2, message(3))).toBe('queued')
    expect(slotOf(vp, 2)).toMatchObject({ pending: true, payload: [1] })
    expect(takeMessage(vp, 2).payload).toEqual([1])
    expect(slotOf(vp, 2)).toMatchObject({ pending: true, payload: [2] })
    expect(takeMessage(vp, 2).payload).toEqual([2])
    expect(slotOf(vp, 2)).toMatchObject({ pending: false, payload: [3] })
    expect(takeMessage(vp, 2).payload).toEqual([3])
    expect(slotOf(vp, 2).type).toBe(0)
  })

  it('[B133] a new message waits behind queued ones, even if the guest has freed the slot without EOM', () => {
    const { vp, synic } = guest()
    enableSynic(vp)
    for (const byte of [1, 2]) synic.post(2, message(byte))
    vp.partition.memory(16 * PAGE_SIZE).store32(8 * PAGE_SIZE + 2 * 256, 0)
    expect(synic.post(2, message(3))).toBe('queued')
    expect(slotOf(vp, 2)).toMatchObject({ pending: true, payload: [2] })
    expect(synic.queued(2)).toBe(1)
  })

  it('[B131] are looked at again when the guest ends an interrupt, too', () => {
    const { vp, synic } = guest()
    enableSynic(vp)
    for (const byte of [1, 2]) synic.post(2, message(byte))
    vp.partition.memory(16 * PAGE_SIZE).store32(8 * PAGE_SIZE + 2 * 256, 0)
    vp.controller.acknowledge()
    vp.controller.endOfInterrupt()
    expect(slotOf(vp, 2).payload).toEqual([2])
  })

  it('[B133] are one for each SINT: a taken one holds up no other', () => {
    const { vp, synic } = guest()
    enableSynic(vp, { sints: { 2: 0x52n, 3: 0x53n } })
    expect([synic.post(2, message(1)), synic.post(2, message(2)), synic.post(3, message(3))]).toEqual([
      'delivered',
      'queued',
      'delivered',
    ])
  })

  it('[HC-26] take nothing while SynIC or message page are off, and say so', () => {
    const { vp, synic } = guest()
    expect(synic.post(2, message(1))).toBe('off')
    write(vp, msr.scontrol, 1n)
    expect(synic.post(2, message(1))).toBe('off')
    write(vp, msr.simp, 0x8001n)
    expect(synic.post(2, message(1))).toBe('delivered')
    write(vp, msr.scontrol, 0n)
    expect(synic.post(3, message(1))).toBe('off')
    expect(synic.queued(3)).toBe(0)
  })

  it('[HC-25] do not exist from SINT 16 on', () => {
    const { vp, synic } = guest()
    enableSynic(vp)
    for (const sint of [16, 32, 48, -1, 0xffff_ffff]) {
      expect(synic.post(sint, message(1))).toBe('no sint')
      expect(synic.signal(sint, 0)).toBe('no flag')
    }
    expect([...Array(16).keys()].every((sint) => slotOf(vp, sint).type === 0)).toBe(true)
  })

  it('a masked SINT gets the message without an interrupt; so does a polled one', () => {
    const { vp, synic, hypervisor } = guest()
    enableSynic(vp, { sints: { 2: masked | 0x52n, 3: polling | 0x53n } })
    expect([synic.post(2, message(1)), synic.post(3, message(1))]).toEqual(['delivered', 'delivered'])
    expect([slotOf(vp, 2).type, slotOf(vp, 3).type]).toEqual([1, 1])
    expect(hypervisor.takeInterrupted()).toEqual([])
    // The interrupt is lost, not late.
    write(vp, msr.sint + 2, 0x52n)
    expect(vp.controller.acknowledge()).toBeUndefined()
  })

  it('an interrupt is lost while the controller is off; the message stays', () => {
    const { vp, synic } = guest()
    enableSynic(vp)
    vp.controller.enabled = false
    synic.post(2, message(1))
    vp.controller.enabled = true
    expect(vp.controller.acknowledge()).toBeUndefined()
    expect(slotOf(vp, 2).type).toBe(1)
  })

  it('auto-EOI: nothing is in service afterwards, so the next interrupt of the same priority comes at once', () => {
    const { vp, synic } = guest()
    enableSynic(vp, { sints: { 2: autoEoi | 0x52n, 3: 0x51n } })
    synic.post(2, message(1))
    expect(vp.controller.acknowledge()).toBe(0x52)
    synic.post(3, message(1))
    expect(vp.controller.acknowledge()).toBe(0x51)
    takeMessage(vp, 2)
    synic.post(2, message(1))
    // 0x51 is in service: the same half byte, so not above it.
    expect(vp.controller.acknowledge()).toBeUndefined()
    vp.controller.endOfInterrupt()
    expect(vp.controller.acknowledge()).toBe(0x52)
  })

  it('never hold more than 240 bytes', () => {
    const { vp, synic } = guest()
    enableSynic(vp)
    synic.post(2, message(...new Array(300).fill(9)))
    expect(slotOf(vp, 2).payload.length).toBe(messagePayloadSize)
    expect(slotOf(vp, 3).type).toBe(0)
  })
})

describe('event flags', () => {
  it('[B132] interrupt when they are set, not when they are set already', () => {
    const { vp, synic, hypervisor } = guest()
    enableSynic(vp)
    expect(synic.signal(2, 2047)).toBe('signalled')
    expect(hypervisor.takeInterrupted()).toEqual([vp])
    expect(vp.controller.acknowledge()).toBe(0x52)
    vp.controller.endOfInterrupt()
    expect(synic.signal(2, 2047)).toBe('already set')
    expect(hypervisor.takeInterrupted()).toEqual([])
    expect(synic.signal(2, 0)).toBe('signalled')
    expect(flagsOf(vp, 2)).toEqual([0, 2047])
  })

  it('[B132] are not delivered above 2047, to a masked SINT, or while the SynIC or its page is off', () => {
    const { vp, synic, hypervisor } = guest()
    expect(synic.signal(2, 1)).toBe('off')
    enableSynic(vp, { sints: { 2: masked | 0x52n, 3: 0x53n } })
    expect(synic.signal(2, 1)).toBe('masked')
    expect([synic.signal(3, 2048), synic.signal(3, -1), synic.signal(3, 0xffff)]).toEqual([
      'no flag',
      'no flag',
      'no flag',
    ])
    write(vp, msr.siefp, 0x9000n)
    expect(synic.signal(3, 1)).toBe('off')
    write(vp, msr.siefp, 0x9001n)
    expect(flagsOf(vp, 2)).toEqual([])
    expect(flagsOf(vp, 3)).toEqual([])
    expect(hypervisor.takeInterrupted()).toEqual([])
  })

  it('[B132] of a proxy SINT are refused, for the caller to pass on', () => {
    const { vp, synic } = guest()
    enableSynic(vp, { sints: { 2: proxy | 0x52n } })
    expect(synic.signal(2, 1)).toBe('proxy')
    expect(flagsOf(vp, 2)).toEqual([])
  })
})

describe('SynIC pages', () => {
  it('overlay guest memory: what is underneath comes back, and the page keeps its contents where it goes', () => {
    const { vp, synic } = guest()
    const memory = vp.partition.memory(16 * PAGE_SIZE)
    memory.store32(8 * PAGE_SIZE, 0x1234)
    enableSynic(vp)
    expect(memory.load32(8 * PAGE_SIZE)).toBe(0)
    synic.post(2, message(5))
    write(vp, msr.simp, 0xa001n)
    expect(memory.load32(8 * PAGE_SIZE)).toBe(0x1234)
    expect(slotOf(vp, 2, 10).payload).toEqual([5])
  })

  it('may lie where nothing is mapped', () => {
    const { vp, synic } = guest()
    enableSynic(vp, { simp: 0x1000, siefp: 0x1001 })
    synic.post(2, message(5))
    expect(slotOf(vp, 2, 0x1000).payload).toEqual([5])
  })

  it('are written through where memory cannot be overlaid, and off where there is none', () => {
    const { vp, synic, memory } = guest({ pageMode: 'write-through' })
    enableSynic(vp)
    synic.post(2, message(5))
    synic.signal(2, 33)
    // Guest page 8 is machine page 24.
    expect(memory.load32(24 * PAGE_SIZE + 2 * 256)).toBe(1)
    expect(memory.load32(25 * PAGE_SIZE + 2 * 256 + 4)).toBe(2)
    write(vp, msr.simp, 0x0100_0001n)
    expect(synic.post(3, message(5))).toBe('off')
  })
})
