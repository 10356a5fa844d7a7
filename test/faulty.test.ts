import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FaultRule, type InjectedFault, injectFaults, MemoryTransport, Pump } from '../src/channels/index.ts'
import { type Bus, type BusOptions, createBus, StalledError } from '../src/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { vmbusVersions } from '../src/vmbus/versions.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { seeded } from './seed.ts'

/** Types of control messages. */
const RequestOffers = 3
const OpenChannel = 5
const OpenResult = 6
const OfferChannel = 1

const ofType = (type: number) => (passage: { readonly bytes: Uint8Array }) => passage.bytes[0] === type

const attachPromised = 'promised: attach of EchoVsc to 6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70'

interface Rig {
  readonly bus: Bus
  readonly echo: EchoVsp
  readonly faults: InjectedFault[]
  /** Violations as `host rule` and `guest rule`. */
  readonly violations: string[]
}

/** A bus with an echo device and these faults. */
function rig(rules: readonly FaultRule[], options: BusOptions = {}, seed = 0): Rig {
  const faults: InjectedFault[] = []
  const bus = createBus({
    ...options,
    wrap: (ends, pump) => injectFaults(ends, pump, { rules, seed, onFault: (fault) => faults.push(fault) }),
  })
  const violations: string[] = []
  bus.events.on('violation', ({ at, violation }) => violations.push(`${at} ${violation.rule}`))
  const echo = new EchoVsp()
  bus.host.offer(echo)
  return { bus, echo, faults, violations }
}

