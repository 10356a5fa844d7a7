import {
  ArpPacket,
  DhcpMessage,
  EthernetFrame,
  EtherType,
  FrameLayout,
  IcmpEcho,
  IpProtocol,
  internetChecksum,
  internetSum,
  ipChecksum,
  transportChecksum,
} from '../../../devices/network/index.ts'
import { tryDecode } from '../../../wire/index.ts'
import { type Frame, macAddressOf, macAddressText, type NetworkBackend, type Nic } from './backend.ts'
import { DhcpServer } from './dhcp.ts'
import { dnsAnswer } from './dns.ts'
import { type Ends, ipv4At, ipv4Bytes, ipv4Frame, ipv4Of, udpDatagram } from './ipv4.ts'

/** What a gateway is; everything has a default. */
export interface GatewayOptions {
  /** Its own address. Default `10.0.0.1`. */
  readonly address?: string
  /** Bits of the network. Default 24. */
  readonly prefix?: number
  /** Default `00:15:5d:ff:00:01`. */
  readonly macAddress?: string
  /** Number within the network of the first address that it gives out, and how many. Default 100 and 100. */
  readonly firstLease?: number
  readonly leases?: number
  /** Default `test`. */
  readonly domain?: string
  /** Addresses by name, for DNS; the gateway itself is `gateway` and its domain. */
  readonly hosts?: Readonly<Record<string, string>>
}

const port = { dns: 53, dhcpServer: 67, dhcpClient: 68 } as const
const broadcast = 0xffff_ffff
const broadcastMac = new Uint8Array(6).fill(0xff)

/**
 * The gateway of a network that there is not: answers ARP for itself, gives out addresses by DHCP, answers DNS from a table, and echoes
 * every ping that is routed to it. Plug it into a `NetworkSwitch`, or give it to a NIC as its back end.
 */
export class Gateway implements NetworkBackend {
  readonly address: number
  readonly macAddress: Uint8Array
  readonly #dhcp: DhcpServer
  readonly #hosts: ReadonlyMap<string, number>
  readonly #layout = new FrameLayout()

