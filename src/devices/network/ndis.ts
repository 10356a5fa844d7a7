import { bytes, flags, type Infer, openEnum, reserved, struct, u8, u16, u32 } from '../../wire/index.ts'

/** Kinds of NDIS objects. Source: Linux drivers/net/hyperv/hyperv_net.h (NDIS_OBJECT_TYPE_*), OpenVMM netvsp rndisprot. */
export const NdisObjectType = {
  Default: 0x80,
  RssCapabilities: 0x88,
  RssParameters: 0x89,
  OidRequest: 0x96,
  Offload: 0xa7,
  OffloadEncapsulation: 0xa8,
} as const

/** First 4 bytes of the larger NDIS structures. */
export const NdisObjectHeader = /* @__PURE__ */ struct(
  'NdisObjectHeader',
  {
    /** What object it is. */
    objectType: openEnum('NdisObjectType', u8, NdisObjectType),
    /** Of its form, from 1. */
    revision: u8,
    /** Bytes of the object, this header included. */
    size: u16,
  },
  { size: 4, aliases: { linux: ['ndis_obj_header', 'ndis_object_header'] } },
)

/** Kinds of encapsulation an offload works with. Source: Linux hyperv_net.h (NDIS_OFFLOAD_ENCAP_*). */
export const NdisEncapsulation = {
  null: 0x1,
  ieee8023: 0x2,
  ieee8023PriorityAndVlan: 0x4,
  ieee8023PriorityAndVlanOutOfBand: 0x8,
  rfc1483: 0x10,
} as const
const encapsulation = /* @__PURE__ */ flags('NdisEncapsulation', u32, NdisEncapsulation)

/** What checksum offload for IPv4 can do. Source: Linux hyperv_net.h (NDIS_TXCSUM_CAP_*, NDIS_RXCSUM_CAP_*). */
export const NdisIpv4Checksum = { ipOptions: 0x1, tcpOptions: 0x4, tcp: 0x10, udp: 0x40, ip: 0x100 } as const
const ipv4Checksum = /* @__PURE__ */ flags('NdisIpv4Checksum', u32, NdisIpv4Checksum)

/** What checksum offload for IPv6 can do. */
export const NdisIpv6Checksum = { ipExtensions: 0x1, tcpOptions: 0x4, tcp: 0x10, udp: 0x40 } as const
const ipv6Checksum = /* @__PURE__ */ flags('NdisIpv6Checksum', u32, NdisIpv6Checksum)

/** Checksum offload. */
export const NdisChecksumOffload = /* @__PURE__ */ struct(
  'NdisChecksumOffload',
  {
    /** Frames of IPv4 that the guest sends. */
    ipv4TransmitEncapsulation: encapsulation,
    /** What is filled in there. */
    ipv4TransmitChecksum: ipv4Checksum,
    /** Frames of IPv4 that the guest receives. */
    ipv4ReceiveEncapsulation: encapsulation,
    /** What is checked there. */
    ipv4ReceiveChecksum: ipv4Checksum,
    /** Frames of IPv6 that the guest sends. */
    ipv6TransmitEncapsulation: encapsulation,
    /** What is filled in there. */
    ipv6TransmitChecksum: ipv6Checksum,
    /** Frames of IPv6 that the guest receives. */
    ipv6ReceiveEncapsulation: encapsulation,
    /** What is checked there. */
    ipv6ReceiveChecksum: ipv6Checksum,
  },
  { size: 32, aliases: { linux: 'ndis_csum_offload' } },
)

/** Large send offload, version 1. */
export const NdisLargeSendV1Offload = /* @__PURE__ */ struct(
  'NdisLargeSendV1Offload',
  {
    /** Frames that can be cut; 0 for none. */
    encapsulation,
    /** Bytes of the largest TCP payload. */
    maximumSize: u32,
    /** Least number of segments that is worth it. */
    minimumSegments: u32,
    /** What may be in the headers: TCP options in bits 0–1, IP options in bits 2–3. */
    options: u32,
  },
  { size: 16, aliases: { linux: 'ndis_lsov1_offload' } },
)

