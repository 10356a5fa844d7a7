import type { HypercallDefinition } from '../../hypercall/calls/call.ts'
import { HvExtCallQueryCapabilities } from '../../hypercall/calls/extended.ts'
import { HvCallRetargetDeviceInterrupt } from '../../hypercall/calls/interrupts.ts'
import { HvCallGetVpRegisters, HvCallSetVpRegisters } from '../../hypercall/calls/vp.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
import { type DispatcherOptions, HypercallDispatcher } from '../../hypercall/dispatcher/index.ts'
import type { RegisterArchitecture } from '../../hypercall/registers/index.ts'
import { HvStatus } from '../../hypercall/status.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import { bindAccessCalls } from './access-calls.ts'
import { bindCpuGroupCalls } from './cpu-group-calls.ts'
import { bindDeviceDomainCalls } from './device-domain-calls.ts'
import { bindDeviceInterruptCalls } from './device-interrupt-calls.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { bindFlushCalls } from './flush-calls.ts'
import { bindInterceptCalls } from './intercept-calls.ts'
import { bindInterruptCalls } from './interrupt-calls.ts'
import { bindMemoryCalls } from './memory-calls.ts'
import { bindPartitionCalls } from './partition-calls.ts'
import { bindPortCalls } from './port-calls.ts'
import { bindProcessorCalls } from './processor-calls.ts'
import { bindStatisticsCalls } from './statistics-calls.ts'
import { unmodelledCalls } from './unmodelled.ts'
import { bindVpStateCalls } from './vp-state-calls.ts'
import { bindVtlCalls } from './vtl-calls.ts'

export type { ModelDispatcher } from './dispatcher.ts'
export { answerPostMessage, answerSignalEvent } from './port-calls.ts'
export { type UnmodelledCall, unmodelledCalls } from './unmodelled.ts'

/** How the calls of a model are answered. */
export interface ModelDispatcherOptions extends Pick<DispatcherOptions<VirtualProcessor>, 'answers'> {
  /** That of the hypervisor: some calls have another form on ARM64 (see `onArm64`). Default x64. */
  readonly architecture?: RegisterArchitecture
}

/** A dispatcher that answers the calls of VPs of this model. Callers are VPs; more handlers can be added to it. */
export function modelDispatcher(options: ModelDispatcherOptions = {}): ModelDispatcher {
  const { architecture = 'x64', ...rest } = options
  const isArm64 = architecture === 'arm64'
  const dispatcher: ModelDispatcher = new HypercallDispatcher<VirtualProcessor>({ allows, ...rest })
  bindModelledCalls(dispatcher, isArm64)
  for (const { call, status } of unmodelledCalls) {
    if (status === HvStatus.InvalidHypercallCode || !isOn(call, architecture)) continue
    const isRootOnly = call.caller === 'root'
    dispatcher.on(isArm64 ? onArm64(call) : call, ({ caller }) =>
      isRootOnly && !caller.partition.isRoot ? HvStatus.AccessDenied : status,
    )
  }
  return dispatcher
}

/** Whether an architecture has a call. */
function isOn({ architecture }: HypercallDefinition, here: RegisterArchitecture): boolean {
  return architecture === undefined || architecture === here
}

/** Binds all calls that the model carries out, in the form that they have on the architecture; those that it does not have, not at all. */
export function bindModelledCalls(dispatcher: ModelDispatcher, isArm64: boolean): void {
  bindPartitionCalls(dispatcher, isArm64)
  bindMemoryCalls(dispatcher)
  bindAccessCalls(dispatcher, isArm64)
  bindProcessorCalls(dispatcher, isArm64)
  bindPortCalls(dispatcher)
  bindVtlCalls(dispatcher, isArm64)
  bindInterruptCalls(dispatcher)
  bindInterceptCalls(dispatcher, isArm64)
  bindDeviceDomainCalls(dispatcher)
  bindDeviceInterruptCalls(dispatcher, isArm64)
  bindStatisticsCalls(dispatcher)
  bindFlushCalls(dispatcher, isArm64)
  bindCpuGroupCalls(dispatcher)
  bindVpStateCalls(dispatcher, isArm64)
  // None of the extended calls does anything here.
  dispatcher.on(HvExtCallQueryCapabilities, () => ({ status: HvStatus.Success, output: { capabilities: 0n } }))
}

/** Calls that need their privilege only on the caller's own partition. */
const ownOnly: ReadonlySet<number> = /* @__PURE__ */ new Set([HvCallGetVpRegisters.code, HvCallSetVpRegisters.code])

/** Calls that guests make without the privilege that TLFS 6.0b asks for; the online text asks for none. */
const unprivileged: ReadonlySet<number> = /* @__PURE__ */ new Set([HvCallRetargetDeviceInterrupt.code])

function allows(caller: VirtualProcessor, definition: HypercallDefinition): boolean {
  const { privilege, code } = definition
  if (privilege === undefined || ownOnly.has(code) || unprivileged.has(code)) return true
  return caller.partition.has(privilege)
}
