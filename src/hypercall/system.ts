import { array, bit, bits, i64, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { DeviceIdWord } from './device-id.ts'
import { InterruptEntry } from './device-interrupts.ts'
import { NumaNodeReservedPageInfo } from './memory.ts'
import { word } from './word.ts'

/** How the machine was started. Source: HV_BOOT_CONFIG_PROPERTY of Mile.HyperV. */
export const BootConfigProperty = /* @__PURE__ */ struct(
  'BootConfigProperty',
  {
    bootFlags: u64,
    startupModeNormal: u64,
  },
  { size: 16, aliases: { mile: 'HV_BOOT_CONFIG_PROPERTY' } },
)

/** Which HPET timer the hypervisor takes. Source: HV_HPET_CONFIG_INFO of Mile.HyperV. */
export const HpetConfigInfo = /* @__PURE__ */ struct(
  'HpetConfigInfo',
  {
    baseAddressDeprecated: u64,
    /** Comparator, from 0. */
    timerIndex: u32,
    padding: reserved(4),
    deviceId: DeviceIdWord,
    timerInterruptPin: u8,
    padding2: reserved(7),
  },
  { size: 32, aliases: { mile: 'HV_HPET_CONFIG_INFO' } },
)

/** Whether the HPET is on. Source: HV_HPET_ENABLED_INFO of Mile.HyperV. */
export const HpetEnabledInfoWord = /* @__PURE__ */ bits(u8, {
  hpetEnabled: bit(0),
})
/** {@link HpetEnabledInfoWord} alone. */
export const HpetEnabledInfo = /* @__PURE__ */ word('HpetEnabledInfo', HpetEnabledInfoWord, {
  mile: 'HV_HPET_ENABLED_INFO',
})

/** Interrupt of the HPET. Source: HV_HPET_INTERRUPT_INFO of Mile.HyperV. */
export const HpetInterruptInfo = /* @__PURE__ */ struct(
  'HpetInterruptInfo',
  {
    interruptEntry: InterruptEntry,
  },
  { size: 16, aliases: { mile: 'HV_HPET_INTERRUPT_INFO' } },
)

/** Whether the debugger may use power states. Source: HV_HYPERVISOR_DEBUG_PROPERTY of Mile.HyperV. */
export const HypervisorDebugProperty = /* @__PURE__ */ struct(
  'HypervisorDebugProperty',
  {
    powerStateEnabled: u8,
  },
  { size: 1, aliases: { mile: 'HV_HYPERVISOR_DEBUG_PROPERTY' } },
)

/** What went wrong in the IOMMU. Source: HV_IOMMU_EXTENDED_STATUS of Mile.HyperV. */
export const IommuExtendedStatus = /* @__PURE__ */ struct(
  'IommuExtendedStatus',
  {
    severity: u8,
    padding: reserved(1),
    status: u16,
    padding2: reserved(4),
    params: array(u64, 4),
  },
  { size: 40, aliases: { mile: 'HV_IOMMU_EXTENDED_STATUS' } },
)

/** State of the IOMMU. Source: HV_IOMMU_INIT_STATUS of Mile.HyperV. */
export const IommuInitStatus = /* @__PURE__ */ struct(
  'IommuInitStatus',
  {
    hardwarePresent: u8,
    enabled: u8,
    padding: reserved(6),
    policy: u64,
    features: u64,
    initStatus: u64,
    errors: u64,
    errata: u64,
  },
  { size: 48, aliases: { mile: 'HV_IOMMU_INIT_STATUS' } },
)

/**
 * Virtualization that the processor offers to guests. Source: HV_PLATFORM_VIRTUALIZATION_SUPPORT_INFO of Mile.HyperV.
 */
export const PlatformVirtualizationSupportInfo = /* @__PURE__ */ struct(
  'PlatformVirtualizationSupportInfo',
  {
    nestedVirtualization: u8,
    sgx: u8,
  },
  { size: 2, aliases: { mile: 'HV_PLATFORM_VIRTUALIZATION_SUPPORT_INFO' } },
)

/** Memory that VPs of each NUMA node cost. Source: HV_ROOT_NUMA_COST_PAGES_PROPERTY of Mile.HyperV. */
export const RootNumaCostPagesProperty = /* @__PURE__ */ struct(
  'RootNumaCostPagesProperty',
  {
    /** Entries of `numaNodePfn` that count. */
    numaNodeCount: u32,
    reservedP: reserved(u32),
    numaNodePfn: array(NumaNodeReservedPageInfo, 64),
  },
  { size: 1032, aliases: { mile: 'HV_ROOT_NUMA_COST_PAGES_PROPERTY' } },
)

/** PASID support of the root. Source: HV_ROOT_PASID_CAPABILITIES_PROPERTY of Mile.HyperV. */
export const RootPasidCapabilitiesProperty = /* @__PURE__ */ struct(
  'RootPasidCapabilitiesProperty',
  {
    svmIommuCount: u32,
    minIommuPasidCount: u32,
  },
  { size: 8, aliases: { mile: 'HV_ROOT_PASID_CAPABILITIES_PROPERTY' } },
)

/** Shared virtual memory of the root. Source: HV_ROOT_SVM_CAPABILITIES_PROPERTY of Mile.HyperV. */
export const RootSvmCapabilitiesProperty = /* @__PURE__ */ struct(
  'RootSvmCapabilitiesProperty',
  {
    iommuCount: u32,
    minIommuPasidCount: u32,
  },
  { size: 8, aliases: { mile: 'HV_ROOT_SVM_CAPABILITIES_PROPERTY' } },
)

/** Lengths of the scheduler's intervals. Source: HV_SCHEDULING_INTERVAL_INFO of Mile.HyperV. */
export const SchedulingIntervalInfo = /* @__PURE__ */ struct(
  'SchedulingIntervalInfo',
  {
    maxSchedulingIntervalInUs: u32,
    minimumSupportedSchedulingIntervalInUs: u32,
    maximumSupportedSchedulingIntervalInUs: u32,
  },
  { size: 12, aliases: { mile: 'HV_SCHEDULING_INTERVAL_INFO' } },
)

/** Lock of the SMC data path. Source: HV_SMC_DATA_PATH_PROPERTY of Mile.HyperV. */
export const SmcDataPathProperty = /* @__PURE__ */ struct(
  'SmcDataPathProperty',
  {
    lockState: u16,
    reserved: reserved(u16),
  },
  { size: 4, aliases: { mile: 'HV_SMC_DATA_PATH_PROPERTY' } },
)

/** Buffers of the system diagnostics log. Source: HV_SYSTEM_DIAG_LOG_BUFFER_CONFIG of Mile.HyperV. */
export const SystemDiagLogBufferConfig = /* @__PURE__ */ struct(
  'SystemDiagLogBufferConfig',
  {
    bufferCount: u32,
    bufferSizeInPages: u32,
  },
  { size: 8, aliases: { mile: 'HV_SYSTEM_DIAG_LOG_BUFFER_CONFIG' } },
)

/** State of memory mirroring. Source: HV_SYSTEM_MIRRORING_PROPERTY of Mile.HyperV. */
export const SystemMirroringPropertyWord = /* @__PURE__ */ bits(u64, {
  mirroringPolicy: bit(0),
  hypervisorHotRestart: bit(1),
})
/** {@link SystemMirroringPropertyWord} alone. */
export const SystemMirroringProperty = /* @__PURE__ */ word('SystemMirroringProperty', SystemMirroringPropertyWord, {
  mile: 'HV_SYSTEM_MIRRORING_PROPERTY',
})

/** How well the processors' TSCs agree. Source: HV_TSC_SYNC_STATUS of Mile.HyperV. */
export const TscSyncStatus = /* @__PURE__ */ struct(
  'TscSyncStatus',
  {
    syncFailed: u8,
    syncNeeded: u8,
    padding: reserved(6),
    maxDelta: i64,
    minDelta: i64,
  },
  { size: 24, aliases: { mile: 'HV_TSC_SYNC_STATUS' } },
)

/** Isolation that the machine offers. Source: HV_VIRTUALIZATION_FEATURE_SET of Mile.HyperV. */
export const VirtualizationFeatureSet = /* @__PURE__ */ struct(
  'VirtualizationFeatureSet',
  {
    valFeatureSet: u64,
    snpFirmware: u64,
    padding: reserved(16),
  },
  { size: 32, aliases: { mile: 'HV_VIRTUALIZATION_FEATURE_SET' } },
)
