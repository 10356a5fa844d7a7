import type { PacketEntry } from '../vmbus/session/entry.ts'
import type { Difference } from './difference.ts'
import type { ReplayEntry } from './replay-entry.ts'

/** Packets of one device. */
export interface DeviceCount {
  /** Its short name; `unknown` where no channel could be told. */
  readonly device: string
  readonly packets: number
  /** Packets whose payload was decoded. */
  readonly decoded: number
  /** Packets whose payload is shown as bytes: nothing here knows the device's protocol. */
  readonly asBytes: number
}

/** A transcript in numbers. */
export interface ReplaySummary {
  readonly events: number
  /** Control messages, by sender. */
  readonly messages: { readonly guest: number; readonly host: number }
  readonly signals: number
  readonly packets: { readonly guest: number; readonly host: number }
  readonly ringHeaders: number
  /** Register reads and writes. */
  readonly registers: number
  /** Events of any other kind. */
  readonly others: number
  /** Packets that refer to messages outside the ring which were not recorded, or not wholly. */
  readonly withoutData: number
  /** In the order in which they first sent a packet. */
  readonly devices: readonly DeviceCount[]
  /** Faults in bytes. */
  readonly faults: number
  /** Oddities in the conversation. */
  readonly notes: number
  readonly differences: { readonly matter: number; readonly free: number }
  /** What our host held against the guest: number by rule. */
  readonly violations: Readonly<Record<string, number>>
}

type Count = { -readonly [K in keyof DeviceCount]: DeviceCount[K] }

/** Whether messages that a packet refers to are not there, or not wholly. */
export function lacksData({ data }: PacketEntry): boolean {
  return data !== undefined && !data.isContents && (data.bytes?.byteLength ?? 0) < data.byteCount
}

/** Counts what a replay found. */
export function summarize(
  entries: readonly ReplayEntry[],
  differences: readonly Difference[],
  violations: ReadonlyMap<string, number>,
): ReplaySummary {
  const messages = { guest: 0, host: 0 }
  const packets = { guest: 0, host: 0 }
  const byKind = { signals: 0, ringHeaders: 0, registers: 0, others: 0 }
  const devices = new Map<string, Count>()
  let faults = 0
  let notes = 0
  let withoutData = 0
  for (const { event, session, faults: found } of entries) {
    faults += found.length
    notes += session?.notes.length ?? 0
    if (session?.kind === 'message') messages[session.from]++
    else if (session?.kind === 'packet') {
      packets[session.from]++
      if (lacksData(session)) withoutData++
      const device = session.device ?? 'unknown'
      const count = devices.get(device) ?? { device, packets: 0, decoded: 0, asBytes: 0 }
      count.packets++
      if (session.payload === undefined) count.asBytes++
      else count.decoded++
      devices.set(device, count)
    } else if (session?.kind === 'signal') byKind.signals++
    else if (event.kind === 'ringheader') byKind.ringHeaders++
    else if (event.kind === 'setvpreg' || event.kind === 'getvpreg') byKind.registers++
    else byKind.others++
  }
  const matter = differences.filter((difference) => difference.matters).length
  return {
    events: entries.length,
    messages,
    packets,
    ...byKind,
    withoutData,
    devices: [...devices.values()],
    faults,
    notes,
    differences: { matter, free: differences.length - matter },
    violations: Object.fromEntries(violations),
  }
}
