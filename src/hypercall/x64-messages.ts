import { array, bit, bitField, bits, bytes, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { CacheTypeField } from './enums/memory.ts'
import { X64UnsupportedFeatureField } from './enums/messages.ts'
import { InterceptAccessTypeField } from './flags.ts'
import { registerNameField, vpIndexField } from './ids.ts'
import { X64MsrSynmcStatusContents } from './msr-words.ts'
import { RegisterValue } from './register-value.ts'
import { X64SegmentRegister } from './vp-registers.ts'
import { word } from './word.ts'

/** A synthetic machine check on x64. Source: HV_SYNMC_X64_EVENT of Mile.HyperV. */
export const SynmcX64Event = /* @__PURE__ */ struct(
  'SynmcX64Event',
  {
    status: X64MsrSynmcStatusContents,
    /** Counts only with `addressValid` in `status`. */
    addr: u64,
    /** Counts only with `miscValid` in `status`. */
    misc: u64,
    /** RIPV of MCG_STATUS. */
    ripValid: u8,
    /** EIPV of MCG_STATUS. */
    eipValid: u8,
    padding: reserved(6),
  },
  { size: 32, aliases: { mile: 'HV_SYNMC_X64_EVENT' } },
)

/**
 * A VP ended an interrupt whose EOI is intercepted. Source: HV_X64_APIC_EOI_MESSAGE of rust-vmm/mshv, Mile.HyperV, WDK
 * 7.1 hvgdk.
 */
export const X64ApicEoiMessage = /* @__PURE__ */ struct(
  'X64ApicEoiMessage',
  {
    vpIndex: vpIndexField,
    interruptVector: u32,
  },
  { size: 8, aliases: { linux: 'hv_x64_apic_eoi_message', mile: 'HV_X64_APIC_EOI_MESSAGE' } },
)

/**
 * State of the VP that an intercept message tells. Source: HV_X64_VP_EXECUTION_STATE of rust-vmm/mshv, Mile.HyperV.
 */
export const X64VpExecutionStateWord = /* @__PURE__ */ bits(u16, {
  /** Privilege level, 0 … 3. */
  cpl: bitField(0, 2),
  /** Protected mode. */
  cr0Pe: bit(2),
  /** Alignment checks. */
  cr0Am: bit(3),
  /** Long mode is active. */
  eferLma: bit(4),
  debugActive: bit(5),
  /** An event was to be delivered when the intercept came. */
  interruptionPending: bit(6),
  /** VTL that was active. */
  vtl: bitField(7, 4),
  /** Inside an SGX enclave. */
  enclaveMode: bit(11),
  /** Right behind STI or a load of SS: no interrupt can come. */
  interruptShadow: bit(12),
  virtualizationFaultActive: bit(13),
})
/** {@link X64VpExecutionStateWord} alone. */
export const X64VpExecutionState = /* @__PURE__ */ word('X64VpExecutionState', X64VpExecutionStateWord, {
  linux: 'hv_x64_vp_execution_state',
  mile: 'HV_X64_VP_EXECUTION_STATE',
})

/**
 * First part of every intercept message on x64. Source: HV_X64_INTERCEPT_MESSAGE_HEADER of rust-vmm/mshv, Mile.HyperV.
 */
export const X64InterceptMessageHeader = /* @__PURE__ */ struct(
  'X64InterceptMessageHeader',
  {
    vpIndex: vpIndexField,
    instruction: bits(u8, {
      /** Bytes. */
      instructionLength: bitField(0, 4),
      /** Task priority, 0 … 15. */
      cr8: bitField(4, 4),
    }),
    interceptAccessType: InterceptAccessTypeField,
    executionState: X64VpExecutionStateWord,
    csSegment: X64SegmentRegister,
    rip: u64,
    rflags: u64,
  },
  { size: 40, aliases: { linux: 'hv_x64_intercept_message_header', mile: 'HV_X64_INTERCEPT_MESSAGE_HEADER' } },
)

/**
 * Payload of a CPUID intercept, with what the hypervisor would have answered. Source: HV_X64_CPUID_INTERCEPT_MESSAGE
 * of rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk.
 */
export const X64CpuidInterceptMessage = /* @__PURE__ */ struct(
  'X64CpuidInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    /** Leaf, in the low half. */
    rax: u64,
    /** Subleaf, in the low half. */
    rcx: u64,
    rdx: u64,
    rbx: u64,
    defaultResultRax: u64,
    defaultResultRcx: u64,
    defaultResultRdx: u64,
    defaultResultRbx: u64,
  },
  { size: 104, aliases: { mile: 'HV_X64_CPUID_INTERCEPT_MESSAGE' } },
)

