import { type ChannelId, maxChannels } from '../ids.ts'
import { monitorIdCount } from '../monitor-page.ts'
import type { Channel } from './channel.ts'
import type { OfferId, OfferParams } from './effects.ts'

/** All channels: by the device's handle, by relid, by device. Gives out relids and monitor ids, the lowest free one first. */
export class OfferTable {
  readonly byOffer = new Map<OfferId, Channel>()
  /** Channels to be offered as soon as a relid is free. */
  readonly waiting = new Set<Channel>()
  readonly #byRelid: (Channel | undefined)[] = []
  readonly #byDevice = new Map<string, Set<Channel>>()
  readonly #monitorIds: (Channel | undefined)[] = new Array<undefined>(monitorIdCount).fill(undefined)
  #lowestFree: number
  #lastOffer = 0

  constructor(readonly relidOffset: number) {
    this.#lowestFree = relidOffset + 1
  }

  /** Most channels at a time. */
  get capacity(): number {
    return maxChannels - this.relidOffset
  }

  nextOfferId(): OfferId {
    this.#lastOffer += 1
    // Sound: the brand marks the numbers made here.
    return this.#lastOffer as OfferId
  }

  /** The channels of one device: same interface and instance. */
  ofDevice(params: OfferParams): ReadonlySet<Channel> {
    return this.#byDevice.get(deviceKey(params)) ?? nothing
  }

  /** The channel with the same interface, instance and sub-channel index, revoked or not. */
  same(params: OfferParams): Channel | undefined {
    for (const channel of this.ofDevice(params)) {
      if ((channel.params.subchannelIndex ?? 0) === (params.subchannelIndex ?? 0)) return channel
    }
    return undefined
  }

  /** Channels, those included that were revoked but whose relid is not released. */
  *channels(): Generator<Channel> {
    for (const channels of this.#byDevice.values()) yield* channels
  }

  add(channel: Channel): void {
    const key = deviceKey(channel.params)
    const channels = this.#byDevice.get(key)
    if (channels === undefined) this.#byDevice.set(key, new Set([channel]))
    else channels.add(channel)
    if (channel.offer !== undefined) this.byOffer.set(channel.offer, channel)
  }

  /** Forgets a channel, its relid and its monitor id. */
  remove(channel: Channel): void {
    this.freeRelid(channel)
    this.waiting.delete(channel)
    const key = deviceKey(channel.params)
    const channels = this.#byDevice.get(key)
    channels?.delete(channel)
    if (channels?.size === 0) this.#byDevice.delete(key)
    if (channel.offer !== undefined) this.byOffer.delete(channel.offer)
  }

  /** The channel that holds a relid, offered on this connection or not. */
  byRelid(channelId: number): Channel | undefined {
    return this.#byRelid[channelId]
  }

  /** Gives a channel the lowest free relid, or that one; false when there is none. */
  assignRelid(channel: Channel, wanted?: ChannelId): boolean {
    let relid: ChannelId = wanted ?? this.#lowestFree
    if (wanted === undefined) while (this.#byRelid[relid] !== undefined) relid += 1
    if (wanted === undefined) this.#lowestFree = relid
    if (relid <= this.relidOffset || relid > maxChannels || this.#byRelid[relid] !== undefined) return false
    this.#byRelid[relid] = channel
    channel.channelId = relid
    return true
  }

  freeRelid(channel: Channel): void {
    const relid = channel.channelId
    if (relid === undefined) return
    this.#byRelid[relid] = undefined
    this.#lowestFree = Math.min(this.#lowestFree, relid)
    channel.channelId = undefined
    this.freeMonitorId(channel)
  }

  /** Gives a channel the lowest free monitor id, or that one; false when there is none. */
  assignMonitorId(channel: Channel, wanted?: number): boolean {
    const id = wanted ?? this.#monitorIds.indexOf(undefined)
    if (id < 0 || id >= monitorIdCount || this.#monitorIds[id] !== undefined) return false
    this.#monitorIds[id] = channel
    channel.monitorId = id
    return true
  }

  freeMonitorId(channel: Channel): void {
    if (channel.monitorId !== undefined) this.#monitorIds[channel.monitorId] = undefined
    channel.monitorId = undefined
  }

  byMonitorId(id: number): Channel | undefined {
    return this.#monitorIds[id]
  }
}

const nothing: ReadonlySet<Channel> = /* @__PURE__ */ new Set<Channel>()

function deviceKey(params: OfferParams): string {
  return `${params.interfaceId} ${params.instanceId}`
}
