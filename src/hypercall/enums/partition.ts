import { openEnum, u32 } from '../../wire/index.ts'

/**
 * Partition properties of HvCallGetPartitionProperty and HvCallSetPartitionProperty. The high half is the group;
 * 0x00090004 and 0x0006000c to 0x0006000f carry two names. Source: HV_PARTITION_PROPERTY_CODE of TLFS, Mile.HyperV.
 */
export const PartitionProperty = {
  PrivilegeFlags: 0x0001_0000,
  SyntheticProcFeatures: 0x0001_0001,
  AllowedParentUserModeHypercalls: 0x0001_0002,
  Suspend: 0x0002_0000,
  CpuReserve: 0x0002_0001,
  CpuCap: 0x0002_0002,
  CpuWeight: 0x0002_0003,
  CpuGroupId: 0x0002_0004,
  HierarchicalIntegratedSchedulerEnabled: 0x0002_0005,
  EmulatedTimerPeriod: 0x0003_0000,
  EmulatedTimerControl: 0x0003_0001,
  PmTimerAssist: 0x0003_0002,
  TimeFreeze: 0x0003_0003,
  ApicFrequency: 0x0003_0004,
  ReferenceTime: 0x0003_0005,
  DebugChannelId: 0x0004_0000,
  DebugChannelId0: 0x0004_0001,
  DebugChannelId1: 0x0004_0002,
  DebugChannelId2: 0x0004_0003,
  VirtualTlbPageCount: 0x0005_0000,
  VsmConfig: 0x0005_0001,
  ZeroMemoryOnReset: 0x0005_0002,
  ProcessorsPerSocket: 0x0005_0003,
  NestedTlbSize: 0x0005_0004,
  GpaPageAccessTracking: 0x0005_0005,
  VsmPermissionsDirtySinceLastQuery: 0x0005_0006,
  SgxLaunchControlConfig: 0x0005_0007,
  DefaultSgxLaunchControl0: 0x0005_0008,
  DefaultSgxLaunchControl1: 0x0005_0009,
  DefaultSgxLaunchControl2: 0x0005_000a,
  DefaultSgxLaunchControl3: 0x0005_000b,
  IsolationState: 0x0005_000c,
  IsolationControl: 0x0005_000d,
  AllocationId: 0x0005_000e,
  MonitoringId: 0x0005_000f,
  ImplementedPhysicalAddressBits: 0x0005_0010,
  NonArchitecturalCoreSharing: 0x0005_0011,
  HypercallDoorbellPage: 0x0005_0012,
  CppcRequestValue: 0x0005_0013,
  IsolationPolicy: 0x0005_0014,
  DmaCapableDevices: 0x0005_0015,
  ProcessorsPerL3: 0x0005_0016,
  UnimplementedMsrAction: 0x0005_0017,
  AmdNodesPerSocket: 0x0005_0018,
  ReferenceTscPageActive: 0x0005_0019,
  AutoEoiEnabled: 0x0005_001a,
  L3CacheWays: 0x0005_001b,
  IsolationType: 0x0005_001c,
  PerfmonMode: 0x0005_001d,
  DepositStatus: 0x0005_001e,
  Mirroring: 0x0005_001f,
  MirrorState: 0x0005_0020,
  MgmtVtlMaxMemorySections: 0x0005_0021,
  SevVmgexitOffloads: 0x0005_0022,
  PenalizeBusLock: 0x0005_0023,
  TopologyApicIdOptIn: 0x0005_0024,
  CppcResourcePrioritiesValue: 0x0005_0025,
  PartitionDiagBufferConfig: 0x0005_0026,
  TerminateOnInstructionTimeout: 0x0005_0027,
  GicdBaseAddress: 0x0005_0028,
  GitsTranslaterBaseAddress: 0x0005_0029,
  GicLpiIntIdBits: 0x0005_002a,
  GicPpiOverflowInterruptFromCntv: 0x0005_002b,
  GicPpiOverflowInterruptFromCntp: 0x0005_002c,
  GicPpiPerformanceMonitorsInterrupt: 0x0005_002d,
  GicPpiPmbirq: 0x0005_002e,
  TdMigrationStreamCount: 0x0005_002f,
  AutoSuspend: 0x0005_0030,
  SintReservedInterruptId: 0x0005_0031,
  GpaPinningEnabled: 0x0005_0032,
  TdMigrationMaxStreamCount: 0x0005_0033,
  TdMigrationNumMemScanContext: 0x0005_0034,
  TdMigrationMaxMemScanRanges: 0x0005_0035,
  ProcessorVendor: 0x0006_0000,
  ProcessorFeaturesDeprecated: 0x0006_0001,
  ProcessorXsaveFeatures: 0x0006_0002,
  ProcessorCLFlushSize: 0x0006_0003,
  EnlightenmentModifications: 0x0006_0004,
  CompatibilityVersion: 0x0006_0005,
  PhysicalAddressWidth: 0x0006_0006,
  XsaveStates: 0x0006_0007,
  MaxXsaveDataSize: 0x0006_0008,
  ProcessorClockFrequency: 0x0006_0009,
  ProcessorFeatures0: 0x0006_000a,
  ProcessorFeatures1: 0x0006_000b,
  ProcessorCtrEl0: 0x0006_000c,
  ProcessorDczidEl0: 0x0006_000d,
  ProcessorIchVtrEl2: 0x0006_000e,
  ProcessorIdAa64Dfr0El1: 0x0006_000f,
  RootProcessorFeatures0: 0x0006_0010,
  RootProcessorFeatures1: 0x0006_0011,
  RootProcessorXsaveFeatures: 0x0006_0012,
  RootSyntheticProcFeatures: 0x0006_0013,
  PhysicalAddressSize: 0x0006_0014,
  FeatureBankCount: 0x0006_0015,
  ProcessorIdAa64Dfr1El1: 0x0006_0016,
  ProcessorCntfrqEl0: 0x0006_0017,
  MaxSveVectorLength: 0x0006_0018,
  MaxSmeStreamingVectorLength: 0x0006_0019,
  GuestOsId: 0x0007_0000,
  ProcessorVirtualizationFeatures: 0x0008_0000,
  MaxHardwareIsolatedGuests: 0x0008_0001,
  SnpEnabled: 0x0008_0002,
  NestedVmxBasic: 0x0008_0003,
  NestedVmxPinbasedCtls: 0x0008_0004,
  NestedVmxProcbasedCtls: 0x0008_0005,
  NestedVmxExitCtls: 0x0008_0006,
  NestedVmxEntryCtls: 0x0008_0007,
  NestedVmxMisc: 0x0008_0008,
  NestedVmxCr0Fixed0: 0x0008_0009,
  NestedVmxCr0Fixed1: 0x0008_000a,
  NestedVmxCr4Fixed0: 0x0008_000b,
  NestedVmxCr4Fixed1: 0x0008_000c,
  NestedVmxVmcsEnum: 0x0008_000d,
  NestedVmxProcbasedCtls2: 0x0008_000e,
  NestedVmxEptVpidCap: 0x0008_000f,
  NestedVmxTruePinbasedCtls: 0x0008_0010,
  NestedVmxTrueProcbasedCtls: 0x0008_0011,
  NestedVmxTrueExitCtls: 0x0008_0012,
  NestedVmxTrueEntryCtls: 0x0008_0013,
  NestedVmxProcbasedCtls3: 0x0008_0014,
  NestedVmxExitCtls2: 0x0008_0015,
  VhState: 0x0008_0100,
  MaxHierarchicalPartitionCount: 0x0008_0101,
  MaxHierarchicalVpCount: 0x0008_0102,
  StateTransferMode: 0x0008_0103,
  MigrationAbortCleanupCount: 0x0008_0104,
  TdComprehensiveReset: 0x0008_0105,
  InheritedDeviceDomainReservedRegions: 0x0009_0000,
  TdMrConfigId: 0x0009_0001,
  TdMrOwner: 0x0009_0002,
  TdMrOwnerConfig: 0x0009_0003,
  VNUMATopologyConfig: 0x0009_0004,
  RootVpSharedPages: 0x0009_0005,
  VmmCapabilities: 0x0009_0007,
  CompletePartitionIntercept: 0x0009_0008,
  AssignableSyntheticProcFeatures: 0x0009_0009,
  HwIsolationTdxSupported: 0x0009_000a,
  HwIsolationSevSupported: 0x0009_000b,
  MigrationTdInfoHash: 0x0009_000c,
  MigrationTdBindingSlot: 0x0009_000d,
  DisabledProcessorFeaturesEx: 0x0009_000e,
  RootProcessorFeaturesEx: 0x0009_000f,
  EnabledProcessorFeaturesEx: 0x0009_0010,
  PmuEventTypes: 0x0009_0011,
  TdComprehensiveConfigure: 0x0009_0012,
  PartitionVpPropertySchedulingAffinitySet: 0x1000_1000,
} as const
/** {@link PartitionProperty} on the wire, 4 bytes. */
export const PartitionPropertyField = /* @__PURE__ */ openEnum('PartitionProperty', u32, PartitionProperty)

