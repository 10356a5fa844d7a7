/**
 * Gives out transaction ids for requests that want a completion, and takes each back once, as Linux's requestor does
 * (drivers/hv/channel.c `vmbus_next_request_id`): ids are slot + 1, the slot freed last is used first, and 0 is never an id.
 */
export class Requestor<T> {
  readonly #values: (T | undefined)[]
  readonly #used: Uint8Array
  /** Free slots as a chain: the next free one behind each; `size` ends it. */
  readonly #chain: Uint32Array
  #free = 0
  #inUse = 0

  /** @param size most requests at a time. */
  constructor(readonly size: number) {
    this.#values = new Array(size)
    this.#used = new Uint8Array(size)
    this.#chain = Uint32Array.from({ length: size }, (_, slot) => slot + 1)
  }

  /** Requests without completion so far. */
  get inUse(): number {
    return this.#inUse
  }

  /** The id that the next {@link allocate} gives; 0 when full. */
  get nextId(): number {
    return this.#free < this.size ? this.#free + 1 : 0
  }

  /** An id for `value`, 1 … size, or 0 when all are in use. */
  allocate(value: T): number {
    const slot = this.#free
    if (slot >= this.size) return 0
    this.#free = this.#chain[slot] ?? this.size
    this.#values[slot] = value
    this.#used[slot] = 1
    this.#inUse += 1
    return slot + 1
  }

  /**
   * The value of the request that this completion (transaction id in two u32) answers; its id is free again. `undefined`
   * for an id that is 0, was never given, or is no longer out: drop such a completion (RB-23, RB-25, RB-26).
   */
  complete(idLow: number, idHigh: number): T | undefined {
    const slot = idLow - 1
    if (idHigh !== 0 || this.#used[slot] !== 1) return undefined
    const value = this.#values[slot]
    this.#values[slot] = undefined
    this.#used[slot] = 0
    this.#chain[slot] = this.#free
    this.#free = slot
    this.#inUse -= 1
    return value
  }
}
