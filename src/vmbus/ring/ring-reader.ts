import type { GuestMemory } from '../../memory/guest-memory.ts'
import { PacketType } from '../packet-types.ts'
import {
  DESCRIPTOR_SIZE,
  descriptorTypeWord,
  FEATURE_PENDING_SEND_SIZE,
  hasRanges,
  RING_CONTROL,
  TRAILER_SIZE,
} from './layout.ts'
import { checkPacket, type PacketRules } from './packet-rules.ts'
import { RingFault } from './ring-fault.ts'
import { RingPacket } from './ring-packet.ts'
import { memoryFaultOf, RingView } from './ring-view.ts'

/** What a reader puts up with. */
export interface RingReaderOptions extends PacketRules {
  /** Most packets between two {@link RingReader.commit}s, so that a peer that never stops cannot hold its reader. Default no limit. */
  readonly batchLimit?: number
}

/** Answer of {@link RingReader.next}: a packet is in `reader.packet`; nothing more now; batch limit reached; `reader.fault` is set. */
export type ReadStatus = 'packet' | 'empty' | 'limit' | 'fault'

const NO_LIMIT = 0x3fff_ffff

/** First words of the descriptors of nearly all packets: type, and data right behind the descriptor. */
const PLAIN_IN_BAND = descriptorTypeWord(PacketType.DataInBand, 0)
const PLAIN_COMPLETION = descriptorTypeWord(PacketType.Completion, 0)

// Control fields as indices of words.
const WRITE_INDEX = RING_CONTROL.writeIndex >> 2
const READ_INDEX = RING_CONTROL.readIndex >> 2
const PENDING_SEND_SIZE = RING_CONTROL.pendingSendSize >> 2

/**
 * The reading end of a ring: {@link next} until it answers no packet, then {@link commit}. Committing once per drain is what
 * Linux's packet iterator does, committing after each packet what its `vmbus_recvpacket` does.
 *
 * Whatever the peer writes, `next` answers; after a fault it answers only that until {@link reset}. Packets that came before
 * the fault stay good, but their room is not given back.
 *
 * Packets that lie in one piece of a buffer take a short way, through fields of the reader's own; all others, and all
 * other kinds of memory, the general one through {@link RingView}. Both make the same checks.
 */
export class RingReader {
  /** The current packet, valid from one {@link next} to the next, and until {@link commit} gives its room back. */
  readonly packet: RingPacket
  readonly #view: RingView
  readonly #rules: PacketRules
  readonly #batchLimit: number
  /** The ring in place, as in the view. Flags are compared with `true`: one instruction, where a test for truth takes ten. */
  readonly #isShared: boolean
  readonly #control: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #size: number
  /** Whether plain packets may take the short way, as far as memory and options go. */
  readonly #mayBeShort: boolean
  /** Bytes from the position on, written and in one piece, from which packets may be taken the short way. */
  #ready = 0
  #fault: RingFault | undefined
  /** The read index as published; private: what the peer does to the shared copy is noticed, never used. */
  #published = 0
  #position = 0
  /** The peer's write index when last looked at; looked at again only when all up to it is read. */
  #peerWrite = 0
  /** Packets since the last commit; counted only where there is a limit. */
  #batch = 0
  #mask = 0
  #scratch = new Uint8Array(0)
  #scratchWords = new Int32Array(0)

  /**
   * @param base offset of the control page in `memory`; a multiple of 8.
   * @param totalBytes control page and data: at least 8192, a multiple of 4096.
   *
   * Throws {@link RingFault} `InvalidRingMemory`. A read index found in the ring that is no index sets {@link fault}.
   */
  constructor(memory: GuestMemory, base: number, totalBytes: number, options: RingReaderOptions = {}) {
    const view = new RingView(memory, base, totalBytes)
    this.#view = view
    this.packet = new RingPacket(view.headerWords)
    this.#rules = options
    this.#batchLimit = options.batchLimit ?? NO_LIMIT
    this.#isShared = view.isShared
    this.#control = view.control
    this.#words = view.words
    this.#bytes = view.bytes
    this.#size = view.size
    this.#mayBeShort = view.isDirect && options.batchLimit === undefined && options.checkTrailer !== true
    this.reset()
  }

