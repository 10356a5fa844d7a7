import { SyntheticTimersState } from '../hypercall/interrupts.ts'
import { HvStatus } from '../hypercall/status.ts'
import { done, type Result } from './result.ts'
import { accessedVp, type VpAccess } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** HvCallGetVpState of the synthetic timers of a child's VP: HV_SYNTHETIC_TIMERS_STATE, 200 bytes. */
export function getTimersState(caller: VirtualProcessor, call: VpAccess): Result<Uint8Array> {
  const found = accessedVp(caller, call, 'child')
  if (found.value === undefined) return found
  const timers = found.value.state.timers.map(({ config, count, undelivered }) => ({
    flags: { undeliveredMessagePending: undelivered !== undefined },
    config,
    count,
    adjustment: 0n,
    undeliveredExpirationTime: undelivered ?? 0n,
  }))
  return done(SyntheticTimersState.encode({ timers }))
}

/** HvCallSetVpState of the synthetic timers: config and count of each. A state that is shorter than its structure is refused whole. */
export function setTimersState(caller: VirtualProcessor, call: VpAccess, bytes: Uint8Array): number {
  const found = accessedVp(caller, call, 'child')
  if (found.value === undefined) return found.status
  if (bytes.length < SyntheticTimersState.size) return HvStatus.InvalidParameter
  const { timers } = SyntheticTimersState.decode(bytes.slice(0, SyntheticTimersState.size))
  for (const [index, { config, count }] of timers.entries()) {
    const timer = found.value.state.timers[index]
    if (timer === undefined) continue
    timer.reset()
    timer.count = count
    timer.config = config
  }
  return HvStatus.Success
}
