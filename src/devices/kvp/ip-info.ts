import type { IcFault } from '../ics/fault.ts'
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './addresses.ts'
import {
  KvpAddressFamily,
  KvpAddressOrigin,
  KvpIpBinary,
  KvpIpText,
  kvpMaxAddresses,
  kvpMaxGateways,
} from './messages.ts'
import { untilNul } from './values.ts'

/** An address of an adapter. */
export interface KvpIpAddress {
  /** `10.0.0.2` or `fe80::1`. */
  readonly address: string
  /** `255.255.255.0`, or `/64` of an IPv6 address. */
  readonly subnet: string
  /** See KvpAddressOrigin. Text forms do not say it. */
  readonly origin?: number
}

/** IP settings of an adapter, IPv4 and IPv6 mixed. */
export interface KvpIpInfo {
  /** See KvpAddressFamily. */
  readonly addressFamily: number
  readonly isDhcpEnabled: boolean
  readonly addresses: readonly KvpIpAddress[]
  readonly gateways: readonly string[]
  readonly dnsServers: readonly string[]
}

/** Settings that say nothing. */
export const noIpInfo: KvpIpInfo = {
  addressFamily: KvpAddressFamily.None,
  isDhcpEnabled: false,
  addresses: [],
  gateways: [],
  dnsServers: [],
}

/** Whether a text is a GUID, in braces or not: so a host names an adapter that it sets. */
export function isGuidLike(text: string): boolean {
  const bare = /^\{.*\}$/.test(text) ? text.slice(1, -1) : text
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(bare)
}

/** Whether a text can name an adapter to be asked for: a GUID, or the MAC address that Linux's daemon wants (tools/hv/hv_kvp_daemon.c). */
export function isAdapterId(text: string): boolean {
  return isGuidLike(text) || /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)
}

/** Settings in the form before 5.0. Throws `RangeError` where a text does not fit. */
export function ipTextOf(adapterId: string, info: KvpIpInfo): KvpIpText {
  const list = (name: 'addresses' | 'subnets' | 'gateways' | 'dnsServers', items: readonly string[]) =>
    fitting(items.join(';'), name, name === 'gateways' ? 512 : 1024)
  return {
    adapterId: fitting(adapterId, 'adapterId', 128),
    addressFamily: info.addressFamily,
    dhcpEnabled: info.isDhcpEnabled ? 1 : 0,
    addresses: list(
      'addresses',
      info.addresses.map(({ address }) => address),
    ),
    subnets: list(
      'subnets',
      info.addresses.map(({ subnet }) => subnet),
    ),
    gateways: list('gateways', info.gateways),
    dnsServers: list('dnsServers', info.dnsServers),
  }
}

function fitting(text: string, name: string, units: number): string {
  if (text.length >= units) throw new RangeError(`${name}: ${text.length} UTF-16 units, at most ${units - 1}`)
  return text
}

/** Settings in the form from 5.0 on. Throws `RangeError` for what is no address, no subnet, or too many of them. */
export function ipBinaryOf(adapterId: string, info: KvpIpInfo): KvpIpBinary {
  const v4 = info.addresses.filter(({ address }) => !address.includes(':'))
  const v6 = info.addresses.filter(({ address }) => address.includes(':'))
  const [gateways4, gateways6] = familiesOf('gateways', info.gateways, kvpMaxGateways)
  const [dns4, dns6] = familiesOf('dnsServers', info.dnsServers, kvpMaxAddresses)
  const [addresses4, addresses6] = familiesOf(
    'addresses',
    info.addresses.map(({ address }) => address),
    kvpMaxAddresses,
  )
  return {
    ipv4Count: addresses4.length,
    ipv6Count: addresses6.length,
    ipv4GatewayCount: gateways4.length,
    ipv6GatewayCount: gateways6.length,
    ipv4DnsCount: dns4.length,
    ipv6DnsCount: dns6.length,
    adapterId: fitting(adapterId, 'adapterId', 128),
    addressFamily: info.addressFamily,
    dhcpEnabled: info.isDhcpEnabled ? 1 : 0,
    ipv4Addresses: filled(addresses4, kvpMaxAddresses, 4),
    ipv6Addresses: filled(addresses6, kvpMaxAddresses, 16),
    ipv4Masks: filled(
      v4.map(({ subnet }) => parsed(parseIpv4(subnet), subnet)),
      kvpMaxAddresses,
      4,
    ),
    ipv6Prefixes: Array.from({ length: kvpMaxAddresses }, (_, index) => prefixOf(v6[index])),
    ipv4Gateways: filled(gateways4, kvpMaxGateways, 4),
    ipv6Gateways: filled(gateways6, kvpMaxGateways, 16),
    ipv4DnsServers: filled(dns4, kvpMaxAddresses, 4),
    ipv6DnsServers: filled(dns6, kvpMaxAddresses, 16),
    origins: Array.from(
      { length: 2 * kvpMaxAddresses },
      (_, index) => [...v4, ...v6][index]?.origin ?? KvpAddressOrigin.Unknown,
    ),
  }
}

