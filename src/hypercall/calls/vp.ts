import { bit, bits, bytes, openEnum, reserved, rest, restOf, u8, u16, u32, u64 } from '../../wire/index.ts'
import { Arm64InitialVpContext, Arm64VpStateData } from '../arm64.ts'
import { VpDispatchEventField, VpDispatchStateField, VpStatePageType } from '../enums/vp.ts'
import { partitionIdField, registerNameField, vpIndexField } from '../ids.ts'
import { InputVtlWord } from '../input-vtl.ts'
import { RegisterValue } from '../register-value.ts'
import { GetVpCpuidValuesFlagsWord, InitialVpContext, ProximityDomainInfo, VpStateData } from '../vp.ts'
import { VpSet } from '../vp-set.ts'
import { call } from './call.ts'

/**
 * A guest spins on a lock for long: the holder may deserve the processor. No effect but that. The TLFS prints a count of 4 bytes and
 * 4 reserved; WDK 7.1 and symbols have one word.
 */
export const HvCallNotifyLongSpinWait = /* @__PURE__ */ call(0x0008, 'HvCallNotifyLongSpinWait', 'simple', {
  input: {
    /** Count of spins so far. */
    initialLongSpinWait: u64,
  },
  caller: 'self',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['Success'],
  aliases: { linux: 'HVCALL_NOTIFY_LONG_SPIN_WAIT' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/**
 * Which VPs the guest has parked. In Windows Server 2008 R2 it was HvParkLogicalProcessors: fast, with a mask of 64 processors and
 * no set.
 */
export const HvCallParkedVirtualProcessors = /* @__PURE__ */ call(0x0009, 'HvCallParkedVirtualProcessors', 'variable', {
  input: {
    /** VPs of the caller's partition that are parked. */
    processorSet: VpSet,
  },
  privilege: 'cpuManagement',
  caller: 'any',
  fast: true,
  since: 'Windows Server 2008 R2',
  statuses: ['AccessDenied'],
  aliases: { like: 'HvParkLogicalProcessors' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/**
 * Creates a virtual processor, suspended and in its reset state. The form of TLFS 2.0A has 32 bytes: no subnode, proximity at 16,
 * flags at 24.
 */
export const HvCallCreateVp = /* @__PURE__ */ call(0x004e, 'HvCallCreateVp', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    /** Not in use yet in the partition. */
    vpIndex: vpIndexField,
    padding: reserved(3),
    /** `SubnodeType`, in one byte. */
    subnodeType: u8,
    /** Which one of `subnodeType`. */
    subnodeId: u64,
    /** NUMA domain that the VP's memory should come from. */
    proximityDomainInfo: ProximityDomainInfo,
    flags: u64,
  },
  inputAliases: { linux: 'hv_create_vp' },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'OperationDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidPartitionState',
    'InsufficientMemory',
    'NoResources',
  ],
  aliases: { linux: 'HVCALL_CREATE_VP' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Deletes a virtual processor with its queued messages and timers. */
export const HvCallDeleteVp = /* @__PURE__ */ call(0x004f, 'HvCallDeleteVp', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    padding: reserved(4),
  },
  inputAliases: { linux: 'hv_input_delete_vp' },
  caller: 'parent',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidVpIndex', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_DELETE_VP' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Reads registers of a VP. */
export const HvCallGetVpRegisters = /* @__PURE__ */ call(0x0050, 'HvCallGetVpRegisters', 'rep', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    /** `WellKnownVp.Self` for the caller's own. */
    vpIndex: vpIndexField,
    /** Whose copy of a register that each VTL has by itself; without `useTargetVtl` the caller's. */
    inputVtl: InputVtlWord,
    rsvdZ8: reserved(1),
    rsvdZ16: reserved(u16),
  },
  inputAliases: { linux: 'hv_input_get_vp_registers' },
  element: {
    registerName: registerNameField,
  },
  outputElement: {
    /** Of the register that element i of the input names, 16 bytes; narrower ones in the low bytes. */
    registerValue: RegisterValue,
  },
  privilege: 'accessVpRegisters',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidVpIndex', 'InvalidParameter', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_GET_VP_REGISTERS' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Writes registers of a VP. */
export const HvCallSetVpRegisters = /* @__PURE__ */ call(0x0051, 'HvCallSetVpRegisters', 'rep', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    /** `WellKnownVp.Self` for the caller's own. */
    vpIndex: vpIndexField,
    /** Whose copy of a register that each VTL has by itself; without `useTargetVtl` the caller's. */
    inputVtl: InputVtlWord,
    rsvdZ8: reserved(1),
    rsvdZ16: reserved(u16),
  },
  inputAliases: { linux: 'hv_input_set_vp_registers' },
  element: {
    registerName: registerNameField,
    /** Must be zero. */
    rsvdZ: reserved(12),
    /** 16 bytes; narrower registers take the low ones. */
    registerValue: RegisterValue,
  },
  privilege: 'accessVpRegisters',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidPartitionState',
    'InvalidRegisterValue',
    'InvalidVpState',
  ],
  aliases: { linux: 'HVCALL_SET_VP_REGISTERS' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Starts a VP of the caller's partition in the given context. */
export const HvCallStartVirtualProcessor = /* @__PURE__ */ call(0x0099, 'HvCallStartVirtualProcessor', 'simple', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** VTL that it starts in, a plain number. */
    targetVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    /** Registers that it starts with, in that VTL. */
    vpContext: InitialVpContext,
  },
  inputAliases: { like: 'hv_enable_vp_vtl' },
  inputArm64: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** VTL that it starts in, a plain number. */
    targetVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    /** Registers that it starts with, in that VTL. */
    vpContext: Arm64InitialVpContext,
  },
  privilege: 'startVirtualProcessor',
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidRegisterValue',
    'InvalidVpState',
    'InvalidPartitionState',
    'InvalidVtlState',
  ],
  aliases: { linux: 'HVCALL_START_VP' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/**
 * Finds VPs by APIC id (x64) or MPIDR (ARM64, elements of 8 bytes). The TLFS prints elements of 8 bytes; Linux and OpenVMM pack them
 * to 4.
 */
export const HvCallGetVpIndexFromApicId = /* @__PURE__ */ call(0x009a, 'HvCallGetVpIndexFromApicId', 'rep', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    /** A plain number, 0 … 15. */
    targetVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    reservedZ2: reserved(u32),
  },
  inputAliases: { linux: 'hv_get_vp_from_apic_id_in' },
  element: {
    /** Initial APIC id, the full 32 bits. */
    apicId: u32,
  },
  elementArm64: {
    /** Affinity as MPIDR_EL1 has it. */
    mpidr: u64,
  },
  outputElement: {
    /** Of the id that element i of the input names. */
    vpIndex: vpIndexField,
  },
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidPartitionState',
    'InvalidVtlState',
    'InvalidRegisterValue',
    'InvalidVpState',
  ],
  aliases: { linux: 'HVCALL_GET_VP_ID_FROM_APIC_ID' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Runs a VP on the calling processor, for the root's own scheduler. */
export const HvCallDispatchVp = /* @__PURE__ */ call(0x00c2, 'HvCallDispatchVp', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Mask, by Linux: 1 ends the wait for an intercept; 2 lets interrupts of the caller in; 4 sets `specCtrl`. */
    flags: u32,
    /** 100 ns units. */
    timeSlice: u64,
    specCtrl: u64,
  },
  inputAliases: { linux: 'hv_input_dispatch_vp' },
  output: {
    dispatchState: VpDispatchStateField,
    /** Why it came back. */
    dispatchEvent: VpDispatchEventField,
  },
  outputAliases: { linux: 'hv_output_dispatch_vp' },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  aliases: { linux: 'HVCALL_DISPATCH_VP' },
  source: 'Mile.HyperV',
})

/** Maps a page that shows a VP's state. Older headers have a type of 4 bytes, and no place: 16 bytes. */
export const HvCallMapVpStatePage = /* @__PURE__ */ call(0x00e1, 'HvCallMapVpStatePage', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** HV_VP_STATE_PAGE_TYPE. */
    type: openEnum('VpStatePageType', u16, VpStatePageType),
    /** Whose state; without `useTargetVtl` the caller's VTL. */
    inputVtl: InputVtlWord,
    flags: bits(u8, {
      /** The caller chooses the place: `requestedMapLocation`. */
      mapLocationProvided: bit(0),
    }),
    /** Page number in the caller's space; counts with `mapLocationProvided` only. */
    requestedMapLocation: u64,
  },
  inputAliases: { linux: 'hv_input_map_vp_state_page' },
  output: {
    /** Page number in the caller's space where it is now. */
    mapLocation: u64,
  },
  outputAliases: { linux: 'hv_output_map_vp_state_page' },
  since: 'Windows Server 2019 (call table)',
  aliases: { linux: 'HVCALL_MAP_VP_STATE_PAGE' },
  source: 'TLFS, Linux',
})

/** Unmaps a page that shows a VP's state. Older headers have a type of 4 bytes. */
export const HvCallUnmapVpStatePage = /* @__PURE__ */ call(0x00e2, 'HvCallUnmapVpStatePage', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** HV_VP_STATE_PAGE_TYPE. */
    type: openEnum('VpStatePageType', u16, VpStatePageType),
    /** Whose state; without `useTargetVtl` the caller's VTL. */
    inputVtl: InputVtlWord,
    reserved0: reserved(1),
  },
  inputAliases: { linux: 'hv_input_unmap_vp_state_page' },
  since: 'Windows Server 2019 (call table)',
  aliases: { linux: 'HVCALL_UNMAP_VP_STATE_PAGE' },
  source: 'TLFS, Linux',
})

