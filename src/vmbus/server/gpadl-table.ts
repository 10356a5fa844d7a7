import type { GpadlId } from '../ids.ts'
import type { Channel, Gpadl } from './channel.ts'

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
