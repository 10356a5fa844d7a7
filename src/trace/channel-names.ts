import { ChannelMessageType, OfferChannel } from '../vmbus/messages.ts'
import { shortDeviceName } from '../vmbus/session/connection.ts'
import { isWireError } from '../wire/index.ts'
import type { TranscriptEvent } from './events.ts'
import { fromHex } from './hex.ts'

/** Names in recordings of version 1 that differ from ours. */
const otherNames: Readonly<Record<string, string>> = { network: 'net', dynamicMemory: 'balloon', timeSync: 'timesync' }

/**
 * Gives packets that carry only a channel's name their relid: by the ring header that followed an OpenChannel under that name, else by the
 * device class of the offers. What cannot be told stays without.
 */
export function withRelids(events: readonly TranscriptEvent[]): TranscriptEvent[] {
  const opened = new Map<string, number>()
  const offered = new Map<string, number>()
  let lastOpened: number | undefined
  let lastPacket: number | undefined
  return events.map((event) => {
    switch (event.kind) {
      case 'msg':
        noteOffer(fromHex(event.hex), offered)
        return event
      case 'postmessage':
        lastOpened = openedBy(fromHex(event.hex)) ?? lastOpened
        return event
      case 'ringheader':
        if (event.at === 'open' && event.channel !== undefined && lastOpened !== undefined) {
          opened.set(event.channel, event.relid ?? lastOpened)
        }
        return withRelid(event)
      case 'packet': {
        const packet = withRelid(event)
        lastPacket = packet.relid
        return packet
      }
      case 'rndis':
        return event.relid === undefined && lastPacket !== undefined ? { ...event, relid: lastPacket } : event
      case 'ring':
        return withRelid(event)
      default:
        return event
    }
  })

  function withRelid<E extends { readonly relid?: number; readonly channel?: string }>(event: E): E {
    const { relid, channel = '' } = event
    const found = relid ?? opened.get(channel) ?? offered.get(channel)
    return found === relid ? event : { ...event, relid: found }
  }
}

function noteOffer(bytes: Uint8Array, offered: Map<string, number>): void {
  if (bytes[0] !== ChannelMessageType.OfferChannel) return
  try {
    const { channelId, offer } = OfferChannel.decode(bytes)
    if (offer.subchannelIndex !== 0) return
    const name = shortDeviceName(offer.interfaceId, offer.flags)
    offered.set(name, channelId)
    offered.set(otherNames[name] ?? name, channelId)
  } catch (error) {
    if (!isWireError(error)) throw error
  }
}

function openedBy(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== ChannelMessageType.OpenChannel || bytes.byteLength < 12) return undefined
  return new DataView(bytes.buffer).getUint32(8, true)
}