/**
 * Reads a larger piece of a VP's state. Types with bit 31 set are read into pages of the caller, listed in the variable header.
 */
export const HvCallGetVpState = /* @__PURE__ */ call(0x00e3, 'HvCallGetVpState', 'variable', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Whose state, a plain number. */
    inputVtl: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    /** Which state; for XSAVE also which of its components. */
    stateData: VpStateData,
    /** Page numbers, for types with bit 31 set. */
    pages: restOf(u64),
  },
  inputAliases: { linux: 'hv_input_get_vp_state' },
  output: {
    /** In the type's own form, from byte 0 on; unused where `pages` took it. */
    state: bytes(200),
  },
  outputAliases: { linux: 'hv_output_get_vp_state' },
  inputArm64: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Whose state, a plain number. */
    inputVtl: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    /** Which state; for XSAVE also which of its components. */
    stateData: Arm64VpStateData,
    /** Page numbers, for types with bit 31 set. */
    pages: restOf(u64),
  },
  since: 'Windows Server 2019 (call table)',
  aliases: { linux: 'HVCALL_GET_VP_STATE' },
  source: 'Mile.HyperV',
})

/**
 * Writes a larger piece of a VP's state, given in pages of the caller for types with bit 31 set, else in the variable header itself.
 */
export const HvCallSetVpState = /* @__PURE__ */ call(0x00e4, 'HvCallSetVpState', 'variable', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Whose state, a plain number. */
    inputVtl: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    /** Which state; for XSAVE also which of its components. */
    stateData: VpStateData,
    /** Page numbers for types with bit 31 set, else the state itself. */
    data: rest(),
  },
  inputAliases: { linux: 'hv_input_set_vp_state' },
  inputArm64: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Whose state, a plain number. */
    inputVtl: u8,
    reserved0: reserved(1),
    reserved1: reserved(u16),
    /** Which state; for XSAVE also which of its components. */
    stateData: Arm64VpStateData,
    /** Page numbers for types with bit 31 set, else the state itself. */
    data: rest(),
  },
  since: 'Windows Server 2019 (call table)',
  aliases: { linux: 'HVCALL_SET_VP_STATE' },
  source: 'Mile.HyperV',
})

