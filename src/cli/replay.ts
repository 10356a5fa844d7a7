import { readFileSync } from 'node:fs'
import {
  type DialogueInk,
  type Difference,
  dialogue,
  linuxBoot,
  parseTranscript,
  type Replay,
  type ReplaySummary,
  replay,
  type Transcript,
  TranscriptError,
} from '../trace/index.ts'
import type { PacketData } from '../vmbus/session/entry.ts'
import { type JsonObject, toHex, toJSON } from '../wire/index.ts'
import { type Command, type ExitStatus, InputError } from './command.ts'
import { readable } from './input.ts'
import { paint, print, type Style } from './terminal.ts'

/** `vmbus replay`: a recorded conversation, told and checked. */
export const replayCommand: Command = {
  name: 'replay',
  usage: 'replay [FILE|-] [--json] [--quiet]',
  summary: 'Tells a recorded conversation, and says where our host would answer otherwise.',
  words: 1,
  options: {
    json: { help: 'print one JSON a line: events, differences, violations, the summary' },
    quiet: { help: 'only the differences and the summary' },
  },
  run(call) {
    const result = replay(load(call.words[0]))
    if (call.has('json')) printJson(result, call.has('quiet'))
    else print(...(call.has('quiet') ? [] : dialogueLines(result)), ...verdict(result))
    return exitStatus(result)
  },
}

/** 1 when bytes were faulty or a guest would notice the difference. */
function exitStatus({ summary }: Replay): ExitStatus {
  return summary.faults > 0 || summary.differences.matter > 0 ? 1 : 0
}

/** The transcript of a file; without one, the recording that ships with the package. Throws {@link InputError}. */
export function load(path: string | undefined): Transcript {
  if (path === undefined) return linuxBoot
  const text = readable(path, () => readFileSync(path === '-' ? 0 : path, 'utf8'))
  try {
    return parseTranscript(text)
  } catch (error) {
    if (error instanceof TranscriptError) throw new InputError(`${path}: ${error.message}`)
    throw error
  }
}

const inks: Record<DialogueInk, Style> = {
  time: 'gray',
  guest: 'green',
  host: 'blue',
  name: 'bold',
  channel: 'cyan',
  field: 'gray',
  value: 'reset',
  note: 'yellow',
  fault: 'red',
}

/** The conversation, line by line. */
export function dialogueLines({ entries }: Replay): string[] {
  return dialogue(entries, { paint: (ink, text) => paint(inks[ink], text) })
}

/** What came of it: differences, what our host held against the guest, numbers. */
export function verdict({ differences, violations, summary }: Replay): string[] {
  const lines = ['', ...differenceLines(differences)]
  for (const { event, rule, field, why } of violations) {
    lines.push(paint('yellow', `our host ignored event ${event}: ${why} (${rule}${field === '' ? '' : `, ${field}`})`))
  }
  return [...lines, ...summaryLines(summary)]
}

function differenceLines(differences: readonly Difference[]): string[] {
  if (differences.length === 0) return ['Our host answers just as the recorded one.']
  // A host numbers and signals as it likes: such differences are told once a field, with their number.
  const free = new Map<string, { readonly line: string; count: number }>()
  const lines: string[] = []
  for (const { kind, event, message, field, recorded, ours, matters, why } of differences) {
    const what = field === '' ? message : `${message}.${field}`
    if (!matters) {
      const key = `${kind} ${what}`
      const known = free.get(key) ?? { line: `${kind}: ${what}: ${why}`, count: 0 }
      known.count++
      free.set(key, known)
      continue
    }
    const values = kind === 'different' ? `: recorded ${JSON.stringify(recorded)}, ours ${JSON.stringify(ours)}` : ''
    lines.push(paint('red', `difference that matters, event ${event}, ${kind}: ${what}${values}; ${why}`))
  }
  for (const { line, count } of free.values())
    lines.push(`difference without effect${count > 1 ? ` × ${count}` : ''}, ${line}`)
  return lines
}

function summaryLines(summary: ReplaySummary): string[] {
  const { messages, packets, devices } = summary
  const lines = [
    '',
    `${summary.events} events: ${messages.guest} messages from the guest and ${messages.host} from the host, ${summary.signals} signals, ${packets.guest + packets.host} packets`,
  ]
  const width = Math.max(0, ...devices.map(({ device }) => device.length))
  for (const { device, packets, decoded, asBytes } of devices) {
    const unknown = asBytes > 0 ? `, ${asBytes} shown as bytes` : ''
    lines.push(`  ${device.padEnd(width)}  ${packets} packets, ${decoded} decoded${unknown}`)
  }
  if (summary.withoutData > 0) {
    lines.push(`${summary.withoutData} packets refer to messages that were not recorded, or not wholly`)
  }
  const ignored = Object.values(summary.violations).reduce((sum, count) => sum + count, 0)
  lines.push(
    `${summary.faults} faults in bytes, ${summary.differences.matter} differences that matter, ${summary.differences.free} without effect, ${ignored} ignored by our host`,
  )
  return lines
}

/** What a packet refers to: its length, how much was recorded, and its messages, or the bytes where they are none. */
function dataJson({ byteCount, bytes, isContents, messages }: PacketData): JsonObject {
  return {
    byteCount,
    recorded: bytes?.byteLength ?? 0,
    ...(isContents && bytes !== undefined && { hex: toHex(bytes) }),
    messages: messages.map(({ name, schema, value }) => ({
      name,
      ...(value !== undefined && { value: toJSON(schema, value) }),
    })),
  }
}

function printJson({ entries, differences, violations, summary }: Replay, quiet: boolean): void {
  for (const { number, event, session, device, faults } of quiet ? [] : entries) {
    const what = session === undefined ? {} : { name: session.name }
    const fields =
      session === undefined || !('value' in session) || session.value === undefined
        ? {}
        : { value: toJSON(session.schema, session.value) }
    print(
      JSON.stringify({
        event: number,
        t: event.t,
        kind: event.kind,
        ...(device !== undefined && { device }),
        ...what,
        ...fields,
        ...(session?.kind === 'packet' && session.data !== undefined && { data: dataJson(session.data) }),
        faults,
      }),
    )
  }
  for (const difference of differences) print(JSON.stringify({ difference }))
  for (const violation of violations) print(JSON.stringify({ violation }))
  print(JSON.stringify({ summary }))
}
