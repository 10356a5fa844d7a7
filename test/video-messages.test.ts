import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  encodeVideo,
  sizedVideoMessages,
  type VideoContent,
  VideoDirt,
  VideoMessage,
  VideoMessageType,
  VideoPacket,
  VideoPointerShape,
  VideoResolutionResponse,
  VideoVersion,
  videoDecoder,
} from '../src/devices/video/index.ts'
import { parseTranscript, replay } from '../src/trace/index.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'
import { fromJSON, toHex, toJSON, type WireContext, WireError, WireReader } from '../src/wire/index.ts'
import { recordings, recordingText } from './transcripts.ts'

interface Recorded {
  readonly kind: string
  readonly dir: 'g2h' | 'h2g'
  readonly hex: string
  readonly channel?: string
}

const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Payloads of the video channel in a recording, cut to the length in their pipe header. */
function videoPayloads(name: (typeof recordings)[number]): { from: 'guest' | 'host'; payload: Uint8Array }[] {
  const { events }: { events: Recorded[] } = JSON.parse(recordingText(name))
  return events
    .filter(({ kind, channel }) => kind === 'packet' && channel === 'video')
    .map(({ dir, hex }) => {
      const payload = bytesOf(hex).subarray(16)
      const length = new DataView(payload.buffer, payload.byteOffset).getUint32(4, true)
      return { from: dir === 'g2h' ? 'guest' : 'host', payload: payload.subarray(0, 8 + length) }
    })
}

const edid = Uint8Array.from({ length: 128 }, (_, index) => index)
const output = { isActive: 1, vramOffset: 16, depthBits: 32, widthPixels: 1024, heightPixels: 768, pitchBytes: 4096 }
const changes = { isDirtNeeded: 1, isPointerPositionNeeded: 0, isPointerShapeNeeded: 1, isSituationNeeded: 1 }
const shape = { partialIndex: 255, isArgb: 1, width: 1, height: 1, hotspotX: 0, hotspotY: 0 }

/** Each message, and its bytes behind the header. */
const messages: [VideoContent, type: number, body: string, from: 'guest' | 'host'][] = [
  [{ type: 'VersionRequest', body: { version: VideoVersion.V3_5 } }, 1, '03000500', 'guest'],
  [
    { type: 'VersionResponse', body: { version: VideoVersion.V3_2, isAccepted: 2, maxVideoOutputs: 1 } },
    2,
    '030002000201',
    'host',
  ],
  [
    { type: 'VramLocation', body: { userContext: 0x1122n, isVramGpaSpecified: 1, vramGpa: 0x7000_0000n } },
    3,
    '2211000000000000' + '01' + '0000007000000000',
    'guest',
  ],
  [{ type: 'VramLocationAck', body: { userContext: 0x1122n } }, 4, '2211000000000000', 'host'],
  [
    { type: 'SituationUpdate', body: { userContext: 5n, videoOutputCount: 1, videoOutput: output } },
    5,
    '0500000000000000' + '01' + '01' + '10000000' + '20' + '00040000' + '00030000' + '00100000',
    'guest',
  ],
  [{ type: 'SituationUpdateAck', body: { userContext: 5n } }, 6, '0500000000000000', 'host'],
  [
    { type: 'PointerPosition', body: { isVisible: 1, videoOutput: 0, imageX: -2, imageY: 300 } },
    7,
    '0100' + 'feffffff' + '2c010000',
    'guest',
  ],
  [
    { type: 'PointerShape', body: { ...shape, pixels: Uint8Array.of(1, 2, 3, 4) } },
    8,
    'ff01' + '01000000' + '01000000' + '00000000' + '00000000' + '01020304',
    'guest',
  ],
  [{ type: 'FeatureChange', body: changes }, 9, '01000101', 'host'],
  [{ type: 'FeatureChangeV2', body: { ...changes, edid } }, 9, `01000101${toHex(edid)}`, 'host'],
  [
    { type: 'Dirt', body: { videoOutput: 0, dirtCount: 1, dirt: [{ left: 0, top: -1, right: 16, bottom: 8 }] } },
    10,
    '0001' + '00000000' + 'ffffffff' + '10000000' + '08000000',
    'guest',
  ],
  [{ type: 'BiosInfoRequest' }, 11, '', 'guest'],
  [
    { type: 'BiosInfoResponse', body: { flags: { isStopDeviceSupported: true } } },
    12,
    '01000000000000000000000000000000',
    'host',
  ],
  [{ type: 'ResolutionRequest', body: { maximumResolutionCount: 64 } }, 13, '40', 'guest'],
  [
    {
      type: 'ResolutionResponse',
      body: {
        edid,
        resolutionCount: 2,
        defaultResolutionIndex: 1,
        isStandard: 0,
        resolutions: [
          { width: 1024, height: 768 },
          { width: 1280, height: 1024 },
        ],
      },
    },
    14,
    `${toHex(edid)}0201000004000300050004`,
    'host',
  ],
  [{ type: 'CapabilityRequest' }, 15, '', 'guest'],
  [
    { type: 'CapabilityResponse', body: { flags: { isLockOnDisconnect: true } } },
    16,
    `01000000${'00'.repeat(60)}`,
    'host',
  ],
]

