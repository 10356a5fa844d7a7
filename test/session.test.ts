import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyboardMessage, keyboardDecoder } from '../src/devices/keyboard/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { parseTranscript } from '../src/trace/transcript.ts'
import type { DeviceDecoder } from '../src/vmbus/device-decoder.ts'
import { DeviceId, InstanceId } from '../src/vmbus/device-ids.ts'
import { ChannelMessage } from '../src/vmbus/messages.ts'
import { Packet } from '../src/vmbus/packets.ts'
import { Pending } from '../src/vmbus/session/pending.ts'
import { Session } from '../src/vmbus/session.ts'
import { FeatureFlags, VmbusVersion } from '../src/vmbus/versions.ts'
import { type Structure, struct, toHex, tryDecode, u32 } from '../src/wire/index.ts'
import { seeded } from './seed.ts'
import { recordings, recordingText } from './transcripts.ts'

const zeros = new Uint8Array(120)

const offer = (channelId: number, interfaceId = DeviceId.Keyboard): ChannelMessage => ({
  type: 'OfferChannel',
  offer: {
    interfaceId,
    instanceId: InstanceId.Keyboard,
    flags: 0,
    mmioMegabytes: 0,
    userDefined: { type: 'StandardUserDefined', data: zeros },
    subchannelIndex: 0,
    mmioMegabytesOptional: 0,
  },
  channelId,
  monitorId: 0xff,
  monitor: { allocated: false },
  interrupt: { isDedicated: true },
  connectionId: 0x2000 + channelId,
})

const contact = (version: number, featureFlags = 0): ChannelMessage => ({
  type: 'InitiateContact',
  version,
  targetVp: 0,
  target: { type: 'TargetInfo', sint: 2, vtl: 0, featureFlags },
  parentToChildMonitorPage: 0n,
  childToParentMonitorPage: 0n,
})

const yes = { versionSupported: 1, connectionState: 0, versionOrConnectionId: 1 }
const accepted: ChannelMessage = { type: 'VersionResponse', ...yes }

const openFields = (channelId: number) => ({
  channelId,
  openId: 7,
  ringBufferGpadlId: 9,
  targetVp: 0,
  downstreamRingBufferPageOffset: 2,
  userData: zeros,
})

const open = (channelId: number): ChannelMessage => ({ type: 'OpenChannel', ...openFields(channelId) })

/** A session, fed with messages as values. */
function conversation(session = new Session({ decoders: [keyboardDecoder] })) {
  return {
    session,
    guest: (message: ChannelMessage) => session.message('guest', ChannelMessage.encode(message)),
    host: (message: ChannelMessage) => session.message('host', ChannelMessage.encode(message)),
  }
}

/** A conversation in which relid 3 is an open keyboard. */
function withKeyboard() {
  const talk = conversation()
  talk.guest(contact(VmbusVersion.V5_3))
  talk.host(accepted)
  talk.guest({ type: 'RequestOffers' })
  talk.host(offer(3))
  talk.host({ type: 'AllOffersDelivered' })
  talk.guest(open(3))
  talk.host({ type: 'OpenResult', channelId: 3, openId: 7, status: 0 })
  return talk
}

const inBand = (payload: Uint8Array, transactionId = 0n, flags = 0) =>
  Packet.encode({
    type: 'DataInBandPacket',
    descriptor: { dataOffset8: 2, length8: 2 + payload.length / 8, flags, transactionId },
    payload,
  })

const completion = (payload: Uint8Array, transactionId: bigint) =>
  Packet.encode({
    type: 'CompletionPacket',
    descriptor: { dataOffset8: 2, length8: 2 + payload.length / 8, flags: 0, transactionId },
    payload,
  })

