import { expect } from 'vitest'
import {
  type ChannelMessage,
  type GpadlRange,
  gpadlMessages,
  type MessageOrigin,
  type OfferId,
  type OfferParams,
  type ServerEffect,
  type ServerOptions,
  ChannelMessage as schema,
  type Violation,
  VmbusServer,
  VmbusVersion,
} from '../src/vmbus/index.ts'
import { type Guid, guid } from '../src/wire/index.ts'

/** FAIL of the behaviours. */
export const FAIL = 0x8000_ffff

/** A GUID that ends in a number. */
export function id(number: number): Guid {
  return guid(`00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`)
}

/** A ring of whole pages. */
export function pages(count: number, first = 100): GpadlRange[] {
  return [{ byteCount: count * 4096, byteOffset: 0, pfns: Array.from({ length: count }, (_, index) => first + index) }]
}

/** A message as a test reads it: target and value, or just the value when it went to the usual place. */
export type Said = ChannelMessage | { vp: number; sint: number; message: ChannelMessage }

/** Fields of a message, without the name: for `env.post('OpenChannel', {…})`. */
type Fields<N extends ChannelMessage['type']> = Omit<Extract<ChannelMessage, { type: N }>, 'type'>

const contactDefaults = {
  version: VmbusVersion.V6_0 as number,
  targetVp: 0,
  parentToChildMonitorPage: 0n,
  childToParentMonitorPage: 0n,
}

export interface ContactParams {
  version?: number
  targetVp?: number
  features?: number
  sint?: number
  vtl?: number
  interruptPage?: bigint
  parentToChildMonitorPage?: bigint
  childToParentMonitorPage?: bigint
  clientId?: Guid
}

/** A contact as bytes. */
export function contactBytes({
  features = 0,
  sint = 2,
  vtl = 0,
  interruptPage = 0n,
  clientId,
  ...rest
}: ContactParams) {
  const common = { ...contactDefaults, ...rest }
  const target =
    common.version >= VmbusVersion.V5_0
      ? ({ type: 'TargetInfo', sint, vtl, featureFlags: features } as const)
      : ({ type: 'InterruptPage', interruptPage } as const)
  return clientId === undefined
    ? schema.encode({ type: 'InitiateContact', ...common, target })
    : schema.encode({ type: 'InitiateContact2', ...common, target, clientId })
}

/** A server with the guest and the devices played by the test: verbs in, exact messages, effects and violations out. */
export class TestEnv {
  server: VmbusServer
  origin: MessageOrigin = { connectionId: 1 }
  version: number = VmbusVersion.V6_0
  features = 0

  constructor(options: ServerOptions = {}) {
    this.server = new VmbusServer(options)
  }

  /** Posts bytes; whether the port took them. */
  postBytes(bytes: Uint8Array, origin = this.origin): boolean {
    return this.server.receive(bytes, origin)
  }

  /** Posts a message of the guest. */
  post<N extends ChannelMessage['type']>(type: N, fields: Fields<N>): boolean {
    // Sound: the fields are those of the type.
    return this.postBytes(schema.encode({ type, ...fields } as ChannelMessage))
  }

  /** Delivers all messages that wait, and says what they were. */
  heard(): Said[] {
    const said: Said[] = []
    for (let next = this.server.peekMessage(); next !== undefined; next = this.server.peekMessage()) {
      const { version, features } = this
      const message = schema.decode(next.bytes, { version, features, from: 'host' })
      said.push(next.vp === 0 && next.sint === 2 ? message : { vp: next.vp, sint: next.sint, message })
      this.server.messageSent()
    }
    return said
  }

  effects(): ServerEffect[] {
    return this.server.takeEffects()
  }

  /** Violations since the last look. */
  violations(): Violation[] {
    return this.server.violations.take()
  }

  /** Rules that were violated since the last look. */
  rules(): string[] {
    return this.violations().map(({ rule }) => rule)
  }

  /** Nothing was sent, nothing was asked, and exactly these rules were violated. */
  expectIgnored(...rules: string[]): void {
    expect(this.heard()).toEqual([])
    expect(this.effects()).toEqual([])
    expect(this.rules()).toEqual(rules)
  }

  contact(params: ContactParams = {}, origin = this.origin): boolean {
    return this.postBytes(contactBytes(params), origin)
  }

  /** Connects, and forgets what that said. */
  connect(params: ContactParams = {}): this {
    this.version = params.version ?? VmbusVersion.V6_0
    this.features = this.version >= VmbusVersion.V6_0 ? (params.features ?? 0) : 0
    this.contact(params)
    this.heard()
    this.effects()
    expect(this.rules()).toEqual([])
    return this
  }

