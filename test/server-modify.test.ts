import { describe, expect, it } from 'vitest'
import { VmbusVersion } from '../src/vmbus/index.ts'
import { FAIL, TestEnv } from './server-env.ts'

const { V4_0, V4_1, V5_3 } = VmbusVersion
const response = (status = 0, channelId = 1) => ({ type: 'ModifyChannelResponse', channelId, status })
const interrupt = (vp: number) => ({ kind: 'event', vp, sint: 2, flag: 1 })

function opened(version: number, targetVp = 0) {
  const env = new TestEnv()
  const offer = env.one({ version })
  env.opened(offer, 1, { targetVp })
  return { env, offer }
}

describe('ModifyChannel', () => {
  it('[B92] retargets; is answered from 5.3', () => {
    for (const [version, said] of [
      [V4_1, []],
      [V5_3, [response()]],
    ] as const) {
      const { env, offer } = opened(version)
      env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
      expect(env.heard()).toEqual([])
      expect(env.effects()).toEqual([{ kind: 'modify', offer, interrupt: interrupt(3) }])
      env.server.modifyComplete(offer, true)
      expect(env.heard()).toEqual(said)
      env.expectIgnored()
    }
  })

  it('[B92] the device may refuse', () => {
    const { env, offer } = opened(V5_3)
    env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
    env.server.modifyComplete(offer, false)
    expect(env.heard()).toEqual([response(FAIL)])
  })

  it('[B93] fails for no VP, and for a channel that is unknown, closed or without interrupts', () => {
    for (const version of [V4_1, V5_3]) {
      const env = new TestEnv()
      const [first, second] = env.two({ version })
      env.opened(first, 1)
      env.accepted(second, 2, 10)
      const fails = (channelId: number, targetVp: number, rule: string) => {
        env.post('ModifyChannel', { channelId, targetVp })
        expect(env.heard()).toEqual(version === V5_3 ? [response(FAIL, channelId)] : [])
        expect(env.effects()).toEqual([])
        expect(env.rules()).toEqual([rule])
      }
      fails(1, 0xffff_ffff, 'modify-vp')
      fails(9, 3, 'unknown-channel')
      fails(2, 3, 'modify-channel')
      env.open(2, { targetVp: 0xffff_ffff })
      env.effects()
      fails(2, 3, 'modify-channel')
      env.server.openComplete(second, true)
      env.heard()
      fails(2, 3, 'modify-channel')
      env.post('CloseChannel', { channelId: 2 })
      env.server.closeComplete(second)
      env.openReserved(2)
      env.server.openComplete(second, true)
      env.heard()
      env.effects()
      fails(2, 3, 'modify-channel')
    }
  })

  it('[B94][SV-24] a second one before the answer is ignored from 5.3', () => {
    const { env, offer } = opened(V5_3)
    env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
    env.post('ModifyChannel', { channelId: 1, targetVp: 4 })
    expect(env.effects()).toEqual([{ kind: 'modify', offer, interrupt: interrupt(3) }])
    expect(env.rules()).toEqual(['modify-pending'])
    env.server.modifyComplete(offer, true)
    expect(env.heard()).toEqual([response()])
    env.expectIgnored()
  })

  it('[B94][SV-24] below 5.3 the latest is applied when the first is done', () => {
    const { env, offer } = opened(V4_1)
    for (const targetVp of [3, 4, 5]) env.post('ModifyChannel', { channelId: 1, targetVp })
    expect(env.effects()).toEqual([{ kind: 'modify', offer, interrupt: interrupt(3) }])
    env.server.modifyComplete(offer, true)
    expect(env.effects()).toEqual([{ kind: 'modify', offer, interrupt: interrupt(5) }])
    env.server.modifyComplete(offer, true)
    env.expectIgnored()
  })

  it('[B95][SV-03] does not exist below 4.1', () => {
    const { env } = opened(V4_0)
    env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([])
    expect(env.violations()).toMatchObject([
      { rule: 'type-not-allowed', code: 'TYPE', field: 'header.messageType', offset: 0 },
    ])
  })

  it('is handled all the same, and reported, when the guest is only observed', () => {
    const env = new TestEnv({ acceptance: 'observe' })
    const offer = env.one({ version: V4_0 })
    env.opened(offer, 1)
    env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
    expect(env.effects()).toEqual([{ kind: 'modify', offer, interrupt: interrupt(3) }])
    expect(env.rules()).toEqual(['type-not-allowed'])
  })
})

