import type { OutgoingPost, VmbusClient } from '../../vmbus/client/index.ts'
import type { EndLog } from '../end-log.ts'
import { type Pump, Task } from '../pump.ts'
import { type GuestTransport, HvStatus, postPending, vmbusMessageType } from '../transports/transport.ts'

/** Posts what the client says, one message at a time, and tells it what became of each. */
export class GuestPosts {
  readonly #transport: GuestTransport
  readonly #client: VmbusClient
  readonly #pump: Pump
  readonly #log: EndLog
  readonly #goOn: () => void
  /** Nothing is posted now: the host had no room, and {@link #retry} tries again; or its answer is on its way. */
  #isHeldUp = false
  #unanswered: OutgoingPost | undefined
  readonly #retry = new Task('guest post', () => {
    this.#isHeldUp = false
    this.#goOn()
  })

  /** @param goOn the next message can go. */
  constructor(transport: GuestTransport, client: VmbusClient, pump: Pump, log: EndLog, goOn: () => void) {
    this.#transport = transport
    this.#client = client
    this.#pump = pump
    this.#log = log
    this.#goOn = goOn
  }

  /** Posts the next message. Answers whether to go on: not when there is none, or nothing can go now. */
  next(): boolean {
    const post = this.#isHeldUp ? undefined : this.#client.peekPost()
    if (post === undefined) return false
    const status = this.#transport.post(post.connectionId, vmbusMessageType, post.bytes)
    if (status !== postPending) return this.#posted(post, status)
    this.#isHeldUp = true
    this.#unanswered = post
    return false
  }

  /** The status of a post that had to wait for it. Answers whether there was one. */
  answered(status: number): boolean {
    const post = this.#unanswered
    if (post === undefined) return false
    this.#unanswered = undefined
    this.#isHeldUp = false
    // If it was given up meanwhile, its status concerns nobody.
    if (this.#client.peekPost() === post) this.#posted(post, status)
    return true
  }

  #posted(post: OutgoingPost, status: number): boolean {
    const { connectionId, bytes } = post
    this.#log.message({ direction: 'sent', bytes, connectionId, status })
    this.#client.posted(status)
    if (status === HvStatus.Success || this.#client.peekPost() !== post) return true
    this.#isHeldUp = true
    this.#pump.scheduleLater(this.#retry)
    return false
  }
}
