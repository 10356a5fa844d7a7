import type { JsonObject } from '../wire/index.ts'
import { withRelids } from './channel-names.ts'
import { withData } from './event-data.ts'
import { eventShape, type TranscriptEvent } from './events.ts'
import { faultsOf, isOf, list, object, oneOf, optional, type ShapeFault, type ShapeOf, text } from './shape.ts'

const formats = ['vmbus transcript v1', 'vmbus transcript v2'] as const

/** The format written. */
export const transcriptFormat = formats[1]

const transcriptShape = object({
  format: oneOf(...formats),
  name: optional(text()),
  description: optional(text()),
  kernel: optional(text().describe('the guest')),
  events: list(eventShape),
})

/** A recorded conversation. Packets carry their relid as far as it can be told. */
export type Transcript = Omit<ShapeOf<typeof transcriptShape>, 'format'> & { readonly format: typeof transcriptFormat }

/** Thrown for what is no transcript. */
export class TranscriptError extends Error {
  override readonly name = 'TranscriptError'
  constructor(
    /** The first few things that are wrong. */
    readonly faults: readonly ShapeFault[],
    /** Their number, those not kept included. */
    readonly total: number,
  ) {
    const [first] = faults
    const more = total > 1 ? ` (and ${total - 1} more)` : ''
    super(
      `no transcript: ${first === undefined ? '' : `${first.path === '' ? '' : `${first.path}: `}${first.why}`}${more}`,
    )
  }
}

/**
 * Reads a transcript from what `JSON.parse` made of it, of either version; a version 1 is brought to version 2. Properties that are not known
 * are ignored. Throws {@link TranscriptError}.
 */
export function readTranscript(json: unknown): Transcript {
  if (!isOf(transcriptShape, json)) {
    const { faults, total } = faultsOf(transcriptShape, json)
    throw new TranscriptError(faults, total)
  }
  const { name, description, kernel } = json
  return {
    format: transcriptFormat,
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(kernel === undefined ? {} : { kernel }),
    events: withData(withRelids(json.events.map(withoutCopies))),
  }
}

/** Reads a transcript's text. Throws {@link TranscriptError}. */
export function parseTranscript(text: string): Transcript {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    const why = `no JSON: ${error instanceof Error ? error.message.slice(0, 200) : ''}`
    throw new TranscriptError([{ path: '', why }], 1)
  }
  return readTranscript(json)
}

/** The text of a transcript: JSON with a line for each event. */
export function writeTranscript({ events, ...rest }: Transcript): string {
  const head = Object.entries(rest).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`)
  const lines = events.map((event) => `    ${JSON.stringify(event)}`)
  return `{\n${head.join('')}  "events": [\n${lines.join(',\n')}\n  ]\n}\n`
}

/** The JSON Schema (draft 2020-12) of transcripts, both versions. */
export function transcriptJsonSchema(): JsonObject {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'vmbus transcript',
    description:
      'A recorded conversation between a Hyper-V host and a guest; version 2 is written, version 1 still read.',
    ...transcriptShape.jsonSchema,
  }
}

/**
 * Version 1 repeats a packet's type, flags and transaction id beside its bytes; the id as a number, of which JSON readers that use doubles
 * keep only 53 bits. The bytes say it all.
 */
function withoutCopies(event: TranscriptEvent): TranscriptEvent {
  if (event.kind !== 'packet') return event
  const { kind, t, dir, hex, channel, relid, rndis, data = rndis } = event
  return {
    kind,
    t,
    dir,
    ...(relid === undefined ? {} : { relid }),
    ...(channel === undefined ? {} : { channel }),
    hex,
    ...(data === undefined ? {} : { data }),
  }
}
