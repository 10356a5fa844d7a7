import { setBytes } from '../../memory/copy-bytes.ts'
import type { GuestMemory } from '../../memory/guest-memory.ts'
import {
  DESCRIPTOR_SIZE,
  descriptorLengthWord,
  descriptorTypeWord,
  FEATURE_PENDING_SEND_SIZE,
  MAX_PACKET_LENGTH,
  RING_CONTROL,
  ringBytesOf,
  TRAILER_SIZE,
} from './layout.ts'
import { PacketAssembly } from './packet-assembly.ts'
import { RingFault } from './ring-fault.ts'
import { memoryFaultOf, RingView } from './ring-view.ts'
import { FULL, WRITTEN, WRITTEN_SIGNAL, type WriteRefusal, type WriteResult } from './write-result.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

// Control fields as indices of words.
const WRITE_INDEX = RING_CONTROL.writeIndex >> 2
const READ_INDEX = RING_CONTROL.readIndex >> 2
const MASK = RING_CONTROL.interruptMask >> 2

/**
 * The writing end of a ring.
 *
 * One packet: {@link write}. Several with at most one signal: {@link stage} each, then {@link commit}. From parts without
 * joining them: {@link begin}, {@link append} each, {@link end}, {@link commit}.
 *
 * A packet is full when free bytes are less than *or equal to* what it needs (Linux drivers/hv/ring_buffer.c), so the
 * largest takes `size - 8` bytes of an empty ring; OpenVMM's own writer stops 8 bytes earlier, its reader does not.
 *
 * `write` of a packet that lies in one piece of a buffer takes a short way, through fields of the writer's own; all others,
 * and all other kinds of memory, the general one through {@link RingView}. Both make the same checks.
 */
export class RingWriter {
  readonly #view: RingView
  /** The ring in place, as in the view. Flags are compared with `true`: one instruction, where a test for truth takes ten. */
  readonly #isShared: boolean
  readonly #control: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  /** Bytes of data within which packets may be written the short way: 0 without a direct view and on a faulted ring. */
  #shortSize = 0
  #fault: RingFault | undefined
  /** The write index as published; private: what the peer does to the shared copy has no effect. */
  #published = 0
  /** Where the next packet starts: beyond `#published` while packets are staged. */
  #staged = 0
  /** Bytes of packets, staged ones included, that the peer had not read when its read index was last looked at. */
  #unread = 0
  /** The packet between `begin` and `end`. */
  readonly #assembly: PacketAssembly

  /**
   * @param base offset of the control page in `memory`; a multiple of 8.
   * @param totalBytes control page and data: at least 8192, a multiple of 4096.
   *
   * Throws {@link RingFault} `InvalidRingMemory`. A write index found in the ring that is no index sets {@link fault}.
   */
  constructor(memory: GuestMemory, base: number, totalBytes: number) {
    const view = new RingView(memory, base, totalBytes)
    this.#view = view
    this.#assembly = new PacketAssembly(view)
    this.#isShared = view.isShared
    this.#control = view.control
    this.#words = view.words
    this.#bytes = view.bytes
    this.reset()
  }

  /** Bytes of data. */
  get size(): number {
    return this.#view.size
  }

  /** Set once the peer's index was bad or memory is gone; nothing is written until {@link reset}. */
  get fault(): RingFault | undefined {
    return this.#fault
  }

  /** Takes up the indices found in the ring and forgets fault and staged packets. */
  reset(): void {
    const view = this.#view
    this.#fault = undefined
    this.#shortSize = this.#bytes.length
    this.#assembly.missing = -1
    try {
      const own = view.load(RING_CONTROL.writeIndex)
      const peer = view.load(RING_CONTROL.readIndex)
      const fault = view.checkIndex(RING_CONTROL.writeIndex, own) ?? view.checkIndex(RING_CONTROL.readIndex, peer)
      if (fault !== undefined) {
        this.#fail(fault)
        return
      }
      this.#published = this.#staged = own
      this.#unread = view.distance(peer, own)
    } catch (error) {
      this.#fail(memoryFaultOf(error))
    }
  }

  /** Announces that this writer keeps pending_send_size, with none pending (behaviour 150). */
  initialize(): void {
    this.#view.store(RING_CONTROL.featureBits, FEATURE_PENDING_SEND_SIZE)
    this.#view.store(RING_CONTROL.pendingSendSize, 0)
  }

