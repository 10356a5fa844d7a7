import { BufferMemory } from '../src/memory/index.ts'
import { RingReader, RingWriter } from '../src/vmbus/ring/index.ts'
import { BareRing, BareSharedRing } from './bare-ring.ts'

/** How much slower than bare code something may be, and is. */
export interface RingRatio {
  readonly name: string
  /** Time per packet over the bare ring's, best of runs each. */
  readonly ratio: number
  readonly limit: number
  /** Nanoseconds per packet, written and read: ours, and the bare ring's. */
  readonly nanoseconds: number
  readonly bareNanoseconds: number
}

const DATA = 65536
/** Short runs and many: some of them meet no other process. */
const PACKETS = 8_000
const RUNS = 1500

/**
 * How many rings take turns. A bus has two per channel; with a single one, the engine would fold the one ring's addresses
 * into the loop, and what is timed would be no ring that anyone has.
 */
const RINGS = 4

/**
 * One packet with 64 bytes of payload written and read in place, against a bare ring of the same layout that trusts its
 * peer: same bytes, same index and signal words, no checks, no faults, no second kind of memory.
 */
export function benchRing(): RingRatio[] {
  return [
    compare(
      'ArrayBuffer',
      () => new ArrayBuffer(4096 + DATA),
      (buffer) => new BareRing(buffer),
    ),
    compare(
      'SharedArrayBuffer',
      () => new SharedArrayBuffer(4096 + DATA),
      (buffer) => new BareSharedRing(buffer),
    ),
  ]
}

function compare<B extends ArrayBuffer | SharedArrayBuffer>(
  kind: string,
  make: () => B,
  bareOf: (buffer: B) => BareRing | BareSharedRing,
): RingRatio {
  const payload = Uint8Array.from({ length: 64 }, (_, i) => i)
  const rings = Array.from({ length: RINGS }, () => {
    const memory = new BufferMemory(make())
    return { writer: new RingWriter(memory, 0, 4096 + DATA), reader: new RingReader(memory, 0, 4096 + DATA) }
  })
  const bareRings = Array.from({ length: RINGS }, () => bareOf(make()))

  const ours = (): number => {
    let sum = 0
    for (const { writer, reader } of rings) {
      for (let i = 0; i < PACKETS / RINGS; i++) {
        writer.write(6, 1, i, 0, payload)
        if (reader.next() !== 'packet') throw new Error(String(reader.fault))
        const { packet } = reader
        sum += packet.transactionIdLow + (packet.bytes[packet.payloadOffset + 63] ?? 0)
        if (reader.commit()) throw new Error('nobody waits for room')
      }
    }
    return sum
  }
  const theirs = (): number => {
    let sum = 0
    for (const ring of bareRings) {
      for (let i = 0; i < PACKETS / RINGS; i++) {
        ring.write(6, 1, i, 0, payload)
        if (!ring.next()) throw new Error('empty')
        sum += ring.idLow + (ring.bytes[ring.payloadOffset + 63] ?? 0)
        if (ring.commit()) throw new Error('nobody waits for room')
      }
    }
    return sum
  }
  const [nanoseconds, bareNanoseconds] = fastest(ours, theirs)
  return {
    name: `64-byte packet, ${kind}`,
    ratio: nanoseconds / bareNanoseconds,
    limit: 1.3,
    nanoseconds,
    bareNanoseconds,
  }
}

/** Nanoseconds per packet of each, the best of alternating runs. */
function fastest(a: () => number, b: () => number): [number, number] {
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let run = 0; run < RUNS; run++) {
    best[0] = Math.min(best[0], time(a))
    best[1] = Math.min(best[1], time(b))
  }
  return best
}

function time(work: () => number): number {
  const start = performance.now()
  if (Number.isNaN(work())) throw new Error('no sum')
  return ((performance.now() - start) * 1e6) / PACKETS
}
