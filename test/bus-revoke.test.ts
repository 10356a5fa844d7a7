import { describe, expect, it } from 'vitest'
import type { TransportEnds } from '../src/channels/index.ts'
import { type BusOptions, createBus } from '../src/index.ts'
import { ChannelMessageType } from '../src/vmbus/messages.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { LoopbackBackend, NetworkSwitch, NetworkVsp } from '../src/vsp/network/index.ts'
import { bytes, messagesOf, rig, TestVsc, TestVsp } from './bus-rig.ts'
import { NicRig, rndisFrame, word } from './network-rig.ts'

/** A device that goes on with what is open when it is revoked. */
class LastingVsp extends TestVsp {
  override readonly servesUntilReleased = true
}

/** Holds rescinds back from a guest: between the host's revoke and what the guest does of it. */
class SlowGuest {
  isSlow = true
  readonly #held: (() => void)[] = []

  /** For `wrap` of a bus. */
  readonly wrap = ({ host, guest }: TransportEnds): TransportEnds => ({
    host,
    guest: {
      ...guest,
      attach: (handlers) =>
        guest.attach({
          ...handlers,
          message: (vp, sint, messageType, payload) => {
            const pass = () => handlers.message(vp, sint, messageType, payload)
            if (this.isSlow && payload[0] === ChannelMessageType.RescindChannelOffer) this.#held.push(pass)
            else pass()
          },
        }),
    },
  })

