import {
  bit,
  bitField,
  bits,
  bytes,
  counted,
  countedBytes,
  openEnum,
  pinned,
  reserved,
  restOf,
  struct,
  type UnionValue,
  u8,
  u16be,
  u32be,
  u64be,
  union,
} from '../../wire/index.ts'
import { PeripheralType } from './codes.ts'

/** What stands at the logical unit: qualifier 0 connected, 3 none possible; 0x7f in all says that there is no unit. */
const peripheral = () =>
  bits(u8, {
    /** See PeripheralType; 0x1f with qualifier 3. */
    deviceType: bitField(0, 5, openEnum('PeripheralType', u8, PeripheralType)),
    /** 0: a device is there; 1: it could be, but is not; 3: there can be none at this LUN. */
    qualifier: bitField(5, 3),
  })

/** Standard INQUIRY data, the 36 bytes that every device has. Text is ASCII, padded with blanks. Source: T10 SPC-4 6.6.2. */
export const InquiryData = /* @__PURE__ */ struct(
  'InquiryData',
  {
    /** 0x7f in all: no unit at this LUN. */
    peripheral: peripheral(),
    removable: bits(u8, {
      /** Whether the medium can be taken out. */
      removable: bit(7),
    }),
    /** 5: SPC-3, 6: SPC-4. */
    version: u8,
    response: bits(u8, {
      /** 2: laid out as here. */
      responseDataFormat: bitField(0, 4),
      /** LUNs follow the hierarchical addressing model. */
      hierarchicalLuns: bit(4),
      /** NACA in the CONTROL byte of a CDB is supported. */
      normalAca: bit(5),
    }),
    /** Bytes behind this one. */
    additionalLength: u8,
    protect: bits(u8, {
      /** Protection information is supported. */
      protect: bit(0),
      /** EXTENDED COPY and its kin are supported. */
      thirdPartyCopy: bit(3),
      /** Asymmetric access: 0 none, 1 implicit, 2 explicit, 3 both. */
      targetPortGroups: bitField(4, 2),
      /** An embedded controller of a storage array (SCC-2) is there. */
      sccs: bit(7),
    }),
    ports: bits(u8, {
      /** The device has more than one port. */
      multiPort: bit(4),
      /** Enclosure services are reached through this unit. */
      enclosureServices: bit(6),
    }),
    queueing: bits(u8, {
      /** Several commands at a time are accepted. */
      commandQueueing: bit(1),
      /** Of parallel SCSI. */
      synchronousTransfer: bit(4),
      /** Of parallel SCSI: 16 bits. */
      wideBus: bit(5),
    }),
    /** Name registered with T10, such as `Msft`. */
    vendor: bytes(8),
    /** Chosen by the vendor. */
    product: bytes(16),
    /** Version of the product, such as `1.0`. */
    revision: bytes(4),
  },
  { size: 36 },
)

/** Pages of vital product data. */
export const VpdPageCode = {
  SupportedPages: 0x00,
  UnitSerialNumber: 0x80,
  DeviceIdentification: 0x83,
  BlockLimits: 0xb0,
  BlockDeviceCharacteristics: 0xb1,
  LogicalBlockProvisioning: 0xb2,
} as const

const VpdHeader = /* @__PURE__ */ struct(
  'VpdHeader',
  {
    /** As in standard INQUIRY data. */
    peripheral: peripheral(),
    pageCode: openEnum('VpdPageCode', u8, VpdPageCode),
    /** Bytes behind this header. */
    pageLength: u16be,
  },
  { size: 4 },
)

/** `pageLength` counts the bytes behind the header. */
const pageLength = {
  get: (fields: Readonly<Record<string, unknown>>) => Number(Object(fields.header).pageLength),
  set: (fields: Readonly<Record<string, unknown>>, count: number) => ({
    ...fields,
    header: { ...Object(fields.header), pageLength: count },
  }),
  text: 'header.pageLength',
}

/** Page 00h: the pages there are, ascending. */
export const SupportedVpdPages = /* @__PURE__ */ struct('SupportedVpdPages', {
  header: pinned(VpdHeader, { pageCode: VpdPageCode.SupportedPages }),
  /** Codes, ascending; this page, 0x00, is one of them. */
  pages: counted(openEnum('VpdPageCode', u8, VpdPageCode), pageLength),
})

/** Page 80h: the serial number, ASCII. */
export const UnitSerialNumber = /* @__PURE__ */ struct('UnitSerialNumber', {
  header: pinned(VpdHeader, { pageCode: VpdPageCode.UnitSerialNumber }),
  /** ASCII, right-aligned; blanks where there is none. */
  serialNumber: countedBytes(pageLength),
})

/** One designator of page 83h. Code set 1 binary, 2 ASCII; type 0 vendor, 1 T10, 3 NAA, 8 name. */
export const Designator = /* @__PURE__ */ struct('Designator', {
  coding: bits(u8, {
    /** 1 binary, 2 ASCII, 3 UTF-8. */
    codeSet: bitField(0, 4),
    /** Protocol of the port, with `protocolValid`: 0 Fibre Channel, 5 iSCSI, 6 SAS. */
    protocol: bitField(4, 4),
  }),
  kind: bits(u8, {
    /** 0 vendor, 1 T10 vendor ID, 2 EUI-64, 3 NAA, 4 relative port, 5 port group, 8 SCSI name. */
    designatorType: bitField(0, 4),
    /** What is named: 0 the logical unit, 1 the target port, 2 the target device. */
    association: bitField(4, 2),
    /** Whether `protocol` means something; not with association 0. */
    protocolValid: bit(7),
  }),
  reserved: reserved(u8),
  /** Bytes of `designator`. */
  length: u8,
  /** The name, read by `codeSet` and `designatorType`. */
  designator: countedBytes('length'),
})

