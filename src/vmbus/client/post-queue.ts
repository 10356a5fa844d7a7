import type { ChannelId, ConnectionId, GpadlId } from '../ids.ts'
import { ChannelMessageType } from '../messages.ts'
import type { OutgoingPost } from './events.ts'

/** A control message on its way out, and what it is about. */
export interface Post extends OutgoingPost {
  readonly messageType: number
  readonly channelId?: ChannelId
  readonly gpadlId?: GpadlId
  /** The hvsocket request that this is, as the client's table names it. */
  readonly socket?: string
  attempts: number
  /** Not to be tried again if this try fails: the channel was rescinded meanwhile. */
  lastTry: boolean
  /** Whatever becomes of this post concerns no one: it is answered already, or its connection has ended. */
  stale: boolean
}

/** A post that was never tried. */
export function newPost(fields: {
  messageType: number
  connectionId: ConnectionId
  bytes: Uint8Array
  channelId?: ChannelId
  gpadlId?: GpadlId
  socket?: string
}): Post {
  return { ...fields, attempts: 0, lastTry: false, stale: false }
}

// HV_STATUS of a post that a later try may undo.
const insufficientMemory = 0x0b
const insufficientBuffers = 0x13
/** HV_STATUS of a post to a connection that is not there (yet). */
export const invalidConnectionId = 0x12

/** Whether a post that failed with this status may succeed later. Source: Linux drivers/hv/connection.c (vmbus_post_msg). */
export function isTransient(post: Post, status: number): boolean {
  // On the first message it means that there is no such port for this version; later that the host is not ready.
  if (status === invalidConnectionId) return post.messageType !== ChannelMessageType.InitiateContact
  return status === insufficientBuffers || status === insufficientMemory
}

/**
 * Microseconds to wait before a post that has failed `attempts` times is tried again: 0 at first, then 1, doubling up to
 * about 2.1 seconds. Source: Linux drivers/hv/connection.c (vmbus_post_msg).
 */
export function postRetryDelay(attempts: number): number {
  return attempts <= 0 ? 0 : 2 ** Math.min(attempts - 1, 21)
}

/** Messages to post, in order. The one that a transport has in hand is never taken away from it. */
export class PostQueue {
  #posts: Post[] = []
  #head = 0
  #inHand: Post | undefined
  /** How many are about each channel, so that the usual answer, none, needs no search. */
  readonly #byChannel = new Map<ChannelId, number>()

  get length(): number {
    return this.#posts.length - this.#head
  }

  /** The next to go, untouched. */
  get first(): Post | undefined {
    return this.#posts[this.#head]
  }

  add(post: Post): void {
    this.#posts.push(post)
    this.#count(post, 1)
  }

  /** In front of everything that is not in a transport's hand. */
  addFirst(post: Post): void {
    this.#posts.splice(this.#head + (this.#inHand === undefined ? 0 : 1), 0, post)
    this.#count(post, 1)
  }

  /** Hands the first one to the transport. */
  hand(): Post | undefined {
    this.#inHand = this.first
    return this.#inHand
  }

  /** The transport's answer is there: whose is it? */
  takeBack(): Post | undefined {
    const post = this.#inHand
    this.#inHand = undefined
    return post
  }

  /** Removes the first one. */
  shift(): void {
    if (this.first !== undefined) this.#count(this.first, -1)
    this.#head++
    if (this.#head > 64 && this.#head * 2 > this.#posts.length) {
      this.#posts.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Removes what matches and is not in a transport's hand; answers how many that were. */
  remove(matches: (post: Post) => boolean): number {
    const before = this.length
    this.#posts = this.#posts.slice(this.#head).filter((post) => {
      if (post === this.#inHand || !matches(post)) return true
      this.#count(post, -1)
      return false
    })
    this.#head = 0
    return before - this.length
  }

  /** Whether something that matches waits and is in no transport's hand. */
  some(matches: (post: Post) => boolean): boolean {
    for (let index = this.#head; index < this.#posts.length; index++) {
      const post = this.#posts[index]
      if (post !== undefined && post !== this.#inHand && matches(post)) return true
    }
    return false
  }

  /** Whether anything about this channel waits, be it in a transport's hand. */
  concerns(channelId: ChannelId): boolean {
    return this.#byChannel.has(channelId)
  }

  /** The one in a transport's hand. */
  get inHand(): Post | undefined {
    return this.#inHand
  }

  /** The host has answered what matches: should it be in a transport's hand still, then nothing more hangs on it. */
  settle(matches: (post: Post) => boolean): void {
    if (this.#inHand !== undefined && matches(this.#inHand)) this.#inHand.stale = true
  }

  /** The connection has ended: nothing waits any more, and the one in a transport's hand concerns no one. */
  abandon(): void {
    this.remove(() => true)
    if (this.#inHand !== undefined) this.#inHand.stale = true
  }

  #count({ channelId }: Post, by: 1 | -1): void {
    if (channelId === undefined) return
    const count = (this.#byChannel.get(channelId) ?? 0) + by
    if (count === 0) this.#byChannel.delete(channelId)
    else this.#byChannel.set(channelId, count)
  }
}
