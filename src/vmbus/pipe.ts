import { PacketType, PipePacketType } from './packet-types.ts'
import { ringBytesOf } from './ring/layout.ts'
import type { RingFault } from './ring/ring-fault.ts'
import type { RingPacket } from './ring/ring-packet.ts'
import type { RingReader } from './ring/ring-reader.ts'
import type { RingWriter } from './ring/ring-writer.ts'
import type { WriteResult } from './ring/write-result.ts'
import { putU32, u32At } from './u32.ts'

/** Bytes of the header: type u32, then length u32 (data), or length u16 and offset u16 (partial). */
export const PIPE_HEADER_SIZE = 8

/** Most bytes behind one header, in either direction. */
export const MAX_PIPE_PAYLOAD = 16384

/** Bytes per packet into which a byte pipe splits what it sends; a choice, OpenVMM's is the same. */
const BYTE_PIPE_CHUNK = 2048

/** Stable codes of a bad pipe packet. */
export type PipeFaultCode =
  /** The packet is not in-band. */
  | 'TYPE'
  | 'SHORT'
  /** The length in the header is not there. */
  | 'LENGTH'
  | 'InvalidPipePacketType'
  | 'PacketTooLarge'

/** What is wrong with a packet on a pipe; a value, never thrown here. */
export class PipeFault extends Error {
  override readonly name = 'PipeFault'
  constructor(
    readonly code: PipeFaultCode,
    /** Byte offset of the field in the packet's payload. */
    readonly offset: number,
    readonly why: string,
  ) {
    super(`${code} at ${offset}: ${why}`)
  }
}

/**
 * One message of a message pipe, or one piece of a byte pipe, where it lies in its packet. Reusable, without allocation.
 * On a message pipe an empty one is an empty message, on a byte pipe the end of the stream (behaviour 163).
 */
export class PipeFrame {
  /** Where the data is: `length` bytes at `offset` of `bytes`, as valid as the packet. */
  bytes: Uint8Array = new Uint8Array(0)
  /** Where in `bytes` the data begin. */
  offset = 0
  /** Bytes of data, 0 … 16384. */
  length = 0
  /** A rest that an OpenVMM peer left after a partial read (behaviour 164). */
  partial = false

  /** Takes the frame out of a packet. Answers what is wrong, if anything; then the frame is empty. */
  decode(packet: RingPacket): PipeFault | undefined {
    this.length = 0
    this.partial = false
    if (packet.type !== PacketType.DataInBand) return new PipeFault('TYPE', 0, `packet type ${packet.type} on a pipe`)
    const room = packet.payloadLength - PIPE_HEADER_SIZE
    if (room < 0) return new PipeFault('SHORT', 0, `${packet.payloadLength} bytes are no pipe header`)
    const type = u32At(packet.bytes, packet.payloadOffset)
    const word = u32At(packet.bytes, packet.payloadOffset + 4)
    this.partial = type === PipePacketType.Partial
    if (type !== PipePacketType.Data && !this.partial)
      return new PipeFault('InvalidPipePacketType', 0, `pipe type ${type}`)
    const length = this.partial ? word & 0xffff : word
    const skip = this.partial ? word >>> 16 : 0
    if (length > MAX_PIPE_PAYLOAD) return new PipeFault('PacketTooLarge', 4, `${length} bytes`)
    if (length > room || skip > room - length)
      return new PipeFault('LENGTH', 4, `${length} bytes at ${skip} of ${room}`)
    this.bytes = packet.bytes
    this.offset = packet.payloadOffset + PIPE_HEADER_SIZE + skip
    this.length = length
    return undefined
  }
}

/** Sends on a pipe channel: messages whole, bytes in pieces. Never both on one channel. */
export class PipeWriter {
  /** After {@link writeBytes} and {@link writeEnd}: whether to signal the peer. */
  signal = false
  readonly #ring: RingWriter
  readonly #header = new Uint8Array(PIPE_HEADER_SIZE)

  constructor(ring: RingWriter) {
    this.#ring = ring
  }

