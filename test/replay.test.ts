import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex } from '../src/trace/hex.ts'
import {
  dialogue,
  dialogueLine,
  differenceText,
  linuxBoot,
  replay,
  type Transcript,
  type TranscriptEvent,
} from '../src/trace/index.ts'
import { parseTranscript } from '../src/trace/transcript.ts'
import { ChannelMessage } from '../src/vmbus/messages.ts'
import { toHex } from '../src/wire/index.ts'
import { seeded } from './seed.ts'
import { recordings, recordingText } from './transcripts.ts'

type MessageEvent = TranscriptEvent & { kind: 'msg' | 'postmessage' }

/** The shipped recording with the bytes of control messages changed. */
function altered(change: (message: ChannelMessage) => ChannelMessage | undefined): Transcript {
  const events = linuxBoot.events.flatMap((event): TranscriptEvent[] => {
    if (event.kind !== 'msg' && event.kind !== 'postmessage') return [event]
    const message = change(ChannelMessage.decode(fromHex(event.hex)))
    return message === undefined ? [] : [{ ...event, hex: toHex(ChannelMessage.encode(message)) }]
  })
  return { ...linuxBoot, events }
}

const mattering = (transcript: Transcript) => replay(transcript).differences.filter(({ matters }) => matters)
const numberOf = (wanted: (message: ChannelMessage) => boolean, events = linuxBoot.events) =>
  events.findIndex(
    (event) =>
      (event.kind === 'msg' || event.kind === 'postmessage') && wanted(ChannelMessage.decode(fromHex(event.hex))),
  )

describe('replaying a recorded Linux guest against our host', () => {
  it.each(recordings)('carries %s through: every answer that matters is the same', (name) => {
    const { summary, differences } = replay(parseTranscript(recordingText(name)))
    expect(summary.faults).toBe(0)
    expect(differences.filter(({ matters }) => matters)).toEqual([])
    expect(differences.every(({ kind, why }) => kind === 'different' && why !== '')).toBe(true)
  })

  it('counts what there is, decoded or not', () => {
    expect(replay(parseTranscript(recordingText('linux-rescind'))).summary).toEqual({
      events: 489,
      messages: { guest: 184, host: 19 },
      signals: 81,
      packets: { guest: 81, host: 85 },
      ringHeaders: 14,
      registers: 16,
      others: 9,
      withoutData: 0,
      devices: [
        { device: 'shutdown', packets: 2, decoded: 2, asBytes: 0 },
        { device: 'keyboard', packets: 8, decoded: 8, asBytes: 0 },
        { device: 'network', packets: 44, decoded: 44, asBytes: 0 },
        { device: 'storage', packets: 112, decoded: 112, asBytes: 0 },
      ],
      faults: 0,
      // The recorded host sends keystrokes on the channel that the guest has released.
      notes: 6,
      differences: { matter: 0, free: 9 },
      violations: { 'channel-revoked': 3 },
    })
  })

  it('names hosts’ free choices as such', () => {
    const { differences, violations } = replay(parseTranscript(recordingText('linux-rescind')))
    expect(differences.slice(0, 3)).toEqual([
      {
        kind: 'different',
        event: 14,
        message: 'VersionResponse',
        field: 'versionOrConnectionId',
        recorded: 4,
        ours: 1,
        matters: false,
        why: 'the guest posts to whatever connection the response names',
      },
      {
        kind: 'different',
        event: 16,
        message: 'OfferChannel',
        channelId: 2,
        field: 'channelId',
        recorded: 2,
        ours: 1,
        matters: false,
        why: 'hosts number channels as they like; the guest uses the relid of the offer',
      },
      {
        kind: 'different',
        event: 16,
        message: 'OfferChannel',
        channelId: 2,
        field: 'connectionId',
        recorded: 0x2002,
        ours: 0x2001,
        matters: false,
        why: 'the guest signals whatever connection the offer names',
      },
    ])
    expect(differences.slice(0, 1).map(differenceText)).toEqual([
      'event 14, VersionResponse, versionOrConnectionId: recorded 4, ours 1; does not matter: the guest posts to whatever connection the response names',
    ])
    // Relids as in the recording, not our own.
    expect(violations.map(({ event, channelId }) => ({ event, channelId }))).toEqual([
      { event: 469, channelId: 3 },
      { event: 474, channelId: 9 },
      { event: 479, channelId: 10 },
    ])
  })
})

