import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createBus } from '../src/index.ts'
import { FileDisk } from '../src/node/index.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import { CopyOnWriteDisk, type Disk, StorageVsp } from '../src/vsp/storage/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmbus-image-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

async function driverOf(disk: Disk) {
  const bus = createBus()
  bus.host.offer(new StorageVsp({ disk }))
  return { bus, vsc: await bus.guest.attach(StorageVsc) }
}

describe('A raw image', () => {
  const mke2fs = ['/usr/sbin/mke2fs', '/sbin/mke2fs', '/usr/bin/mke2fs'].find(existsSync)

  it.skipIf(mke2fs === undefined)(
    'with a file system by mke2fs is read block for block, and comes back to a clean one',
    async () => {
      const files = join(folder, 'files')
      execFileSync('mkdir', [files])
      for (let number = 0; number < 50; number++) {
        writeFileSync(
          join(files, `file-${number}`),
          Uint8Array.from({ length: 1000 + 77 * number }, (_, at) => at * number),
        )
      }
      const image = join(folder, 'ext4.img')
      execFileSync(mke2fs ?? '', ['-q', '-t', 'ext4', '-d', files, image, '8M'])
      const before = readFileSync(image)

      using disk = new FileDisk(image)
      const { vsc } = await driverOf(disk)
      const { blocks, blockSize } = await vsc.capacity()
      expect([blocks * blockSize, blockSize]).toEqual([8 * 2 ** 20, 512])
      for (let lba = 0; lba < blocks; lba += 2048) {
        expect(same(await vsc.read({ lba, blocks: 2048 }), before.subarray(lba * 512, (lba + 2048) * 512))).toBe(true)
      }
      for (const lba of [0, 2, 5, 4095, blocks - 1]) {
        expect(same(await vsc.read({ lba, blocks: 1 }), before.subarray(lba * 512, (lba + 1) * 512))).toBe(true)
      }
      // The superblock, byte by byte: magic number, and the label that we give it.
      const superblock = await vsc.read({ lba: 2, blocks: 2 })
      expect([superblock[56], superblock[57]]).toEqual([0x53, 0xef])
      const copy = join(folder, 'copy.img')
      writeFileSync(copy, new Uint8Array(8 * 2 ** 20))
      using other = new FileDisk(copy)
      const second = await driverOf(other)
      await second.vsc.write({ lba: 0, data: before })
      await second.vsc.flush()
      expect(same(readFileSync(copy), before)).toBe(true)
      const check = execFileSync((mke2fs ?? '').replace('mke2fs', 'e2fsck'), ['-fn', copy], {
        encoding: 'utf8',
        stdio: 'pipe',
      })
      expect(check).toContain(': 61/')
    },
  )

  it('that may not be written stays as it is, also under changes kept in memory', async () => {
    const image = join(folder, 'base.img')
    writeFileSync(image, new Uint8Array(100 * 512 + 100).fill(7))
    using disk = new FileDisk(image, { readOnly: true })
    const { vsc } = await driverOf(disk)
    expect((await vsc.capacity()).blocks).toBe(100)
    await expect(vsc.write({ lba: 0, data: new Uint8Array(512) })).rejects.toThrow('DataProtect, WriteProtected')
    const above = await driverOf(new CopyOnWriteDisk(disk))
    await above.vsc.write({ lba: 1, data: new Uint8Array(512).fill(9) })
    expect([...new Set(await above.vsc.read({ lba: 0, blocks: 3 }))]).toEqual([7, 9])
    expect(readFileSync(image).every((byte) => byte === 7)).toBe(true)
  })

  it('that is cut short meanwhile cannot be read: a medium error', async () => {
    const image = join(folder, 'short.img')
    writeFileSync(image, new Uint8Array(100 * 512))
    using disk = new FileDisk(image)
    const { vsc } = await driverOf(disk)
    writeFileSync(image, new Uint8Array(512))
    await expect(vsc.read({ lba: 50, blocks: 1 })).rejects.toThrow('MediumError, UnrecoveredReadError')
    expect(() => new FileDisk(join(folder, 'none'))).toThrow('ENOENT')
    writeFileSync(image, new Uint8Array(511))
    expect(() => new FileDisk(image)).toThrow(RangeError)
  })
})
