import type { Binding, Channel, CloseReason, GuestDevice } from '../../channels/index.ts'
import {
  NdisPacketFilter,
  NvspMessage,
  NvspStatus,
  nvspVersions,
  Oid,
  RndisMessage,
  RndisStatus,
  statusBufferOf,
} from '../../devices/network/index.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { TransferPageRanges } from '../../vmbus/gpa-ranges.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { type Guid, tryDecode } from '../../wire/index.ts'
import { Vsc } from '../vsc.ts'
import { BytePool } from './byte-pool.ts'
import { FrameReceiver, isPacket, mostCoalesced, type ReceivedFrame } from './frame-receiver.ts'
import { FrameSender, type SendOptions, type SendStatistics } from './frame-sender.ts'
import { FrameStream } from './frame-stream.ts'
import { Negotiation, type NegotiationWishes, padded, queryMessage, setMessage, valueIn } from './negotiation.ts'
import { freshState, type NicState } from './nic-state.ts'
import type { RndisAnswer } from './rndis-requests.ts'

/** How a NIC is driven; everything has a default. */
export interface NetworkVscOptions {
  /** One of several NICs. */
  readonly instanceId?: Guid
  /** The n-th NIC that is offered. */
  readonly index?: number
  /** NVSP versions to ask for, in this order. Default all, newest first, as Linux. */
  readonly versions?: readonly number[]
  /** Largest IP packet in bytes. Default 1500. */
  readonly mtu?: number
  /** Bytes; default 1 MiB, for some 580 frames. Linux has 16 MiB. */
  readonly receiveBufferSize?: number
  /** Bytes; default 1 MiB, for 170 frames, as Linux. */
  readonly sendBufferSize?: number
  /** Bytes of each ring. Default 128 KiB. Linux has 512 KiB. */
  readonly ringSize?: number
  /** Channels to use, the primary one included. Default 1. */
  readonly queues?: number
  /** See NdisPacketFilter. Default directed, all multicast, broadcast: 0xd, as Linux. */
  readonly packetFilter?: number
  /** Whether to take several segments as one frame. Default true. */
  readonly coalescing?: boolean
}

/** What a NIC's driver tells. */
export interface NetworkVscEvents {
  frame: (frame: ReceivedFrame) => void
  /** A frame that did not fit before may fit now. */
  writable: () => void
  link: (isUp: boolean) => void
  /** A virtual function has come (its serial number), or gone. */
  virtualFunction: (serial: number | undefined) => void
}

/** Counts of one NIC. */
export interface NetworkStatistics extends SendStatistics {
  receivedFrames: number
  receivedBytes: number
  /** Messages that could not be read. */
  receiveErrors: number
}

const receiveBufferId = 0xcafe

/**
 * A NIC's driver: `const nic = await bus.guest.attach(NetworkVsc)`, then `nic.send(frame)`; frames come as events, or by
 * `for await (const frame of nic.frames())`. Source: Linux drivers/net/hyperv.
 */
export class NetworkVsc extends Vsc<NetworkVscEvents> {
  readonly ringBytes: { readonly send: number; readonly receive: number }
  readonly statistics: NetworkStatistics = {
    sentFrames: 0,
    sentBytes: 0,
    sendErrors: 0,
    sendsCompleted: 0,
    sendsAborted: 0,
    sendsIssued: 0,
    receivedFrames: 0,
    receivedBytes: 0,
    receiveErrors: 0,
  }
  #binds: Binding
  #wishes: NegotiationWishes
  #state: NicState = freshState()
  #negotiation: Negotiation | undefined
  #closeReason: CloseReason | undefined
  readonly #sender: FrameSender
  readonly #receiver = new FrameReceiver()
  readonly #ranges = new TransferPageRanges()
  readonly #copies = new BytePool()
  readonly #streams = new Set<FrameStream>()
  readonly #success = padded({ type: 'NvspSendRndisPacketComplete', status: NvspStatus.Success }).subarray(0, 8)
  readonly #failure = padded({ type: 'NvspSendRndisPacketComplete', status: NvspStatus.Failure }).subarray(0, 8)

