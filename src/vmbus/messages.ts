import {
  bit,
  bits,
  bytes,
  guidField,
  type Infer,
  openEnum,
  pinned,
  reserved,
  rest,
  restOf,
  struct,
  type UnionValue,
  u8,
  u16,
  u32,
  u64,
  union,
} from '../wire/index.ts'
import { ContactTarget } from './contact-target.ts'
import { channelIdField, connectionIdField, gpadlIdField } from './ids.ts'
import { ChannelOffer } from './offer.ts'
import { FeatureFlags, FeatureFlagsField, VmbusVersion, VmbusVersionField } from './versions.ts'

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

const statusField = /* @__PURE__ */ openEnum('MessageStatus', u32, MessageStatus)

/** State that a host reports in answers about the connection. */
export const ConnectionState = { Successful: 0, FailedLowResources: 1, FailedUnknown: 2 } as const

const connectionStateField = /* @__PURE__ */ openEnum('ConnectionState', u8, ConnectionState)

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
const header = /* @__NO_SIDE_EFFECTS__ */ (messageType: number) => pinned(ChannelMessageHeader, { messageType })

/** Host to guest, 196 bytes: a device channel is there. Source: Linux vmbus_channel_offer_channel. */
export const OfferChannel = /* @__PURE__ */ struct(
  'OfferChannel',
  {
    header: header(1),
    /** What is offered. */
    offer: ChannelOffer,
    /** The channel's relid while this connection lasts. */
    channelId: channelIdField,
    /** Bit in the monitor page (0 … 127), or 0xff. */
    monitorId: u8,
    monitor: bits(u8, {
      /** Whether `monitorId` is to be used instead of signalling. */
      allocated: bit(0),
    }),
    interrupt: bits(u16, {
      /** Whether the guest signals `connectionId` without setting its bit in the interrupt page. */
      isDedicated: bit(0),
    }),
    /** Connection that the guest signals. */
    connectionId: connectionIdField,
  },
  { size: 196, aliases: { linux: 'vmbus_channel_offer_channel' } },
)
export interface OfferChannel extends Infer<typeof OfferChannel> {}

/** Host to guest, 12 bytes: the channel is gone; the guest answers with RelIdReleased when it has let go. */
export const RescindChannelOffer = /* @__PURE__ */ struct(
  'RescindChannelOffer',
  { header: header(2), channelId: channelIdField },
  { size: 12, aliases: { linux: 'vmbus_channel_rescind_offer' } },
)

/** Guest to host, 8 bytes: send me all offers. */
export const RequestOffers = /* @__PURE__ */ struct('RequestOffers', { header: header(3) }, { size: 8 })

/** Host to guest, 8 bytes: what was there at RequestOffers has been offered. */
export const AllOffersDelivered = /* @__PURE__ */ struct('AllOffersDelivered', { header: header(4) }, { size: 8 })

const openChannelFields = {
  header: header(5),
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
  { header: header(6), channelId: channelIdField, openId: u32, status: statusField },
  { size: 20, aliases: { linux: 'vmbus_channel_open_result' } },
)

/** Guest to host, 12 bytes. There is no reply. */
export const CloseChannel = /* @__PURE__ */ struct(
  'CloseChannel',
  { header: header(7), channelId: channelIdField },
  { size: 12, aliases: { linux: 'vmbus_channel_close_channel' } },
)

/**
 * Guest to host, 20 bytes and up to 27 words: memory that the host may map, or its beginning. Each range is a word
 * `byteCount | byteOffset << 32` and its page numbers. Source: Linux vmbus_channel_gpadl_header.
 */
export const GpadlHeader = /* @__PURE__ */ struct(
  'GpadlHeader',
  {
    header: header(8),
    channelId: channelIdField,
    gpadlId: gpadlIdField,
    /** Bytes of range data in this message and its bodies together, at most 65535. */
    rangeBufferLength: u16,
    /** Ranges in that data. */
    rangeCount: u16,
    /** The first words of the range data. */
    data: restOf(u64),
  },
  { size: 20, aliases: { linux: 'vmbus_channel_gpadl_header' } },
)

