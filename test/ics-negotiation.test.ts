import { describe, expect, it } from 'vitest'
import { IcNegotiate, icFrameworkVersions, offerVersions } from '../src/devices/ics/index.ts'
import { timeSyncVersions } from '../src/devices/timesync.ts'
import { deviceDecoders } from '../src/trace/decoders.ts'
import { fromHex } from '../src/trace/hex.ts'
import { parseTranscript } from '../src/trace/transcript.ts'
import { DeviceId, InstanceId } from '../src/vmbus/device-ids.ts'
import { OfferFlags } from '../src/vmbus/offer.ts'
import { Session } from '../src/vmbus/session.ts'
import { HeartbeatVsc } from '../src/vsc/heartbeat.ts'
import { ShutdownVsc } from '../src/vsc/shutdown.ts'
import { type HostTime, TimeSyncVsc } from '../src/vsc/timesync.ts'
import { VssVsc } from '../src/vsc/vss.ts'
import { HeartbeatVsp } from '../src/vsp/heartbeat.ts'
import { ShutdownVsp } from '../src/vsp/shutdown.ts'
import { TimeSyncVsp } from '../src/vsp/timesync.ts'
import { toHex } from '../src/wire/index.ts'
import { choice, header, v1, v3, v32, withGuest, withHost } from './ics-rig.ts'
import { recordings, recordingText } from './transcripts.ts'

describe('recorded integration components', () => {
  const channels = { shutdown: ShutdownVsc, heartbeat: HeartbeatVsc, timesync: TimeSyncVsc, vss: VssVsc }

  it.each(recordings)('%s: decode without a fault, and encode to the same bytes', (name) => {
    const session = new Session({ decoders: deviceDecoders })
    const names: string[] = []
    for (const event of parseTranscript(recordingText(name)).events) {
      const from = 'dir' in event && event.dir === 'g2h' ? 'guest' : 'host'
      if (event.kind === 'msg' || event.kind === 'postmessage') session.message(from, fromHex(event.hex))
      if (event.kind !== 'packet' || !/shutdown|heartbeat|timesync|kvp|vss/.test(event.channel ?? '')) continue
      const { payload, faults } = session.packet(from, event.relid, fromHex(event.hex))
      expect(faults).toEqual([])
      if (payload?.value === undefined) throw new Error(`not decoded: ${event.hex}`)
      expect(toHex(payload.schema.encode(payload.value)).padEnd(event.hex.length - 32, '0')).toBe(event.hex.slice(32))
      names.push(`${event.channel}: ${payload.name}`)
    }
    expect(names).toContain('shutdown: Negotiate response')
    if (name === 'linux-full-6.18-up') {
      expect(new Set(names)).toEqual(
        new Set([
          ...['shutdown', 'kvp', 'timesync', 'vss', 'heartbeat'].map((channel) => `${channel}: Negotiate`),
          ...['shutdown', 'timesync', 'vss', 'heartbeat'].map((channel) => `${channel}: Negotiate response`),
          ...['shutdown: Shutdown', 'timesync: TimeSync', 'heartbeat: Heartbeat'].flatMap((one) => [
            one,
            `${one} response`,
          ]),
        ]),
      )
    }
  })

  it.each(recordings)(
    '[B218] %s: our drivers answer the recorded host with the recorded bytes of Linux',
    async (name) => {
      for (const [channel, Driver] of Object.entries(channels)) {
        const packets = parseTranscript(recordingText(name)).events.flatMap((event) =>
          event.kind === 'packet' && event.channel === channel ? [event] : [],
        )
        const { vsp, say } = await withHost(new Driver())
        for (const { dir, hex } of packets) {
          const length = Number.parseInt(
            hex.slice(46, 48) + hex.slice(44, 46) + hex.slice(42, 44) + hex.slice(40, 42),
            16,
          )
          const message = hex.slice(48, 48 + 2 * length)
          if (dir === 'h2g') say(message)
          else expect(vsp.heard.shift()).toBe(message)
        }
        expect(vsp.heard).toEqual([])
      }
    },
  )
})

