import { noInterruptVp } from '../ids.ts'
import {
  ConnectionState,
  MessageStatus,
  ModifyChannel,
  ModifyChannelResponse,
  ModifyConnection,
  ModifyConnectionResponse,
} from '../messages.ts'
import { VmbusVersion } from '../versions.ts'
import type { Channel } from './channel.ts'
import type { Core, MessageOf } from './core.ts'
import { monitorPageFault } from './negotiation.ts'

/** ModifyChannel: interrupt another VP from now on. */
export function receiveModifyChannel(core: Core, { channelId, targetVp }: MessageOf<'ModifyChannel'>): void {
  const channel = core.find(channelId)
  if (channel === undefined) {
    core.refuse('unknown-channel', 'channelId', ModifyChannel.offsetOf('channelId'), { channelId })
    answerModify(core, channelId, MessageStatus.Failure)
    return
  }
  if (targetVp === noInterruptVp) {
    core.refuse('modify-vp', 'targetVp', ModifyChannel.offsetOf('targetVp'), { channelId })
    answerModify(core, channelId, MessageStatus.Failure)
    return
  }
  if (channel.state !== 'open' || channel.request?.interrupt.kind !== 'event') {
    core.refuse('modify-channel', 'channelId', ModifyChannel.offsetOf('channelId'), { channelId })
    answerModify(core, channelId, MessageStatus.Failure)
    return
  }
  if (channel.modify === undefined) {
    askModify(core, channel, targetVp)
    return
  }
  // A guest that gets no answers cannot know that it is too early: the last one counts.
  if (answersModify(core)) {
    core.refuse('modify-pending', 'channelId', ModifyChannel.offsetOf('channelId'), { channelId })
  } else channel.modify.next = targetVp
}

function answersModify(core: Core): boolean {
  return core.connection !== undefined && core.connection.version >= VmbusVersion.V5_3
}

function answerModify(core: Core, channelId: number, status: number): void {
  if (answersModify(core)) core.send(ModifyChannelResponse.encode({ channelId, status }))
}

function askModify(core: Core, channel: Channel, vp: number): void {
  const current = channel.request?.interrupt
  if (current?.kind !== 'event' || channel.offer === undefined) return
  const interrupt = { ...current, vp }
  channel.modify = { interrupt }
  core.effect({ kind: 'modify', offer: channel.offer, interrupt })
}

/** The device has changed its interrupt, or could not. */
export function completeModify(core: Core, channel: Channel, ok: boolean): boolean {
  const { modify, request, channelId } = channel
  if (modify === undefined) return false
  channel.modify = undefined
  if (ok && request !== undefined) channel.request = { ...request, interrupt: modify.interrupt }
  if (channel.offered && channelId !== undefined) {
    answerModify(core, channelId, ok ? MessageStatus.Success : MessageStatus.Failure)
  }
  if (modify.next !== undefined && channel.state === 'open') askModify(core, channel, modify.next)
  core.progress(channel)
  return true
}

/** ModifyConnection: other monitor pages, or none. */
export function receiveModifyConnection(core: Core, message: MessageOf<'ModifyConnection'>): void {
  const { connection } = core
  if (connection === undefined) return
  const fault = monitorPageFault(message)
  if (fault !== undefined || !mayChangePages(core, connection.ownPages)) {
    const field = fault?.field ?? 'parentToChildMonitorPage'
    core.refuse(fault?.rule ?? 'modify-connection', field, ModifyConnection.offsetOf(field))
    core.send(ModifyConnectionResponse.encode({ connectionState: ConnectionState.FailedUnknown }))
    return
  }
  const { parentToChildMonitorPage: parentToChild, childToParentMonitorPage: childToParent } = message
  const pages = childToParent === 0n ? undefined : { parentToChild, childToParent }
  core.modifyingConnection = { pages }
  core.effect({ kind: 'modify-connection', monitorPages: pages })
}

function mayChangePages(core: Core, ownPages: boolean): boolean {
  if (ownPages || core.settings.ownMonitorPagesOnly || core.modifyingConnection !== undefined) return false
  for (const channel of core.signals.values()) if (channel.request?.monitorId !== undefined) return false
  return true
}

/** The transport has changed the monitor pages, or could not. */
export function completeModifyConnection(core: Core, ok: boolean): boolean {
  const modifying = core.modifyingConnection
  if (modifying === undefined) return false
  core.modifyingConnection = undefined
  if (core.connection !== undefined && ok) core.connection.monitorPages = modifying.pages
  const connectionState = ok ? ConnectionState.Successful : ConnectionState.FailedUnknown
  core.send(ModifyConnectionResponse.encode({ connectionState }))
  return true
}