/** Why a promise broke. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'it was kept',
    (error: unknown) => error,
  )
}

async function stall(promise: Promise<unknown>): Promise<{ what: string; waits: readonly string[] }> {
  const error = await failure(promise)
  if (!(error instanceof StalledError)) throw error
  return { what: error.what, waits: error.waits }
}

describe('drop', () => {
  it('of the request for offers: attach says what it waits for', async () => {
    const { bus, faults, violations } = rig([{ fault: 'drop', from: 'guest', matches: ofType(RequestOffers) }])
    const { what, waits } = await stall(bus.guest.attach(EchoVsc))
    expect(what).toBe('attach of EchoVsc to 6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70')
    expect(waits).toEqual([
      attachPromised,
      'host: guest connected at 6.0: RequestOffers',
      'guest: AllOffersDelivered',
      'guest: an offer for EchoVsc',
    ])
    expect(violations).toEqual([])
    expect(faults).toEqual([
      { fault: 'drop', detail: { on: 'message', from: 'guest', step: 2, target: 1, message: '0300000000000000' } },
    ])
  })

  it('of the result of an open: attach says that the host does not answer', async () => {
    const { bus } = rig([{ fault: 'drop', from: 'host', matches: ofType(OpenResult) }])
    const { waits } = await stall(bus.guest.attach(EchoVsc))
    expect(waits).toEqual([attachPromised, 'host: guest connected at 6.0', 'guest: channel 1: OpenResult'])
  })

  it('of a signal: the request is in the ring, and no one looks', async () => {
    const { bus, faults } = rig([{ fault: 'drop', on: 'signal', from: 'guest', nth: 0 }])
    const vsc = await bus.guest.attach(EchoVsc)
    const { what, waits } = await stall(vsc.echo('lost'))
    expect(what).toBe('request of 4 bytes on channel 1')
    expect(waits).toEqual([
      'promised: request of 4 bytes on channel 1',
      'host: guest connected at 6.0',
      'guest: channel 1: 1 completions',
    ])
    expect(faults).toEqual([{ fault: 'drop', detail: { on: 'signal', from: 'guest', step: 9, target: 0x2001 } }])
    // The ring is no longer empty, so the next packet signals nothing: as with a real host, it stays stuck.
    expect((await stall(vsc.echo('too'))).what).toBe('request of 3 bytes on channel 1')
  })
})

describe('delay', () => {
  it('of every message and signal loses nothing', async () => {
    const { bus, violations, faults } = rig([{ fault: 'delay' }])
    const vsc = await bus.guest.attach(EchoVsc)
    expect(await vsc.echo('later')).toBe('later')
    expect(violations).toEqual([])
    expect(faults.every(({ fault }) => fault === 'delay')).toBe(true)
    expect(faults.length).toBe(11)
  })
})

describe('duplicate', () => {
  it('of an open is a violation, and the channel stays open', async () => {
    const { bus, violations } = rig([{ fault: 'duplicate', from: 'guest', matches: ofType(OpenChannel) }])
    const vsc = await bus.guest.attach(EchoVsc)
    expect(violations).toEqual(['host open-not-closed'])
    expect(await vsc.echo('once')).toBe('once')
  })

  it('of an offer is a violation at the guest, which keeps the first', async () => {
    const { bus, violations } = rig([{ fault: 'duplicate', from: 'host', matches: ofType(OfferChannel) }])
    const vsc = await bus.guest.attach(EchoVsc)
    bus.settle()
    expect(violations).toEqual(['guest offer-relid-held'])
    expect(bus.guest.offers).toHaveLength(1)
    expect(await vsc.echo('once')).toBe('once')
  })

  it('of signals does nothing', async () => {
    const { bus, violations } = rig([{ fault: 'duplicate', on: 'signal' }])
    const vsc = await bus.guest.attach(EchoVsc)
    expect(await vsc.echo('twice')).toBe('twice')
    expect(violations).toEqual([])
  })
})

describe('reorder', () => {
  it('of the first offer: the second comes first', () => {
    const offers = (rules: readonly FaultRule[]) => {
      const { bus } = rig(rules)
      bus.host.offer(new KeyboardVsp())
      bus.settle()
      return bus.guest.offers.map(({ channelId }) => channelId)
    }
    expect(offers([])).toEqual([1, 2])
    expect(offers([{ fault: 'reorder', from: 'host', matches: ofType(OfferChannel), nth: 0 }])).toEqual([2, 1])
  })

  it('of the last message: it is only late', async () => {
    const { bus, faults } = rig([{ fault: 'reorder', from: 'host', matches: ofType(OpenResult) }])
    const vsc = await bus.guest.attach(EchoVsc)
    expect(await vsc.echo('still')).toBe('still')
    expect(faults).toHaveLength(1)
  })
})

describe('truncate', () => {
  it.each([
    [0, 'host malformed'],
    [7, 'host malformed'],
    [147, 'host malformed'],
  ])('of an open to %i bytes is a violation, and attach stalls', async (length, violation) => {
    const { bus, violations, faults } = rig([
      { fault: 'truncate', length, from: 'guest', matches: ofType(OpenChannel) },
    ])
    await stall(bus.guest.attach(EchoVsc))
    expect(violations).toEqual([violation])
    expect(faults).toMatchObject([{ fault: 'truncate', detail: { length, from: 'guest' } }])
  })
})

describe('flip', () => {
  it('of the highest bit of a message type is a violation', async () => {
    const { bus, violations } = rig([{ fault: 'flip', bit: 31, from: 'guest', matches: ofType(OpenChannel) }])
    const { waits } = await stall(bus.guest.attach(EchoVsc))
    expect(violations).toEqual(['host type-unknown'])
    expect(waits).toEqual([attachPromised, 'host: guest connected at 6.0', 'guest: channel 1: OpenResult'])
  })

  it('of a bit of the relid: no such channel', async () => {
    const { bus, violations } = rig([{ fault: 'flip', bit: 8 * 8 + 1, from: 'guest', matches: ofType(OpenChannel) }])
    await stall(bus.guest.attach(EchoVsc))
    expect(violations).toEqual(['host unknown-channel'])
  })

  it("of a signal's connection: no one listens there", async () => {
    const { bus } = rig([{ fault: 'flip', bit: 2, on: 'signal', from: 'guest', nth: 0 }])
    const vsc = await bus.guest.attach(EchoVsc)
    await stall(vsc.echo('lost'))
  })
})

describe('change between two reads', () => {
  /** The rings of channel 1: pages of the guest, the guest-to-host ring first. */
  const inRing = (offset: number, length: number) => (read: { gpa: number; length: number }) =>
    read.gpa % 4096 === offset && read.length === length

  it('[RB-28] of a descriptor after it was read changes nothing: it was copied', async () => {
    const { bus, faults, violations } = rig([
      { fault: 'change', from: 'guest', bit: 32, matches: inRing(0, 16), nth: 0 },
    ])
    const vsc = await bus.guest.attach(EchoVsc)
    expect(await vsc.echo('copied')).toBe('copied')
    expect(violations).toEqual([])
    expect(faults).toMatchObject([{ fault: 'change', detail: { on: 'memory', from: 'guest', bit: 32 } }])
  })

  it('[RB-29] of the write index to what is no index stops the channel, and no other', async () => {
    let armed = false
    const matches = (read: { gpa: number; length: number }) => armed && inRing(0, 4)(read)
    const { bus, violations, echo } = rig([{ fault: 'change', from: 'guest', bit: 1, matches, nth: 0 }])
    bus.host.offer(new KeyboardVsp())
    const vsc = await bus.guest.attach(EchoVsc)
    armed = true
    // The request came before the change.
    expect(await vsc.echo('good')).toBe('good')
    expect(violations).toEqual(['host InvalidRingPointer'])
    expect(echo.channel).toBeUndefined()
    expect((await bus.guest.attach(KeyboardVsc)).channel?.isOpen).toBe(true)
  })
})

