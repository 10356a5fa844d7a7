import { describe, expect, it } from 'vitest'
import { FAIL, id, TestEnv } from './server-env.ts'

const rescind = (channelId: number) => ({ type: 'RescindChannelOffer', channelId })

describe('rescind, release, offer again', () => {
  it('[B83] the relid stays taken until it is released', () => {
    const env = new TestEnv()
    const offer = env.one()
    expect(env.server.revoke(offer)).toBe(true)
    expect(env.heard()).toEqual([rescind(1)])
    expect(env.effects()).toEqual([{ kind: 'revoked', offer }])
    env.offer(2)
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 2 }])
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored()
    env.offer(3)
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1 }])
  })

  it('[B84] a released channel is forgotten', () => {
    const env = new TestEnv()
    env.server.revoke(env.one())
    env.heard()
    env.effects()
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.server.channels()).toEqual([])
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored('unknown-channel')
  })

  it('is not told to a guest that has not been offered the channel', () => {
    const env = new TestEnv()
    const offer = env.offer(1)
    env.connect()
    env.server.revoke(offer)
    env.post('RequestOffers', {})
    expect(env.heard()).toEqual([{ type: 'AllOffersDelivered' }])
  })

  it('[B85] a closed channel may be released, and is not offered again on this connection', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(offer, 10)
    env.expectIgnored()
    env.open(1)
    env.expectIgnored('unknown-channel')
    env.offer(2)
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1, offer: { instanceId: id(2) } }])
    env.post('Unload', {})
    env.heard()
    env.effects()
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ channelId: 1 }, { channelId: 2 }, { type: 'AllOffersDelivered' }])
  })

  it('[B86] a channel that is opening, open or re-opening cannot be released', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.open(1)
    env.effects()
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored('release-in-use')
    env.server.openComplete(offer, true)
    env.heard()
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored('release-in-use')
    env.post('CloseChannel', { channelId: 1 })
    env.open(1)
    env.effects()
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored('release-in-use')
    env.server.closeComplete(offer)
    expect(env.effects()).toMatchObject([{ kind: 'open' }])
  })

  it('[B87] a channel that is closing may be released; the close completes', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    env.post('CloseChannel', { channelId: 1 })
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(offer, 10)
    env.expectIgnored()
    expect(env.server.channels()).toMatchObject([{ state: 'released', channelId: undefined, gpadls: 0 }])
  })

  it('[B88] offered again before the release: the same relid, after it', () => {
    const env = new TestEnv()
    env.server.revoke(env.one())
    env.heard()
    env.effects()
    const again = env.offer(1, { mmioMegabytes: 5 })
    env.expectIgnored()
    env.open(1)
    env.expectIgnored('channel-revoked')
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1, offer: { mmioMegabytes: 5 } }])
    env.opened(again, 1)
  })

  it('[B88] and removed again before the release: nothing', () => {
    const env = new TestEnv()
    env.server.revoke(env.one())
    env.heard()
    env.effects()
    const again = env.offer(1)
    env.server.revoke(again)
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'revoked', offer: again }])
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored()
    expect(env.server.channels()).toEqual([])
  })

  it('[B88][TR-04] a late revoke of the old offer does not touch the new one', () => {
    const env = new TestEnv()
    const old = env.one()
    env.server.revoke(old)
    const again = env.offer(1)
    env.post('RelIdReleased', { channelId: 1 })
    env.heard()
    env.effects()
    env.rules()
    expect(env.server.revoke(old)).toBe(false)
    // Nor does an answer that the old device was about to give.
    env.server.openComplete(old, true)
    env.server.closeComplete(old)
    env.expectIgnored()
    env.opened(again, 1)
  })

  it('[B80] what the guest waits for is answered before the rescind', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.accepted(offer, 1, 11)
    env.gpadl(1, 12)
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 11 })
    env.effects()
    env.server.revoke(offer)
    expect(env.heard()).toEqual([
      { type: 'GpadlTorndown', gpadlId: 11 },
      { type: 'GpadlCreated', channelId: 1, gpadlId: 12, status: FAIL },
      rescind(1),
    ])
    expect(env.effects()).toEqual([{ kind: 'revoked', offer }])
    env.server.gpadlComplete(offer, 12, true)
    env.server.gpadlTeardownComplete(offer, 11)
    env.expectIgnored()
  })

  it('[B80] and so is ModifyChannel', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    env.post('ModifyChannel', { channelId: 1, targetVp: 1 })
    env.server.revoke(offer)
    expect(env.heard()).toEqual([{ type: 'ModifyChannelResponse', channelId: 1, status: FAIL }, rescind(1)])
    env.server.modifyComplete(offer, true)
    expect(env.heard()).toEqual([])
  })

  it('[B79] on a rescinded channel GPADLs come and go without a device', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.server.revoke(offer)
    env.heard()
    env.effects()
    env.gpadl(1, 11)
    expect(env.heard()).toEqual([{ type: 'GpadlCreated', channelId: 1, gpadlId: 11, status: 0 }])
    for (const gpadlId of [10, 11]) {
      env.post('GpadlTeardown', { channelId: 1, gpadlId })
      expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId }])
    }
    expect(env.effects()).toEqual([])
    expect(env.rules()).toEqual([])
  })

  it('[B49][TR-01] rescind between open and its answer: no answer, one release', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.open(1)
    env.effects()
    env.server.revoke(offer)
    expect(env.heard()).toEqual([rescind(1)])
    env.server.openComplete(offer, true)
    env.effects()
    env.expectIgnored()
    env.open(1)
    env.post('CloseChannel', { channelId: 1 })
    env.expectIgnored('channel-revoked', 'channel-revoked')
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored()
    expect(env.server.channels()).toEqual([])
  })

  it('[TR-02] rescind amid a GPADL: it fails, later bodies are dropped, nothing is kept', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.post('GpadlHeader', {
      channelId: 1,
      gpadlId: 10,
      rangeBufferLength: 808,
      rangeCount: 1,
      data: [100n * 4096n, ...new Array<bigint>(26).fill(1n)],
    })
    env.server.revoke(offer)
    expect(env.heard()).toEqual([{ type: 'GpadlCreated', channelId: 1, gpadlId: 10, status: FAIL }, rescind(1)])
    env.effects()
    env.post('GpadlBody', { messageNumber: 0, gpadlId: 10, data: new Array<bigint>(28).fill(1n) })
    env.expectIgnored('gpadl-not-assembling')
    expect(env.server.channels()).toMatchObject([{ gpadls: 0 }])
    env.post('RelIdReleased', { channelId: 1 })
    expect(env.server.channels()).toEqual([])
  })

  it('[B58] sub-channels go first, with the device or when the primary channel is closed', () => {
    const env = new TestEnv()
    const primary = env.one()
    const subs = [1, 2].map((subchannelIndex) => env.offer(1, { subchannelIndex }))
    env.heard()
    env.opened(primary, 1)
    env.post('CloseChannel', { channelId: 1 })
    expect(env.heard()).toEqual([rescind(2), rescind(3)])
    expect(env.effects()).toEqual([
      { kind: 'close', offer: primary, channelId: 1 },
      { kind: 'revoked', offer: subs[0] },
      { kind: 'revoked', offer: subs[1] },
    ])
    env.server.closeComplete(primary)
    env.post('RelIdReleased', { channelId: 2 })
    env.offer(1, { subchannelIndex: 1 })
    env.heard()
    env.server.revoke(primary)
    expect(env.heard()).toEqual([rescind(2), rescind(1)])
  })

  it('[B81] releasing a channel, or unloading, drops its GPADLs without a word', () => {
    for (const type of ['RelIdReleased', 'Unload'] as const) {
      const env = new TestEnv()
      const offer = env.one()
      env.accepted(offer, 1, 10)
      if (type === 'Unload') env.post('Unload', {})
      else env.post('RelIdReleased', { channelId: 1 })
      expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
      expect(env.heard()).toEqual([])
      env.server.gpadlTeardownComplete(offer, 10)
      expect(env.heard()).toEqual(type === 'Unload' ? [{ type: 'UnloadComplete' }] : [])
    }
  })

  it('[B81] and after a rescind the device is not even asked', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.server.revoke(offer)
    env.heard()
    env.effects()
    env.post('RelIdReleased', { channelId: 1 })
    env.expectIgnored()
  })

  it('[B41][SV-12] messages for channels that were never offered, or are released, are dropped', () => {
    const env = new TestEnv()
    const [first] = env.two()
    env.server.revoke(first)
    env.post('RelIdReleased', { channelId: 1 })
    env.heard()
    env.effects()
    for (const channelId of [1, 3, 0, 2048, 0xffff_ffff]) {
      env.open(channelId)
      env.post('CloseChannel', { channelId })
      env.post('RelIdReleased', { channelId })
      env.post('GpadlTeardown', { channelId, gpadlId: 1 })
      env.openReserved(channelId)
      expect(env.heard()).toEqual([])
      expect(env.effects()).toEqual([])
      expect(env.violations()).toMatchObject(
        new Array(5).fill({ rule: 'unknown-channel', code: 'UNKNOWN-ID', field: 'channelId', offset: 8, channelId }),
      )
    }
  })
})
