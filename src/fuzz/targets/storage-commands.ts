import { Conversation, EndLog, GuestEndpoint, HostEndpoint, MemoryTransport, Pump } from '../../channels/index.ts'
import { Cdb } from '../../devices/scsi/index.ts'
import { ExecuteSrb, VstorOperation } from '../../devices/storage/index.ts'
import { BufferMemory, PAGE_SIZE } from '../../memory/index.ts'
import type { TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import type { GpadlRange } from '../../vmbus/server/effects.ts'
import { StorageVsc } from '../../vsc/storage/index.ts'
import { Vsc } from '../../vsc/vsc.ts'
import { CopyOnWriteDisk, DvdUnit, FaultyDisk, MemoryDisk, ReadOnlyDisk, StorageVsp } from '../../vsp/storage/index.ts'
import { toHex } from '../../wire/index.ts'
import { maxSteps } from '../device-steps.ts'
import type { Draw } from '../draw.ts'
import { generate } from '../generate.ts'
import { mutate } from '../mutate.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

const memorySize = 1 << 20
/** Guest pages of data; all others must stay as they are. */
const dataPages = 16
const firstPage = (memorySize >> 12) - dataPages - 1
const blocks = 4096

/**
 * A storage device behind its negotiation: SCSI commands of every kind, valid and spoiled, with all sorts of ranges, on disks of every
 * kind, some of which fail or answer late. The host must throw nothing, come to rest, complete every request once unless it stopped the
 * channel, write to no page but those of the request, and then serve a driver that behaves.
 *
 * Its inputs: `packet` is an EXECUTE_SRB packet, whose last word chooses the range; `fault` `release` lets slow disks answer, `close` has
 * the guest close and open the channel.
 */
export function storageCommandsTarget(): FuzzTarget {
  return { name: 'storage-commands', generate: steps, run: (events) => new StorageWorld().run(events) }
}

const small = [0, 1, 2, 8, blocks - 1, blocks]

function steps(draw: Draw): Step[] {
  const all: Step[] = []
  for (let count = draw.between(1, 24); count > 0; count--) {
    if (draw.oneIn(8)) {
      all.push({ event: { kind: 'fault', t: 0, fault: draw.oneIn(4) ? 'close' : 'release' } })
      continue
    }
    const cdb = generate(Cdb, draw, { prefer: { length: [0, 1, 8, 64], allocationLength: [0, 8, 36, 255] } })
    const payload = new Uint8Array(20)
    payload.set(cdb.subarray(0, 16))
    if (cdb.byteLength >= 10 && !draw.oneIn(4)) placeLba(payload, cdb.byteLength, draw.pick(small))
    const bytes = generate(ExecuteSrb, draw, {
      prefer: {
        lun: [0, 1, 2, 3, 4],
        pathId: [0],
        targetId: [0],
        dataIn: [0, 1, 2],
        dataTransferLength: [0, 512, 2048, 4096, 32768],
        cdbOrSense: [payload],
      },
    })
    const event = { kind: 'packet', t: 0, dir: 'g2h', hex: toHex(bytes) } as const
    all.push(draw.oneIn(3) ? { event, mutations: [mutate(ExecuteSrb, bytes, draw)] } : { event })
  }
  return all
}

/** Puts a block number where CDBs of that length have it. */
function placeLba(cdb: Uint8Array, length: number, lba: number): void {
  const end = length === 16 ? 10 : 6
  for (let at = 2; at < end; at++) cdb[at] = (lba / 2 ** (8 * (end - 1 - at))) & 0xff
}

/** Says what it is told to say. */
class RawDriver extends Vsc {
  readonly binds = { interfaceId: DeviceId.Scsi }
}

function disks() {
  const memory = () => new MemoryDisk({ blocks })
  return [
    memory(),
    new FaultyDisk(memory(), { seed: 1, errors: 0.2, delays: 0.5 }),
    new ReadOnlyDisk(memory()),
    new CopyOnWriteDisk(new FaultyDisk(memory(), { seed: 2, errors: 0.1, delays: 0.3 })),
    new DvdUnit(new MemoryDisk({ blocks, blockSize: 2048 })),
  ]
}

class StorageWorld {
  readonly #memory = new BufferMemory(new ArrayBuffer(memorySize))
  readonly #pump = new Pump()
  readonly #host: HostEndpoint
  readonly #guest: GuestEndpoint
  readonly #units = disks()
  readonly #vsp = new StorageVsp({ disks: this.#units })
  readonly #driver = new RawDriver()
  #issued = 0
  #answered = 0

  constructor() {
    const transport = new MemoryTransport(this.#memory, this.#pump)
    const conversation = new Conversation()
    this.#host = new HostEndpoint(transport.host, this.#pump, new EndLog('host', 'host', conversation))
    this.#guest = new GuestEndpoint(transport.guest, this.#pump, new EndLog('guest', 'guest', conversation))
    this.#host.offer(this.#vsp)
    this.#guest.connect()
    this.#attach()
  }

  run(events: readonly TranscriptEvent[]): void {
    try {
      for (const event of events) {
        if (event.kind === 'packet') this.#send(fromHex(event.hex))
        else if (event.kind === 'fault' && event.fault === 'release') this.#release()
        else if (event.kind === 'fault' && event.fault === 'close') this.#reopen()
        this.#settle()
        this.#checkGuard()
      }
      this.#release()
      const isOpen = this.#vsp.channel !== undefined
      expect(
        !isOpen || this.#answered === this.#issued,
        'lost-completion',
        `${this.#issued} asked, ${this.#answered} answered`,
      )
      expect(this.#vsp.running === 0, 'running', `${this.#vsp.running} commands are not finished`)
      this.#driver.close()
      this.#settle()
      this.#checkGuard()
      this.#serves()
    } finally {
      this.#pump.stop()
    }
  }

  #attach(): void {
    this.#guest.bind(this.#driver, () => {})
    this.#settle()
    const version = new Uint8Array(64)
    version.set([VstorOperation.QueryProtocolVersion, 0, 0, 0, 1])
    version.set([0x02, 0x06], 12)
    const plain = (operation: number) =>
      Uint8Array.from({ length: 64 }, (_, at) => (at === 0 ? operation : at === 4 ? 1 : 0))
    for (const packet of [plain(7), version, plain(10), plain(8)]) {
      this.#driver.channel?.request(packet, () => {})
      this.#settle()
    }
    // Whatever is no data stays as it is.
    this.#memory.write((firstPage - 1) * PAGE_SIZE, guard, 0, PAGE_SIZE)
    this.#memory.write((firstPage + dataPages) * PAGE_SIZE, guard, 0, PAGE_SIZE)
  }

  #send(bytes: Uint8Array): void {
    const sent = this.#driver.channel?.request(bytes, () => this.#answered++, rangesFor(bytes))
    if (sent === true) this.#issued++
  }

  #reopen(): void {
    this.#driver.close()
    this.#settle()
    this.#release()
    this.#attach()
  }

  /** Until no disk holds anything back: what one lets go may wait at another. */
  #release(): void {
    for (let rounds = 0; rounds < maxSteps; rounds++) {
      const slow = this.#units.map((unit) => (unit instanceof CopyOnWriteDisk ? unit.base : unit))
      const waiting = slow.filter((unit) => unit instanceof FaultyDisk && unit.waiting > 0)
      if (waiting.length === 0) return
      for (const unit of waiting) if (unit instanceof FaultyDisk) unit.release()
      this.#settle()
    }
    expect(false, 'endless', 'a disk is never done')
  }

  #checkGuard(): void {
    for (const page of [firstPage - 1, firstPage + dataPages]) {
      const found = new Uint8Array(PAGE_SIZE)
      this.#memory.read(page * PAGE_SIZE, found, 0, PAGE_SIZE)
      expect(
        found.every((byte) => byte === 0x5a),
        'stray-write',
        `page ${page} was written to`,
      )
    }
  }

  #serves(): void {
    const vsc = new StorageVsc({ ringSize: 16_384 })
    let outcome = ''
    this.#guest.bind(vsc, () => {})
    this.#settle()
    const cdb = Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0)
    vsc.submit({
      cdb,
      read: 512,
      done: ({ kind }) => {
        outcome = kind
      },
    })
    this.#settle()
    expect(outcome === 'good', 'not-served', `a good driver's command: ${outcome}`)
    this.#host.close()
    this.#settle()
  }

  #settle(): void {
    this.#pump.settle(maxSteps)
  }
}

const guard = new Uint8Array(PAGE_SIZE).fill(0x5a)

/** Ranges as the packet's last word says: mostly one that holds the data, sometimes none, too short, two, or outside memory. */
function rangesFor(bytes: Uint8Array): GpadlRange[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wanted = bytes.byteLength < 28 ? 0 : view.getUint32(24, true)
  const choice = bytes.byteLength < 64 ? 0 : view.getUint8(60) % 16
  if (wanted === 0 && choice < 12) return undefined
  const byteOffset = choice === 1 ? 512 : 0
  const byteCount = Math.max(1, Math.min(wanted, (dataPages - 1) * PAGE_SIZE) - (choice === 13 ? 1 : 0))
  const count = Math.ceil((byteOffset + byteCount) / PAGE_SIZE)
  const pfns = Array.from({ length: count }, (_, at) => firstPage + ((at * 7) % dataPages))
  const range = { byteCount, byteOffset, pfns: choice === 14 ? pfns.map(() => 0x7_ffff_ffff) : pfns }
  return choice === 15 ? [range, range] : [range]
}
