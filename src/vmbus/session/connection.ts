import type { Guid, Sender } from '../../wire/index.ts'
import type { DeviceBuffer, DeviceDecoder } from '../device-decoder.ts'
import { deviceName } from '../device-ids.ts'
import { maxChannels } from '../ids.ts'
import type { ChannelMessage, OfferChannel } from '../messages.ts'
import { OfferFlags } from '../offer.ts'
import { Gpadls } from './gpadls.ts'

/** Where a channel stands in its life. */
export type ChannelPhase = 'offered' | 'opening' | 'open' | 'closed' | 'rescinded' | 'released'

/** A channel as the conversation so far tells it. */
export interface SessionChannel {
  readonly channelId: number
  /** Short name of the device: its decoder's, else that of its interface. */
  readonly device: string
  readonly phase: ChannelPhase
  /** Absent of an assumed channel. */
  readonly offer?: OfferChannel
  readonly decoder?: DeviceDecoder
  /** Version of the device's protocol, in its own numbering, as far as known or assumed. */
  readonly deviceVersion?: number
  /** Buffers that guest and host share, as the device's messages on this channel tell. */
  readonly buffers?: readonly DeviceBuffer[]
  /** Of a sub-channel: the channel that it belongs to, where that was offered. */
  readonly primaryId?: number
  /** The ring's GPADL, and the page in it where the host-to-guest ring begins. */
  readonly ring?: { readonly gpadlId: number; readonly downstreamPageOffset: number }
  /** Connection and event flag that the guest chose when it opened the channel. */
  readonly signal?: { readonly connectionId: number; readonly eventFlag: number }
  /** Whether it was opened as a reserved channel, which survives Unload. */
  readonly reserved?: boolean
}

/** A device's short name: `keyboard`, `dynamicMemory`, `hvsocket`; the first digits of the interface id when it is not known. */
export function shortDeviceName(interfaceId: Guid, offerFlags = 0): string {
  const name = deviceName(interfaceId)
  if (name !== undefined) return name.charAt(0).toLowerCase() + name.slice(1)
  return (offerFlags & OfferFlags.tlnpiProvider) !== 0 ? 'hvsocket' : interfaceId.slice(0, 8)
}

/** GPADL teardowns without answer that are remembered. */
const maxTeardowns = 1024

/** What the control messages of one connection have settled so far. Bounded: at most 2047 channels, and what {@link Gpadls} keeps. */
export class Connection {
  /** Negotiated version; `undefined` until known. */
  version: number | undefined
  /** Negotiated features; `undefined` until known. */
  features: number | undefined
  readonly channels = new Map<number, SessionChannel>()
  readonly gpadls = new Gpadls()
  readonly #decoders: readonly DeviceDecoder[]
  readonly #channelOfConnection = new Map<number, number>()
  readonly #channelOfFlag = new Map<number, number>()
  readonly #channelOfTeardown = new Map<number, number>()
  #asked: { readonly version: number; readonly features: number } | undefined

  constructor(decoders: readonly DeviceDecoder[]) {
    this.#decoders = decoders
  }

  /** The channel that a signal is for. */
  channelOfSignal(from: Sender, target: number): SessionChannel | undefined {
    const channelId =
      from === 'guest' ? this.#channelOfConnection.get(target) : (this.#channelOfFlag.get(target) ?? target)
    return channelId === undefined ? undefined : this.channels.get(channelId)
  }

  /** Relid of the channel that a message is about. GpadlTorndown names none: the teardown did. */
  channelOf(message: ChannelMessage): number | undefined {
    if (message.type === 'GpadlTorndown') return this.#channelOfTeardown.get(message.gpadlId)
    return 'channelId' in message ? message.channelId : undefined
  }

  /** The channel that a sub-channel belongs to; any other is its own. */
  primaryOf(channel: SessionChannel): SessionChannel {
    return (channel.primaryId === undefined ? undefined : this.channels.get(channel.primaryId)) ?? channel
  }

  /** Changes what is known of a channel. */
  update(channelId: number, change: Partial<Omit<SessionChannel, 'channelId'>>): void {
    const channel = this.channels.get(channelId)
    if (channel !== undefined) this.channels.set(channelId, { ...channel, ...change })
  }

