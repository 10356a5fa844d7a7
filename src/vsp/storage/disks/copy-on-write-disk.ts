import type { Disk, DiskError, DiskRequest } from '../disk.ts'
import { DataWindow, PartRequest } from '../part-request.ts'
import { SparseBlocks } from './sparse-blocks.ts'

/** Changes in memory over a disk that stays as it is: blocks that were written are here, all others there. */
export class CopyOnWriteDisk implements Disk {
  readonly blockSize: number
  readonly blocks: number
  readonly #store: SparseBlocks

  constructor(readonly base: Disk) {
    this.blockSize = base.blockSize
    this.blocks = base.blocks
    this.#store = new SparseBlocks(base.blockSize)
  }

  /** Bytes of memory that the changes take. */
  get bytesInUse(): number {
    return this.#store.bytesInUse
  }

  /** Throws the changes away. */
  revert(): void {
    this.#store.forget(0, this.blocks)
  }

  read(request: DiskRequest): void {
    const { lba, blocks, data } = request
    const { blockSize } = this
    // One for this loop, so that the request is not complete before all its parts have begun.
    let open = 1
    let failure: DiskError | undefined
    const done = (error?: DiskError) => {
      failure ??= error
      open -= 1
      if (open === 0) request.complete(failure)
    }
    for (let at = 0; at < blocks; ) {
      const { isPresent, count } = this.#store.run(lba + at, blocks - at)
      if (isPresent) this.#store.read(lba + at, count, data, at * blockSize)
      else {
        open += 1
        this.base.read(new PartRequest(lba + at, count, new DataWindow(data, at * blockSize, count * blockSize), done))
      }
      at += count
    }
    done()
  }

  write(request: DiskRequest): void {
    this.#store.write(request.lba, request.blocks, request.data, 0)
    request.complete()
  }
}
