import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ChannelMessage,
  gpadlMessages,
  hvsocketOffer,
  type OfferId,
  type ServerEffect,
  VmbusServer,
  vmbusVersions,
} from '../src/vmbus/index.ts'
import { seeded } from './seed.ts'
import { contactBytes, id, pages } from './server-env.ts'

/** One step: what, and three numbers to choose by. */
interface Step {
  readonly what: string
  readonly a: number
  readonly b: number
  readonly c: number
  readonly bytes: Uint8Array
}

const steps = (kinds: readonly string[]) =>
  fc.array(
    fc.record({
      what: fc.constantFrom(...kinds),
      a: fc.nat(9),
      b: fc.nat(9),
      c: fc.nat(0xffff),
      bytes: fc.uint8Array({ maxLength: 240 }),
    }),
    { maxLength: 120 },
  )

const always = ['gpadl', 'open', 'close', 'teardown', 'let-go', 'modify', 'complete', 'complete', 'sent', 'sent']
const host = ['offer', 'revoke', 'sub']
const reserved = ['open-reserved', 'close-reserved']
const ends = ['contact', 'unload', 'reset', 'pause', 'resume', 'offers', 'connection', 'socket']
const rubbish = ['release', 'garbage', 'mutated', 'header', 'body', 'wrong']

/** A guest, devices and a listener that do as the steps say; keeps count of requests and answers. */
class Walk {
  readonly server = new VmbusServer({ maxOutgoing: 300, maxGpadls: 40 })
  readonly answers = new Map<string, number>()
  readonly #pending: ServerEffect[] = []
  readonly #offers: OfferId[] = []
  #nextId = 1

  constructor() {
    for (let number = 1; number <= 4; number++) this.#offer(number, 0)
    this.post(contactBytes({ features: 0x27 }))
    this.post(ChannelMessage.encode({ type: 'RequestOffers' }))
    this.deliverAll()
  }

  post(bytes: Uint8Array): boolean {
    const taken = this.server.receive(bytes, { connectionId: 1 })
    this.#look()
    return taken
  }

