import { bit, bitField, bits, flags64, reserved, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { NestedMsrInterceptModeField } from './enums/vp.ts'
import { word } from './word.ts'

/** HvRegisterInterruptState on ARM64. Source: HV_ARM64_INTERRUPT_STATE_REGISTER of Mile.HyperV (ARM64). */
export const Arm64InterruptStateRegisterWord = /* @__PURE__ */ bits(u64, {
  interruptShadow: bit(0),
})
/** {@link Arm64InterruptStateRegisterWord} alone. */
export const Arm64InterruptStateRegister = /* @__PURE__ */ word(
  'Arm64InterruptStateRegister',
  Arm64InterruptStateRegisterWord,
  { linux: 'hv_arm64_interrupt_state_register', mile: 'HV_ARM64_INTERRUPT_STATE_REGISTER' },
)

/**
 * How TLB invalidations of an ARM64 guest are treated. Source: HV_ARM64_REGISTER_TLBI_CONTROL of Mile.HyperV (ARM64).
 */
export const Arm64RegisterTlbiControlWord = /* @__PURE__ */ bits(u64, {
  tlbiEnlightened: bit(0),
})
/** {@link Arm64RegisterTlbiControlWord} alone. */
export const Arm64RegisterTlbiControl = /* @__PURE__ */ word('Arm64RegisterTlbiControl', Arm64RegisterTlbiControlWord, {
  mile: 'HV_ARM64_REGISTER_TLBI_CONTROL',
})

/** HvRegisterCpuManagementVersion. Source: HV_CPU_MANAGEMENT_VERSION_REGISTER of Mile.HyperV. */
export const CpuManagementVersionRegisterWord = /* @__PURE__ */ bits(u64, {
  versionNumber: bitField(0, 8),
  available: bit(62),
  locked: bit(63),
})
/** {@link CpuManagementVersionRegisterWord} alone. */
export const CpuManagementVersionRegister = /* @__PURE__ */ word(
  'CpuManagementVersionRegister',
  CpuManagementVersionRegisterWord,
  { mile: 'HV_CPU_MANAGEMENT_VERSION_REGISTER' },
)

/**
 * HvRegisterGuestCrashCtl, MSR 0x40000105: which report a guest makes. With `crashMessage`, P3 is the address and P4
 * the length of a text. Source: HV_CRASH_CTL_REG_CONTENTS of Mile.HyperV.
 */
export const CrashCtlRegContentsWord = /* @__PURE__ */ bits(u64, {
  preOSId: bitField(58, 3),
  /** The guest takes no dump of its own. */
  noCrashDump: bit(61),
  /** P3 and P4 tell a text. */
  crashMessage: bit(62),
  /** Written, makes the report; read, tells that reports are taken. */
  crashNotify: bit(63),
})
/** {@link CrashCtlRegContentsWord} alone. */
export const CrashCtlRegContents = /* @__PURE__ */ word('CrashCtlRegContents', CrashCtlRegContentsWord, {
  mile: 'HV_CRASH_CTL_REG_CONTENTS',
})

/**
 * What the parent wants to be told can be delivered to a VP. Source: HV_DELIVERABILITY_NOTIFICATIONS_REGISTER of
 * Mile.HyperV.
 */
export const DeliverabilityNotificationsRegisterWord = /* @__PURE__ */ bits(u64, {
  nmiNotification: bit(0),
  interruptNotification: bit(1),
  interruptPriority: bitField(2, 4),
  /** Bit n: SINT n, once its message slot is free. */
  sint: bitField(48, 16),
})
/** {@link DeliverabilityNotificationsRegisterWord} alone. */
export const DeliverabilityNotificationsRegister = /* @__PURE__ */ word(
  'DeliverabilityNotificationsRegister',
  DeliverabilityNotificationsRegisterWord,
  { mile: 'HV_DELIVERABILITY_NOTIFICATIONS_REGISTER' },
)

/** HvRegisterDispatchSuspend. Source: HV_DISPATCH_SUSPEND_REGISTER of Mile.HyperV, WDK 7.1 hvgdk. */
export const DispatchSuspendRegisterWord = /* @__PURE__ */ bits(u64, {
  suspended: bit(0),
})
/** {@link DispatchSuspendRegisterWord} alone. */
export const DispatchSuspendRegister = /* @__PURE__ */ word('DispatchSuspendRegister', DispatchSuspendRegisterWord, {
  linux: 'hv_dispatch_suspend_register',
  mile: 'HV_DISPATCH_SUSPEND_REGISTER',
})

/**
 * HvRegisterExplicitSuspend: a new VP is suspended until this is cleared. Source: HV_EXPLICIT_SUSPEND_REGISTER of
 * rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk.
 */
export const ExplicitSuspendRegisterWord = /* @__PURE__ */ bits(u64, {
  suspended: bit(0),
})
/** {@link ExplicitSuspendRegisterWord} alone. */
export const ExplicitSuspendRegister = /* @__PURE__ */ word('ExplicitSuspendRegister', ExplicitSuspendRegisterWord, {
  linux: 'hv_explicit_suspend_register',
  mile: 'HV_EXPLICIT_SUSPEND_REGISTER',
})

/**
 * What an emulator of a VP's instructions has to know. Source: HV_INSTRUCTION_EMULATION_HINTS_REGISTER of Mile.HyperV.
 */
export const InstructionEmulationHintsRegisterWord = /* @__PURE__ */ bits(u64, {
  partitionSecureVtlEnabled: bit(0),
  mbecUserExecuteControl: bit(1),
})
/** {@link InstructionEmulationHintsRegisterWord} alone. */
export const InstructionEmulationHintsRegister = /* @__PURE__ */ word(
  'InstructionEmulationHintsRegister',
  InstructionEmulationHintsRegisterWord,
  { mile: 'HV_INSTRUCTION_EMULATION_HINTS_REGISTER' },
)

/**
 * HvRegisterInterceptSuspend: a VP waits for its intercept to be handled. Source: HV_INTERCEPT_SUSPEND_REGISTER of
 * rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk.
 */
export const InterceptSuspendRegisterWord = /* @__PURE__ */ bits(u64, {
  suspended: bit(0),
  tlbLocked: bit(1),
})
/** {@link InterceptSuspendRegisterWord} alone. */
export const InterceptSuspendRegister = /* @__PURE__ */ word('InterceptSuspendRegister', InterceptSuspendRegisterWord, {
  linux: 'hv_intercept_suspend_register',
  mile: 'HV_INTERCEPT_SUSPEND_REGISTER',
})

/**
 * HvRegisterInternalActivityState: why a VP does not run. Source: HV_INTERNAL_ACTIVITY_REGISTER of rust-vmm/mshv,
 * Mile.HyperV.
 */
export const InternalActivityRegisterWord = /* @__PURE__ */ bits(u64, {
  /** Waits for a startup IPI. */
  startupSuspend: bit(0),
  /** Waits for an interrupt after HLT. */
  haltSuspend: bit(1),
  /** Waits for an interrupt after a read of the guest idle MSR. */
  idleSuspend: bit(2),
})
/** {@link InternalActivityRegisterWord} alone. */
export const InternalActivityRegister = /* @__PURE__ */ word('InternalActivityRegister', InternalActivityRegisterWord, {
  mile: 'HV_INTERNAL_ACTIVITY_REGISTER',
})

/** Whether a reset zeroes memory. Source: HV_MEMORY_ZEROING_CTRL_REG_CONTENTS of Mile.HyperV. */
export const MemoryZeroingCtrlRegContentsWord = /* @__PURE__ */ bits(u64, {
  zeroMemoryOnReset: bit(0),
})
/** {@link MemoryZeroingCtrlRegContentsWord} alone. */
export const MemoryZeroingCtrlRegContents = /* @__PURE__ */ word(
  'MemoryZeroingCtrlRegContents',
  MemoryZeroingCtrlRegContentsWord,
  { mile: 'HV_MEMORY_ZEROING_CTRL_REG_CONTENTS' },
)

/** State of a VP that runs a hypervisor itself. Source: HV_NESTED_STATE_REGISTER of Mile.HyperV. */
export const NestedStateRegisterWord = /* @__PURE__ */ bits(u64, {
  nestedVirtActive: bit(0),
  /** The guest of the nested hypervisor runs, not that hypervisor itself. */
  nestedGuestMode: bit(1),
  vmEntryPending: bit(2),
})
/** {@link NestedStateRegisterWord} alone. */
export const NestedStateRegister = /* @__PURE__ */ word('NestedStateRegister', NestedStateRegisterWord, {
  mile: 'HV_NESTED_STATE_REGISTER',
})

/**
 * HvX64RegisterCrInterceptControl: accesses to control registers and MSRs that a higher VTL intercepts. Source:
 * HV_REGISTER_CR_INTERCEPT_CONTROL of Mile.HyperV.
 */
export const RegisterCrInterceptControlWord = /* @__PURE__ */ flags64('RegisterCrInterceptControl', u64, {
  cr0Write: 0x1n,
  cr4Write: 0x2n,
  xcr0Write: 0x4n,
  ia32MiscEnableRead: 0x8n,
  ia32MiscEnableWrite: 0x10n,
  msrLstarRead: 0x20n,
  msrLstarWrite: 0x40n,
  msrStarRead: 0x80n,
  msrStarWrite: 0x100n,
  msrCstarRead: 0x200n,
  msrCstarWrite: 0x400n,
  apicBaseMsrRead: 0x800n,
  apicBaseMsrWrite: 0x1000n,
  msrEferRead: 0x2000n,
  msrEferWrite: 0x4000n,
  gdtrWrite: 0x8000n,
  idtrWrite: 0x1_0000n,
  ldtrWrite: 0x2_0000n,
  trWrite: 0x4_0000n,
  msrSysenterCsWrite: 0x8_0000n,
  msrSysenterEipWrite: 0x10_0000n,
  msrSysenterEspWrite: 0x20_0000n,
  msrSfmaskWrite: 0x40_0000n,
  msrTscAuxWrite: 0x80_0000n,
  msrSgxLaunchControlWrite: 0x100_0000n,
  msrXssWrite: 0x200_0000n,
  msrSCetWrite: 0x400_0000n,
  msrPlsSspWrite: 0x800_0000n,
  msrInterruptSspTableAddrWrite: 0x1000_0000n,
})
/** {@link RegisterCrInterceptControlWord} alone. */
export const RegisterCrInterceptControl = /* @__PURE__ */ word(
  'RegisterCrInterceptControl',
  RegisterCrInterceptControlWord,
  { mile: 'HV_REGISTER_CR_INTERCEPT_CONTROL' },
)

/** Hypervisor-enforced paging translation. Source: HV_REGISTER_HVPT_CONTROL of Mile.HyperV. */
export const RegisterHvptControlWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
  hardwareEnforced: bit(1),
  hardwareRangeBits: bitField(2, 6),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link RegisterHvptControlWord} alone. */
