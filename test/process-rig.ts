import {
  Frame,
  type FrameEnd,
  FrameGuest,
  type FrameGuestOptions,
  FrameHost,
  type FrameHostOptions,
  type GuestTransport,
  type HelloFrame,
  type HostTransport,
  Pump,
  type TransportEnds,
} from '../src/channels/index.ts'
import { BufferMemory, type GuestMemory } from '../src/memory/index.ts'

/** Both ends of the process transport, joined without a socket: each frame is received before `send` returns. */
export function framePair(
  memory: GuestMemory,
  pump: Pump,
  options: { vps?: number; base?: number; begins?: 'host' | 'guest' } = {},
) {
  const { begins = 'guest', vps = 1, base = 0 } = options
  const log: string[] = []
  const ends: FrameEnd[] = []
  const made: { host?: HostTransport; guest?: GuestTransport; hello?: HelloFrame } = {}
  const host: FrameHost = new FrameHost({
    memory,
    pump,
    send: (frame) => {
      log.push(`host ${nameOf(frame)}`)
      guest.receive(frame.slice())
    },
    ended: (end) => ends.push(end),
    connected: (transport, hello) => {
      made.host = transport
      made.hello = hello
    },
  })
  const guest: FrameGuest = new FrameGuest({
    memory,
    pump,
    vps,
    base,
    send: (frame) => {
      log.push(`guest ${nameOf(frame)}`)
      host.receive(frame.slice())
    },
    ended: (end) => ends.push(end),
    connected: (transport) => {
      made.guest = transport
    },
  })
  const first = begins === 'guest' ? guest : host
  first.begin()
  return { host, guest, log, ends, made }
}

/** The same as the ends of a bus. */
export function frameEnds(memory: GuestMemory, pump: Pump, vps = 1, begins: 'host' | 'guest' = 'guest'): TransportEnds {
  const { host, guest } = framePair(memory, pump, { vps, begins }).made
  if (host === undefined || guest === undefined) throw new Error('the ends did not connect')
  return { host, guest }
}

/** One end by itself; `sent` has the frames that it sent. */
export function loneHost(more: Partial<FrameHostOptions> = {}) {
  const sent: Frame[] = []
  const ends: FrameEnd[] = []
  const pump = new Pump()
  const memory = new BufferMemory(new ArrayBuffer(0x1_0000))
  const hosts: HostTransport[] = []
  const host = new FrameHost({
    memory,
    pump,
    send: (frame) => sent.push(Frame.decode(frame.slice(), { from: 'host' })),
    ended: (end) => ends.push(end),
    connected: (transport) => hosts.push(transport),
    ...more,
  })
  return { host, sent, ends, pump, memory, hosts }
}

export function loneGuest(more: Partial<FrameGuestOptions> = {}) {
  const sent: Frame[] = []
  const ends: FrameEnd[] = []
  const pump = new Pump()
  const memory = new BufferMemory(new ArrayBuffer(0x1_0000))
  const guests: GuestTransport[] = []
  const guest = new FrameGuest({
    memory,
    pump,
    send: (frame) => sent.push(Frame.decode(frame.slice(), { from: 'guest' })),
    ended: (end) => ends.push(end),
    connected: (transport) => guests.push(transport),
    ...more,
  })
  return { guest, sent, ends, pump, memory, guests }
}

function nameOf(frame: Uint8Array): string {
  return Frame.decode(frame).type
}
