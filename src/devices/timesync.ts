/**
 * The time synchronisation integration component's protocol.
 *
 * @module
 */
import { DeviceId } from '../vmbus/device-ids.ts'
import { PipeHeader } from '../vmbus/pipe-header.ts'
import {
  choice,
  flags,
  type Infer,
  pinned,
  reserved,
  type Siblings,
  struct,
  u8,
  u16,
  u64,
  union,
  type WireContext,
} from '../wire/index.ts'
import { icDecoder } from './ics/decoder.ts'
import { IcHeader, IcNegotiate, OtherIcMessage } from './ics/messages.ts'

/** Versions of the messages, newest first. Source: Linux drivers/hv/hv_util.c (ts_versions). */
export const timeSyncVersions: readonly number[] = [0x4_0000, 0x3_0000, 0x1_0000]

/** What a guest is to do with a time. Source: Linux include/linux/hyperv.h (ICTIMESYNCFLAG_*). */
export const TimeSyncFlags = {
  /** Set the clock. */
  sync: 0x1,
  /** One more measurement. */
  sample: 0x2,
} as const

/** Time on the wire: units of 100 ns since 1601-01-01 UTC. This many lie between 1601 and 1970. */
const unixEpoch = 116_444_736_000_000_000n

/** Milliseconds since 1970 (as `Date.now()` gives them) as time on the wire. */
export function hostTimeOf(unixMilliseconds: number): bigint {
  return BigInt(Math.round(unixMilliseconds * 10_000)) + unixEpoch
}

/** Time on the wire as milliseconds since 1970. */
export function unixMillisecondsOf(hostTime: bigint): number {
  return Number(hostTime - unixEpoch) / 10_000
}

/** The time before version 4.0. Source: Linux include/linux/hyperv.h (ictimesync_data). */
export const TimeSyncData = /* @__PURE__ */ struct(
  'TimeSyncData',
  {
    /** The host's time, 100 ns since 1601 UTC. */
    parentTime: u64,
    /** Not used. */
    childTime: u64,
    /** Not used by Linux; 100 ns. */
    roundTripTime: u64,
    /** What the guest is to do with it. */
    flags: flags('TimeSyncFlags', u8, TimeSyncFlags),
  },
  { size: 25, aliases: { linux: 'ictimesync_data' } },
)
export interface TimeSyncData extends Infer<typeof TimeSyncData> {}

/** The time from version 4.0 on. Source: Linux include/linux/hyperv.h (ictimesync_ref_data). */
export const TimeSyncReferenceData = /* @__PURE__ */ struct(
  'TimeSyncReferenceData',
  {
    /** The host's time, 100 ns since 1601 UTC. */
    parentTime: u64,
    /** The partition's reference time at that instant, 100 ns. */
    referenceTime: u64,
    /** What the guest is to do with it. */
    flags: flags('TimeSyncFlags', u8, TimeSyncFlags),
    /** As in NTP: of leap seconds. */
    leapIndicator: u8,
    /** As in NTP: how far the clock is from a reference clock. */
    stratum: u8,
    reserved: reserved(3),
  },
  { size: 22, aliases: { linux: 'ictimesync_ref_data' } },
)
export interface TimeSyncReferenceData extends Infer<typeof TimeSyncReferenceData> {}

/** Which of the two it is: by the version that was agreed on, or else by the one in the header, which is the same. Source: Linux hv_util.c. */
function formOf(fields: Siblings, { version }: WireContext): 'TimeSyncData' | 'TimeSyncReferenceData' {
  const header: { messageVersion?: unknown } = Object(fields.header)
  const { major }: { major?: unknown } = Object(header.messageVersion)
  const isReference = version === undefined ? Number(major) >= 4 : version >= 0x4_0000
  return isReference ? 'TimeSyncReferenceData' : 'TimeSyncData'
}

/** Host to guest: the time; the guest answers in the same bytes. OpenVMM and Hyper-V pad it to 28 or, from 4.0 on, 24 bytes. */
export const IcTimeSync = /* @__PURE__ */ struct('IcTimeSync', {
  header: pinned(IcHeader, { messageType: 4 }),
  /** In the form of the negotiated version. */
  time: choice(
    'TimeSyncForm',
    [TimeSyncData, TimeSyncReferenceData],
    formOf,
    'by the version of the messages: from 4.0 on TimeSyncReferenceData',
  ),
})

/** Guest to host: an answer without a body. */
export const IcTimeSyncReply = /* @__PURE__ */ struct('IcTimeSyncReply', {
  header: pinned(IcHeader, { messageType: 4 }),
})

/** Every message of the component. */
export const TimeSyncMessage = /* @__PURE__ */ union(
  'TimeSyncMessage',
  { offset: 4, tag: u16, otherwise: OtherIcMessage },
  [{ schema: IcNegotiate }, { schema: IcTimeSync }, { schema: IcTimeSyncReply, from: 'guest' }],
)
/** A decoded message; `type` is the structure's name. */
export type TimeSyncMessage = Infer<typeof TimeSyncMessage>

/** A whole packet: pipe header and message. */
export const TimeSyncPacket = /* @__PURE__ */ struct('TimeSyncPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  /** The message. */
  message: TimeSyncMessage,
})

/** Decodes the component's packets. */
export const timeSyncDecoder = /* @__PURE__ */ icDecoder(DeviceId.TimeSync, 'timesync', TimeSyncPacket)
