import { openEnum, u32 } from '../../wire/index.ts'

/**
 * Types of SynIC messages. Those with bit 31 set come from the hypervisor; a guest posts with it clear, and not 0.
 * TLFS 2.0 had APIC EOI and FERR at 0x80000030 and 0x80000031; 0x80010005 and 0x80010006 mean other things in some
 * sources. Source: HV_MESSAGE_TYPE of TLFS, TLFS 2.0A.
 */
export const MessageType = {
  None: 0x0,
  Vmbus: 0x1,
  UnmappedGpa: 0x8000_0000,
  GpaIntercept: 0x8000_0001,
  MmioIntercept: 0x8000_0002,
  UnacceptedGpa: 0x8000_0003,
  GpaAttributeIntercept: 0x8000_0004,
  EnablePartitionVtlIntercept: 0x8000_0005,
  TimerExpired: 0x8000_0010,
  InvalidVpRegisterValue: 0x8000_0020,
  UnrecoverableException: 0x8000_0021,
  UnsupportedFeature: 0x8000_0022,
  TlbPageSizeMismatch: 0x8000_0023,
  IommuFault: 0x8000_0024,
  ApicEoi: 0x8000_0030,
  FerrAsserted: 0x8000_0031,
  OpaqueIntercept: 0x8000_003f,
  EventLogBufferComplete: 0x8000_0040,
  HypercallIntercept: 0x8000_0050,
  SynicEventIntercept: 0x8000_0060,
  SynicSintIntercept: 0x8000_0061,
  SynicSintDeliverable: 0x8000_0062,
  AsyncCallCompletion: 0x8000_0070,
  InsufficientMemory: 0x8000_0071,
  MirroringNotification: 0x8000_0072,
  RestartCompletionNotification: 0x8000_0073,
  SchedulerVpSignalBitset: 0x8000_0100,
  SchedulerVpSignalPair: 0x8000_0101,
  SchedulerIdRangeEnd: 0x8000_01ff,
  X64IoPortIntercept: 0x8001_0000,
  MsrIntercept: 0x8001_0001,
  X64CpuidIntercept: 0x8001_0002,
  ExceptionIntercept: 0x8001_0003,
  X64ApicEoi: 0x8001_0004,
  X64LegacyFpError: 0x8001_0005,
  RegisterIntercept: 0x8001_0006,
  X64Halt: 0x8001_0007,
  X64InterruptionDeliverable: 0x8001_0008,
  X64SipiIntercept: 0x8001_0009,
  X64RdtscIntercept: 0x8001_000a,
  X64ApicSmiIntercept: 0x8001_000b,
  Arm64ResetIntercept: 0x8001_000c,
  X64ApicInitSipiIntercept: 0x8001_000d,
  X64ApicWriteIntercept: 0x8001_000e,
  X64ProxyInterruptIntercept: 0x8001_000f,
  X64IsolationCtrlRegIntercept: 0x8001_0010,
  X64SnpGuestRequestIntercept: 0x8001_0011,
  X64ExceptionTrapIntercept: 0x8001_0012,
  X64SevVmgexitIntercept: 0x8001_0013,
  X64MsrListIntercept: 0x8001_0015,
} as const
/** {@link MessageType} on the wire, 4 bytes. */
export const MessageTypeField = /* @__PURE__ */ openEnum('MessageType', u32, MessageType)

/** What an IOMMU fault message reports. Source: HV_IOMMU_FAULT_TYPE of Mile.HyperV. */
export const IommuFaultType = {
  TranslationFault: 0,
  TranslationBlocked: 1,
  InterruptFault: 2,
  PermissionFault: 3,
  AddressSizeFault: 4,
  TlbMatchConflict: 5,
  ExternalFault: 6,
  UnsupportedUpstreamTransaction: 7,
} as const
/** {@link IommuFaultType} on the wire, 4 bytes. */
export const IommuFaultTypeField = /* @__PURE__ */ openEnum('IommuFaultType', u32, IommuFaultType)

/**
 * What a guest used that the hypervisor does not virtualize. Source: HV_X64_UNSUPPORTED_FEATURE_CODE of Mile.HyperV.
 */
export const X64UnsupportedFeature = {
  Intercept: 1,
  TaskSwitchTss: 2,
} as const
/** {@link X64UnsupportedFeature} on the wire, 4 bytes. */
export const X64UnsupportedFeatureField = /* @__PURE__ */ openEnum('X64UnsupportedFeature', u32, X64UnsupportedFeature)

/** The same on ARM64. Source: HV_ARM64_UNSUPPORTED_FEATURE_CODE of Mile.HyperV. */
export const Arm64UnsupportedFeature = {
  Intercept: 1,
  MemoryIntercept: 2,
} as const
/** {@link Arm64UnsupportedFeature} on the wire, 4 bytes. */
export const Arm64UnsupportedFeatureField = /* @__PURE__ */ openEnum(
  'Arm64UnsupportedFeature',
  u32,
  Arm64UnsupportedFeature,
)

