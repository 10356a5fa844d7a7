import type { Infer } from '../../wire/index.ts'
import { gpadlMessages } from '../gpadl-messages.ts'
import type { ChannelId, GpadlId } from '../ids.ts'
import { ChannelMessageType, GpadlCreated, GpadlTeardown, GpadlTorndown } from '../messages.ts'
import type { GpadlRange } from '../server/effects.ts'
import type { ClientChannel, ClientGpadl } from './channel.ts'
import type { RequestFailure } from './events.ts'
import { type ClientLink, ClientStateError } from './link.ts'
import type { Post } from './post-queue.ts'

/** The guest's GPADLs: handles, requests and replies. */
export class ClientGpadls {
  readonly #live = new Map<GpadlId, ClientGpadl>()
  #next: number

  constructor(
    readonly link: ClientLink,
    /** Called when a reply that was owed to a channel has come or cannot come any more. */
    readonly settle: (channel: ClientChannel) => void,
    first: number,
  ) {
    this.#next = first >>> 0
  }

  create(channel: ClientChannel, ranges: readonly GpadlRange[]): GpadlId {
    const { channelId } = channel
    const gpadlId = this.#handle()
    const messages = gpadlMessages(channelId, gpadlId, ranges)
    if (channel.rescinded) {
      this.#failed(channelId, gpadlId, 'rescinded', false)
      return gpadlId
    }
    const gpadl: ClientGpadl = { gpadlId, channelId, state: 'creating', answered: false }
    this.#live.set(gpadlId, gpadl)
    channel.gpadls.set(gpadlId, gpadl)
    channel.owed++
    for (const [index, bytes] of messages.entries()) {
      const type = index === 0 ? ChannelMessageType.GpadlHeader : ChannelMessageType.GpadlBody
      this.link.post(type, bytes, { channelId, gpadlId })
    }
    return gpadlId
  }

  teardown(channel: ClientChannel, gpadlId: GpadlId): void {
    const { channelId } = channel
    if (channel.rescinded) {
      this.link.emit({ kind: 'gpadl-teardown-failed', channelId, gpadlId, status: 'rescinded' })
      return
    }
    const gpadl = channel.gpadls.get(gpadlId)
    if (gpadl?.state !== 'created') {
      throw new ClientStateError(`GPADL ${gpadlId} of channel ${channelId} is ${gpadl?.state ?? 'unknown'}`)
    }
    gpadl.state = 'tearing-down'
    channel.owed++
    this.link.post(ChannelMessageType.GpadlTeardown, GpadlTeardown.encode({ channelId, gpadlId }), {
      channelId,
      gpadlId,
    })
  }

  onCreated(message: Infer<typeof GpadlCreated>, channel: ClientChannel | undefined): void {
    const { channelId, gpadlId, status } = message
    const gpadl = this.#live.get(gpadlId)
    if (channel === undefined || gpadl === undefined || gpadl.channelId !== channelId) {
      const field = gpadl === undefined ? 'gpadlId' : 'channelId'
      const why = `no GPADL ${gpadlId} is being created for channel ${channelId}`
      this.link.reject('gpadl-created-unasked', 'UNKNOWN-ID', GpadlCreated, field, why, channelId)
    } else if (gpadl.state !== 'creating' || this.#isWaiting(gpadl, status !== 0)) {
      const why = `GPADL ${gpadlId} is ${gpadl.state === 'creating' ? 'not sent whole' : gpadl.state}`
      this.link.reject('gpadl-created-unasked', 'STATE', GpadlCreated, 'gpadlId', why, channelId)
    } else {
      this.link.queue.settle((post) => post.gpadlId === gpadlId)
      // A host that refuses the header (behaviours 63, 80) wants no bodies.
      if (status !== 0) this.link.queue.remove((post) => post.gpadlId === gpadlId)
      gpadl.state = 'created'
      if (status !== 0) this.#forget(channel, gpadl)
      if (!gpadl.answered) {
        if (status === 0) this.link.emit({ kind: 'gpadl-created', channelId, gpadlId })
        else this.#failed(channelId, gpadlId, status, true)
      }
      this.#arrived(channel)
    }
  }

