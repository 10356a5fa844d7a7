import { Conversation } from '../conversation.ts'
import { EndLog } from '../end-log.ts'
import { type EndOptions, versionsUpTo } from '../host-end/host.ts'
import type { Pump } from '../pump.ts'
import type { GuestTransport } from '../transports/transport.ts'
import type { GuestDriver } from './guest-driver.ts'
import { GuestEndpoint, type GuestOptions } from './guest-endpoint.ts'

/** How a {@link Guest} is made. */
export interface LoneGuestOptions extends EndOptions {
  /** The way to the host. */
  readonly transport: GuestTransport
  /** Name of the partition. Default `child`. */
  readonly partition?: string
  /** More about the guest's end. */
  readonly guest?: GuestOptions
}

/**
 * The guest's half of a bus, for a host that is not in this process: client, drivers, events. It connects at once. What it promises is not
 * broken when nothing is left to do here: the host may still act; `close` breaks it.
 */
export class Guest {
  /** The guest's end of VMBus. */
  readonly endpoint: GuestEndpoint
  /** What this end sees of the conversation. */
  readonly events = new Conversation()
  /** What runs it. */
  readonly pump: Pump
  #isClosed = false

  constructor(options: LoneGuestOptions) {
    const { transport, pump, features = 0, violations, now } = options
    this.pump = pump
    const log = new EndLog('guest', options.partition ?? 'child', this.events, violations, now)
    this.endpoint = new GuestEndpoint(transport, pump, log, {
      ...options.guest,
      client: { versions: versionsUpTo(options.version), features, ...options.guest?.client },
    })
    this.endpoint.connect()
  }

  /** Gives a driver the first device that it binds to, when it is offered. */
  attach<D extends GuestDriver>(driver: D | (new () => D)): Promise<D> {
    return this.endpoint.attach(driver)
  }

  /** Runs what there is to do now. Answers how many steps that took. */
  settle(): number {
    return this.pump.settle()
  }

  /** What was promised, and what the guest waits for, a line each. */
  explain(): string[] {
    return [...this.endpoint.pendings.explain().map((what) => `promised: ${what}`), ...this.endpoint.explain()]
  }

  /** Closes all channels and lets go of all drivers; promises that are open break. Nothing runs any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.endpoint.close()
    this.pump.stop()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close()
    return Promise.resolve()
  }
}
