/**
 * The shutdown integration component's protocol.
 *
 * @module
 */
import { DeviceId } from '../vmbus/device-ids.ts'
import { PipeHeader } from '../vmbus/pipe-header.ts'
import { bytes, flags, type Infer, pinned, struct, u16, u32, union } from '../wire/index.ts'
import { icDecoder } from './ics/decoder.ts'
import { IcHeader, IcNegotiate, OtherIcMessage } from './ics/messages.ts'

/** Versions of the messages, newest first. Source: Linux drivers/hv/hv_util.c (sd_versions). */
export const shutdownVersions: readonly number[] = [0x3_0002, 0x3_0001, 0x3_0000, 0x1_0000]

/** What to do. Linux: 0 and 1 power off, 2 and 3 reboot, 4 and 5 hibernate. Source: OpenVMM hyperv_ic_protocol, Linux hv_util.c. */
export const ShutdownFlags = { force: 0x1, restart: 0x2, hibernate: 0x4 } as const

/** Why. Source: Windows system shutdown reason codes; OpenVMM sends this bit alone. */
export const ShutdownReason = { planned: 0x8000_0000 } as const

/** Bytes of the text that a guest may show. */
export const shutdownTextSize = 2048

/** What a shutdown request says. Source: Linux include/linux/hyperv.h (shutdown_msg_data). */
export const ShutdownData = /* @__PURE__ */ struct(
  'ShutdownData',
  {
    /** Why. */
    reason: flags('ShutdownReason', u32, ShutdownReason),
    /** Seconds that the guest may take; 0 says nothing. */
    timeoutSeconds: u32,
    /** What to do. */
    flags: flags('ShutdownFlags', u32, ShutdownFlags),
    /** Text up to the first NUL. */
    displayMessage: bytes(shutdownTextSize),
  },
  { size: 2060, aliases: { linux: 'shutdown_msg_data' } },
)
export interface ShutdownData extends Infer<typeof ShutdownData> {}

/** Host to guest: shut down. A Linux guest answers in the same bytes. */
export const IcShutdown = /* @__PURE__ */ struct('IcShutdown', {
  header: pinned(IcHeader, { messageType: 3 }),
  /** What to do, and why. */
  shutdown: ShutdownData,
})

/** Guest to host: the answer without a body, as OpenVMM's guest gives it. */
export const IcShutdownReply = /* @__PURE__ */ struct('IcShutdownReply', {
  header: pinned(IcHeader, { messageType: 3 }),
})

/** Every message of the component. */
export const ShutdownMessage = /* @__PURE__ */ union(
  'ShutdownMessage',
  { offset: 4, tag: u16, otherwise: OtherIcMessage },
  [{ schema: IcNegotiate }, { schema: IcShutdown }, { schema: IcShutdownReply, from: 'guest' }],
)
/** A decoded message; `type` is the structure's name. */
export type ShutdownMessage = Infer<typeof ShutdownMessage>

/** A whole packet: pipe header and message. */
export const ShutdownPacket = /* @__PURE__ */ struct('ShutdownPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  /** The message. */
  message: ShutdownMessage,
})

/** Decodes the component's packets. */
export const shutdownDecoder = /* @__PURE__ */ icDecoder(DeviceId.Shutdown, 'shutdown', ShutdownPacket)
