import { type GuestMemory, MemoryFault, PageList } from '../memory/index.ts'
import { GpaRanges } from '../vmbus/gpa-ranges.ts'
import type { ChannelId } from '../vmbus/ids.ts'
import { Requestor } from '../vmbus/requestor.ts'
import {
  PACKET_TYPE,
  type RingFault,
  type RingPacket,
  RingReader,
  RingWriter,
  ringBytesOf,
} from '../vmbus/ring/index.ts'
import type { GpadlRange } from '../vmbus/server/effects.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { Guid } from '../wire/index.ts'
import { faultViolation } from './channel-faults.ts'
import { Completion } from './completion.ts'
import type { EndLog } from './end-log.ts'
import { gpaDirectHeader, type TransferPages, transferPagesHeader } from './packet-headers.ts'
import { PacketStream } from './packet-stream.ts'
import { type Pump, Task } from './pump.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

/** Why a channel is closed: by this end, by the other, because the device is gone, or because its ring or device broke. */
export type CloseReason = 'local' | 'peer' | 'rescinded' | 'fault'

/** Gets the completion of a request, exactly once; `undefined` when the channel closed before. The packet is valid during the call. */
export type CompletionHandler = (completion: RingPacket | undefined) => void

/** The device at this end of a channel. */
export interface ChannelHandler {
  /** A packet other than a completion, in place: valid during the call. Answer by `channel.complete` or `channel.defer`. */
  packet(packet: RingPacket, channel: Channel): void
  /** Instead of `packet`: take what is there by `channel.next()` until that answers nothing. */
  batch?(channel: Channel): void
  /** There is room again after `send` answered false. */
  writable(channel: Channel): void
  /** The last call for this channel. Its memory must not be touched any more. */
  closed(channel: Channel, reason: CloseReason): void
}

/** Everything an end knows about a channel that it opens. */
export interface ChannelSetup {
  readonly channelId: ChannelId
  readonly interfaceId: Guid
  readonly instanceId: Guid
  readonly subchannelIndex: number
  /** Guest memory, for what packets point to. */
  readonly memory: GuestMemory
  /** The rings, control page first. */
  readonly sendRing: GuestMemory
  readonly receiveRing: GuestMemory
  /** Tells the peer that a ring needs it. */
  readonly signalPeer: () => void
  readonly pump: Pump
  readonly log: EndLog
  readonly limits?: ChannelLimits
}

/** Bounds of one channel. */
export interface ChannelLimits {
  /** Packets read before others get their turn. Default 64. */
  readonly batch?: number
  /** Packets that wait for room in the ring; while as many wait, nothing is read. Default 256. */
  readonly queue?: number
  /** Requests without completion, in either direction. Default 256. */
  readonly requests?: number
}

interface Outgoing {
  readonly type: number
  readonly payload: Uint8Array
  readonly header: Uint8Array
  readonly idLow: number
  readonly idHigh: number
  readonly done: CompletionHandler | undefined
}

/**
 * An open channel as the device at one end sees it; both ends use the same class.
 *
 * Sending never runs the peer. {@link send} answers whether the packet is in the ring: false means that there is no room now
 * (`writable` follows) or ever, or that the channel is closed. {@link sendOrQueue}, {@link request} and {@link complete} keep the
 * packet until there is room. Signals go out exactly when the ring's rules say so.
 */
export class Channel {
  readonly channelId: ChannelId
  readonly interfaceId: Guid
  readonly instanceId: Guid
  /** 0 for the primary channel. */
  readonly subchannelIndex: number
  readonly memory: GuestMemory
  readonly #setup: ChannelSetup
  readonly #handler: ChannelHandler
  readonly #writer: RingWriter
  readonly #reader: RingReader
  readonly #task: Task
  readonly #requests: Requestor<CompletionHandler>
  readonly #queueLimit: number
  readonly #queue: Outgoing[] = []
  readonly #ranges = new GpaRanges()
  #state: 'open' | 'closed' = 'open'
  /** The device waits for `writable`. */
  #wantsRoom = false
  /** The reader is stopped by the device. */
  #paused = false
  /** The last `next` stopped at the batch limit. */
  #limited = false
  /** Packets read in this drain. */
  #taken = 0
  /** Ring bytes of the last packet that `send` refused. */
  #refusedBytes = 0
  /** Whether the packet at hand still wants a completion. */
  #answerable = false
  /** Requests of the peer that something outside the bus will answer. */
  readonly #held = new Set<Completion>()
  #stream: PacketStream | undefined