/** Page 83h: names of the logical unit. */
export const DeviceIdentification = /* @__PURE__ */ struct('DeviceIdentification', {
  header: pinned(VpdHeader, { pageCode: VpdPageCode.DeviceIdentification }),
  /** As many as `header.pageLength` has bytes for. */
  designators: restOf(Designator),
})

/** Page B0h: how much a command may ask for, in blocks; 0 says nothing. */
export const BlockLimits = /* @__PURE__ */ struct(
  'BlockLimits',
  {
    header: pinned(VpdHeader, { pageCode: VpdPageCode.BlockLimits }),
    /** WRITE SAME needs a length that is not 0. */
    writeSame: bits(u8, { nonZero: bit(0) }),
    /** Blocks; 0: COMPARE AND WRITE is not supported. */
    maxCompareAndWriteLength: u8,
    /** Blocks of which a transfer is best a multiple. */
    optimalTransferGranularity: u16be,
    /** Blocks of one command; 0: no limit told. */
    maxTransferLength: u32be,
    /** Blocks beyond which a transfer may take notably longer. */
    optimalTransferLength: u32be,
    /** Blocks of one PRE-FETCH. */
    maxPrefetchLength: u32be,
    /** Blocks of one UNMAP; 0: UNMAP is not supported, all ones: no limit of its own. */
    maxUnmapLbaCount: u32be,
    /** Ranges of one UNMAP; 0: UNMAP is not supported, all ones: no limit of its own. */
    maxUnmapDescriptorCount: u32be,
    /** Blocks of which a range is best a multiple. */
    optimalUnmapGranularity: u32be,
    /** Offset, in blocks, of the grid that `optimalUnmapGranularity` gives. */
    unmapAlignment: bits(u32be, {
      /** LBA modulo `optimalUnmapGranularity` at which a range best starts. */
      alignment: bitField(0, 31),
      /** Whether `alignment` means something. */
      valid: bit(31),
    }),
    /** Blocks of one WRITE SAME; 0: no limit told. */
    maxWriteSameLength: u64be,
    reserved: reserved(20),
  },
  { size: 64 },
)

/** Page B1h. Rotation rate 1: does not turn. */
export const BlockDeviceCharacteristics = /* @__PURE__ */ struct(
  'BlockDeviceCharacteristics',
  {
    header: pinned(VpdHeader, { pageCode: VpdPageCode.BlockDeviceCharacteristics }),
    /** Turns a minute from 0x401 on; 0 not told, 1 no turning medium. */
    rotationRate: u16be,
    /** Kind of flash card; 0 not told. */
    productType: u8,
    formFactor: bits(u8, {
      /** 0 not told, 1 5.25", 2 3.5", 3 2.5", 4 1.8", 5 smaller. */
      nominalFormFactor: bitField(0, 4),
    }),
    reserved: reserved(56),
  },
  { size: 64 },
)

/** Page B2h: which of UNMAP and WRITE SAME give blocks back. Provisioning type 1 resource, 2 thin. */
export const LogicalBlockProvisioning = /* @__PURE__ */ struct(
  'LogicalBlockProvisioning',
  {
    header: pinned(VpdHeader, { pageCode: VpdPageCode.LogicalBlockProvisioning }),
    /** Thresholds count in 2 to that power blocks; 0: there are none. */
    thresholdExponent: u8,
    /** Which commands give blocks back, and how they read then. */
    support: bits(u8, {
      /** A designator of the provisioning group follows. */
      descriptorPresent: bit(0),
      /** Blocks can be anchored: unmapped, with their room kept. */
      anchor: bit(1),
      /** Unmapped blocks read as zeros. */
      readsZeros: bit(2),
      /** WRITE SAME(10) with its UNMAP bit gives blocks back. */
      writeSame10: bit(5),
      /** WRITE SAME(16) with its UNMAP bit gives blocks back. */
      writeSame16: bit(6),
      /** UNMAP gives blocks back. */
      unmap: bit(7),
    }),
    /** Whether blocks may be without room on the medium. */
    provisioning: bits(u8, {
      /** 0 not told or full, 1 resource, 2 thin. */
      provisioningType: bitField(0, 3),
    }),
    reserved: reserved(u8),
  },
  { size: 8 },
)

/** A page that is none of those described here. */
export const OtherVpdPage = /* @__PURE__ */ struct('OtherVpdPage', {
  header: VpdHeader,
  /** What stands behind the header, not decoded. */
  data: countedBytes(pageLength),
})

/** A page of vital product data, told apart by its code. */
export const VpdPage = /* @__PURE__ */ union('VpdPage', { offset: 1, tag: u8, otherwise: OtherVpdPage }, [
  { schema: SupportedVpdPages },
  { schema: UnitSerialNumber },
  { schema: DeviceIdentification },
  { schema: BlockLimits },
  { schema: BlockDeviceCharacteristics },
  { schema: LogicalBlockProvisioning },
])
/** A decoded page of vital product data; `type` is the structure's name. */
export type VpdPage = UnionValue<(typeof VpdPage)['members'][number]['schema'] | typeof OtherVpdPage>

/** Text as INQUIRY data has it: `length` bytes of ASCII, cut off or padded with blanks; what is not printable ASCII becomes a question mark. */
export function inquiryText(text: string, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => {
    const unit = text.charCodeAt(index)
    return index >= text.length ? 0x20 : unit >= 0x20 && unit < 0x7f ? unit : 0x3f
  })
}

/** The text in bytes of INQUIRY data, without the blanks at its end. */
export function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/[ \0]+$/, '')
}
