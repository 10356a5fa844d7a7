import { anyContext, type Structure, WireReader, WireWriter } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'
import { CallBlocks } from './call-blocks.ts'
import { CallShape } from './call-shape.ts'
import type { ElementOf, InputOf, OutputOf } from './call-types.ts'
import type { HypercallMemory } from './memory.ts'
import { refusalsUnder, specificationAnswers } from './refusals.ts'
import { HypercallRegisters } from './registers.ts'

type Given<K extends string, T> = [T] extends [undefined]
  ? { readonly [P in K]?: undefined }
  : undefined extends T
    ? { readonly [P in K]?: T }
    : { readonly [P in K]: T }

type ElementsOf<D extends HypercallDefinition> = [ElementOf<D>] extends [undefined]
  ? undefined
  : undefined extends ElementOf<D>
    ? readonly object[] | undefined
    : readonly (ElementOf<D> & object)[]

/** A call's parameters. */
export type CallRequest<D extends HypercallDefinition = HypercallDefinition> = Given<'input', InputOf<D>> &
  Given<'elements', ElementsOf<D>> & {
    /** Rep count of a rep call without an input list. With one, it is the list's length. */
    readonly repCount?: number
    /** First element to process. */
    readonly repStart?: number
  }

/** Where a call's blocks go in memory. */
export interface CallPages {
  /** The caller's memory. */
  readonly memory: HypercallMemory
  /** Guest physical address of the input block. */
  readonly inputGpa?: number
  /** Guest physical address of the output block. */
  readonly outputGpa?: number
}

/** What came of a call. */
export interface CallAnswer<D extends HypercallDefinition = HypercallDefinition> {
  /** HV_STATUS, also one without a name. */
  readonly status: number
  /** Elements done, counted from element 0. */
  readonly repsCompleted: number
  /** What a simple call answered; only with status 0. */
  readonly output?: OutputOf<D>
  /** What a rep call answered for each element that this execution did, from `repStart` on. */
  readonly outputs?: readonly OutputOf<D>[]
}

const answers = specificationAnswers
const refusals = /* @__PURE__ */ refusalsUnder(answers)
const features = { xmmInput: true, xmmOutput: true }

/** A call in its registers and pages, ready to be executed; afterwards it reads the answer. */
export class PlacedCall<D extends HypercallDefinition = HypercallDefinition> {
  constructor(
    readonly definition: D,
    readonly registers: HypercallRegisters,
    /** Absent for a fast call. */
    readonly pages: CallPages | undefined,
    readonly blocks: CallBlocks,
  ) {}

  /** Reads result and output. Throws what the memory throws, and a `WireError` for an output that its own counts contradict. */
  answer(): CallAnswer<D> {
    const { registers, definition, blocks } = this
    const { status, repsCompleted } = registers
    const { output, outputElement } = definition
    // Sound: OutputOf<D> is the value of the one of the two that D has.
    if (output !== undefined && status === 0) {
      const value = this.#read(output, 0, output.size) as OutputOf<D>
      return { status, repsCompleted, output: value }
    }
    if (outputElement === undefined) return { status, repsCompleted }
    const outputs: OutputOf<D>[] = []
    const { size } = outputElement
    for (let index = blocks.repStart; index < Math.min(repsCompleted, blocks.repCount); index++) {
      outputs.push(this.#read(outputElement, index * size, size) as OutputOf<D>)
    }
    return { status, repsCompleted, outputs }
  }

  #read(schema: Structure<object>, offset: number, fixed: number): object {
    const at = this.blocks.outputAt + offset
    if (this.pages === undefined) return schema.decodeAt(this.registers.reader, at)
    // What a variable output's end is, only its contents tell: it has the rest of the page.
    const bytes = new Uint8Array(schema.variable ? 4096 - (at & 4095) : fixed)
    this.pages.memory.read(at, bytes, 0, bytes.byteLength)
    return schema.decodeAt(new WireReader(bytes), 0)
  }
}

/**
 * Puts a call into registers: input value, and the block, or with `pages` its addresses and the block into memory. Registers that the
 * call does not use stay as they are.
 *
 * Throws a `RangeError` for a call that cannot be made so (too big for the registers, a block that is not within one page or misaligned, a variable header that
 * the call does not take, no elements), and a `WireError` for values that do not fit their fields; then nothing was changed.
 */
export function placeCall<D extends HypercallDefinition>(
  registers: HypercallRegisters,
  definition: D,
  request: CallRequest<D>,
  pages?: CallPages,
): PlacedCall<D> {
  const shape = new CallShape(definition)
  const elements: readonly object[] = request.elements ?? []
  const { input, element, code, name } = definition
  const header = input === undefined ? new Uint8Array(0) : input.encode(request.input ?? {})
  const repCount = element === undefined ? (request.repCount ?? (shape.rep ? 1 : 0)) : elements.length
  const variableQwords = Math.ceil((header.byteLength - shape.headerSize) / 8)
  if (repCount > 0xfff || variableQwords > 0x3ff) throw new RangeError(`${name}: more than an input value can say`)

  const control =
    BigInt(code) |
    (pages === undefined ? 0x1_0000n : 0n) |
    (BigInt(variableQwords) << 17n) |
    (BigInt(repCount) << 32n) |
    (BigInt(request.repStart ?? 0) << 48n)
  // Tried on a copy, so that a call which cannot be made leaves no trace.
  const { convention, bytes } = registers
  const tried = new HypercallRegisters(convention, bytes.slice(0, convention.size))
  tried.control = control
  if (pages !== undefined) {
    tried.view.setBigUint64(convention.parameters, BigInt(pages.inputGpa ?? 0), true)
    tried.view.setBigUint64(convention.parameters + 8, BigInt(pages.outputGpa ?? 0), true)
  }
  const blocks = new CallBlocks()
  blocks.readControl(tried)
  const refusal = blocks.locate(shape, tried, refusals, answers, features)
  if (refusal !== undefined) throw new RangeError(`${name} by ${convention.name}: ${refusal.why}`)

  const block = new Uint8Array(blocks.inputSize)
  block.set(header)
  if (element !== undefined) {
    const writer = new WireWriter(block)
    for (const [index, value] of elements.entries()) {
      element.encodeAt(writer, blocks.listAt + index * element.size, value, anyContext)
    }
  }
  if (pages === undefined) tried.bytes.set(block, blocks.inputAt)
  else if (block.byteLength > 0) pages.memory.write(blocks.inputAt, block, 0, block.byteLength)
  bytes.set(tried.bytes)
  return new PlacedCall(definition, registers, pages, blocks)
}
