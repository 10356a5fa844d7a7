import type { GpadlId } from '../ids.ts'
import type { Channel } from './channel.ts'
import type { GpadlRange } from './effects.ts'

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

/** What all channels' GPADLs have in common: their limits, and the ids under assembly, since a body names no channel. */
export class GpadlTable {
  readonly assembling = new Map<GpadlId, Gpadl>()
  count = 0
  bytes = 0

  add(gpadl: Gpadl): void {
    gpadl.channel.gpadls.set(gpadl.id, gpadl)
    if (gpadl.state === 'assembling') this.assembling.set(gpadl.id, gpadl)
    this.count += 1
    this.bytes += gpadl.size
  }

  remove(gpadl: Gpadl): void {
    if (gpadl.channel.gpadls.get(gpadl.id) !== gpadl) return
    gpadl.channel.gpadls.delete(gpadl.id)
    if (this.assembling.get(gpadl.id) === gpadl) this.assembling.delete(gpadl.id)
    this.count -= 1
    this.bytes -= gpadl.size
  }

  removeAll(channel: Channel): void {
    for (const gpadl of [...channel.gpadls.values()]) this.remove(gpadl)
  }
}
