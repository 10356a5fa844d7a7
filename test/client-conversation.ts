import fc from 'fast-check'
import { type ClientEvent, ClientStateError, VmbusClient } from '../src/vmbus/client/index.ts'
import {
  ChannelMessage,
  CloseReservedChannelResponse,
  ModifyConnectionResponse,
  PauseResponse,
  TlConnectRequestResult,
  VersionResponse2,
} from '../src/vmbus/messages.ts'
import { vmbusVersions } from '../src/vmbus/versions.ts'
import { guid, nilGuid } from '../src/wire/index.ts'
import {
  accepted6,
  device,
  gpadlCreated,
  gpadlTorndown,
  modified,
  offered,
  offersDelivered,
  openResult,
  refused,
  rescinded,
  ringPages,
  unloadComplete,
} from './client-messages.ts'

/** One thing that happens to the client; `run` does it to a conversation. fast-check prints the name. */
export class Step {
  constructor(
    readonly name: string,
    readonly run: (conversation: Conversation) => void,
  ) {}

  [fc.toStringMethod](): string {
    return this.name
  }
}

const endpoint = (n: number) => guid(`eeeeeeee-0000-0000-0000-00000000000${n}`)
const manyPages = { byteCount: 60 * 4096, byteOffset: 0, pfns: Array.from({ length: 60 }, (_, index) => index) }

/**
 * A client between a driver that asks for anything at any time, a transport that fails now and then, and a host that answers,
 * lies, or babbles. Keeps account of what has to be true all along.
 */
export class Conversation {
  readonly client: VmbusClient
  /** Requests by what they are about, and the answers they got. */
  readonly requested = new Map<string, number>()
  readonly answered = new Map<string, number>()
  /** What the host knows of a relid since it was last free. */
  readonly #relids = new Map<number, 'offered' | 'rescinded'>()
  /** Posted messages that an honest host would answer. */
  #unanswered: ChannelMessage[] = []
  readonly problems: string[] = []

  constructor(version: number) {
    this.client = new VmbusClient({
      versions: [version, vmbusVersions[1] ?? 0],
      features: 0x25,
      firstGpadlId: 1,
      maxPostAttempts: 2,
    })
  }

  /** The driver asks for something. Asking at the wrong time is its own fault, and counts as not asked. */
  ask(about: string, request: () => void): void {
    try {
      request()
      this.requested.set(about, (this.requested.get(about) ?? 0) + 1)
    } catch (error) {
      if (!(error instanceof ClientStateError)) throw error
    }
    this.listen()
  }

  /** The host sends something; nothing may be thrown. */
  hear(bytes: Uint8Array): void {
    const message = this.client.state === 'connected' ? kindOf(bytes) : undefined
    if (message?.type === 'OfferChannel') {
      if (!this.#relids.has(message.channelId)) this.#relids.set(message.channelId, 'offered')
    }
    if (message?.type === 'RescindChannelOffer' && this.#relids.has(message.channelId)) {
      this.#relids.set(message.channelId, 'rescinded')
    }
    this.client.receive(bytes)
    this.listen()
  }

  /** The transport posts one message, with this outcome. */
  post(status: number): boolean {
    const post = this.client.peekPost()
    if (post === undefined) return false
    const message = ChannelMessage.decode(post.bytes, { from: 'guest' })
    this.client.posted(status)
    if (status === 0) this.#sent(message)
    this.listen()
    return true
  }

  postAll(): void {
    while (this.post(0));
  }

  /** The host answers the oldest message that wants an answer as it should. */
  answer(status: number): void {
    const message = this.#unanswered.shift()
    const bytes = message === undefined ? undefined : honestAnswer(message, status)
    if (bytes !== undefined) this.hear(bytes)
  }

  /** Ends the connection in good order, so that everything has to be answered. */
  finish(): void {
    this.postAll()
    while (this.client.state === 'connecting') {
      this.hear(refused())
      this.postAll()
    }
    if (this.client.state === 'connected') this.client.unload()
    this.postAll()
    if (this.client.state === 'unloading') this.hear(unloadComplete())
    this.listen()
  }

  listen(): void {
    for (const event of this.client.takeEvents()) {
      if (event.kind === 'connected' || event.kind === 'unloaded') this.#relids.clear()
      const about = answeredBy(event)
      if (about === undefined) continue
      const answers = (this.answered.get(about) ?? 0) + 1
      this.answered.set(about, answers)
      if (answers > (this.requested.get(about) ?? 0)) this.problems.push(`${about} answered without a request`)
    }
  }

  #sent(message: ChannelMessage): void {
    this.#unanswered.push(message)
    if (message.type !== 'RelIdReleased') return
    if (this.#relids.get(message.channelId) !== 'rescinded') {
      this.problems.push(`relid ${message.channelId} released, but ${this.#relids.get(message.channelId)}`)
    }
    this.#relids.delete(message.channelId)
  }
}

