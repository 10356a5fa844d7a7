import { bit, bitField, bits, choice, counted, flags, reserved, struct, u32, u64 } from '../wire/index.ts'
import {
  InterruptSource,
  InterruptSourceField,
  InterruptTriggerModeField,
  InterruptTypeField,
} from './enums/interrupts.ts'
import { vpSetBanks } from './vp-set.ts'
import { word } from './word.ts'

/** Address half of an x64 MSI. Source: Linux hv_msi_address_register. */
export const MsiAddressWord = /* @__PURE__ */ bits(u32, {
  /** 0 physical, 1 logical. */
  destinationMode: bit(2),
  redirectionHint: bit(3),
  /** APIC id, or a set of them in logical mode. */
  destinationId: bitField(12, 8),
  /** 0xfee. */
  msiBase: bitField(20, 12),
})
/** {@link MsiAddressWord} alone. */
export const MsiAddress = /* @__PURE__ */ word('MsiAddress', MsiAddressWord, {
  linux: 'hv_msi_address_register',
  mile: 'HV_MSI_ADDRESS_REGISTER',
})

/** Data half of an x64 MSI. Source: Linux hv_msi_data_register. */
export const MsiDataWord = /* @__PURE__ */ bits(u32, {
  vector: bitField(0, 8),
  /** As in an APIC: 0 fixed, 1 lowest priority. */
  deliveryMode: bitField(8, 3),
  /** Counts only with a level. */
  levelAssert: bit(14),
  /** 0 edge, 1 level. */
  triggerMode: bit(15),
})
/** {@link MsiDataWord} alone. */
export const MsiData = /* @__PURE__ */ word('MsiData', MsiDataWord, {
  linux: 'hv_msi_data_register',
  mile: 'HV_MSI_DATA_REGISTER',
})

/** An MSI as a device sends it. On ARM64 these are address and data words without inner structure, 16 bytes. Source: Linux hv_msi_entry. */
export const MsiEntry = /* @__PURE__ */ struct(
  'MsiEntry',
  { address: MsiAddressWord, data: MsiDataWord },
  { size: 8, aliases: { linux: 'hv_msi_entry', mile: 'HV_MSI_ENTRY' } },
)

/** A redirection table entry of an I/O APIC. Source: Linux hv_ioapic_rte. */
export const IoapicRte = /* @__PURE__ */ struct(
  'IoapicRte',
  {
    low: bits(u32, {
      vector: bitField(0, 8),
      /** As in an APIC: 0 fixed, 1 lowest priority. */
      deliveryMode: bitField(8, 3),
      /** 0 physical, 1 logical. */
      destinationMode: bit(11),
      /** 1: not yet delivered. */
      deliveryStatus: bit(12),
      /** 0 active high, 1 active low. */
      interruptPolarity: bit(13),
      /** 1: a level was taken, its EOI is still to come. */
      remoteIrr: bit(14),
      /** 0 edge, 1 level. */
      triggerMode: bit(15),
      /** 1: no interrupts. */
      interruptMask: bit(16),
    }),
    high: bits(u32, { destinationId: bitField(24, 8) }),
  },
  { size: 8, aliases: { linux: 'hv_ioapic_rte', mile: 'HV_IOAPIC_RTE' } },
)

/** Data of an interrupt from a source without a name, or from an ARM64 GIC distributor. */
export const OtherInterruptData = /* @__PURE__ */ struct('OtherInterruptData', { data: u64 }, { size: 8 })

/** Tells one interrupt of a device. On ARM64 the data has 16 bytes. Source: TLFS (HV_INTERRUPT_ENTRY), Linux hv_interrupt_entry. */
export const InterruptEntry = /* @__PURE__ */ struct(
  'InterruptEntry',
  {
    interruptSource: InterruptSourceField,
    reserved: reserved(u32),
    data: choice(
      'InterruptData',
      [MsiEntry, IoapicRte, OtherInterruptData],
      ({ interruptSource }) => {
        if (interruptSource === InterruptSource.Msi) return 'MsiEntry'
        return interruptSource === InterruptSource.IoApic ? 'IoapicRte' : 'OtherInterruptData'
      },
      'interruptSource',
    ),
  },
  { size: 16, aliases: { linux: 'hv_interrupt_entry', mile: 'HV_INTERRUPT_ENTRY' } },
)

/** How the target of a device interrupt is given. Source: TLFS (HV_DEVICE_INTERRUPT_TARGET), Mile.HyperV. */
export const DeviceInterruptTargetFlags = {
  /** Delivered to all of the VPs, not to one of them. */
  multicast: 0x1,
  /** A set of VPs, not a mask. */
  processorSet: 0x2,
  proxyRedirect: 0x4,
} as const
/** {@link DeviceInterruptTargetFlags} on the wire. */
export const DeviceInterruptTargetFlagsField = /* @__PURE__ */ flags(
  'DeviceInterruptTargetFlags',
  u32,
  DeviceInterruptTargetFlags,
)

/** VPs 0 … 63 as a mask. */
export const ProcessorMaskTarget = /* @__PURE__ */ struct(
  'ProcessorMaskTarget',
  { /** Bit n: VP n. */ processorMask: u64 },
  { size: 8 },
)

/**
 * VPs as a sparse set. Only the format belongs to the fixed part of the call's header: the variable part is the mask and the banks,
 * 1 + number of banks qwords.
 */
export const ProcessorSetTarget = /* @__PURE__ */ struct(
  'ProcessorSetTarget',
  {
    /** A `VpSetFormat`. */
    format: u64,
    /** Bit b: there is a bank for VPs 64 b … 64 b + 63. */
    validBanksMask: u64,
    banks: counted(u64, vpSetBanks),
  },
  { size: 16 },
)

/**
 * Vector and VPs of a device interrupt. Linux counts the mask of valid banks to the structure, 24 bytes (`hv_device_interrupt_target`).
 * Source: TLFS (HV_DEVICE_INTERRUPT_TARGET).
 */
export const DeviceInterruptTarget = /* @__PURE__ */ struct(
  'DeviceInterruptTarget',
  {
    /** On ARM64 the interrupt id. */
    vector: u32,
    flags: DeviceInterruptTargetFlagsField,
    target: choice(
      'InterruptTargetVps',
      [ProcessorMaskTarget, ProcessorSetTarget],
      ({ flags }) =>
        (Number(flags) & DeviceInterruptTargetFlags.processorSet) === 0 ? 'ProcessorMaskTarget' : 'ProcessorSetTarget',
      'flags.processorSet',
    ),
  },
  {
    size: 16,
    aliases: {
      mile: 'HV_DEVICE_INTERRUPT_TARGET',
      like: ['hv_device_interrupt_target', 'HV_DEVICE_INTERRUPT_TARGET_HEADER'],
    },
  },
)

/** What HvCallMapDeviceInterrupt maps. Source: Linux hv_device_interrupt_descriptor. */
export const DeviceInterruptDescriptor = /* @__PURE__ */ struct(
  'DeviceInterruptDescriptor',
  {
    interruptType: InterruptTypeField,
    triggerMode: InterruptTriggerModeField,
    /** Vectors from the target's on. */
    vectorCount: u32,
    reserved: reserved(u32),
    target: DeviceInterruptTarget,
  },
  {
    size: 32,
    aliases: {
      mile: 'HV_DEVICE_INTERRUPT_DESCRIPTOR',
      like: ['hv_device_interrupt_descriptor', 'HV_DEVICE_INTERRUPT_DESCRIPTOR_HEADER'],
    },
  },
)
