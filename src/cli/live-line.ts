import { entryFields, entryMessages, entryName, type LineField } from '../trace/index.ts'
import type { SessionEntry } from '../vmbus/session/entry.ts'
import { paint } from './terminal.ts'

/**
 * A line of a conversation that is still going on, and one below for each message that it refers to. Columns have fixed widths, as
 * what comes next is not known.
 */
export function liveLine(time: number, entry: SessionEntry): string {
  const who = entry.from === 'guest' ? paint('green', 'child → root ') : paint('blue', 'root  → child')
  const channel = entry.channelId === undefined ? '' : `#${entry.channelId} ${entry.device ?? ''}`
  const columns = [
    String(time).padStart(6),
    who,
    paint('bold', entryName(entry).padEnd(25)),
    paint('cyan', channel.padEnd(12)),
    words(entryFields(entry)),
  ]
  const messages = entryMessages(entry).map(
    ({ what, fields }) => `${' '.repeat(23)}> ${paint('bold', what)}  ${words(fields)}`,
  )
  return [columns.join('  '), ...messages].map((line) => line.trimEnd()).join('\n')
}

function words(fields: readonly LineField[]): string {
  return fields.map(({ name, text }) => `${paint('gray', name)} ${text}`).join(', ')
}
