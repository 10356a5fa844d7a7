import { describe, expect, it } from 'vitest'
import {
  defaultHashKey,
  FrameLayout,
  fillTransportChecksum,
  flowHash,
  frameOf,
  informationOf,
  ipChecksum,
  LargeSendInfo,
  NdisHash,
  NdisObjectType,
  NdisOffload,
  NdisReceiveScaleParameters,
  Oid,
  oidName,
  oidValueSchema,
  PerPacketInfo,
  perPacketInfoOf,
  RndisMessage,
  RndisPacketHeader,
  RndisPacketReader,
  segmentsOf,
  statusBufferOf,
  ToeplitzHash,
  TransmitChecksumInfo,
  transportChecksum,
  VlanInfo,
  withVlanTag,
} from '../src/devices/network/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { parseTranscript } from '../src/trace/transcript.ts'
import { toHex, toJSON, tryDecode } from '../src/wire/index.ts'
import { recordings, recordingText } from './transcripts.ts'

const guest = { from: 'guest' } as const
const host = { from: 'host' } as const

/** A TCP/IPv4 frame: 10.0.0.1:1000 → 10.0.0.2:80. */
function tcpFrame(data: Uint8Array, flags = 0x18): Uint8Array {
  const frame = new Uint8Array(54 + data.length)
  const view = new DataView(frame.buffer)
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1])
  view.setUint16(12, 0x0800)
  frame.set([0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14)
  view.setUint16(16, 40 + data.length)
  view.setUint16(34, 1000)
  view.setUint16(36, 80)
  view.setUint32(38, 5000)
  frame[46] = 0x50
  frame[47] = flags
  frame.set(data, 54)
  return frame
}