/** What a guest asked of its firmware. Source: HV_ARM64_RESET_TYPE of Mile.HyperV. */
export const Arm64ResetType = {
  PowerOff: 0,
  Reboot: 1,
  SystemReset: 2,
  Hibernate: 3,
} as const
/** {@link Arm64ResetType} on the wire, 4 bytes. */
export const Arm64ResetTypeField = /* @__PURE__ */ openEnum('Arm64ResetType', u32, Arm64ResetType)

/**
 * Exceptions that the hypervisor, not the processor, raises. Source: HV_ARM64_SYNTHETIC_EXCEPTION_TYPE of Mile.HyperV.
 */
export const Arm64SyntheticExceptionType = {
  Smc: 0,
  Secure: 1,
  Crashdump: 2,
  VirtualizationFault: 3,
} as const
/** {@link Arm64SyntheticExceptionType} on the wire, 4 bytes. */
export const Arm64SyntheticExceptionTypeField = /* @__PURE__ */ openEnum(
  'Arm64SyntheticExceptionType',
  u32,
  Arm64SyntheticExceptionType,
)

/** How the restart of a partition ended. Source: HV_RESTART_COMPLETION_TYPE of Mile.HyperV. */
export const RestartCompletionType = {
  Success: 0,
  Cancelled: 1,
} as const
/** {@link RestartCompletionType} on the wire, 4 bytes. */
export const RestartCompletionTypeField = /* @__PURE__ */ openEnum('RestartCompletionType', u32, RestartCompletionType)

/** What a pending event register holds. Source: HV_X64_PENDING_EVENT_TYPE of Mile.HyperV. */
export const X64PendingEventType = {
  Exception: 0,
  MemoryIntercept: 1,
  NestedMemoryIntercept: 2,
  VirtualizationFault: 3,
  HypercallOutput: 4,
  ExtInt: 5,
  ShadowIpt: 6,
} as const
/** {@link X64PendingEventType} on the wire, 4 bytes. */
export const X64PendingEventTypeField = /* @__PURE__ */ openEnum('X64PendingEventType', u32, X64PendingEventType)

/** What a pending event register holds, ARM64. Source: HV_ARM64_PENDING_EVENT_TYPE of Mile.HyperV. */
export const Arm64PendingEventType = {
  Exception: 0,
  SyntheticException: 1,
  HypercallOutput: 2,
} as const

/** What HvRegisterPendingInterruption holds. Source: HV_X64_PENDING_INTERRUPTION_TYPE of Mile.HyperV. */
export const X64PendingInterruptionType = {
  Interrupt: 0,
  Nmi: 2,
  Exception: 3,
  SoftwareInterrupt: 4,
  PrivilegedSoftwareException: 5,
  SoftwareException: 6,
} as const
/** {@link X64PendingInterruptionType} on the wire, 4 bytes. */
export const X64PendingInterruptionTypeField = /* @__PURE__ */ openEnum(
  'X64PendingInterruptionType',
  u32,
  X64PendingInterruptionType,
)

/** What HvRegisterPendingInterruption holds, ARM64. Source: HV_ARM64_PENDING_INTERRUPTION_TYPE of Mile.HyperV. */
export const Arm64PendingInterruptionType = {
  Interrupt: 0,
  Exception: 1,
} as const

/**
 * What an intercept is set on. 0x0d also ended an older private list. Source: HV_INTERCEPT_TYPE of TLFS, Mile.HyperV.
 */
export const InterceptType = {
  X64IoPort: 0x0,
  X64Msr: 0x1,
  X64Cpuid: 0x2,
  Exception: 0x3,
  PrivateRegister: 0x4,
  Mmio: 0x5,
  X64GlobalCpuid: 0x6,
  X64ApicSmi: 0x7,
  Hypercall: 0x8,
  X64ApicInitSipi: 0x9,
  McUpdatePatchLevelMsrRead: 0xa,
  X64ApicWrite: 0xb,
  X64MsrIndex: 0xc,
  UnknownSynicConnection: 0xd,
  X64ApicEoi: 0xe,
  RetargetInterruptWithUnknownDeviceId: 0xf,
  X64ExceptionTrap: 0x10,
  X64IoPortRange: 0x11,
  Register: 0x12,
  SystemResetExtended: 0x13,
  Invalid: 0xffff_ffff,
} as const
/** {@link InterceptType} on the wire, 4 bytes. */
export const InterceptTypeField = /* @__PURE__ */ openEnum('InterceptType', u32, InterceptType)