describe('a session on recorded traffic', () => {
  it.each(recordings)('decodes all of %s without a fault, and encodes the same bytes', (name) => {
    const session = new Session({ decoders: [keyboardDecoder] })
    let decoded = 0
    for (const event of parseTranscript(recordingText(name)).events) {
      const bytes = 'hex' in event ? fromHex(event.hex ?? '') : new Uint8Array(0)
      if (event.kind === 'msg' || event.kind === 'postmessage') {
        const { faults, message, name } = session.message(event.dir === 'g2h' ? 'guest' : 'host', bytes)
        expect(faults, name).toEqual([])
        expect(message && toHex(ChannelMessage.encode(message))).toBe(event.hex)
        decoded++
      } else if (event.kind === 'packet') {
        const { faults, packet, payload } = session.packet(event.dir === 'g2h' ? 'guest' : 'host', event.relid, bytes)
        expect(faults).toEqual([])
        expect(packet && toHex(Packet.encode(packet))).toBe(event.hex)
        expect(payload !== undefined).toBe(event.channel === 'keyboard')
        if (payload?.value !== undefined) {
          const inner = toHex(payload.schema.encode(payload.value)).padEnd(event.hex.length - 32, '0')
          expect(inner).toBe(event.hex.slice(32))
        }
        decoded++
      }
    }
    expect(decoded).toBeGreaterThan(20)
  })

  it('knows what was negotiated, which relid is which device, and where each channel stands', () => {
    const session = new Session({ decoders: [keyboardDecoder] })
    for (const event of parseTranscript(recordingText('linux-rescind')).events) {
      if (event.kind === 'msg') session.message('host', fromHex(event.hex))
      if (event.kind === 'postmessage') session.message('guest', fromHex(event.hex))
    }
    expect([session.version, session.features]).toEqual([VmbusVersion.V5_3, 0])
    expect([...session.channels].map(({ channelId, device, phase }) => [channelId, device, phase])).toEqual([
      [2, 'shutdown', 'open'],
      [3, 'keyboard', 'released'],
      [9, 'scsi', 'released'],
      [10, 'network', 'released'],
    ])
  })
})

describe('control messages', () => {
  it('are told with the request that they answer', () => {
    const { guest, host } = withKeyboard()
    const asked = guest({ type: 'GpadlTeardown', channelId: 3, gpadlId: 9 })
    const answer = host({ type: 'GpadlTorndown', gpadlId: 9 })
    expect(answer).toMatchObject({
      name: 'GpadlTorndown',
      channelId: 3,
      device: 'keyboard',
      answers: { index: asked.index, name: 'GpadlTeardown' },
      notes: [],
    })
    expect(host({ type: 'OpenResult', channelId: 3, openId: 7, status: 0 }).notes).toEqual(['answers no request seen'])
  })

  it('are faults, and shown all the same, where version or direction forbid them', () => {
    const { guest, host } = conversation()
    guest(contact(VmbusVersion.V4_0))
    host(accepted)
    const entry = guest({ type: 'ModifyChannel', channelId: 3, targetVp: 1 })
    expect(entry).toMatchObject({ name: 'ModifyChannel', value: { channelId: 3, targetVp: 1 } })
    expect(entry.faults).toMatchObject([{ code: 'TYPE', offset: 0 }])
    expect(entry.message).toBeUndefined()
    expect(host({ type: 'RequestOffers' }).faults).toMatchObject([{ code: 'TYPE' }])
  })

  it('follow the features that were granted', () => {
    const wide = FeatureFlags.guestSpecifiedSignalParameters
    const { session, guest, host } = conversation()
    guest(contact(VmbusVersion.V6_0, wide))
    host({ type: 'VersionResponse2', ...yes, supportedFeatures: wide })
    expect([session.version, session.features]).toEqual([VmbusVersion.V6_0, wide])
    host(offer(3))
    const signal = { connectionId: 0x3000, eventFlag: 77, flags: { redirectInterrupt: false } }
    const entry = guest({ type: 'OpenChannel2', ...openFields(3), ...signal })
    expect(entry).toMatchObject({ name: 'OpenChannel2', faults: [] })
    expect(session.signal('guest', 0x3000)).toMatchObject({ channelId: 3, device: 'keyboard' })
    expect(session.signal('host', 77)).toMatchObject({ channelId: 3 })
    expect(session.signal('guest', 0x3001)).toMatchObject({ notes: ['no channel known for it'] })
  })

  it('of an unknown type, or too short, say so', () => {
    const { session } = conversation()
    expect(session.message('host', Uint8Array.of(99, 0, 0, 0, 0, 0, 0, 0))).toMatchObject({ name: 'UnknownMessage' })
    const short = session.message('host', Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0))
    expect(short).toMatchObject({ name: 'OpenResult', value: { channelId: 3 }, faults: [{ code: 'SHORT' }] })
    expect(session.message('host', new Uint8Array(0))).toMatchObject({ name: 'message 0', faults: [{ code: 'SHORT' }] })
  })

  it('forget the old relids with a new connection, but for reserved channels', () => {
    const { session, guest, host } = withKeyboard()
    host(offer(4, DeviceId.CrashDump))
    guest({
      type: 'OpenReservedChannel',
      channelId: 4,
      targetVp: 0,
      targetSint: 2,
      ringBufferGpadlId: 1,
      downstreamRingBufferPageOffset: 1,
    })
    guest({ type: 'Unload' })
    expect(host({ type: 'UnloadComplete' }).answers?.name).toBe('Unload')
    expect([...session.channels].map(({ channelId }) => channelId)).toEqual([4])
  })

  it('give a relid to another device once it is released', () => {
    const { session, guest, host } = withKeyboard()
    host({ type: 'RescindChannelOffer', channelId: 3 })
    guest({ type: 'CloseChannel', channelId: 3 })
    expect(session.channel(3)?.phase).toBe('rescinded')
    expect(host(offer(3, DeviceId.Mouse)).notes).toEqual(['relid 3 was still in use'])
    guest({ type: 'RelIdReleased', channelId: 3 })
    expect(host(offer(3, DeviceId.Scsi))).toMatchObject({ device: 'scsi', notes: [] })
    expect(session.signal('guest', 0x2003)).toMatchObject({ device: 'scsi' })
    expect(host(offer(2048)).notes).toEqual(['relid 2048 is none (1 to 2047)', 'relid 2048 was not offered'])
  })
})

