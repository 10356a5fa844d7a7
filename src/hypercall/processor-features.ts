import { bit, bits, flags64, reserved, struct, u16, u64 } from '../wire/index.ts'
import { word } from './word.ts'

/** Processor features, x64: two banks. Source: HV_PARTITION_PROCESSOR_FEATURES of rust-vmm/mshv, Mile.HyperV. */
export const PartitionProcessorFeatures = /* @__PURE__ */ struct(
  'PartitionProcessorFeatures',
  {
    bank0: flags64('ProcessorFeatures0', u64, {
      sse3Support: 0x1n,
      lahfSahfSupport: 0x2n,
      ssse3Support: 0x4n,
      sse41Support: 0x8n,
      sse42Support: 0x10n,
      sse4aSupport: 0x20n,
      xopSupport: 0x40n,
      popCntSupport: 0x80n,
      cmpxchg16bSupport: 0x100n,
      altmovcr8Support: 0x200n,
      lzcntSupport: 0x400n,
      misAlignSseSupport: 0x800n,
      mmxExtSupport: 0x1000n,
      amd3DNowSupport: 0x2000n,
      extendedAmd3DNowSupport: 0x4000n,
      page1GBSupport: 0x8000n,
      aesSupport: 0x1_0000n,
      pclmulqdqSupport: 0x2_0000n,
      pcidSupport: 0x4_0000n,
      fma4Support: 0x8_0000n,
      f16cSupport: 0x10_0000n,
      rdRandSupport: 0x20_0000n,
      rdWrFsGsSupport: 0x40_0000n,
      smepSupport: 0x80_0000n,
      enhancedFastStringSupport: 0x100_0000n,
      bmi1Support: 0x200_0000n,
      bmi2Support: 0x400_0000n,
      hleSupportDeprecated: 0x800_0000n,
      rtmSupportDeprecated: 0x1000_0000n,
      movbeSupport: 0x2000_0000n,
      npiep1Support: 0x4000_0000n,
      depX87FpuSaveSupport: 0x8000_0000n,
      rdSeedSupport: 0x1_0000_0000n,
      adxSupport: 0x2_0000_0000n,
      intelPrefetchSupport: 0x4_0000_0000n,
      smapSupport: 0x8_0000_0000n,
      hleSupport: 0x10_0000_0000n,
      rtmSupport: 0x20_0000_0000n,
      rdtscpSupport: 0x40_0000_0000n,
      clflushoptSupport: 0x80_0000_0000n,
      clwbSupport: 0x100_0000_0000n,
      shaSupport: 0x200_0000_0000n,
      x87PointersSavedSupport: 0x400_0000_0000n,
      invpcidSupport: 0x800_0000_0000n,
      ibrsSupport: 0x1000_0000_0000n,
      stibpSupport: 0x2000_0000_0000n,
      ibpbSupport: 0x4000_0000_0000n,
      unrestrictedGuestSupport: 0x8000_0000_0000n,
      mddSupport: 0x1_0000_0000_0000n,
      fastShortRepMovSupport: 0x2_0000_0000_0000n,
      l1dcacheFlushSupport: 0x4_0000_0000_0000n,
      rdclNoSupport: 0x8_0000_0000_0000n,
      ibrsAllSupport: 0x10_0000_0000_0000n,
      skipL1dfSupport: 0x20_0000_0000_0000n,
      ssbNoSupport: 0x40_0000_0000_0000n,
      rsbANoSupport: 0x80_0000_0000_0000n,
      virtSpecCtrlSupport: 0x100_0000_0000_0000n,
      rdPidSupport: 0x200_0000_0000_0000n,
      umipSupport: 0x400_0000_0000_0000n,
      mbsNoSupport: 0x800_0000_0000_0000n,
      mbClearSupport: 0x1000_0000_0000_0000n,
      taaNoSupport: 0x2000_0000_0000_0000n,
      tsxCtrlSupport: 0x4000_0000_0000_0000n,
    }),
    bank1: flags64('ProcessorFeatures1', u64, {
      acountMcountSupport: 0x1n,
      tscInvariantSupport: 0x2n,
      clZeroSupport: 0x4n,
      rdpruSupport: 0x8n,
      la57Support: 0x10n,
      mbecSupport: 0x20n,
      nestedVirtSupport: 0x40n,
      psfdSupport: 0x80n,
      cetSsSupport: 0x100n,
      cetIbtSupport: 0x200n,
      vmxExceptionInjectSupport: 0x400n,
      enqcmdSupport: 0x800n,
      umwaitTpauseSupport: 0x1000n,
      movdiriSupport: 0x2000n,
      movdir64bSupport: 0x4000n,
      cldemoteSupport: 0x8000n,
      serializeSupport: 0x1_0000n,
      tscDeadlineTmrSupport: 0x2_0000n,
      tscAdjustSupport: 0x4_0000n,
      fzlrepMovsb: 0x8_0000n,
      fsrepStosb: 0x10_0000n,
      fsrepCmpsb: 0x20_0000n,
      tsxldTrkSupport: 0x40_0000n,
      vmxInsOutsExitInfoSupport: 0x80_0000n,
      hlatSupport: 0x100_0000n,
      sbdrSsdpNoSupport: 0x200_0000n,
      fbsdpNoSupport: 0x400_0000n,
      psdpNoSupport: 0x800_0000n,
      fbClearSupport: 0x1000_0000n,
      btcNoSupport: 0x2000_0000n,
      ibpbRsbFlushSupport: 0x4000_0000n,
      stibpAlwaysOnSupport: 0x8000_0000n,
      perfGlobalCtrlSupport: 0x1_0000_0000n,
      nptExecuteOnlySupport: 0x2_0000_0000n,
      nptAdFlagsSupport: 0x4_0000_0000n,
      npt1GbPageSupport: 0x8_0000_0000n,
      amdProcessorTopologyNodeIdSupport: 0x10_0000_0000n,
      localMachineCheckSupport: 0x20_0000_0000n,
      extendedTopologyLeafFp256AmdSupport: 0x40_0000_0000n,
      gdsNoSupport: 0x80_0000_0000n,
      cmpccxaddSupport: 0x100_0000_0000n,
      tscAuxVirtualizationSupport: 0x200_0000_0000n,
      rmpQuerySupport: 0x400_0000_0000n,
      bhiNoSupport: 0x800_0000_0000n,
      bhiDisSupport: 0x1000_0000_0000n,
      prefetchISupport: 0x2000_0000_0000n,
      sha512Support: 0x4000_0000_0000n,
      mitigationCtrlSupport: 0x8000_0000_0000n,
      rfdsNoSupport: 0x1_0000_0000_0000n,
      rfdsClearSupport: 0x2_0000_0000_0000n,
      sm3Support: 0x4_0000_0000_0000n,
      sm4Support: 0x8_0000_0000_0000n,
      secureAvicSupport: 0x10_0000_0000_0000n,
      guestInterceptCtrlSupport: 0x20_0000_0000_0000n,
      sbpbSupport: 0x40_0000_0000_0000n,
      ibpbBrTypeSupport: 0x80_0000_0000_0000n,
      srsoNoSupport: 0x100_0000_0000_0000n,
      srsoUserKernelNoSupport: 0x200_0000_0000_0000n,
      vrewClearSupport: 0x400_0000_0000_0000n,
      tsaL1NoSupport: 0x800_0000_0000_0000n,
      tsaSqNoSupport: 0x1000_0000_0000_0000n,
      lassSupport: 0x2000_0000_0000_0000n,
    }),
  },
  { size: 16, aliases: { linux: 'hv_partition_processor_features', mile: 'HV_PARTITION_PROCESSOR_FEATURES' } },
)

