import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BytePipe, type GuestTransport, type HostTransport } from '../src/channels/index.ts'
import { type Channel, createBus, type RingPacket, Vsc, Vsp } from '../src/index.ts'
import { hvsocketOffer } from '../src/vmbus/server/index.ts'
import { VmbusVersion } from '../src/vmbus/versions.ts'
import { bytes, instance, messagesOf, rig, TestVsc, TestVsp, testInterface, violationsOf } from './bus-rig.ts'
import { seeded } from './seed.ts'

/** Changes what the guest posts of one type. */
function altering(messageType: number, alter: (message: Uint8Array, view: DataView) => void) {
  return ({ host, guest }: { host: HostTransport; guest: GuestTransport }) => ({
    host,
    guest: {
      ...guest,
      post: (connectionId: number, type: number, payload: Uint8Array) => {
        const message = payload.slice()
        if (message[0] === messageType) alter(message, new DataView(message.buffer))
        return guest.post(connectionId, type, message)
      },
    },
  })
}

const beyondMemory = 0x7fff_f000n

describe('pages that the guest has not got', () => {
  it('[B73][MS-26] a ring outside memory: attach fails; the pages, which the host may see, are free with the relid only', async () => {
    const wrap = altering(8, (_message, view) => view.setBigUint64(28, beyondMemory, true))
    const bus = createBus({ wrap })
    const vsp = new TestVsp()
    bus.host.offer(vsp)
    const free = bus.guest.pages.freePages
    await expect(bus.guest.attach(new TestVsc())).rejects.toThrow('the host refused the rings: 2147549183')
    expect(bus.guest.pages.freePages).toBe(free - 4)
    vsp.close()
    bus.settle()
    expect(bus.guest.pages.freePages).toBe(free)
  })

  it('an interrupt page outside memory: the host interrupts no one, and nothing throws', async () => {
    const wrap = altering(14, (_message, view) => view.setBigUint64(16, beyondMemory, true))
    const { bus, vsp, host, guest } = await rig({ version: VmbusVersion.V0_13, wrap })
    host.send(bytes(1))
    guest.send(bytes(1))
    bus.settle()
    expect(vsp.log).toEqual(['open 1.0'])
  })

  it('monitor pages outside memory: nothing throws', async () => {
    const wrap = altering(14, (_message, view) => {
      view.setBigUint64(24, beyondMemory, true)
      view.setBigUint64(32, beyondMemory, true)
    })
    const { bus, vsp, guest } = await rig({ wrap }, new TestVsp(1, { monitorLatency: 1 }))
    guest.send(bytes(1))
    expect(bus.settle()).toBe(0)
    expect(vsp.log).toEqual(['open 1.0'])
  })
})

describe('whatever a peer does', () => {
  it('random control messages in either direction: nothing throws, and an open channel goes on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 30 }), fc.uint8Array({ maxLength: 232 })), {
          maxLength: 40,
        }),
        async (messages) => {
          const { bus, guest, host } = await rig({ memorySize: 1 << 20 })
          for (const [toHost, type, body] of messages) {
            // What ends connection or channel by right is left out.
            if (toHost ? [7, 11, 14, 16].includes(type) : [2, 15, 17].includes(type)) continue
            const message = new Uint8Array(8 + body.length)
            message[0] = type
            message.set(body, 8)
            if (toHost) bus.transport.guest.post(1, 1, message)
            else bus.transport.host.post(0, 2, 1, message)
            bus.settle()
          }
          let answered = 0
          guest.request(bytes(1), () => {
            answered += 1
          })
          bus.settle()
          expect(answered).toBe(1)
          expect(host.isOpen).toBe(true)
        },
      ),
      { ...seeded, numRuns: Math.min(seeded.numRuns, 50) },
    )
  })

  it('[B159] random words in both rings while both ends talk: nothing throws or hangs, and other channels go on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.boolean(),
            fc.oneof(
              fc.constantFrom(0, 4, 8, 12, 64),
              fc.integer({ min: 1024, max: 2047 }).map((word) => word * 4),
            ),
            fc.oneof(fc.constantFrom(0, 1, 8, 16, 4088, 4096, 0xffff_ffff), fc.integer({ min: 0, max: 0xffff_ffff })),
          ),
          { maxLength: 30 },
        ),
        async (writes) => {
          const { bus, guest, host, toHost, toGuest } = await rig({ memorySize: 1 << 20 })
          bus.host.offer(new TestVsp(2))
          const other = await bus.guest.attach(new TestVsc(2))
          for (const [first, offset, value] of writes) {
            for (let count = 0; count < 3; count++) {
              guest.request(new Uint8Array(100), () => {})
              host.sendOrQueue(new Uint8Array(100))
            }
            bus.step()
            bus.memory.store32((first ? toHost : toGuest) + offset, value)
            host.signalled()
            guest.signalled()
            bus.pump.settle(10_000)
          }
          expect((await other.ask(bytes(5)))[0]).toBe(5)
        },
      ),
      { ...seeded, numRuns: Math.min(seeded.numRuns, 50) },
    )
  })

  it('a device that throws does not take the rest with it', async () => {
    const { bus, vsp, vsc } = await rig()
    vsp.answer = () => {
      throw new Error('bug in the device')
    }
    await expect(vsc.ask(bytes(1))).rejects.toThrow('bug in the device')
    vsp.answer = (packet, channel) => void channel.complete(packet, bytes(2))
    expect((await vsc.ask(bytes(1)))[0]).toBe(2)
    vsp.openWith = () => {
      throw new Error('bug in the open')
    }
    vsc.close()
    const again = bus.guest.attach(vsc)
    expect(() => bus.settle()).toThrow('bug in the open')
    await expect(again).rejects.toThrow('can no longer complete')
  })
})

