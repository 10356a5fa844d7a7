import { describe, expect, it } from 'vitest'
import {
  completionOf,
  FcHbaData,
  ntStatusOf,
  parseVstorVersion,
  SrbStatus,
  StoragePacket,
  vstorPacketSize,
  vstorVersions,
} from '../src/devices/storage/index.ts'
import { decodeEvents, parseTranscript } from '../src/trace/index.ts'
import { toHex } from '../src/wire/index.ts'
import { recordings, recordingText } from './transcripts.ts'

describe('Storage packets', () => {
  it('are told apart by operation, and by length before 5.1', () => {
    const begin = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at === 0 ? 7 : at === 4 ? 1 : 0))
    expect(StoragePacket.decode(begin(64)).type).toBe('BeginInitialization')
    expect(StoragePacket.decode(begin(48)).type).toBe('BeginInitializationWin7')
    expect(StoragePacket.encode({ type: 'BeginInitialization', header: { flags: 1, status: 0 } })).toEqual(begin(64))
    expect(() => StoragePacket.decode(begin(12))).toThrow(/SHORT|needed/)
  })

  it('[OK-18] may be longer than their version has them: the rest is kept', () => {
    const bytes = new Uint8Array(72)
    bytes[0] = 9
    bytes.set([0x02, 0x06], 12)
    const value = StoragePacket.decode(bytes, { version: 0x0200 })
    expect(value).toMatchObject({ type: 'QueryProtocolVersion', version: { majorMinor: 0x0602, revision: 0 } })
    expect(value.extra?.byteLength).toBe(8)
    expect(StoragePacket.encode(value)).toEqual(bytes)
  })

  it('know the operations of Fibre Channel', () => {
    const wwn = {
      primaryActive: 1,
      primaryPortWwn: new Uint8Array(8).fill(1),
      primaryNodeWwn: new Uint8Array(8).fill(2),
      secondaryPortWwn: new Uint8Array(8).fill(3),
      secondaryNodeWwn: new Uint8Array(8).fill(4),
    }
    const bytes = FcHbaData.encode({ header: { flags: 1, status: 0 }, wwn })
    expect(toHex(bytes.subarray(12, 24))).toBe('010000000101010101010101')
    expect(FcHbaData.decode(bytes).wwn).toEqual(wwn)
    expect(completionOf('FcHbaData', 64).name).toBe('FcCompletion')
  })

  it('have versions 2.0, 4.2, 5.1, 6.0 and 6.2', () => {
    expect(vstorVersions.map((version) => vstorPacketSize(version))).toEqual([64, 64, 64, 48, 48])
    expect(['6.2', '2.0', '4.2', '5.1', '6.0'].map(parseVstorVersion)).toEqual([0x602, 0x200, 0x402, 0x501, 0x600])
    expect(['', '6', '6.2.1', '256.0', 'a.b'].map(parseVstorVersion)).toEqual(Array(5).fill(undefined))
  })

  it('[B177] go with an NTSTATUS for each SRB status', () => {
    const status = (name: keyof typeof SrbStatus) => ntStatusOf(SrbStatus[name]).toString(16)
    expect(status('Success')).toBe('0')
    expect(status('Busy')).toBe('80000011')
    expect([status('InvalidLun'), status('InvalidTargetId'), status('NoDevice')]).toEqual(Array(3).fill('c00000c0'))
    expect([status('Timeout'), status('CommandTimeout')]).toEqual(['c00000b5', 'c00000b5'])
    expect(status('SelectionTimeout')).toBe('c000009d')
    expect(status('BadFunction')).toBe('c0000010')
    expect(status('DataOverrun')).toBe('80000005')
    expect(status('RequestFlushed')).toBe('c0000001')
    expect(status('Aborted')).toBe('c0000120')
    expect([status('Error'), status('InvalidRequest'), status('BusReset')]).toEqual(Array(3).fill('c0000185'))
  })
})

describe('Recorded storage traffic of a stock Linux kernel', () => {
  for (const name of recordings) {
    it(`${name}: each payload decodes without a fault, and encodes to the same bytes`, () => {
      const names = new Map<string, number>()
      for (const { session } of decodeEvents(parseTranscript(recordingText(name)))) {
        if (session?.kind !== 'packet' || session.device !== 'storage' || session.packet === undefined) continue
        const { payload, packet } = session
        expect([payload?.name, payload?.faults]).toEqual([payload?.name, []])
        if (payload?.value === undefined) throw new Error('not decoded')
        expect(toHex(payload.schema.encode(payload.value))).toBe(toHex(packet.payload))
        names.set(payload.name, (names.get(payload.name) ?? 0) + 1)
      }
      if (name === 'linux-negotiate-max-4.1') expect(names.size).toBe(0)
      else {
        for (const known of ['BeginInitialization', 'VersionCompletion', 'PropertiesCompletion', 'ExecuteSrb Inquiry'])
          expect([known, names.get(known) ?? 0]).not.toEqual([known, 0])
      }
    })
  }
})
