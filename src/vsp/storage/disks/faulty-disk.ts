import { Random } from '../../../channels/random.ts'
import type { Disk, DiskError, DiskExtent, DiskRequest } from '../disk.ts'

/** What a {@link FaultyDisk} does, and how often: shares of all requests, 0 … 1. */
export interface FaultyDiskOptions {
  /** The same seed does the same. */
  readonly seed: number
  /** Requests that fail. Default 0. */
  readonly errors?: number
  /** Requests that wait until {@link FaultyDisk.release}. Default 0. */
  readonly delays?: number
  /** How they fail, one as likely as the other. */
  readonly kinds?: readonly DiskError[]
}

/** A disk whose requests fail or wait, drawn from a seed. */
export class FaultyDisk implements Disk {
  readonly blockSize: number
  readonly blocks: number
  readonly isReadOnly: boolean
  readonly unmap?: (request: DiskRequest) => void
  readonly extents?: (lba: number) => Iterable<DiskExtent>
  readonly #random: Random
  readonly #options: FaultyDiskOptions
  readonly #waiting: (() => void)[] = []

  constructor(
    readonly disk: Disk,
    options: FaultyDiskOptions,
  ) {
    this.blockSize = disk.blockSize
    this.blocks = disk.blocks
    this.isReadOnly = disk.isReadOnly === true
    this.#options = options
    this.#random = new Random(options.seed)
    const unmap = disk.unmap?.bind(disk)
    if (unmap !== undefined) this.unmap = (request) => this.#pass(request, unmap)
    if (disk.extents !== undefined) this.extents = disk.extents.bind(disk)
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Lets go of so many of the requests that wait, in an order drawn from the seed; by default of all. */
  release(count = this.#waiting.length): void {
    for (let left = Math.min(count, this.#waiting.length); left > 0; left--) {
      const at = this.#random.below(this.#waiting.length)
      const chosen = this.#waiting[at]
      const last = this.#waiting.pop()
      if (last !== undefined && at < this.#waiting.length) this.#waiting[at] = last
      chosen?.()
    }
  }

  read(request: DiskRequest): void {
    this.#pass(request, (passed) => this.disk.read(passed))
  }

  write(request: DiskRequest): void {
    this.#pass(request, (passed) => this.disk.write(passed))
  }

  flush(request: DiskRequest): void {
    this.#pass(request, (passed) => (this.disk.flush === undefined ? passed.complete() : this.disk.flush(passed)))
  }

  #pass(request: DiskRequest, go: (request: DiskRequest) => void): void {
    const { errors = 0, delays = 0, kinds = ['unreadable', 'broken', 'busy', 'timeout', 'aborted'] } = this.#options
    const error = this.#isDue(errors) ? kinds[this.#random.below(kinds.length)] : undefined
    const act = () => (error === undefined ? go(request) : request.complete(error))
    if (this.#isDue(delays)) this.#waiting.push(act)
    else act()
  }

  #isDue(share: number): boolean {
    return this.#random.below(1_000_000) < share * 1_000_000
  }
}
