import { MAX_PIPE_PAYLOAD, PipeFrame } from '../../vmbus/pipe.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { Channel } from './channel.ts'
import { faultViolation } from './channel-faults.ts'
import { pipeMessage } from './messages.ts'

/** Bytes per packet into which what is written is split; OpenVMM does the same. */
const CHUNK = 2048

/** The other end closed the pipe before it ended the stream. */
export class ConnectionResetError extends Error {
  override readonly name = 'ConnectionResetError'
}

/**
 * A byte stream over a byte pipe channel, for either end: hand it what the channel brings ({@link packet}, {@link writable},
 * {@link closed}). Writes of any size cross a ring of any size; reading stops while as much as a packet holds is unread.
 */
export class BytePipe {
  readonly #channel: Channel
  readonly #frame = new PipeFrame()
  readonly #chunks: Uint8Array[] = []
  #unread = 0
  #ended = false
  #closed = false
  #reader: { resolve: (bytes: Uint8Array | undefined) => void; reject: (error: Error) => void } | undefined
  readonly #writes: { bytes: Uint8Array; offset: number; done: () => void; fail: (error: Error) => void }[] = []

  constructor(channel: Channel) {
    this.#channel = channel
  }

  /**
   * The bytes that come next, some or many; `undefined` at the end of the stream, which is only told when all before it is read
   * (behaviour 163). Fails with {@link ConnectionResetError} when the pipe closes instead (behaviour 165). One read at a time.
   */
  read(): Promise<Uint8Array | undefined> {
    if (this.#reader !== undefined) return Promise.reject(new Error('a read is under way'))
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject }
      this.#serve()
    })
  }

  /** Resolves when all bytes are in the ring, in order with other writes. Fails when the pipe closes before. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#queue(bytes)
  }

  /** Says that no more will be written: an empty packet. */
  end(): Promise<void> {
    return this.#queue(undefined)
  }

  /** For the device that has the channel. */
  packet(packet: RingPacket): void {
    const fault = this.#frame.decode(packet)
    if (fault !== undefined) {
      this.#channel.fail(faultViolation(fault, this.#channel.channelId))
      return
    }
    const { bytes, offset, length, partial } = this.#frame
    if (length === 0 && !partial) this.#ended = true
    else if (length > 0) this.#chunks.push(bytes.slice(offset, offset + length))
    this.#unread += length
    if (this.#unread >= MAX_PIPE_PAYLOAD) this.#channel.pause()
    this.#serve()
  }

  /** For the device that has the channel. */
  writable(): void {
    for (let write = this.#writes[0]; write !== undefined; write = this.#writes[0]) {
      const rest = Math.min(CHUNK, write.bytes.length - write.offset)
      if (!this.#channel.send(pipeMessage(write.bytes.subarray(write.offset, write.offset + rest)))) return
      write.offset += rest
      if (write.offset < write.bytes.length) continue
      this.#writes.shift()
      write.done()
    }
  }

  /** For the device that has the channel. */
  closed(): void {
    this.#closed = true
    for (const { fail } of this.#writes.splice(0)) fail(new ConnectionResetError('the pipe was closed'))
    this.#serve()
  }

  #queue(bytes: Uint8Array | undefined): Promise<void> {
    if (this.#closed) return Promise.reject(new ConnectionResetError('the pipe was closed'))
    // An empty write would end the stream.
    if (bytes?.length === 0) return Promise.resolve()
    return new Promise((done, fail) => {
      this.#writes.push({ bytes: bytes?.slice() ?? new Uint8Array(0), offset: 0, done, fail })
      if (this.#writes.length === 1) this.writable()
    })
  }

  #serve(): void {
    const reader = this.#reader
    if (reader === undefined) return
    const chunk = this.#chunks.shift()
    if (chunk === undefined && !this.#ended && !this.#closed) return
    this.#reader = undefined
    if (chunk !== undefined) {
      this.#unread -= chunk.length
      if (this.#unread < MAX_PIPE_PAYLOAD) this.#channel.resume()
      reader.resolve(chunk)
    } else if (this.#ended) reader.resolve(undefined)
    else reader.reject(new ConnectionResetError('the pipe was closed'))
  }
}
