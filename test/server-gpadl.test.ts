import { describe, expect, it } from 'vitest'
import { type GpadlRange, gpadlMessages } from '../src/vmbus/index.ts'
import { FAIL, pages, TestEnv } from './server-env.ts'

const created = (status = 0, gpadlId = 10, channelId = 1) => ({ type: 'GpadlCreated', channelId, gpadlId, status })

/** A header with words as they are, right or wrong. */
function header(env: TestEnv, words: readonly bigint[], fields: object = {}): void {
  const message = { channelId: 1, gpadlId: 10, rangeBufferLength: words.length * 8, rangeCount: 1, data: [...words] }
  env.post('GpadlHeader', { ...message, ...fields })
}

function body(env: TestEnv, gpadlId: number, words: readonly bigint[]): void {
  env.post('GpadlBody', { messageNumber: 0, gpadlId, data: [...words] })
}

/** First word of a range. */
const range = (byteCount: number, byteOffset = 0) => BigInt(byteCount) | (BigInt(byteOffset) << 32n)

describe('GPADL', () => {
  it('[B61] in one message', () => {
    const env = new TestEnv()
    const offer = env.one()
    header(env, [range(0x1800, 0x900), 5n, 6n, 7n])
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([
      { kind: 'gpadl', offer, gpadlId: 10, ranges: [{ byteCount: 0x1800, byteOffset: 0x900, pfns: [5, 6, 7] }] },
    ])
    env.server.gpadlComplete(offer, 10, true)
    expect(env.heard()).toEqual([created()])
    expect(env.rules()).toEqual([])
  })

  it.each([26, 27, 54, 55, 8190])('[B62] of %i pages, in as many messages as it takes', (count) => {
    const env = new TestEnv()
    const offer = env.one()
    const messages = gpadlMessages(1, 10, pages(count))
    expect(messages).toHaveLength(1 + Math.max(0, Math.ceil((count - 26) / 28)))
    for (const bytes of messages.slice(0, -1)) env.postBytes(bytes)
    expect(env.effects()).toEqual([])
    env.postBytes(messages.at(-1) ?? new Uint8Array())
    expect(env.effects()).toEqual([{ kind: 'gpadl', offer, gpadlId: 10, ranges: pages(count) }])
    env.server.gpadlComplete(offer, 10, true)
    expect(env.heard()).toEqual([created()])
  })

  it('of several ranges', () => {
    const env = new TestEnv()
    const offer = env.one()
    const ranges: GpadlRange[] = [
      { byteCount: 20, byteOffset: 4090, pfns: [1, 2] },
      { byteCount: 200, byteOffset: 0, pfns: [3] },
    ]
    env.gpadl(1, 10, ranges)
    expect(env.effects()).toEqual([{ kind: 'gpadl', offer, gpadlId: 10, ranges }])
  })

  it('[B63][GP-17] for an unknown or released channel fails', () => {
    const env = new TestEnv()
    env.one()
    env.gpadl(100, 10)
    expect(env.heard()).toEqual([created(FAIL, 10, 100)])
    env.post('RelIdReleased', { channelId: 1 })
    env.gpadl(1, 11)
    expect(env.heard()).toEqual([created(FAIL, 11)])
    expect(env.effects()).toEqual([])
    expect(env.violations()).toMatchObject([
      { rule: 'unknown-channel', code: 'UNKNOWN-ID', field: 'channelId', offset: 8, channelId: 100 },
      { rule: 'unknown-channel', channelId: 1 },
    ])
  })

  it.each<[string, bigint[], object, object]>([
    ['[GP-05] byte offset 0x1000', [range(8, 0x1000), 1n, 2n], {}, { code: 'RANGE' }],
    ['[GP-05] byte offset 0xffffffff', [range(8, 0xffff_ffff), 1n, 2n], {}, { code: 'RANGE' }],
    ['[GP-04] byte count 0', [range(0), 1n], {}, { code: 'RANGE' }],
    ['[GP-07] too few pages', [range(0x2000), 1n], {}, { code: 'LENGTH' }],
    ['[GP-07] too few pages because of the offset', [range(0x1000, 1), 1n], {}, { code: 'LENGTH' }],
    ['offset and count that overflow', [range(0xffff_ffff, 0xfff), 1n], {}, { code: 'LENGTH' }],
    ['a second range that is missing', [range(0x1000), 1n], { rangeCount: 2 }, { code: 'LENGTH' }],
    ['65535 ranges', [range(0x1000), 1n], { rangeCount: 0xffff }, { code: 'LENGTH' }],
    ['[GP-02] no ranges', [range(0x1000), 1n], { rangeCount: 0 }, { code: 'RANGE' }],
    ['[GP-02] no ranges and no bytes', [], { rangeCount: 0 }, { code: 'RANGE' }],
    [
      '[GP-01] a length that is no multiple of 8',
      [range(0x1000), 1n, 2n],
      { rangeBufferLength: 20 },
      { code: 'LENGTH' },
    ],
  ])('[B64][B66] fails with %s, and the id is free again', (_, words, fields, violation) => {
    const env = new TestEnv()
    const offer = env.one()
    header(env, words, fields)
    expect(env.heard()).toEqual([created(FAIL)])
    expect(env.effects()).toEqual([])
    expect(env.violations()).toMatchObject([{ rule: 'gpadl-ranges', field: 'data', channelId: 1, ...violation }])
    env.accepted(offer, 1, 10)
  })

  it('[GP-01] a length of 20 is never read by half a word: the rest may come in a body', () => {
    const env = new TestEnv()
    env.one()
    header(env, [range(0x1000), 1n], { rangeBufferLength: 20 })
    env.expectIgnored()
    body(env, 10, [1n])
    expect(env.heard()).toEqual([created(FAIL)])
    expect(env.rules()).toEqual(['gpadl-ranges'])
  })

  it('[B65] a bad range fails when the last part is there, once', () => {
    const env = new TestEnv()
    env.one()
    header(env, [range(0x1000, 0x1000), ...new Array<bigint>(26).fill(1n)], { rangeBufferLength: 28 * 8 })
    env.expectIgnored()
    body(env, 10, [1n])
    expect(env.heard()).toEqual([created(FAIL)])
    expect(env.rules()).toEqual(['gpadl-ranges'])
    body(env, 10, [1n])
    env.expectIgnored('gpadl-not-assembling')
  })

  it('[B67][GP-16][OK-02] bytes behind the length are ignored: UEFI fills its messages', () => {
    const env = new TestEnv()
    const offer = env.one()
    header(env, [range(0x1000), 5n, ...new Array<bigint>(25).fill(0xffn)], { rangeBufferLength: 16 })
    expect(env.effects()).toMatchObject([{ ranges: [{ byteCount: 0x1000, byteOffset: 0, pfns: [5] }] }])
    const [first, second] = gpadlMessages(1, 11, pages(27))
    if (first === undefined || second === undefined) throw new Error('two messages')
    env.postBytes(first)
    const full = new Uint8Array(240).fill(0xee)
    full.set(second)
    env.postBytes(full)
    expect(env.effects()).toEqual([{ kind: 'gpadl', offer, gpadlId: 11, ranges: pages(27) }])
    expect(env.rules()).toEqual([])
  })

  it('[B67] so are one to seven bytes behind the last word', () => {
    for (let extra = 1; extra < 8; extra++) {
      const env = new TestEnv()
      const offer = env.one()
      const [first] = gpadlMessages(1, 10, pages(26))
      if (first === undefined) throw new Error('no message')
      const cut = new Uint8Array(first.length - 8 + extra)
      cut.set(first.subarray(0, cut.length))
      env.postBytes(cut)
      env.expectIgnored()
      body(env, 10, [0x99n])
      const pfns = [...Array.from({ length: 25 }, (_, index) => 100 + index), 0x99]
      expect(env.effects()).toMatchObject([{ kind: 'gpadl', offer, ranges: [{ pfns }] }])
      expect(env.rules()).toEqual([])
    }
  })

  it('[B68][GP-08] words behind the last range are noted and ignored', () => {
    const env = new TestEnv()
    const offer = env.one()
    header(env, [range(0x1000), 5n, 6n, 7n])
    expect(env.effects()).toMatchObject([{ offer, ranges: [{ byteCount: 0x1000, byteOffset: 0, pfns: [5] }] }])
    expect(env.violations()).toMatchObject([{ rule: 'gpadl-extra', code: 'LENGTH', offset: 36 }])
    env.server.gpadlComplete(offer, 10, true)
    expect(env.heard()).toEqual([created()])
  })

  it('[B69][GP-11] an id that the channel has already fails; what is there stays', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.gpadl(1, 10, pages(2))
    expect(env.heard()).toEqual([created(FAIL)])
    expect(env.violations()).toMatchObject([{ rule: 'gpadl-exists', code: 'DUP', field: 'gpadlId', offset: 12 }])
    env.open(1)
    expect(env.effects()).toMatchObject([{ kind: 'open', request: { ring: { byteCount: 4 * 4096 } } }])
  })

  it('[B69][GP-11] also while it is assembled or the device is asked', () => {
    const env = new TestEnv()
    env.one()
    header(env, [range(0x1000)], { rangeBufferLength: 16 })
    env.gpadl(1, 10)
    expect(env.heard()).toEqual([created(FAIL)])
    body(env, 10, [5n])
    expect(env.effects()).toMatchObject([{ kind: 'gpadl', ranges: [{ pfns: [5] }] }])
    env.gpadl(1, 10)
    expect(env.heard()).toEqual([created(FAIL)])
  })

  it('[B70] an id that is being assembled for another channel fails; the first goes on', () => {
    const env = new TestEnv()
    const [first] = env.two()
    header(env, [range(0x1000)], { rangeBufferLength: 16 })
    env.gpadl(2, 10)
    expect(env.heard()).toEqual([created(FAIL, 10, 2)])
    expect(env.violations()).toMatchObject([{ rule: 'gpadl-assembling', code: 'DUP', channelId: 2 }])
    body(env, 10, [5n])
    expect(env.effects()).toMatchObject([{ kind: 'gpadl', offer: first, ranges: [{ pfns: [5] }] }])
  })

  it('[B71] the same id on two channels is two GPADLs', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.accepted(first, 1, 10)
    env.accepted(second, 2, 10, pages(2))
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    env.server.gpadlTeardownComplete(first, 10)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 10 }])
    expect(env.server.channels()).toMatchObject([{ gpadls: 0 }, { gpadls: 1 }])
  })

  it('[B72][GP-13][GP-14] bodies for what is not being assembled are dropped', () => {
    const env = new TestEnv()
    const offer = env.one()
    body(env, 99, [1n])
    expect(env.violations()).toEqual([
      {
        rule: 'gpadl-not-assembling',
        code: 'UNKNOWN-ID',
        field: 'gpadlId',
        offset: 12,
        why: 'GPADL 99',
      },
    ])
    env.accepted(offer, 1, 10)
    body(env, 10, [1n])
    env.expectIgnored('gpadl-not-assembling')
    header(env, [range(0), 1n], { gpadlId: 11 })
    env.heard()
    env.rules()
    body(env, 11, [1n])
    env.expectIgnored('gpadl-not-assembling')
    expect(env.server.channels()).toMatchObject([{ gpadls: 1 }])
  })

  it('[B73] the device may refuse', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.gpadl(1, 10)
    env.server.gpadlComplete(offer, 10, false)
    expect(env.heard()).toEqual([created(FAIL)])
    env.effects()
    env.accepted(offer, 1, 10)
  })

  it('[B74] teardown, when the device has let go', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 10 }])
    env.accepted(offer, 1, 10)
  })

  it('[B75][GP-20] teardown of the ring of an open channel waits for its close', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    env.expectIgnored()
    expect(env.server.explain()).toContain('channel 1: CloseChannel, to tear down GPADL 10')
    // Before that, an answer makes no sense.
    env.server.gpadlTeardownComplete(offer, 10)
    env.expectIgnored('completion-unexpected')
    env.post('CloseChannel', { channelId: 1 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 10 }])
  })

  it('[B76][GP-19] teardown of what is unknown, incomplete, not accepted, or under way is ignored', () => {
    const env = new TestEnv()
    const [first] = env.two()
    const teardown = (gpadlId: number, channelId = 1) => env.post('GpadlTeardown', { channelId, gpadlId })
    teardown(10)
    env.expectIgnored('teardown-unknown')
    header(env, [range(0x1000)], { rangeBufferLength: 16 })
    teardown(10)
    env.expectIgnored('teardown-state')
    body(env, 10, [5n])
    env.effects()
    teardown(10)
    env.expectIgnored('teardown-state')
    env.server.gpadlComplete(first, 10, true)
    env.heard()
    teardown(10, 2)
    env.expectIgnored('teardown-unknown')
    teardown(10)
    env.effects()
    teardown(10)
    env.expectIgnored('teardown-state')
    env.server.gpadlTeardownComplete(first, 10)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 10 }])
    teardown(10)
    env.expectIgnored('teardown-unknown')
  })

  it('[B78] is forgotten half way when the connection ends', () => {
    const env = new TestEnv()
    const offer = env.one()
    header(env, [range(0x1000)], { rangeBufferLength: 16 })
    env.post('Unload', {})
    expect(env.heard()).toEqual([{ type: 'UnloadComplete' }])
    env.effects()
    env.connect()
    env.post('RequestOffers', {})
    env.heard()
    body(env, 10, [5n])
    env.expectIgnored('gpadl-not-assembling')
    env.accepted(offer, 1, 10)
  })

  it('[GP-10] one page many times is legal', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10, [{ byteCount: 4 * 4096, byteOffset: 0, pfns: [7, 7, 7, 7] }])
    env.open(1)
    expect(env.effects()).toMatchObject([{ kind: 'open', request: { ring: { pfns: [7, 7, 7, 7] } } }])
  })

  it('[GP-22] only so many, and so much, at a time', () => {
    const few = new TestEnv({ maxGpadls: 3 })
    const offer = few.one()
    for (let gpadlId = 1; gpadlId <= 3; gpadlId++) few.accepted(offer, 1, gpadlId)
    few.gpadl(1, 4)
    expect(few.heard()).toEqual([created(FAIL, 4)])
    expect(few.violations()).toMatchObject([{ rule: 'gpadl-limit', code: 'LIMIT' }])
    few.post('GpadlTeardown', { channelId: 1, gpadlId: 2 })
    few.server.gpadlTeardownComplete(offer, 2)
    few.heard()
    few.effects()
    few.accepted(offer, 1, 4)

    const small = new TestEnv({ maxGpadlBytes: 100 })
    small.accepted(small.one(), 1, 1)
    small.gpadl(1, 2, pages(8))
    expect(small.heard()).toEqual([created(FAIL, 2)])
    expect(small.rules()).toEqual(['gpadl-limit'])
  })

  it('[GP-22] by default 16,384', () => {
    const env = new TestEnv()
    env.one()
    for (let gpadlId = 0; gpadlId < 65_536; gpadlId++) {
      header(env, [range(0x1000), 1n], { gpadlId })
      if (env.server.peekMessage() !== undefined) env.server.messageSent()
    }
    expect(env.server.channels()).toMatchObject([{ gpadls: 16_384 }])
    expect(env.server.violations.counts.get('gpadl-limit')).toBe(65_536 - 16_384)
    expect(env.server.violations.kept).toHaveLength(8)
  })

  it('[GP-23] id 0 is an id like any other', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 0)
    env.open(1, { ringBufferGpadlId: 0 })
    expect(env.effects()).toMatchObject([{ kind: 'open', request: { ringGpadlId: 0 } }])
    env.server.openComplete(offer, true)
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    env.server.closeComplete(offer)
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 0 })
    env.server.gpadlTeardownComplete(offer, 0)
    expect(env.heard()).toEqual([{ type: 'GpadlTorndown', gpadlId: 0 }])
  })
})
