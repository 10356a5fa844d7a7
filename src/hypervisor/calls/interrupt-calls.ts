import {
  HvCallAssertVirtualInterrupt,
  HvCallAssertVirtualInterruptDeprecated,
  HvCallClearVirtualInterrupt,
  HvCallSendSyntheticClusterIpi,
  HvCallSendSyntheticClusterIpiEx,
} from '../../hypercall/calls/interrupts.ts'
import { vpsIn, vpsInMask } from '../../hypercall/vp-set.ts'
import { assertVirtualInterrupt, clearVirtualInterrupt, sendClusterIpi } from '../interrupts.ts'
import type { ModelDispatcher } from './dispatcher.ts'

/** Virtual interrupts. */
export function bindInterruptCalls(to: ModelDispatcher): void {
  to.on(HvCallAssertVirtualInterrupt, ({ caller, input }) =>
    assertVirtualInterrupt(caller.partition, {
      partition: input.targetPartition,
      type: input.interruptControl.interruptType,
      isLogical: input.interruptControl.flags.x86LogicalDestinationMode,
      isAsserted: input.interruptControl.flags.arm64Asserted,
      destination: input.destinationAddress,
      vector: input.requestedVector,
      vtl: input.targetVtl,
    }),
  )
  to.on(HvCallAssertVirtualInterruptDeprecated, ({ caller, input }) =>
    assertVirtualInterrupt(caller.partition, {
      partition: input.targetPartition,
      type: input.interruptControl.interruptType,
      isLogical: input.interruptControl.flags.x86LogicalDestinationMode,
      isAsserted: input.interruptControl.flags.arm64Asserted,
      destination: input.destinationAddress,
      vector: input.requestedVector,
    }),
  )
  to.on(HvCallClearVirtualInterrupt, ({ caller, input }) =>
    clearVirtualInterrupt(caller.partition, input.targetPartition),
  )
  to.on(HvCallSendSyntheticClusterIpi, ({ caller, input }) => {
    const { useTargetVtl, targetVtl } = input.targetVtl
    return sendClusterIpi(caller, input.vector, vpsInMask(input.processorMask), useTargetVtl ? targetVtl : caller.vtl)
  })
  to.on(HvCallSendSyntheticClusterIpiEx, ({ caller, input }) => {
    const { useTargetVtl, targetVtl } = input.targetVtl
    const vps = vpsIn(input.processorSet) ?? caller.partition.vps.keys()
    return sendClusterIpi(caller, input.vector, vps, useTargetVtl ? targetVtl : caller.vtl)
  })
}
