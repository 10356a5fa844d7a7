import {
  EtherType,
  FrameLayout,
  fillIpChecksum,
  type PacketFault,
  RndisMessageType,
  RndisPacketReader,
} from '../../devices/network/index.ts'
import { u32At } from '../../vmbus/u32.ts'

/** A frame from the host; the bytes are the receiver's to keep. */
export interface ReceivedFrame {
  /** From the destination address on. */
  readonly bytes: Uint8Array
  /** VLAN tag that was not in the frame. */
  readonly vlan?: { readonly priority: number; readonly dropEligible: boolean; readonly id: number } | undefined
  /** What the host says of checksums (see the flags of `ReceiveChecksumInfo`); 0: nothing. */
  readonly checksum: number
  /** Hash by which it came to its channel. */
  readonly hash?: number | undefined
  /** The channel that it came by. */
  readonly queue: number
}

/** Most ranges of one coalesced frame. Source: Linux hyperv_net.h (NVSP_RSC_MAX). */
export const mostCoalesced = 562
/** Bytes of the largest coalesced frame: an IP packet, and the headers before it. */
const largestFrame = 0xffff + 22

const receiveChecksum = { ipSucceeded: 0x20, ipValueInvalid: 0x100 } as const
const packetId = { first: 2, last: 4 } as const

/** Puts frames together from the RNDIS packets of one transfer page packet. */
export class FrameReceiver {
  readonly #reader = new RndisPacketReader()
  readonly #layout = new FrameLayout()
  readonly #parts: Uint8Array[] = []
  #partsLength = 0
  /** The first part of a coalesced frame, with what it said. */
  #first: ReceivedFrame | undefined
  /** Why {@link take} answered nothing, where that was an error. */
  fault: PacketFault | undefined

  /** A new transfer page packet: a coalesced frame that was not finished is dropped (NC-13). */
  begin(): void {
    this.#drop()
  }

  /** Takes the packet from `start` to `end`, bytes that are no one else's; answers the frame that it completes. */
  take(bytes: Uint8Array, start: number, end: number, queue: number): ReceivedFrame | undefined {
    this.fault = undefined
    const reader = this.#reader
    if (!reader.read(bytes, start, end)) {
      this.fault = reader.fault
      this.#drop()
      return undefined
    }
    const { frameOffset, frameLength } = reader
    const data = bytes.subarray(frameOffset, frameOffset + frameLength)
    if (reader.packetId === 0) {
      this.#drop()
      return this.#finish(this.#frameOf(data, queue))
    }
    if ((reader.packetId & packetId.first) !== 0) {
      this.#drop()
      this.#first = this.#frameOf(data, queue)
    }
    if (this.#first === undefined) return this.#fail('a part of a coalesced frame without its first')
    if (this.#parts.length >= mostCoalesced || frameLength > largestFrame - this.#partsLength) {
      return this.#fail('a coalesced frame of too many parts, or too long')
    }
    this.#parts.push(data)
    this.#partsLength += frameLength
    if ((reader.packetId & packetId.last) === 0) return undefined
    const whole = new Uint8Array(this.#partsLength)
    let at = 0
    for (const part of this.#parts) {
      whole.set(part, at)
      at += part.length
    }
    const first = this.#first
    this.#drop()
    return this.#finish({ ...first, bytes: whole })
  }

  /** All frames have the same shape: objects of one kind are faster for whoever takes them. */
  #frameOf(bytes: Uint8Array, queue: number): ReceivedFrame {
    const { checksum, vlan, hasVlan, hash, hasHash } = this.#reader
    const tag = hasVlan ? { priority: vlan & 7, dropEligible: (vlan & 8) !== 0, id: (vlan >>> 4) & 0xfff } : undefined
    return { bytes, vlan: tag, checksum, hash: hasHash ? hash : undefined, queue }
  }

  /** Where the host has seen a good IP checksum that is no longer in the header, it is put back (NC-14). */
  #finish(frame: ReceivedFrame): ReceivedFrame | undefined {
    const mask = receiveChecksum.ipSucceeded | receiveChecksum.ipValueInvalid
    if ((frame.checksum & mask) === mask) {
      const { bytes } = frame
      const layout = this.#layout.parse(bytes, 0, bytes.length)
      if (layout.etherType === EtherType.Ipv4 && layout.ipVersion !== 4) {
        return this.#fail('an IP checksum where there is no whole IP header')
      }
      fillIpChecksum(bytes, layout)
    }
    return frame
  }

  #fail(why: string): undefined {
    this.fault = { code: 'LENGTH', field: 'perPacketInfo', offset: 0, why }
    this.#drop()
    return undefined
  }

  #drop(): void {
    if (this.#first === undefined) return
    this.#parts.length = 0
    this.#partsLength = 0
    this.#first = undefined
  }
}

/** Whether the RNDIS message from `start` to `end` is a packet. */
export function isPacket(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 4 && u32At(bytes, start) === RndisMessageType.Packet
}