/** IPv4 addresses and IPv6 addresses of a list. */
function familiesOf(name: string, texts: readonly string[], most: number): [Uint8Array[], Uint8Array[]] {
  const v4 = texts.filter((text) => !text.includes(':')).map((text) => parsed(parseIpv4(text), text))
  const v6 = texts.filter((text) => text.includes(':')).map((text) => parsed(parseIpv6(text), text))
  if (v4.length > most || v6.length > most) throw new RangeError(`${name}: at most ${most} of a family`)
  return [v4, v6]
}

function parsed(bytes: Uint8Array | undefined, text: string): Uint8Array {
  if (bytes === undefined) throw new RangeError(`${text} is no address`)
  return bytes
}

function prefixOf(address: KvpIpAddress | undefined): number {
  if (address === undefined) return 0
  const bits = /^\/(\d{1,3})$/.exec(address.subnet)?.[1]
  if (bits === undefined || Number(bits) > 128) throw new RangeError(`${address.subnet} is no prefix, as /64 is`)
  return Number(bits)
}

function filled(items: readonly Uint8Array[], length: number, size: number): Uint8Array[] {
  return Array.from({ length }, (_, index) => items[index] ?? new Uint8Array(size))
}

/** An adapter's id and its settings. */
export interface KvpAdapter {
  readonly adapterId: string
  readonly info: KvpIpInfo
}

/** The settings in a text form; a fault where no NUL ends a text (IC-13). @param at where the structure lies in the message. */
export function readIpText(ip: KvpIpText, at: number): KvpAdapter | IcFault {
  for (const [field, units] of textFields) {
    if (ip[field].length < units) continue
    return { code: 'RANGE', field, offset: at + KvpIpText.offsetOf(field), why: 'no NUL ends the text' }
  }
  const subnets = untilNul(ip.subnets).split(';')
  return {
    adapterId: untilNul(ip.adapterId),
    info: {
      addressFamily: ip.addressFamily,
      isDhcpEnabled: ip.dhcpEnabled !== 0,
      addresses: listOf(ip.addresses).map((address, index) => ({ address, subnet: subnets[index] ?? '' })),
      gateways: listOf(ip.gateways),
      dnsServers: listOf(ip.dnsServers),
    },
  }
}

const textFields = [
  ['adapterId', 128],
  ['addresses', 1024],
  ['subnets', 1024],
  ['gateways', 512],
  ['dnsServers', 1024],
] as const

/** The settings in a binary form; a fault where there are more addresses than places, or no NUL ends the id (IC-13). @param at where the structure lies. */
export function readIpBinary(ip: KvpIpBinary, at: number): KvpAdapter | IcFault {
  const bad = (field: keyof typeof counts | 'adapterId', why: string): IcFault => {
    return { code: 'RANGE', field, offset: at + KvpIpBinary.offsetOf(field), why }
  }
  for (const field of countFields) {
    if (ip[field] > counts[field]) return bad(field, `${ip[field]} addresses, and ${counts[field]} places`)
  }
  if (ip.adapterId.length >= 128) return bad('adapterId', 'no NUL ends the text')
  const some = (items: readonly Uint8Array[], count: number, format: (bytes: Uint8Array) => string) =>
    items.slice(0, count).map(format)
  const v4 = some(ip.ipv4Addresses, ip.ipv4Count, formatIpv4).map((address, index) => ({
    address,
    subnet: formatIpv4(ip.ipv4Masks[index] ?? new Uint8Array(4)),
    origin: ip.origins[index] ?? KvpAddressOrigin.Unknown,
  }))
  const v6 = some(ip.ipv6Addresses, ip.ipv6Count, formatIpv6).map((address, index) => ({
    address,
    subnet: `/${ip.ipv6Prefixes[index] ?? 0}`,
    origin: ip.origins[ip.ipv4Count + index] ?? KvpAddressOrigin.Unknown,
  }))
  return {
    adapterId: untilNul(ip.adapterId),
    info: {
      addressFamily: ip.addressFamily,
      isDhcpEnabled: ip.dhcpEnabled !== 0,
      addresses: [...v4, ...v6],
      gateways: [
        ...some(ip.ipv4Gateways, ip.ipv4GatewayCount, formatIpv4),
        ...some(ip.ipv6Gateways, ip.ipv6GatewayCount, formatIpv6),
      ],
      dnsServers: [
        ...some(ip.ipv4DnsServers, ip.ipv4DnsCount, formatIpv4),
        ...some(ip.ipv6DnsServers, ip.ipv6DnsCount, formatIpv6),
      ],
    },
  }
}

/** Places by count. */
const counts = {
  ipv4Count: kvpMaxAddresses,
  ipv6Count: kvpMaxAddresses,
  ipv4GatewayCount: kvpMaxGateways,
  ipv6GatewayCount: kvpMaxGateways,
  ipv4DnsCount: kvpMaxAddresses,
  ipv6DnsCount: kvpMaxAddresses,
} as const

const countFields = [
  'ipv4Count',
  'ipv6Count',
  'ipv4GatewayCount',
  'ipv6GatewayCount',
  'ipv4DnsCount',
  'ipv6DnsCount',
] as const

function listOf(text: string): string[] {
  return untilNul(text).split(';').filter(Boolean)
}