export const RegisterHvptControl = /* @__PURE__ */ word('RegisterHvptControl', RegisterHvptControlWord, {
  mile: 'HV_REGISTER_HVPT_CONTROL',
})

/** What isolation the partition has; nothing is named. Source: HV_REGISTER_ISOLATION_CAPABILITIES of Mile.HyperV. */
export const RegisterIsolationCapabilities = /* @__PURE__ */ struct(
  'RegisterIsolationCapabilities',
  {
    reservedZ: reserved(u64),
  },
  { size: 8, aliases: { mile: 'HV_REGISTER_ISOLATION_CAPABILITIES' } },
)

/** How MSRs of a nested guest are intercepted. Source: HV_REGISTER_NESTED_CONTROL of Mile.HyperV. */
export const RegisterNestedControlWord = /* @__PURE__ */ bits(u64, {
  msrInterceptMode: bitField(0, 2, NestedMsrInterceptModeField),
  msrBitmapDirty: bit(2),
})
/** {@link RegisterNestedControlWord} alone. */
export const RegisterNestedControl = /* @__PURE__ */ word('RegisterNestedControl', RegisterNestedControlWord, {
  mile: 'HV_REGISTER_NESTED_CONTROL',
})

/** Where the partition information page is. Source: HV_REGISTER_PARTITION_INFO_PAGE of Mile.HyperV. */
export const RegisterPartitionInfoPageWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPage: wideBitField(12, 52),
})
/** {@link RegisterPartitionInfoPageWord} alone. */
export const RegisterPartitionInfoPage = /* @__PURE__ */ word(
  'RegisterPartitionInfoPage',
  RegisterPartitionInfoPageWord,
  { mile: 'HV_REGISTER_PARTITION_INFO_PAGE' },
)

