import { bit, bitField, bits, reserved, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { word } from './word.ts'

/**
 * Interrupt that tells a guest of a changed TSC frequency. Source: HV_REENLIGHTENMENT_CONTROL of Linux, Mile.HyperV.
 */
export const ReenlightenmentControlWord = /* @__PURE__ */ bits(u64, {
  vector: bitField(0, 8),
  enabled: bit(16),
  /** VP index. */
  targetVp: bitField(32, 32),
})
/** {@link ReenlightenmentControlWord} alone. */
export const ReenlightenmentControl = /* @__PURE__ */ word('ReenlightenmentControl', ReenlightenmentControlWord, {
  linux: 'hv_reenlightenment_control',
  mile: 'HV_REENLIGHTENMENT_CONTROL',
})

/** Whether accesses to the TSC are emulated. Source: HV_TSC_EMULATION_CONTROL of Linux, Mile.HyperV. */
export const TscEmulationControlWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
})
/** {@link TscEmulationControlWord} alone. */
export const TscEmulationControl = /* @__PURE__ */ word('TscEmulationControl', TscEmulationControlWord, {
  linux: 'hv_tsc_emulation_control',
  mile: 'HV_TSC_EMULATION_CONTROL',
})

/** Whether accesses to the TSC are emulated now. Source: HV_TSC_EMULATION_STATUS of Linux, Mile.HyperV. */
export const TscEmulationStatusWord = /* @__PURE__ */ bits(u64, {
  inProgress: bit(0),
})
/** {@link TscEmulationStatusWord} alone. */
export const TscEmulationStatus = /* @__PURE__ */ word('TscEmulationStatus', TscEmulationStatusWord, {
  linux: 'hv_tsc_emulation_status',
  mile: 'HV_TSC_EMULATION_STATUS',
})

/** Whether the guest sees an invariant TSC. Source: HV_TSC_INVARIANT_CONTROL of Mile.HyperV. */
export const TscInvariantControlWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
})
/** {@link TscInvariantControlWord} alone. */
export const TscInvariantControl = /* @__PURE__ */ word('TscInvariantControl', TscInvariantControlWord, {
  mile: 'HV_TSC_INVARIANT_CONTROL',
})

/** VP assist page MSR, 0x40000073. Source: HV_X64_MSR_APIC_ASSIST_CONTENTS of Mile.HyperV, WDK 7.1 hvgdk. */
export const X64MsrApicAssistContentsWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link X64MsrApicAssistContentsWord} alone. */
export const X64MsrApicAssistContents = /* @__PURE__ */ word('X64MsrApicAssistContents', X64MsrApicAssistContentsWord, {
  linux: 'hv_vp_assist_msr_contents',
  mile: 'HV_X64_MSR_APIC_ASSIST_CONTENTS',
})

/**
 * Hypercall page MSR, 0x40000001. It cannot be enabled while the guest OS id is 0. Source:
 * HV_X64_MSR_HYPERCALL_CONTENTS of Linux, Mile.HyperV, WDK 7.1 hvgdk.
 */
export const X64MsrHypercallContentsWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** The MSR cannot be written any more. */
  locked: bit(1),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link X64MsrHypercallContentsWord} alone. */
export const X64MsrHypercallContents = /* @__PURE__ */ word('X64MsrHypercallContents', X64MsrHypercallContentsWord, {
  like: 'hv_x64_msr_hypercall_contents',
  mile: 'HV_X64_MSR_HYPERCALL_CONTENTS',
})

/**
 * Instructions of user mode that fault, MSR 0x40000040. Source: HV_X64_MSR_NPIEP_CONFIG_CONTENTS of rust-vmm/mshv,
 * Mile.HyperV, WDK 7.1 hvgdk.
 */
export const X64MsrNpiepConfigContentsWord = /* @__PURE__ */ bits(u64, {
  /** SGDT. */
  preventsGdt: bit(0),
  /** SIDT. */
  preventsIdt: bit(1),
  /** SLDT. */
  preventsLdt: bit(2),
  /** STR. */
  preventsTr: bit(3),
})
/** {@link X64MsrNpiepConfigContentsWord} alone. */
export const X64MsrNpiepConfigContents = /* @__PURE__ */ word(
  'X64MsrNpiepConfigContents',
  X64MsrNpiepConfigContentsWord,
  { mile: 'HV_X64_MSR_NPIEP_CONFIG_CONTENTS' },
)

