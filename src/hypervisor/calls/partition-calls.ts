import {
  HvCallCreatePartition,
  HvCallDeletePartition,
  HvCallFinalizePartition,
  HvCallGetNextChildPartition,
  HvCallGetPartitionId,
  HvCallGetPartitionProperty,
  HvCallInitializePartition,
  HvCallSetPartitionProperty,
} from '../../hypercall/calls/partition.ts'
import {
  createPartition,
  deletePartition,
  finalizePartition,
  getNextChildPartition,
  getPartitionId,
  initializePartition,
} from '../partitions.ts'
import { getPartitionProperty, setPartitionProperty } from '../properties.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** Partitions and their properties. */
export function bindPartitionCalls(to: ModelDispatcher): void {
  to.on(HvCallCreatePartition, ({ caller, input }) =>
    outputOf(createPartition(caller.partition, input.flags), (newPartitionId) => ({ newPartitionId })),
  )
  to.on(HvCallInitializePartition, ({ caller, input }) => initializePartition(caller.partition, input.partitionId))
  to.on(HvCallFinalizePartition, ({ caller, input }) => finalizePartition(caller.partition, input.partitionId))
  to.on(HvCallDeletePartition, ({ caller, input }) => deletePartition(caller.partition, input.partitionId))
  to.on(HvCallGetPartitionId, ({ caller }) =>
    outputOf(getPartitionId(caller.partition), (partitionId) => ({ partitionId })),
  )
  to.on(HvCallGetNextChildPartition, ({ caller, input }) =>
    outputOf(getNextChildPartition(caller.partition, input.parentId, input.previousChildId), (nextChildId) => ({
      nextChildId,
    })),
  )
  to.on(HvCallGetPartitionProperty, ({ caller, input }) =>
    outputOf(getPartitionProperty(caller.partition, input.partitionId, input.propertyCode), (propertyValue) => ({
      propertyValue,
    })),
  )
  to.on(HvCallSetPartitionProperty, ({ caller, input }) =>
    setPartitionProperty(caller.partition, input.partitionId, input.propertyCode, input.propertyValue),
  )
}
