import { describe, expect, it } from 'vitest'
import {
  DeviceId,
  FeatureFlags,
  hvsocketOffer,
  OfferFlags,
  type OfferParams,
  VmbusVersion,
} from '../src/vmbus/index.ts'
import { nilGuid } from '../src/wire/index.ts'
import { id, TestEnv } from './server-env.ts'

const end = { type: 'AllOffersDelivered' }

/** The offer of a plain device, as the guest sees it. */
function offerMessage(channelId: number, instance: number, fields: object = {}, offer: object = {}): object {
  return {
    type: 'OfferChannel',
    offer: {
      interfaceId: id(1),
      instanceId: id(instance),
      flags: 0,
      mmioMegabytes: 0,
      userDefined: { type: 'StandardUserDefined', data: new Uint8Array(120) },
      subchannelIndex: 0,
      mmioMegabytesOptional: 0,
      ...offer,
    },
    channelId,
    monitorId: 0xff,
    monitor: { allocated: false },
    interrupt: { isDedicated: true },
    connectionId: 0x2000 | channelId,
    ...fields,
  }
}

/** Instance ids in the order in which the guest hears of them. */
function order(env: TestEnv): string[] {
  env.post('RequestOffers', {})
  return env.heard().flatMap((said) => ('type' in said && said.type === 'OfferChannel' ? [said.offer.instanceId] : []))
}

