import type { Guid } from '../../wire/index.ts'
import type { ChannelState, GpadlState } from './channel.ts'
import type { GpadlRange, MessageOrigin, MessageTarget, OpenRequest } from './effects.ts'

/**
 * All that a server knows of its guest, as plain data that survives JSON: addresses and bytes are hex text. Its form is not
 * stable between versions of this package; `format` says which one it is.
 */
export interface ServerState {
  /** Which form this is. */
  readonly format: typeof serverStateFormat
  /** What was agreed, while a guest is connected. */
  readonly connection: SavedConnection | null
  /** A connection that ends and waits for devices. */
  readonly ending: SavedEnding | null
  /** A ModifyConnection without an answer yet. */
  readonly modifyingConnection: { readonly pages: SavedPages | null } | null
  /** The guest has unloaded once. */
  readonly unloadedOnce: boolean
  /** The guest has sent Pause. */
  readonly paused: boolean
  /** All that the guest has heard of. */
  readonly channels: readonly SavedChannel[]
  /** hvsocket requests without an answer yet. */
  readonly tlConnects: readonly SavedTlConnect[]
  /** Messages for the guest, in order. */
  readonly ready: readonly SavedMessage[]
  /** Those that a pause holds back. */
  readonly held: readonly SavedMessage[]
  /** Messages of the guest that were not handled yet. */
  readonly inbox: readonly { readonly bytes: string; readonly origin: MessageOrigin }[]
}

/** The form of a {@link ServerState} that this version writes and reads. */
export const serverStateFormat = 'vmbus server v1'

/** GPAs of the two monitor pages. */
export interface SavedPages {
  readonly parentToChild: string
  readonly childToParent: string
}

/** What was negotiated with the guest. */
export interface SavedConnection {
  readonly version: number
  readonly features: number
  readonly target: MessageTarget
  readonly trusted: boolean
  readonly monitorPages: SavedPages | null
  readonly ownPages: boolean
  readonly interruptPage: string | null
  readonly clientId: Guid | null
  readonly offersSent: boolean
}

/** A connection that ends once all devices have let go, and what is to be said then. */
export interface SavedEnding {
  readonly next:
    | { readonly kind: 'nothing' }
    | { readonly kind: 'unload-complete'; readonly target: MessageTarget; readonly version: number }
    | { readonly kind: 'contact'; readonly bytes: string; readonly trusted: boolean }
  readonly wasConnected: boolean
}

/** A request for a socket that no listener has answered. */
export interface SavedTlConnect {
  readonly endpointId: Guid
  readonly serviceId: Guid
  readonly siloId: Guid
  readonly stale: boolean
}

/** A message for the guest. */
export interface SavedMessage extends MessageTarget {
  readonly bytes: string
}

/** A `ChannelInterrupt`. */
export type SavedInterrupt =
  | { readonly kind: 'none' }
  | { readonly kind: 'event'; readonly vp: number; readonly sint: number; readonly flag: number; readonly vtl?: number }
  | { readonly kind: 'interrupt-page'; readonly page: string; readonly bit: number; readonly sint: number }

/** An `OpenRequest`. */
export interface SavedRequest extends Omit<OpenRequest, 'userData' | 'interrupt'> {
  readonly userData: string
  readonly interrupt: SavedInterrupt
}

/** An open that the guest asked for while the channel was still closing. */
export interface SavedAsk {
  readonly openId: number
  readonly ringGpadlId: number
  readonly downstreamPageOffset: number
  readonly targetVp: number
  readonly userData: string
  readonly connectionId?: number
  readonly eventFlag?: number
  readonly redirectInterrupt: boolean
}

/** A GPADL, complete or not. */
export interface SavedGpadl {
  readonly id: number
  readonly state: GpadlState
  readonly rangeCount: number
  readonly list: string
  readonly filled: number
  readonly size: number
  readonly ranges: readonly GpadlRange[]
  readonly unwanted: boolean
  readonly silent: boolean
  readonly held: boolean
}

/** A channel and what is going on with it. */
export interface SavedChannel {
  readonly interfaceId: Guid
  readonly instanceId: Guid
  readonly subchannelIndex: number
  readonly state: ChannelState
  readonly channelId: number | null
  readonly offered: boolean
  readonly monitorId: number | null
  readonly signalId: number | null
  readonly request: SavedRequest | null
  readonly reopen: SavedAsk | null
  readonly modify: { readonly interrupt: SavedInterrupt; readonly next: number | null } | null
  readonly reserved: MessageTarget | null
  readonly gpadls: readonly SavedGpadl[]
}

/** Bytes from their hex text. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length >>> 1 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16))
}
