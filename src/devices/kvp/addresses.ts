/** The 4 bytes of `10.0.0.1`, in network order; `undefined` when it is no IPv4 address. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined
  return Uint8Array.from(parts, Number)
}

/** An IPv4 address as text. */
export function formatIpv4(bytes: Uint8Array): string {
  return bytes.join('.')
}

/** The 16 bytes of `fe80::1` in network order, a zone behind `%` left out; `undefined` when it is no IPv6 address. Source: RFC 4291 2.2. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const [address = ''] = text.split('%')
  const halves = address.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<number>(tail === undefined ? 0 : missing).fill(0), ...(tail ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

/** 16-bit groups; an IPv4 address at the end counts for two. */
function groupsOf(text: string): number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    const ipv4 = index === parts.length - 1 ? parseIpv4(part) : undefined
    if (ipv4 !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = ipv4
      groups.push((a << 8) | b, (c << 8) | d)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** An IPv6 address as text, in the one short form of RFC 5952: the longest run of two zero groups or more is left out. */
export function formatIpv6(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index).toString(16))
  let [from, count] = [0, 1]
  for (let start = 0; start < 8; start++) {
    let end = start
    while (groups[end] === '0') end++
    if (end - start > count) [from, count] = [start, end - start]
  }
  if (count === 1) return groups.join(':')
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + count).join(':')}`
}
