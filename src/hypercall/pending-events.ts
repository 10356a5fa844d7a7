import { bit, bitField, bits, bytes, reserved, struct, u8, u32, u64 } from '../wire/index.ts'
import { X64PendingEventTypeField, X64PendingInterruptionTypeField } from './enums/messages.ts'
import { RegisterValue } from './register-value.ts'
import { word } from './word.ts'

/** A pending exception on ARM64. Source: HV_ARM64_PENDING_EXCEPTION_EVENT of Mile.HyperV (ARM64). */
export const Arm64PendingExceptionEvent = /* @__PURE__ */ struct(
  'Arm64PendingExceptionEvent',
  {
    event: bits(u8, {
      eventPending: bit(0),
      /** An `Arm64PendingEventType`. */
      eventType: bitField(1, 3),
    }),
    padding: reserved(7),
    /** Syndrome, as ESR_ELx has it. */
    esrElx: u64,
    /** Faulting address, as FAR_ELx has it. */
    farElx: u64,
  },
  { size: 24, aliases: { mile: 'HV_ARM64_PENDING_EXCEPTION_EVENT' } },
)

/** HvRegisterPendingInterruption on ARM64. Source: HV_ARM64_PENDING_INTERRUPTION_REGISTER of Mile.HyperV (ARM64). */
export const Arm64PendingInterruptionRegisterWord = /* @__PURE__ */ bits(u64, {
  interruptionPending: bit(0),
  interruptionType: bit(1),
  errorCode: bitField(32, 32),
})
/** {@link Arm64PendingInterruptionRegisterWord} alone. */
export const Arm64PendingInterruptionRegister = /* @__PURE__ */ word(
  'Arm64PendingInterruptionRegister',
  Arm64PendingInterruptionRegisterWord,
  { linux: 'hv_arm64_pending_interruption_register', mile: 'HV_ARM64_PENDING_INTERRUPTION_REGISTER' },
)

/**
 * A pending synthetic exception on ARM64. Source: HV_ARM64_PENDING_SYNTHETIC_EXCEPTION_EVENT of Mile.HyperV (ARM64).
 */
export const Arm64PendingSyntheticExceptionEvent = /* @__PURE__ */ struct(
  'Arm64PendingSyntheticExceptionEvent',
  {
    event: bits(u8, {
      eventPending: bit(0),
      /** An `Arm64PendingEventType`. */
      eventType: bitField(1, 3),
    }),
    padding: reserved(3),
    /** An `Arm64SyntheticExceptionType`. */
    exceptionType: u32,
    context: u64,
  },
  {
    size: 16,
    aliases: {
      linux: 'hv_arm64_pending_synthetic_exception_event',
      mile: 'HV_ARM64_PENDING_SYNTHETIC_EXCEPTION_EVENT',
    },
  },
)

/** A pending exception on x64. Source: HV_X64_PENDING_EXCEPTION_EVENT of rust-vmm/mshv, Mile.HyperV, WDK 7.1 hvgdk. */
export const X64PendingExceptionEvent = /* @__PURE__ */ struct(
  'X64PendingExceptionEvent',
  {
    event: bits(u32, {
      eventPending: bit(0),
      /** `X64PendingEventType.Exception`, 0. */
      eventType: bitField(1, 3),
      /** `errorCode` is pushed. */
      deliverErrorCode: bit(8),
      /** 0 … 31. */
      vector: bitField(16, 16),
    }),
    errorCode: u32,
    /** For a page fault the address that CR2 gets. */
    exceptionParameter: u64,
  },
  { size: 16, aliases: { mile: 'HV_X64_PENDING_EXCEPTION_EVENT' } },
)

/** A pending external interrupt on x64. Source: HV_X64_PENDING_EXT_INT_EVENT of Mile.HyperV. */
export const X64PendingExtIntEvent = /* @__PURE__ */ struct(
  'X64PendingExtIntEvent',
  {
    event: bits(u32, {
      eventPending: bit(0),
      /** `X64PendingEventType.ExtInt`, 5. */
      eventType: bitField(1, 3),
      vector: bitField(8, 8),
    }),
    padding: reserved(4),
    reserved2: reserved(u64),
  },
  { size: 16, aliases: { mile: 'HV_X64_PENDING_EXT_INT_EVENT' } },
)

/**
 * HvRegisterPendingInterruption on x64. Source: HV_X64_PENDING_INTERRUPTION_REGISTER of rust-vmm/mshv, Mile.HyperV,
 * WDK 7.1 hvgdk.
 */
