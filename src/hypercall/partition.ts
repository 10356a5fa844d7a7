import { array, bit, bitField, bits, bytes, flags64, reserved, struct, u32, u64, wideBitField } from '../wire/index.ts'
import { CrashdumpActionField, PartitionIsolationTypeField, PartitionPropertyField } from './enums/partition.ts'
import { PartitionProcessorFeatures, PartitionProcessorXsaveFeaturesWord } from './processor-features.ts'
import { word } from './word.ts'

/** Interrupt of the emulated timer. Source: HV_EMULATED_TIMER_CONTROL of Mile.HyperV. */
export const EmulatedTimerControl = /* @__PURE__ */ struct(
  'EmulatedTimerControl',
  {
    flags: bits(u32, {
      vector: bitField(0, 8),
      /** As in an APIC: 0 fixed, 1 lowest priority. */
      deliveryMode: bitField(8, 3),
      logicalDestinationMode: bit(11),
      enabled: bit(12),
    }),
    mda: u32,
  },
  { size: 8, aliases: { mile: 'HV_EMULATED_TIMER_CONTROL' } },
)

/** Bias of the host's timeline. Source: HV_HOST_TIMELINE_INFO of Mile.HyperV. */
export const HostTimelineInfo = /* @__PURE__ */ struct(
  'HostTimelineInfo',
  {
    timelineBias: u64,
  },
  { size: 8, aliases: { mile: 'HV_HOST_TIMELINE_INFO' } },
)

/**
 * Processor features that a new partition is to be without. Source: HV_PARTITION_CREATION_PROPERTIES of Mile.HyperV.
 */
export const PartitionCreationProperties = /* @__PURE__ */ struct(
  'PartitionCreationProperties',
  {
    disabledProcessorFeatures: PartitionProcessorFeatures,
    disabledProcessorXsaveFeatures: PartitionProcessorXsaveFeaturesWord,
  },
  { size: 24, aliases: { linux: 'hv_partition_creation_properties', mile: 'HV_PARTITION_CREATION_PROPERTIES' } },
)

/** Buffers of a partition's diagnostics log. Source: HV_PARTITION_DIAG_LOG_BUFFER_CONFIG of Mile.HyperV. */
export const PartitionDiagLogBufferConfig = /* @__PURE__ */ struct(
  'PartitionDiagLogBufferConfig',
  {
    bufferCount: u32,
    bufferSizeInPages: u32,
  },
  { size: 8, aliases: { mile: 'HV_PARTITION_DIAG_LOG_BUFFER_CONFIG' } },
)

/** Enlightenments that are recommended otherwise. Source: HV_PARTITION_ENLIGHTENMENT_MODIFICATIONS of Mile.HyperV. */
export const PartitionEnlightenmentModificationsWord = /* @__PURE__ */ bits(u64, {
  favorAutoEoi: bit(0),
  favorAutoEoiLegacyOs: bit(1),
})
/** {@link PartitionEnlightenmentModificationsWord} alone. */
export const PartitionEnlightenmentModifications = /* @__PURE__ */ word(
  'PartitionEnlightenmentModifications',
  PartitionEnlightenmentModificationsWord,
  { mile: 'HV_PARTITION_ENLIGHTENMENT_MODIFICATIONS' },
)

/** All processors have started. Source: HV_PARTITION_EVENT_COMMIT_PROCESSOR_INDICES_INPUT of Mile.HyperV. */
export const PartitionEventCommitProcessorIndicesInput = /* @__PURE__ */ struct(
  'PartitionEventCommitProcessorIndicesInput',
  {
    schedulableProcessorCount: u32,
  },
  { size: 4, aliases: { mile: 'HV_PARTITION_EVENT_COMMIT_PROCESSOR_INDICES_INPUT' } },
)

/** The root crashes. Source: HV_PARTITION_EVENT_ROOT_CRASHDUMP_INPUT of Mile.HyperV. */
export const PartitionEventRootCrashdumpInput = /* @__PURE__ */ struct(
  'PartitionEventRootCrashdumpInput',
  {
    crashdumpAction: CrashdumpActionField,
  },
  {
    size: 4,
    aliases: { linux: 'hv_partition_event_root_crashdump_input', mile: 'HV_PARTITION_EVENT_ROOT_CRASHDUMP_INPUT' },
  },
)

/** Whether an isolated partition may run. Source: HV_PARTITION_ISOLATION_CONTROL of Mile.HyperV. */
export const PartitionIsolationControlWord = /* @__PURE__ */ bits(u64, {
  runnable: bit(0),
})
/** {@link PartitionIsolationControlWord} alone. */
export const PartitionIsolationControl = /* @__PURE__ */ word(
  'PartitionIsolationControl',
  PartitionIsolationControlWord,
  { mile: 'HV_PARTITION_ISOLATION_CONTROL' },
)