/** Hypervisor version that a new partition is made for. Source: HV_COMPATIBILITY_VERSION of Mile.HyperV. */
export const CompatibilityVersion = {
  Redstone1: 0x600,
  Redstone2: 0x601,
  Redstone3: 0x602,
  Redstone4: 0x603,
  Redstone5: 0x604,
  '19H1': 0x605,
  Vibranium: 0x606,
  Manganese: 0x607,
  Iron: 0x608,
  Nickel: 0x609,
  Copper: 0x60a,
  Germanium: 0x1000,
  Prerelease: 0xfe00,
  Experiment: 0xff00,
} as const
/** {@link CompatibilityVersion} on the wire, 4 bytes. */
export const CompatibilityVersionField = /* @__PURE__ */ openEnum('CompatibilityVersion', u32, CompatibilityVersion)

/** Value of the processor vendor property. Source: HV_PROCESSOR_VENDOR of Mile.HyperV. */
export const ProcessorVendor = {
  Amd: 0,
  Intel: 1,
  Hygon: 2,
  Arm: 16,
} as const

/** Events of HvCallNotifyPartitionEvent. Source: HV_PARTITION_EVENT of Mile.HyperV. */
export const PartitionEvent = {
  EventDebugDeviceAvailable: 1,
  EventRootCrashdump: 2,
  EventAcpiReenabled: 3,
  AllLogicalProcessorsStarted: 4,
  CommitLpIndices: 5,
} as const
/** {@link PartitionEvent} on the wire, 4 bytes. */
export const PartitionEventField = /* @__PURE__ */ openEnum('PartitionEvent', u32, PartitionEvent)