/** Reference TSC page MSR, 0x40000021. Source: HV_X64_MSR_REFERENCE_TSC_CONTENTS of Mile.HyperV, WDK 7.1 hvgdk. */
export const X64MsrReferenceTscContentsWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link X64MsrReferenceTscContentsWord} alone. */
export const X64MsrReferenceTscContents = /* @__PURE__ */ word(
  'X64MsrReferenceTscContents',
  X64MsrReferenceTscContentsWord,
  { linux: 'hv_reference_tsc_msr', mile: 'HV_X64_MSR_REFERENCE_TSC_CONTENTS' },
)

/** Reset MSR, 0x40000003. Source: HV_X64_MSR_RESET_CONTENTS of Mile.HyperV, WDK 7.1 hvgdk. */
export const X64MsrResetContentsWord = /* @__PURE__ */ bits(u64, {
  reset: bit(0),
})
/** {@link X64MsrResetContentsWord} alone. */
export const X64MsrResetContents = /* @__PURE__ */ word('X64MsrResetContents', X64MsrResetContentsWord, {
  mile: 'HV_X64_MSR_RESET_CONTENTS',
})

/**
 * Synthetic timer configuration, MSRs 0x400000b0, b2, b4, b6. Source: HV_X64_MSR_STIMER_CONFIG_CONTENTS of
 * Mile.HyperV.
 */
export const X64MsrStimerConfigContentsWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** The count is a period, not a point of time. */
  periodic: bit(1),
  /** May expire late rather than wake the VP. */
  lazy: bit(2),
  /** Writing a count that is not 0 enables the timer. */
  autoEnable: bit(3),
  /** Counts only with `directMode`. */
  apicVector: bitField(4, 8),
  /** Expires with an interrupt, not a message. */
  directMode: bit(12),
  /** SINT of the message, 1 … 15; with `directMode` it means nothing. */
  sintIndex: bitField(16, 4),
})
/** {@link X64MsrStimerConfigContentsWord} alone. */
export const X64MsrStimerConfigContents = /* @__PURE__ */ word(
  'X64MsrStimerConfigContents',
  X64MsrStimerConfigContentsWord,
  { linux: 'hv_stimer_config', mile: 'HV_X64_MSR_STIMER_CONFIG_CONTENTS' },
)

/**
 * Unhalted timer configuration, MSR 0x40000114. Source: HV_X64_MSR_STIME_UNHALTED_TIMER_CONFIG_CONTENTS of
 * Mile.HyperV.
 */
export const X64MsrStimeUnhaltedTimerConfigContentsWord = /* @__PURE__ */ bits(u64, {
  vector: bitField(0, 8),
  enabled: bit(8),
})
/** {@link X64MsrStimeUnhaltedTimerConfigContentsWord} alone. */
export const X64MsrStimeUnhaltedTimerConfigContents = /* @__PURE__ */ word(
  'X64MsrStimeUnhaltedTimerConfigContents',
  X64MsrStimeUnhaltedTimerConfigContentsWord,
  { mile: 'HV_X64_MSR_STIME_UNHALTED_TIMER_CONFIG_CONTENTS' },
)

/** Status of a synthetic machine check. Source: HV_X64_MSR_SYNMC_STATUS_CONTENTS of Mile.HyperV. */
export const X64MsrSynmcStatusContents = /* @__PURE__ */ struct(
  'X64MsrSynmcStatusContents',
  {
    mcaErrorCode: u16,
    modelSpecificErrorCode: bits(u16, {
      errorDetail: bitField(0, 14),
      hypervisorError: bit(14),
      softwareError: bit(15),
    }),
    flags: bits(u32, {
      actionRequired: bit(23),
      signaling: bit(24),
      contextCorrupt: bit(25),
      addressValid: bit(26),
      miscValid: bit(27),
      errorEnabled: bit(28),
      uncorrected: bit(29),
      overflow: bit(30),
      valid: bit(31),
    }),
  },
  { size: 8, aliases: { mile: 'HV_X64_MSR_SYNMC_STATUS_CONTENTS' } },
)

