import { describe, expect, it } from 'vitest'
import { ClientStateError, postRetryDelay, VmbusClient } from '../src/vmbus/client/index.ts'
import { VersionResponse, VersionResponse3 } from '../src/vmbus/messages.ts'
import { FeatureFlags, VmbusVersion, vmbusVersions } from '../src/vmbus/versions.ts'
import { guid } from '../src/wire/index.ts'
import {
  accepted,
  accepted6,
  connectedClient,
  kinds,
  offered,
  offeredClient,
  postAll,
  postNames,
  refused,
  unloadComplete,
  violationsOf,
} from './client-messages.ts'

/** Monitor and interrupt pages of the recorded Linux guest. */
const linux = {
  versions: vmbusVersions.filter((version) => version >= VmbusVersion.V4_0 && version < VmbusVersion.V6_0),
  monitorPages: { parentToChild: 0x43aa3000n, childToParent: 0x43aa4000n },
  interruptPage: 0x43aa2000n,
}

describe('a client that connects', () => {
  it('[B24][B26] walks its ladder as Linux does: one InitiateContact per version, byte for byte', () => {
    const client = new VmbusClient(linux)
    client.connect()
    const tail = '0030aa43000000000040aa4300000000'
    const contacts: string[][] = []
    for (;;) {
      contacts.push(...postAll(client).map(({ connectionId, hex }) => [`${connectionId}`, hex]))
      if (contacts.length > 4) break
      client.receive(refused())
    }
    expect(contacts).toEqual([
      ['4', `0e0000000000000003000500000000000200000000000000${tail}`],
      ['4', `0e0000000000000002000500000000000200000000000000${tail}`],
      ['4', `0e0000000000000001000500000000000200000000000000${tail}`],
      ['4', `0e0000000000000000000500000000000200000000000000${tail}`],
      ['1', `0e0000000000000001000400000000000020aa4300000000${tail}`],
    ])
    client.receive(accepted(VmbusVersion.V4_1))
    expect(client.takeEvents()).toEqual([
      { kind: 'connected', version: VmbusVersion.V4_1, features: 0, monitorPages: linux.monitorPages },
    ])
    client.requestOffers()
    expect(postAll(client)).toEqual([{ type: 'RequestOffers', connectionId: 1, hex: '0300000000000000' }])
    expect(violationsOf(client)).toEqual([])
  })

  it('[B24] tries every version by default, newest first, and then fails', () => {
    const client = new VmbusClient()
    client.connect()
    const asked: string[] = []
    for (let post = postAll(client)[0]; post !== undefined; post = postAll(client)[0]) {
      asked.push(post.hex.slice(16, 24))
      client.receive(refused())
    }
    const ladder = '00000600 03000500 02000500 01000500 00000500 01000400 00000400 00000300 04000200 01000100 0d000000'
    expect(asked.join(' ')).toBe(ladder)
    expect(client.takeEvents()).toEqual([
      { kind: 'connect-failed', why: 'the host supports none of the versions tried' },
    ])
    expect(client.state).toBe('disconnected')
    client.connect([VmbusVersion.V5_3])
    expect(postNames(client)).toEqual(['InitiateContact'])
  })

  it('[B25] fails with the state that the host tells, and tries no other version', () => {
    const client = new VmbusClient()
    client.connect()
    postAll(client)
    client.receive(accepted(1, 2))
    expect(client.takeEvents()).toEqual([
      { kind: 'connect-failed', why: 'the host answered state 2', connectionState: 2 },
    ])
    expect(postNames(client)).toEqual([])
  })

  it('[B1] posts everything to the connection that the host names from 5.0 on', () => {
    const client = new VmbusClient({ versions: [VmbusVersion.V5_0] })
    client.connect()
    expect(postAll(client)[0]?.connectionId).toBe(4)
    client.receive(accepted(0x800074))
    client.requestOffers()
    expect(postAll(client)).toMatchObject([{ type: 'RequestOffers', connectionId: 0x800074 }])
  })

  it('[OK-03] does not mind a version response that echoes no version and names no connection', () => {
    for (const [version, connectionId] of [
      [VmbusVersion.V4_1, 1],
      [VmbusVersion.V5_0, 4],
    ] as const) {
      const client = new VmbusClient({ versions: [version] })
      client.connect()
      postAll(client)
      client.receive(accepted(0))
      expect(client.takeEvents()).toMatchObject([{ kind: 'connected', version }])
      client.requestOffers()
      expect(postAll(client)).toMatchObject([{ connectionId }])
    }
  })

  it('fails when the host names a connection that cannot exist', () => {
    const client = new VmbusClient({ versions: [VmbusVersion.V5_3] })
    client.connect()
    postAll(client)
    client.receive(accepted(0x100_0000))
    expect(kinds(client)).toEqual(['connect-failed'])
    expect(violationsOf(client)).toEqual([
      { rule: 'version-response-connection-id', code: 'RANGE', field: 'versionOrConnectionId', offset: 12 },
    ])
  })

  it('[MS-28][B25] ignores a version response when none was asked for, and says in which state', () => {
    const client = new VmbusClient()
    const unasked = { rule: 'version-response-unasked', code: 'STATE', field: 'messageType', offset: 0 }
    client.receive(accepted(1))
    client.connect()
    client.receive(accepted(1))
    postAll(client)
    client.receive(accepted6(0))
    client.receive(accepted6(0))
    client.unload()
    client.receive(accepted(1))
    expect(client.violations.kept.map(({ why }) => why)).toEqual([
      'no version was asked for: disconnected',
      'no version was asked for: connecting',
      'no version was asked for: connected',
      'no version was asked for: unloading',
    ])
    expect(violationsOf(client)).toEqual([unasked, unasked, unasked, unasked])
    expect(kinds(client)).toEqual(['connected'])
  })

  it('[MS-29] takes any versionSupported but 0 as yes', () => {
    const client = new VmbusClient({ versions: [VmbusVersion.V4_0] })
    client.connect()
    postAll(client)
    client.receive(VersionResponse.encode({ versionSupported: 2, connectionState: 0, versionOrConnectionId: 0 }))
    expect(kinds(client)).toEqual(['connected'])
  })

  it('[MS-31][OK-01][B25] takes the longest form of the response that fits', () => {
    const features = FeatureFlags.serverSpecifiedMonitorPages
    const whole = VersionResponse3.encode({
      versionSupported: 1,
      connectionState: 0,
      versionOrConnectionId: 1,
      supportedFeatures: features,
      parentToChildMonitorPage: 0x5000n,
      childToParentMonitorPage: 0x6000n,
    })
    const host = { parentToChild: 0x5000n, childToParent: 0x6000n }
    const longer = new Uint8Array([...whole, ...new Uint8Array(200)])
    for (const [bytes, expected] of [
      [whole.slice(0, 16), { features: 0, monitorPages: linux.monitorPages }],
      [whole.slice(0, 19), { features: 0, monitorPages: linux.monitorPages }],
      [whole.slice(0, 20), { features, monitorPages: linux.monitorPages }],
      [whole.slice(0, 39), { features, monitorPages: linux.monitorPages }],
      [whole, { features, monitorPages: host }],
      [longer, { features, monitorPages: host }],
    ] as const) {
      const client = new VmbusClient({ ...linux, versions: [VmbusVersion.V6_0], features })
      client.connect()
      postAll(client)
      client.receive(bytes)
      expect(client.takeEvents()).toEqual([{ kind: 'connected', version: VmbusVersion.V6_0, ...expected }])
    }
  })

  it('[MS-32][B6] masks feature bits that it has not asked for', () => {
    const granted = (version: number, features: number, answer: Uint8Array) => {
      const client = new VmbusClient({ versions: [version], features })
      client.connect()
      const [contact] = postAll(client)
      client.receive(answer)
      return { asked: contact?.hex.slice(40, 48), got: client.features, events: kinds(client) }
    }
    const events = ['connected']
    expect(granted(VmbusVersion.V6_0, 0x25, accepted6(0xffff_ffff))).toEqual({ asked: '25000000', got: 0x25, events })
    expect(granted(VmbusVersion.V6_0, 0, accepted6(0xffff_ffff))).toEqual({ asked: '00000000', got: 0, events })
    expect(granted(VmbusVersion.V5_3, 0x25, accepted6(0xffff_ffff))).toEqual({ asked: '00000000', got: 0, events })
  })

  it('[MS-32][B21] does not take the pages of a host that was not asked to choose them', () => {
    const client = new VmbusClient({ ...linux, versions: [VmbusVersion.V6_0] })
    client.connect()
    postAll(client)
    const response = { versionSupported: 1, connectionState: 0, versionOrConnectionId: 1, supportedFeatures: 0x40 }
    client.receive(VersionResponse3.encode({ ...response, parentToChildMonitorPage: 1n, childToParentMonitorPage: 2n }))
    expect(client.takeEvents()).toMatchObject([{ features: 0, monitorPages: linux.monitorPages }])
  })

  it('[B10] sends the long form with a client id when it asks for that feature', () => {
    const client = new VmbusClient({
      versions: [VmbusVersion.V6_0],
      features: FeatureFlags.clientId,
      clientId: guid('11223344-5566-7788-99aa-bbccddeeff00'),
      targetVp: 3,
      vtl: 2,
      sint: 7,
    })
    client.connect()
    expect(postAll(client)).toEqual([
      {
        type: 'InitiateContact2',
        connectionId: 4,
        hex: `0e0000000000000000000600030000000702000008000000${'00'.repeat(16)}443322116655887799aabbccddeeff00`,
      },
    ])
  })

  it('accepts nothing else before it is connected', () => {
    const client = new VmbusClient()
    client.receive(offered(1))
    client.connect()
    postAll(client)
    client.receive(offered(1))
    const refusal = { rule: 'not-connected', code: 'STATE', field: 'messageType', offset: 0 }
    expect(violationsOf(client)).toEqual([refusal, refusal])
    expect(kinds(client)).toEqual([])
  })

  it('[OK-24] connects anew after unload, at whatever version the host has by then', () => {
    const client = connectedClient(VmbusVersion.V6_0)
    client.unload()
    postAll(client)
    client.receive(unloadComplete())
    client.connect([VmbusVersion.V6_0, VmbusVersion.V4_0])
    postAll(client)
    client.receive(refused())
    postAll(client)
    client.receive(accepted(VmbusVersion.V4_0))
    expect(client.takeEvents()).toMatchObject([{ kind: 'unloaded' }, { kind: 'connected', version: VmbusVersion.V4_0 }])
    client.requestOffers()
    expect(postAll(client)).toMatchObject([{ connectionId: 1 }])
    client.receive(offered(1))
    expect(kinds(client)).toEqual(['offer'])
  })

  it('[B19] may connect without unloading; what the old connection still sends is stale', () => {
    const client = offeredClient([1], VmbusVersion.V5_3)
    const gpadlId = client.createGpadl(1, [{ byteCount: 4096, byteOffset: 0, pfns: [5] }])
    postAll(client)
    client.connect([VmbusVersion.V5_3])
    expect(client.takeEvents()).toEqual([
      { kind: 'gpadl-failed', channelId: 1, gpadlId, status: 'disconnected', stillVisible: true },
    ])
    postAll(client)
    client.receive(offered(2))
    client.receive(accepted(1))
    expect(kinds(client)).toEqual(['connected'])
    client.receive(offered(2))
    expect(kinds(client)).toEqual(['offer'])
    expect(violationsOf(client)).toEqual([])
  })

  it('refuses requests that its state forbids', () => {
    const client = new VmbusClient()
    expect(() => client.requestOffers()).toThrow(ClientStateError)
    expect(() => client.unload()).toThrow(ClientStateError)
    expect(() => client.connect([])).toThrow(RangeError)
    expect(() => client.posted(0)).toThrow(ClientStateError)
    client.connect()
    expect(() => client.connect()).toThrow(ClientStateError)
    const connected = connectedClient()
    expect(() => connected.open(1, { ringGpadlId: 1, downstreamPageOffset: 1 })).toThrow('no channel 1')
    expect(() => connected.modifyConnection(undefined)).toThrow('modifyConnection was not negotiated')
    expect(() => connected.pause()).toThrow('pauseResume was not negotiated')
    connected.requestOffers()
    expect(() => connected.requestOffers()).toThrow(ClientStateError)
  })
})

