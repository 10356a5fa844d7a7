import { createBus } from '../src/index.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import { type Disk, type DiskRequest, StorageVsp } from '../src/vsp/storage/index.ts'

/** A file on a web server as a disk: each read is a request for a range of it. */
export class WebDisk implements Disk {
  readonly blockSize = 512
  readonly isReadOnly = true

  /** @param fetchRange answers the bytes from `start` to before `end`. */
  constructor(
    readonly blocks: number,
    readonly fetchRange: (start: number, end: number) => Promise<Uint8Array>,
  ) {}

  read(request: DiskRequest): void {
    const { lba, blocks, data } = request
    this.fetchRange(lba * 512, (lba + blocks) * 512).then(
      (bytes) => {
        data.write(0, bytes, 0, data.size) // straight into the guest's pages
        request.complete()
      },
      () => request.complete('unreadable'), // the guest sees a medium error
    )
  }

  write(request: DiskRequest): void {
    request.complete('write-protected')
  }
}

export async function main(): Promise<string[]> {
  const text = 'All work and no play makes Jack a dull boy. '.repeat(100).slice(0, 4096)
  const file = new TextEncoder().encode(text)
  const disk = new WebDisk(8, async (start, end) => {
    if (end > 3584) throw new Error('404')
    return file.slice(start, end)
  })

  await using bus = createBus()
  bus.host.offer(new StorageVsp({ disk }))
  const scsi = await bus.guest.attach(StorageVsc)
  const sector = await scsi.read({ lba: 1n, blocks: 1 })
  const failed = await scsi.read({ lba: 7n, blocks: 1 }).catch((error: Error) => error.message)
  return [new TextDecoder().decode(sector).slice(0, 16), String(failed)]
}
