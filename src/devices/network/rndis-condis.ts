import { countedBytes, pinned, struct, u32 } from '../../wire/index.ts'
import { RndisHeader, restBehind, rndisMessage, rndisStatus } from './rndis-header.ts'

// Connection-oriented NDIS: described by Linux include/linux/rndis.h, sent by no driver at hand.

/** Body of {@link CondisCreateVc}. */
export const CondisCreateVcBody = /* @__PURE__ */ struct(
  'CondisCreateVcBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** The virtual circuit, as the guest names it. */
    ndisVcHandle: u32,
  },
  { size: 8, aliases: { linux: 'rcondis_mp_create_vc' } },
)

/** Body of {@link CondisCreateVcComplete}. */
export const CondisCreateVcCompleteBody = /* @__PURE__ */ struct(
  'CondisCreateVcCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** The virtual circuit, as the host names it. */
    deviceVcHandle: u32,
    /** How it went. */
    status: rndisStatus,
  },
  { size: 12, aliases: { linux: 'rcondis_mp_create_vc_complete' } },
)

/** Body of {@link CondisDeleteVc}. */
export const CondisDeleteVcBody = /* @__PURE__ */ struct(
  'CondisDeleteVcBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** The virtual circuit, as the host names it. */
    deviceVcHandle: u32,
  },
  { size: 8, aliases: { linux: 'rcondis_mp_delete_vc' } },
)

/** Body of {@link CondisDeleteVcComplete}. */
export const CondisDeleteVcCompleteBody = /* @__PURE__ */ struct(
  'CondisDeleteVcCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
  },
  { size: 8, aliases: { linux: 'rcondis_mp_delete_vc_complete' } },
)

/** Body of {@link CondisActivateVc}. Offsets count from the body's start. */
export const CondisActivateVcBody = /* @__PURE__ */ struct(
  'CondisActivateVcBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    flags: u32,
    /** The virtual circuit, as the host names it. */
    deviceVcHandle: u32,
    /** From the body's start, in bytes, to a CondisMediaParameters. */
    mediaParametersOffset: u32,
    /** Bytes of those parameters. */
    mediaParametersLength: u32,
    /** From the body's start, in bytes, to a CondisCallManagerParameters. */
    callManagerParametersOffset: u32,
    /** Bytes of those parameters. */
    callManagerParametersLength: u32,
  },
  { size: 28, aliases: { linux: 'rcondis_mp_activate_vc_request' } },
)

/** Body of {@link CondisActivateVcComplete}. */
export const CondisActivateVcCompleteBody = /* @__PURE__ */ struct(
  'CondisActivateVcCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
  },
  { size: 8, aliases: { linux: 'rcondis_mp_activate_vc_complete' } },
)

/** Body of {@link CondisDeactivateVc}. */
export const CondisDeactivateVcBody = /* @__PURE__ */ struct(
  'CondisDeactivateVcBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    flags: u32,
    /** The virtual circuit, as the host names it. */
    deviceVcHandle: u32,
  },
  { size: 12, aliases: { linux: 'rcondis_mp_deactivate_vc_request' } },
)

/** Body of {@link CondisDeactivateVcComplete}. */
export const CondisDeactivateVcCompleteBody = /* @__PURE__ */ struct(
  'CondisDeactivateVcCompleteBody',
  {
    /** Chosen by who asks; the answer has the same. */
    requestId: u32,
    /** How it went. */
    status: rndisStatus,
  },
  { size: 8, aliases: { linux: 'rcondis_mp_deactivate_vc_complete' } },
)

/** Body of {@link CondisIndicateStatus}. */
export const CondisIndicateStatusBody = /* @__PURE__ */ struct(
  'CondisIndicateStatusBody',
  {
    /** The virtual circuit, as the guest names it. */
    ndisVcHandle: u32,
    /** How it went. */
    status: rndisStatus,
    /** Bytes; 0: there is no buffer. */
    statusBufferLength: u32,
    statusBufferOffset: u32,
  },
  { size: 16, aliases: { linux: 'rcondis_indicate_status' } },
)

