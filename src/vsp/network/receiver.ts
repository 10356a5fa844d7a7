import type { Channel } from '../../channels/index.ts'
import {
  FrameLayout,
  flowHash,
  IpProtocol,
  PerPacketInfoType,
  RndisPacketHeader,
  ToeplitzHash,
} from '../../devices/network/index.ts'
import type { Frame } from './backends/backend.ts'
import type { NicSettings, NicStatistics } from './nic-settings.ts'
import type { NvspWords } from './nvsp-words.ts'
import { mostRanges, type ReceiveBuffer } from './receive-buffer.ts'
import { vlanWordOf } from './transmitter.ts'

/** Bytes before the frame in each message: the fixed part, and all information that this host sends. */
const headerRoom = 44 + 4 * 16

const checked = { ip: 0x20, tcp: 0x08, udp: 0x10 } as const

/** Where frames for the guest go: what the NIC has now. */
export interface ReceiveTarget {
  readonly settings: NicSettings
  readonly channels: ReadonlyMap<number, Channel>
  readonly buffer: ReceiveBuffer | undefined
  readonly words: NvspWords
}

/** Writes frames into the guest's receive buffer, spreads them over its channels, and tells the guest. */
export class Receiver {
  readonly #statistics: NicStatistics
  readonly #header = new RndisPacketHeader()
  readonly #layout = new FrameLayout()
  #toeplitz: ToeplitzHash | undefined

  constructor(statistics: NicStatistics) {
    this.#statistics = statistics
  }

  /** The key of RSS has changed. */
  reset(): void {
    this.#toeplitz = undefined
  }

  /** Gives the guest a frame. False: dropped, and counted. */
  receive(frame: Frame, target: ReceiveTarget): boolean {
    const { settings, buffer } = target
    const { length } = frame.bytes
    if (buffer === undefined || !mayReceive(settings) || length < 14) return this.#drop()
    this.#look(frame, settings)
    const hash = settings.rss === undefined ? undefined : this.#hash(frame.bytes, settings.rss)
    const channel = this.#channelOf(hash, target)
    if (channel === undefined) return this.#drop()
    const information = frame.isChecked === true ? checkedWord(this.#layout) : 0
    if (length <= buffer.pieceSize - headerRoom) return this.#send(frame, information, hash, channel, buffer, target)
    return settings.isRscOn ? this.#sendCoalesced(frame, information, hash, channel, buffer, target) : this.#drop()
  }

  /** Gives the guest several frames, with as few packets as may be. Answers how many; the others were dropped, and counted. */
  receiveAll(frames: readonly Frame[], target: ReceiveTarget): number {
    const { settings, buffer, words } = target
    if (buffer === undefined) {
      this.#statistics.receiveDropped += frames.length
      return 0
    }
    const { ranges } = buffer
    let given = 0
    let pieces: number[] = []
    let to: Channel | undefined
    const flush = () => {
      if (to === undefined) return
      if (!to.request(words.data, buffer.completionOfAll(pieces), ranges)) {
        for (const piece of pieces) buffer.release(piece)
        given -= pieces.length
        this.#statistics.receiveNoBuffer += pieces.length
        this.#statistics.receivedFrames -= pieces.length
      }
      to = undefined
      pieces = []
    }
    for (const frame of frames) {
      const { length } = frame.bytes
      if (length < 14 || length > buffer.pieceSize - headerRoom || !mayReceive(settings)) {
        // Long ones go by themselves, in their turn.
        flush()
        if (this.receive(frame, target)) given += 1
        continue
      }
      this.#look(frame, settings)
      const hash = settings.rss === undefined ? undefined : this.#hash(frame.bytes, settings.rss)
      const channel = this.#channelOf(hash, target)
      if (to !== channel || ranges.count >= mostRanges) flush()
      const piece = channel === undefined ? -1 : buffer.allocate()
      if (channel === undefined || piece < 0) {
        this.#noBuffer()
        continue
      }
      const information = frame.isChecked === true ? checkedWord(this.#layout) : 0
      const header = this.#begin(frame, information, hash).end(length)
      const byteCount = this.#write(buffer, piece, header, frame.bytes, 0, length)
      if (to === undefined) ranges.clear()
      to = channel
      pieces.push(piece)
      ranges.add(byteCount, buffer.offsetOf(piece))
      this.#count(frame)
      given += 1
    }
    flush()
    return given
  }

  /** Finds out what is in a frame, if that is of any interest. */
  #look({ bytes, isChecked }: Frame, { rss }: NicSettings): void {
    if (rss !== undefined || isChecked === true) this.#layout.parse(bytes, 0, bytes.length)
  }

  #drop(): false {
    this.#statistics.receiveDropped += 1
    return false
  }

