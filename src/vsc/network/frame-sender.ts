import type { Channel, GuestDevice, PageRun } from '../../channels/index.ts'
import { pageNumbersOf } from '../../channels/index.ts'
import {
  defaultHashKey,
  FrameLayout,
  flowHash,
  IpProtocol,
  NdisHash,
  NvspMessageType,
  NvspStatus,
  noSendBufferSection,
  PerPacketInfoType,
  RndisPacketHeader,
  ToeplitzHash,
} from '../../devices/network/index.ts'
import { PAGE_SIZE } from '../../memory/index.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { SendBuffer } from './send-buffer.ts'

/** What the host is to do with a frame, and where it is to go. */
export interface SendOptions {
  /** The host fills in the checksums of IPv4, TCP and UDP, as far as the frame has them. */
  readonly checksum?: boolean
  /** The host cuts the frame into segments with at most so many bytes of TCP data. */
  readonly segmentSize?: number
  /** A VLAN tag that is not in the frame. */
  readonly vlan?: { readonly priority: number; readonly dropEligible: boolean; readonly id: number }
  /** Channel to send on; by default the one that the host's table says for the frame's flow. */
  readonly queue?: number
}

/** Counts of what was sent. */
export interface SendStatistics {
  sentFrames: number
  sentBytes: number
  /** Messages that the host refused. */
  sendErrors: number
  /** Messages that went out, and those of which is known what became of them: done, refused, or given up with their channel. */
  sendsIssued: number
  sendsCompleted: number
  /** Messages whose channel was closed before the host had told. */
  sendsAborted: number
}

/** What the sender needs of its driver. */
export interface SenderOwner {
  readonly device: GuestDevice | undefined
  readonly channels: ReadonlyMap<number, Channel>
  /** Channel by hash. */
  readonly sendTable: readonly number[]
}

const frameHashes = NdisHash.ipv4 | NdisHash.tcpIpv4 | NdisHash.ipv6 | NdisHash.tcpIpv6
/** Bytes of SEND_RNDIS_PKT on the wire, as Linux sends them whatever the version. */
const packetSize = 40

/** Sends frames: short ones by a section of the send buffer, long ones by pages of their own. */
export class FrameSender {
  readonly #owner: SenderOwner
  readonly #onRoom: () => void
  readonly #statistics: SendStatistics
  readonly #header = new RndisPacketHeader()
  readonly #layout = new FrameLayout()
  readonly #toeplitz = new ToeplitzHash(defaultHashKey)
  readonly #payload = new Uint8Array(packetSize)
  readonly #payloadView = new DataView(this.#payload.buffer)
  #wantsRoom = false

  /** @param onRoom is called when a frame that did not fit before may fit now. */
  constructor(owner: SenderOwner, statistics: SendStatistics, onRoom: () => void) {
    this.#owner = owner
    this.#onRoom = onRoom
    this.#statistics = statistics
    this.#payloadView.setUint32(0, NvspMessageType.SendRndisPacket, true)
  }

