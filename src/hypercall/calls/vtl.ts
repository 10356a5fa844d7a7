import { array, bitField, bits, reserved, u8, u16, u32, u64 } from '../../wire/index.ts'
import { Arm64InitialVpContext } from '../arm64.ts'
import { MapGpaFlagsField } from '../flags.ts'
import { partitionIdField, vpIndexField } from '../ids.ts'
import { InputVtlWord } from '../input-vtl.ts'
import { InitialVpContext } from '../vp.ts'
import { DisablePartitionVtlFlagsWord, DisableVpVtlFlagsWord, EnablePartitionVtlFlagsWord } from '../vtl.ts'
import { call } from './call.ts'

/** Sets what lower VTLs may do with guest physical pages. */
export const HvCallModifyVtlProtectionMask = /* @__PURE__ */ call(0x000c, 'HvCallModifyVtlProtectionMask', 'rep', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    targetPartitionId: partitionIdField,
    /** The access that is left to lower VTLs. */
    mapFlags: MapGpaFlagsField,
    /** Without `useTargetVtl` the caller's. */
    targetVtl: InputVtlWord,
    rsvdZ8: reserved(1),
    rsvdZ16: reserved(u16),
  },
  element: {
    /** In the target's space. */
    gpaPageNumber: u64,
  },
  privilege: 'accessVsm',
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidPartitionState',
    'InvalidParameter',
    'OperationDenied',
    'InsufficientMemory',
    'InvalidVtlState',
  ],
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Makes a VTL available to a partition; then each VP enables it. VTL 0 is there from the start. */
export const HvCallEnablePartitionVtl = /* @__PURE__ */ call(0x000d, 'HvCallEnablePartitionVtl', 'simple', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    targetPartitionId: partitionIdField,
    /** Above 0, a plain number. */
    targetVtl: u8,
    flags: EnablePartitionVtlFlagsWord,
    reservedZ0: reserved(u16),
    reservedZ1: reserved(u32),
  },
  privilege: 'accessVsm',
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidParameter',
    'InvalidPartitionState',
    'InsufficientMemory',
    'InvalidVtlState',
  ],
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Takes a VTL from a partition. */
export const HvCallDisablePartitionVtl = /* @__PURE__ */ call(0x000e, 'HvCallDisablePartitionVtl', 'simple', {
  input: {
    partitionId: partitionIdField,
    /** A plain number. */
    targetVtl: u8,
    flags: DisablePartitionVtlFlagsWord,
    reservedZ0: reserved(u16),
    reservedZ1: reserved(u32),
  },
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Enables a VTL on a VP, which enters it first in the given context. */
export const HvCallEnableVpVtl = /* @__PURE__ */ call(0x000f, 'HvCallEnableVpVtl', 'simple', {
  input: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Enabled for the partition before; a plain number. */
    targetVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    /** Registers that the VP has when it first enters the VTL. */
    vpVtlContext: InitialVpContext,
  },
  inputAliases: { linux: 'hv_enable_vp_vtl' },
  inputArm64: {
    /** `WellKnownPartition.Self` for the caller's own. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** Enabled for the partition before; a plain number. */
    targetVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    /** Registers that the VP has when it first enters the VTL. */
    vpVtlContext: Arm64InitialVpContext,
  },
  privilege: 'accessVsm',
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidParameter',
    'InvalidPartitionState',
    'InvalidVpState',
    'InvalidVtlState',
    'InvalidRegisterValue',
    'InvalidVpIndex',
  ],
  aliases: { linux: 'HVCALL_ENABLE_VP_VTL' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Disables a VTL on a VP. */
export const HvCallDisableVpVtl = /* @__PURE__ */ call(0x0010, 'HvCallDisableVpVtl', 'simple', {
  input: {
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** A plain number. */
    targetVtl: u8,
    flags: DisableVpVtlFlagsWord,
    reservedZ0: reserved(u16),
  },
  caller: 'any',
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/**
 * Enters the next higher VTL. No block and no status: a failure is #UD. On x64 a call of the stub in the hypercall page, its control
 * word in RCX (EDX:EAX), all bits zero; on ARM64 HVC #2.
 */
export const HvCallVtlCall = /* @__PURE__ */ call(0x0011, 'HvCallVtlCall', 'simple', {
  caller: 'self',
  since: 'Windows 10 / Server 2016',
  source: 'TLFS, OpenVMM hvdef, TLFS 6.0b',
})

/**
 * Returns to the next lower VTL. No block and no status: a failure is #UD. On x64 a call of the stub in the hypercall page, its
 * control word in RCX (EDX:EAX): with bit 0 registers are not restored from `VpVtlControl`. On ARM64 HVC #3.
 */
export const HvCallVtlReturn = /* @__PURE__ */ call(0x0012, 'HvCallVtlReturn', 'simple', {
  caller: 'self',
  since: 'Windows 10 / Server 2016',
  source: 'TLFS, OpenVMM hvdef, TLFS 6.0b',
})

/** What VTLs may do with a run of pages. Output unknown. */
export const HvCallQueryVtlProtectionMaskRange = /* @__PURE__ */ call(
  0x00cc,
  'HvCallQueryVtlProtectionMaskRange',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
      /** Where the run begins; symbols type it an address, not a page number. */
      targetGpaBase: u64,
      /** Bit n: VTL n. */
      targetVtlSet: u16,
      reserved0: reserved(u16),
      reserved1: reserved(u32),
    },
    layout: 'partial',
    since: 'Windows 10 1803-1903 / Server 2019',
    source: 'Mile.HyperV',
  },
)

/** Sets what VTLs may do with a run of pages. */
export const HvCallModifyVtlProtectionMaskRange = /* @__PURE__ */ call(
  0x00cd,
  'HvCallModifyVtlProtectionMaskRange',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
      /** Where the run begins; symbols type it an address, not a page number. */
      targetGpaBase: u64,
      /** Bit n: VTL n. */
      targetVtlSet: u16,
      reserved0: reserved(u16),
      reserved1: reserved(u32),
    },
    element: {
      /** Permissions from VTL 1 on, one entry a VTL. */
      vtlPermissionSet: array(u16, 2),
    },
    since: 'Windows 10 1803-1903 / Server 2019',
    source: 'Mile.HyperV',
  },
)

/** Whether a VTL may access pages in a way. */
export const HvCallCheckSparseGpaPageVtlAccess = /* @__PURE__ */ call(
  0x00d4,
  'HvCallCheckSparseGpaPageVtlAccess',
  'rep',
  {
    input: {
      targetPartitionId: partitionIdField,
      /** Without `useTargetVtl` the caller's. */
      targetVtl: InputVtlWord,
      desiredAccess: u8,
      reserved0: reserved(u16),
      reserved1: reserved(u32),
    },
    element: {
      /** In the target's space. */
      gpaPageNumber: u64,
    },
    outputElement: {
      result: bits(u32, {
        /** `CheckGpaPageVtlAccessResultCode`. */
        resultCode: bitField(0, 8),
        /** Accesses that are not granted. */
        deniedAccess: bitField(8, 8),
        /** VTL that would take the intercept. */
        interceptingVtl: bitField(16, 4),
      }),
      reserved: reserved(u32),
    },
    since: 'Windows 10 1803-1903 / Server 2019',
    source: 'Mile.HyperV, OpenVMM hvdef',
  },
)