/** What is valid in an exception intercept. Source: HV_X64_EXCEPTION_INFO of rust-vmm/mshv, Mile.HyperV. */
export const X64ExceptionInfoWord = /* @__PURE__ */ bits(u8, {
  errorCodeValid: bit(0),
  /** Raised by INT3 or INTO. */
  softwareException: bit(1),
})
/** {@link X64ExceptionInfoWord} alone. */
export const X64ExceptionInfo = /* @__PURE__ */ word('X64ExceptionInfo', X64ExceptionInfoWord, {
  mile: 'HV_X64_EXCEPTION_INFO',
})

/** Payload of an exception intercept. Source: HV_X64_EXCEPTION_INTERCEPT_MESSAGE of rust-vmm/mshv, Mile.HyperV. */
export const X64ExceptionInterceptMessage = /* @__PURE__ */ struct(
  'X64ExceptionInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    /** 0 … 31. */
    exceptionVector: u16,
    exceptionInfo: X64ExceptionInfoWord,
    /** Bytes of `instructionBytes` that count. */
    instructionByteCount: u8,
    /** Counts only with `errorCodeValid`. */
    errorCode: u32,
    /** For a page fault the address, as CR2 would have it. */
    exceptionParameter: u64,
    reserved: reserved(u64),
    /** Code from `rip` on. */
    instructionBytes: bytes(16),
    dsSegment: X64SegmentRegister,
    ssSegment: X64SegmentRegister,
    rax: u64,
    rcx: u64,
    rdx: u64,
    rbx: u64,
    rsp: u64,
    rbp: u64,
    rsi: u64,
    rdi: u64,
    r8: u64,
    r9: u64,
    r10: u64,
    r11: u64,
    r12: u64,
    r13: u64,
    r14: u64,
    r15: u64,
  },
  { size: 240, aliases: { mile: 'HV_X64_EXCEPTION_INTERCEPT_MESSAGE' } },
)

/** A VP halted. Source: HV_X64_HALT_MESSAGE of rust-vmm/mshv, Mile.HyperV. */
export const X64HaltMessage = /* @__PURE__ */ struct(
  'X64HaltMessage',
  {
    header: X64InterceptMessageHeader,
  },
  { size: 40, aliases: { mile: 'HV_X64_HALT_MESSAGE' } },
)

/** Payload of a hypercall intercept. Source: HV_X64_HYPERCALL_INTERCEPT_MESSAGE of Mile.HyperV. */
export const X64HypercallInterceptMessage = /* @__PURE__ */ struct(
  'X64HypercallInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    rax: u64,
    rbx: u64,
    /** In 64-bit mode the control word. */
    rcx: u64,
    /** In 64-bit mode the address of the input, or its first word if fast. */
    rdx: u64,
    /** In 64-bit mode the address of the output, or the second word of fast input. */
    r8: u64,
    rsi: u64,
    rdi: u64,
    /** XMM0 … XMM5. */
    xmmregisters: array(RegisterValue, 6),
    flags: bits(u32, {
      isolated: bit(0),
    }),
    padding: reserved(12),
  },
  { size: 208, aliases: { mile: 'HV_X64_HYPERCALL_INTERCEPT_MESSAGE' } },
)

/**
 * An interruption that was refused can be delivered. Source: HV_X64_INTERRUPTION_DELIVERABLE_MESSAGE of rust-vmm/mshv,
 * Mile.HyperV.
 */
