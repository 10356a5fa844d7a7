import { describe, expect, it } from 'vitest'
import { WellKnownVp } from '../src/hypercall/ids.ts'
import {
  connectPort,
  createPort,
  deletePort,
  disconnectPort,
  finalizePartition,
  type Partition,
  type PortTarget,
  portMessageBuffers,
  postMessage,
  postMessageDirect,
  scanMonitors,
  signalEvent,
  signalEventDirect,
  vpWrite,
} from '../src/hypervisor/index.ts'
import { child, enableSynic, flagsOf, machine, msr, ok, slotOf, takeMessage, vpOf, write } from './hypervisor-rig.ts'

const messagePort: PortTarget = { kind: 'message', sint: 2, vp: 0 }
const eventPort: PortTarget = { kind: 'event', sint: 2, vp: 0, baseFlag: 100, flagCount: 4 }

/** A child with a connection 1 to a message port of the root, 2 to an event port, SynIC of the root on. */
function wired({ minConnectionVtl = 0 } = {}) {
  const made = machine({ rootVps: 2, rootPool: 24 })
  const { root, rootVp } = made
  const guest = child(root)
  enableSynic(rootVp, { simp: 100, siefp: 101 })
  const wire = (portId: number, connectionId: number, target: PortTarget) => {
    const { id } = guest
    const port = { portPartition: root.id, portId, connectionPartition: id, target, minConnectionVtl }
    expect(createPort(root, port)).toBe(ok)
    const { kind } = target
    if (kind === 'monitor' || kind === 'doorbell') throw new Error('not here')
    const connection = { connectionPartition: id, connectionId, portPartition: root.id, portId, target: { kind } }
    expect(connectPort(root, connection)).toBe(ok)
  }
  wire(10, 1, messagePort)
  wire(11, 2, eventPort)
  return { ...made, guest, wire }
}

function post(from: Partition, connectionId: number, ...bytes: number[]): number {
  return postMessage(from, {
    connectionId,
    messageType: 1,
    payloadSize: bytes.length,
    payload: Uint8Array.from(bytes),
  })
}

