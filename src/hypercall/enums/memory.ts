import { openEnum, u32 } from '../../wire/index.ts'

/** Memory types of x64; ARM64 has its own in the same field. Source: HV_CACHE_TYPE of Mile.HyperV. */
export const CacheType = {
  Uncached: 0,
  WriteCombining: 1,
  WriteThrough: 4,
  WriteProtected: 5,
  WriteBack: 6,
} as const
/** {@link CacheType} on the wire, 4 bytes. */
export const CacheTypeField = /* @__PURE__ */ openEnum('CacheType', u32, CacheType)

/** What kind of page HvCallAcceptGpaPages may accept. Source: HV_ACCEPT_MEMORY_TYPE of Mile.HyperV. */
export const AcceptMemoryType = {
  Any: 0,
  Ram: 1,
} as const

/** How HvCallReadGpa and HvCallWriteGpa ended. Source: HV_ACCESS_GPA_RESULT_CODE of Mile.HyperV. */
export const AccessGpaResultCode = {
  Success: 0,
  Unmapped: 1,
  ReadIntercept: 2,
  WriteIntercept: 3,
  IllegalOverlayAccess: 4,
} as const
/** {@link AccessGpaResultCode} on the wire, 4 bytes. */
export const AccessGpaResultCodeField = /* @__PURE__ */ openEnum('AccessGpaResultCode', u32, AccessGpaResultCode)

/** How a translation ended. Source: HV_TRANSLATE_GVA_RESULT_CODE of Mile.HyperV. */
export const TranslateGvaResultCode = {
  Success: 0,
  PageNotPresent: 1,
  PrivilegeViolation: 2,
  InvalidPageTableFlags: 3,
  GpaUnmapped: 4,
  GpaNoReadAccess: 5,
  GpaNoWriteAccess: 6,
  GpaIllegalOverlayAccess: 7,
  Intercept: 8,
  GpaUnaccepted: 9,
} as const
/** {@link TranslateGvaResultCode} on the wire, 4 bytes. */
export const TranslateGvaResultCodeField = /* @__PURE__ */ openEnum(
  'TranslateGvaResultCode',
  u32,
  TranslateGvaResultCode,
)

/**
 * How HvCallCheckSparseGpaPageVtlAccess judged a page. Source: HV_CHECK_GPA_PAGE_VTL_ACCESS_RESULT_CODE of
 * Mile.HyperV.
 */
export const CheckGpaPageVtlAccessResultCode = {
  Success: 0,
  MemoryIntercept: 1,
} as const
/** {@link CheckGpaPageVtlAccessResultCode} on the wire, 4 bytes. */
export const CheckGpaPageVtlAccessResultCodeField = /* @__PURE__ */ openEnum(
  'CheckGpaPageVtlAccessResultCode',
  u32,
  CheckGpaPageVtlAccessResultCode,
)

/** Granularity of access tracking over ranges. Source: HV_GPA_ACCESS_TRACKING_RANGE_SIZE of Mile.HyperV. */
export const GpaAccessTrackingRangeSize = {
  Range4k: 0,
  Range2m: 1,
  Range1g: 2,
  Range512g: 3,
  Range256t: 4,
} as const
/** {@link GpaAccessTrackingRangeSize} on the wire, 4 bytes. */
export const GpaAccessTrackingRangeSizeField = /* @__PURE__ */ openEnum(
  'GpaAccessTrackingRangeSize',
  u32,
  GpaAccessTrackingRangeSize,
)

/** Granularity of page access tracking. Source: HV_PAGE_ACCESS_TRACKING_GRANULARITY of Mile.HyperV. */
export const PageAccessTrackingGranularity = {
  SmallPage: 0,
  LargePage: 1,
} as const

/** Whether a system physical page belongs to one partition. Source: HV_SPA_PAGE_OWNERSHIP of Mile.HyperV. */
export const SpaPageOwnership = {
  Shared: 0,
  Exclusive: 1,
} as const

/** How the host sees a page of an isolated partition. Source: HostVisibilityType of OpenVMM hvdef. */
export const HostVisibility = {
  Private: 0,
  Shared: 3,
} as const

/** What a page imported into an isolated partition is. Source: hv_isolated_page_type of rust-vmm/mshv. */
export const IsolatedPageType = {
  Normal: 0,
  Vmsa: 1,
  Zero: 2,
  Unmeasured: 3,
  Secrets: 4,
  Cpuid: 5,
} as const

/** Size of an imported page. Source: hv_isolated_page_size of rust-vmm/mshv. */
export const IsolatedPageSize = {
  Size4KB: 0,
  Size2MB: 1,
} as const

/** How much a guest uses some memory. Source: HV_EXT_MEMORY_HEAT_HINT_TYPE of Mile.HyperV. */
export const MemoryHeat = {
  Cold: 0,
  Hot: 1,
  ColdDiscard: 2,
} as const