  /** Writes one message of at most 16384 bytes as one in-band packet, no completion requested (behaviour 160). */
  writeMessage(message: Uint8Array): WriteResult | { readonly status: 'error'; readonly error: PipeFault } {
    if (message.length > MAX_PIPE_PAYLOAD) {
      return { status: 'error', error: new PipeFault('PacketTooLarge', 4, `${message.length} bytes`) }
    }
    const refusal = this.#stage(message, 0, message.length)
    if (refusal !== undefined) return refusal
    const signal = this.#ring.commit()
    if (this.#ring.fault !== undefined) return { status: 'error', error: this.#ring.fault }
    return { status: 'written', signal }
  }

  /**
   * Writes as many bytes as fit and answers how many. If not all: the reader is asked to signal once there is room for more
   * (pending_send_size), then call again with the rest. 0 also when the ring is faulted.
   */
  writeBytes(bytes: Uint8Array, offset = 0): number {
    let done = offset
    while (done < bytes.length) {
      const count = Math.min(BYTE_PIPE_CHUNK, bytes.length - done)
      if (this.#stage(bytes, done, count) === undefined) {
        done += count
      } else if (
        this.#ring.fault !== undefined ||
        !this.#ring.setPendingSendSize(ringBytesOf(0, count + PIPE_HEADER_SIZE))
      ) {
        break
      }
    }
    this.signal = this.#ring.commit()
    if (done === bytes.length) this.#ring.setPendingSendSize(0)
    return done - offset
  }

  /** Ends the byte stream with an empty packet. Answers whether there was room for it. */
  writeEnd(): boolean {
    const written = this.#stage(this.#header, 0, 0) === undefined
    this.signal = this.#ring.commit()
    return written
  }

  #stage(bytes: Uint8Array, offset: number, length: number) {
    putU32(this.#header, 0, PipePacketType.Data)
    putU32(this.#header, 4, length)
    const refusal = this.#ring.begin(PacketType.DataInBand, 0, 0, 0, 0, PIPE_HEADER_SIZE + length)
    if (refusal !== undefined) return refusal
    this.#ring.append(this.#header)
    this.#ring.append(bytes, offset, length)
    return this.#ring.end()
  }
}

/** Receives on a byte pipe: joins the pieces, keeps the rest of one that was not asked for in full. */
export class BytePipeReader {
  /** Bytes that the last {@link read} put into the target. */
  count = 0
  /** Whether the last {@link read} made room that the peer waits for. */
  signal = false
  /** Why the pipe is unusable, if it is. */
  fault: PipeFault | RingFault | undefined
  readonly #ring: RingReader
  readonly #frame = new PipeFrame()
  #rest = new Uint8Array(0)
  #restStart = 0
  #ended = false

  constructor(ring: RingReader) {
    this.#ring = ring
  }

  /**
   * Fills `target` as far as there are bytes. `end` is sticky and comes only once no data precedes it, `fault` likewise
   * (behaviours 161, 163).
   */
  read(target: Uint8Array): 'data' | 'empty' | 'end' | 'fault' {
    this.count = 0
    while (this.count < target.length && !this.#ended && this.fault === undefined) {
      if (this.#restStart < this.#rest.length) {
        this.#restStart += this.#copy(target, this.#rest, this.#restStart, this.#rest.length - this.#restStart)
        continue
      }
      const status = this.#ring.next()
      if (status === 'fault') this.fault = this.#ring.fault
      if (status !== 'packet') break
      this.fault = this.#frame.decode(this.#ring.packet)
      if (this.fault !== undefined) break
      const { bytes, offset, length, partial } = this.#frame
      if (length === 0 && !partial) this.#ended = true
      const copied = this.#copy(target, bytes, offset, length)
      this.#rest = copied < length ? bytes.slice(offset + copied, offset + length) : this.#rest
      if (copied < length) this.#restStart = 0
    }
    this.signal = this.#ring.commit()
    if (this.count > 0 || target.length === 0) return 'data'
    if (this.fault !== undefined) return 'fault'
    return this.#ended ? 'end' : 'empty'
  }

  #copy(target: Uint8Array, bytes: Uint8Array, offset: number, available: number): number {
    const count = Math.min(available, target.length - this.count)
    target.set(bytes.subarray(offset, offset + count), this.count)
    this.count += count
    return count
  }
}