/** Guest to host, 16 bytes and up to 28 words: more of a GPADL. It names no channel. Source: Linux vmbus_channel_gpadl_body. */
export const GpadlBody = /* @__PURE__ */ struct(
  'GpadlBody',
  {
    header: header(9),
    /** Always 0 from Linux, in spite of its name there. */
    messageNumber: u32,
    gpadlId: gpadlIdField,
    data: restOf(u64),
  },
  { size: 16, aliases: { linux: 'vmbus_channel_gpadl_body' } },
)

/** Host to guest, 20 bytes: the outcome of GPADL creation. */
export const GpadlCreated = /* @__PURE__ */ struct(
  'GpadlCreated',
  { header: header(10), channelId: channelIdField, gpadlId: gpadlIdField, status: statusField },
  { size: 20, aliases: { linux: 'vmbus_channel_gpadl_created' } },
)

/** Guest to host, 16 bytes: let go of a GPADL. */
export const GpadlTeardown = /* @__PURE__ */ struct(
  'GpadlTeardown',
  { header: header(11), channelId: channelIdField, gpadlId: gpadlIdField },
  { size: 16, aliases: { linux: 'vmbus_channel_gpadl_teardown' } },
)

/** Host to guest, 12 bytes: the GPADL's pages are the guest's alone again. It names no channel. */
export const GpadlTorndown = /* @__PURE__ */ struct(
  'GpadlTorndown',
  { header: header(12), gpadlId: gpadlIdField },
  { size: 12, aliases: { linux: 'vmbus_channel_gpadl_torndown' } },
)

/** Guest to host, 12 bytes: the relid is free. */
export const RelIdReleased = /* @__PURE__ */ struct(
  'RelIdReleased',
  { header: header(13), channelId: channelIdField },
  { size: 12, aliases: { linux: 'vmbus_channel_relid_released' } },
)

const initiateContactFields = {
  header: header(14),
  /** Version asked for. */
  version: VmbusVersionField,
  /** VP that control messages go to (from 3.0 on). */
  targetVp: u32,
  /** Below 5.0 the interrupt page, from 5.0 on SINT, VTL and features: the same 8 bytes. */
  target: ContactTarget,
  /** GPA of the page in which the host monitors and triggers for the guest; 0 for none. */
  parentToChildMonitorPage: u64,
  /** GPA of the page in which the guest triggers; 0 for none. */
  childToParentMonitorPage: u64,
}

/** Guest to host, 40 bytes: ask for a version. Source: Linux vmbus_channel_initiate_contact. */
export const InitiateContact = /* @__PURE__ */ struct('InitiateContact', initiateContactFields, {
  size: 40,
  aliases: { linux: 'vmbus_channel_initiate_contact' },
})
export interface InitiateContact extends Infer<typeof InitiateContact> {}

/** InitiateContact with a client id behind it, 56 bytes; honoured with the clientId feature. */
export const InitiateContact2 = /* @__PURE__ */ struct(
  'InitiateContact2',
  { ...initiateContactFields, clientId: guidField },
  { size: 56 },
)

const versionResponseFields = {
  header: header(15),
  /** 1 when the version is accepted, 0 when not; any other value counts as 1. */
  versionSupported: u8,
  connectionState: connectionStateField,
  padding: reserved(u16),
  /** Below 5.0 the version, from 5.0 on the connection that later messages are to be posted to. */
  versionOrConnectionId: u32,
}

/** Host to guest, 16 bytes: the answer to InitiateContact. Source: Linux vmbus_channel_version_response. */
export const VersionResponse = /* @__PURE__ */ struct('VersionResponse', versionResponseFields, {
  size: 16,
  aliases: { linux: 'vmbus_channel_version_response' },
})

const versionResponse2Fields = {
  ...versionResponseFields,
  /** Features asked for and granted. */
  supportedFeatures: FeatureFlagsField,
}

