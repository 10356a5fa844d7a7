/**
 * Hyper-V's VMBus in one process: a root and a child partition, devices and drivers.
 *
 * @module
 */
import {
  Conversation,
  EndLog,
  Guest,
  GuestEndpoint,
  type GuestOptions,
  Host,
  HostEndpoint,
  type HostOptions,
  type LoneGuestOptions,
  type LoneHostOptions,
  MemoryTransport,
  Pump,
  type Scheduling,
  type TransportEnds,
} from './channels/index.ts'
import { BufferMemory, type GuestMemory } from './memory/index.ts'
import { versionNumber, vmbusVersions } from './vmbus/versions.ts'
import type { ViolationPolicy } from './vmbus/violation.ts'

export type {
  Binding,
  Channel,
  CloseReason,
  Completion,
  ConversationEvents,
  Guest,
  Host,
  LoneGuestOptions,
  LoneHostOptions,
  PendingOpen,
  TransportEnds,
} from './channels/index.ts'
export { rawMessages, StalledError } from './channels/index.ts'
export type { RingPacket } from './vmbus/ring/index.ts'
export { MessageVsc, Vsc } from './vsc/index.ts'
export { MessageVsp, Vsp } from './vsp/index.ts'
export { type Guid, guid } from './wire/index.ts'

/** How a bus is made; everything has a default. */
export interface BusOptions {
  /** Seed of the order in which things happen under `scheduled`. Default 0. */
  readonly seed?: number
  /** `in-order` (default): as they came; `scheduled`: in an order drawn from the seed. */
  readonly scheduling?: Scheduling
  /** Newest VMBus version that both ends know: `'5.3'` or `0x50003`. Default 6.0. */
  readonly version?: string | number
  /** Features that the guest asks for and the host grants (see FeatureFlags), from 6.0 on. Default none. */
  readonly features?: number
  /** Bytes of guest memory. Default 16 MiB: room for some 500 channels. */
  readonly memorySize?: number
  /** Guest memory, instead of `memorySize`. */
  readonly memory?: GuestMemory
  /** Virtual processors of the guest. Default 1. */
  readonly vps?: number
  /** What becomes of violations besides being logged and told as events. Default `collect`. */
  readonly violations?: ViolationPolicy
  /** Time for events, in a unit of the caller's: a bus reads no clock. */
  readonly now?: () => number
  /** Names of the two partitions. Default `root` and `child`. */
  readonly partitions?: { readonly host: string; readonly guest: string }
  /** More about the host's end. */
  readonly host?: HostOptions
  /** More about the guest's end. */
  readonly guest?: GuestOptions
  /**
   * What joins the ends; default a `MemoryTransport`. With all messages and signals as hypercalls:
   * `(memory, pump, vps) => new HypervisorTransport(memory, pump, { vps })`.
   */
  readonly transport?: (memory: GuestMemory, pump: Pump, vps: number) => TransportEnds
  /** Puts something between the ends and their transport, such as faults; what it does later it lets the pump do. */
  readonly wrap?: (ends: TransportEnds, pump: Pump) => TransportEnds
}

/** A root and a child partition with a VMBus between them, in one process. */
export class Bus {
  /** The root partition's end: `offer` and `revoke` devices. */
  readonly host: HostEndpoint
  /** The child partition's end: `attach` drivers. */
  readonly guest: GuestEndpoint
  /** The whole conversation as events: messages, signals, packets, channels, violations. */
  readonly events = new Conversation()
  /** Guest memory. */
  readonly memory: GuestMemory
  readonly transport: TransportEnds
  readonly pump: Pump
  #isClosed = false

  /** Connects at once: with the first {@link settle}, or in a microtask. */
  constructor(options: BusOptions = {}) {
    const { seed, scheduling, vps = 1, memorySize = 16 * 1024 * 1024, violations, now } = options
    const partitions = options.partitions ?? { host: 'root', guest: 'child' }
    this.memory = options.memory ?? new BufferMemory(new ArrayBuffer(memorySize))
    this.pump = new Pump({
      ...(seed === undefined ? {} : { seed }),
      ...(scheduling === undefined ? {} : { scheduling }),
    })
    this.transport =
      options.transport?.(this.memory, this.pump, vps) ?? new MemoryTransport(this.memory, this.pump, vps)
    const ends = options.wrap?.(this.transport, this.pump) ?? this.transport
    const log = (at: 'host' | 'guest') => new EndLog(at, partitions[at], this.events, violations, now)
    const version = versionNumber(options.version)
    const features = options.features ?? 0
    this.host = new HostEndpoint(ends.host, this.pump, log('host'), {
      ...options.host,
      server: { maxVersion: version, features, ...options.host?.server },
    })
    this.guest = new GuestEndpoint(ends.guest, this.pump, log('guest'), {
      ...options.guest,
      client: { versions: vmbusVersions.filter((known) => known <= version), features, ...options.guest?.client },
    })
    this.pump.onQuiet(() => {
      // Time may have passed at the host.
      if (this.pump.waiting > 0) return
      this.guest.pendings.stalled(
        () => this.explain(),
        (channelId) => this.host.owes(channelId),
      )
    })
    this.pump.onError((error) => this.guest.pendings.failAll(error))
    this.guest.connect()
  }

  /** Runs until both ends have nothing left to do. Answers how many steps that took. Code that awaits need not call it. */
  settle(): number {
    return this.pump.settle()
  }

  /** Runs one step. Answers false when nothing is left to do. */
  step(): boolean {
    return this.pump.step()
  }

  /** How things stand, a line each: what was promised to users, and what each end waits for. */
  explain(): string[] {
    return [
      ...this.guest.pendings.explain().map((what) => `promised: ${what}`),
      ...this.host.explain().map((line) => `host: ${line}`),
      ...this.guest.explain().map((line) => `guest: ${line}`),
    ]
  }

  /** Closes every channel and lets go of all devices and drivers; promises that are open break. Nothing runs any more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.guest.close()
    this.host.close()
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

/** A root and a child partition with a VMBus between them. */
export function createBus(options: BusOptions = {}): Bus {
  return new Bus(options)
}

/** The host's half of a bus, for a guest in another process: `createHost({ transport: foreignGuest.host, pump })`. */
export function createHost(options: LoneHostOptions): Host {
  return new Host(options)
}

/** The guest's half of a bus, for a host in another process. */
export function createGuest(options: LoneGuestOptions): Guest {
  return new Guest(options)
}
