import type { EventOf } from '../../trace/events.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { ChannelMessage, ChannelMessageType, maxMessageSize, RequestOffers } from '../../vmbus/messages.ts'
import { answerEffect, type ServerQuestion } from '../../vmbus/server/answer.ts'
import type { OfferId, OfferParams, ServerEffect } from '../../vmbus/server/effects.ts'
import { type ServerState, VmbusServer } from '../../vmbus/server/index.ts'
import { VmbusVersion } from '../../vmbus/versions.ts'
import { guid } from '../../wire/index.ts'
import { contact } from '../control-steps.ts'
import { expect } from '../target.ts'

/** What the target uses of a {@link VmbusServer}: a wrapper, or one of your own, will do. */
export type FuzzedServer = Pick<
  VmbusServer,
  | 'violations'
  | 'offer'
  | 'revoke'
  | 'receive'
  | 'peekMessage'
  | 'messageSent'
  | 'takeEffects'
  | 'openComplete'
  | 'closeComplete'
  | 'gpadlComplete'
  | 'gpadlTeardownComplete'
  | 'modifyComplete'
  | 'modifyConnectionComplete'
  | 'tlConnectComplete'
  | 'reset'
  | 'save'
>

const instance = (number: number) => guid(`0000000${number}-aaaa-4bbb-8ccc-dddddddddddd`)

/** What can be offered, by number. */
export const offers: readonly OfferParams[] = [
  { interfaceId: DeviceId.Keyboard, instanceId: instance(1) },
  { interfaceId: DeviceId.Scsi, instanceId: instance(2), monitorLatency: 1000 },
  { interfaceId: DeviceId.Network, instanceId: instance(3), pipe: 'message' },
  { interfaceId: DeviceId.Scsi, instanceId: instance(2), subchannelIndex: 1 },
]

const type = ChannelMessageType

/** Which requests a reply answers: there can be no more of it than of these. By message type. */
const answers: ReadonlyMap<number, readonly number[]> = new Map([
  [type.VersionResponse, [type.InitiateContact]],
  [type.AllOffersDelivered, [type.RequestOffers]],
  [type.OpenResult, [type.OpenChannel, type.OpenReservedChannel]],
  [type.GpadlCreated, [type.GpadlHeader, type.GpadlBody]],
  [type.GpadlTorndown, [type.GpadlTeardown]],
  [type.CloseReservedChannelResponse, [type.CloseReservedChannel]],
  [type.ModifyChannelResponse, [type.ModifyChannel]],
  [type.ModifyConnectionResponse, [type.ModifyConnection]],
  [type.PauseResponse, [type.Pause]],
  [type.UnloadComplete, [type.Unload]],
])

/** More rounds of deliver and answer than any state needs. */
const manyRounds = 10_000

/** Most characters of the saved state of a server without a guest, and of each offer in it. */
const stateSize = 512
const channelSize = 1024

/** A server with its devices and a transport that do as they are told. */
export class ServerWorld {
  /** What is offered now, sockets too. */
  #offered = new Map<OfferId, OfferParams>()
  #questions: ServerQuestion[] = []
  /** Messages of the guest and of the server, counted by type. */
  readonly #received = new Map<number, number>()
  readonly #sent = new Map<number, number>()
  /** Offers of which a reserved channel is open. */
  #reserved = new Set<OfferId>()

  constructor(public server: FuzzedServer) {
    for (const number of [0, 1, 2]) this.#offer(number)
  }