describe('a post that fails', () => {
  it('[HC-23] is tried again up to a bound, then reported', () => {
    for (const status of [0x13, 0x0b, 0x12]) {
      const client = connectedClient(VmbusVersion.V5_3, { maxPostAttempts: 5 })
      client.requestOffers()
      const attempts: number[] = []
      for (let post = client.peekPost(); post !== undefined; post = client.peekPost()) {
        attempts.push(post.attempts)
        client.posted(status)
      }
      expect(attempts).toEqual([0, 1, 2, 3, 4])
      expect(client.takeEvents()).toEqual([{ kind: 'post-failed', messageType: 3, status }])
      client.requestOffers()
      expect(postNames(client)).toEqual(['RequestOffers'])
    }
  })

  it('[HC-23] is tried a hundred times by default, and goes through when there is room again', () => {
    const client = connectedClient()
    client.requestOffers()
    for (let attempt = 0; attempt < 99; attempt++) {
      client.peekPost()
      client.posted(0x13)
    }
    expect(client.peekPost()?.attempts).toBe(99)
    client.posted(0)
    expect(client.takeEvents()).toEqual([])
    expect(client.explain()).toEqual(['AllOffersDelivered'])
  })

  it('[HC-23] waits longer each time, up to two seconds', () => {
    expect([0, 1, 2, 3, 11, 22, 99].map(postRetryDelay)).toEqual([0, 1, 2, 4, 1024, 2 ** 21, 2 ** 21])
  })

  it('is not tried again for any other status', () => {
    const client = connectedClient()
    client.requestOffers()
    client.peekPost()
    client.posted(5)
    expect(client.takeEvents()).toEqual([{ kind: 'post-failed', messageType: 3, status: 5 }])
  })

  it('[B24] for want of the connection means the next older version while connecting', () => {
    const client = new VmbusClient({ versions: [VmbusVersion.V5_0, VmbusVersion.V4_1] })
    client.connect()
    expect(client.peekPost()?.connectionId).toBe(4)
    client.posted(0x12)
    expect(client.peekPost()?.connectionId).toBe(1)
    client.posted(0x12)
    expect(kinds(client)).toEqual(['connect-failed'])
  })

  it('for any other reason ends the connecting', () => {
    const client = new VmbusClient()
    client.connect()
    client.peekPost()
    client.posted(6)
    expect(client.takeEvents()).toEqual([
      { kind: 'post-failed', messageType: 14, status: 6 },
      { kind: 'connect-failed', why: 'InitiateContact could not be posted: status 6' },
    ])
  })
})
