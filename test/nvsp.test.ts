import { describe, expect, it } from 'vitest'
import {
  NvspMessage,
  NvspMessageType,
  NvspVersion,
  networkDecoder,
  nvspMessageSize,
  nvspTypeName,
  nvspVersions,
  parseNvspVersion,
} from '../src/devices/network/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { parseTranscript } from '../src/trace/transcript.ts'
import { Session } from '../src/vmbus/session.ts'
import { isWireError, toHex, toJSON, tryDecode } from '../src/wire/index.ts'
import { recordings, recordingText } from './transcripts.ts'

const guest = { from: 'guest' } as const
const host = { from: 'host' } as const

const padded = (hex: string, size = 40) => fromHex(hex.padEnd(size * 2, '0'))

describe('NVSP messages, byte for byte', () => {
  const cases: readonly [name: string, from: 'guest' | 'host', message: NvspMessage, hex: string][] = [
    [
      'INIT',
      'guest',
      { type: 'NvspInit', minimumProtocolVersion: NvspVersion.V61, maximumProtocolVersion: NvspVersion.V61 },
      '010000000100060001000600',
    ],
    [
      'INIT_COMPLETE',
      'host',
      {
        type: 'NvspInitComplete',
        negotiatedProtocolVersion: 0xffff_ffff,
        maximumMdlChainLength: 34,
        status: 1,
      },
      '02000000ffffffff2200000001000000',
    ],
    ['SEND_RECV_BUF', 'guest', { type: 'NvspSendReceiveBuffer', gpadlId: 0xe1e19, id: 0xcafe }, '65000000191e0e00feca'],
    [
      'SEND_RECV_BUF_COMPLETE',
      'host',
      {
        type: 'NvspSendReceiveBufferComplete',
        status: 1,
        sectionCount: 1,
        sections: [{ offset: 0, subAllocationSize: 1728, subAllocationCount: 9709, endOffset: 0xffffc0 }],
      },
      '66000000010000000100000000000000c0060000ed250000c0ffff00',
    ],
    [
      'SEND_RNDIS_PKT',
      'guest',
      { type: 'NvspSendRndisPacket', channelType: 0, sendBufferSectionIndex: 3, sendBufferSectionSize: 0x86 },
      '6b000000000000000300000086000000',
    ],
    [
      'SEND_NDIS_CONFIG',
      'guest',
      {
        type: 'NvspSendNdisConfig',
        mtu: 1514,
        capabilities: {
          vmq: false,
          chimney: false,
          sriov: true,
          ieee8021q: true,
          correlationId: false,
          teaming: true,
          virtualSubnetId: false,
          receiveSegmentCoalescing: true,
        },
      },
      '7d000000ea05000000000000ac00000000000000',
    ],
    [
      'SUBCHANNEL',
      'guest',
      { type: 'NvspSubchannelRequest', operation: 1, subchannelCount: 3 },
      '850000000100000003000000',
    ],
    [
      'its answer',
      'host',
      { type: 'NvspSubchannelComplete', status: 1, subchannelCount: 3 },
      '850000000100000003000000',
    ],
    [
      'SEND_INDIRECTION_TABLE',
      'host',
      { type: 'NvspSendIndirectionTable', count: 4, tableOffset: 12, table: [0, 1, 0, 1] },
      '86000000040000000c00000000000000010000000000000001000000',
    ],
    ['VF association', 'host', { type: 'NvspSendVfAssociation', allocated: 1, serial: 7 }, '800000000100000007000000'],
    ['SWITCH_DATA_PATH', 'guest', { type: 'NvspSwitchDataPath', activeDataPath: 1 }, '8100000001000000'],
    [
      'OID_QUERY_EX',
      'guest',
      { type: 'NvspOidQueryEx', object: { objectType: 0x96, revision: 1, size: 8 }, oid: 0x0001_0203 },
      '830000009601080003020100',
    ],
    [
      'its answer',
      'host',
      { type: 'NvspOidQueryExComplete', status: 0xc000_00bb, byteCount: 0 },
      '84000000bb0000c000000000',
    ],
    [
      'PD_API answer, its status an NTSTATUS',
      'host',
      {
        type: 'NvspPdApiComplete',
        operation: 3,
        status: 0xc000_00bb,
        parameters: { type: 'PdOpenProviderAnswer', provider: { providerId: 9 } },
      },
      `8700000003000000bb0000c009000000${'00'.repeat(24)}`,
    ],
  ]
  for (const [name, from, message, hex] of cases) {
    it(name, () => {
      expect(toHex(NvspMessage.encode(message, { from }))).toBe(hex)
      expect(NvspMessage.decode(fromHex(hex), { from })).toEqual(message)
    })
  }

  it('what packet direct came to is no NVSP status', () => {
    const answer = NvspMessage.decode(fromHex(`870000000300000001000000${'00'.repeat(28)}`), host)
    expect(toJSON(NvspMessage, answer)).toMatchObject({ type: 'NvspPdApiComplete', status: 1 })
  })

  it('[OK-17] padded to 0x1c or 0x28 bytes they are the same, and the padding is kept', () => {
    for (const size of [0x1c, 0x28]) {
      const bytes = padded('010000000200000002000000', size)
      const message = NvspMessage.decode(bytes, guest)
      expect(message.type).toBe('NvspInit')
      expect(message.extra).toHaveLength(size - 12)
      expect(toHex(NvspMessage.encode(message, guest))).toBe(toHex(bytes))
    }
  })

  it('[OK-12] a table whose offset is too small follows at once', () => {
    const hex = '86000000010000000800000005000000'
    const message = NvspMessage.decode(fromHex(hex), host)
    expect(message).toEqual({ type: 'NvspSendIndirectionTable', count: 1, tableOffset: 8, table: [5] })
    expect(toHex(NvspMessage.encode(message, host))).toBe(hex)
  })
})

