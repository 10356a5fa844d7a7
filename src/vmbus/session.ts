import type { GuestMemory } from '../memory/index.ts'
import { type Sender, tryDecode, type WireContext, type WireFault } from '../wire/index.ts'
import type { DataReference, DeviceDecoder, DevicePayload } from './device-decoder.ts'
import { DeviceId } from './device-ids.ts'
import { ChannelMessage, ChannelMessageType, GpadlBody, GpadlHeader } from './messages.ts'
import { PacketFlags, PacketType } from './packet-types.ts'
import { Packet } from './packets.ts'
import { Connection, type SessionChannel, shortDeviceName } from './session/connection.ts'
import { byteCountOf, readData } from './session/data.ts'
import type { Answer, MessageEntry, PacketData, PacketEntry, SignalEntry } from './session/entry.ts'
import type { GpadlInfo } from './session/gpadls.ts'
import { Pending } from './session/pending.ts'
import { answerKey, requestKey } from './session/requests.ts'
import { u32At } from './u32.ts'

/** What is taken for granted of a channel whose offer was not seen. */
export interface AssumedChannel {
  readonly relid: number
  /** A decoder's name, or that of a known device class: `keyboard`, `Scsi`. */
  readonly device: string
  /** Version of the device's protocol as people write it: `6.2`. */
  readonly version?: string
}

/** How a session begins. */
export interface SessionOptions {
  /** The devices' decoders; payloads of other devices stay bytes. */
  readonly decoders?: readonly DeviceDecoder[]
  /** Negotiated version, for a stream that begins after negotiation. */
  readonly version?: number
  /** Negotiated features, likewise. */
  readonly features?: number
  /** Channels that are open already, likewise. */
  readonly channels?: readonly AssumedChannel[]
  /** The guest's memory, for a session that looks on while the conversation goes on: what packets refer to is read from it. */
  readonly memory?: GuestMemory
  /** Bytes of such data that are read at most. Default: 1 MiB of each packet's. */
  readonly dataLimit?: (data: DataReference) => number
}

/** Bytes of data that are read for one packet. */
const maxDataBytes = 1 << 20

/** Control requests without answer that are remembered. */
const maxRequests = 4096
/** Packets without completion that are remembered, and their payload in all, in bytes. */
const maxPackets = 65_536
const maxPacketBytes = 16 << 20

interface PendingPacket {
  readonly answer: Answer
  readonly payload: DevicePayload | undefined
}

/**
 * Decodes a stream of control messages, packets and signals with the state that they need: what was negotiated, which relid is which
 * device, which request an answer belongs to. Feed it in the order in which things happened. It follows what both ends say and judges little:
 * what is odd becomes a note. Never throws on account of the bytes; memory is bounded.
 */
export class Session {
  readonly #connection: Connection
  readonly #requests = new Pending<Answer>(maxRequests, Number.POSITIVE_INFINITY)
  readonly #packets = new Pending<PendingPacket>(maxPackets, maxPacketBytes)
  readonly #memory: GuestMemory | undefined
  readonly #dataLimit: (data: DataReference) => number
  #index = 0

  /** Throws a `RangeError` for an assumed channel whose device or version is not known. */
  constructor(options: SessionOptions = {}) {
    const { decoders = [], channels = [] } = options
    this.#connection = new Connection(decoders)
    this.#memory = options.memory
    this.#dataLimit = options.dataLimit ?? (() => maxDataBytes)
    this.#connection.version = options.version
    this.#connection.features = options.features
    for (const channel of channels) this.#connection.channels.set(channel.relid, assumed(channel, decoders))
  }

  /** Negotiated version, `major << 16 | minor`; `undefined` while not known. */
  get version(): number | undefined {
    return this.#connection.version
  }

  /** Negotiated features; `undefined` while not known. */
  get features(): number | undefined {
    return this.#connection.features
  }

  /** The channels known, released ones included until their relid is offered again. */
  get channels(): Iterable<SessionChannel> {
    return this.#connection.channels.values()
  }

  /** A channel by its relid. */
  channel(channelId: number): SessionChannel | undefined {
    return this.#connection.channels.get(channelId)
  }

  /** A complete GPADL. */
  gpadl(channelId: number, gpadlId: number): GpadlInfo | undefined {
    return this.#connection.gpadls.get(channelId, gpadlId)
  }

  /** Packets whose completion is awaited. */
  get pendingPackets(): number {
    return this.#packets.size
  }

