import { EtherType, FrameLayout, frameOf, IpProtocol } from '../devices/network/index.ts'
import type { DevicePayload } from '../vmbus/device-decoder.ts'
import { toHex } from '../wire/index.ts'
import { property } from '../wire/property.ts'
import type { LineField } from './fields.ts'

const protocolNames = new Map<number, string>([
  [IpProtocol.Icmp, 'ICMP'],
  [IpProtocol.Icmpv6, 'ICMPv6'],
  [IpProtocol.Tcp, 'TCP'],
  [IpProtocol.Udp, 'UDP'],
])

/** The frame in an RNDIS packet: its size, from whom to whom, and what it is. `undefined` of other messages, and of a frame that is not all there. */
export function frameFields({ value }: DevicePayload): LineField[] | undefined {
  if (property(value, 'type') !== 'RndisPacket') return undefined
  const [data, dataOffset, dataLength] = ['data', 'dataOffset', 'dataLength'].map((name) => property(value, name))
  if (!(data instanceof Uint8Array) || typeof dataOffset !== 'number' || typeof dataLength !== 'number')
    return undefined
  const frame = frameOf({ data, dataOffset, dataLength })
  if (frame === undefined) return undefined
  const size = { name: 'frame', text: `${frame.length} bytes` }
  if (frame.length < 14) return [size]
  const macs = `${macText(frame.subarray(6, 12))} → ${macText(frame.subarray(0, 6))}`
  return [size, { name: 'from', text: macs }, { name: 'type', text: kindOf(frame) }]
}

/** `ARP`, `UDP 10.0.0.2:68 → 10.0.0.1:67`. */
function kindOf(frame: Uint8Array): string {
  const layout = new FrameLayout().parse(frame, 0, frame.length)
  const { etherType, ipVersion, ipOffset, protocol, transportOffset } = layout
  if (etherType === EtherType.Arp) return 'ARP'
  if (ipVersion === 0) return `0x${etherType.toString(16).padStart(4, '0')}`
  const name = protocolNames.get(protocol) ?? `IPv${ipVersion}`
  const hasPorts = protocol === IpProtocol.Tcp || protocol === IpProtocol.Udp
  const port = (at: number) => (hasPorts ? `:${((frame[at] ?? 0) << 8) | (frame[at + 1] ?? 0)}` : '')
  const [source, target] = ipVersion === 4 ? [12, 16] : [8, 24]
  const address = (at: number) => addressText(frame.subarray(ipOffset + at, ipOffset + at + (ipVersion === 4 ? 4 : 16)))
  return `${name} ${address(source)}${port(transportOffset)} → ${address(target)}${port(transportOffset + 2)}`
}

/** An IPv4 address with dots; an IPv6 address in brackets for the sake of a port, its longest run of zeros left out (RFC 5952). */
function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = toHex(bytes).match(/..../g) ?? []
  const text = groups.map((group) => group.replace(/^0{1,3}/, '')).join(':')
  const zeros = text.match(/\b0(:0)+\b/g) ?? []
  const longest = zeros.reduce((most, run) => (run.length > most.length ? run : most), '')
  return longest === '' ? `[${text}]` : `[${text.replace(new RegExp(`:?\\b${longest}\\b:?`), '::')}]`
}

function macText(bytes: Uint8Array): string {
  return toHex(bytes).replace(/..(?!$)/g, '$&:')
}
