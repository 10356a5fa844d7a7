import { describe, expect, it } from 'vitest'
import { NdisOffload, NvspVersion, nvspVersions, RndisMessage } from '../src/devices/network/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { toHex } from '../src/wire/index.ts'
import { NicRig, receiveBufferId, rndisFrame, rndisPacket, word } from './network-rig.ts'

const ok = '6c00000001000000'
const bad = '6c00000002000000'
/** An answer as it is on the wire: padded to 0x28 bytes, or to 0x1c and then to 8. */
const at61 = (hex: string) => hex.padEnd(80, '0')
const before61 = (hex: string) => hex.padEnd(64, '0')
const frame = new Uint8Array(60).fill(0xab)

describe('NVSP negotiation', () => {
  it('[B184] INIT is answered with 0xffffffff (version 1: the version), 34, status 1, for all versions there are', () => {
    for (const version of nvspVersions) {
      const rig = new NicRig()
      const told = version === NvspVersion.V1 ? '02000000' : 'ffffffff'
      expect(rig.init(version)).toBe(before61(`02000000${told}2200000001000000`))
      expect(rig.vsp.version).toBe(version)
    }
  })

  it('[B184][NV-02] another version gets status 0, and the guest may ask again', () => {
    const rig = new NicRig()
    for (const version of [0, 0x6_0002, 0xffff_ffff, 0x5_0001]) {
      expect(rig.init(version)).toBe(before61('02000000ffffffff2200000000000000'))
    }
    expect([rig.isOpen, rig.violations]).toEqual([true, []])
    expect(rig.init(NvspVersion.V5)).toBe(before61('02000000ffffffff2200000001000000'))
  })

  it('[B185] answers are padded to 0x1c bytes before 6.1, to 0x28 at 6.1; longer messages of the guest are accepted', () => {
    for (const [version, size] of [
      [NvspVersion.V6, 32],
      [NvspVersion.V61, 40],
    ] as const) {
      const rig = new NicRig()
      rig.init(version)
      rig.config()
      const answer = rig.receiveBuffer()
      expect(answer.length / 2).toBe(size)
      expect(rig.ask('680000000000000000000000', 200).length / 2).toBe(size)
    }
  })

  it('[B185][NV-01] any message but INIT first stops the channel', () => {
    for (const type of ['65000000', '7d000000', '6b000000', '81000000', '02000000', 'e7030000']) {
      const rig = new NicRig()
      expect(rig.ask(type)).toBe('none')
      expect(rig.isOpen).toBe(false)
      expect(rig.violations.length).toBe(1)
    }
  })

  it('[B185][NV-04] a type that the version does not have, or that is none, stops the channel', () => {
    const stops = (version: number, type: string) => {
      const rig = new NicRig()
      rig.init(version)
      rig.ask(type)
      return !rig.isOpen
    }
    expect(stops(NvspVersion.V4, '8500000001000000')).toBe(true)
    expect(stops(NvspVersion.V1, '7d000000ea050000')).toBe(true)
    expect(stops(NvspVersion.V2, '8100000000000000')).toBe(true)
    for (let type = 109; type <= 124; type++) expect(stops(NvspVersion.V61, word(type))).toBe(true)
    expect(stops(NvspVersion.V61, word(999))).toBe(true)
    expect(stops(NvspVersion.V61, word(128))).toBe(true)
  })

  it('[B185][NV-05] a message one byte short of its fields stops the channel, and is not used', () => {
    // The ring pads to 8, so the last byte can be missing only where the length is no multiple of 8.
    for (const [hex, version] of [
      ['6b000000000000', NvspVersion.V61],
      ['85000000010000', NvspVersion.V61],
      ['81000000', NvspVersion.V61],
    ] as const) {
      const rig = new NicRig()
      rig.init(version)
      rig.askPacket(fromHex(hex.slice(0, 8)))
      expect(rig.isOpen).toBe(hex === '81000000')
    }
    const rig = new NicRig()
    rig.init()
    rig.askPacket(fromHex('7d000000ea050000'))
    expect(rig.isOpen).toBe(false)
    expect(rig.violations).toEqual(['host nvsp-bad-message SHORT'])
  })

  it('[B186] the order: config and NDIS version with empty completions, then the buffers', () => {
    const rig = new NicRig()
    rig.init()
    expect([rig.config(), rig.ndis()]).toEqual(['', ''])
    // 64 pages hold 145 pieces of 1806 bytes.
    expect(rig.receiveBuffer()).toBe(
      at61(`660000000100000001000000${word(0)}${word(1806)}${word(145)}${word(145 * 1806)}`),
    )
    expect(rig.sendBuffer()).toBe(at61('690000000100000000180000'))
    expect(rig.violations).toEqual([])
  })

  it('[B186][NV-07][NV-08] twice, or a receive buffer before the config, stops the channel', () => {
    const run = (steps: (rig: NicRig) => void) => {
      const rig = new NicRig()
      rig.init()
      steps(rig)
      return [rig.isOpen, rig.violations.at(-1)]
    }
    expect(run((rig) => [rig.config(), rig.config()])).toEqual([false, 'host nvsp-unexpected-message DUP'])
    expect(run((rig) => [rig.ndis(), rig.ndis()])).toEqual([false, 'host nvsp-unexpected-message DUP'])
    expect(run((rig) => rig.init())).toEqual([false, 'host nvsp-unexpected-message DUP'])
    expect(run((rig) => rig.receiveBuffer())).toEqual([false, 'host nvsp-unexpected-message STATE'])
    expect(run((rig) => [rig.config(), rig.receiveBuffer(), rig.receiveBuffer()])).toEqual([
      false,
      'host nvsp-unexpected-message DUP',
    ])
    expect(run((rig) => [rig.config(), rig.sendBuffer(), rig.sendBuffer()])).toEqual([
      false,
      'host nvsp-unexpected-message DUP',
    ])
  })

  it('version 1 has no config: the receive buffer comes at once', () => {
    const rig = new NicRig()
    rig.init(NvspVersion.V1)
    expect(rig.receiveBuffer().slice(0, 16)).toBe('6600000001000000')
  })

  it('[B187][OK-13] a piece is 256 + frame size + 36; a size out of range counts as 1514', () => {
    for (const [mtu, size] of [
      [1514, 1806],
      [9216, 9508],
      [1513, 1806],
      [9217, 1806],
      [0, 1806],
      [0xffff_ffff, 1806],
    ] as const) {
      const rig = new NicRig()
      rig.init()
      rig.config(mtu)
      const answer = rig.receiveBuffer(256)
      expect(answer.slice(32, 48)).toBe(word(size) + word(Math.floor((256 * 4096) / size)))
      expect(rig.isOpen).toBe(true)
    }
  })

  it('[NV-10][NV-11] a buffer that is none, or too small, is refused with a failure status', () => {
    const rig = new NicRig({ queues: 4 })
    rig.init()
    rig.config()
    const failure = at61('660000000200000000000000')
    expect(rig.ask({ type: 'NvspSendReceiveBuffer', gpadlId: 0xdead, id: receiveBufferId })).toBe(failure)
    expect(rig.ask({ type: 'NvspSendSendBuffer', gpadlId: 0xdead, id: 0 })).toBe(at61('690000000200000000000000'))
    const small = rig.show(8)
    expect(rig.ask({ type: 'NvspSendReceiveBuffer', gpadlId: small.gpadlId, id: receiveBufferId })).toBe(failure)
    expect(rig.ask({ type: 'NvspSendSendBuffer', gpadlId: rig.show(1).gpadlId, id: 0 })).toBe(
      at61('690000000200000000000000'),
    )
    // A good one is taken afterwards: 9 pages hold 20 pieces, 16 for control and one for each of 4 queues.
    expect(rig.receiveBuffer(9).slice(0, 16)).toBe('6600000001000000')
    expect([rig.isOpen, rig.violations]).toEqual([true, []])
  })

  it('[B188][NV-13] RNDIS needs a receive buffer, not a send buffer', () => {
    const rig = new NicRig()
    rig.init()
    rig.config()
    rig.ndis()
    rig.receiveBuffer()
    expect(rig.initialize()).toBe(at61(ok))
    expect(rig.filter(0xd)).toBe('0x0')
    expect(rig.byPages(rndisFrame(frame))).toBe(at61(ok))
    const other = new NicRig()
    other.init()
    other.config()
    expect(other.initialize()).toBe('none')
    expect([other.isOpen, other.violations]).toEqual([false, ['host nvsp-unexpected-message STATE']])
  })
})

