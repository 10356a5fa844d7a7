import { gpaDirectHeader, type RangesHeader } from '../../channels/channel/packet-headers.ts'
import type { PageAllocator, PageRun } from '../../channels/index.ts'
import { setBytes } from '../../memory/copy-bytes.ts'
import { type GuestMemory, PAGE_SIZE } from '../../memory/index.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import { rangeOfPages } from './scatter-gather.ts'

/** Guest pages for the data of one request. */
export interface Buffer {
  readonly run: PageRun
  /** The header of a packet with its first `byteCount` bytes; that of the length asked for last is not made again. */
  header(byteCount: number): RangesHeader
  /** Copies its first `length` bytes to `target` at `offset`. */
  read(target: Uint8Array, offset: number, length: number): void
}

/** Guest pages that are used again and again, by number of pages: a driver's requests are mostly of a few sizes. */
export class Buffers {
  readonly #pages: PageAllocator
  readonly #memory: GuestMemory
  readonly #free = new Map<number, Buffer[]>()
  readonly #all = new Set<Buffer>()

  constructor(pages: PageAllocator, memory: GuestMemory) {
    this.#pages = pages
    this.#memory = memory
  }

  /** A buffer of so many pages; `undefined` when guest memory has none left. */
  take(count: number): Buffer | undefined {
    const known = this.#free.get(count)?.pop()
    if (known !== undefined) return known
    const run = this.#pages.allocate(count) ?? this.#afterTrim(count)
    if (run === undefined) return undefined
    const buffer = new PageBuffer(run, this.#memory)
    this.#all.add(buffer)
    return buffer
  }

  /** Puts a buffer back; another request may have it. */
  put(buffer: Buffer): void {
    const { count } = buffer.run
    const list = this.#free.get(count)
    if (list === undefined) this.#free.set(count, [buffer])
    else list.push(buffer)
  }

  /** Gives everything back to the guest, also what is in use. */
  close(): void {
    for (const { run } of this.#all) this.#pages.free(run)
    this.#all.clear()
    this.#free.clear()
  }

  /** Another try, with what is free here given back. */
  #afterTrim(count: number): PageRun | undefined {
    for (const list of this.#free.values()) {
      for (const buffer of list) {
        this.#pages.free(buffer.run)
        this.#all.delete(buffer)
      }
    }
    this.#free.clear()
    return this.#pages.allocate(count)
  }
}

class PageBuffer implements Buffer {
  readonly #memory: GuestMemory
  readonly #gpa: number
  /** What goes with the length asked for last: the header, and the bytes in place, where memory has such a view. */
  #length = 0
  #header: RangesHeader | undefined
  #bytes: Uint8Array | undefined

  constructor(
    readonly run: PageRun,
    memory: GuestMemory,
  ) {
    this.#memory = memory
    this.#gpa = run.first * PAGE_SIZE
  }

  header(byteCount: number): RangesHeader {
    if (this.#header === undefined || this.#length !== byteCount) {
      this.#length = byteCount
      this.#header = {
        type: PacketType.DataUsingGpaDirect,
        header: gpaDirectHeader([rangeOfPages(this.run.first, byteCount)]),
      }
      this.#bytes = this.#memory.direct(this.#gpa, byteCount)
    }
    return this.#header
  }

  read(target: Uint8Array, offset: number, length: number): void {
    if (this.#bytes !== undefined && length === this.#length) setBytes(target, this.#bytes, offset)
    else this.#memory.read(this.#gpa, target, offset, length)
  }
}
