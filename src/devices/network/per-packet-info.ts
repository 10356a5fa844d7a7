import {
  bit,
  bitField,
  bits,
  type Count,
  countedBytes,
  flags,
  gap,
  type Infer,
  openEnum,
  type Siblings,
  struct,
  u8,
  u16,
  u32,
} from '../../wire/index.ts'

/** What travels beside a frame. Source: Linux drivers/net/hyperv/hyperv_net.h (ndis_per_pkt_info_type). */
export const PerPacketInfoType = {
  TcpIpChecksum: 0,
  Ipsec: 1,
  TcpLargeSend: 2,
  ClassificationHandle: 3,
  SgList: 5,
  Ieee8021Q: 6,
  OriginalPacket: 7,
  /** Of an older NDIS the id by which a packet is cancelled. */
  HashValue: 8,
  OriginalNetBufferList: 9,
  CachedNetBufferList: 10,
  ShortPacketPadding: 11,
} as const

/** What travels beside a frame between host and guest only (the `internal` bit). Source: Linux rndis_per_pkt_info_interal_type. */
export const InternalPacketInfoType = { PacketId: 1 } as const

const offsetGap: Count = {
  get: (fields) => Number(fields.offset) - 12,
  set: (fields, count) => ({ ...fields, offset: 12 + count }),
  text: 'offset − 12',
}

const valueSize: Count = {
  get: (fields) => Number(fields.size) - Number(fields.offset),
  set: (fields: Siblings, count) => ({ ...fields, size: Number(fields.offset) + count }),
  text: 'size − offset',
}

/** One piece of per-packet information; several lie behind each other. */
export const PerPacketInfo = /* @__PURE__ */ struct(
  'PerPacketInfo',
  {
    /** Bytes of the piece, these 12 included. */
    size: u32,
    /** What it tells. */
    kind: bits(u32, {
      type: bitField(0, 31, openEnum('PerPacketInfoType', u32, PerPacketInfoType)),
      internal: bit(31),
    }),
    /** Where the value begins: bytes from the piece's start, 12. */
    offset: u32,
    /** Between the header and the value; normally none. */
    gap: gap(offsetGap),
    /** As its kind has it, mostly 4 bytes. */
    value: countedBytes(valueSize),
  },
  { size: 12, aliases: { linux: 'rndis_per_packet_info' } },
)
export interface PerPacketInfo extends Infer<typeof PerPacketInfo> {}

/** Bytes before a piece's value. */
export const perPacketInfoHeaderSize = 12

/** Type 0 from the guest: which checksums the host is to fill in. */
export const TransmitChecksumInfo = /* @__PURE__ */ struct(
  'TransmitChecksumInfo',
  {
    /** What is to be filled in. */
    transmit: bits(u32, {
      isIpv4: bit(0),
      isIpv6: bit(1),
      tcpChecksum: bit(2),
      udpChecksum: bit(3),
      ipHeaderChecksum: bit(4),
      /** Bytes from the frame's start. */
      tcpHeaderOffset: bitField(16, 10),
    }),
  },
  { size: 4, aliases: { linux: 'ndis_tcp_ip_checksum_info' } },
)

/** Type 0 from the host: which checksums it has looked at. */
export const ReceiveChecksumInfo = /* @__PURE__ */ struct(
  'ReceiveChecksumInfo',
  {
    /** What was looked at, and what came of it. */
    receive: flags('ReceiveChecksumFlags', u32, {
      tcpChecksumFailed: 0x1,
      udpChecksumFailed: 0x2,
      ipChecksumFailed: 0x4,
      tcpChecksumSucceeded: 0x8,
      udpChecksumSucceeded: 0x10,
      ipChecksumSucceeded: 0x20,
      loopback: 0x40,
      tcpChecksumValueInvalid: 0x80,
      ipChecksumValueInvalid: 0x100,
    }),
  },
  { size: 4, aliases: { like: 'ndis_tcp_ip_checksum_info' } },
)

/** Type 2 from the guest: the host is to cut the frame into segments. */
export const LargeSendInfo = /* @__PURE__ */ struct(
  'LargeSendInfo',
  {
    /** How to cut. */
    transmit: bits(u32, {
      /** Bytes of TCP payload in each segment. */
      maximumSegmentSize: bitField(0, 20),
      /** Bytes from the frame's start. */
      tcpHeaderOffset: bitField(20, 10),
      /** Version 2 of large send. */
      isVersion2: bit(30),
      isIpv6: bit(31),
    }),
  },
  { size: 4, aliases: { linux: 'ndis_tcp_lso_info' } },
)

/** Type 6: a VLAN tag that is not in the frame. */
export const VlanInfo = /* @__PURE__ */ struct(
  'VlanInfo',
  {
    /** The tag. */
    tag: bits(u32, {
      priority: bitField(0, 3),
      /** DEI, once CFI. */
      canonicalFormat: bit(3),
      vlanId: bitField(4, 12),
    }),
  },
  { size: 4, aliases: { linux: 'ndis_pkt_8021q_info' } },
)

/** Type 8: the frame's hash, as receive side scaling computes it. */
export const HashValueInfo = /* @__PURE__ */ struct(
  'HashValueInfo',
  {
    /** 32 bits. */
    hash: u32,
  },
  { size: 4 },
)

/** Internal type 1: which part of a coalesced packet a range is. */
export const PacketIdInfo = /* @__PURE__ */ struct(
  'PacketIdInfo',
  {
    /** Of this form: 1. Source: Linux RNDIS_PKTINFO_ID_V1. */
    version: u8,
    /** Which part it is. */
    flags: flags('PacketIdFlags', u8, { subAllocation: 0x1, first: 0x2, last: 0x4 }),
    /** The same for all parts; 0 from hosts. */
    packetId: u16,
  },
  { size: 4, aliases: { linux: 'rndis_pktinfo_id' } },
)

/** Out-of-band data of a packet. No driver at hand sends any. */
export const OutOfBandData = /* @__PURE__ */ struct(
  'OutOfBandData',
  {
    /** Bytes of the piece. */
    size: u32,
    /** What it tells. */
    dataType: u32,
    /** Where its data begin: bytes from the piece's start. */
    classInformationOffset: u32,
  },
  {
    /** Bytes of the piece. */
    size: 12,
    aliases: { linux: 'rndis_oobd' },
  },
)
