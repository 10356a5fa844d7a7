import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linuxBoot } from '../src/trace/index.ts'
import { recordedOffer, TranscriptRecorder } from '../src/trace/recorder.ts'
import {
  parseTranscript,
  readTranscript,
  TranscriptError,
  transcriptJsonSchema,
  writeTranscript,
} from '../src/trace/transcript.ts'
import { DeviceId, InstanceId } from '../src/vmbus/device-ids.ts'
import { validate } from './json-schema.ts'
import { seeded } from './seed.ts'
import { recordings, recordingText } from './transcripts.ts'

function errorOf(json: unknown): TranscriptError {
  try {
    readTranscript(json)
  } catch (error) {
    if (error instanceof TranscriptError) return error
    throw error
  }
  throw new Error('no error')
}

/** A transcript with an event of each kind. */
function recorded() {
  let t = 0
  const recorder = new TranscriptRecorder(() => ++t, { name: 'all kinds' })
  recorder.config({
    package: '0.1.0',
    version: '6.0',
    features: 0x7f,
    seeds: { run: 7 },
    offers: [recordedOffer({ interfaceId: DeviceId.Keyboard, instanceId: InstanceId.Keyboard, flags: 0x10 })],
  })
  recorder.post(4, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0))
  recorder.post(9, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0), 0x12)
  recorder.deliver(0, 2, Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 0))
  recorder.signalHost(0x2001)
  recorder.signalGuest(1, 2, 3)
  recorder.packet('guest', 3, new Uint8Array(24), 'keyboard')
  recorder.ringHeader(3, 'guest-to-host', 'open', new Uint8Array(128))
  recorder.ring(3, 'host-to-guest', { offset: 8, bytes: Uint8Array.of(0xff), write_index: 4096 })
  recorder.memory(0x1000n, Uint8Array.of(1, 2))
  recorder.tick(10_000)
  recorder.fault('truncate', { event: 6, detail: { to: 8 } })
  return recorder.transcript()
}

