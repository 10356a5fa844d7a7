import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packetBytes } from '../src/channels/channel/packet-bytes.ts'
import { injectFaults, MemoryTransport, Pump } from '../src/channels/index.ts'
import { IpProtocol } from '../src/devices/network/index.ts'
import { createBus, createGuest, createHost } from '../src/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import {
  CapturedBackend,
  deviceDecoders,
  dialogue,
  framesOf,
  LoneRecording,
  PcapngWriter,
  parseTranscript,
  type RecordBusOptions,
  recordBus,
  replay,
  type Transcript,
  type TranscriptEvent,
  writePcapng,
  writeTranscript,
} from '../src/trace/index.ts'
import type { DataReference } from '../src/vmbus/device-decoder.ts'
import type { GpadlRange } from '../src/vmbus/server/effects.ts'
import { readData } from '../src/vmbus/session/data.ts'
import { Session } from '../src/vmbus/session.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import { ipv4Frame, udpDatagram } from '../src/vsp/network/backends/ipv4.ts'
import { Gateway, macAddressOf, type NetworkBackend, NetworkSwitch, NetworkVsp } from '../src/vsp/network/index.ts'
import { MemoryDisk, StorageVsp } from '../src/vsp/storage/index.ts'
import { toHex } from '../src/wire/index.ts'
import { seeded } from './seed.ts'

type PacketEvent = TranscriptEvent & { kind: 'packet' }

const mac = '00155d000001'
const gatewayMac = '00155dff0001'
/** Who has 10.0.0.1? */
const arpRequest = fromHex(`ffffffffffff${mac}08060001080006040001${mac}0a0000020000000000000a000001`)
const arpReply = fromHex(`${mac}${gatewayMac}08060001080006040002${gatewayMac}0a000001${mac}0a000002`)

/** A frame of `length` bytes that no gateway answers. */
const plain = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, at) => (at < 12 ? 2 : at < 14 ? 0x88 : (at * 7 + seed) & 0xff))

const hexes = (frames: Iterable<{ readonly bytes: Uint8Array }>) => [...frames].map(({ bytes }) => toHex(bytes))
const packetsOf = ({ events }: Transcript) =>
  events.flatMap((event): PacketEvent[] => (event.kind === 'packet' ? [event] : []))
/** The transcript with what packets refer to changed. */
const changed = (transcript: Transcript, change: (event: PacketEvent) => string | undefined): Transcript => ({
  ...transcript,
  events: transcript.events.map((event) => {
    if (event.kind !== 'packet') return event
    const { data: _, ...rest } = event
    const data = change(event)
    return data === undefined ? rest : { ...rest, data }
  }),
})

/** A NIC on a recorded bus, and what a tap at its back end captures. */
async function recordedNic(
  backend: NetworkBackend,
  vsc = new NetworkVsc(),
  options: RecordBusOptions = {},
  queues = 8,
) {
  let time = 0
  const recording = recordBus({ seed: 3, ...options, now: () => time++ / 1024 })
  const tapped: Uint8Array[] = []
  const tap = new CapturedBackend(backend, (block) => tapped.push(block))
  recording.bus.host.offer(new NetworkVsp({ backend: tap, queues }))
  const nic = await recording.bus.guest.attach(vsc)
  const got: Uint8Array[] = []
  nic.on('frame', ({ bytes }) => got.push(bytes))
  /** The frames in the tap's packet blocks, with the direction in their flags. */
  const captured = () =>
    tapped.flatMap((block) => {
      const view = new DataView(block.buffer, block.byteOffset, block.byteLength)
      if (view.getUint32(0, true) !== 6) return []
      const length = view.getUint32(20, true)
      const direction = view.getUint32(28 + Math.ceil(length / 4) * 4 + 4, true)
      return [`${direction === 1 ? 'host' : 'guest'} ${toHex(block.subarray(28, 28 + length))}`]
    })
  return { ...recording, nic, got, captured }
}

/** A gateway that was asked for its address. */
async function askedGateway(options: RecordBusOptions = {}) {
  const lan = new NetworkSwitch()
  lan.plug(new Gateway({ address: '10.0.0.1' }))
  const recorded = await recordedNic(lan, new NetworkVsc(), options)
  expect(recorded.nic.send(arpRequest)).toBe(true)
  recorded.bus.settle()
  return recorded
}

