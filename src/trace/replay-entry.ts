import type { Decoded, SessionEntry } from '../vmbus/session/entry.ts'
import type { WireFault } from '../wire/index.ts'
import type { TranscriptEvent } from './events.ts'

/** An event of a transcript with what it means. */
export interface ReplayEntry {
  /** Number of the event in the transcript, from 0. */
  readonly number: number
  /** The event as recorded. */
  readonly event: TranscriptEvent
  /** Control messages, packets and signals: what the session made of them. */
  readonly session?: SessionEntry
  /** Ring headers: the control page. */
  readonly ringHeader?: Decoded
  /** Device behind the event's channel, as far as known. */
  readonly device?: string
  /** What is wrong with its bytes. */
  readonly faults: readonly WireFault[]
}
