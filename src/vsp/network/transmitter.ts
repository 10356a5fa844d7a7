import type { SharedBuffer } from '../../channels/channel/shared-buffer.ts'
import type { Channel, Completion } from '../../channels/index.ts'
import {
  FrameLayout,
  fillIpChecksum,
  fillTransportChecksum,
  isLargeSend,
  noSendBufferSection,
  RndisMessageType,
  RndisPacketReader,
  segmentsOf,
} from '../../devices/network/index.ts'
import { KeptViews } from '../../memory/kept-views.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import { u32At } from '../../vmbus/u32.ts'
import type { Violation } from '../../vmbus/violation.ts'
import type { NetworkBackend, Nic, TransmitFrame, VlanTag } from './backends/backend.ts'
import type { NicStatistics } from './nic-settings.ts'
import type { NvspWords } from './nvsp-words.ts'

/** Bytes of a section of the send buffer. Source: OpenVMM netvsp, Linux NETVSC_SEND_SECTION_SIZE. */
export const sendSectionSize = 6144

/** Bytes of the largest message that is taken: a large send of 64 KiB several times over. */
const largestMessage = 512 * 1024

type Fault = Omit<Violation, 'channelId'>

/** Answers of a message whose frames are transmitted later: it is completed with the last of them. */
class Deferral {
  #left = 1
  constructor(
    readonly completion: Completion,
    readonly payload: Uint8Array,
  ) {}

  /** One more frame is out. */
  add(): () => void {
    this.#left += 1
    let isDone = false
    return () => {
      if (isDone) throw new Error('the frame was transmitted already')
      isDone = true
      this.done()
    }
  }

  done(): void {
    this.#left -= 1
    if (this.#left === 0) this.completion.complete(this.payload)
  }
}

/** The frame at hand; one object for all. */
class CurrentFrame implements TransmitFrame {
  bytes: Uint8Array = new Uint8Array(0)
  vlan: VlanTag | undefined
  isChecked = false
  queue = 0
  constructor(readonly onDefer: () => () => void) {}
  defer(): () => void {
    return this.onDefer()
  }
}

/**
 * Takes the guest's RNDIS messages out of send buffer and pages, and hands frames to the back end. A message is copied once, checked as
 * a whole, and only then used.
 */
export class Transmitter {
  /** Without a cable, frames go nowhere, and are completed. */
  isPlugged = true
  readonly #nic: Nic
  readonly #backend: NetworkBackend
  readonly #statistics: NicStatistics
  readonly #reader = new RndisPacketReader()
  readonly #layout = new FrameLayout()
  readonly #frame: CurrentFrame
  #message = new Uint8Array(8192)
  #views = new KeptViews(this.#message)
  #length = 0
  /** Why the last message failed. */
  #fault: Fault | undefined
  #packet: RingPacket | undefined
  #channel: Channel | undefined
  #words: NvspWords | undefined
  #deferral: Deferral | undefined

  constructor(nic: Nic, backend: NetworkBackend, statistics: NicStatistics) {
    this.#nic = nic
    this.#backend = backend
    this.#statistics = statistics
    this.#frame = new CurrentFrame(() => this.#defer())
  }