describe('HvCallPostMessage', () => {
  it('puts type, payload and the port as sender into the slot of the port', () => {
    const { guest, rootVp } = wired()
    expect(post(guest, 1, 1, 2, 3)).toBe(ok)
    expect(slotOf(rootVp, 2, 100)).toEqual({ type: 1, pending: false, sender: 10n, payload: [1, 2, 3] })
  })

  it('delivers no byte beyond the payload size', () => {
    const { guest, rootVp } = wired()
    const call = { connectionId: 1, messageType: 1, payloadSize: 2, payload: Uint8Array.of(1, 2, 3, 4) }
    expect(postMessage(guest, call)).toBe(ok)
    const bytes = new Uint8Array(5)
    rootVp.partition.memory(2 ** 40).read(100 * 4096 + 2 * 256 + 16, bytes, 0, 5)
    expect([...bytes]).toEqual([1, 2, 0, 0, 0])
  })

  it('[HC-20] refuses payload sizes above 240 without copying, and types that are none with 0x0005', () => {
    const { guest, rootVp } = wired()
    for (const payloadSize of [241, 0xffff_ffff]) {
      const call = { connectionId: 1, messageType: 1, payloadSize, payload: new Uint8Array(240) }
      expect(postMessage(guest, call)).toBe(0x05)
    }
    for (const messageType of [0, 0x8000_0000, 0xffff_ffff]) {
      const call = { connectionId: 1, messageType, payloadSize: 0, payload: new Uint8Array(240) }
      expect(postMessage(guest, call)).toBe(0x05)
    }
    expect(slotOf(rootVp, 2, 100).type).toBe(0)
  })

  it('[B129][HC-22] 0x0012 to a connection that is not there, 0x0011 to an event port or one that was deleted', () => {
    const { guest, root } = wired()
    expect(post(guest, 3)).toBe(0x12)
    expect(post(guest, 2)).toBe(0x11)
    expect(deletePort(root, root.id, 10)).toBe(ok)
    expect(post(guest, 1)).toBe(0x11)
  })

  it('[B129][HC-23] 0x0013 while the 16 buffers of the port are full; it goes on when the receiver takes one', () => {
    const { guest, rootVp } = wired()
    for (let i = 0; i <= portMessageBuffers; i++) expect(post(guest, 1, i)).toBe(ok)
    expect(post(guest, 1, 99)).toBe(0x13)
    expect(post(guest, 1, 99)).toBe(0x13)
    expect(takeMessage(rootVp, 2, 100).payload).toEqual([0])
    expect(post(guest, 1, 17)).toBe(ok)
    expect(post(guest, 1, 99)).toBe(0x13)
    const taken = [...Array(17).keys()].map(() => takeMessage(rootVp, 2, 100).payload[0])
    expect(taken).toEqual([...Array(17).keys()].map((i) => i + 1))
    expect(slotOf(rootVp, 2, 100).type).toBe(0)
  })

  it('[B129] 0x0008 from too low a VTL', () => {
    const { guest } = wired({ minConnectionVtl: 1 })
    expect(post(guest, 1)).toBe(0x08)
    expect(signalEvent(guest, 2, 0)).toBe(0x08)
    const call = { connectionId: 1, messageType: 1, payloadSize: 0, payload: new Uint8Array(0) }
    expect(postMessage(guest, call, 1)).toBe(ok)
    expect(signalEvent(guest, 2, 0, 1)).toBe(ok)
  })

  it('[HC-26] 0x0018 while SynIC or message page are off; the same post works once they are on', () => {
    const { guest, rootVp } = wired()
    write(rootVp, msr.scontrol, 0n)
    expect(post(guest, 1, 1)).toBe(0x18)
    write(rootVp, msr.scontrol, 1n)
    write(rootVp, msr.simp, 0n)
    expect(post(guest, 1, 1)).toBe(0x18)
    write(rootVp, msr.simp, (100n << 12n) | 1n)
    expect(post(guest, 1, 1)).toBe(ok)
    for (let i = 0; i < portMessageBuffers; i++) expect(post(guest, 1, 1)).toBe(ok)
  })

  it('0x0006 without the privilege PostMessages, before anything else is told', () => {
    const { guest } = wired()
    guest.privileges = 0n
    expect(post(guest, 3)).toBe(0x06)
    expect(signalEvent(guest, 3, 0)).toBe(0x06)
  })

  it('0x000e when the VP of the port is gone', () => {
    const { guest, root, rootVp } = wired()
    rootVp.remove()
    expect(post(guest, 1)).toBe(0x0e)
    expect(signalEvent(guest, 2, 0)).toBe(0x0e)
    expect(root.vps.size).toBe(1)
  })

  it('to any VP: one with a free slot, among those whose SynIC is on', () => {
    const { guest, root, rootVp, wire } = wired()
    wire(12, 3, { kind: 'message', sint: 5, vp: WellKnownVp.Any })
    expect(post(guest, 3, 1)).toBe(ok)
    expect(slotOf(rootVp, 5, 100).payload).toEqual([1])
    const second = vpOf(root, 1)
    enableSynic(second, { simp: 102, siefp: 103 })
    expect(post(guest, 3, 2)).toBe(ok)
    expect(slotOf(second, 5, 102).payload).toEqual([2])
    expect(post(guest, 3, 3)).toBe(ok)
    expect(takeMessage(rootVp, 5, 100)).toMatchObject({ payload: [1], pending: true })
    expect(slotOf(rootVp, 5, 100).payload).toEqual([3])
  })
})

