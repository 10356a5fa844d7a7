import {
  HvCallCreateVp,
  HvCallDeleteVp,
  HvCallGetVpIndexFromApicId,
  HvCallGetVpRegisters,
  HvCallSetVpRegisters,
  HvCallStartVirtualProcessor,
} from '../../hypercall/calls/vp.ts'
import {
  createVp,
  deleteVp,
  getVpRegister,
  setVpRegister,
  startVirtualProcessor,
  vpIndexFromApicId,
} from '../processors.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { initialRegisters } from './initial-registers.ts'
import { outputOf } from './output.ts'

/** VPs and their registers. */
export function bindProcessorCalls(to: ModelDispatcher): void {
  to.on(HvCallCreateVp, ({ caller, input }) => createVp(caller.partition, input.partitionId, input.vpIndex))
  to.on(HvCallDeleteVp, ({ caller, input }) => deleteVp(caller.partition, input.partitionId, input.vpIndex))
  to.on(HvCallGetVpRegisters, ({ caller, input, element }) =>
    outputOf(getVpRegister(targetOf(caller, input), element.registerName), (registerValue) => ({ registerValue })),
  )
  to.on(HvCallSetVpRegisters, ({ caller, input, element }) =>
    setVpRegister(targetOf(caller, input), element.registerName, element.registerValue),
  )
  to.on(HvCallStartVirtualProcessor, ({ caller, input }) =>
    startVirtualProcessor(
      caller.partition,
      input.partitionId,
      input.vpIndex,
      input.targetVtl,
      initialRegisters(input.vpContext),
    ),
  )
  to.on(HvCallGetVpIndexFromApicId, ({ caller, input, element }) =>
    outputOf(vpIndexFromApicId(caller.partition, input.partitionId, element.apicId), (vpIndex) => ({ vpIndex })),
  )
}

function targetOf(
  caller: VirtualProcessor,
  input: {
    readonly partitionId: bigint
    readonly vpIndex: number
    readonly inputVtl: { readonly targetVtl: number; readonly useTargetVtl: boolean }
  },
) {
  const { partitionId, vpIndex, inputVtl } = input
  const target = { caller, partition: partitionId, vp: vpIndex }
  return inputVtl.useTargetVtl ? { ...target, vtl: inputVtl.targetVtl } : target
}
