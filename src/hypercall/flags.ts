import { flags, flags64, openEnum, u8, u32, u64 } from '../wire/index.ts'

/** What a flush of virtual addresses covers. Bits 8 and 9 in symbols only. Source: TLFS (HV_FLUSH_FLAGS), OpenVMM hvdef (HvFlushFlags). */
export const FlushFlags = {
  /** All VPs: the processor mask or set is ignored. */
  allProcessors: 0x1n,
  /** The address space is ignored. */
  allVirtualAddressSpaces: 0x2n,
  /** Not with the calls that take a list. */
  nonGlobalMappingsOnly: 0x4n,
  /** Elements are `GvaRangeExtended`. */
  useExtendedRangeFormat: 0x8n,
  useTargetVtl: 0x10n,
  targetVtl0: 0x100n,
  targetVtl1: 0x200n,
} as const
/** {@link FlushFlags} on the wire. */
export const FlushFlagsField = /* @__PURE__ */ flags64('FlushFlags', u64, FlushFlags)

/**
 * Access to a guest physical page, and how it is mapped. TLFS 2.0A knows the lowest three, with one for both kinds of execution.
 * Source: TLFS (HV_MAP_GPA_FLAGS), OpenVMM hvdef (HvMapGpaFlags), Mile.HyperV.
 */
export const MapGpaFlags = {
  readable: 0x1,
  writable: 0x2,
  kernelExecutable: 0x4,
  userExecutable: 0x8,
  /** May be a shadow stack of the kernel. */
  supervisorShadowStack: 0x10,
  pagingWritability: 0x20,
  verifyPagingWritability: 0x40,
  adjustable: 0x8000,
  /** Not memory: no access. With `zeroed` it reads as all ones. */
  noAccess: 0x1_0000,
  /** Not memory: reads as all zeros. */
  zeroed: 0x2_0000,
  noOverlay: 0x10_0000,
  notCached: 0x20_0000,
  clearAccessed: 0x100_0000,
  setAccessed: 0x200_0000,
  clearDirty: 0x400_0000,
  setDirty: 0x800_0000,
  dontSetRangeAccessed: 0x1000_0000,
  /** Pages of 2 MiB; target and source must be aligned to that. */
  largePage: 0x8000_0000,
} as const
/** {@link MapGpaFlags} on the wire. */
export const MapGpaFlagsField = /* @__PURE__ */ flags('MapGpaFlags', u32, MapGpaFlags)

/** How pages are unmapped. The TLFS's table can be read as bit numbers; Linux has the mask 2 for large pages. Source: TLFS, Linux hvhdk_mini.h. */
export const UnmapGpaFlags = { keepPrecommitted: 0x1, largePage: 0x2 } as const
/** {@link UnmapGpaFlags} on the wire. */
export const UnmapGpaFlagsField = /* @__PURE__ */ flags('UnmapGpaFlags', u32, UnmapGpaFlags)

/** Accesses that an intercept is set on. Source: TLFS (HV_INTERCEPT_ACCESS_TYPE_MASK). */
export const InterceptAccessTypeMask = { read: 0x1, write: 0x2, execute: 0x4 } as const
/** {@link InterceptAccessTypeMask} on the wire. */
export const InterceptAccessTypeMaskField = /* @__PURE__ */ flags(
  'InterceptAccessTypeMask',
  u32,
  InterceptAccessTypeMask,
)

/** The access that an intercept message reports. Source: TLFS (HV_INTERCEPT_ACCESS_TYPE). */
export const InterceptAccessType = { Read: 0, Write: 1, Execute: 2 } as const
/** {@link InterceptAccessType} on the wire, 1 byte. */
export const InterceptAccessTypeField = /* @__PURE__ */ openEnum('InterceptAccessType', u8, InterceptAccessType)

/** On the first of the calls that save or restore a partition. Source: TLFS 2.0A (HV_SAVE_RESTORE_STATE_FLAGS). */
export const SaveRestoreStateFlags = { start: 0x1 } as const
/** {@link SaveRestoreStateFlags} on the wire. */
export const SaveRestoreStateFlagsField = /* @__PURE__ */ flags('SaveRestoreStateFlags', u32, SaveRestoreStateFlags)

/** Options of HvCallPostDebugData. Source: TLFS 2.0A (HV_DEBUG_OPTIONS). */
export const PostDebugDataOptions = { loop: 0x1 } as const
/** {@link PostDebugDataOptions} on the wire. */
export const PostDebugDataOptionsField = /* @__PURE__ */ flags('PostDebugDataOptions', u32, PostDebugDataOptions)

/** Options of HvCallRetrieveDebugData. Source: TLFS 2.0A (HV_DEBUG_OPTIONS). */
export const RetrieveDebugDataOptions = { loop: 0x1, testActivity: 0x2 } as const
/** {@link RetrieveDebugDataOptions} on the wire. */
export const RetrieveDebugDataOptionsField = /* @__PURE__ */ flags(
  'RetrieveDebugDataOptions',
  u32,
  RetrieveDebugDataOptions,
)

/** Options of HvCallResetDebugSession, at least one. Source: TLFS 2.0A (HV_DEBUG_OPTIONS). */
export const ResetDebugSessionOptions = { purgeIncomingData: 0x1, purgeOutgoingData: 0x2 } as const
/** {@link ResetDebugSessionOptions} on the wire. */
export const ResetDebugSessionOptionsField = /* @__PURE__ */ flags(
  'ResetDebugSessionOptions',
  u32,
  ResetDebugSessionOptions,
)

/**
 * What HvExtCallQueryCapabilities answers, by the names of symbols and Linux. The TLFS has other names from bit 1 on: MemoryHeatHint,
 * EpfSetup, SchedulerAssistSetup, MemoryHeatHintAsync. Source: Mile.HyperV, Linux asm-generic/hyperv-tlfs.h.
 */
export const ExtCapabilities = {
  /** HvExtCallGetBootZeroedMemory. */
  getBootZeroedMemory: 0x1n,
  memoryHotHint: 0x2n,
  memoryColdHint: 0x4n,
  epf: 0x8n,
  rootScheduler: 0x10n,
  powerSchedulerQos: 0x20n,
  asyncMemoryHint: 0x40n,
  memoryColdHintLargeOnly: 0x80n,
  memoryColdDiscardHint: 0x100n,
} as const
/** {@link ExtCapabilities} on the wire. */
export const ExtCapabilitiesField = /* @__PURE__ */ flags64('ExtCapabilities', u64, ExtCapabilities)