describe('replaying an altered recording', () => {
  it('reports an open that fails because its downstream offset was altered', () => {
    const transcript = altered((message) =>
      message.type === 'OpenChannel' && message.channelId === 3
        ? { ...message, downstreamRingBufferPageOffset: 99 }
        : message,
    )
    expect(mattering(transcript)).toEqual([
      {
        kind: 'different',
        event: numberOf((message) => message.type === 'OpenResult' && message.channelId === 3),
        message: 'OpenResult',
        channelId: 3,
        field: 'status',
        recorded: 'Success (0)',
        ours: 'Failure (2147549183)',
        matters: true,
        why: 'the guest takes zero for success and anything else for failure',
      },
    ])
    expect(replay(transcript).violations).toMatchObject([{ channelId: 3 }])
  })

  it('reports what follows when a GPADL’s relid was altered', () => {
    const differences = mattering(
      altered((message) =>
        message.type === 'GpadlHeader' && message.channelId === 3 ? { ...message, channelId: 77 } : message,
      ),
    )
    expect(differences.map(({ message, field, recorded, ours }) => [message, field, recorded, ours])).toEqual([
      ['GpadlCreated', 'channelId', 3, 77],
      ['GpadlCreated', 'status', 'Success (0)', 'Failure (2147549183)'],
      ['OpenResult', 'status', 'Success (0)', 'Failure (2147549183)'],
    ])
  })

  it('reports an answer that our host does not give', () => {
    const transcript = altered((message) =>
      message.type === 'OpenChannel' && message.channelId === 3 ? undefined : message,
    )
    expect(mattering(transcript).map(differenceText)).toEqual([
      expect.stringMatching(/^event \d+, OpenResult #3: our host does not send it; matters: /),
    ])
    expect(mattering(transcript)).toMatchObject([
      { kind: 'missing', message: 'OpenResult', channelId: 3, field: '', recorded: { type: 'OpenResult', openId: 3 } },
    ])
  })

  it('tells answers in another order from other answers', () => {
    const events = linuxBoot.events.slice()
    const first = numberOf((message) => message.type === 'OpenResult')
    const [result] = events.splice(first, 1)
    const created = numberOf(({ type }) => type === 'GpadlCreated', events.slice(first))
    events.splice(first + created + 1, 0, ...(result === undefined ? [] : [result]))
    expect(replay({ ...linuxBoot, events }).differences.filter(({ field }) => field === 'order')).toEqual([
      {
        kind: 'different',
        event: first + created,
        message: 'GpadlCreated',
        channelId: expect.any(Number),
        field: 'order',
        ours: 'after OpenResult',
        matters: false,
        why: 'messages about different things may come in any order',
      },
    ])
  })

  it('reports an answer about another channel', () => {
    const differences = mattering(
      altered((message) =>
        message.type === 'GpadlHeader' && message.channelId === 3 ? { ...message, channelId: 1 } : message,
      ),
    )
    expect(differences[0]).toMatchObject({
      kind: 'different',
      message: 'GpadlCreated',
      field: 'channelId',
      recorded: 3,
      ours: 1,
    })
  })

  it('reports what only our host sends', () => {
    const transcript = altered((message) => (message.type === 'AllOffersDelivered' ? undefined : message))
    expect(mattering(transcript)).toMatchObject([
      { kind: 'extra', event: numberOf(({ type }) => type === 'RequestOffers'), message: 'AllOffersDelivered' },
    ])
  })

  it('reports another device under an offer, and a version that is answered otherwise', () => {
    const offers = mattering(
      altered((message) =>
        message.type === 'OfferChannel' && message.channelId === 3
          ? { ...message, offer: { ...message.offer, mmioMegabytes: 5 } }
          : message,
      ),
    )
    // Our host is told what the recorded one offers.
    expect(offers).toEqual([])
    const refused = mattering(
      altered((message) => (message.type === 'VersionResponse' ? { ...message, versionSupported: 0 } : message)),
    )
    expect(refused[0]).toMatchObject({ field: 'versionSupported', recorded: 0, ours: 1, matters: true })
  })

  it('takes rescinds, late offers and re-offers from the recording', () => {
    const offer = linuxBoot.events[numberOf((message) => message.type === 'OfferChannel' && message.channelId === 3)]
    const t = 100
    const post = (message: ChannelMessage): MessageEvent => ({
      kind: 'postmessage',
      t,
      dir: 'g2h',
      hex: toHex(ChannelMessage.encode(message)),
      connection_id: 4,
    })
    const deliver = (message: ChannelMessage): MessageEvent => ({
      kind: 'msg',
      t,
      dir: 'h2g',
      hex: toHex(ChannelMessage.encode(message)),
    })
    const events = [
      ...linuxBoot.events,
      deliver({ type: 'RescindChannelOffer', channelId: 3 }),
      post({ type: 'CloseChannel', channelId: 3 }),
      post({ type: 'RelIdReleased', channelId: 3 }),
      ...(offer === undefined ? [] : [{ ...offer, t }]),
      post({ type: 'Unload' }),
      deliver({ type: 'UnloadComplete' }),
    ]
    expect(mattering({ ...linuxBoot, events })).toEqual([])
  })

  it('never throws, whatever the messages hold', { timeout: 60_000 }, () => {
    // Up to the keyboard's opening: long enough to break every kind of message, short enough to run often.
    const opened = numberOf((message) => message.type === 'OpenResult' && message.channelId === 3)
    const control = linuxBoot.events
      .slice(0, opened + 1)
      .flatMap((event) => (event.kind === 'msg' || event.kind === 'postmessage' ? [event] : []))
    const change = fc.record({ event: fc.nat({ max: control.length - 1 }), at: fc.nat({ max: 60 }), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const events = control.slice()
        for (const { event, at, byte } of changes) {
          const original = events[event]
          if (original === undefined) continue
          const bytes = fromHex(original.hex)
          bytes[at] = byte
          events[event] = { ...original, hex: toHex(bytes) }
        }
        const { entries } = replay({ ...linuxBoot, events })
        expect(dialogue(entries).length).toBeGreaterThan(10)
      }),
      seeded,
    )
  })
})

