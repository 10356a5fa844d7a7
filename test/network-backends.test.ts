import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import {
  ArpPacket,
  DhcpMessage,
  DnsMessage,
  EthernetFrame,
  FrameLayout,
  IcmpEcho,
  Ipv4Packet,
  internetChecksum,
  internetSum,
  ipChecksum,
  transportChecksum,
  UdpDatagram,
} from '../src/devices/network/index.ts'
import { createBus } from '../src/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { CapturedBackend, framesOf, linuxBoot, PcapngWriter, parseTranscript, writePcapng } from '../src/trace/index.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { ipv4Bytes, ipv4Frame, ipv4Of, udpDatagram } from '../src/vsp/network/backends/ipv4.ts'
import {
  type Frame,
  Gateway,
  ImpairedBackend,
  LoopbackBackend,
  macAddressOf,
  macAddressText,
  type NetworkBackend,
  NetworkSwitch,
  NetworkVsp,
  type Nic,
  NullBackend,
  type TransmitFrame,
} from '../src/vsp/network/index.ts'
import { toHex } from '../src/wire/index.ts'
import { recordingText } from './transcripts.ts'

/** The guest's side of a cable: keeps what comes. */
class TestNic implements Nic {
  readonly got: Uint8Array[] = []
  readonly macAddress: Uint8Array
  constructor(number = 1) {
    this.macAddress = Uint8Array.of(2, 0, 0, 0, 0, number)
  }
  receive({ bytes }: Frame): boolean {
    this.got.push(bytes.slice())
    return true
  }
}

function sent(bytes: Uint8Array): TransmitFrame {
  return { bytes, queue: 0, defer: () => () => {} }
}

/** A frame from one NIC to another, with a number in it. */
function between(from: Nic, to: Nic | 'all', number = 0): TransmitFrame {
  const destination = to === 'all' ? new Uint8Array(6).fill(0xff) : to.macAddress
  return sent(Uint8Array.of(...destination, ...from.macAddress, 0x88, 0xb5, number))
}

const numbers = (nic: TestNic) => nic.got.map((bytes) => bytes[14])

describe('the switch', () => {
  it('learns who is where: until then a frame goes to all others, then to one', () => {
    const lan = new NetworkSwitch()
    const [a, b, c] = [new TestNic(1), new TestNic(2), new TestNic(3)]
    for (const nic of [a, b, c]) lan.plugged(nic)
    lan.transmit(between(a, b, 1), a)
    lan.transmit(between(b, a, 2), b)
    lan.transmit(between(a, b, 3), a)
    lan.transmit(between(c, 'all', 4), c)
    expect([numbers(a), numbers(b), numbers(c)]).toEqual([[2, 4], [1, 3, 4], [1]])
  })

  it('never gives a frame back, and forgets who is unplugged', () => {
    const lan = new NetworkSwitch()
    const [a, b, c] = [new TestNic(1), new TestNic(2), new TestNic(3)]
    for (const nic of [a, b, c]) lan.plugged(nic)
    lan.transmit(between(b, 'all', 1), b)
    lan.transmit(between(b, b, 2), b)
    lan.unplugged(b)
    lan.transmit(between(a, b, 3), a)
    expect([numbers(a), numbers(b), numbers(c), lan.ports]).toEqual([[1], [], [1, 3], 2])
    lan.transmit(sent(new Uint8Array(13)), a)
    expect(numbers(c)).toEqual([1, 3])
  })

  it('follows an address that moves, and takes no group address for a sender', () => {
    const lan = new NetworkSwitch()
    const [a, b, c] = [new TestNic(1), new TestNic(2), new TestNic(3)]
    for (const nic of [a, b, c]) lan.plugged(nic)
    lan.transmit(between(a, 'all'), a)
    lan.transmit(between(a, 'all'), b)
    a.got.length = b.got.length = c.got.length = 0
    lan.transmit(between(c, a, 7), c)
    expect([numbers(a), numbers(b)]).toEqual([[], [7]])
    const group = Uint8Array.of(...a.macAddress, 1, 0, 0, 0, 0, 9, 0x88, 0xb5, 8)
    lan.transmit(sent(group), c)
    lan.transmit(sent(Uint8Array.of(1, 0, 0, 0, 0, 9, ...a.macAddress, 0x88, 0xb5, 9)), b)
    expect([numbers(a), numbers(c)]).toEqual([[9], [9]])
  })

  it('a flood of addresses costs no more than it may', () => {
    const lan = new NetworkSwitch()
    const [a, b] = [new TestNic(1), new TestNic(2)]
    lan.plugged(a)
    lan.plugged(b)
    const frame = between(a, b)
    for (let index = 0; index < 20_000; index++) {
      // Behind the destination's number, so that none of them is that.
      new DataView(frame.bytes.buffer).setUint32(8, index + 16)
      lan.transmit(frame, a)
    }
    expect(b.got.length).toBe(20_000)
  })

  it('other back ends can be plugged in', () => {
    const lan = new NetworkSwitch()
    const a = new TestNic(1)
    lan.plugged(a)
    const port = lan.plug(new LoopbackBackend())
    lan.plug(new NullBackend())
    lan.transmit(between(a, 'all', 5), a)
    expect([numbers(a), lan.ports]).toEqual([[5], 3])
    lan.unplugged(port)
    expect(lan.ports).toBe(2)
  })
})