describe('RNDIS messages, byte for byte', () => {
  const cases: readonly [name: string, from: 'guest' | 'host', message: RndisMessage, hex: string][] = [
    [
      'INITIALIZE',
      'guest',
      {
        type: 'RndisInitializeRequest',
        header: { messageLength: 24 },
        requestId: 1,
        majorVersion: 1,
        minorVersion: 0,
        maximumTransferSize: 0x4000,
      },
      '020000001800000001000000010000000000000000400000',
    ],
    [
      'QUERY',
      'guest',
      {
        type: 'RndisQueryRequest',
        header: { messageLength: 28 },
        requestId: 2,
        oid: Oid.OID_GEN_MAXIMUM_FRAME_SIZE,
        informationLength: 0,
        informationOffset: 20,
        deviceVcHandle: 0,
        data: new Uint8Array(0),
      },
      '040000001c0000000200000006010100000000001400000000000000',
    ],
    [
      'SET of the packet filter',
      'guest',
      {
        type: 'RndisSetRequest',
        header: { messageLength: 32 },
        requestId: 10,
        oid: Oid.OID_GEN_CURRENT_PACKET_FILTER,
        informationLength: 4,
        informationOffset: 20,
        deviceVcHandle: 0,
        data: fromHex('0d000000'),
      },
      '05000000200000000a0000000e0101000400000014000000000000000d000000',
    ],
    [
      'KEEPALIVE',
      'guest',
      { type: 'RndisKeepAliveRequest', header: { messageLength: 12 }, requestId: 3 },
      '080000000c00000003000000',
    ],
    [
      'INDICATE_STATUS',
      'host',
      {
        type: 'RndisIndicateStatus',
        header: { messageLength: 20 },
        status: 0x4001_000b,
        statusBufferLength: 0,
        statusBufferOffset: 0,
        data: new Uint8Array(0),
      },
      '07000000140000000b0001400000000000000000',
    ],
    [
      'SET_EX',
      'guest',
      {
        type: 'RndisSetExRequest',
        header: { messageLength: 32 },
        requestId: 11,
        oid: Oid.OID_GEN_CURRENT_PACKET_FILTER,
        informationLength: 4,
        informationOffset: 20,
        deviceVcHandle: 0,
        data: fromHex('0d000000'),
      },
      '09000000200000000b0000000e0101000400000014000000000000000d000000',
    ],
    [
      'its answer, with information of its own',
      'host',
      {
        type: 'RndisSetExComplete',
        header: { messageLength: 28 },
        requestId: 11,
        status: 0,
        informationLength: 4,
        informationOffset: 16,
        data: fromHex('01000000'),
      },
      '090000801c0000000b00000000000000040000001000000001000000',
    ],
  ]
  for (const [name, from, message, hex] of cases) {
    it(name, () => {
      expect(toHex(RndisMessage.encode(message, { from }))).toBe(hex)
      expect(RndisMessage.decode(fromHex(hex), { from })).toEqual(message)
    })
  }

  it('information lies where its offset says, or nowhere', () => {
    const set = RndisMessage.decode(fromHex('05000000200000000a0000000e0101000400000014000000000000000d000000'), guest)
    if (set.type !== 'RndisSetRequest') throw new Error(set.type)
    expect(toHex(informationOf(set) ?? new Uint8Array(0))).toBe('0d000000')
    for (const [informationOffset, informationLength] of [
      [19, 4],
      [21, 4],
      [20, 5],
      [0xffff_fffc, 8],
      [20, 0xffff_ffff],
    ] as const) {
      expect(informationOf({ ...set, informationOffset, informationLength })).toBe(undefined)
    }
  })

  it('[OK-10][NC-17] a status buffer may lie behind the message', () => {
    const bytes = fromHex('0700000014000000060002400400000014000000' + 'aabbccdd')
    const message = RndisMessage.decode(bytes, host)
    if (message.type !== 'RndisIndicateStatus') throw new Error(message.type)
    expect(statusBufferOf({ ...message, statusBufferOffset: 12 })).toEqual(fromHex('aabbccdd'))
    expect(statusBufferOf(message)).toBe(undefined)
    expect(toHex(RndisMessage.encode(message, host))).toBe(toHex(bytes))
  })

  it('[RN-01][RN-03] too short, or longer than what is there', () => {
    const codes = (hex: string) => tryDecode(RndisMessage, fromHex(hex), guest).faults.map(({ code }) => code)
    expect(codes('0400')).toEqual(['SHORT'])
    expect(codes('040000001c000000')[0]).toBe('SHORT')
    expect(codes('040000001d0000000200000006010100000000001400000000000000')[0]).toMatch(/SHORT|LENGTH/)
  })
})

describe('the RNDIS messages of the recordings', () => {
  for (const name of recordings) {
    it(`${name}: every one decodes without a fault and encodes to the same bytes`, () => {
      let count = 0
      for (const event of parseTranscript(recordingText(name)).events) {
        const hex = event.kind === 'rndis' ? event.hex : event.kind === 'packet' ? event.rndis : undefined
        if (hex === undefined || !('dir' in event)) continue
        count++
        const from = event.dir === 'g2h' ? 'guest' : 'host'
        const { value, faults } = tryDecode(RndisMessage, fromHex(hex), { from })
        expect(faults).toEqual([])
        expect(value?.type).toMatch(/^Rndis(?!Other)/)
        if (value !== undefined)
          expect(toHex(RndisMessage.encode(RndisMessage.decode(fromHex(hex), { from }), { from }))).toBe(hex)
      }
      if (name === 'linux-full-6.18-up') expect(count).toBeGreaterThan(20)
    })
  }
})