describe('a recorded NIC', () => {
  it('gives back the frames that were sent and received, with their times', async () => {
    const { transcript, got } = await askedGateway()
    const { frames, missing } = framesOf(transcript())
    expect(frames.map(({ from, channelId }) => [from, channelId])).toEqual([
      ['guest', 1],
      ['host', 1],
    ])
    expect(hexes(frames)).toEqual([toHex(arpRequest), toHex(arpReply)])
    expect(got.map(toHex)).toEqual([toHex(arpReply)])
    expect(missing).toBe(0)
    const times = packetsOf(transcript()).filter(({ data = '' }) => data.startsWith('01000000'))
    expect(frames.map(({ time }) => time)).toEqual(times.map(({ t }) => t))
  })

  it('is written as pcapng, byte for byte', async () => {
    const { transcript } = await askedGateway()
    const [asked, answered] = framesOf(transcript()).frames
    const expected: Uint8Array[] = []
    const writer = new PcapngWriter((block) => expected.push(block))
    writer.interface('channel 1')
    writer.frame(0, asked?.time ?? -1, arpRequest, 'out')
    writer.frame(0, answered?.time ?? -1, arpReply, 'in')
    const blocks: Uint8Array[] = []
    expect(writePcapng(transcript(), (block) => blocks.push(block)).missing).toBe(0)
    expect(blocks.map(toHex)).toEqual(expected.map(toHex))
  })

  it('is the same after it was written and read', async () => {
    const { transcript } = await askedGateway()
    const recorded = transcript()
    const read = parseTranscript(writeTranscript(recorded))
    expect(read).toEqual(recorded)
    expect(framesOf(read)).toEqual(framesOf(recorded))
  })

  it('of frames by section, by pages, several in a message, tagged, coalesced, and by all channels', async () => {
    const echo: NetworkBackend = { transmit: (frame, nic) => void nic.receive(frame) }
    const vsc = new NetworkVsc({ mtu: 9000, queues: 4 })
    const { nic, bus, transcript, captured, got } = await recordedNic(echo, vsc, {}, 4)
    nic.send(plain(60))
    nic.send(plain(8000))
    nic.sendAll([plain(61), plain(62), plain(63)])
    nic.send(plain(64), { vlan: { priority: 5, dropEligible: true, id: 0xabc } })
    for (const queue of [0, 1, 2, 3]) nic.send(plain(100 + queue), { queue })
    bus.settle()
    expect(got.map(({ length }) => length)).toEqual([60, 8000, 61, 62, 63, 64, 100, 101, 102, 103])
    const { frames, missing } = framesOf(transcript())
    expect(missing).toBe(0)
    // One interface: sub-channels are the NIC's too.
    expect(new Set(frames.map(({ channelId }) => channelId))).toEqual(new Set([1]))
    expect(new Set(packetsOf(transcript()).map(({ relid }) => relid)).size).toBe(4)
    const recorded = frames.map(({ from, bytes }) => `${from} ${toHex(bytes)}`)
    // The tap sees an answer before the next frame; several frames of one packet come behind each other in the recording.
    expect([...recorded].sort()).toEqual(captured().sort())
    const of = (end: string, all: readonly string[]) => all.filter((line) => line.startsWith(end))
    expect(of('host', recorded)).toEqual(of('host', captured()))
    expect(recorded).toContain(`guest ${toHex(plain(64)).replace(/^(.{24})/, '$18100babc')}`)
  })

  it('of two NICs has two interfaces', async () => {
    const recording = recordBus()
    const { bus } = recording
    for (const number of [1, 2]) {
      const backend: NetworkBackend = { transmit: () => {} }
      bus.host.offer(new NetworkVsp({ backend, macAddress: `00:15:5d:00:00:0${number}` }))
      const nic = await bus.guest.attach(new NetworkVsc({ index: number - 1 }))
      nic.send(plain(60, number))
      bus.settle()
    }
    const blocks: Uint8Array[] = []
    const { frames } = writePcapng(recording.transcript(), (block) => blocks.push(block))
    expect(frames.map(({ channelId }) => channelId)).toEqual([1, 2])
    // Section, interface, packet, interface, packet; the third word of a packet is its interface.
    expect(blocks.map((block) => [block[0], block[8]])).toEqual([
      [0x0a, 0x4d],
      [1, 1],
      [6, 0],
      [1, 1],
      [6, 1],
    ])
  })

  it('of DHCP: offer and acknowledgement', async () => {
    const lan = new NetworkSwitch()
    lan.plug(new Gateway({ address: '10.0.0.1' }))
    const { nic, bus, transcript, got } = await recordedNic(lan)
    const discover = fromHex(
      `01010600deadbeef00000000${'00'.repeat(16)}${mac}${'00'.repeat(10 + 64 + 128)}63825363350101ff`,
    )
    const [sourceMac, destinationMac] = [macAddressOf('00:15:5d:00:00:01'), macAddressOf('ff:ff:ff:ff:ff:ff')]
    const ends = { source: 0, destination: 0xffff_ffff, sourceMac, destinationMac }
    nic.send(ipv4Frame(ends, IpProtocol.Udp, udpDatagram(68, 67, discover)))
    bus.settle()
    const { frames } = framesOf(transcript())
    expect(frames.map(({ from }) => from)).toEqual(['guest', 'host'])
    expect(hexes(frames.slice(1))).toEqual(got.map(toHex))
    const told = dialogue(replay(transcript()).entries).filter((line) => line.includes('frame '))
    expect(told.map((line) => line.trim().replace(/frame \d+/, 'frame N'))).toEqual([
      '> RndisPacket  frame N bytes, from 00:15:5d:00:00:01 → ff:ff:ff:ff:ff:ff, type UDP 0.0.0.0:68 → 255.255.255.255:67',
      expect.stringMatching(/^> RndisPacket {2}frame N bytes, from 00:15:5d:ff:00:01 → .*, type UDP 10\.0\.0\.1:67 → /),
    ])
  })

  it('tells every RNDIS message below its packet', async () => {
    const { transcript } = await askedGateway()
    const { entries, summary } = replay(transcript())
    expect([summary.faults, summary.notes, summary.withoutData]).toEqual([0, 0, 0])
    const lines = dialogue(entries).map((line) => line.trim())
    expect(lines.filter((line) => line.startsWith('> RndisInit')).map((line) => line.slice(0, 41))).toEqual([
      '> RndisInitializeRequest  requestId 1, ma',
      '> RndisInitializeComplete  requestId 1, s',
    ])
    const at = lines.findIndex((line) => line.includes('type ARP'))
    expect(lines[at - 1]).toMatch(
      /NvspSendRndisPacket .* sendBufferSectionIndex 0, sendBufferSectionSize 86, data 86 b/,
    )
    expect(lines[at]).toBe('> RndisPacket  frame 42 bytes, from 00:15:5d:00:00:01 → ff:ff:ff:ff:ff:ff, type ARP')
  })

  it('is the same as seen by the guest’s end alone, and by the host’s', async () => {
    const [guestSide, hostSide] = [new LoneRecording(), new LoneRecording()]
    const pump = new Pump()
    const ends = new MemoryTransport(new BufferMemory(new ArrayBuffer(16 << 20)), pump)
    const host = createHost({ transport: hostSide.wrapHost(ends.host), pump })
    hostSide.follow(host)
    host.offer(new NetworkVsp({ backend: { transmit: (frame, nic) => void nic.receive(frame) } }))
    const guest = createGuest({ transport: guestSide.wrapGuest(ends.guest), pump })
    guestSide.follow(guest)
    const nic = await guest.attach(NetworkVsc)
    nic.send(plain(60))
    nic.send(plain(1500))
    guest.settle()
    const sides = [hostSide, guestSide].map((side) => side.transcript())
    for (const side of sides) expect(framesOf(side).missing).toBe(0)
    const [frames, again] = sides.map((side) =>
      framesOf(side)
        .frames.map(({ from, bytes }) => from + toHex(bytes))
        .sort(),
    )
    const sent = [toHex(plain(60)), toHex(plain(1500))]
    expect(frames).toEqual(['guest', 'host'].flatMap((end) => sent.map((hex) => end + hex)).sort())
    expect(again).toEqual(frames)
  })

  it('keeps no more than it is allowed to', async () => {
    const whole = packetsOf((await askedGateway()).transcript())
    const cut = packetsOf((await askedGateway({ data: { messages: 20 } })).transcript())
    expect(cut.map(({ data }) => data)).toEqual(whole.map(({ data }) => data?.slice(0, 40)))
    const none = packetsOf((await askedGateway({ data: { total: 0 } })).transcript())
    expect(none.every(({ data }) => data === undefined)).toBe(true)
    expect(none.length).toBe(whole.length)
    const { transcript } = await askedGateway({ data: { total: 100 } })
    const total = packetsOf(transcript()).reduce((sum, { data = '' }) => sum + data.length / 2, 0)
    expect(total).toBe(100)
    const { summary } = replay(transcript())
    expect([summary.faults, summary.withoutData > 10]).toEqual([0, true])
  })

  it('is not the one that reads memory which changes when the host has read it', () => {
    const struck = (data: RecordBusOptions['data']) => {
      const steps: number[] = []
      const { bus } = recordBus({
        ...(data === undefined ? {} : { data }),
        wrap: (ends, pump) =>
          injectFaults(ends, pump, {
            seed: 1,
            rules: [{ fault: 'change', from: 'guest', oneIn: 100 }],
            onFault: ({ detail }) => steps.push(detail.step),
          }),
      })
      bus.host.offer(new NetworkVsp())
      bus.guest.bind(new NetworkVsc(), () => {})
      bus.settle()
      return steps
    }
    const steps = struck(undefined)
    expect(steps.length).toBeGreaterThan(0)
    expect(steps).toEqual(struck({ total: 0 }))
  })
})

