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
  readonly channelId: ChannelId
  readonly interfaceId: Guid
  readonly instanceId: Guid
  readonly subchannelIndex: number
  /** Guest memory, for what packets point to. */
  readonly memory: GuestMemory
  /** The rings, control page first. */
  readonly sendRing: GuestMemory
  readonly receiveRing: GuestMemory
  /** Tells the peer that a ring needs it. */
  readonly signalPeer: () => void
  readonly pump: Pump
  readonly log: EndLog
  readonly limits?: ChannelLimits
}
