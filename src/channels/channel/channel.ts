import { type GuestMemory, MemoryFault, PageList } from '../../memory/index.ts'
import { GpaRanges } from '../../vmbus/gpa-ranges.ts'
import type { ChannelId } from '../../vmbus/ids.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import { type RingPacket, RingReader } from '../../vmbus/ring/index.ts'
import type { GpadlRange } from '../../vmbus/server/effects.ts'
import type { Violation } from '../../vmbus/violation.ts'
import type { Guid } from '../../wire/index.ts'
import { Task } from '../pump.ts'
import { faultViolation } from './channel-faults.ts'
import { ChannelSender, type CompletionHandler } from './channel-sender.ts'
import type { ChannelSetup } from './channel-setup.ts'
import { Completion } from './completion.ts'
import { gpaDirectHeader, type RangesHeader, type TransferPages, transferPagesHeader } from './packet-headers.ts'
import { reportPacket } from './packet-report.ts'
import { PacketStream } from './packet-stream.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

/** Upper half of the transaction id of notices. */
const noticeIdHigh = 0x8000_0000

/** Why a channel is closed: by this end, by the other, because the device is gone, or because its ring or device broke. */
export type CloseReason = 'local' | 'peer' | 'rescinded' | 'fault'

/** The device at this end of a channel. */
export interface ChannelHandler {
  /** A packet other than a completion, in place: valid during the call. Answer by `channel.complete` or `channel.defer`. */
  packet(packet: RingPacket, channel: Channel): void
  /** Instead of `packet`: take what is there by `channel.next()` until that answers nothing. */
  batch?(channel: Channel): void
  /** There is room again after `send` answered false. */
  writable(channel: Channel): void
  /** A completion that answers no request came, and was reported. A device that never asks can stop the channel. */
  strayCompletion?(channel: Channel): void
  /** The last call for this channel. Its memory must not be touched any more. */
  closed(channel: Channel, reason: CloseReason): void
}

/**
 * An open channel as the device at one end sees it; both ends use the same class.
 *
 * Sending never runs the peer. {@link send} answers whether the packet is in the ring: false means that there is no room now
 * (`writable` follows) or ever, or that the channel is closed. {@link sendOrQueue}, {@link request} and {@link complete} keep the
 * packet until there is room. Signals go out exactly when the ring's rules say so.
 */
