import {
  countedBytes,
  flags,
  type Infer,
  openEnum,
  pinned,
  reserved,
  struct,
  type UnionValue,
  u32,
  union,
} from '../../wire/index.ts'
import { Oid } from './oid.ts'
import {
  CondisActivateVc,
  CondisActivateVcComplete,
  CondisCreateVc,
  CondisCreateVcComplete,
  CondisDeactivateVc,
  CondisDeactivateVcComplete,
  CondisDeleteVc,
  CondisDeleteVcComplete,
  CondisIndicateStatus,
} from './rndis-condis.ts'
import { RndisHeader, restBehind, restBehindHeader, rndisMessage, rndisStatus } from './rndis-header.ts'

const oid = /* @__PURE__ */ openEnum('Oid', u32, Oid)

/** Body of {@link RndisPacket}. Offsets count from the body's start. */
export const RndisPacketBody = /* @__PURE__ */ struct(
  'RndisPacketBody',
  {
    /** Where the frame begins. */
    dataOffset: u32,
    /** Bytes of the frame. */
    dataLength: u32,
    /** Where the out-of-band data begin; 0 without any. */
    outOfBandDataOffset: u32,
    /** Bytes of the out-of-band data. */
    outOfBandDataLength: u32,
    /** Pieces of out-of-band data. */
    outOfBandElementCount: u32,
    /** Where the per-packet information begins; 0 without any. */
    perPacketInfoOffset: u32,
    /** Bytes of the per-packet information. */
    perPacketInfoLength: u32,
    /** Virtual circuit; 0 without any, as always on Ethernet. */
    vcHandle: u32,
    reserved: reserved(u32),
  },
  { size: 36, aliases: { linux: 'rndis_packet' } },
)

/** Body of {@link RndisInitializeRequest}. */
export const RndisInitializeRequestBody = /* @__PURE__ */ struct(
  'RndisInitializeRequestBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** Of RNDIS: 1. */
    majorVersion: u32,
    /** Of RNDIS: 0. */
    minorVersion: u32,
    /** Bytes of the largest packet of messages that the guest takes. */
    maximumTransferSize: u32,
  },
  { size: 16, aliases: { linux: 'rndis_initialize_request' } },
)

/** Kinds of devices. Source: Linux include/linux/rndis.h (RNDIS_DF_*). */
export const RndisDeviceFlags = { connectionless: 0x1, connectionOriented: 0x2, rawData: 0x4 } as const

/** Body of {@link RndisInitializeComplete}. */
export const RndisInitializeCompleteBody = /* @__PURE__ */ struct(
  'RndisInitializeCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
    /** Of RNDIS: 1. */
    majorVersion: u32,
    /** Of RNDIS: 0. */
    minorVersion: u32,
    /** What kind of device it is. */
    deviceFlags: flags('RndisDeviceFlags', u32, RndisDeviceFlags),
    /** 0: 802.3. */
    medium: u32,
    /** Most RNDIS packets that the guest may put behind each other. */
    maximumPacketsPerMessage: u32,
    /** Bytes of the largest packet of messages that the host takes. */
    maximumTransferSize: u32,
    /** Packets behind each other begin at multiples of 2 to this power. */
    packetAlignmentFactor: u32,
    /** 0: there is no list. */
    addressFamilyListOffset: u32,
    /** 0: there is no list. */
    addressFamilyListSize: u32,
  },
  { size: 44, aliases: { linux: 'rndis_initialize_complete' } },
)

/** Body of {@link RndisHaltRequest}. */
export const RndisHaltRequestBody = /* @__PURE__ */ struct(
  'RndisHaltRequestBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
  },
  { size: 4, aliases: { linux: 'rndis_halt_request' } },
)

/** Body of {@link RndisQueryRequest}. */
export const RndisQueryRequestBody = /* @__PURE__ */ struct(
  'RndisQueryRequestBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** Which value. */
    oid,
    /** Bytes of the information. */
    informationLength: u32,
    /** Counts from the body's start; 20 when the information follows at once. */
    informationOffset: u32,
    /** Virtual circuit; 0 without any. */
    deviceVcHandle: u32,
  },
  { size: 20, aliases: { linux: 'rndis_query_request' } },
)

/** Body of {@link RndisQueryComplete}. */
export const RndisQueryCompleteBody = /* @__PURE__ */ struct(
  'RndisQueryCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
    /** Bytes of the information. */
    informationLength: u32,
    /** Counts from the body's start; Linux wants at least 16, with an error too. */
    informationOffset: u32,
  },
  { size: 16, aliases: { linux: 'rndis_query_complete' } },
)

