import type { PageRun } from '../src/channels/index.ts'
import {
  NvspMessage,
  NvspVersion,
  noSendBufferSection,
  RndisMessage,
  RndisPacketHeader,
} from '../src/devices/network/index.ts'
import { type Bus, type BusOptions, type Channel, createBus, type RingPacket, Vsc, Vsp } from '../src/index.ts'
import type { PageList } from '../src/memory/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'
import { NetworkVsp, type NetworkVspOptions } from '../src/vsp/network/index.ts'
import { guid, toHex, tryDecode } from '../src/wire/index.ts'

export const receiveBufferId = 0xcafe

/** What came in one transfer page packet. */
export interface Arrival {
  readonly setId: number
  readonly queue: number
  readonly ranges: readonly { readonly byteOffset: number; readonly byteCount: number }[]
  /** The RNDIS messages in the receive buffer. */
  readonly messages: readonly Uint8Array[]
  /** Completes the packet. */
  readonly complete: () => void
}

/** A network driver without manners: it sends what a test says. */
export class RawNic extends Vsc {
  readonly binds = { interfaceId: DeviceId.Network }
  readonly ringBytes = { send: 65_536, receive: 65_536 }
  readonly arrivals: Arrival[] = []
  /** In-band packets of the host's: payload, flags, transaction id. */
  readonly notes: { readonly hex: string; readonly flags: number; readonly id: bigint }[] = []
  /** Whether transfer page packets are completed at once. */
  completes = true
  receive: PageRun | undefined
  send: PageRun | undefined
  gpadls: number[] = []

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    if (packet.type === 6) {
      this.notes.push({ hex: toHex(packet.copyPayload()), flags: packet.flags, id: packet.transactionId })
      return
    }
    const header = new DataView(packet.copyHeader().buffer)
    const ranges = Array.from({ length: packet.rangeCount }, (_, index) => ({
      byteCount: header.getUint32(8 + index * 8, true),
      byteOffset: header.getUint32(12 + index * 8, true),
    }))
    const first = (this.receive?.first ?? 0) * 4096
    const messages = ranges.map(({ byteOffset, byteCount }) => {
      const bytes = new Uint8Array(byteCount)
      channel.memory.read(first + byteOffset, bytes, 0, byteCount)
      return bytes
    })
    const { transactionIdLow: low, transactionIdHigh: high } = packet
    const complete = () => void channel.sendCompletion(low, high, fromHex('6c00000001000000'))
    this.arrivals.push({ setId: packet.transferPageSetId, queue: channel.subchannelIndex, ranges, messages, complete })
    if (this.completes) complete()
  }

  /** Gives the host a GPADL of so many pages. */
  show(pages: number, done: (gpadlId: number, run: PageRun) => void): void {
    const run = this.device?.endpoint.pages.allocate(pages)
    if (run === undefined) throw new Error('no room')
    this.device?.createGpadl(run, (gpadlId) => {
      if (gpadlId === undefined) throw new Error('the GPADL was refused')
      this.gpadls.push(gpadlId)
      done(gpadlId, run)
    })
  }
}

/** A NIC and a raw driver for it. */
export class NicRig {
  readonly bus: Bus
  readonly vsp: NetworkVsp
  readonly nic = new RawNic()
  readonly violations: string[] = []

  constructor(options: NetworkVspOptions = {}, bus: BusOptions = {}) {
    this.bus = createBus({ ...bus })
    this.bus.events.on('violation', ({ at, violation: { rule, code } }) =>
      this.violations.push(`${at} ${rule} ${code}`),
    )
    this.vsp = new NetworkVsp(options)
    this.bus.host.offer(this.vsp)
    this.bus.guest.bind(this.nic, () => {})
    this.bus.settle()
  }

  /** Whether the host still listens. */
  get isOpen(): boolean {
    return this.vsp.channel?.isOpen === true
  }

  /** Sends a message that wants a completion, and answers its payload as hex; `none` without. */
  ask(message: NvspMessage | string, size = 40, channel: Channel | undefined = this.nic.channel): string {
    const encoded = typeof message === 'string' ? fromHex(message) : NvspMessage.encode(message, { from: 'guest' })
    const bytes = new Uint8Array(Math.max(size, encoded.length))
    bytes.set(encoded)
    return this.askPacket(bytes, undefined, channel)
  }

