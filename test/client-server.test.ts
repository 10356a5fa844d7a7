import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hvsocketOffer, type OfferId } from '../src/vmbus/server/index.ts'
import { VmbusVersion, versionText, vmbusVersions } from '../src/vmbus/versions.ts'
import { guid } from '../src/wire/index.ts'
import { device, ringPages } from './client-messages.ts'
import { Pair } from './client-server-pair.ts'
import { seeded } from './seed.ts'

const keyboard = guid('f912ad6d-2b17-48ea-bd65-f927a61c7684')
const pages = (count: number) => ({
  byteCount: count * 4096,
  byteOffset: 0,
  pfns: Array.from({ length: count }, (_, index) => 0x400 + index),
})
const monitorPages = { parentToChild: 0x1000n, childToParent: 0x2000n }
const offerParams = (n: number) => ({ interfaceId: keyboard, instanceId: device(n) })

/** A connected pair with devices offered. */
function connected(version: number, devices: number, features = 0) {
  const pair = new Pair({ versions: [version], features })
  const offers = Array.from({ length: devices }, (_, index) => pair.server.offer(offerParams(index + 1)))
  pair.client.connect()
  pair.run()
  pair.client.requestOffers()
  pair.run()
  return { pair, offers }
}

describe('our guest and our host', { timeout: 60_000 }, () => {
  for (const version of vmbusVersions) {
    it(`agree on ${versionText(version)}, be it the guest’s choice or the host’s`, () => {
      const chosen = new Pair({ versions: [version], monitorPages })
      chosen.client.connect()
      expect(chosen.run()).toEqual({
        said: ['> InitiateContact', version === VmbusVersion.V6_0 ? '< VersionResponse2' : '< VersionResponse'],
        told: ['connected'],
      })
      const limited = new Pair({}, { maxVersion: version })
      limited.client.connect()
      const { told } = limited.run()
      expect([told, limited.client.version]).toEqual([['connected'], version])
      expect([...chosen.violations, ...limited.client.violations.take()]).toEqual([])
    })

    it(`lead a channel through its life at ${versionText(version)}`, () => {
      const { pair, offers } = connected(version, 1)
      const { client, server } = pair
      const ring = client.createGpadl(1, [pages(8)])
      const buffer = client.createGpadl(1, [pages(300)])
      const bodies = Array.from({ length: 10 }, () => '> GpadlBody')
      expect(pair.run()).toEqual({
        said: ['> GpadlHeader', '> GpadlHeader', ...bodies, '< GpadlCreated', '< GpadlCreated'],
        told: ['gpadl-created', 'gpadl-created'],
      })
      client.open(1, { ringGpadlId: ring, downstreamPageOffset: 4 })
      expect(pair.run()).toEqual({ said: ['> OpenChannel', '< OpenResult'], told: ['opened'] })
      expect(server.channelAt(1)).toBe(offers[0])
      if (version >= VmbusVersion.V4_1) {
        client.modify(1, 1)
        const response = version >= VmbusVersion.V5_3 ? ['< ModifyChannelResponse'] : []
        expect(pair.run()).toEqual({ said: ['> ModifyChannel', ...response], told: ['modified'] })
      }
      client.close(1)
      client.teardownGpadl(1, ring)
      client.teardownGpadl(1, buffer)
      expect(pair.run()).toEqual({
        said: ['> CloseChannel', '> GpadlTeardown', '> GpadlTeardown', '< GpadlTorndown', '< GpadlTorndown'],
        told: ['gpadl-torndown', 'gpadl-torndown'],
      })
      for (const offer of offers) server.revoke(offer)
      server.offer(offerParams(1))
      expect(pair.run()).toEqual({ said: ['< RescindChannelOffer'], told: ['rescinded'] })
      client.release(1)
      expect(pair.run()).toEqual({ said: ['> RelIdReleased', '< OfferChannel'], told: ['released', 'offer'] })
      client.unload()
      const complete = version >= VmbusVersion.V1_1 ? ['< UnloadComplete'] : []
      expect(pair.run()).toEqual({ said: ['> Unload', ...complete], told: ['unloaded'] })
      expect([pair.violations, client.explain(), server.explain()]).toEqual([[], [], ['guest: InitiateContact']])
    })
  }

  it('[B6][MS-32] agree on the features that both want', () => {
    for (const [asked, granted, common] of [
      [0, 0xff, 0],
      [0xff, 0, 0],
      [0x2f, 0x7f, 0x2f],
      [0x25, 0x03, 0x01],
    ] as const) {
      const pair = new Pair({ features: asked }, { features: granted })
      pair.client.connect()
      pair.run()
      expect([pair.client.features, pair.violations]).toEqual([common, []])
    }
  })

  it('[B21] use the monitor pages that the host allocated, if so agreed', () => {
    const own = { parentToChild: 0n, childToParent: 0x9000n }
    const pair = new Pair({ features: 0x40, monitorPages }, { monitorPages: own })
    pair.client.connect()
    pair.guestToHost()
    pair.hostToGuest()
    expect(pair.events).toMatchObject([{ kind: 'connected', features: 0x40, monitorPages: own }])
  })

  it('open with the parameters that the guest specifies', () => {
    const { pair } = connected(VmbusVersion.V6_0, 1, 0x3)
    const ringGpadlId = pair.client.createGpadl(1, [ringPages])
    pair.run()
    pair.client.open(1, { ringGpadlId, downstreamPageOffset: 1, eventFlag: 77, connectionId: 0x3077 })
    pair.guestToHost()
    const [effect] = pair.server.takeEffects()
    expect(effect).toMatchObject({ kind: 'open', request: { connectionId: 0x3077, interrupt: { flag: 77 } } })
    if (effect !== undefined) pair.complete(effect)
    expect(pair.run()).toEqual({ said: ['> OpenChannel2', '< OpenResult'], told: ['opened'] })
  })

  it('[B44][B66] fail what the device refuses, and go on', () => {
    const { pair } = connected(VmbusVersion.V5_3, 1)
    pair.client.createGpadl(1, [ringPages])
    pair.guestToHost()
    for (const effect of pair.server.takeEffects()) pair.complete(effect, false)
    expect(pair.run().told).toEqual(['gpadl-failed'])
    const ringGpadlId = pair.client.createGpadl(1, [ringPages])
    pair.run()
    pair.client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    pair.guestToHost()
    for (const effect of pair.server.takeEffects()) pair.complete(effect, false)
    expect(pair.run().told).toEqual(['open-failed'])
    pair.client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    expect([pair.run().told, pair.violations]).toEqual([['opened'], []])
  })

  it('[B80][B82][MS-22] agree on what is owed when the device goes in the middle of requests', () => {
    const { pair, offers } = connected(VmbusVersion.V5_3, 1)
    const { client, server } = pair
    const ringGpadlId = client.createGpadl(1, [ringPages])
    pair.run()
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    pair.run()
    pair.hold = true
    client.createGpadl(1, [ringPages])
    client.modify(1, 1)
    pair.run()
    for (const offer of offers) server.revoke(offer)
    client.createGpadl(1, [ringPages])
    pair.hostToGuest()
    client.close(1)
    const { said } = pair.run()
    expect(said).toContain('< RescindChannelOffer')
    client.release(1)
    pair.run()
    for (const effect of pair.held.splice(0)) pair.complete(effect)
    pair.hold = false
    pair.run()
    expect([client.explain(), client.violations.take()]).toEqual([[], []])
    server.offer(offerParams(2))
    expect(pair.run()).toEqual({ said: ['< OfferChannel'], told: ['offer'] })
  })

  it('[B37][B58] open a sub-channel, which goes with its primary', () => {
    const { pair, offers } = connected(VmbusVersion.V5_3, 1)
    pair.server.offer({ ...offerParams(1), subchannelIndex: 1 })
    expect(pair.run()).toEqual({ said: ['< OfferChannel'], told: ['offer'] })
    for (const channelId of [1, 2]) {
      const ringGpadlId = pair.client.createGpadl(channelId, [ringPages])
      pair.run()
      pair.client.open(channelId, { ringGpadlId, downstreamPageOffset: 1 })
      expect(pair.run().told).toEqual(['opened'])
    }
    for (const offer of offers) pair.server.revoke(offer)
    pair.run()
    pair.client.release(2)
    pair.client.release(1)
    expect(pair.run()).toEqual({ said: ['> RelIdReleased', '> RelIdReleased'], told: ['released', 'released'] })
    expect([pair.violations, pair.server.channels()]).toEqual([[], []])
  })

  it('[B106][B107] connect an hvsocket, or not', () => {
    const { pair } = connected(VmbusVersion.V5_3, 0)
    const serviceId = guid('00000050-facb-11e6-bd58-64006a7986d3')
    const endpointId = device(77)
    pair.client.tlConnect(endpointId, serviceId)
    expect(pair.run()).toEqual({
      said: ['> TlConnectRequest', '< TlConnectRequestResult'],
      told: ['tl-connect-failed'],
    })
    pair.client.tlConnect(endpointId, serviceId)
    pair.guestToHost()
    pair.server.takeEffects()
    pair.server.offer(hvsocketOffer({ serviceId, endpointId, isForGuestAccept: false }))
    pair.server.tlConnectComplete(endpointId, serviceId, true)
    expect(pair.run().told).toEqual(['offer', 'tl-connected'])
    expect(pair.violations).toEqual([])
  })

  it('[B119][B120] pause, queue, and resume', () => {
    const { pair, offers } = connected(VmbusVersion.V6_0, 2, 0x20)
    pair.client.pause()
    expect(pair.run()).toEqual({ said: ['> Pause', '< PauseResponse'], told: ['paused'] })
    for (const offer of offers.slice(0, 1)) pair.server.revoke(offer)
    pair.client.createGpadl(2, [ringPages])
    expect(pair.run()).toEqual({ said: [], told: [] })
    pair.client.resume()
    expect(pair.run()).toEqual({
      said: ['> Resume', '> GpadlHeader', '< RescindChannelOffer', '< GpadlCreated'],
      told: ['rescinded', 'gpadl-created'],
    })
    expect(pair.violations).toEqual([])
  })

  it('[B96] change the monitor pages', () => {
    const { pair } = connected(VmbusVersion.V6_0, 0, 0x4)
    pair.client.modifyConnection(monitorPages)
    expect(pair.run().told).toEqual(['connection-modified'])
    expect(pair.violations).toEqual([])
  })

  it('[B19] start over when the guest does, and when it unloads with everything open', () => {
    const { pair } = connected(VmbusVersion.V5_3, 3)
    const open = () => {
      for (const channelId of [1, 2, 3]) {
        const ringGpadlId = pair.client.createGpadl(channelId, [ringPages])
        pair.run()
        pair.client.open(channelId, { ringGpadlId, downstreamPageOffset: 1 })
        pair.run()
      }
    }
    open()
    pair.client.connect([VmbusVersion.V4_0])
    expect(pair.run()).toEqual({ said: ['> InitiateContact', '< VersionResponse'], told: ['connected'] })
    pair.client.requestOffers()
    expect(pair.run().told).toEqual(['offer', 'offer', 'offer', 'offers-delivered'])
    open()
    pair.client.unload()
    expect(pair.run()).toEqual({ said: ['> Unload', '< UnloadComplete'], told: ['unloaded'] })
    expect([pair.violations, pair.server.channels().map(({ state }) => state)]).toEqual([[], expect.any(Array)])
  })

  it('get along in any order of requests, revokes, deliveries and completions, and end with nothing waiting', () => {
    const which = fc.integer({ min: 1, max: 3 })
    const steps = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constantFrom('create', 'open', 'close', 'teardown', 'modify', 'release', 'revoke', 'offer'),
          n: which,
        }),
        fc.record({ kind: fc.constantFrom('guest', 'host', 'effects', 'complete', 'refuse'), n: which }),
      ),
      { minLength: 20, maxLength: 150, size: 'max' },
    )
    const versions = fc.constantFrom(VmbusVersion.V6_0, VmbusVersion.V5_3, VmbusVersion.V4_1)
    fc.assert(
      fc.property(versions, steps, (version, run) => {
        const { pair, offers } = connected(version, 3)
        const { client, server } = pair
        const live = new Map<number, OfferId>(offers.map((offer, index) => [index + 1, offer]))
        const gpadls = new Map<number, number>()
        pair.hold = true
        const requests: Record<string, (n: number) => void> = {
          create: (n) => gpadls.set(n, client.createGpadl(n, [pages(n * 20)])),
          open: (n) => client.open(n, { ringGpadlId: gpadls.get(n) ?? 0, downstreamPageOffset: 1 }),
          close: (n) => client.close(n),
          teardown: (n) => client.teardownGpadl(n, gpadls.get(n) ?? 0),
          modify: (n) => client.modify(n, 1),
          release: (n) => client.release(n),
          revoke: (n) => {
            const offer = live.get(n)
            if (offer !== undefined && live.delete(n)) server.revoke(offer)
          },
          offer: (n) => {
            if (!live.has(n)) live.set(n, server.offer(offerParams(n)))
          },
          guest: () => pair.guestToHost(),
          host: () => pair.hostToGuest(),
          effects: () => pair.devices(),
          complete: () => {
            const effect = pair.held.shift()
            if (effect !== undefined) pair.complete(effect)
          },
          refuse: () => {
            const effect = pair.held.shift()
            if (effect !== undefined) pair.complete(effect, false)
          },
        }
        for (const { kind, n } of run) {
          try {
            requests[kind]?.(n)
          } catch (error) {
            // Asking at the wrong time is this test's own doing.
            if (!(error instanceof Error) || error.name !== 'ClientStateError') throw error
          }
        }
        pair.hold = false
        for (const effect of pair.held.splice(0)) pair.complete(effect)
        pair.run()
        for (const offer of live.values()) server.revoke(offer)
        pair.run()
        for (const n of [1, 2, 3]) {
          try {
            client.release(n)
          } catch (error) {
            if (!(error instanceof Error) || error.name !== 'ClientStateError') throw error
          }
        }
        pair.run()
        expect([client.explain(), client.violations.kept, server.channels()]).toEqual([[], [], []])
      }),
      seeded,
    )
  })
})
