import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { GuestMemory } from '../src/memory/index.ts'
import { PacketType } from '../src/vmbus/packet-types.ts'
import { Requestor } from '../src/vmbus/requestor.ts'
import { RING_CONTROL, RingReader, RingWriter, ringBytesOf, type WriteResult } from '../src/vmbus/ring/index.ts'
import { signalMechanism } from '../src/vmbus/signal.ts'
import { ringMemories } from './ring-memories.ts'

type Packet = {
  type: number
  offset8: number
  len8: number
  flags: number
  transId: string
  hex?: string
  hexSha256?: string
}
type State = readonly [number, number, number, number, number]
interface Expected {
  ret?: number
  transId?: string
  off?: number
  bytes?: string
  bytesSha256?: string
  hex?: string
  hexSha256?: string
  len?: number
  pkts?: Packet[]
  signal?: boolean
  via?: string
  why?: string
  out: State
  in: State
  [other: string]: unknown
}
interface Op {
  op: string
  ring?: 'out' | 'in'
  side?: 'g' | 'h'
  payload?: { fill: [number, number] }
  ranges?: { len: number; offset: number; pfns: string[] }[]
  transId?: string
  flags?: number
  type?: number
  limit?: number | null
  pos?: number
  value?: number
  id?: number
  key?: 'relid' | 'dedicated' | 'monitor'
  hex?: string
  offset?: number
  write?: number
  read?: number
  expect: Expected
}
interface Vector {
  name: string
  category: string
  ring: { sendBytes: number; recvBytes: number; requestor: number }
  ops: Op[]
  final: Record<'out' | 'in', { header68: string; dataSha256: string }>
}
const file: { vectors: Vector[] } = JSON.parse(
  readFileSync(new URL('fixtures/ring-vectors.json', import.meta.url), 'utf8'),
)

const EAGAIN = -11
const EIO = -5
const REQUEST_ERROR = 0xffff_ffff_ffff_fffen
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function fill([length, seed]: [number, number]): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed + 7 * i + (i >> 8)) & 0xff)
}

/** One ring with both its ends, both played by us. */
class Ring {
  readonly memory: GuestMemory
  readonly writer: RingWriter
  readonly reader: RingReader
  constructor(
    make: (bytes: number) => GuestMemory,
    readonly total: number,
  ) {
    this.memory = make(total)
    this.memory.store32(RING_CONTROL.featureBits, 1)
    this.writer = new RingWriter(this.memory, 0, total)
    // As Linux's ring code does, and as these recordings need: they write types that no driver sends.
    this.reader = new RingReader(this.memory, 0, total, { unknownTypes: 'tolerate', unknownFlags: 'tolerate' })
  }
  get state(): number[] {
    return [0, 4, 8, 12, 64].map((field) => this.memory.load32(field))
  }
  data(position: number, length: number): Uint8Array {
    const all = new Uint8Array(this.total - 4096)
    this.memory.read(4096, all, 0, all.length)
    return Uint8Array.from({ length }, (_, i) => all[(position + i) % all.length] ?? 0)
  }
}

/** Plays a vector's operations: what Linux's code did on each side, ours does. */
class Player {
  readonly out: Ring
  readonly in: Ring
  readonly #requestor: Requestor<bigint>
  readonly #channel = { channelId: 0, connectionId: 65537, dedicatedInterrupt: true, monitorId: -1 }
  readonly #stats = { intrOutEmpty: 0, intrInFull: 0, outFullTotal: 0, outFullFirst: 0, sigEvents: 0 }
  #outFull = false
  readonly #sendBits = new Set<number>()
  readonly #monitorPending = [0, 0, 0, 0]
  #hypercalls = 0

  constructor(vector: Vector, make: (bytes: number) => GuestMemory) {
    this.out = new Ring(make, vector.ring.sendBytes)
    this.in = new Ring(make, vector.ring.recvBytes)
    this.#requestor = new Requestor(vector.ring.requestor)
  }

