import type { Channel } from './channel.ts'
import type { Core } from './core.ts'
import { dropGpadls } from './gpadl.ts'

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

/** Asks the device to let go of its rings; a channel whose offer is gone has nobody to ask. */
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
function freeChannel(core: Core, channel: Channel): void {
  channel.state = 'released'
  channel.offered = false
  core.offers.freeRelid(channel)
}

/** The end of a channel that the guest has let go of, when its device has closed it. */
export function finishRelease(core: Core, channel: Channel): void {
  freeChannel(core, channel)
  dropGpadls(core, channel)
}