describe('a recording without what its packets refer to', () => {
  it('is replayed all the same, and says so', async () => {
    const { transcript } = await askedGateway()
    const old = changed(transcript(), () => undefined)
    const { summary, entries, differences } = replay(old)
    expect([summary.faults, summary.notes, differences.filter(({ matters }) => matters)]).toEqual([0, 0, []])
    const sent = packetsOf(transcript()).filter(({ data }) => data !== undefined).length
    expect(summary.withoutData).toBe(sent)
    const lines = dialogue(entries)
    expect(lines.filter((line) => line.endsWith('bytes, not recorded')).length).toBe(sent)
    expect(framesOf(old)).toEqual({ frames: [], missing: sent })
  })

  it('cut short anywhere, tells what is there', async () => {
    const { transcript } = await askedGateway()
    const whole = transcript()
    for (let length = 0; length <= 86; length += 1) {
      const short = changed(whole, ({ data }) => data?.slice(0, length * 2))
      const { entries, summary } = replay(short)
      expect(summary.faults).toBe(0)
      const notes = entries.flatMap(({ session }) => session?.notes ?? [])
      const cut = packetsOf(whole).filter(({ data = '' }) => data.length > length * 2)
      expect(
        notes.map((note) => /^only (\d+) of the (\d+) bytes that it refers to are known$/.exec(note)?.slice(1)),
      ).toEqual(cut.map(({ data = '' }) => [`${length}`, `${data.length / 2}`]))
      const { frames, missing } = framesOf(short)
      expect(missing).toBe(cut.length)
      expect(frames.length).toBe(length === 86 ? 1 : 0)
    }
  })

  it('with more than they refer to, or where they refer to nothing, tells that', async () => {
    const { transcript } = await askedGateway()
    const more = changed(transcript(), ({ data }) => (data === undefined ? 'ff' : `${data}ffff`))
    const notes = replay(more).entries.flatMap(({ session }) => session?.notes ?? [])
    expect(new Set(notes)).toEqual(new Set(['1 bytes that it does not refer to', '2 bytes behind what it refers to']))
  })

  it('whatever it has instead, nothing throws', async () => {
    const recorded = (await askedGateway()).transcript()
    const sent = packetsOf(recorded).filter(({ data }) => data !== undefined)
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.uint8Array({ maxLength: 120 }), { nil: undefined }), { minLength: 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 16 }),
        (replacements, changes) => {
          let at = 0
          const other = changed(recorded, ({ data }) => {
            if (data === undefined) return undefined
            const replacement = replacements[at++ % replacements.length]
            if (replacement !== undefined) return toHex(replacement)
            const bytes = fromHex(data)
            for (const change of changes) bytes[change % bytes.length] = change
            return toHex(bytes)
          })
          const { entries, summary } = replay(other)
          expect(dialogue(entries).length).toBeGreaterThan(0)
          expect(summary.withoutData).toBeLessThanOrEqual(sent.length)
          expect(framesOf(other).frames.length).toBeLessThanOrEqual(sent.length * 8)
        },
      ),
      { ...seeded, numRuns: 40 },
    )
  })
})

