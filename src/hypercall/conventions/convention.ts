import type { StructSchema } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'

/** Where a register stands in a register file, in bytes. */
export interface RegisterPlace {
  /** As the architecture's manual names it. */
  readonly name: string
  /** Byte offset in the register file. */
  readonly at: number
  /** 4, 8 or 16 bytes. */
  readonly size: 4 | 8 | 16
}

/**
 * How a hypercall's words travel in registers. A register file is the plain bytes of the registers, little-endian, laid out so that the
 * parameter registers stand side by side: a fast call's block is a run of bytes in it, as it would be in memory.
 */
export interface Convention {
  /** Short name: `x64`, `arm64-smccc` and so on. */
  readonly name: string
  /** Some calls have another header on ARM64, see {@link onArm64}. */
  readonly architecture: 'x64' | 'arm64'
  /** All registers of the file. */
  readonly registers: readonly RegisterPlace[]
  /** Bytes of the whole register file. */
  readonly size: number
  /** Where the input value stands: 8 bytes. */
  readonly control: number
  /** Where the parameters begin: input GPA, then output GPA, 8 bytes each; or the block of a fast call. */
  readonly parameters: number
  /** Most bytes of a fast call, input and output together. */
  readonly fastSize: number
  /** Bytes behind the first 16 are XMM registers, which the partition must have been granted. */
  readonly hasXmm: boolean
  /** Where a fast call's output begins: at the next pair (16 bytes) after the input, in as many pairs as it needs at the end, or it has none. */
  readonly fastOutput: 'next pair' | 'last pairs' | 'none'
  /** Where the result value stands: 8 bytes. On some it is the input value's place. */
  readonly result: number
  /** Where a VTL switch has its control word, and its size; `undefined`: it has none. */
  readonly vtlControl: RegisterPlace | undefined
  /** What the first register must hold, where another call could be meant. */
  readonly functionId: number | undefined
}

/** SMCCC function of a Hyper-V hypercall. Source: TLFS 3.9 (ARM64), Linux arch/arm64/include/asm/mshyperv.h. */
export const smcccHypercall = 0x4600_0001

/** Bytes of a pair of 64-bit registers, or of an XMM register: fast output begins at a multiple. */
export const pairSize = 16

function run(names: readonly string[], at: number, size: RegisterPlace['size']): RegisterPlace[] {
  return names.map((name, index) => ({ name, at: at + index * size, size }))
}

function numbered(prefix: string, first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${first + index}`)
}

const rax: RegisterPlace = { name: 'RAX', at: 120, size: 8 }
const ecx: RegisterPlace = { name: 'ECX', at: 8, size: 4 }

/** 64-bit caller on x64: RCX; RDX and R8, then XMM0 … XMM5; result in RAX. Source: TLFS 3.9, 3.10. */
export const x64Convention: Convention = /* @__PURE__ */ Object.freeze({
  name: 'x64',
  architecture: 'x64',
  registers: [...run(['RCX', 'RDX', 'R8'], 0, 8), ...run(numbered('XMM', 0, 6), 24, 16), rax],
  size: 128,
  control: 0,
  parameters: 8,
  fastSize: 112,
  hasXmm: true,
  fastOutput: 'next pair',
  result: 120,
  vtlControl: rax,
  functionId: undefined,
})

/**
 * 32-bit caller on x64, pairs high:low: EDX:EAX; EBX:ECX and EDI:ESI; result in EDX:EAX, where the input value was. Fast calls
 * have one pair and no output. Source: TLFS 3.9, OpenVMM hv1_hypercall.
 */
export const x86Convention: Convention = /* @__PURE__ */ Object.freeze({
  name: 'x86',
  architecture: 'x64',
  registers: run(['EAX', 'EDX', 'ECX', 'EBX', 'ESI', 'EDI'], 0, 4),
  size: 24,
  control: 0,
  parameters: 8,
  fastSize: 16,
  hasXmm: false,
  fastOutput: 'none',
  result: 0,
  vtlControl: ecx,
  functionId: undefined,
})

const arm64 = {
  architecture: 'arm64',
  registers: run(numbered('X', 0, 18), 0, 8),
  size: 144,
  fastSize: 128,
  hasXmm: false,
  fastOutput: 'next pair',
  result: 0,
  vtlControl: undefined,
} as const

/**
 * ARM64 by SMCCC, `HVC #0`, as Linux calls: X0 holds the function, X1 the input value, X2 … X17 the parameters; result in X0. Linux reads the
 * value of one register, asked for in X2 … X4, from X6 and X7: output begins at the next pair. Source: Linux arch/arm64/hyperv/hv_core.c.
 */
export const arm64SmcccConvention: Convention = /* @__PURE__ */ Object.freeze({
  ...arm64,
  name: 'arm64-smccc',
  control: 8,
  parameters: 16,
  functionId: smcccHypercall,
})

/**
 * ARM64 by `HVC #1`: X0 holds the input value, X1 … X16 the parameters; result in X0. The TLFS counts sixteen registers and names
 * seventeen. Source: TLFS 3.9 (ARM64).
 */
export const arm64HvcConvention: Convention = /* @__PURE__ */ Object.freeze({
  ...arm64,
  name: 'arm64-hvc',
  control: 0,
  parameters: 8,
  functionId: undefined,
})

/** `HVC #1` as OpenVMM answers it: a fast call's output is in the last pairs. Source: OpenVMM hv1_hypercall/arm64.rs. */
export const arm64HvcOpenVmmConvention: Convention = /* @__PURE__ */ Object.freeze({
  ...arm64HvcConvention,
  name: 'arm64-hvc-openvmm',
  fastOutput: 'last pairs',
})

/** All conventions. */
export const conventions: readonly Convention[] = [
  x64Convention,
  x86Convention,
  arm64SmcccConvention,
  arm64HvcConvention,
  arm64HvcOpenVmmConvention,
]

type MaybeSchema = StructSchema | undefined

/** What stands on ARM64: a form of its own where there is one. */
type Arm64Form<S extends MaybeSchema, A extends MaybeSchema> = A extends undefined ? S : A

/** The same call with the blocks that it has on ARM64: what to give to `placeCall` and to a dispatcher there. Most calls have no others. */
export function onArm64<
  I extends MaybeSchema,
  E extends MaybeSchema,
  O extends MaybeSchema,
  P extends MaybeSchema,
  A extends MaybeSchema,
  AE extends MaybeSchema,
  AO extends MaybeSchema,
>(
  definition: HypercallDefinition<I, E, O, P, A, AE, AO>,
): HypercallDefinition<Arm64Form<I, A>, Arm64Form<E, AE>, Arm64Form<O, AO>, P, A, AE, AO> {
  const { input, inputArm64, element, elementArm64, output, outputArm64 } = definition
  // Sound: the form of ARM64 where there is one; a conditional type over a parameter cannot show it.
  return {
    ...definition,
    input: (inputArm64 ?? input) as Arm64Form<I, A>,
    element: (elementArm64 ?? element) as Arm64Form<E, AE>,
    output: (outputArm64 ?? output) as Arm64Form<O, AO>,
  }
}
