import { bit, bitField, bits, flags, reserved, struct, u32 } from '../wire/index.ts'
import { PartitionIsolationTypeField } from './enums/partition.ts'
import { PartitionPrivilegesField } from './privileges.ts'

/** Leaf 0x40000000: vendor and highest leaf. Source: TLFS. */
export const CpuidVendor = /* @__PURE__ */ struct(
  'CpuidVendor',
  {
    /** At least 0x40000005. */
    maxFunction: u32,
    /** 0x7263694d, `Micr`. */
    vendor1: u32,
    /** 0x666f736f, `osof`. */
    vendor2: u32,
    /** 0x76482074, `t Hv`. */
    vendor3: u32,
  },
  { size: 16, aliases: { like: 'HV_VENDOR_AND_MAX_FUNCTION' } },
)

/** Leaf 0x40000001: which interface the hypervisor speaks. Source: TLFS. */
export const CpuidInterface = /* @__PURE__ */ struct(
  'CpuidInterface',
  {
    /** 0x31237648, `Hv#1`. */
    signature: u32,
    ebx: reserved(u32),
    ecx: reserved(u32),
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_INTERFACE_INFO' } },
)

/** Leaf 0x40000002: version of the hypervisor. Source: TLFS. */
export const CpuidVersion = /* @__PURE__ */ struct(
  'CpuidVersion',
  {
    buildNumber: u32,
    ebx: bits(u32, {
      minorVersion: bitField(0, 16),
      majorVersion: bitField(16, 16),
    }),
    servicePack: u32,
    edx: bits(u32, {
      serviceNumber: bitField(0, 24),
      serviceBranch: bitField(24, 8),
    }),
  },
  {
    size: 16,
    aliases: {
      mile: 'HV_HYPERVISOR_VERSION_INFO',
      linux: 'hv_hypervisor_version_info',
      register: 'HvRegisterHypervisorVersion',
    },
  },
)

/**
 * Leaf 0x40000003: privileges of the partition and features of the hypervisor. EDX bits 20-31 reserved in TLFS online,
 * named in symbols and hvdef. EDX bit 16: PasidFeaturesAvailable (symbols) vs SvmFeaturesAvailable (hvdef). Source:
 * TLFS.
 */
export const CpuidFeatures = /* @__PURE__ */ struct(
  'CpuidFeatures',
  {
    /** EAX and EBX. */
    privileges: PartitionPrivilegesField,
    ecx: bits(u32, {
      maxSupportedCState: bitField(0, 4),
      hpetNeededForC3PowerStateDeprecated: bit(4),
      invariantMperfAvailable: bit(5),
      supervisorShadowStackAvailable: bit(6),
      archPmuAvailable: bit(7),
      exceptionTrapInterceptAvailable: bit(8),
      vpDispatchInterruptInjectionAvailable: bit(9),
      vpGhcbRootMappingAvailable: bit(10),
    }),
    /** EDX. */
    features: flags('CpuidFeatureFlags', u32, {
      mwaitAvailableDeprecated: 0x1,
      guestDebuggingAvailable: 0x2,
      performanceMonitorsAvailable: 0x4,
      cpuDynamicPartitioningAvailable: 0x8,
      /** Fast input can go on in XMM0 … XMM5. */
      xmmRegistersForFastHypercallAvailable: 0x10,
      /** MSR 0x400000F0. */
      guestIdleAvailable: 0x20,
      hypervisorSleepStateSupportAvailable: 0x40,
      /** HvCallQueryNumaDistance. */
      numaDistanceQueryAvailable: 0x80,
      /** MSRs 0x40000022 and 0x40000023. */
      frequencyRegsAvailable: 0x100,
      syntheticMachineCheckAvailable: 0x200,
      /** MSRs 0x40000100 to 0x40000105. */
      guestCrashRegsAvailable: 0x400,
      debugRegsAvailable: 0x800,
      /** MSR 0x40000040. */
      npiep1Available: 0x1000,
      /** HvCallDisableHypervisor. */
      disableHypervisorAvailable: 0x2000,
      /** Flush lists can hold `GvaRangeExtended`. */
      extendedGvaRangesForFlushVirtualAddressListAvailable: 0x4000,
      /** Fast calls can answer in XMM registers. */
      fastHypercallOutputAvailable: 0x8000,
      pasidFeaturesAvailable: 0x1_0000,
      /** `polling` of `SynicSint`. */
      sintPollingModeAvailable: 0x2_0000,
      /** `locked` of `X64MsrHypercallContents`. */
      hypercallMsrLockAvailable: 0x4_0000,
      /** `directMode` of `X64MsrStimerConfigContents`. */
      directSyntheticTimers: 0x8_0000,
      registerPatAvailable: 0x10_0000,
      registerBndcfgsAvailable: 0x20_0000,
      watchdogTimerAvailable: 0x40_0000,
      /** MSRs 0x40000114 and 0x40000115. */
      syntheticTimeUnhaltedTimerAvailable: 0x80_0000,
      deviceDomainsAvailable: 0x100_0000,
      s1DeviceDomainsAvailable: 0x200_0000,
      lbrAvailable: 0x400_0000,
      iptAvailable: 0x800_0000,
      crossVtlFlushAvailable: 0x1000_0000,
      idleSpecCtrlAvailable: 0x2000_0000,
      translateGvaFlagsAvailable: 0x4000_0000,
      apicEoiInterceptAvailable: 0x8000_0000,
    }),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_FEATURES' } },
)

/**
 * Leaf 0x40000004: what a guest had better do. EAX bits 19-29 reserved in TLFS online. EAX bit 8 reserved in TLFS
 * online, UseX2ApicMsrs in symbols. Source: TLFS.
 */
export const CpuidRecommendations = /* @__PURE__ */ struct(
  'CpuidRecommendations',
  {
    /** EAX. */
    recommendations: flags('CpuidRecommendationFlags', u32, {
      /** HvCallSwitchVirtualAddressSpace rather than a load of CR3. */
      useHypercallForAddressSpaceSwitch: 0x1,
      /** A flush call rather than INVLPG or a load of CR3. */
      useHypercallForLocalFlush: 0x2,
      /** A flush call rather than interrupts to other VPs. */
      useHypercallForRemoteFlushAndLocalFlushEntire: 0x4,
      /** MSRs 0x40000070 to 0x40000072 rather than the APIC's page. */
      useApicMsrs: 0x8,
      /** MSR 0x40000003. */
      useHvRegisterForReset: 0x10,
      /** No watchdog timeouts: a VP may stand still for a while. */
      useRelaxedTiming: 0x20,
      useDmaRemappingDeprecated: 0x40,
      useInterruptRemappingDeprecated: 0x80,
      useX2ApicMsrs: 0x100,
      /** Leave `autoEoi` of SINTs off. */
      deprecateAutoEoi: 0x200,
      /** HvCallSendSyntheticClusterIpi rather than the ICR. */
      useSyntheticClusterIpi: 0x400,
      /** Calls that take a `VpSet`. */
      useExProcessorMasks: 0x800,
      /** The hypervisor runs in another one. */
      nested: 0x1000,
      /** INT rather than SYSCALL or SYSENTER under MBEC. */
      useIntForMbecSystemCalls: 0x2000,
      /** As a nested hypervisor, use `EnlightenedVmcs`. */
      useVmcsEnlightenments: 0x4000,
      useSyncedTimeline: 0x8000,
      coreSchedulerRequested: 0x1_0000,
      useDirectLocalFlushEntire: 0x2_0000,
      /** VPs share a core only where the guest is told that they are siblings. */
      noNonArchitecturalCoreSharing: 0x4_0000,
      useX2Apic: 0x8_0000,
      restoreTimeOnResume: 0x10_0000,
      useHypercallForMmioAccess: 0x20_0000,
      useGpaPinningHypercall: 0x40_0000,
      wakeVps: 0x80_0000,
      proxyInterruptDoorbellSupport: 0x100_0000,
      memoryTypeLockingSupport: 0x200_0000,
      mapPartitionEventLogBuffer: 0x400_0000,
      lowerVtlGuestRequestSupport: 0x800_0000,
      heatHintBeneficialSupport: 0x1000_0000,
      ringBufferMessagePortSupport: 0x2000_0000,
    }),
    /** 0xFFFFFFFF = never notify. */
    longSpinWaitCount: u32,
    ecx: bits(u32, {
      /** Bits of a physical address that the processor has. */
      implementedPhysicalAddressBits: bitField(0, 7),
    }),
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_ENLIGHTENMENT_INFORMATION' } },
)

/** Leaf 0x40000005: limits of the hypervisor; 0 is not reported. Source: TLFS. */
export const CpuidLimits = /* @__PURE__ */ struct(
  'CpuidLimits',
  {
    maxVirtualProcessorCount: u32,
    maxLogicalProcessorCount: u32,
    maxInterruptMappingCount: u32,
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_IMPLEMENTATION_LIMITS', register: 'HvRegisterImplementationLimitsInfo' } },
)

/**
 * Leaf 0x40000006: hardware that the hypervisor makes use of. EAX bit 24: TLFS online WDAT table in use; symbols/hvdef
 * ChildX2ApicRecommended (bit 25 HardwareWatchdogReserved). Source: TLFS.
 */
export const CpuidHardwareFeatures = /* @__PURE__ */ struct(
  'CpuidHardwareFeatures',
  {
    eax: bits(u32, {
      apicOverlayAssistInUse: bit(0),
      msrBitmapsInUse: bit(1),
      architecturalPerformanceCountersInUse: bit(2),
      secondLevelAddressTranslationInUse: bit(3),
      dmaRemappingInUse: bit(4),
      interruptRemappingInUse: bit(5),
      memoryPatrolScrubberPresent: bit(6),
      dmaProtectionInUse: bit(7),
      hpetRequested: bit(8),
      syntheticTimersVolatile: bit(9),
      /** 0: not nested. */
      hypervisorLevel: bitField(10, 4),
      physicalDestinationModeRequired: bit(14),
      useVmfuncForAliasMapSwitch: bit(15),
      hvRegisterForMemoryZeroingSupported: bit(16),
      unrestrictedGuestSupported: bit(17),
      rdtAFeaturesSupported: bit(18),
      rdtMFeaturesSupported: bit(19),
      childPerfmonPmuSupported: bit(20),
      childPerfmonLbrSupported: bit(21),
      childPerfmonIptSupported: bit(22),
      apicEmulationSupported: bit(23),
      childX2ApicRecommended: bit(24),
      hardwareWatchdogReserved: bit(25),
      deviceAccessTrackingSupported: bit(26),
      hardwareGpaAccessTrackingSupported: bit(27),
    }),
    ebx: bits(u32, {
      /** Bits of a device address. */
      deviceDomainInputWidth: bitField(0, 8),
    }),
    ecx: reserved(u32),
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_HARDWARE_FEATURES' } },
)

/** Leaf 0x40000007: processor management, for the root. Source: TLFS. */
export const CpuidCpuManagement = /* @__PURE__ */ struct(
  'CpuidCpuManagement',
  {
    eax: bits(u32, {
      startLogicalProcessor: bit(0),
      createRootVirtualProcessor: bit(1),
      performanceCounterSync: bit(2),
      reservedIdentityBit: bit(31),
    }),
    ebx: bits(u32, {
      processorPowerManagement: bit(0),
      mwaitIdleStates: bit(1),
      logicalProcessorIdling: bit(2),
      driveIdleTransitions: bit(3),
    }),
    ecx: bits(u32, {
      remapGuestUncached: bit(0),
    }),
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_CPU_MANAGEMENT_FEATURES' } },
)

/**
 * Leaf 0x40000008: shared virtual memory. In newer hypervisors bit 1 of EAX is PASID support and EBX the largest page
 * request queue. Source: TLFS.
 */
export const CpuidSvm = /* @__PURE__ */ struct(
  'CpuidSvm',
  {
    eax: bits(u32, {
      svmSupported: bit(0),
      maxPasidSpacePasidCount: bitField(11, 21),
    }),
    maxPasidSpaceCount: u32,
    maxDevicePrqSize: u32,
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_SVM_FEATURES' } },
)

/** Leaf 0x40000009: what the outer hypervisor offers to a nested one. Source: TLFS. */
export const CpuidNestedFeatures = /* @__PURE__ */ struct(
  'CpuidNestedFeatures',
  {
    eax: bits(u32, {
      accessSynicRegs: bit(2),
      accessIntrCtrlRegs: bit(4),
      accessHypercallMsrs: bit(5),
      accessVpIndex: bit(6),
      accessReenlightenmentControls: bit(12),
    }),
    ebx: reserved(u32),
    ecx: reserved(u32),
    edx: bits(u32, {
      xmmRegistersForFastHypercallAvailable: bit(4),
      fastHypercallOutputAvailable: bit(15),
      sintPollingModeAvailable: bit(17),
    }),
  },
  { size: 16 },
)

/** Leaf 0x4000000a: enlightenments for a nested hypervisor. Source: TLFS. */
export const CpuidNestedVirtualization = /* @__PURE__ */ struct(
  'CpuidNestedVirtualization',
  {
    eax: bits(u32, {
      /** Lowest version of `EnlightenedVmcs` that can be used. */
      enlightenedVmcsVersionLow: bitField(0, 8),
      /** Highest version of `EnlightenedVmcs` that can be used. */
      enlightenedVmcsVersionHigh: bitField(8, 8),
      flushGuestPhysicalHypercallDeprecated: bit(16),
      nestedFlushVirtualHypercall: bit(17),
      flushGuestPhysicalHypercall: bit(18),
      msrBitmap: bit(19),
      virtualizationException: bit(20),
      debugCtl: bit(21),
      enlightenedNptTlb: bit(22),
      noRmpTableRequired: bit(23),
      enlightenedSevSwap: bit(24),
    }),
    ebx: bits(u32, {
      perfGlobalCtrl: bit(0),
    }),
    ecx: reserved(u32),
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_NESTED_VIRT_FEATURES' } },
)

/** Leaf 0x4000000b: processor Trace. Source: Mile.HyperV. */
export const CpuidIpt = /* @__PURE__ */ struct(
  'CpuidIpt',
  {
    eax: bits(u32, {
      chainedToPA: bit(0),
      enlightened: bit(1),
      maxTraceBufferSizePerVtl: bitField(12, 20),
    }),
    ebx: reserved(u32),
    ecx: reserved(u32),
    edx: bits(u32, {
      hypervisorIpt: bit(0),
    }),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_IPT_FEATURES' } },
)

/** Leaf 0x4000000c: how the partition is isolated. Source: Mile.HyperV. */
export const CpuidIsolation = /* @__PURE__ */ struct(
  'CpuidIsolation',
  {
    eax: bits(u32, {
      paravisorPresent: bit(0),
    }),
    ebx: bits(u32, {
      isolationType: bitField(0, 4, PartitionIsolationTypeField),
      /** Pages are shared by their address: `sharedGpaBoundaryBits` tells from where on. */
      sharedGpaBoundaryActive: bit(5),
      /** Addresses from 2 to this power on are shared. */
      sharedGpaBoundaryBits: bitField(6, 6),
    }),
    ecx: reserved(u32),
    edx: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_HYPERVISOR_ISOLATION_CONFIGURATION' } },
)

/** Leaf 0x40000080: vendor of the virtualization stack and its highest leaf. Source: OpenVMM. */
export const CpuidStackVendor = /* @__PURE__ */ struct(
  'CpuidStackVendor',
  {
    /** 0x40000082. */
    maxFunction: u32,
    /** 0x7263694d, `Micr`. */
    vendor1: u32,
    /** 0x666f736f, `osof`. */
    vendor2: u32,
    /** 0x53562074, `t VS`. */
    vendor3: u32,
  },
  { size: 16 },
)

/** Leaf 0x40000081: interface of the virtualization stack. Source: OpenVMM. */
export const CpuidStackInterface = /* @__PURE__ */ struct(
  'CpuidStackInterface',
  {
    /** 0x31235356, `VS#1`. */
    signature: u32,
    ebx: reserved(u32),
    ecx: reserved(u32),
    edx: reserved(u32),
  },
  { size: 16 },
)

/** Leaf 0x40000082: properties of the virtualization stack. Source: OpenVMM. */
export const CpuidStackProperties = /* @__PURE__ */ struct(
  'CpuidStackProperties',
  {
    eax: bits(u32, {
      isPortable: bit(0),
      debugDevicePresent: bit(1),
      extendedIoapicRte: bit(2),
      confidentialVmbusAvailable: bit(3),
    }),
    ebx: reserved(u32),
    ecx: reserved(u32),
    edx: reserved(u32),
  },
  { size: 16 },
)