describe('ModifyConnection', () => {
  const pages = { parentToChildMonitorPage: 0x1000n, childToParentMonitorPage: 0x2000n }
  const none = { parentToChildMonitorPage: 0n, childToParentMonitorPage: 0n }
  const done = (connectionState = 0) => ({ type: 'ModifyConnectionResponse', connectionState })
  const monitorPages = { parentToChild: 0x1000n, childToParent: 0x2000n }

  it('[B96] adopts other monitor pages', () => {
    const env = new TestEnv().connect({ features: 0x4 })
    env.post('ModifyConnection', pages)
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'modify-connection', monitorPages }])
    env.server.modifyConnectionComplete(true)
    expect(env.server.peekMessage()?.bytes).toHaveLength(9)
    expect(env.heard()).toEqual([done()])
    env.offer(1, { monitorLatency: 1 })
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ monitorId: 0 }, { type: 'AllOffersDelivered' }])
  })

  it('[B96] the transport may refuse', () => {
    const env = new TestEnv().connect({ features: 0x4, ...pages })
    env.post('ModifyConnection', { parentToChildMonitorPage: 0x8000n, childToParentMonitorPage: 0x9000n })
    env.server.modifyConnectionComplete(false)
    expect(env.heard()).toEqual([done(2)])
  })

  it('[B97] does not exist without its feature', () => {
    const env = new TestEnv().connect({ features: 0x20 })
    env.post('ModifyConnection', pages)
    env.expectIgnored('type-not-allowed')
  })

  it('[B98] without pages takes them away', () => {
    const env = new TestEnv().connect({ features: 0x4, ...pages })
    env.post('ModifyConnection', none)
    expect(env.effects()).toEqual([{ kind: 'modify-connection', monitorPages: undefined }])
    env.server.modifyConnectionComplete(true)
    expect(env.heard()).toEqual([done()])
    env.offer(1, { monitorLatency: 1 })
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ monitorId: 0xff }, { type: 'AllOffersDelivered' }])
  })

  it('[B99][SV-25] with one page, or misaligned ones, fails', () => {
    for (const [wrong, rule] of [
      [{ ...pages, parentToChildMonitorPage: 0n }, 'monitor-pages-incomplete'],
      [{ ...pages, childToParentMonitorPage: 0n }, 'monitor-pages-incomplete'],
      [{ ...pages, childToParentMonitorPage: 0x2001n }, 'page-unaligned'],
    ] as const) {
      const env = new TestEnv().connect({ features: 0x4 })
      env.post('ModifyConnection', wrong)
      expect(env.heard()).toEqual([done(2)])
      expect(env.effects()).toEqual([])
      expect(env.rules()).toEqual([rule])
    }
  })

  it('[B99][SV-25] while one is under way fails; the first is answered too', () => {
    const env = new TestEnv().connect({ features: 0x4 })
    env.post('ModifyConnection', pages)
    env.post('ModifyConnection', none)
    expect(env.heard()).toEqual([done(2)])
    expect(env.effects()).toEqual([{ kind: 'modify-connection', monitorPages }])
    expect(env.rules()).toEqual(['modify-connection'])
    env.server.modifyConnectionComplete(true)
    expect(env.heard()).toEqual([done()])
  })

  it('[B99][SV-25] with pages of the host, or an open channel that uses them, fails', () => {
    const own = new TestEnv({ monitorPages }).connect({ features: 0x44 })
    own.post('ModifyConnection', none)
    expect(own.heard()).toEqual([done(2)])

    const env = new TestEnv()
    const offer = env.one({ features: 0x4, ...pages }, { monitorLatency: 1 })
    env.opened(offer, 1)
    env.post('ModifyConnection', none)
    expect(env.heard()).toEqual([done(2)])
    env.post('CloseChannel', { channelId: 1 })
    env.server.closeComplete(offer)
    env.effects()
    env.post('ModifyConnection', none)
    expect(env.effects()).toEqual([{ kind: 'modify-connection', monitorPages: undefined }])
  })

  it('holds up the end of the connection', () => {
    const env = new TestEnv().connect({ features: 0x4 })
    env.post('ModifyConnection', pages)
    env.post('Unload', {})
    expect(env.heard()).toEqual([])
    env.server.modifyConnectionComplete(true)
    expect(env.heard()).toEqual([{ type: 'UnloadComplete' }])
  })
})