describe('the gateway', () => {
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 1)
  const gatewayMac = macAddressOf('00:15:5d:ff:00:01')
  const ends = (destination: string, source = '10.0.0.100') => ({
    source: ipv4Of(source) ?? 0,
    destination: ipv4Of(destination) ?? 0,
    sourceMac: mac,
    destinationMac: gatewayMac,
  })
  const cabled = (options = {}) => {
    const gateway = new Gateway(options)
    const nic = new TestNic(1)
    return { gateway, nic, send: (bytes: Uint8Array) => gateway.transmit(sent(bytes), nic) }
  }
  /** The IPv4 packet of a frame, whose checksums are right. */
  const packetOf = (frame: Uint8Array | undefined) => {
    const bytes = frame ?? new Uint8Array(14)
    const layout = new FrameLayout().parse(bytes, 0, bytes.length)
    expect(ipChecksum(bytes, layout)).toBe(0)
    if (layout.protocol === 17) expect(transportChecksum(bytes, layout)).toBe(0)
    return Ipv4Packet.decode(bytes.subarray(14))
  }

  it('answers ARP for itself, and for no one else', () => {
    const { nic, send } = cabled()
    const ask = (address: string) =>
      EthernetFrame.encode({
        destination: new Uint8Array(6).fill(0xff),
        source: mac,
        etherType: 0x0806,
        payload: ArpPacket.encode({
          operation: 1,
          senderHardware: mac,
          senderProtocol: ipv4Bytes(ipv4Of('10.0.0.100') ?? 0),
          targetHardware: new Uint8Array(6),
          targetProtocol: ipv4Bytes(ipv4Of(address) ?? 0),
        }),
      })
    send(ask('10.0.0.2'))
    expect(nic.got).toEqual([])
    send(ask('10.0.0.1'))
    expect(toHex(nic.got[0] ?? mac)).toBe(
      '02000000000100155dff0001080600010800060400020015' + '5dff00010a0000010200000000010a000064',
    )
  })

  it('echoes whatever is pinged through it, with right checksums', () => {
    const { nic, send } = cabled()
    const echo = IcmpEcho.encode({
      messageType: 8,
      code: 0,
      checksum: 0,
      identifier: 7,
      sequence: 1,
      data: fromHex('0102030405'),
    })
    send(ipv4Frame(ends('8.8.8.8'), 1, echo))
    const packet = packetOf(nic.got[0])
    expect([[...packet.source], [...packet.destination]]).toEqual([
      [8, 8, 8, 8],
      [10, 0, 0, 100],
    ])
    expect(IcmpEcho.decode(packet.payload)).toMatchObject({ messageType: 0, identifier: 7, sequence: 1 })
    expect(internetChecksum(internetSum(packet.payload, 0, packet.payload.length))).toBe(0)
  })

  const dhcp = (client: Uint8Array, options: string) =>
    ipv4Frame(
      { ...ends('255.255.255.255', '0.0.0.0'), destinationMac: new Uint8Array(6).fill(0xff) },
      17,
      udpDatagram(
        68,
        67,
        DhcpMessage.encode({
          operation: 1,
          hardwareType: 1,
          hardwareSize: 6,
          hops: 0,
          transactionId: 0x1234_5678,
          seconds: 0,
          flags: 0,
          clientAddress: new Uint8Array(4),
          yourAddress: new Uint8Array(4),
          serverAddress: new Uint8Array(4),
          relayAddress: new Uint8Array(4),
          clientHardware: client,
          serverName: new Uint8Array(64),
          bootFile: new Uint8Array(128),
          options: fromHex(options),
        }),
      ),
    )
  const leased = (frame: Uint8Array | undefined) => {
    const message = DhcpMessage.decode(UdpDatagram.decode(packetOf(frame).payload).payload)
    return {
      address: [...message.yourAddress].join('.'),
      type: message.options[2],
      id: message.transactionId,
      options: toHex(message.options),
    }
  }

  it('gives out addresses by DHCP: the same to the same client, as long as there are any', () => {
    const { gateway, nic, send } = cabled({ leases: 2, domain: 'lab' })
    const discover = (n: number) => dhcp(Uint8Array.of(2, 0, 0, 0, 0, n), '350101ff')
    send(discover(1))
    expect(leased(nic.got[0])).toMatchObject({ address: '10.0.0.100', type: 2, id: 0x1234_5678 })
    expect(leased(nic.got[0]).options).toBe(
      '35010236040a000001330400015180' + '0104ffffff0003040a00000106040a0000010f036c6162ff',
    )
    send(dhcp(Uint8Array.of(2, 0, 0, 0, 0, 1), '35010336040a00000132040a000064ff'))
    expect(leased(nic.got[1])).toMatchObject({ address: '10.0.0.100', type: 5 })
    send(discover(2))
    send(discover(3))
    send(discover(1))
    expect(nic.got.slice(2).map((frame) => leased(frame).address)).toEqual(['10.0.0.101', '10.0.0.100'])
    send(dhcp(Uint8Array.of(2, 0, 0, 0, 0, 1), '35010332040a0000c8ff'))
    expect(leased(nic.got[4])).toMatchObject({ type: 6, address: '0.0.0.0' })
    send(dhcp(Uint8Array.of(2, 0, 0, 0, 0, 2), '350107ff'))
    expect(gateway.leases).toEqual(new Map([['02:00:00:00:00:01', '10.0.0.100']]))
    send(dhcp(Uint8Array.of(2, 0, 0, 0, 0, 1), '35010336040b000001ff'))
    expect(nic.got.length).toBe(5)
  })

  it('answers DNS from its table', () => {
    const { nic, send } = cabled({ hosts: { 'Example.test': '10.0.0.77' } })
    const ask = (name: string, type = 1, count = 1) => {
      const labels = name.split('.').flatMap((label) => [label.length, ...new TextEncoder().encode(label)])
      const flags = {
        responseCode: 0,
        recursionAvailable: false,
        recursionDesired: true,
        truncated: false,
        authoritative: false,
        operation: 0,
        isResponse: false,
      }
      const records = Uint8Array.of(...labels, 0, 0, type, 0, 1)
      const query = DnsMessage.encode({
        id: 9,
        flags,
        questionCount: count,
        answerCount: 0,
        authorityCount: 0,
        additionalCount: 0,
        records,
      })
      nic.got.length = 0
      send(ipv4Frame(ends('10.0.0.1'), 17, udpDatagram(4000, 53, query)))
      const datagram = UdpDatagram.decode(packetOf(nic.got[0]).payload)
      expect([datagram.sourcePort, datagram.destinationPort]).toEqual([53, 4000])
      const answer = DnsMessage.decode(datagram.payload)
      return [answer.flags.responseCode, answer.answerCount, toHex(answer.records.slice(-4))]
    }
    expect(ask('example.test')).toEqual([0, 1, '0a00004d'])
    expect(ask('EXAMPLE.TEST')).toEqual([0, 1, '0a00004d'])
    expect(ask('gateway.test')).toEqual([0, 1, '0a000001'])
    expect(ask('example.test', 28)).toEqual([0, 0, '001c0001'])
    expect(ask('nowhere.test').slice(0, 2)).toEqual([3, 0])
    expect(ask('example.test', 1, 2).slice(0, 2)).toEqual([4, 0])
  })

  it('puts up with everything else: cut off, with bad checksums, for others', () => {
    const { nic, send } = cabled()
    const good = [
      dhcp(mac, '350101ff'),
      ipv4Frame(
        ends('10.0.0.1'),
        1,
        IcmpEcho.encode({ messageType: 8, code: 0, checksum: 0, identifier: 7, sequence: 1, data: new Uint8Array(0) }),
      ),
      ipv4Frame(ends('10.0.0.1'), 17, udpDatagram(4000, 53, new Uint8Array(13))),
    ]
    for (const frame of good) {
      for (let length = 0; length < frame.length; length++) send(frame.slice(0, length))
      for (let index = 12; index < Math.min(frame.length, 60); index++) {
        const bad = frame.slice()
        bad[index] = (bad[index] ?? 0) ^ 0xff
        send(bad)
      }
    }
    const elsewhere = ipv4Frame(
      { ...ends('10.0.0.1'), destinationMac: Uint8Array.of(2, 0, 0, 0, 0, 9) },
      1,
      fromHex('0800f7ff00000000'),
    )
    send(elsewhere)
    expect(nic.got.length).toBeLessThan(300)
    expect(() => new Gateway({ address: '10.0.0.256' })).toThrow(RangeError)
    expect(() => new Gateway({ prefix: 31 })).toThrow(RangeError)
  })
})

