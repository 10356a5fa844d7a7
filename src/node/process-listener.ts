import { rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import {
  ByeFrame,
  ByeReason,
  type EndOptions,
  encodeFrame,
  type FrameConnection,
  type FrameEnd,
  type PumpOptions,
} from '../channels/index.ts'
import type { GuestMemory } from '../memory/index.ts'

/** Bytes that may wait for a peer that does not read. */
const maxUnread = 1024 * 1024
/** Time in milliseconds that a peer has to close its socket when all is said. */
const partingTime = 3000

/** Whose connections these are. */
export interface Acceptor {
  /** Makes this end of a connection; `send` and `ended` are what a `FrameConnection` is made with. */
  accept(send: (frame: Uint8Array) => void, ended: (end: FrameEnd) => void): FrameConnection
  /** This end's own code threw; the connection is closed. */
  failed(error: unknown): void
}

/** How connections are listened for. */
export interface ListenerOptions {
  /** Path of the Unix socket. */
  readonly path: string
  /** Time in milliseconds that a peer has for what it owes: its hello, the rest of a frame, the end of a message. Default 10,000. */
  readonly patience?: number
}

/** What a host or guest for foreign peers is made with, whichever of the two it is. */
export interface ProcessEndOptions extends ListenerOptions, Omit<EndOptions, 'pump'> {
  /** The guest's memory, which both ends share, such as a `FileMemory`. */
  readonly memory: GuestMemory
  /** In which order things happen here. */
  readonly pump?: PumpOptions
}

/**
 * Listens on a Unix socket for one foreign end at a time, or connects to one; another that connects meanwhile is told so. A peer that breaks the protocol, stalls
 * or dies ends its own connection.
 */
export class ProcessListener {
  readonly #server: Server
  readonly #path: string
  readonly #patience: number
  readonly #acceptor: Acceptor
  #current: FrameConnection | undefined

  constructor(options: ListenerOptions, acceptor: Acceptor) {
    this.#path = options.path
    this.#patience = options.patience ?? 10_000
    this.#acceptor = acceptor
    this.#server = createServer((socket) => this.#connected(socket))
  }

  /** Begins to listen. A socket that a dead process left is taken over. Rejects when somebody listens there, or nobody can. */
  async listen(): Promise<void> {
    try {
      await this.#listen()
    } catch (error) {
      if (!isCode(error, 'EADDRINUSE') || !statSync(this.#path).isSocket() || (await isAlive(this.#path))) throw error
      rmSync(this.#path, { force: true })
      await this.#listen()
    }
  }

  /** Connects to a foreign end that listens, instead of listening. Rejects when nobody is there. */
  async connect(): Promise<void> {
    const { accept, failed } = this.#acceptor
    this.#current = await connectProcess(
      { path: this.#path, patience: this.#patience },
      {
        accept: (send, ended) =>
          accept(send, (end) => {
            this.#current = undefined
            ended(end)
          }),
        failed,
      },
    )
  }

  /** Says goodbye to the peer, if there is one, and goes on listening. */
  hangUp(): void {
    this.#current?.close(ByeReason.Done, '')
  }

  /** Says goodbye to the peer, and listens no more; the socket's file is gone. */
  async close(): Promise<void> {
    this.#current?.close(ByeReason.Done, 'the other end is closing')
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#path, () => {
        this.#server.removeListener('error', reject)
        resolve()
      })
    })
  }

  #connected(socket: Socket): void {
    if (this.#current !== undefined) {
      const text = new TextEncoder().encode('another connection is open')
      socket.on('error', () => {})
      socket.end(encodeFrame(ByeFrame, { reason: ByeReason.Busy, text }))
      socket.resume()
      return
    }
    this.#current = converse(socket, this.#patience, this.#acceptor, () => {
      this.#current = undefined
    })
  }
}

/** Connects to a foreign end that listens, and says hello first. Answers this end of the connection. Rejects when nobody is there. */
export function connectProcess(options: ListenerOptions, acceptor: Acceptor): Promise<FrameConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect(options.path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      const connection = converse(socket, options.patience ?? 10_000, acceptor, () => {})
      connection.begin()
      resolve(connection)
    })
  })
}

/** Joins a socket and a connection until one of them ends. */
function converse(socket: Socket, patience: number, { accept, failed }: Acceptor, over: () => void): FrameConnection {
  let timer: ReturnType<typeof setTimeout> | undefined
  let awaited: string | undefined
  /** The clock runs as long as the same thing is awaited. */
  const watch = (): void => {
    const { awaits } = connection
    if (awaits === awaited) return
    clearTimeout(timer)
    awaited = awaits
    if (awaits === undefined) return
    timer = setTimeout(() => connection.close(ByeReason.Stalled, `stalled: ${awaits} does not come`), patience)
  }
  const send = (frame: Uint8Array): void => {
    socket.write(frame)
    if (socket.writableLength > maxUnread) queueMicrotask(unread)
    queueMicrotask(watch)
  }
  const unread = () => connection.close(ByeReason.Stalled, 'stalled: it does not read')
  const connection = accept(send, () => {
    clearTimeout(timer)
    over()
    socket.end()
    const parting = setTimeout(() => socket.destroy(), partingTime)
    socket.once('close', () => clearTimeout(parting))
    socket.resume()
  })
  socket.on('data', (chunk: Uint8Array) => {
    try {
      connection.receive(chunk)
    } catch (error) {
      connection.close(ByeReason.Fault, 'a fault of this end')
      failed(error)
    }
    watch()
  })
  socket.on('error', () => {})
  socket.on('close', () => connection.disconnected())
  watch()
  return connection
}

function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
