import {
  HvCallCheckForIoIntercept,
  HvCallInstallIntercept,
  HvCallRegisterInterceptResult,
} from '../../hypercall/calls/intercepts.ts'
import { InterceptType } from '../../hypercall/enums/messages.ts'
import { HvStatus } from '../../hypercall/status.ts'
import { registerCpuidResult, registerMsrResult } from '../intercept-results.ts'
import { checkForIoIntercept, installIntercept } from '../intercepts.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** Intercepts, and results that make them unnecessary. */
export function bindInterceptCalls(to: ModelDispatcher, isArm64: boolean): void {
  to.on(HvCallInstallIntercept, ({ caller, input }) => {
    const { interceptParameter: parameter } = input
    let what = 0
    if (parameter.type === 'IoPortParameters') what = parameter.ioPort
    else if (parameter.type === 'IoPortRangeParameters') what = (parameter.base | (parameter.end << 16)) >>> 0
    else if (parameter.type === 'CpuidParameters') what = parameter.cpuidIndex
    else if (parameter.type === 'MsrIndexParameters') what = parameter.msrIndex
    else if (parameter.type === 'ExceptionParameters') what = parameter.exceptionVector
    else if (parameter.type !== 'OtherInterceptParameters') return HvStatus.InvalidParameter
    return installIntercept(caller.partition, input.partitionId, input.interceptType, input.accessType, what)
  })
  // The others are of x64.
  if (isArm64) return
  to.on(HvCallRegisterInterceptResult, ({ caller, input }) => {
    const { partitionId, vpIndex, interceptType, parameters } = input
    if (parameters.type === 'CpuidResultParameters') {
      const { leaf, eax, ebx, ecx, edx, eaxMask, ebxMask, ecxMask, edxMask } = parameters
      const subleaf = parameters.subleafSpecific === 0 ? undefined : parameters.subleaf
      const override = {
        result: { eax, ebx, ecx, edx },
        mask: { eax: eaxMask, ebx: ebxMask, ecx: ecxMask, edx: edxMask },
      }
      return registerCpuidResult(caller.partition, partitionId, vpIndex, leaf, subleaf, override)
    }
    if (interceptType !== InterceptType.X64Msr && interceptType !== InterceptType.X64MsrIndex) {
      return HvStatus.InvalidParameter
    }
    const { msrIndex, accessType, action } = parameters
    return registerMsrResult(caller.partition, partitionId, vpIndex, msrIndex, accessType, action)
  })
  to.on(HvCallCheckForIoIntercept, ({ caller, input }) => {
    const { partitionId, vpIndex, port, size, isWrite } = input
    const access = { port, size, isWrite: isWrite !== 0 }
    return outputOf(checkForIoIntercept(caller.partition, partitionId, vpIndex, access), (intercept) => ({
      intercept: intercept ? 1 : 0,
    }))
  })
}
