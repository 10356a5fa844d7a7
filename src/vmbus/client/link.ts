import type { WireErrorCode } from '../../wire/index.ts'
import type { ChannelId, ConnectionId, GpadlId } from '../ids.ts'
import { type Violation, ViolationLog, type ViolationPolicy } from '../violation.ts'
import type { ClientEvent } from './events.ts'
import { newPost, PostQueue } from './post-queue.ts'

/** A request that the client's own state forbids: a mistake of the caller, never the host's doing. */
export class ClientStateError extends Error {
  override readonly name = 'ClientStateError'
}

/** What a post is about. */
export interface PostSubject {
  /** The channel's relid. */
  readonly channelId?: ChannelId
  /** The GPADL's handle. */
  readonly gpadlId?: GpadlId
  /** The hvsocket request, as the client's table names it. */
  readonly socket?: string
}

/** What the parts of the client share: the way out, the events, what was negotiated, and the violations. */
export class ClientLink {
  readonly queue = new PostQueue()
  readonly violations: ViolationLog
  /** 0 until a version was accepted. */
  version = 0
  features = 0
  connectionId: ConnectionId = 0
  #events: ClientEvent[] = []

  constructor(policy: ViolationPolicy | undefined) {
    this.violations = new ViolationLog(policy)
  }

  emit(event: ClientEvent): void {
    this.#events.push(event)
  }

  takeEvents(): ClientEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  post(messageType: number, bytes: Uint8Array, about: PostSubject = {}): void {
    this.queue.add(newPost({ messageType, connectionId: this.connectionId, bytes, ...about }))
  }

  /** Reports an ignored message. Last thing that a handler does, for it throws under the policy `throw`. */
  reject(
    rule: string,
    code: WireErrorCode,
    schema: { offsetOf(field: string): number },
    field: string,
    why: string,
    channelId?: ChannelId,
  ): void {
    this.report({
      rule,
      code,
      field,
      offset: schema.offsetOf(field),
      why,
      ...(channelId === undefined ? {} : { channelId }),
    })
  }

  report(violation: Violation): void {
    this.violations.report(violation)
  }
}