describe('reading a transcript', () => {
  it.each(recordings)('brings %s to version 2, each packet with its relid', (name) => {
    const { format, events } = parseTranscript(recordingText(name))
    const original: { events: { kind: string; hex?: string; channel?: string }[] } = JSON.parse(recordingText(name))
    expect(format).toBe('vmbus transcript v2')
    expect(events.map(({ kind }) => kind)).toEqual(original.events.map(({ kind }) => kind))
    const relids = { heartbeat: 1, shutdown: 2, keyboard: 3, timesync: 4, kvp: 5, vss: 6, mouse: 7, video: 8 }
    const more = { scsi: 9, net: 10, balloon: 11 }
    for (const [index, event] of events.entries()) {
      if (event.kind !== 'packet' && event.kind !== 'ringheader') continue
      expect(event.relid).toBe(new Map(Object.entries({ ...relids, ...more })).get(event.channel ?? ''))
      expect(event.hex).toBe(original.events[index]?.hex)
    }
  })

  it('finds a relid by the ring header after an OpenChannel, under whatever name', () => {
    const text = recordingText('linux-rescind').replaceAll('"channel":"keyboard"', '"channel":"kbd"')
    const { events } = parseTranscript(text.replaceAll('"channel": "keyboard"', '"channel": "kbd"'))
    const relids = events.flatMap((event) => ('channel' in event && event.channel === 'kbd' ? [event.relid] : []))
    expect(relids).toEqual(new Array(12).fill(3))
  })

  it('finds a relid by the device class where no ring header tells it', () => {
    const { events } = JSON.parse(recordingText('linux-rescind'))
    const offersAndPackets = events.filter(({ kind }: { kind: string }) => kind === 'msg' || kind === 'packet')
    const transcript = readTranscript({ format: 'vmbus transcript v1', events: offersAndPackets })
    const pairs = transcript.events.flatMap((event) =>
      event.kind === 'packet' ? [`${event.channel} ${event.relid}`] : [],
    )
    expect([...new Set(pairs)].sort()).toEqual(['keyboard 3', 'net 10', 'scsi 9', 'shutdown 2'])
  })

  it('writes what it reads', () => {
    for (const name of recordings) {
      const transcript = parseTranscript(recordingText(name))
      expect(parseTranscript(writeTranscript(transcript))).toEqual(transcript)
    }
    const transcript = recorded()
    expect(parseTranscript(writeTranscript(transcript))).toEqual(transcript)
    expect(writeTranscript(transcript).split('\n')).toHaveLength(transcript.events.length + 7)
  })

  it('names the path and the reason of what is wrong, a bounded number of them', () => {
    expect(errorOf(undefined).faults).toEqual([{ path: '', why: 'an object expected, not nothing' }])
    const events = [
      { t: 1, kind: 'packet', dir: 'g2h', hex: '0' },
      { t: 1, kind: 'constructor' },
      { t: -1, kind: 'tick', by: 1.5 },
      { t: 0, kind: 'msg', dir: 'g2h', hex: '' },
      7,
    ]
    const { faults, total, message } = errorOf({ format: 'vmbus transcript v3', events })
    expect(faults).toEqual([
      { path: 'format', why: 'vmbus transcript v1 or vmbus transcript v2 expected, not "vmbus transcript v3"' },
      { path: 'events[0].hex', why: 'an even number of hex digits expected, not "0"' },
      { path: 'events[1].kind', why: 'unknown kind "constructor"' },
      { path: 'events[2].t', why: 'a number of at least 0 expected, not -1' },
      { path: 'events[2].by', why: 'a whole number from 0 to 9007199254740991 expected, not 1.5' },
      { path: 'events[3].dir', why: 'h2g expected, not "g2h"' },
      { path: 'events[4]', why: 'an object expected, not 7' },
    ])
    expect(total).toBe(7)
    expect(message).toContain('(and 6 more)')
    const many = errorOf({ format: 'vmbus transcript v2', events: new Array(1000).fill(0) })
    expect([many.faults.length, many.total]).toEqual([20, 1000])
    expect(() => parseTranscript('{')).toThrow(TranscriptError)
  })

  it('takes hex of any length', () => {
    const hex = '00'.repeat(6 << 20)
    const { events } = readTranscript({
      format: 'vmbus transcript v2',
      events: [{ kind: 'mem', t: 0, gpa: '0x0', hex }],
    })
    expect(events).toHaveLength(1)
  })

  it('answers any JSON with a transcript or its own error', { timeout: 60_000 }, () => {
    const event = fc.record(
      {
        kind: fc.constantFrom('msg', 'packet', 'tick', 'config', 'ring'),
        t: fc.nat(),
        hex: fc.string(),
        dir: fc.string(),
      },
      { requiredKeys: [] },
    )
    const almost = fc.record({
      format: fc.constant('vmbus transcript v2'),
      events: fc.array(fc.oneof(event, fc.jsonValue())),
    })
    fc.assert(
      fc.property(fc.oneof(almost, fc.jsonValue()), (json) => {
        try {
          expect(Array.isArray(readTranscript(json).events)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(TranscriptError)
        }
      }),
      seeded,
    )
  })
})

describe('the JSON Schema of transcripts', () => {
  it('is the one that ships', () => {
    const file: unknown = JSON.parse(readFileSync('src/trace/transcript.schema.json', 'utf8'))
    // node scripts/run.mjs scripts/transcript-schema.ts
    expect(file).toEqual(transcriptJsonSchema())
  })

  it.each(recordings)('accepts %s as recorded, and brought to version 2', (name) => {
    expect(validate(transcriptJsonSchema(), JSON.parse(recordingText(name)))).toEqual([])
    expect(validate(transcriptJsonSchema(), parseTranscript(recordingText(name)))).toEqual([])
  })

  it('accepts every kind of event, and refuses what the reader refuses', () => {
    const transcript = recorded()
    expect(validate(transcriptJsonSchema(), transcript)).toEqual([])
    expect(validate(transcriptJsonSchema(), linuxBoot)).toEqual([])
    for (const change of [{ t: -1 }, { t: 'now' }, { kind: 'nothing' }]) {
      for (const [index, event] of transcript.events.entries()) {
        const broken = { ...transcript, events: transcript.events.with(index, Object.assign({}, event, change)) }
        expect(validate(transcriptJsonSchema(), broken)).toEqual([`.events[${index}]: fits no alternative`])
        expect(errorOf(broken).faults[0]?.path.startsWith(`events[${index}]`)).toBe(true)
      }
    }
  })
})

describe('the recorder', () => {
  it('keeps bytes as they were at the time', () => {
    const recorder = new TranscriptRecorder(() => 0)
    const bytes = Uint8Array.of(1)
    recorder.deliver(0, 2, bytes)
    bytes[0] = 2
    expect(recorder.transcript().events).toEqual([{ kind: 'msg', t: 0, dir: 'h2g', hex: '01', vp: 0, sint: 2 }])
    expect(recorder.length).toBe(1)
  })
})

describe('the recording that ships', () => {
  it('is part of the recording of a stock Linux', () => {
    const whole = parseTranscript(recordingText('linux-full-6.18-up')).events
    let at = 0
    for (const event of linuxBoot.events) {
      const hex = 'hex' in event ? event.hex : undefined
      const found = whole.findIndex(
        (other, index) =>
          index >= at &&
          other.t === event.t &&
          other.kind === event.kind &&
          ('hex' in other ? other.hex : undefined) === hex,
      )
      expect(found).toBeGreaterThanOrEqual(at)
      at = found + 1
    }
    expect(readTranscript(linuxBoot)).toEqual(linuxBoot)
  })
})