/** Body of {@link RndisSetRequest}. */
export const RndisSetRequestBody = /* @__PURE__ */ struct(
  'RndisSetRequestBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** Which value. */
    oid,
    /** Bytes of the information. */
    informationLength: u32,
    /** Counts from the body's start; 20 when the information follows at once. */
    informationOffset: u32,
    /** Virtual circuit; 0 without any. */
    deviceVcHandle: u32,
  },
  { size: 20, aliases: { linux: 'rndis_set_request' } },
)

/** Body of {@link RndisSetComplete}. */
export const RndisSetCompleteBody = /* @__PURE__ */ struct(
  'RndisSetCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
  },
  { size: 8, aliases: { linux: 'rndis_set_complete' } },
)

/** Body of {@link RndisResetRequest}. */
export const RndisResetRequestBody = /* @__PURE__ */ struct(
  'RndisResetRequestBody',
  { reserved: reserved(u32) },
  { size: 4, aliases: { linux: 'rndis_reset_request' } },
)

/** Body of {@link RndisResetComplete}. */
export const RndisResetCompleteBody = /* @__PURE__ */ struct(
  'RndisResetCompleteBody',
  {
    /** How it went. */
    status: rndisStatus,
    /** Whether the guest has to set filter and addresses again. */
    addressingReset: u32,
  },
  { size: 8, aliases: { linux: 'rndis_reset_complete' } },
)

/** Body of {@link RndisIndicateStatus}. */
export const RndisIndicateStatusBody = /* @__PURE__ */ struct(
  'RndisIndicateStatusBody',
  {
    /** What has changed. */
    status: rndisStatus,
    /** Bytes of the buffer. */
    statusBufferLength: u32,
    /** Counts from the body's start. Some hosts leave the buffer out of the message's length (OK-10). */
    statusBufferOffset: u32,
  },
  { size: 12, aliases: { linux: 'rndis_indicate_status' } },
)

/** What an indication of an error tells beside the status. */
export const RndisDiagnosticInfo = /* @__PURE__ */ struct(
  'RndisDiagnosticInfo',
  {
    /** What is wrong. */
    diagnosticStatus: rndisStatus,
    /** Where in the message: bytes from its start. */
    errorOffset: u32,
  },
  { size: 8, aliases: { linux: 'rndis_diagnostic_info' } },
)

/** Body of {@link RndisKeepAliveRequest}. */
export const RndisKeepAliveRequestBody = /* @__PURE__ */ struct(
  'RndisKeepAliveRequestBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
  },
  { size: 4, aliases: { linux: 'rndis_keepalive_request' } },
)

/** Body of {@link RndisKeepAliveComplete}. */
export const RndisKeepAliveCompleteBody = /* @__PURE__ */ struct(
  'RndisKeepAliveCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
  },
  { size: 8, aliases: { linux: 'rndis_keepalive_complete' } },
)

/** Either way: a frame with its per-packet information, each where its offset says. */
export const RndisPacket = /* @__PURE__ */ struct('RndisPacket', {
  header: pinned(RndisHeader, { messageType: 1 }),
  ...RndisPacketBody.properties,
  /** Everything behind the fixed part: see `frameOf` and `perPacketInfoOf`. */
  data: countedBytes(restBehind(RndisPacketBody)),
})
export interface RndisPacket extends Infer<typeof RndisPacket> {}

/** Guest to host: begins RNDIS. */
export const RndisInitializeRequest = /* @__PURE__ */ rndisMessage(
  'RndisInitializeRequest',
  2,
  RndisInitializeRequestBody,
)
/** Host to guest: the answer. */
export const RndisInitializeComplete = /* @__PURE__ */ rndisMessage(
  'RndisInitializeComplete',
  0x8000_0002,
  RndisInitializeCompleteBody,
)
/** Guest to host: ends RNDIS. Wants no answer. */
export const RndisHaltRequest = /* @__PURE__ */ rndisMessage('RndisHaltRequest', 3, RndisHaltRequestBody)

/** Guest to host: asks for a value. */
export const RndisQueryRequest = /* @__PURE__ */ struct('RndisQueryRequest', {
  header: pinned(RndisHeader, { messageType: 4 }),
  ...RndisQueryRequestBody.properties,
  /** Everything behind the fixed part: see `informationOf`. */
  data: countedBytes(restBehind(RndisQueryRequestBody)),
})
export interface RndisQueryRequest extends Infer<typeof RndisQueryRequest> {}