/** HvRegisterReferenceTsc: where the reference TSC page is. Source: HV_REGISTER_REFERENCE_TSC of Mile.HyperV. */
export const RegisterReferenceTscWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link RegisterReferenceTscWord} alone. */
export const RegisterReferenceTsc = /* @__PURE__ */ word('RegisterReferenceTsc', RegisterReferenceTscWord, {
  mile: 'HV_REGISTER_REFERENCE_TSC',
})

/** HvRegisterVpAssistPage: where the VP assist page is. Source: HV_REGISTER_VP_ASSIST_PAGE of Mile.HyperV. */
export const RegisterVpAssistPageWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link RegisterVpAssistPageWord} alone. */
export const RegisterVpAssistPage = /* @__PURE__ */ word('RegisterVpAssistPage', RegisterVpAssistPageWord, {
  mile: 'HV_REGISTER_VP_ASSIST_PAGE',
})

/** Configuration of a VP; nothing is named. Source: HV_REGISTER_VP_CONFIG of Mile.HyperV. */
export const RegisterVpConfig = /* @__PURE__ */ struct(
  'RegisterVpConfig',
  {
    reserved: reserved(u64),
  },
  { size: 8, aliases: { mile: 'HV_REGISTER_VP_CONFIG' } },
)

/**
 * Control and status of the x87; in 32-bit mode `lastFpRip` is EIP and CS. Source: HV_X64_FP_CONTROL_STATUS_REGISTER
 * of rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk.
 */
