import { bit, bitField, bits, reserved, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import {
  AccessGpaResultCodeField,
  CheckGpaPageVtlAccessResultCodeField,
  TranslateGvaResultCodeField,
} from './enums/memory.ts'
import { InputVtlWord } from './input-vtl.ts'
import { X64PendingEvent } from './pending-events.ts'
import { word } from './word.ts'

/**
 * How an access of HvCallReadGpa or HvCallWriteGpa is made: memory type and VTL. Source: HV_ACCESS_GPA_CONTROL_FLAGS
 * of rust-vmm/mshv, Mile.HyperV.
 */
export const AccessGpaControlFlags = /* @__PURE__ */ struct(
  'AccessGpaControlFlags',
  {
    /** A `CacheType`. */
    cacheType: u8,
    inputVtl: InputVtlWord,
    reservedZ0: reserved(u16),
    reservedZ1: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_ACCESS_GPA_CONTROL_FLAGS' } },
)

/**
 * How an access of HvCallReadGpa or HvCallWriteGpa ended. Source: HV_ACCESS_GPA_RESULT of rust-vmm/mshv, Mile.HyperV,
 * WDK 7.1 hvgdk.
 */
export const AccessGpaResult = /* @__PURE__ */ struct(
  'AccessGpaResult',
  {
    resultCode: AccessGpaResultCodeField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_ACCESS_GPA_RESULT' } },
)

/**
 * Whether a VTL may access a page, which accesses are denied, and which VTL would take the intercept. Source:
 * HV_CHECK_GPA_PAGE_VTL_ACCESS_RESULT of Mile.HyperV.
 */
export const CheckGpaPageVtlAccessResult = /* @__PURE__ */ struct(
  'CheckGpaPageVtlAccessResult',
  {
    flags: bits(u32, {
      resultCode: bitField(0, 8, CheckGpaPageVtlAccessResultCodeField),
      deniedAccess: bitField(8, 8),
      /** VTL that would take the intercept. */
      interceptingVtl: bitField(16, 4),
    }),
    reserved1: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_CHECK_GPA_PAGE_VTL_ACCESS_RESULT' } },
)

/** A device address and the guest physical page behind it. Source: HV_DEVICE_VA_MAPPING of Mile.HyperV. */
export const DeviceVaMapping = /* @__PURE__ */ struct(
  'DeviceVaMapping',
  {
    targetDeviceVa: u64,
    /** Address ÷ 4096. */
    gpaPageNumber: u64,
  },
  { size: 16, aliases: { mile: 'HV_DEVICE_VA_MAPPING' } },
)

/**
 * A guest physical page and the page of the caller that it shows. Source: HV_GPA_MAPPING of Mile.HyperV, WDK 7.1
 * hvgdk.
 */
export const GpaMapping = /* @__PURE__ */ struct(
  'GpaMapping',
  {
    /** In the target partition: address ÷ 4096. */
    targetGpaPageNumber: u64,
    /** In the caller: address ÷ 4096. */
    sourceGpaPageNumber: u64,
  },
  { size: 16, aliases: { mile: 'HV_GPA_MAPPING' } },
)

/** Whether a page was read or written. Source: HV_GPA_PAGE_ACCESS_STATE of Mile.HyperV. */
export const GpaPageAccessStateWord = /* @__PURE__ */ bits(u8, {
  accessed: bit(0),
  /** It was written. */
  dirty: bit(1),
})
/** {@link GpaPageAccessStateWord} alone. */
export const GpaPageAccessState = /* @__PURE__ */ word('GpaPageAccessState', GpaPageAccessStateWord, {
  linux: 'hv_gpa_page_access_state',
  mile: 'HV_GPA_PAGE_ACCESS_STATE',
})

/** What to do with the access state once it is read. Source: HV_GPA_PAGE_ACCESS_STATE_FLAGS of Mile.HyperV. */
export const GpaPageAccessStateFlagsWord = /* @__PURE__ */ bits(u64, {
  clearAccessed: bit(0),
  setAccess: bit(1),
  clearDirty: bit(2),
  setDirty: bit(3),
})
/** {@link GpaPageAccessStateFlagsWord} alone. */
export const GpaPageAccessStateFlags = /* @__PURE__ */ word('GpaPageAccessStateFlags', GpaPageAccessStateFlagsWord, {
  linux: 'hv_gpa_page_access_state_flags',
  mile: 'HV_GPA_PAGE_ACCESS_STATE_FLAGS',
})

/** Attributes of a guest physical page. Source: HV_GPA_PAGE_ATTRIBUTES of Mile.HyperV. */
export const GpaPageAttributesWord = /* @__PURE__ */ bits(u64, {
  protectable: bit(0),
})
/** {@link GpaPageAttributesWord} alone. */
export const GpaPageAttributes = /* @__PURE__ */ word('GpaPageAttributes', GpaPageAttributesWord, {
  mile: 'HV_GPA_PAGE_ATTRIBUTES',
})

/** Acceptance and VTL permissions of a page. Source: HV_GPA_PAGE_MAPPING_DATA of Mile.HyperV. */
export const GpaPageMappingDataWord = /* @__PURE__ */ bits(u64, {
  acceptance: bitField(0, 2),
  vtl1Permission: bitField(2, 16),
  vtl2Permission: bitField(18, 16),
})
/** {@link GpaPageMappingDataWord} alone. */
export const GpaPageMappingData = /* @__PURE__ */ word('GpaPageMappingData', GpaPageMappingDataWord, {
  mile: 'HV_GPA_PAGE_MAPPING_DATA',
})

/** A page whose mapping is to be held. Source: HV_GPA_PAGE_MAPPING_LOCK_INPUT of Mile.HyperV. */
export const GpaPageMappingLockInputWord = /* @__PURE__ */ bits(u64, {
  acceptPrivate: bit(0),
  /** Address ÷ 4096. */
  gpaPage: wideBitField(12, 40),
})
/** {@link GpaPageMappingLockInputWord} alone. */
export const GpaPageMappingLockInput = /* @__PURE__ */ word('GpaPageMappingLockInput', GpaPageMappingLockInputWord, {
  mile: 'HV_GPA_PAGE_MAPPING_LOCK_INPUT',
})

/** The mapping of a page that is held. Source: HV_GPA_PAGE_MAPPING_LOCK_OUTPUT of Mile.HyperV. */
export const GpaPageMappingLockOutput = /* @__PURE__ */ struct(
  'GpaPageMappingLockOutput',
  {
    flags: bits(u64, {
      spaPageOwnership: bit(0),
      spaPageMemoryType: bitField(1, 4),
      rootReadable: bit(5),
      rootWritable: bit(6),
      rootAdjustable: bit(7),
      untrustedOverlay: bit(8),
      /** System physical address ÷ 4096. */
      spaPage: wideBitField(12, 40),
    }),
    /** Acceptance and VTL permissions. */
    data: GpaPageMappingDataWord,
  },
  { size: 16, aliases: { mile: 'HV_GPA_PAGE_MAPPING_LOCK_OUTPUT' } },
)

/**
 * A page whose mapping is to be let go, and what to set before. Source: HV_GPA_PAGE_MAPPING_UNLOCK_INPUT of
 * Mile.HyperV.
 */
export const GpaPageMappingUnlockInput = /* @__PURE__ */ struct(
  'GpaPageMappingUnlockInput',
  {
    flags: bits(u64, {
      /** `data` is put into force before the page is let go. */
      setAttributes: bit(0),
      /** Address ÷ 4096. */
      gpaPage: wideBitField(12, 40),
    }),
    data: GpaPageMappingDataWord,
  },
  { size: 16, aliases: { mile: 'HV_GPA_PAGE_MAPPING_UNLOCK_INPUT' } },
)

/** A guest physical page of a hypervisor module and access to it. Source: HV_GPA_PAGE_PERMISSION of Mile.HyperV. */
export const GpaPagePermissionWord = /* @__PURE__ */ bits(u64, {
  valid: bit(0),
  writable: bit(1),
  executable: bit(2),
  /** Address ÷ 4096. */
  gpaPage: wideBitField(12, 40),
})
/** {@link GpaPagePermissionWord} alone. */
export const GpaPagePermission = /* @__PURE__ */ word('GpaPagePermission', GpaPagePermissionWord, {
  mile: 'HV_GPA_PAGE_PERMISSION',
})

/** Memory described by a page table. Source: HV_MEMORY_DESCRIPTOR of Mile.HyperV. */
export const MemoryDescriptor = /* @__PURE__ */ struct(
  'MemoryDescriptor',
  {
    pages: u64,
    levels: u32,
    padding: reserved(4),
    pageTableRoot: u64,
  },
  { size: 24, aliases: { mile: 'HV_MEMORY_DESCRIPTOR' } },
)

/** NUMA domain of a range of memory. Source: HV_MEMORY_PROXIMITY_INFO of Mile.HyperV. */
export const MemoryProximityInfo = /* @__PURE__ */ struct(
  'MemoryProximityInfo',
  {
    baseAddress: u64,
    endAddress: u64,
    /** As ACPI's SRAT numbers the domains. */
    proximityDomainId: u32,
    padding: reserved(4),
  },
  { size: 24, aliases: { mile: 'HV_MEMORY_PROXIMITY_INFO' } },
)

/**
 * A range of memory and its domain; where it tells the kind of memory instead, bits 0 to 3 of that word are RAM, RAM
 * beyond the root's, RAM that can be added, bad RAM. Source: HV_MEMORY_RANGE_INFO of Mile.HyperV.
 */
export const MemoryRangeInfo = /* @__PURE__ */ struct(
  'MemoryRangeInfo',
  {
    baseAddress: u64,
    length: u64,
    /** As ACPI's SRAT numbers the domains. */
    proximityDomainId: u32,
    padding: reserved(4),
  },
  { size: 24, aliases: { mile: 'HV_MEMORY_RANGE_INFO' } },
)

/** A reserved page of a NUMA node. Source: HV_NUMA_NODE_RESERVED_PAGE_INFO of Mile.HyperV. */
export const NumaNodeReservedPageInfo = /* @__PURE__ */ struct(
  'NumaNodeReservedPageInfo',
  {
    physicalAddress: u64,
    /** As ACPI's SRAT numbers the domains. */
    proximityDomainId: u32,
    padding: reserved(4),
  },
  { size: 16, aliases: { mile: 'HV_NUMA_NODE_RESERVED_PAGE_INFO' } },
)

/** Which pages HvCallGetSpaPageList lists. Source: HV_SPA_PAGE_LIST_FLAGS of Mile.HyperV. */
export const SpaPageListFlagsWord = /* @__PURE__ */ bits(u64, {
  deposited: bit(0),
  minimal: bit(1),
  hardware: bit(2),
})
/** {@link SpaPageListFlagsWord} alone. */
export const SpaPageListFlags = /* @__PURE__ */ word('SpaPageListFlags', SpaPageListFlagsWord, {
  mile: 'HV_SPA_PAGE_LIST_FLAGS',
})

/** A run of system physical pages. Source: HV_SPA_PAGE_RANGE of Mile.HyperV. */
export const SpaPageRangeWord = /* @__PURE__ */ bits(u64, {
  /** Number of the first page. */
  basePfn: wideBitField(0, 40),
  /** Pages after the first. */
  additionalPages: bitField(40, 24),
})
/** {@link SpaPageRangeWord} alone. */
export const SpaPageRange = /* @__PURE__ */ word('SpaPageRange', SpaPageRangeWord, { mile: 'HV_SPA_PAGE_RANGE' })

/** Where a statistics page is mapped. Source: HV_ST_MAP_LOCATION of Mile.HyperV, WDK 7.1 hvgdk. */
export const StMapLocationWord = /* @__PURE__ */ bits(u64, {
  mapEnabled: bit(0),
  /** Guest physical address ÷ 4096. */
  baseMapGpaPageNumber: wideBitField(12, 52),
})
/** {@link StMapLocationWord} alone. */
export const StMapLocation = /* @__PURE__ */ word('StMapLocation', StMapLocationWord, { mile: 'HV_ST_MAP_LOCATION' })

/** Which access a translation stands for. Source: HV_TRANSLATE_GVA_CONTROL_FLAGS of Mile.HyperV. */
export const TranslateGvaControlFlagsWord = /* @__PURE__ */ bits(u64, {
  /** Fail where the page cannot be read. */
  validateRead: bit(0),
  /** Fail where the page cannot be written. */
  validateWrite: bit(1),
  /** Fail where code cannot be run. */
  validateExecute: bit(2),
  /** Whether pages are for user or supervisor does not matter. */
  privilegeExempt: bit(3),
  /** Set the accessed and dirty bits as the access would. */
  setPageTableBits: bit(4),
  /** TLB flushes that other VPs ask for wait while the VP stays suspended by its intercept. */
  tlbFlushInhibit: bit(5),
  supervisorAccess: bit(6),
  userAccess: bit(7),
  enforceSmap: bit(8),
  overrideSmap: bit(9),
  shadowStack: bit(10),
  /** Laid out as `InputVtl`. */
  inputVtlValue: bitField(56, 8),
})
/** {@link TranslateGvaControlFlagsWord} alone. */
export const TranslateGvaControlFlags = /* @__PURE__ */ word('TranslateGvaControlFlags', TranslateGvaControlFlagsWord, {
  mile: 'HV_TRANSLATE_GVA_CONTROL_FLAGS',
})

/** How a translation ended, and the memory type. Source: HV_TRANSLATE_GVA_RESULT of rust-vmm/mshv, Mile.HyperV. */
export const TranslateGvaResult = /* @__PURE__ */ struct(
  'TranslateGvaResult',
  {
    resultCode: TranslateGvaResultCodeField,
    flags: bits(u32, {
      /** A `CacheType`. */
      cacheType: bitField(0, 8),
      /** An overlay of the hypervisor lies on the page. */
      overlayPage: bit(8),
    }),
  },
  { size: 8, aliases: { mile: 'HV_TRANSLATE_GVA_RESULT' } },
)

/**
 * How a translation ended, and the event that the access would raise. Source: HV_TRANSLATE_GVA_RESULT_EX of
 * Mile.HyperV.
 */
export const TranslateGvaResultEx = /* @__PURE__ */ struct(
  'TranslateGvaResultEx',
  {
    resultCode: TranslateGvaResultCodeField,
    flags: bits(u32, {
      /** A `CacheType`. */
      cacheType: bitField(0, 8),
      /** An overlay of the hypervisor lies on the page. */
      overlayPage: bit(8),
    }),
    padding: reserved(8),
    eventInfo: X64PendingEvent,
  },
  { size: 48, aliases: { mile: 'HV_TRANSLATE_GVA_RESULT_EX' } },
)

/** A virtual page of a hypervisor module and access to it. Source: HV_VA_PERMISSION of Mile.HyperV. */
export const VaPermissionWord = /* @__PURE__ */ bits(u64, {
  valid: bit(0),
  writable: bit(1),
  executable: bit(2),
  /** Address ÷ 4096. */
  virtualPageFrame: wideBitField(12, 52),
})
/** {@link VaPermissionWord} alone. */
export const VaPermission = /* @__PURE__ */ word('VaPermission', VaPermissionWord, { mile: 'HV_VA_PERMISSION' })
