import { packetBytes } from '../channels/channel/packet-bytes.ts'
import type { Conversation, End } from '../channels/index.ts'
import { deviceDecoders } from '../trace/index.ts'
import { Session } from '../vmbus/session.ts'
import { liveLine } from './live-line.ts'

/** Says a conversation as one end sees it, decoded, a line each. */
export function traceLive(events: Conversation, end: End, say: (line: string) => void): void {
  const session = new Session({ decoders: deviceDecoders })
  const peer = end === 'host' ? 'guest' : 'host'
  const from = (direction: 'sent' | 'received') => (direction === 'sent' ? end : peer)
  const time = (milliseconds = 0) => Math.round(milliseconds)
  events.on('message', (event) => say(liveLine(time(event.time), session.message(from(event.direction), event.bytes))))
  events.on('signal', (event) => say(liveLine(time(event.time), session.signal(from(event.direction), event.number))))
  events.on('packet', (event) => {
    const entry = session.packet(from(event.direction), event.channelId, packetBytes(event))
    say(liveLine(time(event.time), entry))
  })
}
