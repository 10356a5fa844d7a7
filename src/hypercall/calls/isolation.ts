import { array, bit, bitField, bits, bytes, reserved, u8, u16, u32, u64, wideBitField } from '../../wire/index.ts'
import { partitionIdField } from '../ids.ts'
import { PspLaunchFinishData } from '../isolation.ts'
import { GpaPageMappingDataWord, GpaPageMappingLockInputWord } from '../memory.ts'
import { call } from './call.ts'

/** Lets the host access pages of an isolated partition, by guest physical page. */
export const HvCallAcquireSparseGpaPageHostAccess = /* @__PURE__ */ call(
  0x00d2,
  'HvCallAcquireSparseGpaPageHostAccess',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
      access: bits(u32, {
        /** Bit 0 read, bit 1 write. */
        hostAccess: bitField(0, 2),
      }),
      reserved1: reserved(u32),
    },
    element: {
      /** In the isolated partition's space. */
      gpaPageNumber: u64,
    },
    since: 'Windows 10 1803-1903 / Server 2019',
    source: 'Mile.HyperV',
  },
)

/** Ends HvCallAcquireSparseGpaPageHostAccess. */
export const HvCallReleaseSparseGpaPageHostAccess = /* @__PURE__ */ call(
  0x00d3,
  'HvCallReleaseSparseGpaPageHostAccess',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
      access: bits(u32, {
        /** Bit 0 read, bit 1 write. */
        hostAccess: bitField(0, 2),
      }),
      reserved1: reserved(u32),
    },
    element: {
      /** In the isolated partition's space. */
      gpaPageNumber: u64,
    },
    since: 'Windows 10 1803-1903 / Server 2019',
    source: 'Mile.HyperV',
  },
)

/** Lets the host access pages of an isolated partition, by system physical page. */
export const HvCallAcquireSparseSpaPageHostAccess = /* @__PURE__ */ call(
  0x00d7,
  'HvCallAcquireSparseSpaPageHostAccess',
  'rep',
  {
    input: {
      access: bits(u32, {
        /** Bit 0 read, bit 1 write. */
        hostAccess: bitField(0, 2),
      }),
      /** Mask, by Linux: 1 make exclusive, 2 make shared, 4 pages of 2 MiB, 8 pages of 1 GiB. */
      flags: u32,
      targetPartitionId: partitionIdField,
    },
    inputAliases: { linux: 'hv_input_modify_sparse_spa_page_host_access' },
    element: {
      /** A system physical page number. */
      spaPage: u64,
    },
    since: 'Windows Server 2022 development',
    aliases: { linux: 'HVCALL_ACQUIRE_SPARSE_SPA_PAGE_HOST_ACCESS' },
    source: 'Mile.HyperV',
  },
)

/** Ends HvCallAcquireSparseSpaPageHostAccess. */
export const HvCallReleaseSparseSpaPageHostAccess = /* @__PURE__ */ call(
  0x00d8,
  'HvCallReleaseSparseSpaPageHostAccess',
  'rep',
  {
    input: {
      access: bits(u32, {
        /** Bit 0 read, bit 1 write. */
        hostAccess: bitField(0, 2),
      }),
      /** Mask, by Linux: 1 make exclusive, 2 make shared, 4 pages of 2 MiB, 8 pages of 1 GiB. */
      flags: u32,
      targetPartitionId: partitionIdField,
    },
    inputAliases: { like: 'hv_input_modify_sparse_spa_page_host_access' },
    element: {
      /** A system physical page number. */
      spaPage: u64,
    },
    since: 'Windows Server 2022 development',
    aliases: { linux: 'HVCALL_RELEASE_SPARSE_SPA_PAGE_HOST_ACCESS' },
    source: 'Mile.HyperV',
  },
)

/**
 * An isolated guest accepts a run of pages that its host gave it: as many as the rep count, from the base on. There is no list,
 * though OpenVMM declares one.
 */
