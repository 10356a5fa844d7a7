import type { DeviceDecoder } from '../vmbus/device-decoder.ts'
import { RingControlPage } from '../vmbus/ring-control.ts'
import type { SessionEntry } from '../vmbus/session/entry.ts'
import { Session } from '../vmbus/session.ts'
import { tryDecode } from '../wire/index.ts'
import { deviceDecoders } from './decoders.ts'
import type { Difference } from './difference.ts'
import type { EventOf, TranscriptEvent } from './events.ts'
import { fromHex } from './hex.ts'
import { HostReplay, type ReplayViolation } from './host-replay.ts'
import type { ReplayEntry } from './replay-entry.ts'
import { type ReplaySummary, summarize } from './summary.ts'
import type { Transcript } from './transcript.ts'

/** A transcript, read with all that this package knows. */
export interface Replay {
  readonly transcript: Transcript
  /** Every event, in order. */
  readonly entries: readonly ReplayEntry[]
  /** Where our host answers otherwise than the recorded one. */
  readonly differences: readonly Difference[]
  /** What our host held against the guest: the first hundred; the summary counts all. */
  readonly violations: readonly ReplayViolation[]
  readonly summary: ReplaySummary
}

/**
 * Decodes every event of a transcript, feeds the guest's control messages to our server with the recorded offers, and compares our host's answers
 * with the recorded ones. A function of the transcript alone; never throws on account of what it holds.
 */
export function replay(transcript: Transcript, decoders: readonly DeviceDecoder[] = deviceDecoders): Replay {
  const entries = decodeEvents(transcript, decoders)
  const host = new HostReplay(transcript.events)
  for (const [number, event] of transcript.events.entries()) {
    if (event.kind === 'postmessage') {
      // What the recorded host had no room for it did not hear either.
      if ((event.status ?? 0) === 0) host.fromGuest(fromHex(event.hex), event.connection_id, number)
    } else if (event.kind === 'msg') host.fromHost(fromHex(event.hex), number)
  }
  host.finish()
  const { differences, violations, violationCounts } = host
  return { transcript, entries, differences, violations, summary: summarize(entries, differences, violationCounts) }
}

/** Decodes every event of a transcript in one session. */
export function decodeEvents(
  { events }: Transcript,
  decoders: readonly DeviceDecoder[] = deviceDecoders,
): ReplayEntry[] {
  const session = new Session({ decoders })
  return events.map((event, number) => {
    const entry = sessionEntry(session, event)
    const relid = entry?.channelId ?? ('relid' in event ? event.relid : undefined)
    const device = relid === undefined ? undefined : session.channel(relid)?.device
    const base = { number, event, ...(device === undefined ? {} : { device }) }
    if (entry !== undefined) return { ...base, session: entry, faults: entry.faults }
    if (event.kind !== 'ringheader') return { ...base, faults: [] }
    const { value, faults } = tryDecode(RingControlPage, controlPage(event))
    return { ...base, ringHeader: { schema: RingControlPage, value }, faults }
  })
}

/** What a session makes of an event; `undefined` of those that no session takes. */
export function sessionEntry(session: Session, event: TranscriptEvent): SessionEntry | undefined {
  switch (event.kind) {
    case 'postmessage':
      return session.message('guest', fromHex(event.hex))
    case 'msg':
      return session.message('host', fromHex(event.hex))
    case 'packet': {
      const data = event.data === undefined ? undefined : fromHex(event.data)
      return session.packet(event.dir === 'g2h' ? 'guest' : 'host', event.relid, fromHex(event.hex), data)
    }
    case 'signalevent':
      return event.dir === 'g2h'
        ? session.signal('guest', event.connection_id ?? 0)
        : session.signal('host', event.flag ?? 0)
    default:
      return undefined
  }
}

/** A recorded ring header is the beginning of a control page; what was not recorded of it is reserved. */
function controlPage(event: EventOf<'ringheader'>): Uint8Array {
  const page = new Uint8Array(RingControlPage.size)
  page.set(fromHex(event.hex).subarray(0, page.byteLength))
  return page
}
