import { rndisMessagesIn, withVlanTag } from '../devices/network/index.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import type { PacketEntry } from '../vmbus/session/entry.ts'
import { Session } from '../vmbus/session.ts'
import { FrameReceiver } from '../vsc/network/frame-receiver.ts'
import {
  type Frame,
  macAddressText,
  type NetworkBackend,
  type Nic,
  type TransmitFrame,
} from '../vsp/network/backends/backend.ts'
import { deviceDecoders } from './decoders.ts'
import { type CaptureSink, PcapngWriter } from './pcapng.ts'
import { sessionEntry } from './replay.ts'
import { lacksData } from './summary.ts'
import type { Transcript } from './transcript.ts'

/** A frame with its VLAN tag put in, as it would be on a cable. */
function onTheCable({ bytes, vlan }: Frame): Uint8Array {
  if (vlan === undefined || bytes.length < 12) return bytes
  return withVlanTag(bytes, (vlan.priority << 13) | (vlan.dropEligible ? 0x1000 : 0) | vlan.id)
}

/** How a capture is made. */
export interface CaptureOptions {
  /** Seconds since the capture began. Without a clock frames are a nanosecond apart. */
  readonly now?: () => number
}

/** A tap in front of another back end: every frame of every NIC is captured, in both directions, each NIC as an interface. */
export class CapturedBackend implements NetworkBackend {
  readonly #backend: NetworkBackend
  readonly #writer: PcapngWriter
  readonly #now: () => number
  readonly #taps = new Map<Nic, { readonly number: number; readonly far: Nic }>()
  #frames = 0

  constructor(backend: NetworkBackend, sink: CaptureSink, options: CaptureOptions = {}) {
    this.#backend = backend
    this.#writer = new PcapngWriter(sink)
    this.#now = options.now ?? (() => this.#frames / 1e9)
  }

  plugged(nic: Nic): void {
    this.#backend.plugged?.(this.#tapOf(nic).far)
  }

  unplugged(nic: Nic): void {
    this.#backend.unplugged?.(this.#tapOf(nic).far)
    this.#taps.delete(nic)
  }

  transmit(frame: TransmitFrame, nic: Nic): void {
    const { number, far } = this.#tapOf(nic)
    this.#capture(number, frame, 'out')
    this.#backend.transmit(frame, far)
  }

  #capture(number: number, frame: Frame, direction: 'in' | 'out'): void {
    this.#writer.frame(number, this.#now(), onTheCable(frame), direction)
    this.#frames += 1
  }

  #tapOf(nic: Nic) {
    const known = this.#taps.get(nic)
    if (known !== undefined) return known
    const number = this.#writer.interface(macAddressText(nic.macAddress))
    const far: Nic = {
      macAddress: nic.macAddress,
      receive: (frame) => {
        this.#capture(number, frame, 'in')
        return nic.receive(frame)
      },
    }
    const tap = { number, far }
    this.#taps.set(nic, tap)
    return tap
  }
}

/** A frame found in a transcript. */
export interface RecordedFrame {
  /** Seconds since the recording began. */
  readonly time: number
  readonly from: 'guest' | 'host'
  /** Relid of the NIC's primary channel, whichever of its channels the frame took. */
  readonly channelId: number
  /** As it would be on a cable. Large sends are not cut up. */
  readonly bytes: Uint8Array
}

/** The Ethernet frames of a transcript. */
export interface RecordedFrames {
  readonly frames: readonly RecordedFrame[]
  /** Packets whose frames the transcript does not hold, or not wholly: what they refer to was not recorded. */
  readonly missing: number
}

/** The Ethernet frames of a transcript's NICs, in both directions, as their receivers take them. */
export function framesOf(transcript: Transcript): RecordedFrames {
  const session = new Session({ decoders: deviceDecoders })
  const frames: RecordedFrame[] = []
  let missing = 0
  for (const event of transcript.events) {
    const entry = sessionEntry(session, event)
    if (entry?.kind !== 'packet' || entry.channelId === undefined) continue
    const channel = session.channel(entry.channelId)
    if (channel?.decoder?.interfaceId !== DeviceId.Network) continue
    if (lacksData(entry)) missing += 1
    const channelId = channel.primaryId ?? entry.channelId
    for (const frame of framesIn(entry)) {
      frames.push({ time: event.t, from: entry.from, channelId, bytes: onTheCable(frame) })
    }
  }
  return { frames, missing }
}

/** The frames in the RNDIS packets that a packet refers to. Both ends describe tags alike; what a guest wants of checksums is left undone. */
function framesIn({ packet, data }: PacketEntry): Frame[] {
  if (packet === undefined || data?.bytes === undefined) return []
  const receiver = new FrameReceiver()
  return rndisMessagesIn(packet, data.bytes).flatMap((bytes) => receiver.take(bytes, 0, bytes.length, 0) ?? [])
}

/** The frames of a transcript as pcapng, an interface for each NIC. Answers what {@link framesOf} found. */
export function writePcapng(transcript: Transcript, sink: CaptureSink): RecordedFrames {
  const found = framesOf(transcript)
  const writer = new PcapngWriter(sink)
  const interfaces = new Map<number, number>()
  for (const { time, from, channelId, bytes } of found.frames) {
    let number = interfaces.get(channelId)
    if (number === undefined) {
      number = writer.interface(`channel ${channelId}`)
      interfaces.set(channelId, number)
    }
    writer.frame(number, time, bytes, from === 'guest' ? 'out' : 'in')
  }
  return found
}
