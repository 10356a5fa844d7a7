import { type RegisterArchitecture, registersOf } from '../hypercall/registers/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import type { CpuGroup } from './cpu-groups.ts'
import { InterruptTable } from './device-interrupt.ts'
import type { Information } from './information.ts'
import { MachinePages } from './machine-pages.ts'
import type { Partition } from './partition.ts'
import type { PageMode } from './register-page.ts'
import type { TimeStampCounter } from './tsc.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** What all partitions of one machine share. */
export class Machine {
  /** What becomes of each page. */
  readonly pages = new MachinePages()
  /** Those that exist, by id. */
  readonly partitions = new Map<bigint, Partition>()
  /** Interrupts of devices that reach a VP. */
  readonly interrupts = new InterruptTable()
  /** By id. */
  readonly cpuGroups = new Map<bigint, CpuGroup>()
  #nextCpuGroupId = 1n
  /** Names of all registers. */
  readonly registers: ReadonlySet<number>
  #nextPartitionId = 1n
  readonly #interrupted = new Set<VirtualProcessor>()

  /**
   * @param memory the machine's memory: page 0 is its first.
   * @param now machine time in 100 ns; must not go back.
   * @param messageBuffers of each message port.
   * @param tsc the processors' time stamp counter, if they have one.
   */
  constructor(
    readonly memory: GuestMemory,
    readonly now: () => bigint,
    readonly architecture: RegisterArchitecture,
    readonly pageMode: PageMode,
    readonly messageBuffers: number,
    readonly information: Information,
    readonly tsc: TimeStampCounter | undefined,
  ) {
    this.registers = new Set(registersOf(architecture).map(({ value }) => value))
  }

  /** An id that no partition has had. */
  newPartitionId(): bigint {
    return this.#nextPartitionId++
  }

  /** An id that no CPU group has had. */
  newCpuGroupId(): bigint {
    return this.#nextCpuGroupId++
  }

  /** Notes that a VP has an interrupt to take. */
  noteInterrupt(vp: VirtualProcessor): void {
    this.#interrupted.add(vp)
  }

  /** The VPs that got an interrupt since the last call, in the order in which they got the first. */
  takeInterrupted(): VirtualProcessor[] {
    const vps = [...this.#interrupted]
    this.#interrupted.clear()
    return vps
  }
}