export const X64PendingInterruptionRegister = /* @__PURE__ */ struct(
  'X64PendingInterruptionRegister',
  {
    flags: bits(u32, {
      interruptionPending: bit(0),
      interruptionType: bitField(1, 3, X64PendingInterruptionTypeField),
      /** `errorCode` is pushed. */
      deliverErrorCode: bit(4),
      /** Bytes of the instruction behind a software interrupt or exception. */
      instructionLength: bitField(5, 4),
      nestedEvent: bit(9),
      interruptionVector: bitField(16, 16),
    }),
    /** Counts only with `deliverErrorCode`. */
    errorCode: u32,
  },
  { size: 8, aliases: { linux: 'hv_x64_pending_interruption_register', mile: 'HV_X64_PENDING_INTERRUPTION_REGISTER' } },
)

/** A pending memory intercept on x64. Source: HV_X64_PENDING_MEMORY_INTERCEPT_EVENT of Mile.HyperV. */
export const X64PendingMemoryInterceptEvent = /* @__PURE__ */ struct(
  'X64PendingMemoryInterceptEvent',
  {
    event: bits(u8, {
      eventPending: bit(0),
      /** `X64PendingEventType.MemoryIntercept`, 1. */
      eventType: bitField(1, 3),
    }),
    /** VTL that takes the intercept. */
    targetVtl: u8,
    accessType: u8,
    access: bits(u8, {
      /** `guestLinearAddress` counts. */
      guestLinearAddressValid: bit(0),
      causedByGpaAccess: bit(1),
    }),
    reserved2: reserved(u32),
    guestLinearAddress: u64,
    guestPhysicalAddress: u64,
    reserved3: reserved(u64),
  },
  { size: 32, aliases: { mile: 'HV_X64_PENDING_MEMORY_INTERCEPT_EVENT' } },
)

/**
 * A pending memory intercept of a nested guest on x64. Source: HV_X64_PENDING_NESTED_MEMORY_INTERCEPT_EVENT of
 * Mile.HyperV.
 */
export const X64PendingNestedMemoryInterceptEvent = /* @__PURE__ */ struct(
  'X64PendingNestedMemoryInterceptEvent',
  {
    event: bits(u8, {
      eventPending: bit(0),
      /** `X64PendingEventType.NestedMemoryIntercept`, 2. */
      eventType: bitField(1, 3),
    }),
    accessType: u8,
    guestAccessPermission: u8,
    access: bits(u8, {
      /** `guestLinearAddress` counts. */
      guestLinearAddressValid: bit(0),
      causedByGpaAccess: bit(1),
      pageTableMisconfiguration: bit(2),
    }),
    reserved2: reserved(u32),
    guestLinearAddress: u64,
    guestNestedPhysicalAddress: u64,
    reserved3: reserved(u64),
  },
  { size: 32, aliases: { mile: 'HV_X64_PENDING_NESTED_MEMORY_INTERCEPT_EVENT' } },
)

/** A pending Processor Trace event on x64. Source: HV_X64_PENDING_SHADOW_IPT_EVENT of Mile.HyperV. */
export const X64PendingShadowIptEvent = /* @__PURE__ */ struct(
  'X64PendingShadowIptEvent',
  {
    event: bits(u32, {
      eventPending: bit(0),
      /** `X64PendingEventType.ShadowIpt`, 6. */
      eventType: bitField(1, 4),
    }),
    padding: reserved(4),
    reserved1: reserved(u64),
  },
  { size: 16, aliases: { mile: 'HV_X64_PENDING_SHADOW_IPT_EVENT' } },
)

/**
 * A pending virtualization fault on x64. Source: HV_X64_PENDING_VIRTUALIZATION_FAULT_EVENT of rust-vmm/mshv,
 * Mile.HyperV, WDK 7.1 hvgdk.
 */
export const X64PendingVirtualizationFaultEvent = /* @__PURE__ */ struct(
  'X64PendingVirtualizationFaultEvent',
  {
    event: bits(u32, {
      eventPending: bit(0),
      /** `X64PendingEventType.VirtualizationFault`, 3. */
      eventType: bitField(1, 3),
      parameter0: bitField(16, 16),
    }),
    code: u32,
    parameter1: u64,
  },
  { size: 16, aliases: { mile: 'HV_X64_PENDING_VIRTUALIZATION_FAULT_EVENT' } },
)

/**
 * HvRegisterPendingEvent0 and 1, or the event that a translation would raise: what it is stands in `eventType`, how the 15 bytes behind
 * it are to be read in the structures above. Source: TLFS, Mile.HyperV (HV_X64_PENDING_EVENT).
 */
export const X64PendingEvent = /* @__PURE__ */ struct(
  'X64PendingEvent',
  {
    header: bits(u8, {
      /** 0: the rest means nothing. */
      eventPending: bit(0),
      eventType: bitField(1, 3, X64PendingEventTypeField),
    }),
    eventData: bytes(15),
    reg1: RegisterValue,
  },
  { size: 32, aliases: { mile: 'HV_X64_PENDING_EVENT' } },
)
