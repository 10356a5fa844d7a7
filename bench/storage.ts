import { createBus } from '../src/index.ts'
import { BufferMemory, PAGE_SIZE } from '../src/memory/index.ts'
import { type ScsiCommand, StorageVsc } from '../src/vsc/storage/index.ts'
import { type DiskRequest, MemoryDisk, StorageVsp } from '../src/vsp/storage/index.ts'
import { DataWindow } from '../src/vsp/storage/part-request.ts'
import { compare } from './measure.ts'
import type { Result } from './result.ts'

const blocks = 4096
const perRead = 8
const bytes = perRead * 512
/** Commands on their way at a time. */
const depth = 64

/** 4 KiB reads through driver, rings, controller and a memory disk, to calling the disk with the same copying: disk, guest page, reader. */
export async function benchStorageReads(): Promise<Result[]> {
  const bus = createBus()
  const disk = filled()
  bus.host.offer(new StorageVsp({ disk }))
  const vsc = await bus.guest.attach(new StorageVsc({ queueDepth: depth }))
  const target = new Uint8Array(bytes)
  let done = 0
  const commands = Array.from({ length: blocks / perRead }, (_, number): ScsiCommand => {
    const cdb = new Uint8Array(10)
    cdb[0] = 0x28
    new DataView(cdb.buffer).setUint32(2, number * perRead)
    cdb[8] = perRead
    return {
      cdb,
      read: bytes,
      done: (outcome, data) => {
        if (outcome.kind !== 'good') throw new Error(outcome.kind)
        data.copyTo(target, 0)
        done++
      },
    }
  })
  const through = (count: number) => {
    done = 0
    for (let at = 0; at < count; ) {
      const end = Math.min(count, at + depth)
      for (; at < end; at++) {
        const command = commands[at % commands.length]
        if (command !== undefined) vsc.submit(command)
      }
      bus.settle()
    }
    if (done !== count) throw new Error(`${done} of ${count} reads`)
  }

  const { ns, ratio } = compare(through, direct(filled(), target))
  bus.close()
  console.log(`  ${Math.round(1e9 / ns).toLocaleString('en')} reads of 4 KiB a second`)
  return [{ name: 'storage: a 4 KiB read, to the disk alone', ratio, limit: 4 }]
}

function filled(): MemoryDisk {
  const disk = new MemoryDisk({ blocks })
  const data = new BufferMemory(new ArrayBuffer(blocks * 512))
  data.write(
    0,
    Uint8Array.from({ length: blocks * 512 }, (_, at) => at * 7),
    0,
    blocks * 512,
  )
  disk.write({ lba: 0, blocks, data, complete: () => {} })
  return disk
}

function direct(disk: MemoryDisk, target: Uint8Array) {
  const memory = new BufferMemory(new ArrayBuffer(1 << 24))
  let done = 0
  const requests = Array.from({ length: blocks / perRead }, (_, number): DiskRequest => {
    const gpa = (16 + (number % depth)) * PAGE_SIZE
    return {
      lba: number * perRead,
      blocks: perRead,
      data: new DataWindow(memory, gpa, bytes),
      complete: () => {
        memory.read(gpa, target, 0, bytes)
        done++
      },
    }
  })
  return (count: number) => {
    done = 0
    for (let at = 0; at < count; at++) {
      const request = requests[at % requests.length]
      if (request !== undefined) disk.read(request)
    }
    if (done !== count) throw new Error(`${done} of ${count} reads`)
  }
}
