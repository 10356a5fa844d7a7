import { HvCallMapStatsPage, HvCallMapStatsPage2, HvCallUnmapStatsPage } from '../../hypercall/calls/statistics.ts'
import { StatsObjectType } from '../../hypercall/enums/statistics.ts'
import type { StatsObjectIdentity } from '../../hypercall/stats-object.ts'
import { HvStatus } from '../../hypercall/status.ts'
import type { Infer } from '../../wire/index.ts'
import { mapStatsPage, type StatsObject, unmapStatsPage } from '../statistics.ts'
import { type ModelDispatcher, toNumber } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** Statistics pages. */
export function bindStatisticsCalls(to: ModelDispatcher): void {
  to.on(HvCallMapStatsPage, ({ caller, input }) => {
    const object = objectOf(input.objectIdentity)
    if (object === undefined) return HvStatus.InvalidParameter
    return outputOf(mapStatsPage(caller.partition, object), (page) => ({ mapLocation: BigInt(page) }))
  })
  to.on(HvCallMapStatsPage2, ({ caller, input }) => {
    const object = objectOf(input.objectIdentity)
    if (object === undefined) return HvStatus.InvalidParameter
    return mapStatsPage(caller.partition, object, toNumber(input.mapLocation)).status
  })
  to.on(HvCallUnmapStatsPage, ({ caller, input }) => {
    const object = objectOf(input.objectIdentity)
    return object === undefined ? HvStatus.InvalidParameter : unmapStatsPage(caller.partition, object)
  })
}

function objectOf(identity: Infer<typeof StatsObjectIdentity>): StatsObject | undefined {
  switch (identity.type) {
    case 'HypervisorStats':
      return { type: StatsObjectType.Hypervisor }
    case 'LogicalProcessorStats':
      return { type: StatsObjectType.LogicalProcessor, index: identity.logicalProcessorIndex }
    case 'PartitionStats':
      return { type: StatsObjectType.Partition, partition: identity.partitionId }
    case 'VpStats':
      return { type: StatsObjectType.Vp, partition: identity.partitionId, vp: identity.vpIndex }
    default:
      return undefined
  }
}
