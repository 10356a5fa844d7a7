import { EventEmitter } from 'eventemitter3'
import type { Channel, CloseReason, DeviceHost, HostDevice, PendingOpen } from '../channels/index.ts'
import type { PageList } from '../memory/index.ts'
import type { GpadlId } from '../vmbus/ids.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'
import type { OfferParams } from '../vmbus/server/effects.ts'
import { type Activity, whenQuiet } from './quiet.ts'

/** What every VSP tells of itself. */
export interface VspEvents {
  /** The host offers it. */
  offered: () => void
  /** It is no longer offered. What the guest has open is closed, unless the device {@link Vsp.servesUntilReleased}. */
  revoked: () => void
  /** The guest opened a channel of the device. */
  open: (channel: Channel) => void
  /** The last of that channel. */
  close: (channel: Channel, reason: CloseReason) => void
}

/**
 * A Virtualization Service Provider: a device's end in the root partition. A subclass says what it {@link offer}s and answers
 * packets in {@link onPacket}; everything else has a default. For messages that a schema describes see `MessageVsp`.
 *
 * @typeParam Events events of the subclass, beside {@link VspEvents}.
 */
export abstract class Vsp<Events extends object = object>
  extends EventEmitter<VspEvents & Events>
  implements HostDevice
{
  /** What the host offers to the guest. */
  abstract readonly offer: OfferParams
  /**
   * Whether it goes on with what the guest has open after it is revoked, until the guest lets go of that; {@link onClose} comes then. By
   * default everything is closed at once.
   */
  readonly servesUntilReleased?: boolean
  readonly #channels = new Map<number, Channel>()
  /** Who offers it, or has offered it and still has channels of it. */
  #host: DeviceHost | undefined
  #isOffered = false
  /** Settled when the device is gone, once that has begun. */
  #leaving: Promise<void> | undefined

  /** The primary channel while the guest has it open. */
  get channel(): Channel | undefined {
    return this.#channels.get(0)
  }

  /** All open channels, by sub-channel index. */
  get channels(): ReadonlyMap<number, Channel> {
    return this.#channels
  }

  /** Whether a host offers it. */
  get isOffered(): boolean {
    return this.#isOffered
  }

  /** Takes the device away from the guest. */
  close(): void {
    if (this.#isOffered) this.#host?.revoke(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }

  /** A packet, in place: valid during the call. Answer by `channel.complete(packet, …)`, or later by `channel.defer(packet)`. */
  protected onPacket(_packet: RingPacket, _channel: Channel): void {}

  /** The guest opens a channel: accept, refuse, or `open.defer()` and answer later. Accepts by default. */
  protected onOpening(open: PendingOpen): void {
    open.accept()
  }

  /** A channel is open. */
  protected onOpen(_channel: Channel): void {}

  /** A channel is closed: its memory is not to be touched any more. */
  protected onClose(_channel: Channel, _reason: CloseReason): void {}

  /** There is room again after a `send` that answered false. */
  protected onWritable(_channel: Channel): void {}

  /** Offers the sub-channels 1 … `count` to the guest that asked for them. */
  protected offerSubchannels(count: number): void {
    if (!this.#isOffered) return
    for (let index = 1; index <= count; index++) this.#host?.offerSubchannel(this, index)
  }

  /** Takes the sub-channels away again: a guest that has closed the primary channel asks for them anew. */
  protected revokeSubchannels(): void {
    if (this.#isOffered) this.#host?.revokeSubchannels(this)
  }

  /** Has something run in so many milliseconds, by the host's time; at once when no host offers the device. */
  protected later(run: () => void, milliseconds: number): void {
    if (this.#host === undefined || !this.#isOffered) run()
    else this.#host.later(run, milliseconds)
  }

  /**
   * Takes the device away once its guest is quiet, and within two minutes in any case; at once when the guest has not opened it. The promise is
   * kept when it is gone, in whatever way.
   */
  protected closeWhenQuiet(activity: Activity): Promise<void> {
    const host = this.#host
    if (host === undefined || !this.#isOffered) return Promise.resolve()
    if (this.#leaving !== undefined) return this.#leaving
    const leaving = new Promise<void>((resolve) => this.#lifecycle.once('revoked', resolve))
    this.#leaving = leaving
    if (this.channel === undefined) this.close()
    else {
      whenQuiet(activity, host.later, () => {
        // It may have gone meanwhile, and be offered anew.
        if (this.#leaving === leaving) this.close()
      })
    }
    return leaving
  }

  /** Guest memory that the driver shares with the device as a GPADL: a list of pages for each range. */
  protected gpadl(gpadlId: GpadlId): readonly PageList[] | undefined {
    return this.#host?.gpadl(this, gpadlId)
  }

  /** For the host's end of the bus, as all that follows. */
  attached(host: DeviceHost): void {
    if (this.#isOffered) throw new Error('this device is offered already')
    if (host !== this.#host) for (const channel of this.#channels.values()) channel.close('rescinded')
    this.#host = host
    this.#isOffered = true
    this.#lifecycle.emit('offered')
  }

  detached(): void {
    this.#isOffered = false
    this.#leaving = undefined
    this.#forgetHost()
    this.#lifecycle.emit('revoked')
  }

  opening(open: PendingOpen): void {
    this.onOpening(open)
  }

  /** Define it to learn that the guest takes a GPADL back: its memory must not be touched any more. */
  gpadlTornDown?(gpadlId: GpadlId): void

  opened(channel: Channel): void {
    this.#channels.set(channel.subchannelIndex, channel)
    this.onOpen(channel)
    this.#lifecycle.emit('open', channel)
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
    this.#forgetHost()
  }

  #forgetHost(): void {
    if (!this.#isOffered && this.#channels.size === 0) this.#host = undefined
  }

  /** Sound: a subclass's map only adds events, which generic code cannot show. */
  get #lifecycle(): EventEmitter<VspEvents> {
    return this as unknown as EventEmitter<VspEvents>
  }
}
