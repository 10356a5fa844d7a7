import { bytes, reserved, rest, u32, u64 } from '../../wire/index.ts'
import { Arm64PartitionCreationProperties } from '../arm64.ts'
import {
  CompatibilityVersionField,
  PartitionEventField,
  PartitionPropertyField,
  SaveRestoreStateResultField,
} from '../enums/partition.ts'
import { SaveRestoreStateFlagsField } from '../flags.ts'
import { partitionIdField } from '../ids.ts'
import { PartitionCreationProperties, PartitionIsolationPropertiesWord } from '../partition.ts'
import { ProximityDomainInfo } from '../vp.ts'
import { call } from './call.ts'

/**
 * Creates a child partition. Its own memory pool is empty: deposit before initializing it. 16 bytes in TLFS 2.0A; for the TLFS
 * online the isolation properties are reserved, Linux and the symbols have them.
 */
export const HvCallCreatePartition = /* @__PURE__ */ call(0x0040, 'HvCallCreatePartition', 'simple', {
  input: {
    /** Mask, by Linux: 0x1 SMT, 0x2 nested virtualization, 0x10 1 GiB pages, 0x2000 local APIC. 0 in TLFS 2.0A. */
    flags: u64,
    /** NUMA domain that the memory should come from. */
    proximityDomainInfo: ProximityDomainInfo,
    compatibilityVersion: CompatibilityVersionField,
    padding: reserved(4),
    partitionCreationProperties: PartitionCreationProperties,
    isolationProperties: PartitionIsolationPropertiesWord,
  },
  inputAliases: { linux: 'hv_input_create_partition' },
  output: {
    /** Not used again as long as the machine is on. */
    newPartitionId: partitionIdField,
  },
  outputAliases: { linux: 'hv_output_create_partition' },
  inputArm64: {
    /** Mask, by Linux: 0x1 SMT, 0x2 nested virtualization, 0x10 1 GiB pages, 0x2000 local APIC. 0 in TLFS 2.0A. */
    flags: u64,
    /** NUMA domain that the memory should come from. */
    proximityDomainInfo: ProximityDomainInfo,
    compatibilityVersion: CompatibilityVersionField,
    padding: reserved(4),
    partitionCreationProperties: Arm64PartitionCreationProperties,
    isolationProperties: PartitionIsolationPropertiesWord,
  },
  privilege: 'createPartitions',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'PartitionTooDeep', 'InsufficientMemory', 'NoResources'],
  aliases: { linux: 'HVCALL_CREATE_PARTITION' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Makes a created partition active. */
export const HvCallInitializePartition = /* @__PURE__ */ call(0x0041, 'HvCallInitializePartition', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
  },
  inputAliases: { linux: 'hv_input_initialize_partition' },
  caller: 'parent',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidPartitionState', 'InsufficientMemory', 'NoResources'],
  aliases: { linux: 'HVCALL_INITIALIZE_PARTITION' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Tears an active partition down; repeat while it is finalizing. It must have no children. */
export const HvCallFinalizePartition = /* @__PURE__ */ call(0x0042, 'HvCallFinalizePartition', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
  },
  inputAliases: { linux: 'hv_input_finalize_partition' },
  caller: 'parent',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'OperationDenied', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_FINALIZE_PARTITION' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Deletes a finalized, or never initialized, partition whose pool is drained. */
export const HvCallDeletePartition = /* @__PURE__ */ call(0x0043, 'HvCallDeletePartition', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
  },
  inputAliases: { linux: 'hv_input_delete_partition' },
  caller: 'parent',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'OperationDenied', 'InvalidPartitionState', 'InvalidPartitionId'],
  aliases: { linux: 'HVCALL_DELETE_PARTITION' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Reads a property of a partition. */
export const HvCallGetPartitionProperty = /* @__PURE__ */ call(0x0044, 'HvCallGetPartitionProperty', 'simple', {
  input: {
    /** A child of the caller; the root may name itself. */
    partitionId: partitionIdField,
    propertyCode: PartitionPropertyField,
    padding: reserved(4),
  },
  inputAliases: { linux: 'hv_input_get_partition_property' },
  output: {
    /** What it means is the property's matter: `PartitionProperty`. */
    propertyValue: u64,
  },
  outputAliases: { linux: 'hv_output_get_partition_property' },
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'UnknownProperty', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_GET_PARTITION_PROPERTY' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Sets a property of a partition, some only before it is initialized. The TLFS online has no table of its parameters; TLFS 2.0A, WDK
 * 7.1 and Linux agree on this one.
 */
export const HvCallSetPartitionProperty = /* @__PURE__ */ call(0x0045, 'HvCallSetPartitionProperty', 'simple', {
  input: {
    /** A child of the caller; the root may name itself. */
    partitionId: partitionIdField,
    propertyCode: PartitionPropertyField,
    padding: reserved(4),
    /** What it means is the property's matter: `PartitionProperty`. */
    propertyValue: u64,
  },
  inputAliases: { linux: 'hv_input_set_partition_property' },
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'UnknownProperty',
    'PropertyValueOutOfRange',
    'ObjectInUse',
    'InvalidParameter',
    'InvalidPartitionState',
    'InsufficientMemory',
  ],
  aliases: { linux: 'HVCALL_SET_PARTITION_PROPERTY' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/** Tells the caller its own partition id. */
export const HvCallGetPartitionId = /* @__PURE__ */ call(0x0046, 'HvCallGetPartitionId', 'simple', {
  output: {
    partitionId: partitionIdField,
  },
  outputAliases: { linux: 'hv_output_get_partition_id' },
  privilege: 'accessPartitionId',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied'],
  aliases: { linux: 'HVCALL_GET_PARTITION_ID' },
  source: 'TLFS 2.0A',
})

/** Enumerates children in the order of creation; starts after, and ends with, id 0. */
export const HvCallGetNextChildPartition = /* @__PURE__ */ call(0x0047, 'HvCallGetNextChildPartition', 'simple', {
  input: {
    /** The caller itself. */
    parentId: partitionIdField,
    /** The child that the last call answered; 0 for the first. */
    previousChildId: partitionIdField,
  },
  output: {
    /** 0: there are no more. */
    nextChildId: partitionIdField,
  },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId'],
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Saves the state of a partition, piece by piece; the first call carries the start flag. TLFS 2.0A has the state before the count in
 * the output, WDK 7.1 and the symbols have the count first.
 */
export const HvCallSavePartitionState = /* @__PURE__ */ call(0x005e, 'HvCallSavePartitionState', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    /** `start` on the first call only. */
    flags: SaveRestoreStateFlagsField,
    padding: reserved(4),
  },
  output: {
    /** Bytes of `saveData` in use, at most 4080. */
    saveDataCount: u32,
    /** Whether more calls are needed. */
    saveState: SaveRestoreStateResultField,
    /** The first `saveDataCount` bytes count. */
    saveData: bytes(4080),
  },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'OperationDenied',
    'InvalidPartitionState',
    'InvalidParameter',
    'InvalidSaveRestoreState',
    'InsufficientMemory',
  ],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Restores the state of a partition, piece by piece; the first call carries the start flag. */
export const HvCallRestorePartitionState = /* @__PURE__ */ call(0x005f, 'HvCallRestorePartitionState', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    /** `start` on the first call only. */
    flags: SaveRestoreStateFlagsField,
    /** Bytes of `restoreData` in use, at most 4080. */
    restoreDataCount: u32,
    /** Always sent in full; the first `restoreDataCount` bytes count. */
    restoreData: bytes(4080),
  },
  output: {
    /** Whether more calls are needed. */
    restoreState: SaveRestoreStateResultField,
    /** Bytes taken of `restoreData`; the next call begins with the others. */
    restoreDataConsumed: u32,
  },
  chunk: { count: 'restoreDataCount', data: 'restoreData' },
  privilege: 'createPartitions',
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'OperationDenied',
    'InvalidPartitionState',
    'InvalidParameter',
    'InvalidSaveRestoreState',
    'InsufficientMemory',
  ],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Tells the hypervisor of something that happened in the root. */
export const HvCallNotifyPartitionEvent = /* @__PURE__ */ call(0x0087, 'HvCallNotifyPartitionEvent', 'simple', {
  input: {
    event: PartitionEventField,
    /** A `CrashdumpAction` with `EventRootCrashdump`, a count of processors with `CommitLpIndices`. */
    input: u32,
  },
  inputAliases: { linux: 'hv_input_notify_partition_event' },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { linux: 'HVCALL_NOTIFY_PARTITION_EVENT' },
  source: 'Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Resets a partition's state. */
export const HvCallScrubPartition = /* @__PURE__ */ call(0x008d, 'HvCallScrubPartition', 'simple', {
  input: {
    partitionId: partitionIdField,
  },
  caller: 'root',
  since: 'Windows Server 2012 R2',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Reads a property of a partition that may be larger than 8 bytes. Output buffer: mshv 4072 bytes, Mile 4096. */
export const HvCallGetPartitionPropertyEx = /* @__PURE__ */ call(0x0101, 'HvCallGetPartitionPropertyEx', 'simple', {
  input: {
    partitionId: partitionIdField,
    propertyCode: PartitionPropertyField,
    padding: reserved(4),
    /** Meant by the property; 0 where it takes none. */
    arg: u64,
  },
  inputAliases: { linux: 'hv_input_get_partition_property_ex' },
  output: {
    /** In the property's own form, from byte 0 on. */
    propertyValue: bytes(4096),
  },
  outputAliases: { like: 'hv_output_get_partition_property_ex' },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  aliases: { linux: 'HVCALL_GET_PARTITION_PROPERTY_EX' },
  source: 'Mile.HyperV',
})

/** Sets the reference time and TSC of a partition that was restored. */
export const HvCallRestorePartitionTime = /* @__PURE__ */ call(0x0103, 'HvCallRestorePartitionTime', 'simple', {
  input: {
    partitionId: partitionIdField,
    /** Sequence of the reference TSC page. */
    tscSequence: u32,
    reservedZ: reserved(u32),
    /** 100 ns units. */
    referenceTime: u64,
    /** In ticks of the TSC. */
    tsc: u64,
  },
  since: 'Windows Server 2022 development',
  source: 'Mile.HyperV, OpenVMM hvdef',
})

/**
 * Sets a property of a partition that may be larger than 8 bytes. The TLFS prints 4 bytes for the argument, and the value at 24 all
 * the same.
 */
export const HvCallSetPartitionPropertyEx = /* @__PURE__ */ call(0x010a, 'HvCallSetPartitionPropertyEx', 'variable', {
  input: {
    partitionId: partitionIdField,
    propertyCode: PartitionPropertyField,
    padding: reserved(4),
    /** Meant by the property; 0 where it takes none. */
    arg: u64,
    /** The property. */
    value: rest(),
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'TLFS, Mile.HyperV',
})
