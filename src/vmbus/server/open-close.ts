import { ConnectionIds, noInterruptVp } from '../ids.ts'
import {
  CloseChannel,
  CloseReservedChannelResponse,
  MessageStatus,
  OpenChannel,
  OpenChannel2,
  OpenReservedChannel,
  OpenResult,
} from '../messages.ts'
import { FeatureFlags, VmbusVersion } from '../versions.ts'
import type { Channel, OpenAsk } from './channel.ts'
import type { Connection, Core } from './core.ts'
import type { ChannelInterrupt, GpadlRange, MessageTarget } from './effects.ts'
import { askClose, clearOpen, finishRelease } from './let-go.ts'
import { offeredConnectionId } from './offers.ts'
import { revokeSubchannels } from './revoke.ts'
import type { ServerRule } from './rules.ts'

const pageSize = 4096
/** Event flags of a SINT. */
const eventFlagCount = 2048

/** OpenChannel, in either form. */
export function receiveOpen(core: Core, message: OpenChannel | OpenChannel2): void {
  const { channelId } = message
  const channel = core.find(channelId)
  const offset = OpenChannel.offsetOf('channelId')
  if (channel === undefined) {
    core.refuse('unknown-channel', 'channelId', offset, { channelId })
    return
  }
  const ask = askOf(message, core.connection?.features ?? 0)
  switch (channel.state) {
    case 'closed':
      openChannel(core, channel, ask)
      return
    case 'closing':
      // There is no answer to CloseChannel: the guest cannot know that it must wait.
      channel.state = 'closing-reopen'
      channel.reopen = ask
      return
    case 'revoked':
    case 'reoffered':
      core.refuse('channel-revoked', 'channelId', offset, { channelId })
      return
    default:
      core.refuse('open-not-closed', 'channelId', offset, { channelId })
  }
}

function askOf(message: OpenChannel | OpenChannel2, features: number): OpenAsk {
  const ask = {
    openId: message.openId,
    ringGpadlId: message.ringBufferGpadlId,
    downstreamPageOffset: message.downstreamRingBufferPageOffset,
    targetVp: message.targetVp,
    userData: message.userData,
    redirectInterrupt: false,
  }
  if (!('eventFlag' in message)) return ask
  return {
    ...ask,
    ...((features & FeatureFlags.guestSpecifiedSignalParameters) === 0
      ? {}
      : { connectionId: message.connectionId, eventFlag: message.eventFlag }),
    redirectInterrupt: (features & FeatureFlags.channelInterruptRedirection) !== 0 && message.flags.redirectInterrupt,
  }
}

/** Asks the device to open a closed channel, or answers why not. */
export function openChannel(core: Core, channel: Channel, ask: OpenAsk, reserved?: MessageTarget): void {
  const { connection } = core
  const { channelId, offer } = channel
  if (connection === undefined || channelId === undefined || offer === undefined) return
  const connectionId = ask.connectionId ?? offeredConnectionId(core, channelId)
  const ring = ringOf(channel, ask)
  const fault = typeof ring === 'object' ? askFault(core, ask, connectionId) : ring
  if (fault !== undefined || typeof ring !== 'object') {
    const field = fieldOf(fault ?? 'open-ring')
    const layout = reserved === undefined ? OpenChannel2 : OpenReservedChannel
    // The connection of a reserved channel is the offered one, which no field says.
    const at = field in layout.properties ? field : 'channelId'
    core.refuse(fault ?? 'open-ring', at, layout.offsetOf(at), { channelId })
    answerOpen(core, channel, ask.openId, MessageStatus.Failure, reserved)
    return
  }
  const interrupt = reserved === undefined ? interruptOf(core, connection, channelId, ask) : none
  const monitored = connection.monitorPages !== undefined && interrupt.kind !== 'none' ? channel.monitorId : undefined
  channel.state = 'opening'
  channel.reserved = reserved
  channel.signalId = connectionId
  core.signals.set(connectionId, channel)
  channel.request = {
    channelId,
    openId: ask.openId,
    ringGpadlId: ask.ringGpadlId,
    ring,
    downstreamPageOffset: ask.downstreamPageOffset,
    interrupt,
    // At 0.13 all channels share one. Source: Linux drivers/hv/channel_mgmt.c (vmbus_onoffer).
    connectionId: connection.version < VmbusVersion.V1_1 ? ConnectionIds.interruptPage : connectionId,
    ...(monitored === undefined ? {} : { monitorId: monitored }),
    userData: ask.userData,
    reserved: reserved !== undefined,
  }
  core.effect({ kind: 'open', offer, request: channel.request })
}

