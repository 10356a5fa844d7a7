/**
 * The heartbeat integration component's protocol.
 *
 * @module
 */
import { DeviceId } from '../vmbus/device-ids.ts'
import { PipeHeader } from '../vmbus/pipe-header.ts'
import { type Infer, openEnum, pinned, reserved, struct, u16, u32, u64, union } from '../wire/index.ts'
import { icDecoder } from './ics/decoder.ts'
import { IcHeader, IcNegotiate, OtherIcMessage } from './ics/messages.ts'

/** Versions of the messages, newest first. Source: Linux drivers/hv/hv_util.c (hb_versions). */
export const heartbeatVersions: readonly number[] = [0x3_0000, 0x1_0000]

/** How a guest's applications are. Source: OpenVMM hyperv_ic_protocol. */
export const ApplicationState = { Unknown: 0, Healthy: 1, Critical: 2, Stopped: 3 } as const

/** A heartbeat. Linux takes all behind the number for reserved; OpenVMM knows the word behind it, and ends 4 bytes later. */
export const HeartbeatData = /* @__PURE__ */ struct(
  'HeartbeatData',
  {
    /** The host's number; the guest answers with the next. */
    sequence: u64,
    /** How the guest's applications are. */
    applicationState: openEnum('ApplicationState', u32, ApplicationState),
    reserved: reserved(28),
  },
  { size: 40, aliases: { linux: 'heartbeat_msg_data' } },
)
export interface HeartbeatData extends Infer<typeof HeartbeatData> {}

/** Either way: a heartbeat. */
export const IcHeartbeat = /* @__PURE__ */ struct('IcHeartbeat', {
  header: pinned(IcHeader, { messageType: 1 }),
  /** Number and state. */
  heartbeat: HeartbeatData,
})

/** A heartbeat of which there is no more than need be. Source: Linux drivers/hv/hv_util.c asks for these 8 bytes. */
export const IcShortHeartbeat = /* @__PURE__ */ struct('IcShortHeartbeat', {
  header: pinned(IcHeader, { messageType: 1 }),
  /** The host's number; the guest answers with the next. */
  sequence: u64,
})

/** Every message of the component. */
export const HeartbeatMessage = /* @__PURE__ */ union(
  'HeartbeatMessage',
  { offset: 4, tag: u16, otherwise: OtherIcMessage },
  [{ schema: IcNegotiate }, { schema: IcHeartbeat }, { schema: IcShortHeartbeat }],
)
/** A decoded message; `type` is the structure's name. */
export type HeartbeatMessage = Infer<typeof HeartbeatMessage>

/** A whole packet: pipe header and message. */
export const HeartbeatPacket = /* @__PURE__ */ struct('HeartbeatPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  /** The message. */
  message: HeartbeatMessage,
})

/** Decodes the component's packets. */
export const heartbeatDecoder = /* @__PURE__ */ icDecoder(DeviceId.Heartbeat, 'heartbeat', HeartbeatPacket)
