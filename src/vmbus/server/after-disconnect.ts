import { UnloadComplete } from '../messages.ts'
import { VmbusVersion } from '../versions.ts'
import type { Core } from './core.ts'
import { negotiate } from './negotiation.ts'

/** Completes a disconnect when nothing is waited for any more, and does what comes next. */
export function finishDisconnect(core: Core): void {
  const { ending } = core
  if (ending === undefined || ending.waitsFor.size > 0 || core.modifyingConnection !== undefined) return
  core.ending = undefined
  if (ending.wasConnected) core.effect({ kind: 'disconnected' })
  const { next } = ending
  if (next.kind === 'contact') negotiate(core, next.contact)
  // 0.13 does not have the message.
  else if (next.kind === 'unload-complete' && next.version >= VmbusVersion.V1_1) {
    core.sendTo(next.target, UnloadComplete.encode({}))
  }
}
