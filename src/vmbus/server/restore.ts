import { ChannelMessage } from '../messages.ts'
import { versionText, vmbusVersions } from '../versions.ts'
import { Channel, type OpenAsk } from './channel.ts'
import { type Contact, Core, type Incoming } from './core.ts'
import type { ChannelInterrupt, MonitorPages, OfferId, OfferParams, OpenRequest } from './effects.ts'
import { askClose } from './let-go.ts'
import { addOffer } from './offers.ts'
import type { ServerSettings } from './options.ts'
import { rescind } from './revoke.ts'
import {
  bytesOf,
  type SavedChannel,
  type SavedConnection,
  type SavedEnding,
  type SavedInterrupt,
  type SavedPages,
  type SavedRequest,
  type ServerState,
  serverStateFormat,
} from './saved-state.ts'

/** Why a saved state cannot be taken up. */
export type RestoreErrorCode =
  | 'UnknownFormat'
  /** The guest's version is none, or newer than is allowed now. */
  | 'UnsupportedVersion'
  /** The guest was granted features that are not allowed now. */
  | 'UnsupportedFeatureFlags'
  /** A relid twice, or none at all. */
  | 'ChannelId'
  /** A monitor id twice, or none at all. */
  | 'MonitorId'

/** A saved state that cannot be taken up. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError'
  constructor(
    readonly code: RestoreErrorCode,
    why: string,
  ) {
    super(`${code}: ${why}`)
  }
}

/** A core as saved, its inbox, and the handles of the offers, in their order. */
export interface Restored {
  readonly core: Core
  readonly inbox: Incoming[]
  readonly offers: OfferId[]
}

/**
 * Takes a saved state up. Saved channels are matched to the offers by interface, instance and sub-channel index; those without an
 * offer are rescinded, offers without a channel are new. What devices had not answered is asked again.
 */
export function restoreCore(state: ServerState, settings: ServerSettings, params: readonly OfferParams[]): Restored {
  if (state.format !== serverStateFormat) throw new RestoreError('UnknownFormat', String(state.format))
  const core = new Core(settings)
  core.unloadedOnce = state.unloadedOnce
  if (state.connection !== null) checkConnection(core, state.connection)
  core.connection = state.connection === null ? undefined : connectionOf(state.connection)
  core.tlConnects.push(...state.tlConnects.map((request) => ({ ...request })))
  for (const { vp, sint, bytes } of state.ready) core.outbox.push({ vp, sint }, bytesOf(bytes), true)
  core.outbox.paused = state.paused
  for (const { vp, sint, bytes } of state.held) core.outbox.push({ vp, sint }, bytesOf(bytes), false)

  if (core.connection !== undefined) announce(core)
  const { modifyingConnection } = state
  if (modifyingConnection !== null) {
    core.modifyingConnection = { pages: pagesOf(modifyingConnection.pages) }
    core.effect({ kind: 'modify-connection', monitorPages: core.modifyingConnection.pages })
  }
  for (const { endpointId, serviceId, siloId } of core.tlConnects) {
    core.effect({ kind: 'tl-connect', endpointId, serviceId, siloId })
  }
  const offers = restoreChannels(core, state.channels, params)
  if (state.ending !== null) {
    const waitsFor = new Set([...core.offers.channels()].filter((channel) => channel.isBusy))
    core.ending = { next: nextOf(state.ending), waitsFor, wasConnected: state.ending.wasConnected }
  }
  const inbox = state.inbox.map(({ bytes, origin }) => ({ bytes: bytesOf(bytes), origin }))
  return { core, inbox, offers }
}

function checkConnection(core: Core, { version, features }: SavedConnection): void {
  const { maxVersion, delayMaxVersion } = core.settings
  const limited = !delayMaxVersion || core.unloadedOnce
  if (!vmbusVersions.includes(version) || (limited && version > maxVersion)) {
    throw new RestoreError('UnsupportedVersion', `${versionText(version)}, at most ${versionText(maxVersion)}`)
  }
  const excess = features & ~core.settings.features
  if (excess !== 0) throw new RestoreError('UnsupportedFeatureFlags', `0x${(excess >>> 0).toString(16)}`)
}

function connectionOf(saved: SavedConnection) {
  return {
    ...saved,
    monitorPages: pagesOf(saved.monitorPages),
    interruptPage: saved.interruptPage === null ? undefined : BigInt(saved.interruptPage),
    clientId: saved.clientId ?? undefined,
  }
}

function pagesOf(saved: SavedPages | null): MonitorPages | undefined {
  if (saved === null) return undefined
  return { parentToChild: BigInt(saved.parentToChild), childToParent: BigInt(saved.childToParent) }
}

function announce(core: Core): void {
  const { connection } = core
  if (connection === undefined) return
  const { version, features, monitorPages, interruptPage, clientId } = connection
  core.effect({
    kind: 'connected',
    version,
    features,
    monitorPages,
    ...(interruptPage === undefined ? {} : { interruptPage }),
    ...(clientId === undefined ? {} : { clientId }),
  })
}

