import {
  HvCallDepositMemory,
  HvCallGetMemoryBalance,
  HvCallMapGpaPages,
  HvCallMapSparseGpaPages,
  HvCallModifySparseGpaPages,
  HvCallUnmapGpaPages,
  HvCallWithdrawMemory,
} from '../../hypercall/calls/memory.ts'
import { MapGpaFlags, UnmapGpaFlags } from '../../hypercall/flags.ts'
import { HvStatus } from '../../hypercall/status.ts'
import {
  depositMemory,
  getMemoryBalance,
  largePagePages,
  mapGpaPage,
  modifyGpaPage,
  unmapGpaPage,
  withdrawMemory,
} from '../memory.ts'
import { type ModelDispatcher, toNumber } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** Memory pools and GPA spaces. */
export function bindMemoryCalls(to: ModelDispatcher): void {
  to.on(HvCallDepositMemory, ({ caller, input, element }) =>
    depositMemory(caller.partition, input.partitionId, toNumber(element.gpaPage)),
  )
  to.on(HvCallWithdrawMemory, ({ caller, input }) =>
    outputOf(withdrawMemory(caller.partition, input.partitionId), (page) => ({ gpaPage: BigInt(page) })),
  )
  to.on(HvCallGetMemoryBalance, ({ caller, input }) =>
    outputOf(getMemoryBalance(caller.partition, input.partitionId), ({ pagesAvailable, pagesInUse }) => ({
      pagesAvailable: BigInt(pagesAvailable),
      pagesInUse: BigInt(pagesInUse),
    })),
  )
  to.on(HvCallMapGpaPages, ({ caller, input, element, index }) => {
    const step = (input.mapFlags & MapGpaFlags.largePage) === 0 ? 1 : largePagePages
    return mapGpaPage(caller.partition, {
      partition: input.targetPartitionId,
      guestPage: toNumber(input.targetGpaBase) + index * step,
      sourcePage: toNumber(element.sourceGpaPage),
      flags: input.mapFlags,
    })
  })
  to.on(HvCallMapSparseGpaPages, ({ caller, input, element }) =>
    mapGpaPage(caller.partition, {
      partition: input.targetPartitionId,
      guestPage: toNumber(element.targetGpaPageNumber),
      sourcePage: toNumber(element.sourceGpaPageNumber),
      flags: input.mapFlags,
    }),
  )
  to.on(HvCallModifySparseGpaPages, ({ caller, input, element }) =>
    modifyGpaPage(caller.partition, input.targetPartitionId, toNumber(element.gpaPageNumber), input.mapFlags),
  )
  to.on(HvCallUnmapGpaPages, ({ caller, input, index }) => {
    const step = (input.unmapFlags & UnmapGpaFlags.largePage) === 0 ? 1 : largePagePages
    const first = toNumber(input.targetGpaBase) + index * step
    if (first % step !== 0) return HvStatus.InvalidParameter
    for (let page = first; page < first + step; page++) {
      const status = unmapGpaPage(caller.partition, input.targetPartitionId, page)
      if (status !== HvStatus.Success) return status
    }
    return HvStatus.Success
  })
}
