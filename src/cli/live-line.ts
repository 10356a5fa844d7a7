import { entryFields, entryName } from '../trace/index.ts'
import type { SessionEntry } from '../vmbus/session/entry.ts'
import { paint } from './terminal.ts'

/** One line of a conversation that is still going on: columns have fixed widths, as what comes next is not known. */
export function liveLine(time: number, entry: SessionEntry): string {
  const who = entry.from === 'guest' ? paint('green', 'child → root ') : paint('blue', 'root  → child')
  const channel = entry.channelId === undefined ? '' : `#${entry.channelId} ${entry.device ?? ''}`
  const fields = entryFields(entry).map(({ name, text }) => `${paint('gray', name)} ${text}`)
  const columns = [
    String(time).padStart(6),
    who,
    paint('bold', entryName(entry).padEnd(25)),
    paint('cyan', channel.padEnd(12)),
    fields.join(', '),
  ]
  return columns.join('  ').trimEnd()
}