  constructor(options: NetworkVscOptions = {}) {
    super()
    const { instanceId, index, ringSize = 128 * 1024 } = options
    this.#binds = {
      interfaceId: DeviceId.Network,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(index === undefined ? {} : { index }),
    }
    this.ringBytes = { send: ringSize, receive: ringSize }
    this.#wishes = wishesOf(options)
    this.#sender = new FrameSender(this, this.statistics, () => void this.emit('writable'))
  }

  get binds(): Binding {
    return this.#binds
  }

  /** 6 bytes. */
  get macAddress(): Uint8Array {
    return this.#state.macAddress
  }

  /** Negotiated NVSP version (see NvspVersion). */
  get version(): number {
    return this.#state.version
  }

  /** Largest IP packet in bytes. */
  get mtu(): number {
    return this.#state.mtu
  }

  get isLinkUp(): boolean {
    return this.#state.isLinkUp
  }

  /** In bit/s. */
  get linkSpeed(): number {
    return this.#state.linkSpeed
  }

  /** Channels in use, the primary one included. */
  get queues(): number {
    return this.#state.queues
  }

  /** Channel to send on, by hash, as the host wants it. */
  get sendTable(): readonly number[] {
    return this.#state.sendTable
  }

  /** Serial number of the virtual function that goes with the NIC, if there is one. */
  get virtualFunction(): number | undefined {
    return this.#state.virtualFunction
  }

  /** Frames that may be sent before one is completed: free sections of the send buffer. */
  get sendRoom(): number {
    return this.#state.sections?.free ?? 0
  }

  /** Sends a frame, from the destination address on. False: closed, or no room now; `writable` follows. */
  send(frame: Uint8Array, options?: SendOptions): boolean {
    return this.#state.isReady && this.#sender.send(frame, options, this.#state.sections)
  }

  /** Sends frames, several in one message where they fit. Answers how many were sent. */
  sendAll(frames: readonly Uint8Array[], options?: SendOptions): number {
    const { isReady, sections, packetsPerMessage, packetAlignment } = this.#state
    if (!isReady) return 0
    return this.#sender.sendAll(frames, options, sections, packetsPerMessage, packetAlignment)
  }

  /** The frames that come from now on, until the iterator is left or the channel closes. @param limit frames that may wait; more are dropped. */
  frames(limit = 1024): FrameStream {
    const stream = new FrameStream(limit, () => this.#streams.delete(stream))
    if (this.channel === undefined) stream.end()
    else this.#streams.add(stream)
    return stream
  }

  /** Asks the NIC for the value of an OID. Fails with the status that refuses it. */
  query(oid: number): Promise<Uint8Array> {
    return this.#promise(`query of OID 0x${oid.toString(16)}`, (requests, resolve, reject) => {
      requests.request(queryMessage(oid, requests.nextId()), (answer, why) => {
        const value = valueIn(answer)
        if (value === undefined) reject(refused(answer, why))
        else resolve(value)
      })
    })
  }

  /** Sets the value of an OID. Fails with the status that refuses it. */
  set(oid: number, information: Uint8Array): Promise<void> {
    return this.#promise(`set of OID 0x${oid.toString(16)}`, (requests, resolve, reject) => {
      requests.request(setMessage(oid, requests.nextId(), information), (answer, why) => {
        if (answer?.status === RndisStatus.Success) resolve()
        else reject(refused(answer, why))
      })
    })
  }

  /** Which frames to get (see NdisPacketFilter); 0: none. */
  setPacketFilter(filter: number): Promise<void> {
    const information = new Uint8Array(4)
    new DataView(information.buffer).setUint32(0, filter, true)
    return this.set(Oid.OID_GEN_CURRENT_PACKET_FILTER, information)
  }

  /** Asks whether the host is there. */
  keepAlive(): Promise<void> {
    return this.#promise('a keep-alive', (requests, resolve, reject) => {
      const message = {
        type: 'RndisKeepAliveRequest',
        header: { messageLength: 12 },
        requestId: requests.nextId(),
      } as const
      requests.request(message, (answer, why) => (answer === undefined ? reject(refused(answer, why)) : resolve()))
    })
  }

  /** Says to send by the virtual function, or by VMBus again. The promise is kept when the host has done it, broken when it refuses. */
  async switchDataPath(toVirtualFunction: boolean): Promise<void> {
    const answer = await this.request(padded({ type: 'NvspSwitchDataPath', activeDataPath: toVirtualFunction ? 1 : 0 }))
    if (answer.length > 0) throw new Error('the host refused to switch the data path')
  }

  /** Lets go of the device and takes it again with other wishes, as Linux does for another MTU or number of channels. */
  renegotiate(options: Pick<NetworkVscOptions, 'mtu' | 'queues' | 'versions' | 'coalescing'>): Promise<this> {
    const { device } = this
    if (device === undefined) return Promise.reject(new Error('the driver has no device'))
    const { interfaceId, instanceId } = device.offer.offer
    this.#binds = { interfaceId, instanceId }
    const { mtu, ...others } = options
    this.#wishes = { ...this.#wishes, ...others, ...(mtu === undefined ? {} : { frameSize: mtu + 14 }) }
    this.close()
    return device.endpoint.attach<this>(this)
  }

  /** Ends RNDIS, takes the buffers back, and lets go of the device. */
  override close(): void {
    const { requests, receive, send, isReady } = this.#state
    const { channel } = this
    if (channel?.isOpen === true && isReady && requests !== undefined) {
      this.#state.isReady = false
      requests.send({ type: 'RndisHaltRequest', header: { messageLength: 12 }, requestId: requests.nextId() })
      if (receive !== undefined) channel.sendOrQueue(padded({ type: 'NvspRevokeReceiveBuffer', id: receiveBufferId }))
      if (send !== undefined) channel.sendOrQueue(padded({ type: 'NvspRevokeSendBuffer', id: 0 }))
    }
    super.close()
  }

  override opened(channel: Channel): void {
    super.opened(channel)
    if (channel.subchannelIndex > 0) this.#negotiation?.subchannelOpened(this.channels.size - 1)
  }

  override detached(): void {
    const { device } = this
    this.#negotiation?.stop()
    this.#negotiation = undefined
    if (device !== undefined) this.#takeBack(device)
    this.#state = freshState()
    super.detached()
  }

  protected override onOpen(channel: Channel): void {
    const { device } = this
    if (device === undefined) return
    this.#closeReason = undefined
    this.#state = freshState()
    this.#negotiation = new Negotiation(device, channel, this.#wishes, this.#state, {
      sent: (completion) => this.#sender.completed(completion),
      done: () => {
        this.#state.isReady = true
        this.ready()
      },
      failed: (why) => this.fail(why),
    })
    this.#negotiation.start()
  }

  protected override onClose(channel: Channel, reason: CloseReason): void {
    if (channel.subchannelIndex !== 0) return
    this.#closeReason = reason
    this.#state.isReady = false
    this.#negotiation?.stop()
    this.#state.requests?.close()
    for (const stream of [...this.#streams]) stream.end()
    this.#streams.clear()
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    if (packet.type === PacketType.DataUsingTransferPages) this.#received(packet, channel)
    else if (packet.type === PacketType.DataInBand) this.#noted(packet, channel)
    else this.#report(channel, 'TYPE', 'descriptor.type', `a packet of type ${packet.type}`)
  }

  /** RNDIS messages in the receive buffer. The packet is completed once all are dealt with. */
  #received(packet: RingPacket, channel: Channel): void {
    const { receive } = this.#state
    const isOurs = receive !== undefined && receive.sectionSize > 0 && packet.transferPageSetId === receiveBufferId
    let isGood = isOurs && packet.rangeCount <= mostCoalesced
    if (!isGood)
      this.#report(channel, 'RANGE', 'rangeCount', 'transfer pages of a buffer that there is not, or too many')
    if (isGood && receive !== undefined) {
      const ranges = this.#ranges.reset(
        packet.bytes,
        packet.headerOffset + 8,
        packet.headerLength - 8,
        packet.rangeCount,
        receive.memory.size,
      )
      this.#receiver.begin()
      while (ranges.next()) {
        const { byteCount, byteOffset } = ranges
        if (byteCount > receive.sectionSize) {
          this.#report(channel, 'LENGTH', 'ranges', `${byteCount} bytes in a piece of ${receive.sectionSize}`)
          isGood = false
          continue
        }
        const start = this.#copies.take(byteCount)
        const { bytes } = this.#copies
        receive.memory.read(byteOffset, bytes, start, byteCount)
        if (!this.#message(bytes, start, start + byteCount, channel)) isGood = false
      }
      if (ranges.fault !== undefined) {
        this.#report(channel, ranges.fault.code === 'RANGE' ? 'RANGE' : 'LENGTH', 'ranges', ranges.fault.why)
        isGood = false
      }
    }
    channel.complete(packet, isGood ? this.#success : this.#failure)
  }

  /** One RNDIS message. Answers whether it was good. */
  #message(bytes: Uint8Array, start: number, end: number, channel: Channel): boolean {
    if (isPacket(bytes, start, end)) {
      const frame = this.#receiver.take(bytes, start, end, channel.subchannelIndex)
      if (frame !== undefined) this.#frame(frame)
      const { fault } = this.#receiver
      if (fault === undefined) return true
      return this.#bad(channel, fault.code, fault.field, fault.why)
    }
    const { value, faults, ok } = tryDecode(RndisMessage, bytes.subarray(start, end), { from: 'host' })
    if (!ok) {
      const { code = 'SHORT', path = '', why = '' } = faults[0] ?? {}
      return this.#bad(channel, code, path, why)
    }
    switch (value.type) {
      case 'RndisInitializeComplete':
      case 'RndisQueryComplete':
      case 'RndisSetComplete':
      case 'RndisKeepAliveComplete':
        if (this.#state.requests?.answered(value) !== true) {
          this.#report(channel, 'UNKNOWN-ID', 'requestId', `no request ${value.requestId} waits for an answer`)
        }
        return true
      case 'RndisIndicateStatus':
        this.#indicated(value.status, statusBufferOf(value))
        return true
      default:
        return this.#bad(channel, 'TYPE', 'header.messageType', `${value.type} is not taken from a host`)
    }
  }

  #frame(frame: ReceivedFrame): void {
    this.statistics.receivedFrames += 1
    this.statistics.receivedBytes += frame.bytes.length
    if (this.#streams.size > 0) for (const stream of this.#streams) stream.push(frame)
    this.emit('frame', frame)
  }

  /** Something has changed. A buffer that is not there is as none (NC-10). */
  #indicated(status: number, buffer: Uint8Array | undefined): void {
    if (status === RndisStatus.MediaConnect || status === RndisStatus.MediaDisconnect) {
      this.#state.isLinkUp = status === RndisStatus.MediaConnect
      this.emit('link', this.#state.isLinkUp)
    } else if (status === RndisStatus.LinkSpeedChange && buffer !== undefined && buffer.length >= 4) {
      this.#state.linkSpeed = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0, true) * 100
    }
  }

  /** A note of the host's. None is completed, as Linux completes none (OK-16). */
  #noted(packet: RingPacket, channel: Channel): void {
    const { value, faults, ok } = tryDecode(NvspMessage, packet.copyPayload(), { from: 'host' })
    if (!ok) {
      const { code = 'SHORT', path = '', why = '' } = faults[0] ?? {}
      this.#report(channel, code, path, why)
    } else if (value.type === 'NvspSendVfAssociation') {
      const serial = value.allocated === 0 ? undefined : value.serial
      this.#state.virtualFunction = serial
      this.emit('virtualFunction', serial)
    } else if (value.type === 'NvspSendIndirectionTable') this.#tableSent(value.table, channel)
    else this.#report(channel, 'TYPE', 'header.messageType', `${value.type} as a note`)
  }

  #tableSent(table: readonly number[], channel: Channel): void {
    if (table.length !== 16 || table.some((queue) => queue >= this.#state.queues)) {
      this.#report(
        channel,
        'RANGE',
        'table',
        'a send table of other than 16 entries, or with channels that there are not',
      )
    } else this.#state.sendTable = [...table]
  }

  /** The buffers are the driver's again: shown to the host no more, unless the host is gone. */
  #takeBack(device: GuestDevice): void {
    const { receive, send, control } = this.#state
    if (control !== undefined) device.endpoint.pages.free(control)
    if (this.#closeReason === 'rescinded') return
    for (const buffer of [receive, send]) if (buffer !== undefined) device.teardownGpadl(buffer.gpadlId, () => {})
  }

  #promise<T>(
    what: string,
    start: (
      requests: NonNullable<NicState['requests']>,
      resolve: (value: T) => void,
      reject: (error: unknown) => void,
    ) => void,
  ): Promise<T> {
    const { device } = this
    const { requests } = this.#state
    if (device === undefined || requests === undefined) return Promise.reject(new Error('the NIC is not open'))
    return device.promise<T>(what, (resolve, reject) => start(requests, resolve, reject))
  }

  #bad(channel: Channel, code: Violation['code'], field: string, why: string): false {
    this.statistics.receiveErrors += 1
    this.#report(channel, code, field, why)
    return false
  }

  #report(channel: Channel, code: Violation['code'], field: string, why: string): void {
    channel.violation({ rule: 'network-bad-message', code, field, offset: 0, why, channelId: channel.channelId })
  }
}

function wishesOf(options: NetworkVscOptions): NegotiationWishes {
  const { versions = nvspVersions, mtu = 1500, receiveBufferSize = 1 << 20, sendBufferSize = 1 << 20 } = options
  const { directed, allMulticast, broadcast } = NdisPacketFilter
  const { queues = 1, packetFilter = directed | allMulticast | broadcast, coalescing = true } = options
  return { versions, frameSize: mtu + 14, receiveBufferSize, sendBufferSize, queues, packetFilter, coalescing }
}

function refused(answer: RndisAnswer | undefined, why: string | undefined): Error {
  const status = answer === undefined ? '' : ` with status 0x${answer.status.toString(16)}`
  return new Error(`the host refused${status}${why === undefined ? '' : `: ${why}`}`)
}