describe('RNDIS control', () => {
  it('[B189] INITIALIZE: the packet is completed, then the answer comes as transfer pages', () => {
    const rig = new NicRig()
    rig.init()
    rig.config()
    rig.ndis()
    rig.receiveBuffer()
    expect(rig.initialize(0x1234)).toBe(at61(ok))
    expect(rig.nic.arrivals).toHaveLength(1)
    expect(rig.nic.arrivals[0]).toMatchObject({ setId: receiveBufferId, ranges: [{ byteOffset: 0, byteCount: 52 }] })
    expect(rig.answers()).toEqual([
      {
        type: 'RndisInitializeComplete',
        header: { messageLength: 52 },
        requestId: 0x1234,
        status: 0,
        majorVersion: 1,
        minorVersion: 0,
        deviceFlags: 1,
        medium: 0,
        maximumPacketsPerMessage: 8,
        maximumTransferSize: 0xefff_ffff,
        packetAlignmentFactor: 3,
        addressFamilyListOffset: 0,
        addressFamilyListSize: 0,
      },
    ])
  })

  it('[B190] answers have the request id; an unknown OID is not supported; a keep-alive is answered', () => {
    const rig = new NicRig().bringUp()
    expect(rig.query(0x1234_5678)).toEqual({ status: 0xc000_00bb, hex: '' })
    expect(rig.set(0x1234_5678, fromHex('00000000'))).toBe('0xc00000bb')
    expect(rig.set(0x1_010e, fromHex('0d'))).toBe('0xc0010015')
    rig.nic.arrivals.length = 0
    rig.control({ type: 'RndisKeepAliveRequest', header: { messageLength: 12 }, requestId: 0xabcd })
    expect(rig.answers()).toEqual([
      { type: 'RndisKeepAliveComplete', header: { messageLength: 16 }, requestId: 0xabcd, status: 0 },
    ])
  })

  it('[B190] offloads need NDIS 6: another version is a bad one', () => {
    const rig = new NicRig()
    rig.init()
    rig.config()
    rig.ndis(5, 1)
    rig.receiveBuffer()
    rig.initialize()
    expect(rig.query(0xfc01_020d).status).toBe(0xc001_0004)
    expect(rig.set(0xfc01_020c, new Uint8Array(28))).toBe('0xc0010004')
  })

  it('[B191] what the NIC tells of itself', () => {
    const rig = new NicRig({ macAddress: '00:15:5d:0a:0b:0c', linkSpeed: 40_000_000_000 }).bringUp()
    const value = (oid: number) => rig.query(oid).hex
    expect(value(0x1_0113)).toBe(word(0x24d))
    expect(value(0x1_010c)).toBe(word(0x155d))
    expect(value(0x1_0107)).toBe(word(400_000_000))
    expect(value(0x1_0111)).toBe(word(1514))
    expect(value(0x1_0106)).toBe(word(1500))
    expect([value(0x101_0101), value(0x101_0102)]).toEqual(['00155d0a0b0c', '00155d0a0b0c'])
    expect(value(0x1_0114)).toBe(word(0))
    expect(value(0x1_010e)).toBe(word(0xd))
    expect(value(0x1_0101).length).toBeGreaterThan(200)
  })

  it('offload capabilities come in the revision that the guest asks for', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { rsc: true })
    for (const [revision, size] of [
      [1, 112],
      [2, 144],
      [3, 156],
    ] as const) {
      const { status, hex } = rig.query(0xfc01_020d, Uint8Array.of(0xa7, revision, size, 0, ...new Uint8Array(152)))
      expect([status, hex.slice(0, 8), hex.length / 2]).toEqual([0, `a70${revision}${size.toString(16)}00`, size])
    }
    const { hex } = rig.query(0xfc01_020d)
    const offload = NdisOffload.decode(fromHex(hex))
    expect(offload.checksum.ipv4TransmitChecksum & 0x14).toBe(0x14)
    expect(offload.checksum.ipv6TransmitChecksum & 0x15).toBe(0x15)
    expect(offload.largeSendV2).toMatchObject({ ipv4Encapsulation: 2, ipv6Encapsulation: 2, ipv6Options: 4 })
    expect(offload.rsc).toEqual({ ipv4: 1, ipv6: 1 })
  })

  it('[B198][RN-28] RESET, INDICATE_STATUS, SET_EX, a second INITIALIZE, and unknown types stop the channel; HALT does not', () => {
    const stops = (hex: string) => {
      const rig = new NicRig().bringUp()
      const before = rig.violations.length
      rig.control(fromHex(hex))
      expect(rig.violations.length - before).toBe(rig.isOpen ? 0 : 1)
      return !rig.isOpen
    }
    expect(stops('060000000c00000000000000')).toBe(true)
    expect(stops('0700000014000000000000000000000000000000')).toBe(true)
    expect(stops('090000001c0000000100000000000000000000000000000000000000')).toBe(true)
    expect(stops('ff7f00000c00000000000000')).toBe(true)
    expect(stops('020000001800000002000000010000000000000000400000')).toBe(true)
    expect(stops('030000000c00000001000000')).toBe(false)
  })

  it('[RN-01][RN-03] control messages that are cut off stop the channel', () => {
    for (const hex of ['0400', '04000000', '040000001c000000', `05000000ff000000${'00'.repeat(20)}`]) {
      const rig = new NicRig().bringUp()
      rig.control(fromHex(hex))
      // Two bytes have no type: then it is a packet that fails.
      expect([hex, rig.isOpen]).toEqual([hex, hex === '0400'])
      expect(rig.violations.length).toBe(1)
    }
  })

  it('[RN-18][RN-19] OIDs of the host’s own switch are not supported, whatever they carry', () => {
    const rig = new NicRig().bringUp()
    for (const size of [0x20, 0x24]) {
      const object = new Uint8Array(size).fill(0x41)
      object.set([0x80, 1, size, 0])
      expect(rig.set(0x1_0270, object)).toBe('0xc00000bb')
    }
    for (const oid of [0x1_0294, 0x1_0245, 0x1_0242]) {
      const object = new Uint8Array(2304).fill(0xff)
      object.set([0x80, 1, 0, 9])
      expect(rig.set(oid, object)).toBe('0xc00000bb')
    }
    expect([rig.isOpen, rig.violations]).toEqual([true, []])
  })

  it('[RN-21] information outside the message is invalid data', () => {
    const rig = new NicRig().bringUp()
    for (const [offset, length] of [
      [19, 4],
      [21, 4],
      [0xffff_fffc, 8],
      [20, 0xffff_ffff],
    ] as const) {
      for (const type of [4, 5]) {
        const before = rig.nic.arrivals.length
        rig.control(
          fromHex(
            `${word(type)}${word(32)}${word(9)}${word(0x1_010e)}${word(length)}${word(offset)}${word(0)}0d000000`,
          ),
        )
        expect(rig.answers(before)).toMatchObject([{ requestId: 9, status: 0xc001_0015 }])
      }
    }
    expect(rig.isOpen).toBe(true)
  })

  it('[RN-24] configuration parameters: lengths, offsets, and text are checked', () => {
    const rig = new NicRig().bringUp()
    const text = (value: string) =>
      toHex(new Uint8Array(Uint16Array.from(value, (letter) => letter.charCodeAt(0)).buffer))
    const parameter = (
      name: string,
      value: string,
      change: Partial<Record<'nameLength' | 'nameOffset' | 'valueLength' | 'valueOffset', number>> = {},
    ) => {
      const nameLength = change.nameLength ?? name.length / 2
      const valueLength = change.valueLength ?? value.length / 2
      const head = [change.nameOffset ?? 20, nameLength, 2, change.valueOffset ?? 20 + name.length / 2, valueLength]
      return rig.set(0x1_021b, fromHex(head.map(word).join('') + name + value))
    }
    const name = text('NetworkAddress')
    expect(parameter(name, text('00155D0A0B0C'))).toBe('0x0')
    const invalid = '0xc0010015'
    expect(parameter(name, text(' 0155D0A0B0C'))).toBe(invalid)
    expect(parameter(name, text('00155D0A0B0C'), { nameLength: 256 })).toBe(invalid)
    expect(parameter(name, text('00155D0A0B0C'), { nameLength: 27 })).toBe(invalid)
    expect(parameter(name, text('00155D0A0B0C'), { nameOffset: 0xffff_fff0 })).toBe(invalid)
    expect(parameter(name, text('00155D0A0B0C'), { valueLength: 256 })).toBe(invalid)
    expect(parameter(name, text('00155D0A0B0C'), { valueLength: 25 })).toBe(invalid)
    expect(parameter(name, text('00155D0A0B0C'), { valueOffset: 200 })).toBe(invalid)
    expect(parameter(text('\ud800x'), text('1'))).toBe(invalid)
    expect(parameter('', text('1'))).toBe(invalid)
    expect(rig.set(0x1_021b, new Uint8Array(19))).toBe(invalid)
  })

  it('[RN-25] a multicast list is whole addresses, and not too many; refused, it stays', () => {
    const rig = new NicRig().bringUp()
    const list = '01005e00000133330000000a'
    expect(rig.set(0x101_0103, fromHex(list))).toBe('0x0')
    expect(rig.set(0x101_0103, fromHex(`${list}00`))).toBe('0xc0010015')
    expect(rig.set(0x101_0103, new Uint8Array(33 * 6))).toBe('0xc0010015')
    expect(rig.query(0x101_0103).hex).toBe(list)
  })

  it('[B204][RN-27] control messages wait for buffers, up to 100 KiB; more stops the channel', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { pages: 11 })
    rig.nic.completes = false
    const ask = () => rig.control(fromHex(`040000001c000000${word(1)}${word(0x1_0101)}${word(0)}${word(20)}${word(0)}`))
    for (let index = 0; index < 30; index++) ask()
    // 24 pieces there are, all of them free for control.
    expect(rig.nic.arrivals).toHaveLength(24)
    const [first] = rig.nic.arrivals
    first?.complete()
    rig.bus.settle()
    expect(rig.nic.arrivals).toHaveLength(25)
    for (let index = 0; index < 700 && rig.isOpen; index++) ask()
    expect([rig.isOpen, rig.violations]).toEqual([false, ['host nvsp-unexpected-message LIMIT']])
  })

  it('[B204] 16 pieces of the receive buffer are kept for control', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { pages: 11 })
    rig.nic.completes = false
    let taken = 0
    while (rig.vsp.receive({ bytes: frame })) taken++
    rig.bus.settle()
    expect([taken, rig.nic.arrivals.length]).toEqual([8, 8])
    expect(rig.query(0x1_010c).status).toBe(0)
  })

  it('[B204][NV-14] REVOKE is part of Linux’s teardown: accepted without an answer, and the buffer is not touched again', () => {
    const rig = new NicRig().bringUp()
    rig.nic.completes = false
    expect(rig.vsp.receive({ bytes: frame })).toBe(true)
    rig.bus.settle()
    rig.ask(`67000000${word(1)}`)
    expect([rig.isOpen, rig.violations]).toEqual([true, ['host nvsp-refused-message UNKNOWN-ID']])
    expect(rig.vsp.isReceiving).toBe(true)
    const revoke = new Uint8Array(40)
    revoke.set(fromHex('67000000feca'))
    rig.nic.channel?.send(revoke)
    revoke.set(fromHex('6a0000000000'))
    rig.nic.channel?.send(revoke)
    rig.bus.settle()
    expect([rig.isOpen, rig.vsp.isReceiving, rig.vsp.receive({ bytes: frame })]).toEqual([true, false, false])
    const before = toHex(rig.bus.memory.direct((rig.nic.receive?.first ?? 0) * 4096, 4096) ?? new Uint8Array(0))
    for (const { complete } of rig.nic.arrivals) complete()
    rig.bus.settle()
    expect(rig.violations).toHaveLength(1)
    expect(toHex(rig.bus.memory.direct((rig.nic.receive?.first ?? 0) * 4096, 4096) ?? new Uint8Array(0))).toBe(before)
  })

  it('[TR-11] a GPADL that is torn down is not written again, even without REVOKE', () => {
    const rig = new NicRig().bringUp()
    const [gpadlId = 0] = rig.nic.gpadls
    rig.nic.device?.teardownGpadl(gpadlId, () => {})
    rig.bus.settle()
    expect(rig.vsp.receive({ bytes: frame })).toBe(false)
    expect(rig.isOpen).toBe(true)
  })
})