/** The positive answer from 6.0 on, 20 bytes. */
export const VersionResponse2 = /* @__PURE__ */ struct('VersionResponse2', versionResponse2Fields, { size: 20 })

/** The positive answer when the host allocated the monitor pages, 40 bytes. */
export const VersionResponse3 = /* @__PURE__ */ struct(
  'VersionResponse3',
  {
    ...versionResponse2Fields,
    padding2: reserved(u32),
    /** GPA, or 0 when the host does not monitor in that direction. */
    parentToChildMonitorPage: u64,
    childToParentMonitorPage: u64,
  },
  { size: 40 },
)

/** Guest to host, 8 bytes: end the connection. */
export const Unload = /* @__PURE__ */ struct('Unload', { header: header(16) }, { size: 8 })

/** Host to guest, 8 bytes: the connection has ended. Linux: CHANNELMSG_UNLOAD_RESPONSE. */
export const UnloadComplete = /* @__PURE__ */ struct('UnloadComplete', { header: header(17) }, { size: 8 })

/** Guest to host, 28 bytes: open a channel that survives Unload (firmware, crash dump), without interrupts. */
export const OpenReservedChannel = /* @__PURE__ */ struct(
  'OpenReservedChannel',
  {
    header: header(18),
    channelId: channelIdField,
    /** VP that the answer goes to. */
    targetVp: u32,
    /** SINT that the answer goes to. */
    targetSint: u32,
    ringBufferGpadlId: gpadlIdField,
    downstreamRingBufferPageOffset: u32,
  },
  { size: 28 },
)

/** Guest to host, 20 bytes. */
export const CloseReservedChannel = /* @__PURE__ */ struct(
  'CloseReservedChannel',
  { header: header(19), channelId: channelIdField, targetVp: u32, targetSint: u32 },
  { size: 20 },
)

/** Host to guest, 12 bytes. */
export const CloseReservedChannelResponse = /* @__PURE__ */ struct(
  'CloseReservedChannelResponse',
  { header: header(20), channelId: channelIdField },
  { size: 12 },
)

const tlConnectFields = {
  header: header(21),
  /** The connecting socket; becomes the offered channel's instance id. */
  endpointId: guidField,
  /** The service connected to; becomes the offered channel's interface id. */
  serviceId: guidField,
}

/** Guest to host, 40 bytes: connect an hvsocket. Source: Linux vmbus_channel_tl_connect_request. */
export const TlConnectRequest = /* @__PURE__ */ struct('TlConnectRequest', tlConnectFields, {
  size: 40,
  aliases: { linux: 'vmbus_channel_tl_connect_request' },
})

/** The form with a silo, from 5.2 on, 56 bytes. */
export const TlConnectRequest2 = /* @__PURE__ */ struct(
  'TlConnectRequest2',
  { ...tlConnectFields, siloId: guidField },
  { size: 56 },
)

/** Guest to host, 16 bytes: interrupt another VP from now on. Source: Linux vmbus_channel_modifychannel. */
export const ModifyChannel = /* @__PURE__ */ struct(
  'ModifyChannel',
  { header: header(22), channelId: channelIdField, targetVp: u32 },
  { size: 16, aliases: { linux: 'vmbus_channel_modifychannel' } },
)

/** Host to guest, 44 bytes: an hvsocket could not be connected. Success is told by an offer. */
export const TlConnectRequestResult = /* @__PURE__ */ struct(
  'TlConnectRequestResult',
  { header: header(23), endpointId: guidField, serviceId: guidField, status: statusField },
  { size: 44 },
)

/** Host to guest, 16 bytes, from 5.3 on. Source: Linux vmbus_channel_modifychannel_response. */
export const ModifyChannelResponse = /* @__PURE__ */ struct(
  'ModifyChannelResponse',
  { header: header(24), channelId: channelIdField, status: statusField },
  { size: 16, aliases: { linux: 'vmbus_channel_modifychannel_response' } },
)

