import { describe, expect, it } from 'vitest'
import {
  type OfferId,
  type OfferParams,
  RestoreError,
  type ServerOptions,
  type ServerState,
  VmbusServer,
  VmbusVersion,
} from '../src/vmbus/index.ts'
import { FAIL, id, openEffect, pages, TestEnv } from './server-env.ts'

const params = (number: number, more: Partial<OfferParams> = {}): OfferParams => ({
  interfaceId: id(1),
  instanceId: id(number),
  ...more,
})

/** Saves, passes the state through JSON, and goes on with another server. */
function restored(env: TestEnv, offers: readonly OfferParams[], options: ServerOptions = {}): readonly OfferId[] {
  const state: ServerState = JSON.parse(JSON.stringify(env.server.save()))
  const back = VmbusServer.restore(state, options, offers)
  expect(back.server.save()).toEqual(JSON.parse(JSON.stringify(back.server.save())))
  env.server = back.server
  return back.offers
}

/** The offer of that place. */
function at(offers: readonly OfferId[], index: number): OfferId {
  const offer = offers[index]
  if (offer === undefined) throw new Error(`no offer ${index}`)
  return offer
}

describe('save and restore', () => {
  it('keeps connection, open channels and GPADLs, and tells the devices', () => {
    const env = new TestEnv()
    const [first] = env.two({ features: 0x1, parentToChildMonitorPage: 0x1000n, childToParentMonitorPage: 0x2000n })
    env.accepted(first, 1, 10)
    env.open2(1, { connectionId: 77, eventFlag: 9, targetVp: 3 })
    env.server.openComplete(first, true)
    env.heard()
    env.effects()
    const offers = restored(env, [params(1), params(2)])
    const request = {
      ...(openEffect(at(offers, 0), 1) as { request: object }).request,
      connectionId: 77,
      interrupt: { kind: 'event', vp: 3, sint: 2, flag: 9 },
    }
    expect(env.effects()).toEqual([
      {
        kind: 'connected',
        version: VmbusVersion.V6_0,
        features: 1,
        monitorPages: { parentToChild: 0x1000n, childToParent: 0x2000n },
      },
      {
        kind: 'restored',
        offer: at(offers, 0),
        channelId: 1,
        gpadls: [{ gpadlId: 10, ranges: pages(4) }],
        request,
      },
      { kind: 'restored', offer: at(offers, 1), channelId: 2, gpadls: [] },
    ])
    expect(env.server.channelSignalled(77)).toBe(at(offers, 0))
    env.post('RequestOffers', {})
    env.expectIgnored('offers-requested-twice')
    env.post('CloseChannel', { channelId: 1 })
    env.server.closeComplete(at(offers, 0))
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    env.server.gpadlTeardownComplete(at(offers, 0), 10)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 10 }])
  })

  it('keeps what waits: messages both ways, a pause, a GPADL half way, hvsocket requests', () => {
    const env = new TestEnv()
    const offer = env.one({ features: 0x20 })
    env.post('GpadlHeader', { channelId: 1, gpadlId: 10, rangeBufferLength: 16, rangeCount: 1, data: [4096n] })
    env.post('TlConnectRequest', { endpointId: id(8), serviceId: id(9) })
    env.post('Pause', {})
    env.post('Resume', {})
    env.offer(2)
    const offers = restored(env, [params(1), params(2)])
    expect(offer).toBe(at(offers, 0))
    expect(env.effects()).toMatchObject([
      { kind: 'connected' },
      { kind: 'tl-connect', endpointId: id(8), serviceId: id(9) },
      { kind: 'restored', channelId: 1 },
      { kind: 'restored', channelId: 2 },
    ])
    expect(env.heard()).toMatchObject([{ type: 'PauseResponse' }, { type: 'OfferChannel', channelId: 2 }])
    env.post('GpadlBody', { messageNumber: 0, gpadlId: 10, data: [7n] })
    expect(env.effects()).toMatchObject([{ kind: 'gpadl', ranges: [{ pfns: [7] }] }])
    env.server.tlConnectComplete(id(8), id(9), true)
    expect(env.rules()).toEqual([])
  })

  it('asks again what devices and transport had not answered', () => {
    const env = new TestEnv()
    const offers = env.offered(5, { features: 0x4 })
    env.accepted(at(offers, 0), 1, 10)
    env.open(1)
    env.opened(at(offers, 1), 2)
    env.post('CloseChannel', { channelId: 2 })
    env.open(2)
    env.gpadl(3, 10)
    env.accepted(at(offers, 3), 4, 10)
    env.post('GpadlTeardown', { channelId: 4, gpadlId: 10 })
    env.opened(at(offers, 4), 5)
    env.post('ModifyChannel', { channelId: 5, targetVp: 3 })
    env.post('ModifyConnection', { parentToChildMonitorPage: 0x1000n, childToParentMonitorPage: 0x2000n })
    const back = restored(
      env,
      [1, 2, 3, 4, 5].map((number) => params(number)),
    )
    const effects = env.effects().filter(({ kind }) => kind !== 'restored' && kind !== 'connected')
    expect(effects).toMatchObject([
      { kind: 'modify-connection' },
      { kind: 'open', offer: at(back, 0) },
      { kind: 'close', offer: at(back, 1) },
      { kind: 'gpadl', offer: at(back, 2), gpadlId: 10 },
      { kind: 'gpadl-teardown', offer: at(back, 3), gpadlId: 10 },
      { kind: 'modify', offer: at(back, 4), interrupt: { vp: 3 } },
    ])
    const { server } = env
    server.openComplete(at(back, 0), true)
    server.closeComplete(at(back, 1))
    server.openComplete(at(back, 1), true)
    server.gpadlComplete(at(back, 2), 10, true)
    server.gpadlTeardownComplete(at(back, 3), 10)
    server.modifyComplete(at(back, 4), true)
    server.modifyConnectionComplete(true)
    expect(env.heard()).toMatchObject([
      { type: 'OpenResult', channelId: 1, status: 0 },
      { type: 'OpenResult', channelId: 2, status: 0 },
      { type: 'GpadlCreated', channelId: 3, status: 0 },
      { type: 'GpadlTorndown', gpadlId: 10 },
      { type: 'ModifyChannelResponse', channelId: 5, status: 0 },
      { type: 'ModifyConnectionResponse', connectionState: 0 },
    ])
    expect(env.rules()).toEqual([])
  })

  it('keeps where a channel interrupts now, and that a closed one is signalled no more', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.opened(first, 1)
    env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
    env.server.modifyComplete(first, true)
    env.heard()
    env.opened(second, 2)
    env.post('CloseChannel', { channelId: 2 })
    env.server.closeComplete(second)
    const offers = restored(env, [params(1), params(2)])
    expect(env.effects()).toMatchObject([
      { kind: 'connected' },
      { kind: 'restored', request: { interrupt: { kind: 'event', vp: 3 } } },
      { kind: 'restored', channelId: 2 },
    ])
    expect(env.server.channelSignalled(0x2001)).toBe(at(offers, 0))
    expect(env.server.channelSignalled(0x2002)).toBeUndefined()
  })

  it('rescinds channels whose device is gone, and offers new ones', () => {
    const env = new TestEnv()
    const [first] = env.two()
    env.opened(first, 1)
    env.gpadl(1, 11)
    const offers = restored(env, [params(3), params(2)])
    expect(env.heard()).toMatchObject([
      { type: 'GpadlCreated', channelId: 1, gpadlId: 11, status: FAIL },
      { type: 'RescindChannelOffer', channelId: 1 },
      { type: 'OfferChannel', channelId: 3, offer: { instanceId: id(3) } },
    ])
    env.effects()
    env.post('RelIdReleased', { channelId: 1 })
    env.accepted(at(offers, 1), 2, 10)
    env.accepted(at(offers, 0), 3, 10)
  })

  it('keeps a revoked channel until its release, and offers it again if the device is back', () => {
    const env = new TestEnv()
    env.server.revoke(env.one())
    env.heard()
    env.offer(1)
    restored(env, [params(1)])
    expect(env.heard()).toEqual([])
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1 }])

    env.server.revoke(
      at(
        [...env.server.channels()].flatMap(({ offer }) => offer ?? []),
        0,
      ),
    )
    env.heard()
    restored(env, [])
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.heard()).toEqual([])
    expect(env.server.channels()).toEqual([])
  })

  it('in the middle of an Unload, or of a second contact', () => {
    for (const said of ['UnloadComplete', 'VersionResponse']) {
      const env = new TestEnv()
      const offer = env.one()
      env.opened(offer, 1)
      if (said === 'UnloadComplete') env.post('Unload', {})
      else env.contact({ version: VmbusVersion.V5_3 })
      env.effects()
      const [back] = restored(env, [params(1)])
      if (back === undefined) throw new Error('no offer')
      expect(env.effects()).toMatchObject([{ kind: 'restored' }, { kind: 'close', offer: back }])
      env.server.closeComplete(back)
      env.server.gpadlTeardownComplete(back, 10)
      expect(env.heard()).toMatchObject([{ type: said }])
    }
  })

  it('keeps reserved channels and the interrupt page', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.post('Unload', {})
    env.heard()
    const [back] = restored(env, [params(1)])
    if (back === undefined) throw new Error('no offer')
    env.effects()
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 2 })
    env.server.closeComplete(back)
    expect(env.heard()).toMatchObject([{ vp: 4, sint: 2 }])

    const old = new TestEnv()
    const device = old.one({ version: VmbusVersion.V1_1, interruptPage: 0x5000n })
    old.opened(device, 1)
    restored(old, [params(1)])
    expect(old.effects()).toMatchObject([
      { kind: 'connected', interruptPage: 0x5000n },
      { kind: 'restored', request: { interrupt: { kind: 'interrupt-page', page: 0x5000n } } },
    ])
  })

  it('[TR-10] is refused for a version or features above what is allowed now', () => {
    const env = new TestEnv()
    env.offered(1, { features: 0x5 })
    const state = env.server.save()
    const code = (options: ServerOptions, changed: ServerState = state) => {
      try {
        VmbusServer.restore(changed, options, [params(1)])
        return 'restored'
      } catch (error) {
        return error instanceof RestoreError ? error.code : error
      }
    }
    expect(code({ maxVersion: VmbusVersion.V5_3 })).toBe('UnsupportedVersion')
    expect(code({ features: 0x1 })).toBe('UnsupportedFeatureFlags')
    expect(code({ features: 0x5 })).toBe('restored')
    const { connection } = state
    if (connection === null) throw new Error('not connected')
    expect(code({}, { ...state, connection: { ...connection, version: 0x0005_0004 } })).toBe('UnsupportedVersion')
    expect(code({}, JSON.parse(JSON.stringify({ ...state, format: 'something else' })))).toBe('UnknownFormat')
  })

  it('[B127] monitor ids are taken up again; two of one id are an error, like two of one relid', () => {
    const env = new TestEnv()
    const contact = { parentToChildMonitorPage: 0x1000n, childToParentMonitorPage: 0x2000n }
    const offers = env.offered(2, contact, { monitorLatency: 1 })
    env.server.revoke(at(offers, 0))
    env.heard()
    env.post('RelIdReleased', { channelId: 1 })
    const state = env.server.save()
    env.server = VmbusServer.restore(state, {}, [params(2, { monitorLatency: 1 })]).server
    expect(env.server.channels()).toMatchObject([{ channelId: 2, monitorId: 1 }])
    const [channel] = state.channels
    if (channel === undefined) throw new Error('no channel')
    const clash = (fields: object) => ({
      ...state,
      channels: [channel, { ...channel, instanceId: id(9), ...fields }],
    })
    expect(() => VmbusServer.restore(clash({ channelId: 1 }), {}, [])).toThrow('MonitorId')
    expect(() => VmbusServer.restore(clash({ monitorId: 0 }), {}, [])).toThrow('ChannelId')
  })
})
