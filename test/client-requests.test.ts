import { describe, expect, it } from 'vitest'
import { type ClientEvent, VmbusClient } from '../src/vmbus/client/index.ts'
import {
  CloseReservedChannelResponse,
  ModifyChannelResponse,
  ModifyConnectionResponse,
  PauseResponse,
  TlConnectRequestResult,
} from '../src/vmbus/messages.ts'
import { FeatureFlags, VmbusVersion } from '../src/vmbus/versions.ts'
import { ViolationError } from '../src/vmbus/violation.ts'
import { type Guid, guid, nilGuid } from '../src/wire/index.ts'
import {
  connectedClient,
  kinds,
  offerEvent,
  offered,
  offeredClient,
  offerOf,
  openedClient,
  postAll,
  postNames,
  rescinded,
  unloadComplete,
  violationsOf,
} from './client-messages.ts'

const refusal = (rule: string, code: string, field: string, offset: number) => [{ rule, code, field, offset }]
const endpoint = guid('11111111-0000-0000-0000-000000000001')
const service = guid('00000050-facb-11e6-bd58-64006a7986d3')
const refused = 0xc000_0236

const socketOffer = (isForGuestAccept = 0, endpointId: Guid = endpoint, version = 1) => ({
  interfaceId: service,
  instanceId: endpointId,
  flags: 0x2011,
  userDefined: {
    type: 'HvsocketUserDefined',
    pipeType: 0,
    isForGuestAccept,
    isForGuestContainer: 0,
    version,
    siloId: nilGuid,
  } as const,
})
const result = (status: number, endpointId: Guid = endpoint) =>
  TlConnectRequestResult.encode({ endpointId, serviceId: service, status })

describe('an hvsocket', () => {
  const connecting = (version: number = VmbusVersion.V5_3) => {
    const client = offeredClient([], version)
    client.tlConnect(endpoint, service)
    postAll(client)
    return client
  }

  it('[B106][B110] is connected by an offer for the same service and endpoint', () => {
    const client = offeredClient([])
    client.tlConnect(endpoint, service)
    expect(postAll(client)).toEqual([
      {
        type: 'TlConnectRequest',
        connectionId: 1,
        hex: '15000000000000001111111100000000000000000000000150000000cbfae611bd5864006a7986d3',
      },
    ])
    expect(() => client.tlConnect(endpoint, service)).toThrow('is already connecting')
    client.receive(offered(1, {}, socketOffer()))
    expect(client.takeEvents()).toEqual([
      offerEvent(1, {}, socketOffer()),
      { kind: 'tl-connected', endpointId: endpoint, serviceId: service, channelId: 1 },
    ])
    client.receive(result(refused))
    expect(violationsOf(client)).toEqual(refusal('tl-connect-result-unasked', 'UNKNOWN-ID', 'endpointId', 8))
  })

  it('[B108] carries a silo from 5.2 on', () => {
    const silo = guid('22222222-0000-0000-0000-000000000002')
    const client = offeredClient([], VmbusVersion.V5_2)
    client.tlConnect(endpoint, service, silo)
    const [post] = postAll(client)
    expect([post?.type, post?.hex.slice(80)]).toEqual(['TlConnectRequest2', '22222222000000000000000000000002'])
    expect(() => offeredClient([], VmbusVersion.V5_1).tlConnect(endpoint, service, silo)).toThrow('from 5.2 on')
    expect(() => offeredClient([], VmbusVersion.V3_0).tlConnect(endpoint, service)).toThrow('from version 4.0 on')
  })

  it('[B107][B110] is refused by a result with a failure', () => {
    const client = connecting()
    client.receive(result(refused))
    expect(client.takeEvents()).toEqual([
      { kind: 'tl-connect-failed', endpointId: endpoint, serviceId: service, status: refused },
    ])
    client.tlConnect(endpoint, service)
    expect(postNames(client)).toEqual(['TlConnectRequest'])
  })

  it('[B110] is not connected by a result that tells success, nor by other offers', () => {
    const client = connecting()
    for (const status of [0, 1, 0x7fff_ffff]) {
      client.receive(result(status))
      expect(violationsOf(client)).toEqual(refusal('tl-connect-result-success', 'RANGE', 'status', 40))
    }
    client.receive(offered(1, {}, { interfaceId: service, instanceId: endpoint }))
    client.receive(rescinded(1))
    client.release(1)
    postAll(client)
    client.receive(offered(1, {}, socketOffer(1)))
    client.receive(rescinded(1))
    client.release(1)
    postAll(client)
    expect(kinds(client)).toEqual(['offer', 'rescinded', 'released', 'offer', 'rescinded', 'released'])
    expect(client.explain()).toEqual(['1 hvsocket connects'])
    client.receive(offered(1, {}, socketOffer()))
    expect(kinds(client)).toEqual(['offer', 'tl-connected'])
  })

  it('[MS-35] of an unknown endpoint is ignored', () => {
    const client = connecting()
    client.receive(result(refused, nilGuid))
    expect(violationsOf(client)).toEqual(refusal('tl-connect-result-unasked', 'UNKNOWN-ID', 'endpointId', 8))
    expect(kinds(client)).toEqual([])
  })

  it('[MS-17][B109] of an unknown version of its block is offered all the same', () => {
    const client = offeredClient([])
    client.receive(offered(1, {}, socketOffer(1, endpoint, 0xffff_ffff)))
    expect(client.takeEvents()).toEqual([offerEvent(1, {}, socketOffer(1, endpoint, 0xffff_ffff))])
    expect(violationsOf(client)).toEqual([])
  })

  it('is answered when it cannot be posted, and when the connection ends', () => {
    const client = connectedClient(VmbusVersion.V5_3, { maxPostAttempts: 1 })
    client.tlConnect(endpoint, service)
    postAll(client, 0x13)
    client.tlConnect(endpoint, service)
    client.unload()
    const failure = { kind: 'tl-connect-failed', endpointId: endpoint, serviceId: service }
    expect(client.takeEvents().slice(1)).toEqual([
      { ...failure, status: 'not-posted' },
      { ...failure, status: 'disconnected' },
    ])
  })
})