  /** Takes a control message: header and body, as posted or delivered, without the slot's or hypercall's own header. */
  message(from: Sender, bytes: Uint8Array): MessageEntry {
    const index = this.#index++
    const { value, faults, ok } = this.#decodeMessage(from, bytes)
    const notes: string[] = []
    const base = { kind: 'message', index, from, schema: ChannelMessage, value, faults, notes } as const
    if (!ok) return { ...base, name: messageName(bytes) }

    const message = value
    const answer = answerKey(message)
    const answers = answer === undefined ? undefined : this.#requests.take(answer)
    if (answer !== undefined && answers === undefined) notes.push('answers no request seen')
    const gpadl = this.#gpadl(message, bytes, notes)
    const channelId = gpadl?.channelId ?? this.#connection.channelOf(message)
    this.#connection.apply(message, notes)
    if (message.type === 'RelIdReleased') this.#packets.dropPrefix(`${channelId} `)
    const request = requestKey(message)
    if (request !== undefined) this.#requests.add(request, { index, name: message.type })
    // The channel after the message, so that an offer has its device's name.
    const channel = channelId === undefined ? undefined : this.channel(channelId)
    if (channelId !== undefined && channel === undefined) notes.push(`relid ${channelId} was not offered`)
    return {
      ...base,
      name: message.type,
      message,
      ...(channelId === undefined ? {} : { channelId }),
      ...(channel === undefined ? {} : { device: channel.device }),
      ...(answers === undefined ? {} : { answers }),
      ...(gpadl === undefined ? {} : { gpadl }),
    }
  }

  /**
   * Takes a ring packet: descriptor, header and payload, without the trailer.
   *
   * @param channelId the relid, if known. @param recorded what it refers to, from the start, where that was kept.
   */
  packet(from: Sender, channelId: number | undefined, bytes: Uint8Array, recorded?: Uint8Array): PacketEntry {
    const index = this.#index++
    const notes: string[] = []
    const channel = channelId === undefined ? undefined : this.channel(channelId)
    if (channel === undefined) notes.push(channelId === undefined ? 'no channel' : `relid ${channelId} was not offered`)
    else if (channel.phase !== 'open' && channel.phase !== 'opening' && channel.phase !== 'rescinded') {
      notes.push(`the channel is not open (${channel.phase})`)
    }
    const base = {
      kind: 'packet',
      index,
      from,
      schema: Packet,
      notes,
      ...(channelId === undefined ? {} : { channelId }),
      ...(channel === undefined ? {} : { device: channel.device }),
    } as const
    const { value, faults, ok } = tryDecode(Packet, bytes)
    if (!ok) return { ...base, name: packetName(bytes), value, faults }
    if (value.extra !== undefined) notes.push(`${value.extra.byteLength} bytes behind the length in the descriptor`)

    const waiting = this.#answered(value, from, channelId, notes)
    const payload = this.#payload(value, from, channel, waiting?.payload)
    const data = this.#data(value, from, channel, payload, recorded, notes)
    const { flags, transactionId } = value.descriptor
    if ((flags & PacketFlags.completionRequested) !== 0 && value.type !== 'CompletionPacket') {
      const pending = { answer: { index, name: payload?.name ?? value.type }, payload }
      if (this.#packets.add(`${channelId} ${from} ${transactionId}`, pending, bytes.byteLength)) {
        notes.push(`transaction id 0x${transactionId.toString(16)} was still waiting for a completion`)
      }
    }
    const start = bytes.byteLength - (value.extra?.byteLength ?? 0) - value.payload.byteLength
    return {
      ...base,
      name: payload?.name ?? value.type,
      value,
      packet: value,
      faults: [...faults, ...innerFaults('payload', start, payload?.faults ?? []), ...dataFaults(data)],
      ...(payload === undefined ? {} : { payload }),
      ...(data === undefined ? {} : { data }),
      ...(waiting === undefined ? {} : { answers: waiting.answer }),
    }
  }

  /** Takes a signal: from the guest with the connection id, from the host with the number of the event flag. */
  signal(from: Sender, target: number): SignalEntry {
    const channel = this.#connection.channelOfSignal(from, target)
    return {
      kind: 'signal',
      index: this.#index++,
      from,
      name: from === 'guest' ? 'HvCallSignalEvent' : 'EventFlag',
      target,
      ...(channel === undefined ? {} : { channelId: channel.channelId, device: channel.device }),
      faults: [],
      notes: channel === undefined ? ['no channel known for it'] : [],
    }
  }

