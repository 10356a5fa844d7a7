import { PacketDescriptor } from '../vmbus/packets.ts'
import type { PacketEntry, SessionEntry } from '../vmbus/session/entry.ts'
import { toHex } from '../wire/index.ts'
import { fieldsOf, type LineField } from './fields.ts'
import type { ReplayEntry } from './replay.ts'

/** What a piece of a line is, for those who colour it. */
export type DialogueInk = 'time' | 'guest' | 'host' | 'name' | 'channel' | 'field' | 'value' | 'note' | 'fault'

/** How {@link dialogue} prints. */
export interface DialogueOptions {
  /** Colours a piece of text, already padded; must not change its width. */
  readonly paint?: (ink: DialogueInk, text: string) => string
}

/** An event in words, before it is lined up with others. */
export interface DialogueLine {
  /** Seconds since the recording began. */
  readonly time: string
  /** Who speaks to whom. */
  readonly who: 'guest → host' | 'host → guest' | 'guest → hypervisor' | 'recorder'
  /** What is said. */
  readonly what: string
  /** `#3 keyboard`; empty where no channel is concerned. */
  readonly channel: string
  readonly fields: readonly LineField[]
  readonly notes: readonly string[]
  readonly faults: readonly string[]
  /** Whether many of these in a row tell no more than the last one. */
  readonly repeats: boolean
}

/** Columns are at most this wide; what is longer pushes the rest of its line. */
const maxColumn = 26

/** The conversation as aligned lines: time, who to whom, what, channel, the fields that matter; oddities and faults below. */
export function dialogue(entries: readonly ReplayEntry[], options: DialogueOptions = {}): string[] {
  const { paint = (_, text) => text } = options
  const lines = folded(entries.map(dialogueLine))
  const width = (text: (line: DialogueLine) => string) =>
    Math.min(
      maxColumn,
      lines.reduce((most, line) => Math.max(most, text(line).length), 0),
    )
  const timeWidth = width(({ time }) => time)
  const whoWidth = width(({ who }) => who)
  const whatWidth = width(({ what }) => what)
  const channelWidth = width(({ channel }) => channel)
  const indent = ' '.repeat(timeWidth + whoWidth + 4)
  return lines.flatMap(({ time, who, what, channel, fields, notes, faults }) => {
    const words = fields.map(({ name, text }) => [paint('field', name), paint('value', text)].join(' '))
    const columns = [
      paint('time', time.padStart(timeWidth)),
      paint(who === 'host → guest' ? 'host' : 'guest', who.padEnd(whoWidth)),
      paint('name', what.padEnd(whatWidth)),
      paint('channel', channel.padEnd(channelWidth)),
      words.join(', '),
    ]
    return [
      columns.join('  ').trimEnd(),
      ...notes.map((note) => indent + paint('note', `- ${note}`)),
      ...faults.map((fault) => indent + paint('fault', `! ${fault}`)),
    ]
  })
}

/** The lines with runs of repeated ones as one: the last, with their number. */
function folded(lines: readonly DialogueLine[]): DialogueLine[] {
  const result: DialogueLine[] = []
  let run = 1
  for (const [index, line] of lines.entries()) {
    const next = lines[index + 1]
    const goesOn = next?.repeats && line.repeats && next.what === line.what && next.channel === line.channel
    if (goesOn && line.notes.length + line.faults.length === 0) {
      run++
      continue
    }
    result.push(run === 1 ? line : { ...line, what: `${line.what} × ${run}` })
    run = 1
  }
  return result
}

/** One event in words. */
export function dialogueLine(entry: ReplayEntry): DialogueLine {
  const { event, session, faults } = entry
  const told = {
    time: event.t.toFixed(4),
    who: 'dir' in event && event.dir === 'h2g' ? 'host → guest' : 'guest → host',
    channel: channelWord(entry),
    notes: session?.notes ?? [],
    repeats: session?.name === 'GpadlBody' || (event.kind === 'setvpreg' && event.reg === 'EOM'),
    faults: faults.map(({ path, offset, why, code }) => `${path} at offset ${offset}: ${why} (${code})`.trimStart()),
  } as const
  if (session !== undefined) return { ...told, what: entryName(session), fields: entryFields(session) }
  return { ...told, ...otherWords(entry) }
}

/** What a message, packet or signal is, in a word. */
export function entryName(entry: SessionEntry): string {
  return entry.kind === 'packet' && entry.payload === undefined ? entry.name.replace(/Packet$/, '') : entry.name
}

/** The fields of a message, packet or signal that matter to a reader. */
export function entryFields(entry: SessionEntry): LineField[] {
  switch (entry.kind) {
    case 'message':
      return [...fieldsOf(entry).filter(isShort), ...gpadlFields(entry.gpadl)]
    case 'packet':
      return packetFields(entry)
    case 'signal': {
      const name = entry.from === 'guest' ? 'connection' : 'flag'
      return [{ name, text: `0x${entry.target.toString(16)}` }]
    }
  }
}