describe('a wrapped transport', () => {
  const wrapped = (rules: readonly FaultRule[]) => {
    const pump = new Pump()
    const faults: InjectedFault[] = []
    const ends = injectFaults(new MemoryTransport(new BufferMemory(new ArrayBuffer(4096)), pump), pump, {
      rules,
      onFault: (fault) => faults.push(fault),
    })
    const post = (byte: number) => ends.host.post(0, 2, 1, Uint8Array.of(byte))
    const heard: number[] = []
    const attach = () =>
      ends.guest.attach({ message: (_vp, _sint, _type, payload) => heard.push(payload[0] ?? 0), event: () => {} })
    return { pump, faults, post, heard, attach }
  }

  it('counts what passed, not what found the slot busy', () => {
    const { pump, post, heard, attach, faults } = wrapped([{ fault: 'drop', from: 'host', nth: 2 }])
    expect([post(1), post(2), post(2), post(2)]).toEqual(['delivered', 'busy', 'busy', 'busy'])
    attach()
    for (const byte of [2, 3, 4]) {
      pump.settle()
      expect(post(byte)).toBe('delivered')
    }
    pump.settle()
    expect(heard).toEqual([1, 2, 4])
    expect(faults).toMatchObject([{ detail: { step: 2, message: '03' } }])
  })

  it('keeps trying for a while to deliver what it has delayed; then it is lost, and says so', () => {
    const { pump, post, heard, attach, faults } = wrapped([{ fault: 'delay', nth: 1 }])
    expect([post(1), post(2)]).toEqual(['delivered', 'delivered'])
    // One look at a slot that no guest empties, and 64 tries.
    expect(pump.settle(1000)).toBe(65)
    attach()
    pump.settle()
    expect(heard).toEqual([1])
    expect(faults).toMatchObject([{ detail: { message: '02' } }, { detail: { message: '02', lost: true } }])
  })
})

describe('a bit that is set late', () => {
  it('in memory that is not there is lost, and throws nothing out of the pump', () => {
    const pump = new Pump()
    const memory = new BufferMemory(new ArrayBuffer(4096))
    const { host } = injectFaults(new MemoryTransport(memory, pump), pump, { rules: [{ fault: 'delay' }] })
    host.setBit(4096, 0)
    host.setBit(8, 3)
    expect(memory.load32(8)).toBe(0)
    expect(pump.settle()).toBe(1)
    expect(memory.load32(8)).toBe(8)
  })
})

