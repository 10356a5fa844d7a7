import { type FrameLayout, IpProtocol } from './frame-layout.ts'

/** Sum of big-endian 16-bit words as the Internet checksum adds them up, not yet folded; an odd byte counts as a word's high half. */
export function internetSum(bytes: Uint8Array, offset: number, length: number, start = 0): number {
  let sum = start
  const even = offset + (length & ~1)
  for (let at = offset; at < even; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  if ((length & 1) !== 0) sum += (bytes[even] ?? 0) << 8
  return sum
}

/** A checksum out of a sum: folded to 16 bits and inverted (RFC 1071). */
export function internetChecksum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000)
  return ~folded & 0xffff
}

function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value & 0xff
}

/** Sum of the pseudo header of a TCP or UDP segment of `length` bytes. */
function pseudoHeaderSum(bytes: Uint8Array, layout: FrameLayout, length: number): number {
  const addresses =
    layout.ipVersion === 4 ? internetSum(bytes, layout.ipOffset + 12, 8) : internetSum(bytes, layout.ipOffset + 8, 32)
  return addresses + layout.protocol + length
}

/** Writes the checksum of the IPv4 header. Does nothing without one. */
export function fillIpChecksum(bytes: Uint8Array, layout: FrameLayout): void {
  if (layout.ipVersion !== 4) return
  const { ipOffset } = layout
  putU16(bytes, ipOffset + 10, 0)
  putU16(bytes, ipOffset + 10, internetChecksum(internetSum(bytes, ipOffset, ((bytes[ipOffset] ?? 0) & 0xf) * 4)))
}

/** Writes the checksum of the TCP or UDP header. Does nothing without one. */
export function fillTransportChecksum(bytes: Uint8Array, layout: FrameLayout): void {
  const { protocol, transportOffset } = layout
  if (protocol !== IpProtocol.Tcp && protocol !== IpProtocol.Udp) return
  const at = transportOffset + (protocol === IpProtocol.Tcp ? 16 : 6)
  putU16(bytes, at, 0)
  const checksum = transportChecksum(bytes, layout)
  // In UDP 0 stands for no checksum.
  putU16(bytes, at, protocol === IpProtocol.Udp && checksum === 0 ? 0xffff : checksum)
}

/** The checksum over a TCP or UDP segment with its pseudo header as it stands: 0 when the one that is in it is right. */
export function transportChecksum(bytes: Uint8Array, layout: FrameLayout): number {
  const { transportOffset, ipOffset, ipLength } = layout
  const length = ipOffset + ipLength - transportOffset
  return internetChecksum(internetSum(bytes, transportOffset, length, pseudoHeaderSum(bytes, layout, length)))
}

/** The checksum over an IPv4 header as it stands: 0 when the one that is in it is right. */
export function ipChecksum(bytes: Uint8Array, layout: FrameLayout): number {
  const { ipOffset } = layout
  return internetChecksum(internetSum(bytes, ipOffset, ((bytes[ipOffset] ?? 0) & 0xf) * 4))
}
