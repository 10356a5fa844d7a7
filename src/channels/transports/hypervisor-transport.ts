import {
  type CallObserver,
  callPostMessage,
  callSignalEvent,
  DeviceMemory,
  type HypercallCaller,
  type Hypervisor,
  type Partition,
  type TakenMessage,
} from '../../hypervisor/index.ts'
import type { GuestMemory } from '../../memory/index.ts'
import { type Pump, Task } from '../pump.ts'
import { type PlayedVp, playChild, type RootAndChild, setUpRootAndChild, vectorOf } from './hypervisor-setup.ts'
import { RootEnd, setBit, take32 } from './root-end.ts'
import { type GuestHandlers, type GuestTransport, type HostTransport, HvStatus } from './transport.ts'

/** How the transport is made. */
export interface HypervisorTransportOptions {
  /** Virtual processors of the guest. Default 1. */
  readonly vps?: number
  /** Hears of every hypercall that is made, of the set-up too. */
  readonly onCall?: CallObserver
  /** Hears of what else the root is told at SINT0: intercepts, IOMMU faults. */
  readonly onRootMessage?: (message: TakenMessage) => void
}

/**
 * Both ends of a bus as two partitions of a hypervisor model: every message is an HvCallPostMessage through a port into a SynIC slot, every
 * signal an HvCallSignalEvent into event flags. The bytes of each call are encoded into registers and pages, dispatched, and decoded, as a
 * processor's would be.
 */
export class HypervisorTransport {
  /** The host's end. */
  readonly host: HostTransport
  /** The guest's end. */
  readonly guest: GuestTransport
  /** The model between them. */
  readonly hypervisor: Hypervisor
  /** The guest's partition. */
  readonly child: Partition
  readonly #pump: Pump
  readonly #machine: RootAndChild
  readonly #children: readonly PlayedVp[]
  readonly #rootEnd: RootEnd
  readonly #tasks: readonly Task[]
  #handlers: GuestHandlers | undefined

  constructor(memory: GuestMemory, pump: Pump, options: HypervisorTransportOptions = {}) {
    this.#pump = pump
    this.#machine = setUpRootAndChild({ memory, vps: options.vps ?? 1, onCall: options.onCall })
    this.#children = playChild(this.#machine)
    this.hypervisor = this.#machine.hypervisor
    this.child = this.#machine.childPartition
    this.#rootEnd = new RootEnd(this.#machine, pump, {
      memory: new DeviceMemory(this.hypervisor.root.memory(this.#machine.guestBytes), this.child),
      interrupted: (vp) => {
        const task = this.#tasks[vp.index]
        if (task !== undefined) pump.schedule(task)
      },
      onRootMessage: options.onRootMessage,
    })
    this.#tasks = this.#children.map(
      (played) => new Task(`VP ${played.vp.index}: interrupts`, () => this.#interrupted(played)),
    )
    this.host = this.#rootEnd.host
    const guestMemory = this.child.memory(this.#machine.guestBytes)
    this.guest = {
      memory: guestMemory,
      take32: (gpa) => take32(guestMemory, gpa),
      setBit: (gpa, bit) => this.#rootEnd.wrote(setBit(guestMemory, gpa, bit)),
      post: (connectionId, messageType, payload) => this.#posts(connectionId, messageType, payload),
      signal: (connectionId, flag) => this.#signals(connectionId, flag),
      attach: (handlers) => {
        this.#handlers = handlers
        for (const task of this.#tasks) this.#pump.schedule(task)
      },
    }
  }

  /** The root's VP, to make further hypercalls with. What they raise is delivered when the pump runs. */
  get root(): HypercallCaller {
    return this.#machine.root.caller
  }

  /** Lets interrupts that came from outside the bus, such as an IOMMU fault, reach their VPs when the pump runs. */
  deliver(): void {
    this.#rootEnd.deliver()
  }

  #posts(connectionId: number, messageType: number, payload: Uint8Array): number {
    const [first] = this.#children
    if (!(messageType >= 0 && messageType <= 0xffff_ffff)) return HvStatus.InvalidParameter
    if (first === undefined) return HvStatus.InvalidConnectionId
    return this.#rootEnd.posts(connectionId, () => callPostMessage(first.caller, connectionId, messageType, payload))
  }

  #signals(connectionId: number, flag: number): number {
    const [first] = this.#children
    if (!(flag >= 0 && flag <= 0xffff)) return HvStatus.InvalidParameter
    if (first === undefined) return HvStatus.InvalidConnectionId
    return this.#rootEnd.signals(connectionId, flag, () => callSignalEvent(first.caller, connectionId, flag))
  }

  /** A VP of the guest takes its interrupts: of each SINT the message, then the flags. */
  #interrupted({ vp, synic }: PlayedVp): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    for (let vector = vp.controller.acknowledge(); vector !== undefined; vector = vp.controller.acknowledge()) {
      const sint = vector - vectorOf(0)
      const message = synic.takeMessage(sint)
      vp.controller.endOfInterrupt()
      this.#rootEnd.messageTaken()
      if (message !== undefined) handlers.message(vp.index, sint, message.messageType, message.payload)
      synic.takeFlags(sint, (flag) => handlers.event(vp.index, sint, flag))
    }
  }
}