  /** Offers a channel; the n-th has the interface id(1) and the instance id(n). */
  offer(number: number, params: Partial<OfferParams> = {}): OfferId {
    return this.server.offer({ interfaceId: id(1), instanceId: id(number), ...params })
  }

  /** One channel, connected and offered with relid 1. */
  one(params: ContactParams = {}, offer: Partial<OfferParams> = {}): OfferId {
    const [first] = this.offered(1, params, offer)
    if (first === undefined) throw new Error('no offer')
    return first
  }

  /** Two channels, with relids 1 and 2. */
  two(params: ContactParams = {}): [OfferId, OfferId] {
    const [first, second] = this.offered(2, params)
    if (first === undefined || second === undefined) throw new Error('no offers')
    return [first, second]
  }

  /** Connects and requests offers, with as many channels as asked for; forgets what that said. */
  offered(count = 1, params: ContactParams = {}, offer: Partial<OfferParams> = {}): OfferId[] {
    const offers = Array.from({ length: count }, (_, index) => this.offer(index + 1, offer))
    this.connect(params)
    this.post('RequestOffers', {})
    this.heard()
    return offers
  }

  /** Posts a whole GPADL. */
  gpadl(channelId: number, gpadlId: number, ranges: readonly GpadlRange[] = pages(4)): void {
    for (const bytes of gpadlMessages(channelId, gpadlId, ranges)) this.postBytes(bytes)
  }

  /** Posts a GPADL, which the device accepts; forgets what that said. */
  accepted(offer: OfferId, channelId: number, gpadlId: number, ranges: readonly GpadlRange[] = pages(4)): void {
    this.gpadl(channelId, gpadlId, ranges)
    this.server.gpadlComplete(offer, gpadlId, true)
    expect(this.heard()).toEqual([{ type: 'GpadlCreated', channelId, gpadlId, status: 0 }])
    this.effects()
  }

  open(channelId: number, fields: Partial<Fields<'OpenChannel'>> = {}): void {
    this.post('OpenChannel', {
      channelId,
      openId: 7,
      ringBufferGpadlId: 10,
      targetVp: 0,
      downstreamRingBufferPageOffset: 2,
      userData: new Uint8Array(120),
      ...fields,
    })
  }

  open2(channelId: number, fields: Partial<Fields<'OpenChannel2'>> = {}): void {
    this.post('OpenChannel2', {
      channelId,
      openId: 7,
      ringBufferGpadlId: 10,
      targetVp: 0,
      downstreamRingBufferPageOffset: 2,
      userData: new Uint8Array(120),
      connectionId: 0,
      eventFlag: 0,
      flags: { redirectInterrupt: false },
      ...fields,
    })
  }

  /** Opens a channel with GPADL 10, which the device accepts; forgets what that said. */
  opened(offer: OfferId, channelId: number, fields: Partial<Fields<'OpenChannel'>> = {}): void {
    this.accepted(offer, channelId, 10)
    this.open(channelId, fields)
    this.server.openComplete(offer, true)
    expect(this.heard()).toEqual([{ type: 'OpenResult', channelId, openId: 7, status: 0 }])
    this.effects()
  }

  /** Opens a reserved channel with GPADL 10, which the device accepts; forgets what that said. */
  openedReserved(offer: OfferId, channelId: number, targetVp = 1, targetSint = 2): void {
    this.accepted(offer, channelId, 10)
    this.openReserved(channelId, targetVp, targetSint)
    this.server.openComplete(offer, true)
    this.heard()
    this.effects()
  }

  openReserved(channelId: number, targetVp = 1, targetSint = 2, ringBufferGpadlId = 10): void {
    this.post('OpenReservedChannel', {
      channelId,
      targetVp,
      targetSint,
      ringBufferGpadlId,
      downstreamRingBufferPageOffset: 2,
    })
  }
}

/** The effect of a plain open of 4 pages, from page 100 on. */
export function openEffect(offer: OfferId, channelId: number, request: object = {}): object {
  return {
    kind: 'open',
    offer,
    request: {
      channelId,
      openId: 7,
      ringGpadlId: 10,
      ring: pages(4)[0],
      downstreamPageOffset: 2,
      interrupt: { kind: 'event', vp: 0, sint: 2, flag: channelId },
      connectionId: 0x2000 | channelId,
      userData: new Uint8Array(120),
      reserved: false,
      ...request,
    },
  }
}
