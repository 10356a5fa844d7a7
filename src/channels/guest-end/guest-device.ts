import type { GpadlId } from '../../vmbus/ids.ts'
import type { OfferChannel } from '../../vmbus/messages.ts'
import type { GuestChannel } from './guest-channel.ts'
import type { GuestDriver } from './guest-driver.ts'
import type { GuestEndpoint } from './guest-endpoint.ts'
import type { PageRun } from './page-allocator.ts'

/** A device that a driver has: its channels, and what the driver may do with them. */
export class GuestDevice {
  /** For the endpoint: the sub-channels that the driver opens. */
  readonly subchannels = new Set<GuestChannel>()
  /** Called once: the driver is ready, or why it never will be. */
  #settled: ((error: Error | undefined) => void) | undefined

  constructor(
    readonly endpoint: GuestEndpoint,
    readonly driver: GuestDriver,
    /** The primary channel. */
    readonly primary: GuestChannel,
    settled: (error: Error | undefined) => void,
  ) {
    this.#settled = settled
  }

  /** What the host offers. */
  get offer(): OfferChannel {
    return this.primary.offer
  }

  /** The driver can be used: its `attach` is done. */
  ready(): void {
    this.settle(undefined)
  }

  /** The driver cannot be used: its `attach` fails, and the device is given up. */
  failed(why: string): void {
    this.settle(new Error(why))
    this.close()
  }

  /** Closes the device's channels, sub-channels first, and lets go of it. The device can be attached again. */
  close(): void {
    this.endpoint.release(this)
  }

  /** Opens a sub-channel that was offered. */
  openSubchannel(offer: OfferChannel): void {
    this.endpoint.openSubchannel(this, offer)
  }

  /**
   * Shows pages to the host as a GPADL of the primary channel. `done` gets its handle, or nothing when that failed, once.
   * The pages are the guest's alone again when `teardownGpadl` is done or the device is gone.
   */
  createGpadl(run: PageRun, done: (gpadlId: GpadlId | undefined) => void): void {
    this.endpoint.createGpadl(this.primary, run, done)
  }

  /** Takes a GPADL back; `done` is called when the host has let go of it. The pages are then free. */
  teardownGpadl(gpadlId: GpadlId, done: () => void): void {
    this.endpoint.teardownGpadl(this.primary, gpadlId, done)
  }

  /** A promise about this device: broken when the bus is quiet and no one owes an answer. */
  promise<T>(what: string, start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    return this.endpoint.pendings.promise(what, () => this.primary.channelId, start)
  }

  /** For the endpoint. */
  settle(error: Error | undefined): void {
    const settled = this.#settled
    this.#settled = undefined
    settled?.(error)
  }
}
