import { EventEmitter } from 'eventemitter3'
import {
  ByeReason,
  FrameCapabilities,
  type FrameEnd,
  FrameHost,
  type GuestCrashReport,
  type HelloFrame,
  Host,
  type HostDevice,
  type HostOptions,
  type HostTransport,
  Pump,
} from '../channels/index.ts'
import { type ProcessEndOptions, ProcessListener } from './process-listener.ts'

/** Time in milliseconds between two looks at timers and triggers of a guest that makes hypercalls. */
const tickTime = 10

/** One foreign guest, from its hello on. */
export interface HostSession {
  readonly host: Host
  readonly hello: HelloFrame
  /** The devices that it is offered: made for it. */
  readonly devices: readonly HostDevice[]
}

/** What a {@link ProcessHost} tells. */
export interface ProcessHostEvents {
  /** A guest has said hello; nothing has been said to it yet. */
  connected: (session: HostSession) => void
  /** Nothing is left to do until the guest does something. */
  quiet: (session: HostSession) => void
  /** A connection is over; without a session it never said hello. */
  ended: (end: FrameEnd, session: HostSession | undefined) => void
  /** The guest crashed and said so. */
  crashed: (report: GuestCrashReport) => void
  /** A device threw: the connection ends. */
  failed: (error: unknown) => void
}

/** How foreign guests are served. */
export interface ProcessHostOptions extends ProcessEndOptions {
  /** The devices of a guest: made anew for each. @param connection its end of the connection, which knows the guest's reference time. */
  readonly devices: (connection: FrameHost) => readonly HostDevice[]
  readonly host?: HostOptions
  /** Puts something between the host and its transport, such as a recorder. */
  readonly wrap?: (transport: HostTransport) => HostTransport
}

/** Serves devices to foreign guests, one after the other, over a Unix socket and shared memory; see docs/process-transport.md. */
export class ProcessHost extends EventEmitter<ProcessHostEvents> {
  readonly #options: ProcessHostOptions
  readonly #listener: ProcessListener

  constructor(options: ProcessHostOptions) {
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

  #accept(send: (frame: Uint8Array) => void, over: (end: FrameEnd) => void): FrameHost {
    const { memory, devices, wrap = (transport) => transport, pump: pumpOptions, ...endOptions } = this.#options
    const pump = new Pump(pumpOptions)
    let session: HostSession | undefined
    let clock: ReturnType<typeof setInterval> | undefined
    const start = process.hrtime.bigint()
    const connection: FrameHost = new FrameHost({
      memory,
      pump,
      send,
      keepsBits: true,
      now: () => (process.hrtime.bigint() - start) / 100n,
      explain: () => session?.host.explain() ?? [],
      crashed: (report) => this.emit('crashed', report),
      connected: (transport, hello) => {
        const host = new Host({ ...endOptions, transport: wrap(transport), pump })
        const made = { host, hello, devices: devices(connection) }
        session = made
        this.emit('connected', made)
        for (const device of made.devices) host.offer(device)
        pump.onQuiet(() => this.emit('quiet', made))
        if ((hello.capabilities & FrameCapabilities.registers) !== 0) {
          clock = setInterval(() => connection.tick(), tickTime)
        }
      },
      ended: (end) => {
        clearInterval(clock)
        session?.host.close()
        pump.stop()
        over(end)
        this.emit('ended', end, session)
      },
    })
    pump.onError((error) => {
      connection.close(ByeReason.Fault, 'a device of the host failed')
      return this.emit('failed', error)
    })
    return connection
  }
}
