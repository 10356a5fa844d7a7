/**
 * A partition's reference time: units of 100 ns, 0 when it is created, standing still while every VP is explicitly suspended.
 * Source: TLFS 12.3.
 */
export class ReferenceClock {
  readonly #now: () => bigint
  /** Reference time when it was started or stopped last. */
  #base = 0n
  /** Machine time when it was started; `undefined` while it stands still. */
  #startedAt: bigint | undefined
  #isWanted = false
  #isFrozen = false

  readonly #changed: () => void

  /** @param changed it was started, stopped or set. */
  constructor(now: () => bigint, changed: () => void = () => {}) {
    this.#now = now
    this.#changed = changed
  }

  /** Reference time. */
  get time(): bigint {
    return this.#startedAt === undefined ? this.#base : this.#base + this.#now() - this.#startedAt
  }

  /** Whether time passes. */
  get isRunning(): boolean {
    return this.#startedAt !== undefined
  }

  /** Reference time less machine time, while it runs. */
  get offset(): bigint | undefined {
    return this.#startedAt === undefined ? undefined : this.#base - this.#startedAt
  }

  /** Lets it run, or stand still. */
  run(running: boolean): void {
    this.#isWanted = running
    this.#update()
  }

  /** Has it stand still whatever {@link run} says, or no longer. */
  freeze(frozen: boolean): void {
    this.#isFrozen = frozen
    this.#update()
  }

  /** Sets it, when a partition is restored. */
  set(time: bigint): void {
    this.#base = time
    if (this.isRunning) this.#startedAt = this.#now()
    this.#changed()
  }

  #update(): void {
    const running = this.#isWanted && !this.#isFrozen
    if (running === this.isRunning) return
    this.#base = this.time
    this.#startedAt = running ? this.#now() : undefined
    this.#changed()
  }
}
