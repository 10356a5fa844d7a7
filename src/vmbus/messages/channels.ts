import { bit, bits, bytes, type Infer, struct, u16, u32 } from '../../wire/index.ts'
import { channelIdField, connectionIdField, gpadlIdField } from '../ids.ts'
import { header, statusField } from './header.ts'

const openChannelFields = {
  header: header(5),
  /** Relid of the channel. */
  channelId: channelIdField,
  /** Chosen by the guest, echoed in OpenResult. Linux uses the relid. */
  openId: u32,
  /** GPADL over both rings, the guest-to-host ring first. */
  ringBufferGpadlId: gpadlIdField,
  /** VP that the host interrupts; 0xffffffff for none. */
  targetVp: u32,
  /** Page of the GPADL (4096 bytes each) where the host-to-guest ring begins. */
  downstreamRingBufferPageOffset: u32,
  /** The device's own data. */
  userData: bytes(120),
}

/** Guest to host, 148 bytes: open a channel. Source: Linux vmbus_channel_open_channel. */
export const OpenChannel = /* @__PURE__ */ struct('OpenChannel', openChannelFields, {
  size: 148,
  aliases: { linux: 'vmbus_channel_open_channel' },
})
export interface OpenChannel extends Infer<typeof OpenChannel> {}

/** The form of OpenChannel when guest-specified signal parameters or interrupt redirection were negotiated, 156 bytes. */
export const OpenChannel2 = /* @__PURE__ */ struct(
  'OpenChannel2',
  {
    ...openChannelFields,
    /** Connection that the guest will signal (with guestSpecifiedSignalParameters). */
    connectionId: connectionIdField,
    /** Event flag that the host sets for this channel (with guestSpecifiedSignalParameters). */
    eventFlag: u16,
    /** What else is asked for. */
    flags: bits(u16, {
      /** Interrupt VTL 2 instead of VTL 0 (with channelInterruptRedirection). */
      redirectInterrupt: bit(0),
    }),
  },
  { size: 156 },
)
export interface OpenChannel2 extends Infer<typeof OpenChannel2> {}

/** Host to guest, 20 bytes: the outcome of an open. */
export const OpenResult = /* @__PURE__ */ struct(
  'OpenResult',
  {
    header: header(6),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** As the guest chose it in OpenChannel. */
    openId: u32,
    /** 0 for success; anything else is a failure. */
    status: statusField,
  },
  { size: 20, aliases: { linux: 'vmbus_channel_open_result' } },
)

/** Guest to host, 12 bytes. There is no reply. */
export const CloseChannel = /* @__PURE__ */ struct(
  'CloseChannel',
  {
    header: header(7),
    /** Relid of the channel. */
    channelId: channelIdField,
  },
  { size: 12, aliases: { linux: 'vmbus_channel_close_channel' } },
)

/** Guest to host, 28 bytes: open a channel that survives Unload (firmware, crash dump), without interrupts. */
export const OpenReservedChannel = /* @__PURE__ */ struct(
  'OpenReservedChannel',
  {
    header: header(18),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** VP that the answer goes to. */
    targetVp: u32,
    /** SINT that the answer goes to. */
    targetSint: u32,
    /** GPADL over both rings, the guest-to-host ring first. */
    ringBufferGpadlId: gpadlIdField,
    /** Page of the GPADL where the host-to-guest ring begins. */
    downstreamRingBufferPageOffset: u32,
  },
  { size: 28 },
)

/** Guest to host, 20 bytes. */
export const CloseReservedChannel = /* @__PURE__ */ struct(
  'CloseReservedChannel',
  {
    header: header(19),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** VP that the answer goes to. */
    targetVp: u32,
    /** SINT that the answer goes to, 1 … 15. */
    targetSint: u32,
  },
  { size: 20 },
)

/** Host to guest, 12 bytes. */
export const CloseReservedChannelResponse = /* @__PURE__ */ struct(
  'CloseReservedChannelResponse',
  {
    header: header(20),
    /** Relid of the channel. */
    channelId: channelIdField,
  },
  { size: 12 },
)

/** Guest to host, 16 bytes: interrupt another VP from now on. Source: Linux vmbus_channel_modifychannel. */
export const ModifyChannel = /* @__PURE__ */ struct(
  'ModifyChannel',
  {
    header: header(22),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** VP that the host is to interrupt; 0xffffffff is not allowed here. */
    targetVp: u32,
  },
  { size: 16, aliases: { linux: 'vmbus_channel_modifychannel' } },
)

/** Host to guest, 16 bytes, from 5.3 on. Source: Linux vmbus_channel_modifychannel_response. */
export const ModifyChannelResponse = /* @__PURE__ */ struct(
  'ModifyChannelResponse',
  {
    header: header(24),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** 0 for success; anything else is a failure. */
    status: statusField,
  },
  { size: 16, aliases: { linux: 'vmbus_channel_modifychannel_response' } },
)
