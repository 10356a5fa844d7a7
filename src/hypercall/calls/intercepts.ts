import { array, reserved, rest, u8, u16, u32, u64 } from '../../wire/index.ts'
import { InterceptTypeField } from '../enums/messages.ts'
import { InterceptAccessTypeMaskField } from '../flags.ts'
import { partitionIdField, registerNameField, vpIndexField } from '../ids.ts'
import { InputVtlWord } from '../input-vtl.ts'
import { InterceptParameters, InterceptResultParameters } from '../intercepts.ts'
import { call } from './call.ts'

/** Has accesses of a child stop and be reported to the parent. */
export const HvCallInstallIntercept = /* @__PURE__ */ call(0x004d, 'HvCallInstallIntercept', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    /** 0 takes the intercept back. */
    accessType: InterceptAccessTypeMaskField,
    interceptType: InterceptTypeField,
    /** In the form that `interceptType` tells. */
    interceptParameter: InterceptParameters,
  },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidParameter', 'InvalidPartitionState', 'InsufficientMemory'],
  aliases: { linux: 'HVCALL_INSTALL_INTERCEPT' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Logical processors that a VP ran on, to judge a machine check. */
export const HvCallQueryAssociatedLpsForMca = /* @__PURE__ */ call(0x008a, 'HvCallQueryAssociatedLpsForMca', 'simple', {
  input: {
    vpIndex: vpIndexField,
    padding: reserved(4),
  },
  output: {
    /** Entries of `associatedLpList` in use, 0 … 320. */
    count: u32,
    /** Numbers of logical processors; the first `count` count. */
    associatedLpList: array(u16, 320),
    padding: reserved(4),
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { like: 'HvCallQueryAssociatedLpsforMca' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Raises a synthetic machine check in a VP. */
export const HvCallInjectSyntheticMachineCheck = /* @__PURE__ */ call(
  0x008c,
  'HvCallInjectSyntheticMachineCheck',
  'simple',
  {
    input: {
      partitionId: partitionIdField,
      vpIndex: vpIndexField,
      padding: reserved(4),
    },
    inputArm64: {
      partitionId: partitionIdField,
      vpIndex: vpIndexField,
      synmcEvent: u16,
      padding: reserved(2),
    },
    privilege: 'cpuManagement',
    caller: 'root',
    since: 'Windows Server 2012',
    source: 'Mile.HyperV, TLFS 6.0b',
  },
)

/**
 * Lays down what a CPUID leaf or an MSR answers, so that no intercept is needed. The TLFS lists only results and masks; rust-
 * vmm/mshv has leaf, subleaf and two switches before them. 60 bytes, 64 with padding at the end.
 */
export const HvCallRegisterInterceptResult = /* @__PURE__ */ call(0x0091, 'HvCallRegisterInterceptResult', 'simple', {
  input: {
    partitionId: u64,
    vpIndex: u32,
    interceptType: InterceptTypeField,
    /** In the form that `interceptType` tells. */
    parameters: InterceptResultParameters,
  },
  caller: 'root',
  architecture: 'x64',
  since: 'Windows Server 2012 R2',
  aliases: { linux: 'HVCALL_REGISTER_INTERCEPT_RESULT' },
  source: 'TLFS, rust-vmm/mshv, OpenVMM hvdef, TLFS 6.0b',
})

/** Takes back what HvCallRegisterInterceptResult laid down. Parameters unknown. */
export const HvCallUnregisterInterceptResult = /* @__PURE__ */ call(
  0x0092,
  'HvCallUnregisterInterceptResult',
  'simple',
  {
    input: {
      partitionId: partitionIdField,
      vpIndex: vpIndexField,
      interceptType: InterceptTypeField,
      /** Union of Cpuid and Msr forms whose members no source lists. */
      parameters: rest(),
    },
    layout: 'partial',
    caller: 'root',
    architecture: 'x64',
    since: 'Windows Server 2012 R2',
    source: 'TLFS, TLFS 6.0b',
  },
)

/** Whether an access to an I/O port would be intercepted. */
export const HvCallCheckForIoIntercept = /* @__PURE__ */ call(0x00ad, 'HvCallCheckForIoIntercept', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Without `useTargetVtl` the caller's. */
    targetVtl: InputVtlWord,
    padding: reserved(1),
    port: u16,
    /** Bytes of the access: 1, 2 or 4. */
    size: u8,
    /** 1 for OUT, 0 for IN. */
    isWrite: u8,
    padding2: reserved(6),
  },
  output: {
    /** 1: the access would be intercepted. */
    intercept: u8,
    padding: reserved(7),
  },
  architecture: 'x64',
  since: 'Windows 10 / Server 2016',
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef',
})

/** Completes an intercept with the result of the access: a completion structure of the intercept's message. */
export const HvCallCompleteIntercept = /* @__PURE__ */ call(0x00bd, 'HvCallCompleteIntercept', 'variable', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Bytes of `data`, without what fills it up. */
    dataSize: u32,
    /** `dataSize` bytes, filled up to 8. */
    data: rest(),
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})

/** Reads data of the intercept that a VP waits in. Output unknown. */
export const HvCallGetInterceptData = /* @__PURE__ */ call(0x00df, 'HvCallGetInterceptData', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    padding: reserved(4),
  },
  layout: 'partial',
  since: 'Windows Server 2022 development',
  source: 'Mile.HyperV',
})

/**
 * Logical processors that a VP ran on, as a set, to judge a machine check. The input is taken to be that of
 * HvCallQueryAssociatedLpsForMca: symbols have a type of its own for the output only.
 */
export const HvCallQueryAssociatedLpsForMcaEx = /* @__PURE__ */ call(
  0x0104,
  'HvCallQueryAssociatedLpsForMcaEx',
  'simple',
  {
    input: {
      vpIndex: vpIndexField,
      padding: reserved(4),
    },
    output: {
      /** Set of logical processors: format, mask of valid banks, then the banks. */
      associatedLpSet: array(u64, 7),
    },
    layout: 'partial',
    since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
    source: 'Mile.HyperV',
  },
)

/** Intercepts accesses to registers. */
export const HvCallInstallInterceptEx = /* @__PURE__ */ call(0x0110, 'HvCallInstallInterceptEx', 'rep', {
  input: {
    partitionId: partitionIdField,
    /** VTL that takes the intercepts; without `useTargetVtl` the caller's. */
    interceptingInputVtl: InputVtlWord,
    padding: reserved(3),
    interceptType: InterceptTypeField,
    reserved: reserved(32),
  },
  element: {
    registerName: registerNameField,
    accessTypeMask: InterceptAccessTypeMaskField,
    /** Bits of the register that a write intercept watches. */
    writeInterceptMask: u64,
    /** Must be zero. */
    reserved: reserved(112),
  },
  architecture: 'arm64',
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'TLFS, Mile.HyperV',
})
