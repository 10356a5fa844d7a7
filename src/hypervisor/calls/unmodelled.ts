import {
  HvCallFlushVirtualAddressList,
  HvCallFlushVirtualAddressListEx,
  HvCallFlushVirtualAddressSpace,
  HvCallFlushVirtualAddressSpaceEx,
} from '../../hypercall/calls/address-space.ts'
import type { HypercallDefinition } from '../../hypercall/calls/call.ts'
import { HvCallPostDebugData, HvCallResetDebugSession } from '../../hypercall/calls/debug.ts'
import {
  HvCallDisableHypervisor,
  HvCallEnterSleepState,
  HvCallNotifyStandbyTransition,
  HvCallPrepareForHibernate,
} from '../../hypercall/calls/system.ts'
import { HvCallNotifyLongSpinWait } from '../../hypercall/calls/vp.ts'
import { HvStatus } from '../../hypercall/status.ts'

/** A call that means nothing without a CPU or a platform, and what it answers to whoever has its privilege. */
export interface UnmodelledCall {
  readonly call: HypercallDefinition
  readonly status: number
  readonly why: string
}

/** All such calls: our choices. Any other call that is not modelled is HV_STATUS_INVALID_HYPERCALL_CODE. */
export const unmodelledCalls: readonly UnmodelledCall[] = /* @__PURE__ */ table()

function table(): UnmodelledCall[] {
  return [
    ...[
      HvCallFlushVirtualAddressSpace,
      HvCallFlushVirtualAddressList,
      HvCallFlushVirtualAddressSpaceEx,
      HvCallFlushVirtualAddressListEx,
    ].map((call) => ({ call, status: HvStatus.Success, why: 'there is no TLB to flush' })),
    { call: HvCallNotifyLongSpinWait, status: HvStatus.Success, why: 'nobody else wants the processor' },
    ...[HvCallEnterSleepState, HvCallNotifyStandbyTransition, HvCallPrepareForHibernate, HvCallDisableHypervisor].map(
      (call) => ({ call, status: HvStatus.OperationDenied, why: 'the machine has no power states' }),
    ),
    ...[HvCallPostDebugData, HvCallResetDebugSession].map((call) => ({
      call,
      status: HvStatus.OperationDenied,
      why: 'no debugger is connected',
    })),
  ]
}
