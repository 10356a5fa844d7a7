/** Requests that wait for their answer, bounded in number and in weight: the oldest is given up for a new one. */
export class Pending<T> {
  readonly #waiting = new Map<string, { readonly value: T; readonly weight: number }>()
  #weight = 0
  #givenUp = 0

  constructor(
    /** Most requests. */
    readonly maxCount: number,
    /** Most weight in all, in bytes. */
    readonly maxWeight: number,
  ) {}

  /** Requests that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Requests given up to stay within the bounds; their answers are not recognised. */
  get givenUp(): number {
    return this.#givenUp
  }

  /** Adds a request. Answers whether one of the same key was still waiting; it is replaced. */
  add(key: string, value: T, weight = 0): boolean {
    const known = this.take(key) !== undefined
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size < this.maxCount && this.#weight + weight <= this.maxWeight) break
      this.take(oldest)
      this.#givenUp++
    }
    this.#waiting.set(key, { value, weight })
    this.#weight += weight
    return known
  }

  /** Takes a request out. */
  take(key: string): T | undefined {
    const found = this.#waiting.get(key)
    if (found === undefined) return undefined
    this.#waiting.delete(key)
    this.#weight -= found.weight
    return found.value
  }

  /** Forgets all requests whose key begins so. */
  dropPrefix(prefix: string): void {
    for (const key of this.#waiting.keys()) if (key.startsWith(prefix)) this.take(key)
  }

  clear(): void {
    this.#waiting.clear()
    this.#weight = 0
  }
}
