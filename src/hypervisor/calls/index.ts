import type { HypercallDefinition } from '../../hypercall/calls/call.ts'
import { HvCallGetVpRegisters, HvCallSetVpRegisters } from '../../hypercall/calls/vp.ts'
import { HypercallDispatcher } from '../../hypercall/dispatcher/index.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import { bindDeviceDomainCalls } from './device-domain-calls.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { bindInterruptCalls } from './interrupt-calls.ts'
import { bindMemoryCalls } from './memory-calls.ts'
import { bindPartitionCalls } from './partition-calls.ts'
import { bindPortCalls } from './port-calls.ts'
import { bindProcessorCalls } from './processor-calls.ts'
import { bindStatisticsCalls } from './statistics-calls.ts'
import { unmodelledCalls } from './unmodelled.ts'
import { bindVtlCalls } from './vtl-calls.ts'

export type { ModelDispatcher } from './dispatcher.ts'
export { type UnmodelledCall, unmodelledCalls } from './unmodelled.ts'

/** A dispatcher that answers the calls of VPs of this model. Callers are VPs; more handlers can be added to it. */
export function modelDispatcher(): ModelDispatcher {
  const dispatcher: ModelDispatcher = new HypercallDispatcher<VirtualProcessor>({ allows })
  bindPartitionCalls(dispatcher)
  bindMemoryCalls(dispatcher)
  bindProcessorCalls(dispatcher)
  bindPortCalls(dispatcher)
  bindVtlCalls(dispatcher)
  bindInterruptCalls(dispatcher)
  bindDeviceDomainCalls(dispatcher)
  bindStatisticsCalls(dispatcher)
  for (const { call, status } of unmodelledCalls) dispatcher.on(call, () => status)
  return dispatcher
}

/** Calls that need their privilege only on the caller's own partition. */
const ownOnly: ReadonlySet<HypercallDefinition> = /* @__PURE__ */ new Set<HypercallDefinition>([
  HvCallGetVpRegisters,
  HvCallSetVpRegisters,
])

function allows(caller: VirtualProcessor, definition: HypercallDefinition): boolean {
  const { privilege } = definition
  if (privilege === undefined || ownOnly.has(definition)) return true
  return caller.partition.has(privilege)
}
