import type { Channel } from './channel.ts'
import type { AfterDisconnect, Core } from './core.ts'
import { dropGpadls } from './gpadl.ts'
import { letGo } from './let-go.ts'
import { revokeSubchannels } from './revoke.ts'

/** Unload: the connection ends, and the guest is told when all devices have let go. */
export function receiveUnload(core: Core): void {
  const { connection } = core
  if (connection === undefined) return
  core.unloadedOnce = true
  disconnect(core, { kind: 'unload-complete', target: connection.target, version: connection.version })
}

/**
 * Ends the connection: channels are closed, GPADLs dropped, relids freed. Reserved channels stay, with their rings.
 *
 * @param reset the whole VM is reset: reserved channels go too, and what is being opened is abandoned.
 */
export function disconnect(core: Core, next: AfterDisconnect, reset = false): void {
  core.outbox.dropHeld()
  const wasConnected = core.connection !== undefined || core.ending?.wasConnected === true
  core.connection = undefined
  core.offers.waiting.clear()
  for (const request of core.tlConnects) request.stale = true
  for (const channel of [...core.offers.channels()]) {
    // Sub-channels go with the primary channel that asked for them.
    if (channel.request !== undefined && (reset || channel.reserved === undefined)) revokeSubchannels(core, channel)
  }
  const waitsFor = new Set<Channel>()
  for (const channel of [...core.offers.channels()]) {
    if (reset) channel.reserved = undefined
    if (channel.reserved === undefined) letGo(core, channel, reset)
    else {
      channel.offered = false
      dropGpadls(core, channel)
    }
    if (channel.isBusy) waitsFor.add(channel)
  }
  core.ending = { next, waitsFor, wasConnected }
}
