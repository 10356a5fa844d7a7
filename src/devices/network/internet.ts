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
  /** All ones: to everyone. The lowest bit of the first byte marks a group. */
  destination: bytes(6),
  source: bytes(6),
  /** What the payload is; below 0x600 it is a length instead. */
  etherType,
  /** At least 46 bytes on a real wire: padding counts as payload here. */
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
    /** MAC address. */
    senderHardware: bytes(6),
    /** IPv4 address; 0.0.0.0 in a probe. */
    senderProtocol: bytes(4),
    /** MAC address; means nothing in a request. */
    targetHardware: bytes(6),
    /** IPv4 address that is asked for; in a reply, that of who asked. */
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
  /** `headerWords` counts 4 bytes each, options included: 5 … 15. */
  version: bits(u8, { headerWords: bitField(0, 4), version: bitField(4, 4) }),
  /** DSCP in the upper 6 bits, ECN in the lower 2. */
  typeOfService: u8,
  /** Bytes of the packet, header included. */
  totalLength: u16be,
  /** The same in all fragments of a packet. */
  identification: u16be,
  /** `offset` counts 8 bytes each, from the start of the whole payload. */
  fragment: bits(u16be, { offset: bitField(0, 13), moreFragments: bit(13), dontFragment: bit(14) }),
  /** Hops that are left. */
  timeToLive: u8,
  protocol: ipProtocol,
  /** Over the header alone, in 16-bit words: the complement of their ones' complement sum. */
  headerChecksum: u16be,
  source: bytes(4),
  destination: bytes(4),
  /** Up to 40 bytes, as `headerWords` says. */
  options: gap(ipv4Options),
  /** What lies beyond `totalLength` is the frame's padding. */
  payload: rest(),
})

/** An IPv6 packet. */
export const Ipv6Packet = /* @__PURE__ */ struct('Ipv6Packet', {
  /** Flow label 0: of no flow. The traffic class is DSCP and ECN, as in IPv4. */
  version: bits(u32be, { flowLabel: bitField(0, 20), trafficClass: bitField(20, 8), version: bitField(28, 4) }),
  /** Bytes behind these 40. */
  payloadLength: u16be,
  /** What `payload` begins with: an extension header, or the protocol. */
  nextHeader: ipProtocol,
  /** Hops that are left. */
  hopLimit: u8,
  source: bytes(16),
  destination: bytes(16),
  /** Extension headers first, where there are any. */
  payload: rest(),
})

/** A UDP datagram. */
export const UdpDatagram = /* @__PURE__ */ struct('UdpDatagram', {
  /** 0: not used, no answer is wanted. */
  sourcePort: u16be,
  destinationPort: u16be,
  /** Bytes of the datagram, these 8 included. */
  length: u16be,
  /** Over the addresses' pseudo-header and the datagram; 0 over IPv4: none. */
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
  /** Number of the first byte of data; with SYN, of the SYN itself. */
  sequence: u32be,
  /** Number that is awaited next; counts with ACK only. */
  acknowledgement: u32be,
  /** Words of 4 bytes before the data: 5 … 15. */
  dataOffset: bits(u8, { words: bitField(4, 4) }),
  flags: flags('TcpFlags', u8, { fin: 0x1, syn: 0x2, rst: 0x4, psh: 0x8, ack: 0x10, urg: 0x20, ece: 0x40, cwr: 0x80 }),
  /** Bytes that the sender will take, before any scaling that was agreed. */
  window: u16be,
  /** Over the addresses' pseudo-header, the header and the data. */
  checksum: u16be,
  /** Counts with URG only, from `sequence` on. */
  urgentPointer: u16be,
  /** Options up to `dataOffset`, then data. */
  optionsAndData: rest(),
})

/** ICMP echo request and reply. */
export const IcmpEcho = /* @__PURE__ */ struct('IcmpEcho', {
  messageType: openEnum('IcmpType', u8, { EchoReply: 0, EchoRequest: 8 }),
  /** 0 either way. */
  code: u8,
  /** Over the whole message. */
  checksum: u16be,
  /** The asker's choice, as the next two; the reply repeats all three. */
  identifier: u16be,
  sequence: u16be,
  data: rest(),
})

/** A DHCP message up to its options (RFC 2131). */
export const DhcpMessage = /* @__PURE__ */ struct('DhcpMessage', {
  operation: openEnum('DhcpOperation', u8, { Request: 1, Reply: 2 }),
  /** 1: Ethernet. */
  hardwareType: u8,
  /** Bytes of a hardware address: 6. */
  hardwareSize: u8,
  /** 0 from a client; each relay adds 1. */
  hops: u8,
  /** The client's choice; answers repeat it. */
  transactionId: u32be,
  /** Since the client began to ask. */
  seconds: u16be,
  /** broadcast: answers are to go to everyone, as the client cannot take others yet. */
  flags: flags('DhcpFlags', u16be, { broadcast: 0x8000 }),
  /** Address that the client holds already; else 0. */
  clientAddress: bytes(4),
  /** Address that the server gives; 0 from a client. */
  yourAddress: bytes(4),
  /** Server to boot from next. */
  serverAddress: bytes(4),
  /** 0: there is no relay between. */
  relayAddress: bytes(4),
  /** MAC address. */
  clientHardware: bytes(6),
  clientHardwarePadding: reserved(10),
  /** Ended by a NUL; empty for none. */
  serverName: bytes(64),
  /** Ended by a NUL; empty for none. */
  bootFile: bytes(128),
  magic: constant(u32be, 0x6382_5363),
  /** A code, a length in bytes and a value each; code 0 pads and 255 ends, alone. */
  options: rest(),
})

/** A DNS message up to its questions (RFC 1035). */
export const DnsMessage = /* @__PURE__ */ struct('DnsMessage', {
  /** The asker's choice; the answer repeats it. */
  id: u16be,
  /** Operation 0: a plain query. Response code 0: no error, 3: no such name. */
  flags: bits(u16be, {
    responseCode: bitField(0, 4),
    recursionAvailable: bit(7),
    recursionDesired: bit(8),
    truncated: bit(9),
    authoritative: bit(10),
    operation: bitField(11, 4),
    isResponse: bit(15),
  }),
  /** Questions that `records` begins with. */
  questionCount: u16be,
  /** Records behind the questions. */
  answerCount: u16be,
  /** Records behind the answers. */
  authorityCount: u16be,
  /** Records behind those. */
  additionalCount: u16be,
  /** Questions, then records; a name may point back to one that stands before it. */
  records: rest(),
})