describe('the dialogue', () => {
  it('says who said what about which channel, in columns', () => {
    const { entries } = replay(linuxBoot)
    const lines = dialogue(entries)
    const start = lines.findIndex((line) => line.includes('InitiateContact'))
    expect(lines.slice(start, start + 3)).toEqual([
      ' 2.3240  guest → host        InitiateContact                               version 5.3, sint 2, parentToChildMonitorPage 0x43aa3000, childToParentMonitorPage 0x43aa4000',
      ' 2.3241  host → guest        VersionResponse                               versionSupported 1, connectionState Successful, versionOrConnectionId 0x4',
      ' 2.3444  guest → host        RequestOffers',
    ])
    const keyboard = lines.filter((line) => line.includes('#3 keyboard'))
    expect(keyboard.map((line) => line.slice(9).replace(/ {2,}/g, '  '))).toEqual([
      'host → guest  OfferChannel  #3 keyboard  instanceId Keyboard instance, flags namedPipeMode, pipeType Message, interrupt isDedicated, connectionId 0x2003',
      'guest → host  GpadlHeader  #3 keyboard  gpadlId 0xe1e15, rangeBufferLength 152, rangeCount 1, memory 73728 bytes',
      'host → guest  GpadlCreated  #3 keyboard  gpadlId 0xe1e15, status Success',
      'guest → host  OpenChannel  #3 keyboard  openId 3, ringBufferGpadlId 0xe1e15, downstreamRingBufferPageOffset 9',
      'guest → host  ring at open  #3 keyboard  ring guest-to-host, pages 18, featureBits pendingSendSize',
      'guest → host  ring at open  #3 keyboard  ring host-to-guest, featureBits pendingSendSize',
      'host → guest  OpenResult  #3 keyboard  openId 3, status Success',
      'guest → host  HvCallSignalEvent  #3 keyboard  connection 0x2003',
      'guest → host  KeyboardProtocolRequest  #3 keyboard  id 0xffff000004e9b9d0, flags completion wanted, version 0x10000',
      'host → guest  KeyboardProtocolResponse  #3 keyboard  status accepted',
      'host → guest  Keystroke  #3 keyboard  makeCode 30',
      'host → guest  Keystroke  #3 keyboard  makeCode 30, flags break',
      'host → guest  Keystroke  #3 keyboard  makeCode 48',
      'host → guest  Keystroke  #3 keyboard  makeCode 48, flags break',
      'host → guest  Keystroke  #3 keyboard  makeCode 72, flags e0',
      'host → guest  Keystroke  #3 keyboard  makeCode 72, flags break | e0',
    ])
  })

  it('tells a run of GPADL bodies or ends of message as one line', () => {
    const { entries } = replay(linuxBoot)
    const lines = dialogue(entries)
    expect(lines.filter((line) => line.includes('GpadlBody'))).toHaveLength(1)
    expect(lines.some((line) => / × \d+ .*EOM/.test(line))).toBe(true)
  })

  it('puts oddities and faults below their line, and paints what it is asked to', () => {
    const bad: TranscriptEvent = { kind: 'packet', t: 1, dir: 'h2g', relid: 9, hex: '0600020009000000' }
    const { entries } = replay({ ...linuxBoot, events: [bad] })
    expect(dialogue(entries)).toEqual([
      '1.0000  host → guest  DataInBand  #9  dataOffset8 2, length8 9',
      '                      - relid 9 was not offered',
      expect.stringMatching(/^ {22}! descriptor\.transactionId at offset 8: .* \(SHORT\)$/),
    ])
    const inks = new Set<string>()
    dialogue(entries, {
      paint: (ink, text) => {
        inks.add(ink)
        return text
      },
    })
    expect([...inks].sort()).toEqual(['channel', 'fault', 'field', 'host', 'name', 'note', 'time', 'value'])
  })

  it('has words for every kind of event', () => {
    const t = 0
    const events: TranscriptEvent[] = [
      { kind: 'config', t, package: '0.1.0', version: '6.0', offers: [] },
      { kind: 'mem', t, gpa: '0x1000', hex: '0102' },
      { kind: 'ring', t, relid: 3, ring: 'guest-to-host', write_index: 64, hex: 'ff' },
      { kind: 'tick', t, by: 10_000 },
      { kind: 'fault', t, fault: 'drop', event: 4 },
      { kind: 'rndis', t, dir: 'g2h', hex: '00', relid: 10 },
      { kind: 'signalevent', t, dir: 'h2g', flag: 3 },
    ]
    const said = replay({ ...linuxBoot, events }).entries.map(dialogueLine)
    expect(
      said.map(({ who, what, channel, fields }) => [
        who,
        what,
        channel,
        ...fields.map(({ name, text }) => `${name} ${text}`),
      ]),
    ).toEqual([
      ['recorder', 'configuration', '', 'package 0.1.0', 'version 6.0', 'offers 0'],
      ['recorder', 'memory', '', '0x1000 2 bytes'],
      ['recorder', 'ring write', '#3', 'ring guest-to-host', 'write_index 64', 'bytes 1'],
      ['recorder', 'tick', '', 'by 1 ms'],
      ['recorder', 'fault: drop', '', 'event 4'],
      ['guest → host', 'RNDIS', '#10', 'payload 1 bytes 00'],
      ['host → guest', 'EventFlag', '', 'flag 0x3'],
    ])
  })
})