  /**
   * Writes one packet and publishes it, with whatever was staged before.
   *
   * @param type u16. @param flags u16.
   * @param idLow, idHigh transaction id, two 32-bit words; signed ones with the same bits will do (and are never boxed).
   * @param payload padded with zeros to a multiple of 8.
   * @param header bytes between descriptor and payload (ranges of types 7 and 9); their number must be a multiple of 8.
   */
  write(
    type: number,
    flags: number,
    idLow: number,
    idHigh: number,
    payload: Uint8Array,
    header: Uint8Array = NOTHING,
  ): WriteResult {
    const start = this.#staged
    const before = this.#published
    // An array's length may exceed 32 bits, and everything computed from it would; a packet's may not.
    const headerLength = header.length & 0x3fff_ffff
    const payloadLength = payload.length & 0x3fff_ffff
    const length = DESCRIPTOR_SIZE + headerLength + ((payloadLength + 7) & ~7)
    const end = start + length + TRAILER_SIZE
    if (
      end >= this.#shortSize ||
      start !== before ||
      header.length > MAX_PACKET_LENGTH ||
      payload.length > MAX_PACKET_LENGTH ||
      length > MAX_PACKET_LENGTH ||
      (headerLength & 7) !== 0
    ) {
      return this.#writeAnyhow(type, flags, idLow, idHigh, payload, header)
    }
    const control = this.#control
    const bytes = this.#bytes
    const size = this.#shortSize
    const read = this.#isShared === true ? Atomics.load(control, READ_INDEX) : (control[READ_INDEX] ?? 0)
    const unread = start >= read ? start - read : start - read + size
    if (unread > this.#unread || read < 0 || read >= size || (read & 7) !== 0) return this.#failReader(read)
    if (end - start >= size - unread) return FULL
    const words = this.#words
    const at = start >> 2
    const trailer = (end - TRAILER_SIZE) >> 2
    words[at] = descriptorTypeWord(type, headerLength)
    words[at + 1] = descriptorLengthWord(length, flags)
    words[at + 2] = idLow
    words[at + 3] = idHigh
    if ((payloadLength & 7) !== 0) {
      words[trailer - 2] = 0
      words[trailer - 1] = 0
    }
    words[trailer] = 0
    words[trailer + 1] = start
    if (headerLength !== 0) setBytes(bytes, header, start + DESCRIPTOR_SIZE)
    setBytes(bytes, payload, start + DESCRIPTOR_SIZE + headerLength)
    this.#unread = unread + (end - start)
    this.#published = this.#staged = end
    if (this.#isShared === true) {
      Atomics.store(control, WRITE_INDEX, end)
      return Atomics.load(control, MASK) === 0 && Atomics.load(control, READ_INDEX) === before
        ? WRITTEN_SIGNAL
        : WRITTEN
    }
    control[WRITE_INDEX] = end
    return control[MASK] === 0 && control[READ_INDEX] === before ? WRITTEN_SIGNAL : WRITTEN
  }

  /** Puts a packet into the ring without showing it to the peer yet. Answers `undefined` when done. */
  stage(
    type: number,
    flags: number,
    idLow: number,
    idHigh: number,
    payload: Uint8Array,
    header: Uint8Array = NOTHING,
  ): WriteRefusal | undefined {
    const refusal = this.begin(type, flags, idLow, idHigh, header.length, payload.length)
    if (refusal !== undefined) return refusal
    this.append(header)
    this.append(payload)
    return this.end()
  }

  /** Starts a packet whose header and payload come by {@link append}, in this order and in exactly these lengths. */
  begin(
    type: number,
    flags: number,
    idLow: number,
    idHigh: number,
    headerLength: number,
    payloadLength: number,
  ): WriteRefusal | undefined {
    const refusal = this.#checkRoom(headerLength, payloadLength)
    if (refusal !== undefined) return refusal
    try {
      this.#assembly.begin(this.#staged, type, flags, idLow, idHigh, headerLength, payloadLength)
    } catch (error) {
      return this.#memoryFault(error)
    }
    return undefined
  }

  /** The next bytes of the packet begun. Throws `RangeError` for more than {@link begin} said. */
  append(bytes: Uint8Array, offset = 0, length = bytes.length - offset): void {
    try {
      this.#assembly.append(bytes, offset, length)
    } catch (error) {
      this.#memoryFault(error)
    }
  }

  /** Finishes the packet begun: it is staged. Throws `RangeError` when bytes are missing. */
  end(): WriteRefusal | undefined {
    const { missing } = this.#assembly
    if (missing !== 0) throw new RangeError(`${missing} bytes are missing in the packet`)
    if (this.#fault !== undefined) return { status: 'error', error: this.#fault }
    try {
      const end = this.#assembly.end()
      this.#unread += this.#view.distance(this.#staged, end)
      this.#staged = end
    } catch (error) {
      return this.#memoryFault(error)
    }
    return undefined
  }

  /**
   * Publishes all staged packets at once. Answers whether to signal the peer: its mask is zero, and it had read everything
   * before these packets, judged *after* publishing (behaviours 146, 151; Linux `hv_signal_on_write`).
   */
  commit(): boolean {
    if (this.#fault !== undefined || this.#staged === this.#published) return false
    const view = this.#view
    const before = this.#published
    try {
      view.store(RING_CONTROL.writeIndex, this.#staged)
      this.#published = this.#staged
      return view.load(RING_CONTROL.interruptMask) === 0 && view.load(RING_CONTROL.readIndex) === before
    } catch (error) {
      this.#memoryFault(error)
      return false
    }
  }

  /** Free bytes now, staged packets counted as written; a packet that needs fewer fits. 0 when faulted. */
  freeBytes(): number {
    if (this.#fault !== undefined) return 0
    try {
      const read = this.#view.load(RING_CONTROL.readIndex)
      this.#acceptReader(read)
    } catch (error) {
      this.#memoryFault(error)
    }
    return this.#fault === undefined ? this.#view.size - this.#unread : 0
  }

  /**
   * Asks the reader to signal once more than `bytes` are free ({@link ringBytesOf} of the packet that did not fit), or no
   * longer to (0). Answers whether the room is there already: then no signal will come, and the writer must try again.
   */
  setPendingSendSize(bytes: number): boolean {
    if (this.#fault !== undefined) return false
    try {
      this.#view.store(RING_CONTROL.pendingSendSize, bytes)
    } catch (error) {
      this.#memoryFault(error)
    }
    return this.freeBytes() > bytes
  }

  /** Why a packet of these lengths cannot be staged now, if so. */
  #checkRoom(headerLength: number, payloadLength: number): WriteRefusal | undefined {
    if (headerLength % 8 !== 0) throw new RangeError(`a packet header of ${headerLength} bytes is no multiple of 8`)
    if (this.#fault !== undefined) return { status: 'error', error: this.#fault }
    const view = this.#view
    const need = ringBytesOf(headerLength, payloadLength)
    if (need > view.size - 8 || need - TRAILER_SIZE > MAX_PACKET_LENGTH) {
      const why = `a packet of ${need} bytes with its trailer can never fit ${view.size} bytes of data`
      return { status: 'error', error: new RingFault('InvalidMessageLength', this.#staged, why) }
    }
    try {
      const read = view.load(RING_CONTROL.readIndex)
      if (!this.#acceptReader(read)) return this.#refuse()
    } catch (error) {
      return this.#memoryFault(error)
    }
    return view.size - this.#unread <= need ? FULL : undefined
  }

  /** Takes the peer's read index, if it is one: a reader can only have gone forward, up to what was published. */
  #acceptReader(read: number): boolean {
    const view = this.#view
    const unread = view.distance(read, this.#staged)
    const staged = view.distance(this.#published, this.#staged)
    if (!view.isIndex(read) || unread > this.#unread || unread < staged) {
      this.#failReader(read)
      return false
    }
    this.#unread = unread
    return true
  }

  #failReader(read: number): WriteRefusal {
    const view = this.#view
    const from = view.distance(this.#unread, this.#staged)
    const why = `read index went from ${from} to ${read}, past the write index ${this.#published}`
    const fault = view.checkIndex(RING_CONTROL.readIndex, read)
    return this.#fail(fault ?? new RingFault('InvalidRingPointer', RING_CONTROL.readIndex, why))
  }

  /** {@link write} of any packet, wherever it comes to lie. */
  #writeAnyhow(
    type: number,
    flags: number,
    idLow: number,
    idHigh: number,
    payload: Uint8Array,
    header: Uint8Array,
  ): WriteResult {
    const refusal = this.stage(type, flags, idLow, idHigh, payload, header)
    if (refusal !== undefined) return refusal
    const signal = this.commit()
    if (this.#fault !== undefined) return this.#refuse()
    return signal ? WRITTEN_SIGNAL : WRITTEN
  }

  /** The refusal of a faulted ring. */
  #refuse(): WriteRefusal {
    return this.#fault === undefined ? FULL : { status: 'error', error: this.#fault }
  }

  #memoryFault(error: unknown): WriteRefusal {
    return this.#fail(memoryFaultOf(error))
  }

  #fail(fault: RingFault): WriteRefusal {
    this.#fault = fault
    this.#shortSize = 0
    return { status: 'error', error: fault }
  }
}
