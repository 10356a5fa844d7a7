import { ChannelMessage } from '../vmbus/messages.ts'
import type { ServerOptions } from '../vmbus/server/index.ts'
import { tryDecode } from '../wire/index.ts'
import type { TranscriptEvent } from './events.ts'
import { fromHex } from './hex.ts'

/** An offer as it was recorded. */
export type OfferMessage = ChannelMessage & { readonly type: 'OfferChannel' }

/** What a recording tells about its host beforehand. */
export interface HostSurvey {
  /** Up to which version it agreed, and which features it granted. */
  readonly options: ServerOptions
  /** What it offered when it was first asked. */
  readonly offers: readonly OfferMessage[]
  /** hvsocket requests that it refused: endpoint and service. */
  readonly refusedSockets: ReadonlySet<string>
}

/** Which device's channel an offer is. */
export function deviceKey({ offer }: OfferMessage): string {
  return `${offer.interfaceId} ${offer.instanceId} ${offer.subchannelIndex}`
}

/** Looks through a recording for what its host is like. */
export function surveyHost(events: readonly TranscriptEvent[]): HostSurvey {
  const offers = new Map<string, OfferMessage>()
  const refusedSockets = new Set<string>()
  let delivered = false
  let asked = 0
  let maxVersion: number | undefined
  let features: number | undefined
  for (const event of events) {
    if (event.kind !== 'msg' && event.kind !== 'postmessage') continue
    const { ok, value: message } = tryDecode(ChannelMessage, fromHex(event.hex))
    if (!ok) continue
    if ((message.type === 'InitiateContact' || message.type === 'InitiateContact2') && event.dir === 'g2h') {
      asked = message.version
    } else if ('versionSupported' in message && message.versionSupported !== 0) {
      maxVersion = Math.max(maxVersion ?? 0, asked)
      if ('supportedFeatures' in message) features = (features ?? 0) | message.supportedFeatures
    } else if (message.type === 'OfferChannel' && !delivered && !offers.has(deviceKey(message))) {
      offers.set(deviceKey(message), message)
    } else if (message.type === 'AllOffersDelivered') {
      delivered = true
    } else if (message.type === 'TlConnectRequestResult') {
      refusedSockets.add(`${message.endpointId} ${message.serviceId}`)
    }
  }
  const options: ServerOptions = {
    offerOrder: 'order',
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(features === undefined ? {} : { features }),
  }
  return { options, offers: [...offers.values()], refusedSockets }
}
