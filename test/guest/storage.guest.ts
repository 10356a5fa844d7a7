import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { FileDisk } from '../../src/node/index.ts'
import { PacketType } from '../../src/vmbus/packet-types.ts'
import { type Disk, type DiskRequest, MemoryDisk, StorageVsp } from '../../src/vsp/storage/index.ts'
import { guid } from '../../src/wire/index.ts'
import { isShort, reportLine, withGuest } from './with-guest.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmbus-guest-storage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const files = 200
const megabytes = isShort ? 8 : 64
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** An ext4 image with files of all sizes, and a list of their hashes. */
function makeImage(): string {
  const content = join(folder, 'content')
  mkdirSync(content)
  let sums = ''
  for (let number = 0; number < files; number++) {
    const bytes = Uint8Array.from({ length: (number * 977) % 40_000 }, (_, at) => (at * (number + 3)) >> 4)
    writeFileSync(join(content, `file-${number}`), bytes)
    sums += `${sha256(bytes)}  file-${number}\n`
  }
  writeFileSync(join(content, 'sums'), sums)
  const image = join(folder, 'ext4.img')
  execFileSync('/usr/sbin/mke2fs', ['-q', '-t', 'ext4', '-d', content, image, '160M'])
  return image
}

async function command(guest: LinuxGuest, text: string): Promise<string> {
  const { output, status } = await guest.run(text)
  expect([text, output, status]).toEqual([text, output, 0])
  return output.trim()
}

/** Waits until a shell's condition holds. */
async function until(guest: LinuxGuest, condition: string): Promise<void> {
  for (let round = 0; round < 300; round++) {
    if ((await guest.run(condition)).status === 0) return
    await wait(100)
  }
  throw new Error(`never: ${condition}`)
}

it(`mounts a disk, checks ${files} files, writes ${megabytes} MiB, and leaves a clean file system`, async () => {
  const image = makeImage()
  using disk = new FileDisk(image)
  const scsi = new StorageVsp({ disk })
  let sum = ''
  await withGuest({ offers: [scsi], drivers: ['ext4'] }, async (guest) => {
    await guest.opened(scsi)
    await until(guest, '[ -b /dev/sda ]')
    expect(scsi.version).toBe(0x602)
    await command(guest, 'mkdir -p /mnt && mount -t ext4 /dev/sda /mnt')
    expect(await command(guest, 'cd /mnt && sha256sum -c sums | grep -c ": OK$"')).toBe(String(files))
    const started = performance.now()
    await command(guest, `dd if=/dev/urandom of=/mnt/big bs=1M count=${megabytes} 2>/dev/null && sync`)
    const written = performance.now()
    await command(guest, 'echo 3 > /proc/sys/vm/drop_caches')
    sum = (await command(guest, 'sha256sum /mnt/big')).split(' ')[0] ?? ''
    const read = performance.now()
    reportLine(
      `storage: ${megabytes} MiB written in ${((written - started) / 1000).toFixed(1)} s, read and hashed in ${((read - written) / 1000).toFixed(1)} s`,
    )
    await command(guest, 'sync && cd / && umount /mnt')
    expect(scsi.running).toBe(0)
  })
  execFileSync('/usr/sbin/e2fsck', ['-fn', image], { stdio: 'pipe' })
  const big = join(folder, 'big')
  execFileSync('/usr/sbin/debugfs', ['-R', `dump /big ${big}`, image], { stdio: 'pipe' })
  expect(execFileSync('sha256sum', [big], { encoding: 'utf8' }).split(' ')[0]).toBe(sum)
})

