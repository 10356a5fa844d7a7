import type { EventOf, TranscriptEvent } from './events.ts'

/**
 * Gives packets of version 1 what they refer to, which follows them as an event of its own: the latest packet of the same channel and
 * direction that has none is meant. That event stays, so that events keep their numbers.
 */
export function withData(events: readonly TranscriptEvent[]): TranscriptEvent[] {
  const result = [...events]
  const latest = new Map<string, { readonly at: number; readonly packet: EventOf<'packet'> }>()
  for (const [at, event] of events.entries()) {
    if (event.kind === 'packet') latest.set(`${event.dir} ${event.relid}`, { at, packet: event })
    if (event.kind !== 'rndis') continue
    const found = latest.get(`${event.dir} ${event.relid}`)
    if (found !== undefined && found.packet.data === undefined) result[found.at] = { ...found.packet, data: event.hex }
    latest.delete(`${event.dir} ${event.relid}`)
  }
  return result
}