describe('GPADLs', () => {
  const header = (gpadlId: number, words: bigint[], rangeBufferLength = words.length * 8): ChannelMessage => ({
    type: 'GpadlHeader',
    channelId: 3,
    gpadlId,
    rangeBufferLength,
    rangeCount: 1,
    data: words,
  })

  it('are joined from header and bodies', () => {
    const { session, guest } = withKeyboard()
    const first = guest(header(9, [3n * 4096n, 0x10n], 32))
    expect(first.gpadl).toMatchObject({ complete: false, missing: 16 })
    // Firmware sends whole bodies: what is too much is ignored.
    const body = guest({ type: 'GpadlBody', messageNumber: 0, gpadlId: 9, data: [0x20n, 0x30n, 0xdeadn] })
    expect(body).toMatchObject({ channelId: 3, device: 'keyboard', notes: [] })
    const ranges = [{ byteCount: 12288, byteOffset: 0, pfns: [0x10, 0x20, 0x30] }]
    expect(session.gpadl(3, 9)).toMatchObject({ complete: true, byteCount: 12288, pageCount: 3, ranges })
    guest({ type: 'RelIdReleased', channelId: 3 })
    expect(session.gpadl(3, 9)).toBeUndefined()
  })

  it('that contradict themselves are noted', () => {
    const { guest } = withKeyboard()
    expect(guest(header(9, [9n * 4096n, 1n])).notes[0]).toMatch(/^RangeTooSmall/)
    expect(guest({ type: 'GpadlBody', messageNumber: 0, gpadlId: 1, data: [] }).notes).toEqual([
      'no GPADL of this id waits for a body',
    ])
  })

  it('that never end are bounded in number', () => {
    const { guest } = withKeyboard()
    for (let id = 0; id < 256; id++) expect(guest(header(id, [1n], 0xfff8)).notes).toEqual([])
    expect(guest(header(256, [1n], 0xfff8)).notes).toEqual(['too many GPADLs at a time: not followed'])
  })
})

