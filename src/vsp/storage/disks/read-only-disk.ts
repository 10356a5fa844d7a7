import type { Disk, DiskRequest } from '../disk.ts'

/** A disk that cannot be written. */
export class ReadOnlyDisk implements Disk {
  readonly isReadOnly = true
  readonly blockSize: number
  readonly blocks: number

  constructor(readonly disk: Disk) {
    this.blockSize = disk.blockSize
    this.blocks = disk.blocks
  }

  read(request: DiskRequest): void {
    this.disk.read(request)
  }

  write(request: DiskRequest): void {
    request.complete('write-protected')
  }
}
