import { isGuid } from '../../wire/index.ts'
import { DeviceId } from '../device-ids.ts'
import { AllOffersDelivered, OfferChannel, RelIdReleased } from '../messages.ts'
import {
  type ChannelOffer,
  HvsocketUserDefined,
  IdeUserDefined,
  OfferFlags,
  PipeType,
  PipeUserDefined,
  StandardUserDefined,
} from '../offer.ts'
import { putU32 } from '../u32.ts'
import { FeatureFlags } from '../versions.ts'
import { Channel } from './channel.ts'
import type { Core } from './core.ts'
import type { OfferId, OfferParams } from './effects.ts'
import { letGo } from './let-go.ts'

const userDefinedSize = 120

/** Adds a device's channel. Throws a `RangeError` for a mistake of the caller: a channel twice, too many, bad parameters. */
export function addOffer(core: Core, params: OfferParams): OfferId {
  checkParams(params)
  const known = core.offers.same(params)
  if (known !== undefined && known.state !== 'revoked') {
    throw new RangeError(`already offered: ${params.interfaceId} ${params.instanceId} ${params.subchannelIndex ?? 0}`)
  }
  if (core.offers.byOffer.size >= core.offers.capacity) {
    throw new RangeError(`at most ${core.offers.capacity} channels can be offered`)
  }
  const offer = core.offers.nextOfferId()
  if (known !== undefined) {
    // The guest still holds the relid: it hears of the device again when it has released that.
    known.state = 'reoffered'
    known.params = params
    known.offer = offer
    core.offers.byOffer.set(offer, known)
    return offer
  }
  const channel = new Channel(params, offer)
  core.offers.add(channel)
  if (core.connection?.offersSent) offerChannel(core, channel)
  return offer
}

function checkParams(params: OfferParams): void {
  for (const name of ['interfaceId', 'instanceId'] as const) {
    if (!isGuid(params[name])) throw new RangeError(`${name}: not a GUID`)
  }
  const words = ['subchannelIndex', 'flags', 'mmioMegabytes', 'mmioMegabytesOptional', 'monitorLatency'] as const
  for (const name of words) {
    const value = params[name] ?? 0
    if (!Number.isInteger(value) || value < 0 || value > 0xffff)
      throw new RangeError(`${name}: ${value} is not 16 bits`)
  }
  if (params.userDefined !== undefined && params.userDefined.length !== userDefinedSize) {
    throw new RangeError(`userDefined: ${params.userDefined.length} bytes, not ${userDefinedSize}`)
  }
}

/** RequestOffers: every channel, in order, and the end mark. */
export function receiveRequestOffers(core: Core): void {
  const { connection } = core
  if (connection === undefined) return
  if (connection.offersSent) {
    core.refuse('offers-requested-twice', 'header', 0)
    if (!core.observes) return
  }
  connection.offersSent = true
  const channels = [...core.offers.channels()].sort(core.settings.offerOrder === 'order' ? byOrder : byInterface)
  for (const channel of channels) {
    if (channel.state === 'released') offerChannel(core, channel)
    else if (channel.offered && !channel.isRevoked) sendOffer(core, channel)
  }
  core.send(AllOffersDelivered.encode({}))
}

const last = Number.POSITIVE_INFINITY

function byInterface({ params: a }: Channel, { params: b }: Channel): number {
  return text(a.interfaceId, b.interfaceId) || number(a.order, b.order) || rest(a, b)
}

function byOrder({ params: a }: Channel, { params: b }: Channel): number {
  return number(a.order, b.order) || text(a.interfaceId, b.interfaceId) || rest(a, b)
}

function rest(a: OfferParams, b: OfferParams): number {
  return text(a.instanceId, b.instanceId) || number(a.subchannelIndex ?? 0, b.subchannelIndex ?? 0)
}