describe('negotiation, by the host', () => {
  it('[B214] it offers a message pipe, and all versions with id 0 as soon as the channel is open', async () => {
    const { guest, bus } = await withGuest(new ShutdownVsp())
    expect(guest.heard).toEqual([
      `${'00000000'}0000${'00000000'}2000${'00000000'}00030000${'02000400'}00000000${v1}${v3}${v1}${v3}03000100${v32}`,
    ])
    const [offer] = bus.guest.offers
    expect(offer?.offer.flags).toBe(OfferFlags.namedPipeMode)
    expect([offer?.offer.interfaceId, offer?.offer.instanceId]).toEqual([DeviceId.Shutdown, InstanceId.Shutdown])
  })

  it.each([
    ['heartbeat', new HeartbeatVsp(), '0200020000000000', `${v1}${v3}${v1}${v3}`],
    [
      'timesync',
      new TimeSyncVsp({ now: () => ({ hostTime: 0n, referenceTime: 0n }) }),
      '0200030000000000',
      `${v1}${v3}${v1}${v3}04000000`,
    ],
  ])('[B214] %s offers its own versions', async (_name, vsp, counts, versions) => {
    const { guest } = await withGuest<HeartbeatVsp | TimeSyncVsp>(vsp)
    expect(guest.heard[0]?.slice(40)).toBe(counts + versions)
  })

  it('[B214] one of each chosen, by a transaction response, settles it', async () => {
    const { vsp, say, violations } = await withGuest(new ShutdownVsp())
    expect(vsp.agreed).toBeUndefined()
    say(choice(v32))
    expect(vsp.agreed).toEqual({ framework: 0x3_0000, message: 0x3_0002 })
    expect(violations).toEqual([])
  })

  it('[B215] answers of other types, to what was asked before, are dropped', async () => {
    const { vsp, say, violations, failed } = await withGuest(new ShutdownVsp())
    say(header(3, 0))
    say(header(3, 0, { transactionId: 9 }))
    say(`${header(1, 8)}0100000000000000`)
    expect([vsp.agreed, violations, failed]).toEqual([undefined, [], []])
    say(choice(v3))
    expect(vsp.agreed).toEqual({ framework: 0x3_0000, message: 0x3_0000 })
  })

  it.each([
    ['a request', `${header(0, 16, { flags: 3 })}0100010000000000${v3}${v3}`, 'ic-no-response STATE header.flags@17'],
    ['a response that is no transaction', `${header(3, 0, { flags: 4 })}`, 'ic-no-response STATE header.flags@17'],
    [
      'a choice with another id',
      `${header(0, 16, { transactionId: 1 })}0100010000000000${v3}${v3}`,
      'ic-unknown-transaction UNKNOWN-ID header.transactionId@16',
    ],
    [
      '[IC-05] two versions',
      `${header(0, 20)}0200010000000000${v1}${v3}${v3}`,
      'ic-version-counts RANGE versions.frameworkCount@20',
    ],
    [
      '[IC-05] no message version',
      `${header(0, 12)}0100000000000000${v3}`,
      'ic-version-counts RANGE versions.frameworkCount@20',
    ],
    ['[IC-05] no version table', `${header(0, 8)}0100010000000000`, 'bad-packet LENGTH versions.frameworkVersions@28'],
    ['[IC-02] no counts', `${header(0, 4)}01000100`, 'bad-packet SHORT versions.reserved@24'],
    ['[IC-01] no whole header', header(0, 16).slice(0, 38), 'bad-packet SHORT reserved@18'],
    [
      'a version that was not offered',
      choice('09000000'),
      'ic-version-not-offered RANGE versions.frameworkVersions@28',
    ],
    [
      'a framework that was not offered',
      choice(v3, '02000000'),
      'ic-version-not-offered RANGE versions.frameworkVersions@28',
    ],
  ])('[B215] %s ends it: open, but silent until it is opened anew', async (_name, hex, violation) => {
    const { bus, vsp, guest, say, violations, failed } = await withGuest(new ShutdownVsp())
    say(hex)
    expect(violations).toEqual([`host ${violation}`])
    expect(failed).toHaveLength(1)
    say(choice(v3))
    say('ff')
    expect([vsp.agreed, vsp.request(), vsp.channel?.isOpen]).toEqual([undefined, 'not-ready', true])
    expect([violations.length, guest.heard.length]).toEqual([1, 1])
    guest.close()
    await bus.guest.attach(guest)
    bus.settle()
    say(choice(v3))
    expect(vsp.request()).toBe('sent')
  })

  it('[B216][IC-04] a guest that knows none of the versions answers 0/0: it stops, and that is no violation', async () => {
    const { vsp, say, violations, failed } = await withGuest(new ShutdownVsp())
    say(`${header(0, 16)}00000000000000000000000000000000`)
    expect([violations, failed]).toEqual([[], ['the guest knows none of the versions']])
    expect(vsp.request()).toBe('not-ready')
  })

  it('the versions to offer are a choice', async () => {
    const { guest, vsp, say } = await withGuest(
      new ShutdownVsp({ versions: [0x3_0001], frameworkVersions: [0x3_0000] }),
    )
    expect(guest.heard[0]?.slice(40)).toBe(`0100010000000000${v3}03000100`)
    say(choice('03000100'))
    expect(vsp.agreed).toEqual({ framework: 0x3_0000, message: 0x3_0001 })
  })
})

