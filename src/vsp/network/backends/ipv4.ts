import {
  EthernetFrame,
  EtherType,
  FrameLayout,
  fillIpChecksum,
  fillTransportChecksum,
  type IpProtocol,
  Ipv4Packet,
  UdpDatagram,
} from '../../../devices/network/index.ts'

/** An IPv4 address as text, as a number; `undefined` for other text. */
export function ipv4Of(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return undefined
  return parts.reduce((address, part) => address * 256 + Number(part), 0)
}

/** Its 4 bytes. */
export function ipv4Bytes(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address)
}

/** The number of 4 bytes. */
export function ipv4At(bytes: Uint8Array, offset = 0): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset)
}

/** Where a packet comes from and goes to. */
export interface Ends {
  readonly source: number
  readonly destination: number
  readonly sourceMac: Uint8Array
  readonly destinationMac: Uint8Array
}

/** A frame with an IPv4 packet, checksums filled in. */
export function ipv4Frame(
  { source, destination, sourceMac, destinationMac }: Ends,
  protocol: (typeof IpProtocol)[keyof typeof IpProtocol],
  payload: Uint8Array,
): Uint8Array {
  const packet = Ipv4Packet.encode({
    version: { version: 4, headerWords: 5 },
    typeOfService: 0,
    totalLength: 20 + payload.length,
    identification: 0,
    fragment: { offset: 0, moreFragments: false, dontFragment: true },
    timeToLive: 64,
    protocol,
    headerChecksum: 0,
    source: ipv4Bytes(source),
    destination: ipv4Bytes(destination),
    payload,
  })
  const frame = EthernetFrame.encode({
    destination: destinationMac,
    source: sourceMac,
    etherType: EtherType.Ipv4,
    payload: packet,
  })
  const layout = new FrameLayout().parse(frame, 0, frame.length)
  fillIpChecksum(frame, layout)
  fillTransportChecksum(frame, layout)
  return frame
}

/** A UDP datagram, its checksum still to be filled in. */
export function udpDatagram(sourcePort: number, destinationPort: number, payload: Uint8Array): Uint8Array {
  return UdpDatagram.encode({ sourcePort, destinationPort, length: 8 + payload.length, checksum: 0, payload })
}