export const X64FpControlStatusRegister = /* @__PURE__ */ struct(
  'X64FpControlStatusRegister',
  {
    /** FCW. */
    fpControl: u16,
    /** FSW. */
    fpStatus: u16,
    /** FTW as FXSAVE has it: one bit a register, 0 is empty. */
    fpTag: u8,
    flags: bits(u8, {
      /** State of IGNNE#. */
      ignNe: bit(0),
    }),
    /** FOP: 11 bits of the last opcode. */
    lastFpOp: u16,
    lastFpRip: u64,
  },
  { size: 16, aliases: { mile: 'HV_X64_FP_CONTROL_STATUS_REGISTER' } },
)

/** One x87 register. Source: HV_X64_FP_REGISTER of rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk. */
export const X64FpRegister = /* @__PURE__ */ struct(
  'X64FpRegister',
  {
    /** With its integer part, bit 63. */
    mantissa: u64,
    flags: bits(u64, {
      /** Exponent + 16383. */
      biasedExponent: bitField(0, 15),
      sign: bit(15),
    }),
  },
  { size: 16, aliases: { mile: 'HV_X64_FP_REGISTER' } },
)

/**
 * HvRegisterInterruptState on x64. Source: HV_X64_INTERRUPT_STATE_REGISTER of rust-vmm/mshv, Mile.HyperV, WDK 7.1
 * hvgdk.
 */
export const X64InterruptStateRegisterWord = /* @__PURE__ */ bits(u64, {
  /** Right behind STI or a load of SS: no interrupt can come. */
  interruptShadow: bit(0),
  /** An NMI is being handled: none is taken before IRET. */
  nmiMasked: bit(1),
})
/** {@link X64InterruptStateRegisterWord} alone. */
export const X64InterruptStateRegister = /* @__PURE__ */ word(
  'X64InterruptStateRegister',
  X64InterruptStateRegisterWord,
  { linux: 'hv_x64_interrupt_state_register', mile: 'HV_X64_INTERRUPT_STATE_REGISTER' },
)

/** AVIC backing page of an SNP VP. Source: HV_X64_REGISTER_SEV_AVIC of Mile.HyperV. */
export const X64RegisterSevAvicWord = /* @__PURE__ */ bits(u64, {
  enableSecureApic: bit(0),
  /** Guest physical address ÷ 4096. */
  avicGpaPageNumber: wideBitField(12, 52),
})
/** {@link X64RegisterSevAvicWord} alone. */
export const X64RegisterSevAvic = /* @__PURE__ */ word('X64RegisterSevAvic', X64RegisterSevAvicWord, {
  mile: 'HV_X64_REGISTER_SEV_AVIC',
})