function word(value: number): string {
  return toHex(Uint8Array.of(value & 255, (value >> 8) & 255, 0, 0))
}

describe('messages', () => {
  it.each(messages)('%o: exact bytes, and back', (content, type, body, from) => {
    const bytes = encodeVideo(content)
    expect(toHex(bytes)).toBe(word(type) + word(8 + body.length / 2) + body)
    const decoded = VideoMessage.decode(bytes, { from })
    expect(decoded).toEqual({ ...content, header: { size: bytes.length } })
    expect(VideoMessage.encode(decoded)).toEqual(bytes)
    expect(fromJSON(VideoMessage, JSON.parse(JSON.stringify(toJSON(VideoMessage, decoded))))).toEqual(decoded)
  })

  it('has each type once, but for the two forms of feature change; the type Error is no message', () => {
    expect(new Set(messages.map(([, type]) => type))).toEqual(new Set(Object.values(VideoMessageType).slice(1)))
    expect(VideoMessage.schemas).toHaveLength(messages.length)
  })

  const errorOf = (bytes: Uint8Array, context: WireContext) => {
    try {
      sizedVideoMessages.decodeAt(new WireReader(bytes), 0, context)
      return 'fine'
    } catch (error) {
      if (error instanceof WireError) return `${error.code} ${error.path} ${error.offset}`
      throw error
    }
  }

  it.each(messages)('%o: only from its side', (content, _type, _body, from) => {
    const bytes = encodeVideo(content)
    expect(errorOf(bytes, { from })).toBe('fine')
    expect(errorOf(bytes, { from: from === 'guest' ? 'host' : 'guest' })).toBe('TYPE  0')
  })

  it.each([
    ['BiosInfoRequest', VideoVersion.V3_3],
    ['BiosInfoResponse', VideoVersion.V3_3],
    ['ResolutionRequest', VideoVersion.V3_4],
    ['ResolutionResponse', VideoVersion.V3_4],
    ['CapabilityRequest', VideoVersion.V3_5],
    ['CapabilityResponse', VideoVersion.V3_5],
  ])('%s: since its version', (type, since) => {
    const content = messages.find(([message]) => message.type === type)?.[0]
    if (content === undefined) throw new Error(type)
    const bytes = encodeVideo(content)
    expect(errorOf(bytes, { version: since })).toBe('fine')
    expect(errorOf(bytes, { version: since - 0x1_0000 })).toBe('TYPE  0')
  })

  it('before 3.4 a feature change has no EDID: what is there is left over', () => {
    const bytes = encodeVideo({ type: 'FeatureChangeV2', body: { ...changes, edid } })
    expect(VideoMessage.decode(bytes, { version: VideoVersion.V3_3 })).toMatchObject({
      type: 'FeatureChange',
      extra: edid,
    })
    expect(VideoMessage.decode(bytes, { version: VideoVersion.V3_4 })).toMatchObject({ type: 'FeatureChangeV2' })
  })

  it('[VI-08] a feature change without its byte is short', () => {
    const bytes = encodeVideo({ type: 'FeatureChange', body: changes })
    for (let length = 8; length < bytes.length; length++) {
      expect(errorOf(bytes.subarray(0, length), { from: 'host' })).toMatch(/^SHORT body/)
    }
  })

  it('[OK-21] a list of resolutions as long as its count, or of 64 entries whatever the count', () => {
    const resolutions = [{ width: 800, height: 600 }]
    const body = { edid, resolutionCount: 1, defaultResolutionIndex: 0, isStandard: 1, resolutions }
    const short = VideoResolutionResponse.encode(body)
    expect(VideoResolutionResponse.decode(short)).toEqual(body)
    const long = new Uint8Array(387)
    long.set(short)
    expect(VideoResolutionResponse.decode(long)).toEqual({ ...body, extra: new Uint8Array(252) })
  })

  it('[VI-14] the size counts the message with its header, or without; any other is refused, as are unknown types', () => {
    const bytes = encodeVideo({ type: 'VersionRequest', body: { version: 3 } })
    const outcomes = Array.from({ length: 20 }, (_, size) => {
      bytes[4] = size
      return errorOf(bytes, { from: 'guest' })
    })
    expect(outcomes.flatMap((outcome, size) => (outcome === 'fine' ? [size] : []))).toEqual([4, 12])
    expect(new Set(outcomes)).toEqual(new Set(['fine', 'LENGTH header.size 4']))
    for (const type of [0, 17, 255]) {
      bytes[0] = type
      bytes[4] = 12
      expect(errorOf(bytes, { from: 'guest' })).toBe('TYPE  0')
    }
  })
})

