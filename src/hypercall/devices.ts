import { bit, bitField, bits, reserved, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { DeviceIdWord } from './device-id.ts'
import { partitionIdField } from './ids.ts'
import { InputVtlWord } from './input-vtl.ts'
import { word } from './word.ts'

/** How a device is attached. Source: HV_ATTACH_DEVICE_FLAGS of Mile.HyperV. */
export const AttachDeviceFlagsWord = /* @__PURE__ */ bits(u32, {
  logicalId: bit(0),
  pasidSupported: bit(1),
  pasidEnabled: bit(2),
})
/** {@link AttachDeviceFlagsWord} alone. */
export const AttachDeviceFlags = /* @__PURE__ */ word('AttachDeviceFlags', AttachDeviceFlagsWord, {
  mile: 'HV_ATTACH_DEVICE_FLAGS',
})

/** How a device domain is created. Source: HV_CREATE_DEVICE_DOMAIN_FLAGS of Mile.HyperV. */
export const CreateDeviceDomainFlagsWord = /* @__PURE__ */ bits(u32, {
  forwardProgressRequired: bit(0),
  inheritOwningVtl: bit(1),
})
/** {@link CreateDeviceDomainFlagsWord} alone. */
export const CreateDeviceDomainFlags = /* @__PURE__ */ word('CreateDeviceDomainFlags', CreateDeviceDomainFlagsWord, {
  mile: 'HV_CREATE_DEVICE_DOMAIN_FLAGS',
})

/** Page table of a PASID. Source: HV_DEVICE_ADDRESS_SPACE of Mile.HyperV. */
export const DeviceAddressSpaceWord = /* @__PURE__ */ bits(u64, {
  present: bit(0),
  supervisor: bit(1),
  /** Address ÷ 4096. */
  pageTableRootPfn: wideBitField(12, 52),
})
/** {@link DeviceAddressSpaceWord} alone. */
export const DeviceAddressSpace = /* @__PURE__ */ word('DeviceAddressSpace', DeviceAddressSpaceWord, {
  mile: 'HV_DEVICE_ADDRESS_SPACE',
})

/** A device domain of a partition. Source: HV_DEVICE_DOMAIN_ID of Mile.HyperV. */
export const DeviceDomainId = /* @__PURE__ */ struct(
  'DeviceDomainId',
  {
    flags: bits(u32, {
      /** 0: second stage; 1: first stage. */
      type: bitField(0, 4),
    }),
    /** Of the second stage: 0 is the default domain, all ones none. */
    id: u32,
  },
  { size: 8, aliases: { mile: 'HV_DEVICE_DOMAIN_ID' } },
)

/** A device domain, and the partition and VTL that own it: how calls name it. */
export const InputDeviceDomain = /* @__PURE__ */ struct(
  'InputDeviceDomain',
  {
    partitionId: partitionIdField,
    ownerVtl: InputVtlWord,
    padding: reserved(7),
    domainId: DeviceDomainId,
  },
  { size: 24, aliases: { mile: 'HV_INPUT_DEVICE_DOMAIN' } },
)

/** Translation in a device domain, ARM64 form. Source: HV_DEVICE_DOMAIN_SETTINGS of Mile.HyperV. */
export const DeviceDomainSettings = /* @__PURE__ */ struct(
  'DeviceDomainSettings',
  {
    flags: bits(u64, {
      translationEnabled: bit(0),
      coherentTableWalks: bit(1),
    }),
    pageTableRoot0: u64,
    pageTableRoot1: u64,
    inputSize0: u8,
    inputSize1: u8,
    padding: reserved(2),
    /** Memory attributes, low half of MAIR. */
    mair0: u32,
    /** Memory attributes, high half of MAIR. */
    mair1: u32,
    asid: u16,
    padding2: reserved(2),
  },
  { size: 40, aliases: { mile: 'HV_DEVICE_DOMAIN_SETTINGS' } },
)

/** A device's request to bring in a page. Source: HV_DEVICE_PAGE_REQUEST of Mile.HyperV. */
export const DevicePageRequest = /* @__PURE__ */ struct(
  'DevicePageRequest',
  {
    deviceId: DeviceIdWord,
    request: bits(u64, {
      /** Page request group that an answer names. */
      groupIndex: bitField(0, 9),
      /** The group is complete: it wants an answer. */
      lastInGroup: bit(9),
      virtual: bit(10),
      pasid: bitField(11, 20),
    }),
    access: bits(u64, {
      read: bit(0),
      write: bit(1),
      execute: bit(2),
      privileged: bit(3),
      /** Address ÷ 4096. */
      pageNumber: wideBitField(12, 52),
    }),
    reserved3: reserved(u64),
    request2: bits(u64, {
      invalidRequest: bit(61),
      validateGpa: bit(62),
      overflow: bit(63),
    }),
    request3: bits(u64, {
      sendResponse: bit(63),
    }),
  },
  { size: 48, aliases: { mile: 'HV_DEVICE_PAGE_REQUEST' } },
)

/** What a PCI device can do. Source: HV_DEVICE_PCI_CAPABILITIES of Mile.HyperV. */
export const DevicePciCapabilitiesWord = /* @__PURE__ */ bits(u32, {
  /** Bits of a PASID. */
  maxPasidWidth: bitField(0, 5),
  /** 0 is 32, as in the ATS capability. */
  invalidateQueueDepth: bitField(5, 5),
  globalInvalidate: bit(10),
  prgResponsePasidRequired: bit(11),
})
/** {@link DevicePciCapabilitiesWord} alone. */
export const DevicePciCapabilities = /* @__PURE__ */ word('DevicePciCapabilities', DevicePciCapabilitiesWord, {
  mile: 'HV_DEVICE_PCI_CAPABILITIES',
})

/** Head of a page request queue. Source: HV_DEVICE_PRQ_HEADER of Mile.HyperV. */
export const DevicePrqHeader = /* @__PURE__ */ struct(
  'DevicePrqHeader',
  {
    head: u32,
    tail: u32,
    pending: u8,
    stalled: u8,
    error: u8,
    padding: reserved(1),
  },
  { size: 12, aliases: { mile: 'HV_DEVICE_PRQ_HEADER' } },
)

/** Whether a page request queue interrupts. Source: HV_DEVICE_PRQ_PROPERTY_INTERRUPT_MASKED of Mile.HyperV. */
export const DevicePrqPropertyInterruptMasked = /* @__PURE__ */ struct(
  'DevicePrqPropertyInterruptMasked',
  {
    interruptMasked: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    reserved2: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_DEVICE_PRQ_PROPERTY_INTERRUPT_MASKED' } },
)

/** A process address space id in its space. Source: HV_FULL_PASID of Mile.HyperV. */
export const FullPasid = /* @__PURE__ */ struct(
  'FullPasid',
  {
    pasid: u32,
    pasidSpaceId: u32,
  },
  { size: 8, aliases: { mile: 'HV_FULL_PASID' } },
)

/** A PCI function by requester id and segment. Source: HV_PCI_ID of Mile.HyperV. */
export const PciId = /* @__PURE__ */ struct(
  'PciId',
  {
    /** Bus in bits 15:8, device in 7:3, function in 2:0. */
    rid: u16,
    /** PCI segment group. */
    segment: u16,
  },
  { size: 4, aliases: { mile: 'HV_PCI_ID' } },
)

/** What kind of function a physical device is. Source: HV_PHYSICAL_DEVICE_FLAGS of Mile.HyperV. */
export const PhysicalDeviceFlagsWord = /* @__PURE__ */ bits(u64, {
  /** Of SR-IOV. */
  virtualFunction: bit(0),
  /** Requester id of the physical function; counts only with `virtualFunction`. */
  physicalFunctionRid: bitField(1, 16),
})
/** {@link PhysicalDeviceFlagsWord} alone. */
export const PhysicalDeviceFlags = /* @__PURE__ */ word('PhysicalDeviceFlags', PhysicalDeviceFlagsWord, {
  mile: 'HV_PHYSICAL_DEVICE_FLAGS',
})

/** Whether address translation services are on. Source: HV_PHYSICAL_DEVICE_PROPERTY_ATS_ENABLED of Mile.HyperV. */
export const PhysicalDevicePropertyAtsEnabled = /* @__PURE__ */ struct(
  'PhysicalDevicePropertyAtsEnabled',
  {
    pasidEnabled: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    reserved2: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_PHYSICAL_DEVICE_PROPERTY_ATS_ENABLED' } },
)

/** What a physical device can do. Source: HV_PHYSICAL_DEVICE_PROPERTY_CAPABILITIES of Mile.HyperV. */
export const PhysicalDevicePropertyCapabilities = /* @__PURE__ */ struct(
  'PhysicalDevicePropertyCapabilities',
  {
    flags: bits(u32, {
      rootSvm: bit(0),
      execute: bit(1),
      privileged: bit(2),
      iovAts: bit(3),
      deviceDomains: bit(4),
      s1DeviceDomains: bit(5),
      rootAts: bit(6),
      domainTransitionSupported: bit(7),
      la57: bit(8),
      rootPasid: bit(9),
      rootDefaultDomainAts: bit(10),
    }),
    pasidCount: u32,
    rootSvmIommuIndex: u32,
    reserved1: reserved(u32),
  },
  { size: 16, aliases: { mile: 'HV_PHYSICAL_DEVICE_PROPERTY_CAPABILITIES' } },
)

/** Whether DMA is on. Source: HV_PHYSICAL_DEVICE_PROPERTY_DMA_ENABLED of Mile.HyperV. */
export const PhysicalDevicePropertyDmaEnabled = /* @__PURE__ */ struct(
  'PhysicalDevicePropertyDmaEnabled',
  {
    pasidEnabled: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    reserved2: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_PHYSICAL_DEVICE_PROPERTY_DMA_ENABLED' } },
)

/** Whether faults of a device are reported. Source: HV_PHYSICAL_DEVICE_PROPERTY_FAULT_REPORTING of Mile.HyperV. */
export const PhysicalDevicePropertyFaultReporting = /* @__PURE__ */ struct(
  'PhysicalDevicePropertyFaultReporting',
  {
    faultReportingEnabled: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    reserved2: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_PHYSICAL_DEVICE_PROPERTY_FAULT_REPORTING' } },
)

/** Interrupt remapping entries of a device. Source: HV_PHYSICAL_DEVICE_PROPERTY_IRT_RANGE of Mile.HyperV. */
export const PhysicalDevicePropertyIrtRange = /* @__PURE__ */ struct(
  'PhysicalDevicePropertyIrtRange',
  {
    baseIrtIndex: u32,
    /** Entries from `baseIrtIndex` on. */
    count: u32,
  },
  { size: 8, aliases: { mile: 'HV_PHYSICAL_DEVICE_PROPERTY_IRT_RANGE' } },
)

/** Which capabilities of a device are set or cleared. Source: HV_SET_DEVICE_CAPABILITIES_FLAGS of Mile.HyperV. */
export const SetDeviceCapabilitiesFlagsWord = /* @__PURE__ */ bits(u64, {
  clear: bit(0),
  set: bit(1),
  svmSupported: bit(2),
  dmaEnabled: bit(3),
  atsEnabled: bit(4),
  pasidSupported: bit(5),
})
/** {@link SetDeviceCapabilitiesFlagsWord} alone. */
export const SetDeviceCapabilitiesFlags = /* @__PURE__ */ word(
  'SetDeviceCapabilitiesFlags',
  SetDeviceCapabilitiesFlagsWord,
  { mile: 'HV_SET_DEVICE_CAPABILITIES_FLAGS' },
)
