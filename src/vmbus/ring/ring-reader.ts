import type { GuestMemory } from '../../memory/guest-memory.ts'
import {
  DESCRIPTOR_SIZE,
  FEATURE_PENDING_SEND_SIZE,
  FLAG_COMPLETION_REQUESTED,
  hasRanges,
  PACKET_TYPE,
  RING_CONTROL,
  TRAILER_SIZE,
} from './layout.ts'
import { RingFault, type RingFaultCode } from './ring-fault.ts'
import { RingPacket } from './ring-packet.ts'
import { memoryFaultOf, RingView } from './ring-view.ts'

/** What a reader puts up with. */
export interface RingReaderOptions {
  /** Flags other than bit 0: `fault` as OpenVMM does (default, fits a host), `tolerate` as Linux does (fits a guest). */
  readonly unknownFlags?: 'fault' | 'tolerate'
  /**
   * Types other than 6, 7, 9 and 11, and types 7 and 9 without a header: `fault` as OpenVMM does (default), or `tolerate`
   * as Linux's ring code does, which leaves the type to the driver.
   */
  readonly unknownTypes?: 'fault' | 'tolerate'
  /** Also checks the 8 bytes behind each packet, which neither OpenVMM nor Linux does. Default false. */
  readonly checkTrailer?: boolean
  /** Most packets between two {@link RingReader.commit}s, so that a peer that never stops cannot hold its reader. Default no limit. */
  readonly batchLimit?: number
}

/** Answer of {@link RingReader.next}: a packet is in `reader.packet`; nothing more now; batch limit reached; `reader.fault` is set. */
export type ReadStatus = 'packet' | 'empty' | 'limit' | 'fault'

const NO_LIMIT = 0x3fff_ffff

/**
 * The reading end of a ring: {@link next} until it answers no packet, then {@link commit}. Committing once per drain is what
 * Linux's packet iterator does, committing after each packet what its `vmbus_recvpacket` does.
 *
 * Whatever the peer writes, `next` answers; after a fault it answers only that until {@link reset}. Packets that came before
 * the fault stay good, but their room is not given back.
 */
export class RingReader {
  /** The current packet, valid from one {@link next} to the next, and until {@link commit} gives its room back. */
  readonly packet: RingPacket
  /** Why the ring is unusable, if it is. */
  fault: RingFault | undefined
  readonly #view: RingView
  readonly #tolerateFlags: boolean
  readonly #tolerateTypes: boolean
  readonly #checkTrailer: boolean
  readonly #batchLimit: number
  /** The read index as published; private: what the peer does to the shared copy is noticed, never used. */
  #published = 0
  #position = 0
  /** The peer's write index when last looked at; looked at again only when all up to it is read. */
  #peerWrite = 0
  #batch = 0
  #mask = 0
  #scratch = new Uint8Array(0)

