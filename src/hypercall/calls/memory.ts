import { array, bit, bitField, bits, bytes, reserved, u8, u16, u32, u64, wideBitField } from '../../wire/index.ts'
import { GpaAccessTrackingRangeSizeField } from '../enums/memory.ts'
import { MapGpaFlagsField, UnmapGpaFlagsField } from '../flags.ts'
import { GpaPageRangeWord } from '../gpa-ranges.ts'
import { partitionIdField } from '../ids.ts'
import {
  GpaPageAccessStateFlagsWord,
  GpaPageAccessStateWord,
  GpaPageAttributesWord,
  SpaPageListFlagsWord,
  SpaPageRangeWord,
} from '../memory.ts'
import { ProximityDomainInfo } from '../vp.ts'
import { call } from './call.ts'

/** Moves pages of the caller into a partition's memory pool. */
export const HvCallDepositMemory = /* @__PURE__ */ call(0x0048, 'HvCallDepositMemory', 'rep', {
  input: {
    /** Who gets the pages: a child of the caller; the root may name itself. */
    partitionId: partitionIdField,
  },
  inputAliases: { linux: 'hv_deposit_memory' },
  element: {
    /** Page number in the caller's space: mapped with all access, in no other partition, not deposited yet. */
    gpaPage: u64,
  },
  privilege: 'accessMemoryPool',
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'OperationDenied', 'InvalidPartitionState', 'ObjectInUse'],
  aliases: { linux: 'HVCALL_DEPOSIT_MEMORY' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Takes unused pages back from a partition's memory pool; they are zeroed. */
export const HvCallWithdrawMemory = /* @__PURE__ */ call(0x0049, 'HvCallWithdrawMemory', 'rep', {
  input: {
    /** Whose pool gives: a child of the caller; the root may name itself. */
    partitionId: partitionIdField,
    /** NUMA domain to take the pages from. */
    proximityDomainInfo: ProximityDomainInfo,
  },
  inputAliases: { linux: 'hv_input_withdraw_memory' },
  outputElement: {
    /** Page number in the caller's space, zeroed and accessible again. */
    gpaPage: u64,
  },
  privilege: 'accessMemoryPool',
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidParameter', 'NoResources'],
  aliases: { linux: 'HVCALL_WITHDRAW_MEMORY' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * How many pages of a partition's pool are free and in use. The TLFS online prints offset 0 for both outputs; TLFS 2.0A and headers
 * have the second at 8.
 */
export const HvCallGetMemoryBalance = /* @__PURE__ */ call(0x004a, 'HvCallGetMemoryBalance', 'simple', {
  input: {
    /** A child of the caller; the root may name itself. */
    partitionId: partitionIdField,
    /** NUMA domain whose pages are counted. */
    proximityDomainInfo: ProximityDomainInfo,
  },
  output: {
    /** Free pages of the pool, 4096 bytes each. */
    pagesAvailable: u64,
    /** Pages that the hypervisor has taken from the pool. */
    pagesInUse: u64,
  },
  privilege: 'accessMemoryPool',
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidParameter'],
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Maps pages of the caller into the guest physical space of a partition, from a base on. The root maps itself identically only. The
 * TLFS online prints 8 bytes for the flags; TLFS 2.0A and Linux have 4 and padding.
 */
export const HvCallMapGpaPages = /* @__PURE__ */ call(0x004b, 'HvCallMapGpaPages', 'rep', {
  input: {
    /** A child of the caller; the root may name itself. */
    targetPartitionId: partitionIdField,
    /** Page number in the target's space where element 0 goes; element i goes i pages further. */
    targetGpaBase: u64,
    mapFlags: MapGpaFlagsField,
    padding: reserved(4),
  },
  inputAliases: { linux: 'hv_input_map_gpa_pages' },
  element: {
    /** Page number in the caller's space. */
    sourceGpaPage: u64,
  },
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidParameter',
    'OperationDenied',
    'InvalidPartitionState',
    'InsufficientMemory',
    'ObjectInUse',
  ],
  aliases: { linux: 'HVCALL_MAP_GPA_PAGES' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Unmaps a run of pages from the guest physical space of a partition: as many as the rep count, 2 MiB each with the large page flag;
 * there is no list. None need be mapped. The form of TLFS 2.0A has no flags, 16 bytes.
 */
export const HvCallUnmapGpaPages = /* @__PURE__ */ call(0x004c, 'HvCallUnmapGpaPages', 'rep', {
  input: {
    /** A child of the caller. */
    targetPartitionId: partitionIdField,
    /** First page number, in the target's space; the rep count tells how many. */
    targetGpaBase: u64,
    unmapFlags: UnmapGpaFlagsField,
    padding: reserved(4),
  },
  inputAliases: { linux: 'hv_input_unmap_gpa_pages' },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidParameter', 'InvalidPartitionState', 'ObjectInUse'],
  aliases: { linux: 'HVCALL_UNMAP_GPA_PAGES' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Maps pages of the caller into the guest physical space of a partition, each at its own place. The TLFS online prints 8 bytes for
 * the flags; TLFS 2.0A has 4 and padding.
 */
export const HvCallMapSparseGpaPages = /* @__PURE__ */ call(0x006e, 'HvCallMapSparseGpaPages', 'rep', {
  input: {
    /** A child of the caller; the root may name itself. */
    targetPartitionId: partitionIdField,
    mapFlags: MapGpaFlagsField,
    padding: reserved(4),
  },
  element: {
    /** In the target's space; what was mapped there is replaced. */
    targetGpaPageNumber: u64,
    /** In the caller's space. */
    sourceGpaPageNumber: u64,
  },
  caller: 'parent or root',
  since: 'Windows Server 2008 R2',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidParameter',
    'OperationDenied',
    'InvalidPartitionState',
    'InsufficientMemory',
    'ObjectInUse',
  ],
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Changes access to pages that are mapped, each by itself. The tables of TLFS 6.0b do not mark it as a rep call, the online text
 * does.
 */
export const HvCallModifySparseGpaPages = /* @__PURE__ */ call(0x0090, 'HvCallModifySparseGpaPages', 'rep', {
  input: {
    targetPartitionId: partitionIdField,
    /** The access that the pages have afterwards. */
    mapFlags: MapGpaFlagsField,
    rsvdz: reserved(u32),
  },
  element: {
    /** In the target's space. */
    gpaPageNumber: u64,
  },
  caller: 'root',
  since: 'Windows Server 2012 R2',
  source: 'TLFS, Mile.HyperV, TLFS 6.0b',
})

/** Lists runs of system physical pages. */
export const HvCallGetSpaPageList = /* @__PURE__ */ call(0x0097, 'HvCallGetSpaPageList', 'simple', {
  input: {
    /** A system physical page number. */
    startPage: u64,
    /** A system physical page number. */
    endPage: u64,
    flags: SpaPageListFlagsWord,
  },
  output: {
    /** `startPage` of the call that goes on. */
    nextPageToScan: u64,
    /** Entries of `rangeList` in use, 0 … 510. */
    rangeCount: u16,
    rsvd: reserved(6),
    /** The first `rangeCount` count. */
    rangeList: array(SpaPageRangeWord, 510),
  },
  caller: 'root',
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Sets attributes of guest physical pages. */
export const HvCallSetGpaPageAttributes = /* @__PURE__ */ call(0x00ae, 'HvCallSetGpaPageAttributes', 'rep', {
  input: {
    partitionId: partitionIdField,
    attributes: GpaPageAttributesWord,
  },
  element: {
    /** In the target's space. */
    gpaPageNumber: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Hands memory to the hypervisor. */
export const HvCallAddPhysicalMemory = /* @__PURE__ */ call(0x00bc, 'HvCallAddPhysicalMemory', 'unknown', {
  input: {
    prepare: u8,
    largePage: u8,
    reserved1: reserved(u16),
    reserved2: reserved(u32),
    /** A page number. */
    startPage: u64,
  },
  output: {
    /** Number of pages. */
    pagesProcessed: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Commits the translation of a run of pages ahead of use. */
export const HvCallPrecommitGpaPages = /* @__PURE__ */ call(0x00be, 'HvCallPrecommitGpaPages', 'rep', {
  input: {
    targetPartitionId: partitionIdField,
    flags: u32,
    padding: reserved(4),
    /** Where the run begins; symbols type it an address, not a page number. The rep count tells how many. */
    targetGpaBase: u64,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Takes back HvCallPrecommitGpaPages. */
export const HvCallUncommitGpaPages = /* @__PURE__ */ call(0x00bf, 'HvCallUncommitGpaPages', 'rep', {
  input: {
    targetPartitionId: partitionIdField,
    /** Where the run begins; symbols type it an address, not a page number. The rep count tells how many. */
    targetGpaBase: u64,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Whether a run of guest physical pages was read or written. */
export const HvCallGetGpaPagesAccessState = /* @__PURE__ */ call(0x00c9, 'HvCallGetGpaPagesAccessState', 'rep', {
  input: {
    targetPartitionId: partitionIdField,
    flags: GpaPageAccessStateFlagsWord,
    /** First page number, in the target's space; the rep count tells how many. */
    targetGpaBase: u64,
  },
  inputAliases: { linux: 'hv_input_get_gpa_pages_access_state' },
  outputElement: {
    /** Of page i from the base on. */
    accessState: GpaPageAccessStateWord,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  aliases: { linux: 'HVCALL_GET_GPA_PAGES_ACCESS_STATES', like: 'HvCallGetGpaPagesAccessStates' },
  source: 'Mile.HyperV',
})

/** Whether guest physical pages, each by itself, were read or written. */
export const HvCallGetSparseGpaPagesAccessState = /* @__PURE__ */ call(
  0x00ca,
  'HvCallGetSparseGpaPagesAccessState',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
      flags: GpaPageAccessStateFlagsWord,
    },
    element: {
      /** In the target's space. */
      gpaPageNumber: u64,
    },
    outputElement: {
      /** Of the page that element i of the input names. */
      accessState: GpaPageAccessStateWord,
    },
    since: 'Windows 10 1709-1803 / Server 2019 development',
    source: 'Mile.HyperV',
  },
)

/** Reads system physical memory, 1 to 8 bytes. */
export const HvCallReadSystemMemory = /* @__PURE__ */ call(0x00f5, 'HvCallReadSystemMemory', 'simple', {
  input: {
    request: bits(u64, {
      /** System physical address, in bytes. */
      spa: wideBitField(0, 52),
      uncached: bit(52),
      size: bitField(53, 4),
    }),
  },
  output: {
    /** Narrower reads fill the low bytes. */
    value: u64,
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'Mile.HyperV',
})

/** Takes memory back from the hypervisor. */
export const HvCallRemovePhysicalMemory = /* @__PURE__ */ call(0x00f7, 'HvCallRemovePhysicalMemory', 'unknown', {
  input: {
    prepare: u8,
    largePage: u8,
    reserved1: reserved(u16),
    reserved2: reserved(u32),
    /** A page number. */
    startPage: u64,
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'Mile.HyperV',
})

/** Deposits memory that is mirrored. */
export const HvCallDepositMemoryMirroring = /* @__PURE__ */ call(0x00ff, 'HvCallDepositMemoryMirroring', 'unknown', {
  layout: 'unknown',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Whether ranges of guest physical memory were read or written. Output unknown. */
export const HvCallGetGpaRangesAccessState = /* @__PURE__ */ call(0x0102, 'HvCallGetGpaRangesAccessState', 'rep', {
  input: {
    partitionId: u64,
    flags: GpaPageAccessStateFlagsWord,
    /** A page number, in the target's space. */
    baseGpaPage: u64,
    rangeSize: GpaAccessTrackingRangeSizeField,
    reserved: reserved(u32),
  },
  layout: 'partial',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/**
 * Pages that the hypervisor keeps of a partition. The structures are named GET_PARTITION_RESERVED_PAGES in symbols; that they belong
 * to this code is told by their meaning only.
 */
export const HvCallQueryPartitionReservedPages = /* @__PURE__ */ call(
  0x0105,
  'HvCallQueryPartitionReservedPages',
  'simple',
  {
    input: {
      partitionId: u64,
      flags: bits(u64, {
        /** Go on where the last call ended. */
        continue: bit(0),
      }),
    },
    output: {
      /** Entries of `rangeList` in use, 0 … 511; symbols count in the low 16 bits. */
      rangeCount: u64,
      /** The first `rangeCount` count. */
      rangeList: array(SpaPageRangeWord, 511),
    },
    since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
    source: 'Mile.HyperV',
  },
)

/** Reads device memory for an isolated guest, up to 64 bytes. */
export const HvCallMemoryMappedIoRead = /* @__PURE__ */ call(0x0106, 'HvCallMemoryMappedIoRead', 'simple', {
  input: {
    /** Guest physical address, in bytes. */
    gpa: u64,
    /** Bytes to read, at most 64. */
    accessWidth: u32,
    reservedZ0: reserved(u32),
  },
  inputAliases: { linux: 'hv_mmio_read_input' },
  output: {
    /** The first `accessWidth` bytes count. */
    data: bytes(64),
  },
  outputAliases: { linux: 'hv_mmio_read_output' },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  aliases: { linux: 'HVCALL_MMIO_READ' },
  source: 'Mile.HyperV, OpenVMM hvdef',
})

/** Writes device memory for an isolated guest, up to 64 bytes. */
export const HvCallMemoryMappedIoWrite = /* @__PURE__ */ call(0x0107, 'HvCallMemoryMappedIoWrite', 'simple', {
  input: {
    /** Guest physical address, in bytes. */
    gpa: u64,
    /** Bytes to write, at most 64. */
    accessWidth: u32,
    reservedZ0: reserved(u32),
    /** The first `accessWidth` bytes count. */
    data: bytes(64),
  },
  inputAliases: { linux: 'hv_mmio_write_input' },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  aliases: { linux: 'HVCALL_MMIO_WRITE' },
  source: 'Mile.HyperV, OpenVMM hvdef',
})

/** Keeps runs of guest physical pages in memory. */
export const HvCallPinGpaPageRanges = /* @__PURE__ */ call(0x0112, 'HvCallPinGpaPageRanges', 'rep', {
  input: {
    reserved: reserved(u64),
  },
  element: {
    gpaRange: GpaPageRangeWord,
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV, OpenVMM hvdef',
})

/** Ends HvCallPinGpaPageRanges. */
export const HvCallUnpinGpaPageRanges = /* @__PURE__ */ call(0x0113, 'HvCallUnpinGpaPageRanges', 'rep', {
  input: {
    reserved: reserved(u64),
  },
  element: {
    gpaRange: GpaPageRangeWord,
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV, OpenVMM hvdef',
})
