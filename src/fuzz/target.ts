import type { TranscriptEvent } from '../trace/events.ts'
import { fromHex } from '../trace/hex.ts'
import { toHex } from '../wire/index.ts'
import type { Draw } from './draw.ts'
import { applyMutation, type Mutation } from './mutate.ts'

/** Kinds of events that carry bytes of their own. */
type BytesEvent = Extract<TranscriptEvent, { readonly hex: string }>

/** One input of a run. */
export interface Step {
  /** What happens, but for the mutations. */
  readonly event: TranscriptEvent
  /** Done to the event's bytes, in this order; the shrinker undoes what is not needed. */
  readonly mutations?: readonly Mutation[]
  /** Puts the event's bytes, mutations done, into what carries them: a message into a packet. */
  readonly wrap?: (bytes: Uint8Array) => Uint8Array
}

/** Something that can be fuzzed: it draws inputs, carries them out, and knows what must never happen. */
export interface FuzzTarget {
  readonly name: string
  /** The inputs of one run. They depend on the draws alone, never on how the target reacts, so that any can be left out. */
  generate(draw: Draw): Step[]
  /**
   * Carries inputs out, in order, on a fresh instance of what is fuzzed. Throws when something happened that must not: what the
   * fuzzed code threw, or an {@link OracleError}. Inputs that make no sense to it are skipped.
   */
  run(events: readonly TranscriptEvent[]): void
}

/** What is fuzzed did something that must never happen. */
export class OracleError extends Error {
  override readonly name = 'OracleError'
  constructor(
    /** Stable name of what was expected: `lost-completion`. */
    readonly rule: string,
    why: string,
  ) {
    super(`${rule}: ${why}`)
  }
}

/** Throws an {@link OracleError} unless `holds`. */
export function expect(holds: boolean, rule: string, why: string): asserts holds {
  if (!holds) throw new OracleError(rule, why)
}

/** The event of a step, mutations done. */
export function eventOf({ event, mutations = [], wrap }: Step): TranscriptEvent {
  if (!hasBytes(event) || (mutations.length === 0 && wrap === undefined)) return event
  const bytes = mutations.reduce(applyMutation, fromHex(event.hex))
  return { ...event, hex: toHex(wrap === undefined ? bytes : wrap(bytes)) }
}

function hasBytes(event: TranscriptEvent): event is BytesEvent {
  return 'hex' in event && event.hex !== undefined
}