/** Virtualization features of a partition. Source: HV_PARTITION_PROCESSOR_VIRTUALIZATION_FEATURES of Mile.HyperV. */
export const PartitionProcessorVirtualizationFeaturesWord = /* @__PURE__ */ bits(u64, {
  /** CPUID leaf 1 tells of no hypervisor. */
  hideHypervisorPresent: bit(0),
})
/** {@link PartitionProcessorVirtualizationFeaturesWord} alone. */
export const PartitionProcessorVirtualizationFeatures = /* @__PURE__ */ word(
  'PartitionProcessorVirtualizationFeatures',
  PartitionProcessorVirtualizationFeaturesWord,
  { mile: 'HV_PARTITION_PROCESSOR_VIRTUALIZATION_FEATURES' },
)

/** XSAVE features of a partition. Source: HV_PARTITION_PROCESSOR_XSAVE_FEATURES of rust-vmm/mshv, Mile.HyperV. */
export const PartitionProcessorXsaveFeaturesWord = /* @__PURE__ */ flags64('PartitionProcessorXsaveFeatures', u64, {
  xsaveSupport: 0x1n,
  xsaveoptSupport: 0x2n,
  avxSupport: 0x4n,
  avx2Support: 0x8n,
  fmaSupport: 0x10n,
  mpxSupport: 0x20n,
  avx512Support: 0x40n,
  avx512DqSupport: 0x80n,
  avx512CdSupport: 0x100n,
  avx512BwSupport: 0x200n,
  avx512VlSupport: 0x400n,
  xsaveCompSupport: 0x800n,
  xsaveSupervisorSupport: 0x1000n,
  xcr1Support: 0x2000n,
  avx512BitalgSupport: 0x4000n,
  avx512IfmaSupport: 0x8000n,
  avx512VbmiSupport: 0x1_0000n,
  avx512Vbmi2Support: 0x2_0000n,
  avx512VnniSupport: 0x4_0000n,
  gfniSupport: 0x8_0000n,
  vaesSupport: 0x10_0000n,
  avx512VpopcntdqSupport: 0x20_0000n,
  vpclmulqdqSupport: 0x40_0000n,
  avx512Bf16Support: 0x80_0000n,
  avx512Vp2IntersectSupport: 0x100_0000n,
  avx512Fp16Support: 0x200_0000n,
  xfdSupport: 0x400_0000n,
  amxTileSupport: 0x800_0000n,
  amxBf16Support: 0x1000_0000n,
  amxInt8Support: 0x2000_0000n,
  avxVnniSupport: 0x4000_0000n,
  avxIfmaSupport: 0x8000_0000n,
  avxNeConvertSupport: 0x1_0000_0000n,
  avxVnniInt8Support: 0x2_0000_0000n,
  avxVnniInt16Support: 0x4_0000_0000n,
  avx101256Support: 0x8_0000_0000n,
  avx101512Support: 0x10_0000_0000n,
  amxFp16Support: 0x20_0000_0000n,
})
/** {@link PartitionProcessorXsaveFeaturesWord} alone. */
export const PartitionProcessorXsaveFeatures = /* @__PURE__ */ word(
  'PartitionProcessorXsaveFeatures',
  PartitionProcessorXsaveFeaturesWord,
  { linux: 'hv_partition_processor_xsave_features', mile: 'HV_PARTITION_PROCESSOR_XSAVE_FEATURES' },
)

