import { array, bit, bitField, bits, reserved, rest, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { EventLogTypeField } from './enums/event-log.ts'
import { IommuFaultTypeField, RestartCompletionTypeField } from './enums/messages.ts'
import { InterceptAccessTypeField } from './flags.ts'
import { GpaPageRangeWord } from './gpa-ranges.ts'
import { ConnectionIdWord, partitionIdField, vpIndexField } from './ids.ts'
import { ProximityDomainInfo } from './vp.ts'

/** A call that answered HV_STATUS_CALL_PENDING is done. Source: HV_ASYNC_COMPLETION_MESSAGE_PAYLOAD of Mile.HyperV. */
export const AsyncCompletionMessagePayload = /* @__PURE__ */ struct(
  'AsyncCompletionMessagePayload',
  {
    partitionId: partitionIdField,
    /** HV_STATUS of the call. */
    status: u32,
    /** Elements of a rep call that were processed. */
    completionCount: u32,
    subStatus: u64,
  },
  { size: 24, aliases: { linux: 'hv_async_completion_message_payload', mile: 'HV_ASYNC_COMPLETION_MESSAGE_PAYLOAD' } },
)

/** An event log buffer is complete. Source: HV_EVENTLOG_MESSAGE_PAYLOAD of Mile.HyperV, WDK 7.1 hvgdk. */
export const EventLogMessagePayload = /* @__PURE__ */ struct(
  'EventLogMessagePayload',
  {
    eventLogType: EventLogTypeField,
    bufferIndex: u32,
  },
  { size: 8, aliases: { mile: 'HV_EVENTLOG_MESSAGE_PAYLOAD' } },
)

/** Answer to a page attribute intercept. Source: HV_GPA_ATTRIBUTE_INTERCEPT_COMPLETION_DATA of Mile.HyperV. */
export const GpaAttributeInterceptCompletionData = /* @__PURE__ */ struct(
  'GpaAttributeInterceptCompletionData',
  {
    /** HV_STATUS. */
    status: u16,
  },
  { size: 2, aliases: { mile: 'HV_GPA_ATTRIBUTE_INTERCEPT_COMPLETION_DATA' } },
)

/** A guest changes attributes of its pages. Source: HV_GPA_ATTRIBUTE_INTERCEPT_MESSAGE of Mile.HyperV. */
export const GpaAttributeInterceptMessage = /* @__PURE__ */ struct(
  'GpaAttributeInterceptMessage',
  {
    vpIndex: vpIndexField,
    flags: bits(u32, {
      /** Entries of `ranges` that count. */
      rangeCount: bitField(0, 5),
      adjust: bit(5),
      /** 0 not visible to the host, 1 readable, 3 readable and writable. */
      hostVisibility: bitField(6, 2),
      memoryType: bitField(8, 6),
    }),
    ranges: array(GpaPageRangeWord, 29),
  },
  { size: 240, aliases: { mile: 'HV_GPA_ATTRIBUTE_INTERCEPT_MESSAGE' } },
)

/** Answer to a hypercall intercept. Source: HV_HYPERCALL_INTERCEPT_COMPLETION_DATA of Mile.HyperV. */
export const HypercallInterceptCompletionData = /* @__PURE__ */ struct(
  'HypercallInterceptCompletionData',
  {
    /** HV_STATUS that the caller gets. */
    status: u16,
    outputData: rest(),
  },
  { size: 2, aliases: { mile: 'HV_HYPERCALL_INTERCEPT_COMPLETION_DATA' } },
)

/** A VP cannot go on until memory is deposited. Source: HV_INSUFFICIENT_MEMORY_MESSAGE_PAYLOAD of Mile.HyperV. */
export const InsufficientMemoryMessagePayload = /* @__PURE__ */ struct(
  'InsufficientMemoryMessagePayload',
  {
    vpIndex: vpIndexField,
    status: u16,
    padding: reserved(2),
    proximityDomainInfo: ProximityDomainInfo,
  },
  { size: 16, aliases: { mile: 'HV_INSUFFICIENT_MEMORY_MESSAGE_PAYLOAD' } },
)

/** A VP cannot run for an invalid register. Source: HV_INVALID_VP_REGISTER_MESSAGE of Mile.HyperV. */
export const InvalidVpRegisterMessage = /* @__PURE__ */ struct(
  'InvalidVpRegisterMessage',
  {
    vpIndex: vpIndexField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_INVALID_VP_REGISTER_MESSAGE' } },
)

/**
 * A device's access was stopped by the IOMMU. Source: HV_IOMMU_FAULT_MESSAGE_PAYLOAD of Mile.HyperV, WDK 7.1 hvgdk.
 */
export const IommuFaultMessagePayload = /* @__PURE__ */ struct(
  'IommuFaultMessagePayload',
  {
    type: IommuFaultTypeField,
    accessType: InterceptAccessTypeField,
    padding: reserved(3),
    flags: bits(u32, {
      faultAddressValid: bit(0),
      deviceIdValid: bit(1),
    }),
    padding2: reserved(4),
    /** Counts only with `deviceIdValid`. */
    logicalDeviceId: u64,
    /** Address as the device gave it; counts only with `faultAddressValid`. */
    faultAddress: u64,
  },
  { size: 32, aliases: { mile: 'HV_IOMMU_FAULT_MESSAGE_PAYLOAD' } },
)

/** Page requests of devices wait at an IOMMU. Source: HV_IOMMU_PRQ_MESSAGE_PAYLOAD of Mile.HyperV, WDK 7.1 hvgdk. */
export const IommuPrqMessagePayload = /* @__PURE__ */ struct(
  'IommuPrqMessagePayload',
  {
    iommuId: u32,
  },
  { size: 4, aliases: { mile: 'HV_IOMMU_PRQ_MESSAGE_PAYLOAD' } },
)

/** Memory mirroring has changed. Source: HV_MIRRORING_NOTIFICATION_MESSAGE_PAYLOAD of Mile.HyperV. */
export const MirroringNotificationMessagePayload = /* @__PURE__ */ struct(
  'MirroringNotificationMessagePayload',
  {
    status: u16,
  },
  { size: 2, aliases: { mile: 'HV_MIRRORING_NOTIFICATION_MESSAGE_PAYLOAD' } },
)

/** An intercept of which nothing is told. Source: HV_OPAQUE_INTERCEPT_MESSAGE of rust-vmm/mshv, Mile.HyperV. */
export const OpaqueInterceptMessage = /* @__PURE__ */ struct(
  'OpaqueInterceptMessage',
  {
    vpIndex: vpIndexField,
  },
  { size: 4, aliases: { linux: 'hv_opaque_intercept_message', mile: 'HV_OPAQUE_INTERCEPT_MESSAGE' } },
)

/** Answer of the security processor. Source: HV_PSP_REQUEST_COMPLETION_DATA of Mile.HyperV. */
export const PspRequestCompletionData = /* @__PURE__ */ struct(
  'PspRequestCompletionData',
  {
    pspStatus: u32,
  },
  { size: 4, aliases: { mile: 'HV_PSP_REQUEST_COMPLETION_DATA' } },
)

/** A partition's restart is done. Source: HV_RESTART_COMPLETION_MESSAGE_PAYLOAD of Mile.HyperV. */
export const RestartCompletionMessagePayload = /* @__PURE__ */ struct(
  'RestartCompletionMessagePayload',
  {
    vpIndex: vpIndexField,
    completionType: RestartCompletionTypeField,
  },
  { size: 8, aliases: { mile: 'HV_RESTART_COMPLETION_MESSAGE_PAYLOAD' } },
)

/** A SINT wants attention. Source: HV_SINT_NOTIFICATION_MESSAGE_PAYLOAD of Mile.HyperV. */
export const SintNotificationMessagePayload = /* @__PURE__ */ struct(
  'SintNotificationMessagePayload',
  {
    /** 0 … 15. */
    sintIndex: u32,
  },
  { size: 4, aliases: { mile: 'HV_SINT_NOTIFICATION_MESSAGE_PAYLOAD' } },
)

/**
 * A guest signals a connection that is unknown to the hypervisor. Source: HV_SYNIC_EVENT_INTERCEPT_MESSAGE of
 * Mile.HyperV.
 */
export const SynicEventInterceptMessage = /* @__PURE__ */ struct(
  'SynicEventInterceptMessage',
  {
    vpIndex: vpIndexField,
    flags: bits(u32, {
      vtl: bitField(0, 4),
    }),
    connectionId: ConnectionIdWord,
    /** Event flag, from 0. */
    flagNumber: u32,
  },
  { size: 16, aliases: { mile: 'HV_SYNIC_EVENT_INTERCEPT_MESSAGE' } },
)

/**
 * A synthetic timer expired; times in 100 ns of reference time. Source: HV_TIMER_MESSAGE_PAYLOAD of Linux,
 * Mile.HyperV, WDK 7.1 hvgdk.
 */
export const TimerMessagePayload = /* @__PURE__ */ struct(
  'TimerMessagePayload',
  {
    /** 0 … 3. */
    timerIndex: u32,
    reserved: reserved(u32),
    /** When it was due. */
    expirationTime: u64,
    /** When the message was put into the slot. */
    deliveryTime: u64,
  },
  { size: 24, aliases: { linux: 'hv_timer_message_payload', mile: 'HV_TIMER_MESSAGE_PAYLOAD' } },
)

/**
 * VPs of one partition are to run, as a set, for the root's scheduler. The set is laid out as `VpSet`. Source:
 * HV_VP_SIGNAL_BITSET_SCHEDULER_MESSAGE of Mile.HyperV.
 */
export const VpSignalBitsetSchedulerMessage = /* @__PURE__ */ struct(
  'VpSignalBitsetSchedulerMessage',
  {
    partitionId: partitionIdField,
    overflowCount: u32,
    /** VPs in the set. */
    vpCount: u16,
    padding: reserved(2),
    /** Format, mask of valid banks, then up to 16 banks of 64 VPs. */
    vpBitset: array(u64, 18),
  },
  {
    size: 160,
    aliases: { linux: 'hv_vp_signal_bitset_scheduler_message', mile: 'HV_VP_SIGNAL_BITSET_SCHEDULER_MESSAGE' },
  },
)

/**
 * VPs of several partitions are to run, for the root's scheduler. Source: HV_VP_SIGNAL_PAIR_SCHEDULER_MESSAGE of
 * Mile.HyperV.
 */
export const VpSignalPairSchedulerMessage = /* @__PURE__ */ struct(
  'VpSignalPairSchedulerMessage',
  {
    overflowCount: u32,
    /** Entries of `partitionIds` and `vpIndexes` that count. */
    vpCount: u8,
    reserved1: reserved(3),
    partitionIds: array(u64, 19),
    /** Entry n is a VP of partition n. */
    vpIndexes: array(vpIndexField, 19),
    reserved2: reserved(4),
  },
  { size: 240, aliases: { linux: 'hv_vp_signal_pair_scheduler_message', mile: 'HV_VP_SIGNAL_PAIR_SCHEDULER_MESSAGE' } },
)
