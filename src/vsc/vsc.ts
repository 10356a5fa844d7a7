import { EventEmitter } from 'eventemitter3'
import type { Binding, Channel, CloseReason, GuestDevice, GuestDriver, TransferPages } from '../channels/index.ts'
import type { OfferChannel } from '../vmbus/messages.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'
import type { GpadlRange } from '../vmbus/server/effects.ts'

/** What every VSC tells of itself. */
export interface VscEvents {
  /** A channel of the device is open. */
  open: (channel: Channel) => void
  /** The driver can be used. */
  ready: () => void
  /** The last of that channel. */
  close: (channel: Channel, reason: CloseReason) => void
}

/**
 * A Virtualization Service Consumer: a device's driver in the child partition. A subclass says what it {@link binds} to; by
 * default it is ready when its channel is open. For messages that a schema describes see `MessageVsc`.
 *
 * @typeParam Events events of the subclass, beside {@link VscEvents}.
 */
export abstract class Vsc<Events extends object = object>
  extends EventEmitter<VscEvents & Events>
  implements GuestDriver
{
  /** The device that it drives: by interface, instance, or as the n-th of those. */
  abstract readonly binds: Binding
  readonly #channels = new Map<number, Channel>()
  #device: GuestDevice | undefined

  /** The primary channel while it is open. */
  get channel(): Channel | undefined {
    return this.#channels.get(0)
  }

  /** All open channels, by sub-channel index. */
  get channels(): ReadonlyMap<number, Channel> {
    return this.#channels
  }

  /** The device that it has. */
  get device(): GuestDevice | undefined {
    return this.#device
  }

  /** Closes the channels and lets go of the device, which can be attached again. */
  close(): void {
    this.#device?.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  /** A packet other than a completion, in place: valid during the call. */
  protected onPacket(_packet: RingPacket, _channel: Channel): void {}

  /** A channel is open: start to negotiate, and call {@link ready} when that is done. By default it is ready at once. */
  protected onOpen(_channel: Channel): void {
    this.ready()
  }

  /** A channel is closed. */
  protected onClose(_channel: Channel, _reason: CloseReason): void {}

  /** There is room again after a `send` that answered false. */
  protected onWritable(_channel: Channel): void {}

  /** The host offers a sub-channel that the driver asked for: opened by default. */
  protected onSubchannel(offer: OfferChannel): void {
    this.#device?.openSubchannel(offer)
  }

  /** The driver can be used: `attach` is done. */
  protected ready(): void {
    this.#device?.ready()
    this.#lifecycle.emit('ready')
  }

  /** The driver cannot be used: `attach` fails. */
  protected fail(why: string): void {
    this.#device?.failed(why)
  }

  /**
   * Sends a packet and answers the payload of its completion, padded to 8. Fails when the channel closes before, and with
   * `StalledError` when the host cannot answer any more.
   *
   * @param data makes it a GPA-direct packet: the guest memory that it speaks of.
   */
  protected request(payload: Uint8Array, data?: readonly GpadlRange[] | TransferPages): Promise<Uint8Array> {
    const { channel } = this
    const device = this.#device
    if (channel === undefined || device === undefined) return Promise.reject(new Error('the channel is not open'))
    const what = `request of ${payload.length} bytes on channel ${channel.channelId}`
    return device.promise(what, (resolve, reject) => {
      const sent = channel.request(
        payload,
        (completion) => {
          if (completion === undefined) reject(new Error('the channel was closed before the completion'))
          else resolve(completion.copyPayload())
        },
        data,
      )
      if (!sent) reject(new Error('the channel is closed, or too many requests wait'))
    })
  }

  /** For the guest's end of the bus, as all that follows. */
  attached(device: GuestDevice): void {
    this.#device = device
  }

  detached(): void {
    this.#device = undefined
  }

  opened(channel: Channel): void {
    this.#channels.set(channel.subchannelIndex, channel)
    this.#lifecycle.emit('open', channel)
    if (channel.subchannelIndex === 0) this.onOpen(channel)
  }

  subchannelOffered(offer: OfferChannel): void {
    this.onSubchannel(offer)
  }

  packet(packet: RingPacket, channel: Channel): void {
    this.onPacket(packet, channel)
  }

  /** Define it to take packets in batches, in place, by `channel.next()`, instead of one by one in {@link onPacket}. */
  batch?(channel: Channel): void

  writable(channel: Channel): void {
    this.onWritable(channel)
  }

  closed(channel: Channel, reason: CloseReason): void {
    if (this.#channels.get(channel.subchannelIndex) === channel) this.#channels.delete(channel.subchannelIndex)
    this.onClose(channel, reason)
    this.#lifecycle.emit('close', channel, reason)
  }

  /** Sound: a subclass's map only adds events, which generic code cannot show. */
  get #lifecycle(): EventEmitter<VscEvents> {
    return this as unknown as EventEmitter<VscEvents>
  }
}
