import { anyContext, isWireError } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'
import type { XmmFeatures } from '../conventions/call-blocks.ts'
import { areZero } from '../conventions/call-shape.ts'
import type { HypercallMemory } from '../conventions/memory.ts'
import { type Answers, type Refusals, refusalsUnder, specificationAnswers } from '../conventions/refusals.ts'
import type { HypercallRegisters } from '../conventions/registers.ts'
import { HvStatus } from '../status.ts'
import { CodeTable } from './code-table.ts'
import { type Answerer, CallEntry } from './entry.ts'
import { encodeOutput, faulty, finish, refuse, statusOf, writeOutput, writeResult } from './give-answer.ts'
import type { Handler, ListHandler, VtlSwitchHandler } from './handler.ts'
import { ListRun } from './list-run.ts'
import { completed, continued, notAHypercall, type Outcome, switched, vtlSwitchRefused } from './outcome.ts'
import { decodeHeader, takeInput } from './take-input.ts'
import { Workspace } from './workspace.ts'

/** HvCallVtlReturn. */
const vtlReturnCode = 0x0012

/** How a dispatcher answers. */
export interface DispatcherOptions<C> extends Partial<XmmFeatures> {
  /** Where the specification and OpenVMM differ. Default: the specification. */
  readonly answers?: Answers
  /**
   * Whether the caller has the privilege that the call needs. Asked for calls whose privilege is known and for extended calls, before
   * anything of the call's block is read. Default: everyone has all.
   */
  readonly allows?: (caller: C, definition: HypercallDefinition) => boolean
}

/**
 * Takes hypercalls from registers and memory to handlers, and their answers back.
 *
 * Checks come in this order: call code, input value, sizes, addresses, privilege, the block's counts and reserved fields; then the
 * handler. The input is copied before anything is written. Output is written only with success, of a rep call only for the elements
 * that were done. `C` is what the owner knows of a caller: its partition and VP.
 *
 * Source: TLFS 3, OpenVMM hv1_hypercall.
 */
export class HypercallDispatcher<C = undefined> {
  readonly #entries = new CodeTable<CallEntry<C>>()
  readonly #switches = new Map<number, VtlSwitchHandler<C>>()
  readonly #answers: Answers
  readonly #refusals: Refusals
  readonly #features: XmmFeatures
  readonly #checksReserved: boolean
  readonly #allows: ((caller: C, definition: HypercallDefinition) => boolean) | undefined
  /** Taken by the call that runs: one made by a handler gets its own. */
  #spare: Workspace | undefined

  constructor(options: DispatcherOptions<C> = {}) {
    const { answers = specificationAnswers, xmmInput = true, xmmOutput = true } = options
    this.#answers = answers
    this.#refusals = refusalsUnder(answers)
    this.#checksReserved = answers.reservedFields === 'refuse'
    this.#features = { xmmInput, xmmOutput }
    this.#allows = options.allows
  }

  /**
   * Answers a call; of a rep call one element at a time. An earlier handler of the call is replaced. Throws a `RangeError` for a
   * definition that cannot be dispatched.
   */
  on<D extends HypercallDefinition>(definition: D, handler: Handler<D, C>): this {
    // Sound: an entry's handler is given only what the schemas of its own definition decoded.
    const each = handler as Handler<HypercallDefinition, C>
    this.#entries.set(definition.code, this.#entry(definition, { each, list: undefined }))
    return this
  }

  /** Answers a rep call with all its elements at once. Throws a `RangeError` for a call that is none. */
  onList<D extends HypercallDefinition>(definition: D, handler: ListHandler<D, C>): this {
    // Sound: as above.
    const list = handler as ListHandler<HypercallDefinition, C>
    const entry = this.#entry(definition, { each: undefined, list })
    if (!entry.shape.rep) throw new RangeError(`${definition.name} is not a rep call`)
    this.#entries.set(definition.code, entry)
    return this
  }

  /** Answers `HvCallVtlCall` or `HvCallVtlReturn`, which have no status: either they are done, or they are no instruction. */
  onVtlSwitch(definition: HypercallDefinition, handler: VtlSwitchHandler<C>): this {
    this.#switches.set(definition.code, handler)
    return this
  }