describe('per-packet information', () => {
  it('is written and read: checksum, large send, VLAN, hash, packet id', () => {
    const header = new RndisPacketHeader()
    header.begin().add(8, 0x1234_5678).addVlan(0x0123).add(2, 0x4ff0_0000).add(0, 0x0022_0015).addPacketId(7).end(60, 4)
    const bytes = new Uint8Array(header.length + 64)
    bytes.set(header.bytes.subarray(0, header.length))
    bytes.fill(9, header.length, header.length + 60)
    const reader = new RndisPacketReader()
    expect(reader.read(bytes, 0, bytes.length)).toBe(true)
    expect(reader).toMatchObject({
      messageLength: bytes.length,
      frameOffset: header.length,
      frameLength: 60,
      hash: 0x1234_5678,
      hasHash: true,
      vlan: 0x0123,
      hasVlan: true,
      largeSend: 0x4ff0_0000,
      checksum: 0x0022_0015,
      packetId: 7,
      fault: undefined,
    })
    const message = RndisMessage.decode(bytes)
    if (message.type !== 'RndisPacket') throw new Error(message.type)
    const { pieces, faults } = perPacketInfoOf(message)
    expect(faults).toEqual([])
    expect(pieces.map(({ kind }) => [kind.type, kind.internal])).toEqual([
      [8, false],
      [6, false],
      [2, false],
      [0, false],
      [1, true],
    ])
    expect(frameOf(message)).toEqual(new Uint8Array(60).fill(9))
    // Version 1 (Linux RNDIS_PKTINFO_ID_V1), the flags, no id.
    expect(pieces.map(({ value }) => toHex(value)).at(-1)).toBe('01070000')
  })

  it('a key of UDP, and what else an object of NDIS may be, have names', () => {
    expect(
      toJSON(
        NdisReceiveScaleParameters,
        NdisReceiveScaleParameters.decode(fromHex(`8903000020${'00'.repeat(3)}00c00100${'00'.repeat(28)}`)),
      ),
    ).toMatchObject({
      flags: { defaultProcessorUnchanged: true },
      hashInformation: { udpIpv4: true, udpIpv6: true, udpIpv6Extensions: true },
    })
    expect(NdisObjectType).toMatchObject({ OidRequest: 0x96, OffloadEncapsulation: 0xa8 })
  })

  it('the words mean what Linux means by them', () => {
    const word = (value: number) =>
      Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
    expect(TransmitChecksumInfo.decode(word(0x0022_0015)).transmit).toEqual({
      isIpv4: true,
      isIpv6: false,
      tcpChecksum: true,
      udpChecksum: false,
      ipHeaderChecksum: true,
      tcpHeaderOffset: 34,
    })
    expect(LargeSendInfo.decode(word(0x4220_05a8)).transmit).toEqual({
      maximumSegmentSize: 1448,
      tcpHeaderOffset: 34,
      isVersion2: true,
      isIpv6: false,
    })
    expect(VlanInfo.decode(word(0x7b9)).tag).toEqual({ priority: 1, canonicalFormat: true, vlanId: 0x7b })
  })

  const packet = (change: (view: DataView) => void, size = 44 + 16 + 60) => {
    const bytes = new Uint8Array(size)
    bytes.set(new RndisPacketHeader().begin().add(0, 0).end(60).bytes.subarray(0, 60))
    change(new DataView(bytes.buffer))
    return bytes
  }
  const faultOf = (bytes: Uint8Array, end = bytes.length) => {
    const reader = new RndisPacketReader()
    return reader.read(bytes, 0, end) ? 'good' : `${reader.fault?.code} ${reader.fault?.field}`
  }

  it('[RN-01][RN-03][RN-06][RN-07][RN-10][RN-12] what is wrong is told, not followed', () => {
    const put = (at: number, value: number) => faultOf(packet((view) => view.setUint32(at, value, true)))
    expect(faultOf(packet(() => {}))).toBe('good')
    expect(faultOf(new Uint8Array(7))).toBe('SHORT header')
    expect(faultOf(new Uint8Array(0))).toBe('SHORT header')
    expect(put(0, 2)).toBe('TYPE header.messageType')
    expect(put(4, 0)).toBe('LENGTH header.messageLength')
    expect(put(4, 39)).toBe('LENGTH header.messageLength')
    expect(put(4, 121)).toBe('LENGTH header.messageLength')
    expect(put(4, 0xffff_ffff)).toBe('LENGTH header.messageLength')
    expect(put(8, 7777)).toBe('LENGTH dataOffset')
    expect(put(8, 0xffff_fff8)).toBe('LENGTH dataOffset')
    expect(put(8, 31)).toBe('LENGTH dataOffset')
    expect(put(12, 0)).toBe('LENGTH dataOffset')
    expect(put(12, 61)).toBe('LENGTH dataOffset')
    expect(put(16, 1)).toBe('RANGE outOfBandDataOffset')
    expect(put(36, 1)).toBe('RANGE vcHandle')
    expect(put(28, 31)).toBe('LENGTH perPacketInfoOffset')
    expect(put(32, 0xffff_fff0)).toBe('LENGTH perPacketInfoOffset')
    expect(put(44, 0)).toBe('LENGTH perPacketInfo')
    expect(put(44, 17)).toBe('LENGTH perPacketInfo')
    expect(put(44, 11)).toBe('LENGTH perPacketInfo')
    expect(put(52, 11)).toBe('LENGTH perPacketInfo')
    expect(put(52, 17)).toBe('LENGTH perPacketInfo')
    expect(put(52, 16)).toBe('good')
  })

  it('[OK-11] offsets decide, whether the reserved tail is 0, 4 or 8 bytes', () => {
    const reader = new RndisPacketReader()
    for (const tail of [0, 4, 8]) {
      const bytes = new Uint8Array(8 + 32 + tail + 20)
      const view = new DataView(bytes.buffer)
      view.setUint32(0, 1, true)
      view.setUint32(4, bytes.length, true)
      view.setUint32(8, 32 + tail, true)
      view.setUint32(12, 20, true)
      expect([reader.read(bytes, 0, bytes.length), reader.frameOffset]).toEqual([true, 40 + tail])
    }
  })

  it('a piece that is cut off is told, and those before it are kept', () => {
    const bytes = packet((view) => {
      view.setUint32(32, 20, true)
      view.setUint32(8, 36 + 20, true)
      view.setUint32(12, 56, true)
    })
    const message = RndisMessage.decode(bytes)
    if (message.type !== 'RndisPacket') throw new Error(message.type)
    const { pieces, faults } = perPacketInfoOf(message)
    expect([pieces.length, faults.map(({ code, offset }) => [code, offset])]).toEqual([1, [['SHORT', 60]]])
    expect(PerPacketInfo.size).toBe(12)
  })
})

