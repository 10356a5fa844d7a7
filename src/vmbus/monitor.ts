import { MonitorPage, monitorIdCount } from './monitor-page.ts'

/** Trigger groups of a monitor page, 32 monitor ids each. */
export const monitorGroupCount = 4
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
 * Offset in a monitor page of a group's `pending` word, a u32: one end sets bits of it, the other takes them, and of the page nothing
 * else counts (behaviour 124). Source: Linux drivers/hv/channel.c (vmbus_setevent), OpenVMM vmcore/monitor.rs.
 */
export function pendingWordAt(group: number): number {
  return groupsAt + group * groupSize
}