describe('HvCallSignalEvent', () => {
  it('[B129] sets base + flag; the port says how many flags there are', () => {
    const { guest, rootVp, hypervisor } = wired()
    hypervisor.takeInterrupted()
    expect(signalEvent(guest, 2, 3)).toBe(ok)
    expect(flagsOf(rootVp, 2, 101)).toEqual([103])
    expect(hypervisor.takeInterrupted()).toEqual([rootVp])
    expect(signalEvent(guest, 2, 3)).toBe(ok)
    expect(signalEvent(guest, 2, 4)).toBe(0x05)
    expect(signalEvent(guest, 2, 0xffff)).toBe(0x05)
    expect(flagsOf(rootVp, 2, 101)).toEqual([103])
  })

  it('[B129] 0x0012 and 0x0011 as for messages; 0x0018 for a masked SINT or while SynIC or page are off', () => {
    const { guest, rootVp } = wired()
    expect(signalEvent(guest, 3, 0)).toBe(0x12)
    expect(signalEvent(guest, 1, 0)).toBe(0x11)
    write(rootVp, msr.sint + 2, 0x1_0052n)
    expect(signalEvent(guest, 2, 0)).toBe(0x18)
    write(rootVp, msr.sint + 2, 0x52n)
    write(rootVp, msr.siefp, 0n)
    expect(signalEvent(guest, 2, 0)).toBe(0x18)
    write(rootVp, msr.siefp, (101n << 12n) | 1n)
    expect(signalEvent(guest, 2, 0)).toBe(ok)
  })
})

