import { maxChannels } from '../vmbus/ids.ts'
import { ChannelMessage } from '../vmbus/messages.ts'
import { UserDefined } from '../vmbus/offer.ts'
import { answerEffect } from '../vmbus/server/answer.ts'
import { type OfferId, type OfferParams, VmbusServer } from '../vmbus/server/index.ts'
import type { Violation } from '../vmbus/violation.ts'
import { toJSON, tryDecode } from '../wire/index.ts'
import { type Difference, differingFields } from './difference.ts'
import type { TranscriptEvent } from './events.ts'
import { deviceKey, type OfferMessage, surveyHost } from './host-survey.ts'

/** A message of our host that no recorded one has matched yet. */
interface Ours {
  /** With the recorded relid. */
  readonly message: ChannelMessage
  /** Number of the event after which it was sent. */
  readonly event: number
}

/** Something that our server held against the recorded guest. */
export interface ReplayViolation extends Violation {
  /** Number of the guest's event. */
  readonly event: number
}

/** Violations that are kept whole. */
const maxViolations = 100

/**
 * Feeds the guest's side of a recorded control plane to our server, with the recorded offers, and compares what our server sends with what the
 * recorded host sent, in order. Devices answer at once and well, but for hvsocket requests that were refused in the recording.
 */
export class HostReplay {
  readonly #server: VmbusServer
  readonly #differences: Difference[] = []
  readonly #violations: ReplayViolation[] = []
  #waiting: Ours[] = []
  /** What is offered now, and under which relid in the recording. */
  readonly #offers = new Map<string, { readonly offer: OfferId; readonly recordedRelid: number }>()
  /** Our relids by the recorded ones, and the other way round: a guest uses the relids that it is offered. */
  readonly #toOurs = new Map<number, number>()
  readonly #toRecorded = new Map<number, number>()
  readonly #refusedSockets: ReadonlySet<string>
  #asked: number | undefined
  #event = 0

  constructor(events: readonly TranscriptEvent[]) {
    const { options, offers, refusedSockets } = surveyHost(events)
    this.#refusedSockets = refusedSockets
    this.#server = new VmbusServer({ ...options, violations: (violation) => this.#keep(violation) })
    for (const offer of offers) this.#offer(offer)
  }

  /** What differed so far. */
  get differences(): readonly Difference[] {
    return this.#differences
  }

  /** What our server held against the guest: the first hundred. */
  get violations(): readonly ReplayViolation[] {
    return this.#violations
  }

  /** Exact number of violations by rule. */
  get violationCounts(): ReadonlyMap<string, number> {
    return this.#server.violations.counts
  }

  /** Takes a message of the guest: event number `event` of the recording. */
  fromGuest(bytes: Uint8Array, connectionId: number, event: number): void {
    this.#event = event
    const message = decoded(bytes)
    if (message?.type === 'InitiateContact' || message?.type === 'InitiateContact2') this.#asked = message.version
    this.#server.receive(this.#translated(bytes), { connectionId })
    this.#run()
  }