/** Buffer of the synthetic debugger. Source: HV_X64_MSR_SYNTH_DEBUG_BUFFER_CONTENTS of Mile.HyperV. */
export const X64MsrSynthDebugBufferContentsWord = /* @__PURE__ */ bits(u64, {
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 40),
  disabled: bit(63),
})
/** {@link X64MsrSynthDebugBufferContentsWord} alone. */
export const X64MsrSynthDebugBufferContents = /* @__PURE__ */ word(
  'X64MsrSynthDebugBufferContents',
  X64MsrSynthDebugBufferContentsWord,
  { mile: 'HV_X64_MSR_SYNTH_DEBUG_BUFFER_CONTENTS' },
)

/** Interrupt of VP exit tracing. Source: HV_X64_MSR_VP_EXIT_INTERRUPT_CONTROL_CONTENTS of Mile.HyperV. */
export const X64MsrVpExitInterruptControlContents = /* @__PURE__ */ struct(
  'X64MsrVpExitInterruptControlContents',
  {
    vector: u8,
    sampleRate: u8,
    reservedZ: reserved(6),
  },
  { size: 8, aliases: { mile: 'HV_X64_MSR_VP_EXIT_INTERRUPT_CONTROL_CONTENTS' } },
)

/** Reason of a traced VP exit. Source: HV_X64_MSR_VP_EXIT_REASON_CONTENTS of Mile.HyperV. */
export const X64MsrVpExitReasonContents = /* @__PURE__ */ struct(
  'X64MsrVpExitReasonContents',
  {
    additionalReason: u32,
    reason: u8,
    reservedZ: reserved(3),
  },
  { size: 8, aliases: { mile: 'HV_X64_MSR_VP_EXIT_REASON_CONTENTS' } },
)

/** VP index MSR. */
export const VpIndexContents = /* @__PURE__ */ word('VpIndexContents', bits(u64, { vpIndex: bitField(0, 32) }))
/** End of interrupt MSR: what a write to the EOI register would be. */
export const ApicEoiContents = /* @__PURE__ */ word('ApicEoiContents', bits(u64, { eoiValue: bitField(0, 32) }))
/** Interrupt command MSR. */
export const ApicIcrContents = /* @__PURE__ */ word(
  'ApicIcrContents',
  bits(u64, { icrLow: bitField(0, 32), icrHigh: bitField(32, 32) }),
)
/** Task priority MSR. */
export const ApicTprContents = /* @__PURE__ */ word('ApicTprContents', bits(u64, { tpr: bitField(0, 8) }))
/** SVERSION: 1. */
export const SynicVersionContents = /* @__PURE__ */ word(
  'SynicVersionContents',
  bits(u64, { synicVersion: bitField(0, 32) }),
)
/** Where a statistics page is. */
export const StatsPageContents = /* @__PURE__ */ word(
  'StatsPageContents',
  bits(u64, { enable: bit(0), /** Guest physical address ÷ 4096. */ gpaPageNumber: wideBitField(12, 52) }),
)

/**
 * What entering an idle state does, MSRs 0x400000D1 to D3: `typeSpecific` is a port, an address or a hint, as `changeType` says. Source:
 * TLFS 2.0A, HV_X64_MSR_POWER_STATE_CONFIG of Mile.HyperV.
 */
export const X64MsrPowerStateConfigWord = /* @__PURE__ */ bits(u64, {
  typeSpecific: wideBitField(0, 52),
  changeType: bitField(52, 4),
  checkBmSts: bit(56),
  setBmRst: bit(57),
  clearBmRst: bit(58),
  setArbDis: bit(59),
})
/** {@link X64MsrPowerStateConfigWord} alone. */
export const X64MsrPowerStateConfig = /* @__PURE__ */ word('X64MsrPowerStateConfig', X64MsrPowerStateConfigWord, {
  mile: 'HV_X64_MSR_POWER_STATE_CONFIG',
})