  /** Takes a control message into account; adds to `notes` what is odd about it now. */
  apply(message: ChannelMessage, notes: string[]): void {
    switch (message.type) {
      case 'InitiateContact':
      case 'InitiateContact2': {
        const { target } = message
        this.#asked = { version: message.version, features: 'featureFlags' in target ? target.featureFlags : 0 }
        break
      }
      case 'VersionResponse':
      case 'VersionResponse2':
      case 'VersionResponse3':
        if (message.versionSupported !== 0) {
          this.#connected('supportedFeatures' in message ? message.supportedFeatures : 0, notes)
        }
        break
      case 'OfferChannel':
        this.#offered(message, notes)
        break
      case 'RescindChannelOffer':
        this.#move(message.channelId, 'rescinded')
        break
      case 'RelIdReleased':
        this.gpadls.deleteChannel(message.channelId)
        this.#move(message.channelId, 'released')
        break
      case 'OpenChannel':
      case 'OpenChannel2':
      case 'OpenReservedChannel':
        this.#opening(message)
        break
      case 'OpenResult':
        this.#move(message.channelId, message.status === 0 ? 'open' : 'offered')
        break
      case 'CloseChannel':
      case 'CloseReservedChannel':
        this.#move(message.channelId, 'closed')
        break
      case 'GpadlTeardown':
        if (this.#channelOfTeardown.size < maxTeardowns) {
          this.#channelOfTeardown.set(message.gpadlId, message.channelId)
        }
        break
      case 'GpadlTorndown': {
        const channelId = this.#channelOfTeardown.get(message.gpadlId)
        this.#channelOfTeardown.delete(message.gpadlId)
        if (channelId !== undefined) this.gpadls.delete(channelId, message.gpadlId)
        break
      }
      case 'UnloadComplete':
        this.#forgetChannels()
        break
    }
  }

  #connected(features: number, notes: string[]): void {
    this.#forgetChannels()
    if (this.#asked === undefined) notes.push('no contact was asked for: the version stays unknown')
    else this.version = this.#asked.version
    this.features = features
  }

  /** Relids mean nothing any more, but for reserved channels. */
  #forgetChannels(): void {
    for (const { channelId, reserved } of this.channels.values()) {
      if (reserved !== true) this.#forget(channelId)
    }
  }

  #forget(channelId: number): void {
    const channel = this.channels.get(channelId)
    if (channel === undefined) return
    const { offer, signal } = channel
    if (offer !== undefined) this.#unmap(this.#channelOfConnection, offer.connectionId, channelId)
    if (signal !== undefined) {
      this.#unmap(this.#channelOfConnection, signal.connectionId, channelId)
      this.#unmap(this.#channelOfFlag, signal.eventFlag, channelId)
    }
    this.gpadls.deleteChannel(channelId)
    this.channels.delete(channelId)
  }

  #unmap(map: Map<number, number>, target: number, channelId: number): void {
    if (map.get(target) === channelId) map.delete(target)
  }

  #offered(message: OfferChannel, notes: string[]): void {
    const { channelId, offer } = message
    if (channelId < 1 || channelId > maxChannels) {
      notes.push(`relid ${channelId} is none (1 to ${maxChannels})`)
      return
    }
    const known = this.channels.get(channelId)
    if (known !== undefined && known.phase !== 'released') notes.push(`relid ${channelId} was still in use`)
    this.#forget(channelId)
    const decoder = this.#decoders.find(({ interfaceId }) => interfaceId === offer.interfaceId)
    const device = decoder?.name ?? shortDeviceName(offer.interfaceId, offer.flags)
    const primaryId = offer.subchannelIndex === 0 ? undefined : this.#primaryId(message)
    this.channels.set(channelId, {
      channelId,
      device,
      phase: 'offered',
      offer: message,
      ...(decoder === undefined ? {} : { decoder }),
      ...(primaryId === undefined ? {} : { primaryId }),
    })
    this.#channelOfConnection.set(message.connectionId, channelId)
  }

  #primaryId({ offer: { interfaceId, instanceId } }: OfferChannel): number | undefined {
    for (const { channelId, phase, offer: known } of this.channels.values()) {
      if (known?.offer.instanceId !== instanceId || known.offer.interfaceId !== interfaceId) continue
      if (known.offer.subchannelIndex === 0 && phase !== 'released') return channelId
    }
    return undefined
  }

  #opening(message: ChannelMessage & { type: 'OpenChannel' | 'OpenChannel2' | 'OpenReservedChannel' }): void {
    const { channelId, ringBufferGpadlId: gpadlId, downstreamRingBufferPageOffset: downstreamPageOffset } = message
    if (!this.channels.has(channelId)) return
    const reserved = message.type === 'OpenReservedChannel'
    this.update(channelId, { phase: 'opening', ring: { gpadlId, downstreamPageOffset }, reserved })
    if (message.type !== 'OpenChannel2') return
    const { connectionId, eventFlag } = message
    const before = this.channels.get(channelId)?.signal
    if (before !== undefined) {
      this.#unmap(this.#channelOfConnection, before.connectionId, channelId)
      this.#unmap(this.#channelOfFlag, before.eventFlag, channelId)
    }
    this.update(channelId, { signal: { connectionId, eventFlag } })
    this.#channelOfConnection.set(connectionId, channelId)
    this.#channelOfFlag.set(eventFlag, channelId)
  }

  /** A rescinded channel can still be closed and answered, and stays rescinded until its relid is released. */
  #move(channelId: number, phase: ChannelPhase): void {
    const now = this.channels.get(channelId)?.phase
    if (now !== 'rescinded' || phase === 'released') this.update(channelId, { phase })
  }
}
