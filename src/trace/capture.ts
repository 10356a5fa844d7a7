import {
  frameOf,
  PerPacketInfoType,
  perPacketInfoOf,
  RndisMessage,
  VlanInfo,
  withVlanTag,
} from '../devices/network/index.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { Session } from '../vmbus/session.ts'
import {
  type Frame,
  macAddressText,
  type NetworkBackend,
  type Nic,
  type TransmitFrame,
} from '../vsp/network/backends/backend.ts'
import { tryDecode } from '../wire/index.ts'
import { deviceDecoders } from './decoders.ts'
import { fromHex } from './hex.ts'
import { type CaptureSink, PcapngWriter } from './pcapng.ts'
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
  /** Relid of the network adapter's channel; `undefined` where it could not be told. */
  readonly channelId: number | undefined
  readonly bytes: Uint8Array
}

/** The Ethernet frames of a transcript's network channels: those whose RNDIS messages it carries. */
export function framesOf(transcript: Transcript): RecordedFrame[] {
  const session = new Session({ decoders: deviceDecoders })
  const found: RecordedFrame[] = []
  // An RNDIS message of version 1 follows its packet.
  let channelId: number | undefined
  const take = (time: number, from: 'guest' | 'host', hex: string) => {
    for (const bytes of packetsIn(fromHex(hex), from)) found.push({ time, from, channelId, bytes })
  }
  for (const event of transcript.events) {
    switch (event.kind) {
      case 'postmessage':
        session.message('guest', fromHex(event.hex))
        break
      case 'msg':
        session.message('host', fromHex(event.hex))
        break
      case 'packet': {
        const from = event.dir === 'g2h' ? 'guest' : 'host'
        session.packet(from, event.relid, fromHex(event.hex))
        const channel = event.relid === undefined ? undefined : session.channel(event.relid)
        const isNetwork = channel?.offer === undefined || channel.offer.offer.interfaceId === DeviceId.Network
        if (event.relid !== undefined && channel?.decoder?.interfaceId === DeviceId.Network) channelId = event.relid
        if (event.rndis !== undefined && isNetwork) take(event.t, from, event.rndis)
        break
      }
      case 'rndis':
        take(event.t, event.dir === 'g2h' ? 'guest' : 'host', event.hex)
        break
    }
  }
  return found
}

/** The frames in RNDIS messages behind each other. */
function packetsIn(bytes: Uint8Array, from: 'guest' | 'host'): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let left = bytes; left.length > 0; ) {
    const { value, ok } = tryDecode(RndisMessage, left, { from })
    if (!ok) break
    if (value.type === 'RndisPacket') {
      const frame = frameOf(value)
      const tag = perPacketInfoOf(value).pieces.find(
        ({ kind }) => !kind.internal && kind.type === PerPacketInfoType.Ieee8021Q,
      )
      if (frame !== undefined) frames.push(tag === undefined ? frame : tagged(frame, tag.value))
    }
    left = value.extra ?? new Uint8Array(0)
  }
  return frames
}

function tagged(frame: Uint8Array, value: Uint8Array): Uint8Array {
  const { ok, value: info } = tryDecode(VlanInfo, value)
  if (!ok) return frame
  const { priority, canonicalFormat, vlanId } = info.tag
  return onTheCable({ bytes: frame, vlan: { priority, dropEligible: canonicalFormat, id: vlanId } })
}

/** The frames of a transcript as pcapng, an interface for each channel. Answers how many there are. */
export function writePcapng(transcript: Transcript, sink: CaptureSink): number {
  const frames = framesOf(transcript)
  const writer = new PcapngWriter(sink)
  const interfaces = new Map<number | undefined, number>()
  for (const { time, from, channelId, bytes } of frames) {
    let number = interfaces.get(channelId)
    if (number === undefined) {
      number = writer.interface(channelId === undefined ? 'network' : `channel ${channelId}`)
      interfaces.set(channelId, number)
    }
    writer.frame(number, time, bytes, from === 'guest' ? 'out' : 'in')
  }
  return frames.length
}