/** IPsec offload, version 1. */
export const NdisIpsecV1Offload = /* @__PURE__ */ struct(
  'NdisIpsecV1Offload',
  {
    /** Frames that it works with. */
    encapsulation,
    /** 1: AH and ESP in one packet. */
    ahEspCombined: u32,
    /** 1: transport and tunnel mode in one packet. */
    transportTunnelCombined: u32,
    /** 1: with IP options in the header. */
    ipv4Options: u32,
    flags: u32,
    /** 2 bits each, from the lowest: MD5, SHA-1, transport, tunnel, send, receive. */
    ipv4Ah: u32,
    /** 2 bits each, from the lowest: DES, one not used, 3DES, no encryption, transport, tunnel, send, receive. */
    ipv4Esp: u32,
  },
  { size: 28, aliases: { linux: 'ndis_ipsecv1_offload' } },
)

/** What large send offload for IPv6 can do. Source: Linux hyperv_net.h (NDIS_LSOV2_CAP_*). */
export const NdisIpv6LargeSend = { ipExtensions: 0x1, tcpOptions: 0x4 } as const

/** Large send offload, version 2. */
export const NdisLargeSendV2Offload = /* @__PURE__ */ struct(
  'NdisLargeSendV2Offload',
  {
    /** Frames of IPv4 that can be cut; 0 for none. */
    ipv4Encapsulation: encapsulation,
    /** Bytes of the largest TCP payload. */
    ipv4MaximumSize: u32,
    /** Least number of segments that is worth it. */
    ipv4MinimumSegments: u32,
    /** Frames of IPv6 that can be cut; 0 for none. */
    ipv6Encapsulation: encapsulation,
    /** Bytes of the largest TCP payload. */
    ipv6MaximumSize: u32,
    /** Least number of segments that is worth it. */
    ipv6MinimumSegments: u32,
    /** What may be in the headers. */
    ipv6Options: flags('NdisIpv6LargeSend', u32, NdisIpv6LargeSend),
  },
  { size: 28, aliases: { linux: 'ndis_lsov2_offload' } },
)

/** IPsec offload, version 2. */
export const NdisIpsecV2Offload = /* @__PURE__ */ struct(
  'NdisIpsecV2Offload',
  {
    /** Frames that it works with. */
    encapsulation,
    /** 1: it can, as for all bytes that follow. */
    ipv6: u8,
    /** With IP options in the header. */
    ipv4Options: u8,
    /** With extension headers that are none of IPsec's. */
    ipv6Extensions: u8,
    ah: u8,
    esp: u8,
    /** Both in one packet. */
    ahEspCombined: u8,
    transport: u8,
    tunnel: u8,
    /** Both modes in one packet. */
    transportTunnelCombined: u8,
    /** Together with large send, version 2. */
    largeSend: u8,
    /** Of 64 bits. */
    extendedSequenceNumbers: u8,
    reserved: reserved(u8),
    /** Forms of ESP in UDP, a bit each. */
    udpEsp: u32,
    /** Algorithms, a bit each. */
    authentication: u32,
    /** Algorithms, a bit each. */
    encryption: u32,
    /** How many security associations the NIC holds. */
    securityAssociationCapabilities: u32,
  },
  { size: 32, aliases: { linux: 'ndis_ipsecv2_offload' } },
)

/** Receive segment coalescing: whether for IPv4 and IPv6. */
export const NdisRscOffload = /* @__PURE__ */ struct(
  'NdisRscOffload',
  {
    /** 1: of IPv4. */
    ipv4: u8,
    /** 1: of IPv6. */
    ipv6: u8,
  },
  { size: 2, aliases: { linux: 'ndis_rsc_offload' } },
)

