import { packetBytes } from '../channels/channel/packet-bytes.ts'
import { type Guest, type Host, HostEndpoint } from '../channels/index.ts'
import { deviceDecoders } from '../trace/index.ts'
import { Session } from '../vmbus/session.ts'
import { liveLine } from './live-line.ts'

/** Says a conversation as one end sees it, decoded, a line each; what disks are to read and write is not looked at. */
export function traceLive({ events, endpoint }: Host | Guest, say: (line: string) => void): void {
  const session = new Session({
    decoders: deviceDecoders,
    memory: endpoint.transport.memory,
    dataLimit: ({ isContents }) => (isContents ? 0 : 1 << 20),
  })
  const [own, peer] = endpoint instanceof HostEndpoint ? (['host', 'guest'] as const) : (['guest', 'host'] as const)
  const from = (direction: 'sent' | 'received') => (direction === 'sent' ? own : peer)
  const time = (milliseconds = 0) => Math.round(milliseconds)
  events.on('message', (event) => say(liveLine(time(event.time), session.message(from(event.direction), event.bytes))))
  events.on('signal', (event) => say(liveLine(time(event.time), session.signal(from(event.direction), event.number))))
  events.on('packet', (event) => {
    const entry = session.packet(from(event.direction), event.channelId, packetBytes(event))
    say(liveLine(time(event.time), entry))
  })
}
