import { openEnum, u32 } from '../../wire/index.ts'

/**
 * System properties of HvCallGetSystemProperty and HvCallSetSystemProperty. Source: HV_SYSTEM_PROPERTY of Mile.HyperV.
 */
export const SystemProperty = {
  PerfCounterProperty: 1,
  DeprecatedLegacyPowerPolicySettingProperty: 2,
  SleepStateProperty: 3,
  MachineCheckProperty: 4,
  IommuInitStatusProperty: 5,
  HpetConfigProperty: 6,
  HpetInterruptProperty: 7,
  HpetEnabledProperty: 8,
  HypervisorLaunchStatsProperty: 9,
  HypervisorDebugProperty: 10,
  RootPasidCapabilitiesProperty: 11,
  RootNumaCostPagesProperty: 12,
  HostPageTableRootProperty: 13,
  TscSyncStatusProperty: 14,
  SchedulerTypeProperty: 15,
  PlatformVirtualizationSupportProperty: 16,
  HostDebugTransferPages: 17,
  HostTimelineBiasProperty: 18,
  SmcDataPathProperty: 19,
  DmaInitializeBlockedProperty: 20,
  DynamicProcessorFeatureProperty: 21,
  RdtCatCosBitmaskPropertyLegacy: 23,
  GuestStateScrubbingStatusProperty: 25,
  DmaUnblockedProperty: 26,
  RdtMbaCosThrottlePropertyLegacy: 27,
  SystemDiagnosticsLogBuffers: 28,
  SystemPageCombiningIntervalProperty: 29,
  IommuLiveHandoffProperty: 30,
  IommuDomainIdSelectorProperty: 31,
  IommuRootFaultReportingReady: 32,
  GuestAssertProperty: 33,
  LogicalProcessorCountProperty: 34,
  SnpPspIdProperty: 35,
  SchedulingIntervalProperty: 36,
  SnpPspTcbVersionProperty: 37,
  SubnodeInformationProperty: 38,
  SnpPspDevicesProperty: 39,
  ProcessorLiveHandoffProperty: 40,
  ProcessorParkBlockProperty: 41,
  BootConfigProperty: 42,
  VirtualizationFeaturesProperty: 43,
  SystemRebootCountProperty: 44,
  SystemMirroringProperty: 45,
  SystemProtoAbiVersionProperty: 46,
  CrashdumpAreaAddressProperty: 47,
  MicrocodeLatencyProperty: 48,
  DefaultIoCacheBitmapProperty: 49,
  HardwareIsolationEnabledProperty: 50,
  FirmwareX2ApicProperty: 51,
  CrashdumpTrampolineAddressProperty: 52,
  ResourceControlSupportProperty: 53,
  ResourceControlBitmaskProperty: 54,
  ResourceControlMonitorValueProperty: 55,
  SgxEUpdateSvnProperty: 56,
} as const
/** {@link SystemProperty} on the wire, 4 bytes. */
export const SystemPropertyField = /* @__PURE__ */ openEnum('SystemProperty', u32, SystemProperty)

/** ACPI sleep states of HvCallEnterSleepState. Source: HV_SLEEP_STATE of Mile.HyperV. */
export const SleepState = {
  S1: 1,
  S2: 2,
  S3: 3,
  S4: 4,
  S5: 5,
  Lock: 6,
} as const
/** {@link SleepState} on the wire, 4 bytes. */
export const SleepStateField = /* @__PURE__ */ openEnum('SleepState', u32, SleepState)

/** Who holds the SMC data path. Source: HV_SMC_DATA_PATH_LOCK_STATE of Mile.HyperV. */
export const SmcDataPathLockState = {
  Unlocked: 0,
  LockedByHvx: 1,
  LockedByVtl1: 2,
} as const

/** What a machine check property sets. Source: HV_MACHINE_CHECK_PROPERTY_TYPE of Mile.HyperV. */
export const MachineCheckPropertyType = {
  HandlerState: 1,
  DeferredRecoveryState: 2,
} as const
/** {@link MachineCheckPropertyType} on the wire, 4 bytes. */
export const MachineCheckPropertyTypeField = /* @__PURE__ */ openEnum(
  'MachineCheckPropertyType',
  u32,
  MachineCheckPropertyType,
)

/** State of deferred machine check recovery. Source: HV_MACHINE_CHECK_RECOVERY_FLAG of Mile.HyperV. */
export const MachineCheckRecoveryFlag = {
  InvalidRecoveryFlag: 0,
  NewDeferredRecoveryQueued: 1,
  DeferredRecoveryCompleted: 2,
} as const

/** Where a machine check struck. Source: HV_MACHINE_CHECK_SOURCE of Mile.HyperV. */
export const MachineCheckSource = {
  None: 0,
  Hv: 1,
  RootVp: 2,
  NonRootVp: 3,
} as const
/** {@link MachineCheckSource} on the wire, 4 bytes. */
export const MachineCheckSourceField = /* @__PURE__ */ openEnum('MachineCheckSource', u32, MachineCheckSource)

/** Resources that can be allotted. Source: HV_RESOURCE_CONTROL_TYPE of Mile.HyperV. */
export const ResourceControlType = {
  ProcessorCache: 0,
  MemoryBandwidth: 1,
  ProcessorCacheMonitor: 2,
} as const
/** {@link ResourceControlType} on the wire, 4 bytes. */
export const ResourceControlTypeField = /* @__PURE__ */ openEnum('ResourceControlType', u32, ResourceControlType)

/** Whether AMD SEV-SNP can be used, and why not. Source: HV_SNP_STATUS of Mile.HyperV. */
export const SnpStatus = {
  None: 0,
  Available: 1,
  Incompatible: 2,
  PspUnavailable: 3,
  PspInitFailed: 4,
  PspBadFwVersion: 5,
  BadConfiguration: 6,
  PspFwUpdateInProgress: 7,
  PspRbInitFailed: 8,
  PspPlatformStatusFailed: 9,
  PspInitLateFailed: 10,
  PspInitEarlyFailed: 11,
  PspUnexpectedState: 12,
  Disabled: 13,
} as const

/** Whether Intel TDX can be used. Source: HV_TDX_STATUS of Mile.HyperV. */
export const TdxStatus = {
  None: 0,
  Available: 1,
} as const

/** Branch of a hypervisor build. Source: HV_SERVICE_BRANCH of Mile.HyperV. */
export const ServiceBranch = {
  Gdr: 0,
  Qfe: 1,
} as const