  /**
   * Gathers the RNDIS message of a packet. Answers what is wrong with the packet itself, which stops its channel; what is wrong with the
   * message only is told by {@link type} being -1.
   */
  gather(packet: RingPacket, channel: Channel, sendBuffer: SharedBuffer | undefined): Fault | undefined {
    const section = packet.payloadU32(8)
    const size = packet.payloadU32(12)
    this.#length = 0
    this.#fault = undefined
    if (section !== noSendBufferSection) {
      if (sendBuffer === undefined || (section + 1) * sendSectionSize > sendBuffer.size) {
        const sections = Math.floor((sendBuffer?.size ?? 0) / sendSectionSize)
        return fault('RANGE', 'sendBufferSectionIndex', 8, `section ${section} of ${sections}`)
      }
      if (size > sendSectionSize) return fault('RANGE', 'sendBufferSectionSize', 12, `${size} bytes of a section`)
      sendBuffer.read(section * sendSectionSize, this.#message, 0, size)
      this.#length = size
    }
    if (packet.rangeCount > 0) this.#gatherPages(packet, channel)
    return undefined
  }

  /** Type of the first RNDIS message gathered; -1 when there is none. */
  get type(): number {
    return this.#fault === undefined && this.#length >= 4 ? u32At(this.#message, 0) : -1
  }

  /** A copy of what was gathered. */
  get message(): Uint8Array {
    return this.#message.slice(0, this.#length)
  }

  /** Transmits the packets gathered, all or none, and completes the message. */
  transmit(packet: RingPacket, channel: Channel, words: NvspWords): Fault | undefined {
    if (!this.#check()) {
      this.#statistics.transmitErrors += 1
      channel.complete(packet, words.failure)
      return this.#fault
    }
    this.#packet = packet
    this.#channel = channel
    this.#words = words
    this.#frame.queue = channel.subchannelIndex
    const reader = this.#reader
    // After the check the reader stands at the last packet, which mostly is the only one.
    if (reader.messageLength === this.#length) this.#hand()
    else {
      for (let at = 0; at < this.#length; at += reader.messageLength) {
        reader.read(this.#message, at, this.#length)
        this.#hand()
      }
    }
    const deferral = this.#deferral
    this.#deferral = undefined
    this.#packet = undefined
    if (deferral === undefined) channel.complete(packet, words.success)
    else deferral.done()
    return undefined
  }

  #gatherPages(packet: RingPacket, channel: Channel): void {
    const lists = channel.dataOf(packet)
    if (lists === undefined) {
      this.#fault = fault('ACCESS', 'ranges', 0, 'the ranges are bad')
      return
    }
    for (const list of lists) {
      const end = this.#length + list.size
      if (end > largestMessage) {
        this.#fault = fault('LIMIT', 'ranges', 0, `a message of more than ${largestMessage} bytes`)
        return
      }
      if (end > this.#message.length) {
        const larger = new Uint8Array(Math.min(largestMessage, end * 2))
        larger.set(this.#message.subarray(0, this.#length))
        this.#message = larger
        this.#views = new KeptViews(larger)
      }
      list.read(0, this.#message, this.#length, list.size)
      this.#length = end
    }
  }

  /** Whether every packet of the message is good. */
  #check(): boolean {
    if (this.#fault !== undefined) return false
    const reader = this.#reader
    let at = 0
    do {
      if (!reader.read(this.#message, at, this.#length)) {
        const { code, field, offset, why } = reader.fault ?? { code: 'SHORT', field: '', offset: 0, why: '' }
        this.#fault = { rule: 'rndis-bad-packet', code, field, offset: at + offset, why }
        return false
      }
      if (reader.frameLength < 14) return this.#refuse('LENGTH', at, `${reader.frameLength} bytes are no frame`)
      if ((reader.largeSend !== 0 || reader.checksum !== 0) && !this.#checkOffload(at)) return false
      at += reader.messageLength
    } while (at < this.#length)
    return true
  }

  /** Whether what the packet at `at` wants to be done with its frame can be done. */
  #checkOffload(at: number): boolean {
    const { largeSend, checksum, frameOffset, frameLength } = this.#reader
    const layout = this.#layout.parse(this.#message, frameOffset, frameOffset + frameLength)
    if (largeSend !== 0) {
      if ((largeSend & 0xf_ffff) === 0) return this.#refuse('RANGE', at, 'a large send in segments of 0 bytes')
      if (!isLargeSend(this.#message, layout, frameOffset, (largeSend >>> 20) & 0x3ff)) {
        return this.#refuse('RANGE', at, 'a large send without a TCP header where it says')
      }
    } else if ((checksum & 3) !== 0 && (checksum & 0xc) !== 0 && layout.transportOffset === 0) {
      return this.#refuse('RANGE', at, 'a checksum without a TCP or UDP header')
    }
    return true
  }

  #refuse(code: Fault['code'], at: number, why: string): false {
    this.#fault = { rule: 'rndis-bad-packet', code, field: 'perPacketInfo', offset: at, why }
    return false
  }

  /** Hands the packet that the reader is at to the back end: one frame, or the segments of a large send. */
  #hand(): void {
    const { frameOffset, frameLength, largeSend, checksum, vlan, hasVlan } = this.#reader
    const bytes = this.#views.view(frameOffset, frameLength)
    this.#frame.vlan = hasVlan ? vlanTagOf(vlan) : undefined
    this.#frame.isChecked = false
    // Flags for neither IPv4 nor IPv6 mean nothing (RN-15).
    if (largeSend === 0 && (checksum & 3) === 0) this.#give(bytes)
    else this.#handOffloaded(bytes, largeSend, checksum)
  }

  /** Does what the guest has left to the host, and hands over what comes of it. */
  #handOffloaded(bytes: Uint8Array, largeSend: number, checksum: number): void {
    const frame = this.#frame
    if (largeSend !== 0) {
      frame.isChecked = true
      for (const segment of segmentsOf(bytes, largeSend & 0xf_ffff)) this.#give(segment)
      return
    }
    const layout = this.#layout.parse(bytes, 0, bytes.length)
    if ((checksum & 0xc) !== 0) {
      fillTransportChecksum(bytes, layout)
      frame.isChecked = true
    }
    if ((checksum & 0x10) !== 0 && layout.ipVersion === 4) fillIpChecksum(bytes, layout)
    this.#give(bytes)
  }

  #give(bytes: Uint8Array): void {
    if (!this.isPlugged) return
    this.#frame.bytes = bytes
    this.#statistics.transmittedFrames += 1
    this.#statistics.transmittedBytes += bytes.length
    this.#backend.transmit(this.#frame, this.#nic)
  }

  #defer(): () => void {
    if (this.#packet === undefined || this.#channel === undefined || this.#words === undefined) {
      throw new Error('a frame can be deferred during its call only')
    }
    this.#deferral ??= new Deferral(this.#channel.defer(this.#packet), this.#words.success)
    return this.#deferral.add()
  }
}

/** Whether an RNDIS message type carries a frame. */
export function isPacketType(type: number): boolean {
  return type === RndisMessageType.Packet
}

function fault(code: Fault['code'], field: string, offset: number, why: string): Fault {
  return { rule: 'nvsp-bad-rndis-packet', code, field, offset, why }
}

/** The tag in a word of per-packet information. */
function vlanTagOf(word: number): VlanTag {
  return { priority: word & 7, dropEligible: (word & 8) !== 0, id: (word >>> 4) & 0xfff }
}

/** The word of a tag. */
export function vlanWordOf({ priority, dropEligible, id }: VlanTag): number {
  return (priority & 7) | (dropEligible ? 8 : 0) | ((id & 0xfff) << 4)
}
