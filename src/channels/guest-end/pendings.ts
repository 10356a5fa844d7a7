import { StalledError } from '../stalled-error.ts'

interface Pending {
  readonly what: string
  /** The channel whose peer has to answer; `undefined` while there is none. */
  readonly channelId: () => number | undefined
  readonly fail: (error: unknown) => void
}

/** The promises that an end has given: each is kept, or broken as soon as it is clear that it cannot be kept. */
export class Pendings {
  readonly #all = new Set<Pending>()
  readonly #wake: () => void

  /** @param wake makes sure that the bus looks, sooner or later, whether it is quiet: a promise may start nothing that runs. */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** What is awaited, a line each. */
  explain(): string[] {
    return [...this.#all].map(({ what }) => what)
  }

  /**
   * A promise that `start` settles, now or later.
   *
   * @param what is awaited, for people.
   * @param channelId tells the channel whose peer has to answer.
   */
  promise<T>(
    what: string,
    channelId: () => number | undefined,
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    this.#wake()
    return new Promise<T>((resolve, reject) => {
      const pending: Pending = {
        what,
        channelId,
        fail: (error) => {
          this.#all.delete(pending)
          reject(error)
        },
      }
      this.#all.add(pending)
      start((value) => {
        this.#all.delete(pending)
        resolve(value)
      }, pending.fail)
    })
  }

  /** Nothing is left to run: breaks the promises that no one outside the bus keeps alive. */
  stalled(explain: () => readonly string[], owes: (channelId: number) => boolean): void {
    if (this.#all.size === 0) return
    const waits = explain()
    for (const pending of [...this.#all]) {
      const channelId = pending.channelId()
      if (channelId === undefined || !owes(channelId)) pending.fail(new StalledError(pending.what, waits))
    }
  }

  /** Breaks all promises. Answers whether there were any. */
  failAll(error: unknown): boolean {
    const all = [...this.#all]
    for (const pending of all) pending.fail(error)
    return all.length > 0
  }
}