export const HvCallAcceptGpaPages = /* @__PURE__ */ call(0x00d9, 'HvCallAcceptGpaPages', 'rep', {
  input: {
    /** `WellKnownPartition.Self`: a guest does it for itself. */
    targetPartitionId: partitionIdField,
    attributes: bits(u32, {
      /** `AcceptMemoryType`. */
      memoryType: bitField(0, 6),
      /** 0 private, 1 the host reads, 3 it reads and writes. */
      hostVisibility: bitField(6, 2),
      /** VTLs that `vtlPermissionSet` counts for. */
      vtlSet: bitField(8, 3),
    }),
    /** Permissions from VTL 1 on, one entry a VTL. */
    vtlPermissionSet: array(u16, 2),
    /** First page number; the rep count tells how many. */
    gpaPageBase: u64,
  },
  since: 'Windows Server 2022 development',
  source: 'Mile.HyperV, OpenVMM hvdef',
})

/** An isolated guest gives pages back to its host. */
export const HvCallUnacceptGpaPages = /* @__PURE__ */ call(0x00da, 'HvCallUnacceptGpaPages', 'rep', {
  input: {
    targetPartitionId: partitionIdField,
    attributes: bits(u32, {
      /** VTLs that `vtlPermissionSet` counts for. */
      vtlSet: bitField(0, 3),
    }),
    /** Permissions from VTL 1 on, one entry a VTL. */
    vtlPermissionSet: array(u16, 2),
    /** First page number; the rep count tells how many. */
    gpaPageBase: u64,
  },
  since: 'Windows Server 2022 development',
  source: 'Mile.HyperV',
})

/**
 * An isolated guest shares pages with its host, or takes them back: 0 private, 1 the host reads, 3 it reads and writes.
 */
export const HvCallModifySparseGpaPageHostVisibility = /* @__PURE__ */ call(
  0x00db,
  'HvCallModifySparseGpaPageHostVisibility',
  'rep',
  {
    input: {
      /** `WellKnownPartition.Self`: a guest does it for itself. */
      targetPartitionId: partitionIdField,
      visibility: bits(u32, {
        /** 0 private, 1 the host reads, 3 it reads and writes. */
        hostVisibility: bitField(0, 2),
      }),
      reserved1: reserved(u32),
    },
    inputAliases: { like: 'hv_gpa_range_for_visibility' },
    element: {
      /** In the guest's own space. */
      gpaPageNumber: u64,
    },
    since: 'Windows Server 2022 development',
    aliases: { linux: 'HVCALL_MODIFY_SPARSE_GPA_PAGE_HOST_VISIBILITY' },
    source: 'Mile.HyperV, OpenVMM hvdef',
  },
)

/** Holds the mapping of pages as it is, and tells it. */
export const HvCallLockSparseGpaPageMapping = /* @__PURE__ */ call(0x00dc, 'HvCallLockSparseGpaPageMapping', 'rep', {
  input: {
    targetPartitionId: partitionIdField,
    flags: u32,
    reserved: reserved(u32),
  },
  element: {
    page: GpaPageMappingLockInputWord,
  },
  outputElement: {
    mapping: bits(u64, {
      spaPageOwnership: bit(0),
      spaPageMemoryType: bitField(1, 4),
      rootReadable: bit(5),
      rootWritable: bit(6),
      rootAdjustable: bit(7),
      untrustedOverlay: bit(8),
      /** A system physical page number. */
      spaPage: wideBitField(12, 40),
    }),
    data: GpaPageMappingDataWord,
  },
  since: 'Windows Server 2022 development',
  source: 'Mile.HyperV',
})

/** Ends HvCallLockSparseGpaPageMapping. */
export const HvCallUnlockSparseGpaPageMapping = /* @__PURE__ */ call(
  0x00dd,
  'HvCallUnlockSparseGpaPageMapping',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
    },
    element: {
      mapping: bits(u64, {
        setAttributes: bit(0),
        gpaPage: wideBitField(12, 40),
      }),
      data: GpaPageMappingDataWord,
    },
    since: 'Windows Server 2022 development',
    source: 'Mile.HyperV',
  },
)