  onTorndown(message: Infer<typeof GpadlTorndown>, channelOf: (id: ChannelId) => ClientChannel | undefined): void {
    const { gpadlId } = message
    const gpadl = this.#live.get(gpadlId)
    const channel = gpadl === undefined ? undefined : channelOf(gpadl.channelId)
    if (gpadl === undefined || channel === undefined) {
      const why = `no GPADL ${gpadlId} is being torn down`
      this.link.reject('gpadl-torndown-unasked', 'UNKNOWN-ID', GpadlTorndown, 'gpadlId', why)
    } else if (gpadl.state !== 'tearing-down' || this.#isWaiting(gpadl)) {
      const why = `GPADL ${gpadlId} is ${gpadl.state}, and no teardown was sent`
      this.link.reject('gpadl-torndown-unasked', 'STATE', GpadlTorndown, 'gpadlId', why, gpadl.channelId)
    } else {
      this.link.queue.settle((post) => post.gpadlId === gpadlId)
      this.#forget(channel, gpadl)
      if (!gpadl.answered) this.link.emit({ kind: 'gpadl-torndown', channelId: gpadl.channelId, gpadlId })
      this.#arrived(channel)
    }
  }

  /**
   * The channel is gone: what waits is answered. A GPADL of which the header was posted is posted to its end, so that the host
   * owes a reply that can be waited for; of any other nothing is posted.
   */
  rescinded(channel: ClientChannel): void {
    const { channelId } = channel
    for (const gpadl of [...channel.gpadls.values()]) {
      const { gpadlId, state } = gpadl
      if (state === 'created') continue
      const first = state === 'creating' ? ChannelMessageType.GpadlHeader : ChannelMessageType.GpadlTeardown
      const unsent = this.link.queue.remove((post) => post.gpadlId === gpadlId && post.messageType === first) > 0
      if (unsent) {
        this.link.queue.remove((post) => post.gpadlId === gpadlId)
        this.#forget(channel, gpadl)
        channel.owed--
      }
      gpadl.answered = true
      if (state === 'creating') this.#failed(channelId, gpadlId, 'rescinded', !unsent)
      else this.link.emit({ kind: 'gpadl-teardown-failed', channelId, gpadlId, status: 'rescinded' })
    }
  }

  /** A message of this GPADL could not be posted. */
  notPosted(channel: ClientChannel, post: Post): void {
    const gpadl = post.gpadlId === undefined ? undefined : this.#live.get(post.gpadlId)
    if (gpadl === undefined || gpadl.state === 'created') return
    const { channelId, gpadlId } = gpadl
    if (gpadl.state === 'tearing-down') {
      gpadl.state = 'created'
      if (!gpadl.answered) {
        this.link.emit({ kind: 'gpadl-teardown-failed', channelId, gpadlId, status: 'not-posted' })
      }
    } else {
      this.link.queue.remove((other) => other.gpadlId === gpadlId)
      this.#forget(channel, gpadl)
      const stillVisible = post.messageType !== ChannelMessageType.GpadlHeader
      if (!gpadl.answered) this.#failed(channelId, gpadlId, 'not-posted', stillVisible)
    }
    this.#arrived(channel)
  }

  /** The connection ends: what waits is answered. The queue is still as it was. */
  disconnected(): void {
    const isHeader = ({ messageType }: Post) => messageType === ChannelMessageType.GpadlHeader
    for (const { channelId, gpadlId, state, answered } of this.#live.values()) {
      if (answered || state === 'created') continue
      const unsent = this.link.queue.some((post) => post.gpadlId === gpadlId && isHeader(post))
      if (state === 'creating') this.#failed(channelId, gpadlId, 'disconnected', !unsent)
      else this.link.emit({ kind: 'gpadl-teardown-failed', channelId, gpadlId, status: 'disconnected' })
    }
    this.#live.clear()
  }

  /** The channel's relid is released: the host has let go of all its GPADLs. */
  released(channel: ClientChannel): void {
    for (const gpadlId of channel.gpadls.keys()) this.#live.delete(gpadlId)
    channel.gpadls.clear()
  }

  /** Whether messages of it still wait to be posted, so that no honest reply can be there: to refuse it the header is enough. */
  #isWaiting({ channelId, gpadlId }: ClientGpadl, isRefused = false): boolean {
    if (!this.link.queue.concerns(channelId)) return false
    return this.link.queue.some(
      (post) => post.gpadlId === gpadlId && !(isRefused && post.messageType === ChannelMessageType.GpadlBody),
    )
  }

  #handle(): GpadlId {
    while (this.#next === 0 || this.#live.has(this.#next)) this.#next = (this.#next + 1) >>> 0
    const gpadlId = this.#next
    this.#next = (this.#next + 1) >>> 0
    return gpadlId
  }

  #forget(channel: ClientChannel, gpadl: ClientGpadl): void {
    this.#live.delete(gpadl.gpadlId)
    channel.gpadls.delete(gpadl.gpadlId)
  }

  #arrived(channel: ClientChannel): void {
    channel.owed--
    this.settle(channel)
  }

  #failed(channelId: ChannelId, gpadlId: GpadlId, status: number | RequestFailure, stillVisible: boolean): void {
    this.link.emit({ kind: 'gpadl-failed', channelId, gpadlId, status, stillVisible })
  }
}
