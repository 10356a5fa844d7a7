import { describe, expect, it } from 'vitest'
import { createBus } from '../src/index.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import {
  CopyOnWriteDisk,
  DvdUnit,
  FaultyDisk,
  MemoryDisk,
  ReadOnlyDisk,
  StorageVsp,
  type StorageVspOptions,
} from '../src/vsp/storage/index.ts'

const pattern = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) & 0xff)

async function attached(options: StorageVspOptions, vsc = new StorageVsc(), bus = createBus({ violations: 'throw' })) {
  const vsp = new StorageVsp(options)
  bus.host.offer(vsp)
  await bus.guest.attach(vsc)
  bus.settle()
  return { bus, vsp, vsc }
}

describe('A disk through the bus', () => {
  it('[B166][B172] is read and written by blocks', async () => {
    const { vsc } = await attached({ disk: new MemoryDisk({ blocks: 4096 }) })
    expect(vsc.version).toBe(0x602)
    expect(await vsc.capacity()).toEqual({ blocks: 4096, blockSize: 512 })
    expect(await vsc.read({ lba: 0n, blocks: 8 })).toEqual(new Uint8Array(4096))
    const data = pattern(4096)
    await vsc.write({ lba: 17, data })
    expect(await vsc.read({ lba: 17, blocks: 8 })).toEqual(data)
    await vsc.flush()
    await vsc.unmap({ lba: 17, blocks: 1 })
    expect((await vsc.read({ lba: 17, blocks: 8 })).subarray(0, 1024)).toEqual(
      Uint8Array.from([...new Uint8Array(512), ...data.subarray(512, 1024)]),
    )
  })

  it('moves more than one command can, in parts', async () => {
    const { vsc } = await attached({ disk: new MemoryDisk({ blocks: 8192 }), maxTransferBytes: 0x1_0000 })
    const data = pattern(1024 * 1024)
    await vsc.write({ lba: 3, data })
    expect(await vsc.read({ lba: 3, blocks: 2048 })).toEqual(data)
  })

  it('of any size: the last block of 2^52', async () => {
    const blocks = 2 ** 52
    const { vsc } = await attached({ disk: new MemoryDisk({ blocks, blockSize: 4096 }) })
    expect(await vsc.capacity()).toEqual({ blocks, blockSize: 4096 })
    const data = pattern(4096)
    await vsc.write({ lba: blocks - 1, data })
    expect(await vsc.read({ lba: BigInt(blocks) - 1n, blocks: 1 })).toEqual(data)
    await expect(vsc.read({ lba: blocks - 1, blocks: 2 })).rejects.toThrow('IllegalRequest, LbaOutOfRange')
  })
})