  /** The same with a payload and data of the caller's. */
  askPacket(
    bytes: Uint8Array,
    data?: readonly { byteCount: number; byteOffset: number; pfns: number[] }[],
    channel: Channel | undefined = this.nic.channel,
  ): string {
    let answer = 'none'
    channel?.request(
      bytes,
      (completion) => {
        if (completion !== undefined) answer = toHex(completion.copyPayload())
      },
      data,
    )
    this.bus.settle()
    return answer
  }

  /** Shows the host a buffer of so many pages. */
  show(pages: number): { readonly gpadlId: number; readonly run: PageRun } {
    let shown: { gpadlId: number; run: PageRun } | undefined
    this.nic.show(pages, (gpadlId, run) => {
      shown = { gpadlId, run }
    })
    this.bus.settle()
    if (shown === undefined) throw new Error('no GPADL')
    return shown
  }

  init(version: number = NvspVersion.V61): string {
    return this.ask({ type: 'NvspInit', minimumProtocolVersion: version, maximumProtocolVersion: version })
  }

  config(mtu = 1514, sriov = false, rsc = false): string {
    const capabilities = {
      vmq: false,
      chimney: false,
      sriov,
      ieee8021q: true,
      correlationId: false,
      teaming: false,
      virtualSubnetId: false,
      receiveSegmentCoalescing: rsc,
    }
    return this.ask({ type: 'NvspSendNdisConfig', mtu, capabilities })
  }

  ndis(major = 6, minor = 30): string {
    return this.ask({ type: 'NvspSendNdisVersion', ndisMajorVersion: major, ndisMinorVersion: minor })
  }

  receiveBuffer(pages = 64): string {
    const { gpadlId, run } = this.show(pages)
    this.nic.receive = run
    return this.ask({ type: 'NvspSendReceiveBuffer', gpadlId, id: receiveBufferId })
  }

  sendBuffer(pages = 16): string {
    const { gpadlId, run } = this.show(pages)
    this.nic.send = run
    return this.ask({ type: 'NvspSendSendBuffer', gpadlId, id: 0 })
  }

  /** All of it, up to a driver that receives. */
  bringUp(version: number = NvspVersion.V61, more: { sriov?: boolean; rsc?: boolean; pages?: number } = {}): this {
    this.init(version)
    if (version !== NvspVersion.V1) this.config(1514, more.sriov, more.rsc)
    this.ndis()
    this.receiveBuffer(more.pages)
    this.sendBuffer()
    this.initialize()
    this.filter(0xd)
    this.nic.arrivals.length = 0
    return this
  }

  initialize(requestId = 1): string {
    return this.control({
      type: 'RndisInitializeRequest',
      header: { messageLength: 24 },
      requestId,
      majorVersion: 1,
      minorVersion: 0,
      maximumTransferSize: 0x4000,
    })
  }

  filter(value: number): string {
    return this.set(0x1_010e, fromHex(value.toString(16).padStart(2, '0').padEnd(8, '0')))
  }

  /** Sends an RNDIS control message in a page of its own; answers the completion. */
  control(message: RndisMessage | Uint8Array, channel = this.nic.channel): string {
    const bytes = message instanceof Uint8Array ? message : RndisMessage.encode(message, { from: 'guest' })
    return this.byPages(bytes, 1, channel)
  }

  /** Sends RNDIS bytes by GPA-direct ranges of at most `split` bytes each. */
  byPages(bytes: Uint8Array, channelType = 0, channel = this.nic.channel, split = Number.POSITIVE_INFINITY): string {
    const pages = this.nic.device?.endpoint.pages
    const ranges: { byteCount: number; byteOffset: number; pfns: number[] }[] = []
    const runs: PageRun[] = []
    for (let at = 0; at < bytes.length; at += split) {
      const count = Math.min(split, bytes.length - at)
      const run = pages?.allocate(Math.ceil(count / 4096))
      if (run === undefined) throw new Error('no room')
      runs.push(run)
      this.bus.memory.write(run.first * 4096, bytes, at, count)
      ranges.push({ byteCount: count, byteOffset: 0, pfns: Array.from({ length: run.count }, (_, i) => run.first + i) })
    }
    const answer = this.askPacket(rndisPacket(channelType, noSendBufferSection, 0), ranges, channel)
    for (const run of runs) pages?.free(run)
    return answer
  }

