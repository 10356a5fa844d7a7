import type { GuestMemory } from '../../memory/index.ts'
import type { ChannelId } from '../../vmbus/ids.ts'
import type { Guid } from '../../wire/index.ts'
import type { EndLog } from '../end-log.ts'
import type { Pump } from '../pump.ts'

/** Bounds of one channel. */
export interface ChannelLimits {
  /** Packets read before others get their turn. Default 64. */
  readonly batch?: number
  /** Packets that wait for room in the ring; while as many wait, nothing is read. Default 256. */
  readonly queue?: number
  /** Requests without completion, in either direction. Default 256. */
  readonly requests?: number
}

/** Everything an end knows about a channel that it opens. */
export interface ChannelSetup {
  /** Relid of the channel. */
  readonly channelId: ChannelId
  /** Class of the device. */
  readonly interfaceId: Guid
  /** This one device. */
  readonly instanceId: Guid
  /** 0 for the primary channel. */
  readonly subchannelIndex: number
  /** Guest memory, for what packets point to. */
  readonly memory: GuestMemory
  /** The rings, control page first. */
  readonly sendRing: GuestMemory
  /** The ring that the peer writes. */
  readonly receiveRing: GuestMemory
  /** Tells the peer that a ring needs it. */
  readonly signalPeer: () => void
  /** What runs its reader. */
  readonly pump: Pump
  /** Who is told what passes. */
  readonly log: EndLog
  /** Bounds, where they are not the usual ones. */
  readonly limits?: ChannelLimits
}
