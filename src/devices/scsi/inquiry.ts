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
  bits(u8, { deviceType: bitField(0, 5, openEnum('PeripheralType', u8, PeripheralType)), qualifier: bitField(5, 3) })

/** Standard INQUIRY data, the 36 bytes that every device has. Text is ASCII, padded with blanks. Source: T10 SPC-4 6.6.2. */
export const InquiryData = /* @__PURE__ */ struct(
  'InquiryData',
  {
    peripheral: peripheral(),
    removable: bits(u8, { removable: bit(7) }),
    /** 5: SPC-3, 6: SPC-4. */
    version: u8,
    response: bits(u8, { responseDataFormat: bitField(0, 4), hierarchicalLuns: bit(4), normalAca: bit(5) }),
    /** Bytes behind this one. */
    additionalLength: u8,
    protect: bits(u8, { protect: bit(0), thirdPartyCopy: bit(3), targetPortGroups: bitField(4, 2), sccs: bit(7) }),
    ports: bits(u8, { multiPort: bit(4), enclosureServices: bit(6) }),
    queueing: bits(u8, { commandQueueing: bit(1), synchronousTransfer: bit(4), wideBus: bit(5) }),
    vendor: bytes(8),
    product: bytes(16),
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
  { peripheral: peripheral(), pageCode: openEnum('VpdPageCode', u8, VpdPageCode), pageLength: u16be },
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
  pages: counted(openEnum('VpdPageCode', u8, VpdPageCode), pageLength),
})

/** Page 80h: the serial number, ASCII. */
export const UnitSerialNumber = /* @__PURE__ */ struct('UnitSerialNumber', {
  header: pinned(VpdHeader, { pageCode: VpdPageCode.UnitSerialNumber }),
  serialNumber: countedBytes(pageLength),
})

/** One designator of page 83h. Code set 1 binary, 2 ASCII; type 0 vendor, 1 T10, 3 NAA, 8 name. */
export const Designator = /* @__PURE__ */ struct('Designator', {
  coding: bits(u8, { codeSet: bitField(0, 4), protocol: bitField(4, 4) }),
  kind: bits(u8, { designatorType: bitField(0, 4), association: bitField(4, 2), protocolValid: bit(7) }),
  reserved: reserved(u8),
  length: u8,
  designator: countedBytes('length'),
})

/** Page 83h: names of the logical unit. */
export const DeviceIdentification = /* @__PURE__ */ struct('DeviceIdentification', {
  header: pinned(VpdHeader, { pageCode: VpdPageCode.DeviceIdentification }),
  designators: restOf(Designator),
})

/** Page B0h: how much a command may ask for, in blocks; 0 says nothing. */
export const BlockLimits = /* @__PURE__ */ struct(
  'BlockLimits',
  {
    header: pinned(VpdHeader, { pageCode: VpdPageCode.BlockLimits }),
    /** WRITE SAME needs a length that is not 0. */
    writeSame: bits(u8, { nonZero: bit(0) }),
    maxCompareAndWriteLength: u8,
    optimalTransferGranularity: u16be,
    maxTransferLength: u32be,
    optimalTransferLength: u32be,
    maxPrefetchLength: u32be,
    maxUnmapLbaCount: u32be,
    maxUnmapDescriptorCount: u32be,
    optimalUnmapGranularity: u32be,
    unmapAlignment: bits(u32be, { alignment: bitField(0, 31), valid: bit(31) }),
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
    rotationRate: u16be,
    productType: u8,
    formFactor: bits(u8, { nominalFormFactor: bitField(0, 4) }),
    reserved: reserved(56),
  },
  { size: 64 },
)

/** Page B2h: which of UNMAP and WRITE SAME give blocks back. Provisioning type 1 resource, 2 thin. */
export const LogicalBlockProvisioning = /* @__PURE__ */ struct(
  'LogicalBlockProvisioning',
  {
    header: pinned(VpdHeader, { pageCode: VpdPageCode.LogicalBlockProvisioning }),
    thresholdExponent: u8,
    support: bits(u8, {
      descriptorPresent: bit(0),
      anchor: bit(1),
      readsZeros: bit(2),
      writeSame10: bit(5),
      writeSame16: bit(6),
      unmap: bit(7),
    }),
    provisioning: bits(u8, { provisioningType: bitField(0, 3) }),
    reserved: reserved(u8),
  },
  { size: 8 },
)

/** A page that is none of those described here. */
export const OtherVpdPage = /* @__PURE__ */ struct('OtherVpdPage', {
  header: VpdHeader,
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