  /** Sends RNDIS bytes by a section of the send buffer. */
  bySection(bytes: Uint8Array, section = 0, size = bytes.length): string {
    const at = (this.nic.send?.first ?? 0) * 4096 + section * 6144
    this.bus.memory.write(at, bytes, 0, bytes.length)
    return this.askPacket(rndisPacket(0, section, size))
  }

  /** Sends a query; answers status and information. */
  query(oid: number, information = new Uint8Array(0)): { readonly status: number; readonly hex: string } {
    const before = this.nic.arrivals.length
    this.control({
      type: 'RndisQueryRequest',
      header: { messageLength: 28 + information.length },
      requestId: 77,
      oid,
      informationLength: information.length,
      informationOffset: 20,
      deviceVcHandle: 0,
      data: information,
    })
    const [answer] = this.answers(before)
    if (answer?.type !== 'RndisQueryComplete' || answer.requestId !== 77) throw new Error(`answer ${answer?.type}`)
    return { status: answer.status, hex: toHex(answer.data) }
  }

  /** Sends a set; answers its status. */
  set(oid: number, information: Uint8Array): string {
    const before = this.nic.arrivals.length
    this.control({
      type: 'RndisSetRequest',
      header: { messageLength: 28 + information.length },
      requestId: 78,
      oid,
      informationLength: information.length,
      informationOffset: 20,
      deviceVcHandle: 0,
      data: information,
    })
    const [answer] = this.answers(before)
    if (answer?.type !== 'RndisSetComplete' || answer.requestId !== 78) throw new Error(`answer ${answer?.type}`)
    return `0x${answer.status.toString(16)}`
  }

  /** The host's RNDIS messages since an arrival. */
  answers(from = 0): RndisMessage[] {
    return this.nic.arrivals
      .slice(from)
      .flatMap(({ messages }) => messages.map((bytes) => RndisMessage.decode(bytes, { from: 'host' })))
  }
}

/** SEND_RNDIS_PKT, 40 bytes. */
export function rndisPacket(channelType: number, section: number, size: number): Uint8Array {
  const bytes = new Uint8Array(40)
  bytes.set(
    NvspMessage.encode({
      type: 'NvspSendRndisPacket',
      channelType,
      sendBufferSectionIndex: section,
      sendBufferSectionSize: size,
    }),
  )
  return bytes
}

/** An RNDIS packet with a frame. @param pieces per-packet information: type and word. */
export function rndisFrame(
  frame: Uint8Array,
  pieces: readonly (readonly [type: number, word: number])[] = [],
  padding = 0,
): Uint8Array {
  const header = new RndisPacketHeader().begin()
  for (const [type, word] of pieces) header.add(type, word)
  header.end(frame.length, padding)
  const bytes = new Uint8Array(header.length + frame.length + padding)
  bytes.set(header.bytes.subarray(0, header.length))
  bytes.set(frame, header.length)
  return bytes
}

/** What a scripted host says where a test wants it to say something else. */
export interface HostScript {
  init?: (version: number) => number
  receiveBuffer?: (size: number) => string
  sendBuffer?: () => string
  subchannels?: (count: number) => { readonly status: number; readonly count: number }
  /** Before a control message is answered. */
  beforeAnswer?: (host: RawHost) => void
  linkSpeed?: number
  queues?: number
}

/** A host that brings a driver up, and otherwise sends what a test says. */
export class RawHost extends Vsp {
  readonly offer = {
    interfaceId: DeviceId.Network,
    instanceId: guid('f8615163-0000-1000-2000-00155d000009'),
  }
  readonly script: HostScript
  /** RNDIS messages of the guest's. */
  readonly control: RndisMessage[] = []
  readonly nvsp: NvspMessage[] = []
  /** Completions of transfer page packets, as hex. */
  readonly completions: string[] = []
  #buffer: PageList | undefined
  #at = 0