describe('an answer that nobody waits for', () => {
  it('[MS-34] is ignored and counted', () => {
    const client = openedClient(VmbusVersion.V6_0, { features: 0x24 }).client
    const unasked: readonly (readonly [Uint8Array, ReturnType<typeof refusal>])[] = [
      [unloadComplete(), refusal('unload-complete-unasked', 'STATE', 'messageType', 0)],
      [
        ModifyChannelResponse.encode({ channelId: 1, status: 0 }),
        refusal('modify-response-unasked', 'STATE', 'channelId', 8),
      ],
      [
        ModifyChannelResponse.encode({ channelId: 2, status: 0 }),
        refusal('modify-response-unasked', 'UNKNOWN-ID', 'channelId', 8),
      ],
      [
        ModifyConnectionResponse.encode({ connectionState: 0 }),
        refusal('connection-modified-unasked', 'STATE', 'messageType', 0),
      ],
      [PauseResponse.encode({}), refusal('pause-response-unasked', 'STATE', 'messageType', 0)],
      [
        CloseReservedChannelResponse.encode({ channelId: 1 }),
        refusal('reserved-closed-unasked', 'STATE', 'channelId', 8),
      ],
      [
        CloseReservedChannelResponse.encode({ channelId: 2 }),
        refusal('reserved-closed-unasked', 'UNKNOWN-ID', 'channelId', 8),
      ],
      [result(refused), refusal('tl-connect-result-unasked', 'UNKNOWN-ID', 'endpointId', 8)],
    ]
    for (const [bytes, expected] of unasked) {
      client.receive(bytes)
      expect(violationsOf(client)).toEqual(expected)
    }
    expect([kinds(client), postAll(client), client.state]).toEqual([[], [], 'connected'])
  })
})

describe('pause and resume', () => {
  const pausing = () => {
    const client = offeredClient([1], VmbusVersion.V6_0, { features: FeatureFlags.pauseResume })
    client.pause()
    return client
  }

  it('[B119][B122] handle everything that comes before PauseResponse, and send Resume before all that waits', () => {
    const client = pausing()
    expect(postAll(client)).toEqual([{ type: 'Pause', connectionId: 1, hex: '1b00000000000000' }])
    client.receive(offered(2))
    client.receive(rescinded(1))
    client.release(1)
    expect(postNames(client)).toEqual([])
    client.receive(PauseResponse.encode({}))
    expect(kinds(client)).toEqual(['offer', 'rescinded', 'paused'])
    expect(client.explain()).toEqual(['1 messages to post, held until resume'])
    expect(() => client.pause()).toThrow('not running but paused')
    client.resume()
    expect(postAll(client).map(({ hex }) => hex)).toEqual(['1d00000000000000', '0d0000000000000001000000'])
    client.pause()
    expect(postNames(client)).toEqual(['Pause'])
  })

  it('[B122] let go out what was asked for before Pause', () => {
    const client = connectedClient(VmbusVersion.V6_0, { features: FeatureFlags.pauseResume })
    client.requestOffers()
    client.pause()
    client.tlConnect(endpoint, service)
    expect(postNames(client)).toEqual(['RequestOffers', 'Pause'])
    expect(() => client.resume()).toThrow('not paused but pausing')
  })

  it('[B121] end with Unload, which may be sent while paused', () => {
    const client = pausing()
    postAll(client)
    client.receive(PauseResponse.encode({}))
    client.unload()
    expect(postNames(client)).toEqual(['Unload'])
    client.receive(unloadComplete())
    expect(kinds(client)).toEqual(['paused', 'unloaded'])
  })

  it('can be tried again when they cannot be posted', () => {
    const client = offeredClient([], VmbusVersion.V6_0, { features: FeatureFlags.pauseResume, maxPostAttempts: 1 })
    client.pause()
    postAll(client, 0x13)
    client.pause()
    postAll(client)
    client.receive(PauseResponse.encode({}))
    client.resume()
    postAll(client, 0x13)
    client.resume()
    expect(postNames(client)).toEqual(['Resume'])
    expect(kinds(client)).toEqual(['post-failed', 'paused', 'post-failed'])
  })
})

