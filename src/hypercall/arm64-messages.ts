import { array, bit, bitField, bits, bytes, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { CacheTypeField } from './enums/memory.ts'
import {
  Arm64ResetTypeField,
  Arm64SyntheticExceptionTypeField,
  Arm64UnsupportedFeatureField,
} from './enums/messages.ts'
import { InterceptAccessTypeField } from './flags.ts'
import { registerNameField, vpIndexField } from './ids.ts'
import { RegisterValue } from './register-value.ts'
import { word } from './word.ts'

/** What is valid in an exception message. Source: HV_ARM64_EXCEPTION_INFO of Mile.HyperV (ARM64). */
export const Arm64ExceptionInfoWord = /* @__PURE__ */ bits(u8, {
  errorCodeValid: bit(0),
})
/** {@link Arm64ExceptionInfoWord} alone. */
export const Arm64ExceptionInfo = /* @__PURE__ */ word('Arm64ExceptionInfo', Arm64ExceptionInfoWord, {
  mile: 'HV_ARM64_EXCEPTION_INFO',
})

/**
 * State of the VP that an intercept message tells, ARM64. Source: HV_ARM64_VP_EXECUTION_STATE of Mile.HyperV (ARM64).
 */
export const Arm64VpExecutionStateWord = /* @__PURE__ */ bits(u16, {
  /** Exception level, 0 or 1. */
  cpl: bitField(0, 2),
  debugActive: bit(2),
  /** An event was to be delivered when the intercept came. */
  interruptionPending: bit(3),
  /** VTL that was active. */
  vtl: bitField(4, 4),
  virtualizationFaultActive: bit(8),
})
/** {@link Arm64VpExecutionStateWord} alone. */
export const Arm64VpExecutionState = /* @__PURE__ */ word('Arm64VpExecutionState', Arm64VpExecutionStateWord, {
  linux: 'hv_arm64_vp_execution_state',
  mile: 'HV_ARM64_VP_EXECUTION_STATE',
})

/**
 * First part of every intercept message on ARM64. Source: HV_ARM64_INTERCEPT_MESSAGE_HEADER of Mile.HyperV (ARM64).
 */
export const Arm64InterceptMessageHeader = /* @__PURE__ */ struct(
  'Arm64InterceptMessageHeader',
  {
    vpIndex: vpIndexField,
    /** Bytes. */
    instructionLength: u8,
    interceptAccessType: InterceptAccessTypeField,
    executionState: Arm64VpExecutionStateWord,
    pc: u64,
    /** Processor state, as SPSR lays it out. */
    cpsr: u64,
  },
  { size: 24, aliases: { linux: 'hv_arm64_intercept_message_header', mile: 'HV_ARM64_INTERCEPT_MESSAGE_HEADER' } },
)

/** Payload of an exception intercept on ARM64. Source: HV_ARM64_EXCEPTION_INTERCEPT_MESSAGE of Mile.HyperV (ARM64). */
export const Arm64ExceptionInterceptMessage = /* @__PURE__ */ struct(
  'Arm64ExceptionInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    exceptionType: Arm64SyntheticExceptionTypeField,
    padding: reserved(4),
    /** As ESR_ELx lays it out. */
    exceptionSyndrome: u64,
    faultGVA: u64,
    faultGPA: u64,
    faultSPA: u64,
  },
  { size: 64, aliases: { mile: 'HV_ARM64_EXCEPTION_INTERCEPT_MESSAGE' } },
)

/** Payload of a hypercall intercept on ARM64. Source: HV_ARM64_HYPERCALL_INTERCEPT_MESSAGE of Mile.HyperV (ARM64). */
export const Arm64HypercallInterceptMessage = /* @__PURE__ */ struct(
  'Arm64HypercallInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    /** Of the HVC instruction. */
    immediate: u16,
    reserved: reserved(u16),
    flags: bits(u32, {
      isolated: bit(0),
    }),
    /** X0 … X17. */
    x: array(u64, 18),
  },
  { size: 176, aliases: { mile: 'HV_ARM64_HYPERCALL_INTERCEPT_MESSAGE' } },
)