export class Channel {
  /** Relid of the channel. */
  readonly channelId: ChannelId
  /** Class of the device. */
  readonly interfaceId: Guid
  /** This one device. */
  readonly instanceId: Guid
  /** 0 for the primary channel. */
  readonly subchannelIndex: number
  /** Guest memory, for what packets point to. */
  readonly memory: GuestMemory
  readonly #setup: ChannelSetup
  readonly #handler: ChannelHandler
  readonly #sender: ChannelSender
  readonly #reader: RingReader
  readonly #task: Task
  /** Packets of one drain. The channel counts them itself: a reader without a limit has a shorter way. */
  readonly #batch: number
  /** Most requests of the peer that may be deferred at a time. */
  readonly #heldLimit: number
  readonly #ranges = new GpaRanges()
  #state: 'open' | 'closed' = 'open'
  /** The reader is stopped by the device. */
  #paused = false
  /** The last `next` stopped at the batch limit. */
  #limited = false
  /** Packets read in this drain. */
  #taken = 0
  /** Whether the packet at hand still wants a completion. */
  #answerable = false
  /** Notices without completion. */
  #notices = 0
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
    const { batch = 64, requests = 256 } = setup.limits ?? {}
    this.#heldLimit = requests
    this.#sender = new ChannelSender(setup, {
      signalled: () => this.signalled(),
      broken: (fault) => this.fail(faultViolation(fault, setup.channelId)),
      writable: () => handler.writable(this),
    })
    this.#batch = batch
    this.#reader = new RingReader(setup.receiveRing, 0, setup.receiveRing.size, {
      unknownFlags: setup.log.at === 'guest' ? 'tolerate' : 'fault',
    })
    this.#task = new Task(`${setup.log.at} channel ${setup.channelId}`, () => this.#run())
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
    return this.#sender.inFlight
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
    return this.#sender.queued
  }

  /** What it waits for, a line each. */
  explain(): string[] {
    const waits: readonly (readonly [number, string])[] = [
      [this.requestsHeld, `${this.requestsHeld} deferred completions`],
      [this.requestsInFlight, `${this.requestsInFlight} completions`],
      [this.packetsQueued, `room for ${this.packetsQueued} packets`],
    ]
    return waits.flatMap(([count, what]) => (count > 0 ? [`channel ${this.channelId}: ${what}`] : []))
  }

  /** Writes an in-band packet that wants no completion. False: not written, now or (closed, larger than the ring) ever. */
  send(payload: Uint8Array): boolean {
    return this.#sender.send(PacketType.DataInBand, payload, NOTHING)
  }

  /** As {@link send}, but keeps a copy until there is room. False: closed, or as many packets wait as may. */
  sendOrQueue(payload: Uint8Array): boolean {
    return this.#sender.sendOrQueue(PacketType.DataInBand, payload, NOTHING, undefined)
  }

  /** Writes a packet whose data lie in guest memory, without asking for a completion. See {@link send}. */
  sendGpaDirect(payload: Uint8Array, ranges: readonly GpadlRange[]): boolean {
    return this.#sender.send(PacketType.DataUsingGpaDirect, payload, gpaDirectHeader(ranges))
  }

  /**
   * Sends a packet that wants a completion, kept until there is room; `done` gets it, exactly once. False: closed, or too much
   * waits; then `done` is not called.
   *
   * @param data makes it a GPA-direct packet (ranges of guest memory) or a transfer page packet, or whatever its header is for.
   */
  request(
    payload: Uint8Array,
    done: CompletionHandler,
    data?: readonly GpadlRange[] | RangesHeader | TransferPages,
  ): boolean {
    if (data === undefined) return this.#sender.sendOrQueue(PacketType.DataInBand, payload, NOTHING, done)
    if ('header' in data) return this.#sender.sendOrQueue(data.type, payload, data.header, done)
    return 'setId' in data
      ? this.#sender.sendOrQueue(PacketType.DataUsingTransferPages, payload, transferPagesHeader(data), done)
      : this.#sender.sendOrQueue(PacketType.DataUsingGpaDirect, payload, gpaDirectHeader(data), done)
  }

  /**
   * Sends a packet that asks for a completion which nobody waits for, kept until there is room. Its transaction id is 2^63, which no
   * request has. Linux answers none of these (OK-16). False: closed, or too much waits.
   */
  notify(payload: Uint8Array): boolean {
    const sent = this.#sender.sendNotice(PacketType.DataInBand, payload, 1, 0, noticeIdHigh)
    if (sent) this.#notices += 1
    return sent
  }

  /**
   * Completes the packet at hand. Answers false when it wants none or the channel is closed. Throws when it has its completion:
   * the device answered twice.
   */
  complete(packet: RingPacket, payload?: Uint8Array): boolean {
    if (!packet.completionRequested || packet.type === PacketType.Completion) return false
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
    const wanted = packet.completionRequested && packet.type !== PacketType.Completion && this.#answerable
    this.#answerable = false
    return new Completion(this, packet.transactionIdLow, packet.transactionIdHigh, wanted)
  }

  /** A completion packet by transaction id. Devices use {@link complete} or {@link Completion}, which keep count. */
  sendCompletion(idLow: number, idHigh: number, payload: Uint8Array = NOTHING): boolean {
    return this.#sender.sendCompletion(PacketType.Completion, idLow, idHigh, payload)
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
      if (this.#taken >= this.#batch) {
        this.#limited = true
        return undefined
      }
      const status = reader.next()
      if (status === 'packet') {
        this.#taken += 1
        if (this.#setup.log.wantsPackets) this.#report(reader.packet)
        this.#answerable = reader.packet.completionRequested
        if (reader.packet.type !== PacketType.Completion) return reader.packet
        this.#completed(reader.packet)
        continue
      }
      if (status === 'fault' && reader.fault !== undefined) this.fail(faultViolation(reader.fault, this.channelId))
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
    this.#sender.close()
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
      this.#sender.flush()
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
    if (reader.fault !== undefined) this.fail(faultViolation(reader.fault, this.channelId))
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
    return this.#paused || this.#sender.areAnswersFull || this.#held.size >= this.#heldLimit
  }

  /** Matches a completion with its request, exactly once (RB-23, RB-25, RB-26). */
  #completed(packet: RingPacket): void {
    const { transactionIdLow, transactionIdHigh } = packet
    const done = this.#sender.complete(transactionIdLow, transactionIdHigh)
    if (done !== undefined) {
      done(packet)
      return
    }
    if (transactionIdHigh === noticeIdHigh && transactionIdLow === 0 && this.#notices > 0) {
      this.#notices -= 1
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
    this.#handler.strayCompletion?.(this)
  }

  #report(packet: RingPacket): void {
    const { type, flags, transactionId } = packet
    reportPacket(this.#setup, 'received', type, flags, transactionId, packet.copyHeader(), packet.copyPayload())
  }
}