/**
 * VPs that an interrupt destination address means. The TLFS prints an output of 4104 bytes, more than a page; a set of 64 banks has
 * 528.
 */
export const HvCallGetVpSetFromMda = /* @__PURE__ */ call(0x00e5, 'HvCallGetVpSetFromMda', 'simple', {
  input: {
    targetPartition: partitionIdField,
    /** Message destination: APIC id, or logical address with `logicalDestinationMode`. */
    destinationAddress: u64,
    /** A plain number, 0 … 15. */
    targetVtl: u8,
    /** 0 physical, 1 logical. */
    logicalDestinationMode: u8,
    /** Must be zero. */
    reservedZ0: reserved(u16),
    /** Must be zero. */
    reservedZ1: reserved(u32),
  },
  output: {
    /** At most 64 banks. */
    targetVpSet: VpSet,
  },
  architecture: 'x64',
  since: 'Windows Server 2019 (call table)',
  source: 'TLFS',
})

/** What CPUID answers on a VP. The TLFS prints elements of 8 bytes; rust-vmm/mshv and symbols have 24. */
export const HvCallGetVpCpuidValues = /* @__PURE__ */ call(0x00f4, 'HvCallGetVpCpuidValues', 'rep', {
  input: {
    partitionId: u64,
    vpIndex: u32,
    flags: GetVpCpuidValuesFlagsWord,
    reserved: reserved(u32),
    padding: reserved(u32),
  },
  element: {
    /** Leaf. */
    eax: u32,
    /** Subleaf. */
    ecx: u32,
    /** XCR0 to work the leaf out with, unless `useVpXfemXss`. */
    xfem: u64,
    /** IA32_XSS to work the leaf out with, unless `useVpXfemXss`. */
    xss: u64,
  },
  outputElement: {
    eax: u32,
    ebx: u32,
    ecx: u32,
    edx: u32,
  },
  architecture: 'x64',
  since: 'Windows Server 2022 development',
  aliases: { linux: 'HVCALL_GET_VP_CPUID_VALUES' },
  source: 'TLFS, rust-vmm/mshv, OpenVMM hvdef',
})

