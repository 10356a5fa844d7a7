import { enterForInterrupt, interruptLevel } from './enter-vtl.ts'
import { InterceptResults } from './intercept-results.ts'
import { InterruptController } from './interrupt-controller.ts'
import type { Partition } from './partition.ts'
import type { PartitionLevel } from './partition-level.ts'
import type { RegisterContents } from './register-contents.ts'
import { RegisterPage } from './register-page.ts'
import { slotDeliverable } from './slot-deliverable.ts'
import { Synic } from './synic.ts'
import { SyntheticTimer, timerCount } from './synthetic-timer.ts'

/** What a VP has once for each virtual trust level. */
export interface VtlState {
  /** The level, 0 … 15. */
  readonly vtl: number
  /** What all VPs of the partition have in common in this level. */
  readonly shared: PartitionLevel
  /** Its interrupt controller. */
  readonly controller: InterruptController
  /** Its SynIC. */
  readonly synic: Synic
  /** Its four synthetic timers. */
  readonly timers: readonly SyntheticTimer[]
  /** VP assist page. */
  readonly assistPage: RegisterPage
  /** Registers that are private to the level, by name; see `vtl.ts`. */
  readonly registers: Map<number, RegisterContents>
  /** HvRegisterDeliverabilityNotifications: of which SINTs the parent wants to hear that their slot is free, bits 63:48. */
  notifications: bigint
  /** HvRegisterVsmVina. */
  vina: bigint
}

/**
 * A virtual processor. There is no CPU behind it: whoever plays it makes its accesses through `vp-actions.ts`, takes its interrupts from the
 * controller, and learns of both from the `Hypervisor`.
 */
export class VirtualProcessor {
  /** By level; 0 always, others once enabled. */
  readonly vtls = new Map<number, VtlState>()
  /** Registers that all levels share, by name. */
  readonly registers = new Map<number, RegisterContents>()
  /** What its parent has laid down for CPUID and MSRs. */
  readonly results = new InterceptResults()
  /** The level that it runs in. */
  vtl = 0
  /** Its parent has to clear HvRegisterExplicitSuspend first. */
  #isSuspended = true
  #isIntercepted = false
  /** It is gone. */
  isDeleted = false

  constructor(
    readonly partition: Partition,
    readonly index: number,
  ) {
    this.addVtl(0)
  }

  /** HvRegisterExplicitSuspend. */
  get isExplicitlySuspended(): boolean {
    return this.#isSuspended
  }

  set isExplicitlySuspended(suspended: boolean) {
    this.#isSuspended = suspended
    const vps = [...this.partition.vps.values(), this]
    this.partition.clock.run(vps.some((vp) => !vp.isDeleted && !vp.isExplicitlySuspended))
    enterForInterrupt(this)
  }

  /** An intercept waits for the parent. */
  get isIntercepted(): boolean {
    return this.#isIntercepted
  }

  set isIntercepted(intercepted: boolean) {
    this.#isIntercepted = intercepted
    enterForInterrupt(this)
  }

  /** Whether it would run. */
  get isRunning(): boolean {
    return !this.isDeleted && !this.#isSuspended && !this.#isIntercepted && !this.partition.isSuspended
  }

  /** State of the level that it runs in. */
  get current(): VtlState {
    return this.level(this.vtl) ?? this.addVtl(this.vtl)
  }

  /** Interrupt controller of the level that it runs in. */
  get controller(): InterruptController {
    return this.current.controller
  }

  /** SynIC of the level that it runs in. */
  get synic(): Synic {
    return this.current.synic
  }

  /** State of a level; `undefined` where it does not have that. */
  level(vtl: number): VtlState | undefined {
    return this.vtls.get(vtl)
  }

  /** Adds a level, or answers the one that is there. */
  addVtl(vtl: number): VtlState {
    const existing = this.vtls.get(vtl)
    if (existing !== undefined) return existing
    const { machine, space, pageMode, clock } = this.partition
    const controller = new InterruptController(
      () => {
        machine.noteInterrupt(this)
        interruptLevel(this, vtl)
      },
      () => synic.scan(),
      machine.architecture,
    )
    const pages = { space, mode: pageMode, vtl }
    const synic: Synic = new Synic(pages, controller, (sint) => slotDeliverable(this, state, sint))
    const state: VtlState = {
      vtl,
      shared: this.partition.addLevel(vtl),
      controller,
      synic,
      timers: Array.from({ length: timerCount }, (_, index) => new SyntheticTimer(index, clock, synic, controller)),
      assistPage: new RegisterPage(space, pageMode, vtl),
      registers: new Map(),
      notifications: 0n,
      vina: 0n,
    }
    this.vtls.set(vtl, state)
    return state
  }

  /** Ends a level: its queues, timers and pages go. */
  removeVtl(vtl: number): void {
    const state = this.vtls.get(vtl)
    if (state === undefined) return
    this.vtls.delete(vtl)
    for (const timer of state.timers) timer.reset()
    state.synic.reset()
    state.assistPage.value = 0n
  }

  /** Ends it: queues, timers and pages go. */
  remove(): void {
    this.isDeleted = true
    for (const vtl of [...this.vtls.keys()]) this.removeVtl(vtl)
    this.partition.vps.delete(this.index)
    this.partition.pool.free(this)
    this.isExplicitlySuspended = true
  }
}
