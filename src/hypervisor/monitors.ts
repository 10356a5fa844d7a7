import { HvStatus } from '../hypercall/status.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { allows, PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'
import { livePort, signalEvent } from './ports.ts'

/** Parts of a monitor page. Source: TLFS 11.5 (HV_MONITOR_PAGE), Linux hv_monitor_page. */
const page = { triggerState: 0, groups: 8, parameters: 1088 } as const
const groupCount = 4
const triggersPerGroup = 32

/**
 * Looks at the pages of a partition's monitor connections: each pending bit of a group that is enabled is cleared, and the event that its
 * parameter names is signalled, as by HvCallSignalEvent of that partition. A hypervisor does so within the latency that the page asks
 * for; here the owner of the time does it. Answers how many events were signalled.
 */
export function scanMonitors(sender: Partition): number {
  let signalled = 0
  for (const connection of [...sender.connections.values()]) {
    if (connection.target.kind !== 'monitor' || livePort(connection) === undefined) continue
    const place = sender.space.place(connection.target.monitorAddress / PAGE_SIZE, connection.vtl)
    if (place === undefined || !allows(place.access, PageAccess.read | PageAccess.write)) continue
    const { memory, base } = place
    const enabled = memory.load32(base + page.triggerState)
    for (let group = 0; group < groupCount; group++) {
      const at = base + page.groups + 8 * group
      let pending = (enabled & (1 << group)) === 0 ? 0 : memory.load32(at)
      if (pending !== 0) memory.store32(at, 0)
      for (; pending !== 0; pending &= pending - 1) {
        const trigger = 31 - Math.clz32(pending & -pending)
        const parameter = base + page.parameters + 8 * (group * triggersPerGroup + trigger)
        const connectionId = memory.load32(parameter)
        const flag = memory.load32(parameter + 4) & 0xffff
        if (signalEvent(sender, connectionId, flag) === HvStatus.Success) signalled += 1
      }
    }
  }
  return signalled
}