/** Encrypted state of an SNP VP. Source: HV_X64_REGISTER_SEV_CONTROL of rust-vmm/mshv, Mile.HyperV. */
export const X64RegisterSevControlWord = /* @__PURE__ */ bits(u64, {
  enableEncryptedState: bit(0),
  /** Page of the VM save area: guest physical address ÷ 4096. */
  vmsaGpaPageNumber: wideBitField(12, 52),
})
/** {@link X64RegisterSevControlWord} alone. */
export const X64RegisterSevControl = /* @__PURE__ */ word('X64RegisterSevControl', X64RegisterSevControlWord, {
  mile: 'HV_X64_REGISTER_SEV_CONTROL',
})

/** GHCB page of an SNP VP. Source: HV_X64_REGISTER_SEV_GHCB of rust-vmm/mshv, Mile.HyperV. */
export const X64RegisterSevGhcbWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
  /** Guest physical address ÷ 4096. */
  pageNumber: wideBitField(12, 52),
})
/** {@link X64RegisterSevGhcbWord} alone. */
export const X64RegisterSevGhcb = /* @__PURE__ */ word('X64RegisterSevGhcb', X64RegisterSevGhcbWord, {
  mile: 'HV_X64_REGISTER_SEV_GHCB',
})

/** Doorbell page of an SNP VP. Source: HV_X64_REGISTER_SEV_HV_DOORBELL of rust-vmm/mshv, Mile.HyperV. */
export const X64RegisterSevHvDoorbellWord = /* @__PURE__ */ bits(u64, {
  enabled: bit(0),
  /** Guest physical address ÷ 4096. */
  pageNumber: wideBitField(12, 52),
})
/** {@link X64RegisterSevHvDoorbellWord} alone. */
export const X64RegisterSevHvDoorbell = /* @__PURE__ */ word('X64RegisterSevHvDoorbell', X64RegisterSevHvDoorbellWord, {
  mile: 'HV_X64_REGISTER_SEV_HV_DOORBELL',
})

/** A segment register of x64. Source: HV_X64_SEGMENT_REGISTER of Linux, rust-vmm/mshv, Mile.HyperV. */
export const X64SegmentRegister = /* @__PURE__ */ struct(
  'X64SegmentRegister',
  {
    base: u64,
    /** Highest offset, in bytes also with `granularity`. */
    limit: u32,
    selector: u16,
    attributes: bits(u16, {
      /** As in a segment descriptor. */
      segmentType: bitField(0, 4),
      /** Code or data (S). */
      nonSystemSegment: bit(4),
      descriptorPrivilegeLevel: bitField(5, 2),
      present: bit(7),
      available: bit(12),
      /** 64-bit code (L). */
      long: bit(13),
      /** 32-bit operands (D/B). */
      default: bit(14),
      /** The descriptor's limit counts 4 KiB (G). */
      granularity: bit(15),
    }),
  },
  { size: 16, aliases: { linux: 'hv_x64_segment_register', mile: 'HV_X64_SEGMENT_REGISTER' } },
)

/** IDTR or GDTR. Source: HV_X64_TABLE_REGISTER of Linux, rust-vmm/mshv, Mile.HyperV. */
export const X64TableRegister = /* @__PURE__ */ struct(
  'X64TableRegister',
  {
    pad: reserved(6),
    /** Bytes of the table less 1. */
    limit: u16,
    base: u64,
  },
  { size: 16, aliases: { linux: 'hv_x64_table_register', mile: 'HV_X64_TABLE_REGISTER' } },
)

/**
 * MXCSR and last x87 data pointer; in 32-bit mode `lastFpRdp` is an offset and DS. Source:
 * HV_X64_XMM_CONTROL_STATUS_REGISTER of rust-vmm/mshv, Mile.HyperV.
 */
export const X64XmmControlStatusRegister = /* @__PURE__ */ struct(
  'X64XmmControlStatusRegister',
  {
    lastFpRdp: u64,
    /** MXCSR. */
    xmmStatusControl: u32,
    /** MXCSR_MASK: bits that may be set. */
    xmmStatusControlMask: u32,
  },
  { size: 16, aliases: { mile: 'HV_X64_XMM_CONTROL_STATUS_REGISTER' } },
)