  /** Sends a frame. False: no room now. */
  send(frame: Uint8Array, options: SendOptions | undefined, buffer: SendBuffer | undefined): boolean {
    const channel = this.#channelOf(frame, options)
    if (channel === undefined) return false
    const header = this.#describe(frame, options).end(frame.length)
    const total = header.length + frame.length
    if (buffer === undefined || total > buffer.sectionSize) return this.#sendByPages(frame, header, channel)
    const section = buffer.allocate()
    if (section < 0) return this.#refuse()
    const at = buffer.offsetOf(section)
    buffer.memory.write(at, header.bytes, 0, header.length)
    buffer.memory.write(at + header.length, frame, 0, frame.length)
    if (!this.#post(channel, buffer, section, total)) return false
    this.#statistics.sentFrames += 1
    this.#statistics.sentBytes += frame.length
    return true
  }

  /**
   * Sends several frames with as few messages as the host allows. Answers how many were sent: those left over had no room.
   *
   * @param most frames in one message. @param alignment bytes at whose multiples each begins.
   */
  sendAll(
    frames: readonly Uint8Array[],
    options: SendOptions | undefined,
    buffer: SendBuffer | undefined,
    most: number,
    alignment: number,
  ): number {
    let sent = 0
    while (sent < frames.length) {
      const count = buffer === undefined ? 0 : this.#sendTogether(frames, sent, options, buffer, most, alignment)
      if (count < 0) return sent
      if (count > 0) {
        sent += count
        continue
      }
      const frame = frames[sent]
      if (frame === undefined || !this.send(frame, options, buffer)) return sent
      sent += 1
    }
    return sent
  }

  /** Completion of a message: for {@link SendBuffer}. */
  completed(completion: RingPacket | undefined): void {
    this.#statistics.sendsCompleted += 1
    if (completion === undefined) this.#statistics.sendsAborted += 1
    else if (!isSuccess(completion)) this.#statistics.sendErrors += 1
    if (!this.#wantsRoom) return
    this.#wantsRoom = false
    this.#onRoom()
  }

  /** Puts as many frames as fit into one section. Answers how many; 0: not even one fits a section; -1: no room now. */
  #sendTogether(
    frames: readonly Uint8Array[],
    start: number,
    options: SendOptions | undefined,
    buffer: SendBuffer,
    most: number,
    alignment: number,
  ): number {
    const first = frames[start]
    const channel = first === undefined ? undefined : this.#channelOf(first, options)
    if (first === undefined || channel === undefined) return -1
    if (this.#describe(first, options).length + first.length > buffer.sectionSize) return 0
    const section = buffer.allocate()
    if (section < 0) {
      this.#refuse()
      return -1
    }
    const at = buffer.offsetOf(section)
    let used = 0
    let count = 0
    let bytes = 0
    for (let next: Uint8Array | undefined = first; next !== undefined && count < most; next = frames[start + count]) {
      const header = this.#describe(next, options)
      const size = header.length + next.length
      if (size > buffer.sectionSize - used) break
      const following = count + 1 < most ? frames[start + count + 1] : undefined
      // All but the last are padded, and the padding counts as theirs.
      let padding = following === undefined ? 0 : (alignment - (size % alignment)) % alignment
      if (following !== undefined && header.length + following.length > buffer.sectionSize - used - size - padding) {
        padding = 0
      }
      header.end(next.length, padding)
      buffer.memory.write(at + used, header.bytes, 0, header.length)
      buffer.memory.write(at + used + header.length, next, 0, next.length)
      used += size + padding
      bytes += next.length
      count += 1
      if (following !== undefined && padding === 0 && size % alignment !== 0) break
    }
    if (!this.#post(channel, buffer, section, used)) return -1
    this.#statistics.sentFrames += count
    this.#statistics.sentBytes += bytes
    return count
  }

  #post(channel: Channel, buffer: SendBuffer, section: number, size: number): boolean {
    this.#payloadView.setUint32(8, section, true)
    this.#payloadView.setUint32(12, size, true)
    if (!channel.request(this.#payload, buffer.completionOf(section))) {
      buffer.release(section)
      return this.#refuse()
    }
    this.#statistics.sendsIssued += 1
    return true
  }

  #sendByPages(frame: Uint8Array, header: RndisPacketHeader, channel: Channel): boolean {
    const { device } = this.#owner
    const total = header.length + frame.length
    const pages = device?.endpoint.pages
    const run = pages?.allocate(Math.ceil(total / PAGE_SIZE))
    if (device === undefined || pages === undefined || run === undefined) return this.#refuse()
    const { memory } = device.endpoint.transport
    memory.write(run.first * PAGE_SIZE, header.bytes, 0, header.length)
    memory.write(run.first * PAGE_SIZE + header.length, frame, 0, frame.length)
    this.#payloadView.setUint32(8, noSendBufferSection, true)
    this.#payloadView.setUint32(12, 0, true)
    const done = (completion: RingPacket | undefined) => {
      pages.free(run)
      this.completed(completion)
    }
    if (!channel.request(this.#payload, done, [rangeOf(run, total)])) {
      pages.free(run)
      return this.#refuse()
    }
    this.#statistics.sendsIssued += 1
    this.#statistics.sentFrames += 1
    this.#statistics.sentBytes += frame.length
    return true
  }

  #refuse(): false {
    this.#wantsRoom = true
    return false
  }

  #channelOf(frame: Uint8Array, options: SendOptions | undefined): Channel | undefined {
    const { channels } = this.#owner
    if (channels.size < 2) return channels.get(0)
    return channels.get(options?.queue ?? this.#queueOf(frame)) ?? channels.get(0)
  }

  /** The channel that the host's table says for a frame's flow. */
  #queueOf(frame: Uint8Array): number {
    const { sendTable } = this.#owner
    const layout = this.#layout.parse(frame, 0, frame.length)
    const hash = flowHash(this.#toeplitz, frameHashes, frame, layout) ?? 0
    return sendTable[hash % sendTable.length] ?? 0
  }

  #describe(frame: Uint8Array, options: SendOptions | undefined): RndisPacketHeader {
    const header = this.#header.begin()
    return options === undefined ? header : this.#inform(header, frame, options)
  }

  /** Per-packet information in Linux's order: VLAN tag, then large send or checksum. */
  #inform(header: RndisPacketHeader, frame: Uint8Array, options: SendOptions): RndisPacketHeader {
    const { vlan, segmentSize, checksum } = options
    if (vlan !== undefined) header.addVlan(vlan.priority | (vlan.dropEligible ? 8 : 0) | (vlan.id << 4))
    if (segmentSize === undefined && checksum !== true) return header
    const layout = this.#layout.parse(frame, 0, frame.length)
    const offset = layout.transportOffset
    if (segmentSize !== undefined) {
      const version2 = 0x4000_0000
      const ipv6 = layout.ipVersion === 6 ? 0x8000_0000 : 0
      return header.add(
        PerPacketInfoType.TcpLargeSend,
        ((segmentSize & 0xf_ffff) | (offset << 20) | version2 | ipv6) >>> 0,
      )
    }
    const ip = layout.ipVersion === 4 ? 0x11 : layout.ipVersion === 6 ? 0x2 : 0
    const transport = layout.protocol === IpProtocol.Tcp ? 0x4 : layout.protocol === IpProtocol.Udp ? 0x8 : 0
    return ip === 0 ? header : header.add(PerPacketInfoType.TcpIpChecksum, ip | transport | (offset << 16))
  }
}

function isSuccess(completion: RingPacket): boolean {
  return completion.payloadLength >= 8 && completion.payloadU32(4) === NvspStatus.Success
}

function rangeOf(run: PageRun, byteCount: number) {
  return { byteCount, byteOffset: 0, pfns: pageNumbersOf(run) }
}