function kindOf(bytes: Uint8Array): ChannelMessage | undefined {
  try {
    return ChannelMessage.decode(bytes, { from: 'host' })
  } catch {
    return undefined
  }
}

function answeredBy(event: ClientEvent): string | undefined {
  switch (event.kind) {
    case 'connected':
    case 'connect-failed':
      return 'connect'
    case 'opened':
    case 'open-failed':
      return `open ${event.channelId}`
    case 'gpadl-created':
    case 'gpadl-failed':
      return `create ${event.gpadlId}`
    case 'gpadl-torndown':
    case 'gpadl-teardown-failed':
      return `teardown ${event.gpadlId}`
    case 'modified':
      return `modify ${event.channelId}`
    case 'connection-modified':
      return 'modify connection'
    case 'tl-connected':
    case 'tl-connect-failed':
      return `socket ${event.endpointId}`
    case 'reserved-closed':
      return `close reserved ${event.channelId}`
    default:
      return undefined
  }
}

function honestAnswer(message: ChannelMessage, status: number): Uint8Array | undefined {
  switch (message.type) {
    case 'InitiateContact':
      return status === 0 ? accepted6(0xff) : refused()
    case 'RequestOffers':
      return offersDelivered()
    case 'GpadlHeader':
      return gpadlCreated(message.channelId, message.gpadlId, status)
    case 'GpadlTeardown':
      return gpadlTorndown(message.gpadlId)
    case 'OpenChannel':
    case 'OpenChannel2':
      return openResult(message.channelId, status, message.openId)
    case 'OpenReservedChannel':
      return openResult(message.channelId, status, 0)
    case 'CloseReservedChannel':
      return CloseReservedChannelResponse.encode({ channelId: message.channelId })
    case 'ModifyChannel':
      return modified(message.channelId, status)
    case 'ModifyConnection':
      return ModifyConnectionResponse.encode({ connectionState: status === 0 ? 0 : 2 })
    case 'TlConnectRequest':
      return tlResult(1, 0xc000_0236)
    case 'Pause':
      return PauseResponse.encode({})
    case 'Unload':
      return unloadComplete()
    default:
      return undefined
  }
}

const tlResult = (n: number, status: number) =>
  TlConnectRequestResult.encode({ endpointId: endpoint(n), serviceId: nilGuid, status })

const relid = fc.integer({ min: 0, max: 4 })
const gpadlId = fc.integer({ min: 1, max: 8 })
const status = fc.constantFrom(0, 0, 0, 0x8000_ffff)
const heard = <T>(name: string, arbitrary: fc.Arbitrary<T>, make: (value: T) => Uint8Array): fc.Arbitrary<Step> =>
  arbitrary.map((value) => new Step(`host: ${name} ${text(value)}`, (c) => c.hear(make(value))))
const asked = <T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  about: (value: T) => string,
  request: (client: VmbusClient, value: T) => void,
): fc.Arbitrary<Step> =>
  arbitrary.map((value) => {
    return new Step(`guest: ${name} ${text(value)}`, (c) => c.ask(about(value), () => request(c.client, value)))
  })
const text = (value: unknown) => JSON.stringify(value) ?? ''

/** What the host says, honest or not. */
export const hostSteps: fc.Arbitrary<Step>[] = [
  heard(
    'offer',
    fc.record({
      relid: fc.oneof(relid, fc.constantFrom(2047, 2048, 0xffff_ffff)),
      n: relid,
      sub: fc.integer({ min: 0, max: 2 }),
    }),
    ({ relid, n, sub }) => offered(relid, {}, { instanceId: device(n), subchannelIndex: sub }),
  ),
  heard('socket', fc.record({ relid, n: fc.integer({ min: 1, max: 3 }) }), ({ relid, n }) =>
    offered(
      relid,
      {},
      {
        interfaceId: nilGuid,
        instanceId: endpoint(n),
        flags: 0x2011,
        userDefined: {
          type: 'HvsocketUserDefined',
          pipeType: 0,
          isForGuestAccept: n >> 1,
          isForGuestContainer: 0,
          version: 1,
          siloId: nilGuid,
        },
      },
    ),
  ),
  heard('rescind', relid, rescinded),
  heard('open result', fc.tuple(relid, status, relid), ([id, result, openId]) => openResult(id, result, openId)),
  heard('GPADL created', fc.tuple(relid, gpadlId, status), ([id, gpadl, result]) => gpadlCreated(id, gpadl, result)),
  heard('GPADL torndown', gpadlId, gpadlTorndown),
  heard('modified', fc.tuple(relid, status), ([id, result]) => modified(id, result)),
  heard('reserved closed', relid, (channelId) => CloseReservedChannelResponse.encode({ channelId })),
  heard('connection modified', fc.constant(0), (connectionState) =>
    ModifyConnectionResponse.encode({ connectionState }),
  ),
  heard('socket result', fc.tuple(fc.integer({ min: 1, max: 3 }), status), ([n, result]) => tlResult(n, result)),
  heard('pause response', fc.constant(undefined), () => PauseResponse.encode({})),
  heard('unload complete', fc.constant(undefined), unloadComplete),
  heard('offers delivered', fc.constant(undefined), offersDelivered),
  heard(
    'version response',
    fc.record({
      versionSupported: fc.integer({ min: 0, max: 2 }),
      connectionState: fc.constantFrom(0, 0, 2),
      versionOrConnectionId: fc.constantFrom(0, 1, 0xffff_ffff),
      supportedFeatures: fc.constantFrom(0, 0xffff_ffff),
    }),
    (fields) => VersionResponse2.encode(fields),
  ),
  heard('any bytes', fc.uint8Array({ maxLength: 240 }), (bytes) => bytes),
  heard(
    'any bytes of a type',
    fc.tuple(fc.integer({ min: 0, max: 31 }), fc.uint8Array({ minLength: 4, maxLength: 240 })),
    ([type, bytes]) => {
      new DataView(bytes.buffer).setUint32(0, type, true)
      return bytes
    },
  ),
]

