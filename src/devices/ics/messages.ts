import { counted, flags, type Infer, openEnum, pinned, reserved, rest, struct, u8, u16, u32 } from '../../wire/index.ts'

/** Types of integration component messages. Source: OpenVMM hyperv_ic_protocol; Linux include/linux/hyperv.h (ICMSGTYPE_*) up to 7. */
export const IcMessageType = {
  Negotiate: 0,
  Heartbeat: 1,
  KvpExchange: 2,
  Shutdown: 3,
  TimeSync: 4,
  Vss: 5,
  RemoteDesktop: 6,
  FileCopy: 7,
  VmSession: 8,
} as const

/** What a message is. Source: Linux include/linux/hyperv.h (ICMSGHDRFLAG_*). */
export const IcFlags = { transaction: 0x1, request: 0x2, response: 0x4 } as const

/** How a request went, an HRESULT. Source: Linux include/uapi/linux/hyperv.h (HV_S_*, HV_E_*, HV_ERROR_*), OpenVMM hyperv_ic_protocol. */
export const IcStatus = {
  Ok: 0,
  Fail: 0x8000_4005,
  NotFound: 0x8004_1002,
  NotSupported: 0x8007_0032,
  AlreadyExists: 0x8007_0050,
  InvalidArgument: 0x8007_0057,
  DiskFull: 0x8007_0070,
  NoMoreItems: 0x8007_0103,
  DeviceNotConnected: 0x8007_048f,
  MachineLocked: 0x8007_04f7,
} as const

/** A version of the framework or of a component's messages. Source: Linux include/linux/hyperv.h (ic_version). */
export const IcVersion = /* @__PURE__ */ struct(
  'IcVersion',
  {
    /** Before the point. */
    major: u16,
    /** Behind the point. */
    minor: u16,
  },
  { size: 4, aliases: { linux: 'ic_version' } },
)
export interface IcVersion extends Infer<typeof IcVersion> {}

/** First 20 bytes of every integration component message, behind the pipe header. Source: Linux include/linux/hyperv.h (icmsg_hdr). */
export const IcHeader = /* @__PURE__ */ struct(
  'IcHeader',
  {
    /** The framework's version that was agreed on; before that anything. */
    frameworkVersion: IcVersion,
    /** Which component's message this is; 0 negotiates. */
    messageType: openEnum('IcMessageType', u16, IcMessageType),
    /** The version of the component's messages that was agreed on; before that anything. */
    messageVersion: IcVersion,
    /** Bytes behind this header that count. Linux answers a negotiation in the request's buffer, of which fewer count. */
    size: u16,
    /** Of a response: how the request went. */
    status: openEnum('IcStatus', u32, IcStatus),
    /** A response has its request's. */
    transactionId: u8,
    /** Request or response. */
    flags: flags('IcFlags', u8, IcFlags),
    reserved: reserved(2),
  },
  { size: 20, aliases: { linux: 'icmsg_hdr' } },
)
export interface IcHeader extends Infer<typeof IcHeader> {}

/** Versions to choose from, or the two that were chosen: then both counts are 1. Source: Linux include/linux/hyperv.h (icmsg_negotiate). */
export const IcVersionLists = /* @__PURE__ */ struct(
  'IcVersionLists',
  {
    /** Versions of the framework. */
    frameworkCount: u16,
    /** Versions of the component's messages. */
    messageCount: u16,
    reserved: reserved(4),
    /** Of the framework. */
    frameworkVersions: counted(IcVersion, 'frameworkCount'),
    /** Of the component's messages. */
    messageVersions: counted(IcVersion, 'messageCount'),
  },
  { size: 8, aliases: { linux: 'icmsg_negotiate' } },
)
export interface IcVersionLists extends Infer<typeof IcVersionLists> {}

/** The host's versions, or the guest's choice of them. */
export const IcNegotiate = /* @__PURE__ */ struct('IcNegotiate', {
  header: pinned(IcHeader, { messageType: 0 }),
  /** Offered, or chosen. */
  versions: IcVersionLists,
})
export interface IcNegotiate extends Infer<typeof IcNegotiate> {}

/** A message of a type that the component does not have. */
export const OtherIcMessage = /* @__PURE__ */ struct('OtherIcMessage', {
  header: IcHeader,
  /** All behind the header. */
  body: rest(),
})
export interface OtherIcMessage extends Infer<typeof OtherIcMessage> {}

/** Most bytes of a message, header included. Source: OpenVMM hyperv_ic_protocol. */
export const maxIcMessage = 13312