/** What the root asks for while it writes a crash dump. Source: HV_CRASHDUMP_ACTION of Mile.HyperV. */
export const CrashdumpAction = {
  None: 0,
  SuspendAllVps: 1,
  PrepareForStateSave: 2,
  StateSaved: 3,
  Entry: 4,
} as const
/** {@link CrashdumpAction} on the wire, 4 bytes. */
export const CrashdumpActionField = /* @__PURE__ */ openEnum('CrashdumpAction', u32, CrashdumpAction)

/**
 * How a partition is protected from its host; ARM CCA is in symbols only. Source: HV_PARTITION_ISOLATION_TYPE of
 * Mile.HyperV, OpenVMM hvdef.
 */
export const PartitionIsolationType = {
  None: 0,
  Vbs: 1,
  Snp: 2,
  Tdx: 3,
  Cca: 4,
} as const
/** {@link PartitionIsolationType} on the wire, 4 bytes. */
export const PartitionIsolationTypeField = /* @__PURE__ */ openEnum(
  'PartitionIsolationType',
  u32,
  PartitionIsolationType,
)

/** Value of the isolation state property. Source: HV_PARTITION_ISOLATION_STATE of Mile.HyperV. */
export const PartitionIsolationState = {
  Invalid: 0,
  InsecureClean: 1,
  InsecureDirty: 2,
  Secure: 3,
  SecureDirty: 4,
  SecureTerminating: 5,
} as const

