import type { EventOf } from '../../trace/events.ts'
import { type ClientEvent, ClientStateError, type VmbusClient } from '../../vmbus/client/index.ts'
import type { ChannelId, GpadlId } from '../../vmbus/ids.ts'
import {
  AllOffersDelivered,
  ChannelMessage,
  GpadlCreated,
  GpadlTorndown,
  ModifyChannelResponse,
  ModifyConnectionResponse,
  maxMessageSize,
  OpenResult,
  PauseResponse,
  UnloadComplete,
  VersionResponse,
} from '../../vmbus/messages.ts'
import { VmbusVersion } from '../../vmbus/versions.ts'
import { guid, isWireError } from '../../wire/index.ts'
import { expect } from '../target.ts'

/** What the target uses of a {@link VmbusClient}. */
export type FuzzedClient = Pick<
  VmbusClient,
  | 'state'
  | 'connect'
  | 'requestOffers'
  | 'createGpadl'
  | 'teardownGpadl'
  | 'open'
  | 'close'
  | 'release'
  | 'modify'
  | 'modifyConnection'
  | 'tlConnect'
  | 'pause'
  | 'resume'
  | 'unload'
  | 'receive'
  | 'peekPost'
  | 'posted'
  | 'takeEvents'
>

const sockets = [guid('11111111-2222-4333-8444-555555555555'), guid('00000017-facb-11e6-bd58-64006a7986d3')] as const

/** A client with a driver and a transport that do as they are told. */
export class ClientWorld {
  /** GPADLs that were asked for and not answered yet. */
  readonly #creating = new Set<number>()
  /** The GPADL that was asked for last, by channel. */
  readonly #gpadls = new Map<number, GpadlId>()
  readonly #opening = new Map<number, number>()
  /** Messages that the host has not answered. */
  readonly #posted: ChannelMessage[] = []

  constructor(readonly client: FuzzedClient) {}

  receive(bytes: Uint8Array): void {
    this.client.receive(bytes)
    this.#take()
  }

  meddle({ fault, detail = {} }: EventOf<'fault'>): void {
    if (fault === 'post') this.#post(Number(detail.status))
    else if (fault === 'answer') this.#answer(Number(detail.which), detail.ok !== false, detail.twice === true)
    else if (fault === 'request') {
      try {
        this.#request(String(detail.what), Number(detail.channelId), Number(detail.number))
      } catch (error) {
        // What the client's own state forbids is the driver's mistake.
        if (!(error instanceof ClientStateError) && !isWireError(error)) throw error
      }
      this.#take()
    }
  }

  /** A good host comes: the client connects, and what was asked for has been answered. */
  check(): void {
    const { client } = this
    this.#postAll()
    if (client.state === 'unloading') this.receive(UnloadComplete.encode({}))
    if (client.state !== 'connecting') client.connect([VmbusVersion.V5_3])
    this.#postAll()
    for (let rounds = 0; client.state === 'connecting'; rounds++) {
      expect(rounds < 20, 'endless', 'the client tries one version after the other')
      // One that was connecting already may not have been at 5.3.
      const accepted = { versionSupported: rounds === 0 ? 1 : 0, connectionState: 0, versionOrConnectionId: 0x100 }
      this.receive(VersionResponse.encode(accepted))
      this.#postAll()
    }
    if (client.state === 'disconnected') {
      client.connect([VmbusVersion.V5_3])
      this.#postAll()
      this.receive(VersionResponse.encode({ versionSupported: 1, connectionState: 0, versionOrConnectionId: 0x100 }))
    }
    expect(client.state === 'connected', 'not-connected', `a good host accepted, and the client is ${client.state}`)
    this.receive(AllOffersDelivered.encode({}))
    client.unload()
    this.#take()
    expect(this.#creating.size === 0, 'unanswered', 'a GPADL was asked for, and no event says what became of it')
    expect(this.#opening.size === 0, 'unanswered', 'an open was asked for, and no event says what became of it')
  }

  #postAll(): void {
    for (let posts = 0; this.#post(0); posts++) {
      expect(posts < 10_000, 'endless', 'there is always one more message to post')
    }
  }

  /** Posts the next message with this outcome; false when there is none. */
  #post(status: number): boolean {
    const next = this.client.peekPost()
    if (next === undefined) return false
    expect(next.bytes.byteLength <= maxMessageSize, 'message-too-long', `${next.bytes.byteLength} bytes`)
    const message = ChannelMessage.decode(next.bytes, { from: 'guest' })
    expect(message.type !== 'UnknownMessage', 'unknown-message', 'the client posts a message of no known type')
    if (status === 0) this.#posted.push(message)
    this.client.posted(status)
    this.#take()
    return true
  }

