import { array, bit, bits, bytes, reserved, u32, u64 } from '../../wire/index.ts'
import { LogicalProcessorPropertyTypeField, PowerPropertyTypeField } from '../enums/power.ts'
import { CpuGroupPropertyField } from '../enums/vp.ts'
import { partitionIdField } from '../ids.ts'
import { LpStartupStatus } from '../power.ts'
import { PpmIdleStateConfigWord, PpmPerfStateRegisterWord } from '../power-words.ts'
import { ProximityDomainInfo } from '../vp.ts'
import { call } from './call.ts'

/** Tells the hypervisor of a processor feature that a microcode update brought. */
export const HvCallUpdateHvProcessorFeatures = /* @__PURE__ */ call(
  0x0005,
  'HvCallUpdateHvProcessorFeatures',
  'simple',
  {
    input: {
      property: u32,
      rsvdZ: reserved(u32),
      value: u64,
    },
    since: 'Windows Server 2008',
    source: 'Mile.HyperV',
  },
)

/** Loads processor microcode. */
export const HvCallUpdateMicrocode = /* @__PURE__ */ call(0x0007, 'HvCallUpdateMicrocode', 'unknown', {
  layout: 'unknown',
  since: 'Windows Server 2008',
  source: 'Mile.HyperV',
})

/** Writes a performance state register of a logical processor. */
export const HvCallSetPerfRegister = /* @__PURE__ */ call(0x001b, 'HvCallSetPerfRegister', 'simple', {
  input: {
    /** A logical processor, from 0. */
    processorIndex: u32,
    padding: reserved(4),
    register: PpmPerfStateRegisterWord,
    /** Bits of the register that keep their value. */
    preserveMask: u64,
    value: u64,
  },
  source: 'Mile.HyperV',
})

/** Reads a performance state register of a logical processor. */
export const HvCallGetPerfRegister = /* @__PURE__ */ call(0x001c, 'HvCallGetPerfRegister', 'simple', {
  input: {
    /** A logical processor, from 0. */
    processorIndex: u32,
    padding: reserved(4),
    register: PpmPerfStateRegisterWord,
  },
  output: {
    value: u64,
  },
  source: 'Mile.HyperV',
})