describe('ports and connections', () => {
  it('ids have 24 bits and are unique in their partition', () => {
    const { root, guest } = wired()
    const port = { portPartition: root.id, connectionPartition: guest.id, target: messagePort }
    expect(createPort(root, { ...port, portId: 10 })).toBe(0x11)
    expect(createPort(root, { ...port, portId: 0x100_0000 })).toBe(0x11)
    expect(createPort(root, { ...port, portId: 0xff_ffff })).toBe(ok)
    const connection = { connectionPartition: guest.id, portPartition: root.id, target: { kind: 'message' } } as const
    expect(connectPort(root, { ...connection, portId: 0xff_ffff, connectionId: 1 })).toBe(0x12)
    expect(connectPort(root, { ...connection, portId: 0xff_ffff, connectionId: 0x100_0000 })).toBe(0x12)
    expect(connectPort(root, { ...connection, portId: 12, connectionId: 9 })).toBe(0x11)
    expect(connectPort(root, { ...connection, portId: 0xff_ffff, connectionId: 9 })).toBe(ok)
    // Connected already.
    expect(connectPort(root, { ...connection, portId: 0xff_ffff, connectionId: 10 })).toBe(0x11)
  })

  it('[HC-25] target SINT 1 to 15; VP one that exists or any; flags within 2048; pages aligned', () => {
    const { root, guest } = wired()
    const create = (target: PortTarget) =>
      createPort(root, { portPartition: root.id, portId: 20, connectionPartition: guest.id, target })
    for (const sint of [0, 16, 32, 0xffff_ffff]) expect(create({ kind: 'message', sint, vp: 0 })).toBe(0x05)
    expect(create({ kind: 'message', sint: 2, vp: 9 })).toBe(0x0e)
    const event = { kind: 'event', sint: 2, vp: 0 } as const
    expect(create({ ...event, baseFlag: 0, flagCount: 0 })).toBe(0x05)
    expect(create({ ...event, baseFlag: 1, flagCount: 2048 })).toBe(0x05)
    expect(create({ ...event, baseFlag: 65_535, flagCount: 65_535 })).toBe(0x05)
    expect(create({ kind: 'monitor', monitorAddress: 8 })).toBe(0x04)
    expect(create({ ...event, baseFlag: 0, flagCount: 2048 })).toBe(ok)
  })

  it('not within one partition, not with strangers, not of another type than the port', () => {
    const { root, guest } = wired()
    const port = { portPartition: root.id, portId: 20, target: messagePort }
    expect(createPort(root, { ...port, connectionPartition: root.id })).toBe(0x0d)
    expect(createPort(root, { ...port, connectionPartition: 99n })).toBe(0x0d)
    expect(createPort(guest, { ...port, connectionPartition: guest.id })).toBe(0x06)
    expect(createPort(root, { ...port, connectionPartition: guest.id })).toBe(ok)
    const connection = { connectionPartition: guest.id, connectionId: 20, portPartition: root.id, portId: 20 }
    expect(connectPort(root, { ...connection, target: { kind: 'event' } })).toBe(0x05)
  })

  it('deleting a port drops its queued messages; disconnecting leaves them', () => {
    const { root, guest, rootVp } = wired()
    for (const byte of [1, 2, 3]) expect(post(guest, 1, byte)).toBe(ok)
    expect(disconnectPort(root, guest.id, 1)).toBe(ok)
    expect(disconnectPort(root, guest.id, 1)).toBe(0x12)
    expect(post(guest, 1)).toBe(0x12)
    expect([takeMessage(rootVp, 2, 100).payload, slotOf(rootVp, 2, 100).payload]).toEqual([[1], [2]])
    const inUse = root.pool.inUse
    expect(deletePort(root, root.id, 10)).toBe(ok)
    expect(root.pool.inUse).toBe(inUse - 1)
    // What is in the slot already stays there.
    expect(takeMessage(rootVp, 2, 100).payload).toEqual([2])
    expect(slotOf(rootVp, 2, 100).type).toBe(0)
    expect(deletePort(root, root.id, 10)).toBe(0x11)
  })

  it('a finalized partition takes its ports and connections with it', () => {
    const { root, guest } = wired()
    expect(finalizePartition(root, guest.id)).toBe(ok)
    expect(guest.connections.size).toBe(0)
    expect(root.ports.get(10)?.connection).toBeUndefined()
    expect(post(guest, 1)).toBe(0x12)
  })

  it('a message port takes a page of the pool: 0x000b when there is none', () => {
    const { root, guest } = machineWithoutPool()
    const call = { portPartition: guest.id, connectionPartition: root.id, target: messagePort }
    expect(createPort(root, { ...call, portId: 1 })).toBe(0x0b)
    expect(createPort(root, { ...call, portId: 1, target: eventPort })).toBe(ok)
  })

  function machineWithoutPool() {
    const { root } = machine()
    const guest = child(root)
    guest.pool.take(guest.ports, guest.pool.available)
    return { root, guest }
  }
})

describe('without ports', () => {
  it("HvCallPostMessageDirect fills a free slot of a child's VP, and marks a taken one", () => {
    const { root } = machine()
    const guest = child(root)
    const vp = vpOf(guest, 0)
    const call = { partition: guest.id, vp: 0, sint: 4, messageType: 1, payload: Uint8Array.of(7) }
    expect(postMessageDirect(root, call)).toBe(0x18)
    enableSynic(vp)
    expect(postMessageDirect(root, call)).toBe(ok)
    expect(postMessageDirect(root, call)).toBe(0x13)
    expect(slotOf(vp, 4)).toEqual({ type: 1, pending: true, sender: 0n, payload: [7] })
    expect(postMessageDirect(root, { ...call, sint: 16 })).toBe(0x18)
    expect(postMessageDirect(root, { ...call, vp: 1 })).toBe(0x0e)
    expect(postMessageDirect(guest, call)).toBe(0x06)
  })

  it("HvCallSignalEventDirect sets a flag of a child's VP, and says whether it was clear", () => {
    const { root } = machine()
    const guest = child(root)
    const call = { partition: guest.id, vp: 0, sint: 2, flag: 9 }
    expect(signalEventDirect(root, call)).toEqual({ status: 0x18, newlySignalled: false })
    enableSynic(vpOf(guest, 0))
    expect(signalEventDirect(root, call)).toEqual({ status: ok, newlySignalled: true })
    expect(signalEventDirect(root, call)).toEqual({ status: ok, newlySignalled: false })
    expect(signalEventDirect(root, { ...call, flag: 2048 }).status).toBe(0x05)
    expect(signalEventDirect(root, { ...call, sint: 16 }).status).toBe(0x18)
  })
})