  /**
   * @param base offset of the control page in `memory`; a multiple of 8.
   * @param totalBytes control page and data: at least 8192, a multiple of 4096.
   *
   * Throws {@link RingFault} `InvalidRingMemory`. A read index found in the ring that is no index sets {@link fault}.
   */
  constructor(memory: GuestMemory, base: number, totalBytes: number, options: RingReaderOptions = {}) {
    this.#view = new RingView(memory, base, totalBytes)
    this.packet = new RingPacket(this.#view.snapshotWords)
    this.#tolerateFlags = options.unknownFlags === 'tolerate'
    this.#tolerateTypes = options.unknownTypes === 'tolerate'
    this.#checkTrailer = options.checkTrailer === true
    this.#batchLimit = options.batchLimit ?? NO_LIMIT
    this.reset()
  }

  /** Bytes of data. */
  get size(): number {
    return this.#view.size
  }

  /** Takes up the indices and the mask found in the ring and forgets a fault. */
  reset(): void {
    this.fault = undefined
    this.#batch = 0
    try {
      const own = this.#view.load(RING_CONTROL.readIndex)
      this.fault = this.#view.checkIndex(RING_CONTROL.readIndex, own)
      this.#mask = this.#view.load(RING_CONTROL.interruptMask)
      if (this.fault === undefined) this.#published = this.#position = this.#peerWrite = own
    } catch (error) {
      this.fault = memoryFaultOf(error)
    }
  }

  /** Goes on to the next packet. */
  next(): ReadStatus {
    if (this.fault !== undefined) return 'fault'
    if (this.#batch >= this.#batchLimit) return 'limit'
    const start = this.#position
    if (start === this.#peerWrite) {
      this.#lookAtWriter()
      if (this.fault !== undefined) return 'fault'
      if (start === this.#peerWrite) return 'empty'
    }
    const view = this.#view
    const available = view.distance(start, this.#peerWrite)
    if (available < DESCRIPTOR_SIZE) return this.#failAvailable(available)
    const descriptor = view.snapshotWords
    const { words, bytes, size } = view
    if (words === undefined || start === size - 8) {
      if (!this.#snapshot(start)) return 'fault'
    } else {
      const first = start >> 2
      descriptor[0] = words[first] ?? 0
      descriptor[1] = words[first + 1] ?? 0
      descriptor[2] = words[first + 2] ?? 0
      descriptor[3] = words[first + 3] ?? 0
    }
    const layout = descriptor[0] ?? 0
    const rest = descriptor[1] ?? 0
    const dataOffset = (layout >>> 16) * 8
    const length = (rest & 0xffff) * 8
    if (dataOffset < DESCRIPTOR_SIZE || length < dataOffset || length > available - TRAILER_SIZE) {
      return this.#failLengths(available, dataOffset, length)
    }
    // All but plain in-band packets and completions have more to be checked.
    const type = layout & 0xffff
    if (
      rest >>> 16 > FLAG_COMPLETION_REQUESTED ||
      (type !== PACKET_TYPE.dataInBand && type !== PACKET_TYPE.completion) ||
      this.#checkTrailer
    ) {
      if (!this.#checkMore(type, rest >>> 16, dataOffset, length)) return 'fault'
    }
    const contents = view.advance(start, DESCRIPTOR_SIZE)
    const { packet } = this
    packet.ringOffset = start
    packet.headerOffset = contents
    if (bytes === undefined || length - DESCRIPTOR_SIZE > size - contents) {
      if (!this.#copy(contents, length - DESCRIPTOR_SIZE)) return 'fault'
    } else if (packet.bytes !== bytes) {
      packet.bytes = bytes
    }
    this.#position = view.advance(start, length + TRAILER_SIZE)
    this.#batch += 1
    return 'packet'
  }

  /**
   * Publishes the read index once for all packets since the last commit. Answers whether to signal the peer: it keeps
   * pending_send_size, there was too little room before these packets, and there is more than it asked for now.
   * Linux `hv_pkt_iter_close`, behaviours 148–150.
   */
  commit(): boolean {
    this.#batch = 0
    if (this.fault !== undefined || this.#position === this.#published) return false
    const view = this.#view
    try {
      const before = this.#published
      view.store(RING_CONTROL.readIndex, this.#position)
      this.#published = this.#position
      if ((view.load(RING_CONTROL.featureBits) & FEATURE_PENDING_SEND_SIZE) === 0) return false
      const pending = view.load(RING_CONTROL.pendingSendSize) >>> 0
      if (pending === 0) return false
      const write = view.load(RING_CONTROL.writeIndex)
      if (!view.isIndex(write)) return false
      // Room is counted as Linux counts it (size - used, never 0). OpenVMM counts 8 bytes less and tests the other way round
      // for equality; and it clears the low 3 bits, which changes nothing, as room is a multiple of 8. Both agree always.
      const free = view.size - view.distance(this.#position, write)
      return free - view.distance(before, this.#position) <= pending && free > pending
    } catch (error) {
      this.fault = memoryFaultOf(error)
      return false
    }
  }

  /** Bytes that can be read now, trailers included; 0 when faulted. */
  availableBytes(): number {
    if (this.fault !== undefined) return 0
    this.#lookAtWriter()
    return this.fault === undefined ? this.#view.distance(this.#position, this.#peerWrite) : 0
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
    if (this.fault !== undefined) return this.fault
    try {
      const mask = this.#view.load(RING_CONTROL.interruptMask)
      if (mask === this.#mask) return undefined
      const why = `the reader's mask is ${mask}, it had been set to ${this.#mask}`
      return new RingFault('InterruptsExternallyMasked', RING_CONTROL.interruptMask, why)
    } catch (error) {
      this.fault = memoryFaultOf(error)
      return this.fault
    }
  }

  #setMask(value: number): void {
    if (this.fault !== undefined) return
    this.#mask = value
    try {
      this.#view.store(RING_CONTROL.interruptMask, value)
    } catch (error) {
      this.fault = memoryFaultOf(error)
    }
  }

  #lookAtWriter(): void {
    const view = this.#view
    try {
      const write = view.load(RING_CONTROL.writeIndex)
      if (view.load(RING_CONTROL.readIndex) !== this.#published) this.#failReadIndex()
      else if (write !== this.#peerWrite) this.#checkWriter(write)
    } catch (error) {
      this.fault = memoryFaultOf(error)
    }
  }

  #failReadIndex(): void {
    const why = `the peer changed the read index, which was ${this.#published}`
    this.fault = new RingFault('InvalidRingPointer', RING_CONTROL.readIndex, why)
  }

  /** Takes the peer's new write index, if it is one: a writer can only have gone forward, by at most the room it saw. */
  #checkWriter(write: number): void {
    const view = this.#view
    const room = view.size - 8 - view.distance(this.#published, this.#peerWrite)
    if (view.isIndex(write) && view.distance(this.#peerWrite, write) <= room) this.#peerWrite = write
    else this.#failWriteIndex(write, room)
  }

  #failWriteIndex(write: number, room: number): void {
    const why = `write index went from ${this.#peerWrite} to ${write} with ${room} bytes of room`
    this.fault =
      this.#view.checkIndex(RING_CONTROL.writeIndex, write) ??
      new RingFault('InvalidRingPointer', RING_CONTROL.writeIndex, why)
  }

  #snapshot(start: number): boolean {
    try {
      this.#view.snapshot(start)
    } catch (error) {
      this.fault = memoryFaultOf(error)
    }
    return this.fault === undefined
  }

  /** Copies the contents of a packet that wraps, or lies where there is no direct view, into the scratch buffer. */
  #copy(contents: number, length: number): boolean {
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(Math.max(4096, length * 2))
    this.packet.bytes = this.#scratch
    this.packet.headerOffset = 0
    try {
      this.#view.copyOut(contents, this.#scratch, 0, length)
    } catch (error) {
      this.fault = memoryFaultOf(error)
    }
    return this.fault === undefined
  }

  /** The checks that a plain packet needs none of: trailer, flags, type, ranges. */
  #checkMore(type: number, flags: number, dataOffset: number, length: number): boolean {
    const view = this.#view
    const start = this.#position
    try {
      if (this.#checkTrailer && !this.#trailerIsGood(view.advance(start, length), start)) return false
      if (hasRanges(type) && dataOffset > DESCRIPTOR_SIZE) view.snapshotHeader(view.advance(start, DESCRIPTOR_SIZE))
    } catch (error) {
      this.fault = memoryFaultOf(error)
      return false
    }
    if ((flags & ~FLAG_COMPLETION_REQUESTED) !== 0 && !this.#tolerateFlags) {
      this.#fail('InvalidDescriptorFlags', `flags 0x${flags.toString(16)}`)
    } else if (hasRanges(type)) {
      if (dataOffset === DESCRIPTOR_SIZE) {
        if (!this.#tolerateTypes) this.#fail('InvalidDescriptorLengths', `type ${type} without its header`)
      } else if (type === PACKET_TYPE.dataUsingGpaDirect && view.snapshotWords[5] === 0) {
        this.#fail('InvalidDescriptorGpaDirectRangeCount', 'no ranges')
      }
    } else if (type !== PACKET_TYPE.dataInBand && type !== PACKET_TYPE.completion && !this.#tolerateTypes) {
      this.#fail('InvalidDescriptorType', `type ${type}`)
    }
    return this.fault === undefined
  }

  #trailerIsGood(position: number, start: number): boolean {
    const view = this.#view
    view.snapshotHeader(position)
    const low = (view.snapshotWords[4] ?? 0) >>> 0
    const high = (view.snapshotWords[5] ?? 0) >>> 0
    if (low === 0 && high === start) return true
    this.fault = new RingFault('InvalidTrailer', position, `{${low}, ${high}} behind the packet at ${start}`)
    return false
  }

  #failAvailable(available: number): 'fault' {
    return this.#fail('InvalidDataAvailable', `${available} bytes are no descriptor`)
  }

  #failLengths(available: number, dataOffset: number, length: number): 'fault' {
    const why = `data at ${dataOffset}, length ${length}, with ${available} bytes available, trailer included`
    return this.#fail('InvalidDescriptorLengths', why)
  }

  #fail(code: RingFaultCode, why: string): 'fault' {
    this.fault = new RingFault(code, this.#position, why)
    return 'fault'
  }
}