/** Starts a logical processor. Linux has no flags, 16 bytes. */
export const HvCallAddLogicalProcessor = /* @__PURE__ */ call(0x0076, 'HvCallAddLogicalProcessor', 'simple', {
  input: {
    /** Number that the hypervisor is to know it by, from 0. */
    lpIndex: u32,
    /** Of the processor as hardware has it. */
    apicId: u32,
    /** NUMA domain that the processor is in. */
    proximityDomainInfo: ProximityDomainInfo,
    flags: u64,
  },
  inputAliases: { like: 'hv_input_add_logical_processor' },
  output: {
    /** Why it did not start, if it did not. */
    startupStatus: LpStartupStatus,
  },
  outputAliases: { linux: 'hv_output_add_logical_processor' },
  inputArm64: {
    /** Number that the hypervisor is to know it by, from 0. */
    lpIndex: u32,
    padding: reserved(4),
    procHwId: u64,
    /** NUMA domain that the processor is in. */
    proximityDomainInfo: ProximityDomainInfo,
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { linux: 'HVCALL_ADD_LOGICAL_PROCESSOR' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Takes a logical processor out. */
export const HvCallRemoveLogicalProcessor = /* @__PURE__ */ call(0x0077, 'HvCallRemoveLogicalProcessor', 'simple', {
  input: {
    lpIndex: u32,
    padding: reserved(4),
    flags: u64,
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Distance of processors to memory in NUMA domains. */
export const HvCallQueryNumaDistance = /* @__PURE__ */ call(0x0078, 'HvCallQueryNumaDistance', 'simple', {
  input: {
    /** NUMA domain of the processor. */
    cpuProximityId: u32,
    /** NUMA domain of the memory. */
    memoryProximityId: u32,
  },
  output: {
    distance: u64,
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Sets a property of a logical processor. */
export const HvCallSetLogicalProcessorProperty = /* @__PURE__ */ call(
  0x0079,
  'HvCallSetLogicalProcessorProperty',
  'simple',
  {
    input: {
      lpIndex: u32,
      type: LogicalProcessorPropertyTypeField,
      /** In the form that `type` tells, from byte 0 on. */
      property: bytes(3256),
    },
    inputArm64: {
      lpIndex: u32,
      type: LogicalProcessorPropertyTypeField,
      /** In the form that `type` tells, from byte 0 on. */
      property: bytes(32),
    },
    privilege: 'cpuManagement',
    caller: 'root',
    since: 'Windows Server 2012',
    source: 'Mile.HyperV, TLFS 6.0b',
  },
)

/** Reads a property of a logical processor. */
export const HvCallGetLogicalProcessorProperty = /* @__PURE__ */ call(
  0x007a,
  'HvCallGetLogicalProcessorProperty',
  'simple',
  {
    input: {
      lpIndex: u32,
      type: LogicalProcessorPropertyTypeField,
    },
    output: {
      /** In the form that `type` tells, from byte 0 on. */
      property: bytes(3256),
    },
    privilege: 'cpuManagement',
    caller: 'root',
    since: 'Windows Server 2012',
    source: 'Mile.HyperV, TLFS 6.0b',
  },
)

/** Reads registers of logical processors. */
export const HvCallGetLogicalProcessorRegisters = /* @__PURE__ */ call(
  0x0088,
  'HvCallGetLogicalProcessorRegisters',
  'simple',
  {
    layout: 'unknown',
    privilege: 'cpuManagement',
    caller: 'root',
    since: 'Windows Server 2012',
    source: 'TLFS 6.0b',
  },
)

/** Writes registers of logical processors. */
export const HvCallSetLogicalProcessorRegisters = /* @__PURE__ */ call(
  0x0089,
  'HvCallSetLogicalProcessorRegisters',
  'simple',
  {
    layout: 'unknown',
    privilege: 'cpuManagement',
    caller: 'root',
    since: 'Windows Server 2012',
    source: 'TLFS 6.0b',
  },
)

/** Reads a power property. */
export const HvCallGetPowerProperty = /* @__PURE__ */ call(0x009b, 'HvCallGetPowerProperty', 'simple', {
  input: {
    type: PowerPropertyTypeField,
    /** Meant by `type`. */
    argument: u32,
  },
  output: {
    /** In the form that `type` tells, from byte 0 on. */
    property: bytes(520),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Sets a power property. */
export const HvCallSetPowerProperty = /* @__PURE__ */ call(0x009c, 'HvCallSetPowerProperty', 'simple', {
  input: {
    type: PowerPropertyTypeField,
    padding: reserved(4),
    /** In the form that `type` tells, from byte 0 on. */
    property: bytes(528),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Creates a CPU group. Input unknown. */
export const HvCallCreateCpuGroup = /* @__PURE__ */ call(0x00b5, 'HvCallCreateCpuGroup', 'simple', {
  output: {
    newCpuGroupId: u64,
  },
  layout: 'partial',
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Deletes a CPU group. */
export const HvCallDeleteCpuGroup = /* @__PURE__ */ call(0x00b6, 'HvCallDeleteCpuGroup', 'simple', {
  input: {
    cpuGroupId: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Reads a property of a CPU group. */
export const HvCallGetCpuGroupProperty = /* @__PURE__ */ call(0x00b7, 'HvCallGetCpuGroupProperty', 'simple', {
  input: {
    cpuGroupId: u64,
    propertyCode: CpuGroupPropertyField,
    padding: reserved(4),
  },
  output: {
    /** Meant by `propertyCode`. */
    propertyValue: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Sets a property of a CPU group. */
export const HvCallSetCpuGroupProperty = /* @__PURE__ */ call(0x00b8, 'HvCallSetCpuGroupProperty', 'simple', {
  input: {
    cpuGroupId: u64,
    propertyCode: CpuGroupPropertyField,
    padding: reserved(4),
    /** Meant by `propertyCode`. */
    propertyValue: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Logical processors of a CPU group. */
export const HvCallGetCpuGroupAffinity = /* @__PURE__ */ call(0x00b9, 'HvCallGetCpuGroupAffinity', 'simple', {
  input: {
    cpuGroupId: u64,
  },
  output: {
    /** Logical processors in the group. */
    lpCount: u32,
    padding: reserved(4),
    /** Set of logical processors: format, mask of valid banks, then the banks. */
    cpuGroupAffinity: array(u64, 7),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Enumerates CPU groups. */
export const HvCallGetNextCpuGroup = /* @__PURE__ */ call(0x00ba, 'HvCallGetNextCpuGroup', 'simple', {
  input: {
    /** The group that the last call answered. */
    previousCpuGroupId: u64,
  },
  output: {
    nextCpuGroupId: u64,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Enumerates the partitions of a CPU group. */
export const HvCallGetNextCpuGroupPartition = /* @__PURE__ */ call(0x00bb, 'HvCallGetNextCpuGroupPartition', 'simple', {
  input: {
    cpuGroupId: u64,
    /** The partition that the last call answered. */
    previousPartitionId: partitionIdField,
  },
  output: {
    nextPartitionId: partitionIdField,
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Halts the calling processor in an idle state. */
export const HvCallRequestProcessorHalt = /* @__PURE__ */ call(0x00de, 'HvCallRequestProcessorHalt', 'simple', {
  input: {
    config: PpmIdleStateConfigWord,
    cStateType: u32,
    flags: bits(u32, {
      useDefaultSuspend: bit(0),
    }),
  },
  since: 'Windows Server 2022 development',
  source: 'Mile.HyperV',
})

/** Sets the logical processors of a CPU group. */
export const HvCallSetCpuGroupAffinity = /* @__PURE__ */ call(0x0115, 'HvCallSetCpuGroupAffinity', 'simple', {
  input: {
    cpuGroupId: u64,
    /** Set of logical processors: format, mask of valid banks, then the banks. */
    cpuGroupAffinity: array(u64, 7),
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})