describe('modifyConnection', () => {
  it('[B96][B98] sends the pages, or none, and tells what the host answered', () => {
    const client = connectedClient(VmbusVersion.V6_0, { features: FeatureFlags.modifyConnection })
    client.modifyConnection({ parentToChild: 0x1000n, childToParent: 0x2000n })
    expect(() => client.modifyConnection(undefined)).toThrow('the connection is being modified already')
    expect(postAll(client).map(({ hex }) => hex)).toEqual(['190000000000000000100000000000000020000000000000'])
    client.receive(ModifyConnectionResponse.encode({ connectionState: 2 }))
    client.modifyConnection(undefined)
    expect(postAll(client).map(({ hex }) => hex)).toEqual([`1900000000000000${'00'.repeat(16)}`])
    client.unload()
    expect(client.takeEvents()).toEqual([
      { kind: 'connection-modified', connectionState: 2 },
      { kind: 'connection-modified', connectionState: 'disconnected' },
    ])
  })

  it('is answered when it cannot be posted', () => {
    const client = connectedClient(VmbusVersion.V6_0, { features: 0x4, maxPostAttempts: 1 })
    client.modifyConnection(undefined)
    postAll(client, 0x13)
    expect(client.takeEvents().slice(1)).toEqual([{ kind: 'connection-modified', connectionState: 'not-posted' }])
  })
})

describe('unload', () => {
  it('[B100][B103] forgets everything, drops what is stale, and waits for UnloadComplete', () => {
    const { client } = openedClient()
    client.modify(1, 2)
    client.unload()
    expect(client.takeEvents()).toEqual([{ kind: 'modified', channelId: 1, status: 'disconnected' }])
    expect(postAll(client)).toEqual([{ type: 'Unload', connectionId: 1, hex: '1000000000000000' }])
    expect(client.explain()).toEqual(['UnloadComplete'])
    client.receive(offered(5))
    client.receive(rescinded(1))
    expect(() => client.connect()).toThrow('still unloading')
    client.receive(unloadComplete())
    expect(client.takeEvents()).toEqual([{ kind: 'unloaded' }])
    expect([client.state, client.version, violationsOf(client)]).toEqual(['disconnected', 0, []])
  })

  it('is not complete before it was posted', () => {
    const client = connectedClient()
    client.unload()
    client.receive(unloadComplete())
    expect([client.state, kinds(client)]).toEqual(['unloading', []])
  })

  it('is complete when it was posted at version 0.13, which has no UnloadComplete', () => {
    const client = connectedClient(VmbusVersion.V0_13)
    client.unload()
    postAll(client)
    expect(kinds(client)).toEqual(['unloaded'])
  })

  it('leaves a message alone that the transport has in hand, and what becomes of that', () => {
    const client = offeredClient([1])
    client.tlConnect(endpoint, service)
    client.peekPost()
    client.unload()
    client.posted(0x13)
    expect(postNames(client)).toEqual(['Unload'])
    expect(kinds(client)).toEqual(['tl-connect-failed'])
  })

  it('that cannot be posted leaves the client to connect anew', () => {
    const client = connectedClient(VmbusVersion.V5_3, { maxPostAttempts: 1 })
    client.unload()
    postAll(client, 0x13)
    expect([client.state, kinds(client)]).toEqual(['disconnected', ['post-failed']])
    client.connect()
    expect(postNames(client)).toEqual(['InitiateContact'])
  })
})

describe('violations', () => {
  it('are thrown under that policy, and handed to a callback under that one; the client goes on either way', () => {
    const strict = new VmbusClient({ versions: [VmbusVersion.V5_3], violations: 'throw' })
    expect(() => strict.receive(rescinded(1))).toThrow(ViolationError)
    strict.connect()
    expect(postNames(strict)).toEqual(['InitiateContact'])
    const rules: string[] = []
    const client = connectedClient(VmbusVersion.V5_3, { violations: ({ rule }) => rules.push(rule) })
    client.receive(rescinded(1))
    client.receive(offered(1))
    expect(rules).toEqual(['rescind-unknown'])
    const [event] = client.takeEvents() satisfies ClientEvent[]
    expect(event?.kind === 'offer' ? event.offer.connectionId : undefined).toBe(offerOf(1).connectionId)
  })
})
