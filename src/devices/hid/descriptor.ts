import { type Count, gap, type Infer, openEnum, struct, u8, u16 } from '../../wire/index.ts'

/** Types of descriptors. Source: HID 1.11, 7.1. */
export const HidDescriptorType = { Hid: 0x21, Report: 0x22, Physical: 0x23 } as const

const descriptorTypeField = /* @__PURE__ */ openEnum('HidDescriptorType', u8, HidDescriptorType)

/** Bytes of the HID descriptor's fixed part: it names at least one further descriptor. */
const fixedSize = 9

const furtherBytes: Count = {
  get: (fields) => Number(fields.length) - fixedSize,
  set: (fields, count) => ({ ...fields, length: fixedSize + count }),
  text: 'length − 9',
}

/** What a device's descriptors are. Source: HID 1.11, 6.2.1. */
export const HidDescriptor = /* @__PURE__ */ struct(
  'HidDescriptor',
  {
    /** Bytes of this descriptor: 9, and 3 for each one beyond the report descriptor. */
    length: u8,
    /** Always 0x21. */
    descriptorType: descriptorTypeField,
    /** Binary coded: 0x0111 is 1.11. */
    hidVersion: u16,
    /** 0: the hardware is not made for a country. */
    countryCode: u8,
    /** Descriptors named here. */
    descriptorCount: u8,
    /** Always 0x22. */
    reportDescriptorType: descriptorTypeField,
    /** Bytes of the report descriptor. */
    reportDescriptorLength: u16,
    /** Type and length of further ones, 3 bytes each. */
    further: gap(furtherBytes),
  },
  { size: fixedSize },
)
export interface HidDescriptor extends Infer<typeof HidDescriptor> {}

/** The HID descriptor of a device with nothing but a report descriptor. */
export function hidDescriptorOf(report: Uint8Array): HidDescriptor {
  return {
    length: fixedSize,
    descriptorType: HidDescriptorType.Hid,
    hidVersion: 0x0111,
    countryCode: 0,
    descriptorCount: 1,
    reportDescriptorType: HidDescriptorType.Report,
    reportDescriptorLength: report.length,
  }
}
