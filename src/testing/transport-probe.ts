import { type GuestTransport, type HostTransport, HvStatus, type TransportEnds } from '../channels/index.ts'

/** A transport to be held to the suite: with one VP, and at least 64 KiB of memory that nothing else uses. */
export interface TransportUnderTest {
  readonly ends: TransportEnds
  /** Lets everything arrive that is on its way. */
  settle(): void | Promise<void>
  /** After the test. */
  close?(): void | Promise<void>
}

interface Heard {
  posts: { connectionId: number; messageType: number; bytes: number[] }[]
  messages: { vp: number; sint: number; messageType: number; bytes: number[] }[]
}

/** Both ends of a transport with handlers that only take note. */
export class TransportProbe implements Heard {
  readonly host: HostTransport
  readonly guest: GuestTransport
  posts: Heard['posts'] = []
  messages: Heard['messages'] = []
  readonly signals: { connectionId: number; flag: number }[] = []
  readonly events: { vp: number; sint: number; flag: number }[] = []
  readonly slotsFreed: { vp: number; sint: number }[] = []
  /** Times that the host was told of a bit in the page that it watches. */
  watched = 0
  /** What the host answers to posts and signals. */
  status: number = HvStatus.Success
  readonly #transport: TransportUnderTest

  constructor(transport: TransportUnderTest) {
    this.#transport = transport
    this.host = transport.ends.host
    this.guest = transport.ends.guest
  }

  attach(): void {
    this.attachHost()
    this.attachGuest()
  }

  attachHost(): void {
    const { posts, signals } = this
    this.host.attach({
      post: (connectionId, messageType, payload) => {
        posts.push({ connectionId, messageType, bytes: [...payload] })
        return this.status
      },
      signal: (connectionId, flag) => {
        signals.push({ connectionId, flag })
        return this.status
      },
      slotFree: (vp, sint) => this.slotsFreed.push({ vp, sint }),
      watched: () => {
        this.watched += 1
      },
    })
  }

  attachGuest(): void {
    const { messages } = this
    this.guest.attach({
      message: (vp, sint, messageType, payload) => messages.push({ vp, sint, messageType, bytes: [...payload] }),
      event: (vp, sint, flag) => this.events.push({ vp, sint, flag }),
    })
  }

  /** Attaches other handlers at both ends. Answers what the first ones have heard and will hear. */
  takeOver(): Heard {
    const { posts, messages } = this
    this.posts = []
    this.messages = []
    this.attach()
    return { posts, messages }
  }

  async settle(): Promise<void> {
    await this.#transport.settle()
  }
}

/** Bytes 1, 2, 3, …. */
export function payloadOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index + 1)
}
