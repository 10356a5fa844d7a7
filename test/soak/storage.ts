import { Random } from '../../src/channels/random.ts'
import { createBus } from '../../src/index.ts'
import { type ScsiCommand, type ScsiOutcome, StorageVsc } from '../../src/vsc/storage/index.ts'
import { FaultyDisk, MemoryDisk, StorageVsp } from '../../src/vsp/storage/index.ts'

/** What became of a storage soak. */
export interface StorageSoak {
  readonly issued: number
  readonly good: number
  readonly failed: number
  /** Not answered, as the device was taken away. */
  readonly aborted: number
  readonly rescinds: number
  /** Reads that did not give what was written last. */
  readonly wrong: number
  /** Heap in use after a collection: at a tenth of the way, and at the end. */
  readonly heap: readonly [number, number]
}

const blocks = 2048
const depth = 64

/**
 * Reads and writes through both ends with errors, delays and rescinds by a seed, over three channels. Each command is told exactly once
 * (else this throws), and a block that is read is what was written to it last.
 */
export async function soakStorage(count: number, seed: number): Promise<StorageSoak> {
  const random = new Random(seed)
  /** Commands between two rescinds, about. */
  const perRescind = Math.max(500, Math.floor(count / 50))
  const bus = createBus({ seed, scheduling: 'scheduled' })
  const disk = new MemoryDisk({ blocks })
  const faulty = new FaultyDisk(disk, { seed, errors: 0.01, delays: 0.1 })
  const vsp = new StorageVsp({ disk: faulty, maxSubchannels: 2 })
  bus.host.offer(vsp)
  const vsc = new StorageVsc({ cpus: 3, queueDepth: depth, ringSize: 16_384 })
  await bus.guest.attach(vsc)

  const tally = { good: 0, failed: 0, aborted: 0, rescinds: 0, wrong: 0 }
  let open = 0
  /** By block: the number written last, and whether a command for it is on its way; 0xffffffff is not known. */
  const written = new Uint32Array(blocks)
  const busy = new Uint8Array(blocks)
  const told = new Uint8Array(count)
  const scratch = new Uint8Array(512)
  const view = new DataView(scratch.buffer)

  const settled = (id: number, lba: number, isWrite: boolean, outcome: ScsiOutcome): void => {
    if (told[id] !== 0) throw new Error(`command ${id} was told twice`)
    told[id] = 1
    open -= 1
    busy[lba] = 0
    if (outcome.kind === 'good') tally.good += 1
    else if (outcome.kind === 'closed') tally.aborted += 1
    else tally.failed += 1
    // A write that failed or was cut off may or may not have been done.
    if (isWrite) written[lba] = outcome.kind === 'good' ? id + 1 : 0xffff_ffff
  }

  const command = (id: number): ScsiCommand | undefined => {
    const lba = random.below(blocks)
    if (busy[lba] !== 0) return undefined
    busy[lba] = 1
    const cdb = new Uint8Array(10)
    const isWrite = random.below(2) === 0
    cdb[0] = isWrite ? 0x2a : 0x28
    cdb[4] = lba >> 8
    cdb[5] = lba & 0xff
    cdb[8] = 1
    if (isWrite) {
      const write = new Uint8Array(512)
      new DataView(write.buffer).setUint32(508, id + 1)
      return { cdb, write, done: (outcome) => settled(id, lba, true, outcome) }
    }
    const expected = written[lba] ?? 0
    return {
      cdb,
      read: 512,
      done: (outcome, data) => {
        settled(id, lba, false, outcome)
        if (outcome.kind !== 'good' || expected === 0xffff_ffff) return
        data.copyTo(scratch, 0)
        if (view.getUint32(508) !== expected) tally.wrong += 1
      },
    }
  }

  let issued = 0
  let tenth = 0
  while (issued < count) {
    const burst = Math.min(count - issued, 1 + random.below(2 * depth))
    for (let sent = 0; sent < burst; ) {
      const next = command(issued)
      if (next === undefined) break
      open += 1
      issued += 1
      sent += 1
      vsc.submit(next)
    }
    for (let steps = random.below(8); steps > 0 && bus.step(); steps--);
    if (random.below(4) === 0) bus.settle()
    faulty.release(random.below(faulty.waiting + 1))
    if (random.below(perRescind) < burst) {
      tally.rescinds += 1
      bus.host.revoke(vsp)
      bus.settle()
      faulty.release()
      // What the old channels had is over, on either side.
      if (open !== 0 || vsp.running !== 0) throw new Error(`${open} commands, ${vsp.running} running after a rescind`)
      bus.guest.detach(vsc)
      bus.host.offer(vsp)
      await bus.guest.attach(vsc)
    }
    if (tenth === 0 && issued >= count / 10) tenth = heapUsed()
  }
  while (open > 0) {
    bus.settle()
    if (open > 0 && faulty.waiting === 0) throw new Error(`${open} commands are lost`)
    faulty.release()
  }
  const end = heapUsed()
  bus.close()
  return { issued, ...tally, heap: [tenth, end] }
}

/** Bytes in use after a collection, where there is one to be had. */
function heapUsed(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
