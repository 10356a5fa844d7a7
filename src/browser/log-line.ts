import { entryFields, entryName } from '../trace/index.ts'
import type { SessionEntry } from '../vmbus/session/entry.ts'

/** A message or packet as the page's log shows it. */
export interface LogLine {
  readonly from: 'guest' | 'host'
  readonly device: string
  readonly name: string
  readonly fields: string
}

/** A line of the page's log. What a pipe header says is left out. */
export function lineOf(entry: SessionEntry): LogLine {
  const fields = entryFields(entry).filter(({ name }) => name !== 'packetType' && name !== 'length')
  return {
    from: entry.from,
    device: entry.device ?? '',
    name: entryName(entry),
    fields: fields.map(({ name, text }) => `${name} ${text}`).join(', '),
  }
}