/** Offload of encapsulated packets. */
export const NdisEncapsulatedOffload = /* @__PURE__ */ struct(
  'NdisEncapsulatedOffload',
  {
    /** 4 bits each, from the lowest: transmit checksum, receive checksum, large send 2, RSS, VMQ. */
    flags: u32,
    /** Bytes of the longest headers. */
    maximumHeaderSize: u32,
  },
  { size: 8, aliases: { linux: 'ndis_encap_offload' } },
)

/**
 * OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES: what the NIC does for its driver. Revision 3; revision 1 ends before IPsec version 2 (112
 * bytes), revision 2 before RSC (144).
 */
export const NdisOffload = /* @__PURE__ */ struct(
  'NdisOffload',
  {
    header: NdisObjectHeader,
    /** Checksums. */
    checksum: NdisChecksumOffload,
    /** Large send, version 1. */
    largeSendV1: NdisLargeSendV1Offload,
    /** IPsec, version 1. */
    ipsecV1: NdisIpsecV1Offload,
    /** Large send, version 2. */
    largeSendV2: NdisLargeSendV2Offload,
    flags: u32,
    /** IPsec, version 2. */
    ipsecV2: NdisIpsecV2Offload,
    /** Receive segment coalescing. */
    rsc: NdisRscOffload,
    reserved: reserved(u16),
    /** Packets in NVGRE. */
    encapsulatedGre: NdisEncapsulatedOffload,
  },
  { size: 156, aliases: { linux: 'ndis_offload' } },
)
export interface NdisOffload extends Infer<typeof NdisOffload> {}

/** A checksum or other offload with two directions: as it is, off, or on for one or both. Source: Linux NDIS_OFFLOAD_PARAMETERS_*. */
export const NdisOffloadSetting = { NoChange: 0, Disabled: 1, Transmit: 2, Receive: 3, TransmitAndReceive: 4 } as const
/** An offload that is on or off. */
export const NdisOffloadSwitch = { NoChange: 0, Disabled: 1, Enabled: 2 } as const
const setting = /* @__PURE__ */ openEnum('NdisOffloadSetting', u8, NdisOffloadSetting)
const onOff = /* @__PURE__ */ openEnum('NdisOffloadSwitch', u8, NdisOffloadSwitch)

/** OID_TCP_OFFLOAD_PARAMETERS: what the driver wants of the offloads. */
export const NdisOffloadParameters = /* @__PURE__ */ struct(
  'NdisOffloadParameters',
  {
    header: NdisObjectHeader,
    /** Of the IPv4 header. */
    ipv4Checksum: setting,
    /** Of TCP over IPv4. */
    tcpIpv4Checksum: setting,
    /** Of UDP over IPv4. */
    udpIpv4Checksum: setting,
    /** Of TCP over IPv6. */
    tcpIpv6Checksum: setting,
    /** Of UDP over IPv6. */
    udpIpv6Checksum: setting,
    /** Large send, version 1. */
    largeSendV1: onOff,
    /** 0 as it is, 1 off, 2 AH, 3 ESP, 4 both. */
    ipsecV1: u8,
    /** Large send, version 2, of IPv4. */
    largeSendV2Ipv4: onOff,
    /** Large send, version 2, of IPv6. */
    largeSendV2Ipv6: onOff,
    /** Whole TCP connections (chimney). */
    tcpConnectionIpv4: onOff,
    /** Whole TCP connections (chimney). */
    tcpConnectionIpv6: onOff,
    reserved: reserved(u8),
    /** 0x1: the registry is not to be told. */
    flags: u32,
    /** 0 as it is, 1 off, 2 AH, 3 ESP, 4 both. */
    ipsecV2: u8,
    /** The same values, for IPv4 alone. */
    ipsecV2Ipv4: u8,
    /** Receive segment coalescing of IPv4. */
    rscIpv4: onOff,
    /** Receive segment coalescing of IPv6. */
    rscIpv6: onOff,
    /** 0 as it is, 1 on, 2 off: not as an NdisOffloadSwitch. */
    encapsulatedPacketTaskOffload: u8,
    /** 0x1 NVGRE, 0x2 VXLAN. */
    encapsulationTypes: u8,
    reserved2: reserved(u16),
  },
  { size: 28, aliases: { linux: 'ndis_offload_params' } },
)
export interface NdisOffloadParameters extends Infer<typeof NdisOffloadParameters> {}

