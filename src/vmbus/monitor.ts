import { type GuestMemory, MemoryFault, PAGE_SIZE } from '../memory/index.ts'
import { MonitorPage, monitorIdCount } from './monitor-page.ts'

/** Trigger groups of 32 monitor ids each. */
const groupCount = 4
/** From one group's `pending` word to the next one's: `armed` lies between. */
const groupSize = 8
const groupsAt = /* @__PURE__ */ MonitorPage.offsetOf('triggerGroups')

/** Where a monitor id has its trigger: bit `bit` (0 … 31) of group `group` (0 … 3). */
export interface MonitorTrigger {
  /** Trigger group, 0 … 3. */
  readonly group: number
  /** Bit in the group's `pending`, 0 … 31. */
  readonly bit: number
}

/** The trigger of a monitor id, 0 … 127. Throws a `RangeError` for any other: check first what an offer says. */
export function monitorTrigger(monitorId: number): MonitorTrigger {
  if (!Number.isInteger(monitorId) || monitorId < 0 || monitorId >= monitorIdCount) {
    throw new RangeError(`monitor id ${monitorId} is not in 0 … ${monitorIdCount - 1}`)
  }
  return { group: monitorId >> 5, bit: monitorId & 31 }
}

/** The monitor id of a trigger. */
export function monitorIdOf({ group, bit }: MonitorTrigger): number {
  return group * 32 + bit
}

/**
 * The triggers of one monitor page in guest memory. One end sets bits, the other takes them; of the page nothing but the four
 * `pending` words is looked at (behaviour 124). Where memory gives a direct view, bits are set and taken atomically, so the ends
 * may be threads; elsewhere they have to take turns.
 *
 * Source: Linux drivers/hv/channel.c (vmbus_setevent), OpenVMM vmcore/monitor.rs.
 */
export class MonitorTriggers {
  readonly #words: Uint32Array | undefined

  /** @param gpa of the page. Throws {@link MemoryFault} outside memory or when it is not page-aligned (behaviour 128). */
  constructor(
    readonly memory: GuestMemory,
    readonly gpa: number,
  ) {
    if (gpa % PAGE_SIZE !== 0) throw new MemoryFault(gpa, PAGE_SIZE, 'a monitor page begins at a page boundary')
    memory.load32(gpa)
    memory.load32(gpa + PAGE_SIZE - 4)
    const groups = memory.direct(gpa + groupsAt, groupCount * groupSize)
    if (groups !== undefined && groups.byteOffset % 4 === 0) {
      this.#words = new Uint32Array(groups.buffer, groups.byteOffset, groups.byteLength / 4)
    }
  }

  /** Triggers a monitor id, 0 … 127. Throws a `RangeError` for any other. */
  set(monitorId: number): void {
    if (!Number.isInteger(monitorId) || monitorId < 0 || monitorId >= monitorIdCount) monitorTrigger(monitorId)
    const group = monitorId >> 5
    const mask = 1 << (monitorId & 31)
    if (this.#words !== undefined) {
      Atomics.or(this.#words, (group * groupSize) / 4, mask)
      return
    }
    const at = this.#pendingAt(group)
    this.memory.store32(at, (this.memory.load32(at) | mask) >>> 0)
  }

  /** Whether any trigger is set. */
  get isPending(): boolean {
    for (let group = 0; group < groupCount; group++) if (this.memory.load32(this.#pendingAt(group)) !== 0) return true
    return false
  }

  /** Takes all triggers that are set, each once, lowest id first, and clears them. */
  take(visit: (monitorId: number) => void): void {
    for (let group = 0; group < groupCount; group++) {
      // All of a group is taken before anyone is told, so what is set meanwhile is seen next time.
      let pending = this.#exchange(group)
      while (pending !== 0) {
        const bit = 31 - Math.clz32(pending & -pending)
        pending &= pending - 1
        visit(group * 32 + bit)
      }
    }
  }

  #exchange(group: number): number {
    if (this.#words !== undefined) return Atomics.exchange(this.#words, (group * groupSize) / 4, 0)
    const at = this.#pendingAt(group)
    const pending = this.memory.load32(at)
    if (pending !== 0) this.memory.store32(at, 0)
    return pending
  }

  #pendingAt(group: number): number {
    return this.gpa + groupsAt + group * groupSize
  }
}
