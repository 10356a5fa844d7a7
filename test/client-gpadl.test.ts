import { describe, expect, it } from 'vitest'
import { VmbusVersion } from '../src/vmbus/versions.ts'
import {
  gpadlCreated,
  gpadlTorndown,
  kinds,
  offered,
  offeredClient,
  openedClient,
  postAll,
  postNames,
  rescinded,
  ringPages,
  unloadComplete,
  violationsOf,
  withGpadl,
} from './client-messages.ts'

const refusal = (rule: string, code: string, field: string, offset: number) => [{ rule, code, field, offset }]
/** Enough pages for a header and two bodies. */
const manyPages = {
  byteCount: 80 * 4096,
  byteOffset: 0,
  pfns: Array.from({ length: 80 }, (_, index) => 0x1000 + index),
}
const failed = 0x8000_ffff

describe('a GPADL', () => {
  it('[B61][B74] is created and torn down, its handle counting up from 0xE1E10 as in Linux', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [ringPages])
    const words = '002000000000000000010000000000000101000000000000'
    expect(postAll(client)).toEqual([
      { type: 'GpadlHeader', connectionId: 1, hex: `080000000000000001000000101e0e0018000100${words}` },
    ])
    client.receive(gpadlCreated(1, gpadlId))
    client.teardownGpadl(1, gpadlId)
    expect(postAll(client)).toEqual([
      { type: 'GpadlTeardown', connectionId: 1, hex: '0b0000000000000001000000101e0e00' },
    ])
    client.receive(gpadlTorndown(gpadlId))
    expect(client.takeEvents()).toEqual([
      { kind: 'gpadl-created', channelId: 1, gpadlId: 0xe1e10 },
      { kind: 'gpadl-torndown', channelId: 1, gpadlId: 0xe1e10 },
    ])
    expect([client.createGpadl(1, [ringPages]), client.createGpadl(1, [ringPages])]).toEqual([0xe1e11, 0xe1e12])
    expect(violationsOf(client)).toEqual([])
  })

  it('[B62] that is large is one header and its bodies', () => {
    const client = offeredClient([1])
    client.createGpadl(1, [manyPages])
    expect(postNames(client)).toEqual(['GpadlHeader', 'GpadlBody', 'GpadlBody'])
  })

  it('[GP-23] has a handle that skips 0 and those in use, when the count wraps around', () => {
    const client = offeredClient([1], VmbusVersion.V5_3, { firstGpadlId: 0xffff_ffff })
    expect([client.createGpadl(1, [ringPages]), client.createGpadl(1, [ringPages])]).toEqual([0xffff_ffff, 1])
  })

  it('[MS-25] is created once: replies for other handles, other channels, or twice are ignored', () => {
    const client = offeredClient([1, 2])
    const gpadlId = client.createGpadl(1, [ringPages])
    postAll(client)
    client.receive(gpadlCreated(1, gpadlId + 1))
    expect(violationsOf(client)).toEqual(refusal('gpadl-created-unasked', 'UNKNOWN-ID', 'gpadlId', 12))
    client.receive(gpadlCreated(2, gpadlId))
    client.receive(gpadlCreated(9, gpadlId))
    expect(violationsOf(client)).toEqual([
      ...refusal('gpadl-created-unasked', 'UNKNOWN-ID', 'channelId', 8),
      ...refusal('gpadl-created-unasked', 'UNKNOWN-ID', 'channelId', 8),
    ])
    client.receive(gpadlCreated(1, gpadlId))
    client.receive(gpadlCreated(1, gpadlId))
    client.receive(gpadlCreated(1, gpadlId, failed))
    expect(violationsOf(client)).toEqual([
      ...refusal('gpadl-created-unasked', 'STATE', 'gpadlId', 12),
      ...refusal('gpadl-created-unasked', 'STATE', 'gpadlId', 12),
    ])
    expect(client.takeEvents()).toEqual([{ kind: 'gpadl-created', channelId: 1, gpadlId }])
  })

  it('[MS-25] cannot be created or torn down by the host before all was posted', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [manyPages])
    client.peekPost()
    client.posted(0)
    client.receive(gpadlCreated(1, gpadlId))
    expect(violationsOf(client)).toEqual(refusal('gpadl-created-unasked', 'STATE', 'gpadlId', 12))
    postAll(client)
    client.receive(gpadlCreated(1, gpadlId))
    client.receive(gpadlTorndown(gpadlId))
    client.teardownGpadl(1, gpadlId)
    client.receive(gpadlTorndown(gpadlId))
    expect(violationsOf(client)).toEqual([
      ...refusal('gpadl-torndown-unasked', 'STATE', 'gpadlId', 8),
      ...refusal('gpadl-torndown-unasked', 'STATE', 'gpadlId', 8),
    ])
    client.receive(gpadlTorndown(5))
    expect(violationsOf(client)).toEqual(refusal('gpadl-torndown-unasked', 'UNKNOWN-ID', 'gpadlId', 8))
    expect(kinds(client)).toEqual(['gpadl-created'])
  })

  it('[B63] can be refused by the host as soon as it has the header; then no body is posted', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [manyPages])
    client.receive(gpadlCreated(1, gpadlId, failed))
    expect(violationsOf(client)).toEqual(refusal('gpadl-created-unasked', 'STATE', 'gpadlId', 12))
    client.peekPost()
    client.posted(0)
    client.peekPost()
    client.receive(gpadlCreated(1, gpadlId, failed))
    client.posted(0x13)
    expect(client.takeEvents()).toEqual([
      { kind: 'gpadl-failed', channelId: 1, gpadlId, status: failed, stillVisible: true },
    ])
    expect([postNames(client), violationsOf(client)]).toEqual([[], []])
  })

  it('[MS-26][B73] that the host refuses is told to be still visible, and its handle is not used again', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [ringPages])
    postAll(client)
    client.receive(gpadlCreated(1, gpadlId, failed))
    expect(client.takeEvents()).toEqual([
      { kind: 'gpadl-failed', channelId: 1, gpadlId, status: failed, stillVisible: true },
    ])
    expect(() => client.teardownGpadl(1, gpadlId)).toThrow(`GPADL ${gpadlId} of channel 1 is unknown`)
    expect(client.createGpadl(1, [ringPages])).toBe(gpadlId + 1)
  })

  it('[B75] keeps its pages until the host has let go, however long that takes', () => {
    const { client, gpadlId } = openedClient()
    client.close(1)
    client.teardownGpadl(1, gpadlId)
    expect(postNames(client)).toEqual(['CloseChannel', 'GpadlTeardown'])
    expect(kinds(client)).toEqual([])
    expect(client.explain()).toEqual([`channel 1: GpadlTorndown for ${gpadlId}`])
    expect(() => client.teardownGpadl(1, gpadlId)).toThrow('is tearing-down')
    expect(() => client.open(1, { ringGpadlId: gpadlId, downstreamPageOffset: 1 })).toThrow('is tearing-down')
    client.receive(gpadlTorndown(gpadlId))
    expect(kinds(client)).toEqual(['gpadl-torndown'])
  })

  it('that cannot be posted fails, and is visible only if its header was posted', () => {
    const client = offeredClient([1], VmbusVersion.V5_3, { maxPostAttempts: 1 })
    const first = client.createGpadl(1, [manyPages])
    expect(postAll(client, 0x13).length).toBe(1)
    const second = client.createGpadl(1, [manyPages])
    client.peekPost()
    client.posted(0)
    expect(postAll(client, 0x13).length).toBe(1)
    const third = withGpadlLast(client)
    client.teardownGpadl(1, third)
    postAll(client, 0x13)
    const failure = { kind: 'gpadl-failed', channelId: 1, status: 'not-posted' }
    expect(client.takeEvents().filter(({ kind }) => kind !== 'post-failed')).toEqual([
      { ...failure, gpadlId: first, stillVisible: false },
      { ...failure, gpadlId: second, stillVisible: true },
      { kind: 'gpadl-created', channelId: 1, gpadlId: third },
      { kind: 'gpadl-teardown-failed', channelId: 1, gpadlId: third, status: 'not-posted' },
    ])
    client.teardownGpadl(1, third)
    expect(postNames(client)).toEqual(['GpadlTeardown'])
  })

  it('is refused for ranges that make none', () => {
    const client = offeredClient([1])
    expect(() => client.createGpadl(1, [])).toThrow('a GPADL without ranges')
    expect(() => client.createGpadl(1, [{ ...ringPages, pfns: [1] }])).toThrow('1 pages for 8192 bytes at 0, not 2')
    expect([postAll(client), client.explain()]).toEqual([[], []])
  })
})

