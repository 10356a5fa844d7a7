import { toHex } from '../../wire/index.ts'
import { ChannelMessage } from '../messages.ts'
import type { Channel, Gpadl, OpenAsk } from './channel.ts'
import type { Connection, Core, Ending, Incoming } from './core.ts'
import type { ChannelInterrupt, MonitorPages, OpenRequest, OutgoingMessage } from './effects.ts'
import {
  type SavedAsk,
  type SavedChannel,
  type SavedConnection,
  type SavedEnding,
  type SavedGpadl,
  type SavedInterrupt,
  type SavedMessage,
  type SavedPages,
  type SavedRequest,
  type ServerState,
  serverStateFormat,
} from './saved-state.ts'

/** The state as plain data. Channels that the guest has not heard of are left out: their devices offer them again. */
export function saveCore(core: Core, inbox: readonly Incoming[]): ServerState {
  const { ready, held } = core.outbox.contents()
  const { modifyingConnection: modifying } = core
  return {
    format: serverStateFormat,
    connection: core.connection === undefined ? null : savedConnection(core.connection),
    ending: core.ending === undefined ? null : savedEnding(core.ending),
    modifyingConnection: modifying === undefined ? null : { pages: savedPages(modifying.pages) },
    unloadedOnce: core.unloadedOnce,
    paused: core.outbox.paused,
    channels: [...core.offers.channels()].filter((channel) => isWorthSaving(core, channel)).map(savedChannel),
    tlConnects: core.tlConnects.map((request) => ({ ...request })),
    ready: ready.map(savedMessage),
    held: held.map(savedMessage),
    inbox: inbox.map(({ bytes, origin }) => ({ bytes: toHex(bytes), origin })),
  }
}

/** A channel that the guest has let go of is not to be offered again on the same connection. */
function isWorthSaving(core: Core, channel: Channel): boolean {
  if (channel.state !== 'released' || channel.gpadls.size > 0) return true
  return core.connection?.offersSent === true && !core.offers.waiting.has(channel)
}

function savedPages(pages: MonitorPages | undefined): SavedPages | null {
  if (pages === undefined) return null
  return { parentToChild: addressText(pages.parentToChild), childToParent: addressText(pages.childToParent) }
}

function addressText(gpa: bigint): string {
  return `0x${gpa.toString(16)}`
}

function savedConnection(connection: Connection): SavedConnection {
  return {
    ...connection,
    monitorPages: savedPages(connection.monitorPages),
    interruptPage: connection.interruptPage === undefined ? null : addressText(connection.interruptPage),
    clientId: connection.clientId ?? null,
  }
}

function savedEnding({ next, wasConnected }: Ending): SavedEnding {
  if (next.kind !== 'contact') return { next, wasConnected }
  const { message, trusted } = next.contact
  return { next: { kind: 'contact', bytes: toHex(ChannelMessage.encode(message)), trusted }, wasConnected }
}

function savedMessage({ vp, sint, bytes }: OutgoingMessage): SavedMessage {
  return { vp, sint, bytes: toHex(bytes) }
}

function savedChannel(channel: Channel): SavedChannel {
  const { params, modify } = channel
  return {
    interfaceId: params.interfaceId,
    instanceId: params.instanceId,
    subchannelIndex: params.subchannelIndex ?? 0,
    state: channel.state,
    channelId: channel.channelId ?? null,
    offered: channel.offered,
    monitorId: channel.monitorId ?? null,
    signalId: channel.signalId ?? null,
    request: channel.request === undefined ? null : savedRequest(channel.request),
    reopen: channel.reopen === undefined ? null : savedAsk(channel.reopen),
    modify: modify === undefined ? null : { interrupt: savedInterrupt(modify.interrupt), next: modify.next ?? null },
    reserved: channel.reserved ?? null,
    gpadls: [...channel.gpadls.values()].map(savedGpadl),
  }
}

function savedInterrupt(interrupt: ChannelInterrupt): SavedInterrupt {
  return interrupt.kind === 'interrupt-page' ? { ...interrupt, page: addressText(interrupt.page) } : interrupt
}

function savedRequest(request: OpenRequest): SavedRequest {
  return { ...request, userData: toHex(request.userData), interrupt: savedInterrupt(request.interrupt) }
}

function savedAsk(ask: OpenAsk): SavedAsk {
  return { ...ask, userData: toHex(ask.userData) }
}

function savedGpadl({ id, state, rangeCount, list, filled, size, ranges, unwanted, silent, held }: Gpadl): SavedGpadl {
  return { id, state, rangeCount, list: toHex(list), filled, size, ranges, unwanted, silent, held }
}
