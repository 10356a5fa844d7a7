import { array, bit, bits, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import {
  MachineCheckPropertyTypeField,
  MachineCheckSourceField,
  ResourceControlTypeField,
  SleepStateField,
} from './enums/system.ts'
import { partitionIdField, vpIndexField } from './ids.ts'
import { PpmIdleStateConfigWord, PpmPerfStateRegisterWord } from './power-words.ts'

/** How the start of a logical processor ended. Source: HV_LP_STARTUP_STATUS of Linux, Mile.HyperV. */
export const LpStartupStatus = /* @__PURE__ */ struct(
  'LpStartupStatus',
  {
    /** HV_STATUS. */
    status: u16,
    padding: reserved(6),
    subStatus1: u64,
    subStatus2: u64,
    subStatus3: u64,
    subStatus4: u64,
    subStatus5: u64,
    subStatus6: u64,
  },
  { size: 56, aliases: { like: 'hv_lp_startup_status', mile: 'HV_LP_STARTUP_STATUS' } },
)

/** Which VP a machine check struck. Source: HV_MACHINE_CHECK_CONTEXT of Mile.HyperV. */
export const MachineCheckContext = /* @__PURE__ */ struct(
  'MachineCheckContext',
  {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** VTL that ran. */
    vtl: u8,
    padding: reserved(3),
  },
  { size: 16, aliases: { mile: 'HV_MACHINE_CHECK_CONTEXT' } },
)

/** Where a machine check struck. Source: HV_MACHINE_CHECK_CONTEXT_INFO of Mile.HyperV. */
export const MachineCheckContextInfo = /* @__PURE__ */ struct(
  'MachineCheckContextInfo',
  {
    machineCheckSource: MachineCheckSourceField,
    padding: reserved(4),
    machineCheckContext: MachineCheckContext,
  },
  { size: 24, aliases: { mile: 'HV_MACHINE_CHECK_CONTEXT_INFO' } },
)

/**
 * A machine check property: a `MachineCheckRecoveryFlag`, or 1 when the handler is ready. Source:
 * HV_MACHINE_CHECK_PROPERTY_INFO of Mile.HyperV.
 */
export const MachineCheckPropertyInfo = /* @__PURE__ */ struct(
  'MachineCheckPropertyInfo',
  {
    propertyType: MachineCheckPropertyTypeField,
    value: u32,
  },
  { size: 8, aliases: { mile: 'HV_MACHINE_CHECK_PROPERTY_INFO' } },
)

/** Two performance counters of a processor. Source: HV_PPM_FEEDBACK_REGISTER_PAIR of Mile.HyperV. */
export const PpmFeedbackRegisterPair = /* @__PURE__ */ struct(
  'PpmFeedbackRegisterPair',
  {
    /** Counts at a constant rate, as MPERF. */
    referenceCount: PpmPerfStateRegisterWord,
    /** Counts at the rate of the processor, as APERF. */
    actualCount: PpmPerfStateRegisterWord,
    resetRegisters: u8,
    padding: reserved(7),
  },
  { size: 24, aliases: { mile: 'HV_PPM_FEEDBACK_REGISTER_PAIR' } },
)

/** An idle state of a processor. Source: HV_PPM_IDLE_STATE of Mile.HyperV. */
export const PpmIdleState = /* @__PURE__ */ struct(
  'PpmIdleState',
  {
    config: PpmIdleStateConfigWord,
    type: u32,
    hardwareLatency: u32,
    powerConsumption: u32,
    padding: reserved(4),
  },
  { size: 24, aliases: { mile: 'HV_PPM_IDLE_STATE' } },
)

/** An idle state with its minimum residency. Source: HV_PPM_IDLE_STATE_EX of Mile.HyperV. */
export const PpmIdleStateEx = /* @__PURE__ */ struct(
  'PpmIdleStateEx',
  {
    idleState: PpmIdleState,
    minimumResidency: u32,
    padding: reserved(4),
  },
  { size: 32, aliases: { mile: 'HV_PPM_IDLE_STATE_EX' } },
)

/** A request to enter an idle state. Source: HV_PPM_IDLE_STATE_REQUEST of Mile.HyperV. */
export const PpmIdleStateRequest = /* @__PURE__ */ struct(
  'PpmIdleStateRequest',
  {
    config: PpmIdleStateConfigWord,
    cStateType: u32,
    flags: bits(u32, {
      useDefaultSuspend: bit(0),
    }),
  },
  { size: 16, aliases: { mile: 'HV_PPM_IDLE_STATE_REQUEST' } },
)

/** A power policy setting. Source: HV_PPM_POWER_POLICY_SETTING of Mile.HyperV. */
export const PpmPowerPolicySetting = /* @__PURE__ */ struct(
  'PpmPowerPolicySetting',
  {
    settingId: u32,
    value: u32,
  },
  { size: 8, aliases: { mile: 'HV_PPM_POWER_POLICY_SETTING' } },
)

/** Where the CPPC request register is. Source: HV_PROCESSOR_CPPC_REQUEST_REGISTER of Mile.HyperV. */
export const ProcessorCppcRequestRegister = /* @__PURE__ */ struct(
  'ProcessorCppcRequestRegister',
  {
    physicalAddress: u64,
    address: u64,
    mask: u64,
    accessSize: u8,
    padding: reserved(7),
  },
  { size: 32, aliases: { mile: 'HV_PROCESSOR_CPPC_REQUEST_REGISTER' } },
)

/** APIC id and NUMA domain of a processor. Source: HV_PROCESSOR_INFO of Mile.HyperV, WDK 7.1 hvgdk. */
export const ProcessorInfo = /* @__PURE__ */ struct(
  'ProcessorInfo',
  {
    localApicId: u32,
    /** As ACPI's SRAT numbers the domains. */
    proximityDomainId: u32,
  },
  { size: 8, aliases: { mile: 'HV_PROCESSOR_INFO' } },
)

/** Performance feedback counters of a processor. Source: HV_PROCESSOR_PERF_FEEDBACK_COUNTERS_CONFIG of Mile.HyperV. */
export const ProcessorPerfFeedbackCountersConfig = /* @__PURE__ */ struct(
  'ProcessorPerfFeedbackCountersConfig',
  {
    /** Entries of `feedbackCounters` that count. */
    count: u32,
    padding: reserved(4),
    feedbackCounters: array(PpmFeedbackRegisterPair, 4),
  },
  { size: 104, aliases: { mile: 'HV_PROCESSOR_PERF_FEEDBACK_COUNTERS_CONFIG' } },
)

/** What a resource monitor counted. Source: HV_RESOURCE_CONTROL_MONITOR of Mile.HyperV. */
export const ResourceControlMonitor = /* @__PURE__ */ struct(
  'ResourceControlMonitor',
  {
    partId: u16,
    pmg: u8,
    enable: u8,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_RESOURCE_CONTROL_MONITOR' } },
)

/** What a resource monitor can count. Source: HV_RESOURCE_CONTROL_MONITOR_DATA of Mile.HyperV. */
export const ResourceControlMonitorData = /* @__PURE__ */ struct(
  'ResourceControlMonitorData',
  {
    processorCache: struct(
      'ResourceControlMonitorDataProcessorCache',
      {
        /** 0: the counters mean nothing. */
        valid: u8,
        padding: reserved(7),
        l3OccupancyBytes: u64,
        l3TotalBwBytes: u64,
        l3LocalBwBytes: u64,
      },
      { size: 32 },
    ),
  },
  { size: 32, aliases: { mile: 'HV_RESOURCE_CONTROL_MONITOR_DATA' } },
)

/** Which resources can be allotted. Source: HV_RESOURCE_CONTROL_SUPPORT_PROPERTY of Mile.HyperV. */
export const ResourceControlSupportProperty = /* @__PURE__ */ struct(
  'ResourceControlSupportProperty',
  {
    support: bits(u32, {
      processorCacheAllocationSupport: bit(0),
      processorCacheMonitoringSupport: bit(1),
      processorCacheOccupancySupport: bit(2),
      processorCacheTotalBwSupport: bit(3),
      processorCacheLocalBwSupport: bit(4),
      memoryBandwidthAllocationSupport: bit(5),
    }),
    /** Bits of a cache mask. */
    processorCacheMaskWidth: u32,
    processorCacheMaskHwReserved: u32,
    processorCacheMaskSlots: u32,
    processorCacheMonitorSlots: u32,
    memoryBandwidthSlots: u32,
    memoryBandwidthMaxValue: u32,
    memoryBandwidth: bits(u32, {
      memoryBandwidthLinear: bit(0),
    }),
  },
  { size: 32, aliases: { mile: 'HV_RESOURCE_CONTROL_SUPPORT_PROPERTY' } },
)

/** Allotments of a resource. Source: HV_RESOURCE_CONTROL_VALUES_PROPERTY of Mile.HyperV. */
export const ResourceControlValuesProperty = /* @__PURE__ */ struct(
  'ResourceControlValuesProperty',
  {
    /** Entries of `values` that count. */
    numValues: u32,
    padding: reserved(4),
    values: array(u64, 128),
  },
  { size: 1032, aliases: { mile: 'HV_RESOURCE_CONTROL_VALUES_PROPERTY' } },
)

/** One allotment of a resource. Source: HV_RESOURCE_CONTROL_VALUE_PROPERTY of Mile.HyperV. */
export const ResourceControlValueProperty = /* @__PURE__ */ struct(
  'ResourceControlValueProperty',
  {
    type: ResourceControlTypeField,
    index: u32,
    value: u64,
  },
  { size: 16, aliases: { mile: 'HV_RESOURCE_CONTROL_VALUE_PROPERTY' } },
)

/** Values of the ACPI sleep registers for a sleep state. Source: HV_SLEEP_STATE_INFO of Mile.HyperV. */
export const SleepStateInfo = /* @__PURE__ */ struct(
  'SleepStateInfo',
  {
    sleepState: SleepStateField,
    /** SLP_TYP for the PM1a control register, from the _Sx object of ACPI. */
    pm1aSLPTYP: u8,
    /** SLP_TYP for the PM1b control register. */
    pm1bSLPTYP: u8,
    padding: reserved(2),
  },
  { size: 8, aliases: { like: 'hv_sleep_state_info', mile: 'HV_SLEEP_STATE_INFO' } },
)

/** Address of a power state trigger. Source: HV_X64_MSR_POWER_STATE_TRIGGER of Mile.HyperV, WDK 7.1 hvgdk. */
export const X64MsrPowerStateTrigger = /* @__PURE__ */ struct(
  'X64MsrPowerStateTrigger',
  {
    idleEntryCount: u8,
    reserved: reserved(3),
    flags: bits(u32, {
      /** Bus master activity. */
      activeBMSTS: bit(31),
    }),
  },
  { size: 8, aliases: { mile: 'HV_X64_MSR_POWER_STATE_TRIGGER' } },
)
