import { OpenedRingsFinder } from '../channels/channel/opened-rings.ts'
import { type HostTransport, HvStatus, type TransportEnds, vmbusMessageType } from '../channels/index.ts'
import { MemoryFault, type PageList } from '../memory/index.ts'
import type { Sender } from '../wire/index.ts'
import type { TranscriptRecorder } from './recorder.ts'

/** Bytes of a control page that are recorded: up to the end of its defined fields. */
const ringHeaderBytes = 128

/**
 * Records what the host's end of any transport takes and sends: control messages both ways, signals, and ring headers as channels
 * open and close. Packets are in rings, which a transport does not see: they come from a bus's events (see `recordBus`).
 * Bits that are set in interrupt and monitor pages have no event in a transcript.
 */
export function recordEnds({ host, guest }: TransportEnds, recorder: TranscriptRecorder): TransportEnds {
  return { guest, host: recordHost(host, recorder) }
}

/** The same for the host's end alone, whose guest is elsewhere. */
export function recordHost(host: HostTransport, recorder: TranscriptRecorder): HostTransport {
  const finder = new OpenedRingsFinder(host.memory)
  const passed = (from: Sender, bytes: Uint8Array): void => {
    const found = finder.message(from, bytes)
    if (found === undefined) return
    const { channelId, guestToHost, hostToGuest } = found.rings
    for (const [name, ring] of [['guest-to-host', guestToHost] as const, ['host-to-guest', hostToGuest] as const]) {
      const header = readHeader(ring)
      if (header !== undefined) recorder.ringHeader(channelId, name, found.at, header)
    }
  }
  return {
    memory: host.memory,
    post: (vp, sint, messageType, payload) => {
      const outcome = host.post(vp, sint, messageType, payload)
      if (outcome !== 'delivered' || messageType !== vmbusMessageType) return outcome
      recorder.deliver(vp, sint, payload)
      passed('host', payload)
      return outcome
    },
    setEventFlag: (vp, sint, flag) => {
      recorder.signalGuest(vp, sint, flag)
      host.setEventFlag(vp, sint, flag)
    },
    setBit: (gpa, bit) => host.setBit(gpa, bit),
    take32: (gpa) => host.take32(gpa),
    watch: (page) => host.watch(page),
    attach: (handlers) =>
      host.attach({
        post: (connectionId, messageType, payload) => {
          const bytes = payload.slice()
          const status = handlers.post(connectionId, messageType, payload)
          if (messageType !== vmbusMessageType) return status
          recorder.post(connectionId, bytes, status)
          if (status === HvStatus.Success) passed('guest', bytes)
          return status
        },
        signal: (connectionId, flag) => {
          recorder.signalHost(connectionId, flag)
          return handlers.signal(connectionId, flag)
        },
        slotFree: (vp, sint) => handlers.slotFree(vp, sint),
        watched: () => handlers.watched(),
      }),
  }
}

function readHeader(ring: PageList): Uint8Array | undefined {
  const bytes = new Uint8Array(ringHeaderBytes)
  try {
    ring.read(0, bytes, 0, bytes.length)
    return bytes
  } catch (error) {
    if (error instanceof MemoryFault) return undefined
    throw error
  }
}