/**
 * A VP cannot run for an invalid register, ARM64. Source: HV_ARM64_INVALID_VP_REGISTER_MESSAGE of Mile.HyperV (ARM64).
 */
export const Arm64InvalidVpRegisterMessage = /* @__PURE__ */ struct(
  'Arm64InvalidVpRegisterMessage',
  {
    vpIndex: vpIndexField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_ARM64_INVALID_VP_REGISTER_MESSAGE' } },
)

/** What is valid in a memory intercept on ARM64. Source: HV_ARM64_MEMORY_ACCESS_INFO of Mile.HyperV (ARM64). */
export const Arm64MemoryAccessInfoWord = /* @__PURE__ */ bits(u8, {
  /** `guestVirtualAddress` counts. */
  gvaValid: bit(0),
  /** `guestPhysicalAddress` is what `guestVirtualAddress` translates to. */
  gvaGpaValid: bit(1),
  hypercallOutputPending: bit(2),
})
/** {@link Arm64MemoryAccessInfoWord} alone. */
export const Arm64MemoryAccessInfo = /* @__PURE__ */ word('Arm64MemoryAccessInfo', Arm64MemoryAccessInfoWord, {
  linux: 'hv_arm64_memory_access_info',
  mile: 'HV_ARM64_MEMORY_ACCESS_INFO',
})

/** Payload of a memory intercept on ARM64. Source: HV_ARM64_MEMORY_INTERCEPT_MESSAGE of Mile.HyperV (ARM64). */
export const Arm64MemoryInterceptMessage = /* @__PURE__ */ struct(
  'Arm64MemoryInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    cacheType: CacheTypeField,
    /** Bytes of `instructionBytes` that count. */
    instructionByteCount: u8,
    memoryAccessInfo: Arm64MemoryAccessInfoWord,
    reserved1: reserved(u16),
    instructionBytes: bytes(4),
    reserved2: reserved(u32),
    /** Counts only with `gvaValid`. */
    guestVirtualAddress: u64,
    guestPhysicalAddress: u64,
    /** As ESR_ELx lays it out. */
    syndrome: u64,
  },
  { size: 64, aliases: { linux: 'hv_arm64_memory_intercept_message', mile: 'HV_ARM64_MEMORY_INTERCEPT_MESSAGE' } },
)

/** Payload of an access to device memory on ARM64. Source: HV_ARM64_MMIO_INTERCEPT_MESSAGE of Mile.HyperV (ARM64). */
export const Arm64MmioInterceptMessage = /* @__PURE__ */ struct(
  'Arm64MmioInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    guestPhysicalAddress: u64,
    /** Bytes. */
    accessSize: u32,
    /** What is written, in its first `accessSize` bytes. */
    data: bytes(32),
    padding: reserved(4),
  },
  { size: 72, aliases: { mile: 'HV_ARM64_MMIO_INTERCEPT_MESSAGE' } },
)

/**
 * Payload of an access to a system register on ARM64. Source: HV_ARM64_MSR_INTERCEPT_MESSAGE of Mile.HyperV (ARM64).
 */
export const Arm64MsrInterceptMessage = /* @__PURE__ */ struct(
  'Arm64MsrInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    virtualRegisterNumber: u64,
    x0: u64,
    x1: u64,
  },
  { size: 48, aliases: { mile: 'HV_ARM64_MSR_INTERCEPT_MESSAGE' } },
)

