import { HvCallSwitchVirtualAddressSpace } from '../../hypercall/calls/address-space.ts'
import { HvCallCompleteIntercept } from '../../hypercall/calls/intercepts.ts'
import { HvCallGetLogicalProcessorRunTime } from '../../hypercall/calls/statistics.ts'
import { HvCallGetVpCpuidValues, HvCallGetVpState, HvCallSetVpState } from '../../hypercall/calls/vp.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
import { VpStateType } from '../../hypercall/enums/vp.ts'
import { X64Register } from '../../hypercall/registers/x64.ts'
import { HvStatus } from '../../hypercall/status.ts'
import { cpuidResult, noCpuid } from '../intercept-results.ts'
import { register64 } from '../register-contents.ts'
import { writeRegister } from '../registers.ts'
import { accessedVp } from '../target.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import { getTimersState, setTimersState } from '../vp-state.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** State of VPs, of which the model has no more than their timers, what CPUID was laid down to say, and intercepts. */
export function bindVpStateCalls(to: ModelDispatcher, isArm64: boolean): void {
  if (isArm64) {
    to.on(onArm64(HvCallGetVpState), getState)
    to.on(onArm64(HvCallSetVpState), setState)
  } else {
    to.on(HvCallGetVpState, getState)
    to.on(HvCallSetVpState, setState)
    to.on(HvCallSwitchVirtualAddressSpace, ({ caller, input }) =>
      writeRegister(caller, caller.current, X64Register.HvX64RegisterCr3, register64(input.addressSpace)),
    )
    to.on(HvCallGetVpCpuidValues, ({ caller, input, element }) => {
      const found = accessedVp(caller, { partition: input.partitionId, vp: input.vpIndex }, 'child')
      return outputOf(found, ({ vp }) => cpuidResult(vp, element.eax, element.ecx, noCpuid).value)
    })
  }
  // What the data would change in the VP, whoever completes an intercept here has changed before.
  to.on(HvCallCompleteIntercept, ({ caller, input }) => {
    if (input.dataSize > input.data.length) return HvStatus.InvalidParameter
    const found = accessedVp(caller, { partition: input.partitionId, vp: input.vpIndex }, 'child')
    if (found.value === undefined) return found.status
    if (!found.value.vp.isIntercepted) return HvStatus.InvalidVpState
    found.value.vp.isIntercepted = false
    return HvStatus.Success
  })
  // The one processor of the machine has been running all the time, and never in the hypervisor.
  to.on(HvCallGetLogicalProcessorRunTime, ({ caller, input }) => {
    if (input.lpIndex !== 0) return HvStatus.InvalidLpIndex
    const now = caller.partition.machine.now()
    return { status: HvStatus.Success, output: { globalTime: now, localRunTime: now, hypervisorTime: 0n } }
  })
}

interface StateInput {
  readonly partitionId: bigint
  readonly vpIndex: number
  readonly inputVtl: number
  readonly stateData: { readonly type: number }
}

function getState({ caller, input }: { readonly caller: VirtualProcessor; readonly input: StateInput }) {
  if (input.stateData.type !== VpStateType.SyntheticTimers) return HvStatus.FeatureUnavailable
  const call = { partition: input.partitionId, vp: input.vpIndex, vtl: input.inputVtl }
  return outputOf(getTimersState(caller, call), (state) => ({ state }))
}

function setState(call: {
  readonly caller: VirtualProcessor
  readonly input: StateInput & { readonly data: Uint8Array }
}): number {
  const { partitionId: partition, vpIndex: vp, inputVtl: vtl, stateData, data } = call.input
  if (stateData.type !== VpStateType.SyntheticTimers) return HvStatus.FeatureUnavailable
  return setTimersState(call.caller, { partition, vp, vtl }, data)
}
