import type { OfferId } from '../../vmbus/server/effects.ts'
import { versionNumber, vmbusVersions } from '../../vmbus/versions.ts'
import type { ViolationPolicy } from '../../vmbus/violation.ts'
import { Conversation } from '../conversation.ts'
import { EndLog } from '../end-log.ts'
import type { Pump } from '../pump.ts'
import type { HostTransport } from '../transports/transport.ts'
import type { HostDevice } from './host-device.ts'
import { HostEndpoint, type HostOptions } from './host-endpoint.ts'

/** What both lone ends of a bus are made with. */
export interface EndOptions {
  /** Runs what the end has to do; the transport's own, if it has one. */
  readonly pump: Pump
  /** Newest VMBus version that this end knows: `'5.3'` or `0x50003`. Default 6.0. */
  readonly version?: string | number
  /** Features that are asked for or granted (see FeatureFlags), from 6.0 on. Default none. */
  readonly features?: number
  /** What becomes of violations besides being told as events. Default `collect`. */
  readonly violations?: ViolationPolicy
  /** Time for events, in a unit of the caller's. */
  readonly now?: () => number
}

/** How a {@link Host} is made. */
export interface LoneHostOptions extends EndOptions {
  /** The way to the guest, such as `ForeignGuest.host`. */
  readonly transport: HostTransport
  /** Name of the partition. Default `root`. */
  readonly partition?: string
  /** More about the host's end. */
  readonly host?: HostOptions
}

/** The host's half of a bus, for a guest that is not in this process: server, devices, events. */
export class Host {
  readonly endpoint: HostEndpoint
  /** What this end sees of the conversation. */
  readonly events = new Conversation()
  readonly pump: Pump
  #isClosed = false

  constructor(options: LoneHostOptions) {
    const { transport, pump, features = 0, violations, now } = options
    this.pump = pump
    const log = new EndLog('host', options.partition ?? 'root', this.events, violations, now)
    this.endpoint = new HostEndpoint(transport, pump, log, {
      // A guest elsewhere goes by its own clock.
      later: (run, milliseconds) => void setTimeout(run, milliseconds),
      ...options.host,
      server: { maxVersion: versionNumber(options.version), features, ...options.host?.server },
    })
  }

  /** Offers a device. Throws when its interface and instance are offered already. */
  offer(device: HostDevice): OfferId {
    return this.endpoint.offer(device)
  }

  /** Takes a device away: the guest sees it rescinded. */
  revoke(device: HostDevice): void {
    this.endpoint.revoke(device)
  }

  /** Runs what there is to do now. Answers how many steps that took. */
  settle(): number {
    return this.pump.settle()
  }

  /** What the host waits for, a line each. */
  explain(): string[] {
    return this.endpoint.explain()
  }

  /** Closes all channels and lets go of all devices. Nothing runs any more. */
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

/** The versions that an end knows whose newest this is. */
export function versionsUpTo(version: string | number | undefined): number[] {
  const newest = versionNumber(version)
  return vmbusVersions.filter((known) => known <= newest)
}
