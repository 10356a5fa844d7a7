import {
  AllOffersDelivered,
  ChannelMessageHeader,
  ChannelMessageType,
  ModifyConnection,
  ModifyConnectionResponse,
  Pause,
  PauseResponse,
  RequestOffers,
  Resume,
} from '../messages.ts'
import type { MonitorPages } from '../server/effects.ts'
import type { OutgoingPost, RequestFailure } from './events.ts'
import { type ClientLink, ClientStateError } from './link.ts'
import { newPost, type Post } from './post-queue.ts'

/** What may be posted while paused: a host ignores all else (behaviour 121). */
const passesPause: readonly number[] = [
  ChannelMessageType.Resume,
  ChannelMessageType.Unload,
  ChannelMessageType.InitiateContact,
]

/** Requests about the connection as a whole: offers, monitor pages, pause and resume. */
export class ClientConnection {
  #offers: 'not requested' | 'requested' | 'delivered' = 'not requested'
  #modifying = false
  #flow: 'running' | 'pause queued' | 'pausing' | 'paused' = 'running'

  constructor(readonly link: ClientLink) {}

  requestOffers(): void {
    if (this.#offers !== 'not requested') throw new ClientStateError(`offers are ${this.#offers} already`)
    this.#offers = 'requested'
    this.link.post(ChannelMessageType.RequestOffers, RequestOffers.encode({}))
  }

  modify(pages: MonitorPages | undefined): void {
    if (this.#modifying) throw new ClientStateError('the connection is being modified already')
    const bytes = ModifyConnection.encode({
      parentToChildMonitorPage: pages?.parentToChild ?? 0n,
      childToParentMonitorPage: pages?.childToParent ?? 0n,
    })
    this.#modifying = true
    this.link.post(ChannelMessageType.ModifyConnection, bytes)
  }

  pause(): void {
    if (this.#flow !== 'running') throw new ClientStateError(`not running but ${this.#flow}`)
    this.#flow = 'pause queued'
    this.link.post(ChannelMessageType.Pause, Pause.encode({}))
  }

  resume(): void {
    if (this.#flow !== 'paused') throw new ClientStateError(`not paused but ${this.#flow}`)
    this.#flow = 'running'
    const { connectionId, queue } = this.link
    queue.addFirst(newPost({ messageType: ChannelMessageType.Resume, connectionId, bytes: Resume.encode({}) }))
  }

  /** The next message to post, unless a pause holds it back. */
  nextPost(): OutgoingPost | undefined {
    const { queue } = this.link
    if (queue.first === undefined || (this.#isHolding && !passesPause.includes(queue.first.messageType)))
      return undefined
    return queue.hand()
  }

  onOffersDelivered(): void {
    if (this.#offers === 'requested') {
      this.#offers = 'delivered'
      this.link.emit({ kind: 'offers-delivered' })
    } else {
      this.#unasked('offers-delivered-unasked', AllOffersDelivered.name)
    }
  }

  onModified(connectionState: number | RequestFailure): void {
    if (this.#modifying) {
      this.#modifying = false
      this.link.emit({ kind: 'connection-modified', connectionState })
    } else {
      this.#unasked('connection-modified-unasked', ModifyConnectionResponse.name)
    }
  }

  onPaused(): void {
    if (this.#flow === 'pausing') {
      this.#flow = 'paused'
      this.link.emit({ kind: 'paused' })
    } else {
      this.#unasked('pause-response-unasked', PauseResponse.name)
    }
  }

  posted({ messageType }: Post): void {
    if (messageType === ChannelMessageType.Pause) this.#flow = 'pausing'
  }

  notPosted({ messageType }: Post): void {
    if (messageType === ChannelMessageType.RequestOffers) this.#offers = 'not requested'
    if (messageType === ChannelMessageType.ModifyConnection) this.onModified('not-posted')
    if (messageType === ChannelMessageType.Pause) this.#flow = 'running'
    if (messageType === ChannelMessageType.Resume) this.#flow = 'paused'
  }

  disconnected(): void {
    if (this.#modifying) this.onModified('disconnected')
    this.#offers = 'not requested'
    this.#flow = 'running'
  }

  explain(): string[] {
    const lines: string[] = []
    const { length } = this.link.queue
    if (length > 0) lines.push(`${length} messages to post${this.#isHolding ? ', held until resume' : ''}`)
    if (this.#offers === 'requested') lines.push('AllOffersDelivered')
    if (this.#modifying) lines.push('ModifyConnectionResponse')
    if (this.#flow === 'pausing') lines.push('PauseResponse')
    return lines
  }

  get #isHolding(): boolean {
    return this.#flow === 'pausing' || this.#flow === 'paused'
  }

  #unasked(rule: string, name: string): void {
    this.link.reject(rule, 'STATE', ChannelMessageHeader, 'messageType', `${name} was not asked for`)
  }
}