  constructor(script: HostScript = {}) {
    super()
    this.script = script
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    const message = NvspMessage.decode(packet.copyPayload(), { from: 'guest' })
    const { extra: _, ...plain } = message
    this.nvsp.push(plain)
    switch (message.type) {
      case 'NvspInit': {
        const status = this.script.init?.(message.maximumProtocolVersion) ?? 1
        channel.complete(packet, fromHex(`02000000ffffffff22000000${status.toString(16).padStart(2, '0')}000000`))
        break
      }
      case 'NvspSendReceiveBuffer': {
        this.#buffer = this.gpadl(message.gpadlId)?.[0]
        const size = this.#buffer?.size ?? 0
        const answer = this.script.receiveBuffer?.(size) ?? receiveAnswer(1, [[0, 1806, Math.floor(size / 1806), size]])
        channel.complete(packet, fromHex(answer))
        break
      }
      case 'NvspSendSendBuffer':
        channel.complete(packet, fromHex(this.script.sendBuffer?.() ?? '690000000100000000180000'))
        break
      case 'NvspSubchannelRequest': {
        const { status, count } = this.script.subchannels?.(message.subchannelCount) ?? {
          status: 1,
          count: message.subchannelCount,
        }
        channel.complete(
          packet,
          NvspMessage.encode({ type: 'NvspSubchannelComplete', status, subchannelCount: count }, { from: 'host' }),
        )
        if (count > 0) this.offerSubchannels(count)
        break
      }
      case 'NvspSendRndisPacket': {
        channel.complete(packet, fromHex('6c00000001000000'))
        this.#rndis(packet, channel)
        break
      }
      default:
        channel.complete(packet)
    }
  }

  #rndis(packet: RingPacket, channel: Channel): void {
    const [list] = channel.dataOf(packet) ?? []
    if (list === undefined) return
    const bytes = new Uint8Array(list.size)
    list.read(0, bytes, 0, bytes.length)
    const { value } = tryDecode(RndisMessage, bytes, { from: 'guest' })
    const message = RndisMessage.decode(bytes, { from: 'guest' })
    if (value === undefined) return
    this.control.push(message)
    this.script.beforeAnswer?.(this)
    if (message.type === 'RndisInitializeRequest') {
      this.sendMessages(
        fromHex(
          `0200008034000000${word(message.requestId)}00000000010000000000000001000000000000000800000000400000${'03000000'}0000000000000000`,
        ),
      )
    } else if (message.type === 'RndisQueryRequest') {
      const value = this.#value(message.oid)
      const data = fromHex(value)
      this.sendMessages(
        RndisMessage.encode({
          type: 'RndisQueryComplete',
          header: { messageLength: 24 + data.length },
          requestId: message.requestId,
          status: 0,
          informationLength: data.length,
          informationOffset: 16,
          data,
        }),
      )
    } else if (message.type === 'RndisSetRequest') {
      this.sendMessages(
        RndisMessage.encode({
          type: 'RndisSetComplete',
          header: { messageLength: 16 },
          requestId: message.requestId,
          status: 0,
        }),
      )
    }
  }

  #value(oid: number): string {
    if (oid === 0x101_0101) return '00155d000009'
    if (oid === 0x1_0106) return 'dc050000'
    if (oid === 0x1_0107) return word(this.script.linkSpeed ?? 100_000_000)
    if (oid === 0x1_0203) return `8802140001030020${word(8)}${word(this.script.queues ?? 4)}8000${'0000'}`
    return '00000000'
  }

  /** Sends RNDIS messages, each in a range of its own. */
  sendMessages(...messages: Uint8Array[]): void {
    this.sendRanges(messages.map((bytes) => this.place(bytes)))
  }

  /** Writes a message into the next piece of the receive buffer. */
  place(bytes: Uint8Array): { readonly byteOffset: number; readonly byteCount: number } {
    this.#at = (this.#at + 1) % 64
    const byteOffset = this.#at * 1806
    this.#buffer?.write(byteOffset, bytes, 0, bytes.length)
    return { byteOffset, byteCount: bytes.length }
  }

  /** Sends a transfer page packet with these ranges. */
  sendRanges(ranges: readonly { byteOffset: number; byteCount: number }[], setId = receiveBufferId): void {
    this.channel?.request(
      rndisPacket(1, noSendBufferSection, 0),
      (completion) => {
        if (completion !== undefined) this.completions.push(toHex(completion.copyPayload()))
      },
      { setId, ranges },
    )
  }
}

/** SEND_RECV_BUF_COMPLETE as hex. */
export function receiveAnswer(
  status: number,
  sections: readonly (readonly [offset: number, size: number, count: number, end: number])[],
): string {
  return toHex(
    NvspMessage.encode({
      type: 'NvspSendReceiveBufferComplete',
      status,
      sectionCount: sections.length,
      sections: sections.map(([offset, subAllocationSize, subAllocationCount, endOffset]) => ({
        offset,
        subAllocationSize,
        subAllocationCount,
        endOffset,
      })),
    }),
  )
}

/** A little-endian word as hex. */
export function word(value: number): string {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return toHex(bytes)
}