describe('a recorded disk', () => {
  const data = Uint8Array.from({ length: 4096 }, (_, at) => (at * 13 + (at >> 8)) & 0xff)

  async function recordedDisk(options: RecordBusOptions = {}) {
    const { bus, transcript } = recordBus(options)
    bus.host.offer(new StorageVsp({ disk: new MemoryDisk({ blocks: 4096 }) }))
    const disk = await bus.guest.attach(StorageVsc)
    await disk.write({ lba: 7, data })
    expect(await disk.read({ lba: 7, blocks: 8 })).toEqual(data)
    return transcript()
  }
  const kept = (transcript: Transcript, type: string) =>
    packetsOf(transcript).flatMap(({ dir, data }) => (dir === type && data !== undefined ? [data] : []))

  it('keeps the beginning of what is written with the request, of what is read with its completion', async () => {
    const transcript = await recordedDisk()
    const begin = toHex(data.subarray(0, 512))
    expect(kept(transcript, 'g2h')).toEqual([begin])
    expect(kept(transcript, 'h2g').at(-1)).toBe(begin)
    const { summary, entries } = replay(transcript)
    expect([summary.faults, summary.notes, summary.withoutData]).toEqual([0, 0, 0])
    const lines = dialogue(entries).filter((line) => line.includes('4096 bytes, 512 recorded'))
    expect(lines.map((line) => /ExecuteSrb Write10|SrbCompletion/.exec(line)?.[0])).toEqual([
      'ExecuteSrb Write10',
      'SrbCompletion',
    ])
    const begin16 = '000d1a2734414e5b6875828f9ca9b6c3…'
    expect(lines.map((line) => line.replace(/^.*(?=lba|transferred)/, ''))).toEqual([
      `lba 7, length 8, writes 4096 bytes, data 4096 bytes, 512 recorded ${begin16}`,
      `transferred 4096 bytes, data 4096 bytes, 512 recorded ${begin16}`,
    ])
  })

  it('tells sense data, and commands that are not known by their bytes', async () => {
    const { bus, transcript } = recordBus()
    bus.host.offer(new StorageVsp({ disk: new MemoryDisk({ blocks: 8 }) }))
    const disk = await bus.guest.attach(StorageVsc)
    await expect(disk.read({ lba: 9, blocks: 1 })).rejects.toThrow()
    disk.submit({ cdb: Uint8Array.of(0xc1, 2, 3, 4, 5, 6), done: () => {} })
    bus.settle()
    const lines = dialogue(replay(transcript()).entries).filter((line) => /Srb(?!.*(Inquiry|ReadCap))/.test(line))
    expect(lines.map((line) => line.replace(/^.*storage {2}/, '').replace(/id 0x\w+, /, '')).slice(-4)).toEqual([
      'flags completion wanted, ranges 1 (512 bytes), lba 9, length 1, reads 512 bytes',
      expect.stringMatching(
        /^completes ExecuteSrb Read10, .*status \w+, scsiStatus 2, sense IllegalRequest, LbaOutOfRange/,
      ),
      'flags completion wanted, cdb c10203040506',
      expect.stringMatching(/^completes ExecuteSrb 0xc1, .*sense IllegalRequest, Invalid/),
    ])
  })

  it('keeps all, or none, when it is told to', async () => {
    expect(kept(await recordedDisk({ data: { contents: 4096 } }), 'g2h')).toEqual([toHex(data)])
    const none = await recordedDisk({ data: { contents: 0 } })
    expect([...kept(none, 'g2h'), ...kept(none, 'h2g')]).toEqual([])
    expect(replay(none).summary.withoutData).toBe(0)
  })
})

