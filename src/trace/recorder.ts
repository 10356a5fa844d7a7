import { type Guid, type Sender, toHex } from '../wire/index.ts'
import type { DataKeeper } from './data-keeper.ts'
import type { EventOf, TranscriptEvent } from './events.ts'
import { type Transcript, transcriptFormat } from './transcript.ts'

/** What an offer says in a transcript's configuration. */
export type RecordedOffer = NonNullable<EventOf<'config'>['offers']>[number]
/** How the recorded system was set up. */
export type RecordedConfig = Omit<EventOf<'config'>, 'kind' | 't'>
/** Which ring of a channel. */
export type RingName = EventOf<'ring'>['ring']
/** Control words stored in a ring, and raw bytes put into its data area. */
export type RingWrite = Omit<EventOf<'ring'>, 'kind' | 't' | 'ring' | 'relid' | 'channel' | 'hex'> & {
  readonly bytes?: Uint8Array
}

/** Builds a transcript event by event. Bytes are copied at once, so buffers may be used again. */
export class TranscriptRecorder {
  readonly #events: TranscriptEvent[] = []
  readonly #now: () => number
  #keeper: DataKeeper | undefined

  /**
   * @param now seconds since the recording began, at the time of each event.
   * @param about what the recording is.
   */
  constructor(
    now: () => number,
    readonly about: Omit<Transcript, 'format' | 'events'> = {},
  ) {
    this.#now = now
  }

  /** Events so far. */
  get length(): number {
    return this.#events.length
  }

  /** The transcript so far. */
  transcript(): Transcript {
    return { format: transcriptFormat, ...this.about, events: [...this.#events] }
  }

  /** Keeps what packets refer to, too. To be called before the first message, and once. */
  keepData(keeper: DataKeeper): void {
    this.#keeper = keeper
  }

  /** How the system is set up. */
  config(config: RecordedConfig): void {
    this.#add({ kind: 'config', t: this.#now(), ...config })
  }

  /** A control message that the guest posted, and the HV status that it got. */
  post(connectionId: number, bytes: Uint8Array, status = 0): void {
    if (status === 0) this.#keeper?.message('guest', bytes)
    this.#add({
      kind: 'postmessage',
      t: this.#now(),
      dir: 'g2h',
      hex: toHex(bytes),
      connection_id: connectionId,
      ...(status === 0 ? {} : { status }),
    })
  }

  /** A control message that was delivered to the guest. */
  deliver(vp: number, sint: number, bytes: Uint8Array): void {
    this.#keeper?.message('host', bytes)
    this.#add({ kind: 'msg', t: this.#now(), dir: 'h2g', hex: toHex(bytes), vp, sint })
  }

  /** A signal of the guest. */
  signalHost(connectionId: number, flag = 0): void {
    const more = flag === 0 ? {} : { flag }
    this.#add({ kind: 'signalevent', t: this.#now(), dir: 'g2h', connection_id: connectionId, ...more })
  }

  /** An event flag that was set for the guest. */
  signalGuest(vp: number, sint: number, flag: number): void {
    this.#add({ kind: 'signalevent', t: this.#now(), dir: 'h2g', flag, vp, sint })
  }

  /** A ring packet: descriptor, header and payload, without the trailer; and what it refers to, where that is kept. */
  packet(from: Sender, relid: number, bytes: Uint8Array, channel?: string): void {
    const name = channel === undefined ? {} : { channel }
    const dir = from === 'guest' ? 'g2h' : 'h2g'
    const data = this.#keeper?.packet(from, relid, bytes)
    const kept = data === undefined ? {} : { data: toHex(data) }
    this.#add({ kind: 'packet', t: this.#now(), dir, relid, ...name, hex: toHex(bytes), ...kept })
  }

  /** What a ring's control page begins with, when the channel opens or closes. */
  ringHeader(relid: number, ring: RingName, at: 'open' | 'close', bytes: Uint8Array): void {
    this.#add({ kind: 'ringheader', t: this.#now(), dir: 'g2h', relid, hex: toHex(bytes), ring, at })
  }

  /** Raw bytes put into a ring, control words stored: for what is no well-formed packet. */
  ring(relid: number, ring: RingName, { bytes, ...words }: RingWrite): void {
    const data = bytes === undefined ? {} : { hex: toHex(bytes) }
    this.#add({ kind: 'ring', t: this.#now(), relid, ring, ...words, ...data })
  }

  /** Contents of guest memory. */
  memory(gpa: number | bigint, bytes: Uint8Array): void {
    this.#add({ kind: 'mem', t: this.#now(), gpa: `0x${gpa.toString(16)}`, hex: toHex(bytes) })
  }

  /** The clock was moved on, in units of 100 ns. */
  tick(by: number): void {
    this.#add({ kind: 'tick', t: this.#now(), by })
  }

  /** A fault was injected: its name, the event that it hit, whatever else describes it. */
  fault(fault: string, more: Omit<EventOf<'fault'>, 'kind' | 't' | 'fault'> = {}): void {
    this.#add({ kind: 'fault', t: this.#now(), fault, ...more })
  }

  #add(event: TranscriptEvent): void {
    this.#events.push(event)
  }
}

/** An offer as a transcript's configuration has it. */
export function recordedOffer(offer: {
  readonly interfaceId: Guid
  readonly instanceId: Guid
  readonly subchannelIndex?: number
  readonly flags?: number
  readonly mmioMegabytes?: number
  readonly userDefined?: Uint8Array
}): RecordedOffer {
  const { interfaceId, instanceId, subchannelIndex, flags, mmioMegabytes, userDefined } = offer
  return {
    interface: interfaceId,
    instance: instanceId,
    ...(subchannelIndex === undefined ? {} : { subchannel: subchannelIndex }),
    ...(flags === undefined ? {} : { flags }),
    ...(mmioMegabytes === undefined ? {} : { mmio: mmioMegabytes }),
    ...(userDefined === undefined ? {} : { user_defined: toHex(userDefined) }),
  }
}
