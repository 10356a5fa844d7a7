import type { OfferChannel } from '../../vmbus/messages.ts'
import type { Guid } from '../../wire/index.ts'
import type { Channel, ChannelHandler } from '../channel/channel.ts'
import type { GuestDevice } from './guest-device.ts'

/** Which offered device a driver takes: what is left out does not matter. */
export interface Binding {
  /** Class of the device. */
  readonly interfaceId?: Guid
  /** One device. */
  readonly instanceId?: Guid
  /** The n-th of those that match, in order of their offers, from 0; without it the first that is free. */
  readonly index?: number
}

/** A driver of the guest's, as the guest's end of the bus knows it; the class `Vsc` is one. */
export interface GuestDriver extends ChannelHandler {
  /** Which device it takes. */
  readonly binds: Binding
  /** Bytes of each ring, control page included; a multiple of 4096, at least 8192. Default 16384 each. */
  readonly ringBytes?: { readonly send: number; readonly receive: number }
  /** It has a device, whose primary channel is about to be opened. */
  attached(device: GuestDevice): void
  /** One of the device's channels is open. When it is ready for use it calls `device.ready()`. */
  opened(channel: Channel): void
  /** The host offers a sub-channel of the device: `device.openSubchannel(offer)` opens it. */
  subchannelOffered(offer: OfferChannel): void
  /** It has no device any more. */
  detached(): void
}

/** Bytes of each ring of a driver that does not say, control page included. */
export const defaultRingBytes = { send: 16384, receive: 16384 } as const