describe('vmbus trace of a recording of ours', () => {
  it('writes its frames, and says when it has none', async () => {
    const { transcript } = await askedGateway()
    const directory = mkdtempSync(join(tmpdir(), 'vmbus-trace-'))
    try {
      const [own, old] = ['own.json', 'old.json'].map((name) => join(directory, name))
      writeFileSync(own ?? '', writeTranscript(transcript()))
      writeFileSync(old ?? '', writeTranscript(changed(transcript(), () => undefined)))
      const trace = (file: string | undefined) =>
        spawnSync(process.execPath, ['scripts/run.mjs', 'src/cli/main.ts', 'trace', file ?? '', '--pcapng', '-'], {
          encoding: 'latin1',
        })
      const good = trace(own)
      expect([good.status, good.stderr]).toEqual([0, '2 frames\n'])
      expect(good.stdout.length).toBe(28 + 48 + 2 * 88)
      const { status, stderr, stdout } = trace(old)
      expect([status, stdout.length]).toEqual([0, 28])
      expect(stderr).toMatch(/^0 frames\n\d+ packets more, whose data were not recorded, or not all\n$/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('a session that looks on with the guest’s memory', () => {
  it('reads what packets refer to when they are seen', async () => {
    const bus = createBus()
    const session = new Session({ decoders: deviceDecoders, memory: bus.memory })
    const told: string[] = []
    bus.events.on('message', ({ at, direction, bytes }) => {
      if (direction === 'sent') session.message(at, bytes)
    })
    bus.events.on('packet', (event) => {
      if (event.direction !== 'sent') return
      const { data } = session.packet(event.at, event.channelId, packetBytes(event))
      told.push(...(data?.messages ?? []).map(({ name }) => name))
    })
    bus.host.offer(new NetworkVsp())
    const nic = await bus.guest.attach(NetworkVsc)
    nic.send(plain(60))
    bus.settle()
    expect(told.slice(0, 3)).toEqual(['RndisInitializeRequest', 'RndisInitializeComplete', 'RndisQueryRequest'])
    expect(told.at(-1)).toBe('RndisPacket')
  })

  const memory = new BufferMemory(new ArrayBuffer(4 * 4096))
  memory.write(
    0,
    Uint8Array.from({ length: 4 * 4096 }, (_, at) => (at >> 12) * 16 + (at & 0xf)),
    0,
    4 * 4096,
  )
  const buffers = new Map<number, GpadlRange[]>([
    [
      1,
      [
        { byteCount: 4, byteOffset: 4094, pfns: [2, 1] },
        { byteCount: 8, byteOffset: 8, pfns: [3] },
      ],
    ],
  ])
  const read = (limit: number, ...pieces: DataReference['pieces']) => {
    const data = readData(memory, { pieces }, limit, (gpadlId) => buffers.get(gpadlId))
    return data === undefined ? undefined : toHex(data)
  }

  const page = (pfn: bigint) => ({ byteCount: 4, byteOffset: 0, pfns: [pfn] })

  it('reads across pages and ranges of a buffer, and across pieces', () => {
    expect(read(100, { gpadlId: 1, byteOffset: 0, byteCount: 12 })).toBe('2e2f101138393a3b3c3d3e3f')
    expect(read(100, { gpadlId: 1, byteOffset: 1, byteCount: 5 })).toBe('2f10113839')
    expect(read(100, { gpadlId: 1, byteOffset: 10, byteCount: 2 })).toBe('3e3f')
    const pages = { byteCount: 4, byteOffset: 4095, pfns: [0n, 3n] }
    expect(read(100, { gpadlId: 1, byteOffset: 3, byteCount: 2 }, pages)).toBe('11380f303132')
    expect(read(3, { gpadlId: 1, byteOffset: 3, byteCount: 2 }, pages)).toBe('11380f')
  })

  it('reads up to what is not there', () => {
    expect(read(100, { gpadlId: 1, byteOffset: 10, byteCount: 0xffff_ffff }, page(0n))).toBe('3e3f')
    expect(read(100, { gpadlId: 1, byteOffset: 0xffff_ffff, byteCount: 4 })).toBe(undefined)
    for (const gpadlId of [2, undefined]) expect(read(100, { gpadlId, byteOffset: 0, byteCount: 4 })).toBe(undefined)
    expect(read(100, page(0n), page(4n), page(1n))).toBe('00010203')
    expect(read(100, page(0xffff_ffff_ffff_ffffn))).toBe(undefined)
    expect(read(0, page(0n))).toBe(undefined)
    expect(read(100)).toBe(undefined)
  })
})