  /** Decodes under what was negotiated. What that forbids is a fault, but shown all the same. */
  #decodeMessage(from: Sender, bytes: Uint8Array) {
    const { version, features } = this.#connection
    const context: WireContext = {
      from,
      ...(version === undefined ? {} : { version }),
      ...(features === undefined ? {} : { features }),
    }
    const decoded = tryDecode(ChannelMessage, bytes, context)
    if (decoded.ok || decoded.value !== undefined) return decoded
    const { value } = tryDecode(ChannelMessage, bytes)
    return { ok: false, value, faults: decoded.faults } as const
  }

  #gpadl(message: ChannelMessage, bytes: Uint8Array, notes: string[]): GpadlInfo | undefined {
    const { gpadls } = this.#connection
    if (message.type === 'GpadlHeader') {
      const { channelId, gpadlId, rangeBufferLength, rangeCount } = message
      const data = bytes.subarray(GpadlHeader.size)
      const info = gpadls.header(channelId, gpadlId, rangeBufferLength, rangeCount, data)
      if (info === undefined) notes.push('too many GPADLs at a time: not followed')
      if (info?.fault !== undefined) notes.push(info.fault)
      return info
    }
    if (message.type !== 'GpadlBody') return undefined
    const info = gpadls.body(message.gpadlId, bytes.subarray(GpadlBody.size))
    if (info === undefined) notes.push('no GPADL of this id waits for a body')
    if (info?.fault !== undefined) notes.push(info.fault)
    return info
  }

  /** The request that a completion answers. */
  #answered(packet: Packet, from: Sender, channelId: number | undefined, notes: string[]): PendingPacket | undefined {
    if (packet.type !== 'CompletionPacket') return undefined
    const asker = from === 'guest' ? 'host' : 'guest'
    const waiting = this.#packets.take(`${channelId} ${asker} ${packet.descriptor.transactionId}`)
    if (waiting === undefined) notes.push('completes no request seen')
    return waiting
  }

  #payload(
    packet: Packet,
    from: Sender,
    channel: SessionChannel | undefined,
    request: DevicePayload | undefined,
  ): DevicePayload | undefined {
    if (channel?.decoder === undefined) return undefined
    const { decoder, channelId } = channel
    // What was settled on the primary channel holds for its sub-channels.
    const primary = this.#connection.primaryOf(channel)
    const version = channel.deviceVersion ?? primary.deviceVersion
    const buffers = primary.buffers ?? []
    const payload = decoder.decodePacket({ packet, payload: packet.payload, from, version, request, buffers })
    if (payload?.version !== undefined) this.#connection.update(channelId, { deviceVersion: payload.version })
    if (payload?.buffers !== undefined) this.#connection.update(primary.channelId, { buffers: payload.buffers })
    return payload
  }

  /** What a packet refers to: as it was recorded, else out of memory. */
  #data(
    packet: Packet,
    from: Sender,
    channel: SessionChannel | undefined,
    payload: DevicePayload | undefined,
    recorded: Uint8Array | undefined,
    notes: string[],
  ): PacketData | undefined {
    const reference = payload?.data
    if (channel === undefined || payload === undefined || reference === undefined || reference.filledByReceiver) {
      if (recorded !== undefined) notes.push(`${recorded.byteLength} bytes that it does not refer to`)
      return undefined
    }
    const byteCount = byteCountOf(reference)
    const data = recorded ?? this.#read(reference, this.#connection.primaryOf(channel).channelId)
    const messages = data === undefined ? [] : channel.decoder?.decodeData?.({ packet, payload, from, data })
    if (data !== undefined && data.byteLength > byteCount) {
      notes.push(`${data.byteLength - byteCount} bytes behind what it refers to`)
    } else if (data !== undefined && data.byteLength < byteCount && !reference.isContents) {
      notes.push(`only ${data.byteLength} of the ${byteCount} bytes that it refers to are known`)
    }
    return {
      byteCount,
      messages: messages ?? [],
      ...(data === undefined ? {} : { bytes: data }),
      ...(reference.isContents ? { isContents: true } : {}),
    }
  }

  #read(reference: DataReference, channelId: number): Uint8Array | undefined {
    if (this.#memory === undefined) return undefined
    const rangesOf = (gpadlId: number) => this.gpadl(channelId, gpadlId)?.ranges
    return readData(this.#memory, reference, this.#dataLimit(reference), rangesOf)
  }
}

/** Faults of a part, placed within the whole. */
function innerFaults(name: string, start: number, faults: readonly WireFault[]): WireFault[] {
  return faults.map((fault) => {
    const path = fault.path === '' ? name : `${name}.${fault.path}`
    return { ...fault, path, offset: start + fault.offset }
  })
}

/** Faults in the messages that a packet refers to. Of data that are not all there, what is cut off is no fault of its sender's. */
function dataFaults(data: PacketData | undefined): WireFault[] {
  if (data?.bytes === undefined || data.bytes.byteLength < data.byteCount) return []
  return data.messages.flatMap(({ faults }) => innerFaults('data', 0, faults))
}

function assumed({ relid, device, version }: AssumedChannel, decoders: readonly DeviceDecoder[]): SessionChannel {
  const decoder = decoders.find(({ name }) => name === device)
  const known = Object.entries(DeviceId).find(([name]) => name.toLowerCase() === device.toLowerCase())
  if (decoder === undefined && known === undefined) throw new RangeError(`no device is called ${device}`)
  const channel: SessionChannel = {
    channelId: relid,
    device: decoder?.name ?? (known === undefined ? device : shortDeviceName(known[1])),
    phase: 'open',
  }
  if (decoder === undefined) return channel
  if (version === undefined) return { ...channel, decoder }
  const deviceVersion = decoder.parseVersion(version)
  if (deviceVersion === undefined) throw new RangeError(`${version} is no version of ${device}`)
  return { ...channel, decoder, deviceVersion }
}

/** Name of a message that could not be decoded, by its type. */
function messageName(bytes: Uint8Array): string {
  const type = u32At(bytes, 0)
  return Object.entries(ChannelMessageType).find(([, value]) => value === type)?.[0] ?? `message ${type}`
}

/** Name of a packet that could not be decoded, by its type. */
function packetName(bytes: Uint8Array): string {
  const type = u32At(bytes, 0) & 0xffff
  return Object.entries(PacketType).find(([, value]) => value === type)?.[0] ?? `packet ${type}`
}
