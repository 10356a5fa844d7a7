import { bit, bits, reserved, u8, u16, u32, u64 } from '../../wire/index.ts'
import { DeviceIdWord } from '../device-id.ts'
import { CreateDeviceDomainFlagsWord, DeviceDomainId, InputDeviceDomain } from '../devices.ts'
import { GvaRangeExtendedWord } from '../gpa-ranges.ts'
import { partitionIdField } from '../ids.ts'
import { InputVtlWord } from '../input-vtl.ts'
import { call } from './call.ts'

/** Creates a device domain: an address space for DMA. */
export const HvCallCreateDeviceDomain = /* @__PURE__ */ call(0x00b1, 'HvCallCreateDeviceDomain', 'simple', {
  input: {
    /** New: the caller chooses its number. */
    deviceDomain: InputDeviceDomain,
    createDeviceDomainFlags: CreateDeviceDomainFlagsWord,
    padding: reserved(4),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Puts a device into a device domain. */
export const HvCallAttachDeviceDomain = /* @__PURE__ */ call(0x00b2, 'HvCallAttachDeviceDomain', 'simple', {
  input: {
    deviceDomain: InputDeviceDomain,
    /** Read it as the form that its type names: PCI, I/O APIC, ACPI or logical. */
    deviceId: DeviceIdWord,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Maps guest physical pages into a device domain, from a device address on. */
export const HvCallMapDeviceGpaPages = /* @__PURE__ */ call(0x00b3, 'HvCallMapDeviceGpaPages', 'rep', {
  input: {
    deviceDomain: InputDeviceDomain,
    /** Without `useTargetVtl` the caller's. */
    targetVtl: InputVtlWord,
    padding: reserved(3),
    mapFlags: u32,
    /** Device address of element 0; each further element is a page above. */
    targetDeviceVaBase: u64,
  },
  element: {
    /** Page of memory that the device is to reach there. */
    gpaPageNumber: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Unmaps a run of pages from a device domain: presumably as many as the rep count, there is no list. */
export const HvCallUnmapDeviceGpaPages = /* @__PURE__ */ call(0x00b4, 'HvCallUnmapDeviceGpaPages', 'rep', {
  input: {
    deviceDomain: InputDeviceDomain,
    /** Device address where the run begins. */
    targetDeviceVaBase: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Takes a device out of its device domain. */
export const HvCallDetachDeviceDomain = /* @__PURE__ */ call(0x00c4, 'HvCallDetachDeviceDomain', 'simple', {
  input: {
    partitionId: partitionIdField,
    /** Read it as the form that its type names: PCI, I/O APIC, ACPI or logical. */
    deviceId: DeviceIdWord,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Deletes a device domain. */
export const HvCallDeleteDeviceDomain = /* @__PURE__ */ call(0x00c5, 'HvCallDeleteDeviceDomain', 'simple', {
  input: {
    deviceDomain: InputDeviceDomain,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** What device addresses of a domain are mapped to. Output unknown. */
export const HvCallQueryDeviceDomain = /* @__PURE__ */ call(0x00c6, 'HvCallQueryDeviceDomain', 'rep', {
  input: {
    deviceDomain: InputDeviceDomain,
  },
  element: {
    /** Device address of a page. */
    targetDeviceVa: u64,
  },
  layout: 'partial',
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Maps guest physical pages into a device domain, each at its own place. */
export const HvCallMapSparseDeviceGpaPages = /* @__PURE__ */ call(0x00c7, 'HvCallMapSparseDeviceGpaPages', 'rep', {
  input: {
    deviceDomain: InputDeviceDomain,
    /** Without `useTargetVtl` the caller's. */
    targetVtl: InputVtlWord,
    padding: reserved(3),
    mapFlags: u32,
  },
  element: {
    /** Device address of the page. */
    targetDeviceVa: u64,
    /** Page of memory that the device is to reach there. */
    gpaPageNumber: u64,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Unmaps pages from a device domain, each by itself. */
export const HvCallUnmapSparseDeviceGpaPages = /* @__PURE__ */ call(0x00c8, 'HvCallUnmapSparseDeviceGpaPages', 'rep', {
  input: {
    deviceDomain: InputDeviceDomain,
  },
  element: {
    /** Device address of a page. */
    targetDeviceVa: u64,
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/**
 * Sets up translation in a device domain, as in Linux's pvIOMMU patches. The older form of the symbols has 64 bytes:
 * `DeviceDomainSettings` behind the domain.
 */
export const HvCallConfigureDeviceDomain = /* @__PURE__ */ call(0x00ce, 'HvCallConfigureDeviceDomain', 'simple', {
  input: {
    partitionId: partitionIdField,
    ownerVtl: InputVtlWord,
    padding: reserved(7),
    domainId: DeviceDomainId,
    settingsFlags: bits(u64, {
      /** DMA goes through the page table. */
      translationEnabled: bit(0),
      /** No DMA at all. */
      blocked: bit(1),
      firstStagePagingMode: bit(2),
    }),
    /** Physical address of the guest's own first stage table. */
    pageTableRoot: u64,
  },
  since: 'Windows 10 1803-1903 / Server 2019',
  source: 'Linux',
})

/** Reads properties of a device domain. */
export const HvCallQueryDeviceDomainProperties = /* @__PURE__ */ call(
  0x00cf,
  'HvCallQueryDeviceDomainProperties',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 10 1803-1903 / Server 2019',
    source: 'Mile.HyperV',
  },
)

/** Flushes a device domain from the IOTLB. */
export const HvCallFlushDeviceDomain = /* @__PURE__ */ call(0x00d0, 'HvCallFlushDeviceDomain', 'simple', {
  input: {
    deviceDomain: InputDeviceDomain,
    flags: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 1803-1903 / Server 2019',
  source: 'Mile.HyperV',
})

/** Flushes runs of a device domain from the IOTLB. */
export const HvCallFlushDeviceDomainList = /* @__PURE__ */ call(0x00d1, 'HvCallFlushDeviceDomainList', 'rep', {
  input: {
    deviceDomain: InputDeviceDomain,
    flags: u32,
    reserved: reserved(u32),
  },
  element: {
    vaRange: GvaRangeExtendedWord,
  },
  since: 'Windows 10 1803-1903 / Server 2019',
  source: 'Mile.HyperV',
})

/** Reserves a place in a device domain for a device. */
export const HvCallReserveDeviceDomainAttachment = /* @__PURE__ */ call(
  0x010d,
  'HvCallReserveDeviceDomainAttachment',
  'simple',
  {
    input: {
      deviceDomain: InputDeviceDomain,
      logicalDeviceId: u64,
    },
    since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
    source: 'Mile.HyperV',
  },
)

/** Ends HvCallReserveDeviceDomainAttachment. */
export const HvCallUnreserveDeviceDomainAttachment = /* @__PURE__ */ call(
  0x010e,
  'HvCallUnreserveDeviceDomainAttachment',
  'simple',
  {
    input: {
      partitionId: partitionIdField,
      logicalDeviceId: u64,
    },
    since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
    source: 'Mile.HyperV',
  },
)

/** What the virtual IOMMU can do. */
export const HvCallGetIommuCapabilities = /* @__PURE__ */ call(0x0125, 'HvCallGetIommuCapabilities', 'simple', {
  input: {
    partitionId: partitionIdField,
    reserved: reserved(u64),
  },
  output: {
    size: u32,
    reserved: reserved(u16),
    /** Bits of a device address. */
    maxIovaWidth: u8,
    /** Bits of a PASID. */
    maxPasidWidth: u8,
    iommuCap: bits(u64, {
      /** There is a virtual IOMMU. */
      present: bit(0),
      /** Second stage translation. */
      s2: bit(1),
      /** First stage translation. */
      s1: bit(2),
      /** First stage tables may have five levels. */
      s1FiveLevel: bit(3),
      pasid: bit(4),
      /** PCI Express address translation services. */
      ats: bit(5),
      /** PCI Express page requests. */
      pri: bit(6),
    }),
    /** Bit n: pages of 2 to the n bytes. */
    pgsizeBitmap: u64,
  },
  since: 'after build 26100',
  source: 'Linux',
})
