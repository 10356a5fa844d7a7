import {
  type Count,
  countedBytes,
  type Infer,
  openEnum,
  pinned,
  reserved,
  type Siblings,
  struct,
  type UnionValue,
  u8,
  u16,
  u32,
  union,
} from '../../wire/index.ts'
import { HidDescriptor } from '../hid/descriptor.ts'

/** Types of mouse messages; they have pipe headers. Source: Linux drivers/hid/hid-hyperv.c (synthhid_msg_type). */
export const MouseMessageType = {
  ProtocolRequest: 0,
  ProtocolResponse: 1,
  InitialDeviceInfo: 2,
  InitialDeviceInfoAck: 3,
  InputReport: 4,
} as const

/** A version of the protocol. Source: Linux hid-hyperv.c (synthhid_version). */
export const MouseVersion = /* @__PURE__ */ struct(
  'MouseVersion',
  {
    /** Behind the point. */
    minor: u16,
    /** Before the point. */
    major: u16,
  },
  { size: 4, aliases: { linux: 'synthhid_version' } },
)
export interface MouseVersion extends Infer<typeof MouseVersion> {}

/** The one version of the protocol, 2.0. */
export const mouseVersion: MouseVersion = { major: 2, minor: 0 }

/** First 8 bytes of every mouse message, behind the pipe header. Source: Linux hid-hyperv.c (synthhid_msg_hdr). */
export const MouseMessageHeader = /* @__PURE__ */ struct(
  'MouseMessageHeader',
  {
    /** Which message this is. */
    messageType: openEnum('MouseMessageType', u32, MouseMessageType),
    /** Bytes behind this header. Of a device's information OpenVMM counts some that it does not fill. */
    size: u32,
  },
  { size: 8, aliases: { linux: 'synthhid_msg_hdr' } },
)
export interface MouseMessageHeader extends Infer<typeof MouseMessageHeader> {}

/** Guest to host: the version it speaks. */
export const MouseProtocolRequest = /* @__PURE__ */ struct(
  'MouseProtocolRequest',
  {
    header: pinned(MouseMessageHeader, { messageType: 0 }),
    /** Version that the guest wants to speak. */
    version: MouseVersion,
  },
  { size: 12, aliases: { linux: 'synthhid_protocol_request' } },
)

/** Host to guest: whether that version is spoken here. */
export const MouseProtocolResponse = /* @__PURE__ */ struct(
  'MouseProtocolResponse',
  {
    header: pinned(MouseMessageHeader, { messageType: 1 }),
    /** The version asked for. */
    version: MouseVersion,
    /** 0: not spoken. */
    accepted: u8,
  },
  { size: 13, aliases: { linux: 'synthhid_protocol_response' } },
)

/** What device it is. Source: Linux hid-hyperv.c (hv_input_dev_info), Windows HID_ATTRIBUTES. */
export const MouseAttributes = /* @__PURE__ */ struct(
  'MouseAttributes',
  {
    /** Bytes of this structure. */
    size: u32,
    /** As of a USB device; Hyper-V's is 0x045e. */
    vendorId: u16,
    /** As of a USB device. */
    productId: u16,
    /** As of a USB device. */
    versionNumber: u16,
    reserved: reserved(22),
  },
  { size: 32 },
)
export interface MouseAttributes extends Infer<typeof MouseAttributes> {}

const reportLength: Count = {
  get: ({ hid }: Siblings) => Number(Object(hid).reportDescriptorLength),
  set: (fields, count) => ({ ...fields, hid: { ...Object(fields.hid), reportDescriptorLength: count } }),
  text: 'hid.reportDescriptorLength',
}

/** Host to guest, behind an acceptance: the device and its descriptors. */
export const MouseDeviceInfo = /* @__PURE__ */ struct(
  'MouseDeviceInfo',
  {
    header: pinned(MouseMessageHeader, { messageType: 2 }),
    /** What device it is. */
    attributes: MouseAttributes,
    /** How long the report descriptor is. */
    hid: HidDescriptor,
    /** What its reports look like. */
    reportDescriptor: countedBytes(reportLength),
  },
  { size: 49, aliases: { linux: 'synthhid_device_info' } },
)
export interface MouseDeviceInfo extends Infer<typeof MouseDeviceInfo> {}

/** Guest to host: it took the device's information; reports may come. */
export const MouseDeviceInfoAck = /* @__PURE__ */ struct(
  'MouseDeviceInfoAck',
  { header: pinned(MouseMessageHeader, { messageType: 3 }), reserved: reserved(1) },
  { size: 9, aliases: { linux: 'synthhid_device_info_ack' } },
)

const headerSize: Count = {
  get: ({ header }: Siblings) => Number(Object(header).size),
  set: (fields, count) => ({ ...fields, header: { ...Object(fields.header), size: count } }),
  text: 'header.size',
}

/** Host to guest: a report as the report descriptor has it. */
export const MouseInputReport = /* @__PURE__ */ struct(
  'MouseInputReport',
  {
    header: pinned(MouseMessageHeader, { messageType: 4 }),
    /** As long as the header's `size` says. */
    report: countedBytes(headerSize),
  },
  { size: 8, aliases: { linux: 'synthhid_input_report' } },
)

/** Every mouse message. */
export const MouseMessage = /* @__PURE__ */ union('MouseMessage', { offset: 0, tag: u32 }, [
  { schema: MouseProtocolRequest, from: 'guest' },
  { schema: MouseProtocolResponse, from: 'host' },
  { schema: MouseDeviceInfo, from: 'host' },
  { schema: MouseDeviceInfoAck, from: 'guest' },
  { schema: MouseInputReport, from: 'host' },
])
/** A decoded mouse message; `type` is the structure's name. */
export type MouseMessage = UnionValue<(typeof MouseMessage)['members'][number]['schema']>
