import type { VirtualProcessor } from '../../hypervisor/index.ts'
import { type Pump, Task } from '../pump.ts'
import { BasedMemory } from './based-memory.ts'
import { GuestPartition, type GuestPartitionOptions } from './guest-partition.ts'
import { type PlayedVp, playChild, setUpRootAndChild, vectorOf } from './hypervisor-setup.ts'

/** The way to a guest that has no SynIC. It must not call the {@link MessageGuest} before it has returned. */
export interface MessageLink {
  /** A message is in the slot of a SINT, which is taken until {@link MessageGuest.endOfMessage}; the payload is a copy. */
  message(vp: number, sint: number, messageType: number, payload: Uint8Array): void
  /** An event flag was set, and is clear again. */
  event(vp: number, sint: number, flag: number): void
}

/** How such a guest is made. */
export interface MessageGuestOptions extends GuestPartitionOptions {
  /** The way to the guest. */
  readonly link: MessageLink
}

/**
 * A guest elsewhere that speaks in messages and signals, not in registers: a program, a unit test. It is a partition of the hypervisor model
 * all the same, whose SynIC is played here.
 */
export class MessageGuest extends GuestPartition {
  readonly #pump: Pump
  readonly #link: MessageLink
  readonly #tasks: readonly Task[]
  readonly #played: readonly PlayedVp[]
  /** Slots whose message the guest has and has not freed yet, as VP × 16 + SINT. */
  readonly #taken = new Set<number>()

  constructor(pump: Pump, options: MessageGuestOptions) {
    const { memory, base = 0, vps = 1, link, now, keepsBits } = options
    const machine = setUpRootAndChild({ memory, base, vps, now })
    super(pump, machine, new BasedMemory(memory, base), keepsBits)
    this.#pump = pump
    this.#link = link
    this.#played = playChild(machine, base)
    this.#tasks = this.#played.map((played) => new Task(`VP ${played.vp.index}: interrupts`, () => this.#take(played)))
  }

  /** Slots that the guest has to free. */
  get slotsTaken(): number {
    return this.#taken.size
  }

  /** The guest frees the slot of a SINT. Answers false when there is no message in it. */
  endOfMessage(vp: number, sint: number): boolean {
    if (!this.#taken.delete(vp * 16 + sint)) return false
    this.#played[vp]?.synic.takeMessage(sint)
    this.after()
    return true
  }

  /** In a task of its own, so that flags that are set meanwhile are told once. */
  protected override interrupted({ index }: VirtualProcessor): void {
    const task = this.#tasks[index]
    if (task !== undefined) this.#pump.schedule(task)
  }

  #take({ vp: { index, controller }, synic }: PlayedVp): void {
    for (let vector = controller.acknowledge(); vector !== undefined; vector = controller.acknowledge()) {
      controller.endOfInterrupt()
      const sint = vector - vectorOf(0)
      const slot = index * 16 + sint
      const message = this.#taken.has(slot) ? undefined : synic.peekMessage(sint)
      if (message !== undefined) {
        this.#taken.add(slot)
        this.#link.message(index, sint, message.messageType, message.payload)
      }
      synic.takeFlags(sint, (flag) => this.#link.event(index, sint, flag))
    }
  }
}