describe('offers', () => {
  it('[B27] are sent at RequestOffers, then the end mark', () => {
    const env = new TestEnv()
    env.offer(1)
    env.offer(2)
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()).toEqual([offerMessage(1, 1), offerMessage(2, 2), end])
    expect(env.effects()).toEqual([])
    expect(env.rules()).toEqual([])
  })

  it('[B27] are the end mark alone where there are no channels', () => {
    const env = new TestEnv().connect()
    env.post('RequestOffers', {})
    expect(env.server.peekMessage()).toEqual({ vp: 0, sint: 2, bytes: Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0) })
    expect(env.heard()).toEqual([end])
  })

  it('[B28] are sent once per connection', () => {
    const env = new TestEnv()
    env.one()
    env.post('RequestOffers', {})
    env.expectIgnored('offers-requested-twice')
  })

  it('are sent again to a guest that is only observed', () => {
    const env = new TestEnv({ acceptance: 'observe' })
    env.one()
    env.post('RequestOffers', {})
    expect(env.heard()).toEqual([offerMessage(1, 1), end])
    expect(env.rules()).toEqual(['offers-requested-twice'])
  })

  it('[B29] go by interface, order, instance, and get the same relids on each connection', () => {
    const env = new TestEnv()
    const offers: Partial<OfferParams>[] = [
      { interfaceId: id(9), order: 0 },
      { interfaceId: id(1) },
      { interfaceId: id(1), order: 5 },
      { interfaceId: id(1), order: 2 },
      { interfaceId: id(1) },
    ]
    for (const [index, params] of offers.entries()) env.offer(10 - index, params)
    env.connect()
    const inOrder = [id(7), id(8), id(6), id(9), id(10)]
    expect(order(env)).toEqual(inOrder)
    const relids = () => env.server.channels().map(({ channelId }) => channelId)
    const before = relids()
    env.post('Unload', {})
    env.heard()
    expect(relids()).toEqual([undefined, undefined, undefined, undefined, undefined])
    env.effects()
    env.connect({ version: VmbusVersion.V5_3 })
    expect(order(env)).toEqual(inOrder)
    expect(relids()).toEqual(before)
  })

  it('[B29] go by order first where asked for', () => {
    const env = new TestEnv({ offerOrder: 'order' })
    env.offer(1, { interfaceId: id(1) })
    env.offer(2, { interfaceId: id(2), order: 7 })
    env.offer(3, { interfaceId: id(3), order: 1 })
    env.offer(4, { interfaceId: id(1), order: 7 })
    env.connect()
    expect(order(env)).toEqual([id(3), id(4), id(2), id(1)])
  })

  it('[B30][OK-06] are sent at once when the guest has its offers, without a further end mark', () => {
    const env = new TestEnv().connect()
    env.offer(1)
    expect(env.heard()).toEqual([])
    env.post('RequestOffers', {})
    expect(env.heard()).toEqual([offerMessage(1, 1), end])
    env.offer(2)
    expect(env.heard()).toEqual([offerMessage(2, 2)])
  })

  it('[B31] name the connection to signal', () => {
    const env = new TestEnv({ sint: 7, vtl: 2 })
    env.offer(1)
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()[0]).toMatchObject({
      vp: 0,
      sint: 7,
      message: { connectionId: 1 | (7 << 12) | (2 << 16), interrupt: { isDedicated: true } },
    })
  })

  it('[B34] of pipes carry flag and type; other user-defined bytes are the device’s own', () => {
    const env = new TestEnv()
    const userDefined = Uint8Array.from({ length: 120 }, (_, index) => index)
    env.offer(1, { pipe: 'message', flags: OfferFlags.enumerateDeviceInterface })
    env.offer(2, { pipe: 'byte', userDefined })
    env.offer(3, { userDefined })
    env.connect()
    env.post('RequestOffers', {})
    const data = userDefined.slice(4, 116)
    expect(env.heard()).toMatchObject([
      { offer: { flags: 0x11, userDefined: { type: 'PipeUserDefined', pipeType: 4 } } },
      { offer: { flags: 0x10, userDefined: { type: 'PipeUserDefined', pipeType: 0, userDefined: { data } } } },
      { offer: { flags: 0, userDefined: { type: 'StandardUserDefined', data: userDefined } } },
      end,
    ])
  })

  it('of IDE carry path and target', () => {
    const env = new TestEnv()
    env.offer(1, { interfaceId: DeviceId.Ide, userDefined: Uint8Array.of(0, 0, 1, 0, ...new Uint8Array(116)) })
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()[0]).toMatchObject({ offer: { userDefined: { type: 'IdeUserDefined', path: 1, target: 0 } } })
  })

  it('[B35] of hvsockets name service and endpoint', () => {
    for (const isForGuestAccept of [true, false]) {
      const env = new TestEnv().connect()
      env.post('RequestOffers', {})
      env.heard()
      env.server.offer(hvsocketOffer({ serviceId: id(7), endpointId: id(8), isForGuestAccept }))
      expect(env.server.peekMessage()?.bytes.slice(8 + 52, 8 + 57)).toEqual(
        Uint8Array.of(0, 0, 0, 0, isForGuestAccept ? 1 : 0),
      )
      expect(env.heard()).toMatchObject([
        {
          offer: {
            interfaceId: id(7),
            instanceId: id(8),
            flags: 0x2011,
            userDefined: { type: 'HvsocketUserDefined', isForGuestAccept: isForGuestAccept ? 1 : 0, siloId: nilGuid },
          },
        },
      ])
    }
  })

  it('[B36] show confidential and pinning flags only where agreed', () => {
    const { confidentialChannels, gpaPinning } = FeatureFlags
    for (const [features, flags] of [
      [0, 0x1],
      [confidentialChannels, 0x7],
      [gpaPinning, 0x9],
      [confidentialChannels | gpaPinning, 0xf],
    ] as const) {
      const env = new TestEnv({ features: 0xff })
      env.origin = { connectionId: 1, trusted: true }
      env.offer(1, { flags: 0xf })
      env.connect({ features })
      env.post('RequestOffers', {})
      expect(env.heard()).toEqual([offerMessage(1, 1, {}, { flags }), end])
    }
  })

  it('[B37] of sub-channels have ids of their own', () => {
    const env = new TestEnv()
    env.one()
    env.offer(1, { subchannelIndex: 1 })
    expect(env.heard()).toEqual([offerMessage(2, 1, {}, { subchannelIndex: 1 })])
  })

  it('[B38] leave out reserved channels that stayed open', () => {
    const env = new TestEnv()
    const [first] = env.two()
    env.openedReserved(first, 1)
    env.post('Unload', {})
    env.heard()
    env.effects()
    env.connect()
    env.post('RequestOffers', {})
    // The relid of the reserved channel is still taken.
    expect(env.heard()).toEqual([offerMessage(2, 2), end])
  })

  it('[B39] of a channel twice, of more than 2047, or with bad parameters are errors of the caller', () => {
    const env = new TestEnv({ channelIdOffset: 2045 })
    env.offer(1)
    expect(() => env.offer(1)).toThrow(RangeError)
    env.offer(1, { subchannelIndex: 1 })
    expect(() => env.offer(2)).toThrow('at most 2 channels')
    const fresh = new TestEnv()
    expect(() => fresh.offer(1, { flags: 0x1_0000 })).toThrow('flags')
    expect(() => fresh.offer(1, { subchannelIndex: -1 })).toThrow('subchannelIndex')
    expect(() => fresh.offer(1, { userDefined: new Uint8Array(119) })).toThrow('userDefined')
    for (let number = 1; number <= 2047; number++) fresh.offer(number)
    expect(() => fresh.offer(2048)).toThrow('at most 2047 channels')
    expect(fresh.server.channels()).toHaveLength(2047)
  })

  it('[B42] begin at 1025 where two servers share a guest', () => {
    const env = new TestEnv({ channelIdOffset: 1024 })
    env.offer(1)
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()[0]).toEqual(offerMessage(1025, 1))
  })

  it('wait for a relid when the guest holds them all', () => {
    const env = new TestEnv({ channelIdOffset: 2046 })
    const offer = env.one()
    env.server.revoke(offer)
    env.heard()
    env.offer(2)
    expect(env.heard()).toEqual([])
    env.post('RelIdReleased', { channelId: 2047 })
    expect(env.heard()).toEqual([offerMessage(2047, 2)])
  })
})

