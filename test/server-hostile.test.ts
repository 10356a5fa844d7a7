import { describe, expect, it } from 'vitest'
import { ChannelMessage, ViolationError, VmbusServer } from '../src/vmbus/index.ts'
import { seeded } from './seed.ts'
import { contactBytes, pages, TestEnv } from './server-env.ts'

/** Bytes that look random, the same in each run. */
function noise(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

describe('bad messages', () => {
  it('[OK-01] messages longer than their structure, up to 240 bytes, are right', () => {
    const env = new TestEnv()
    const offer = env.offer(1)
    const post = (bytes: Uint8Array) => {
      const padded = new Uint8Array(240).fill(0xee)
      padded.set(bytes)
      env.postBytes(padded)
    }
    const fields = { channelId: 1, ringBufferGpadlId: 10, targetVp: 0, downstreamRingBufferPageOffset: 2 }
    post(contactBytes({ version: 0x0005_0003 }))
    env.version = 0x0005_0003
    expect(env.heard()).toMatchObject([{ type: 'VersionResponse', versionSupported: 1 }])
    post(ChannelMessage.encode({ type: 'RequestOffers' }))
    expect(env.heard()).toHaveLength(2)
    env.accepted(offer, 1, 10)
    post(ChannelMessage.encode({ type: 'OpenChannel', ...fields, openId: 7, userData: new Uint8Array(120) }))
    env.server.openComplete(offer, true)
    expect(env.heard()).toMatchObject([{ type: 'OpenResult', status: 0 }])
    post(ChannelMessage.encode({ type: 'ModifyChannel', channelId: 1, targetVp: 1 }))
    env.server.modifyComplete(offer, true)
    expect(env.heard()).toMatchObject([{ type: 'ModifyChannelResponse', status: 0 }])
    post(ChannelMessage.encode({ type: 'CloseChannel', channelId: 1 }))
    env.server.closeComplete(offer)
    post(ChannelMessage.encode({ type: 'GpadlTeardown', channelId: 1, gpadlId: 10 }))
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toMatchObject([{ type: 'GpadlTorndown' }])
    post(ChannelMessage.encode({ type: 'RelIdReleased', channelId: 1 }))
    post(ChannelMessage.encode({ type: 'Unload' }))
    expect(env.heard()).toMatchObject([{ type: 'UnloadComplete' }])
    expect(env.rules()).toEqual([])
  })

  it('every message, cut short at every length, is dropped and changes nothing', () => {
    const messages: Uint8Array[] = [
      contactBytes({}),
      ChannelMessage.encode({ type: 'CloseChannel', channelId: 1 }),
      ChannelMessage.encode({ type: 'GpadlTeardown', channelId: 1, gpadlId: 10 }),
      ChannelMessage.encode({ type: 'RelIdReleased', channelId: 1 }),
      ChannelMessage.encode({ type: 'ModifyChannel', channelId: 1, targetVp: 1 }),
      ChannelMessage.encode({ type: 'CloseReservedChannel', channelId: 1, targetVp: 1, targetSint: 2 }),
    ]
    const env = new TestEnv()
    env.opened(env.one(), 1)
    const before = env.server.save()
    for (const bytes of messages) {
      for (let length = 0; length < bytes.length; length++) {
        env.postBytes(bytes.subarray(0, length))
        expect(env.violations()).toMatchObject([{ code: 'SHORT' }])
      }
    }
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([])
    expect(env.server.save()).toEqual(before)
  })

  it('a message of more than 240 bytes is dropped', () => {
    const env = new TestEnv()
    env.postBytes(new Uint8Array(5000))
    expect(env.violations()).toMatchObject([{ rule: 'message-too-long', code: 'LENGTH', offset: 240 }])
  })

  it('[SV-01][SV-03] messages of the host, and of no one, are dropped', () => {
    const env = new TestEnv()
    env.one({ features: 0x27 })
    for (const type of [0, 1, 2, 4, 6, 10, 12, 15, 17, 20, 23, 24, 26, 28, 30, 0xffff_ffff]) {
      const bytes = new Uint8Array(240)
      new DataView(bytes.buffer).setUint32(0, type, true)
      env.postBytes(bytes)
      expect(env.violations()).toMatchObject([{ code: 'TYPE', field: 'header.messageType', offset: 0 }])
    }
    env.expectIgnored()
  })

  it('keeps nothing of the bytes that it was given', () => {
    const env = new TestEnv()
    env.contact()
    // Waits in the inbox until the version response is taken.
    const bytes = ChannelMessage.encode({ type: 'RequestOffers' })
    env.postBytes(bytes)
    bytes.fill(0xff)
    expect(env.heard()).toMatchObject([{ type: 'VersionResponse2' }, { type: 'AllOffersDelivered' }])
  })

  it('takes 64 messages while its own wait, and no more', () => {
    const env = new TestEnv()
    env.contact()
    for (let count = 0; count < 64; count++) expect(env.post('RequestOffers', {})).toBe(true)
    expect(env.post('RequestOffers', {})).toBe(false)
    expect(env.heard()).toHaveLength(2)
    expect(env.post('RequestOffers', {})).toBe(true)
  })

  it('[SV-33] a guest that takes no messages is cut off when too many wait', () => {
    const env = new TestEnv({ maxOutgoing: 100 })
    const offer = env.one()
    for (let number = 2; number <= 101; number++) env.offer(number)
    expect(env.effects()).toEqual([])
    expect(env.rules()).toEqual([])
    env.server.revoke(offer)
    expect(env.rules()).toEqual(['outgoing-limit'])
    expect(env.server.peekMessage()).toBeUndefined()
    expect(env.effects()).toEqual([{ kind: 'revoked', offer }, { kind: 'disconnected' }])
    env.connect()
  })

  it('[SV-33] by default when 8192 wait', () => {
    const env = new TestEnv()
    const offer = env.one()
    const header = { channelId: 1, rangeBufferLength: 16, rangeCount: 1, data: [4096n, 1n] }
    for (let gpadlId = 0; gpadlId < 10_000; gpadlId++) env.post('GpadlHeader', { ...header, gpadlId })
    env.effects()
    for (let gpadlId = 0; gpadlId < 8192; gpadlId++) env.server.gpadlComplete(offer, gpadlId, true)
    expect(env.effects()).toEqual([])
    env.server.gpadlComplete(offer, 8192, true)
    expect(env.rules()).toEqual(['outgoing-limit'])
    expect(env.server.peekMessage()).toBeUndefined()
    expect(env.effects()).toHaveLength(8193)
    for (let gpadlId = 8193; gpadlId < 10_000; gpadlId++) env.server.gpadlComplete(offer, gpadlId, false)
    for (let gpadlId = 0; gpadlId <= 8192; gpadlId++) env.server.gpadlTeardownComplete(offer, gpadlId)
    expect(env.effects()).toEqual([{ kind: 'disconnected' }])
    expect(env.rules()).toEqual([])
    expect(env.server.explain()).toEqual(['guest: InitiateContact'])
  })

  it('[SV-34] random messages leave nothing behind: 100,000, or a million with VMBUS_RUNS=1000', () => {
    const env = new TestEnv({ features: 0x7f })
    env.offered(3)
    const before = env.server.save()
    const next = noise(seeded.seed ?? 42)
    const bytes = new Uint8Array(240)
    const words = new Uint32Array(bytes.buffer)
    const messages = 1000 * seeded.numRuns
    for (let count = 0; count < messages; count++) {
      for (let at = 0; at < 60; at += 1 + (count & 7)) words[at] = next()
      env.postBytes(bytes)
    }
    expect(env.server.save()).toEqual(before)
    expect(env.effects()).toEqual([])
    expect(env.server.violations.total).toBe(messages)
    expect(env.server.violations.kept.length).toBeLessThanOrEqual(8)
  }, 60_000)

  it('[SV-34] nor do those whose type is right', () => {
    const env = new TestEnv()
    env.offered(3, { features: 0x27 })
    const next = noise(43)
    const bytes = new Uint8Array(240)
    const words = new Uint32Array(bytes.buffer)
    for (let count = 0; count < 5000; count++) {
      for (let at = 0; at < 60; at++) words[at] = next()
      words[0] = next() % 32
      // These may well end the connection, stop intake, or fill a table with what no body completes.
      if (words[0] === 14 || words[0] === 16 || words[0] === 21) continue
      env.postBytes(bytes)
      while (env.server.peekMessage() !== undefined) env.server.messageSent()
    }
    for (const channel of env.server.channels()) expect(channel).toMatchObject({ state: 'closed', gpadls: 0 })
    expect(env.server.violations.kept.length).toBeLessThan(8 * 20)
  }, 60_000)

  it('under the policy throw, the violation is thrown after the message was dealt with', () => {
    const server = new VmbusServer({ violations: 'throw' })
    expect(() => server.receive(contactBytes({ version: 7 }), { connectionId: 1 })).toThrow(ViolationError)
    expect(server.peekMessage()?.bytes).toHaveLength(16)
    server.messageSent()
    expect(server.receive(contactBytes({}), { connectionId: 1 })).toBe(true)
    expect(server.peekMessage()?.bytes[8]).toBe(1)
  })

  it('says what it waits for', () => {
    const env = new TestEnv()
    expect(env.server.explain()).toEqual(['guest: InitiateContact'])
    const [first, second] = env.two({ features: 0x24 })
    expect(env.server.explain()).toEqual(['guest connected at 6.0'])
    env.opened(first, 1)
    env.post('ModifyChannel', { channelId: 1, targetVp: 1 })
    env.gpadl(2, 20, pages(27).slice(0, 1))
    env.post('GpadlHeader', { channelId: 2, gpadlId: 21, rangeBufferLength: 16, rangeCount: 1, data: [1n] })
    env.post('ModifyConnection', { parentToChildMonitorPage: 0n, childToParentMonitorPage: 0n })
    env.post('Pause', {})
    env.post('CloseChannel', { channelId: 1 })
    expect(env.server.explain()).toEqual([
      'guest connected at 6.0',
      'guest: to take 1 messages',
      'guest: Resume',
      '1 messages of the guest wait to be handled',
      'transport: modifyConnectionComplete',
      'channel 1: modifyComplete',
      'channel 2: gpadlComplete for 20',
      'channel 2: GpadlBody, 8 bytes of GPADL 21',
    ])
    env.server.revoke(second)
    expect(env.server.explain()).toContain('channel 2: RelIdReleased')
  })
})
