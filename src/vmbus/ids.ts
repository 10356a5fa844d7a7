import { type Id, type IntSchema, idField } from '../wire/index.ts'

/** A channel's relid on one connection: 1 … 2047. Linux calls it child_relid. */
export type ChannelId = Id<'channel'>
/** A GPADL handle, chosen by the guest, unique per channel. */
export type GpadlId = Id<'gpadl'>
/** A hypervisor connection, to which messages are posted and events signalled. */
export type ConnectionId = Id<'connection'>

/** A relid field, 4 bytes. */
export const channelIdField: IntSchema<ChannelId> = /* @__PURE__ */ idField<ChannelId>()
/** A GPADL handle field, 4 bytes. */
export const gpadlIdField: IntSchema<GpadlId> = /* @__PURE__ */ idField<GpadlId>()
/** A connection id field, 4 bytes. */
export const connectionIdField: IntSchema<ConnectionId> = /* @__PURE__ */ idField<ConnectionId>()

/** Most relids: 0 is never a channel, 2047 the last, since the event flag page has 2048 bits (OpenVMM MAX_CHANNELS). */
export const maxChannels = 2047

/** Processor number in OpenChannel that means: never interrupt for this channel. */
export const noInterruptVp = 0xffff_ffff

/** Connections that a guest knows without being told. Source: Linux include/linux/hyperv.h, OpenVMM vmbus_core/protocol.rs. */
export const ConnectionIds = {
  /** Control messages below 5.0. */
  message: 1,
  /** "Look at the interrupt page": all that a guest at 0.13 signals. */
  interruptPage: 2,
  /** Control messages from 5.0 on: several hosts may listen. */
  multiClient: 4,
} as const
