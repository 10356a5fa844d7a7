import { SharedBuffer } from '../../channels/channel/shared-buffer.ts'
import type { Channel, PendingOpen } from '../../channels/index.ts'
import {
  NvspDataPath,
  NvspMessage,
  NvspMessageType,
  NvspStatus,
  NvspVersion,
  nvspTypeName,
  nvspVersions,
  RndisStatus,
} from '../../devices/network/index.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import type { GpadlId } from '../../vmbus/ids.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { OfferParams } from '../../vmbus/server/effects.ts'
import { u32At } from '../../vmbus/u32.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { guid, tryDecode } from '../../wire/index.ts'
import { Vsp } from '../vsp.ts'
import { type Frame, macAddressOf, macAddressText, type NetworkBackend, type Nic } from './backends/backend.ts'
import { NullBackend } from './backends/null.ts'
import { ControlQueue } from './control-queue.ts'
import { answerInit } from './init-answer.ts'
import type { NetworkVspEvents, NetworkVspOptions } from './network-options.ts'
import type { NicInfo } from './nic-info.ts'
import { frameSizes, freshSettings, freshStatistics, type NicSettings, type NicStatistics } from './nic-settings.ts'
import { NvspWords, paddedMessage } from './nvsp-words.ts'
import { controlReserve, ReceiveBuffer } from './receive-buffer.ts'
import { Receiver, type ReceiveTarget } from './receiver.ts'
import { handleControl, indication } from './rndis-control.ts'
import { isPacketType, sendSectionSize, Transmitter } from './transmitter.ts'

/** Pause between the two indications when the link is set to what it is. Source: OpenVMM netvsp. */
const linkToggleMilliseconds = 5000
/** A network adapter in the root partition. Sources: OpenVMM netvsp, Linux drivers/net/hyperv. */
export class NetworkVsp extends Vsp<NetworkVspEvents> implements Nic {
  readonly offer: OfferParams
  /** Linux waits for its completions even of a NIC that was rescinded, for ever (rndis_filter_halt_device): it gets them. */
  override readonly servesUntilReleased = true
  readonly macAddress: Uint8Array
  readonly statistics: NicStatistics = freshStatistics()
  readonly backend: NetworkBackend
  readonly #options: NetworkVspOptions
  readonly #queues: number
  #settings: NicSettings
  #info: NicInfo
  #words = new NvspWords(undefined)
  #receiveBuffer: ReceiveBuffer | undefined
  #sendBuffer: SharedBuffer | undefined
  readonly #control = new ControlQueue()
  readonly #transmitter: Transmitter
  readonly #receiver = new Receiver(this.statistics)
  /** Packets that came. */
  #packets = 0
  /** Which call of `setLink` was the last: what an earlier one still had to do is off. */
  #toggle = 0

  constructor(options: NetworkVspOptions = {}) {
    super()
    const { macAddress = '00:15:5d:00:00:01', backend = new NullBackend(), queues = 8 } = options
    this.#options = options
    this.backend = backend
    this.macAddress = macAddressOf(macAddress)
    const digits = macAddressText(this.macAddress).replaceAll(':', '')
    const instanceId = options.instanceId ?? guid(`f8615163-0000-1000-2000-${digits}`)
    this.offer = { interfaceId: DeviceId.Network, instanceId }
    this.#queues = Math.max(1, Math.min(64, queues))
    const { saved, virtualFunction } = options
    this.#settings = saved === undefined ? freshSettings(true, virtualFunction) : structuredClone(saved)
    this.#info = this.#describe()
    this.#transmitter = new Transmitter(this, backend, this.statistics)
  }

