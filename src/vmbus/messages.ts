import { rest, struct, type UnionValue, u32, union } from '../wire/index.ts'
import {
  CloseChannel,
  CloseReservedChannel,
  CloseReservedChannelResponse,
  ModifyChannel,
  ModifyChannelResponse,
  OpenChannel,
  OpenChannel2,
  OpenReservedChannel,
  OpenResult,
} from './messages/channels.ts'
import {
  InitiateContact,
  InitiateContact2,
  ModifyConnection,
  ModifyConnectionResponse,
  Pause,
  PauseResponse,
  Resume,
  Unload,
  UnloadComplete,
  VersionResponse,
  VersionResponse2,
  VersionResponse3,
} from './messages/connection.ts'
import { GpadlBody, GpadlCreated, GpadlHeader, GpadlTeardown, GpadlTorndown } from './messages/gpadls.ts'
import { ChannelMessageHeader } from './messages/header.ts'
import { TlConnectRequest, TlConnectRequest2, TlConnectRequestResult } from './messages/hvsocket.ts'
import {
  AllOffersDelivered,
  OfferChannel,
  RelIdReleased,
  RequestOffers,
  RescindChannelOffer,
} from './messages/offers.ts'
import { FeatureFlags, VmbusVersion } from './versions.ts'

export * from './messages/channels.ts'
export * from './messages/connection.ts'
export * from './messages/gpadls.ts'
export {
  ChannelMessageHeader,
  ChannelMessageType,
  ChannelMessageTypeField,
  MessageStatus,
  maxMessageSize,
} from './messages/header.ts'
export * from './messages/hvsocket.ts'
export * from './messages/offers.ts'

/** A control message of a type that is not known. */
export const UnknownMessage = /* @__PURE__ */ struct('UnknownMessage', {
  header: ChannelMessageHeader,
  /** All behind the header. */
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
