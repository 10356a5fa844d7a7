import { openEnum, u32 } from '../../wire/index.ts'

/** Types of virtual interrupts; the ARM64 ones follow the x64 ones. Source: HV_INTERRUPT_TYPE of TLFS, Mile.HyperV. */
export const InterruptType = {
  Fixed: 0,
  LowestPriority: 1,
  Smi: 2,
  RemoteRead: 3,
  Nmi: 4,
  Init: 5,
  Sipi: 6,
  ExtInt: 7,
  LocalInt0: 8,
  LocalInt1: 9,
} as const
/** {@link InterruptType} on the wire, 4 bytes. */
export const InterruptTypeField = /* @__PURE__ */ openEnum('InterruptType', u32, InterruptType)

/** Where a device interrupt comes from. Source: HV_INTERRUPT_SOURCE of Mile.HyperV. */
export const InterruptSource = {
  Msi: 1,
  IoApic: 2,
  Gicd: 3,
} as const
/** {@link InterruptSource} on the wire, 4 bytes. */
export const InterruptSourceField = /* @__PURE__ */ openEnum('InterruptSource', u32, InterruptSource)

/** How a device interrupt is triggered. Source: HV_INTERRUPT_TRIGGER_MODE of Mile.HyperV. */
export const InterruptTriggerMode = {
  Edge: 0,
  Level: 1,
} as const
/** {@link InterruptTriggerMode} on the wire, 4 bytes. */
export const InterruptTriggerModeField = /* @__PURE__ */ openEnum('InterruptTriggerMode', u32, InterruptTriggerMode)

/** Top two bits of a device id: what its other bits mean. Source: HV_DEVICE_TYPE of Mile.HyperV. */
export const DeviceType = {
  Logical: 0,
  Pci: 1,
  Ioapic: 2,
  Acpi: 3,
} as const
/** {@link DeviceType} on the wire, 4 bytes. */
export const DeviceTypeField = /* @__PURE__ */ openEnum('DeviceType', u32, DeviceType)

/** Properties of HvCallGetPhysicalDeviceProperty. Source: HV_PHYSICAL_DEVICE_PROPERTY of Mile.HyperV. */
export const PhysicalDeviceProperty = {
  Capabilities: 0,
  Enabled: 1,
  FaultReporting: 2,
  IrtRange: 4,
} as const
/** {@link PhysicalDeviceProperty} on the wire, 4 bytes. */
export const PhysicalDevicePropertyField = /* @__PURE__ */ openEnum(
  'PhysicalDeviceProperty',
  u32,
  PhysicalDeviceProperty,
)

/** Properties of a page request queue. Source: HV_DEVICE_PRQ_PROPERTY of Mile.HyperV. */
export const DevicePrqProperty = {
  Stalled: 0,
  InterruptMasked: 1,
} as const
/** {@link DevicePrqProperty} on the wire, 4 bytes. */
export const DevicePrqPropertyField = /* @__PURE__ */ openEnum('DevicePrqProperty', u32, DevicePrqProperty)

/** How interrupts reach an SNP guest. Source: HV_SNP_INTERRUPT_INJECTION of Mile.HyperV. */
export const SnpInterruptInjection = {
  Restricted: 0,
  Normal: 1,
  Alternate: 2,
  SecureAvic: 3,
} as const
