import {
  CloseReservedChannelResponse,
  GpadlCreated,
  GpadlTorndown,
  MessageStatus,
  ModifyChannelResponse,
  RescindChannelOffer,
} from '../messages.ts'
import { VmbusVersion } from '../versions.ts'
import type { Channel } from './channel.ts'
import type { Core } from './core.ts'
import type { OfferId } from './effects.ts'
import { clearOpen } from './let-go.ts'

/** Takes an offer back, a primary channel's sub-channels first; false when it is gone already. */
export function revokeOffer(core: Core, offer: OfferId): boolean {
  const channel = core.offers.byOffer.get(offer)
  if (channel === undefined) return false
  revokeSubchannels(core, channel)
  revokeChannel(core, channel)
  return true
}

/** Sub-channels do not outlive the open primary channel. */
export function revokeSubchannels(core: Core, primary: Channel): void {
  if ((primary.params.subchannelIndex ?? 0) !== 0) return
  for (const channel of [...core.offers.ofDevice(primary.params)]) if (channel !== primary) revokeChannel(core, channel)
}

function revokeChannel(core: Core, channel: Channel): void {
  const { offer } = channel
  if (offer === undefined) return
  core.offers.byOffer.delete(offer)
  channel.offer = undefined
  core.effect({ kind: 'revoked', offer })
  if (channel.state === 'reoffered') {
    channel.state = 'revoked'
    return
  }
  rescind(core, channel)
}

/** A channel's device is gone: the guest gets what it is owed, and hears of it if it knew the channel. */
export function rescind(core: Core, channel: Channel): void {
  const { channelId } = channel
  answerDebts(core, channel)
  clearOpen(core, channel)
  channel.reopen = undefined
  channel.modify = undefined
  if (core.connection !== undefined && channel.offered && channelId !== undefined) {
    channel.state = 'revoked'
    core.send(RescindChannelOffer.encode({ channelId }))
    return
  }
  core.gpadls.removeAll(channel)
  core.offers.remove(channel)
  core.progress(channel)
}

/** What the guest still waits for is answered before it hears of the rescind; it cannot be answered later. */
function answerDebts(core: Core, channel: Channel): void {
  const { channelId } = channel
  if (channelId === undefined) return
  for (const gpadl of [...channel.gpadls.values()]) {
    if (gpadl.state === 'accepted') continue
    const gpadlId = gpadl.id
    core.gpadls.remove(gpadl)
    if (gpadl.silent) continue
    if (gpadl.state === 'tearing-down') core.send(GpadlTorndown.encode({ gpadlId }))
    else core.send(GpadlCreated.encode({ channelId, gpadlId, status: MessageStatus.Failure }))
  }
  if (channel.modify !== undefined && channel.offered && (core.connection?.version ?? 0) >= VmbusVersion.V5_3) {
    core.send(ModifyChannelResponse.encode({ channelId, status: MessageStatus.Failure }))
  }
  if (channel.reserved !== undefined && channel.state.startsWith('closing')) {
    core.sendTo(channel.reserved, CloseReservedChannelResponse.encode({ channelId }))
  }
}