describe('link, virtual function', () => {
  it('[B203] link down and up are indications; the same again is the other for 5 s', () => {
    const later: (readonly [run: () => void, milliseconds: number])[] = []
    const rig = new NicRig({}, { host: { later: (run, milliseconds) => later.push([run, milliseconds]) } }).bringUp()
    const told = () => {
      rig.bus.settle()
      const messages = rig.answers()
      rig.nic.arrivals.length = 0
      return messages.map((message) => (message.type === 'RndisIndicateStatus' ? message.status.toString(16) : '?'))
    }
    rig.vsp.setLink(false)
    expect(told()).toEqual(['4001000c'])
    expect(rig.query(0x1_0114).hex).toBe(word(1))
    rig.nic.arrivals.length = 0
    rig.vsp.setLink(true)
    expect(told()).toEqual(['4001000b'])
    rig.vsp.setLink(true)
    expect(told()).toEqual(['4001000c'])
    expect(later.map(([, milliseconds]) => milliseconds)).toEqual([5000])
    later[0]?.[0]()
    expect(told()).toEqual(['4001000b'])
    // What is set meanwhile stays.
    rig.vsp.setLink(true)
    rig.vsp.setLink(true)
    rig.vsp.setLink(false)
    expect(told()).toEqual(['4001000c', '4001000b', '4001000c'])
    later[1]?.[0]()
    expect([told(), rig.vsp.isLinkUp]).toEqual([[], false])
    rig.vsp.setLink(true)
    expect(rig.vsp.isLinkUp).toBe(true)
  })

  it('an ejected NIC pulls the cable, completes what still comes, and goes once the guest is quiet', async () => {
    const waiting: (() => void)[] = []
    const rig = new NicRig({}, { host: { later: (run) => waiting.push(run) } }).bringUp()
    const gone = rig.vsp.eject()
    rig.bus.settle()
    expect(rig.answers()).toMatchObject([{ type: 'RndisIndicateStatus', status: 0x4001_000c }])
    for (let look = 0; look < 10; look++) {
      if (look < 4) expect(rig.byPages(rndisFrame(frame))).toBe(at61(ok))
      expect(rig.vsp.isOffered).toBe(true)
      waiting.shift()?.()
    }
    expect([rig.vsp.isOffered, waiting]).toEqual([false, []])
    await gone
    rig.bus.settle()
    expect(rig.nic.device).toBe(undefined)
  })

  it('an ejected NIC goes in the end, though its guest is never quiet', () => {
    const waiting: (() => void)[] = []
    const rig = new NicRig({}, { host: { later: (run) => waiting.push(run) } }).bringUp()
    void rig.vsp.eject()
    let looks = 0
    for (; rig.vsp.isOffered; looks++) {
      rig.byPages(rndisFrame(frame))
      waiting.shift()?.()
    }
    expect(looks).toBe(151)
  })

  it('[B203] indications wait while no receive buffer is free', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { pages: 11 })
    rig.nic.completes = false
    for (let index = 0; index < 24; index++) rig.query(0x1_010c)
    rig.vsp.setLink(false)
    rig.bus.settle()
    expect(rig.nic.arrivals).toHaveLength(24)
    rig.nic.arrivals[0]?.complete()
    rig.bus.settle()
    expect(rig.answers(24)).toMatchObject([{ type: 'RndisIndicateStatus', status: 0x4001_000c }])
  })

  it('[B202] a virtual function is told after RNDIS is up, with a completion that nobody need send', () => {
    const rig = new NicRig({ virtualFunction: 7 })
    rig.init()
    rig.config(1514, true)
    rig.ndis()
    rig.receiveBuffer()
    expect(rig.nic.notes).toEqual([])
    rig.initialize()
    expect(rig.nic.notes).toEqual([{ hex: at61('800000000100000007000000'), flags: 1, id: 0x8000_0000_0000_0000n }])
    expect(rig.ask('8100000001000000')).toBe('')
    rig.vsp.removeVirtualFunction()
    rig.bus.settle()
    expect(rig.nic.notes[1]?.hex).toBe(at61('800000000000000007000000'))
    rig.vsp.addVirtualFunction(9)
    rig.bus.settle()
    expect(rig.nic.notes[2]?.hex).toBe(at61('800000000100000009000000'))
    expect(rig.violations).toEqual([])
  })

  it('[B202][OK-16] a thousand notes without completion take nothing away', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { sriov: true })
    for (let index = 0; index < 1000; index++) {
      rig.vsp.addVirtualFunction(index)
      rig.bus.settle()
    }
    expect([rig.nic.notes.length, rig.vsp.channel?.requestsInFlight]).toEqual([1000, 0])
    // One that comes is no violation.
    rig.nic.channel?.sendCompletion(0, 0x8000_0000)
    rig.bus.settle()
    expect(rig.violations).toEqual([])
  })

  it('[B202][TR-14] without the capability, or before version 4, nothing is told of it', () => {
    for (const [version, sriov] of [
      [NvspVersion.V61, false],
      [NvspVersion.V2, true],
    ] as const) {
      const rig = new NicRig({ virtualFunction: 7 }).bringUp(version, { sriov })
      rig.vsp.removeVirtualFunction()
      rig.vsp.removeVirtualFunction()
      rig.bus.settle()
      expect(rig.nic.notes).toEqual([])
    }
  })

  it('[NV-16] a data path that there is not, twice, or on a sub-channel, is refused', () => {
    const failure = at61(bad)
    const rig = new NicRig({ queues: 2 }).bringUp(NvspVersion.V61, { sriov: true })
    const toFunction = '8100000001000000'
    expect(rig.ask(toFunction)).toBe(failure)
    rig.vsp.addVirtualFunction(1)
    expect(rig.ask(toFunction)).toBe('')
    expect(rig.ask(toFunction)).toBe(failure)
    expect(rig.vsp.receive({ bytes: frame })).toBe(false)
    expect(rig.ask('8100000000000000')).toBe('')
    expect(rig.vsp.receive({ bytes: frame })).toBe(true)
    rig.ask('850000000100000001000000')
    expect(rig.ask(toFunction, 40, rig.nic.channels.get(1))).toBe(failure)
    expect(rig.isOpen).toBe(true)
  })
})

describe('state', () => {
  it('after the channel is closed it begins anew', () => {
    const rig = new NicRig().bringUp()
    rig.nic.close()
    rig.bus.settle()
    rig.bus.guest.bind(rig.nic, () => {})
    rig.bus.settle()
    expect([rig.vsp.version, rig.vsp.isReceiving]).toEqual([undefined, false])
    rig.bringUp(NvspVersion.V5)
    expect([rig.vsp.version, rig.vsp.isReceiving, rig.violations]).toEqual([NvspVersion.V5, true, []])
  })

  it('packets of other types stop the channel', () => {
    const rig = new NicRig().bringUp()
    rig.nic.channel?.request(rndisPacket(0, 0, 0), () => {}, { setId: 1, ranges: [] })
    rig.bus.settle()
    expect(rig.isOpen).toBe(false)
    expect(RndisMessage.name).toBe('RndisMessage')
  })
})
