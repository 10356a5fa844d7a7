/** Types of Ethernet frames. */
export const EtherType = { Ipv4: 0x0800, Arp: 0x0806, Vlan: 0x8100, Ipv6: 0x86dd } as const

/** Protocols over IP. */
export const IpProtocol = { Icmp: 1, Tcp: 6, Udp: 17, Icmpv6: 58 } as const

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

/**
 * Where the headers of a frame are. One object is filled again and again; nothing is allocated, nothing is read outside the frame. What
 * is cut off counts as not there. IPv6 extension headers are not followed: such a packet has no transport header here.
 */
export class FrameLayout {
  /** Type behind any VLAN tag; 0 for a frame too short to have one. */
  etherType = 0
  /** Offset of the IP header; 0 without. */
  ipOffset = 0
  /** 4, 6, or 0. */
  ipVersion: 0 | 4 | 6 = 0
  /** Bytes of the IP packet within the frame, as its header says. */
  ipLength = 0
  /** Protocol over IP; 0 without, and in all fragments. */
  protocol = 0
  /** Offset of the TCP, UDP or ICMP header; 0 without. */
  transportOffset = 0

  /** Looks at the frame that `bytes` are from `start` to `end`; offsets count from the start of `bytes`. */
  parse(bytes: Uint8Array, start: number, end: number): this {
    this.etherType = 0
    this.ipOffset = 0
    this.ipVersion = 0
    this.ipLength = 0
    this.protocol = 0
    this.transportOffset = 0
    if (end - start < 14) return this
    let at = start + 12
    let type = u16(bytes, at)
    if (type === EtherType.Vlan && end - at >= 6) {
      at += 4
      type = u16(bytes, at)
    }
    this.etherType = type
    at += 2
    if (type === EtherType.Ipv4) this.#ipv4(bytes, at, end)
    else if (type === EtherType.Ipv6) this.#ipv6(bytes, at, end)
    return this
  }

  #ipv4(bytes: Uint8Array, at: number, end: number): void {
    const first = bytes[at] ?? 0
    const headerLength = (first & 0xf) * 4
    const total = u16(bytes, at + 2)
    if (end - at < 20 || first >> 4 !== 4 || headerLength < 20 || headerLength > end - at) return
    this.ipOffset = at
    this.ipVersion = 4
    // Large send leaves the length 0: then it is what is there.
    this.ipLength = total >= headerLength && total <= end - at ? total : end - at
    const isFragment = (u16(bytes, at + 6) & 0x3fff) !== 0
    if (!isFragment) this.#transport(bytes[at + 9] ?? 0, at + headerLength, at + this.ipLength)
  }

  #ipv6(bytes: Uint8Array, at: number, end: number): void {
    if (end - at < 40 || (bytes[at] ?? 0) >> 4 !== 6) return
    const payload = u16(bytes, at + 4)
    this.ipOffset = at
    this.ipVersion = 6
    this.ipLength = payload > 0 && payload <= end - at - 40 ? 40 + payload : end - at
    this.#transport(bytes[at + 6] ?? 0, at + 40, at + this.ipLength)
  }

  #transport(protocol: number, at: number, end: number): void {
    const need = protocol === IpProtocol.Tcp ? 20 : 8
    if (end - at < need) return
    this.protocol = protocol
    this.transportOffset = at
  }
}
