import {
  type Hypervisor,
  type Partition,
  postMessage,
  signalEvent,
  type VirtualProcessor,
} from '../../hypervisor/index.ts'
import type { GuestMemory } from '../../memory/index.ts'
import type { Pump } from '../pump.ts'
import type { RootAndChild } from './hypervisor-setup.ts'
import { RootEnd } from './root-end.ts'
import type { HostTransport } from './transport.ts'

/** What foreign guests of both kinds are made with. */
export interface GuestPartitionOptions {
  /** The guest's RAM, shared with it. */
  readonly memory: GuestMemory
  /** Guest physical address of the RAM's first byte, a multiple of 4096. Default 0. */
  readonly base?: number
  /** Default 1. */
  readonly vps?: number
  /** Machine time in units of 100 ns, never going back. Default: stands at 0. */
  readonly now?: () => bigint
  /**
   * Leaves the bits set that the host takes out of interrupt and monitor pages: where memory has no atomic exchange, clearing them could
   * lose one that the guest sets just then. A bit that stays costs a look into a ring, no more. Default false.
   */
  readonly keepsBits?: boolean
}

/** A partition of the hypervisor model whose software is elsewhere, and the root's end of VMBus for it: {@link host}. */
export abstract class GuestPartition {
  /** The host's end of the transport. */
  readonly host: HostTransport
  /** The model that the partition is in. */
  readonly hypervisor: Hypervisor
  /** The guest's partition. */
  readonly partition: Partition
  /** The guest's memory by guest physical address. */
  readonly memory: GuestMemory
  protected readonly rootEnd: RootEnd
  readonly #vps: readonly VirtualProcessor[]

  constructor(pump: Pump, machine: RootAndChild, memory: GuestMemory, keepsBits = false) {
    this.memory = memory
    this.hypervisor = machine.hypervisor
    this.partition = machine.childPartition
    this.#vps = this.partition.processors()
    this.rootEnd = new RootEnd(machine, pump, { memory, interrupted: (vp) => this.interrupted(vp) })
    const { host } = this.rootEnd
    this.host = keepsBits ? { ...host, take32: (gpa) => memory.load32(gpa) } : host
  }

  /** HvCallPostMessage that came by other means than registers: at most 240 bytes. Answers its HV_STATUS. */
  post(vp: number, connectionId: number, messageType: number, payload: Uint8Array): number {
    const caller = this.vp(vp)
    const status = this.rootEnd.posts(connectionId, () =>
      postMessage(caller.partition, { connectionId, messageType, payloadSize: payload.length, payload }, caller.vtl),
    )
    this.after()
    return status
  }

  /** HvCallSignalEvent that came by other means than registers, such as a ring of signals. Answers its HV_STATUS. */
  signal(vp: number, connectionId: number, flag = 0): number {
    const caller = this.vp(vp)
    const status = this.rootEnd.signals(connectionId, flag, () =>
      signalEvent(caller.partition, connectionId, flag, caller.vtl),
    )
    this.after()
    return status
  }

  /** The guest set a bit in the page of triggers at this address; without an address, in any. */
  triggered(gpa?: number): void {
    this.rootEnd.wrote(gpa)
  }

  /** Time has passed: timers expire, and the page of triggers is looked at. */
  tick(): void {
    this.hypervisor.tick()
    this.rootEnd.wrote(undefined)
    this.after()
  }

  /** A VP by its number. Throws `RangeError` for one that does not exist. */
  protected vp(index: number): VirtualProcessor {
    const vp = this.#vps[index]
    if (vp === undefined) throw new RangeError(`the guest has no VP ${index}`)
    return vp
  }

  /** A VP has interrupts to take. */
  protected abstract interrupted(vp: VirtualProcessor): void

  /** Whatever came from the guest has been done. */
  protected after(): void {
    this.rootEnd.deliver()
  }
}
