import {
  HvCallCreatePartition,
  HvCallDeletePartition,
  HvCallFinalizePartition,
  HvCallGetNextChildPartition,
  HvCallGetPartitionId,
  HvCallGetPartitionProperty,
  HvCallGetPartitionPropertyEx,
  HvCallInitializePartition,
  HvCallRestorePartitionState,
  HvCallRestorePartitionTime,
  HvCallSetPartitionProperty,
  HvCallSetPartitionPropertyEx,
} from '../../hypercall/calls/partition.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
import { HvStatus } from '../../hypercall/status.ts'
import {
  createPartition,
  deletePartition,
  finalizePartition,
  getNextChildPartition,
  getPartitionId,
  initializePartition,
  restorePartitionState,
  restorePartitionTime,
} from '../partitions.ts'
import { getPartitionProperty, setPartitionProperty } from '../properties.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** Partitions and their properties. */
export function bindPartitionCalls(to: ModelDispatcher, isArm64: boolean): void {
  if (isArm64) to.on(onArm64(HvCallCreatePartition), create)
  else to.on(HvCallCreatePartition, create)
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
  to.on(HvCallGetPartitionPropertyEx, ({ caller, input }) =>
    outputOf(getPartitionProperty(caller.partition, input.partitionId, input.propertyCode), (value) => {
      const propertyValue = new Uint8Array(4096)
      new DataView(propertyValue.buffer).setBigUint64(0, value, true)
      return { propertyValue }
    }),
  )
  // Longer values than 64 bits the model has none.
  to.on(HvCallSetPartitionPropertyEx, ({ caller, input }) => {
    const { value } = input
    if (value.length !== 8) return value.length < 8 ? HvStatus.InvalidParameter : HvStatus.FeatureUnavailable
    const word = new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)
    return setPartitionProperty(caller.partition, input.partitionId, input.propertyCode, word)
  })
  to.on(HvCallRestorePartitionTime, ({ caller, input }) =>
    restorePartitionTime(caller.partition, input.partitionId, input.tscSequence, input.referenceTime),
  )
  to.on(HvCallRestorePartitionState, ({ caller, input }) => {
    // The count is looked at before a byte of the data is.
    if (input.restoreDataCount > input.restoreData.length) return HvStatus.InvalidParameter
    return restorePartitionState(caller.partition, input.partitionId)
  })
  to.on(HvCallSetPartitionProperty, ({ caller, input }) =>
    setPartitionProperty(caller.partition, input.partitionId, input.propertyCode, input.propertyValue),
  )
}

/** The processor features that the partition is to be without stand in another form on ARM64; none of them means anything here. */
function create({ caller, input }: { readonly caller: VirtualProcessor; readonly input: { readonly flags: bigint } }) {
  return outputOf(createPartition(caller.partition, input.flags), (newPartitionId) => ({ newPartitionId }))
}