export const X64InterruptionDeliverableMessage = /* @__PURE__ */ struct(
  'X64InterruptionDeliverableMessage',
  {
    header: X64InterceptMessageHeader,
    /** An `X64PendingInterruptionType`. */
    deliverableType: u8,
    reserved1: reserved(3),
    reserved2: reserved(u32),
  },
  { size: 48, aliases: { mile: 'HV_X64_INTERRUPTION_DELIVERABLE_MESSAGE' } },
)

/**
 * Size and kind of an access to an I/O port. Source: HV_X64_IO_PORT_ACCESS_INFO of rust-vmm/mshv, Mile.HyperV, WDK 7.1
 * hvgdk.
 */
export const X64IoPortAccessInfoWord = /* @__PURE__ */ bits(u8, {
  /** Bytes: 1, 2 or 4. */
  accessSize: bitField(0, 3),
  /** INS or OUTS. */
  stringOp: bit(3),
  /** RCX counts the accesses. */
  repPrefix: bit(4),
})
/** {@link X64IoPortAccessInfoWord} alone. */
export const X64IoPortAccessInfo = /* @__PURE__ */ word('X64IoPortAccessInfo', X64IoPortAccessInfoWord, {
  mile: 'HV_X64_IO_PORT_ACCESS_INFO',
})

/**
 * Payload of an I/O port intercept. Source: HV_X64_IO_PORT_INTERCEPT_MESSAGE of rust-vmm/mshv, Mile.HyperV, WDK 7.1
 * hvgdk.
 */
export const X64IoPortInterceptMessage = /* @__PURE__ */ struct(
  'X64IoPortInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    portNumber: u16,
    accessInfo: X64IoPortAccessInfoWord,
    /** Bytes of `instructionBytes` that count. */
    instructionByteCount: u8,
    reserved: reserved(u32),
    /** The value written, in its low 1, 2 or 4 bytes. */
    rax: u64,
    /** Code from `rip` on. */
    instructionBytes: bytes(16),
    /** Of OUTS, unless a prefix names another. */
    dsSegment: X64SegmentRegister,
    /** Of INS. */
    esSegment: X64SegmentRegister,
    /** With `repPrefix`: accesses left. */
    rcx: u64,
    /** With OUTS: offset of the source. */
    rsi: u64,
    /** With INS: offset of the target. */
    rdi: u64,
  },
  { size: 128, aliases: { mile: 'HV_X64_IO_PORT_INTERCEPT_MESSAGE' } },
)

/** Answer to an intercepted read of an I/O port. Source: HV_X64_IO_PORT_READ_COMPLETION_DATA of Mile.HyperV. */
export const X64IoPortReadCompletionData = /* @__PURE__ */ struct(
  'X64IoPortReadCompletionData',
  {
    /** What the guest reads, in the low 1, 2 or 4 bytes. */
    value: u32,
  },
  { size: 4, aliases: { mile: 'HV_X64_IO_PORT_READ_COMPLETION_DATA' } },
)