describe('a bad line', () => {
  const run = (seed: number, impairments: object) => {
    const line = new ImpairedBackend(new LoopbackBackend(), { seed, ...impairments })
    const nic = new TestNic(1)
    line.plugged(nic)
    for (let number = 0; number < 200; number++) line.transmit(between(nic, 'all', number), nic)
    line.flush()
    return numbers(nic)
  }

  it('does to the same frames the same by the same seed', () => {
    const bad = { loss: 0.1, duplication: 0.1, reordering: 0.2 }
    expect(run(5, bad)).toEqual(run(5, bad))
    expect(run(5, bad)).not.toEqual(run(6, bad))
    expect(run(5, {})).toEqual(Array.from({ length: 200 }, (_, index) => index))
  })

  it('loses, doubles, and swaps, each by itself', () => {
    expect(run(1, { loss: 1 })).toEqual([])
    expect(run(1, { duplication: 1 }).length).toBe(800)
    const late = run(1, { reordering: 0.3 })
    expect([...late].sort((x, y) => Number(x) - Number(y))).toEqual(Array.from({ length: 200 }, (_, index) => index))
    expect(late).not.toEqual([...late].sort((x, y) => Number(x) - Number(y)))
    const lost = run(1, { loss: 0.2 }).length
    expect([lost > 90, lost < 160]).toEqual([true, true])
  })
})

