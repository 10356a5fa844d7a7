import { describe, expect, it } from 'vitest'
import { HvStatus, MemoryTransport, Pump } from '../src/channels/index.ts'
import { BufferMemory, MemoryFault } from '../src/memory/index.ts'
import { bytes } from './bus-rig.ts'

function transport(vps = 1) {
  const memory = new BufferMemory(new ArrayBuffer(0x4000))
  const pump = new Pump()
  const made = new MemoryTransport(memory, pump, vps)
  const log: string[] = []
  made.host.attach({
    post: (connection, type, payload) => {
      log.push(`post ${connection} ${type} [${payload}]`)
      return connection === 1 ? HvStatus.Success : HvStatus.InvalidConnectionId
    },
    signal: (connection, flag) => {
      log.push(`signal ${connection} ${flag}`)
      return HvStatus.Success
    },
    slotFree: (vp, sint) => log.push(`free ${vp}.${sint}`),
    watched: () => log.push('watched'),
  })
  const listen = () =>
    made.guest.attach({
      message: (vp, sint, type, payload) => log.push(`message ${vp}.${sint} ${type} [${payload}]`),
      event: (vp, sint, flag) => log.push(`event ${vp}.${sint} ${flag}`),
    })
  return { ...made, host: made.host, guest: made.guest, made, memory, pump, log, listen }
}

describe('messages to the guest', () => {
  it('[B131] one per slot: the second is busy and sets message_pending; EOM tells the host that the slot is free', () => {
    const { host, made, pump, log, listen } = transport()
    listen()
    expect(host.post(0, 2, 1, bytes(1, 2, 3))).toBe('delivered')
    expect(Array.from(made.slot(0, 2)?.subarray(0, 20) ?? [])).toEqual([
      1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0,
    ])
    expect(host.post(0, 2, 1, bytes(4))).toBe('busy')
    expect(made.slot(0, 2)?.[5]).toBe(1)
    pump.settle()
    expect(log).toEqual(['free 0.2', 'message 0.2 1 [1,2,3]'])
    expect(host.post(0, 2, 1, bytes(4))).toBe('delivered')
    pump.settle()
    // No one waited: no EOM.
    expect(log.slice(2)).toEqual(['message 0.2 1 [4]'])
  })

  it('[B133] slots of other SINTs and VPs are free meanwhile', () => {
    const { host, pump, log, listen } = transport(2)
    listen()
    expect([host.post(0, 2, 1, bytes(1)), host.post(1, 2, 1, bytes(2)), host.post(0, 3, 1, bytes(3))]).toEqual([
      'delivered',
      'delivered',
      'delivered',
    ])
    pump.settle()
    expect(log).toEqual(['message 0.2 1 [1]', 'message 1.2 1 [2]', 'message 0.3 1 [3]'])
  })

  it('a message or flag that came before the guest listened is not lost', () => {
    const { host, pump, log, listen } = transport()
    host.post(0, 2, 1, bytes(1))
    host.setEventFlag(0, 2, 7)
    pump.settle()
    expect(log).toEqual([])
    listen()
    pump.settle()
    expect(log).toEqual(['message 0.2 1 [1]', 'event 0.2 7'])
  })

  it('a VP or SINT that does not exist takes nothing, nor does a slot more than 240 bytes', () => {
    const { host } = transport()
    expect(host.post(1, 2, 1, bytes(1))).toBe('refused')
    expect(host.post(0, 16, 1, bytes(1))).toBe('refused')
    expect(host.post(-1, 2, 1, bytes(1))).toBe('refused')
    expect(host.post(0, 2, 1, new Uint8Array(241))).toBe('refused')
    expect(host.post(0, 2, 1, new Uint8Array(240))).toBe('delivered')
  })
})

describe('event flags', () => {
  it('[B132] a flag that is set already raises nothing more; lowest first; each is cleared', () => {
    const { host, pump, log, listen } = transport()
    listen()
    for (const flag of [2047, 5, 5, 0]) host.setEventFlag(0, 2, flag)
    pump.settle()
    expect(log).toEqual(['event 0.2 0', 'event 0.2 5', 'event 0.2 2047'])
    host.setEventFlag(0, 2, 5)
    pump.settle()
    expect(log.slice(3)).toEqual(['event 0.2 5'])
  })

  it('[B132] flags from 2048 on, and VPs and SINTs that do not exist, are not delivered, without an error', () => {
    const { host, pump, log, listen } = transport()
    listen()
    host.setEventFlag(0, 2, 2048)
    host.setEventFlag(0, 16, 1)
    host.setEventFlag(1, 2, 1)
    expect(pump.settle()).toBe(0)
    expect(log).toEqual([])
  })
})

describe('messages and signals to the host', () => {
  it("the status is the host's; before anyone listens there is no such connection", () => {
    const { guest, log } = transport()
    expect(guest.post(1, 1, bytes(9))).toBe(0)
    expect(guest.post(2, 1, bytes(9))).toBe(0x12)
    expect(guest.signal(8193, 0)).toBe(0)
    expect(log).toEqual(['post 1 1 [9]', 'post 2 1 [9]', 'signal 8193 0'])
    const lonely = new MemoryTransport(new BufferMemory(new ArrayBuffer(4096)), new Pump())
    expect(lonely.guest.post(1, 1, bytes())).toBe(0x12)
    expect(lonely.guest.signal(1, 0)).toBe(0x12)
  })

  it('[B129] more than 240 bytes, type 0 and types of the hypervisor are refused with 0x05', () => {
    const { guest, log } = transport()
    expect(guest.post(1, 1, new Uint8Array(241))).toBe(5)
    expect(guest.post(1, 0, bytes())).toBe(5)
    expect(guest.post(1, 0x8000_0000, bytes())).toBe(5)
    expect(log).toEqual([])
  })
})

describe('shared bits', () => {
  it('are set and taken; the host hears of those in the page that it watches', () => {
    const { host, guest, memory, pump, log } = transport()
    guest.setBit(0x2008, 33)
    expect(memory.load32(0x200c)).toBe(2)
    host.watch(0x2000)
    guest.setBit(0x2008, 31)
    guest.setBit(0x3000, 0)
    guest.setBit(0x2008, 31)
    expect(log).toEqual([])
    pump.settle()
    expect(log).toEqual(['watched'])
    expect(host.take32(0x2008)).toBe(0x8000_0000)
    expect(host.take32(0x2008)).toBe(0)
    host.watch(undefined)
    guest.setBit(0x2008, 31)
    pump.settle()
    expect(log).toEqual(['watched'])
  })

  it('throw outside memory', () => {
    const { host, guest } = transport()
    expect(() => guest.setBit(0x4000, 0)).toThrow(MemoryFault)
    expect(() => host.take32(0x4000)).toThrow(MemoryFault)
  })
})