/** FERR# was asserted. Source: HV_X64_LEGACY_FP_ERROR_MESSAGE of Mile.HyperV, WDK 7.1 hvgdk. */
export const X64LegacyFpErrorMessage = /* @__PURE__ */ struct(
  'X64LegacyFpErrorMessage',
  {
    vpIndex: vpIndexField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_X64_LEGACY_FP_ERROR_MESSAGE' } },
)

/** What is valid in a memory intercept. Source: HV_X64_MEMORY_ACCESS_INFO of rust-vmm/mshv, Mile.HyperV. */
export const X64MemoryAccessInfoWord = /* @__PURE__ */ bits(u8, {
  /** `guestVirtualAddress` counts. */
  gvaValid: bit(0),
  /** `guestPhysicalAddress` is what `guestVirtualAddress` translates to. */
  gvaGpaValid: bit(1),
  hypercallOutputPending: bit(2),
  tlbLockedNoOverlay: bit(3),
  supervisorShadowStack: bit(4),
})
/** {@link X64MemoryAccessInfoWord} alone. */
export const X64MemoryAccessInfo = /* @__PURE__ */ word('X64MemoryAccessInfo', X64MemoryAccessInfoWord, {
  linux: 'hv_x64_memory_access_info',
  mile: 'HV_X64_MEMORY_ACCESS_INFO',
})

/**
 * Payload of a memory intercept: unmapped page or denied access. Source: HV_X64_MEMORY_INTERCEPT_MESSAGE of rust-
 * vmm/mshv, Mile.HyperV.
 */
export const X64MemoryInterceptMessage = /* @__PURE__ */ struct(
  'X64MemoryInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    cacheType: CacheTypeField,
    /** Bytes of `instructionBytes` that count; 0: read the code from guest memory. */
    instructionByteCount: u8,
    memoryAccessInfo: X64MemoryAccessInfoWord,
    tprPriority: u8,
    reserved1: reserved(1),
    /** Counts only with `gvaValid`. */
    guestVirtualAddress: u64,
    guestPhysicalAddress: u64,
    /** Code from `rip` on. */
    instructionBytes: bytes(16),
  },
  { size: 80, aliases: { linux: 'hv_x64_memory_intercept_message', mile: 'HV_X64_MEMORY_INTERCEPT_MESSAGE' } },
)

/** Payload of an MSR intercept. Source: HV_X64_MSR_INTERCEPT_MESSAGE of rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk. */
export const X64MsrInterceptMessage = /* @__PURE__ */ struct(
  'X64MsrInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    msrNumber: u32,
    reserved: reserved(u32),
    /** High half of a value written, in its low 32 bits. */
    rdx: u64,
    /** Low half of a value written, in its low 32 bits. */
    rax: u64,
  },
  { size: 64, aliases: { mile: 'HV_X64_MSR_INTERCEPT_MESSAGE' } },
)

/**
 * Payload of a register intercept; `accessInfo` is the value written. Source: HV_X64_REGISTER_INTERCEPT_MESSAGE of
 * rust-vmm/mshv, Mile.HyperV.
 */
export const X64RegisterInterceptMessage = /* @__PURE__ */ struct(
  'X64RegisterInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    flags: bits(u8, {
      /** The operand is in memory: `accessInfo` has its address. */
      isMemoryOp: bit(0),
    }),
    reserved1: reserved(3),
    registerName: registerNameField,
    accessInfo: RegisterValue,
  },
  { size: 64, aliases: { mile: 'HV_X64_REGISTER_INTERCEPT_MESSAGE' } },
)

/** Payload of a startup IPI intercept. Source: HV_X64_SIPI_INTERCEPT_MESSAGE of rust-vmm/mshv, Mile.HyperV. */
export const X64SipiInterceptMessage = /* @__PURE__ */ struct(
  'X64SipiInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    targetVpIndex: vpIndexField,
    /** Start address ÷ 4096. */
    interruptVector: u32,
  },
  { size: 48, aliases: { mile: 'HV_X64_SIPI_INTERCEPT_MESSAGE' } },
)

/** A slot that was busy is free. Source: HV_X64_SYNIC_SINT_DELIVERABLE_MESSAGE of Mile.HyperV. */
export const X64SynicSintDeliverableMessage = /* @__PURE__ */ struct(
  'X64SynicSintDeliverableMessage',
  {
    header: X64InterceptMessageHeader,
    /** Bit n: SINT n. */
    deliverableSints: u16,
    rsvd1: reserved(u16),
    rsvd2: reserved(u32),
  },
  { size: 48, aliases: { mile: 'HV_X64_SYNIC_SINT_DELIVERABLE_MESSAGE' } },
)

/**
 * A VP met a triple fault. Source: HV_X64_UNRECOVERABLE_EXCEPTION_MESSAGE of rust-vmm/mshv, Mile.HyperV, WDK 7.1
 * hvgdk.
 */
