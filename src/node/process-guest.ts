import { EventEmitter } from 'eventemitter3'
import {
  ByeReason,
  type FrameEnd,
  FrameGuest,
  Guest,
  type GuestDriver,
  type GuestOptions,
  type GuestTransport,
  type HelloFrame,
  Pump,
  type PumpOptions,
} from '../channels/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import { type ListenerOptions, ProcessListener } from './process-listener.ts'

/** One foreign host, from its hello on. */
export interface GuestSession {
  readonly guest: Guest
  readonly hello: HelloFrame
  /** The drivers that wait for their devices: made for it. */
  readonly drivers: readonly GuestDriver[]
}

/** What a {@link ProcessGuest} tells. */
export interface ProcessGuestEvents {
  /** A host has said hello. */
  connected: (session: GuestSession) => void
  /** A driver is ready, or why it is not. */
  bound: (driver: GuestDriver, error: Error | undefined) => void
  /** Nothing is left to do until the host does something. */
  quiet: (session: GuestSession) => void
  /** A connection is over; without a session it never said hello. */
  ended: (end: FrameEnd, session: GuestSession | undefined) => void
  /** A driver threw: the connection ends. */
  failed: (error: unknown) => void
}

/** How a guest is lent to foreign hosts. */
export interface ProcessGuestOptions extends ListenerOptions {
  /** The guest's memory, which is shared with the host, such as a `FileMemory`. */
  readonly memory: GuestMemory
  /** The guest's drivers: made anew for each host. */
  readonly drivers: () => readonly GuestDriver[]
  /** Newest VMBus version that the guest asks for. Default 6.0. */
  readonly version?: string | number
  readonly features?: number
  readonly guest?: GuestOptions
  /** Puts something between the guest and its transport, such as a recorder. */
  readonly wrap?: (transport: GuestTransport) => GuestTransport
  /** In which order things happen here. */
  readonly pump?: PumpOptions
  /** Time of events. */
  readonly now?: () => number
}

/** Lends our guest to foreign hosts, one after the other, over a Unix socket and shared memory; see docs/process-transport.md. */
export class ProcessGuest extends EventEmitter<ProcessGuestEvents> {
  readonly #options: ProcessGuestOptions
  readonly #listener: ProcessListener

  constructor(options: ProcessGuestOptions) {
    super()
    this.#options = options
    this.#listener = new ProcessListener(options, {
      accept: (send, ended) => this.#accept(send, ended),
      failed: (error) => this.emit('failed', error),
    })
  }

  /** Begins to listen. Rejects when that is not possible. */
  listen(): Promise<void> {
    return this.#listener.listen()
  }

  /** Ends the connection, if there is one, and listens no more. */
  close(): Promise<void> {
    return this.#listener.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(send: (frame: Uint8Array) => void, over: (end: FrameEnd) => void): FrameGuest {
    const {
      memory,
      drivers,
      version,
      features,
      guest: guestOptions,
      wrap = (transport) => transport,
      now,
    } = this.#options
    const pump = new Pump(this.#options.pump)
    let session: GuestSession | undefined
    const connection: FrameGuest = new FrameGuest({
      memory,
      pump,
      send,
      keepsBits: true,
      explain: () => session?.guest.explain() ?? [],
      connected: (transport, hello) => {
        const guest = new Guest({
          transport: wrap(transport),
          pump,
          ...(version === undefined ? {} : { version }),
          ...(features === undefined ? {} : { features }),
          ...(guestOptions === undefined ? {} : { guest: guestOptions }),
          ...(now === undefined ? {} : { now }),
        })
        const made = { guest, hello, drivers: drivers() }
        session = made
        this.emit('connected', made)
        for (const driver of made.drivers) {
          guest.endpoint.bind(driver, (error) => this.emit('bound', driver, error))
        }
        pump.onQuiet(() => this.emit('quiet', made))
      },
      ended: (end) => {
        session?.guest.close()
        pump.stop()
        over(end)
        this.emit('ended', end, session)
      },
    })
    pump.onError((error) => {
      connection.close(ByeReason.Fault, 'a driver of the guest failed')
      return this.emit('failed', error)
    })
    return connection
  }
}