  #entry(definition: HypercallDefinition, by: Answerer<C>): CallEntry<C> {
    return new CallEntry(definition, by, this.#checksReserved, this.#allows)
  }

  /** Whether anybody answers a call of that code. */
  answersCode(code: number): boolean {
    return this.#entries.get(code) !== undefined || this.#switches.has(code)
  }

  /**
   * Carries out one hypercall instruction. Nothing that a caller does makes it throw; what a handler throws comes through, and then
   * registers and output are as they were.
   *
   * @param expired whether the time that one call may take (about 50 µs) is over; asked after each element of a rep call.
   */
  dispatch(registers: HypercallRegisters, memory: HypercallMemory, caller: C, expired?: () => boolean): Outcome {
    const { view, controlAt, functionId } = registers
    if (functionId !== undefined && view.getUint32(0, true) !== functionId) return notAHypercall
    const low = view.getUint32(controlAt, true)
    const entry = this.#entries.get(low & 0xffff)
    if (entry === undefined) return this.#withoutEntry(low & 0xffff, registers, caller)
    const { brief } = entry
    // Code and fast bit, nothing else.
    if (brief === undefined || low >>> 16 !== 1 || view.getUint32(controlAt + 4, true) !== 0) {
      return this.#dispatch(entry, registers, memory, caller, expired)
    }
    // What #dispatch does, without what such a call cannot need. Signals are frequent, so that one function does it all.
    if (entry.allows !== undefined && !entry.allows(caller, entry.definition)) {
      return refuse(registers, this.#refusals.accessDenied)
    }
    const { parametersAt } = registers
    if ((view.getUint32(parametersAt + brief.reservedAt, true) & brief.reservedMask) !== 0) {
      return refuse(registers, this.#refusals.reservedFields)
    }
    let input: object
    try {
      input = brief.input.decodeAt(registers.reader, parametersAt, anyContext)
    } catch (error) {
      if (isWireError(error)) return refuse(registers, this.#refusals.malformed)
      throw error
    }
    const status = statusOf(brief.handler({ input, element: undefined, index: 0, caller }))
    if (status < 0) return faulty(entry, 'not a status')
    if (status === HvStatus.Timeout) return continued
    writeResult(registers, status, 0)
    return completed
  }

  #dispatch(
    entry: CallEntry<C>,
    registers: HypercallRegisters,
    memory: HypercallMemory,
    caller: C,
    expired: (() => boolean) | undefined,
  ): Outcome {
    const work = this.#spare ?? new Workspace()
    this.#spare = undefined
    const outcome = this.#carryOut(entry, work, registers, memory, caller, expired)
    this.#spare = work
    return outcome
  }

  #carryOut(
    entry: CallEntry<C>,
    work: Workspace,
    registers: HypercallRegisters,
    memory: HypercallMemory,
    caller: C,
    expired: (() => boolean) | undefined,
  ): Outcome {
    const { blocks } = work
    blocks.readControl(registers)
    const refusals = this.#refusals
    const answers = this.#answers
    const refusal = blocks.locate(entry.shape, registers, refusals, answers, this.#features)
    if (refusal !== undefined) return refuse(registers, refusal)
    if (entry.allows !== undefined && !entry.allows(caller, entry.definition)) {
      return refuse(registers, refusals.accessDenied)
    }
    const early = takeInput(work, registers, memory, refusals, answers) ?? decodeHeader(entry, work, refusals, answers)
    if (early !== undefined) return refuse(registers, early)

    const { by } = entry
    if (by.list !== undefined) return this.#list(entry, by.list, work, registers, memory, caller, expired)
    return entry.shape.rep
      ? this.#each(entry, by.each, work, registers, memory, caller, expired)
      : this.#simple(entry, by.each, work, registers, memory, caller)
  }

  #simple(
    entry: CallEntry<C>,
    handler: Handler<HypercallDefinition, C>,
    work: Workspace,
    registers: HypercallRegisters,
    memory: HypercallMemory,
    caller: C,
  ): Outcome {
    const answer = handler({ input: work.header, element: undefined, index: 0, caller })
    const status = statusOf(answer)
    if (status < 0) return faulty(entry, 'not a status')
    if (status === HvStatus.Success && entry.definition.output !== undefined) {
      const end = encodeOutput(entry, work, 0, answer)
      if (typeof end === 'string') return faulty(entry, end)
      const unwritten = writeOutput(work, 0, end, registers, memory, this.#refusals, this.#answers)
      if (unwritten !== undefined) return refuse(registers, unwritten)
    }
    return finish(work, registers, status, 0)
  }

  #each(
    entry: CallEntry<C>,
    handler: Handler<HypercallDefinition, C>,
    work: Workspace,
    registers: HypercallRegisters,
    memory: HypercallMemory,
    caller: C,
    expired: (() => boolean) | undefined,
  ): Outcome {
    const { definition, shape } = entry
    const { repStart, repCount, listAt } = work.blocks
    const checksReserved = this.#checksReserved && shape.reservedInElement.length > 0
    const input = work.header
    let status: number = HvStatus.Success
    let done = repStart
    while (done < repCount) {
      const at = listAt + done * shape.elementSize
      if (checksReserved && !areZero(shape.reservedInElement, work.input.view, at)) {
        status = HvStatus.InvalidParameter
        break
      }
      let element: object | undefined
      try {
        element = definition.element?.decodeAt(work.input, at)
      } catch (error) {
        if (!isWireError(error)) throw error
        status = HvStatus.InvalidParameter
        break
      }
      const answer = handler({ input, element, index: done, caller })
      const given = statusOf(answer)
      if (given < 0) return faulty(entry, 'not a status')
      status = given
      if (status !== HvStatus.Success) break
      const end = encodeOutput(entry, work, done * shape.outputElementSize, answer)
      if (typeof end === 'string') return faulty(entry, end)
      done++
      if (done < repCount && expired !== undefined && expired()) {
        status = HvStatus.Timeout
        break
      }
    }
    return this.#finishReps(entry, work, registers, memory, status, done)
  }

  #list(
    entry: CallEntry<C>,
    handler: ListHandler<HypercallDefinition, C>,
    work: Workspace,
    registers: HypercallRegisters,
    memory: HypercallMemory,
    caller: C,
    expired: (() => boolean) | undefined,
  ): Outcome {
    const { definition, shape } = entry
    const run = new ListRun(definition, work, caller, expired)
    const { status: given, completed } = handler(run)
    const status = statusOf(given)
    if (status < 0) return faulty(entry, 'not a status')
    const { start, count } = run
    if (!Number.isInteger(completed) || completed < start || completed > count) {
      return faulty(entry, `${completed} elements done, of ${start} … ${count}`)
    }
    if (status === HvStatus.Success && completed !== count) {
      return faulty(entry, `success with ${completed} of ${count} elements done`)
    }
    if (status === HvStatus.Timeout && completed === count) return faulty(entry, 'nothing left to continue with')
    if (shape.outputElementSize > 0 && run.answered < completed) {
      return faulty(entry, `no output for element ${run.answered}`)
    }
    return this.#finishReps(entry, work, registers, memory, status, completed)
  }