/** OID_OFFLOAD_ENCAPSULATION: how the driver's packets are encapsulated. Source: ntddndis.h (NDIS_OFFLOAD_ENCAPSULATION). */
export const NdisOffloadEncapsulation = /* @__PURE__ */ struct(
  'NdisOffloadEncapsulation',
  {
    header: NdisObjectHeader,
    /** 1: for IPv4. */
    ipv4Enabled: u32,
    /** Kind of its frames. */
    ipv4EncapsulationType: encapsulation,
    /** Bytes before the IP header. */
    ipv4HeaderSize: u32,
    /** 1: for IPv6. */
    ipv6Enabled: u32,
    /** Kind of its frames. */
    ipv6EncapsulationType: encapsulation,
    /** Bytes before the IP header. */
    ipv6HeaderSize: u32,
  },
  { size: 28 },
)

/** Hash functions and what they are over. Source: Linux hyperv_net.h (NDIS_HASH_*), for UDP OpenVMM netvsp rndisprot. */
export const NdisHash = {
  toeplitz: 0x1,
  ipv4: 0x100,
  tcpIpv4: 0x200,
  ipv6: 0x400,
  ipv6Extensions: 0x800,
  tcpIpv6: 0x1000,
  tcpIpv6Extensions: 0x2000,
  udpIpv4: 0x4000,
  udpIpv6: 0x8000,
  udpIpv6Extensions: 0x1_0000,
} as const

/** What receive side scaling can do. Source: Linux hyperv_net.h (NDIS_RSS_CAPS_*), OpenVMM netvsp rndisprot. */
export const NdisRssCapabilities = {
  toeplitz: 0x1,
  hashTcpIpv4: 0x100,
  hashTcpIpv6: 0x200,
  hashTcpIpv6Extensions: 0x400,
  hashUdpIpv4: 0x800,
  hashUdpIpv6: 0x1000,
  hashUdpIpv6Extensions: 0x2000,
  messageSignaledInterrupts: 0x0100_0000,
  classificationAtIsr: 0x0200_0000,
  classificationAtDpc: 0x0400_0000,
  usingMsiX: 0x0800_0000,
  availableOnPorts: 0x1000_0000,
  supportsMsiX: 0x2000_0000,
  supportsIndependentEntryMove: 0x4000_0000,
} as const

/** OID_GEN_RECEIVE_SCALE_CAPABILITIES: how far the NIC can spread what it receives. */
export const NdisReceiveScaleCapabilities = /* @__PURE__ */ struct(
  'NdisReceiveScaleCapabilities',
  {
    header: NdisObjectHeader,
    /** What can be hashed, and how. */
    capabilities: flags('NdisRssCapabilities', u32, NdisRssCapabilities),
    /** Interrupts of its own that it has. */
    interruptMessageCount: u32,
    /** Channels, the primary one included. */
    receiveQueueCount: u32,
    /** Most entries of the indirection table. */
    indirectionTableEntryCount: u16,
  },
  { size: 18, aliases: { linux: 'ndis_recv_scale_cap' } },
)

/** Which of the parameters are to stay as they were. Source: Linux hyperv_net.h (NDIS_RSS_PARAM_FLAG_*), OpenVMM netvsp rndisprot. */
export const NdisReceiveScaleFlags = {
  baseCpuUnchanged: 0x1,
  hashInformationUnchanged: 0x2,
  indirectionTableUnchanged: 0x4,
  hashKeyUnchanged: 0x8,
  /** Receive side scaling is off. */
  disable: 0x10,
  defaultProcessorUnchanged: 0x20,
} as const

