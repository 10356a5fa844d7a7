import type { ChannelId, GpadlId } from '../ids.ts'
import type { ChannelInterrupt, GpadlRange, MessageTarget, OfferId, OfferParams, OpenRequest } from './effects.ts'

/**
 * Where a channel stands. Names after OpenVMM vmbus_server/channels.rs.
 *
 * released: not offered on this connection · closed · opening: the device was asked · open · closing: the device was asked ·
 * closing-reopen: and the guest wants it open again · opening-release, closing-release: the guest let go meanwhile ·
 * revoked: rescinded, the guest holds the relid · reoffered: the same, but the device is back.
 */
export type ChannelState =
  | 'released'
  | 'closed'
  | 'opening'
  | 'open'
  | 'closing'
  | 'closing-reopen'
  | 'opening-release'
  | 'closing-release'
  | 'revoked'
  | 'reoffered'

/** What a guest says to open a channel, whichever message it came in. */
export interface OpenAsk {
  readonly openId: number
  readonly ringGpadlId: GpadlId
  readonly downstreamPageOffset: number
  readonly targetVp: number
  readonly userData: Uint8Array
  /** Chosen by the guest (guestSpecifiedSignalParameters). */
  readonly connectionId?: number
  readonly eventFlag?: number
  readonly redirectInterrupt: boolean
}

/** A ModifyChannel that the device was asked for. */
export interface PendingModify {
  readonly interrupt: ChannelInterrupt
  /** The latest that came meanwhile, before 5.3. */
  next?: number
}

/** assembling: bodies are missing · offered: the device was asked · accepted · tearing-down: the device was asked to let go. */
export type GpadlState = 'assembling' | 'offered' | 'accepted' | 'tearing-down'

/** Memory of the guest that a channel names by an id. */
export interface Gpadl {
  readonly id: GpadlId
  readonly channel: Channel
  state: GpadlState
  readonly rangeCount: number
  /** Range data, copied from header and bodies; emptied when it has become `ranges`. */
  list: Uint8Array
  /** Bytes of `list` that have arrived. */
  filled: number
  /** Bytes that count against the limit. */
  readonly size: number
  ranges: readonly GpadlRange[]
  /** Offered, and to be torn down as soon as the device has answered. */
  unwanted: boolean
  /** The guest no longer waits for an answer. */
  silent: boolean
  /** Tearing down, but the ring is still in use: the device is asked when it is closed. */
  held: boolean
}

/** One channel: what its device offers, and what the guest made of it. */
export class Channel {
  /** Where it stands. */
  state: ChannelState = 'released'
  /** The device's handle; `undefined` once it was revoked. */
  offer: OfferId | undefined
  /** Relid while it is assigned. */
  channelId: ChannelId | undefined
  /** Whether the guest of this connection may use the relid. */
  offered = false
  /** Monitor id (0 … 127) while it has one. */
  monitorId: number | undefined
  /** From opening to the end of closing. */
  request: OpenRequest | undefined
  /** Connection that this channel is signalled on, from opening to the end of closing. */
  signalId: number | undefined
  /** Held until the close is done. */
  reopen: OpenAsk | undefined
  /** A change of the interrupt that the device has not answered. */
  modify: PendingModify | undefined
  /** Of a reserved channel, from opening to the end of closing: where its answers go. */
  reserved: MessageTarget | undefined
  /** The guest's, by handle. */
  readonly gpadls = new Map<GpadlId, Gpadl>()

  constructor(
    public params: OfferParams,
    offer: OfferId | undefined,
  ) {
    this.offer = offer
  }
  /** Whether the guest was told that it is gone. */
  get isRevoked(): boolean {
    return this.state === 'revoked' || this.state === 'reoffered'
  }

  /** Whether the device still owes an answer. */
  get isBusy(): boolean {
    if (this.offer === undefined) return false
    if (this.modify !== undefined || this.state === 'opening-release' || this.state === 'closing-release') return true
    for (const gpadl of this.gpadls.values()) if (gpadl !== this.ring || this.reserved === undefined) return true
    return false
  }

  /** The ring's GPADL while the device may use it. */
  get ring(): Gpadl | undefined {
    return this.request === undefined ? undefined : this.gpadls.get(this.request.ringGpadlId)
  }
}
