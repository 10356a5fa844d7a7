import { gpaDirectHeader } from '../../channels/channel/packet-headers.ts'
import type { Channel } from '../../channels/index.ts'
import { type GuestMemory, PAGE_SIZE } from '../../memory/index.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import type { Buffers } from './buffers.ts'
import { isWorthRetrying, outcomes, type ScsiOutcome } from './outcome.ts'
import { rangeOf } from './scatter-gather.ts'
import { type ScsiCommand, StorageIo } from './storage-io.ts'

/** What the queue works on while the driver has an initialized device. */
export interface QueueConnection {
  readonly memory: GuestMemory
  readonly buffers: Buffers
  /** Bytes of a packet under the version agreed on. */
  readonly packetSize: number
}

/** Tries again after a failure, as Linux: SD_MAX_RETRIES. */
const maxRetries = 5

/** Commands: those that wait, in order, and those on their way, of which there are a bounded number. */
export class StorageQueue {
  readonly #answered: (outcome: ScsiOutcome, io: StorageIo) => void
  readonly #depth: number
  #connection: QueueConnection | undefined
  /** Open channels; they take turns. */
  #channels: readonly Channel[] = []
  readonly #idle: StorageIo[] = []
  /** Those that wait; `#first` is the next one. */
  #waiting: StorageIo[] = []
  #first = 0
  /** Those on their way, in no order; each knows its place. */
  readonly #flying: StorageIo[] = []
  #turn = 0
  #isStarting = false
  /** Time that the caller told last. */
  #now = 0

  /** @param depth commands on their way at a time. @param answered hears of each answer, before it is tried again or over. */
  constructor(depth: number, answered: (outcome: ScsiOutcome, io: StorageIo) => void) {
    this.#depth = depth
    this.#answered = answered
  }

  /** There is a device, or there is none any more: then what waits is over. */
  connect(connection: QueueConnection | undefined): void {
    this.#connection = connection
    if (connection === undefined) this.start()
  }

  /** The channels that are open now. */
  setChannels(channels: readonly Channel[]): void {
    this.#channels = channels
  }

  get waiting(): number {
    return this.#waiting.length - this.#first
  }

  get flying(): number {
    return this.#flying.length
  }

  /** Takes a command, whose `done` is called exactly once, perhaps during this call. */
  submit(command: ScsiCommand): void {
    const io = this.#idle.pop() ?? this.#made()
    io.take(command)
    if (this.waiting > 0 || !this.#sendNow(io)) this.#waiting.push(io)
    this.start()
  }

  /** Commands that are on their way for `limit` or longer; their time begins anew, as Linux does it. */
  overdue(now: number, limit: number): ScsiCommand[] {
    this.#now = now
    const late: ScsiCommand[] = []
    for (const io of this.#flying) {
      if (now - io.sentAt < limit || io.command === undefined) continue
      io.sentAt = now
      late.push(io.command)
    }
    return late
  }

  /** Sends a command past the line, where nobody waits. False: it has to wait. */
  #sendNow(io: StorageIo): boolean {
    if (this.#isStarting || this.#flying.length >= this.#depth) return false
    this.#isStarting = true
    try {
      const outcome = this.#send(io)
      if (outcome !== 'sent' && outcome !== 'later') this.#over(io, outcome)
      return outcome !== 'later'
    } finally {
      this.#isStarting = false
    }
  }

  /** Sends what can be sent; without a channel, whatever waits is over. */
  start(): void {
    if (this.#isStarting || this.waiting === 0) return
    this.#isStarting = true
    try {
      while (this.#first < this.#waiting.length && this.#flying.length < this.#depth) {
        const io = this.#waiting[this.#first]
        if (io === undefined) break
        const outcome = this.#send(io)
        if (outcome === 'later') break
        this.#first += 1
        if (outcome !== 'sent') this.#over(io, outcome)
      }
    } finally {
      this.#isStarting = false
    }
    const isLong = this.#first > 1024 && this.#first * 2 > this.#waiting.length
    if (isLong || this.#first === this.#waiting.length) this.#compact()
  }

  #made(): StorageIo {
    return new StorageIo(
      (io, outcome) => this.#finished(io, outcome),
      () => this.#connection?.packetSize ?? 0,
    )
  }

  #compact(): void {
    this.#waiting = this.#waiting.slice(this.#first)
    this.#first = 0
  }

  #send(io: StorageIo): 'sent' | 'later' | ScsiOutcome {
    const channel = this.#nextChannel()
    const connection = this.#connection
    if (channel === undefined || connection === undefined) return outcomes.closed
    const { memory, buffers, packetSize } = connection
    if (io.wanted > 0 && io.ranges === undefined) {
      const range = io.command?.segments && rangeOf(io.command.segments)
      if (range !== undefined) io.ranges = { type: PacketType.DataUsingGpaDirect, header: gpaDirectHeader([range]) }
      else {
        io.buffer = buffers.take(Math.ceil(io.wanted / PAGE_SIZE))
        if (io.buffer === undefined) return this.#flying.length > 0 ? 'later' : outcomes.noMemory
        io.ranges = io.buffer.header(io.wanted)
      }
      io.prepare(memory, packetSize)
      io.gather()
    } else io.prepare(memory, packetSize)
    // Before it is sent: a channel that breaks at that moment answers at once.
    this.#takeOff(io)
    io.channel = channel
    io.sentAt = this.#now
    if (channel.request(io.packet, io.answered, io.ranges)) return 'sent'
    if (!this.#land(io)) return 'sent'
    return channel.isOpen ? 'later' : outcomes.closed
  }

  #nextChannel(): Channel | undefined {
    const channels = this.#channels
    for (let tries = channels.length; tries > 0; tries--) {
      this.#turn = this.#turn + 1 < channels.length ? this.#turn + 1 : 0
      const channel = channels[this.#turn]
      if (channel?.isOpen) return channel
    }
    return undefined
  }

  #takeOff(io: StorageIo): void {
    io.slot = this.#flying.length
    this.#flying.push(io)
  }

  /** False when it was not on its way. */
  #land(io: StorageIo): boolean {
    const { slot } = io
    const last = this.#flying[this.#flying.length - 1]
    if (slot < 0 || last === undefined) return false
    this.#flying[slot] = last
    last.slot = slot
    this.#flying.pop()
    io.slot = -1
    return true
  }

  #finished(io: StorageIo, outcome: ScsiOutcome): void {
    if (!this.#land(io)) return
    this.#answered(outcome, io)
    if (isWorthRetrying(outcome) && io.retries < maxRetries) {
      io.retries += 1
      this.#waiting.push(io)
    } else this.#over(io, outcome)
    this.start()
  }

  #over(io: StorageIo, outcome: ScsiOutcome): void {
    const { command, buffer } = io
    try {
      io.scatter(outcome.kind === 'good' ? outcome.transferred : 0)
      command?.done(outcome, io)
    } finally {
      if (buffer !== undefined) this.#connection?.buffers.put(buffer)
      io.command = undefined
      io.buffer = undefined
      io.ranges = undefined
      io.channel = undefined
      this.#idle.push(io)
    }
  }
}
