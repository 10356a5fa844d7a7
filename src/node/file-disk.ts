import { closeSync, fstatSync, fsync, openSync, readSync, writeSync } from 'node:fs'
import type { Disk, DiskRequest } from '../vsp/storage/disk.ts'
import { checkGeometry } from '../vsp/storage/disk.ts'

/** `readSync` or `writeSync`: bytes of a buffer, from or to a place in the file. */
type Transfer = (file: number, buffer: Uint8Array, offset: number, length: number, position: number) => number

/** How a file is taken for a disk. */
export interface FileDiskOptions {
  /** Bytes in a block. Default 512; 2048 for a DVD. */
  readonly blockSize?: number
  /** Default: the file is opened for writing. */
  readonly readOnly?: boolean
}

/** Bytes copied at a time. */
const chunkBytes = 0x4_0000

/**
 * A raw image: a file, or a block device, whose bytes are the disk's. Reads and writes are done at once, by system calls on the page
 * cache; a flush is done when the file's data are on its medium.
 */
export class FileDisk implements Disk {
  readonly blockSize: number
  readonly blocks: number
  readonly isReadOnly: boolean
  readonly #file: number
  readonly #chunk = new Uint8Array(chunkBytes)
  #isOpen = true

  /** Opens the file. Throws what `openSync` throws, and `RangeError` for a file of less than one block; a rest that is none is left alone. */
  constructor(path: string, { blockSize = 512, readOnly = false }: FileDiskOptions = {}) {
    this.#file = openSync(path, readOnly ? 'r' : 'r+')
    this.isReadOnly = readOnly
    this.blockSize = blockSize
    this.blocks = Math.floor(fstatSync(this.#file).size / blockSize)
    try {
      checkGeometry(this)
    } catch (error) {
      this.close()
      throw error
    }
  }

  read(request: DiskRequest): void {
    const { lba, blocks, data } = request
    const length = blocks * this.blockSize
    const chunk = this.#chunk
    for (let done = 0; done < length; ) {
      const count = Math.min(chunkBytes, length - done)
      if (!this.#transfer(readSync, count, lba * this.blockSize + done)) {
        request.complete('unreadable')
        return
      }
      data.write(done, chunk, 0, count)
      done += count
    }
    request.complete()
  }

  write(request: DiskRequest): void {
    const { lba, blocks, data } = request
    const length = blocks * this.blockSize
    if (this.isReadOnly) {
      request.complete('write-protected')
      return
    }
    for (let done = 0; done < length; ) {
      const count = Math.min(chunkBytes, length - done)
      data.read(done, this.#chunk, 0, count)
      if (!this.#transfer(writeSync, count, lba * this.blockSize + done)) {
        request.complete('unwritable')
        return
      }
      done += count
    }
    request.complete()
  }

  flush(request: DiskRequest): void {
    if (!this.#isOpen) request.complete('broken')
    else fsync(this.#file, (error) => request.complete(error === null ? undefined : 'unwritable'))
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#file)
    this.#isOpen = false
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** Moves the first `count` bytes of the chunk; a system call may do less than it is asked for. */
  #transfer(call: Transfer, count: number, position: number): boolean {
    try {
      for (let done = 0; done < count; ) {
        const moved = call(this.#file, this.#chunk, done, count - done, position + done)
        if (moved === 0) return false
        done += moved
      }
      return this.#isOpen
    } catch {
      return false
    }
  }
}
