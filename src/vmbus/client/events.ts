import type { Guid } from '../../wire/index.ts'
import type { ChannelId, ConnectionId, GpadlId } from '../ids.ts'
import type { OfferChannel } from '../messages.ts'

/** A control message that the client wants posted. */
export interface OutgoingPost {
  /** Connection to post to: 1 below 5.0, 4 for InitiateContact from 5.0 on, then what the host answered. */
  readonly connectionId: ConnectionId
  /** Header and body, at most 240 bytes. */
  readonly bytes: Uint8Array
}

/** What the client tells the guest's drivers. */
export type ClientEvent =
  | { readonly kind: 'connected'; readonly version: number; readonly features: number }
  | { readonly kind: 'connect-failed'; readonly why: string }
  | { readonly kind: 'offer'; readonly channelId: ChannelId; readonly offer: OfferChannel }
  | { readonly kind: 'offers-delivered' }
  | { readonly kind: 'opened'; readonly channelId: ChannelId }
  | { readonly kind: 'open-failed'; readonly channelId: ChannelId; readonly status: number | 'rescinded' }
  | { readonly kind: 'gpadl-created'; readonly channelId: ChannelId; readonly gpadlId: GpadlId }
  | {
      readonly kind: 'gpadl-failed'
      readonly channelId: ChannelId
      readonly gpadlId: GpadlId
      readonly status: number | 'rescinded'
    }
  | { readonly kind: 'gpadl-torndown'; readonly channelId: ChannelId; readonly gpadlId: GpadlId }
  /** The device is gone; the driver lets go and then calls `release(channelId)`. */
  | { readonly kind: 'rescinded'; readonly channelId: ChannelId }
  /** RelIdReleased was sent: the relid may come back for another device. */
  | { readonly kind: 'released'; readonly channelId: ChannelId }
  | { readonly kind: 'modified'; readonly channelId: ChannelId; readonly status: number }
  | { readonly kind: 'connection-modified'; readonly connectionState: number }
  | { readonly kind: 'tl-connect-failed'; readonly endpointId: Guid; readonly serviceId: Guid; readonly status: number }
  | { readonly kind: 'paused' }
  | { readonly kind: 'unloaded' }
