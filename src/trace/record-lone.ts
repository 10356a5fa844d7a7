import { packetBytes } from '../channels/channel/packet-bytes.ts'
import {
  type Guest,
  type GuestTransport,
  type Host,
  type HostTransport,
  type PacketEvent,
  postPending,
  vmbusMessageType,
} from '../channels/index.ts'
import { DataKeeper, type DataLimits } from './data-keeper.ts'
import { withOffers } from './record-bus.ts'
import { recordHost } from './record-ends.ts'
import { type RecordedConfig, TranscriptRecorder } from './recorder.ts'
import type { Transcript } from './transcript.ts'

/** How a lone end's session is recorded. */
export interface LoneRecordingOptions {
  /** Seconds since the recording began. Default: every event is at 0. */
  readonly now?: () => number
  readonly about?: Pick<Transcript, 'name' | 'description'>
  readonly config?: RecordedConfig
  /** How much is kept of what packets refer to outside the rings. */
  readonly data?: DataLimits
}

/** Records the session of one end whose peer is elsewhere: put {@link wrapHost} or {@link wrapGuest} around its transport, then {@link follow} it. */
export class LoneRecording {
  /** For what else is to stand in the transcript. */
  readonly recorder: TranscriptRecorder
  readonly #limits: DataLimits | undefined

  constructor(options: LoneRecordingOptions = {}) {
    this.#limits = options.data
    this.recorder = new TranscriptRecorder(options.now ?? (() => 0), options.about)
    this.recorder.config(options.config ?? {})
  }

  /** A host's transport: control messages, signals, ring headers. */
  wrapHost(transport: HostTransport): HostTransport {
    this.recorder.keepData(new DataKeeper(transport.memory, this.#limits))
    return recordHost(transport, this.recorder)
  }

  /** A guest's transport: control messages and signals; a post whose status comes later stands there with it. */
  wrapGuest(transport: GuestTransport): GuestTransport {
    const { recorder } = this
    recorder.keepData(new DataKeeper(transport.memory, this.#limits))
    let unanswered: { readonly connectionId: number; readonly bytes: Uint8Array } | undefined
    return {
      ...transport,
      post: (connectionId, messageType, payload) => {
        const bytes = payload.slice()
        unanswered = undefined
        const status = transport.post(connectionId, messageType, payload)
        if (messageType !== vmbusMessageType) return status
        if (status === postPending) unanswered = { connectionId, bytes }
        else recorder.post(connectionId, bytes, status)
        return status
      },
      signal: (connectionId, flag) => {
        recorder.signalHost(connectionId, flag)
        return transport.signal(connectionId, flag)
      },
      attach: (handlers) =>
        transport.attach({
          message: (vp, sint, messageType, payload) => {
            if (messageType === vmbusMessageType) recorder.deliver(vp, sint, payload)
            handlers.message(vp, sint, messageType, payload)
          },
          event: (vp, sint, flag) => {
            recorder.signalGuest(vp, sint, flag)
            handlers.event(vp, sint, flag)
          },
          posted: (status) => {
            if (unanswered !== undefined) recorder.post(unanswered.connectionId, unanswered.bytes, status)
            unanswered = undefined
            handlers.posted?.(status)
          },
        }),
    }
  }

  /** Records the packets of an end. */
  follow({ events }: Host | Guest): void {
    events.on('packet', (event: PacketEvent) => {
      const isGuests = (event.at === 'host') === (event.direction === 'received')
      this.recorder.packet(isGuests ? 'guest' : 'host', event.channelId, packetBytes(event))
    })
  }

  /** What was recorded so far. */
  transcript(): Transcript {
    return withOffers(this.recorder.transcript())
  }
}
