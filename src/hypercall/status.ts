/**
 * Every status of a hypercall, the low 16 bits of its result value. The processor feature statuses from 0x21 to 0x36 are those of TLFS
 * 2.0A; later ones have 0x20 for all features, and at 0x33 the singular INSUFFICIENT_BUFFER, with which the appendices of TLFS 5.0C and
 * 6.0b also misprint INSUFFICIENT_BUFFERS (0x13).
 *
 * Source: TLFS, TLFS 2.0A, OpenVMM hvdef (HvError), Linux drivers/hv/hv_common.c.
 */
export const HvStatus = {
  /** Call completed. */
  Success: 0x00,
  /** Call code unknown or not supported. */
  InvalidHypercallCode: 0x02,
  /**
   * Hypercall input value malformed: rep count/start wrong for the class, start >= count, reserved bits set, fast
   * bit wrong, bad variable header size.
   */
  InvalidHypercallInput: 0x03,
  /** Input/output GPA not 8-byte aligned, block crosses a page, or outside the GPA space. */
  InvalidAlignment: 0x04,
  /** A parameter value is invalid. */
  InvalidParameter: 0x05,
  /** Caller lacks the privilege or relationship needed. */
  AccessDenied: 0x06,
  /** Target partition not in a state that allows the call. */
  InvalidPartitionState: 0x07,
  /** Operation not allowed; reason depends on the call. */
  OperationDenied: 0x08,
  /** Property code not recognised. */
  UnknownProperty: 0x09,
  /** Property value out of range or breaks an invariant. */
  PropertyValueOutOfRange: 0x0a,
  /** Memory pool cannot satisfy the call; deposit and retry. */
  InsufficientMemory: 0x0b,
  /** Partition hierarchy depth limit reached. */
  PartitionTooDeep: 0x0c,
  /** No such partition or wrong relation. */
  InvalidPartitionId: 0x0d,
  /** No such virtual processor. */
  InvalidVpIndex: 0x0e,
  /** Item not found. */
  NotFound: 0x10,
  /** Port id in use (create) or unknown. */
  InvalidPortId: 0x11,
  /** Connection id in use (connect) or unknown. */
  InvalidConnectionId: 0x12,
  /** No free message buffer on the port; retry later. */
  InsufficientBuffers: 0x13,
  /** Interrupt neither asserted/acknowledged as required. */
  NotAcknowledged: 0x14,
  /** Virtual processor in the wrong state. */
  InvalidVpState: 0x15,
  /** Earlier external interrupt was acknowledged, cannot assert/clear. */
  Acknowledged: 0x16,
  /** First save/restore call lacked the start flag or sequence broken. */
  InvalidSaveRestoreState: 0x17,
  /** SynIC feature needed by the operation is disabled (SIEFP/SIMP/SCONTROL/SINT). */
  InvalidSynicState: 0x18,
  /** Object or value already in use. */
  ObjectInUse: 0x19,
  /** Bad proximity flags or id. */
  InvalidProximityDomainInfo: 0x1a,
  /** No data available. */
  NoData: 0x1b,
  /** Debug connection has no recent activity. */
  Inactive: 0x1c,
  /** A resource could not be allocated. */
  NoResources: 0x1d,
  /** Feature not available to the caller. */
  FeatureUnavailable: 0x1e,
  /** Only part of a debug packet returned. */
  PartialPacket: 0x1f,
  /**
   * Restore state needs an unsupported processor feature. Also HV_STATUS_PROCESSOR_FEATURE_SSE3_NOT_SUPPORTED (TLFS
   * 2.0).
   */
  ProcessorFeatureNotSupported: 0x20,
  /** Restore state needs LAHFSAHF. */
  ProcessorFeatureLahfsahfNotSupported: 0x21,
  /** Restore state needs SSSE3. */
  ProcessorFeatureSsse3NotSupported: 0x22,
  /** Restore state needs SSE4_1. */
  ProcessorFeatureSse41NotSupported: 0x23,
  /** Restore state needs SSE4_2. */
  ProcessorFeatureSse42NotSupported: 0x24,
  /** Restore state needs SSE4A. */
  ProcessorFeatureSse4aNotSupported: 0x25,
  /** Restore state needs SSE5. */
  ProcessorFeatureSse5NotSupported: 0x26,
  /** Restore state needs POPCNT. */
  ProcessorFeaturePopcntNotSupported: 0x27,
  /** Restore state needs CMPXCHG16B. */
  ProcessorFeatureCmpxchg16bNotSupported: 0x28,
  /** Restore state needs ALTMOVCR8. */
  ProcessorFeatureAltmovcr8NotSupported: 0x29,
  /** Restore state needs LZCNT. */
  ProcessorFeatureLzcntNotSupported: 0x2a,
  /** Restore state needs MISALIGNED_SSE. */
  ProcessorFeatureMisalignedSseNotSupported: 0x2b,
  /** Restore state needs MMX_EXT. */
  ProcessorFeatureMmxExtNotSupported: 0x2c,
  /** Restore state needs 3DNOW. */
  ProcessorFeature3dnowNotSupported: 0x2d,
  /** Restore state needs EXTENDED_3DNOW. */
  ProcessorFeatureExtended3dnowNotSupported: 0x2e,
  /** Restore state needs PAGE_1GB. */
  ProcessorFeaturePage1gbNotSupported: 0x2f,
  /** Cache line flush size unsupported. */
  ProcessorCacheLineFlushSizeIncompatible: 0x30,
  /** Restore state needs XSAVE. */
  ProcessorFeatureXsaveNotSupported: 0x31,
  /** Restore state needs XSAVEOPT. */
  ProcessorFeatureXsaveoptNotSupported: 0x32,
  /**
   * Supplied buffer too small for the data. Also HV_STATUS_PROCESSOR_FEATURE_XSAVE_LEGACY_SSE_NOT_SUPPORTED (TLFS
   * 2.0).
   */
  InsufficientBuffer: 0x33,
  /** Restore state needs XSAVE AVX. */
  ProcessorFeatureXsaveAvxNotSupported: 0x34,
  /** Restore state needs an unknown XSAVE feature. */
  ProcessorFeatureXsaveUnknownFeatureNotSupported: 0x35,
  /** XSAVE area incompatible. */
  ProcessorXsaveSaveAreaIncompatible: 0x36,
  /** Processor architecture unsupported. */
  IncompatibleProcessor: 0x37,
  /** Platform I/O remapping domains exhausted. */
  InsufficientDeviceDomains: 0x38,
  /** Logical processor CPUID feature set invalid. */
  CpuidFeatureValidationError: 0x3c,
  /** CPUID XSAVE features invalid. */
  CpuidXsaveFeatureValidationError: 0x3d,
  /** Processor start timed out. */
  ProcessorStartupTimeout: 0x3e,
  /** SMX enabled by firmware. */
  SmxEnabled: 0x3f,
  /** No such logical processor. */
  InvalidLpIndex: 0x41,
  /** Register value invalid. */
  InvalidRegisterValue: 0x50,
  /** VTL not in the required state. */
  InvalidVtlState: 0x51,
  /** No-execute not present. */
  NxNotDetected: 0x55,
  /** Device id invalid. */
  InvalidDeviceId: 0x57,
  /** Device in the wrong state. */
  InvalidDeviceState: 0x58,
  /** Pending page requests were dropped. */
  PendingPageRequests: 0x59,
  /** Page request asks for access the guest lacks. */
  PageRequestInvalid: 0x60,
  /** Key already present. */
  KeyAlreadyExists: 0x65,
  /** Device already attached to a domain. */
  DeviceAlreadyInDomain: 0x66,
  /** CPU group id invalid. */
  InvalidCpuGroupId: 0x6f,
  /** CPU group in the wrong state. */
  InvalidCpuGroupState: 0x70,
  /** Operation failed. */
  OperationFailed: 0x71,
  /** Refused while nested virtualization is active. */
  NotAllowedWithNestedVirtActive: 0x72,
  /** Root partition pool short of memory. */
  InsufficientRootMemory: 0x73,
  /** Event log buffer already freed. */
  EventBufferAlreadyFreed: 0x74,
  /** Pool has no contiguous range of the needed size; Linux deposits contiguous pages and tries again. */
  InsufficientContiguousMemory: 0x75,
  /** Operation timed out. Also HV_STATUS_TIME_OUT (Linux). */
  Timeout: 0x78,
  /** Call accepted, completion arrives as HvMessageTypeAsyncCallCompletion. */
  CallPending: 0x79,
  /** Root pool has no contiguous range. */
  InsufficientContiguousRootMemory: 0x83,
  /** VTL already enabled. */
  VtlAlreadyEnabled: 0x86,
  /** Register name not recognised. */
  UnknownRegisterName: 0x87,
} as const