  #hash(bytes: Uint8Array, { hashTypes, key }: NonNullable<NicSettings['rss']>): number | undefined {
    this.#toeplitz ??= new ToeplitzHash(Uint8Array.from(key))
    return flowHash(this.#toeplitz, hashTypes, bytes, this.#layout)
  }

  /** The channel that RSS says, if it is open; else the primary one. */
  #channelOf(hash: number | undefined, { settings, channels }: ReceiveTarget): Channel | undefined {
    const table = settings.rss?.table
    if (table === undefined || hash === undefined) return channels.get(0)
    return channels.get(table[hash % table.length] ?? 0) ?? channels.get(0)
  }

  #send(
    frame: Frame,
    information: number,
    hash: number | undefined,
    channel: Channel,
    buffer: ReceiveBuffer,
    { words }: ReceiveTarget,
  ): boolean {
    const piece = buffer.allocate()
    if (piece < 0) return this.#noBuffer()
    const header = this.#begin(frame, information, hash).end(frame.bytes.length)
    const byteCount = this.#write(buffer, piece, header, frame.bytes, 0, frame.bytes.length)
    const ranges = buffer.ranges.clear().add(byteCount, buffer.offsetOf(piece))
    if (!channel.request(words.data, buffer.completionOf(piece), ranges)) {
      buffer.release(piece)
      return this.#noBuffer()
    }
    this.#count(frame)
    return true
  }

  /** One frame in several ranges, each a message of its own: what a guest calls receive segment coalescing. */
  #sendCoalesced(
    frame: Frame,
    information: number,
    hash: number | undefined,
    channel: Channel,
    buffer: ReceiveBuffer,
    { words }: ReceiveTarget,
  ): boolean {
    const room = buffer.pieceSize - headerRoom - 16
    const { length } = frame.bytes
    const pieces: number[] = []
    const release = () => {
      for (const piece of pieces) buffer.release(piece)
      return this.#noBuffer()
    }
    if (Math.ceil(length / room) > mostRanges) return this.#drop()
    const ranges = buffer.ranges.clear()
    for (let at = 0; at < length; at += room) {
      const piece = buffer.allocate()
      if (piece < 0) return release()
      pieces.push(piece)
      const part = Math.min(room, length - at)
      const header = at === 0 ? this.#begin(frame, information, hash) : this.#header.begin()
      header.addPacketId(1 | (at === 0 ? 2 : 0) | (at + part >= length ? 4 : 0)).end(part)
      const byteCount = this.#write(buffer, piece, header, frame.bytes, at, part)
      ranges.add(byteCount, buffer.offsetOf(piece))
    }
    if (!channel.request(words.data, buffer.completionOfAll(pieces), ranges)) return release()
    this.#count(frame)
    return true
  }

  /** Per-packet information of a frame: checksums always, the tag and the hash where there are any. */
  #begin(frame: Frame, information: number, hash: number | undefined): RndisPacketHeader {
    const header = this.#header.begin().add(PerPacketInfoType.TcpIpChecksum, information)
    if (frame.vlan !== undefined) header.addVlan(vlanWordOf(frame.vlan))
    if (hash !== undefined) header.add(PerPacketInfoType.HashValue, hash)
    return header
  }

  #write(
    buffer: ReceiveBuffer,
    piece: number,
    header: RndisPacketHeader,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): number {
    const offset = buffer.offsetOf(piece)
    buffer.memory.write(offset, header.bytes, 0, header.length)
    buffer.memory.write(offset + header.length, bytes, at, length)
    return header.length + length
  }

  #noBuffer(): false {
    this.#statistics.receiveNoBuffer += 1
    return false
  }

  #count(frame: Frame): void {
    this.#statistics.receivedFrames += 1
    this.#statistics.receivedBytes += frame.bytes.length
  }
}

function mayReceive({ packetFilter, isLinkUp, isOnVirtualFunction }: NicSettings): boolean {
  return packetFilter !== 0 && isLinkUp && !isOnVirtualFunction
}

/** What the guest need not check any more. */
function checkedWord({ ipVersion, protocol }: FrameLayout): number {
  const ip = ipVersion === 4 ? checked.ip : 0
  return ip | (protocol === IpProtocol.Tcp ? checked.tcp : protocol === IpProtocol.Udp ? checked.udp : 0)
}
