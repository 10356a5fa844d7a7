import { u64 } from '../../wire/index.ts'
import { FlushFlagsField } from '../flags.ts'
import { GpaPageRangeWord, GvaRangeSimpleWord } from '../gpa-ranges.ts'
import { VpSet } from '../vp-set.ts'
import { call } from './call.ts'

/** Makes the caller run in another address space, as a write of CR3 does. */
export const HvCallSwitchVirtualAddressSpace = /* @__PURE__ */ call(
  0x0001,
  'HvCallSwitchVirtualAddressSpace',
  'simple',
  {
    input: {
      /** Value for CR3. */
      addressSpace: u64,
    },
    caller: 'self',
    fast: true,
    since: 'Windows Server 2008',
    statuses: ['InvalidParameter'],
    source: 'Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
  },
)

/** Flushes the virtual TLB of VPs 0 … 63 for one address space or all. */
export const HvCallFlushVirtualAddressSpace = /* @__PURE__ */ call(0x0002, 'HvCallFlushVirtualAddressSpace', 'simple', {
  input: {
    /** Value of its CR3; ignored with `FlushFlags.allVirtualAddressSpaces`. */
    addressSpace: u64,
    flags: FlushFlagsField,
    /** Bit n: VP n. Ignored with `FlushFlags.allProcessors`, else not 0. */
    processorMask: u64,
  },
  inputAliases: { linux: 'hv_tlb_flush' },
  caller: 'self',
  since: 'Windows Server 2008',
  statuses: ['InvalidParameter'],
  aliases: { linux: 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Flushes runs of guest virtual pages from the virtual TLB of VPs 0 … 63. */
export const HvCallFlushVirtualAddressList = /* @__PURE__ */ call(0x0003, 'HvCallFlushVirtualAddressList', 'rep', {
  input: {
    /** Value of its CR3; ignored with `FlushFlags.allVirtualAddressSpaces`. */
    addressSpace: u64,
    /** Never with `nonGlobalMappingsOnly`. */
    flags: FlushFlagsField,
    /** Bit n: VP n. Ignored with `FlushFlags.allProcessors`, else not 0. */
    processorMask: u64,
  },
  element: {
    /** With `FlushFlags.useExtendedRangeFormat` in the form of `GvaRangeExtended`. */
    gvaRange: GvaRangeSimpleWord,
  },
  caller: 'self',
  architecture: 'x64',
  since: 'Windows Server 2008',
  statuses: ['InvalidParameter'],
  aliases: { linux: 'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Flushes the virtual TLB of any set of VPs for one address space or all. */
export const HvCallFlushVirtualAddressSpaceEx = /* @__PURE__ */ call(
  0x0013,
  'HvCallFlushVirtualAddressSpaceEx',
  'variable',
  {
    input: {
      /** Value of its CR3; ignored with `FlushFlags.allVirtualAddressSpaces`. */
      addressSpace: u64,
      flags: FlushFlagsField,
      /** Ignored with `FlushFlags.allProcessors`. */
      processorSet: VpSet,
    },
    inputAliases: { linux: 'hv_tlb_flush_ex' },
    caller: 'self',
    since: 'Windows 10 / Server 2016',
    statuses: ['InvalidParameter'],
    aliases: { linux: 'HVCALL_FLUSH_VIRTUAL_ADDRESS_SPACE_EX' },
    source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
  },
)

/** Flushes runs of guest virtual pages from the virtual TLB of any set of VPs. */
export const HvCallFlushVirtualAddressListEx = /* @__PURE__ */ call(
  0x0014,
  'HvCallFlushVirtualAddressListEx',
  'variable-rep',
  {
    input: {
      /** Value of its CR3; ignored with `FlushFlags.allVirtualAddressSpaces`. */
      addressSpace: u64,
      /** Never with `nonGlobalMappingsOnly`. */
      flags: FlushFlagsField,
      /** Ignored with `FlushFlags.allProcessors`. */
      processorSet: VpSet,
    },
    element: {
      /** With `FlushFlags.useExtendedRangeFormat` in the form of `GvaRangeExtended`. */
      gvaRange: GvaRangeSimpleWord,
    },
    caller: 'self',
    architecture: 'x64',
    since: 'Windows 10 / Server 2016',
    statuses: ['InvalidParameter'],
    aliases: { linux: 'HVCALL_FLUSH_VIRTUAL_ADDRESS_LIST_EX' },
    source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
  },
)

/** Waits until the VPs in the mask have seen all earlier changes. */
export const HvCallSyncContext = /* @__PURE__ */ call(0x0019, 'HvCallSyncContext', 'simple', {
  input: {
    flags: u64,
    /** Bit n: VP n. */
    processorMask: u64,
  },
  source: 'Mile.HyperV',
})

/** Waits until the VPs in the set have seen all earlier changes. */
export const HvCallSyncContextEx = /* @__PURE__ */ call(0x001a, 'HvCallSyncContextEx', 'variable', {
  input: {
    flags: u64,
    processorSet: VpSet,
  },
  source: 'Mile.HyperV',
})

/** Flushes processor caches. */
export const HvCallFlushCache = /* @__PURE__ */ call(0x001d, 'HvCallFlushCache', 'unknown', {
  layout: 'unknown',
  source: 'Mile.HyperV',
})

/** Flushes second level translations of a nested guest. */
export const HvCallFlushGuestPhysicalAddressSpace = /* @__PURE__ */ call(
  0x00af,
  'HvCallFlushGuestPhysicalAddressSpace',
  'simple',
  {
    input: {
      /** Physical address of the root of its second level tables: EPT PML4 or nested CR3. */
      addressSpace: u64,
      flags: FlushFlagsField,
    },
    inputAliases: { linux: 'hv_guest_mapping_flush' },
    caller: 'any',
    architecture: 'x64',
    since: 'Windows 10 / Server 2016',
    statuses: ['InvalidParameter', 'InvalidVpState'],
    aliases: { linux: 'HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_SPACE' },
    source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
  },
)

/**
 * Flushes runs of second level translations of a nested guest. The TLFS counts pages in 12 bits; Linux and the symbols in 11, with a
 * large page bit, so at most 2048.
 */
export const HvCallFlushGuestPhysicalAddressList = /* @__PURE__ */ call(
  0x00b0,
  'HvCallFlushGuestPhysicalAddressList',
  'rep',
  {
    input: {
      /** Physical address of the root of its second level tables: EPT PML4 or nested CR3. */
      addressSpace: u64,
      flags: FlushFlagsField,
    },
    inputAliases: { like: 'hv_guest_mapping_flush_list' },
    element: {
      gpaRange: GpaPageRangeWord,
    },
    caller: 'any',
    architecture: 'x64',
    since: 'Windows 10 / Server 2016',
    statuses: ['InvalidParameter', 'InvalidVpState'],
    aliases: { linux: 'HVCALL_FLUSH_GUEST_PHYSICAL_ADDRESS_LIST' },
    source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
  },
)

/** Flushes the TLB. */
export const HvCallFlushTlb = /* @__PURE__ */ call(0x00d6, 'HvCallFlushTlb', 'unknown', {
  layout: 'unknown',
  since: 'Windows 10 1803-1903 / Server 2019',
  source: 'Mile.HyperV',
})
