import { HvCallPostMessage, HvCallSignalEvent } from '../hypercall/calls/ports.ts'
import { arm64SmcccConvention, type Convention, x64Convention } from '../hypercall/conventions/convention.ts'
import type { HypercallMemory } from '../hypercall/conventions/memory.ts'
import { specificationAnswers } from '../hypercall/conventions/refusals.ts'
import { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import { answerPostMessage, answerSignalEvent, type ModelDispatcher, modelDispatcher } from './calls/index.ts'
import { type HypercallOutcome, hypercallMemory, vpHypercall } from './hypercall.ts'
import type { Machine } from './machine.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Stands around the calls that carry VMBus: each is given the call itself, which answers its HV_STATUS. */
export interface CallHooks {
  /** Around HvCallPostMessage. */
  posts(connectionId: number, call: () => number): number
  /** Around HvCallSignalEvent. */
  signals(connectionId: number, flag: number, call: () => number): number
}

/** Takes the hypercalls of VPs that are played elsewhere, as registers and memory. */
export class GuestCalls {
  /** Where registers stand in a register file. */
  readonly convention: Convention
  readonly #dispatcher: ModelDispatcher
  readonly #memories = new Map<VirtualProcessor, HypercallMemory>()

  constructor(machine: Machine, hooks: CallHooks) {
    this.convention = machine.architecture === 'arm64' ? arm64SmcccConvention : x64Convention
    // Nobody here would let a VP go on after an intercept: a block that cannot be reached is refused.
    const answers = { ...specificationAnswers, unreachableMemory: 'refuse' } as const
    this.#dispatcher = modelDispatcher({ architecture: machine.architecture, answers })
    this.#dispatcher.on(HvCallPostMessage, ({ caller, input }) =>
      hooks.posts(input.connectionId.id, () => answerPostMessage(caller, input)),
    )
    this.#dispatcher.on(HvCallSignalEvent, ({ caller, input }) =>
      hooks.signals(input.connectionId.id, input.flagNumber, () => answerSignalEvent(caller, input)),
    )
  }

  /**
   * A VP executes a hypercall instruction once; the answer is written into `registers`, a register file of {@link convention}. Throws
   * `RangeError` when it is too short.
   */
  execute(vp: VirtualProcessor, registers: Uint8Array): HypercallOutcome {
    return vpHypercall(this.#dispatcher, vp, new HypercallRegisters(this.convention, registers), this.#memoryOf(vp))
  }

  #memoryOf(vp: VirtualProcessor): HypercallMemory {
    const known = this.#memories.get(vp)
    if (known !== undefined) return known
    const memory = hypercallMemory(vp)
    this.#memories.set(vp, memory)
    return memory
  }
}