  play(op: Op): void {
    const ring = op.ring === 'in' ? this.in : this.out
    switch (op.op) {
      case 'write':
      case 'gpaDirect':
      case 'pageBuffer':
        this.#write(op, this.out, true)
        return
      case 'hostWrite':
        this.#write(op, this.in, false)
        return
      case 'read':
        this.#read(op, this.in, true)
        return
      case 'hostRead':
        this.#read(op, this.out, false)
        return
      case 'drain':
        this.#drain(op, this.in, true)
        return
      case 'hostDrain':
        this.#drain(op, this.out, false)
        return
      case 'seek':
        ring.memory.store32(RING_CONTROL.writeIndex, op.pos ?? 0)
        ring.memory.store32(RING_CONTROL.readIndex, op.pos ?? 0)
        ring.writer.reset()
        ring.reader.reset()
        return
      case 'setInterruptMask':
        ring.memory.store32(RING_CONTROL.interruptMask, op.value ?? 0)
        return
      case 'setPendingSendSize':
        ring.memory.store32(RING_CONTROL.pendingSendSize, op.value ?? 0)
        return
      case 'setFeatureBits':
        ring.memory.store32(RING_CONTROL.featureBits, op.value ?? 0)
        return
      case 'setChannelPendingSendSize':
        this.out.writer.setPendingSendSize(op.value ?? 0)
        this.#countFull(op.value !== 0)
        return
      case 'beginRead':
        ;(op.side === 'g' ? this.in : this.out).reader.mask()
        return
      case 'endRead':
        expect((op.side === 'g' ? this.in : this.out).reader.unmask()).toBe(op.expect.bytesToRead)
        return
      case 'avail': {
        const toWrite = ring.writer.freeBytes()
        // Linux counts per cent of the whole ring, control page included.
        const percent = Math.floor((toWrite * 10) / Math.floor(ring.total / 10))
        expect({ toRead: ring.reader.availableBytes(), toWrite, percent }).toMatchObject({
          toRead: op.expect.toRead,
          toWrite: op.expect.toWrite,
          percent: op.expect.percent,
        })
        return
      }
      case 'stats':
        expect(op.expect).toMatchObject(this.#stats)
        return
      case 'chan':
        if (op.key === 'relid') this.#channel.channelId = op.value ?? 0
        if (op.key === 'dedicated') this.#channel.dedicatedInterrupt = op.value === 1
        if (op.key === 'monitor') this.#channel.monitorId = op.value ?? 0
        return
      case 'interruptState':
        expect({
          sendBits: [...this.#sendBits],
          monitorPending: this.#monitorPending,
          hypercalls: this.#hypercalls,
        }).toEqual({
          sendBits: op.expect.sendBits,
          monitorPending: op.expect.monitorPending,
          hypercalls: op.expect.hypercalls,
        })
        return
      case 'requestorMatch':
        expect(this.#requestor.complete(op.id ?? 0, 0) ?? REQUEST_ERROR).toBe(BigInt(String(op.expect.addr)))
        return
      case 'requestorState':
        expect([this.#requestor.size, this.#requestor.nextId - 1]).toEqual([op.expect.size, Number(op.expect.next)])
        return
      default:
        throw new Error(`no such operation: ${op.op}`)
    }
  }

  #write(op: Op, ring: Ring, guest: boolean): void {
    const header = gpaHeader(op)
    const payload = fill(op.payload?.fill ?? [0, 0])
    const type = op.ranges === undefined ? (op.type ?? 6) : PacketType.DataUsingGpaDirect
    const flags = op.ranges === undefined ? (op.flags ?? 0) : 1
    const caller = BigInt(op.transId ?? '0')
    const numbered = guest && this.#requestor.size > 0 && flags === 1
    const id = numbered ? BigInt(this.#requestor.nextId) : caller
    const start = ring.memory.load32(RING_CONTROL.writeIndex)
    let result: WriteResult
    if (numbered && id === 0n && ring.writer.freeBytes() > ringBytesOf(header.length, payload.length)) {
      this.#leaveGarbage(ring, start, header, payload)
      result = { status: 'full' }
    } else {
      result = ring.writer.write(type, flags, Number(id & 0xffff_ffffn), Number(id >> 32n), payload, header)
      if (numbered && result.status === 'written') expect(BigInt(this.#requestor.allocate(caller))).toBe(id)
    }
    if (guest && op.op !== 'pageBuffer') this.#countFull(result.status !== 'written')
    // Linux has one answer for "no room now" and "never".
    expect(result.status === 'written' ? 0 : EAGAIN).toBe(op.expect.ret)
    this.#signal(op, result.status === 'written' && result.signal, guest, 'empty->non-empty')
    if (result.status !== 'written') return
    expect(start).toBe(op.expect.off)
    if (op.expect.transId !== undefined) expect(id).toBe(BigInt(op.expect.transId))
    const bytes = ring.data(start, ringBytesOf(header.length, payload.length))
    if (op.expect.bytes !== undefined) expect(hexOf(bytes)).toBe(op.expect.bytes)
    if (op.expect.bytesSha256 !== undefined) expect(sha256(bytes)).toBe(op.expect.bytesSha256)
  }

  /** Linux copies a packet before it finds its request table full, and leaves it, unpublished. Ours does not; the hashes count it. */
  #leaveGarbage(ring: Ring, start: number, header: Uint8Array, payload: Uint8Array): void {
    const packet = new Uint8Array(ringBytesOf(header.length, payload.length) - 8)
    const view = new DataView(packet.buffer)
    view.setUint16(0, header.length === 0 ? 6 : 9, true)
    view.setUint16(2, 2 + header.length / 8, true)
    view.setUint16(4, packet.length / 8, true)
    view.setUint16(6, 1, true)
    view.setBigUint64(8, REQUEST_ERROR, true)
    packet.set(header, 16)
    packet.set(payload, 16 + header.length)
    const size = ring.writer.size
    const first = Math.min(packet.length, size - start)
    ring.memory.write(4096 + start, packet, 0, first)
    ring.memory.write(4096, packet, first, packet.length - first)
  }

  #read(op: Op, ring: Ring, guest: boolean): void {
    const { reader } = ring
    if (reader.next() === 'packet') {
      const payload = reader.packet.copyPayload()
      expect([0, payload.length]).toEqual([op.expect.ret, op.expect.len])
      expect(reader.packet.transactionId).toBe(BigInt(op.expect.transId ?? '0'))
      if (op.expect.hex !== undefined) expect(hexOf(payload)).toBe(op.expect.hex)
      if (op.expect.hexSha256 !== undefined) expect(sha256(payload)).toBe(op.expect.hexSha256)
    } else {
      expect([0, 0, '0x0']).toEqual([op.expect.ret, op.expect.len, op.expect.transId])
    }
    this.#signal(op, reader.commit(), guest, 'full->not-full')
  }

  #drain(op: Op, ring: Ring, guest: boolean): void {
    const expected = op.expect.pkts ?? []
    const { reader } = ring
    let count = 0
    while (count < (op.limit ?? Number.POSITIVE_INFINITY) && reader.next() === 'packet') {
      const whole = wholePacket(reader)
      const { type, flags, transactionId } = reader.packet
      const { hex, hexSha256, ...fields } = expected[count] ?? {}
      const sizes = { offset8: 2 + reader.packet.headerLength / 8, len8: whole.length / 8 }
      expect({ type, ...sizes, flags, transId: `0x${transactionId.toString(16)}` }).toEqual(fields)
      if (hex !== undefined) expect(hexOf(whole)).toBe(hex)
      if (hexSha256 !== undefined) expect(sha256(whole)).toBe(hexSha256)
      count++
    }
    expect(count).toBe(expected.length)
    this.#signal(op, reader.commit(), guest, 'full->not-full')
  }

  #countFull(full: boolean): void {
    if (full) this.#stats.outFullTotal++
    if (full && !this.#outFull) this.#stats.outFullFirst++
    this.#outFull = full
  }

  #signal(op: Op, signal: boolean, guest: boolean, why: string): void {
    expect(signal).toBe(op.expect.signal)
    if (!signal) return
    expect(why).toBe(op.expect.why)
    if (!guest) {
      this.#hypercalls++
      return
    }
    this.#stats.sigEvents++
    if (why === 'empty->non-empty') this.#stats.intrOutEmpty++
    else this.#stats.intrInFull++
    const { monitorId, ...channel } = this.#channel
    const how = signalMechanism(monitorId < 0 ? channel : { ...channel, monitorId })
    expect(how.monitor === undefined ? 'hypercall' : 'monitor').toBe(op.expect.via)
    if (how.interruptPageBit !== undefined) this.#sendBits.add(how.interruptPageBit)
    if (how.monitor !== undefined) {
      const { group, bit } = how.monitor
      this.#monitorPending[group] = (this.#monitorPending[group] ?? 0) | (1 << bit)
    }
    if (how.connectionId !== undefined) this.#hypercalls++
  }
}

/** The bytes between descriptor and payload of a GPA-direct packet: {0, count}, then the ranges. */
function gpaHeader(op: Op): Uint8Array {
  if (op.ranges === undefined) return new Uint8Array(0)
  const words: number[] = [0, op.ranges.length]
  for (const { len, offset, pfns } of op.ranges) {
    words.push(len, offset)
    for (const pfn of pfns) words.push(Number(BigInt(pfn) & 0xffff_ffffn), Number(BigInt(pfn) >> 32n))
  }
  return new Uint8Array(Uint32Array.from(words).buffer)
}

function wholePacket(reader: RingReader): Uint8Array {
  const { packet } = reader
  const whole = new Uint8Array(16 + packet.headerLength + packet.payloadLength)
  const view = new DataView(whole.buffer)
  view.setUint16(0, packet.type, true)
  view.setUint16(2, 2 + packet.headerLength / 8, true)
  view.setUint16(4, whole.length / 8, true)
  view.setUint16(6, packet.flags, true)
  view.setBigUint64(8, packet.transactionId, true)
  whole.set(packet.copyHeader(), 16)
  whole.set(packet.copyPayload(), 16 + packet.headerLength)
  return whole
}

const [hardened, matched] = [true, false].map((wanted) =>
  file.vectors.filter((vector) => (vector.category === 'receive-hardening') === wanted),
)

describe.each(ringMemories)('what Linux’s ring code did, on %s', (_name, make) => {
  it.each(matched?.map((vector) => [vector.name, vector] as const) ?? [])(
    '[B135][B137][B146][B148] %s',
    (_vector, vector) => {
      const player = new Player(vector, make)
      for (const op of vector.ops) {
        player.play(op)
        expect({ out: player.out.state, in: player.in.state }).toEqual({ out: op.expect.out, in: op.expect.in })
      }
      for (const side of ['out', 'in'] as const) {
        const ring = player[side]
        const control = new Uint8Array(68)
        ring.memory.read(0, control, 0, 68)
        const data = ring.data(0, ring.total - 4096)
        expect({ header68: hexOf(control), dataSha256: sha256(data) }).toEqual({
          header68: vector.final[side].header68,
          dataSha256: vector.final[side].dataSha256,
        })
      }
    },
  )
})

/** Linux's reader clamps what is broken; ours faults the ring. Each vector, with what ours says. */
const ourAnswers: Record<string, (ring: Ring) => void> = {
  'hard-len8-huge': ({ reader }) => {
    expect(reader.next()).toBe('fault')
    expect(reader.fault?.code).toBe('InvalidDescriptorLengths')
    expect(reader.commit()).toBe(false)
  },
  'hard-offset8-eq-len': ({ reader }) => {
    expect([reader.next(), reader.packet.headerLength, reader.packet.payloadLength]).toEqual(['packet', 24, 0])
    expect(reader.next()).toBe('empty')
  },
  'hard-maxpkt-64': ({ reader }) => {
    // No packet is cut: there is no maximum but the ring's.
    expect([reader.next(), reader.packet.payloadLength]).toEqual(['packet', 128])
    expect([reader.next(), reader.packet.payloadLength]).toEqual(['packet', 8])
    expect(reader.next()).toBe('empty')
  },
  'hard-outbound-index-w0-r4096': ({ writer }) => {
    expect(writer.write(6, 0, 1, 0, fill([8, 1]))).toMatchObject({
      status: 'error',
      error: { code: 'InvalidRingPointer', offset: 4 },
    })
    expect(writer.fault?.code).toBe('InvalidRingPointer')
  },
  'hard-read-index-ignored': ({ reader }) => {
    expect(reader.next()).toBe('fault')
    expect(reader.fault).toMatchObject({ code: 'InvalidRingPointer', offset: 4 })
  },
}

describe('receive-hardening vectors, with our own answer', () => {
  it('lists them all', () => expect(Object.keys(ourAnswers)).toEqual(hardened?.map((vector) => vector.name)))

  it.each(hardened?.map((vector) => [vector.name, vector] as const) ?? [])('%s', (name, vector) => {
    for (const [, make] of ringMemories) {
      const rings = { out: new Ring(make, vector.ring.sendBytes), in: new Ring(make, vector.ring.recvBytes) }
      let poked = rings.in
      for (const op of vector.ops) {
        poked = op.ring === undefined ? poked : rings[op.ring]
        if (op.op === 'hostWrite') rings.in.writer.write(6, 0, 1, 0, fill(op.payload?.fill ?? [0, 0]))
        if (op.op === 'poke') {
          const bytes = Buffer.from(op.hex ?? '', 'hex')
          poked.memory.write(4096 + (op.offset ?? 0), bytes, 0, bytes.length)
        }
        if (op.op === 'pokeIndex') {
          poked.memory.store32(RING_CONTROL.writeIndex, op.write ?? 0)
          if (op.read !== undefined) poked.memory.store32(RING_CONTROL.readIndex, op.read)
        }
        if (op.expect.ret === EIO) expect(name).toBe('hard-outbound-index-w0-r4096')
      }
      ourAnswers[name]?.(poked)
    }
  })
})
