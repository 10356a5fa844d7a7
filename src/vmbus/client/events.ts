import type { Guid } from '../../wire/index.ts'
import type { ChannelId, ConnectionId, GpadlId } from '../ids.ts'
import type { OfferChannel } from '../messages.ts'
import type { MonitorPages } from '../server/effects.ts'

/** A control message that the client wants posted. */
export interface OutgoingPost {
  /** Connection to post to: 1 below 5.0, 4 for InitiateContact from 5.0 on, then what the host answered. */
  readonly connectionId: ConnectionId
  /** Header and body, at most 240 bytes. */
  readonly bytes: Uint8Array
  /** How often this post has failed already; {@link postRetryDelay} says how long to wait before the next try. */
  readonly attempts: number
}

/**
 * Why a request ended without the host's answer: the channel was rescinded, the message could not be posted within the bound,
 * or the guest ended the connection.
 */
export type RequestFailure = 'rescinded' | 'not-posted' | 'disconnected'

/**
 * What the client tells the guest's drivers. Each request that is about a channel, a GPADL, an hvsocket or the monitor pages is
 * answered by exactly one event that names it; the end of the connection answers all that is left with `disconnected`.
 */
export type ClientEvent =
  | {
      readonly kind: 'connected'
      readonly version: number
      /** Features asked for and granted; 0 below 6.0. */
      readonly features: number
      /** The pages that count: the host's own, if it was granted to choose them, else those of the options. */
      readonly monitorPages: MonitorPages | undefined
    }
  | {
      readonly kind: 'connect-failed'
      /** For people. */
      readonly why: string
      /** What the host said, if it accepted the version and failed all the same (see ConnectionState). */
      readonly connectionState?: number
    }
  | { readonly kind: 'offer'; readonly channelId: ChannelId; readonly offer: OfferChannel }
  | { readonly kind: 'offers-delivered' }
  /** Whether the host has `signalled` already: either way the ring may hold packets by now. */
  | { readonly kind: 'opened'; readonly channelId: ChannelId; readonly signalled: boolean }
  | { readonly kind: 'open-failed'; readonly channelId: ChannelId; readonly status: number | RequestFailure }
  /** A reserved channel is closed. */
  | { readonly kind: 'reserved-closed'; readonly channelId: ChannelId; readonly status: 0 | RequestFailure }
  | { readonly kind: 'gpadl-created'; readonly channelId: ChannelId; readonly gpadlId: GpadlId }
  | {
      readonly kind: 'gpadl-failed'
      readonly channelId: ChannelId
      readonly gpadlId: GpadlId
      readonly status: number | RequestFailure
      /** The host may have the pages mapped: they are the guest's alone again with `released` or `unloaded`, not before. */
      readonly stillVisible: boolean
    }
  | { readonly kind: 'gpadl-torndown'; readonly channelId: ChannelId; readonly gpadlId: GpadlId }
  /** The pages stay visible to the host until `released` or `unloaded`, or until a further teardown succeeds. */
  | {
      readonly kind: 'gpadl-teardown-failed'
      readonly channelId: ChannelId
      readonly gpadlId: GpadlId
      readonly status: RequestFailure
    }
  /** The device is gone; the driver lets go and then calls `release(channelId)`. */
  | { readonly kind: 'rescinded'; readonly channelId: ChannelId }
  /** RelIdReleased was sent: the relid may come back for another device, and all of the channel's pages are private. */
  | { readonly kind: 'released'; readonly channelId: ChannelId }
  | { readonly kind: 'modified'; readonly channelId: ChannelId; readonly status: number | RequestFailure }
  | { readonly kind: 'connection-modified'; readonly connectionState: number | RequestFailure }
  /** The host accepted the hvsocket: this channel, whose `offer` came just before. */
  | {
      readonly kind: 'tl-connected'
      readonly endpointId: Guid
      readonly serviceId: Guid
      readonly channelId: ChannelId
    }
  | {
      readonly kind: 'tl-connect-failed'
      readonly endpointId: Guid
      readonly serviceId: Guid
      readonly status: number | RequestFailure
    }
  | { readonly kind: 'paused' }
  | { readonly kind: 'unloaded' }
  /** A message could not be posted; `status` is the hypercall's last one. What it was part of is answered besides. */
  | {
      readonly kind: 'post-failed'
      readonly messageType: number
      readonly status: number
      readonly channelId?: ChannelId
    }
