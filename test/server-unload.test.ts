import { describe, expect, it } from 'vitest'
import { VmbusVersion } from '../src/vmbus/index.ts'
import { TestEnv } from './server-env.ts'

const complete = { type: 'UnloadComplete' }

/** Nothing of the guest is left. */
function expectEmpty(env: TestEnv): void {
  expect(env.heard()).toEqual([])
  for (const channel of env.server.channels()) {
    expect(channel).toMatchObject({ state: 'released', channelId: undefined, monitorId: undefined, gpadls: 0 })
  }
  expect(env.server.explain()).toEqual(['guest: InitiateContact'])
}

describe('Unload', () => {
  it('[B100] with nothing open is complete at once', () => {
    const env = new TestEnv()
    env.two()
    env.post('Unload', {})
    expect(env.server.peekMessage()).toEqual({ vp: 0, sint: 2, bytes: Uint8Array.of(17, 0, 0, 0, 0, 0, 0, 0) })
    expect(env.heard()).toEqual([complete])
    expect(env.effects()).toEqual([{ kind: 'disconnected' }])
    expectEmpty(env)
    env.post('RequestOffers', {})
    env.expectIgnored('not-connected')
  })

  it('[B101][B103][TR-08] closes channels and drops GPADLs first, and says nothing else meanwhile', () => {
    const env = new TestEnv()
    const offers = env.offered(6)
    const [open, opening, closing, reopening, closed, gpadl] = offers
    if (!open || !opening || !closing || !reopening || !closed || !gpadl) throw new Error('six offers')
    env.opened(open, 1)
    env.accepted(opening, 2, 10)
    env.open(2)
    env.opened(closing, 3)
    env.post('CloseChannel', { channelId: 3 })
    env.opened(reopening, 4)
    env.post('CloseChannel', { channelId: 4 })
    env.open(4)
    env.accepted(gpadl, 6, 20)
    env.gpadl(6, 21)
    env.post('GpadlTeardown', { channelId: 6, gpadlId: 20 })
    env.post('GpadlHeader', { channelId: 6, gpadlId: 22, rangeBufferLength: 16, rangeCount: 1, data: [] })
    env.effects()

    env.post('Unload', {})
    expect(env.effects()).toEqual([{ kind: 'close', offer: open, channelId: 1 }])
    env.server.openComplete(opening, true)
    expect(env.effects()).toEqual([{ kind: 'close', offer: opening, channelId: 2 }])
    env.server.gpadlComplete(gpadl, 21, true)
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer: gpadl, gpadlId: 21 }])
    for (const offer of [open, opening, closing, reopening]) {
      env.server.closeComplete(offer)
      expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
      env.server.gpadlTeardownComplete(offer, 10)
    }
    env.server.gpadlTeardownComplete(gpadl, 20)
    // What the host does meanwhile is not told.
    env.server.revoke(closed)
    env.offer(9)
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'revoked', offer: closed }])
    env.server.gpadlTeardownComplete(gpadl, 21)
    expect(env.heard()).toEqual([complete])
    expect(env.effects()).toEqual([{ kind: 'disconnected' }])
    expect(env.rules()).toEqual([])
    expectEmpty(env)
  })

  it('[B101][TR-08] an open that fails meanwhile, or a device that goes, is waited for no longer', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.accepted(first, 1, 10)
    env.open(1)
    env.opened(second, 2)
    env.effects()
    env.post('Unload', {})
    env.server.openComplete(first, false)
    env.server.gpadlTeardownComplete(first, 10)
    expect(env.heard()).toEqual([])
    env.server.revoke(second)
    expect(env.heard()).toEqual([complete])
    expectEmpty(env)
  })

  it('[B101] waits for ModifyChannel too, and does not answer it', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    env.post('ModifyChannel', { channelId: 1, targetVp: 3 })
    env.post('Unload', {})
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([])
    env.server.modifyComplete(offer, true)
    expect(env.heard()).toEqual([complete])
    expectEmpty(env)
  })

  it('[B102][SV-27] when disconnected, or again, is ignored; a contact works afterwards, at another version', () => {
    const env = new TestEnv()
    env.post('Unload', {})
    env.expectIgnored('not-connected')
    const offer = env.one()
    env.opened(offer, 1)
    env.post('Unload', {})
    env.effects()
    env.post('Unload', {})
    env.expectIgnored('not-connected')
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([complete])
    env.effects()
    env.connect({ version: VmbusVersion.V4_0 })
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1 }, { type: 'AllOffersDelivered' }])
    env.opened(offer, 1)
  })

  it('[B37][B58] takes the sub-channels of open channels with it: the next connection has to ask for them', () => {
    const env = new TestEnv()
    const primary = env.one()
    const sub = env.offer(1, { subchannelIndex: 1 })
    env.heard()
    env.opened(primary, 1)
    env.opened(sub, 2)
    env.post('Unload', {})
    expect(env.effects()).toEqual([
      { kind: 'revoked', offer: sub },
      { kind: 'close', offer: primary, channelId: 1 },
    ])
    env.server.closeComplete(primary)
    env.server.gpadlTeardownComplete(primary, 10)
    expect(env.heard()).toEqual([complete])
    env.effects()
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ channelId: 1 }, { type: 'AllOffersDelivered' }])
  })

  it('has no answer at 0.13, which lacks the message', () => {
    const env = new TestEnv().connect({ version: VmbusVersion.V0_13 })
    env.post('Unload', {})
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'disconnected' }])
  })
})