/** OID_GEN_RECEIVE_SCALE_PARAMETERS: how to spread. Offsets count from the structure's start; table and key lie behind it. */
export const NdisReceiveScaleParameters = /* @__PURE__ */ struct(
  'NdisReceiveScaleParameters',
  {
    header: NdisObjectHeader,
    /** Which of these stay as they were. */
    flags: flags('NdisReceiveScaleFlags', u16, NdisReceiveScaleFlags),
    /** Not used. */
    baseCpuNumber: u16,
    /** What to hash. */
    hashInformation: flags('NdisHash', u32, NdisHash),
    /** Bytes of the table: 4 an entry. */
    indirectionTableSize: u16,
    reserved: reserved(u16),
    /** Where the table begins. */
    indirectionTableOffset: u32,
    /** 40. */
    hashKeySize: u16,
    reserved2: reserved(u16),
    /** Where the key begins. */
    hashKeyOffset: u32,
    /** Where the masks begin. */
    processorMasksOffset: u32,
    /** How many masks. */
    processorMaskCount: u32,
    /** Bytes of a mask. */
    processorMaskEntrySize: u32,
  },
  { size: 40, aliases: { linux: 'ndis_recv_scale_param' } },
)
export interface NdisReceiveScaleParameters extends Infer<typeof NdisReceiveScaleParameters> {}

/** Kinds of frames that a driver wants. Source: Linux hyperv_net.h (NDIS_PACKET_TYPE_*). */
export const NdisPacketFilter = {
  directed: 0x1,
  multicast: 0x2,
  allMulticast: 0x4,
  broadcast: 0x8,
  sourceRouting: 0x10,
  promiscuous: 0x20,
  smt: 0x40,
  allLocal: 0x80,
  group: 0x100,
  allFunctional: 0x200,
  functional: 0x400,
  macFrame: 0x800,
} as const

/** OID_GEN_CURRENT_PACKET_FILTER. */
export const PacketFilterValue = /* @__PURE__ */ struct(
  'PacketFilterValue',
  {
    /** Which frames. */
    filter: flags('NdisPacketFilter', u32, NdisPacketFilter),
  },
  { size: 4 },
)

/** What a NIC's MAC does. Source: Linux include/linux/rndis.h (RNDIS_MAC_OPTION_*), from 0x80 on OpenVMM netvsp rndisprot. */
export const NdisMacOptions = {
  copyLookaheadData: 0x1,
  receiveSerialized: 0x2,
  transfersNotPend: 0x4,
  noLoopback: 0x8,
  fullDuplex: 0x10,
  eotxIndication: 0x20,
  ieee8021pPriority: 0x40,
  supportsMacAddressOverwrite: 0x80,
  receiveAtDpc: 0x100,
  ieee8021qVlan: 0x200,
} as const

/** OID_GEN_MAC_OPTIONS. */
export const MacOptionsValue = /* @__PURE__ */ struct(
  'MacOptionsValue',
  {
    /** What it does. */
    options: flags('NdisMacOptions', u32, NdisMacOptions),
  },
  { size: 4 },
)

/** OID_GEN_MEDIA_CONNECT_STATUS. */
export const MediaStateValue = /* @__PURE__ */ struct(
  'MediaStateValue',
  {
    /** Whether the cable is in. */
    state: openEnum('NdisMediaState', u32, { Connected: 0, Disconnected: 1 }),
  },
  { size: 4 },
)

/** OID_GEN_LINK_SPEED. */
export const LinkSpeedValue = /* @__PURE__ */ struct(
  'LinkSpeedValue',
  {
    /** In units of 100 bit/s. */
    speed: u32,
  },
  { size: 4 },
)

/** OIDs whose value is one number: sizes, counts, ids. */
export const OidNumber = /* @__PURE__ */ struct(
  'OidNumber',
  {
    /** 32 bits. */
    number: u32,
  },
  { size: 4 },
)

/** OID_802_3_PERMANENT_ADDRESS and OID_802_3_CURRENT_ADDRESS. */
export const MacAddressValue = /* @__PURE__ */ struct(
  'MacAddressValue',
  {
    /** As on the wire. */
    address: bytes(6),
  },
  { size: 6 },
)