describe('monitor pages', () => {
  it('pending bits of enabled groups are cleared, and signal what their parameters name', () => {
    const { root, guest, rootVp } = wired()
    const target = { kind: 'monitor', monitorAddress: 0x3000 } as const
    expect(createPort(root, { portPartition: root.id, portId: 40, connectionPartition: guest.id, target })).toBe(ok)
    const ids = { connectionPartition: guest.id, connectionId: 40, portPartition: root.id, portId: 40 }
    expect(connectPort(root, { ...ids, target: { kind: 'monitor', monitorAddress: 0x3004 } })).toBe(0x04)
    expect(connectPort(root, { ...ids, target: { kind: 'monitor', monitorAddress: 0x4000 } })).toBe(ok)
    const memory = guest.memory(0x1_0000)
    // Group 1, triggers 0, 5 and 31: connection 2 with flags 0 and 3, and one that does not exist.
    for (const [trigger, connectionId, flag] of [
      [0, 2, 0],
      [5, 2, 3],
      [31, 99, 0],
    ] as const) {
      memory.store32(0x4000 + 1088 + 8 * (32 + trigger), connectionId)
      memory.store32(0x4000 + 1088 + 8 * (32 + trigger) + 4, flag)
    }
    memory.store32(0x4000 + 16, 0x8000_0021)
    expect(scanMonitors(guest)).toBe(0)
    memory.store32(0x4000, 2)
    expect(scanMonitors(guest)).toBe(2)
    expect(flagsOf(rootVp, 2, 101)).toEqual([100, 103])
    expect(memory.load32(0x4000 + 16)).toBe(0)
    expect(scanMonitors(guest)).toBe(0)
  })

  it('that are not there are passed over', () => {
    const { root, guest } = wired()
    const target = { kind: 'monitor', monitorAddress: 0x3000 } as const
    expect(createPort(root, { portPartition: root.id, portId: 40, connectionPartition: guest.id, target })).toBe(ok)
    const ids = { connectionPartition: guest.id, connectionId: 40, portPartition: root.id, portId: 40 }
    expect(connectPort(root, { ...ids, target: { kind: 'monitor', monitorAddress: 0x80_0000 } })).toBe(ok)
    expect(scanMonitors(guest)).toBe(0)
  })
})

describe('doorbells', () => {
  it('ring when the address is written with the size and value that were asked for; the write goes nowhere', () => {
    const { root, guest, rootVp } = wired()
    const vp = vpOf(guest, 0)
    const target = { kind: 'doorbell', sint: 7, vp: 0 } as const
    expect(createPort(root, { portPartition: root.id, portId: 30, connectionPartition: guest.id, target })).toBe(ok)
    const bell = { kind: 'doorbell', gpa: 0xf000_0000, size: 4, value: 5n } as const
    const connection = { connectionPartition: guest.id, connectionId: 30, portPartition: root.id, portId: 30 }
    expect(connectPort(root, { ...connection, target: { ...bell, size: 3 } })).toBe(0x05)
    expect(connectPort(root, { ...connection, target: bell })).toBe(ok)
    write(rootVp, msr.sint + 7, 0x57n)
    expect(vpWrite(vp, 0xf000_0000, Uint8Array.of(5, 0, 0, 0)).outcome).toBe('done')
    expect(flagsOf(rootVp, 7, 101)).toEqual([0])
    // Another value is an access to a page that is not there.
    expect(vpWrite(vp, 0xf000_0000, Uint8Array.of(6, 0, 0, 0)).outcome).toBe('intercepted')
  })
})