describe('what a version allows', () => {
  it('[NV-04] is known to the decoder; what is not is a TYPE fault', () => {
    const refused = (hex: string, version: number) => {
      const { faults } = tryDecode(NvspMessage, padded(hex), { from: 'guest', version })
      return faults.map(({ code }) => code)
    }
    expect(refused('85000000', NvspVersion.V4)).toEqual(['TYPE'])
    expect(refused('85000000', NvspVersion.V5)).toEqual([])
    expect(refused('7d000000', NvspVersion.V1)).toEqual(['TYPE'])
    expect(refused('7d000000', NvspVersion.V2)).toEqual([])
    expect(refused('81000000', NvspVersion.V2)).toEqual(['TYPE'])
    expect(refused('87000000', NvspVersion.V5)).toEqual(['TYPE'])
    expect(refused('83000000', NvspVersion.V4)).toEqual(['TYPE'])
    for (const type of ['6d000000', '74000000', '7c000000', 'e7030000']) {
      expect(NvspMessage.decode(padded(type), guest).type).toBe('NvspOther')
    }
  })

  it('[NV-05] every type with its payload one byte short is SHORT', () => {
    for (const { schema, from } of NvspMessage.members) {
      const sender = from ?? 'guest'
      const type = Object.values(NvspMessageType).find((value) => tagOf(schema.name) === value)
      const bytes = new Uint8Array(schema.size - 1)
      new DataView(bytes.buffer).setUint32(0, type ?? 0, true)
      const error = attempt(() => schema.decode(bytes, { from: sender }))
      expect([schema.name, isWireError(error) && error.code]).toEqual([schema.name, 'SHORT'])
    }
  })

  it('names and numbers of versions', () => {
    expect(nvspVersions).toEqual([0x6_0001, 0x6_0000, 0x5_0000, 0x4_0000, 0x3_0002, 2])
    expect(['1', '2', '4', '5.0', '6', '6.1', '3', 'x'].map(parseNvspVersion)).toEqual([
      2,
      0x3_0002,
      0x4_0000,
      0x5_0000,
      0x6_0000,
      0x6_0001,
      undefined,
      undefined,
    ])
    expect(parseNvspVersion('3.2')).toBe(NvspVersion.V2)
    expect([nvspMessageSize(undefined), nvspMessageSize(NvspVersion.V6), nvspMessageSize(NvspVersion.V61)]).toEqual([
      28, 28, 40,
    ])
    expect([nvspTypeName(107), nvspTypeName(999)]).toEqual(['SendRndisPacket', 'NVSP message 999'])
  })
})

describe('the network payloads of the recordings', () => {
  for (const name of recordings) {
    it(`${name}: every one decodes without a fault and encodes to the same bytes`, () => {
      const session = new Session({ decoders: [networkDecoder] })
      let count = 0
      for (const event of parseTranscript(recordingText(name)).events) {
        if (event.kind === 'postmessage') session.message('guest', fromHex(event.hex))
        else if (event.kind === 'msg') session.message('host', fromHex(event.hex))
        else if (event.kind === 'packet') {
          const from = event.dir === 'g2h' ? 'guest' : 'host'
          const entry = session.packet(from, event.relid, fromHex(event.hex))
          if (entry.device !== 'network' || entry.payload?.value === undefined) continue
          count++
          const payload = entry.packet?.payload ?? new Uint8Array(0)
          const again = entry.payload.schema.encode(entry.payload.value, { from, version: NvspVersion.V61 })
          expect(entry.faults).toEqual([])
          expect(toHex(again).padEnd(payload.length * 2, '0')).toBe(toHex(payload))
          expect(entry.payload.name).toMatch(/^Nvsp(?!Other)/)
        }
      }
      if (name === 'linux-full-6.18-up') expect(count).toBe(78)
      const network = [...session.channels].find(({ device }) => device === 'network')
      if (count > 0) expect(network?.deviceVersion).toBe(NvspVersion.V61)
    })
  }

  it('a version is settled by a good answer to INIT only', () => {
    const answer = (status: number) =>
      networkDecoder.decodePacket({
        packet: {
          type: 'CompletionPacket',
          descriptor: { dataOffset8: 2, length8: 7, flags: 0, transactionId: 1n },
          payload: padded(''),
        },
        payload: NvspMessage.encode({
          type: 'NvspInitComplete',
          negotiatedProtocolVersion: 0,
          maximumMdlChainLength: 34,
          status,
        }),
        from: 'host',
        version: undefined,
        request: {
          name: 'NvspInit',
          schema: NvspMessage,
          value: { type: 'NvspInit', minimumProtocolVersion: NvspVersion.V5, maximumProtocolVersion: NvspVersion.V5 },
          faults: [],
        },
      })?.version
    expect([answer(0), answer(1)]).toEqual([undefined, NvspVersion.V5])
  })
})

function tagOf(name: string): number | undefined {
  const renamed: Record<string, number> = {
    NvspSubchannelRequest: 133,
    NvspSubchannelComplete: 133,
    NvspPdApiRequest: 135,
    NvspPdApiComplete: 135,
  }
  return renamed[name] ?? Object.entries(NvspMessageType).find(([key]) => `Nvsp${key}` === name)?.[1]
}

function attempt(what: () => unknown): unknown {
  try {
    return what()
  } catch (error) {
    return error
  }
}
