import { createBus } from '../src/index.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { type Frame, type NetworkBackend, NetworkVsp, type Nic } from '../src/vsp/network/index.ts'
import { BareRing } from './bare-ring.ts'
import { compare, type Work } from './measure.ts'
import type { Result } from './result.ts'

const frameSize = 1500
/** Frames between two turns of the other end. */
const burst = 64

/** Looks at every frame, as little as may be. */
class Counter implements NetworkBackend {
  bytes = 0
  nic: Nic | undefined
  plugged(nic: Nic): void {
    this.nic = nic
  }
  transmit(frame: Frame): void {
    this.bytes += frame.bytes.length
  }
}

/** A packet of a frame's size written into a bare ring, read, and copied out. */
function bareCopy(): Work {
  const ring = new BareRing(new ArrayBuffer(4096 + 128 * 1024))
  const frame = new Uint8Array(frameSize).fill(7)
  const out = new Uint8Array(frameSize + 8)
  return (count) => {
    for (let done = 0; done < count; done += burst) {
      for (let index = 0; index < burst; index++) ring.write(6, 0, 0, 0, frame)
      while (ring.next()) out.set(ring.bytes.subarray(ring.payloadOffset, ring.payloadOffset + ring.payloadLength))
      ring.commit()
    }
  }
}

/** Frames through driver, rings, and VSP, against a bare ring with the same copies. */
export async function benchNetwork(): Promise<Result[]> {
  const bus = createBus()
  const counter = new Counter()
  const vsp = new NetworkVsp({ backend: counter })
  bus.host.offer(vsp)
  const nic = await bus.guest.attach(new NetworkVsc({ ringSize: 256 * 1024 }))
  const frame = new Uint8Array(frameSize).fill(7)
  const batch = new Array<Uint8Array>(burst).fill(frame)
  const outgoing: Work = (count) => {
    for (let done = 0; done < count; done += burst) {
      for (let index = 0; index < burst; index++) nic.send(frame)
      bus.settle()
    }
  }
  const together: Work = (count) => {
    for (let done = 0; done < count; done += burst) {
      nic.sendAll(batch)
      bus.settle()
    }
  }
  const incoming: Work = (count) => {
    for (let done = 0; done < count; done += burst) {
      for (let index = 0; index < burst; index++) counter.nic?.receive({ bytes: frame })
      bus.settle()
    }
  }
  const incomingTogether: Work = (count) => {
    const frames = new Array<Frame>(burst).fill({ bytes: frame })
    for (let done = 0; done < count; done += burst) {
      vsp.receiveAll(frames)
      bus.settle()
    }
  }
  const results: Result[] = []
  for (const [name, work, limit] of [
    // A frame costs two packets, its completion being the second; several in a message share them.
    ['from the guest', outgoing, 3],
    ['from the guest, several in a message', together, 3],
    // A frame that comes has memory of its own, to be kept: nothing was aimed at, these keep what is.
    ['to the guest', incoming, 9],
    ['to the guest, several in a packet', incomingTogether, 5],
  ] as const) {
    const { ns, ratio } = compare(work, bareCopy())
    const rate = `${(1e6 / ns).toFixed(0)} thousand a second`
    results.push({
      name: `${frameSize}-byte frames ${name} to a bare ring (${rate})`,
      ratio,
      limit,
    })
  }
  bus.close()
  return results
}