describe('negotiation, by the guest', () => {
  it('[B216] the highest version in common, whatever the order', async () => {
    const { vsp, vsc, say } = await withHost(new TimeSyncVsc())
    say(offerVersions(icFrameworkVersions.toReversed(), [0x1_0000, 0x9_0000, 0x3_0000]))
    expect(vsc.agreed).toEqual({ framework: 0x3_0000, message: 0x3_0000 })
    say(offerVersions([0x1_0000], [0x1_0000]))
    expect(vsc.agreed).toEqual({ framework: 0x1_0000, message: 0x1_0000 })
    expect(vsp.heard).toHaveLength(2)
  })

  it.each([
    ['frameworks in common', [0x9_0000], timeSyncVersions],
    ['messages in common', icFrameworkVersions, [0x9_0000]],
    ['versions at all', [], []],
  ])('[IC-04] no %s: the answer is 0/0 in the same length, with zeros', async (_name, frameworks, messages) => {
    const { vsp, vsc, say, violations } = await withHost(new TimeSyncVsc())
    const request = offerVersions(frameworks, messages)
    say(request)
    const [reply = ''] = vsp.heard
    expect(reply).toHaveLength(request.length * 2)
    const { header, versions } = IcNegotiate.decode(fromHex(reply))
    expect([header.flags, header.size, versions.frameworkCount, versions.messageCount]).toEqual([
      5,
      Math.min(16, request.length - 20),
      0,
      0,
    ])
    expect(reply.slice(56, 72)).toMatch(/^0*$/)
    expect([vsc.agreed, violations]).toEqual([undefined, []])
  })

  it('[B218] a later negotiation is answered at any time, and what follows goes by it', async () => {
    const { vsc, say } = await withHost(new TimeSyncVsc())
    const times: HostTime[] = []
    vsc.on('time', (time) => times.push(time))
    say(offerVersions(icFrameworkVersions, [0x4_0000]))
    say(`${header(4, 22)}01000000000000000200000000000000010000000000`.replace(/05(?=0000)/, '03'))
    say(offerVersions(icFrameworkVersions, [0x3_0000]))
    say(`${header(4, 25, { flags: 3 })}0100000000000000020000000000000003000000000000000200`.slice(0, 90))
    expect(times).toEqual([
      { hostTime: 1n, referenceTime: 2n, isSync: true, isSample: false },
      { hostTime: 1n, referenceTime: undefined, isSync: false, isSample: true },
    ])
  })

  it('[IC-01][IC-02] what is no message, or has no counts, is dropped and told', async () => {
    const { vsp, say, violations } = await withHost(new ShutdownVsc())
    say('')
    say('0300000000000300000000')
    say(`${header(0, 4, { flags: 3 })}01000100`)
    say(`${header(0, 8, { flags: 3 })}ffffffff00000000`)
    expect(violations).toEqual([
      'guest bad-packet SHORT frameworkVersion.major@0',
      'guest bad-packet SHORT size@10',
      'guest bad-packet SHORT versions.reserved@24',
      'guest bad-packet LENGTH versions.frameworkVersions@28',
    ])
    expect(vsp.heard).toEqual([])
  })
})
