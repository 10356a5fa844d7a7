import { array, bytes, reserved, u8, u16, u32, u64 } from '../../wire/index.ts'
import { Arm64InterruptEntry } from '../arm64.ts'
import { DeviceInterruptDescriptor, DeviceInterruptTarget, InterruptEntry } from '../device-interrupts.ts'
import { partitionIdField, vpIndexField } from '../ids.ts'
import { InputVtlWord } from '../input-vtl.ts'
import { InterruptControl } from '../interrupts.ts'
import { VpSet } from '../vp-set.ts'
import { call } from './call.ts'

/**
 * Interrupts VPs 0 … 63 of the caller's partition; vector 16 … 255. The TLFS prints 1 byte for the processor mask, all headers have
 * 8.
 */
export const HvCallSendSyntheticClusterIpi = /* @__PURE__ */ call(0x000b, 'HvCallSendSyntheticClusterIpi', 'simple', {
  input: {
    /** 16 … 255. */
    vector: u32,
    /** VTL that is interrupted; without `useTargetVtl` the caller's. */
    targetVtl: InputVtlWord,
    flags: u8,
    reserved: reserved(u16),
    /** Bit n: VP n. */
    processorMask: u64,
  },
  inputAliases: { linux: 'hv_send_ipi' },
  caller: 'self',
  fast: true,
  since: 'Windows Server 2012 R2',
  statuses: ['InvalidParameter'],
  aliases: { linux: 'HVCALL_SEND_IPI' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Interrupts any set of VPs of the caller's partition; vector 16 … 255. */
export const HvCallSendSyntheticClusterIpiEx = /* @__PURE__ */ call(
  0x0015,
  'HvCallSendSyntheticClusterIpiEx',
  'variable',
  {
    input: {
      /** 16 … 255. */
      vector: u32,
      /** VTL that is interrupted; without `useTargetVtl` the caller's. */
      targetVtl: InputVtlWord,
      flags: u8,
      reserved: reserved(u16),
      processorSet: VpSet,
    },
    inputAliases: { linux: 'hv_send_ipi_ex' },
    caller: 'self',
    since: 'Windows 10 / Server 2016',
    statuses: ['InvalidParameter'],
    aliases: { linux: 'HVCALL_SEND_IPI_EX' },
    source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
  },
)

/** Interrupts a child; the form without a VTL. */
export const HvCallAssertVirtualInterruptDeprecated = /* @__PURE__ */ call(
  0x0055,
  'HvCallAssertVirtualInterruptDeprecated',
  'simple',
  {
    input: {
      /** A child of the caller. */
      targetPartition: partitionIdField,
      interruptControl: InterruptControl,
      /** On x64 the APIC id, or a logical address with `x86LogicalDestinationMode`. */
      destinationAddress: u64,
      requestedVector: u32,
      reserved: reserved(u32),
    },
    caller: 'parent',
    since: 'Windows Server 2008',
    statuses: [
      'AccessDenied',
      'InvalidPartitionId',
      'InvalidVpIndex',
      'InvalidParameter',
      'Acknowledged',
      'InvalidPartitionState',
    ],
    aliases: { like: 'HvAssertVirtualInterrupt' },
    source: 'Mile.HyperV, TLFS 2.0A',
  },
)

/** Takes back an external interrupt that was acknowledged. */
export const HvCallClearVirtualInterrupt = /* @__PURE__ */ call(0x0056, 'HvCallClearVirtualInterrupt', 'simple', {
  input: {
    /** A child of the caller. */
    targetPartition: partitionIdField,
  },
  caller: 'parent',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'NotAcknowledged', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_CLEAR_VIRTUAL_INTERRUPT' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/**
 * Maps a device interrupt to VPs; answers what the device has to send. The form is Linux's: symbols for x64 have no logical
 * interrupt entry, and 40 bytes of `IommuExtendedStatus` behind the output; the newest Linux splits the flags into flags and base
 * IRT index. With a set of VPs the fixed header ends behind the set's format, and the variable one is the mask and the banks.
 */
export const HvCallMapDeviceInterrupt = /* @__PURE__ */ call(0x007c, 'HvCallMapDeviceInterrupt', 'variable', {
  input: {
    partitionId: u64,
    /** Read as `DeviceId`. */
    deviceId: u64,
    flags: u64,
    logicalInterruptEntry: InterruptEntry,
    /** Type, vector and VPs of the interrupt. */
    interruptDescriptor: DeviceInterruptDescriptor,
  },
  inputAliases: { like: 'hv_input_map_device_interrupt' },
  output: {
    /** What is to be programmed into the device. */
    interruptEntry: InterruptEntry,
  },
  outputAliases: { like: 'hv_output_map_device_interrupt' },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { linux: 'HVCALL_MAP_DEVICE_INTERRUPT' },
  source: 'Linux, TLFS 6.0b',
})

/** Unmaps a device interrupt. Newest Linux (2025+) appends u32 flags at 32. */
export const HvCallUnmapDeviceInterrupt = /* @__PURE__ */ call(0x007d, 'HvCallUnmapDeviceInterrupt', 'simple', {
  input: {
    partitionId: u64,
    /** Read as `DeviceId`. */
    deviceId: u64,
    /** As HvCallMapDeviceInterrupt answered it. */
    interruptEntry: InterruptEntry,
  },
  inputAliases: { like: 'hv_input_unmap_device_interrupt' },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { linux: 'HVCALL_UNMAP_DEVICE_INTERRUPT' },
  source: 'Linux, TLFS 6.0b',
})

/**
 * Sends a device interrupt to other VPs. With a set of VPs the fixed header ends behind the set's format, and the variable one is
 * the mask and the banks; with a mask there is none. The TLFS prints 6 bytes for the device id and has the reserved word out of
 * order; TLFS 6.0b asks for CpuManagement, the online text for nothing.
 */
export const HvCallRetargetDeviceInterrupt = /* @__PURE__ */ call(0x007e, 'HvCallRetargetDeviceInterrupt', 'variable', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    /** Read as `DeviceId`. */
    deviceId: u64,
    /** Which interrupt: as the device has it programmed. */
    interruptEntry: InterruptEntry,
    reserved: reserved(u64),
    /** New vector and VPs. */
    interruptTarget: DeviceInterruptTarget,
  },
  inputAliases: { like: 'hv_retarget_device_interrupt' },
  inputArm64: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    /** Read as `DeviceId`. */
    deviceId: u64,
    /** Which interrupt: as the device has it programmed. */
    interruptEntry: Arm64InterruptEntry,
    reserved: reserved(u64),
    /** New vector and VPs. */
    interruptTarget: DeviceInterruptTarget,
  },
  privilege: 'cpuManagement',
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'InvalidParameter',
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidPartitionState',
    'FeatureUnavailable',
    'InvalidDeviceId',
    'OperationDenied',
  ],
  aliases: { linux: 'HVCALL_RETARGET_INTERRUPT' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Sends an interrupt of the root's devices to other processors. Input unknown. */
export const HvCallRetargetRootDeviceInterrupt = /* @__PURE__ */ call(
  0x007f,
  'HvCallRetargetRootDeviceInterrupt',
  'simple',
  {
    output: {
      interruptEntry: InterruptEntry,
    },
    layout: 'partial',
    privilege: 'cpuManagement',
    caller: 'root',
    since: 'Windows 10 / Server 2016',
    source: 'TLFS 6.0b',
  },
)

/** Raises the interrupt of a device. In TLFS 6.0b the code was HvCallMapDevicePages. */
export const HvCallAssertDeviceInterrupt = /* @__PURE__ */ call(0x0080, 'HvCallAssertDeviceInterrupt', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    interruptEntry: InterruptEntry,
  },
  inputArm64: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    interruptEntry: Arm64InterruptEntry,
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows 10 1709-1803 / Server 2019 development',
  aliases: { like: 'HvCallMapDevicePages' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Interrupts a VP of a child. */
export const HvCallAssertVirtualInterrupt = /* @__PURE__ */ call(0x0094, 'HvCallAssertVirtualInterrupt', 'simple', {
  input: {
    targetPartition: partitionIdField,
    interruptControl: InterruptControl,
    /** On x64 the APIC id, or a logical address with `x86LogicalDestinationMode`. */
    destinationAddress: u64,
    requestedVector: u32,
    /** VTL that is interrupted, a plain number. */
    targetVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
  },
  inputAliases: { linux: 'hv_input_assert_virtual_interrupt' },
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidParameter',
    'Acknowledged',
    'InvalidPartitionState',
    'InvalidVtlState',
    'OperationDenied',
  ],
  aliases: { linux: 'HVCALL_ASSERT_VIRTUAL_INTERRUPT' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Enables the interrupt of a device. */
export const HvCallEnableDeviceInterrupt = /* @__PURE__ */ call(0x00d5, 'HvCallEnableDeviceInterrupt', 'unknown', {
  layout: 'unknown',
  since: 'Windows 10 1803-1903 / Server 2019',
  aliases: { like: 'HvCallReserved00d5' },
  source: 'Mile.HyperV',
})

/** Which VPs a device interrupt goes to. */
export const HvCallQueryDeviceInterruptTarget = /* @__PURE__ */ call(
  0x00e0,
  'HvCallQueryDeviceInterruptTarget',
  'simple',
  {
    input: {
      partitionId: partitionIdField,
      logicalDeviceId: u64,
      interruptEntry: InterruptEntry,
    },
    output: {
      interruptTargetSize: u32,
      padding: reserved(4),
      /** Read as `DeviceInterruptTarget`, whose fixed part has 16 bytes. */
      interruptTarget: bytes(32),
      /** Banks of the target's set, 64 VPs each. */
      interruptTargetProcessorSetBankContents: array(u64, 4),
      interruptEntry: InterruptEntry,
    },
    inputArm64: {
      partitionId: partitionIdField,
      logicalDeviceId: u64,
      interruptEntry: Arm64InterruptEntry,
    },
    since: 'Windows Server 2019 (call table)',
    source: 'Mile.HyperV',
  },
)

/** Reserves entries of the interrupt remapping table for a device. */
export const HvCallReserveDeviceInterrupt = /* @__PURE__ */ call(0x00ea, 'HvCallReserveDeviceInterrupt', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    /** Number of entries. */
    vectorCount: u32,
    padding: reserved(4),
    flags: u64,
    logicalInterruptEntry: InterruptEntry,
    /** First entry of the interrupt remapping table. */
    baseIrtIndex: u32,
    padding2: reserved(4),
  },
  inputArm64: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    /** Number of entries. */
    vectorCount: u32,
    padding: reserved(4),
    flags: u64,
    logicalInterruptEntry: Arm64InterruptEntry,
    /** First entry of the interrupt remapping table. */
    baseIrtIndex: u32,
    paddingEnd: reserved(4),
  },
  since: 'Windows 10 2004/21H1 (call table)',
  source: 'Mile.HyperV',
})

/** Keeps a device interrupt alive across a restart of the hypervisor. */
export const HvCallPersistDeviceInterrupt = /* @__PURE__ */ call(0x00ed, 'HvCallPersistDeviceInterrupt', 'simple', {
  input: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    interruptEntry: InterruptEntry,
    vectorCount: u32,
    padding: reserved(4),
    flags: u64,
  },
  output: {
    /** First entry of the interrupt remapping table. */
    baseIrtIndex: u32,
    padding: reserved(4),
  },
  inputArm64: {
    partitionId: partitionIdField,
    logicalDeviceId: u64,
    interruptEntry: Arm64InterruptEntry,
    vectorCount: u32,
    padding: reserved(4),
    flags: u64,
  },
  since: 'Windows 10 2004/21H1 (call table)',
  source: 'Mile.HyperV',
})

/** Sends an interrupt of ARM64 to another VP. */
export const HvCallSetVirtualInterruptTarget = /* @__PURE__ */ call(
  0x011f,
  'HvCallSetVirtualInterruptTarget',
  'simple',
  {
    input: {
      partitionId: partitionIdField,
      /** INTID of the GIC. */
      interruptId: u32,
      vpIndex: vpIndexField,
      /** A plain number. */
      vtl: u8,
      padding: reserved(7),
    },
    architecture: 'arm64',
    since: 'after build 26100',
    source: 'TLFS',
  },
)