describe('monitored interrupts', () => {
  const pages = { parentToChildMonitorPage: 0x1000n, childToParentMonitorPage: 0x2000n }
  const monitor = { monitorId: 0, monitor: { allocated: true } }

  it('[B32] are not offered without a latency, or without pages', () => {
    for (const [contact, offer] of [
      [pages, {}],
      [{}, { monitorLatency: 100 }],
    ] as const) {
      const env = new TestEnv()
      env.offer(1, offer)
      env.connect(contact)
      env.post('RequestOffers', {})
      expect(env.heard()).toEqual([offerMessage(1, 1), end])
    }
  })

  it('[B33] get the lowest free id; when all are taken, none', () => {
    const env = new TestEnv()
    for (let number = 1; number <= 129; number++) env.offer(number, { monitorLatency: 100 })
    env.connect(pages)
    env.post('RequestOffers', {})
    const said = env.heard()
    expect(said[0]).toEqual(offerMessage(1, 1, monitor))
    expect(said[127]).toEqual(offerMessage(128, 128, { monitorId: 127, monitor: { allocated: true } }))
    expect(said[128]).toEqual(offerMessage(129, 129))
  })

  it('[B123][B126] trigger the device, and are not used by the host', () => {
    const env = new TestEnv()
    const offer = env.one(pages, { monitorLatency: 100 })
    env.accepted(offer, 1, 10)
    env.open(1)
    expect(env.effects()).toMatchObject([{ request: { monitorId: 0, interrupt: { kind: 'event', flag: 1 } } }])
    expect(env.server.monitorTriggered(0, 1)).toEqual([offer])
    env.server.openComplete(offer, true)
    expect(env.server.monitorTriggered(0, 1)).toEqual([offer])
    expect(env.server.channelSignalled(0x2001)).toBe(offer)
  })

  it('[B124] trigger each known id once, and no unknown one', () => {
    const env = new TestEnv()
    const offers = env.offered(34, pages, { monitorLatency: 100 })
    for (const number of [1, 3, 33]) {
      const offer = offers[number - 1]
      if (offer !== undefined) env.opened(offer, number)
    }
    expect(env.server.monitorTriggered(0, 0xffff_ffff)).toEqual([offers[0], offers[2]])
    expect(env.server.monitorTriggered(1, 1)).toEqual([offers[32]])
    expect(env.server.monitorTriggered(1, 2)).toEqual([])
    expect(env.server.monitorTriggered(3, 0xffff_ffff)).toEqual([])
    expect(env.server.monitorTriggered(4, 0xffff_ffff)).toEqual([])
  })

  it('[B125] are not used without interrupts, nor by reserved channels', () => {
    const env = new TestEnv()
    const [first, second] = env.offered(2, pages, { monitorLatency: 100 })
    if (first === undefined || second === undefined) throw new Error('no offers')
    env.opened(first, 1, { targetVp: 0xffff_ffff })
    env.openedReserved(second, 2)
    expect(env.server.monitorTriggered(0, 3)).toEqual([])
  })

  it('[B127] free the id with the channel', () => {
    const env = new TestEnv()
    const [first] = env.offered(2, pages, { monitorLatency: 100 })
    if (first === undefined) throw new Error('no offer')
    env.server.revoke(first)
    env.heard()
    env.offer(3, { monitorLatency: 100 })
    expect(env.heard()).toMatchObject([{ channelId: 3, monitorId: 2 }])
    env.post('RelIdReleased', { channelId: 1 })
    env.offer(4, { monitorLatency: 100 })
    expect(env.heard()).toEqual([offerMessage(1, 4, monitor)])
  })
})
