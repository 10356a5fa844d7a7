import type { Channel } from './channel.ts'
import type { AfterDisconnect, Core } from './core.ts'
import { dropGpadls } from './gpadl.ts'

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

/** The guest lets go of a channel: it released the relid, or the connection has ended. */
export function letGo(core: Core, channel: Channel, reset = false): void {
  channel.offered = false
  channel.reopen = undefined
  switch (channel.state) {
    case 'revoked':
      core.gpadls.removeAll(channel)
      core.offers.remove(channel)
      return
    case 'reoffered':
      core.gpadls.removeAll(channel)
      freeChannel(core, channel)
      return
    case 'opening':
    case 'opening-release':
      if (reset) {
        clearOpen(core, channel)
        freeChannel(core, channel)
      } else channel.state = 'opening-release'
      break
    case 'open':
      askClose(core, channel)
      channel.state = 'closing-release'
      break
    case 'closing':
    case 'closing-reopen':
      channel.state = 'closing-release'
      break
    case 'closed':
      freeChannel(core, channel)
  }
  dropGpadls(core, channel)
}

export function askClose(core: Core, channel: Channel): void {
  if (channel.offer === undefined || channel.channelId === undefined) return
  core.effect({ kind: 'close', offer: channel.offer, channelId: channel.channelId })
}

/** The device does not use the rings any more. */
export function clearOpen(core: Core, channel: Channel): void {
  if (channel.signalId !== undefined && core.signals.get(channel.signalId) === channel) {
    core.signals.delete(channel.signalId)
  }
  channel.signalId = undefined
  channel.request = undefined
  channel.reserved = undefined
  for (const gpadl of channel.gpadls.values()) {
    if (!gpadl.held || channel.offer === undefined) continue
    gpadl.held = false
    core.effect({ kind: 'gpadl-teardown', offer: channel.offer, gpadlId: gpadl.id })
  }
}

/** The relid is free, the channel offered no more on this connection. */
export function freeChannel(core: Core, channel: Channel): void {
  channel.state = 'released'
  channel.offered = false
  core.offers.freeRelid(channel)
}
