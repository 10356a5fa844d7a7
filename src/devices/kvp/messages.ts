import { DeviceId } from '../../vmbus/device-ids.ts'
import { PipeHeader } from '../../vmbus/pipe-header.ts'
import {
  array,
  bytes,
  constant,
  type Infer,
  openEnum,
  pinned,
  reserved,
  rest,
  struct,
  u8,
  u16,
  u32,
  union,
  utf16,
} from '../../wire/index.ts'
import { icDecoder } from '../ics/decoder.ts'
import { IcHeader, IcNegotiate, OtherIcMessage } from '../ics/messages.ts'

/** Versions of the messages that a host offers, newest first. Source: OpenVMM hyperv_ic kvp.rs. */
export const kvpVersions: readonly number[] = [0x5_0000, 0x4_0000, 0x3_0000]

/** From this version on IP settings are binary; before, they are text. Source: OpenVMM hyperv_ic kvp.rs. */
export const kvpBinaryIpVersion = 0x5_0000

/** What is asked for. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_exchg_op). */
export const KvpOperation = { Get: 0, Set: 1, Delete: 2, Enumerate: 3, GetIpInfo: 4, SetIpInfo: 5 } as const

/** Where a pair is. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_exchg_pool). */
export const KvpPool = {
  /** What the host's administrator tells the guest. */
  External: 0,
  /** What programs in the guest tell the host. */
  Guest: 1,
  /** What the guest says of itself: see {@link kvpAutoKeys}. */
  Auto: 2,
  /** What the host says of itself. */
  AutoExternal: 3,
  /** Never goes between host and guest (OpenVMM hyperv_ic_protocol). */
  AutoInternal: 4,
} as const

/** Types of values. Source: the registry's types (winnt.h, REG_*), as in OpenVMM hyperv_ic_protocol. */
export const KvpValueType = {
  /** UTF-16LE with a NUL at its end. */
  Text: 1,
  /** The same; names of environment variables in it stand for their values. */
  ExpandText: 2,
  Dword: 4,
  /** The 64-bit number as Linux has it (include/uapi/linux/hyperv.h, REG_U64); Windows has 11. */
  LinuxQword: 8,
  Qword: 11,
} as const

/** Most bytes of a key, its NUL included. */
export const kvpKeySize = 512
/** Most bytes of a value, a text's NUL included. */
export const kvpValueSize = 2048

/** First 4 bytes of an exchange; of the text form of IP settings, the first 2. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_hdr). */
export const KvpHeader = /* @__PURE__ */ struct(
  'KvpHeader',
  {
    /** What is to be done; the answer keeps it. */
    operation: openEnum('KvpOperation', u8, KvpOperation),
    /** Set of pairs that a key or an index is looked up in. */
    pool: openEnum('KvpPool', u8, KvpPool),
    reserved: reserved(2),
  },
  { size: 4, aliases: { linux: 'hv_kvp_hdr' } },
)
export interface KvpHeader extends Infer<typeof KvpHeader> {}

/** A key and its value. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_exchg_msg_value), OpenVMM hyperv_ic_protocol kvp.rs (Value). */
export const KvpValue = /* @__PURE__ */ struct(
  'KvpValue',
  {
    /** How `value` is to be read. */
    valueType: openEnum('KvpValueType', u32, KvpValueType),
    /** Bytes of the key, its NUL included. */
    keySize: u32,
    /** Bytes of the value: 4, 8, or those of the text, its NUL included. */
    valueSize: u32,
    /** UTF-16LE, at most 255 units and a NUL. */
    key: utf16(kvpKeySize),
    /** A number is little-endian. */
    value: bytes(kvpValueSize),
  },
  { size: 2572, aliases: { linux: ['hv_kvp_exchg_msg_value', 'hv_kvp_msg_get', 'hv_kvp_msg_set'] } },
)
export interface KvpValue extends Infer<typeof KvpValue> {}

/** A key alone. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_msg_delete). */
export const KvpKey = /* @__PURE__ */ struct(
  'KvpKey',
  {
    /** Bytes of the key, its NUL included. */
    keySize: u32,
    /** UTF-16LE, at most 255 units and a NUL. */
    key: utf16(kvpKeySize),
  },
  { size: 516, aliases: { linux: 'hv_kvp_msg_delete' } },
)
export interface KvpKey extends Infer<typeof KvpKey> {}

/** The n-th pair of a pool. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_msg_enumerate). */
export const KvpItem = /* @__PURE__ */ struct(
  'KvpItem',
  {
    /** 0 for the first pair. */
    index: u32,
    /** Filled in by the guest. */
    pair: KvpValue,
  },
  { size: 2576, aliases: { linux: 'hv_kvp_msg_enumerate' } },
)
export interface KvpItem extends Infer<typeof KvpItem> {}

