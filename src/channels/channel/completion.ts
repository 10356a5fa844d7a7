import type { Channel } from './channel.ts'

/** One request of the peer, to be completed once: during the call that brought it, or later. */
export class Completion {
  #answered = false
  #deferred = false

  constructor(
    readonly channel: Channel,
    /** The request's transaction id, bits 0–31 and 32–63. */
    readonly idLow: number,
    readonly idHigh: number,
    /** Whether the peer asked for a completion at all; without that, {@link complete} sends nothing. */
    readonly wanted: boolean,
  ) {}

  /** Whether {@link complete} was called. */
  get answered(): boolean {
    return this.#answered
  }

  /**
   * Says that the answer comes later, from outside the bus (a timer, a file): the bus then does not take the peer for stalled,
   * and reads no more than a bounded number of such requests ahead.
   */
  defer(): this {
    if (this.wanted && !this.#answered && !this.#deferred) {
      this.#deferred = true
      this.channel.hold(this)
    }
    return this
  }

  /**
   * Sends the completion, in turn with what else waits for room. Answers false when none was wanted or the channel is closed.
   * Throws when called twice: the device answered the same request two times.
   */
  complete(payload?: Uint8Array): boolean {
    if (this.#answered) throw new Error(`request ${this.idLow} was completed already`)
    this.#answered = true
    if (this.#deferred) this.channel.letGo(this)
    return this.wanted && this.channel.sendCompletion(this.idLow, this.idHigh, payload)
  }
}
