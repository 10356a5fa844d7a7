import { checkRange } from '../../memory/access.ts'
import { BufferMemory, type GuestMemory } from '../../memory/index.ts'
import type { DiskError, DiskRequest } from './disk.ts'

/** A request of a device's own: part of what a guest asked for, or done for it with other data. */
export class PartRequest implements DiskRequest {
  #done: ((error: DiskError | undefined) => void) | undefined

  /** @param done is called once. */
  constructor(
    readonly lba: number,
    readonly blocks: number,
    readonly data: GuestMemory,
    done: (error: DiskError | undefined) => void,
  ) {
    this.#done = done
  }

  complete(error?: DiskError): void {
    const done = this.#done
    if (done === undefined) throw new Error('a disk request was completed twice')
    this.#done = undefined
    done(error)
  }
}

/** Bytes of one's own as the data of a request. The array must have its buffer to itself. */
export function dataOf(bytes: Uint8Array<ArrayBuffer>): GuestMemory {
  return new BufferMemory(bytes.buffer)
}

/** A piece of the data of a request, as the data of another. */
export class DataWindow implements GuestMemory {
  constructor(
    readonly data: GuestMemory,
    readonly start: number,
    readonly size: number,
  ) {
    checkRange(data.size, start, size)
  }

  load32(offset: number): number {
    checkRange(this.size, offset, 4)
    return this.data.load32(this.start + offset)
  }

  store32(offset: number, value: number): void {
    checkRange(this.size, offset, 4)
    this.data.store32(this.start + offset, value)
  }

  read(offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    checkRange(this.size, offset, length)
    this.data.read(this.start + offset, target, targetOffset, length)
  }

  write(offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    checkRange(this.size, offset, length)
    this.data.write(this.start + offset, source, sourceOffset, length)
  }

  direct(offset: number, length: number): Uint8Array | undefined {
    checkRange(this.size, offset, length)
    return this.data.direct(this.start + offset, length)
  }
}

/** No data: of flushes and unmaps. */
export const noData: GuestMemory = /* @__PURE__ */ new BufferMemory(new ArrayBuffer(0))