describe('packets', () => {
  it('of the keyboard are decoded in full', () => {
    const { session } = withKeyboard()
    const stroke = session.packet('host', 3, inBand(fromHex('03000000480000000600000000000000')))
    expect(stroke).toMatchObject({
      name: 'Keystroke',
      device: 'keyboard',
      faults: [],
      notes: [],
      payload: { value: { type: 'Keystroke', makeCode: 0x48, flags: 6 } },
    })
    expect(stroke.payload?.value).not.toHaveProperty('extra')
  })

  it('of the keyboard keep what is no padding, and name what is wrong', () => {
    const { session } = withKeyboard()
    const leak = session.packet('host', 3, inBand(fromHex('030000004800000006000000000000ff')))
    expect(leak.payload?.value).toHaveProperty('extra', fromHex('000000ff'))
    const wrong = session.packet('guest', 3, inBand(fromHex('0300000048000000')))
    expect(wrong).toMatchObject({ faults: [{ code: 'TYPE', path: 'payload', offset: 16 }] })
    const unknown = session.packet('host', 3, inBand(fromHex('0900000048000000')))
    expect(unknown).toMatchObject({ name: 'keyboard message 9', faults: [{ code: 'TYPE', offset: 16 }] })
    expect(tryDecode(KeyboardMessage, fromHex('0900000048000000')).ok).toBe(false)
  })

  it('on channels that are not open, or not known, are noted', () => {
    const { session, host } = withKeyboard()
    host(offer(5, DeviceId.Scsi))
    expect(session.packet('host', 5, inBand(new Uint8Array(8))).notes).toEqual(['the channel is not open (offered)'])
    expect(session.packet('host', 6, inBand(new Uint8Array(8))).notes).toEqual(['relid 6 was not offered'])
    expect(session.packet('host', undefined, inBand(new Uint8Array(8))).notes).toEqual(['no channel'])
    const long = session.packet('host', 3, fromHex('06000200030000000000000000000000030000000000000000000000000000ff'))
    expect(long.notes).toEqual(['8 bytes behind the length in the descriptor'])
    const short = session.packet('host', 3, fromHex('06000200090000000000000000000000'))
    expect(short).toMatchObject({ name: 'DataInBand', faults: [{ code: 'LENGTH' }] })
  })

  /** A device whose completions say nothing of what they answer, as VPCI's do. */
  const Question = struct('Question', { kind: u32, detail: u32 })
  const Answer = struct('Answer', { result: u32, more: u32 })
  const decoder: DeviceDecoder = {
    interfaceId: DeviceId.Pci,
    name: 'asker',
    parseVersion: (text) => (text === '1.4' ? 0x10004 : undefined),
    decodePacket({ packet, payload, version, request }) {
      const schema: Structure<object> = packet.type === 'CompletionPacket' ? Answer : Question
      const { value, faults } = tryDecode(schema, payload)
      const name = packet.type === 'CompletionPacket' ? `answer to ${request?.name}` : `question under ${version}`
      return { name, schema, value, faults, ...(payload[0] === 1 ? { version: 0x10003 } : {}) }
    },
  }

  it('that complete a request are decoded in its light, once', () => {
    const session = new Session({ decoders: [decoder], channels: [{ relid: 14, device: 'asker', version: '1.4' }] })
    const ask = session.packet('guest', 14, inBand(new Uint8Array(8), 5n, 1))
    expect(ask.name).toBe(`question under ${0x10004}`)
    // The same id in the other direction is another request.
    session.packet('host', 14, inBand(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), 5n, 1))
    expect(session.packet('host', 14, completion(new Uint8Array(8), 5n))).toMatchObject({
      name: `answer to question under ${0x10004}`,
      answers: { index: ask.index },
      notes: [],
    })
    expect(session.packet('host', 14, completion(new Uint8Array(8), 5n)).notes).toEqual(['completes no request seen'])
    expect(session.pendingPackets).toBe(1)
    expect(session.packet('guest', 14, inBand(new Uint8Array(8), 6n, 1)).name).toBe(`question under ${0x10003}`)
    expect(session.packet('guest', 14, inBand(new Uint8Array(8), 6n, 1)).notes).toEqual([
      'transaction id 0x6 was still waiting for a completion',
    ])
  })

  it('may begin in mid-stream, with assumptions that must make sense', () => {
    const session = new Session({
      decoders: [keyboardDecoder],
      version: VmbusVersion.V5_3,
      features: 0,
      channels: [
        { relid: 3, device: 'keyboard', version: '1.0' },
        { relid: 4, device: 'Scsi' },
      ],
    })
    expect(session.packet('guest', 3, inBand(fromHex('0100000000000100')))).toMatchObject({
      name: 'KeyboardProtocolRequest',
      notes: [],
    })
    expect(session.packet('guest', 4, inBand(new Uint8Array(8)))).toMatchObject({ device: 'scsi', notes: [] })
    const bad = (device: string, version?: string) => () =>
      new Session({ decoders: [keyboardDecoder], channels: [{ relid: 1, device, ...(version && { version }) }] })
    expect(bad('toaster')).toThrow(RangeError)
    expect(bad('keyboard', 'new')).toThrow(RangeError)
  })
})