/**
 * Enlightenments that a partition is given. Source: HV_PARTITION_SYNTHETIC_PROCESSOR_FEATURES of rust-vmm/mshv,
 * Mile.HyperV.
 */
export const PartitionSyntheticProcessorFeaturesWord = /* @__PURE__ */ flags64(
  'PartitionSyntheticProcessorFeatures',
  u64,
  {
    /** CPUID leaf 1 tells of a hypervisor. */
    hypervisorPresent: 0x1n,
    /** CPUID tells the interface `Hv#1`. */
    hv1: 0x2n,
    /** MSR 0x40000010. */
    accessVpRunTimeReg: 0x4n,
    /** MSR 0x40000020. */
    accessPartitionReferenceCounter: 0x8n,
    /** MSRs 0x40000080 to 0x40000084, 0x40000090 to 0x4000009F. */
    accessSynicRegs: 0x10n,
    /** MSRs 0x400000B0 to 0x400000B7. */
    accessSyntheticTimerRegs: 0x20n,
    /** MSRs 0x40000070 to 0x40000073. */
    accessIntrCtrlRegs: 0x40n,
    /** MSRs 0x40000000 and 0x40000001. */
    accessHypercallMsrs: 0x80n,
    /** MSR 0x40000002. */
    accessVpIndex: 0x100n,
    /** MSR 0x40000021. */
    accessPartitionReferenceTsc: 0x200n,
    /** MSR 0x400000F0. */
    accessGuestIdleReg: 0x400n,
    /** MSRs 0x40000022 and 0x40000023. */
    accessFrequencyRegs: 0x800n,
    /** Flush lists can hold `GvaRangeExtended`. */
    enableExtendedGvaRangesForFlushVirtualAddressList: 0x8000n,
    fastHypercallOutput: 0x4_0000n,
    /** HvCallStartVirtualProcessor. */
    startVirtualProcessor: 0x10_0000n,
    /** `directMode` of `X64MsrStimerConfigContents`. */
    directSyntheticTimers: 0x40_0000n,
    /** Calls that take a `VpSet`. */
    extendedProcessorMasks: 0x100_0000n,
    /** HvCallFlushVirtualAddressSpace and its kin. */
    tbFlushHypercalls: 0x200_0000n,
    /** HvCallSendSyntheticClusterIpi. */
    syntheticClusterIpi: 0x400_0000n,
    /** HvCallNotifyLongSpinWait. */
    notifyLongSpinWait: 0x800_0000n,
    /** HvCallQueryNumaDistance. */
    queryNumaDistance: 0x1000_0000n,
    /** HvCallSignalEvent. */
    signalEvents: 0x2000_0000n,
    /** HvCallRetargetDeviceInterrupt. */
    retargetDeviceInterrupt: 0x4000_0000n,
    restoreTime: 0x8000_0000n,
    enlightenedVmcs: 0x1_0000_0000n,
    nestedDebugCtl: 0x2_0000_0000n,
    /** MSRs 0x40000114 and 0x40000115. */
    syntheticTimeUnhaltedTimer: 0x4_0000_0000n,
    idleSpecCtrl: 0x8_0000_0000n,
    wakeVps: 0x20_0000_0000n,
    /** HvCallGetVpRegisters and HvCallSetVpRegisters. */
    accessVpRegs: 0x40_0000_0000n,
    syncContext: 0x80_0000_0000n,
    managementVtlSynicSupport: 0x100_0000_0000n,
    proxyInterruptDoorbellSupport: 0x200_0000_0000n,
    mmioHypercalls: 0x800_0000_0000n,
  },
)
/** {@link PartitionSyntheticProcessorFeaturesWord} alone. */
export const PartitionSyntheticProcessorFeatures = /* @__PURE__ */ word(
  'PartitionSyntheticProcessorFeatures',
  PartitionSyntheticProcessorFeaturesWord,
  { linux: 'hv_partition_synthetic_processor_features', mile: 'HV_PARTITION_SYNTHETIC_PROCESSOR_FEATURES' },
)

/** What the hypervisor offers to a VMM. Source: hv_partition_property_vmm_capabilities of rust-vmm/mshv. */
export const PartitionPropertyVmmCapabilities = /* @__PURE__ */ struct(
  'PartitionPropertyVmmCapabilities',
  {
    /** Banks of 64 bits that follow. */
    bankCount: u16,
    reserved: reserved(6),
    bank0: bits(u64, {
      mapGpaPreserveAdjustable: bit(0),
      vmmCanProvideOverlayGpfn: bit(1),
      vpAffinityProperty: bit(2),
      assignableSyntheticProcFeatures: bit(4),
    }),
  },
  {
    size: 16,
    aliases: { like: 'hv_partition_property_vmm_capabilities', mshv: 'hv_partition_property_vmm_capabilities' },
  },
)
