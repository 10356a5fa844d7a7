import type { BusOptions } from '../index.ts'
import { BareVsp, type DeviceRig, maxSteps, outcomeOf, rigTests, type TestedVsc, type TestedVsp } from './device-rig.ts'
import { makeNoise } from './noise.ts'
import type { TestApi } from './test-api.ts'

/** A VSC to be held to the suite. */
export interface VscUnderTest<D extends TestedVsc> {
  /** Makes the driver anew. */
  readonly make: () => D
  /** Makes a device that it binds to. */
  readonly host: () => TestedVsp
  /** Uses a driver that is ready: kept when the device has done its work, broken when it is gone. */
  readonly use?: (driver: D) => Promise<unknown>
  /** Packets of the host that it refuses, as they stand in the ring: each is a violation. */
  readonly garbage?: readonly Uint8Array[]
  /** More about the bus, such as its version. */
  readonly bus?: BusOptions
}

/** What every VSC must do: bind, let go, and outlive whatever its host does. Each test makes a driver, and a bus, of its own. */
export function vscSuite<D extends TestedVsc>(
  api: TestApi,
  { make, host, use = async () => {}, garbage = [], bus }: VscUnderTest<D>,
): void {
  const { describe, expect } = api
  const careful = { violations: 'throw' } as const

  const { makeRig, test } = rigTests(api, bus)

  const offered = (options: BusOptions) => {
    const rig = makeRig(options)
    const vsp = host()
    rig.bus.host.offer(vsp)
    return { rig, vsp, vsc: make() }
  }

  const attached = async (options: BusOptions) => {
    const all = offered(options)
    await all.rig.bus.guest.attach(all.vsc)
    await all.rig.settle()
    return all
  }

  const works = async (rig: DeviceRig, vsc: D): Promise<boolean> => {
    await rig.bus.guest.attach(vsc)
    const outcome = await outcomeOf(use(vsc))
    await rig.settle()
    return outcome === 'kept' && vsc.channel?.isOpen === true
  }

  describe('binding', () => {
    test('gives it its device, also one that is offered later', async () => {
      const rig = makeRig(careful)
      const vsc = make()
      const attaching = rig.bus.guest.attach(vsc)
      const vsp = host()
      rig.bus.host.offer(vsp)
      await attaching
      expect(vsc.device?.offer.offer.interfaceId).toBe(vsp.offer.interfaceId)
      expect(vsc.channel?.isOpen).toBe(true)
      expect(await outcomeOf(use(vsc))).toBe('kept')
    })

    if (make().binds.interfaceId !== undefined || make().binds.instanceId !== undefined) {
      test('does not give it another device', async () => {
        const rig = makeRig(careful)
        const vsc = make()
        expect(await outcomeOf(rig.bus.guest.attach(vsc))).toBe('StalledError')
        expect(vsc.device).toBe(undefined)
      })
    }

    test('to a device that never answers ends: ready without it, or stalled', async () => {
      const rig = makeRig({})
      const silent = new BareVsp(host().offer)
      rig.bus.host.offer(silent)
      const vsc = make()
      const outcome = await outcomeOf(rig.bus.guest.attach(vsc))
      expect(outcome === 'kept' || outcome === 'StalledError').toBe(true)
      vsc.close()
      rig.bus.host.revoke(silent)
      await rig.settle()
      rig.bus.host.offer(host())
      expect(await works(rig, vsc)).toBe(true)
    })
  })

  describe('open and close', () => {
    test('a hundred times leave nothing behind', async () => {
      const { rig, vsc } = offered(careful)
      const state = () => ({ pages: rig.bus.guest.pages.freePages, waits: rig.bus.explain() })
      const round = async () => {
        expect(await works(rig, vsc)).toBe(true)
        vsc.close()
        await rig.settle()
        expect([vsc.channels.size, vsc.device]).toEqual([0, undefined])
      }
      await round()
      const before = state()
      for (let count = 0; count < 100; count++) await round()
      expect(state()).toEqual(before)
    })

    test('of the bus while it is used', async () => {
      const { rig, vsc } = await attached(careful)
      const outcome = outcomeOf(use(vsc))
      rig.bus.close()
      await outcome
      expect([vsc.channels.size, vsc.device]).toEqual([0, undefined])
    })
  })

  describe('rescind', () => {
    test('[TR-01] at any step: promises are kept or broken, and it takes the device when it is offered anew', async () => {
      for (let step = 0, more = true; more && step < maxSteps; step++) {
        const { rig, vsp, vsc } = offered({})
        const outcomes: Promise<string>[] = []
        rig.bus.guest.bind(vsc, (error) => {
          if (error === undefined) outcomes.push(outcomeOf(use(vsc)))
        })
        more = rig.steps(step)
        rig.bus.host.revoke(vsp)
        await rig.settle()
        await Promise.all(outcomes)
        rig.bus.guest.detach(vsc)
        expect([step, vsc.channels.size, vsc.device]).toEqual([step, 0, undefined])
        expect(rig.mistakes).toEqual([])
        rig.bus.host.offer(vsp)
        expect([step, await works(rig, vsc)]).toEqual([step, true])
        rig.bus.close()
      }
    })
  })

  describe('a hostile host', () => {
    for (const [index, packet] of garbage.entries()) {
      test(`sends garbage (number ${index}): a violation; other channels go on`, async () => {
        const { rig, vsp, vsc } = await attached({})
        expect(rig.violations).toEqual([])
        const channelId = vsc.channel?.channelId ?? 0
        vsp.channels.get(0)?.send(packet)
        await rig.settle()
        expect(rig.violationsOf('guest', channelId).length > 0).toBe(true)
        expect(await rig.othersGoOn()).toBe(true)
        vsc.close()
        await rig.settle()
        expect(await works(rig, vsc)).toBe(true)
      })
    }

    test('[RB-23][RB-25] completes requests that there are not: violations, and the channel goes on', async () => {
      const { rig, vsp, vsc } = await attached({})
      const channelId = vsc.channel?.channelId ?? 0
      vsp.channels.get(0)?.sendCompletion(0xdead, 0)
      vsp.channels.get(0)?.sendCompletion(1, 1)
      vsp.channels.get(0)?.sendCompletion(0, 0)
      await rig.settle()
      expect(rig.violations).toEqual([
        `guest completion-unknown-id ${channelId}`,
        `guest completion-unknown-id ${channelId}`,
        `guest completion-id-zero ${channelId}`,
      ])
      expect(vsc.channel?.isOpen).toBe(true)
      expect(await outcomeOf(use(vsc))).toBe('kept')
    })

    test('sends noise: nothing is thrown; other channels go on', async () => {
      const { rig, vsp, vsc } = offered({})
      for (let seed = 0; seed < 8; seed++) {
        await rig.bus.guest.attach(vsc)
        await rig.settle()
        await makeNoise(
          () => vsp.channels.get(0),
          seed,
          32,
          () => rig.settle(),
        )
        expect(await rig.othersGoOn()).toBe(true)
        vsc.close()
        await rig.settle()
        expect([vsc.channels.size, vsc.device]).toEqual([0, undefined])
      }
      expect(await works(rig, vsc)).toBe(true)
    })

    test('[RB-02] breaks its ring: the channel is closed, and no other', async () => {
      const { rig, vsc } = await attached({})
      const channelId = vsc.channel?.channelId ?? 0
      rig.rings(channelId)?.hostToGuest.store32(0, 4)
      rig.bus.host.transport.setEventFlag(0, 2, channelId)
      await rig.settle()
      expect(rig.violations).toEqual([`guest InvalidRingPointer ${channelId}`])
      expect(vsc.channel).toBe(undefined)
      expect(await rig.othersGoOn()).toBe(true)
      vsc.close()
      await rig.settle()
      expect(await works(rig, vsc)).toBe(true)
    })
  })
}
