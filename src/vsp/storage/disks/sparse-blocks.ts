import type { GuestMemory } from '../../../memory/index.ts'
import type { DiskExtent } from '../disk.ts'

const chunkBytes = 0x1_0000

/** Blocks in memory, of which only those exist that were written: as chunks of 64 KiB, by number. */
export class SparseBlocks {
  readonly #chunks = new Map<number, { readonly bytes: Uint8Array; readonly present: Uint8Array }>()
  readonly blocksPerChunk: number

  constructor(readonly blockSize: number) {
    this.blocksPerChunk = chunkBytes / blockSize
  }

  /** Bytes of memory in use. */
  get bytesInUse(): number {
    return this.#chunks.size * chunkBytes
  }

  /** How many blocks from `lba` on, at most `most` and within one chunk, are alike: written, or not. */
  run(lba: number, most: number): { readonly isPresent: boolean; readonly count: number } {
    const first = lba % this.blocksPerChunk
    const limit = Math.min(most, this.blocksPerChunk - first)
    const present = this.#chunks.get((lba - first) / this.blocksPerChunk)?.present
    if (present === undefined) return { isPresent: false, count: limit }
    const isPresent = present[first] === 1
    let count = 1
    while (count < limit && (present[first + count] === 1) === isPresent) count += 1
    return { isPresent, count }
  }

  /** Runs of blocks that were written, or not, from `lba` to before `end`. */
  *runs(lba: number, end: number): Generator<DiskExtent> {
    const { blocksPerChunk } = this
    let at = lba
    const first = Math.floor(lba / blocksPerChunk)
    const numbers = [...this.#chunks.keys()].filter((number) => number >= first).sort((a, b) => a - b)
    for (const number of numbers) {
      const start = Math.max(at, number * blocksPerChunk)
      if (start > at) yield { blocks: start - at, isMapped: false }
      const stop = Math.min(end, (number + 1) * blocksPerChunk)
      for (at = start; at < stop; ) {
        const { isPresent, count } = this.run(at, stop - at)
        yield { blocks: count, isMapped: isPresent }
        at += count
      }
    }
    if (at < end) yield { blocks: end - at, isMapped: false }
  }

  /** Copies blocks to `data` at `offset`; those that were never written are zeros. */
  read(lba: number, blocks: number, data: GuestMemory, offset: number): void {
    const { blocksPerChunk, blockSize } = this
    for (let done = 0; done < blocks; ) {
      const first = (lba + done) % blocksPerChunk
      const count = Math.min(blocks - done, blocksPerChunk - first)
      const bytes = this.#chunks.get((lba + done - first) / blocksPerChunk)?.bytes ?? zeros
      data.write(offset + done * blockSize, bytes, first * blockSize, count * blockSize)
      done += count
    }
  }

  /** Takes blocks from `data` at `offset`. */
  write(lba: number, blocks: number, data: GuestMemory, offset: number): void {
    const { blocksPerChunk, blockSize } = this
    for (let done = 0; done < blocks; ) {
      const first = (lba + done) % blocksPerChunk
      const count = Math.min(blocks - done, blocksPerChunk - first)
      const number = (lba + done - first) / blocksPerChunk
      let chunk = this.#chunks.get(number)
      if (chunk === undefined) {
        chunk = { bytes: new Uint8Array(chunkBytes), present: new Uint8Array(blocksPerChunk) }
        this.#chunks.set(number, chunk)
      }
      data.read(offset + done * blockSize, chunk.bytes, first * blockSize, count * blockSize)
      chunk.present.fill(1, first, first + count)
      done += count
    }
  }

  /** Forgets blocks. Chunks of which nothing is left go; a range as large as the disk costs no more than the chunks there are. */
  forget(lba: number, blocks: number): void {
    const { blocksPerChunk, blockSize } = this
    const end = lba + blocks
    for (const [number, { bytes, present }] of this.#chunks) {
      const start = number * blocksPerChunk
      const from = Math.max(lba, start) - start
      const to = Math.min(end, start + blocksPerChunk) - start
      if (from >= to) continue
      present.fill(0, from, to)
      bytes.fill(0, from * blockSize, to * blockSize)
      if (!present.includes(1)) this.#chunks.delete(number)
    }
  }
}

const zeros = /* @__PURE__ */ new Uint8Array(chunkBytes)
