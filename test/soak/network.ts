import { Random } from '../../src/channels/index.ts'
import { createBus } from '../../src/index.ts'
import { NetworkVsc } from '../../src/vsc/network/index.ts'
import {
  copyFrame,
  ImpairedBackend,
  type NetworkBackend,
  NetworkSwitch,
  NetworkVsp,
  type Nic,
  type TransmitFrame,
} from '../../src/vsp/network/index.ts'

/** What a soak found. */
export interface NetworkSoak {
  readonly issued: number
  readonly ok: number
  readonly errors: number
  readonly aborted: number
  readonly received: number
  readonly rescinds: number
  /** Bytes of heap after a forced collection, at a tenth of the way and at the end; 0 where none can be forced. */
  readonly heap: readonly [tenth: number, end: number]
}

/** Transmits some frames later, when others have passed. */
class LateBackend implements NetworkBackend {
  readonly #late: { readonly run: () => void; left: number }[] = []
  constructor(
    readonly backend: NetworkBackend,
    readonly random: Random,
  ) {}
  plugged(nic: Nic): void {
    this.backend.plugged?.(nic)
  }
  unplugged(nic: Nic): void {
    this.backend.unplugged?.(nic)
  }
  transmit(frame: TransmitFrame, nic: Nic): void {
    if (this.random.below(20) === 0) {
      const copy = copyFrame(frame)
      const done = frame.defer()
      const run = () => {
        this.backend.transmit({ ...copy, queue: 0, defer: () => () => {} }, nic)
        done()
      }
      this.#late.push({ run, left: this.random.below(30) })
    } else this.backend.transmit(frame, nic)
    for (const late of this.#late) late.left -= 1
    this.flush(0)
  }
  flush(left = Number.POSITIVE_INFINITY): void {
    const due = this.#late.filter((late) => late.left <= left)
    for (const late of due) this.#late.splice(this.#late.indexOf(late), 1)
    for (const { run } of due) run()
  }
}

const burst = 50

/**
 * Frames between two NICs of one guest, with several channels each, over a line that loses, doubles, delays and reorders, while NICs are
 * rescinded and offered again; everything by the seed. Throws when a frame arrives that was not sent, a frame is told of twice or never,
 * or anything is left behind.
 */
export function soakNetwork(frames: number, seed: number): NetworkSoak {
  const random = new Random(seed)
  const bus = createBus({ scheduling: 'scheduled', seed })
  const lan = new NetworkSwitch()
  const line = new ImpairedBackend(lan, { seed, loss: 0.02, duplication: 0.01, reordering: 0.05 })
  const late = new LateBackend(line, random)
  const vsps = [1, 2].map((n) => new NetworkVsp({ backend: late, macAddress: `00:15:5d:00:00:0${n}`, queues: 4 }))
  const nics = vsps.map(
    ({ offer }) => new NetworkVsc({ instanceId: offer.instanceId, queues: 3, receiveBufferSize: 1 << 18 }),
  )
  let received = 0
  let rescinds = 0
  for (const nic of nics) {
    nic.on('frame', ({ bytes }) => {
      const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(50)
      if (id >= frames || bytes.some((byte, index) => index > 53 && byte !== (id & 0xff))) {
        throw new Error(`frame ${id} is none that was sent`)
      }
      received += 1
    })
  }
  const attach = () => {
    for (const nic of nics) {
      if (nic.device !== undefined) continue
      bus.guest.detach(nic)
      bus.guest.bind(nic, () => {})
    }
    for (const vsp of vsps) if (!vsp.isOffered) bus.host.offer(vsp)
    bus.settle()
  }
  attach()
  const free = bus.guest.pages.freePages
  const heap = [0, 0] as [number, number]
  let id = 0
  while (id < frames) {
    for (let count = 0; count < burst && id < frames; count++) {
      const from = random.below(2)
      const [sender, receiver] = [nics[from], nics[1 - from]]
      if (sender === undefined || receiver === undefined) break
      const frame = tcpFrame(id, 54 + random.below(1400), receiver.macAddress, sender.macAddress)
      // A large send of what is no TCP is refused.
      const isBad = random.below(100) === 0
      if (isBad) frame[23] = 17
      if (sender.send(frame, isBad ? { segmentSize: 100 } : undefined)) id += 1
      else break
    }
    if (random.below(100) === 0) {
      for (let steps = random.below(40); steps > 0 && bus.step(); steps--);
      const vsp = vsps[random.below(2)]
      if (vsp !== undefined) bus.host.revoke(vsp)
      rescinds += 1
      bus.settle()
      attach()
    } else bus.settle()
    if (heap[0] === 0 && id >= frames / 10) heap[0] = heapUsed()
  }
  late.flush()
  line.flush()
  bus.settle()
  const sum = (key: 'sendsIssued' | 'sendErrors' | 'sendsAborted' | 'sendsCompleted') =>
    nics.reduce((all, { statistics }) => all + statistics[key], 0)
  const [issued, errors, aborted, completed] = [
    sum('sendsIssued'),
    sum('sendErrors'),
    sum('sendsAborted'),
    sum('sendsCompleted'),
  ]
  if (issued !== completed)
    throw new Error(`${issued} messages were sent, of ${completed} is known what became of them`)
  heap[1] = heapUsed()
  for (const nic of nics) if (nic.sendRoom !== 170) throw new Error(`only ${nic.sendRoom} sections are free`)
  if (bus.guest.pages.freePages !== free) throw new Error(`${free - bus.guest.pages.freePages} pages are lost`)
  bus.close()
  return { issued, ok: completed - errors - aborted, errors, aborted, received, rescinds, heap }
}

/** A TCP frame with its number in it, and a fill that the number says. */
function tcpFrame(id: number, length: number, to: Uint8Array, from: Uint8Array): Uint8Array {
  const frame = new Uint8Array(length).fill(id & 0xff, 54)
  frame.set(to)
  frame.set(from, 6)
  frame.set([8, 0, 0x45, 0], 12)
  const view = new DataView(frame.buffer)
  view.setUint16(16, length - 14)
  frame.set([64, 6, 0, 0, 10, 0, 0, from[5] ?? 0, 10, 0, 0, to[5] ?? 0], 22)
  // 64 flows.
  view.setUint16(34, 1000 + (id & 63))
  frame[46] = 0x50
  view.setUint32(50, id)
  return frame
}

function heapUsed(): number {
  if (typeof globalThis.gc !== 'function') return 0
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