describe('rescind at step n', () => {
  it.each(Array.from({ length: 11 }, (_, step) => step))('step %i: told once, and all is released', async (nth) => {
    const { bus, echo, violations }: Rig = rig([{ fault: 'rescind', nth, revoke: () => bus.host.revoke(echo) }])
    const free = bus.guest.pages.freePages
    const vsc = new EchoVsc()
    const reasons: string[] = []
    vsc.on('close', (_channel, reason) => reasons.push(reason))
    await failure(bus.guest.attach(vsc).then(() => vsc.echo('gone')))
    bus.host.revoke(echo)
    bus.settle()
    // What the guest said before it knew.
    expect(violations.filter((violation) => violation !== 'host channel-revoked')).toEqual([])
    expect(reasons.length).toBeLessThanOrEqual(1)
    expect([echo.channels.size, vsc.channels.size, bus.guest.offers.length]).toEqual([0, 0, 0])
    expect(bus.guest.pages.freePages).toBe(free)
    expect(bus.guest.pendings.explain()).toEqual([])
    // The device can be offered and used again.
    bus.host.offer(echo)
    expect(await (await bus.guest.attach(vsc)).echo('back')).toBe('back')
  })
})

describe('any faults', () => {
  const kinds = ['drop', 'delay', 'duplicate', 'reorder', 'truncate', 'flip'] as const
  const rule: fc.Arbitrary<FaultRule> = fc.oneof(
    fc.record({
      fault: fc.constantFrom(...kinds),
      oneIn: fc.integer({ min: 1, max: 12 }),
      on: fc.constantFrom('message' as const, 'signal' as const),
      from: fc.constantFrom('guest' as const, 'host' as const),
    }),
    fc.record({
      fault: fc.constant('change' as const),
      oneIn: fc.integer({ min: 4, max: 60 }),
      from: fc.constantFrom('guest' as const, 'host' as const),
    }),
  )
  const rules = fc.array(rule, { minLength: 1, maxLength: 4 })
  const conversation = (rules: readonly FaultRule[], seed: number, version = 0x6_0000) => {
    const options: BusOptions = { seed, version, scheduling: 'scheduled', memorySize: 1 << 20 }
    const { bus, echo, faults, violations } = rig(rules, options, seed)
    const keyboard = new KeyboardVsp()
    bus.host.offer(keyboard)
    const drivers = [new EchoVsc(), new KeyboardVsc()]
    const settled: string[] = []
    const note = (promise: Promise<unknown>) =>
      promise.then(
        () => settled.push('kept'),
        () => settled.push('broken'),
      )
    let promises = 0
    for (const driver of drivers) {
      promises += 1
      note(bus.guest.attach(driver))
    }
    const steps = [bus.pump.settle(50_000)]
    const [echoDriver] = drivers
    for (let round = 0; round < 5; round++) {
      if (echoDriver instanceof EchoVsc) note(echoDriver.echo(`round ${round}`))
      promises += 1
      keyboard.type(0x1e)
      steps.push(bus.pump.settle(50_000))
    }
    bus.host.revoke(echo)
    for (const driver of drivers) driver.close()
    steps.push(bus.pump.settle(50_000))
    bus.close()
    return { bus, echo, keyboard, drivers, faults, violations, steps, settled, promises }
  }

  it('throw nothing out of the pump, never hang, and leave nothing open', { timeout: 30_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(rules, fc.nat(), fc.constantFrom(...vmbusVersions), async (rules, seed, version) => {
        const { bus, echo, keyboard, drivers, settled, promises } = conversation(rules, seed, version)
        expect([echo.channels.size, keyboard.channels.size]).toEqual([0, 0])
        expect(drivers.map(({ channels, device }) => [channels.size, device])).toEqual([
          [0, undefined],
          [0, undefined],
        ])
        expect(bus.pump.waiting).toBe(0)
        expect(bus.guest.pendings.explain()).toEqual([])
        for (let turn = 0; turn < 20; turn++) await Promise.resolve()
        expect(settled).toHaveLength(promises)
      }),
      seeded,
    )
  })

  it('are the same for the same seed', () => {
    const rules = (['delay', 'duplicate', 'reorder'] as const).map((fault) => ({ fault, oneIn: 4 }))
    const [first, again, other] = [5, 5, 6].map((seed) => {
      const { faults, violations, steps } = conversation(rules, seed)
      return { faults, violations, steps }
    })
    expect(first?.faults.length).toBeGreaterThan(3)
    expect(again).toEqual(first)
    expect(other?.faults).not.toEqual(first?.faults)
  })
})