/** Takes over memory of an earlier hypervisor. */
export const HvCallSubsumeInitializedMemory = /* @__PURE__ */ call(
  0x00fb,
  'HvCallSubsumeInitializedMemory',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 11 preview (2021) (call table)',
    source: 'Mile.HyperV',
  },
)

/** Takes over a VP of an earlier hypervisor. */
export const HvCallSubsumeVp = /* @__PURE__ */ call(0x00fc, 'HvCallSubsumeVp', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    padding: reserved(4),
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'Mile.HyperV',
})

/** Drops what was taken over from an earlier hypervisor. */
export const HvCallDestroySubsumedContext = /* @__PURE__ */ call(0x00fd, 'HvCallDestroySubsumedContext', 'unknown', {
  layout: 'unknown',
  since: 'Windows 11 preview (2021) (call table)',
  source: 'Mile.HyperV',
})

/** Maps a page that shows a VP's state. */
export const HvCallMapVpStatePageEx = /* @__PURE__ */ call(0x0111, 'HvCallMapVpStatePageEx', 'unknown', {
  layout: 'unknown',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  aliases: { like: 'HvCallReserved0111' },
  source: 'Mile.HyperV',
})

/** Wakes VPs. */
export const HvCallWakeVps = /* @__PURE__ */ call(0x0114, 'HvCallWakeVps', 'variable', {
  input: {
    partitionId: partitionIdField,
    vpsToWake: VpSet,
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})