describe('against the Linux compiler', () => {
  const { structs }: { structs: Record<string, { fields: { name: string; offset: number; size: number }[] }> } =
    JSON.parse(readFileSync(new URL('fixtures/linux-layouts.json', import.meta.url), 'utf8'))
  // Linux gives what is of variable length one or 64 elements.
  it.each([
    ['synthvid_pointer_shape', VideoPointerShape, 18],
    ['synthvid_dirt', VideoDirt, 2],
    ['synthvid_supported_resolution_resp', VideoResolutionResponse, 131],
  ])('%s: the fields before what is of variable length', (name, schema, size) => {
    const theirs = structs[name]?.fields.filter(({ offset }) => offset < size).map(({ offset }) => offset)
    const fields = schema.layout.filter(({ schema }) => !schema.variable)
    expect(theirs).toEqual(fields.map(({ offset }) => offset))
    expect(structs[name]?.fields.some(({ offset }) => offset === size)).toBe(true)
  })
})

describe('recorded traffic', () => {
  it.each(recordings)('%s: every video payload decodes and encodes to the same bytes', (name) => {
    for (const { from, payload } of videoPayloads(name)) {
      const context = { from, version: VideoVersion.V3_5 }
      expect(toHex(VideoPacket.encode(VideoPacket.decode(payload, context)))).toBe(toHex(payload))
      const message = payload.subarray(8)
      expect(() => sizedVideoMessages.decodeAt(new WireReader(message), 0, context)).not.toThrow()
    }
  })

  it('holds a whole conversation of the Linux driver', () => {
    const types = videoPayloads('linux-full-6.18-up').map(
      ({ from, payload }) => `${from} ${VideoMessage.decode(payload.subarray(8), { from }).type}`,
    )
    expect(types.slice(0, 12)).toEqual([
      'guest VersionRequest',
      'host VersionResponse',
      'guest ResolutionRequest',
      'host ResolutionResponse',
      'guest VramLocation',
      'host VramLocationAck',
      'guest PointerPosition',
      'guest PointerShape',
      'guest SituationUpdate',
      'host SituationUpdateAck',
      'host FeatureChange',
      'guest PointerPosition',
    ])
    expect(new Set(types.slice(13))).toEqual(new Set(['guest Dirt']))
  })

  it('is decoded by a session: every packet, and the version from the host’s answer on', () => {
    const { entries, summary } = replay(parseTranscript(recordingText('linux-full-6.18-up')))
    const packets = videoPayloads('linux-full-6.18-up').length
    expect(summary.devices).toContainEqual({ device: 'video', packets, decoded: packets, asBytes: 0 })
    const video = entries.filter(({ device }) => device === 'video')
    expect(video.flatMap(({ faults }) => faults)).toEqual([])
    expect(videoDecoder.interfaceId).toBe(DeviceId.Video)
    expect([videoDecoder.parseVersion('3.5'), videoDecoder.parseVersion('3')]).toEqual([0x5_0003, undefined])
  })
})