it('gets disks while it runs, and loses them under load', () => {
  const scsi = new StorageVsp({ disk: new MemoryDisk({ blocks: 2048 }) })
  return withGuest({ offers: [scsi] }, async (guest) => {
    await guest.opened(scsi)
    await until(guest, '[ -b /dev/sda ]')
    scsi.add(5, new MemoryDisk({ blocks: 65_536 }))
    await until(guest, '[ -b /dev/sdb ]')
    expect(await command(guest, 'cat /sys/block/sdb/size')).toBe('65536')
    await command(
      guest,
      'head -c 1000000 /dev/urandom > /tmp/data && dd if=/tmp/data of=/dev/sdb bs=64k 2>/dev/null && sync',
    )
    await command(guest, 'echo 3 > /proc/sys/vm/drop_caches; head -c 1000000 /dev/sdb | cmp - /tmp/data')

    const second = new StorageVsp({
      disks: [new MemoryDisk({ blocks: 131_072 }), new MemoryDisk({ blocks: 131_072 })],
      instanceId: guid('f8b3781b-1e82-4818-a1c3-63d806ec15bc'),
    })
    guest.host.offer(second)
    await until(guest, '[ -b /dev/sdd ]')
    const loops = ['sdc', 'sdd'].map(
      (name) =>
        `(while [ -b /dev/${name} ] && dd if=/dev/${name} of=/dev/null bs=64k 2>/dev/null; do echo 3 > /proc/sys/vm/drop_caches; done; echo over > /tmp/${name}) &`,
    )
    await command(guest, loops.join('\n'))
    // Units first: Linux waits for ever for commands that were on their way when their controller was rescinded.
    second.remove(0)
    second.remove(1)
    await until(guest, '[ ! -b /dev/sdc ] && [ ! -b /dev/sdd ]')
    await until(guest, '[ -f /tmp/sdc ] && [ -f /tmp/sdd ]')
    expect(second.running).toBe(0)
    const controllers = 'ls /sys/bus/vmbus/drivers/hv_storvsc | grep -c "^[0-9a-f]*-"'
    expect(await command(guest, controllers)).toBe('2')
    guest.host.revoke(second)
    await until(guest, `[ "$(${controllers})" = 1 ]`)

    await command(
      guest,
      '(while dd if=/dev/sdb of=/dev/null bs=64k 2>/dev/null; do echo 3 > /proc/sys/vm/drop_caches; done; echo over > /tmp/sdb) &',
    )
    scsi.remove(5)
    await until(guest, '[ -f /tmp/sdb ]')
    await until(guest, '[ ! -b /dev/sdb ]')
    expect(await command(guest, 'dd if=/dev/sda bs=512 count=8 2>/dev/null | wc -c')).toBe('4096')
    expect(scsi.running).toBe(0)
  })
})

/** A disk of 32 GiB whose requests take a while. Beyond the first 64 MiB it keeps nothing. */
class SlowDisk implements Disk {
  readonly blockSize = 512
  readonly blocks = 2 ** 26
  readonly #kept = new MemoryDisk({ blocks: 131_072 })
  /** Requests that are on their way, and all so far. */
  pending = 0
  total = 0

  read(request: DiskRequest): void {
    this.#later(() => {
      if (request.lba + request.blocks <= this.#kept.blocks) this.#kept.read(request)
      else {
        request.data.write(0, new Uint8Array(request.data.size), 0, request.data.size)
        request.complete()
      }
    })
  }

  write(request: DiskRequest): void {
    this.#later(() => {
      if (request.lba + request.blocks <= this.#kept.blocks) this.#kept.write(request)
      else request.complete()
    })
  }

  flush(request: DiskRequest): void {
    this.#later(() => request.complete())
  }

  #later(act: () => void): void {
    this.pending += 1
    this.total += 1
    void wait(3).then(() => {
      this.pending -= 1
      act()
    })
  }
}

