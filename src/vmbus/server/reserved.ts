import { noInterruptVp } from '../ids.ts'
import { CloseReservedChannel, OpenReservedChannel } from '../messages.ts'
import type { Core, MessageOf } from './core.ts'
import { askClose } from './let-go.ts'
import { openChannel } from './open-close.ts'

/** SINTs of a processor. */
const sintCount = 16

/** OpenReservedChannel: firmware or a crash dump opens a channel that outlives the connection. */
export function receiveOpenReserved(core: Core, message: MessageOf<'OpenReservedChannel'>): void {
  const { channelId } = message
  const channel = core.find(channelId)
  const refuse = (rule: 'unknown-channel' | 'open-not-closed' | 'channel-revoked') =>
    core.refuse(rule, 'channelId', OpenReservedChannel.offsetOf('channelId'), { channelId })
  if (channel === undefined) refuse('unknown-channel')
  else if (channel.isRevoked) refuse('channel-revoked')
  else if (channel.state !== 'closed') refuse('open-not-closed')
  else if (message.targetSint === 0 || message.targetSint >= sintCount) {
    core.refuse('reserved-sint', 'targetSint', OpenReservedChannel.offsetOf('targetSint'), { channelId })
  } else {
    const ask = {
      openId: 0,
      ringGpadlId: message.ringBufferGpadlId,
      downstreamPageOffset: message.downstreamRingBufferPageOffset,
      targetVp: noInterruptVp,
      userData: new Uint8Array(120),
      redirectInterrupt: false,
    }
    openChannel(core, channel, ask, { vp: message.targetVp, sint: message.targetSint })
  }
}

/** CloseReservedChannel: allowed whether connected or not; the answer goes where the message says. */
export function receiveCloseReserved(core: Core, message: MessageOf<'CloseReservedChannel'>): void {
  const { channelId } = message
  // Not only those of this connection: the channel may have been opened on an earlier one.
  const channel = core.offers.byRelid(channelId)
  if (channel?.reserved === undefined || channel.state !== 'open') {
    core.refuse('close-not-reserved', 'channelId', CloseReservedChannel.offsetOf('channelId'), { channelId })
  } else if (message.targetSint === 0 || message.targetSint >= sintCount) {
    core.refuse('reserved-sint', 'targetSint', CloseReservedChannel.offsetOf('targetSint'), { channelId })
  } else {
    channel.reserved = { vp: message.targetVp, sint: message.targetSint }
    channel.state = 'closing'
    askClose(core, channel)
  }
}