/** Isolation of a new partition. Source: HV_PARTITION_ISOLATION_PROPERTIES of rust-vmm/mshv, Mile.HyperV. */
export const PartitionIsolationPropertiesWord = /* @__PURE__ */ bits(u64, {
  isolationType: bitField(0, 5, PartitionIsolationTypeField),
  isolationHostType: bitField(5, 2),
  /** First page that is shared: address ÷ 4096. */
  sharedGpaBoundaryPageNumber: wideBitField(12, 52),
})
/** {@link PartitionIsolationPropertiesWord} alone. */
export const PartitionIsolationProperties = /* @__PURE__ */ word(
  'PartitionIsolationProperties',
  PartitionIsolationPropertiesWord,
  { linux: 'hv_partition_isolation_properties', mile: 'HV_PARTITION_ISOLATION_PROPERTIES' },
)

/** Page access tracking of a partition. Source: HV_PARTITION_PAGE_ACCESS_TRACKING_CONFIG of Mile.HyperV. */
export const PartitionPageAccessTrackingConfigWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
  granularity: bitField(1, 2),
  rangeEnabled: bit(3),
})
/** {@link PartitionPageAccessTrackingConfigWord} alone. */
export const PartitionPageAccessTrackingConfig = /* @__PURE__ */ word(
  'PartitionPageAccessTrackingConfig',
  PartitionPageAccessTrackingConfigWord,
  { mile: 'HV_PARTITION_PAGE_ACCESS_TRACKING_CONFIG' },
)

/** Performance monitors of a partition. Source: HV_PARTITION_PERFMON_MODE_CONFIG of Mile.HyperV. */
export const PartitionPerfmonModeConfigWord = /* @__PURE__ */ bits(u64, {
  perfmonMode: bitField(0, 8),
  disableCounting: bit(8),
})
/** {@link PartitionPerfmonModeConfigWord} alone. */
export const PartitionPerfmonModeConfig = /* @__PURE__ */ word(
  'PartitionPerfmonModeConfig',
  PartitionPerfmonModeConfigWord,
  { mile: 'HV_PARTITION_PERFMON_MODE_CONFIG' },
)

/** A property's code and value. Source: HV_PARTITION_PROPERTY_ASSOC of Mile.HyperV. */
export const PartitionPropertyAssoc = /* @__PURE__ */ struct(
  'PartitionPropertyAssoc',
  {
    propertyCode: PartitionPropertyField,
    padding: reserved(4),
    /** Some have parts: `decodePropertyValue`. */
    propertyValue: u64,
  },
  { size: 16, aliases: { mile: 'HV_PARTITION_PROPERTY_ASSOC' } },
)

/**
 * Regions of device domains that outlive the hypervisor. Source: HV_PARTITION_PROPERTY_INHERITED_DEVICE_DOMAIN_REGIONS
 * of Mile.HyperV.
 */
export const PartitionPropertyInheritedDeviceDomainRegions = /* @__PURE__ */ struct(
  'PartitionPropertyInheritedDeviceDomainRegions',
  {
    unitSizePages: u64,
    reservedUnitMap: array(u32, 16),
  },
  { size: 72, aliases: { mile: 'HV_PARTITION_PROPERTY_INHERITED_DEVICE_DOMAIN_REGIONS' } },
)

/** A digest as a property. Source: HV_PARTITION_PROPERTY_SHA384 of Mile.HyperV. */
export const PartitionPropertySha384 = /* @__PURE__ */ struct(
  'PartitionPropertySha384',
  {
    data: bytes(48),
  },
  { size: 48, aliases: { mile: 'HV_PARTITION_PROPERTY_SHA384' } },
)

/** Pages that a VP shares, as a property. Source: HV_PARTITION_PROPERTY_VP_SHARED_PAGES of Mile.HyperV. */
export const PartitionPropertyVpSharedPages = /* @__PURE__ */ struct(
  'PartitionPropertyVpSharedPages',
  {
    flags: u32,
    padding: reserved(4),
    vpAssistPage: u64,
    simPage: u64,
  },
  { size: 24, aliases: { mile: 'HV_PARTITION_PROPERTY_VP_SHARED_PAGES' } },
)

