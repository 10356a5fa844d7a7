import type { VmbusClientOptions } from '../src/vmbus/client/index.ts'
import { VmbusClient } from '../src/vmbus/client/index.ts'
import type { ChannelId, GpadlId } from '../src/vmbus/ids.ts'
import {
  AllOffersDelivered,
  ChannelMessage,
  CloseReservedChannelResponse,
  GpadlCreated,
  GpadlTorndown,
  ModifyChannelResponse,
  OfferChannel,
  OpenResult,
  RescindChannelOffer,
  UnloadComplete,
  VersionResponse,
  VersionResponse2,
} from '../src/vmbus/messages.ts'
import { VmbusVersion } from '../src/vmbus/versions.ts'
import { type Guid, guid, toHex } from '../src/wire/index.ts'

/** Messages of a host, and a client that has gone some way with one. */

const classA: Guid = guid('aaaaaaaa-0000-0000-0000-000000000001')

/** The n-th device of some class. */
export const device = (n: number): Guid => guid(`dddddddd-0000-0000-0000-${n.toString(16).padStart(12, '0')}`)

export function offerOf(
  channelId: number,
  over: Partial<OfferChannel> = {},
  offer: Partial<OfferChannel['offer']> = {},
): OfferChannel {
  return {
    offer: {
      interfaceId: classA,
      instanceId: device(channelId),
      flags: 0,
      mmioMegabytes: 0,
      mmioMegabytesOptional: 0,
      subchannelIndex: 0,
      userDefined: { type: 'StandardUserDefined', data: new Uint8Array(120) },
      ...offer,
    },
    channelId,
    monitorId: 0xff,
    monitor: { allocated: false },
    interrupt: { isDedicated: true },
    connectionId: 0x2000 | (channelId & 0x7ff),
    ...over,
  }
}

/** What the client says of such an offer. */
export const offerEvent = (
  channelId: number,
  over?: Partial<OfferChannel>,
  offer?: Partial<OfferChannel['offer']>,
) => ({
  kind: 'offer',
  channelId,
  offer: { type: 'OfferChannel', ...offerOf(channelId, over, offer) },
})

export const offered = (channelId: number, over?: Partial<OfferChannel>, offer?: Partial<OfferChannel['offer']>) =>
  OfferChannel.encode(offerOf(channelId, over, offer))
export const rescinded = (channelId: number) => RescindChannelOffer.encode({ channelId })
export const offersDelivered = () => AllOffersDelivered.encode({})
export const openResult = (channelId: number, status = 0, openId = channelId) =>
  OpenResult.encode({ channelId, openId, status })
export const gpadlCreated = (channelId: number, gpadlId: number, status = 0) =>
  GpadlCreated.encode({ channelId, gpadlId, status })
export const gpadlTorndown = (gpadlId: number) => GpadlTorndown.encode({ gpadlId })
export const unloadComplete = () => UnloadComplete.encode({})
export const reservedClosed = (channelId: number) => CloseReservedChannelResponse.encode({ channelId })
export const modified = (channelId: number, status = 0) => ModifyChannelResponse.encode({ channelId, status })
export const refused = () =>
  VersionResponse.encode({ versionSupported: 0, connectionState: 0, versionOrConnectionId: 0 })
export const accepted = (versionOrConnectionId: number, connectionState = 0) =>
  VersionResponse.encode({ versionSupported: 1, connectionState, versionOrConnectionId })
export const accepted6 = (supportedFeatures: number, versionOrConnectionId = 1) =>
  VersionResponse2.encode({ versionSupported: 1, connectionState: 0, versionOrConnectionId, supportedFeatures })

/** Posts everything there is, each with this outcome; answers the messages. */
export function postAll(client: VmbusClient, status = 0): { type: string; connectionId: number; hex: string }[] {
  const posts: { type: string; connectionId: number; hex: string }[] = []
  for (let post = client.peekPost(); post !== undefined; post = client.peekPost()) {
    const { type } = ChannelMessage.decode(post.bytes, { version: client.version, features: client.features })
    posts.push({ type, connectionId: post.connectionId, hex: toHex(post.bytes) })
    client.posted(status)
  }
  return posts
}

/** Names of what was posted. */
export const postNames = (client: VmbusClient) => postAll(client).map(({ type }) => type)

/** Kinds of events. */
export const kinds = (client: VmbusClient) => client.takeEvents().map(({ kind }) => kind)

/** A client that is connected at a version; nothing is left to post, to tell, or to report. */
export function connectedClient(version: number = VmbusVersion.V5_3, options: VmbusClientOptions = {}): VmbusClient {
  const client = new VmbusClient({ versions: [version], ...options })
  client.connect()
  postAll(client)
  client.receive(version >= VmbusVersion.V6_0 ? accepted6(options.features ?? 0) : accepted(1))
  client.takeEvents()
  return client
}

/** The same, with channels offered. */
export function offeredClient(channels: readonly number[] = [1], version?: number, options?: VmbusClientOptions) {
  const client = connectedClient(version, options)
  client.requestOffers()
  postAll(client)
  for (const channelId of channels) client.receive(offered(channelId))
  client.receive(offersDelivered())
  client.takeEvents()
  return client
}

/** Two pages of ring. */
export const ringPages = { byteCount: 8192, byteOffset: 0, pfns: [0x100, 0x101] }

/** The same, with a GPADL of two pages created for a channel. */
export function withGpadl(client: VmbusClient, channelId: ChannelId = 1): GpadlId {
  const gpadlId = client.createGpadl(channelId, [ringPages])
  postAll(client)
  client.receive(gpadlCreated(channelId, gpadlId))
  client.takeEvents()
  return gpadlId
}

/** The same, with the channel open. */
export function openedClient(version?: number, options?: VmbusClientOptions) {
  const client = offeredClient([1], version, options)
  const gpadlId = withGpadl(client)
  client.open(1, { ringGpadlId: gpadlId, downstreamPageOffset: 1 })
  postAll(client)
  client.receive(openResult(1))
  client.takeEvents()
  return { client, gpadlId }
}

/** What a violation says, without the words. */
export const violationsOf = (client: VmbusClient) =>
  client.violations.take().map(({ rule, code, field, offset }) => ({ rule, code, field, offset }))
