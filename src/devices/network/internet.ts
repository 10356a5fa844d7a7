import {
  bit,
  bitField,
  bits,
  bytes,
  type Count,
  constant,
  countedBytes,
  flags,
  gap,
  openEnum,
  reserved,
  rest,
  struct,
  u8,
  u16be,
  u32be,
} from '../../wire/index.ts'
import { EtherType, IpProtocol } from './frame-layout.ts'

// What travels in frames, as far as a fake network has to speak it. Big-endian. Sources: IEEE 802.3, RFC 791, 792, 768, 826, 9293, 8200.

const etherType = /* @__PURE__ */ openEnum('EtherType', u16be, EtherType)
const ipProtocol = /* @__PURE__ */ openEnum('IpProtocol', u8, IpProtocol)

/** A frame without its checksum. */
export const EthernetFrame = /* @__PURE__ */ struct('EthernetFrame', {
  destination: bytes(6),
  source: bytes(6),
  etherType,
  payload: rest(),
})

/** ARP for IPv4 over Ethernet. */
export const ArpPacket = /* @__PURE__ */ struct(
  'ArpPacket',
  {
    hardwareType: constant(u16be, 1),
    protocolType: constant(u16be, EtherType.Ipv4),
    hardwareSize: constant(u8, 6),
    protocolSize: constant(u8, 4),
    operation: openEnum('ArpOperation', u16be, { Request: 1, Reply: 2 }),
    senderHardware: bytes(6),
    senderProtocol: bytes(4),
    targetHardware: bytes(6),
    targetProtocol: bytes(4),
  },
  { size: 28 },
)

const ipv4Options: Count = {
  get: ({ version }) => {
    const { headerWords }: { headerWords?: unknown } = Object(version)
    return Number(headerWords) * 4 - 20
  },
  set: (fields, count) => ({ ...fields, version: { version: 4, headerWords: 5 + Math.ceil(count / 4) } }),
  text: 'headerWords × 4 − 20',
}

/** An IPv4 packet. */
export const Ipv4Packet = /* @__PURE__ */ struct('Ipv4Packet', {
  version: bits(u8, { headerWords: bitField(0, 4), version: bitField(4, 4) }),
  typeOfService: u8,
  /** Bytes of the packet, header included. */
  totalLength: u16be,
  identification: u16be,
  fragment: bits(u16be, { offset: bitField(0, 13), moreFragments: bit(13), dontFragment: bit(14) }),
  timeToLive: u8,
  protocol: ipProtocol,
  headerChecksum: u16be,
  source: bytes(4),
  destination: bytes(4),
  options: gap(ipv4Options),
  payload: rest(),
})

/** An IPv6 packet. */
export const Ipv6Packet = /* @__PURE__ */ struct('Ipv6Packet', {
  version: bits(u32be, { flowLabel: bitField(0, 20), trafficClass: bitField(20, 8), version: bitField(28, 4) }),
  /** Bytes behind these 40. */
  payloadLength: u16be,
  nextHeader: ipProtocol,
  hopLimit: u8,
  source: bytes(16),
  destination: bytes(16),
  payload: rest(),
})

/** A UDP datagram. */
export const UdpDatagram = /* @__PURE__ */ struct('UdpDatagram', {
  sourcePort: u16be,
  destinationPort: u16be,
  /** Bytes of the datagram, these 8 included. */
  length: u16be,
  checksum: u16be,
  payload: countedBytes({
    get: ({ length }) => Number(length) - 8,
    set: (fields, count) => ({ ...fields, length: 8 + count }),
    text: 'length − 8',
  }),
})

/** The fixed part of a TCP segment, and what follows. */
export const TcpSegment = /* @__PURE__ */ struct('TcpSegment', {
  sourcePort: u16be,
  destinationPort: u16be,
  sequence: u32be,
  acknowledgement: u32be,
  dataOffset: bits(u8, { words: bitField(4, 4) }),
  flags: flags('TcpFlags', u8, { fin: 0x1, syn: 0x2, rst: 0x4, psh: 0x8, ack: 0x10, urg: 0x20, ece: 0x40, cwr: 0x80 }),
  window: u16be,
  checksum: u16be,
  urgentPointer: u16be,
  optionsAndData: rest(),
})

/** ICMP echo request and reply. */
export const IcmpEcho = /* @__PURE__ */ struct('IcmpEcho', {
  messageType: openEnum('IcmpType', u8, { EchoReply: 0, EchoRequest: 8 }),
  code: u8,
  checksum: u16be,
  identifier: u16be,
  sequence: u16be,
  data: rest(),
})

/** A DHCP message up to its options (RFC 2131). */
export const DhcpMessage = /* @__PURE__ */ struct('DhcpMessage', {
  operation: openEnum('DhcpOperation', u8, { Request: 1, Reply: 2 }),
  hardwareType: u8,
  hardwareSize: u8,
  hops: u8,
  transactionId: u32be,
  seconds: u16be,
  flags: flags('DhcpFlags', u16be, { broadcast: 0x8000 }),
  clientAddress: bytes(4),
  yourAddress: bytes(4),
  serverAddress: bytes(4),
  relayAddress: bytes(4),
  clientHardware: bytes(6),
  clientHardwarePadding: reserved(10),
  serverName: bytes(64),
  bootFile: bytes(128),
  magic: constant(u32be, 0x6382_5363),
  options: rest(),
})

/** A DNS message up to its questions (RFC 1035). */
export const DnsMessage = /* @__PURE__ */ struct('DnsMessage', {
  id: u16be,
  flags: bits(u16be, {
    responseCode: bitField(0, 4),
    recursionAvailable: bit(7),
    recursionDesired: bit(8),
    truncated: bit(9),
    authoritative: bit(10),
    operation: bitField(11, 4),
    isResponse: bit(15),
  }),
  questionCount: u16be,
  answerCount: u16be,
  authorityCount: u16be,
  additionalCount: u16be,
  records: rest(),
})