  /** Takes a message of the recorded host: event number `event` of the recording. */
  fromHost(bytes: Uint8Array, event: number): void {
    this.#event = event
    const recorded = decoded(bytes)
    if (recorded === undefined) return
    if (!this.#waiting.some(({ message }) => keyOf(message) === keyOf(recorded))) this.#cause(recorded)
    const exact = this.#waiting.findIndex(({ message }) => keyOf(message) === keyOf(recorded))
    const type = typeOf(recorded)
    const at = exact >= 0 ? exact : this.#waiting.findIndex(({ message }) => typeOf(message) === type)
    const [ours] = at < 0 ? [] : this.#waiting.splice(at, 1)
    if (ours === undefined) {
      this.#report(recorded, {
        kind: 'missing',
        field: '',
        recorded: toJSON(ChannelMessage, recorded),
        matters: true,
        why: 'our host sends nothing here: the guest waits for it in vain',
      })
      return
    }
    if (at > 0) this.#reportOrder(recorded, this.#waiting.slice(0, at))
    if (recorded.type === 'OfferChannel' && ours.message.type === 'OfferChannel') {
      this.#map(recorded.channelId, ours.message.channelId)
    }
    this.#compare(recorded, ours.message)
  }

  /** Reports what only our host sent. To be called once, at the end. */
  finish(): void {
    for (const { message, event } of this.#waiting) {
      this.#event = event
      this.#report(message, {
        kind: 'extra',
        field: '',
        ours: toJSON(ChannelMessage, message),
        matters: true,
        why: 'the recorded host sends no such message',
      })
    }
    this.#waiting = []
  }

  /** Does what made the recorded host send a message that it was not asked for. */
  #cause(recorded: ChannelMessage): void {
    if (recorded.type === 'RescindChannelOffer') {
      for (const [key, { offer, recordedRelid }] of this.#offers) {
        if (recordedRelid !== recorded.channelId) continue
        this.#offers.delete(key)
        this.#server.revoke(offer)
      }
    } else if (recorded.type === 'OfferChannel' && !this.#offers.has(deviceKey(recorded))) {
      this.#offer(recorded)
    }
    this.#run()
  }

  /** A violation names the channel as the recording does. */
  #keep(violation: Violation): void {
    if (this.#violations.length >= maxViolations) return
    const { channelId } = violation
    const relid = channelId === undefined ? {} : { channelId: this.#toRecorded.get(channelId) ?? channelId }
    this.#violations.push({ ...violation, ...relid, event: this.#event })
  }

  #offer(recorded: OfferMessage): void {
    if (this.#offers.size >= maxChannels) return
    const offer = this.#server.offer(paramsOf(recorded, this.#offers.size))
    this.#offers.set(deviceKey(recorded), { offer, recordedRelid: recorded.channelId })
  }

  /** Answers all effects and takes all messages. */
  #run(): void {
    const server = this.#server
    for (let more = true; more; ) {
      more = false
      for (const effect of server.takeEffects()) {
        more = true
        const isRefused =
          effect.kind === 'tl-connect' && this.#refusedSockets.has(`${effect.endpointId} ${effect.serviceId}`)
        answerEffect(server, effect, !isRefused)
      }
      for (let next = server.peekMessage(); next !== undefined; next = server.peekMessage()) {
        more = true
        const message = decoded(next.bytes)
        if (message !== undefined) this.#waiting.push({ message: this.#renumbered(message), event: this.#event })
        server.messageSent()
      }
    }
  }

  #compare(recorded: ChannelMessage, ours: ChannelMessage): void {
    for (const difference of differingFields(recorded, ours, this.#asked)) {
      this.#report(recorded, { kind: 'different', ...difference })
    }
  }

  #reportOrder(recorded: ChannelMessage, before: readonly Ours[]): void {
    const ends = recorded.type === 'AllOffersDelivered'
    const names = [...new Set(before.map(({ message }) => message.type))].join(', ')
    this.#report(recorded, {
      kind: 'different',
      field: 'order',
      ours: `after ${names}`,
      matters: ends,
      why: ends
        ? 'the guest takes it that all devices were offered'
        : 'messages about different things may come in any order',
    })
  }

  #report(message: ChannelMessage, what: Omit<Difference, 'event' | 'message' | 'channelId'>): void {
    const channelId = 'channelId' in message ? { channelId: message.channelId } : {}
    this.#differences.push({ event: this.#event, message: message.type, ...channelId, ...what })
  }

  #map(recorded: number, ours: number): void {
    this.#toOurs.set(recorded, ours)
    this.#toRecorded.set(ours, recorded)
  }

  /** A message of the guest with our relid in place of the recorded one. A relid that was not offered is made one that ours has not either. */
  #translated(bytes: Uint8Array): Uint8Array {
    const at = channelIdOffset(bytes)
    if (at === undefined) return bytes
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const recorded = view.getUint32(at, true)
    const ours = this.#toOurs.get(recorded) ?? (this.#toRecorded.has(recorded) ? notOffered : recorded)
    const copy = bytes.slice()
    new DataView(copy.buffer).setUint32(at, ours, true)
    return copy
  }

  /** A message of ours with the recorded relid in place of our own. An offer keeps its own: it is what tells the guest. */
  #renumbered(message: ChannelMessage): ChannelMessage {
    if (!('channelId' in message) || message.type === 'OfferChannel') return message
    return { ...message, channelId: this.#toRecorded.get(message.channelId) ?? message.channelId }
  }
}

/** No relid ever. */
const notOffered = 0xffff_ffff

function decoded(bytes: Uint8Array): ChannelMessage | undefined {
  const { ok, value } = tryDecode(ChannelMessage, bytes)
  return ok ? value : undefined
}

/** Where a guest's message has its relid. */
function channelIdOffset(bytes: Uint8Array): number | undefined {
  const type = decoded(bytes)?.type
  const field =
    type === undefined ? undefined : ChannelMessage.member(type)?.layout.find(({ name }) => name === 'channelId')
  return field?.offset
}

/** The type as the wire has it: the variants of a message are one. */
function typeOf(message: ChannelMessage): string {
  return message.type.replace(/\d$/, '')
}

/** What makes two messages be about the same thing. */
function keyOf(message: ChannelMessage): string {
  if (message.type === 'OfferChannel') return `OfferChannel ${deviceKey(message)}`
  const channelId = 'channelId' in message ? message.channelId : ''
  return `${typeOf(message)} ${channelId} ${'gpadlId' in message ? message.gpadlId : ''}`
}

function paramsOf({ offer, monitor }: OfferMessage, order: number): OfferParams {
  const userDefined = UserDefined.encode(offer.userDefined)
  // The latency is not told to the guest; any makes the channel a monitored one.
  return { ...offer, order, userDefined, ...(monitor.allocated ? { monitorLatency: 1000 } : {}) }
}
