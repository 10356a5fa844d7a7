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
} from '../channels/index.ts'
import { type ProcessEndOptions, ProcessListener } from './process-listener.ts'

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
export interface ProcessGuestOptions extends ProcessEndOptions {
  /** The guest's drivers: made anew for each host. */
  readonly drivers: () => readonly GuestDriver[]
  readonly guest?: GuestOptions
  /** Puts something between the guest and its transport, such as a recorder. */
  readonly wrap?: (transport: GuestTransport) => GuestTransport
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

  /** Connects to one that listens, instead. Rejects when nobody is there. */
  connect(): Promise<void> {
    return this.#listener.connect()
  }

  /** Ends the connection, if there is one, and goes on listening. */
  hangUp(): void {
    this.#listener.hangUp()
  }

  /** Ends the connection, if there is one, and listens no more. */
  close(): Promise<void> {
    return this.#listener.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(send: (frame: Uint8Array) => void, over: (end: FrameEnd) => void): FrameGuest {
    const { memory, drivers, wrap = (transport) => transport, pump: pumpOptions, ...endOptions } = this.#options
    const pump = new Pump(pumpOptions)
    let session: GuestSession | undefined
    const connection: FrameGuest = new FrameGuest({
      memory,
      pump,
      send,
      keepsBits: true,
      explain: () => session?.guest.explain() ?? [],
      connected: (transport, hello) => {
        const guest = new Guest({ ...endOptions, transport: wrap(transport), pump })
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
