import { array, bit, bits, bytes, type Infer, reserved, struct, u8, u64 } from '../wire/index.ts'
import { MessageTypeField } from './enums/messages.ts'

/** Message slots and event flag sets of a VP: one per synthetic interrupt source. Source: TLFS 11.4. */
export const sintCount = 16
/** Most bytes of payload in a message. */
export const messagePayloadSize = 240
/** Event flags per SINT. */
export const eventFlagCount = 2048

/**
 * The first 16 bytes of a message slot. `sender` is a partition for intercepts, a port in its low half for what a guest posts, 0 for timers.
 * The table of TLFS 2.0A has the fields of the second word in another order, all else agrees with this.
 * Source: Linux hv_message_header, TLFS 11.8.1.
 */
export const MessageHeader = /* @__PURE__ */ struct(
  'MessageHeader',
  {
    /** 0 while the slot is free. */
    messageType: MessageTypeField,
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
  { size: 16, aliases: { linux: 'hv_message_header', mile: 'HV_MESSAGE_HEADER' } },
)

/** One message slot, 256 bytes. Source: Linux hv_message. */
export const SynicMessage = /* @__PURE__ */ struct(
  'SynicMessage',
  {
    header: MessageHeader,
    /** Bytes behind `payloadSize` mean nothing. */
    payload: bytes(messagePayloadSize),
  },
  { size: 256, aliases: { linux: 'hv_message', mile: 'HV_MESSAGE' } },
)
export interface SynicMessage extends Infer<typeof SynicMessage> {}

/** The message page (SIMP) of a VP: a slot per SINT. Source: Linux hv_message_page. */
export const MessagePage = /* @__PURE__ */ struct(
  'MessagePage',
  { /** Slot n is for SINT n. */ messages: array(SynicMessage, sintCount) },
  { size: 4096, aliases: { linux: 'hv_message_page', mile: 'HV_MESSAGE_PAGE' } },
)

/** The event flags of one SINT: 2048 bits, bit n in byte n ÷ 8. Source: Linux hv_synic_event_flags. */
export const EventFlags = /* @__PURE__ */ struct(
  'EventFlags',
  { flags: bytes(eventFlagCount / 8) },
  { size: 256, aliases: { linux: 'hv_synic_event_flags', mile: 'HV_SYNIC_EVENT_FLAGS' } },
)

/** The event flag page (SIEFP) of a VP. Source: Linux hv_synic_event_flags_page. */
export const EventFlagsPage = /* @__PURE__ */ struct(
  'EventFlagsPage',
  { /** Entry n is for SINT n. */ sints: array(EventFlags, sintCount) },
  { size: 4096, aliases: { linux: 'hv_synic_event_flags_page', mile: 'HV_SYNIC_EVENT_FLAGS_PAGE' } },
)
