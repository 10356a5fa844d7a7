import type { DhcpMessage } from '../../../devices/network/index.ts'
import type { Extra, Infer } from '../../../wire/index.ts'
import { macAddressText } from './backend.ts'
import { ipv4At, ipv4Bytes } from './ipv4.ts'

type Message = Infer<typeof DhcpMessage> & Extra

/** Message types and options (RFC 2132). */
const dhcpType = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const
const option = {
  pad: 0,
  subnetMask: 1,
  router: 3,
  dnsServers: 6,
  domainName: 15,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  serverId: 54,
  end: 255,
} as const

/** What a server gives out. */
export interface DhcpScope {
  /** The server's own address, which is router and DNS server too. */
  readonly server: number
  readonly mask: number
  /** First address given out, and how many. */
  readonly first: number
  readonly count: number
  readonly domain: string
}

const leaseSeconds = 86_400

/** A DHCP server (RFC 2131): an address for each MAC address, the same one each time, as long as there are any. */
export class DhcpServer {
  readonly #scope: DhcpScope
  readonly #leases = new Map<string, number>()

  constructor(scope: DhcpScope) {
    this.#scope = scope
  }

  /** Addresses given out, by MAC address. */
  get leases(): ReadonlyMap<string, number> {
    return this.#leases
  }

  /** The answer to a message, if there is one. */
  answer(request: Message): Message | undefined {
    if (request.operation !== 1 || request.hardwareSize !== 6) return undefined
    const options = optionsOf(request.options)
    const type = options.get(option.messageType)?.[0]
    const mac = macAddressText(request.clientHardware)
    switch (type) {
      case dhcpType.discover: {
        const address = this.#lease(mac)
        return address === undefined ? undefined : this.#message(request, dhcpType.offer, address)
      }
      case dhcpType.request: {
        const server = options.get(option.serverId)
        if (server !== undefined && ipv4At(server) !== this.#scope.server) return undefined
        const asked = options.get(option.requestedAddress)
        const wanted = asked === undefined ? ipv4At(request.clientAddress) : ipv4At(asked)
        const address = this.#lease(mac)
        if (address === undefined || wanted !== address) return this.#message(request, dhcpType.nak, 0)
        return this.#message(request, dhcpType.ack, address)
      }
      case dhcpType.inform:
        return this.#message(request, dhcpType.ack, 0)
      case dhcpType.release:
      case dhcpType.decline:
        this.#leases.delete(mac)
        return undefined
      default:
        return undefined
    }
  }

  #lease(mac: string): number | undefined {
    const known = this.#leases.get(mac)
    if (known !== undefined) return known
    const used = new Set(this.#leases.values())
    for (let address = this.#scope.first; address < this.#scope.first + this.#scope.count; address++) {
      if (used.has(address)) continue
      this.#leases.set(mac, address)
      return address
    }
    return undefined
  }

  #message(request: Message, type: number, address: number): Message {
    const { server, mask, domain } = this.#scope
    const options: number[] = []
    const add = (code: number, bytes: ArrayLike<number>) => options.push(code, bytes.length, ...Array.from(bytes))
    add(option.messageType, [type])
    add(option.serverId, ipv4Bytes(server))
    if (type !== dhcpType.nak) {
      if (address !== 0) add(option.leaseTime, ipv4Bytes(leaseSeconds))
      add(option.subnetMask, ipv4Bytes(mask))
      add(option.router, ipv4Bytes(server))
      add(option.dnsServers, ipv4Bytes(server))
      if (domain !== '') add(option.domainName, new TextEncoder().encode(domain).subarray(0, 255))
    }
    options.push(option.end)
    return {
      operation: 2,
      hardwareType: request.hardwareType,
      hardwareSize: 6,
      hops: 0,
      transactionId: request.transactionId,
      seconds: 0,
      flags: request.flags,
      clientAddress: type === dhcpType.nak ? new Uint8Array(4) : request.clientAddress,
      yourAddress: ipv4Bytes(address),
      serverAddress: ipv4Bytes(server),
      relayAddress: request.relayAddress,
      clientHardware: request.clientHardware,
      serverName: new Uint8Array(64),
      bootFile: new Uint8Array(128),
      options: Uint8Array.from(options),
    }
  }
}

/** Options by code, the first of each; what is cut off is left out. Addresses are 4 bytes or not there. */
function optionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] ?? option.end
    if (code === option.end) break
    if (code === option.pad) {
      at += 1
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (length > bytes.length - at - 2) break
    const isAddress = code === option.serverId || code === option.requestedAddress
    if (!found.has(code) && (!isAddress || length === 4)) found.set(code, bytes.subarray(at + 2, at + 2 + length))
    at += 2 + length
  }
  return found
}
