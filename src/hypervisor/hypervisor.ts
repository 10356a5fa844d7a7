import type { RegisterArchitecture } from '../hypercall/registers/index.ts'
import { type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { poolCost, portMessageBuffers } from './choices.ts'
import type { Information } from './information.ts'
import { Machine } from './machine.ts'
import { Partition } from './partition.ts'
import type { PageMode } from './register-page.ts'
import { TimeStampCounter } from './tsc.ts'
import { VirtualProcessor } from './virtual-processor.ts'

/** How a hypervisor is made. */
export interface HypervisorOptions {
  /** The machine's memory, whole pages; all of it is the root's to begin with, but for its pool. */
  readonly memory: GuestMemory
  /** Machine time in units of 100 ns; must not go back. Default: stands at 0. */
  readonly now?: () => bigint
  /** Virtual processors of the root, running. Default 1. */
  readonly rootVps?: number
  /** Pages at the end of memory that are in the root's pool from the start. Default 16. */
  readonly rootPool?: number
  /** Register names and MSRs. Default x64. */
  readonly architecture?: RegisterArchitecture
  /** How SynIC and assist pages reach the guests. Default `overlay`. */
  readonly pageMode?: PageMode
  /** Messages that wait in a port for their slot. Default 16, as documented; 0: a taken slot is INSUFFICIENT_BUFFERS. */
  readonly messageBuffers?: number
  /** Hz of the time stamp counter, above 10 MHz; it makes reference TSC pages hold. Default: there is none, and guests read the reference counter. */
  readonly tscFrequency?: bigint
  /** What guests are told of the hypervisor. Default nothing: all zero. */
  readonly information?: Information
}

/**
 * A hypervisor and its root partition, in memory. Without CPUs: whoever plays a VP makes its accesses and calls, and asks here which VPs
 * were interrupted. It reads no clock but the given one, and calls nobody.
 */
export class Hypervisor {
  /** What all partitions share. */
  readonly machine: Machine
  /** The root: it has every privilege, and the machine's memory at the same addresses. */
  readonly root: Partition

  /** Throws `RangeError` when memory is too small for the pool, or the counter too slow. */
  constructor(options: HypervisorOptions) {
    const { memory, rootVps = 1, rootPool = 16 } = options
    const pages = Math.floor(memory.size / PAGE_SIZE)
    if (rootPool < poolCost.initialize + rootVps * poolCost.vp || rootPool > pages) {
      throw new RangeError(`a pool of ${rootPool} pages does not fit a root of ${rootVps} VPs in ${pages} pages`)
    }
    const { now = () => 0n, architecture = 'x64', pageMode = 'overlay', messageBuffers = portMessageBuffers } = options
    const information = options.information ?? new Map()
    const { tscFrequency } = options
    const tsc = tscFrequency === undefined ? undefined : new TimeStampCounter(tscFrequency, now)
    this.machine = new Machine(memory, now, architecture, pageMode, messageBuffers, information, tsc)
    this.root = new Partition(this.machine, undefined, pages)
    for (let page = pages - rootPool; page < pages; page++) {
      this.machine.pages.setPooled(page, true)
      this.root.pool.add({ machinePage: page, depositor: this.root, guestPage: page })
    }
    this.root.state = 'active'
    this.root.pool.take(this.root, poolCost.initialize)
    for (let index = 0; index < rootVps; index++) {
      const vp = new VirtualProcessor(this.root, index)
      this.root.pool.take(vp, poolCost.vp)
      this.root.vps.set(index, vp)
      vp.isExplicitlySuspended = false
    }
  }

  /** A partition that exists, by id. */
  partition(id: bigint): Partition | undefined {
    return this.machine.partitions.get(id)
  }

  /** The VPs that got an interrupt since the last call, in the order in which they got the first. */
  takeInterrupted(): VirtualProcessor[] {
    return this.machine.takeInterrupted()
  }

  /** Lets timers expire whose time has come; the clock's owner calls it when it moves. */
  tick(): void {
    for (const timer of this.#timers()) timer.timer.check()
  }

  /** Machine time at which the next timer of a running partition expires. */
  nextExpiry(): bigint | undefined {
    let next: bigint | undefined
    for (const { timer, partition } of this.#timers()) {
      if (timer.deadline === undefined || !partition.clock.isRunning) continue
      const at = this.machine.now() + timer.deadline - partition.clock.time
      if (next === undefined || at < next) next = at
    }
    return next
  }

  *#timers() {
    for (const partition of this.machine.partitions.values()) {
      for (const vp of partition.vps.values()) {
        for (const { timers } of vp.vtls.values()) for (const timer of timers) yield { timer, partition }
      }
    }
  }
}
