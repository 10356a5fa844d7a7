import { bytes, reserved, u32, u64 } from '../../wire/index.ts'
import { Arm64TranslateGvaControlFlagsWord, Arm64TranslateGvaResultEx } from '../arm64.ts'
import { partitionIdField, vpIndexField } from '../ids.ts'
import {
  AccessGpaControlFlags,
  AccessGpaResult,
  TranslateGvaControlFlagsWord,
  TranslateGvaResult,
  TranslateGvaResultEx,
} from '../memory.ts'
import { call } from './call.ts'

/** What both translating calls take, on either architecture. */
const translation = <F>(controlFlags: F) => ({
  /** `WellKnownPartition.Self` for the caller's own. */
  partitionId: partitionIdField,
  vpIndex: vpIndexField,
  padding: reserved(4),
  /** Accesses to check for, and how. */
  controlFlags,
  /** Page number: the virtual address without its low 12 bits. */
  gvaPage: u64,
})

/** Translates a guest virtual address as an access of the VP would. */
export const HvCallTranslateVirtualAddress = /* @__PURE__ */ call(0x0052, 'HvCallTranslateVirtualAddress', 'simple', {
  input: /* @__PURE__ */ translation(TranslateGvaControlFlagsWord),
  inputArm64: /* @__PURE__ */ translation(Arm64TranslateGvaControlFlagsWord),
  output: {
    translationResult: TranslateGvaResult,
    /** Page number; counts only if the result code is `Success`. */
    gpaPage: u64,
  },
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidPartitionState',
    'InvalidVpState',
  ],
  aliases: { linux: 'HVCALL_TRANSLATE_VIRTUAL_ADDRESS' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Reads up to 16 bytes of guest physical memory within a page, as the VP would. */
export const HvCallReadGpa = /* @__PURE__ */ call(0x0053, 'HvCallReadGpa', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** 1 … 16; the end is in the page of `baseGpa` too. */
    byteCount: u32,
    /** Address in bytes. */
    baseGpa: u64,
    controlFlags: AccessGpaControlFlags,
  },
  output: {
    /** The call succeeds though the access may not: look here. */
    accessResult: AccessGpaResult,
    /** The first `byteCount` bytes count. */
    data: bytes(16),
  },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidVpIndex', 'InvalidParameter', 'InvalidPartitionState'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Writes up to 16 bytes of guest physical memory within a page, as the VP would. */
export const HvCallWriteGpa = /* @__PURE__ */ call(0x0054, 'HvCallWriteGpa', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** 1 … 16; the end is in the page of `baseGpa` too. */
    byteCount: u32,
    /** Address in bytes. */
    baseGpa: u64,
    controlFlags: AccessGpaControlFlags,
    /** The first `byteCount` bytes count. */
    data: bytes(16),
  },
  output: {
    /** The call succeeds though the access may not: look here. */
    accessResult: AccessGpaResult,
  },
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidVpIndex', 'InvalidParameter', 'InvalidPartitionState'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/**
 * Translates a guest virtual address, and tells the event that the access would raise. The TLFS prints a result of 16 bytes on x64;
 * OpenVMM and symbols have one of 48, which ends in the pending event. On ARM64 the result has 8 bytes and the page follows it.
 */
export const HvCallTranslateVirtualAddressEx = /* @__PURE__ */ call(
  0x00ac,
  'HvCallTranslateVirtualAddressEx',
  'simple',
  {
    input: /* @__PURE__ */ translation(TranslateGvaControlFlagsWord),
    inputArm64: /* @__PURE__ */ translation(Arm64TranslateGvaControlFlagsWord),
    output: {
      translationResult: TranslateGvaResultEx,
      /** Page number; counts only if the result code is `Success`. */
      gpaPage: u64,
      padding: reserved(8),
    },
    outputArm64: {
      translationResult: Arm64TranslateGvaResultEx,
      /** Page number; counts only if the result code is `Success`. */
      gpaPage: u64,
    },
    since: 'Windows 10 / Server 2016',
    source: 'TLFS, Mile.HyperV, OpenVMM hvdef',
  },
)
