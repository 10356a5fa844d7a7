import {
  HvCallCreateVp,
  HvCallDeleteVp,
  HvCallGetVpIndexFromApicId,
  HvCallGetVpRegisters,
  HvCallSetVpRegisters,
  HvCallStartVirtualProcessor,
} from '../../hypercall/calls/vp.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
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
import { initialArm64Registers, initialRegisters } from './initial-registers.ts'
import { givenVtl } from './input-vtl.ts'
import { outputOf } from './output.ts'

/** VPs and their registers. */
export function bindProcessorCalls(to: ModelDispatcher, isArm64: boolean): void {
  to.on(HvCallCreateVp, ({ caller, input }) => createVp(caller.partition, input.partitionId, input.vpIndex))
  to.on(HvCallDeleteVp, ({ caller, input }) => deleteVp(caller.partition, input.partitionId, input.vpIndex))
  to.on(HvCallGetVpRegisters, ({ caller, input, element }) =>
    outputOf(getVpRegister(targetOf(caller, input), element.registerName), (registerValue) => ({ registerValue })),
  )
  to.on(HvCallSetVpRegisters, ({ caller, input, element }) =>
    setVpRegister(targetOf(caller, input), element.registerName, element.registerValue),
  )
  if (isArm64) {
    to.on(onArm64(HvCallStartVirtualProcessor), ({ caller, input }) => {
      const registers = initialArm64Registers(input.vpContext)
      return startVirtualProcessor(caller, input.partitionId, input.vpIndex, input.targetVtl, registers)
    })
    to.on(onArm64(HvCallGetVpIndexFromApicId), ({ caller, input, element }) =>
      outputOf(vpIndexFromApicId(caller, input.partitionId, input.targetVtl, element.mpidr), indexOf),
    )
  } else {
    to.on(HvCallStartVirtualProcessor, ({ caller, input }) => {
      const registers = initialRegisters(input.vpContext)
      return startVirtualProcessor(caller, input.partitionId, input.vpIndex, input.targetVtl, registers)
    })
    to.on(HvCallGetVpIndexFromApicId, ({ caller, input, element }) =>
      outputOf(vpIndexFromApicId(caller, input.partitionId, input.targetVtl, BigInt(element.apicId)), indexOf),
    )
  }
}

function indexOf(vpIndex: number) {
  return { vpIndex }
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
  return { caller, partition: partitionId, vp: vpIndex, ...givenVtl(inputVtl) }
}
