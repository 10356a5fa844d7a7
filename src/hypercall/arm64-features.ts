import { bit, bits, flags, reserved, struct, u32 } from '../wire/index.ts'
import { PartitionPrivilegesField } from './privileges.ts'

// What CPUID leaves tell on x64, a guest on ARM64 reads from registers, one of 16 bytes for each leaf. `register` is the register's name.

/** HvRegisterPrivilegesAndFeaturesInfo on ARM64. Source: TLFS 2.4 (ARM64), HV_ARM64_HYPERVISOR_FEATURES of Mile.HyperV. */
export const Arm64Features = /* @__PURE__ */ struct(
  'Arm64Features',
  {
    privileges: PartitionPrivilegesField,
    features: flags('Arm64FeatureFlags', u32, {
      guestDebuggingAvailable: 0x1,
      performanceMonitorsAvailable: 0x2,
      cpuDynamicPartitioningAvailable: 0x4,
      guestIdleAvailable: 0x8,
      hypervisorSleepStateSupportAvailable: 0x10,
      /** HvCallQueryNumaDistance. */
      numaDistanceQueryAvailable: 0x20,
      frequencyRegsAvailable: 0x40,
      syntheticMachineCheckAvailable: 0x80,
      guestCrashRegsAvailable: 0x100,
      debugRegsAvailable: 0x200,
      /** HvCallDisableHypervisor. */
      disableHypervisorAvailable: 0x400,
      /** Flush lists can hold `GvaRangeExtended`. */
      extendedGvaRangesForFlushVirtualAddressListAvailable: 0x800,
      /** `polling` of `Arm64SynicSint`. */
      sintPollingModeAvailable: 0x1000,
      directSyntheticTimers: 0x2000,
      deviceDomainsAvailable: 0x4000,
      s1DeviceDomainsAvailable: 0x8000,
    }),
    padding: reserved(u32),
  },
  {
    size: 16,
    aliases: { mile: 'HV_ARM64_HYPERVISOR_FEATURES', register: 'HvRegisterPrivilegesAndFeaturesInfo' },
  },
)

/** HvRegisterFeaturesInfo on ARM64: what a guest had better do. Source: TLFS 2.4 (ARM64), HV_ARM64_ENLIGHTENMENT_INFORMATION of Mile.HyperV. */
export const Arm64Recommendations = /* @__PURE__ */ struct(
  'Arm64Recommendations',
  {
    recommendations: flags('Arm64RecommendationFlags', u32, {
      useHvRegisterForReset: 0x1,
      /** No watchdog timeouts: a VP may stand still for a while. */
      useRelaxedTiming: 0x2,
      /** HvCallSendSyntheticClusterIpi. */
      useSyntheticClusterIpi: 0x4,
      /** Calls that take a `VpSet`. */
      useExProcessorMasks: 0x8,
      /** The hypervisor runs in another one. */
      nested: 0x10,
      useSyncedTimeline: 0x20,
      ringBufferMessagePortSupport: 0x40,
      useHypercallForMmioAccess: 0x20_0000,
      useGpaPinningHypercall: 0x40_0000,
      wakeVps: 0x80_0000,
      mapPartitionEventLogBuffer: 0x400_0000,
      heatHintBeneficialSupport: 0x800_0000,
    }),
    /** Spins before HvCallNotifyLongSpinWait; all ones: never. */
    longSpinWaitCount: u32,
    reserved0: reserved(u32),
    reserved1: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_ARM64_ENLIGHTENMENT_INFORMATION', register: 'HvRegisterFeaturesInfo' } },
)

/** HvRegisterHardwareFeaturesInfo on ARM64. Source: TLFS 2.4 (ARM64), HV_ARM64_HYPERVISOR_HARDWARE_FEATURES of Mile.HyperV. */
export const Arm64HardwareFeatures = /* @__PURE__ */ struct(
  'Arm64HardwareFeatures',
  {
    features: flags('Arm64HardwareFeatureFlags', u32, {
      architecturalPerformanceCountersInUse: 0x1,
      secondLevelAddressTranslationInUse: 0x2,
      dmaRemappingInUse: 0x4,
      interruptRemappingInUse: 0x8,
      memoryPatrolScrubberPresent: 0x10,
      dmaProtectionInUse: 0x20,
      syntheticTimersVolatile: 0x40,
      hvRegisterForMemoryZeroingSupported: 0x80,
    }),
    reserved0: reserved(u32),
    reserved1: reserved(u32),
    reserved2: reserved(u32),
  },
  {
    size: 16,
    aliases: { mile: 'HV_ARM64_HYPERVISOR_HARDWARE_FEATURES', register: 'HvRegisterHardwareFeaturesInfo' },
  },
)

/** HvRegisterCpuManagementFeaturesInfo on ARM64. Source: HV_ARM64_HYPERVISOR_CPU_MANAGEMENT_FEATURES of Mile.HyperV. */
export const Arm64CpuManagement = /* @__PURE__ */ struct(
  'Arm64CpuManagement',
  {
    processors: bits(u32, {
      startLogicalProcessor: bit(0),
      createRootVirtualProcessor: bit(1),
      performanceCounterSync: bit(2),
      reservedIdentityBit: bit(31),
    }),
    power: bits(u32, { processorPowerManagement: bit(0), rootManagedIdleStates: bit(1) }),
    reservedEcx: reserved(u32),
    reservedEdx: reserved(u32),
  },
  {
    size: 16,
    aliases: { mile: 'HV_ARM64_HYPERVISOR_CPU_MANAGEMENT_FEATURES', register: 'HvRegisterCpuManagementFeaturesInfo' },
  },
)

/** HvRegisterPasidFeaturesInfo: process address spaces of devices. Source: HV_HYPERVISOR_PASID_FEATURES of Mile.HyperV. */
export const PasidFeatures = /* @__PURE__ */ struct(
  'PasidFeatures',
  {
    pasid: bits(u32, { pasidSupported: bit(1) }),
    maxDevicePrqSize: u32,
    reserved2: reserved(u32),
    reserved3: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_PASID_FEATURES', register: 'HvRegisterPasidFeaturesInfo' } },
)