function channelWord({ event, session, device }: ReplayEntry): string {
  const channelId = session?.channelId ?? ('relid' in event ? event.relid : undefined)
  const recorded = 'channel' in event ? event.channel : undefined
  const name = device ?? recorded
  if (channelId === undefined) return name ?? ''
  return name === undefined ? `#${channelId}` : `#${channelId} ${name}`
}

/** Page numbers tell a reader nothing; {@link gpadlFields} says how many there are. */
function isShort({ name }: LineField): boolean {
  return name !== 'data'
}

function gpadlFields(gpadl: { readonly missing: number; readonly byteCount: number } | undefined): LineField[] {
  if (gpadl === undefined) return []
  if (gpadl.missing > 0) return [{ name: 'missing', text: `${gpadl.missing} bytes` }]
  return [{ name: 'memory', text: `${gpadl.byteCount} bytes` }]
}

const shownBytes = 16

function packetFields(entry: PacketEntry): LineField[] {
  const { packet, payload, answers } = entry
  const fields: LineField[] = []
  if (packet === undefined) return [...descriptorFields(entry.value), ...fieldsOf(entry)]
  const { transactionId, flags } = packet.descriptor
  if (transactionId !== 0n) fields.push({ name: 'id', text: `0x${transactionId.toString(16)}` })
  if (flags !== 0) fields.push({ name: 'flags', text: flags === 1 ? 'completion wanted' : `0x${flags.toString(16)}` })
  if (answers !== undefined) fields.push({ name: 'completes', text: answers.name.replace(/Packet$/, '') })
  fields.push(...fieldsOf(entry))
  if (payload !== undefined) fields.push(...fieldsOf(payload))
  else fields.push({ name: 'payload', text: bytesWord(packet.payload) })
  return fields
}

/** What could be read of the descriptor of a packet that is not good. */
function descriptorFields(value: object | undefined): LineField[] {
  if (value === undefined || !('descriptor' in value) || typeof value.descriptor !== 'object') return []
  return fieldsOf({ schema: PacketDescriptor, value: value.descriptor ?? undefined })
}

function bytesWord(bytes: Uint8Array): string {
  const more = bytes.byteLength > shownBytes ? '…' : ''
  return `${bytes.byteLength} bytes ${toHex(bytes.subarray(0, shownBytes))}${more}`.trimEnd()
}

/** Events that no session decodes. */
function otherWords({ event, ringHeader }: ReplayEntry): Pick<DialogueLine, 'what' | 'fields'> & Partial<DialogueLine> {
  const word = (name: string, text: string | number | undefined): LineField[] =>
    text === undefined ? [] : [{ name, text: String(text) }]
  switch (event.kind) {
    case 'setvpreg':
      return { who: 'guest → hypervisor', what: 'HvCallSetVpRegisters', fields: word(event.reg, event.value) }
    case 'getvpreg': {
      const text = BigInt(event.hi) === 0n ? event.lo : `${event.hi}:${event.lo}`
      return { who: 'guest → hypervisor', what: 'HvCallGetVpRegisters', fields: word(event.reg, text) }
    }
    case 'ringheader': {
      const fields = [...word('ring', event.ring), ...word('pages', event.pages)]
      if (ringHeader !== undefined) fields.push(...fieldsOf(ringHeader))
      return { what: `ring at ${event.at}`, fields }
    }
    case 'rndis':
      return { what: 'RNDIS', fields: word('payload', `${event.hex.length / 2} bytes ${event.hex.slice(0, 32)}`) }
    case 'mem':
      return { who: 'recorder', what: 'memory', fields: word(event.gpa, `${event.hex.length / 2} bytes`) }
    case 'ring': {
      const { kind: _, t: __, ring, hex, relid: ___, channel: ____, ...stores } = event
      const bytes = hex === undefined ? [] : word('bytes', hex.length / 2)
      const fields = [...word('ring', ring), ...Object.entries(stores).flatMap(([name, value]) => word(name, value))]
      return { who: 'recorder', what: 'ring write', fields: [...fields, ...bytes] }
    }
    case 'tick':
      return { who: 'recorder', what: 'tick', fields: word('by', `${event.by / 10_000} ms`) }
    case 'fault':
      return { who: 'recorder', what: `fault: ${event.fault}`, fields: word('event', event.event) }
    case 'config': {
      const { package: by, version, offers } = event
      const fields = [...word('package', by), ...word('version', version), ...word('offers', offers?.length)]
      return { who: 'recorder', what: 'configuration', fields }
    }
    default:
      return { what: event.kind, fields: [] }
  }
}