describe('reset of the VM', () => {
  it('[B105] closes all channels, reserved ones too, drops what waits, and sends nothing', () => {
    const env = new TestEnv()
    const [open, opening, reserved, accepted] = env.offered(4)
    if (!open || !opening || !reserved || !accepted) throw new Error('four offers')
    env.opened(open, 1)
    env.accepted(opening, 2, 10)
    env.open(2)
    env.effects()
    env.openedReserved(reserved, 3)
    env.accepted(accepted, 4, 10)
    env.offer(9)
    expect(env.server.peekMessage()).toBeDefined()
    env.post('RequestOffers', {})
    env.server.reset()
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([
      { kind: 'close', offer: open, channelId: 1 },
      { kind: 'gpadl-teardown', offer: opening, gpadlId: 10 },
      { kind: 'close', offer: reserved, channelId: 3 },
      { kind: 'gpadl-teardown', offer: accepted, gpadlId: 10 },
    ])
    for (const offer of [open, reserved]) {
      env.server.closeComplete(offer)
      expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
      env.server.gpadlTeardownComplete(offer, 10)
    }
    env.server.gpadlTeardownComplete(opening, 10)
    env.server.gpadlTeardownComplete(accepted, 10)
    expect(env.effects()).toEqual([{ kind: 'disconnected' }])
    expect(env.rules()).toEqual([])
    expectEmpty(env)
  })

  it('[B105] while disconnected closes reserved channels, and no one learns of a disconnect', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.post('Unload', {})
    env.heard()
    env.effects()
    env.server.reset()
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    expectEmpty(env)
  })

  it('[B105] takes the place of what should follow an Unload', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    env.post('Unload', {})
    env.server.reset()
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    expectEmpty(env)
  })
})

describe('pause and resume', () => {
  it('[B119][B120] after PauseResponse all is held until Resume, then sent in order', () => {
    const env = new TestEnv()
    const offer = env.one({ features: 0x20 })
    env.gpadl(1, 10)
    env.effects()
    env.post('Pause', {})
    env.offer(2)
    env.server.gpadlComplete(offer, 10, true)
    env.server.revoke(offer)
    expect(env.heard()).toEqual([{ type: 'PauseResponse' }])
    env.post('Resume', {})
    expect(env.heard()).toMatchObject([
      { type: 'OfferChannel', channelId: 2 },
      { type: 'GpadlCreated', gpadlId: 10, status: 0 },
      { type: 'RescindChannelOffer', channelId: 1 },
    ])
    expect(env.rules()).toEqual([])
  })

  it('[B120] Resume has no answer; without Pause it is reported', () => {
    const env = new TestEnv().connect({ features: 0x20 })
    env.post('Pause', {})
    env.heard()
    env.post('Resume', {})
    env.expectIgnored()
    env.post('Resume', {})
    env.expectIgnored('not-paused')
  })

  it('[B121] Unload ends a pause, and what was held is not sent any more', () => {
    const env = new TestEnv().connect({ features: 0x20 })
    env.post('RequestOffers', {})
    env.heard()
    env.post('Pause', {})
    env.heard()
    env.offer(1)
    env.post('Unload', {})
    expect(env.heard()).toEqual([complete])
  })

  it('[B121] so does a contact', () => {
    const env = new TestEnv().connect({ features: 0x20 })
    env.post('Pause', {})
    env.heard()
    env.contact({ version: VmbusVersion.V5_3 })
    expect(env.heard()).toMatchObject([{ type: 'VersionResponse', versionSupported: 1 }])
  })

  it('[B121][SV-28] any other message is ignored', () => {
    const env = new TestEnv()
    const offer = env.one({ features: 0x20 })
    env.opened(offer, 1)
    env.post('Pause', {})
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    env.gpadl(1, 11)
    env.post('Pause', {})
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 0, targetSint: 2 })
    env.expectIgnored('paused', 'paused', 'paused', 'paused')
  })

  it('is reported and handled when the guest is only observed', () => {
    const env = new TestEnv({ acceptance: 'observe' })
    const offer = env.one({ features: 0x20 })
    env.opened(offer, 1)
    env.post('Pause', {})
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    expect(env.rules()).toEqual(['paused'])
  })

  it('[B121][SV-03] does not exist without its feature', () => {
    const env = new TestEnv().connect({ features: 0x4 })
    env.post('Pause', {})
    env.post('Resume', {})
    env.expectIgnored('type-not-allowed', 'type-not-allowed')
  })
})