/** Which addresses are meant. Source: OpenVMM hyperv_ic_protocol kvp.rs, Linux include/uapi/linux/hyperv.h (ADDR_FAMILY_*). */
export const KvpAddressFamily = { None: 0, Ipv4: 1, Ipv6: 2, Both: 3 } as const

/** Where an address is from. Source: OpenVMM hyperv_ic_protocol kvp.rs (IpAddressOrigin). */
export const KvpAddressOrigin = {
  Unknown: 0,
  /** Most likely DHCP. */
  Other: 1,
  Static: 2,
} as const

/** Units of an adapter's id, its NUL included. */
const adapterIdSize = 256

/**
 * IP settings of an adapter before version 5.0: lists of addresses, separated by semicolons. Source: Linux
 * include/uapi/linux/hyperv.h (hv_kvp_ipaddr_value).
 */
export const KvpIpText = /* @__PURE__ */ struct(
  'KvpIpText',
  {
    /** GUID of an adapter to be set; of one to be asked for, its MAC address for Linux. At most 127 units and a NUL. */
    adapterId: utf16(adapterIdSize),
    /** Of which family the settings are asked for, or told. */
    addressFamily: openEnum('KvpAddressFamily', u8, KvpAddressFamily),
    /** 0: no. */
    dhcpEnabled: u8,
    /** Of both families; at most 1023 UTF-16 units and a NUL. */
    addresses: utf16(2048),
    /** For each address its mask `255.255.255.0`, or `/64` of an IPv6 one. */
    subnets: utf16(2048),
    /** At most 511 UTF-16 units and a NUL. */
    gateways: utf16(1024),
    /** At most 1023 UTF-16 units and a NUL. */
    dnsServers: utf16(2048),
  },
  { size: 7426, aliases: { linux: 'hv_kvp_ipaddr_value' } },
)
export interface KvpIpText extends Infer<typeof KvpIpText> {}

/** Most addresses, and most servers, of either family in the binary form. */
export const kvpMaxAddresses = 64
/** Most gateways of either family in the binary form. */
export const kvpMaxGateways = 5

const ipv4 = /* @__PURE__ */ bytes(4)
const ipv6 = /* @__PURE__ */ bytes(16)

/** IP settings of an adapter from version 5.0 on. Addresses are in network order. Source: OpenVMM hyperv_ic_protocol kvp.rs (MessageIpAddressInfoBinary). */
export const KvpIpBinary = /* @__PURE__ */ struct(
  'KvpIpBinary',
  {
    /** How many of `ipv4Addresses` and `ipv4Masks` count, 0 … 64. */
    ipv4Count: u32,
    /** How many of `ipv6Addresses` and `ipv6Prefixes` count, 0 … 64. */
    ipv6Count: u32,
    /** How many of `ipv4Gateways` count, 0 … 5. */
    ipv4GatewayCount: u32,
    /** How many of `ipv6Gateways` count, 0 … 5. */
    ipv6GatewayCount: u32,
    /** How many of `ipv4DnsServers` count, 0 … 64. */
    ipv4DnsCount: u32,
    /** How many of `ipv6DnsServers` count, 0 … 64. */
    ipv6DnsCount: u32,
    /** GUID of an adapter to be set; of one to be asked for, its MAC address for Linux. At most 127 units and a NUL. */
    adapterId: utf16(adapterIdSize),
    /** Of which family the settings are asked for, or told. */
    addressFamily: openEnum('KvpAddressFamily', u8, KvpAddressFamily),
    /** 0: no. */
    dhcpEnabled: u8,
    reserved: reserved(2),
    /** The first `ipv4Count` count. */
    ipv4Addresses: array(ipv4, kvpMaxAddresses),
    /** The first `ipv6Count` count. */
    ipv6Addresses: array(ipv6, kvpMaxAddresses),
    /** One for each IPv4 address, such as 255.255.255.0. */
    ipv4Masks: array(ipv4, kvpMaxAddresses),
    /** Bits of the prefix. */
    ipv6Prefixes: array(u32, kvpMaxAddresses),
    /** The first `ipv4GatewayCount` count. */
    ipv4Gateways: array(ipv4, kvpMaxGateways),
    /** The first `ipv6GatewayCount` count. */
    ipv6Gateways: array(ipv6, kvpMaxGateways),
    /** The first `ipv4DnsCount` count. */
    ipv4DnsServers: array(ipv4, kvpMaxAddresses),
    /** The first `ipv6DnsCount` count. */
    ipv6DnsServers: array(ipv6, kvpMaxAddresses),
    /** Of the IPv4 addresses, and right behind those of the IPv6 ones. */
    origins: array(openEnum('KvpAddressOrigin', u16, KvpAddressOrigin), 2 * kvpMaxAddresses),
  },
  { size: 3712 },
)
export interface KvpIpBinary extends Infer<typeof KvpIpBinary> {}

