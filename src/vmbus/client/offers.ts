import { ConnectionIds, maxChannels } from '../ids.ts'
import { OfferChannel } from '../messages.ts'
import { monitorIdCount } from '../monitor-page.ts'
import { ChannelOffer } from '../offer.ts'
import { FeatureFlags, VmbusVersion } from '../versions.ts'
import { ClientChannel } from './channel.ts'
import type { ClientLink } from './link.ts'
import { maxConnectionId } from './negotiation.ts'

/** The channels that the host has offered and whose relids are not released yet. */
export class OfferTable {
  readonly #byId = new Map<number, ClientChannel>()
  /** Channels that are not rescinded, by what names them. */
  readonly #byKey = new Map<string, ClientChannel>()
  #parked = 0

  constructor(readonly link: ClientLink) {}

  get channels(): Iterable<ClientChannel> {
    return this.#byId.values()
  }

  get(channelId: number): ClientChannel | undefined {
    return this.#byId.get(channelId)
  }

  /** The channel that the host signals by this flag: its relid, unless the guest has chosen another (then all are looked at). */
  byEventFlag(eventFlag: number): ClientChannel | undefined {
    const channel = this.#byId.get(eventFlag)
    if (channel?.eventFlag === eventFlag) return channel
    if ((this.link.features & FeatureFlags.guestSpecifiedSignalParameters) === 0) return undefined
    for (const other of this.#byId.values()) if (other.eventFlag === eventFlag) return other
    return undefined
  }

  /**
   * Takes an offer. Answers the channels that drivers are to be told of: the offered one and sub-channels that have waited for
   * it; none when it is a sub-channel that has to wait itself, or was refused.
   */
  add(message: OfferChannel): ClientChannel[] {
    const offer = this.link.version < VmbusVersion.V1_1 ? asBefore1_1(message) : message
    const { channelId } = offer
    const reject = (rule: string, code: 'RANGE' | 'DUP', field: string, why: string): ClientChannel[] => {
      this.link.reject(rule, code, OfferChannel, field, why, channelId)
      return []
    }
    if (channelId < 1 || channelId > maxChannels) {
      return reject('offer-relid', 'RANGE', 'channelId', `relid ${channelId} is not in 1 … ${maxChannels}`)
    }
    if (this.#byId.has(channelId)) {
      return reject('offer-relid-held', 'DUP', 'channelId', `relid ${channelId} was offered and is not released`)
    }
    if (offer.connectionId > maxConnectionId) {
      return reject(
        'offer-connection-id',
        'RANGE',
        'connectionId',
        `connection id ${offer.connectionId} has over 24 bits`,
      )
    }
    if (offer.monitor.allocated && offer.monitorId >= monitorIdCount) {
      return reject('offer-monitor-id', 'RANGE', 'monitorId', `monitor id ${offer.monitorId} of ${monitorIdCount}`)
    }
    const channel = new ClientChannel(offer)
    const twin = this.#byKey.get(channel.key)
    if (twin !== undefined) {
      const why = `the same interface, instance and sub-channel index as relid ${twin.channelId}`
      const offset = OfferChannel.offsetOf('offer') + ChannelOffer.offsetOf('instanceId')
      this.link.report({ rule: 'offer-duplicate', code: 'DUP', field: 'offer.instanceId', offset, why, channelId })
      return []
    }
    this.#byId.set(channelId, channel)
    this.#byKey.set(channel.key, channel)
    if (channel.key !== channel.primaryKey) {
      if (this.#byKey.has(channel.primaryKey)) return [channel]
      channel.parked = true
      this.#parked++
      return []
    }
    return [channel, ...this.#unpark(channel)]
  }

  /** The device is gone; the relid stays taken. Another relid may be offered for the same device from now on. */
  rescind(channel: ClientChannel): void {
    channel.rescinded = true
    this.#byKey.delete(channel.key)
    if (!channel.parked) return
    // Nobody knows of it, so nobody has to let go.
    channel.letGo = true
    this.#parked--
  }

  remove(channel: ClientChannel): void {
    this.#byId.delete(channel.channelId)
  }

  clear(): void {
    this.#byId.clear()
    this.#byKey.clear()
    this.#parked = 0
  }

  #unpark(primary: ClientChannel): ClientChannel[] {
    if (this.#parked === 0) return []
    const found: ClientChannel[] = []
    for (const channel of this.#byId.values()) {
      if (!channel.parked || channel.rescinded || channel.primaryKey !== primary.key) continue
      channel.parked = false
      this.#parked--
      found.push(channel)
    }
    return found
  }
}

/** At version 0.13 an offer ends with the monitor id: what stands behind it means nothing. Source: Linux include/linux/hyperv.h. */
function asBefore1_1(message: OfferChannel): OfferChannel {
  return { ...message, interrupt: { isDedicated: false }, connectionId: ConnectionIds.interruptPage }
}
