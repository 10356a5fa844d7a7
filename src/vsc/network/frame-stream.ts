import type { ReceivedFrame } from './frame-receiver.ts'

/** Frames as an async iterator. Those that wait beyond the limit are dropped, the newest first, as a NIC does. */
export class FrameStream implements AsyncIterableIterator<ReceivedFrame> {
  /** Frames that were dropped. */
  dropped = 0
  readonly #limit: number
  readonly #left: () => void
  readonly #waiting: ReceivedFrame[] = []
  readonly #takers: ((result: IteratorResult<ReceivedFrame>) => void)[] = []
  #isEnded = false

  /** @param left is called when the iterator is left. */
  constructor(limit: number, left: () => void) {
    this.#limit = limit
    this.#left = left
  }

  next(): Promise<IteratorResult<ReceivedFrame>> {
    const value = this.#waiting.shift()
    if (value !== undefined) return Promise.resolve({ value, done: false })
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true })
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  return(): Promise<IteratorResult<ReceivedFrame>> {
    this.#left()
    this.#waiting.length = 0
    this.end()
    return Promise.resolve({ value: undefined, done: true })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** For the driver. */
  push(frame: ReceivedFrame): void {
    const taker = this.#takers.shift()
    if (taker !== undefined) taker({ value: frame, done: false })
    else if (this.#waiting.length < this.#limit) this.#waiting.push(frame)
    else this.dropped += 1
  }

  /** For the driver: no more will come. */
  end(): void {
    this.#isEnded = true
    for (const taker of this.#takers.splice(0)) taker({ value: undefined, done: true })
  }
}