  /** Throws `RangeError` for an address that is none. */
  constructor(options: GatewayOptions = {}) {
    const { address = '10.0.0.1', prefix = 24, macAddress = '00:15:5d:ff:00:01' } = options
    const { firstLease = 100, leases = 100, domain = 'test', hosts = {} } = options
    this.address = requireAddress(address)
    this.macAddress = macAddressOf(macAddress)
    if (!Number.isInteger(prefix) || prefix < 8 || prefix > 30) throw new RangeError(`a network of ${prefix} bits`)
    const mask = (broadcast << (32 - prefix)) >>> 0
    const network = (this.address & mask) >>> 0
    this.#dhcp = new DhcpServer({ server: this.address, mask, first: network + firstLease, count: leases, domain })
    this.#hosts = new Map([
      ['gateway', this.address],
      [`gateway.${domain}`, this.address],
      ...Object.entries(hosts).map(([name, host]) => [name.toLowerCase(), requireAddress(host)] as const),
    ])
  }

  /** Addresses given out, by MAC address. */
  get leases(): ReadonlyMap<string, string> {
    return new Map([...this.#dhcp.leases].map(([mac, address]) => [mac, ipv4Bytes(address).join('.')]))
  }

  transmit(frame: Frame, nic: Nic): void {
    const { value, ok } = tryDecode(EthernetFrame, frame.bytes)
    if (!ok) return
    const to = macAddressText(value.destination)
    if (to !== macAddressText(this.macAddress) && ((value.destination[0] ?? 0) & 1) === 0) return
    if (value.etherType === EtherType.Arp) this.#arp(value.payload, value.source, nic)
    else if (value.etherType === EtherType.Ipv4) this.#ip(frame, value.source, nic)
  }

  #arp(payload: Uint8Array, source: Uint8Array, nic: Nic): void {
    const { value, ok } = tryDecode(ArpPacket, payload)
    if (!ok || value.operation !== 1 || ipv4At(value.targetProtocol) !== this.address) return
    const answer = ArpPacket.encode({
      operation: 2,
      senderHardware: this.macAddress,
      senderProtocol: ipv4Bytes(this.address),
      targetHardware: value.senderHardware,
      targetProtocol: value.senderProtocol,
    })
    this.#send(
      nic,
      EthernetFrame.encode({ destination: source, source: this.macAddress, etherType: EtherType.Arp, payload: answer }),
    )
  }

  #ip({ bytes }: Frame, sourceMac: Uint8Array, nic: Nic): void {
    const layout = this.#layout.parse(bytes, 0, bytes.length)
    const { ipOffset, ipLength, transportOffset, protocol } = layout
    if (layout.ipVersion !== 4 || transportOffset === 0 || ipChecksum(bytes, layout) !== 0) return
    const source = ipv4At(bytes, ipOffset + 12)
    const destination = ipv4At(bytes, ipOffset + 16)
    const payload = bytes.subarray(transportOffset, ipOffset + ipLength)
    const back: Ends = {
      source: destination,
      destination: source,
      sourceMac: this.macAddress,
      destinationMac: sourceMac,
    }
    if (protocol === IpProtocol.Icmp) this.#icmp(payload, back, nic)
    if (protocol !== IpProtocol.Udp) return
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const hasChecksum = view.getUint16(transportOffset + 6) !== 0
    if (hasChecksum && transportChecksum(bytes, layout) !== 0) return
    const length = view.getUint16(transportOffset + 4)
    if (length < 8 || length > payload.length) return
    const data = payload.subarray(8, length)
    const [from, to] = [view.getUint16(transportOffset), view.getUint16(transportOffset + 2)]
    if (to === port.dhcpServer) this.#lease(data, nic)
    else if (to === port.dns && destination === this.address) this.#resolve(data, from, back, nic)
  }

  /** Whoever is pinged answers: behind this gateway everyone is there. */
  #icmp(payload: Uint8Array, back: Ends, nic: Nic): void {
    const { value, ok } = tryDecode(IcmpEcho, payload)
    if (!ok || value.messageType !== 8 || back.source === broadcast) return
    const answer = IcmpEcho.encode({ ...value, messageType: 0, checksum: 0 })
    const checksum = internetChecksum(internetSum(answer, 0, answer.length))
    answer.set([checksum >>> 8, checksum & 0xff], IcmpEcho.offsetOf('checksum'))
    this.#send(nic, ipv4Frame(back, IpProtocol.Icmp, answer))
  }

  #lease(data: Uint8Array, nic: Nic): void {
    const { value, ok } = tryDecode(DhcpMessage, data)
    const answer = ok ? this.#dhcp.answer(value) : undefined
    if (answer === undefined) return
    const own = ipv4At(answer.clientAddress)
    // A client without an address gets it by broadcast, which needs no ARP.
    const ends: Ends = {
      source: this.address,
      destination: own === 0 ? broadcast : own,
      sourceMac: this.macAddress,
      destinationMac: own === 0 ? broadcastMac : answer.clientHardware,
    }
    const datagram = udpDatagram(port.dhcpServer, port.dhcpClient, DhcpMessage.encode(answer))
    this.#send(nic, ipv4Frame(ends, IpProtocol.Udp, datagram))
  }

  #resolve(data: Uint8Array, from: number, back: Ends, nic: Nic): void {
    const answer = dnsAnswer(data, (name) => this.#hosts.get(name))
    if (answer !== undefined) this.#send(nic, ipv4Frame(back, IpProtocol.Udp, udpDatagram(port.dns, from, answer)))
  }

  #send(nic: Nic, bytes: Uint8Array): void {
    nic.receive({ bytes, isChecked: true })
  }
}

function requireAddress(text: string): number {
  const address = ipv4Of(text)
  if (address === undefined) throw new RangeError(`no IPv4 address: ${text}`)
  return address
}