function nextOf({ next }: SavedEnding) {
  if (next.kind !== 'contact') return next
  return { kind: 'contact', contact: contactOf(bytesOf(next.bytes), next.trusted) } as const
}

function contactOf(bytes: Uint8Array, trusted: boolean): Contact {
  const message = ChannelMessage.decode(bytes, { from: 'guest' })
  if (message.type === 'InitiateContact' || message.type === 'InitiateContact2') return { message, trusted }
  throw new RestoreError('UnknownFormat', `${message.type} is no contact`)
}

function restoreChannels(core: Core, saved: readonly SavedChannel[], params: readonly OfferParams[]): OfferId[] {
  const byKey = new Map(saved.map((channel) => [keyOf(channel), channel]))
  const offers = params.map((each) => {
    const match = byKey.get(keyOf(each))
    if (match === undefined) return undefined
    byKey.delete(keyOf(each))
    const offer = core.offers.nextOfferId()
    const channel = restoreChannel(core, match, each, offer)
    // The device is back, but the guest was told that it is gone.
    if (channel.state === 'revoked') channel.state = 'reoffered'
    else askAgain(core, channel, offer)
    return offer
  })
  for (const gone of byKey.values()) {
    const { interfaceId, instanceId, subchannelIndex } = gone
    const channel = restoreChannel(core, gone, { interfaceId, instanceId, subchannelIndex }, undefined)
    if (channel.state !== 'revoked') rescind(core, channel)
  }
  return offers.map((offer, index) => {
    const fresh = params[index]
    if (offer !== undefined || fresh === undefined) return offer ?? core.offers.nextOfferId()
    return addOffer(core, fresh)
  })
}

function keyOf({ interfaceId, instanceId, subchannelIndex = 0 }: OfferParams): string {
  return `${interfaceId} ${instanceId} ${subchannelIndex}`
}

function restoreChannel(core: Core, saved: SavedChannel, params: OfferParams, offer: OfferId | undefined): Channel {
  const channel = new Channel(params, offer)
  core.offers.add(channel)
  const { channelId, monitorId, modify } = saved
  if (channelId !== null && !core.offers.assignRelid(channel, channelId)) {
    throw new RestoreError('ChannelId', `${channelId} is taken, or none`)
  }
  if (monitorId !== null && !core.offers.assignMonitorId(channel, monitorId)) {
    throw new RestoreError('MonitorId', `${monitorId} is taken, or none`)
  }
  channel.state = saved.state === 'reoffered' ? 'revoked' : saved.state
  channel.offered = saved.offered
  channel.reserved = saved.reserved ?? undefined
  channel.request = saved.request === null ? undefined : requestOf(saved.request)
  channel.reopen = saved.reopen === null ? undefined : askOf(saved.reopen)
  if (modify !== null) {
    channel.modify = {
      interrupt: interruptOf(modify.interrupt),
      ...(modify.next === null ? {} : { next: modify.next }),
    }
  }
  channel.signalId = saved.signalId ?? undefined
  if (channel.signalId !== undefined) core.signals.set(channel.signalId, channel)
  for (const gpadl of saved.gpadls) core.gpadls.add({ ...gpadl, channel, list: bytesOf(gpadl.list) })
  return channel
}

function interruptOf(saved: SavedInterrupt): ChannelInterrupt {
  return saved.kind === 'interrupt-page' ? { ...saved, page: BigInt(saved.page) } : saved
}

function requestOf(saved: SavedRequest): OpenRequest {
  return { ...saved, userData: bytesOf(saved.userData), interrupt: interruptOf(saved.interrupt) }
}

function askOf(saved: NonNullable<SavedChannel['reopen']>): OpenAsk {
  return { ...saved, userData: bytesOf(saved.userData) }
}

/** Tells the device what it had, and asks again what it has not answered. */
function askAgain(core: Core, channel: Channel, offer: OfferId): void {
  const { channelId, request, state } = channel
  const gpadls = [...channel.gpadls.values()]
  const held = gpadls.filter((gpadl) => gpadl.state === 'accepted' || gpadl.state === 'tearing-down')
  const isOpen = request !== undefined && !state.startsWith('opening')
  if (channelId !== undefined) {
    core.effect({
      kind: 'restored',
      offer,
      channelId,
      gpadls: held.map(({ id, ranges }) => ({ gpadlId: id, ranges })),
      ...(isOpen ? { request } : {}),
    })
  }
  for (const gpadl of gpadls) {
    if (gpadl.state === 'offered') core.effect({ kind: 'gpadl', offer, gpadlId: gpadl.id, ranges: gpadl.ranges })
    if (gpadl.state === 'tearing-down' && !gpadl.held) core.effect({ kind: 'gpadl-teardown', offer, gpadlId: gpadl.id })
  }
  if (request !== undefined && state.startsWith('opening')) core.effect({ kind: 'open', offer, request })
  if (channel.modify !== undefined) core.effect({ kind: 'modify', offer, interrupt: channel.modify.interrupt })
  if (state.startsWith('closing')) askClose(core, channel)
}
