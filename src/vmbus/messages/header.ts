import { openEnum, pinned, reserved, struct, u32 } from '../../wire/index.ts'

/**
 * Types of VMBus control messages. They travel as SynIC messages of type 1; guest to host by HvCallPostMessage.
 *
 * Source: Linux include/linux/hyperv.h (vmbus_channel_message_type); types 18 to 20 and 25 to 29 OpenVMM vmbus_core/protocol.rs.
 */
export const ChannelMessageType = {
  OfferChannel: 1,
  RescindChannelOffer: 2,
  RequestOffers: 3,
  AllOffersDelivered: 4,
  OpenChannel: 5,
  OpenResult: 6,
  CloseChannel: 7,
  GpadlHeader: 8,
  GpadlBody: 9,
  GpadlCreated: 10,
  GpadlTeardown: 11,
  GpadlTorndown: 12,
  RelIdReleased: 13,
  InitiateContact: 14,
  VersionResponse: 15,
  Unload: 16,
  UnloadComplete: 17,
  OpenReservedChannel: 18,
  CloseReservedChannel: 19,
  CloseReservedChannelResponse: 20,
  TlConnectRequest: 21,
  ModifyChannel: 22,
  TlConnectRequestResult: 23,
  ModifyChannelResponse: 24,
  ModifyConnection: 25,
  ModifyConnectionResponse: 26,
  Pause: 27,
  PauseResponse: 28,
  Resume: 29,
} as const

/** The message type word on the wire. */
export const ChannelMessageTypeField = /* @__PURE__ */ openEnum('ChannelMessageType', u32, ChannelMessageType)

/** Largest control message, header included, in bytes: what a SynIC message can carry. */
export const maxMessageSize = 240

/** Status words in replies: NTSTATUS or HRESULT. Zero is success; a guest takes anything else as failure. */
export const MessageStatus = {
  Success: 0,
  /** What a host answers to a request it cannot fulfil (E_UNEXPECTED). */
  Failure: 0x8000_ffff,
  /** No one listens on that hvsocket service (STATUS_CONNECTION_REFUSED). */
  ConnectionRefused: 0xc000_0236,
} as const

/** A status word. */
export const statusField = /* @__PURE__ */ openEnum('MessageStatus', u32, MessageStatus)

/** First 8 bytes of every control message. Source: Linux vmbus_channel_message_header. */
export const ChannelMessageHeader = /* @__PURE__ */ struct(
  'ChannelMessageHeader',
  {
    /** Which message this is. */
    messageType: ChannelMessageTypeField,
    padding: reserved(u32),
  },
  { size: 8, aliases: { linux: 'vmbus_channel_message_header' } },
)

/** The header of a message of a known type: nothing in it is left to say. */
export const header = /* @__NO_SIDE_EFFECTS__ */ (messageType: number) => pinned(ChannelMessageHeader, { messageType })
