import { describe, expect, it } from 'vitest'
import { VmbusVersion } from '../src/vmbus/index.ts'
import { type ContactParams, FAIL, openEffect, pages, TestEnv } from './server-env.ts'

const result = (status = 0, channelId = 1) => ({ type: 'OpenResult', channelId, openId: 7, status })

/** A channel whose GPADL 10, of 4 pages, is there. */
function ready(params: ContactParams = {}) {
  const env = new TestEnv()
  const offer = env.one(params)
  env.accepted(offer, 1, 10)
  return { env, offer }
}

describe('open and close', () => {
  it('[B43] asks the device, then answers with the open id', () => {
    const { env, offer } = ready()
    const userData = Uint8Array.from({ length: 120 }, (_, index) => index)
    env.open(1, { openId: 0xdead_beef, userData, targetVp: 3 })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([
      openEffect(offer, 1, {
        openId: 0xdead_beef,
        userData,
        interrupt: { kind: 'event', vp: 3, sint: 2, flag: 1 },
      }),
    ])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([{ ...result(), openId: 0xdead_beef }])
    expect(env.rules()).toEqual([])
  })

  it('[B44] a device that refuses leaves the channel closed, to be opened anew', () => {
    const { env, offer } = ready()
    env.open(1)
    env.server.openComplete(offer, false)
    expect(env.heard()).toEqual([result(FAIL)])
    env.effects()
    env.open(1)
    expect(env.effects()).toEqual([openEffect(offer, 1)])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([result()])
  })

  it('[B45][SV-13] open while opening, open or re-opening is ignored', () => {
    const { env, offer } = ready()
    env.open(1)
    env.effects()
    env.open(1)
    expect(env.effects()).toEqual([])
    expect(env.violations()).toEqual([
      {
        rule: 'open-not-closed',
        code: 'STATE',
        field: 'channelId',
        offset: 8,
        why: 'the channel is already open',
        channelId: 1,
      },
    ])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([result()])
    env.open(1)
    env.expectIgnored('open-not-closed')
    env.post('CloseChannel', { channelId: 1 })
    env.open(1)
    env.effects()
    env.open(1)
    env.expectIgnored('open-not-closed')
  })

  it('[B46] close has no answer', () => {
    const { env, offer } = ready()
    env.open(1)
    env.server.openComplete(offer, true)
    env.heard()
    env.effects()
    env.post('CloseChannel', { channelId: 1 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    env.expectIgnored()
    expect(env.server.channels()).toMatchObject([{ state: 'closed' }])
  })

  it('[B47][SV-22] close of what is not open is ignored', () => {
    const { env, offer } = ready()
    env.post('CloseChannel', { channelId: 9 })
    env.expectIgnored('unknown-channel')
    env.post('CloseChannel', { channelId: 1 })
    env.expectIgnored('close-not-open')
    env.open(1)
    env.effects()
    env.post('CloseChannel', { channelId: 1 })
    env.expectIgnored('close-not-open')
    env.server.openComplete(offer, true)
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    env.effects()
    env.post('CloseChannel', { channelId: 1 })
    env.expectIgnored('close-not-open')
  })

  it('[SV-22] close during a modify closes, and the modify is still answered', () => {
    const { env, offer } = ready()
    env.open(1)
    env.server.openComplete(offer, true)
    env.heard()
    env.post('ModifyChannel', { channelId: 1, targetVp: 2 })
    env.effects()
    env.post('CloseChannel', { channelId: 1 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    expect(env.rules()).toEqual(['close-during-modify'])
    env.server.modifyComplete(offer, true)
    expect(env.heard()).toEqual([{ type: 'ModifyChannelResponse', channelId: 1, status: 0 }])
    env.server.closeComplete(offer)
    env.expectIgnored()
  })

  it('[B48] open while closing is held until the close is done', () => {
    const { env, offer } = ready()
    env.open(1)
    env.server.openComplete(offer, true)
    env.heard()
    env.effects()
    env.post('CloseChannel', { channelId: 1 })
    env.open(1, { openId: 8, targetVp: 2 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    expect(env.effects()).toEqual([
      openEffect(offer, 1, { openId: 8, interrupt: { kind: 'event', vp: 2, sint: 2, flag: 1 } }),
    ])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([{ ...result(), openId: 8 }])
  })

  it('[B48] and fails then, when its ring has gone meanwhile', () => {
    const { env, offer } = ready()
    env.open(1)
    env.server.openComplete(offer, true)
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    env.open(1, { openId: 8 })
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    env.effects()
    env.server.closeComplete(offer)
    expect(env.heard()).toEqual([{ ...result(FAIL), openId: 8 }])
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    expect(env.rules()).toEqual(['open-ring'])
  })

  it('[B49] open and close of a rescinded channel are ignored', () => {
    const { env, offer } = ready()
    env.server.revoke(offer)
    env.heard()
    env.effects()
    env.open(1)
    env.post('CloseChannel', { channelId: 1 })
    env.expectIgnored('channel-revoked', 'channel-revoked')
  })

  it('[B50][SV-19][OK-07] target VP 0xffffffff: no interrupts', () => {
    const { env, offer } = ready()
    env.open(1, { targetVp: 0xffff_ffff })
    expect(env.effects()).toEqual([openEffect(offer, 1, { interrupt: { kind: 'none' } })])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([result()])
    expect(env.rules()).toEqual([])
  })

  it.each([0x1, 0x2, 0x3])('[B51] with features %i the short form is too short', (features) => {
    const { env, offer } = ready({ features })
    env.open(1)
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([])
    expect(env.violations()).toMatchObject([{ rule: 'malformed', code: 'SHORT', offset: 148 }])
    env.open2(1, { connectionId: 77, eventFlag: 5 })
    expect(env.effects()).toMatchObject([{ kind: 'open', offer }])
  })

  it('[B51][OK-01] without them the short form is right, and more bytes are ignored', () => {
    const { env, offer } = ready({ features: 0x24 })
    env.open2(1, { connectionId: 77, eventFlag: 5, flags: { redirectInterrupt: true } })
    expect(env.effects()).toEqual([openEffect(offer, 1)])
    expect(env.rules()).toEqual([])
  })

  it('[B52] the guest may choose event flag and connection', () => {
    const env = new TestEnv()
    const [first, second] = env.two({ features: 0x1 })
    env.accepted(first, 1, 10)
    env.accepted(second, 2, 10)
    env.open2(1, { connectionId: 77, eventFlag: 500 })
    expect(env.effects()).toEqual([
      openEffect(first, 1, { connectionId: 77, interrupt: { kind: 'event', vp: 0, sint: 2, flag: 500 } }),
    ])
    expect(env.server.channelSignalled(77)).toBe(first)
    env.open2(2, { connectionId: 77, eventFlag: 501 })
    expect(env.heard()).toEqual([result(FAIL, 2)])
    expect(env.violations()).toMatchObject([{ rule: 'open-connection-taken', code: 'DUP', offset: 148 }])
    env.server.openComplete(first, true)
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    env.server.closeComplete(first)
    env.effects()
    env.open2(2, { connectionId: 77, eventFlag: 501 })
    expect(env.effects()).toMatchObject([{ kind: 'open', offer: second }])
  })

  it('[B53] with interrupt redirection alone, flag and connection are the offered ones', () => {
    const { env, offer } = ready({ features: 0x2 })
    env.open2(1, { connectionId: 77, eventFlag: 500, flags: { redirectInterrupt: true } })
    expect(env.effects()).toEqual([
      openEffect(offer, 1, { interrupt: { kind: 'event', vp: 0, sint: 2, flag: 1, vtl: 2 } }),
    ])
  })

  it('[B54] a chosen connection is not remembered, and only bit 0 of the flags counts', () => {
    const { env, offer } = ready({ features: 0x1 })
    const flags = (word: number) => {
      const bytes = new Uint8Array(156)
      const view = new DataView(bytes.buffer)
      view.setUint32(0, 5, true)
      view.setUint32(8, 1, true)
      view.setUint32(12, 7, true)
      view.setUint32(16, 10, true)
      view.setUint32(24, 2, true)
      view.setUint32(148, 77, true)
      view.setUint16(152, 5, true)
      view.setUint16(154, word, true)
      return bytes
    }
    env.postBytes(flags(0xabc))
    expect(env.effects()).toEqual([
      openEffect(offer, 1, { connectionId: 77, interrupt: { kind: 'event', vp: 0, sint: 2, flag: 5 } }),
    ])
    env.server.openComplete(offer, true)
    env.heard()
    env.post('Unload', {})
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    env.heard()
    env.effects()
    env.connect({ features: 0x2 })
    env.post('RequestOffers', {})
    env.heard()
    env.accepted(offer, 1, 10)
    env.postBytes(flags(0xabc))
    expect(env.effects()).toEqual([openEffect(offer, 1)])
    env.server.openComplete(offer, false)
    env.heard()
    env.postBytes(flags(0xabd))
    expect(env.effects()).toMatchObject([{ request: { interrupt: { vtl: 2 } } }])
  })

  it('[B55] before 2.4 interrupts are bits of the interrupt page; at 0.13 all signals come on connection 2', () => {
    for (const [version, connectionId] of [
      [VmbusVersion.V0_13, 2],
      [VmbusVersion.V1_1, 0x2001],
    ] as const) {
      const { env, offer } = ready({ version, interruptPage: 0x5000n })
      env.open(1)
      expect(env.effects()).toEqual([
        openEffect(offer, 1, {
          interrupt: { kind: 'interrupt-page', page: 0x5000n, bit: 1, sint: 2 },
          connectionId,
        }),
      ])
      expect(env.server.channelAt(1)).toBe(offer)
    }
    const { env, offer } = ready({ version: VmbusVersion.V1_1 })
    env.open(1)
    expect(env.effects()).toEqual([openEffect(offer, 1, { interrupt: { kind: 'none' } })])
  })

  it.each([0, 4, 5, 0xffff_ffff])('[B56][SV-15] a ring that begins at page %i of 4 fails', (offset) => {
    const { env } = ready()
    env.open(1, { downstreamRingBufferPageOffset: offset })
    expect(env.heard()).toEqual([result(FAIL)])
    expect(env.effects()).toEqual([])
    expect(env.violations()).toMatchObject([
      { rule: 'open-offset', code: 'RANGE', field: 'downstreamRingBufferPageOffset', offset: 24, channelId: 1 },
    ])
    expect(env.server.channels()).toMatchObject([{ state: 'closed' }])
  })

  it.each([1, 3])('[B56] a ring that begins at page %i of 4 is right', (offset) => {
    const { env, offer } = ready()
    env.open(1, { downstreamRingBufferPageOffset: offset })
    expect(env.effects()).toEqual([openEffect(offer, 1, { downstreamPageOffset: offset })])
  })

  it.each([
    ['an offset in its first page', [{ byteCount: 0x3000, byteOffset: 8, pfns: [1, 2, 3, 4] }]],
    ['a last page in part', [{ byteCount: 0x3ff8, byteOffset: 0, pfns: [1, 2, 3, 4] }]],
    ['two ranges', [...pages(2), ...pages(2)]],
  ])('[B56][SV-16][SV-18] a ring with %s fails', (_, ranges) => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10, ranges)
    env.open(1)
    expect(env.heard()).toEqual([result(FAIL)])
    expect(env.violations()).toMatchObject([{ rule: 'open-ring', field: 'ringBufferGpadlId', offset: 16 }])
  })

  it('[SV-18] the largest GPADL is far below a half of 4 GiB', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10, pages(8190))
    env.open(1, { downstreamRingBufferPageOffset: 4095 })
    expect(env.effects()).toMatchObject([{ request: { ring: { byteCount: 8190 * 4096 } } }])
  })

  it('[B56] an unknown GPADL, one of another channel, or one on its way fails', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.accepted(second, 2, 11)
    env.gpadl(1, 12)
    env.accepted(first, 1, 13)
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 13 })
    env.effects()
    for (const ringBufferGpadlId of [10, 11, 12, 13]) {
      env.open(1, { ringBufferGpadlId })
      expect(env.heard()).toEqual([result(FAIL)])
    }
    expect(env.effects()).toEqual([])
    expect(env.rules()).toEqual(['open-ring', 'open-ring', 'open-ring', 'open-ring'])
  })

  it.each([2048, 0xffff])('[SV-21] event flag %i fails the open', (eventFlag) => {
    const { env } = ready({ features: 1 })
    env.open2(1, { connectionId: 77, eventFlag })
    expect(env.heard()).toEqual([result(FAIL)])
    expect(env.violations()).toMatchObject([
      { rule: 'open-event-flag', code: 'RANGE', field: 'eventFlag', offset: 152 },
    ])
    expect(env.server.channelSignalled(77)).toBeUndefined()
  })

  it('[B57] no interrupt but those of the device follows an open', () => {
    const { env, offer } = ready()
    env.open(1)
    env.effects()
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([result()])
    env.expectIgnored()
  })

  it('[B59] what a stopped device was asked waits, while GPADLs and close go on', () => {
    const { env, offer } = ready()
    env.open(1)
    env.gpadl(1, 11)
    env.server.gpadlComplete(offer, 11, true)
    expect(env.heard()).toEqual([{ type: 'GpadlCreated', channelId: 1, gpadlId: 11, status: 0 }])
    expect(env.effects().map(({ kind }) => kind)).toEqual(['open', 'gpadl'])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([result()])
  })

  it('[TR-05] a close with packets in the ring: the pages stay until the device has let go', () => {
    const { env, offer } = ready()
    env.open(1)
    env.server.openComplete(offer, true)
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    expect(env.effects().map(({ kind }) => kind)).toEqual(['open', 'close'])
    expect(env.heard()).toEqual([])
    env.server.closeComplete(offer)
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 10 }])
  })

  it('answers that nothing waits for are reported', () => {
    const { env, offer } = ready()
    env.server.openComplete(offer, true)
    env.server.closeComplete(offer)
    env.server.gpadlComplete(offer, 10, true)
    env.server.gpadlTeardownComplete(offer, 10)
    env.server.modifyComplete(offer, true)
    env.server.modifyConnectionComplete(true)
    env.expectIgnored(...new Array<string>(6).fill('completion-unexpected'))
  })
})
