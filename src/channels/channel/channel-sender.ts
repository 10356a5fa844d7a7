import { PacketType } from '../../vmbus/packet-types.ts'
import { Requestor } from '../../vmbus/requestor.ts'
import { type RingFault, type RingPacket, RingWriter, ringBytesOf } from '../../vmbus/ring/index.ts'
import { faultViolation } from './channel-faults.ts'
import type { ChannelSetup } from './channel-setup.ts'
import { reportPacket } from './packet-report.ts'

/** Gets the completion of a request, exactly once; `undefined` when the channel closed before. The packet is valid during the call. */
export type CompletionHandler = (completion: RingPacket | undefined) => void

/** What the sending half of a channel asks of the whole. */
export interface SenderOwner {
  /** It needs a turn, though no signal may come. */
  signalled(): void
  /** The ring is unusable. */
  broken(fault: RingFault): void
  /** There is room again after {@link ChannelSender.send} was refused. */
  writable(): void
}

interface Outgoing {
  readonly type: number
  readonly payload: Uint8Array
  readonly header: Uint8Array
  /** Of packets that no completion is awaited for. */
  readonly flags: number
  readonly idLow: number
  readonly idHigh: number
  readonly done: CompletionHandler | undefined
}

/** `full` leaves word with the peer, who then signals; `never` has been reported. */
type Outcome = 'written' | 'full' | 'never'

/** The sending half of a channel: the ring's writer, what waits for room, and requests without completion. */
export class ChannelSender {
  readonly #setup: ChannelSetup
  readonly #owner: SenderOwner
  readonly #writer: RingWriter
  readonly #requestLimit: number
  /** Made with the first request: most channels have but one end that asks. */
  #requests: Requestor<CompletionHandler> | undefined
  readonly #queueLimit: number
  readonly #queue: Outgoing[] = []
  /** Completions in the queue. */
  #answersQueued = 0
  #isOpen = true
  /** The device waits for `writable`, and how many bytes it could not write. */
  #wantsRoom = false
  #refusedBytes = 0

  /** Throws `RingFault` when the memory given is no ring. */
  constructor(setup: ChannelSetup, owner: SenderOwner) {
    this.#setup = setup
    this.#owner = owner
    const { queue = 256, requests = 256 } = setup.limits ?? {}
    this.#queueLimit = queue
    this.#requestLimit = requests
    this.#writer = new RingWriter(setup.sendRing, 0, setup.sendRing.size)
    this.#writer.initialize()
  }

  /** Requests without completion. */
  get inFlight(): number {
    return this.#requests?.inUse ?? 0
  }

  /** Packets that wait for room. */
  get queued(): number {
    return this.#queue.length
  }

  /** Whether as many completions wait as may. Requests do not count: what they wait for may be in the ring that is to be read. */
  get areAnswersFull(): boolean {
    return this.#answersQueued >= this.#queueLimit
  }