describe('receive side scaling', () => {
  const toeplitz = new ToeplitzHash(defaultHashKey)
  it('the Toeplitz hash of the verification suite for RSS', () => {
    // Source, source port, destination, destination port; hash with ports, hash without.
    const vectors = [
      ['4209959f', '0', 'a18e6450', 0, 0, 0],
      ['420995bb', 2794, 'a18e6450', 1766, 0x51cc_c178, 0x323e_8fc2],
      ['c75c6f02', 14230, '41458c53', 4739, 0xc626_b0ea, 0xd718_262a],
      ['1813c65f', 12898, '0c16cfb8', 38024, 0x5c2b_394a, 0xd2d0_a5de],
    ] as const
    for (const [source, sourcePort, destination, destinationPort, withPorts, alone] of vectors.slice(1)) {
      const addresses = fromHex(source + destination)
      const ports = fromHex(
        [sourcePort, destinationPort].map((port) => Number(port).toString(16).padStart(4, '0')).join(''),
      )
      expect(toeplitz.of(addresses)).toBe(alone)
      expect(toeplitz.of(Uint8Array.of(...addresses, ...ports))).toBe(withPorts)
    }
  })

  it('hashes a frame over what is asked for', () => {
    const frame = tcpFrame(new Uint8Array(10))
    frame.set(fromHex('420995bba18e6450'), 26)
    frame.set(fromHex('0aea06e6'), 34)
    const layout = new FrameLayout().parse(frame, 0, frame.length)
    expect(flowHash(toeplitz, NdisHash.tcpIpv4 | NdisHash.ipv4, frame, layout)).toBe(0x51cc_c178)
    expect(flowHash(toeplitz, NdisHash.ipv4, frame, layout)).toBe(0x323e_8fc2)
    expect(flowHash(toeplitz, NdisHash.ipv6, frame, layout)).toBe(undefined)
    expect(flowHash(toeplitz, NdisHash.ipv4, frame, layout.parse(new Uint8Array(20), 0, 20))).toBe(undefined)
  })
})

