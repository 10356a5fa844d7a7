import { BufferMemory } from '../../memory/index.ts'
import type { EventOf, TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import {
  CONTROL_PAGE_SIZE,
  initializeRing,
  RING_CONTROL,
  type RingFault,
  RingReader,
  type RingReaderOptions,
  RingWriter,
} from '../../vmbus/ring/index.ts'
import type { Draw } from '../draw.ts'
import { controlStep, packetStep, type Ring } from '../packet-steps.ts'
import { RawRing } from '../raw-ring.ts'
import { same } from '../same.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'
import { WatchedMemory } from '../watched-memory.ts'

const dataSize = 8192
const ringLength = CONTROL_PAGE_SIZE + dataSize
/** A page before and a page behind that nobody may touch. */
const base = 4096
const memorySize = base + ringLength + 4096
const smallestPacket = 24

/**
 * A ring's reader and writer against a peer that writes whatever it likes into the control page and the data. Each runs in place
 * and by copies, over memory that notices any access outside the ring: both must do the same, always end, hand out only packets
 * that lie within the ring, and after a fault do nothing more.
 *
 * Its inputs: `packet` and `ring` are what the peer writes; `signalevent` has the reader drain the ring; `fault` `options` makes
 * the reader anew, `send` has the writer write.
 */
export function ringTarget(): FuzzTarget {
  return {
    name: 'ring',
    generate(draw) {
      const steps: Step[] = [{ event: { kind: 'fault', t: 0, fault: 'options', detail: optionsFor(draw) } }]
      for (let count = draw.between(1, 24); count > 0; count--) steps.push(stepFor(draw))
      return [...steps, drain]
    },
    run(events) {
      const ends = [
        new Ends(new WatchedMemory(memorySize, base, ringLength), new WatchedMemory(memorySize, base, ringLength)),
        new Ends(new BufferMemory(new ArrayBuffer(memorySize)), new BufferMemory(new ArrayBuffer(memorySize))),
      ] as const
      for (const event of events) {
        const [copied, direct] = [ends[0].handle(event), ends[1].handle(event)]
        expect(same(copied, direct), 'memories-differ', `in place ${shown(direct)}, by copies ${shown(copied)}`)
      }
    },
  }
}

const drain: Step = { event: { kind: 'signalevent', t: 0, dir: 'g2h' } }

function optionsFor(draw: Draw): Record<string, string | number | boolean> {
  return {
    unknownFlags: draw.pick(['fault', 'tolerate']),
    unknownTypes: draw.pick(['fault', 'tolerate']),
    checkTrailer: draw.oneIn(3),
    ...(draw.oneIn(3) ? { batchLimit: draw.between(1, 4) } : {}),
  }
}

function stepFor(draw: Draw): Step {
  const ring: Ring = draw.oneIn(4) ? 'host-to-guest' : 'guest-to-host'
  if (ring === 'host-to-guest') {
    if (draw.oneIn(2)) return controlStep(ring, dataSize, draw)
    const detail = { length: draw.pick([0, 8, 64, 1000, dataSize - 32, dataSize, 70_000, draw.below(dataSize)]) }
    return { event: { kind: 'fault', t: 0, fault: 'send', detail } }
  }
  if (draw.oneIn(3)) return drain
  return draw.oneIn(4) ? controlStep(ring, dataSize, draw) : packetStep(ring, draw)
}

/** What a drain or a send came to, as plain data that can be compared. */
type Outcome = readonly unknown[]

/** Our reader of one ring and our writer of another, each with the peer's view of the same memory. */
class Ends {
  readonly #incoming: RawRing
  readonly #outgoing: RawRing
  #reader: RingReader
  readonly #writer: RingWriter

  constructor(
    readonly read: WatchedMemory | BufferMemory,
    readonly written: WatchedMemory | BufferMemory,
  ) {
    this.#incoming = new RawRing(read, base, ringLength)
    this.#outgoing = new RawRing(written, base, ringLength)
    initializeRing(read, base)
    initializeRing(written, base)
    this.#reader = new RingReader(read, base, ringLength)
    this.#writer = new RingWriter(written, base, ringLength)
  }

  handle(event: TranscriptEvent): Outcome {
    switch (event.kind) {
      case 'packet':
        return [this.#incoming.append(fromHex(event.hex))]
      case 'ring':
        ;(event.ring === 'guest-to-host' ? this.#incoming : this.#outgoing).apply(event)
        return []
      case 'signalevent':
        return this.#drain()
      case 'fault':
        if (event.fault === 'options') this.#reader = new RingReader(this.read, base, ringLength, optionsIn(event))
        return event.fault === 'send' ? this.#send(Number(event.detail?.length ?? 0)) : []
      default:
        return []
    }
  }

  #drain(): Outcome {
    const reader = this.#reader
    const { packet } = reader
    const outcome: unknown[] = [faultOf(reader.verifyMask())]
    const available = reader.availableBytes()
    expect(available < dataSize, 'more-than-there-is', `${available} bytes to read in ${dataSize} bytes of data`)
    let packets = 0
    let status = reader.next()
    for (; status === 'packet'; status = reader.next()) {
      packets++
      expect(packets <= dataSize / smallestPacket, 'endless', `${packets} packets from ${dataSize} bytes`)
      const end = packet.payloadOffset + packet.payloadLength
      expect(packet.headerLength >= 0 && packet.payloadLength >= 0, 'negative-length', `of a packet's parts`)
      expect(end <= packet.bytes.byteLength, 'outside-packet', `ends at ${end} of ${packet.bytes.byteLength} bytes`)
      const { type, flags, transactionId, rangeCount, ringOffset } = packet
      outcome.push([type, flags, transactionId, rangeCount, ringOffset, packet.copyHeader(), packet.copyPayload()])
    }
    const fault = faultOf(reader.fault)
    expect((status === 'fault') === (fault !== undefined), 'fault-not-kept', `next answered ${status}`)
    outcome.push(status, fault, reader.commit())
    if (fault !== undefined) {
      expect(reader.next() === 'fault', 'goes-on', 'a packet after a fault')
      expect(same(faultOf(reader.fault), fault), 'fault-changed', 'another fault')
    } else if (packets > 0 && reader.fault === undefined) {
      const index = this.#incoming.load(RING_CONTROL.readIndex)
      expect(index < dataSize && index % 8 === 0, 'bad-index', `published read index ${index}`)
    }
    return outcome
  }

  #send(length: number): Outcome {
    const payload = new Uint8Array(Math.min(length, 100_000)).fill(0x5a)
    const result = this.#writer.write(6, 0, 1, 0, payload)
    const index = this.#outgoing.load(RING_CONTROL.writeIndex)
    if (result.status === 'written') {
      expect(index < dataSize && index % 8 === 0, 'bad-index', `published write index ${index}`)
    }
    const free = this.#writer.freeBytes()
    expect(free >= 0 && free <= dataSize, 'more-than-there-is', `${free} bytes free in ${dataSize}`)
    const error = result.status === 'error' ? faultOf(result.error) : undefined
    return [result.status, result.status === 'written' && result.signal, error, free, index]
  }
}

function optionsIn({ detail = {} }: EventOf<'fault'>): RingReaderOptions {
  const { unknownFlags, unknownTypes, checkTrailer, batchLimit } = detail
  return {
    unknownFlags: unknownFlags === 'tolerate' ? 'tolerate' : 'fault',
    unknownTypes: unknownTypes === 'tolerate' ? 'tolerate' : 'fault',
    checkTrailer: checkTrailer === true,
    ...(typeof batchLimit === 'number' ? { batchLimit } : {}),
  }
}

function faultOf(fault: RingFault | undefined): unknown {
  return fault === undefined ? undefined : { code: fault.code, offset: fault.offset }
}

function shown(outcome: Outcome): string {
  const replacer = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)
  return JSON.stringify(outcome, replacer).slice(0, 120)
}