it('loses a controller under load, and gets it back', () => {
  const disks = [new SlowDisk(), new SlowDisk()]
  const scsi = new StorageVsp({ disks, maxSubchannels: 1 })
  return withGuest({ offers: [scsi], smp: 2 }, async (guest) => {
    // Each request of the guest's, by channel and id, is completed once.
    const open = new Map<string, number>()
    let requests = 0
    guest.events.on('packet', ({ direction, channelId, instanceId, type, transactionId }) => {
      if (instanceId !== scsi.offer.instanceId) return
      const key = `${channelId} ${transactionId}`
      const count = open.get(key) ?? 0
      if (direction === 'received') {
        requests += 1
        open.set(key, count + 1)
      } else if (type === PacketType.Completion) {
        if (count === 1) open.delete(key)
        else open.set(key, count - 1)
      }
    })
    await guest.opened(scsi)
    await until(guest, '[ -b /dev/sda ] && [ -b /dev/sdb ]')
    await guest.run('echo 20 > /proc/sys/kernel/hung_task_timeout_secs')
    const loads = [
      'read-a dd if=/dev/sda of=/dev/null bs=64k',
      'read-b dd if=/dev/sdb of=/dev/null bs=64k skip=65536',
      'write-a dd if=/dev/zero of=/dev/sda bs=64k seek=131072 conv=notrunc',
      'write-b dd if=/dev/zero of=/dev/sdb bs=64k seek=131072 conv=notrunc',
    ].map((line) => {
      const [name, ...words] = line.split(' ')
      return `(${words.join(' ')} 2>/tmp/${name}.err; echo $? >/tmp/${name}.end) &`
    })
    await command(guest, loads.join('\n'))
    for (let round = 0; round < 300 && disks.some(({ total }) => total < 200); round++) await wait(100)
    expect((await guest.run('ls /tmp/*.end')).status).toBe(1)
    for (let round = 0; round < 1000 && disks.some(({ pending }) => pending === 0); round++) await wait(1)
    const atWork = scsi.running
    expect(atWork).toBeGreaterThan(0)

    const started = performance.now()
    await guest.within(60_000, 'the controller did not go', scsi.eject())
    const took = (performance.now() - started) / 1000
    expect([scsi.isOffered, scsi.running, open.size]).toEqual([false, 0, 0])
    await until(
      guest,
      '[ -f /tmp/read-a.end ] && [ -f /tmp/read-b.end ] && [ -f /tmp/write-a.end ] && [ -f /tmp/write-b.end ]',
    )
    await until(guest, '[ ! -b /dev/sda ] && [ ! -b /dev/sdb ] && [ -z "$(ls /sys/class/scsi_host)" ]')
    await until(guest, '! ls /sys/bus/vmbus/drivers/hv_storvsc | grep -q "^[0-9a-f]*-"')
    const { output: log } = await guest.run('dmesg | grep -c "I/O error, dev sd[ab]"')
    expect(Number(log)).toBeGreaterThan(0)
    // Nothing waits for ever.
    expect((await guest.run('grep -l "^State:.D" /proc/[0-9]*/status')).output).toBe('')
    const { output: words } = await guest.run('cat /tmp/*.err | grep dd: | cut -d: -f3- | sort | uniq -c')
    reportLine(
      `storage: ejected in ${took.toFixed(1)} s with ${atWork} commands at work, ${requests} in all; ${Number(log)} I/O errors; dd: ${words.trim().replaceAll(/\s+/g, ' ')}`,
    )

    guest.host.offer(scsi)
    await guest.opened(scsi)
    await until(guest, '[ -b /dev/sda ] && [ -b /dev/sdb ]')
    await command(
      guest,
      'head -c 1000000 /dev/urandom > /tmp/data && dd if=/tmp/data of=/dev/sda bs=64k conv=notrunc 2>/dev/null && sync',
    )
    await command(guest, 'echo 3 > /proc/sys/vm/drop_caches; head -c 1000000 /dev/sda | cmp - /tmp/data')
    await guest.within(60_000, 'the controller did not go again', scsi.eject())
    await until(guest, '[ ! -b /dev/sda ] && [ -z "$(ls /sys/class/scsi_host)" ]')
    expect([scsi.running, open.size]).toEqual([0, 0])
  })
})

it('works over a channel for each processor', () => {
  const scsi = new StorageVsp({ disk: new MemoryDisk({ blocks: 65_536 }), maxSubchannels: 4 })
  return withGuest({ offers: [scsi], smp: 2 }, async (guest) => {
    await guest.opened(scsi)
    await until(guest, '[ -b /dev/sda ]')
    for (let round = 0; round < 100 && scsi.channels.size < 2; round++) await wait(50)
    expect(scsi.channels.size).toBe(2)
    await command(
      guest,
      'head -c 4000000 /dev/urandom > /tmp/data && dd if=/tmp/data of=/dev/sda bs=64k 2>/dev/null && sync',
    )
    await command(guest, 'echo 3 > /proc/sys/vm/drop_caches; head -c 4000000 /dev/sda | cmp - /tmp/data')
    reportLine(`storage: ${scsi.channels.size} channels with two processors`)
  })
})
