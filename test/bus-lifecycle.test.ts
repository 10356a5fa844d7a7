import { describe, expect, it } from 'vitest'
import { type Channel, createBus, type PendingOpen, type RingPacket } from '../src/index.ts'
import { bytes, instance, messagesOf, rig, TestVsc, TestVsp, testInterface, violationsOf } from './bus-rig.ts'

describe('open and close', () => {
  it('the whole life of a channel, message by message', async () => {
    const bus = createBus()
    const messages = messagesOf(bus)
    const vsp = new TestVsp()
    bus.host.offer(vsp)
    const vsc = await bus.guest.attach(new TestVsc())
    vsc.close()
    bus.settle()
    expect(messages).toEqual([
      'guest InitiateContact',
      'host VersionResponse',
      'guest RequestOffers',
      'host OfferChannel',
      'host AllOffersDelivered',
      'guest GpadlHeader',
      'host GpadlCreated',
      'guest OpenChannel',
      'host OpenResult',
      'guest CloseChannel',
      'guest GpadlTeardown',
      'host GpadlTorndown',
    ])
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 peer'])
    expect(vsc.log).toEqual(['close 1.0 local'])
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('gives all ring memory back, and the same device can be opened again and again', async () => {
    const { bus, vsp, vsc } = await rig()
    const free = bus.guest.pages.freePages
    for (let round = 0; round < 5; round++) {
      expect(await vsc.ask(bytes(1, 2, 3))).toEqual(bytes(1, 2, 3, 0, 0, 0, 0, 0))
      vsc.close()
      bus.settle()
      expect(bus.guest.pages.freePages).toBe(free + 4)
      await bus.guest.attach(vsc)
    }
    expect(vsp.log.filter((line) => line.startsWith('open'))).toHaveLength(6)
    expect(bus.host.server.violations.total + bus.guest.client.violations.total).toBe(0)
  })

  it('[B44] a device that refuses: attach fails, the memory comes back, and the channel may be opened anew at once', async () => {
    const bus = createBus()
    const vsp = new TestVsp()
    vsp.openWith = (open) => open.refuse()
    bus.host.offer(vsp)
    const free = bus.guest.pages.freePages
    await expect(bus.guest.attach(new TestVsc())).rejects.toThrow('the host refused the open: 2147549183')
    bus.settle()
    expect(bus.guest.pages.freePages).toBe(free)
    vsp.openWith = (open) => void open.accept()
    await bus.guest.attach(new TestVsc())
    expect(vsp.log).toEqual(['open 1.0'])
  })

  it('an open is answered later, exactly once', async () => {
    const bus = createBus()
    const vsp = new TestVsp()
    let pending: PendingOpen | undefined
    vsp.openWith = (open) => {
      open.defer()
      pending = open
    }
    bus.host.offer(vsp)
    let isAttached = false
    const attached = bus.guest.attach(new TestVsc()).then(() => {
      isAttached = true
    })
    bus.settle()
    await Promise.resolve()
    expect(isAttached).toBe(false)
    expect(bus.explain()).toEqual([
      `promised: attach of TestVsc to ${testInterface}`,
      'host: guest connected at 6.0',
      'host: channel 1: openComplete',
      'guest: channel 1: OpenResult',
    ])
    expect(pending?.accept()).toBe(vsp.channel)
    await attached
    expect(isAttached).toBe(true)
    expect(() => pending?.refuse()).toThrow('the open of channel 1 was answered already')
  })

  it('an open that is answered after the device was taken away comes to nothing', async () => {
    const bus = createBus()
    const vsp = new TestVsp()
    let pending: PendingOpen | undefined
    vsp.openWith = (open) => {
      open.defer()
      pending = open
    }
    bus.host.offer(vsp)
    const attached = bus.guest.attach(new TestVsc())
    bus.settle()
    vsp.close()
    await expect(attached).rejects.toThrow('the device was rescinded')
    expect(pending?.accept()).toBeUndefined()
    bus.settle()
    expect(vsp.channel).toBeUndefined()
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('[TR-05] close with packets still in both rings: no one reads them, and the pages are free at once', async () => {
    const { bus, vsp, vsc, host, guest } = await rig()
    for (let count = 0; count < 3; count++) guest.send(bytes(count))
    for (let count = 0; count < 3; count++) host.send(bytes(count))
    vsc.close()
    expect(guest.isOpen).toBe(false)
    expect(guest.send(bytes(1))).toBe(false)
    expect(guest.sendOrQueue(bytes(1))).toBe(false)
    bus.settle()
    expect(vsc.log).toEqual(['close 1.0 local'])
    // What was written before CloseChannel may still be read by the host, never after it.
    expect(vsp.log.at(-1)).toBe('close 1.0 peer')
    expect(host.isOpen).toBe(false)
    expect(host.send(bytes(1))).toBe(false)
    expect(host.next()).toBeUndefined()
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    '[TR-05] a freed ring is never touched, in an order drawn from seed %i',
    async (seed) => {
      const { bus, vsc, host, guest, toHost, toGuest } = await rig({ scheduling: 'scheduled', seed })
      for (let count = 0; count < 50; count++) guest.sendOrQueue(new Uint8Array(300))
      for (let count = 0; count < 50; count++) host.sendOrQueue(new Uint8Array(300))
      for (let steps = seed; steps > 0; steps--) bus.step()
      vsc.close()
      bus.settle()
      const run = bus.guest.pages.allocate(4)
      expect(run?.first).toBe(Math.min(toHost, toGuest) / 4096)
      host.send(bytes(1))
      guest.send(bytes(1))
      bus.settle()
      for (let page = 0; page < 4; page++) {
        expect(bus.memory.direct(Math.min(toHost, toGuest) + page * 4096, 4096)?.every((byte) => byte === 0)).toBe(true)
      }
    },
  )

  it('a driver that is given up at any step of its attach leaves nothing behind', async () => {
    const outcomes = new Set<string>()
    for (let steps = 0; steps < 30; steps++) {
      const bus = createBus()
      const vsp = new TestVsp()
      bus.host.offer(vsp)
      const vsc = new TestVsc()
      const free = bus.guest.pages.freePages
      const attached = bus.guest.attach(vsc).catch((error: Error) => error.message)
      for (let step = 0; step < steps; step++) bus.step()
      vsc.close()
      bus.guest.detach(vsc)
      bus.settle()
      bus.close()
      const outcome = await attached
      outcomes.add(typeof outcome === 'string' ? outcome : 'attached')
      expect(bus.guest.pages.freePages).toBe(free)
      expect(vsp.channel).toBeUndefined()
    }
    expect([...outcomes].sort()).toEqual(['attached', 'the driver was detached', 'the device was let go of'].sort())
  })
})

describe('rescind and re-offer', () => {
  it('[B89] a rescind in mid-flight: requests fail once, no CloseChannel, RelIdReleased once, memory back', async () => {
    const { bus, vsp, vsc } = await rig()
    const free = bus.guest.pages.freePages
    const messages = messagesOf(bus)
    vsp.answer = () => vsp.close()
    await expect(vsc.ask(bytes(1))).rejects.toThrow('the channel was closed before the completion')
    bus.settle()
    expect(vsp.log).toEqual(['open 1.0', 'packet 8', 'close 1.0 rescinded', 'revoked'])
    expect(vsc.log).toEqual(['close 1.0 rescinded'])
    expect(messages).toEqual(['host RescindChannelOffer', 'guest RelIdReleased'])
    expect(bus.guest.pages.freePages).toBe(free + 4)
    expect(vsc.device).toBeUndefined()
  })

  it('[B88] the same device offered again gets the same relid, and its driver attaches again', async () => {
    const { bus, vsp, vsc } = await rig()
    vsp.close()
    bus.host.offer(vsp)
    await bus.guest.attach(vsc)
    expect(vsc.channel?.channelId).toBe(1)
    expect(await vsc.ask(bytes(7))).toEqual(bytes(7, 0, 0, 0, 0, 0, 0, 0))
  })

  it('[TR-01] a rescind at any step of an attach: it fails or succeeds once, and all memory comes back', async () => {
    const outcomes = new Set<string>()
    for (let steps = 0; steps < 40; steps++) {
      const bus = createBus()
      const vsp = new TestVsp()
      bus.host.offer(vsp)
      const free = bus.guest.pages.freePages
      const vsc = new TestVsc()
      const attached = bus.guest.attach(vsc).then(
        () => 'attached',
        (error: Error) => error.message.split(':')[0] ?? '',
      )
      for (let step = 0; step < steps; step++) bus.step()
      bus.host.revoke(vsp)
      bus.settle()
      outcomes.add(await attached)
      expect(bus.guest.pages.freePages).toBe(free)
      expect(vsp.channel).toBeUndefined()
      expect(vsc.channel).toBeUndefined()
      expect(bus.guest.client.violations.total).toBe(0)
      expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
    }
    expect([...outcomes].sort()).toEqual([
      `attach of TestVsc to ${testInterface} can no longer complete`,
      'attached',
      'the device was rescinded',
      // The host answers what it was asked before it rescinds (behaviour 80).
      'the host refused the rings',
    ])
  })

  it('a device that is offered twice is refused, and so is a second one of the same name', () => {
    const bus = createBus()
    const vsp = new TestVsp()
    bus.host.offer(vsp)
    expect(() => bus.host.offer(vsp)).toThrow()
    expect(() => bus.host.offer(new TestVsp())).toThrow(RangeError)
    expect(bus.host.devices).toEqual([vsp])
  })
})

describe('binding', () => {
  it('by instance, by number, and the first that is free', async () => {
    const bus = createBus()
    for (const number of [3, 1, 2]) bus.host.offer(new TestVsp(number))
    const second = await bus.guest.attach(new TestVsc(2))
    const first = await bus.guest.attach(new TestVsc())
    const third = new (class extends TestVsc {
      override readonly binds = { interfaceId: testInterface, index: 2 }
    })()
    await bus.guest.attach(third)
    expect([second, first, third].map(({ device }) => device?.offer.offer.instanceId)).toEqual([
      instance(2),
      instance(1),
      instance(3),
    ])
  })

  it('a device that is added later is given to the driver that waits', async () => {
    const bus = createBus()
    const attached = bus.guest.attach(new TestVsc())
    bus.host.offer(new TestVsp())
    expect((await attached).channel?.isOpen).toBe(true)
  })

  it('GPADLs of a driver: shown to the device, taken back, and freed', async () => {
    const { bus, vsp, vsc } = await rig()
    const free = bus.guest.pages.freePages
    const run = bus.guest.pages.allocate(3)
    if (run === undefined) throw new Error('no pages')
    bus.memory.store32(run.first * 4096 + 4096, 0x1234)
    let gpadlId = 0
    vsc.device?.createGpadl(run, (id) => {
      gpadlId = id ?? 0
    })
    bus.settle()
    const lists = bus.host.gpadl(vsp, gpadlId)
    expect(lists?.map((list) => list.size)).toEqual([12288])
    expect(lists?.[0]?.load32(4096)).toBe(0x1234)
    let isBack = false
    vsc.device?.teardownGpadl(gpadlId, () => {
      isBack = true
    })
    bus.settle()
    expect(isBack).toBe(true)
    expect(bus.host.gpadl(vsp, gpadlId)).toBeUndefined()
    expect(bus.guest.pages.freePages).toBe(free)
  })
})

describe('sub-channels', () => {
  it('[B37] are offered when the device says so, opened by the driver, and work on their own', async () => {
    const { bus, vsp, vsc } = await rig()
    vsp.grow(2)
    bus.settle()
    expect([...vsc.channels.keys()]).toEqual([0, 1, 2])
    vsc.channels.get(2)?.send(bytes(1))
    bus.settle()
    expect(vsp.log).toEqual(['open 1.0', 'open 2.1', 'open 3.2', 'packet 8'])
  })

  it('[B58] go with their primary, which the guest closes', async () => {
    const { bus, vsp, vsc } = await rig()
    const free = bus.guest.pages.freePages
    vsp.grow(2)
    bus.settle()
    vsc.close()
    bus.settle()
    expect(vsc.channels.size).toBe(0)
    expect(vsp.channels.size).toBe(0)
    expect(bus.guest.pages.freePages).toBe(free + 4)
    expect(bus.guest.offers.map(({ channelId }) => channelId)).toEqual([1])
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('[B58] are rescinded before their primary when the device goes', async () => {
    const { bus, vsp, vsc } = await rig()
    vsp.grow(2)
    bus.settle()
    vsp.close()
    bus.settle()
    expect(vsc.log).toEqual(['close 3.2 rescinded', 'close 2.1 rescinded', 'close 1.0 rescinded'])
    expect(bus.guest.offers).toEqual([])
  })
})

describe('the end', () => {
  it('unload closes everything on both sides and frees all memory; the guest can connect anew', async () => {
    const { bus, vsp, vsc } = await rig()
    const free = bus.guest.pages.freePages
    bus.guest.unload()
    bus.settle()
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 peer'])
    expect(vsc.log).toEqual(['close 1.0 local'])
    expect(bus.guest.pages.freePages).toBe(free + 4)
    bus.guest.connect()
    await bus.guest.attach(vsc)
    expect(await vsc.ask(bytes(9))).toEqual(bytes(9, 0, 0, 0, 0, 0, 0, 0))
  })

  it('closing the bus breaks promises, closes channels on both sides, and nothing runs any more', async () => {
    const { bus, vsp, vsc } = await rig()
    vsp.answer = (packet: RingPacket, channel: Channel) => void channel.defer(packet)
    const asked = vsc.ask(bytes(1))
    const waiting = bus.guest.attach(new TestVsc(5))
    bus.close()
    bus.close()
    await expect(asked).rejects.toThrow('the channel was closed before the completion')
    await expect(waiting).rejects.toThrow('the bus was closed')
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 local', 'revoked'])
    expect(vsc.log).toEqual(['close 1.0 local'])
    expect(bus.step()).toBe(false)
  })

  it('`using` closes bus, device and driver', async () => {
    const log: string[] = []
    {
      using bus = createBus()
      await using vsp = new TestVsp()
      bus.host.offer(vsp)
      await using vsc = await bus.guest.attach(new TestVsc())
      vsc.on('close', (_channel, reason) => log.push(`guest ${reason}`))
      vsp.on('close', (_channel, reason) => log.push(`host ${reason}`))
      vsp.on('revoked', () => log.push('revoked'))
    }
    expect(log).toEqual(['guest local', 'host peer', 'revoked'])
  })

  it('connection refused: attach says so', async () => {
    const bus = createBus({ host: { server: { maxVersion: 0x1_0001 } }, guest: { client: { versions: [0x6_0000] } } })
    const violations = violationsOf(bus)
    await expect(bus.guest.attach(new TestVsc())).rejects.toThrow(
      'no connection: the host supports none of the versions tried',
    )
    expect(violations).toEqual([{ at: 'host', rule: 'version-unsupported', code: 'RANGE', offset: 8 }])
  })
})
