import type { WireErrorCode } from '../../wire/index.ts'
import { InternalPacketInfoType, PerPacketInfoType, perPacketInfoHeaderSize } from './per-packet-info.ts'
import { RndisMessageType, rndisHeaderSize } from './rndis-header.ts'

/** Bytes of an RNDIS packet up to its reserved word, the least that every peer sends. */
const leastSize = 40
/** Offsets within a packet count from behind the header, and nothing may lie in the fields before this one. */
const leastOffset = 32

/** What is wrong with a packet. */
export interface PacketFault {
  /** Kind of fault, as decoders name it. */
  readonly code: WireErrorCode
  /** Name of the field. */
  readonly field: string
  /** Byte offset of that field in the message. */
  readonly offset: number
  /** For people. */
  readonly why: string
}

/**
 * Reads RNDIS packets for those who move data: one object, filled by each {@link read}, nothing allocated. Reads only bytes that no one
 * else can change: copy first. For people there is the schema `RndisPacket`.
 */
export class RndisPacketReader {
  /** Bytes of the message: where the next one begins. */
  messageLength = 0
  /** Where the frame is. */
  frameOffset = 0
  /** Bytes of the frame. */
  frameLength = 0
  /** Words of the per-packet information, 0 where there is none: checksum, large send, and the VLAN tag. */
  checksum = 0
  /** As {@link LargeSendInfo}. */
  largeSend = 0
  /** As {@link VlanInfo}. */
  vlan = 0
  /** Whether there is a VLAN tag. */
  hasVlan = false
  /** The frame's hash. */
  hash = 0
  /** Whether there is a hash. */
  hasHash = false
  /** Flags of the packet id (1 sub-allocation, 2 first, 4 last); 0 without one. */
  packetId = 0
  /** Why {@link read} answered false. */
  fault: PacketFault | undefined
  #bytes: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#bytes.buffer)

  /** Reads the packet that begins at `start`, of what `bytes` hold up to `end`. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.fault = undefined
    this.checksum = 0
    this.largeSend = 0
    this.vlan = 0
    this.hasVlan = false
    this.hash = 0
    this.hasHash = false
    this.packetId = 0
    // Made once for the many packets that come in the same array.
    if (this.#bytes !== bytes) {
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    const view = this.#view
    const available = end - start
    if (available < rndisHeaderSize) return this.#fail('SHORT', 'header', 0, `${available} bytes are no RNDIS header`)
    const type = view.getUint32(start, true)
    if (type !== RndisMessageType.Packet) {
      return this.#fail('TYPE', 'header.messageType', 0, `RNDIS message 0x${type.toString(16)} is no packet`)
    }
    const length = view.getUint32(start + 4, true)
    this.messageLength = length
    if (length < leastSize) return this.#fail('LENGTH', 'header.messageLength', 4, `${length} bytes are no packet`)
    if (length > available) {
      return this.#fail('LENGTH', 'header.messageLength', 4, `${length} bytes, of which ${available} are there`)
    }
    const body = start + rndisHeaderSize
    if (
      view.getUint32(body + 8, true) !== 0 ||
      view.getUint32(body + 12, true) !== 0 ||
      view.getUint32(body + 16, true) !== 0
    ) {
      return this.#fail('RANGE', 'outOfBandDataOffset', 16, 'out-of-band data is not taken')
    }
    if (view.getUint32(body + 28, true) !== 0) {
      return this.#fail('RANGE', 'vcHandle', 36, 'there are no virtual circuits')
    }
    const room = length - rndisHeaderSize
    const dataOffset = view.getUint32(body, true)
    const dataLength = view.getUint32(body + 4, true)
    if (dataLength === 0 || dataOffset < leastOffset || dataLength > room || dataOffset > room - dataLength) {
      return this.#fail('LENGTH', 'dataOffset', 8, `${dataLength} bytes of data at ${dataOffset} of ${room}`)
    }
    this.frameOffset = body + dataOffset
    this.frameLength = dataLength
    const infoLength = view.getUint32(body + 24, true)
    return infoLength === 0 || this.#readInfo(body, room, view.getUint32(body + 20, true), infoLength)
  }

  #readInfo(body: number, room: number, offset: number, length: number): boolean {
    if (offset < leastOffset || length > room || offset > room - length) {
      return this.#fail('LENGTH', 'perPacketInfoOffset', 28, `${length} bytes of information at ${offset} of ${room}`)
    }
    const view = this.#view
    let at = body + offset
    const end = at + length
    while (at < end) {
      const left = end - at
      if (left < perPacketInfoHeaderSize) return this.#failInfo(body, at, `${left} bytes are no information`)
      const size = view.getUint32(at, true)
      const valueOffset = view.getUint32(at + 8, true)
      if (size < perPacketInfoHeaderSize || size > left) return this.#failInfo(body, at, `${size} bytes of ${left}`)
      if (valueOffset < perPacketInfoHeaderSize || valueOffset > size) {
        return this.#failInfo(body, at, `a value at ${valueOffset} of ${size}`)
      }
      if (size - valueOffset >= 4) this.#take(view.getUint32(at + 4, true), view.getUint32(at + valueOffset, true))
      at += size
    }
    return true
  }

  #take(kind: number, value: number): void {
    if (kind === PerPacketInfoType.TcpIpChecksum) this.checksum = value
    else if (kind === PerPacketInfoType.TcpLargeSend) this.largeSend = value
    else if (kind === PerPacketInfoType.Ieee8021Q) {
      this.vlan = value
      this.hasVlan = true
    } else if (kind === PerPacketInfoType.HashValue) {
      this.hash = value
      this.hasHash = true
    } else if (kind === 0x8000_0000 + InternalPacketInfoType.PacketId) this.packetId = (value >>> 8) & 0xff
  }

  #failInfo(body: number, at: number, why: string): false {
    return this.#fail('LENGTH', 'perPacketInfo', rndisHeaderSize + at - body, why)
  }

  #fail(code: WireErrorCode, field: string, offset: number, why: string): false {
    this.fault = { code, field, offset, why }
    return false
  }
}