  /** Writes a packet that wants no completion, if there is room now. */
  send(type: number, payload: Uint8Array, header: Uint8Array): boolean {
    if (!this.#isOpen) return false
    // What waits goes first.
    const outcome = this.#queue.length > 0 ? 'full' : this.#write(type, 0, 0, 0, payload, header)
    if (outcome === 'full') {
      this.#wantsRoom = true
      this.#refusedBytes = ringBytesOf(header.length, payload.length)
    }
    return outcome === 'written'
  }

  /** Writes a packet, or keeps a copy until there is room; with `done` as a request. False: closed, or too many wait. */
  sendOrQueue(type: number, payload: Uint8Array, header: Uint8Array, done: CompletionHandler | undefined): boolean {
    if (!this.#isOpen || this.#queue.length >= this.#queueLimit) return false
    if (this.#queue.length > 0 || !this.#putRequest(type, payload, header, done)) {
      this.#enqueue({ type, payload, header, flags: 0, idLow: 0, idHigh: 0, done })
    }
    return this.#isOpen
  }

  /** As `sendOrQueue`, with flags and transaction id of the caller's. */
  sendNotice(type: number, payload: Uint8Array, flags: number, idLow: number, idHigh: number): boolean {
    if (!this.#isOpen || this.#queue.length >= this.#queueLimit) return false
    const packet = { type, payload, header: NOTHING, flags, idLow, idHigh, done: undefined }
    if (this.#queue.length > 0 || !this.#put(packet)) this.#enqueue(packet)
    return this.#isOpen
  }

  /** As `sendOrQueue`, but never refused: the ring is read only while few of them wait, so a peer cannot make it grow. */
  sendCompletion(type: number, idLow: number, idHigh: number, payload: Uint8Array): boolean {
    if (!this.#isOpen) return false
    if (this.#queue.length > 0 || this.#write(type, 0, idLow, idHigh, payload, NOTHING) === 'full') {
      this.#enqueue({ type, payload, header: NOTHING, flags: 0, idLow, idHigh, done: undefined })
      this.#answersQueued += 1
    }
    return this.#isOpen
  }

  /** The request that a completion answers; its id is free again. `undefined` for an id that is not out. */
  complete(idLow: number, idHigh: number): CompletionHandler | undefined {
    const done = this.#requests?.complete(idLow, idHigh)
    // A request may have waited for an id.
    if (done !== undefined && this.#queue.length > 0) this.#owner.signalled()
    return done
  }

  /** Sends what waits, in order, then tells the device that there is room. */
  flush(): void {
    for (let packet = this.#queue.shift(); packet !== undefined; packet = this.#queue.shift()) {
      if (!this.#put(packet)) {
        this.#queue.unshift(packet)
        break
      }
      if (packet.type === PacketType.Completion) this.#answersQueued -= 1
    }
    if (!this.#isOpen || this.#queue.length > 0) return
    if (!this.#wantsRoom || this.#writer.freeBytes() <= this.#refusedBytes) return
    this.#wantsRoom = false
    this.#writer.setPendingSendSize(0)
    this.#owner.writable()
  }

  /** The channel is closed: each request gets its `undefined`. The ring is not touched any more. */
  close(): void {
    this.#isOpen = false
    for (const { done } of this.#queue.splice(0)) done?.(undefined)
    for (let id = 1; id <= this.#requestLimit && this.inFlight > 0; id++) this.#requests?.complete(id, 0)?.(undefined)
  }

  #enqueue(packet: Outgoing): void {
    if (this.#isOpen) this.#queue.push({ ...packet, payload: packet.payload.slice(), header: packet.header.slice() })
  }

  /** Writes a packet that may wait. False: not now. One that can never be sent is given up. */
  #put({ type, payload, header, flags, idLow, idHigh, done }: Outgoing): boolean {
    if (!this.#isOpen) return true
    if (done !== undefined) return this.#putRequest(type, payload, header, done)
    return this.#write(type, flags, idLow, idHigh, payload, header) !== 'full'
  }

  /** {@link #put} of a packet without flags and id of the caller's; with `done` as a request. */
  #putRequest(type: number, payload: Uint8Array, header: Uint8Array, done: CompletionHandler | undefined): boolean {
    if (done === undefined) return this.#write(type, 0, 0, 0, payload, header) !== 'full'
    this.#requests ??= new Requestor(this.#requestLimit)
    const id = this.#requests.allocate(done)
    if (id === 0) return false
    const outcome = this.#write(type, 1, id, 0, payload, header)
    if (outcome === 'written') return true
    // If the ring broke, `done` has been told already, and this is nothing.
    const owner = this.#requests.complete(id, 0)
    if (outcome === 'never') owner?.(undefined)
    return outcome === 'never'
  }

  #write(type: number, flags: number, idLow: number, idHigh: number, payload: Uint8Array, header: Uint8Array): Outcome {
    const writer = this.#writer
    const { log, channelId, signalPeer } = this.#setup
    for (let attempt = 0; ; attempt++) {
      const result = writer.write(type, flags, idLow, idHigh, payload, header)
      if (result.status === 'written') {
        if (log.wantsPackets) {
          const transactionId = (BigInt(idHigh) << 32n) | BigInt(idLow)
          reportPacket(this.#setup, 'sent', type, flags, transactionId, header.slice(), payload.slice())
        }
        if (result.signal) signalPeer()
        return 'written'
      }
      if (result.status === 'error') {
        if (writer.fault !== undefined) this.#owner.broken(writer.fault)
        else log.violations.report(faultViolation(result.error, channelId))
        return 'never'
      }
      // If the peer has read meanwhile, no signal comes. One that keeps changing its mind has to wait for another turn.
      if (!writer.setPendingSendSize(ringBytesOf(header.length, payload.length))) return 'full'
      if (attempt > 0) {
        this.#owner.signalled()
        return 'full'
      }
    }
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)
