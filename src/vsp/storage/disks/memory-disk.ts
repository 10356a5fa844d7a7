import { checkGeometry, type Disk, type DiskExtent, type DiskRequest } from '../disk.ts'
import { SparseBlocks } from './sparse-blocks.ts'

/** A disk in memory, of any size: only what is written takes room. It answers at once. */
export class MemoryDisk implements Disk {
  readonly blockSize: number
  readonly blocks: number
  readonly #store: SparseBlocks

  /** @param blockSize bytes, 512 by default. Throws `RangeError`. */
  constructor({ blocks, blockSize = 512 }: { readonly blocks: number; readonly blockSize?: number }) {
    this.blocks = blocks
    this.blockSize = blockSize
    checkGeometry(this)
    this.#store = new SparseBlocks(blockSize)
  }

  /** Bytes of memory that the contents take. */
  get bytesInUse(): number {
    return this.#store.bytesInUse
  }

  read(request: DiskRequest): void {
    this.#store.read(request.lba, request.blocks, request.data, 0)
    request.complete()
  }

  write(request: DiskRequest): void {
    this.#store.write(request.lba, request.blocks, request.data, 0)
    request.complete()
  }

  unmap(request: DiskRequest): void {
    this.#store.forget(request.lba, request.blocks)
    request.complete()
  }

  extents(lba: number): Iterable<DiskExtent> {
    return this.#store.runs(lba, this.blocks)
  }
}
