import { describe, expect, it } from 'vitest'
import { injectFaults } from '../src/channels/index.ts'
import { parseTranscript, recordBus, replay, type Transcript, writeTranscript } from '../src/trace/index.ts'
import { versionText, vmbusVersions } from '../src/vmbus/versions.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'

/** A keyboard and an echo device: typing, an echo, one taken away and offered anew, closed, unloaded. */
async function recorded(version: number): Promise<Transcript> {
  let time = 0
  const { bus, transcript } = recordBus({ version, seed: 7, now: () => time++ / 1000 }, { name: 'two devices' })
  const keyboard = new KeyboardVsp()
  const echo = new EchoVsp()
  bus.host.offer(keyboard)
  bus.host.offer(echo)
  await bus.guest.attach(KeyboardVsc)
  const vsc = await bus.guest.attach(EchoVsc)
  keyboard.type(0x1e, 0xe048)
  expect(await vsc.echo('hello')).toBe('hello')
  bus.host.revoke(keyboard)
  bus.settle()
  bus.host.offer(keyboard)
  await bus.guest.attach(KeyboardVsc)
  vsc.close()
  bus.settle()
  bus.guest.unload()
  bus.settle()
  return transcript()
}

const kinds = ({ events }: Transcript) => {
  const counts: Record<string, number> = {}
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

describe('a recorded bus', () => {
  it.each(vmbusVersions.map((version) => [versionText(version), version] as const))(
    'is replayed at version %s without a fault, a violation or a difference',
    async (_text, version) => {
      const { differences, violations, summary } = replay(await recorded(version))
      expect(differences).toEqual([])
      expect(violations).toEqual([])
      expect(summary.faults).toBe(0)
      expect(summary.packets).toEqual({ guest: 3, host: 7 })
      expect(summary.devices).toEqual([
        expect.objectContaining({ device: 'keyboard', packets: 8, decoded: 8 }),
        expect.objectContaining({ packets: 2, asBytes: 2 }),
      ])
    },
  )

  it('says how it was set up, and what was offered', async () => {
    const { name, events } = await recorded(0x6_0000)
    expect(name).toBe('two devices')
    const [keyboard, echo] = [new KeyboardVsp().offer, new EchoVsp().offer]
    const offer = { subchannel: 0, flags: 0, mmio: 0 }
    const again = { relid: 2, interface: keyboard.interfaceId, instance: keyboard.instanceId, ...offer }
    expect(events[0]).toEqual({
      kind: 'config',
      t: 0,
      version: '6.0',
      features: 0,
      seeds: { bus: 7 },
      offers: [{ relid: 1, interface: echo.interfaceId, instance: echo.instanceId, ...offer }, again, again],
    })
  })

  it('holds ring headers at open and close, signals, and packets as they lay in their rings', async () => {
    const transcript = await recorded(0x6_0000)
    expect(kinds(transcript)).toMatchObject({ config: 1, packet: 10, ringheader: 10 })
    const { events } = transcript
    const open = events.find(({ kind }) => kind === 'ringheader')
    expect(open).toMatchObject({ relid: 2, ring: 'guest-to-host', at: 'open', dir: 'g2h' })
    expect(open).toMatchObject({ hex: `${'00'.repeat(64)}01${'00'.repeat(63)}` })
    // When the keyboard is rescinded: 32 bytes of one request; 32 of the answer and four times 40 of keystrokes. All was read.
    const closed = events.flatMap((event) => (event.kind === 'ringheader' && event.at === 'close' ? [event] : []))
    expect(closed.slice(0, 2).map(({ relid, ring, hex }) => [relid, ring, hex.slice(0, 16)])).toEqual([
      [2, 'guest-to-host', '2000000020000000'],
      [2, 'host-to-guest', 'c0000000c0000000'],
    ])
    const echoes = events.flatMap((event) => (event.kind === 'packet' && event.relid === 1 ? [event] : []))
    expect(echoes).toMatchObject([
      { dir: 'g2h', hex: '06000200030001000100000000000000 68656c6c6f000000'.replace(' ', '') },
      { dir: 'h2g', hex: '0b00020003000000010000000000000068656c6c6f000000' },
    ])
    expect(events.some((event) => event.kind === 'signalevent' && event.dir === 'g2h')).toBe(true)
    expect(events.some((event) => event.kind === 'signalevent' && event.dir === 'h2g' && event.flag === 2)).toBe(true)
  })

  it('is the same after it was written and read', async () => {
    const transcript = await recorded(0x6_0000)
    expect(parseTranscript(writeTranscript(transcript))).toEqual(transcript)
  })

  it('is the same each time', async () => {
    expect(await recorded(0x5_0003)).toEqual(await recorded(0x5_0003))
  })

  it('tells a post that was refused, which replay does not take for heard', () => {
    const { bus, transcript } = recordBus()
    bus.settle()
    // While it has something to say, the host only keeps what it hears.
    bus.host.offer(new EchoVsp())
    const requestOffers = new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0])
    const statuses = Array.from({ length: 70 }, () => bus.transport.guest.post(1, 1, requestOffers))
    bus.settle()
    const taken = statuses.filter((status) => status === 0).length
    expect(taken).toBeLessThan(70)
    const refused = transcript().events.flatMap((event) =>
      event.kind === 'postmessage' && event.status !== undefined ? [event.status] : [],
    )
    expect(refused).toEqual(new Array(70 - taken).fill(0x13))
    expect(replay(transcript()).summary.violations).toEqual({ 'offers-requested-twice': taken })
    expect(bus.host.server.violations.counts.get('offers-requested-twice')).toBe(taken)
  })

  it('holds the faults that were injected', async () => {
    const recording = recordBus({
      wrap: (ends, pump) =>
        injectFaults(ends, pump, {
          rules: [{ fault: 'duplicate', on: 'message', from: 'guest', matches: ({ bytes }) => bytes[0] === 5 }],
          onFault: (fault) => recording.fault(fault),
        }),
    })
    const { bus } = recording
    bus.host.offer(new EchoVsp())
    await bus.guest.attach(EchoVsc)
    const { events } = parseTranscript(writeTranscript(recording.transcript()))
    const at = events.findIndex(({ kind }) => kind === 'fault')
    expect(events[at]).toMatchObject({ fault: 'duplicate', detail: { on: 'message', from: 'guest', target: 1 } })
    const opens = events.flatMap((event) => (event.kind === 'postmessage' && event.hex.startsWith('05') ? [event] : []))
    expect(opens).toHaveLength(2)
    expect(opens[1]?.hex).toBe(opens[0]?.hex)
    const { differences, violations } = replay(recording.transcript())
    expect(differences).toEqual([])
    expect(violations).toMatchObject([{ rule: 'open-not-closed', channelId: 1 }])
  })
})