/** The ring's pages when the GPADL can be a ring: one range of whole pages, and a part of it for each direction. */
function ringOf(channel: Channel, ask: OpenAsk): GpadlRange | 'open-ring' | 'open-offset' {
  const gpadl = channel.gpadls.get(ask.ringGpadlId)
  const ring = gpadl?.ranges[0]
  if (gpadl?.state !== 'accepted' || gpadl.ranges.length !== 1 || ring === undefined) return 'open-ring'
  if (ring.byteOffset !== 0 || ring.byteCount % pageSize !== 0) return 'open-ring'
  const downstream = ask.downstreamPageOffset
  return downstream > 0 && downstream < ring.byteCount / pageSize ? ring : 'open-offset'
}

function askFault(core: Core, ask: OpenAsk, connectionId: number): ServerRule | undefined {
  if ((ask.eventFlag ?? 0) >= eventFlagCount) return 'open-event-flag'
  return core.signals.has(connectionId) ? 'open-connection-taken' : undefined
}

function fieldOf(rule: ServerRule): string {
  if (rule === 'open-event-flag') return 'eventFlag'
  if (rule === 'open-connection-taken') return 'connectionId'
  return rule === 'open-offset' ? 'downstreamRingBufferPageOffset' : 'ringBufferGpadlId'
}

const none: ChannelInterrupt = { kind: 'none' }

/** How the host interrupts for a channel. */
function interruptOf(core: Core, connection: Connection, channelId: number, ask: OpenAsk): ChannelInterrupt {
  const { sint } = core.settings
  if (ask.targetVp === noInterruptVp) return none
  if (connection.version < VmbusVersion.V2_4) {
    const page = connection.interruptPage
    return page === undefined ? none : { kind: 'interrupt-page', page, bit: channelId, sint }
  }
  const event = { kind: 'event', vp: ask.targetVp, sint, flag: ask.eventFlag ?? channelId } as const
  return ask.redirectInterrupt ? { ...event, vtl: 2 } : event
}

function answerOpen(core: Core, channel: Channel, openId: number, status: number, reserved?: MessageTarget): void {
  const { channelId } = channel
  if (channelId === undefined) return
  const result = OpenResult.encode({ channelId, openId, status })
  if (reserved === undefined) core.send(result)
  else core.sendTo(reserved, result)
}

/** The device has opened the channel, or could not. */
export function completeOpen(core: Core, channel: Channel, ok: boolean): boolean {
  const { request, reserved } = channel
  if (channel.state === 'opening' && request !== undefined) {
    channel.state = ok ? 'open' : 'closed'
    if (!ok) clearOpen(core, channel)
    answerOpen(core, channel, request.openId, ok ? MessageStatus.Success : MessageStatus.Failure, reserved)
    // A reserved channel whose connection has ended meanwhile.
    if (!ok && !channel.offered) releaseReserved(core, channel)
  } else if (channel.state === 'opening-release') {
    channel.state = 'closing-release'
    if (ok) askClose(core, channel)
    else {
      clearOpen(core, channel)
      finishRelease(core, channel)
    }
  } else return false
  core.progress(channel)
  return true
}

/** CloseChannel: there is no answer. */
export function receiveClose(core: Core, channelId: number): void {
  const channel = core.find(channelId)
  const offset = CloseChannel.offsetOf('channelId')
  const refuse = (rule: ServerRule) => core.refuse(rule, 'channelId', offset, { channelId })
  if (channel === undefined) refuse('unknown-channel')
  else if (channel.isRevoked) refuse('channel-revoked')
  else if (channel.reserved !== undefined) refuse('close-reserved')
  else if (channel.state !== 'open') refuse('close-not-open')
  else {
    if (channel.modify !== undefined) refuse('close-during-modify')
    channel.state = 'closing'
    askClose(core, channel)
    revokeSubchannels(core, channel)
  }
}

/** The device does not touch the rings any more. */
export function completeClose(core: Core, channel: Channel): boolean {
  const { state, reserved, reopen, channelId } = channel
  if (state !== 'closing' && state !== 'closing-reopen' && state !== 'closing-release') return false
  clearOpen(core, channel)
  channel.reopen = undefined
  if (reserved !== undefined && channelId !== undefined) {
    core.sendTo(reserved, CloseReservedChannelResponse.encode({ channelId }))
  }
  if (state === 'closing-release') finishRelease(core, channel)
  else if (!channel.offered) releaseReserved(core, channel)
  else {
    channel.state = 'closed'
    if (reopen !== undefined) openChannel(core, channel, reopen)
  }
  core.progress(channel)
  return true
}

/** A reserved channel that has outlived its connection is offered anew to the guest that is there now. */
function releaseReserved(core: Core, channel: Channel): void {
  finishRelease(core, channel)
  if (core.connection?.offersSent) core.offers.waiting.add(channel)
}
