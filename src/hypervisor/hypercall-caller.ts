import type { HypercallDefinition } from '../hypercall/calls/call.ts'
import { arm64SmcccConvention, x64Convention } from '../hypercall/conventions/convention.ts'
import { type CallAnswer, type CallRequest, placeCall } from '../hypercall/conventions/place-call.ts'
import { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import type { ModelDispatcher } from './calls/index.ts'
import { hypercallMemory, vpHypercall } from './hypercall.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** A hypercall that has no answer: the VP was stopped, intercepted, or got an exception. */
export class HypercallStopped extends Error {
  override readonly name = 'HypercallStopped'
  constructor(
    readonly call: string,
    readonly outcome: string,
  ) {
    super(`${call}: ${outcome}`)
  }
}

/** Hears of a call that a VP made, and of its HV_STATUS. */
export type CallObserver = (vp: VirtualProcessor, call: HypercallDefinition, status: number) => void

/** Makes hypercalls as a VP: each is encoded into registers and pages, dispatched, and its answer decoded from them. */
export class HypercallCaller {
  /** The VP that makes the calls. */
  readonly vp: VirtualProcessor
  readonly #dispatcher: ModelDispatcher
  readonly #pages: { readonly inputGpa: number; readonly outputGpa: number }
  readonly #onCall: CallObserver | undefined

  /**
   * @param pages two pages of the VP's memory, as addresses in bytes, that nothing else uses.
   * @param onCall hears of each call that was answered.
   */
  constructor(
    dispatcher: ModelDispatcher,
    vp: VirtualProcessor,
    pages: { readonly inputGpa: number; readonly outputGpa: number },
    onCall?: CallObserver,
  ) {
    this.vp = vp
    this.#dispatcher = dispatcher
    this.#pages = pages
    this.#onCall = onCall
  }

  /**
   * Makes a call: with `fast` in registers only, else by the two pages. Throws {@link HypercallStopped} when it has no answer, and what
   * `placeCall` throws for one that cannot be made.
   */
  call<D extends HypercallDefinition>(definition: D, request: CallRequest<D>, fast = false): CallAnswer<D> {
    const { vp } = this
    const isX64 = vp.partition.machine.architecture === 'x64'
    const registers = new HypercallRegisters(isX64 ? x64Convention : arm64SmcccConvention)
    const memory = hypercallMemory(vp)
    const placed = placeCall(registers, definition, request, fast ? undefined : { memory, ...this.#pages })
    const outcome = vpHypercall(this.#dispatcher, vp, registers, memory)
    if (outcome.kind !== 'completed' && outcome.kind !== 'refused') {
      throw new HypercallStopped(definition.name, outcome.kind)
    }
    const answer = placed.answer()
    this.#onCall?.(vp, definition, answer.status)
    return answer
  }
}