/** What drivers ask for. */
export const guestSteps: fc.Arbitrary<Step>[] = [
  asked(
    'connect',
    fc.constant(undefined),
    () => 'connect',
    (client) => client.connect(),
  ),
  asked(
    'request offers',
    fc.constant(undefined),
    () => 'offers',
    (client) => client.requestOffers(),
  ),
  fc.tuple(relid, fc.boolean()).map(([id, large]) => {
    return new Step(`guest: create ${id}`, (c) => {
      // The handle is told by the call.
      c.ask('create', () => c.requested.set(`create ${c.client.createGpadl(id, [large ? manyPages : ringPages])}`, 1))
    })
  }),
  asked(
    'teardown',
    fc.tuple(relid, gpadlId),
    ([, gpadl]) => `teardown ${gpadl}`,
    (client, [id, gpadl]) => client.teardownGpadl(id, gpadl),
  ),
  asked(
    'open',
    fc.tuple(relid, gpadlId),
    ([id]) => `open ${id}`,
    (client, [id, ringGpadlId]) => client.open(id, { ringGpadlId, downstreamPageOffset: 1 }),
  ),
  asked(
    'open reserved',
    fc.tuple(relid, gpadlId),
    ([id]) => `open ${id}`,
    (client, [id, ringGpadlId]) => client.openReserved(id, { ringGpadlId, downstreamPageOffset: 1 }),
  ),
  asked(
    'close',
    relid,
    () => 'close',
    (client, id) => client.close(id),
  ),
  asked(
    'close reserved',
    relid,
    (id) => `close reserved ${id}`,
    (client, id) => client.closeReserved(id),
  ),
  asked(
    'release',
    relid,
    () => 'release',
    (client, id) => client.release(id),
  ),
  asked(
    'modify',
    relid,
    (id) => `modify ${id}`,
    (client, id) => client.modify(id, 1),
  ),
  asked(
    'modify connection',
    fc.constant(undefined),
    () => 'modify connection',
    (client) => client.modifyConnection(undefined),
  ),
  asked(
    'socket',
    fc.integer({ min: 1, max: 3 }),
    (n) => `socket ${endpoint(n)}`,
    (client, n) => client.tlConnect(endpoint(n), nilGuid),
  ),
  asked(
    'pause',
    fc.constant(undefined),
    () => 'pause',
    (client) => client.pause(),
  ),
  asked(
    'resume',
    fc.constant(undefined),
    () => 'resume',
    (client) => client.resume(),
  ),
  asked(
    'unload',
    fc.constant(undefined),
    () => 'unload',
    (client) => client.unload(),
  ),
]

/** What the transport does, and a host that answers as it should. */
export const honestSteps: fc.Arbitrary<Step>[] = [
  fc.constantFrom(0, 0, 0, 0, 0x13, 0x12, 5).map((result) => new Step(`post: ${result}`, (c) => void c.post(result))),
  fc.constant(new Step('post all', (c) => c.postAll())),
  fc.constant(new Step('take a post in hand', (c) => void c.client.peekPost())),
  status.map((result) => new Step(`answer: ${result}`, (c) => c.answer(result))),
]

/** Steps that lead into a connection with channels, so that deep states are reached. */
export const prologue: readonly Step[] = [
  new Step('connect', (c) => c.ask('connect', () => c.client.connect())),
  new Step('post', (c) => void c.post(0)),
  new Step('answer', (c) => c.answer(0)),
  new Step('offer 1', (c) => c.hear(offered(1))),
  new Step('offer 2', (c) => c.hear(offered(2))),
]