describe('memory of a session', () => {
  it('holds a bounded number and weight of requests, the newest ones', () => {
    const pending = new Pending<number>(3, 100)
    for (const value of [1, 2, 3, 4]) pending.add(`${value}`, value, 10)
    expect([pending.size, pending.givenUp, pending.take('1'), pending.take('4')]).toEqual([3, 1, undefined, 4])
    pending.add('5', 5, 95)
    expect([pending.size, pending.take('2'), pending.take('5')]).toEqual([1, undefined, 5])
    pending.add('6', 6, 1000)
    pending.add('7', 7, 1)
    expect([pending.size, pending.take('7')]).toEqual([1, 7])
  })

  it('does not grow with completions that never come', () => {
    const { session } = withKeyboard()
    const bytes = inBand(new Uint8Array(4096), 0n, 1)
    const view = new DataView(bytes.buffer)
    for (let id = 0; id < 10_000; id++) {
      view.setUint32(8, id, true)
      session.packet('guest', 3, bytes)
    }
    expect(session.pendingPackets).toBe(Math.floor((16 << 20) / bytes.length))
  })
})

describe('a session on any bytes', () => {
  it('answers with an entry, and goes on', { timeout: 60_000 }, () => {
    const from = fc.constantFrom('guest', 'host')
    // Beginnings that look like messages or packets get further than noise alone.
    const messageBytes = fc
      .tuple(fc.integer({ min: 0, max: 31 }), fc.uint8Array({ maxLength: 240 }), fc.integer({ min: 0, max: 4 }))
      .map(([type, body, relid]) => Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0, relid, 0, 0, 0, ...body))
    const packetBytes = fc
      .tuple(fc.integer({ min: 0, max: 14 }), fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 80 }))
      .map(([type, length, body]) => Uint8Array.of(type, 0, 2, 0, length, 0, 1, 0, ...body))
    const input = fc.oneof(
      fc.record({ kind: fc.constant('message'), from, bytes: messageBytes }),
      fc.record({ kind: fc.constant('packet'), from, bytes: packetBytes }),
      fc.record({ kind: fc.constantFrom('message', 'packet'), from, bytes: fc.uint8Array({ maxLength: 300 }) }),
    )
    fc.assert(
      fc.property(fc.array(input), (inputs) => {
        const { session } = withKeyboard()
        for (const { kind, from, bytes } of inputs) {
          const entry = kind === 'message' ? session.message(from, bytes) : session.packet(from, bytes[8], bytes)
          expect(entry.faults.length).toBeLessThanOrEqual(200)
        }
        expect([...session.channels].length).toBeLessThan(300)
      }),
      seeded,
    )
  })
})