describe('offloads done in software', () => {
  it('large send: segments with their own lengths, ids, sequence numbers, flags and checksums', () => {
    const data = Uint8Array.from({ length: 3000 }, (_, index) => index & 0xff)
    const segments = segmentsOf(tcpFrame(data, 0x99), 1460)
    expect(segments.map(({ length }) => length)).toEqual([1514, 1514, 134])
    const layout = new FrameLayout()
    const seen = segments.map((segment) => {
      const view = new DataView(segment.buffer)
      layout.parse(segment, 0, segment.length)
      expect([ipChecksum(segment, layout), transportChecksum(segment, layout)]).toEqual([0, 0])
      return [view.getUint16(16), view.getUint16(18), view.getUint32(38), view.getUint8(47)]
    })
    expect(seen).toEqual([
      [1500, 0x1234, 5000, 0x90],
      [1500, 0x1235, 6460, 0x10],
      [120, 0x1236, 7920, 0x19],
    ])
    expect(toHex(Uint8Array.of(...segments.flatMap((segment) => [...segment.subarray(54)])))).toBe(toHex(data))
  })

  it('[OK-15] one that needs no cutting is one segment', () => {
    expect(segmentsOf(tcpFrame(new Uint8Array(10)), 1460).map(({ length }) => length)).toEqual([64])
    expect(segmentsOf(tcpFrame(new Uint8Array(0)), 1460).map(({ length }) => length)).toEqual([54])
    expect(() => segmentsOf(new Uint8Array(60), 1460)).toThrow(RangeError)
  })

  it('a checksum is right once it is filled in, and a UDP one is never 0', () => {
    const frame = tcpFrame(new Uint8Array(7).fill(3))
    const layout = new FrameLayout().parse(frame, 0, frame.length)
    expect(transportChecksum(frame, layout)).not.toBe(0)
    fillTransportChecksum(frame, layout)
    expect(transportChecksum(frame, layout)).toBe(0)
  })

  it('a VLAN tag goes behind the addresses, and the headers are found behind it', () => {
    const tagged = withVlanTag(tcpFrame(new Uint8Array(4)), 0x6064)
    expect(toHex(tagged.subarray(12, 18))).toBe('810060640800')
    const layout = new FrameLayout().parse(tagged, 0, tagged.length)
    expect([layout.etherType, layout.ipOffset, layout.transportOffset]).toEqual([0x0800, 18, 38])
  })

  it('frames that are cut off have no headers', () => {
    const frame = tcpFrame(new Uint8Array(0))
    const layout = new FrameLayout()
    for (let end = 0; end < frame.length; end++) {
      expect(layout.parse(frame, 0, end).transportOffset).toBe(0)
    }
    expect(layout.parse(frame, 0, frame.length).transportOffset).toBe(34)
  })
})

describe('OIDs', () => {
  it('have their names, and their values their forms', () => {
    expect([oidName(0xfc01_020d), oidName(0x1_0270), oidName(5)]).toEqual([
      'OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES',
      'OID_SWITCH_NIC_REQUEST',
      'OID 0x00000005',
    ])
    expect(oidValueSchema(Oid.OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES)).toBe(NdisOffload)
    expect(oidValueSchema(Oid.OID_GEN_RECEIVE_SCALE_PARAMETERS)).toBe(NdisReceiveScaleParameters)
    expect(oidValueSchema(Oid.OID_GEN_FRIENDLY_NAME)).toBe(undefined)
    expect(new Set(Object.values(Oid)).size).toBe(Object.keys(Oid).length)
  })
})
