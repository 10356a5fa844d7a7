import { OtherPacket, Packet, PacketDescriptor } from '../vmbus/packets.ts'
import type { PacketData, PacketEntry, SessionEntry } from '../vmbus/session/entry.ts'
import { toHex } from '../wire/index.ts'
import { fieldsOf, type LineField } from './fields.ts'
import { frameFields } from './frame-fields.ts'
import type { ReplayEntry } from './replay-entry.ts'
import { srbFields } from './srb-fields.ts'

/** What a piece of a line is, for those who colour it. */
export type DialogueInk = 'time' | 'guest' | 'host' | 'name' | 'channel' | 'field' | 'value' | 'note' | 'fault'

/** How {@link dialogue} prints. */
export interface DialogueOptions {
  /** Colours a piece of text, already padded; must not change its width. */
  readonly paint?: (ink: DialogueInk, text: string) => string
}

/** A message outside the ring, in words. */
export interface MessageWords {
  readonly what: string
  readonly fields: readonly LineField[]
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
  /** The messages that a packet refers to. */
  readonly messages: readonly MessageWords[]
  readonly notes: readonly string[]
  readonly faults: readonly string[]
  /** Whether many of these in a row tell no more than the last one. */
  readonly repeats: boolean
}

/** Columns are at most this wide; what is longer pushes the rest of its line. */
const maxColumn = 26

/**
 * The conversation as aligned lines: time, who to whom, what, channel, the fields that matter; below what a packet refers to, oddities
 * and faults.
 */
export function dialogue(entries: readonly ReplayEntry[], options: DialogueOptions = {}): string[] {
  const { paint = (_, text) => text } = options
  const lines = folded(withoutTold(entries).map(dialogueLine))
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
  const words = (fields: readonly LineField[]) =>
    fields.map(({ name, text }) => [paint('field', name), paint('value', text)].join(' ')).join(', ')
  return lines.flatMap(({ time, who, what, channel, fields, messages, notes, faults }) => {
    const columns = [
      paint('time', time.padStart(timeWidth)),
      paint(who === 'host → guest' ? 'host' : 'guest', who.padEnd(whoWidth)),
      paint('name', what.padEnd(whatWidth)),
      paint('channel', channel.padEnd(channelWidth)),
      words(fields),
    ]
    return [
      columns.join('  ').trimEnd(),
      ...messages.map((message) => `${indent}> ${paint('name', message.what)}  ${words(message.fields)}`.trimEnd()),
      ...notes.map((note) => indent + paint('note', `- ${note}`)),
      ...faults.map((fault) => indent + paint('fault', `! ${fault}`)),
    ]
  })
}

/** The events without those of version 1 that only say what a packet before them refers to. */
function withoutTold(entries: readonly ReplayEntry[]): ReplayEntry[] {
  const latest = new Map<string, string | undefined>()
  return entries.filter(({ event }) => {
    if (event.kind === 'packet') latest.set(`${event.dir} ${event.relid}`, event.data)
    return event.kind !== 'rndis' || latest.get(`${event.dir} ${event.relid}`) !== event.hex
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
    messages: session === undefined ? [] : entryMessages(session),
    notes: session?.notes ?? [],
    repeats: session?.name === 'GpadlBody' || (event.kind === 'setvpreg' && event.reg === 'EOM'),
    faults: faults.map(({ path, offset, why, code }) => `${path} at offset ${offset}: ${why} (${code})`.trimStart()),
  } as const
  if (session !== undefined) return { ...told, what: entryName(session), fields: entryFields(session) }
  return { ...told, ...otherWords(entry) }
}

/** What a message, packet or signal is, in a word. */
export function entryName(entry: SessionEntry): string {
  return entry.kind === 'packet' ? shortName(entry.name) : entry.name
}

/** What a packet is called here: `DataInBand`; a device's message keeps its name. */
function shortName(name: string): string {
  const isBare = name === OtherPacket.name || Packet.members.some(({ schema }) => schema.name === name)
  return isBare ? name.replace(/Packet$/, '') : name
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

/** The messages that a packet refers to; of one that carries a frame the frame. */
export function entryMessages(entry: SessionEntry): MessageWords[] {
  if (entry.kind !== 'packet') return []
  return (entry.data?.messages ?? []).map((message) => ({
    what: message.name,
    fields: frameFields(message) ?? fieldsOf(message),
  }))
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
  if (answers !== undefined) fields.push({ name: 'completes', text: shortName(answers.name) })
  fields.push(...fieldsOf(entry).filter(({ name }) => name !== 'rangeCount'))
  if (payload !== undefined) fields.push(...(srbFields(payload) ?? fieldsOf(payload)))
  else fields.push({ name: 'payload', text: bytesWord(packet.payload) })
  if (entry.data !== undefined) fields.push({ name: 'data', text: dataWord(entry.data) })
  return fields
}

function dataWord({ byteCount, bytes, isContents }: PacketData): string {
  const word = `${byteCount} bytes`
  if (bytes === undefined) return isContents || byteCount === 0 ? word : `${word}, not recorded`
  const shown = isContents ? ` ${bytesHead(bytes)}` : ''
  return bytes.byteLength < byteCount ? `${word}, ${bytes.byteLength} recorded${shown}` : word + shown
}

/** What could be read of the descriptor of a packet that is not good. */
function descriptorFields(value: object | undefined): LineField[] {
  if (value === undefined || !('descriptor' in value) || typeof value.descriptor !== 'object') return []
  return fieldsOf({ schema: PacketDescriptor, value: value.descriptor ?? undefined })
}

function bytesWord(bytes: Uint8Array): string {
  return `${bytes.byteLength} bytes ${bytesHead(bytes)}`.trimEnd()
}

function bytesHead(bytes: Uint8Array): string {
  return toHex(bytes.subarray(0, shownBytes)) + (bytes.byteLength > shownBytes ? '…' : '')
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