/** The value of a key. No known host asks for it (behaviour 220); Linux answers. */
export const KvpGet = /* @__PURE__ */ struct('KvpGet', {
  header: pinned(KvpHeader, { operation: 0 }),
  /** The question has the key; the answer has the value too. */
  pair: KvpValue,
})

/** Sets a value. */
export const KvpSet = /* @__PURE__ */ struct('KvpSet', { header: pinned(KvpHeader, { operation: 1 }), pair: KvpValue })

/** Removes a pair. */
export const KvpDelete = /* @__PURE__ */ struct('KvpDelete', {
  header: pinned(KvpHeader, { operation: 2 }),
  key: KvpKey,
})

/** Asks for the n-th pair. */
export const KvpEnumerate = /* @__PURE__ */ struct('KvpEnumerate', {
  header: pinned(KvpHeader, { operation: 3 }),
  item: KvpItem,
})

/** Asks for an adapter's settings, before 5.0. The body is not aligned, unlike all others. */
export const KvpGetIpText = /* @__PURE__ */ struct('KvpGetIpText', {
  operation: constant(u8, 4),
  pool: openEnum('KvpPool', u8, KvpPool),
  /** The question names the adapter; the answer has its settings. */
  ip: KvpIpText,
})

/** Settings for an adapter, before 5.0. Source: Linux include/uapi/linux/hyperv.h (hv_kvp_ip_msg). */
export const KvpSetIpText = /* @__PURE__ */ struct(
  'KvpSetIpText',
  { operation: constant(u8, 5), pool: openEnum('KvpPool', u8, KvpPool), ip: KvpIpText },
  { size: 7428, aliases: { linux: 'hv_kvp_ip_msg' } },
)

/** Asks for an adapter's settings, from 5.0 on. */
export const KvpGetIpBinary = /* @__PURE__ */ struct('KvpGetIpBinary', {
  header: pinned(KvpHeader, { operation: 4 }),
  /** The question names the adapter; the answer has its settings. */
  ip: KvpIpBinary,
})

/** Settings for an adapter, from 5.0 on. */
export const KvpSetIpBinary = /* @__PURE__ */ struct('KvpSetIpBinary', {
  header: pinned(KvpHeader, { operation: 5 }),
  ip: KvpIpBinary,
})

/** An operation that is not known. */
export const OtherKvpExchange = /* @__PURE__ */ struct('OtherKvpExchange', {
  header: KvpHeader,
  /** All behind the header. */
  body: rest(),
})

/** What is exchanged, by operation. A message may be shorter than the largest of them, as long as it holds its own (IC-10). */
export const KvpExchange = /* @__PURE__ */ union('KvpExchange', { offset: 0, tag: u8, otherwise: OtherKvpExchange }, [
  { schema: KvpGet },
  { schema: KvpSet },
  { schema: KvpDelete },
  { schema: KvpEnumerate },
  { schema: KvpGetIpText, before: kvpBinaryIpVersion },
  { schema: KvpSetIpText, before: kvpBinaryIpVersion },
  { schema: KvpGetIpBinary, since: kvpBinaryIpVersion },
  { schema: KvpSetIpBinary, since: kvpBinaryIpVersion },
])
/** A decoded exchange; `type` is the structure's name. */
export type KvpExchange = Infer<typeof KvpExchange>

/** Either way: an exchange. The guest answers in the request's bytes. */
export const IcKvp = /* @__PURE__ */ struct('IcKvp', {
  header: pinned(IcHeader, { messageType: 2 }),
  exchange: KvpExchange,
})

/** Guest to host: an answer without a body. */
export const IcKvpReply = /* @__PURE__ */ struct('IcKvpReply', { header: pinned(IcHeader, { messageType: 2 }) })

/** Every message of the component. */
export const KvpMessage = /* @__PURE__ */ union('KvpMessage', { offset: 4, tag: u16, otherwise: OtherIcMessage }, [
  { schema: IcNegotiate },
  { schema: IcKvp },
  { schema: IcKvpReply, from: 'guest' },
])
/** A decoded message; `type` is the structure's name. */
export type KvpMessage = Infer<typeof KvpMessage>

/** A whole packet: pipe header and message. */
export const KvpPacket = /* @__PURE__ */ struct('KvpPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  message: KvpMessage,
})

/** Decodes the component's packets. */
export const kvpDecoder = /* @__PURE__ */ icDecoder(DeviceId.Kvp, 'kvp', KvpPacket)

/** Keys of the pool Auto, by index. Source: Linux include/uapi/linux/hyperv.h. */
export const kvpAutoKeys = [
  'FullyQualifiedDomainName',
  'IntegrationServicesVersion',
  'NetworkAddressIPv4',
  'NetworkAddressIPv6',
  'OSBuildNumber',
  'OSName',
  'OSMajorVersion',
  'OSMinorVersion',
  'OSVersion',
  'ProcessorArchitecture',
] as const
/** One of {@link kvpAutoKeys}. */
export type KvpAutoKey = (typeof kvpAutoKeys)[number]