/** VSM of a partition. Source: HV_PARTITION_VSM_CONFIG of Mile.HyperV. */
export const PartitionVsmConfigWord = /* @__PURE__ */ bits(u64, {
  /** 0: none but VTL 0. */
  maximumVtl: bitField(0, 4),
  vtl0InterruptInjectionPolicy: bitField(4, 2),
  vtl1InterruptInjectionPolicy: bitField(6, 2),
})
/** {@link PartitionVsmConfigWord} alone. */
export const PartitionVsmConfig = /* @__PURE__ */ word('PartitionVsmConfig', PartitionVsmConfigWord, {
  mile: 'HV_PARTITION_VSM_CONFIG',
})

/** The PM timer port that the hypervisor assists. Source: HV_PM_TIMER_INFO of Mile.HyperV, WDK 7.1 hvgdk. */
export const PmTimerInfo = /* @__PURE__ */ struct(
  'PmTimerInfo',
  {
    flags: bits(u32, {
      /** I/O port of the counter. */
      port: bitField(0, 16),
      /** The counter has 24 bits, else 32. */
      width24: bit(16),
      enabled: bit(17),
    }),
    reserved2: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_PM_TIMER_INFO' } },
)

/** Cache ways of a class of service. Source: HV_RDT_CAT_COS_BITMASK_PROPERTY of Mile.HyperV. */
export const RdtCatCosBitmaskProperty = /* @__PURE__ */ struct(
  'RdtCatCosBitmaskProperty',
  {
    /** Class of service, from 0. */
    cosIndex: u32,
    /** A bit a cache way. */
    cosBitmask: u32,
  },
  { size: 8, aliases: { mile: 'HV_RDT_CAT_COS_BITMASK_PROPERTY' } },
)

/** Memory bandwidth of a class of service. Source: HV_RDT_MBA_COS_VALUE_PROPERTY of Mile.HyperV. */
export const RdtMbaCosValueProperty = /* @__PURE__ */ struct(
  'RdtMbaCosValueProperty',
  {
    /** Class of service, from 0. */
    cosIndex: u32,
    cosThrottleValue: u32,
  },
  { size: 8, aliases: { mile: 'HV_RDT_MBA_COS_VALUE_PROPERTY' } },
)

/** SGX launch control of a partition. Source: HV_SGX_LAUNCH_CONTROL_CONFIG of Mile.HyperV. */
export const SgxLaunchControlConfigWord = /* @__PURE__ */ bits(u64, {
  readable: bit(0),
  writable: bit(1),
})
/** {@link SgxLaunchControlConfigWord} alone. */
export const SgxLaunchControlConfig = /* @__PURE__ */ word('SgxLaunchControlConfig', SgxLaunchControlConfigWord, {
  mile: 'HV_SGX_LAUNCH_CONTROL_CONFIG',
})

/** Calls allowed from user mode. Source: HV_USER_MODE_HYPERCALLS of Mile.HyperV. */
export const UserModeHypercallsWord = /* @__PURE__ */ flags64('UserModeHypercalls', u64, {
  dispatchVp: 0x1n,
  assertVirtualInterrupt: 0x2n,
  signalEventDirect: 0x4n,
  readGpa: 0x8n,
  writeGpa: 0x10n,
  unregisterInterceptResult: 0x20n,
  translateVirtualAddressEx: 0x40n,
  getVpRegisters: 0x80n,
  setVpRegisters: 0x100n,
  assertDeviceInterrupt: 0x200n,
  retargetDeviceInterrupt: 0x400n,
  postMessageDirect: 0x800n,
  getVpCpuidValues: 0x1000n,
  getVpSetFromMda: 0x2000n,
})
/** {@link UserModeHypercallsWord} alone. */
export const UserModeHypercalls = /* @__PURE__ */ word('UserModeHypercalls', UserModeHypercallsWord, {
  mile: 'HV_USER_MODE_HYPERCALLS',
})

/** SNP exits that the hypervisor handles itself. Source: hv_sev_vmgexit_offload of rust-vmm/mshv. */
export const SevVmgexitOffload = /* @__PURE__ */ struct(
  'SevVmgexitOffload',
  {
    nae: bits(u32, {
      naeRdtsc: bit(0),
      naeCpuid: bit(1),
      naeReservedIoPort: bit(2),
      naeRdmsr: bit(3),
      naeWrmsr: bit(4),
      naeVmmcall: bit(5),
      naeWbinvd: bit(6),
      naeSnpPageStateChange: bit(7),
    }),
    msr: bits(u32, {
      msrCpuid: bit(0),
      msrSnpPageStateChange: bit(1),
    }),
  },
  { size: 8, aliases: { mshv: 'hv_sev_vmgexit_offload' } },
)