/** Guest to host, 24 bytes: other monitor pages; both 0 for none. */
export const ModifyConnection = /* @__PURE__ */ struct(
  'ModifyConnection',
  { header: header(25), parentToChildMonitorPage: u64, childToParentMonitorPage: u64 },
  { size: 24 },
)

/** Host to guest, 9 bytes. */
export const ModifyConnectionResponse = /* @__PURE__ */ struct(
  'ModifyConnectionResponse',
  { header: header(26), connectionState: connectionStateField },
  { size: 9 },
)

/** Guest to host, 8 bytes: send no more until Resume. */
export const Pause = /* @__PURE__ */ struct('Pause', { header: header(27) }, { size: 8 })

/** Host to guest, 8 bytes: the last message before Resume. */
export const PauseResponse = /* @__PURE__ */ struct('PauseResponse', { header: header(28) }, { size: 8 })

/** Guest to host, 8 bytes. There is no reply. */
export const Resume = /* @__PURE__ */ struct('Resume', { header: header(29) }, { size: 8 })

/** A control message of a type that is not known. */
export const UnknownMessage = /* @__PURE__ */ struct('UnknownMessage', {
  header: ChannelMessageHeader,
  body: rest(),
})

const { V1_1, V4_0, V4_1, V5_2, V5_3, V6_0 } = VmbusVersion
const { guestSpecifiedSignalParameters, channelInterruptRedirection, modifyConnection, pauseResume } = FeatureFlags
const longOpen = guestSpecifiedSignalParameters | channelInterruptRedirection
const host = 'host'
const guest = 'guest'

/**
 * Every control message, told apart by its type, then by version, features, sender and size.
 *
 * Source of the conditions: OpenVMM vmbus_core/protocol.rs.
 */
export const ChannelMessage = /* @__PURE__ */ union(
  'ChannelMessage',
  { offset: 0, tag: u32, otherwise: UnknownMessage },
  [
    { schema: OfferChannel, from: host },
    { schema: RescindChannelOffer, from: host },
    { schema: RequestOffers, from: guest },
    { schema: AllOffersDelivered, from: host },
    { schema: OpenChannel, from: guest, unless: longOpen },
    { schema: OpenChannel2, from: guest, since: V6_0, features: longOpen },
    { schema: OpenResult, from: host },
    { schema: CloseChannel, from: guest },
    { schema: GpadlHeader, from: guest },
    { schema: GpadlBody, from: guest },
    { schema: GpadlCreated, from: host },
    { schema: GpadlTeardown, from: guest },
    { schema: GpadlTorndown, from: host },
    { schema: RelIdReleased, from: guest },
    { schema: InitiateContact, from: guest },
    { schema: InitiateContact2, from: guest },
    { schema: VersionResponse, from: host },
    { schema: VersionResponse2, from: host },
    { schema: VersionResponse3, from: host },
    { schema: Unload, from: guest },
    { schema: UnloadComplete, from: host, since: V1_1 },
    { schema: OpenReservedChannel, from: guest, since: V4_0 },
    { schema: CloseReservedChannel, from: guest },
    { schema: CloseReservedChannelResponse, from: host, since: V4_0 },
    { schema: TlConnectRequest, from: guest, since: V4_0 },
    { schema: TlConnectRequest2, from: guest, since: V5_2 },
    { schema: ModifyChannel, from: guest, since: V4_1 },
    { schema: TlConnectRequestResult, from: host, since: V4_1 },
    { schema: ModifyChannelResponse, from: host, since: V5_3 },
    { schema: ModifyConnection, from: guest, since: V6_0, features: modifyConnection },
    { schema: ModifyConnectionResponse, from: host, since: V6_0, features: modifyConnection },
    { schema: Pause, from: guest, since: V6_0, features: pauseResume },
    { schema: PauseResponse, from: host, since: V6_0, features: pauseResume },
    { schema: Resume, from: guest, since: V6_0, features: pauseResume },
  ],
)
/** A decoded control message; `type` is the structure's name. */
export type ChannelMessage = UnionValue<(typeof ChannelMessage)['members'][number]['schema']>