describe('pcapng', () => {
  const blocksOf = (write: (sink: (block: Uint8Array) => void) => void) => {
    const blocks: string[] = []
    write((block) => blocks.push(toHex(block)))
    return blocks
  }

  it('is, byte for byte, a section, an interface, and packets', () => {
    const blocks = blocksOf((sink) => {
      const writer = new PcapngWriter(sink)
      expect(writer.interface('nic')).toBe(0)
      writer.frame(0, 1.5, fromHex('0102030405'), 'in')
      writer.frame(0, 0, fromHex('01020304'))
      expect(() => writer.frame(1, 0, new Uint8Array(1))).toThrow(RangeError)
    })
    expect(blocks).toEqual([
      '0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000',
      '01000000280000000100000000000000' + '020003006e6963000900010009000000' + '0000000028000000',
      '060000003400000000000000' +
        '00000000002f6859' +
        '0500000005000000' +
        '0102030405000000' +
        '0200040001000000' +
        '00000000' +
        '34000000',
      '060000002400000000000000' + '0000000000000000' + '0400000004000000' + '01020304' + '24000000',
    ])
  })

  it('a tap captures every NIC in both directions, VLAN tags put in', () => {
    const blocks: Uint8Array[] = []
    const backend: NetworkBackend = {
      transmit: (frame, nic) =>
        void nic.receive({ bytes: frame.bytes, vlan: { priority: 3, dropEligible: false, id: 5 } }),
    }
    const bus = createBus()
    const vsp = new NetworkVsp({
      backend: new CapturedBackend(backend, (block) => blocks.push(block), { now: () => 2 }),
    })
    bus.host.offer(vsp)
    let got = 0
    bus.guest.bind(
      new NetworkVsc().on('frame', () => {
        got++
      }),
      () => {},
    )
    bus.settle()
    const nic = new TestNic(9)
    vsp.backend.transmit(between(nic, 'all', 1), nic)
    expect(blocks.map((block) => block[0])).toEqual([0x0a, 1, 6, 6])
    const [, , out, back] = blocks.map(toHex)
    expect(out).toContain('ffffffffffff02000000000988b501')
    expect(back).toContain('ffffffffffff0200000000098100600588b501')
    expect([got, nic.got.length, macAddressText(nic.macAddress)]).toEqual([0, 1, '02:00:00:00:00:09'])
  })

  it('the frames of a recording', () => {
    const transcript = parseTranscript(recordingText('linux-full-6.18-up'))
    const { frames, missing } = framesOf(transcript)
    expect([frames.length, missing]).toEqual([15, 0])
    expect(frames.every(({ bytes }) => bytes.length >= 42)).toBe(true)
    expect(new Set(frames.map(({ channelId }) => channelId)).size).toBe(1)
    // The guest asks who has 10.9.0.1.
    expect(frames.some(({ bytes }) => toHex(bytes).startsWith('ffffffffffff00155d0102030806'))).toBe(true)
    expect(blocksOf((sink) => expect(writePcapng(transcript, sink).frames.length).toBe(15)).length).toBe(17)
    expect(framesOf(linuxBoot)).toEqual({ frames: [], missing: 0 })
  })

  it('vmbus trace writes them', () => {
    const command = (...args: string[]) =>
      spawnSync(process.execPath, ['scripts/run.mjs', 'src/cli/main.ts', 'trace', ...args], { encoding: 'latin1' })
    const path = 'test/fixtures/transcripts/linux-full-6.18-up.json'
    const good = command(path, '--pcapng', '-')
    expect([good.status, good.stderr, good.stdout.slice(0, 4)]).toEqual([0, '15 frames\n', '\n\r\r\n'])
    expect([command(path).status, command('nowhere.json', '--pcapng', '-').status]).toEqual([2, 1])
  })
})
