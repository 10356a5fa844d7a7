import {
  type Bus,
  type BusOptions,
  type Channel,
  type CloseReason,
  createBus,
  type Guid,
  guid,
  type PendingOpen,
  type RingPacket,
  Vsc,
  Vsp,
} from '../src/index.ts'
import type { OpenRequest } from '../src/vmbus/server/effects.ts'

export const testInterface = guid('6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70')

export function instance(number: number): Guid {
  return guid(`00000000-0000-0000-0000-${number.toString(16).padStart(12, '0')}`)
}

/** A device that logs what happens to it and does with packets what the test says; it echoes by default. */
export class TestVsp extends Vsp {
  readonly offer
  readonly log: string[] = []
  request: OpenRequest | undefined
  answer: (packet: RingPacket, channel: Channel) => void = (packet, channel) => {
    channel.complete(packet, packet.copyPayload())
  }
  openWith: (open: PendingOpen) => void = (open) => void open.accept()

  constructor(number = 1, more: { monitorLatency?: number; pipe?: 'byte' | 'message' } = {}) {
    super()
    this.offer = { interfaceId: testInterface, instanceId: instance(number), ...more }
    this.on('revoked', () => this.log.push('revoked'))
  }

  protected override onOpening(open: PendingOpen): void {
    this.request = open.request
    this.openWith(open)
  }
  protected override onOpen(channel: Channel): void {
    this.log.push(`open ${channel.channelId}.${channel.subchannelIndex}`)
  }
  protected override onPacket(packet: RingPacket, channel: Channel): void {
    this.log.push(`packet ${packet.payloadLength}`)
    this.answer(packet, channel)
  }
  protected override onWritable(channel: Channel): void {
    this.log.push(`writable ${channel.channelId}`)
  }
  protected override onClose(channel: Channel, reason: CloseReason): void {
    this.log.push(`close ${channel.channelId}.${channel.subchannelIndex} ${reason}`)
  }
  grow(count: number): void {
    this.offerSubchannels(count)
  }
}

/** A driver that logs what happens to it. */
export class TestVsc extends Vsc {
  readonly binds
  readonly ringBytes
  readonly log: string[] = []
  received: (packet: RingPacket, channel: Channel) => void = () => {}

  constructor(number: number | undefined = undefined, ringBytes = { send: 8192, receive: 8192 }) {
    super()
    this.binds = { interfaceId: testInterface, ...(number === undefined ? {} : { instanceId: instance(number) }) }
    this.ringBytes = ringBytes
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    this.log.push(`packet ${packet.payloadLength}`)
    this.received(packet, channel)
  }
  protected override onWritable(channel: Channel): void {
    this.log.push(`writable ${channel.channelId}`)
  }
  protected override onClose(channel: Channel, reason: CloseReason): void {
    this.log.push(`close ${channel.channelId}.${channel.subchannelIndex} ${reason}`)
  }
  ask(payload: Uint8Array): Promise<Uint8Array> {
    return this.request(payload)
  }
}

export interface Rig {
  readonly bus: Bus
  readonly vsp: TestVsp
  readonly vsc: TestVsc
  /** The two open ends. */
  readonly host: Channel
  readonly guest: Channel
  /** GPAs of the two rings' control pages; the pages of each are one piece. */
  readonly toHost: number
  readonly toGuest: number
}

/** One device and its driver, the channel open. */
export async function rig(options: BusOptions = {}, vsp = new TestVsp(), vsc = new TestVsc()): Promise<Rig> {
  const bus = createBus(options)
  bus.host.offer(vsp)
  await bus.guest.attach(vsc)
  const { channel: host, request } = vsp
  const { channel: guest } = vsc
  const first = request?.ring.pfns[0]
  const second = request?.ring.pfns[request.downstreamPageOffset]
  if (host === undefined || guest === undefined || first === undefined || second === undefined)
    throw new Error('not open')
  return { bus, vsp, vsc, host, guest, toHost: first * 4096, toGuest: second * 4096 }
}

export function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values)
}

/** The violations that an end reports from now on, without their prose. */
export function violationsOf(
  bus: Bus,
): { at: string; rule: string; code: string; offset: number; channelId?: number }[] {
  const found: { at: string; rule: string; code: string; offset: number; channelId?: number }[] = []
  bus.events.on('violation', ({ at, violation: { rule, code, offset, channelId } }) => {
    found.push({ at, rule, code, offset, ...(channelId === undefined ? {} : { channelId }) })
  })
  return found
}

/** Control messages by name as their sender sends them: `guest OpenChannel`. */
export function messagesOf(bus: Bus): string[] {
  const lines: string[] = []
  bus.events.on('message', ({ at, direction, bytes: message, status }) => {
    if (direction === 'sent' && (status ?? 0) === 0) lines.push(`${at} ${messageNames[message[0] ?? 0] ?? message[0]}`)
  })
  return lines
}

const messageNames: readonly string[] = [
  '',
  'OfferChannel',
  'RescindChannelOffer',
  'RequestOffers',
  'AllOffersDelivered',
  'OpenChannel',
  'OpenResult',
  'CloseChannel',
  'GpadlHeader',
  'GpadlBody',
  'GpadlCreated',
  'GpadlTeardown',
  'GpadlTorndown',
  'RelIdReleased',
  'InitiateContact',
  'VersionResponse',
  'Unload',
  'UnloadComplete',
]
