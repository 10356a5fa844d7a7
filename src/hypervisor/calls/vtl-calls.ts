import {
  HvCallEnablePartitionVtl,
  HvCallEnableVpVtl,
  HvCallVtlCall,
  HvCallVtlReturn,
} from '../../hypercall/calls/vtl.ts'
import { enablePartitionVtl, enableVpVtl, vtlCall, vtlReturn } from '../vtl.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { initialRegisters } from './initial-registers.ts'

/** Virtual trust levels. */
export function bindVtlCalls(to: ModelDispatcher): void {
  to.on(HvCallEnablePartitionVtl, ({ caller, input }) =>
    enablePartitionVtl(caller, input.targetPartitionId, input.targetVtl),
  )
  to.on(HvCallEnableVpVtl, ({ caller, input }) =>
    enableVpVtl(caller, input.partitionId, input.vpIndex, input.targetVtl, initialRegisters(input.vpVtlContext)),
  )
  to.onVtlSwitch(HvCallVtlCall, ({ caller }) => vtlCall(caller))
  to.onVtlSwitch(HvCallVtlReturn, ({ caller, isFast }) => vtlReturn(caller, isFast ? 1n : 0n))
}
