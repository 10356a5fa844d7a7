import type { MessageTarget, OutgoingMessage } from './effects.ts'

/** Control messages for the guest, in order. A pause holds back the connection's own messages. */
export class Outbox {
  #ready: OutgoingMessage[] = []
  #held: OutgoingMessage[] = []
  /** Index of the first of `#ready` that was not taken: a long queue is not moved for each message. */
  #first = 0
  paused = false

  get length(): number {
    return this.#ready.length - this.#first + this.#held.length
  }

  /** The message to deliver next. */
  peek(): OutgoingMessage | undefined {
    return this.#ready[this.#first]
  }

  /** Removes the message that was delivered. */
  shift(): void {
    if (this.#first < this.#ready.length) this.#first += 1
    if (this.#first > 64 && this.#first * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#first)
      this.#first = 0
    }
  }

  /** @param aside for someone else than the paused connection. */
  push(target: MessageTarget, bytes: Uint8Array, aside: boolean): void {
    const queue = this.paused && !aside ? this.#held : this.#ready
    queue.push({ vp: target.vp, sint: target.sint, bytes })
  }

  /** Lets the held messages go. */
  resume(): void {
    this.paused = false
    for (const message of this.#held.splice(0)) this.#ready.push(message)
  }

  /** Ends a pause, and drops what it held. */
  dropHeld(): void {
    this.paused = false
    this.#held = []
  }

  clear(): void {
    this.dropHeld()
    this.#ready = []
    this.#first = 0
  }

  /** All that waits: ready, then held. */
  contents(): { readonly ready: readonly OutgoingMessage[]; readonly held: readonly OutgoingMessage[] } {
    return { ready: this.#ready.slice(this.#first), held: this.#held.slice() }
  }
}
