import {
  array,
  bit,
  bitField,
  bits,
  bytes,
  type Infer,
  openEnum,
  reserved,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '../wire/index.ts'

/** Message slots and event flag sets of a VP: one per synthetic interrupt source. Source: TLFS 11.4. */
export const sintCount = 16
/** Most bytes of payload in a message. */
export const messagePayloadSize = 240
/** Event flags per SINT. */
export const eventFlagCount = 2048

/** Types of SynIC messages. Values with the top bit set come from the hypervisor. Source: TLFS 11.7 (HV_MESSAGE_TYPE). */
export const MessageType = {
  None: 0,
  /** Every VMBus control message. */
  Vmbus: 1,
  UnmappedGpa: 0x8000_0000,
  GpaIntercept: 0x8000_0001,
  TimerExpired: 0x8000_0010,
  InvalidVpRegisterValue: 0x8000_0020,
  UnrecoverableException: 0x8000_0021,
  UnsupportedFeature: 0x8000_0022,
} as const

const messageTypeField = /* @__PURE__ */ openEnum('MessageType', u32, MessageType)

/** The first 16 bytes of a message slot. Source: Linux hv_message_header, TLFS 11.8.1. */
export const MessageHeader = /* @__PURE__ */ struct(
  'MessageHeader',
  {
    /** 0 while the slot is free. */
    messageType: messageTypeField,
    /** Bytes of payload, 0 … 240. */
    payloadSize: u8,
    messageFlags: bits(u8, {
      /** More is queued: write EOM after freeing the slot. */
      messagePending: bit(0),
    }),
    reserved: reserved(2),
    /** Partition or port that sent the message. */
    sender: u64,
  },
  { size: 16, aliases: { linux: 'hv_message_header' } },
)

/** One message slot, 256 bytes. Source: Linux hv_message. */
export const SynicMessage = /* @__PURE__ */ struct(
  'SynicMessage',
  {
    header: MessageHeader,
    /** Bytes behind `payloadSize` mean nothing. */
    payload: bytes(messagePayloadSize),
  },
  { size: 256, aliases: { linux: 'hv_message' } },
)
export interface SynicMessage extends Infer<typeof SynicMessage> {}

/** The message page (SIMP) of a VP: a slot per SINT. Source: Linux hv_message_page. */
export const MessagePage = /* @__PURE__ */ struct(
  'MessagePage',
  { messages: array(SynicMessage, sintCount) },
  { size: 4096, aliases: { linux: 'hv_message_page' } },
)

/** The event flags of one SINT: 2048 bits, bit n in byte n ÷ 8. Source: Linux hv_synic_event_flags. */
export const EventFlags = /* @__PURE__ */ struct(
  'EventFlags',
  { flags: bytes(eventFlagCount / 8) },
  { size: 256, aliases: { linux: 'hv_synic_event_flags' } },
)

/** The event flag page (SIEFP) of a VP. Source: Linux hv_synic_event_flags_page. */
export const EventFlagsPage = /* @__PURE__ */ struct(
  'EventFlagsPage',
  { sints: array(EventFlags, sintCount) },
  { size: 4096, aliases: { linux: 'hv_synic_event_flags_page' } },
)

/** A connection id as hypercalls and monitor pages carry it: 24 bits. Source: Linux hv_connection_id, TLFS 11.3. */
export const ConnectionIdWord = /* @__PURE__ */ bits(u32, { id: bitField(0, 24) })

/** Input of HvCallPostMessage (0x005c): 256 bytes in memory. Source: Linux hv_input_post_message, TLFS 11.11.7. */
export const HvCallPostMessage = /* @__PURE__ */ struct(
  'HvCallPostMessage',
  {
    connectionId: ConnectionIdWord,
    reserved: reserved(u32),
    /** Below 0x80000000. */
    messageType: messageTypeField,
    /** Bytes of payload that count, 0 … 240. */
    payloadSize: u32,
    payload: bytes(messagePayloadSize),
  },
  { size: 256, aliases: { linux: 'hv_input_post_message' } },
)

/** Input of HvCallSignalEvent (0x005d): 8 bytes, usually in a register. Source: TLFS 11.11.8. */
export const HvCallSignalEvent = /* @__PURE__ */ struct(
  'HvCallSignalEvent',
  { connectionId: ConnectionIdWord, flagNumber: u16, reserved: reserved(u16) },
  { size: 8, aliases: { linux: 'hv_input_signal_event' } },
)
