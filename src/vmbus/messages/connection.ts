import { guidField, type Infer, openEnum, reserved, struct, u8, u16, u32, u64 } from '../../wire/index.ts'
import { ContactTarget } from '../contact-target.ts'
import { FeatureFlagsField, VmbusVersionField } from '../versions.ts'
import { header } from './header.ts'

/** State that a host reports in answers about the connection. */
export const ConnectionState = { Successful: 0, FailedLowResources: 1, FailedUnknown: 2 } as const

const connectionStateField = /* @__PURE__ */ openEnum('ConnectionState', u8, ConnectionState)

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
  {
    ...initiateContactFields,
    /** Well-known id of the guest's software; zeros for none. */
    clientId: guidField,
  },
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
    /** GPA of the page in which the guest triggers; never 0. */
    childToParentMonitorPage: u64,
  },
  { size: 40 },
)

/** Guest to host, 8 bytes: end the connection. */
export const Unload = /* @__PURE__ */ struct('Unload', { header: header(16) }, { size: 8 })

/** Host to guest, 8 bytes: the connection has ended. Linux: CHANNELMSG_UNLOAD_RESPONSE. */
export const UnloadComplete = /* @__PURE__ */ struct('UnloadComplete', { header: header(17) }, { size: 8 })

/** Guest to host, 24 bytes: other monitor pages; both 0 for none. */
export const ModifyConnection = /* @__PURE__ */ struct(
  'ModifyConnection',
  {
    header: header(25),
    /** GPA of the page in which the host triggers; 0 for none. */
    parentToChildMonitorPage: u64,
    /** GPA of the page in which the guest triggers; 0 for none. */
    childToParentMonitorPage: u64,
  },
  { size: 24 },
)

/** Host to guest, 9 bytes. */
export const ModifyConnectionResponse = /* @__PURE__ */ struct(
  'ModifyConnectionResponse',
  {
    header: header(26),
    /** 0 when the pages are in use. */
    connectionState: connectionStateField,
  },
  { size: 9 },
)

/** Guest to host, 8 bytes: send no more until Resume. */
export const Pause = /* @__PURE__ */ struct('Pause', { header: header(27) }, { size: 8 })

/** Host to guest, 8 bytes: the last message before Resume. */
export const PauseResponse = /* @__PURE__ */ struct('PauseResponse', { header: header(28) }, { size: 8 })

/** Guest to host, 8 bytes. There is no reply. */
export const Resume = /* @__PURE__ */ struct('Resume', { header: header(29) }, { size: 8 })
