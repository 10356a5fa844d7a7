import { HvStatus } from '../status.ts'

/** A call that is refused before its handler runs: result written, instruction pointer moved on. */
export interface Refusal {
  readonly kind: 'refused'
  /** HV_STATUS that the caller gets. */
  readonly status: number
  /** Stable name of what the call broke. */
  readonly rule: string
  /** What it broke, in words. */
  readonly why: string
}

/** The caller gets an undefined instruction exception: nothing written, instruction pointer not moved. */
export interface UndefinedInstruction {
  readonly kind: 'undefined-instruction'
  /** Stable name of what the call broke. */
  readonly rule: string
  /** What it broke, in words. */
  readonly why: string
}

/** Where the specification and OpenVMM answer differently. */
export interface Answers {
  /** Input value with reserved bits, or the nested bit, set. */
  readonly reservedControlBits: 'refuse' | 'ignore'
  /** Status of a block that is not within one page. */
  readonly pageStraddle: number
  /** Memory that cannot be reached: an intercept that the caller's parent gets, or HV_STATUS_INVALID_HYPERCALL_INPUT. */
  readonly unreachableMemory: 'intercept' | 'refuse'
  /** XMM registers used without having been granted. */
  readonly xmmNotGranted: 'undefined instruction' | 'refuse'
  /** Reserved fields of a structure that are not zero: refused for every call, or left to the handlers. Padding is never looked at. */
  readonly reservedFields: 'refuse' | 'leave to handlers'
  /** Formats of VP sets. */
  readonly vpSets: 'sparse or all' | 'sparse'
}

/** As the TLFS has it. The default. */
export const specificationAnswers: Answers = /* @__PURE__ */ Object.freeze({
  reservedControlBits: 'refuse',
  pageStraddle: HvStatus.InvalidAlignment,
  unreachableMemory: 'intercept',
  xmmNotGranted: 'undefined instruction',
  reservedFields: 'refuse',
  vpSets: 'sparse or all',
})

/** As OpenVMM does it. Its handlers of AssertVirtualInterrupt, RetargetDeviceInterrupt, SendSyntheticClusterIpiEx and restore look at reserved fields. */
export const openVmmAnswers: Answers = /* @__PURE__ */ Object.freeze({
  reservedControlBits: 'ignore',
  pageStraddle: HvStatus.InvalidHypercallInput,
  unreachableMemory: 'refuse',
  xmmNotGranted: 'refuse',
  reservedFields: 'leave to handlers',
  vpSets: 'sparse',
})

const refusal = (status: number, rule: string, why: string): Refusal =>
  Object.freeze({ kind: 'refused', status, rule, why })

/** All refusals under these answers, made once so that refusing costs nothing. */
export function refusalsUnder(answers: Answers) {
  const { InvalidHypercallCode, InvalidHypercallInput, InvalidAlignment, InvalidParameter, AccessDenied } = HvStatus
  const xmm = 'XMM registers without the feature that CPUID 0x40000003 EDX announces'
  const noXmm: Refusal | UndefinedInstruction =
    answers.xmmNotGranted === 'refuse'
      ? refusal(InvalidHypercallInput, 'xmm-not-granted', xmm)
      : Object.freeze({ kind: 'undefined-instruction', rule: 'xmm-not-granted', why: xmm })
  return {
    unknownCode: refusal(InvalidHypercallCode, 'unknown-code', 'nobody answers this call code'),
    reservedBits: refusal(InvalidHypercallInput, 'reserved-bits', 'input value with reserved bits set'),
    nested: refusal(
      InvalidHypercallInput,
      'nested',
      'input value with the nested bit, and there is nothing further out',
    ),
    simpleWithReps: refusal(InvalidHypercallInput, 'simple-with-reps', 'a simple call with a rep count or start index'),
    noReps: refusal(InvalidHypercallInput, 'no-reps', 'a rep call with a rep count of 0'),
    startBeyondCount: refusal(InvalidHypercallInput, 'start-beyond-count', 'rep start index not below the rep count'),
    variableHeader: refusal(InvalidHypercallInput, 'variable-header', 'a variable header on a call that has none'),
    tooBigForRegisters: refusal(
      InvalidHypercallInput,
      'too-big-for-registers',
      'a fast call larger than the registers',
    ),
    noFastOutput: refusal(
      InvalidHypercallInput,
      'no-fast-output',
      'output by registers, of which the convention has none',
    ),
    noXmm,
    misaligned: refusal(InvalidAlignment, 'misaligned', 'a block not aligned to 8 bytes'),
    straddle: refusal(answers.pageStraddle, 'straddle', 'a block that is not within one page'),
    beyondMemory: refusal(InvalidAlignment, 'beyond-memory', 'an address of more than 52 bits'),
    unreachable: refusal(InvalidHypercallInput, 'unreachable', 'a block in memory that is not there'),
    accessDenied: refusal(AccessDenied, 'access-denied', 'the caller lacks the privilege'),
    malformed: refusal(InvalidParameter, 'malformed', 'a structure that its own counts contradict'),
    headerSize: refusal(InvalidParameter, 'header-size', 'a variable header of another size than its contents'),
    chunkSize: refusal(InvalidParameter, 'chunk-size', 'more bytes announced than the block has'),
    vpSetFormat: refusal(InvalidParameter, 'vp-set-format', 'a VP set of a format that is none'),
    reservedFields: refusal(InvalidParameter, 'reserved-fields', 'reserved fields that are not zero'),
  } as const
}

/** Every refusal, by its name, as one of the two hypervisors answers it. */
export type Refusals = ReturnType<typeof refusalsUnder>