export const X64UnrecoverableExceptionMessage = /* @__PURE__ */ struct(
  'X64UnrecoverableExceptionMessage',
  {
    header: X64InterceptMessageHeader,
  },
  { size: 40, aliases: { mile: 'HV_X64_UNRECOVERABLE_EXCEPTION_MESSAGE' } },
)

/**
 * A guest used what is not virtualized. Source: HV_X64_UNSUPPORTED_FEATURE_MESSAGE of rust-vmm/mshv, Mile.HyperV, WDK
 * 7.1 hvgdk.
 */
export const X64UnsupportedFeatureMessage = /* @__PURE__ */ struct(
  'X64UnsupportedFeatureMessage',
  {
    vpIndex: vpIndexField,
    featureCode: X64UnsupportedFeatureField,
    featureParameter: u64,
  },
  { size: 16, aliases: { mile: 'HV_X64_UNSUPPORTED_FEATURE_MESSAGE' } },
)

/** What is valid in a VMGEXIT message. Source: HV_X64_VMGEXIT_INTERCEPT_MESSAGE_FLAGS of Mile.HyperV. */
export const X64VmgexitInterceptMessageFlagsWord = /* @__PURE__ */ bits(u64, {
  /** `ghcbPage` counts. */
  ghcbPageValid: bit(0),
  ghcbRequestError: bit(1),
})
/** {@link X64VmgexitInterceptMessageFlagsWord} alone. */
export const X64VmgexitInterceptMessageFlags = /* @__PURE__ */ word(
  'X64VmgexitInterceptMessageFlags',
  X64VmgexitInterceptMessageFlagsWord,
  { mile: 'HV_X64_VMGEXIT_INTERCEPT_MESSAGE_FLAGS' },
)

/** Standard part of a VMGEXIT's GHCB. Source: HV_X64_VMGEXIT_INTERCEPT_MESSAGE_GHCB_PAGE_STANDARD of Mile.HyperV. */
export const X64VmgexitInterceptMessageGhcbPageStandard = /* @__PURE__ */ struct(
  'X64VmgexitInterceptMessageGhcbPageStandard',
  {
    ghcbProtocolVersion: u16,
    reserved: reserved(6),
    /** Why the guest exits: a code of SVM, or one of the GHCB protocol. */
    swExitCode: u64,
    /** Meaning depends on `swExitCode`. */
    swExitInfo1: u64,
    /** Meaning depends on `swExitCode`. */
    swExitInfo2: u64,
    /** Guest physical address of further data. */
    swScratch: u64,
  },
  { size: 40, aliases: { mile: 'HV_X64_VMGEXIT_INTERCEPT_MESSAGE_GHCB_PAGE_STANDARD' } },
)

/** GHCB of a VMGEXIT. Source: HV_X64_VMGEXIT_INTERCEPT_MESSAGE_GHCB_PAGE of Mile.HyperV. */
export const X64VmgexitInterceptMessageGhcbPage = /* @__PURE__ */ struct(
  'X64VmgexitInterceptMessageGhcbPage',
  {
    /** 0: `standard`; 1: a hypercall. */
    ghcbUsage: u32,
    reserved: reserved(u32),
    standard: X64VmgexitInterceptMessageGhcbPageStandard,
  },
  { size: 48, aliases: { mile: 'HV_X64_VMGEXIT_INTERCEPT_MESSAGE_GHCB_PAGE' } },
)

/** Payload of an SNP guest's VMGEXIT. Source: HV_X64_VMGEXIT_INTERCEPT_MESSAGE of rust-vmm/mshv, Mile.HyperV. */
export const X64VmgexitInterceptMessage = /* @__PURE__ */ struct(
  'X64VmgexitInterceptMessage',
  {
    header: X64InterceptMessageHeader,
    /** MSR 0xC0010130. */
    ghcbMsr: u64,
    flags: X64VmgexitInterceptMessageFlagsWord,
    ghcbPage: X64VmgexitInterceptMessageGhcbPage,
  },
  { size: 104, aliases: { mile: 'HV_X64_VMGEXIT_INTERCEPT_MESSAGE' } },
)
