import { fillIpChecksum, fillTransportChecksum } from './checksum.ts'
import { EtherType, FrameLayout, IpProtocol } from './frame-layout.ts'

const layout = /* @__PURE__ */ new FrameLayout()

const tcpFlags = { fin: 0x01, push: 0x08, reset: 0x04, congestionWindowReduced: 0x80 } as const

/** Whether a frame can be cut into segments at all: TCP, with the header where the driver says, and data behind it. */
export function isLargeSend(bytes: Uint8Array, frame: FrameLayout, start: number, tcpHeaderOffset: number): boolean {
  const { protocol, transportOffset, ipOffset, ipLength } = frame
  if (protocol !== IpProtocol.Tcp || transportOffset !== start + tcpHeaderOffset) return false
  const headerLength = ((bytes[transportOffset + 12] ?? 0) >> 4) * 4
  return headerLength >= 20 && headerLength <= ipOffset + ipLength - transportOffset
}

/**
 * Cuts a TCP frame into segments with at most `maximumSegmentSize` bytes of data, as a NIC does for large send offload: lengths, IPv4
 * ids, sequence numbers, flags and checksums are each segment's own. Answers fresh frames; one for a frame that needs no cutting.
 * A frame for which {@link isLargeSend} answers false throws `RangeError`.
 */
export function segmentsOf(frame: Uint8Array, maximumSegmentSize: number): Uint8Array[] {
  layout.parse(frame, 0, frame.length)
  const { ipOffset, ipVersion, ipLength, transportOffset } = layout
  if (!isLargeSend(frame, layout, 0, transportOffset)) throw new RangeError('no TCP segment')
  const size = Math.max(1, maximumSegmentSize)
  const headers = transportOffset + ((frame[transportOffset + 12] ?? 0) >> 4) * 4
  const end = ipOffset + ipLength
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const sequence = view.getUint32(transportOffset + 4)
  const flags = frame[transportOffset + 13] ?? 0
  const identification = ipVersion === 4 ? view.getUint16(ipOffset + 4) : 0
  const segments: Uint8Array[] = []
  for (let at = headers, index = 0; at < end || index === 0; at += size, index++) {
    const length = Math.min(size, end - at)
    const segment = new Uint8Array(headers + length)
    segment.set(frame.subarray(0, headers))
    segment.set(frame.subarray(at, at + length), headers)
    const out = new DataView(segment.buffer)
    if (ipVersion === 4) {
      out.setUint16(ipOffset + 2, headers + length - ipOffset)
      out.setUint16(ipOffset + 4, identification + index)
    } else out.setUint16(ipOffset + 4, headers + length - ipOffset - 40)
    out.setUint32(transportOffset + 4, sequence + (at - headers))
    const isLast = at + length >= end
    let kept = flags
    if (!isLast) kept &= ~(tcpFlags.fin | tcpFlags.push | tcpFlags.reset)
    if (index > 0) kept &= ~tcpFlags.congestionWindowReduced
    out.setUint8(transportOffset + 13, kept)
    layout.parse(segment, 0, segment.length)
    fillIpChecksum(segment, layout)
    fillTransportChecksum(segment, layout)
    segments.push(segment)
  }
  return segments
}

/** A frame with an 802.1Q tag put in behind the addresses. @param tag priority, DEI and id as on the wire of Ethernet. */
export function withVlanTag(frame: Uint8Array, tag: number): Uint8Array {
  const tagged = new Uint8Array(frame.length + 4)
  tagged.set(frame.subarray(0, 12))
  new DataView(tagged.buffer).setUint32(12, EtherType.Vlan * 0x1_0000 + (tag & 0xffff))
  tagged.set(frame.subarray(12), 16)
  return tagged
}