/** Parameters of one kind, wherever they are. */
export const CondisSpecificParameters = /* @__PURE__ */ struct(
  'CondisSpecificParameters',
  { parameterType: u32, parameterLength: u32, parameterOffset: u32 },
  { size: 12, aliases: { linux: 'rcondis_specific_parameters' } },
)

/** Media parameters of a virtual circuit. */
export const CondisMediaParameters = /* @__PURE__ */ struct(
  'CondisMediaParameters',
  { flags: u32, reserved1: u32, reserved2: u32, mediaSpecific: CondisSpecificParameters },
  { size: 24, aliases: { linux: 'rcondis_media_parameters' } },
)

/** What a flow may use. */
export const CondisFlowSpecification = /* @__PURE__ */ struct(
  'CondisFlowSpecification',
  {
    /** Bytes a second; 0xffffffff here and below: not specified. */
    tokenRate: u32,
    /** Bytes that may come at once. */
    tokenBucketSize: u32,
    /** Bytes a second. */
    peakBandwidth: u32,
    /** Longest delay in microseconds. */
    latency: u32,
    /** Between longest and shortest delay, in microseconds. */
    delayVariation: u32,
    /** 0 no traffic, 1 best effort, 2 controlled load, 3 guaranteed. */
    serviceType: u32,
    /** Bytes of the largest packet. */
    maximumSduSize: u32,
    /** Bytes; smaller packets count as this long. */
    minimumPolicedSize: u32,
  },
  { size: 32, aliases: { linux: 'rndis_flowspec' } },
)

/** Call manager parameters of a virtual circuit. */
export const CondisCallManagerParameters = /* @__PURE__ */ struct(
  'CondisCallManagerParameters',
  {
    transmit: CondisFlowSpecification,
    receive: CondisFlowSpecification,
    callManagerSpecific: CondisSpecificParameters,
  },
  { size: 76, aliases: { linux: 'rcondis_call_manager_parameters' } },
)

/** An address family of a connection-oriented device. */
export const CondisAddressFamily = /* @__PURE__ */ struct(
  'CondisAddressFamily',
  { addressFamily: u32, majorVersion: u32, minorVersion: u32 },
  { size: 12, aliases: { linux: 'rndis_co_address_family' } },
)

/** Makes a virtual circuit. */
export const CondisCreateVc = /* @__PURE__ */ rndisMessage('CondisCreateVc', 0x8001, CondisCreateVcBody)
/** The answer. */
export const CondisCreateVcComplete = /* @__PURE__ */ rndisMessage(
  'CondisCreateVcComplete',
  0x8000_8001,
  CondisCreateVcCompleteBody,
)
/** Deletes a virtual circuit. */
export const CondisDeleteVc = /* @__PURE__ */ rndisMessage('CondisDeleteVc', 0x8002, CondisDeleteVcBody)
/** The answer. */
export const CondisDeleteVcComplete = /* @__PURE__ */ rndisMessage(
  'CondisDeleteVcComplete',
  0x8000_8002,
  CondisDeleteVcCompleteBody,
)
/** Activates a virtual circuit. */
export const CondisActivateVc = /* @__PURE__ */ struct('CondisActivateVc', {
  header: pinned(RndisHeader, { messageType: 0x8005 }),
  ...CondisActivateVcBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(CondisActivateVcBody)),
})
/** The answer. */
export const CondisActivateVcComplete = /* @__PURE__ */ rndisMessage(
  'CondisActivateVcComplete',
  0x8000_8005,
  CondisActivateVcCompleteBody,
)
/** Deactivates a virtual circuit. */
export const CondisDeactivateVc = /* @__PURE__ */ rndisMessage('CondisDeactivateVc', 0x8006, CondisDeactivateVcBody)
/** The answer. */
export const CondisDeactivateVcComplete = /* @__PURE__ */ rndisMessage(
  'CondisDeactivateVcComplete',
  0x8000_8006,
  CondisDeactivateVcCompleteBody,
)
/** Something about a virtual circuit has changed. */
export const CondisIndicateStatus = /* @__PURE__ */ struct('CondisIndicateStatus', {
  header: pinned(RndisHeader, { messageType: 0x8007 }),
  ...CondisIndicateStatusBody.properties,
  /** Everything behind the fixed part. */
  data: countedBytes(restBehind(CondisIndicateStatusBody)),
})