/** Measures pages into an isolated partition before it starts. */
export const HvCallImportIsolatedPages = /* @__PURE__ */ call(0x00ef, 'HvCallImportIsolatedPages', 'rep', {
  input: {
    partitionId: u64,
    /** `IsolatedPageType`, for all elements. */
    pageType: u32,
    /** `IsolatedPageSize`: 0 for 4 KiB, 1 for 2 MiB. */
    pageSize: u32,
  },
  element: {
    /** Guest physical page number. */
    pageNumber: u64,
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'rust-vmm/mshv',
})

/** Ends imports that were pending. */
export const HvCallCompletePendingIsolatedPagesImport = /* @__PURE__ */ call(
  0x00f0,
  'HvCallCompletePendingIsolatedPagesImport',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 11 preview (2021) (call table)',
    aliases: { like: 'HvCallReserved00f0' },
    source: 'Mile.HyperV',
  },
)

/**
 * Ends the measured import into an isolated partition. The data is that of SNP, packed, as in rust-vmm/mshv; symbols have one opaque
 * word.
 */
export const HvCallCompleteIsolatedImport = /* @__PURE__ */ call(0x00f1, 'HvCallCompleteIsolatedImport', 'simple', {
  input: {
    partitionId: u64,
    importData: PspLaunchFinishData,
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'rust-vmm/mshv',
})

/** Passes an SNP guest's request to the security processor. */
export const HvCallIssueSnpPspGuestRequest = /* @__PURE__ */ call(0x00f2, 'HvCallIssueSnpPspGuestRequest', 'simple', {
  input: {
    partitionId: u64,
    /** The guest's page with its encrypted request. */
    requestPage: u64,
    /** The guest's page that takes the answer. */
    responsePage: u64,
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'rust-vmm/mshv',
})

/** Passes requests of nested SNP guests to the security processor. */
export const HvCallIssueNestedSnpPspRequests = /* @__PURE__ */ call(
  0x00f9,
  'HvCallIssueNestedSnpPspRequests',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 11 preview (2021) (call table)',
    source: 'Mile.HyperV',
  },
)

/** Ends requests to the security processor. */
export const HvCallCompleteSnpPspRequests = /* @__PURE__ */ call(0x00fa, 'HvCallCompleteSnpPspRequests', 'unknown', {
  layout: 'unknown',
  since: 'Windows 11 preview (2021) (call table)',
  aliases: { like: 'HvCallReserved00fa' },
  source: 'Mile.HyperV',
})

/** Whether the host sees pages. */
export const HvCallQuerySparseGpaPageHostVisibility = /* @__PURE__ */ call(
  0x011c,
  'HvCallQuerySparseGpaPageHostVisibility',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
    },
    element: {
      /** In the guest's own space. */
      gpaPageNumber: u64,
    },
    outputElement: {
      /** Of the page that element i of the input names; no bit: private. */
      hostVisibility: bits(u8, {
        readable: bit(0),
        writable: bit(1),
      }),
    },
    since: 'after build 26100',
    source: 'Mile.HyperV, OpenVMM hvdef',
  },
)

/** Asks for an attestation report of a VBS partition. */
export const HvCallVbsVmCallReport = /* @__PURE__ */ call(0xc001, 'HvCallVbsVmCallReport', 'simple', {
  input: {
    /** The caller's own, signed along with the report. */
    reportData: bytes(64),
  },
  output: {
    /**
     * VBS VM attestation report, at most 2048 bytes; package header PackageSize u32, Version u32, SignatureScheme u32,
     * SignatureSize u32, Reserved u32, then version, report data, signature.
     */
    report: bytes(2048),
  },
  source: 'OpenVMM hvdef',
})
