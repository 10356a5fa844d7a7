import type { BusOptions } from '../index.ts'
import { Answers, BareVsc, type DeviceRig, maxSteps, rigTests, type TestedVsc, type TestedVsp } from './device-rig.ts'
import { makeNoise } from './noise.ts'
import type { TestApi } from './test-api.ts'

/** A VSP to be held to the suite. Payloads are as they stand in the ring: on a pipe with their pipe header. */
export interface VspUnderTest {
  /** Makes the device anew. */
  readonly make: () => TestedVsp
  /** Makes a driver for it. By default one that is ready at once, and says nothing. */
  readonly driver?: () => TestedVsc
  /** Packets that the device answers with one completion each, once the driver is ready; as often as they come. */
  readonly requests?: readonly Uint8Array[]
  /** Packets that it refuses: each is a violation, whatever becomes of the channel. */
  readonly garbage?: readonly Uint8Array[]
  /** More about the bus, such as its version. */
  readonly bus?: BusOptions
}

const guidText = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** What every VSP must do: live and let live, whatever its guest does. Each test makes a device, and a bus, of its own. */
export function vspSuite(api: TestApi, { make, driver, requests = [], garbage = [], bus }: VspUnderTest): void {
  const { describe, it, expect } = api
  const makeDriver = (vsp: TestedVsp): TestedVsc => driver?.() ?? new BareVsc(bindingOf(vsp))

  const { makeRig, test } = rigTests(api, bus)

  /** The device on a bus. `careful`: what either end refuses is thrown. */
  const offered = (options: BusOptions) => {
    const rig = makeRig(options)
    const vsp = make()
    rig.bus.host.offer(vsp)
    return { rig, vsp, vsc: makeDriver(vsp) }
  }

  /** The same with the driver attached. */
  const attached = async (options: BusOptions) => {
    const all = offered(options)
    await all.rig.bus.guest.attach(all.vsc)
    await all.rig.settle()
    return all
  }

  const careful = { violations: 'throw' } as const

  /** The device still serves a driver that attaches now. */
  const works = async (rig: DeviceRig, vsp: TestedVsp): Promise<boolean> => {
    const vsc = makeDriver(vsp)
    await rig.bus.guest.attach(vsc)
    await rig.settle()
    const answers = new Answers()
    for (const request of requests) answers.request(vsc.channel, request)
    await rig.settle()
    const good = vsp.channels.size > 0 && answers.completed === requests.length
    vsc.close()
    await rig.settle()
    return good && vsp.channels.size === 0
  }

  describe('offer', () => {
    it('has valid fields, the same each time', () => {
      const { offer } = make()
      expect([guidText.test(offer.interfaceId), guidText.test(offer.instanceId)]).toEqual([true, true])
      expect(offer.subchannelIndex ?? 0).toBe(0)
      for (const word of [offer.flags, offer.mmioMegabytes, offer.mmioMegabytesOptional]) {
        expect(word === undefined || (Number.isInteger(word) && word >= 0 && word <= 0xffff)).toBe(true)
      }
      expect(offer.userDefined?.length ?? 120).toBe(120)
      expect(make().offer).toEqual(offer)
    })

    test('reaches the guest', async () => {
      const { rig, vsp } = offered(careful)
      await rig.settle()
      const { interfaceId, instanceId } = vsp.offer
      const seen = rig.bus.guest.offers.map(({ offer }) => `${offer.interfaceId} ${offer.instanceId}`)
      expect(seen.includes(`${interfaceId} ${instanceId}`)).toBe(true)
    })
  })

  describe('open and close', () => {
    test('again and again', async () => {
      const { rig, vsp, vsc } = offered(careful)
      for (let round = 0; round < 3; round++) {
        await rig.bus.guest.attach(vsc)
        await rig.settle()
        expect(vsp.channels.has(0)).toBe(true)
        vsc.close()
        await rig.settle()
        expect(vsp.channels.size).toBe(0)
      }
      expect(await works(rig, vsp)).toBe(true)
    })

    test('a hundred times leave nothing behind', async () => {
      const { rig, vsp } = offered(careful)
      const state = () => ({ pages: rig.bus.guest.pages.freePages, waits: rig.bus.explain() })
      expect(await works(rig, vsp)).toBe(true)
      const before = state()
      for (let round = 0; round < 100; round++) expect(await works(rig, vsp)).toBe(true)
      expect(state()).toEqual(before)
    })

    test('[TR-05] with packets in the ring: each is told once, and the next open begins clean', async () => {
      const { rig, vsp, vsc } = await attached(careful)
      const answers = new Answers()
      for (const request of [...requests, ...requests]) answers.request(vsc.channel, request)
      vsc.close()
      await rig.settle()
      expect(answers.eachOnce).toBe(true)
      expect(vsp.channels.size).toBe(0)
      expect(await works(rig, vsp)).toBe(true)
    })

    test('of the bus with packets in the ring', async () => {
      const { rig, vsp, vsc } = await attached(careful)
      const answers = new Answers()
      for (const request of requests) answers.request(vsc.channel, request)
      rig.bus.close()
      expect(answers.eachOnce).toBe(true)
      expect(vsp.channels.size).toBe(0)
    })
  })

  describe('rescind', () => {
    test('[TR-01] at any step: everything is told once, and the device can be offered anew', async () => {
      for (let step = 0, more = true; more && step < maxSteps; step++) {
        const { rig, vsp, vsc } = offered({})
        const answers = new Answers()
        rig.bus.guest.bind(vsc, (error) => {
          for (const request of error === undefined ? requests : []) answers.request(vsc.channel, request)
        })
        more = rig.steps(step)
        rig.bus.host.revoke(vsp)
        await rig.settle()
        rig.bus.guest.detach(vsc)
        expect([step, answers.eachOnce, vsp.channels.size, vsc.channels.size]).toEqual([step, true, 0, 0])
        expect(rig.mistakes).toEqual([])
        rig.bus.host.offer(vsp)
        expect([step, await works(rig, vsp)]).toEqual([step, true])
        rig.bus.close()
      }
    })
  })

  if (requests.length > 0) {
    describe('requests', () => {
      test('are completed exactly once, in whatever order things run', async () => {
        for (let seed = 0; seed < 5; seed++) {
          const { rig, vsc } = await attached({ ...careful, scheduling: 'scheduled', seed })
          const answers = new Answers()
          for (let round = 0; round < 20; round++) {
            for (const request of requests) answers.request(vsc.channel, request)
            if (round % 3 === 0) rig.steps(round)
          }
          await rig.settle()
          expect([answers.eachOnce, answers.completed]).toEqual([true, 20 * requests.length])
        }
      })

      test('of a guest that takes no answers wait, in bounds; then each is completed once', async () => {
        const { rig, vsp, vsc } = await attached(careful)
        const answers = new Answers()
        vsc.channel?.pause()
        let sent = 0
        for (const limit = 4096; sent < limit; sent++) {
          const request = requests[sent % requests.length]
          if (request === undefined || !answers.request(vsc.channel, request)) break
          if (sent % 64 === 0) await rig.settle()
        }
        await rig.settle()
        expect([...vsp.channels.values()].every(({ packetsQueued }) => packetsQueued <= 256)).toBe(true)
        expect(await rig.othersGoOn()).toBe(true)
        vsc.channel?.resume()
        await rig.settle()
        expect([answers.eachOnce, answers.completed]).toEqual([true, sent])
      })
    })
  }

  describe('a hostile guest', () => {
    for (const [index, packet] of garbage.entries()) {
      test(`sends garbage (number ${index}): a violation; other channels go on`, async () => {
        const { rig, vsp, vsc } = await attached({})
        expect(rig.violations).toEqual([])
        const channelId = vsc.channel?.channelId ?? 0
        vsc.channel?.send(packet)
        await rig.settle()
        expect(rig.violationsOf('host', channelId).length > 0).toBe(true)
        expect(await rig.othersGoOn()).toBe(true)
        vsc.close()
        await rig.settle()
        expect(await works(rig, vsp)).toBe(true)
      })
    }

    test('sends noise: nothing is thrown; other channels go on', async () => {
      const { rig, vsp } = offered({})
      for (let seed = 0; seed < 8; seed++) {
        const vsc = makeDriver(vsp)
        await rig.bus.guest.attach(vsc)
        await makeNoise(
          () => vsc.channel,
          seed,
          32,
          () => rig.settle(),
        )
        expect(await rig.othersGoOn()).toBe(true)
        vsc.close()
        await rig.settle()
        expect(vsp.channels.size).toBe(0)
      }
      expect(await works(rig, vsp)).toBe(true)
    })

    test('[RB-02] breaks its ring: the channel is closed, and no other', async () => {
      const { rig, vsp, vsc } = await attached({})
      const channelId = vsc.channel?.channelId ?? 0
      rig.rings(channelId)?.guestToHost.store32(0, 4)
      rig.bus.guest.transport.signal(vsc.device?.offer.connectionId ?? 0, 0)
      await rig.settle()
      expect(rig.violations).toEqual([`host InvalidRingPointer ${channelId}`])
      expect(vsp.channels.size).toBe(0)
      expect(await rig.othersGoOn()).toBe(true)
      vsc.close()
      await rig.settle()
      expect(await works(rig, vsp)).toBe(true)
    })
  })
}

function bindingOf({ offer: { interfaceId, instanceId } }: TestedVsp) {
  return { interfaceId, instanceId }
}