/** Whether a partition is in the memory mirror. Source: HV_PARTITION_MIRRORING_POLICY of Mile.HyperV. */
export const PartitionMirroringPolicy = {
  None: 0,
  Include: 1,
  Exclude: 2,
} as const

/** Value of the mirror state property. Source: HV_PARTITION_MIRROR_STATE of Mile.HyperV. */
export const PartitionMirrorState = {
  NotStarted: 0,
  InProgress: 1,
  Complete: 2,
} as const

/** How far saving or restoring came, and what stopped it. Source: HV_SAVE_RESTORE_STATE_RESULT of Mile.HyperV. */
export const SaveRestoreStateResult = {
  Complete: 0,
  Incomplete: 1,
  Restorable: 2,
  CorruptData: 3,
  UnsupportedVersion: 4,
  ProcessorFeatureMismatch: 5,
  HardwareFeatureMismatch: 6,
  ProcessorCountMismatch: 7,
  ProcessorFlagsMismatch: 8,
  ProcessorIndexMismatch: 9,
  ProcessorInsufficientMemory: 10,
  IncompatibleProcessor: 11,
  ProcessorFeatureSse3Mismatch: 12,
  ProcessorFeatureLahfSahfMismatch: 13,
  ProcessorFeaturSsse3eMismatch: 14,
  ProcessorFeatureSse41Mismatch: 15,
  ProcessorFeatureSse42Mismatch: 16,
  ProcessorFeatureSse4aMismatch: 17,
  ProcessorFeatureSse5Mismatch: 18,
  ProcessorFeaturePopcntMismatch: 19,
  ProcessorFeatureCmpxchg16bMismatch: 20,
  ProcessorFeatureAltmovcr8Mismatch: 21,
  ProcessorFeatureLzcntMismatch: 22,
  ProcessorFeatureMisalignedSseMismatch: 23,
  ProcessorFeatureMmxExtMismatch: 24,
  ProcessorFeature3DNowMismatch: 25,
  ProcessorFeatureExtended3DNowMismatch: 26,
  ProcessorFeaturePage1GBMismatch: 27,
  ProcessorCacheLineFlushSizeMismatch: 28,
  ProcessorFeatureXsaveMismatch: 29,
  ProcessorFeatureXsaveoptMismatch: 30,
  ProcessorFeatureXsaveLegacySseMismatch: 31,
  ProcessorFeatureXsaveAvxMismatch: 32,
  ProcessorFeatureXsaveUnknownFeatureMismatch: 33,
  ProcessorXsaveSaveAreaMismatch: 34,
} as const
/** {@link SaveRestoreStateResult} on the wire, 4 bytes. */
export const SaveRestoreStateResultField = /* @__PURE__ */ openEnum(
  'SaveRestoreStateResult',
  u32,
  SaveRestoreStateResult,
)

/** Which scheduler the hypervisor runs. Source: HV_SCHEDULER_TYPE of Mile.HyperV. */
export const SchedulerType = {
  Lp: 1,
  LpSmt: 2,
  CoreSmt: 3,
  Root: 4,
} as const

/** Processor architectures. Source: HV_ARCHITECTURE of Mile.HyperV. */
export const Architecture = {
  X64: 0,
  X86: 1,
  ARM64: 2,
} as const
