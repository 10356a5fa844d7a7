import { bit, bits, bytes, reserved, u8, u16, u32, u64 } from '../../wire/index.ts'
import { DeviceIdWord } from '../device-id.ts'
import {
  AttachDeviceFlagsWord,
  DeviceAddressSpaceWord,
  DevicePciCapabilitiesWord,
  FullPasid,
  PhysicalDeviceFlagsWord,
} from '../devices.ts'
import { DevicePrqPropertyField, PhysicalDevicePropertyField } from '../enums/interrupts.ts'
import { GvaRangeExtendedWord } from '../gpa-ranges.ts'
import { partitionIdField, vpIndexField } from '../ids.ts'
import { call } from './call.ts'

/** Not in use today. In TLFS 6.0b the code was HvCallUnmapDevicePages. */
export const HvCallReserved0081 = /* @__PURE__ */ call(0x0081, 'HvCallReserved0081', 'simple', {
  layout: 'unknown',
  privilege: 'cpuManagement',
  caller: 'root',
  aliases: { like: 'HvCallUnmapDevicePages' },
  source: 'TLFS 6.0b',
})

/** Assigns a device to a partition. */
export const HvCallAttachDevice = /* @__PURE__ */ call(0x0082, 'HvCallAttachDevice', 'simple', {
  input: {
    /** The one that gets the device. */
    partitionId: partitionIdField,
    /** Read it as the form that its type names: PCI, I/O APIC, ACPI or logical. */
    deviceId: DeviceIdWord,
    flags: AttachDeviceFlagsWord,
    /** VTL that owns the device, a plain number. */
    vtl: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    /** Number that the partition is to know it by. */
    logicalDeviceId: u64,
    pciCapabilities: DevicePciCapabilitiesWord,
    reserved2: reserved(u32),
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Takes a device from a partition. */
export const HvCallDetachDevice = /* @__PURE__ */ call(0x0083, 'HvCallDetachDevice', 'simple', {
  input: {
    partitionId: partitionIdField,
    /** Read it as the form that its type names: PCI, I/O APIC, ACPI or logical. */
    deviceId: DeviceIdWord,
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Creates a space of process address space ids. */
export const HvCallCreatePasidSpace = /* @__PURE__ */ call(0x009d, 'HvCallCreatePasidSpace', 'simple', {
  input: {
    partitionId: partitionIdField,
    pasidSpaceId: u32,
    /** How many PASIDs the space has. */
    pasidCount: u32,
    pat: u64,
    flags: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Deletes a space of process address space ids. */
export const HvCallDeletePasidSpace = /* @__PURE__ */ call(0x009e, 'HvCallDeletePasidSpace', 'simple', {
  input: {
    partitionId: partitionIdField,
    pasidSpaceId: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Gives a PASID its page table. */
export const HvCallSetPasidAddressSpace = /* @__PURE__ */ call(0x009f, 'HvCallSetPasidAddressSpace', 'simple', {
  input: {
    partitionId: partitionIdField,
    fullPasid: FullPasid,
    addressSpace: DeviceAddressSpaceWord,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Flushes what a PASID has in the IOTLB. */
export const HvCallFlushPasidAddressSpace = /* @__PURE__ */ call(0x00a0, 'HvCallFlushPasidAddressSpace', 'simple', {
  input: {
    fullPasid: FullPasid,
    flags: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Flushes runs of pages of a PASID from the IOTLB; the header counts them too. */
export const HvCallFlushPasidAddressList = /* @__PURE__ */ call(0x00a1, 'HvCallFlushPasidAddressList', 'rep', {
  input: {
    fullPasid: FullPasid,
    flags: u32,
    /** Number of elements, as the rep count. */
    vaCount: u32,
  },
  element: {
    vaRange: GvaRangeExtendedWord,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Attaches a device to a PASID space. */
export const HvCallAttachPasidSpace = /* @__PURE__ */ call(0x00a2, 'HvCallAttachPasidSpace', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    pasidSpaceId: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Detaches a device from its PASID space. */
export const HvCallDetachPasidSpace = /* @__PURE__ */ call(0x00a3, 'HvCallDetachPasidSpace', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Enables a PASID on a device. */
export const HvCallEnablePasid = /* @__PURE__ */ call(0x00a4, 'HvCallEnablePasid', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    /** At most 20 bits, as PCI Express has them. */
    pasid: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Disables a PASID on a device. */
export const HvCallDisablePasid = /* @__PURE__ */ call(0x00a5, 'HvCallDisablePasid', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    /** At most 20 bits, as PCI Express has them. */
    pasid: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Acknowledges a device's page request. */
export const HvCallAcknowledgeDevicePageRequest = /* @__PURE__ */ call(
  0x00a6,
  'HvCallAcknowledgeDevicePageRequest',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 10 / Server 2016',
    source: 'Mile.HyperV',
  },
)

/** Creates a queue for page requests of devices. */
export const HvCallCreateDevicePrQueue = /* @__PURE__ */ call(0x00a7, 'HvCallCreateDevicePrQueue', 'simple', {
  input: {
    partitionId: partitionIdField,
    queueId: u32,
    size: u32,
    /** First page number of the queue, in the partition's space. */
    baseGpaPage: u64,
    /** Raised on `interruptVpIndex`. */
    interruptVector: u32,
    /** VP that `interruptVector` goes to. */
    interruptVpIndex: vpIndexField,
    flags: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Deletes a page request queue. */
export const HvCallDeleteDevicePrQueue = /* @__PURE__ */ call(0x00a8, 'HvCallDeleteDevicePrQueue', 'simple', {
  input: {
    partitionId: partitionIdField,
    queueId: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Sets a property of a page request queue. The property's value follows in a form that no source lists. */
export const HvCallSetDevicePrqProperty = /* @__PURE__ */ call(0x00a9, 'HvCallSetDevicePrqProperty', 'simple', {
  input: {
    queueId: u32,
    property: DevicePrqPropertyField,
  },
  layout: 'partial',
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Reads a property of a physical device. */
export const HvCallGetPhysicalDeviceProperty = /* @__PURE__ */ call(
  0x00aa,
  'HvCallGetPhysicalDeviceProperty',
  'simple',
  {
    input: {
      physicalDeviceId: DeviceIdWord,
      flags: PhysicalDeviceFlagsWord,
      property: PhysicalDevicePropertyField,
      reserved: reserved(u32),
    },
    output: {
      /** In the form that the property asked for has, from byte 0 on. */
      property: bytes(16),
    },
    since: 'Windows 10 / Server 2016',
    source: 'Mile.HyperV',
  },
)

/** Sets a property of a physical device. The property's value follows in a form that no source lists. */
export const HvCallSetPhysicalDeviceProperty = /* @__PURE__ */ call(
  0x00ab,
  'HvCallSetPhysicalDeviceProperty',
  'simple',
  {
    input: {
      physicalDeviceId: DeviceIdWord,
      property: PhysicalDevicePropertyField,
      reserved: reserved(u32),
    },
    layout: 'partial',
    since: 'Windows 10 / Server 2016',
    source: 'Mile.HyperV',
  },
)

/** Has the page requests of an IOMMU processed. */
export const HvCallProcessIommuPrq = /* @__PURE__ */ call(0x00c3, 'HvCallProcessIommuPrq', 'simple', {
  input: {
    iommuId: u32,
    padding: reserved(4),
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Keeps a device alive across a restart of the hypervisor. */
export const HvCallPersistDevice = /* @__PURE__ */ call(0x00eb, 'HvCallPersistDevice', 'simple', {
  input: {
    partitionId: partitionIdField,
    /** Read it as the form that its type names: PCI, I/O APIC, ACPI or logical. */
    deviceId: DeviceIdWord,
    flags: AttachDeviceFlagsWord,
    padding: reserved(4),
    /** Number that the partition is to know it by. */
    logicalDeviceId: u64,
    pciCapabilities: DevicePciCapabilitiesWord,
    /** Requester id: bus, device and function. */
    physicalFunctionRid: u16,
    padding2: reserved(2),
  },
  since: 'Windows 10 2004/21H1 (call table)',
  source: 'Mile.HyperV',
})

/** Ends HvCallPersistDevice. */
export const HvCallUnpersistDevice = /* @__PURE__ */ call(0x00ec, 'HvCallUnpersistDevice', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
  },
  since: 'Windows 10 2004/21H1 (call table)',
  source: 'Mile.HyperV',
})

/**
 * Sets what a device may use. Whether the capabilities follow at 20 or 24 is not certain: symbols do not tell the width of the
 * flags.
 */
export const HvCallSetDeviceCapabilities = /* @__PURE__ */ call(0x0100, 'HvCallSetDeviceCapabilities', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    flags: bits(u32, {
      clear: bit(0),
      set: bit(1),
      svmSupported: bit(2),
      dmaEnabled: bit(3),
      /** PCI Express address translation services. */
      atsEnabled: bit(4),
      pasidSupported: bit(5),
    }),
    /**
     * Offset 20 if Flags is 4 bytes, 24 if its storage unit is 8 bytes; the bitfield list totals 32 bits but symbol
     * storage is ambiguous.
     */
    pciCapabilities: DevicePciCapabilitiesWord,
  },
  layout: 'partial',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Maps memory for DMA. */
export const HvCallMapDmaRange = /* @__PURE__ */ call(0x0108, 'HvCallMapDmaRange', 'unknown', {
  layout: 'unknown',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Unmaps memory for DMA. */
export const HvCallUnmapDmaRange = /* @__PURE__ */ call(0x0109, 'HvCallUnmapDmaRange', 'unknown', {
  layout: 'unknown',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Gives a device a page request queue. */
export const HvCallAttachDevicePrQueue = /* @__PURE__ */ call(0x010b, 'HvCallAttachDevicePrQueue', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    prQueueId: u32,
    reserved: reserved(u32),
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Takes a device's page request queue. */
export const HvCallDetachDevicePrQueue = /* @__PURE__ */ call(0x010c, 'HvCallDetachDevicePrQueue', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Reads a property of a device. */
export const HvCallGetLogicalDeviceProperty = /* @__PURE__ */ call(0x0127, 'HvCallGetLogicalDeviceProperty', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    /** 10 = PVIOMMU. */
    code: u32,
    reserved: reserved(u32),
  },
  output: {
    /** Bit 0 = IOMMU enabled. */
    deviceIommu: u64,
    reserved: reserved(u64),
  },
  since: 'after build 26100',
  source: 'Linux',
})