  #offer(number: number, subchannelIndex: number): void {
    const known = this.server
      .channels()
      .some(
        ({ offer, params }) =>
          offer !== undefined && params.instanceId === id(number) && (params.subchannelIndex ?? 0) === subchannelIndex,
      )
    if (!known) {
      this.#offers.push(
        this.server.offer({ interfaceId: id(1), instanceId: id(number), subchannelIndex, monitorLatency: 5 }),
      )
    }
  }

  /** Collects what is asked; what a revoked device was asked is not answered. */
  #look(): void {
    for (const effect of this.server.takeEffects()) {
      if (effect.kind === 'revoked') {
        const others = this.#pending.filter((each) => !('offer' in each) || each.offer !== effect.offer)
        this.#pending.splice(0, this.#pending.length, ...others)
      } else this.#pending.push(effect)
    }
  }

  #complete(index: number, ok: boolean): void {
    const [effect] = this.#pending.splice(index % Math.max(1, this.#pending.length), 1)
    if (effect === undefined) return
    const { server } = this
    if (effect.kind === 'open') server.openComplete(effect.offer, ok)
    else if (effect.kind === 'close') server.closeComplete(effect.offer)
    else if (effect.kind === 'gpadl') server.gpadlComplete(effect.offer, effect.gpadlId, ok)
    else if (effect.kind === 'gpadl-teardown') server.gpadlTeardownComplete(effect.offer, effect.gpadlId)
    else if (effect.kind === 'modify') server.modifyComplete(effect.offer, ok)
    else if (effect.kind === 'modify-connection') server.modifyConnectionComplete(ok)
    else if (effect.kind === 'tl-connect') {
      const { endpointId, serviceId } = effect
      if (ok && !server.channels().some(({ params }) => params.instanceId === endpointId)) {
        server.offer(hvsocketOffer({ endpointId, serviceId, isForGuestAccept: false }))
      }
      server.tlConnectComplete(endpointId, serviceId, ok)
    }
    this.#look()
  }

  deliver(): void {
    const bytes = this.server.peekMessage()?.bytes
    if (bytes === undefined) return
    const message = ChannelMessage.decode(bytes, { from: 'host' })
    const key =
      message.type === 'OpenResult'
        ? `open ${message.openId}`
        : message.type === 'GpadlCreated'
          ? `created ${message.gpadlId}`
          : message.type === 'GpadlTorndown'
            ? `torn down ${message.gpadlId}`
            : message.type
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1)
    this.server.messageSent()
    this.#look()
  }

  deliverAll(): void {
    while (this.server.peekMessage() !== undefined) this.deliver()
  }

  /** Devices answer everything, the guest takes everything. */
  settle(): void {
    while (this.#pending.length > 0 || this.server.peekMessage() !== undefined) {
      this.#complete(0, true)
      this.deliverAll()
    }
  }

  run({ what, a, b, c, bytes }: Step): void {
    const channelId = a
    const gpadlId = this.#nextId
    this.#nextId += 1
    switch (what) {
      case 'gpadl':
        for (const part of gpadlMessages(channelId, gpadlId, pages(b * 6 + 2))) this.post(part)
        break
      case 'open':
        this.post(openBytes(channelId, gpadlId, this.#someGpadl(c), b))
        break
      case 'open-reserved':
        this.post(
          ChannelMessage.encode({
            type: 'OpenReservedChannel',
            channelId,
            targetVp: b,
            targetSint: 2,
            ringBufferGpadlId: this.#someGpadl(c),
            downstreamRingBufferPageOffset: 1,
          }),
        )
        break
      case 'close-reserved':
        this.post(ChannelMessage.encode({ type: 'CloseReservedChannel', channelId, targetVp: b, targetSint: 2 }))
        break
      case 'close':
        this.post(ChannelMessage.encode({ type: 'CloseChannel', channelId }))
        break
      case 'teardown':
        this.post(ChannelMessage.encode({ type: 'GpadlTeardown', channelId, gpadlId: this.#someGpadl(c) }))
        break
      case 'release':
        this.post(ChannelMessage.encode({ type: 'RelIdReleased', channelId }))
        break
      case 'let-go':
        // As a careful guest does: when it has all its answers.
        this.settle()
        this.post(ChannelMessage.encode({ type: 'RelIdReleased', channelId }))
        break
      case 'modify':
        this.post(ChannelMessage.encode({ type: 'ModifyChannel', channelId, targetVp: b }))
        break
      case 'connection':
        this.post(
          ChannelMessage.encode({
            type: 'ModifyConnection',
            parentToChildMonitorPage: BigInt(a) * 4096n,
            childToParentMonitorPage: BigInt(b) * 4096n,
          }),
        )
        break
      case 'socket':
        this.post(ChannelMessage.encode({ type: 'TlConnectRequest', endpointId: id(100 + a), serviceId: id(b) }))
        break
      case 'complete':
        this.#complete(c, b > 1)
        break
      case 'sent':
        this.deliver()
        break
      case 'offer':
        this.#offer(a, 0)
        break
      case 'sub':
        this.#offer(a, 1 + (b % 2))
        break
      case 'revoke':
        this.server.revoke(
          this.#offers[c % this.#offers.length] ?? this.server.offer({ interfaceId: id(2), instanceId: id(c) }),
        )
        break
      case 'contact':
        this.post(contactBytes({ version: vmbusVersions[c % 11] ?? c, features: 0x27 }))
        break
      case 'unload':
        this.post(ChannelMessage.encode({ type: 'Unload' }))
        break
      case 'reset':
        // What is being opened is abandoned: not to be answered.
        this.#pending.splice(0, this.#pending.length, ...this.#pending.filter(({ kind }) => kind !== 'open'))
        this.server.reset()
        break
      case 'pause':
        this.post(ChannelMessage.encode({ type: 'Pause' }))
        break
      case 'resume':
        this.post(ChannelMessage.encode({ type: 'Resume' }))
        break
      case 'offers':
        this.post(ChannelMessage.encode({ type: 'RequestOffers' }))
        break
      case 'header':
        this.post(
          ChannelMessage.encode({
            type: 'GpadlHeader',
            channelId,
            gpadlId: 1_000_000 + b,
            rangeBufferLength: c,
            rangeCount: a,
            data: [BigInt(c), 1n, 2n],
          }),
        )
        break
      case 'body':
        this.post(
          ChannelMessage.encode({ type: 'GpadlBody', messageNumber: 0, gpadlId: 1_000_000 + b, data: [1n, 2n, 3n] }),
        )
        break
      case 'mutated': {
        const message = openBytes(channelId, gpadlId, this.#someGpadl(c), b)
        message[c % message.length] = a * 25
        this.post(message.subarray(0, 1 + (c % 200)))
        break
      }
      case 'wrong':
        this.#wrongCompletion(a, this.#offers[c % this.#offers.length])
        break
      default:
        bytes[0] = b < 5 ? c % 32 : (bytes[0] ?? 0)
        if (b < 4) bytes.fill(0, 1, 4)
        this.post(bytes)
    }
    this.#look()
  }

  /** An answer that no device owes: one whose question is not pending. */
  #wrongCompletion(which: number, offer: OfferId | undefined): void {
    if (offer === undefined || this.#pending.some((each) => 'offer' in each && each.offer === offer)) return
    if (which < 3) this.server.openComplete(offer, true)
    else if (which < 5) this.server.closeComplete(offer)
    else if (which < 7) this.server.gpadlComplete(offer, which, true)
    else if (which < 9) this.server.gpadlTeardownComplete(offer, which)
    else this.server.modifyComplete(offer, false)
  }

  #someGpadl(c: number): number {
    return c % 3 === 0 ? c % this.#nextId : Math.max(0, this.#nextId - 2 - (c % 4))
  }
}

function openBytes(channelId: number, openId: number, ringBufferGpadlId: number, b: number): Uint8Array {
  return ChannelMessage.encode(
    {
      type: 'OpenChannel2',
      channelId,
      openId,
      ringBufferGpadlId,
      targetVp: b === 9 ? 0xffff_ffff : b,
      downstreamRingBufferPageOffset: 1,
      userData: new Uint8Array(120),
      connectionId: 500 + channelId,
      eventFlag: channelId,
      flags: { redirectInterrupt: b === 8 },
    },
    { features: 0x27 },
  )
}

const long = { ...seeded, numRuns: seeded.numRuns * 3 }

describe('random conversations', () => {
  it('never throw, never fill up, and end empty', () => {
    fc.assert(
      fc.property(steps([...always, ...host, ...reserved, ...ends, ...rubbish]), (walked) => {
        const walk = new Walk()
        for (const step of walked) {
          walk.run(step)
          const state = walk.server.save()
          expect(state.ready.length + state.held.length).toBeLessThanOrEqual(300)
          expect(state.inbox.length).toBeLessThanOrEqual(64)
          expect(state.tlConnects.length).toBeLessThanOrEqual(16)
          const gpadls = walk.server.channels().reduce((sum, channel) => sum + channel.gpadls, 0)
          expect(gpadls).toBeLessThanOrEqual(40)
        }
        walk.settle()
        walk.post(ChannelMessage.encode({ type: 'Unload' }))
        walk.settle()
        for (const { reserved, state, channelId, gpadls } of walk.server.channels()) {
          if (!reserved)
            expect({ state, channelId, gpadls }).toEqual({ state: 'released', channelId: undefined, gpadls: 0 })
        }
        walk.run({ what: 'reset', a: 0, b: 0, c: 0, bytes: new Uint8Array() })
        walk.settle()
        expectEmpty(walk.server)
      }),
      long,
    )
  }, 120_000)

  it('answer every request of a guest that stays exactly once', () => {
    fc.assert(
      fc.property(steps([...always, ...host]), (walked) => {
        const walk = new Walk()
        const posted = new Map<number, number>()
        for (const [index, step] of walked.entries()) {
          if (step.what === 'gpadl') posted.set(index + 1, step.a)
          walk.run(step)
          // So that no message is refused for a full inbox.
          if (index % 10 === 9) walk.deliverAll()
        }
        walk.settle()
        for (const gpadlId of posted.keys())
          expect([gpadlId, walk.answers.get(`created ${gpadlId}`)]).toEqual([gpadlId, 1])
        for (const [key, count] of walk.answers)
          if (/^(open|created|torn)/.test(key)) expect([key, count]).toEqual([key, 1])
        expect(walk.server.violations.counts.get('completion-unexpected')).toBeUndefined()
        walk.post(ChannelMessage.encode({ type: 'Unload' }))
        walk.settle()
        expect(walk.answers.get('UnloadComplete')).toBe(1)
        expectEmpty(walk.server)
      }),
      long,
    )
  }, 120_000)

  it('are gone on with by a restored server just the same', () => {
    fc.assert(
      fc.property(steps([...always, ...host, ...reserved, ...ends, ...rubbish]), (walked) => {
        const walk = new Walk()
        for (const step of walked) walk.run(step)
        const state = walk.server.save()
        const offers = walk.server.channels().flatMap(({ offer, params }) => (offer === undefined ? [] : [params]))
        const text = JSON.stringify(state)
        const { server } = VmbusServer.restore(JSON.parse(text), { maxOutgoing: 300, maxGpadls: 40 }, offers)
        expect(channelsOf(server)).toEqual(channelsOf(walk.server))
      }),
      seeded,
    )
  }, 120_000)
})

/** States by relid; those that the guest knows nothing of aside. */
function channelsOf(server: VmbusServer): unknown[] {
  return server
    .channels()
    .filter(({ state }) => state !== 'released')
    .map(({ channelId, state, reserved, gpadls, monitorId }) => ({ channelId, state, reserved, gpadls, monitorId }))
    .sort((x, y) => (x.channelId ?? 0) - (y.channelId ?? 0))
}

function expectEmpty(server: VmbusServer): void {
  const state = server.save()
  expect(state).toMatchObject({ connection: null, ending: null, channels: [], tlConnects: [], ready: [], held: [] })
  for (const channel of server.channels()) {
    expect(channel).toMatchObject({ state: 'released', channelId: undefined, monitorId: undefined, gpadls: 0 })
  }
  expect(server.explain()).toEqual(['guest: InitiateContact'])
}