  /** Throws `RingFault` when the memory given is no ring. */
  constructor(setup: ChannelSetup, handler: ChannelHandler) {
    this.channelId = setup.channelId
    this.interfaceId = setup.interfaceId
    this.instanceId = setup.instanceId
    this.subchannelIndex = setup.subchannelIndex
    this.memory = setup.memory
    this.#setup = setup
    this.#handler = handler
    const { batch = 64, queue = 256, requests = 256 } = setup.limits ?? {}
    this.#queueLimit = queue
    this.#requests = new Requestor(requests)
    this.#writer = new RingWriter(setup.sendRing, 0, setup.sendRing.size)
    this.#reader = new RingReader(setup.receiveRing, 0, setup.receiveRing.size, {
      batchLimit: batch,
      unknownFlags: setup.log.at === 'guest' ? 'tolerate' : 'fault',
    })
    this.#task = new Task(`${setup.log.at} channel ${setup.channelId}`, () => this.#run())
    this.#writer.initialize()
    // What came before this end was ready is found without a signal (MS-37).
    this.#reader.mask()
    this.signalled()
  }

  /** Whether packets can be sent and come. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Requests of this end without completion. */
  get requestsInFlight(): number {
    return this.#requests.inUse
  }

  /** Whether something outside the bus may still go on with this channel: an answer was deferred, reading paused, or an iterator is out. */
  get isAwaited(): boolean {
    return this.#held.size > 0 || this.#paused || this.#stream !== undefined
  }

  /** Requests of the peer that the device deferred. */
  get requestsHeld(): number {
    return this.#held.size
  }

  /** Packets that wait for room in the ring. */
  get packetsQueued(): number {
    return this.#queue.length
  }

  /** Writes an in-band packet that wants no completion. False: not written, now or (closed, larger than the ring) ever. */
  send(payload: Uint8Array): boolean {
    return this.#sendNow(PACKET_TYPE.dataInBand, payload, NOTHING)
  }

  /** As {@link send}, but keeps a copy until there is room. False: closed, or as many packets wait as may. */
  sendOrQueue(payload: Uint8Array): boolean {
    return this.#sendOrQueue(PACKET_TYPE.dataInBand, payload, NOTHING, undefined)
  }

  /** Writes a packet whose data lie in guest memory, without asking for a completion. See {@link send}. */
  sendGpaDirect(payload: Uint8Array, ranges: readonly GpadlRange[]): boolean {
    return this.#sendNow(PACKET_TYPE.dataUsingGpaDirect, payload, gpaDirectHeader(ranges))
  }

  /**
   * Sends a packet that wants a completion, kept until there is room; `done` gets it, exactly once. False: closed, or too much
   * waits; then `done` is not called.
   *
   * @param data makes it a GPA-direct packet (ranges of guest memory) or a transfer page packet.
   */
  request(payload: Uint8Array, done: CompletionHandler, data?: readonly GpadlRange[] | TransferPages): boolean {
    if (data === undefined) return this.#sendOrQueue(PACKET_TYPE.dataInBand, payload, NOTHING, done)
    return 'setId' in data
      ? this.#sendOrQueue(PACKET_TYPE.dataUsingTransferPages, payload, transferPagesHeader(data), done)
      : this.#sendOrQueue(PACKET_TYPE.dataUsingGpaDirect, payload, gpaDirectHeader(data), done)
  }

  /**
   * Completes the packet at hand. Answers false when it wants none or the channel is closed. Throws when it has its completion:
   * the device answered twice.
   */
  complete(packet: RingPacket, payload?: Uint8Array): boolean {
    if (!packet.completionRequested || packet.type === PACKET_TYPE.completion) return false
    if (!this.#answerable) throw new Error(`packet ${packet.transactionId} was completed already`)
    this.#answerable = false
    return this.sendCompletion(packet.transactionIdLow, packet.transactionIdHigh, payload)
  }

  /** The packet at hand, to be completed after its call; see {@link Completion.defer}. */
  defer(packet: RingPacket): Completion {
    return this.completionOf(packet).defer()
  }

  /** The packet at hand as something that can be completed, now or later. */
  completionOf(packet: RingPacket): Completion {
    const wanted = packet.completionRequested && packet.type !== PACKET_TYPE.completion && this.#answerable
    this.#answerable = false
    return new Completion(this, packet.transactionIdLow, packet.transactionIdHigh, wanted)
  }

  /** A completion packet by transaction id. Devices use {@link complete} or {@link Completion}, which keep count. */
  sendCompletion(idLow: number, idHigh: number, payload: Uint8Array = NOTHING): boolean {
    if (!this.isOpen) return false
    const packet = { type: PACKET_TYPE.completion, payload, header: NOTHING, idLow, idHigh, done: undefined }
    // Never refused: the ring is read only while the queue is short, so a peer cannot make it grow.
    return (this.#queue.length === 0 && this.#put(packet)) || this.#enqueue(packet)
  }

  /**
   * The guest memory that a GPA-direct packet names, one list of pages for each range. `undefined` when the ranges are bad or
   * outside memory: that is reported as a violation, and only this packet is to fail (RB-16 to RB-19).
   */
  dataOf(packet: RingPacket): PageList[] | undefined {
    const header = packet.copyHeader()
    const ranges = this.#ranges.reset(header, 8, header.length - 8, packet.rangeCount)
    const lists: PageList[] = []
    try {
      while (ranges.next()) {
        lists.push(new PageList(this.memory, ranges.pageNumbers(), ranges.byteOffset, ranges.byteCount))
      }
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      this.violation(
        faultViolation({ code: 'MemoryAccess', offset: ranges.extraBytes, why: error.message }, this.channelId),
      )
      return undefined
    }
    if (ranges.fault === undefined) return lists
    this.violation(faultViolation(ranges.fault, this.channelId))
    return undefined
  }

  /** The next packet other than a completion, in place until the next call; `undefined` when there is none now. Only from `batch`. */
  next(): RingPacket | undefined {
    const reader = this.#reader
    while (this.isOpen && !this.#holdsBack()) {
      const status = reader.next()
      if (status === 'packet') {
        this.#taken += 1
        if (this.#setup.log.wantsPackets) this.#received(reader.packet)
        this.#answerable = reader.packet.completionRequested
        if (reader.packet.type !== PACKET_TYPE.completion) return reader.packet
        this.#completed(reader.packet)
        continue
      }
      if (status === 'fault' && reader.fault !== undefined) this.#break(reader.fault)
      this.#limited = status === 'limit'
      return undefined
    }
    return undefined
  }

  /** Stops reading: the ring fills, and the peer has to wait. */
  pause(): void {
    this.#paused = true
  }

  /** Goes on reading. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.signalled()
  }

  /**
   * The packets as an async iterator, instead of the device's callback, until it is left; those that wait in it then are dropped.
   *
   * @param limit packets that may wait in it; while as many do, the ring is not read.
   */
  packets(limit = 64): PacketStream {
    const stream = new PacketStream(this, limit, () => {
      if (this.#stream === stream) this.#stream = undefined
      this.resume()
    })
    this.#stream?.end()
    this.#stream = stream
    if (!this.isOpen) stream.end()
    return stream
  }

  /** Reports what the peer did wrong; the channel goes on. */
  violation(violation: Violation): void {
    this.#setup.log.violations.report(violation)
  }

  /** Reports what the peer did wrong, and stops the channel, not the connection (behaviours 159, 211). */
  fail(violation: Violation): void {
    if (!this.isOpen) return
    this.close('fault')
    this.violation(violation)
  }

  /** For the end that owns the channel: the peer signalled, or there may be something to do. */
  signalled(): void {
    if (this.isOpen) this.#setup.pump.schedule(this.#task)
  }

  /** For the end that owns the channel: it is closed. Open requests get their `undefined`, the device its last call. */
  close(reason: CloseReason): void {
    if (!this.isOpen) return
    this.#state = 'closed'
    this.#held.clear()
    this.#stream?.end()
    for (const { done } of this.#queue.splice(0)) done?.(undefined)
    for (let id = 1; id <= this.#requests.size && this.#requests.inUse > 0; id++) {
      this.#requests.complete(id, 0)?.(undefined)
    }
    this.#handler.closed(this, reason)
  }

  /** For {@link Completion}: the device answers later. */
  hold(completion: Completion): void {
    if (this.isOpen) this.#held.add(completion)
  }

  /** For {@link Completion}: the device answers now. */
  letGo(completion: Completion): void {
    if (this.#held.delete(completion)) this.signalled()
  }

  #run(): void {
    if (!this.isOpen) return
    let isDone = false
    try {
      this.#flush()
      if (!this.#paused) this.#drain()
      isDone = true
    } finally {
      // What a device, or the policy `throw`, has thrown costs the packet at hand, not the ones behind it.
      if (!isDone) this.signalled()
    }
  }

  /** Reads what is there, up to the batch limit; then unmasks and looks again (behaviour 151, RB-40, RB-41). */
  #drain(): void {
    const reader = this.#reader
    const { signalPeer } = this.#setup
    const masked = reader.verifyMask()
    if (masked?.code === 'InterruptsExternallyMasked') this.violation(faultViolation(masked, this.channelId))
    reader.mask()
    this.#limited = false
    this.#taken = 0
    if (this.#stream === undefined && this.#handler.batch !== undefined) this.#handler.batch(this)
    else this.#deliver()
    if (!this.isOpen) return
    if (reader.commit()) signalPeer()
    if (reader.fault !== undefined) this.#break(reader.fault)
    else if (this.#limited) this.signalled()
    // Held back, it stays masked; whoever lifts that looks into the ring.
    else if (!this.#holdsBack() && reader.unmask() > 0) {
      reader.mask()
      // A device that takes nothing of what is there is done for now.
      if (this.#taken > 0 || this.#handler.batch === undefined) this.signalled()
      else this.#paused = true
    }
  }

  #deliver(): void {
    for (let packet = this.next(); packet !== undefined; packet = this.next()) {
      if (this.#stream !== undefined) this.#stream.push(packet)
      else this.#handler.packet(packet, this)
    }
  }

  /** Reading waits: for the device, for room to answer in, or for answers of the device. */
  #holdsBack(): boolean {
    return this.#paused || this.#queue.length >= this.#queueLimit || this.#held.size >= this.#requests.size
  }

  /** Matches a completion with its request, exactly once (RB-23, RB-25, RB-26). */
  #completed(packet: RingPacket): void {
    const { transactionIdLow, transactionIdHigh } = packet
    const done = this.#requests.complete(transactionIdLow, transactionIdHigh)
    if (done !== undefined) {
      // The id is free again: a request may have waited for one.
      if (this.#queue.length > 0) this.signalled()
      done(packet)
      return
    }
    const zero = transactionIdLow === 0 && transactionIdHigh === 0
    this.violation({
      rule: zero ? 'completion-id-zero' : 'completion-unknown-id',
      code: 'UNKNOWN-ID',
      field: 'descriptor.transactionId',
      offset: 8,
      why: zero ? 'a completion that answers no request' : `no request ${packet.transactionId} waits for a completion`,
      channelId: this.channelId,
    })
  }

  #sendNow(type: number, payload: Uint8Array, header: Uint8Array): boolean {
    if (!this.isOpen) return false
    if (this.#queue.length > 0) {
      this.#wantsRoom = true
      return false
    }
    const outcome = this.#write(type, 0, 0, 0, payload, header)
    if (outcome === 'full') {
      this.#wantsRoom = true
      this.#refusedBytes = ringBytesOf(header.length, payload.length)
    }
    return outcome === 'written'
  }

  #sendOrQueue(type: number, payload: Uint8Array, header: Uint8Array, done: CompletionHandler | undefined): boolean {
    if (!this.isOpen || this.#queue.length >= this.#queueLimit) return false
    const packet = { type, payload, header, idLow: 0, idHigh: 0, done }
    return (this.#queue.length === 0 && this.#put(packet)) || this.#enqueue(packet)
  }

  #enqueue(packet: Outgoing): boolean {
    if (!this.isOpen) return false
    this.#queue.push({ ...packet, payload: packet.payload.slice() })
    return true
  }

  /** Sends what waits, in order, then tells the device that there is room. */
  #flush(): void {
    let sent = 0
    for (const packet of this.#queue) {
      if (!this.#put(packet)) break
      sent += 1
    }
    this.#queue.splice(0, sent)
    if (!this.isOpen || this.#queue.length > 0) return
    if (!this.#wantsRoom || this.#writer.freeBytes() <= this.#refusedBytes) return
    this.#wantsRoom = false
    this.#refusedBytes = 0
    this.#writer.setPendingSendSize(0)
    this.#handler.writable(this)
  }

  /** Writes a packet that may wait. False: not now. One that can never be sent is given up. */
  #put({ type, payload, header, idLow, idHigh, done }: Outgoing): boolean {
    if (!this.isOpen) return true
    let low = idLow
    if (done !== undefined) {
      low = this.#requests.allocate(done)
      if (low === 0) return false
    }
    const outcome = this.#write(type, done === undefined ? 0 : 1, low, idHigh, payload, header)
    if (outcome === 'written') return true
    // Closed meanwhile, `done` has been told already.
    const owner = done === undefined ? undefined : this.#requests.complete(low, 0)
    if (outcome === 'never') owner?.(undefined)
    return outcome === 'never'
  }

  /** `full` leaves word with the peer; `never` has been reported. */
  #write(
    type: number,
    flags: number,
    idLow: number,
    idHigh: number,
    payload: Uint8Array,
    header: Uint8Array,
  ): 'written' | 'full' | 'never' {
    const writer = this.#writer
    const need = ringBytesOf(header.length, payload.length)
    for (let attempt = 0; ; attempt++) {
      const result = writer.write(type, flags, idLow, idHigh, payload, header)
      if (result.status === 'written') {
        if (result.signal) this.#setup.signalPeer()
        if (this.#setup.log.wantsPackets) this.#sent(type, flags, idLow, idHigh, payload, header)
        return 'written'
      }
      if (result.status === 'error') {
        if (writer.fault !== undefined) this.#break(writer.fault)
        else this.violation(faultViolation(result.error, this.channelId))
        return 'never'
      }
      // The peer may have read meanwhile: then no signal comes. One that keeps it from settling has to wait for the next turn.
      if (!writer.setPendingSendSize(need)) return 'full'
      if (attempt > 0) {
        this.signalled()
        return 'full'
      }
    }
  }

  #break(fault: RingFault): void {
    this.fail(faultViolation(fault, this.channelId))
  }

  #received(packet: RingPacket): void {
    this.#report('received', packet.type, packet.flags, packet.transactionId, packet.copyPayload(), packet.copyHeader())
  }

  #sent(type: number, flags: number, low: number, high: number, payload: Uint8Array, header: Uint8Array): void {
    this.#report('sent', type, flags, (BigInt(high) << 32n) | BigInt(low), payload.slice(), header.slice())
  }

  #report(
    direction: 'sent' | 'received',
    type: number,
    flags: number,
    transactionId: bigint,
    payload: Uint8Array,
    header: Uint8Array,
  ): void {
    const { channelId, interfaceId, instanceId } = this
    const { log } = this.#setup
    log.events.emit('packet', {
      ...log.witness(),
      direction,
      channelId,
      interfaceId,
      instanceId,
      type,
      flags,
      transactionId,
      header,
      payload,
    })
  }
}