  /**
   * What guest and host have agreed on, as plain data: for `saved` of another NIC with the same MAC address, which takes this one's place
   * when the host is saved and restored (`HostOptions.restored`).
   */
  save(): NicSettings {
    return structuredClone(this.#settings)
  }

  /** Whether frames given to {@link receive} reach the guest's driver now. */
  get isReceiving(): boolean {
    const { packetFilter, isLinkUp } = this.#settings
    return this.isOffered && packetFilter !== 0 && isLinkUp && this.#receiveBuffer !== undefined
  }

  /** Negotiated NVSP version (see NvspVersion). */
  get version(): number | undefined {
    return this.#settings.version
  }

  get isLinkUp(): boolean {
    return this.#settings.isLinkUp
  }

  receive(frame: Frame): boolean {
    return this.#receiver.receive(frame, this.#target)
  }

  /** Gives the guest several frames, with as few packets as may be: up to 375 in one. Answers how many were not dropped. */
  receiveAll(frames: readonly Frame[]): number {
    return this.#receiver.receiveAll(frames, this.#target)
  }

  /**
   * Pulls the cable, or plugs it in. What it is already becomes the other for 5 s, so that the guest looks at its network anew
   * (behaviour 203).
   */
  setLink(isUp: boolean): void {
    this.#toggle += 1
    const toggle = this.#toggle
    if (isUp !== this.#settings.isLinkUp) {
      this.#indicateLink(isUp)
      return
    }
    this.#indicateLink(!isUp)
    this.later(() => {
      if (toggle === this.#toggle) this.#indicateLink(isUp)
    }, linkToggleMilliseconds)
  }

  /**
   * Takes the NIC away as a real host does: pulls the cable first, goes on completing what the guest sends until it sends no more, and
   * only then revokes. After a bare `close()` completions still come, but Linux takes no interrupts of a rescinded channel
   * (vmbus_reset_channel_cb): what it had in flight just then it waits for in vain, for ever.
   */
  eject(): Promise<void> {
    if (this.#settings.isLinkUp) this.setLink(false)
    return this.closeWhenQuiet({ count: () => this.#packets })
  }

  /** A virtual function comes with the NIC: the guest is told its serial number. */
  addVirtualFunction(serial: number): void {
    this.#settings.virtualFunction = serial
    this.#associate(1, serial)
  }

  /** It goes again; data go by VMBus. */
  removeVirtualFunction(): void {
    const { virtualFunction } = this.#settings
    if (virtualFunction === undefined) return
    this.#settings.virtualFunction = undefined
    this.#settings.isOnVirtualFunction = false
    this.#associate(0, virtualFunction)
  }

  override attached(host: Parameters<Vsp['attached']>[0]): void {
    super.attached(host)
    this.#transmitter.isPlugged = true
    this.backend.plugged?.(this)
  }

  override detached(): void {
    super.detached()
    this.#transmitter.isPlugged = false
    this.backend.unplugged?.(this)
  }

  protected override onOpening(open: PendingOpen): void {
    // A guest that opens it itself begins anew.
    if (open.subchannelIndex === 0 && !open.isRestored) this.#reset()
    open.accept()
  }

  protected override onOpen(channel: Channel): void {
    if (channel.subchannelIndex === 0) {
      if (this.#settings.version !== undefined) this.#restore()
      return
    }
    if (this.channels.size === this.#settings.subchannelCount + 1) this.#sendIndirectionTable()
  }

  protected override onClose(channel: Channel): void {
    if (channel.subchannelIndex !== 0) return
    const wasReceiving = this.#settings.packetFilter !== 0
    this.#reset()
    this.#words = new NvspWords(undefined)
    this.#receiveBuffer = undefined
    this.#sendBuffer = undefined
    this.#control.clear()
    this.#receiver.reset()
    if (wasReceiving) this.emit('filter', 0)
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    this.#packets += 1
    const isMessage = packet.type === PacketType.DataInBand || packet.type === PacketType.DataUsingGpaDirect
    if (!isMessage || packet.payloadLength < 4) {
      this.#stop(channel, 'SHORT', 'header', `a packet of type ${packet.type} with ${packet.payloadLength} bytes`)
    } else if (packet.payloadU32(0) === NvspMessageType.SendRndisPacket) {
      this.#rndis(packet, channel)
    } else this.#nvsp(packet, channel)
  }

  /** An RNDIS message: a frame, or control. */
  #rndis(packet: RingPacket, channel: Channel): void {
    const { settings } = this.#info
    if (packet.payloadLength < 16) {
      this.#stop(channel, 'SHORT', 'channelType', `${packet.payloadLength} bytes of SEND_RNDIS_PKT`)
      return
    }
    if (this.#receiveBuffer === undefined) {
      this.#stop(channel, 'STATE', 'header.messageType', 'RNDIS without a receive buffer')
      return
    }
    const fault = this.#transmitter.gather(packet, channel, this.#sendBuffer)
    if (fault !== undefined) {
      channel.fail({ ...fault, channelId: channel.channelId })
      return
    }
    const { type } = this.#transmitter
    if (type === -1 || isPacketType(type)) {
      if (!settings.isInitialized) {
        this.#stop(channel, 'STATE', 'header.messageType', 'an RNDIS packet before INITIALIZE')
        return
      }
      const bad = this.#transmitter.transmit(packet, channel, this.#words)
      if (bad !== undefined) channel.violation({ ...bad, channelId: channel.channelId })
      return
    }
    if (channel.subchannelIndex !== 0) {
      this.#stop(channel, 'STATE', 'channelType', 'an RNDIS control message on a sub-channel')
      return
    }
    this.#handleControl(this.#transmitter.message, packet, channel)
  }

  #handleControl(message: Uint8Array, packet: RingPacket, channel: Channel): void {
    const before = this.#settings.packetFilter
    const { answer, fault, did } = handleControl(message, this.#info)
    if (fault !== undefined) {
      channel.fail({ ...fault, channelId: channel.channelId })
      return
    }
    channel.complete(packet, this.#words.success)
    if (answer !== undefined) this.#push(answer)
    if (did === 'set') this.#receiver.reset()
    if (this.#settings.packetFilter !== before) this.emit('filter', this.#settings.packetFilter)
    if (did === 'halted') this.emit('halted')
    if (did !== 'initialized') return
    this.emit('initialized')
    const { virtualFunction } = this.#settings
    if (virtualFunction !== undefined) this.#associate(1, virtualFunction)
  }

  /** Any NVSP message but RNDIS. */
  #nvsp(packet: RingPacket, channel: Channel): void {
    const { version } = this.#settings
    const payload = packet.copyPayload()
    const type = u32At(payload, 0)
    if (version === undefined && type !== NvspMessageType.Init) {
      this.#stop(channel, 'STATE', 'header.messageType', `${nvspTypeName(type)} before INIT`)
      return
    }
    const { value, faults, ok } = tryDecode(NvspMessage, payload, {
      from: 'guest',
      ...(version === undefined ? {} : { version }),
    })
    if (!ok) {
      const { code = 'TYPE', path = '', offset = 0, why = '' } = faults[0] ?? {}
      channel.fail({ rule: 'nvsp-bad-message', code, field: path, offset, why, channelId: channel.channelId })
      return
    }
    if (channel.subchannelIndex !== 0) {
      if (value.type === 'NvspSwitchDataPath') channel.complete(packet, this.#words.failure)
      this.#refuse(channel, 'STATE', `${nvspTypeName(type)} on a sub-channel`)
      return
    }
    const answer = this.#answer(value, channel)
    // The answer to INIT is padded as before it.
    if (answer === 'empty') channel.complete(packet)
    else if (answer !== undefined) channel.complete(packet, paddedMessage(answer, version))
    if (typeof answer === 'object' && answer.type === 'NvspSubchannelComplete') {
      this.offerSubchannels(answer.subchannelCount)
    }
  }

  /** Handles a message; answers what completes it, or nothing when it stopped the channel. */
  #answer(message: NvspMessage, channel: Channel): NvspMessage | 'empty' | undefined {
    const settings = this.#settings
    switch (message.type) {
      case 'NvspInit':
        return this.#init(message.minimumProtocolVersion, message.maximumProtocolVersion, channel)
      case 'NvspSendNdisConfig': {
        if (settings.mtu !== undefined) return this.#stop(channel, 'DUP', 'mtu', 'NDIS_CONFIG came already')
        const { mtu, capabilities } = message
        settings.mtu = mtu < frameSizes.smallest || mtu > frameSizes.largest ? frameSizes.default : mtu
        settings.hasSriov = capabilities.sriov
        settings.hasRsc = capabilities.receiveSegmentCoalescing && settings.version === NvspVersion.V61
        return 'empty'
      }
      case 'NvspSendNdisVersion': {
        if (settings.ndisVersion !== undefined) return this.#stop(channel, 'DUP', '', 'NDIS_VERSION came already')
        settings.ndisVersion = { major: message.ndisMajorVersion, minor: message.ndisMinorVersion }
        return 'empty'
      }
      case 'NvspSendReceiveBuffer':
        return this.#takeReceiveBuffer(message.gpadlId, message.id, channel)
      case 'NvspSendSendBuffer':
        return this.#takeSendBuffer(message.gpadlId, message.id, channel)
      case 'NvspRevokeReceiveBuffer':
        // Part of Linux's ordinary teardown. Pieces that are out come back by their completions, and are written no more.
        if (settings.receiveBuffer?.id !== message.id) return this.#refuse(channel, 'UNKNOWN-ID', 'no such buffer')
        settings.receiveBuffer = undefined
        this.#receiveBuffer = undefined
        return 'empty'
      case 'NvspRevokeSendBuffer':
        if (settings.sendBuffer?.id !== message.id) return this.#refuse(channel, 'UNKNOWN-ID', 'no such buffer')
        settings.sendBuffer = undefined
        this.#sendBuffer = undefined
        return 'empty'
      case 'NvspSwitchDataPath':
        return this.#switchDataPath(message.activeDataPath)
      case 'NvspSubchannelRequest':
        return this.#grantSubchannels(message.operation, message.subchannelCount)
      default:
        return this.#stop(channel, 'TYPE', 'header.messageType', `${message.type} is not taken from a guest`)
    }
  }

  #init(minimum: number, maximum: number, channel: Channel): NvspMessage | undefined {
    const settings = this.#settings
    if (settings.version !== undefined) return this.#stop(channel, 'DUP', '', 'INIT is answered already')
    const { versions = nvspVersions } = this.#options
    const { version, answer } = answerInit(minimum, maximum, versions)
    if (version === undefined) return answer
    settings.version = version
    this.#words = new NvspWords(version)
    return answer
  }

  #takeReceiveBuffer(gpadlId: GpadlId, id: number, channel: Channel): NvspMessage | undefined {
    const settings = this.#settings
    if (this.#receiveBuffer !== undefined) return this.#stop(channel, 'DUP', 'id', 'there is a receive buffer already')
    if (settings.mtu === undefined && settings.version !== NvspVersion.V1) {
      return this.#stop(channel, 'STATE', '', 'a receive buffer before NDIS_CONFIG')
    }
    const buffer = this.#mapReceiveBuffer(gpadlId, id)
    const answer = { type: 'NvspSendReceiveBufferComplete' } as const
    if (buffer === undefined) return { ...answer, status: NvspStatus.Failure, sectionCount: 0, sections: [] }
    settings.receiveBuffer = { gpadlId, id }
    this.#receiveBuffer = buffer
    const { pieceSize, count } = buffer
    const section = {
      offset: 0,
      subAllocationSize: pieceSize,
      subAllocationCount: count,
      endOffset: pieceSize * count,
    }
    return { ...answer, status: NvspStatus.Success, sectionCount: 1, sections: [section] }
  }

  #mapReceiveBuffer(gpadlId: GpadlId, id: number): ReceiveBuffer | undefined {
    const pages = this.#bufferPages(gpadlId)
    if (pages === undefined) return undefined
    const pieceSize = 256 + (this.#settings.mtu ?? frameSizes.default) + 36
    const buffer = new ReceiveBuffer(pages, id, pieceSize, () => this.#flush())
    return buffer.count < controlReserve + this.#queues ? undefined : buffer
  }

  #takeSendBuffer(gpadlId: GpadlId, id: number, channel: Channel): NvspMessage | undefined {
    if (this.#sendBuffer !== undefined) return this.#stop(channel, 'DUP', 'id', 'there is a send buffer already')
    const pages = this.#bufferPages(gpadlId)
    const answer = { type: 'NvspSendSendBufferComplete' } as const
    if (pages === undefined || pages.size < sendSectionSize) {
      return { ...answer, status: NvspStatus.Failure, sectionSize: 0 }
    }
    this.#settings.sendBuffer = { gpadlId, id }
    this.#sendBuffer = pages
    return { ...answer, status: NvspStatus.Success, sectionSize: sendSectionSize }
  }

  /** Only a GPADL of one range is a buffer. */
  #bufferPages(gpadlId: GpadlId): SharedBuffer | undefined {
    const [pages, ...more] = this.gpadl(gpadlId) ?? []
    return pages === undefined || more.length > 0 ? undefined : new SharedBuffer(pages)
  }

  /** A guest may take the receive buffer back without a word: then frames go nowhere. */
  override gpadlTornDown(gpadlId: GpadlId): void {
    if (gpadlId !== this.#settings.receiveBuffer?.gpadlId || this.gpadl(gpadlId) !== undefined) return
    this.#receiveBuffer?.takeBack()
  }

  get #liveReceiveBuffer(): ReceiveBuffer | undefined {
    return this.#receiveBuffer?.isTakenBack === false ? this.#receiveBuffer : undefined
  }

  get #target(): ReceiveTarget {
    const { channels } = this
    const buffer = this.isOffered ? this.#liveReceiveBuffer : undefined
    return { settings: this.#settings, channels, buffer, words: this.#words }
  }

  #switchDataPath(dataPath: number): NvspMessage | 'empty' {
    const settings = this.#settings
    const toFunction = dataPath === NvspDataPath.VirtualFunction
    const isPossible = dataPath === NvspDataPath.Synthetic || (toFunction && settings.virtualFunction !== undefined)
    if (!isPossible || (toFunction && settings.isOnVirtualFunction)) {
      return { type: 'NvspSendRndisPacketComplete', status: NvspStatus.Failure }
    }
    const isOther = settings.isOnVirtualFunction !== toFunction
    settings.isOnVirtualFunction = toFunction
    if (isOther) this.emit('dataPath', toFunction)
    return 'empty'
  }

  #grantSubchannels(operation: number, count: number): NvspMessage {
    const settings = this.#settings
    const isPossible =
      this.isOffered &&
      operation === 1 &&
      count > 0 &&
      count < this.#queues &&
      settings.isInitialized &&
      settings.subchannelCount === 0 &&
      (this.#receiveBuffer?.count ?? 0) >= controlReserve + count + 1
    if (!isPossible) return { type: 'NvspSubchannelComplete', status: NvspStatus.Failure, subchannelCount: 0 }
    settings.subchannelCount = count
    return { type: 'NvspSubchannelComplete', status: NvspStatus.Success, subchannelCount: count }
  }

  /** All sub-channels are open: the guest learns on which to send what. */
  #sendIndirectionTable(): void {
    const queues = this.#settings.subchannelCount + 1
    const table = Array.from({ length: 16 }, (_, index) => index % queues)
    const message = { type: 'NvspSendIndirectionTable', count: 16, tableOffset: 12, table } as const
    this.channel?.sendOrQueue(paddedMessage(message, this.#settings.version))
  }

  #associate(allocated: number, serial: number): void {
    const { version = 0, isInitialized, hasSriov } = this.#settings
    if (version < NvspVersion.V4 || !isInitialized || !hasSriov) return
    this.channel?.notify(paddedMessage({ type: 'NvspSendVfAssociation', allocated, serial }, version))
  }

  #indicateLink(isUp: boolean): void {
    this.#settings.isLinkUp = isUp
    if (this.#settings.isInitialized)
      this.#push(indication(isUp ? RndisStatus.MediaConnect : RndisStatus.MediaDisconnect))
  }

  #push(message: Uint8Array): void {
    const { channel } = this
    if (channel === undefined) return
    if (this.#control.push(message)) this.#flush()
    else this.#stop(channel, 'LIMIT', '', 'too many control messages wait for buffers of the guest')
  }

  #flush(): void {
    if (this.#control.bytes === 0) return
    const buffer = this.#liveReceiveBuffer
    if (this.channel !== undefined && buffer !== undefined) this.#control.flush(this.channel, buffer, this.#words)
  }

  /** Nothing is agreed on. */
  #reset(): void {
    const { isLinkUp, virtualFunction } = this.#settings
    this.#settings = freshSettings(isLinkUp, virtualFunction)
    this.#info = this.#describe()
  }

  #restore(): void {
    const { receiveBuffer, sendBuffer, version } = this.#settings
    this.#words = new NvspWords(version)
    if (receiveBuffer !== undefined)
      this.#receiveBuffer = this.#mapReceiveBuffer(receiveBuffer.gpadlId, receiveBuffer.id)
    if (sendBuffer !== undefined) this.#sendBuffer = this.#bufferPages(sendBuffer.gpadlId)
  }

  #describe(): NicInfo {
    const { name = 'Network Adapter', linkSpeed = 10_000_000_000, offloads = true } = this.#options
    return {
      settings: this.#settings,
      statistics: this.statistics,
      macAddress: this.macAddress,
      name,
      linkSpeed,
      queues: this.#queues,
      offersOffloads: offloads,
    }
  }

  /** What the guest did wrong stops the channel. */
  #stop(channel: Channel, code: Violation['code'], field: string, why: string): undefined {
    channel.fail({ rule: 'nvsp-unexpected-message', code, field, offset: 0, why, channelId: channel.channelId })
    return undefined
  }

  /** What the guest did wrong is reported, and the channel goes on. */
  #refuse(channel: Channel, code: Violation['code'], why: string): undefined {
    const rule = 'nvsp-refused-message'
    channel.violation({ rule, code, field: 'header.messageType', offset: 0, why, channelId: channel.channelId })
    return undefined
  }
}