  post(bytes: Uint8Array, connectionId: number): void {
    const taken = this.server.receive(bytes, { connectionId })
    if (taken) count(this.#received, typeOf(bytes))
    this.#collect()
  }

  meddle({ fault, detail = {} }: EventOf<'fault'>): void {
    const { count, which, ok, number } = detail
    if (fault === 'deliver') for (let left = Number(count); left > 0 && this.#deliver(); left--) {}
    if (fault === 'answer' && this.#questions.length > 0) {
      this.#answer(Number(which) % this.#questions.length, ok !== false)
    }
    if (fault === 'offer') this.#offer(Number(number))
    if (fault === 'revoke') this.#revoke(Number(number))
    if (fault === 'reset') this.#reset()
    if (fault === 'restore') this.#restore()
    this.#collect()
  }

  /** Everybody answers; then a good guest comes. */
  check(): void {
    this.#settle()
    this.#greet()
  }

  #greet(): void {
    this.post(contact(VmbusVersion.V5_3), 1)
    this.#settle()
    const before = numberIn(this.#sent, type.OfferChannel)
    const delivered = numberIn(this.#sent, type.AllOffersDelivered)
    this.post(RequestOffers.encode({}), 1)
    this.#settle()
    const served = numberIn(this.#sent, type.AllOffersDelivered) === delivered + 1
    expect(served, 'not-served', 'a new guest gets no offers')
    const told = numberIn(this.#sent, type.OfferChannel) - before
    // A reserved channel that is still open is not offered again (behaviour 38).
    const there = this.#offered.size - this.#reserved.size
    expect(told === there, 'not-served', `a new guest is offered ${told} channels of ${there}`)
    this.#reset()
    this.#settle()
    const { length } = JSON.stringify(this.server.save())
    const most = stateSize + this.#offered.size * channelSize
    expect(length <= most, 'state-grows', `${length} characters of state without a guest, at most ${most}`)
  }

  #offer(number: number): void {
    const params = offers[number]
    if (params === undefined || this.#handleOf(params) !== undefined) return
    this.#offered.set(this.server.offer(params), params)
  }

  #revoke(number: number): void {
    const params = offers[number]
    const offer = params === undefined ? undefined : this.#handleOf(params)
    if (offer === undefined) return
    this.#offered.delete(offer)
    this.server.revoke(offer)
  }

  #handleOf(params: OfferParams): OfferId | undefined {
    return [...this.#offered].find(([, offered]) => offered === params)?.[0]
  }

  /** Another server takes over, of the same offers; what waits for an answer is asked again. */
  #restore(): void {
    const { constructor: made } = this.server
    if (made !== VmbusServer) return
    this.#collect()
    const saved = this.server.save()
    const before = [...this.#offered]
    const restored = VmbusServer.restore(
      JSON.parse(JSON.stringify(saved)),
      {},
      before.map(([, params]) => params),
    )
    this.server = restored.server
    const now = new Map(before.map(([offer], index) => [offer, restored.offers[index]]))
    const renamed = <T>([offer, value]: readonly [OfferId, T]): [OfferId, T][] => {
      const handle = now.get(offer)
      return handle === undefined ? [] : [[handle, value]]
    }
    this.#offered = new Map(before.flatMap(renamed))
    this.#reserved = new Set([...this.#reserved].flatMap((offer) => now.get(offer) ?? []))
    this.#questions = []
    this.#collect()
    const isSame = stateText(this.server.save()) === stateText(saved)
    expect(isSame, 'restored-differs', 'the restored server is not as the saved one')
  }

  /** What was being opened is not to be answered any more. */
  #reset(): void {
    this.#collect()
    this.#questions = this.#questions.filter(({ kind }) => kind !== 'open')
    this.server.reset()
  }

  #settle(): void {
    let rounds = 0
    for (; this.#deliver() || this.#questions.length > 0; rounds++) {
      expect(rounds < manyRounds, 'endless', 'there is always one more message or effect')
      if (this.#questions.length > 0) this.#answer(0, true)
      this.#collect()
    }
  }

  #deliver(): boolean {
    const next = this.server.peekMessage()
    if (next === undefined) return false
    expect(next.bytes.byteLength <= maxMessageSize, 'message-too-long', `${next.bytes.byteLength} bytes`)
    const message = ChannelMessage.decode(next.bytes, { from: 'host' })
    expect(message.type !== 'UnknownMessage', 'unknown-message', 'the host sends a message of no known type')
    const sent = typeOf(next.bytes)
    count(this.#sent, sent)
    const requests = answers.get(sent)
    if (requests !== undefined) {
      const asked = requests.reduce((sum, request) => sum + numberIn(this.#received, request), 0)
      expect(numberIn(this.#sent, sent) <= asked, 'answered-twice', `more ${message.type} than requests for it`)
    }
    this.server.messageSent()
    this.#collect()
    return true
  }

  /** Takes up new questions; those of an offer that is gone are not to be answered any more. */
  #collect(): void {
    for (const effect of this.server.takeEffects()) {
      if (effect.kind === 'close' || effect.kind === 'revoked') this.#reserved.delete(effect.offer)
      if (effect.kind === 'revoked') {
        this.#questions = this.#questions.filter(
          (question) => !('offer' in question) || question.offer !== effect.offer,
        )
        this.#offered.delete(effect.offer)
      } else if (isQuestion(effect)) this.#questions.push(effect)
    }
    const unexpected = this.server.violations.counts.get('completion-unexpected') ?? 0
    expect(unexpected === 0, 'completion-unexpected', 'the server refuses an answer that it asked for')
  }

  #answer(which: number, ok: boolean): void {
    const [question] = this.#questions.splice(which, 1)
    if (question === undefined) return
    if (ok && question.kind === 'open' && question.request.reserved) this.#reserved.add(question.offer)
    const isDone =
      ok &&
      (question.kind !== 'tl-connect' ||
        this.#listen({ interfaceId: question.serviceId, instanceId: question.endpointId }))
    answerEffect(this.server, question, isDone)
  }

  /** A listener's offer; the same socket can be there already. */
  #listen(params: OfferParams): boolean {
    try {
      this.#offered.set(this.server.offer(params), params)
      return true
    } catch (error) {
      if (error instanceof RangeError) return false
      throw error
    }
  }
}

/** A state as text; the order of its channels means nothing. */
function stateText(state: ServerState): string {
  return JSON.stringify({ ...state, channels: state.channels.map((channel) => JSON.stringify(channel)).sort() })
}

function isQuestion(effect: ServerEffect): effect is ServerQuestion {
  switch (effect.kind) {
    case 'open':
    case 'close':
    case 'gpadl':
    case 'gpadl-teardown':
    case 'modify':
    case 'modify-connection':
    case 'tl-connect':
      return true
    default:
      return false
  }
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, numberIn(counts, key) + 1)
}

function numberIn(counts: ReadonlyMap<number, number>, key: number): number {
  return counts.get(key) ?? 0
}

/** What type of message it says it is; 0 when it is too short for that. */
function typeOf(bytes: Uint8Array): number {
  return bytes.byteLength < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
}