/** Host to guest: the value. */
export const RndisQueryComplete = /* @__PURE__ */ struct('RndisQueryComplete', {
  header: pinned(RndisHeader, { messageType: 0x8000_0004 }),
  ...RndisQueryCompleteBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(RndisQueryCompleteBody)),
})
export interface RndisQueryComplete extends Infer<typeof RndisQueryComplete> {}

/** Guest to host: sets a value. */
export const RndisSetRequest = /* @__PURE__ */ struct('RndisSetRequest', {
  header: pinned(RndisHeader, { messageType: 5 }),
  ...RndisSetRequestBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(RndisSetRequestBody)),
})
export interface RndisSetRequest extends Infer<typeof RndisSetRequest> {}

/** Host to guest: whether it is set. */
export const RndisSetComplete = /* @__PURE__ */ rndisMessage('RndisSetComplete', 0x8000_0005, RndisSetCompleteBody)
/** Guest to host: sets a value whose answer is a value. No driver at hand sends it. Source: OpenVMM netvsp rndisprot. */
export const RndisSetExRequest = /* @__PURE__ */ struct('RndisSetExRequest', {
  header: pinned(RndisHeader, { messageType: 9 }),
  ...RndisSetRequestBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(RndisSetRequestBody)),
})
/** Host to guest: whether it is set, and the answer. */
export const RndisSetExComplete = /* @__PURE__ */ struct('RndisSetExComplete', {
  header: pinned(RndisHeader, { messageType: 0x8000_0009 }),
  ...RndisQueryCompleteBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(RndisQueryCompleteBody)),
})

/** Guest to host: begins anew. No host at hand takes it. */
export const RndisResetRequest = /* @__PURE__ */ rndisMessage('RndisResetRequest', 6, RndisResetRequestBody)
/** Host to guest: the answer. */
export const RndisResetComplete = /* @__PURE__ */ rndisMessage(
  'RndisResetComplete',
  0x8000_0006,
  RndisResetCompleteBody,
)

/** Host to guest: something has changed, such as the link. */
export const RndisIndicateStatus = /* @__PURE__ */ struct('RndisIndicateStatus', {
  header: pinned(RndisHeader, { messageType: 7 }),
  ...RndisIndicateStatusBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(RndisIndicateStatusBody)),
})
export interface RndisIndicateStatus extends Infer<typeof RndisIndicateStatus> {}

/** Either way: is anyone there? */
export const RndisKeepAliveRequest = /* @__PURE__ */ rndisMessage('RndisKeepAliveRequest', 8, RndisKeepAliveRequestBody)
/** The answer. */
export const RndisKeepAliveComplete = /* @__PURE__ */ rndisMessage(
  'RndisKeepAliveComplete',
  0x8000_0008,
  RndisKeepAliveCompleteBody,
)

/** A message that belongs to a bus, or of an unknown type. */
export const RndisOther = /* @__PURE__ */ struct('RndisOther', {
  header: RndisHeader,
  /** All behind the header. */
  body: countedBytes(restBehindHeader),
})

/** Every RNDIS message. */
export const RndisMessage = /* @__PURE__ */ union('RndisMessage', { offset: 0, tag: u32, otherwise: RndisOther }, [
  { schema: RndisPacket },
  { schema: RndisInitializeRequest, from: 'guest' },
  { schema: RndisInitializeComplete, from: 'host' },
  { schema: RndisHaltRequest, from: 'guest' },
  { schema: RndisQueryRequest, from: 'guest' },
  { schema: RndisQueryComplete, from: 'host' },
  { schema: RndisSetRequest, from: 'guest' },
  { schema: RndisSetComplete, from: 'host' },
  { schema: RndisSetExRequest, from: 'guest' },
  { schema: RndisSetExComplete, from: 'host' },
  { schema: RndisResetRequest, from: 'guest' },
  { schema: RndisResetComplete, from: 'host' },
  { schema: RndisIndicateStatus },
  { schema: RndisKeepAliveRequest },
  { schema: RndisKeepAliveComplete },
  { schema: CondisCreateVc },
  { schema: CondisCreateVcComplete },
  { schema: CondisDeleteVc },
  { schema: CondisDeleteVcComplete },
  { schema: CondisActivateVc },
  { schema: CondisActivateVcComplete },
  { schema: CondisDeactivateVc },
  { schema: CondisDeactivateVcComplete },
  { schema: CondisIndicateStatus },
])
/** A decoded RNDIS message; `type` is the structure's name. */
export type RndisMessage = UnionValue<(typeof RndisMessage)['members'][number]['schema'] | typeof RndisOther>
