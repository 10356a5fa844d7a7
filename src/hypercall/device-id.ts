import { bit, bitField, bits, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { DeviceTypeField } from './enums/interrupts.ts'
import { word } from './word.ts'

/**
 * A device as calls name it, 64 bits: the top two say what the rest is. Read it as {@link LogicalDeviceId}, {@link PciDeviceId},
 * {@link IoapicDeviceId} or {@link AcpiDeviceId}. Symbols for x64 have the type of the PCI form in byte 4 and the shadow range in byte 6;
 * Linux, whose forms all agree on where the type is, is followed. Source: Linux include/hyperv/hvhdk.h (hv_device_id).
 */
export const DeviceIdWord = /* @__PURE__ */ bits(u64, {
  rest: wideBitField(0, 62),
  deviceType: bitField(62, 2, DeviceTypeField),
})
/** {@link DeviceIdWord} alone. */
export const DeviceId = /* @__PURE__ */ word('DeviceId', DeviceIdWord, { like: ['hv_device_id', 'HV_DEVICE_ID'] })

/** A device by a number of the partition's own (type 0). */
export const LogicalDeviceId = /* @__PURE__ */ word(
  'LogicalDeviceId',
  bits(u64, { id: wideBitField(0, 62), deviceType: bitField(62, 2, DeviceTypeField) }),
)

/** Bus, device and function of a PCI device. Source: Linux hv_pci_bdf. */
export const PciBdf = /* @__PURE__ */ struct(
  'PciBdf',
  { slot: bits(u8, { /** 0 … 7. */ function: bitField(0, 3), /** 0 … 31. */ device: bitField(3, 5) }), bus: u8 },
  { size: 2, aliases: { like: 'hv_pci_bdf', mile: 'HV_PCI_BDF' } },
)

/** Busses behind a bridge. Source: Linux hv_pci_bus_range. */
export const PciBusRange = /* @__PURE__ */ struct(
  'PciBusRange',
  { subordinateBus: u8, secondaryBus: u8 },
  { size: 2, aliases: { linux: 'hv_pci_bus_range', mile: 'HV_PCI_BUS_RANGE' } },
)

/** A PCI device (type 1). */
export const PciDeviceId = /* @__PURE__ */ struct(
  'PciDeviceId',
  {
    bdf: PciBdf,
    /** PCI segment group. */
    segment: u16,
    /** Behind a bridge that hides the device: the bridge's bus range. */
    shadowBusRange: PciBusRange,
    flags: bits(u16, {
      /** High bits of the function number that the device uses for phantom functions. */
      phantomFunctionBits: bitField(0, 2),
      /** `shadowBusRange` holds a range, not a bus, device and function. */
      sourceShadow: bit(2),
      deviceType: bitField(14, 2, DeviceTypeField),
    }),
  },
  { size: 8 },
)

/** An I/O APIC (type 2). */
export const IoapicDeviceId = /* @__PURE__ */ word(
  'IoapicDeviceId',
  bits(u64, { /** Its APIC id. */ ioapicId: bitField(0, 8), deviceType: bitField(62, 2, DeviceTypeField) }),
)

/** Interrupts of an ACPI device on ARM64 (type 3). */
export const AcpiDeviceId = /* @__PURE__ */ struct(
  'AcpiDeviceId',
  {
    inputMappingBase: u32,
    mapping: bits(u32, { inputMappingsCount: bitField(0, 30), deviceType: bitField(30, 2, DeviceTypeField) }),
  },
  { size: 8 },
)
