/**
 * Time for a bus that has no clock. It stands still while anything goes on, and at rest jumps to the next moment that somebody waits
 * for: the same run sees the same order, and no one sleeps.
 */
export class IdleTime {
  /** Milliseconds. */
  #now = 0
  /** The earliest first; what is due at the same moment, in the order in which it came. */
  readonly #waiting: { readonly due: number; readonly run: () => void }[] = []

  /** Whether somebody waits. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /** Has something run in so many milliseconds. */
  later(run: () => void, milliseconds: number): void {
    const due = this.#now + milliseconds
    let at = this.#waiting.length
    while (at > 0 && (this.#waiting[at - 1]?.due ?? 0) > due) at -= 1
    this.#waiting.splice(at, 0, { due, run })
  }

  /** Goes to the next moment, and runs the first thing that is due then. */
  pass(): void {
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.#now = next.due
    next.run()
  }
}