/** Names of {@link HvStatus}. */
export type HvStatusName = keyof typeof HvStatus

const byCode: ReadonlyMap<number, HvStatusName> = /* @__PURE__ */ namesByCode()

function namesByCode(): Map<number, HvStatusName> {
  const names = new Map<number, HvStatusName>()
  for (const name of statusNames()) names.set(HvStatus[name], name)
  return names
}

/** All names, by code. */
export function statusNames(): HvStatusName[] {
  return Object.keys(HvStatus).filter((name) => isStatusName(name))
}

/** Whether a word is a name in {@link HvStatus}. */
export function isStatusName(name: string): name is HvStatusName {
  return Object.hasOwn(HvStatus, name)
}

/** The name of a status: `InvalidPartitionId` for 0x0d. */
export function statusName(code: number): HvStatusName | undefined {
  return byCode.get(code)
}

/** `HV_STATUS_INVALID_PARTITION_ID` for 0x0d; of a code without a name the number. */
export function statusText(code: number): string {
  const name = byCode.get(code)
  return name === undefined ? `HV_STATUS 0x${code.toString(16).padStart(4, '0')}` : tlfsStatusName(name)
}

/** `HV_STATUS_INVALID_PARTITION_ID` for `InvalidPartitionId`. */
export function tlfsStatusName(name: HvStatusName): string {
  const words = name.replace(/([a-z0-9])(?=[A-Z])/g, '$1_').toUpperCase()
  return `HV_STATUS_${oddNames[words] ?? words}`
}

/** Names in which a digit starts or ends a word. */
const oddNames: Readonly<Record<string, string>> = {
  PROCESSOR_FEATURE_SSE41_NOT_SUPPORTED: 'PROCESSOR_FEATURE_SSE4_1_NOT_SUPPORTED',
  PROCESSOR_FEATURE_SSE42_NOT_SUPPORTED: 'PROCESSOR_FEATURE_SSE4_2_NOT_SUPPORTED',
  PROCESSOR_FEATURE3DNOW_NOT_SUPPORTED: 'PROCESSOR_FEATURE_3DNOW_NOT_SUPPORTED',
  PROCESSOR_FEATURE_EXTENDED3DNOW_NOT_SUPPORTED: 'PROCESSOR_FEATURE_EXTENDED_3DNOW_NOT_SUPPORTED',
  PROCESSOR_FEATURE_PAGE1GB_NOT_SUPPORTED: 'PROCESSOR_FEATURE_PAGE_1GB_NOT_SUPPORTED',
}
