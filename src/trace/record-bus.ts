import { packetBytes } from '../channels/channel/packet-bytes.ts'
import type { Conversation, InjectedFault } from '../channels/index.ts'
import { type Bus, type BusOptions, createBus } from '../index.ts'
import { ChannelMessage } from '../vmbus/messages.ts'
import { VmbusVersion, versionText } from '../vmbus/versions.ts'
import { tryDecode } from '../wire/index.ts'
import { DataKeeper, type DataLimits } from './data-keeper.ts'
import { fromHex } from './hex.ts'
import { recordEnds } from './record-ends.ts'
import { type RecordedOffer, recordedOffer, TranscriptRecorder } from './recorder.ts'
import type { Transcript } from './transcript.ts'

/** A bus whose whole session is recorded. */
export interface BusRecording {
  readonly bus: Bus
  /** For what else is to stand in the transcript, such as memory. */
  readonly recorder: TranscriptRecorder
  /** Puts an injected fault into the transcript: `injectFaults(ends, pump, { rules, onFault: (fault) => recording.fault(fault) })`. */
  fault(fault: InjectedFault): void
  /** What was recorded so far. */
  transcript(): Transcript
}

/** A bus, and how much of its session is kept. */
export interface RecordBusOptions extends BusOptions {
  /** Of what packets refer to outside the rings. */
  readonly data?: DataLimits
}

/**
 * Makes a bus and records its session as its host sees it: configuration, control messages, signals, packets with what they refer to,
 * ring headers. What `wrap` puts between the ends is nearer to the guest: of a message that a fault dropped nothing is recorded but the fault.
 *
 * @param options of the bus; `now` in seconds since the recording began. Without a clock every event is at 0.
 * @param about what the recording is.
 */
export function recordBus(
  { data, ...options }: RecordBusOptions = {},
  about: Pick<Transcript, 'name' | 'description'> = {},
): BusRecording {
  const recorder = new TranscriptRecorder(options.now ?? (() => 0), about)
  recorder.config({ version: versionOf(options), features: options.features ?? 0, seeds: { bus: options.seed ?? 0 } })
  const bus = createBus({
    ...options,
    wrap: (ends, pump) => {
      // Of memory that changes when the host has read it, the recorder is not to be the one that reads.
      recorder.keepData(new DataKeeper(ends.host.memory, data))
      return recordEnds(options.wrap?.(ends, pump) ?? ends, recorder)
    },
  })
  recordPackets(bus.events, recorder)
  return {
    bus,
    recorder,
    fault: ({ fault, detail }) => recorder.fault(fault, { detail }),
    transcript: () => withOffers(recorder.transcript()),
  }
}

/** Records the packets of a conversation as its host sees them. */
export function recordPackets(events: Conversation, recorder: TranscriptRecorder): void {
  events.on('packet', (event) => {
    if (event.at !== 'host') return
    recorder.packet(event.direction === 'sent' ? 'host' : 'guest', event.channelId, packetBytes(event))
  })
}

function versionOf({ version = VmbusVersion.V6_0 }: BusOptions): string {
  return typeof version === 'number' ? versionText(version) : version
}

/** A transcript whose configuration, which comes first, has the offers that were made later. */
export function withOffers(transcript: Transcript): Transcript {
  const offers: RecordedOffer[] = []
  for (const event of transcript.events) {
    if (event.kind !== 'msg') continue
    const { ok, value } = tryDecode(ChannelMessage, fromHex(event.hex))
    if (!ok || value.type !== 'OfferChannel') continue
    const { interfaceId, instanceId, subchannelIndex, flags, mmioMegabytes } = value.offer
    offers.push({
      relid: value.channelId,
      ...recordedOffer({ interfaceId, instanceId, subchannelIndex, flags, mmioMegabytes }),
    })
  }
  const events = transcript.events.map((event) => (event.kind === 'config' ? { ...event, offers } : event))
  return { ...transcript, events }
}