describe('a host that writes into the rings too early', () => {
  it('finds them cleared: the guest clears both after the GPADL exists, not before', async () => {
    const bus = createBus({
      wrap: ({ host, guest }) => ({
        guest,
        host: {
          ...host,
          post: (vp, sint, type, payload) => {
            // GpadlCreated: the rings are the guest's first pages behind the three that it signals with.
            if (payload[0] === 10) for (const page of [4, 6]) bus.memory.store32(page * 4096, 3)
            return host.post(vp, sint, type, payload)
          },
        },
      }),
    })
    bus.host.offer(new TestVsp())
    const vsc = await bus.guest.attach(new TestVsc())
    expect((await vsc.ask(bytes(1)))[0]).toBe(1)
    expect([4, 6].map((page) => bus.memory.load32(page * 4096 + 64))).toEqual([1, 1])
  })
})

describe('a host that is slow', () => {
  it('[B130] a full port: the guest tries again until its messages are taken', async () => {
    let refusals = 20
    const bus = createBus({
      wrap: ({ host, guest }) => ({
        host,
        guest: {
          ...guest,
          post: (connectionId, type, payload) =>
            payload[0] === 5 && refusals-- > 0 ? 0x13 : guest.post(connectionId, type, payload),
        },
      }),
    })
    bus.host.offer(new TestVsp())
    const vsc = await bus.guest.attach(new TestVsc())
    expect(vsc.channel?.isOpen).toBe(true)
    expect(refusals).toBe(-1)
  })

  it('a port that stays full: the open fails, and the memory comes back', async () => {
    const bus = createBus({
      wrap: ({ host, guest }) => ({
        host,
        guest: {
          ...guest,
          post: (connectionId, type, payload) => (payload[0] === 5 ? 0x13 : guest.post(connectionId, type, payload)),
        },
      }),
    })
    const free = bus.guest.pages.freePages
    bus.host.offer(new TestVsp())
    await expect(bus.guest.attach(new TestVsc())).rejects.toThrow('the host refused the open: not-posted')
    bus.settle()
    expect(bus.guest.pages.freePages).toBe(free)
  })
})

describe('hvsocket', () => {
  class SocketVsp extends Vsp {
    readonly offer
    constructor(serviceId: typeof testInterface, endpointId: typeof testInterface) {
      super()
      this.offer = hvsocketOffer({ serviceId, endpointId, isForGuestAccept: false })
    }
    pipe: BytePipe | undefined
    protected override onOpen(channel: Channel): void {
      this.pipe = new BytePipe(channel)
      void this.pipe.write(bytes(1, 2, 3))
    }
    protected override onPacket(packet: RingPacket): void {
      this.pipe?.packet(packet)
    }
  }
  class SocketVsc extends Vsc {
    readonly binds = { instanceId: instance(9) }
    readonly got: number[] = []
    protected override onPacket(packet: RingPacket): void {
      this.got.push(...packet.copyPayload())
    }
  }

  it('[B106] a guest connects to a service that listens: an offer comes, and the pipe works', async () => {
    const bus = createBus({ host: { listen: (serviceId, endpointId) => new SocketVsp(serviceId, endpointId) } })
    bus.settle()
    bus.guest.withClient((client) => client.tlConnect(instance(9), testInterface))
    const socket = await bus.guest.attach(SocketVsc)
    bus.settle()
    expect(socket.device?.offer.offer.flags).toBe(0x2011)
    expect(socket.got.slice(0, 11)).toEqual([1, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3])
  })

  it('[B107] no one listens: the guest is told, and no offer comes', async () => {
    const bus = createBus()
    bus.settle()
    const violations = violationsOf(bus)
    const messages = messagesOf(bus)
    bus.guest.withClient((client) => client.tlConnect(instance(9), testInterface))
    bus.settle()
    expect(messages).toEqual(['guest 21', 'host 23'])
    expect(bus.guest.offers).toEqual([])
    expect(violations).toEqual([])
  })
})

describe('while the channel is open', () => {
  it('[B92] the guest moves its interrupt to another VP', async () => {
    const told: string[] = []
    const { bus, vsc, host } = await rig({
      vps: 2,
      wrap: ({ host, guest }) => {
        const setEventFlag = (vp: number, sint: number, flag: number) => {
          told.push(`VP ${vp} SINT ${sint} flag ${flag}`)
          host.setEventFlag(vp, sint, flag)
        }
        return { guest, host: { ...host, setEventFlag } }
      },
    })
    host.send(bytes(1))
    bus.settle()
    bus.guest.withClient((client) => client.modify(1, 1))
    bus.settle()
    host.send(bytes(2))
    bus.settle()
    expect(told).toEqual(['VP 0 SINT 2 flag 1', 'VP 1 SINT 2 flag 1'])
    expect(vsc.log).toEqual(['packet 8', 'packet 8'])
  })
})