/** Reset register on ARM64. Source: HV_ARM64_MSR_RESET_CONTENTS of Mile.HyperV (ARM64). */
export const Arm64MsrResetContentsWord = /* @__PURE__ */ bits(u64, {
  reset: bit(0),
})
/** {@link Arm64MsrResetContentsWord} alone. */
export const Arm64MsrResetContents = /* @__PURE__ */ word('Arm64MsrResetContents', Arm64MsrResetContentsWord, {
  mile: 'HV_ARM64_MSR_RESET_CONTENTS',
})

/**
 * Payload of a register intercept on ARM64; `accessInfo` is the value written, or names the register read into.
 * Source: HV_ARM64_REGISTER_INTERCEPT_MESSAGE of Mile.HyperV (ARM64).
 */
export const Arm64RegisterInterceptMessage = /* @__PURE__ */ struct(
  'Arm64RegisterInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    flags: bits(u8, {
      /** The operand is in memory. */
      isMemoryOp: bit(0),
    }),
    reserved8: reserved(1),
    reserved16: reserved(u16),
    registerName: registerNameField,
    accessInfo: RegisterValue,
  },
  { size: 48, aliases: { mile: 'HV_ARM64_REGISTER_INTERCEPT_MESSAGE' } },
)

/** A guest asked its firmware for a reset. Source: HV_ARM64_RESET_INTERCEPT_MESSAGE of Mile.HyperV (ARM64). */
export const Arm64ResetInterceptMessage = /* @__PURE__ */ struct(
  'Arm64ResetInterceptMessage',
  {
    header: Arm64InterceptMessageHeader,
    resetType: Arm64ResetTypeField,
    resetCode: u32,
  },
  { size: 32, aliases: { mile: 'HV_ARM64_RESET_INTERCEPT_MESSAGE' } },
)

/** A slot that was busy is free, ARM64. Source: HV_ARM64_SYNIC_SINT_DELIVERABLE_MESSAGE of Mile.HyperV (ARM64). */
export const Arm64SynicSintDeliverableMessage = /* @__PURE__ */ struct(
  'Arm64SynicSintDeliverableMessage',
  {
    header: Arm64InterceptMessageHeader,
    /** Bit n: SINT n. */
    deliverableSints: u16,
    rsvd1: reserved(u16),
    rsvd2: reserved(u32),
  },
  { size: 32, aliases: { mile: 'HV_ARM64_SYNIC_SINT_DELIVERABLE_MESSAGE' } },
)

/**
 * Page sizes in a guest's TLB disagree, ARM64. Source: HV_ARM64_TLB_PAGE_SIZE_MISMATCH_MESSAGE of Mile.HyperV (ARM64).
 */
export const Arm64TlbPageSizeMismatchMessage = /* @__PURE__ */ struct(
  'Arm64TlbPageSizeMismatchMessage',
  {
    vpIndex: vpIndexField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_ARM64_TLB_PAGE_SIZE_MISMATCH_MESSAGE' } },
)

/**
 * A VP met an exception that it cannot take, ARM64. Source: HV_ARM64_UNRECOVERABLE_EXCEPTION_MESSAGE of Mile.HyperV
 * (ARM64).
 */
export const Arm64UnrecoverableExceptionMessage = /* @__PURE__ */ struct(
  'Arm64UnrecoverableExceptionMessage',
  {
    header: Arm64InterceptMessageHeader,
  },
  { size: 24, aliases: { mile: 'HV_ARM64_UNRECOVERABLE_EXCEPTION_MESSAGE' } },
)

/**
 * A guest used what is not virtualized, ARM64. Source: HV_ARM64_UNSUPPORTED_FEATURE_MESSAGE of Mile.HyperV (ARM64).
 */
export const Arm64UnsupportedFeatureMessage = /* @__PURE__ */ struct(
  'Arm64UnsupportedFeatureMessage',
  {
    vpIndex: vpIndexField,
    featureCode: Arm64UnsupportedFeatureField,
    featureParameter: u64,
  },
  { size: 16, aliases: { mile: 'HV_ARM64_UNSUPPORTED_FEATURE_MESSAGE' } },
)