function text(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function number(a = last, b = last): number {
  return a === b ? 0 : a - b
}

/** Gives a released channel a relid and tells the guest; without a free relid, or before its old GPADLs are gone, it waits. */
function offerChannel(core: Core, channel: Channel): void {
  if (channel.gpadls.size > 0 || !core.offers.assignRelid(channel)) {
    core.offers.waiting.add(channel)
    return
  }
  core.offers.waiting.delete(channel)
  channel.state = 'closed'
  channel.offered = true
  sendOffer(core, channel)
}

/** Offers what has waited, as far as that is possible now. */
export function offerWaiting(core: Core): void {
  for (const channel of core.offers.waiting) offerChannel(core, channel)
}

/** The connection that an offer tells the guest to signal. Source: OpenVMM vmbus_server (ConnectionId::new). */
export function offeredConnectionId(core: Core, channelId: number): number {
  return channelId | (core.settings.sint << 12) | (core.settings.vtl << 16)
}

function sendOffer(core: Core, channel: Channel): void {
  const { connection } = core
  const { params, channelId } = channel
  if (connection === undefined || channelId === undefined) return
  const monitored = params.monitorLatency !== undefined && connection.monitorPages !== undefined
  if (!monitored) core.offers.freeMonitorId(channel)
  else if (channel.monitorId === undefined) core.offers.assignMonitorId(channel)
  const { monitorId } = channel
  core.send(
    OfferChannel.encode({
      offer: offerOf(params, hiddenFlags(connection.features)),
      channelId,
      monitorId: monitorId ?? 0xff,
      monitor: { allocated: monitorId !== undefined },
      interrupt: { isDedicated: true },
      connectionId: offeredConnectionId(core, channelId),
    }),
  )
}

function hiddenFlags(features: number): number {
  const confidential = OfferFlags.confidentialRingBuffer | OfferFlags.confidentialExternalMemory
  return (
    ((features & FeatureFlags.confidentialChannels) === 0 ? confidential : 0) |
    ((features & FeatureFlags.gpaPinning) === 0 ? OfferFlags.requirePinnedExternalMemory : 0)
  )
}

function offerOf(params: OfferParams, hidden: number): ChannelOffer {
  const pipe = params.pipe === undefined ? 0 : OfferFlags.namedPipeMode
  const flags = ((params.flags ?? 0) | pipe) & ~hidden
  const userDefined = new Uint8Array(userDefinedSize)
  userDefined.set(params.userDefined ?? [])
  if (params.pipe !== undefined) putU32(userDefined, 0, params.pipe === 'message' ? PipeType.Message : PipeType.Byte)
  return {
    interfaceId: params.interfaceId,
    instanceId: params.instanceId,
    flags,
    mmioMegabytes: params.mmioMegabytes ?? 0,
    userDefined: userDefinedOf(params, flags, userDefined),
    subchannelIndex: params.subchannelIndex ?? 0,
    mmioMegabytesOptional: params.mmioMegabytesOptional ?? 0,
  }
}

/** The 120 bytes in the form that flags and interface call for. */
function userDefinedOf({ interfaceId }: OfferParams, flags: number, bytes: Uint8Array): ChannelOffer['userDefined'] {
  if ((flags & OfferFlags.tlnpiProvider) !== 0) {
    return { type: 'HvsocketUserDefined', ...HvsocketUserDefined.decode(bytes) }
  }
  if ((flags & OfferFlags.namedPipeMode) !== 0) return { type: 'PipeUserDefined', ...PipeUserDefined.decode(bytes) }
  if (interfaceId === DeviceId.Ide) return { type: 'IdeUserDefined', ...IdeUserDefined.decode(bytes) }
  return { type: 'StandardUserDefined', ...StandardUserDefined.decode(bytes) }
}

/** RelIdReleased: the guest has let go of a channel, rescinded or not. */
export function receiveRelIdReleased(core: Core, channelId: number): void {
  const channel = core.find(channelId)
  const offset = RelIdReleased.offsetOf('channelId')
  if (channel === undefined) {
    core.refuse('unknown-channel', 'channelId', offset, { channelId })
    return
  }
  switch (channel.state) {
    case 'reoffered':
      core.gpadls.removeAll(channel)
      channel.state = 'closed'
      sendOffer(core, channel)
      return
    case 'revoked':
    case 'closed':
    case 'closing':
      letGo(core, channel)
      return
    default:
      core.refuse('release-in-use', 'channelId', offset, { channelId })
  }
}
