import type { CallShape } from './call-shape.ts'
import { pairSize } from './convention.ts'
import type { Answers, Refusal, Refusals, UndefinedInstruction } from './refusals.ts'
import type { HypercallRegisters } from './registers.ts'

const pageSize = 4096
/** Bits 27 to 30, and above them the nested bit. Source: TLFS 3.7. */
const reservedLow = 0x7800_0000
const nestedBit = 0x8000_0000
const reservedHigh = 0xf000_f000
/** The high half of a GPA of 52 bits. */
const mostHigh = 0xf_ffff

/** Which XMM registers a partition may use for hypercalls. Source: TLFS 2.4.4 (CPUID 0x40000003 EDX). */
export interface XmmFeatures {
  /** EDX bit 4. */
  readonly xmmInput: boolean
  /** EDX bit 15. */
  readonly xmmOutput: boolean
}

/** The parts of an input value, and where that puts a call's blocks. Made once and filled anew for each call. */
export class CallBlocks {
  /** Call code, bits 15:0. */
  callCode = 0
  /** Bit 16: the input is in registers. */
  isFast = false
  /** Bits 26:17: 8-byte words of the variable header. */
  variableQwords = 0
  /** Bits 43:32: elements, 0 … 4095. */
  repCount = 0
  /** Bits 59:48: the first element to do. */
  repStart = 0
  /** Low and high half of the input value. */
  #low = 0
  #high = 0

  /** Header with its variable part. */
  headerSize = 0
  /** Where the list begins: the header, rounded up to 8. */
  listAt = 0
  /** Header and list. */
  inputSize = 0
  /** Whole output: the fixed part of a simple call's, or the list. */
  outputSize = 0
  /** A GPA, or for a fast call an offset in the register file. */
  inputAt = 0
  /** Likewise. */
  outputAt = 0

  /** Takes the input value apart. */
  readControl({ view, controlAt }: HypercallRegisters): void {
    const low = view.getUint32(controlAt, true)
    const high = view.getUint32(controlAt + 4, true)
    this.#low = low
    this.#high = high
    this.callCode = low & 0xffff
    this.isFast = (low & 0x1_0000) !== 0
    this.variableQwords = (low >>> 17) & 0x3ff
    this.repCount = high & 0xfff
    this.repStart = (high >>> 16) & 0xfff
  }

  /**
   * Finds the blocks, and checks what can be checked without reading them, in the order of a hypervisor: input value, sizes,
   * addresses. Source: TLFS 3.7 to 3.10, OpenVMM hv1_hypercall.
   */
  locate(
    shape: CallShape,
    registers: HypercallRegisters,
    refusals: Refusals,
    answers: Answers,
    features: XmmFeatures,
  ): Refusal | UndefinedInstruction | undefined {
    if (answers.reservedControlBits === 'refuse') {
      if ((this.#low & reservedLow) !== 0 || (this.#high & reservedHigh) !== 0) return refusals.reservedBits
      if ((this.#low & nestedBit) !== 0) return refusals.nested
    }
    if (!shape.unknown) {
      if (shape.rep) {
        if (this.repCount === 0) return refusals.noReps
        if (this.repStart >= this.repCount) return refusals.startBeyondCount
      } else if (this.repCount !== 0 || this.repStart !== 0) return refusals.simpleWithReps
      if (this.variableQwords !== 0 && !shape.variable) return refusals.variableHeader
    }
    this.measure(shape)
    return this.isFast
      ? this.#locateInRegisters(registers, refusals, features)
      : this.#locateInMemory(registers, refusals)
  }

  /** Computes the sizes from the parts of the input value. */
  measure(shape: CallShape): void {
    this.headerSize = shape.headerSize + this.variableQwords * 8
    this.listAt = (this.headerSize + 7) & ~7
    this.inputSize = shape.elementSize === 0 ? this.headerSize : this.listAt + this.repCount * shape.elementSize
    this.outputSize = shape.outputElementSize === 0 ? shape.outputSize : this.repCount * shape.outputElementSize
  }

  #locateInRegisters(
    { convention }: HypercallRegisters,
    refusals: Refusals,
    features: XmmFeatures,
  ): Refusal | UndefinedInstruction | undefined {
    const { parameters, fastSize, fastOutput, hasXmm } = convention
    if (this.inputSize > fastSize) return refusals.tooBigForRegisters
    this.inputAt = parameters
    if (hasXmm && this.inputSize > pairSize && !features.xmmInput) return refusals.noXmm
    if (this.outputSize === 0) return undefined
    if (fastOutput === 'none') return refusals.noFastOutput
    const input = roundToPair(this.inputSize)
    const output = roundToPair(this.outputSize)
    if (input + output > fastSize) return refusals.tooBigForRegisters
    if (hasXmm && !features.xmmOutput) return refusals.noXmm
    this.outputAt = parameters + (fastOutput === 'last pairs' ? fastSize - output : input)
    return undefined
  }

  #locateInMemory({ view, parametersAt: parameters }: HypercallRegisters, refusals: Refusals): Refusal | undefined {
    if (this.inputSize !== 0) {
      const refusal = checkBlock(view, parameters, this.inputSize, refusals)
      if (refusal !== undefined) return refusal
      this.inputAt = gpaAt(view, parameters)
    }
    if (this.outputSize !== 0) {
      const refusal = checkBlock(view, parameters + 8, this.outputSize, refusals)
      if (refusal !== undefined) return refusal
      this.outputAt = gpaAt(view, parameters + 8)
    }
    return undefined
  }

  /** Writes the input value back with another start index: executing the call again goes on there. */
  continueAt({ view, controlAt }: HypercallRegisters, repStart: number): void {
    view.setUint32(controlAt + 4, (this.#high & 0xf000_ffff) | (repStart << 16), true)
  }
}

/** Rounded up to whole pairs of registers. */
function roundToPair(size: number): number {
  return (size + pairSize - 1) & ~(pairSize - 1)
}

function checkBlock(view: DataView, at: number, size: number, refusals: Refusals): Refusal | undefined {
  const low = view.getUint32(at, true)
  if (size > pageSize - (low & (pageSize - 1))) return refusals.straddle
  if ((low & 7) !== 0) return refusals.misaligned
  return view.getUint32(at + 4, true) > mostHigh ? refusals.beyondMemory : undefined
}

function gpaAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true)
}