function withGpadlLast(client: ReturnType<typeof offeredClient>): number {
  const gpadlId = client.createGpadl(1, [ringPages])
  postAll(client)
  client.receive(gpadlCreated(1, gpadlId))
  return gpadlId
}

describe('a GPADL of a channel that is rescinded', () => {
  for (const status of [0, failed]) {
    it(`[MS-22][B79][B82] fails at once; its reply (status ${status}) is awaited before the relid is released`, () => {
      const client = offeredClient([1])
      const gpadlId = client.createGpadl(1, [ringPages])
      postAll(client)
      client.receive(rescinded(1))
      client.release(1)
      expect(client.takeEvents()).toEqual([
        { kind: 'gpadl-failed', channelId: 1, gpadlId, status: 'rescinded', stillVisible: true },
        { kind: 'rescinded', channelId: 1 },
      ])
      expect(postNames(client)).toEqual([])
      expect(client.explain()).toEqual([`channel 1: GpadlCreated for ${gpadlId}`])
      client.receive(gpadlCreated(1, gpadlId, status))
      expect(postNames(client)).toEqual(['RelIdReleased'])
      expect(client.takeEvents()).toEqual([{ kind: 'released', channelId: 1 }])
      expect(violationsOf(client)).toEqual([])
      client.receive(offered(1))
      client.receive(gpadlCreated(1, gpadlId, status))
      expect(violationsOf(client)).toEqual(refusal('gpadl-created-unasked', 'UNKNOWN-ID', 'gpadlId', 12))
    })
  }

  it('[MS-22] may have its reply before the driver lets go', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [ringPages])
    postAll(client)
    client.receive(rescinded(1))
    client.receive(gpadlCreated(1, gpadlId))
    expect(kinds(client)).toEqual(['gpadl-failed', 'rescinded'])
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
  })

  it('[TR-02] goes out to its last body once begun, so that the reply can come', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [manyPages])
    client.peekPost()
    client.posted(0)
    client.receive(rescinded(1))
    client.release(1)
    expect(postNames(client)).toEqual(['GpadlBody', 'GpadlBody'])
    client.receive(gpadlCreated(1, gpadlId, failed))
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['gpadl-failed', 'rescinded', 'released'])
    expect(violationsOf(client)).toEqual([])
  })

  it('[TR-02][B80] may be refused by the host in the middle, when no body has to go out any more', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [manyPages])
    client.peekPost()
    client.posted(0)
    client.receive(rescinded(1))
    client.release(1)
    client.receive(gpadlCreated(1, gpadlId, failed))
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['gpadl-failed', 'rescinded', 'released'])
    expect(violationsOf(client)).toEqual([])
  })

  it('[TR-02] is not posted at all when it was not begun', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [manyPages])
    client.receive(rescinded(1))
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(client.takeEvents()).toEqual([
      { kind: 'gpadl-failed', channelId: 1, gpadlId, status: 'rescinded', stillVisible: false },
      { kind: 'rescinded', channelId: 1 },
      { kind: 'released', channelId: 1 },
    ])
  })

  it('[TR-02] owes no reply any more when a body cannot be posted', () => {
    const client = offeredClient([1], VmbusVersion.V5_3, { maxPostAttempts: 1 })
    client.createGpadl(1, [manyPages])
    client.peekPost()
    client.posted(0)
    client.receive(rescinded(1))
    client.release(1)
    client.peekPost()
    client.posted(0x13)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['gpadl-failed', 'rescinded', 'post-failed', 'released'])
  })

  it('[TR-02] is created to the end when its header is in the hands of the transport', () => {
    const client = offeredClient([1])
    const gpadlId = client.createGpadl(1, [manyPages])
    client.peekPost()
    client.receive(rescinded(1))
    client.release(1)
    client.posted(0x13)
    expect(postNames(client)).toEqual(['GpadlHeader', 'GpadlBody', 'GpadlBody'])
    client.receive(gpadlCreated(1, gpadlId))
    expect(postNames(client)).toEqual(['RelIdReleased'])
  })

  it('[B79][B82] gets no teardown; one that was posted before is awaited', () => {
    for (const posted of [true, false]) {
      const client = offeredClient([1])
      const [first, second] = [withGpadl(client), withGpadl(client)]
      client.teardownGpadl(1, first)
      if (posted) postAll(client)
      client.receive(rescinded(1))
      client.teardownGpadl(1, second)
      client.release(1)
      const failure = { kind: 'gpadl-teardown-failed', channelId: 1, status: 'rescinded' }
      expect(client.takeEvents()).toEqual([
        { ...failure, gpadlId: first },
        { kind: 'rescinded', channelId: 1 },
        { ...failure, gpadlId: second },
      ])
      if (posted) {
        expect(postNames(client)).toEqual([])
        client.receive(gpadlTorndown(first))
      }
      expect(postNames(client)).toEqual(['RelIdReleased'])
      expect(kinds(client)).toEqual(['released'])
      expect(violationsOf(client)).toEqual([])
    }
  })

  it('[B81] is gone with the relid, and no teardown is sent: its pages are private with `released`', () => {
    const client = offeredClient([1])
    const gpadlId = withGpadl(client)
    client.receive(rescinded(1))
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['rescinded', 'released'])
    client.receive(offered(1))
    expect(() => client.teardownGpadl(1, gpadlId)).toThrow(`GPADL ${gpadlId} of channel 1 is unknown`)
    client.receive(gpadlTorndown(gpadlId))
    expect(violationsOf(client)).toEqual(refusal('gpadl-torndown-unasked', 'UNKNOWN-ID', 'gpadlId', 8))
  })

  it('[B79] fails without a message when it is asked for afterwards', () => {
    const client = offeredClient([1])
    client.receive(rescinded(1))
    const gpadlId = client.createGpadl(1, [ringPages])
    expect(postNames(client)).toEqual([])
    expect(client.takeEvents().slice(1)).toEqual([
      { kind: 'gpadl-failed', channelId: 1, gpadlId, status: 'rescinded', stillVisible: false },
    ])
  })
})

describe('a GPADL of a connection that ends', () => {
  it('is answered, and visible until UnloadComplete if its header was posted', () => {
    const client = offeredClient([1])
    const kept = withGpadl(client)
    const tearing = withGpadl(client)
    client.teardownGpadl(1, tearing)
    const sent = client.createGpadl(1, [ringPages])
    postAll(client)
    const unsent = client.createGpadl(1, [ringPages])
    client.unload()
    const failure = { kind: 'gpadl-failed', channelId: 1, status: 'disconnected' }
    expect(client.takeEvents()).toEqual([
      { kind: 'gpadl-teardown-failed', channelId: 1, gpadlId: tearing, status: 'disconnected' },
      { ...failure, gpadlId: sent, stillVisible: true },
      { ...failure, gpadlId: unsent, stillVisible: false },
    ])
    postAll(client)
    client.receive(gpadlCreated(1, sent))
    client.receive(gpadlTorndown(kept))
    client.receive(unloadComplete())
    expect(kinds(client)).toEqual(['unloaded'])
    expect(violationsOf(client)).toEqual([])
  })
})