  #finishReps(
    { shape }: CallEntry<C>,
    work: Workspace,
    registers: HypercallRegisters,
    memory: HypercallMemory,
    status: number,
    done: number,
  ): Outcome {
    const size = shape.outputElementSize
    const from = work.blocks.repStart * size
    const unwritten = writeOutput(work, from, done * size, registers, memory, this.#refusals, this.#answers)
    return unwritten === undefined ? finish(work, registers, status, done) : refuse(registers, unwritten)
  }

  /**
   * A VTL switch, or a code that nobody answers. The switch's input value is the code and nothing else; its control word may hold only the
   * fast bit of a return. Source: TLFS 15.5, OpenVMM hv1_hypercall.
   */
  #withoutEntry(callCode: number, registers: HypercallRegisters, caller: C): Outcome {
    const handler = this.#switches.get(callCode)
    if (handler === undefined) return refuse(registers, this.#refusals.unknownCode)
    const { view, convention } = registers
    const place = convention.vtlControl
    const low = place === undefined ? 0 : view.getUint32(place.at, true)
    const high = place?.size === 8 ? view.getUint32(place.at + 4, true) : 0
    const isReturn = callCode === vtlReturnCode
    const valid = registers.control === BigInt(callCode) && high === 0 && low <= (isReturn ? 1 : 0)
    return valid && handler({ caller, isFast: low === 1 }) ? switched : vtlSwitchRefused
  }
}