  /** Bytes of data. */
  get size(): number {
    return this.#view.size
  }

  /** Why the ring is unusable, if it is. */
  get fault(): RingFault | undefined {
    return this.#fault
  }

  /** Takes up the indices and the mask found in the ring and forgets a fault. */
  reset(): void {
    this.#fault = undefined
    this.#ready = 0
    this.#batch = 0
    try {
      const own = this.#view.load(RING_CONTROL.readIndex)
      this.#mask = this.#view.load(RING_CONTROL.interruptMask)
      const fault = this.#view.checkIndex(RING_CONTROL.readIndex, own)
      if (fault === undefined) this.#published = this.#position = this.#peerWrite = own
      else this.#fail(fault)
    } catch (error) {
      this.#fail(memoryFaultOf(error))
    }
  }

  /** Goes on to the next packet. */
  next(): ReadStatus {
    if (this.#ready === 0 && !this.#look()) return this.#nextAnyhow()
    const start = this.#position
    const words = this.#words
    const at = start >> 2
    const typeWord = words[at] ?? 0
    const lengthWord = words[at + 1] ?? 0
    const need = (lengthWord & 0xffff) * 8 + TRAILER_SIZE
    if (
      (typeWord !== PLAIN_IN_BAND && typeWord !== PLAIN_COMPLETION) ||
      lengthWord >>> 17 !== 0 ||
      need < DESCRIPTOR_SIZE + TRAILER_SIZE ||
      need > this.#ready
    ) {
      return this.#nextAnyhow()
    }
    this.packet.describe(start, typeWord, lengthWord, words[at + 2] ?? 0, words[at + 3] ?? 0)
    this.packet.place(this.#bytes, words, start + DESCRIPTOR_SIZE)
    this.#ready -= need
    const end = start + need
    this.#position = end === this.#size ? 0 : end
    return 'packet'
  }

  /**
   * Publishes the read index once for all packets since the last commit. Answers whether to signal the peer: it keeps
   * pending_send_size, there was too little room before these packets, and there is more than it asked for now.
   * Linux `hv_pkt_iter_close`, behaviours 148–150.
   */
  commit(): boolean {
    const before = this.#published
    const position = this.#position
    if (position === before || this.#fault !== undefined) return false
    if (this.#mayBeShort !== true) return this.#commitAnyhow()
    const control = this.#control
    this.#published = position
    let pending = 0
    if (this.#isShared === true) {
      Atomics.store(control, READ_INDEX, position)
      pending = Atomics.load(control, PENDING_SEND_SIZE)
    } else {
      control[READ_INDEX] = position
      pending = control[PENDING_SEND_SIZE] ?? 0
    }
    return pending !== 0 && this.#hasMadeRoom(before, pending >>> 0)
  }

  /** Bytes that can be read now, trailers included; 0 when faulted. */
  availableBytes(): number {
    if (this.#fault === undefined) this.#lookAtWriter()
    return this.#fault === undefined ? this.#view.distance(this.#position, this.#peerWrite) : 0
  }

  /** Asks the peer for no signals: while draining, or for polling. */
  mask(): void {
    this.#setMask(1)
  }

  /**
   * Asks for a signal once the ring stops being empty, and looks again: answers the bytes that came meanwhile, for which no
   * signal may come. If not 0, mask and drain again (behaviour 151, Linux `hv_end_read`).
   */
  unmask(): number {
    this.#setMask(0)
    return this.availableBytes()
  }

  /** `InterruptsExternallyMasked` when the mask is not what this reader set: the peer changed it. The ring stays usable (behaviour 152). */
  verifyMask(): RingFault | undefined {
    if (this.#fault !== undefined) return this.#fault
    try {
      const mask = this.#view.load(RING_CONTROL.interruptMask)
      if (mask === this.#mask) return undefined
      const why = `the reader's mask is ${mask}, it had been set to ${this.#mask}`
      return new RingFault('InterruptsExternallyMasked', RING_CONTROL.interruptMask, why)
    } catch (error) {
      this.#fail(memoryFaultOf(error))
      return this.#fault
    }
  }

  #setMask(value: number): void {
    if (this.#fault !== undefined) return
    this.#mask = value
    try {
      this.#view.store(RING_CONTROL.interruptMask, value)
    } catch (error) {
      this.#fail(memoryFaultOf(error))
    }
  }

  /** Finds out how much can be taken the short way, looking at the writer in place where all is read. Answers whether any can. */
  #look(): boolean {
    if (this.#fault !== undefined || this.#mayBeShort !== true) return false
    const start = this.#position
    if (start === this.#peerWrite) {
      const control = this.#control
      const write = this.#isShared === true ? Atomics.load(control, WRITE_INDEX) : (control[WRITE_INDEX] ?? 0)
      // Ahead of the read index and before the end: no more can be wrong with it. Other indices need more thought.
      const published = this.#published
      if (write <= start || write >= this.#size || (write & 7) !== 0 || published > start) return false
      if (control[READ_INDEX] !== published) return false
      this.#peerWrite = write
      this.#ready = write - start
      return true
    }
    const write = this.#peerWrite
    this.#ready = (write > start ? write : this.#size) - start
    return true
  }

  /** Takes a packet with ranges the short way, if the next one is such, in place and good. */
  #nextWithRanges(): boolean {
    const start = this.#position
    const words = this.#words
    const at = start >> 2
    const typeWord = words[at] ?? 0
    const lengthWord = words[at + 1] ?? 0
    const type = typeWord & 0xffff
    const dataOffset8 = typeWord >>> 16
    const length8 = lengthWord & 0xffff
    const need = length8 * 8 + TRAILER_SIZE
    const isWhole = dataOffset8 > DESCRIPTOR_SIZE / 8 && dataOffset8 <= length8 && need <= this.#ready
    if (!isWhole || !hasRanges(type) || lengthWord >>> 17 !== 0) return false
    const count = words[at + 5] ?? 0
    if (type === PacketType.DataUsingGpaDirect && count === 0) return false
    const { headerWords } = this.#view
    headerWords[0] = words[at + 4] ?? 0
    headerWords[1] = count
    this.packet.describe(start, typeWord, lengthWord, words[at + 2] ?? 0, words[at + 3] ?? 0)
    this.packet.place(this.#bytes, words, start + DESCRIPTOR_SIZE)
    this.#ready -= need
    const end = start + need
    this.#position = end === this.#size ? 0 : end
    return true
  }

  /** Takes the next packet whatever it is like and wherever it lies. */
  #nextAnyhow(): ReadStatus {
    if (this.#fault !== undefined) return 'fault'
    if (this.#batch >= this.#batchLimit) return 'limit'
    if (this.#ready > 0 && this.#nextWithRanges()) return 'packet'
    const view = this.#view
    const start = this.#position
    if (start === this.#peerWrite) {
      this.#lookAtWriter()
      if (this.#fault !== undefined) return 'fault'
      if (start === this.#peerWrite) return 'empty'
    }
    const available = view.distance(start, this.#peerWrite)
    this.#ready = 0
    try {
      if (available < DESCRIPTOR_SIZE) {
        return this.#fail(new RingFault('InvalidDataAvailable', start, `${available} bytes are no descriptor`))
      }
      view.snapshot(start)
      const fault = checkPacket(view, start, available, this.#rules)
      if (fault !== undefined) return this.#fail(fault)
      const words = view.snapshotWords
      const lengthWord = words[1] ?? 0
      const length = (lengthWord & 0xffff) * 8
      this.#placeContents(view.advance(start, DESCRIPTOR_SIZE), length - DESCRIPTOR_SIZE)
      this.packet.describe(start, words[0] ?? 0, lengthWord, words[2] ?? 0, words[3] ?? 0)
      this.#position = view.advance(start, length + TRAILER_SIZE)
    } catch (error) {
      return this.#fail(memoryFaultOf(error))
    }
    this.#batch += 1
    return 'packet'
  }

  /** Header and payload in place, or in the scratch buffer where they wrap or there is no direct view. */
  #placeContents(position: number, length: number): void {
    const view = this.#view
    if (view.isDirect && length <= view.size - position) {
      this.packet.place(view.bytes, view.words, position)
      return
    }
    if (this.#scratch.length < length) {
      this.#scratch = new Uint8Array(Math.max(4096, length * 2))
      this.#scratchWords = new Int32Array(this.#scratch.buffer)
    }
    view.copyOut(position, this.#scratch, 0, length)
    this.packet.place(this.#scratch, this.#scratchWords, 0)
  }

  #commitAnyhow(): boolean {
    const before = this.#published
    this.#batch = 0
    try {
      this.#view.store(RING_CONTROL.readIndex, this.#position)
      this.#published = this.#position
      const pending = this.#view.load(RING_CONTROL.pendingSendSize) >>> 0
      return pending !== 0 && this.#hasMadeRoom(before, pending)
    } catch (error) {
      this.#fail(memoryFaultOf(error))
      return false
    }
  }

  /** Whether the writer, waiting for more than `pending` free bytes, had fewer while the read index was `before`, and has them now. */
  #hasMadeRoom(before: number, pending: number): boolean {
    const view = this.#view
    if ((view.load(RING_CONTROL.featureBits) & FEATURE_PENDING_SEND_SIZE) === 0) return false
    const write = view.load(RING_CONTROL.writeIndex)
    if (!view.isIndex(write)) return false
    // Room is counted as Linux counts it (size - used, never 0). OpenVMM counts 8 bytes less and tests the other way round
    // for equality; and it clears the low 3 bits, which changes nothing, as room is a multiple of 8. Both agree always.
    const free = view.size - view.distance(this.#position, write)
    return free - view.distance(before, this.#position) <= pending && free > pending
  }

  #lookAtWriter(): void {
    const view = this.#view
    try {
      const write = view.load(RING_CONTROL.writeIndex)
      this.#checkIndices(view.load(RING_CONTROL.readIndex), write)
    } catch (error) {
      this.#fail(memoryFaultOf(error))
    }
  }

  /** Takes the peer's new write index, if it is one: a writer can only have gone forward, by at most the room it saw. */
  #checkIndices(read: number, write: number): void {
    const known = this.#peerWrite
    if (write === known && read === this.#published) return
    const view = this.#view
    const room = view.size - 8 - view.distance(this.#published, known)
    if (read === this.#published && view.isIndex(write) && view.distance(known, write) <= room) this.#peerWrite = write
    else this.#failIndices(read, write, room)
  }

  #failIndices(read: number, write: number, room: number): void {
    if (read !== this.#published) {
      const why = `the peer changed the read index, which was ${this.#published}`
      this.#fail(new RingFault('InvalidRingPointer', RING_CONTROL.readIndex, why))
      return
    }
    const why = `write index went from ${this.#peerWrite} to ${write} with ${room} bytes of room`
    const fault = this.#view.checkIndex(RING_CONTROL.writeIndex, write)
    this.#fail(fault ?? new RingFault('InvalidRingPointer', RING_CONTROL.writeIndex, why))
  }

  #fail(fault: RingFault): 'fault' {
    this.#fault = fault
    this.#ready = 0
    return 'fault'
  }
}
