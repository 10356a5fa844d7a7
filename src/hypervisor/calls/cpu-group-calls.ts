import {
  HvCallCreateCpuGroup,
  HvCallDeleteCpuGroup,
  HvCallGetCpuGroupAffinity,
  HvCallGetCpuGroupProperty,
  HvCallGetNextCpuGroup,
  HvCallGetNextCpuGroupPartition,
  HvCallSetCpuGroupAffinity,
  HvCallSetCpuGroupProperty,
} from '../../hypercall/calls/processors.ts'
import { HvStatus } from '../../hypercall/status.ts'
import {
  createCpuGroup,
  deleteCpuGroup,
  getCpuGroupAffinity,
  getCpuGroupProperty,
  getNextCpuGroup,
  getNextCpuGroupPartition,
  setCpuGroupAffinity,
  setCpuGroupProperty,
} from '../cpu-groups.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** CPU groups. What HvCallCreateCpuGroup takes as input no source tells: it is not looked at. */
export function bindCpuGroupCalls(to: ModelDispatcher): void {
  to.on(HvCallCreateCpuGroup, ({ caller }) =>
    outputOf(createCpuGroup(caller.partition), (newCpuGroupId) => ({ newCpuGroupId })),
  )
  to.on(HvCallDeleteCpuGroup, ({ caller, input }) => deleteCpuGroup(caller.partition, input.cpuGroupId))
  to.on(HvCallGetCpuGroupProperty, ({ caller, input }) =>
    outputOf(getCpuGroupProperty(caller.partition, input.cpuGroupId, input.propertyCode), (propertyValue) => ({
      propertyValue,
    })),
  )
  to.on(HvCallSetCpuGroupProperty, ({ caller, input }) =>
    setCpuGroupProperty(caller.partition, input.cpuGroupId, input.propertyCode, input.propertyValue),
  )
  to.on(HvCallGetCpuGroupAffinity, ({ caller, input }) =>
    outputOf(getCpuGroupAffinity(caller.partition, input.cpuGroupId), (affinity) => ({
      lpCount: affinity === 0n ? 0 : 1,
      cpuGroupAffinity: [affinity, 0n, 0n, 0n, 0n, 0n, 0n],
    })),
  )
  to.on(HvCallSetCpuGroupAffinity, ({ caller, input }) => {
    const [first = 0n, ...others] = input.cpuGroupAffinity
    if (others.some((word) => word !== 0n)) return HvStatus.InvalidLpIndex
    return setCpuGroupAffinity(caller.partition, input.cpuGroupId, first)
  })
  to.on(HvCallGetNextCpuGroup, ({ caller, input }) =>
    outputOf(getNextCpuGroup(caller.partition, input.previousCpuGroupId), (nextCpuGroupId) => ({ nextCpuGroupId })),
  )
  to.on(HvCallGetNextCpuGroupPartition, ({ caller, input }) =>
    outputOf(
      getNextCpuGroupPartition(caller.partition, input.cpuGroupId, input.previousPartitionId),
      (nextPartitionId) => ({ nextPartitionId }),
    ),
  )
}