  /** It hears of the rescinds. */
  wake(): void {
    this.isSlow = false
    for (const pass of this.#held.splice(0)) pass()
  }
}

/** A device of one channel, or with sub-channels, and a driver, under a guest that hears late of rescinds. */
async function slowRig(subchannels = 0, options: BusOptions = {}) {
  const slow = new SlowGuest()
  const parts = await rig({ wrap: slow.wrap, ...options }, new LastingVsp(), new GrowingVsc())
  parts.vsp.grow(subchannels)
  parts.bus.settle()
  return { ...parts, slow, messages: messagesOf(parts.bus) }
}

/** Opens what sub-channels it is offered. */
class GrowingVsc extends TestVsc {
  override subchannelOffered(offer: Parameters<TestVsc['subchannelOffered']>[0]): void {
    this.device?.openSubchannel(offer)
  }
}

const echo = (value: number) => bytes(value, 0, 0, 0, 0, 0, 0, 0)

describe('a device that serves until it is released', () => {
  it('[B83][B89] answers what the guest sends before it hears of the rescind, and closes with the release', async () => {
    const { bus, vsp, vsc, host, slow, messages } = await slowRig()
    const free = bus.guest.pages.freePages
    bus.host.revoke(vsp)
    expect([vsp.isOffered, bus.host.devices, vsp.log]).toEqual([false, [], ['open 1.0', 'revoked']])
    expect(await vsc.ask(bytes(7))).toEqual(echo(7))
    expect(await vsc.ask(bytes(8))).toEqual(echo(8))
    expect(bus.explain()).toContain('host: channel 1: the guest to let go of it')
    expect([host.isOpen, messages]).toEqual([true, ['host RescindChannelOffer']])
    slow.wake()
    bus.settle()
    expect(vsp.log.slice(2)).toEqual(['packet 8', 'packet 8', 'close 1.0 rescinded'])
    expect(messages).toEqual(['host RescindChannelOffer', 'guest RelIdReleased'])
    expect(bus.guest.pages.freePages).toBe(free + 4)
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('an answer that it owes from before is given after', async () => {
    const { bus, vsp, vsc, slow } = await slowRig()
    let answer = () => {}
    vsp.answer = (packet, channel) => {
      const completion = channel.defer(packet)
      answer = () => void completion.complete(bytes(9))
    }
    const asked = vsc.ask(bytes(1))
    bus.settle()
    bus.host.revoke(vsp)
    bus.settle()
    answer()
    expect(await asked).toEqual(echo(9))
    slow.wake()
    bus.settle()
    expect(vsp.channel).toBe(undefined)
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'its rings are not touched once they are free, in an order drawn from seed %i',
    async (seed) => {
      const { bus, vsp, host, guest, toHost, toGuest } = await rig({ scheduling: 'scheduled', seed }, new LastingVsp())
      for (let count = 0; count < 50; count++) guest.sendOrQueue(new Uint8Array(300))
      for (let count = 0; count < 50; count++) host.sendOrQueue(new Uint8Array(300))
      bus.events.on('channel', ({ what }) => {
        if (what !== 'released') return
        // Whoever has the pages next clears them.
        const run = bus.guest.pages.allocate(4)
        expect(run?.first).toBe(Math.min(toHost, toGuest) / 4096)
      })
      for (let steps = seed; steps > 0; steps--) bus.step()
      bus.host.revoke(vsp)
      bus.settle()
      expect([host.isOpen, host.send(bytes(1)), guest.send(bytes(1))]).toEqual([false, false, false])
      for (let page = 0; page < 4; page++) {
        expect(bus.memory.direct(Math.min(toHost, toGuest) + page * 4096, 4096)?.every((byte) => byte === 0)).toBe(true)
      }
    },
  )

  it('[B90] closes at once with a close that is under way: its guest waits for nothing more', async () => {
    const { bus, vsp, vsc, host, messages } = await slowRig()
    vsc.close()
    while (!messages.includes('guest CloseChannel')) bus.step()
    expect(host.isOpen).toBe(true)
    bus.host.revoke(vsp)
    expect(host.isOpen).toBe(false)
  })

  it('[B58] sub-channels are rescinded first, all are served, and go with the primary one', async () => {
    const { bus, vsp, vsc, slow, messages } = await slowRig(2)
    const channels = [...vsc.channels.values()]
    expect(channels.map(({ subchannelIndex }) => subchannelIndex)).toEqual([0, 1, 2])
    bus.host.revoke(vsp)
    const answers: number[] = []
    for (const channel of channels) {
      channel.request(bytes(channel.subchannelIndex), (packet) => answers.push(packet?.copyPayload()[0] ?? -1))
    }
    bus.settle()
    expect(answers).toEqual([0, 1, 2])
    expect(vsp.channels.size).toBe(3)
    slow.wake()
    bus.settle()
    expect(vsp.log.filter((line) => line.startsWith('close'))).toEqual([
      'close 3.2 rescinded',
      'close 2.1 rescinded',
      'close 1.0 rescinded',
    ])
    expect(messages.filter((line) => line === 'guest RelIdReleased')).toHaveLength(3)
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('a GPADL of the device is found as long, and taken back it ends all', async () => {
    const { bus, vsp, vsc, host } = await slowRig(1)
    const run = bus.guest.pages.allocate(1)
    if (run === undefined) throw new Error('no room')
    let gpadlId: number | undefined
    vsc.device?.createGpadl(run, (id) => {
      gpadlId = id
    })
    bus.settle()
    bus.host.revoke(vsp)
    bus.settle()
    if (gpadlId === undefined) throw new Error('no GPADL')
    const { device } = vsc
    expect(bus.host.gpadl(vsp, gpadlId)?.[0]?.size).toBe(4096)
    device?.teardownGpadl(gpadlId, () => {})
    bus.settle()
    expect([host.isOpen, vsp.channels.size, bus.host.gpadl(vsp, gpadlId)]).toEqual([false, 0, undefined])
  })

  it('Unload, the end of the bus, and a reset end it too', async () => {
    const unloaded = await slowRig(1)
    unloaded.bus.host.revoke(unloaded.vsp)
    unloaded.bus.settle()
    unloaded.bus.guest.unload()
    unloaded.bus.settle()
    expect(unloaded.vsp.log.slice(-2)).toEqual(['close 2.1 rescinded', 'close 1.0 rescinded'])

    const closed = await slowRig(1)
    closed.bus.host.revoke(closed.vsp)
    closed.bus.close()
    expect(closed.vsp.log.slice(-2)).toEqual(['close 2.1 local', 'close 1.0 local'])

    const reset = await slowRig(1)
    reset.bus.host.revoke(reset.vsp)
    reset.bus.settle()
    reset.bus.host.server.reset()
    reset.bus.guest.withClient(() => {})
    reset.bus.host.offer(new TestVsp(2))
    reset.bus.settle()
    expect(reset.vsp.channels.size).toBe(0)
  })

  it('[B88] offered again before the release, it serves the old channel until then, and the new one after', async () => {
    const { bus, vsp, vsc, host, slow, messages } = await slowRig()
    vsp.close()
    bus.host.offer(vsp)
    expect(await vsc.ask(bytes(7))).toEqual(echo(7))
    expect([host.isOpen, vsp.channel === host]).toEqual([true, true])
    slow.wake()
    await bus.guest.attach(vsc)
    expect([host.isOpen, vsp.channel === host, vsp.channel?.isOpen, vsc.channel?.channelId]).toEqual([
      false,
      false,
      true,
      1,
    ])
    expect(messages).toContain('host OfferChannel')
    vsp.close()
    bus.settle()
    expect([vsp.channels.size, bus.explain()]).toEqual([0, ['host: guest connected at 6.0']])
  })

  it('offered to another guest, it lets go of the first', async () => {
    const { bus, vsp, host } = await slowRig()
    vsp.close()
    const other = createBus()
    other.host.offer(vsp)
    expect(host.isOpen).toBe(false)
    const vsc = await other.guest.attach(new TestVsc())
    bus.close()
    expect([vsp.isOffered, vsp.channel?.isOpen, await vsc.ask(bytes(3))]).toEqual([true, true, echo(3)])
  })

  it('keeps nothing that is not open, or that broke', async () => {
    const bus = createBus()
    const vsp = new LastingVsp()
    bus.host.offer(vsp)
    bus.settle()
    vsp.close()
    expect(bus.explain()).not.toContain('host: channel 1: the guest to let go of it')

    const broken = await slowRig()
    broken.host.fail({ rule: 'test', code: 'STATE', field: '', offset: 0, why: '', channelId: 1 })
    broken.vsp.close()
    expect(broken.vsp.log).toEqual(['open 1.0', 'close 1.0 fault', 'revoked'])
    expect(broken.bus.explain()).not.toContain('host: channel 1: the guest to let go of it')
  })
})

describe('a NIC that is revoked', () => {
  it('completes what its guest sends, gives it to no one, and receives nothing more', async () => {
    const slow = new SlowGuest()
    const lan = new NetworkSwitch()
    const rig = new NicRig({ backend: lan, queues: 4 }, { wrap: slow.wrap }).bringUp()
    const frame = new Uint8Array(60).fill(0xab)
    expect(rig.ask(`85000000${word(1)}${word(1)}`)).not.toBe('none')
    const before = { ...rig.vsp.statistics }
    rig.bus.host.revoke(rig.vsp)
    expect([lan.ports, rig.vsp.isOffered, rig.vsp.isReceiving, rig.vsp.channels.size]).toEqual([0, false, false, 2])
    const done = '6c00000001000000'.padEnd(80, '0')
    expect(rig.bySection(rndisFrame(frame))).toBe(done)
    expect(rig.byPages(rndisFrame(frame), 0, rig.nic.channels.get(1))).toBe(done)
    expect(rig.vsp.receive({ bytes: frame })).toBe(false)
    expect(rig.vsp.statistics).toEqual({ ...before, receiveDropped: before.receiveDropped + 1 })
    // Control messages too; but of a device that is gone there are no further channels.
    expect(rig.query(0x1_010e).status).toBe(0)
    expect(rig.ask(`85000000${word(1)}${word(2)}`)).toBe(`8500000002000000${word(0)}`.padEnd(80, '0'))
    await rig.vsp.eject()
    slow.wake()
    rig.bus.settle()
    expect([rig.vsp.channels.size, rig.violations, rig.bus.explain()]).toEqual([
      0,
      [],
      ['host: guest connected at 6.0'],
    ])
  })

  it('between two of our own: frames under way are told of once, and nobody waits', async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const bus = createBus({ scheduling: 'scheduled', seed })
      const vsp = new NetworkVsp({ backend: new LoopbackBackend() })
      bus.host.offer(vsp)
      const free = bus.guest.pages.freePages
      const vsc = await bus.guest.attach(new NetworkVsc())
      for (let count = 0; count < 40; count++) vsc.send(new Uint8Array(500))
      for (let steps = 7 * seed; steps > 0; steps--) bus.step()
      bus.host.revoke(vsp)
      for (let count = 0; count < 20; count++) vsc.send(new Uint8Array(500))
      bus.settle()
      expect([vsp.channels.size, vsc.channel, bus.guest.pages.freePages]).toEqual([0, undefined, free])
      expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
    }
  })
})