  /** A good host's answer to one of the messages posted, or that answer twice. */
  #answer(which: number, ok: boolean, twice: boolean): void {
    const [message] = this.#posted.splice(which % Math.max(1, this.#posted.length), 1)
    const answer = message === undefined ? undefined : answerTo(message, ok)
    if (answer === undefined) return
    this.receive(answer)
    if (twice) this.receive(answer)
  }

  #request(what: string, number: number, other: number): void {
    const { client } = this
    // Sound: a brand on a number; the client refuses those that are none of its own.
    const channelId = number as ChannelId
    const gpadlId = this.#gpadls.get(number) ?? (other as GpadlId)
    switch (what) {
      case 'createGpadl': {
        const pages = [2, 4, 40, 4][other] ?? 2
        const pfns = Array.from({ length: pages }, (_, index) => 16 + index)
        const created = client.createGpadl(channelId, [{ byteCount: pages * 4096, byteOffset: 0, pfns }])
        this.#creating.add(created)
        this.#gpadls.set(channelId, created)
        break
      }
      case 'open':
        client.open(channelId, { ringGpadlId: gpadlId, downstreamPageOffset: 1 })
        this.#opening.set(channelId, (this.#opening.get(channelId) ?? 0) + 1)
        break
      case 'teardownGpadl':
        client.teardownGpadl(channelId, gpadlId)
        break
      case 'close':
        client.close(channelId)
        break
      case 'release':
        client.release(channelId)
        break
      case 'modify':
        client.modify(channelId, other)
        break
      case 'modifyConnection':
        client.modifyConnection(other === 0 ? undefined : { parentToChild: 0x5000n, childToParent: 0x6000n })
        break
      case 'tlConnect':
        client.tlConnect(sockets[other & 1] ?? sockets[0], sockets[(other >> 1) & 1] ?? sockets[0])
        break
      case 'pause':
      case 'resume':
      case 'requestOffers':
      case 'unload':
        client[what]()
        break
      case 'connect':
        client.connect()
        break
    }
  }

  #take(): void {
    for (const event of this.client.takeEvents()) this.#event(event)
  }

  #event(event: ClientEvent): void {
    switch (event.kind) {
      case 'gpadl-created':
      case 'gpadl-failed': {
        const asked = this.#creating.delete(event.gpadlId)
        expect(asked, 'answered-twice', `${event.kind} for a GPADL that nobody waits for`)
        break
      }
      case 'opened':
      case 'open-failed': {
        const waiting = this.#opening.get(event.channelId) ?? 0
        expect(waiting > 0, 'answered-twice', `${event.kind} for a channel that nobody opens`)
        if (waiting === 1) this.#opening.delete(event.channelId)
        else this.#opening.set(event.channelId, waiting - 1)
        break
      }
    }
  }
}

/** What a good host says to a message; `undefined` where it says nothing. */
function answerTo(message: ChannelMessage, ok: boolean): Uint8Array | undefined {
  const status = ok ? 0 : 0x8000_ffff
  const connectionState = ok ? 0 : 2
  switch (message.type) {
    case 'InitiateContact':
    case 'InitiateContact2':
      return VersionResponse.encode({ versionSupported: ok ? 1 : 0, connectionState: 0, versionOrConnectionId: 0x100 })
    case 'RequestOffers':
      return AllOffersDelivered.encode({})
    case 'OpenChannel':
    case 'OpenChannel2':
      return OpenResult.encode({ channelId: message.channelId, openId: message.openId, status })
    case 'GpadlHeader':
      return GpadlCreated.encode({ channelId: message.channelId, gpadlId: message.gpadlId, status })
    case 'GpadlTeardown':
      return GpadlTorndown.encode({ gpadlId: message.gpadlId })
    case 'ModifyChannel':
      return ModifyChannelResponse.encode({ channelId: message.channelId, status })
    case 'ModifyConnection':
      return ModifyConnectionResponse.encode({ connectionState })
    case 'Pause':
      return PauseResponse.encode({})
    case 'Unload':
      return UnloadComplete.encode({})
    default:
      return undefined
  }
}
