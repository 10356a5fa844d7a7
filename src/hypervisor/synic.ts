import { eventFlagCount, messagePayloadSize, sintCount } from '../hypercall/synic.ts'
import type { GpaSpace } from './gpa-space.ts'
import type { InterruptController } from './interrupt-controller.ts'
import { type PageMode, RegisterPage } from './register-page.ts'

/** A message on its way into a slot. */
export interface QueuedMessage {
  /** HV_MESSAGE_TYPE, not 0. */
  readonly messageType: number
  /** Port, for what a partition posts; partition, for intercepts; 0 for timers. */
  readonly sender: bigint
  /** The port that it came through. */
  readonly origin?: object
  /** Up to 240 bytes; asked for when the message is delivered. */
  payload(): Uint8Array
  /** The message has left the queue: its buffer is free. */
  release?(): void
}

/** `delivered`: in the slot; `queued`: the slot is taken, it follows; `off`: SynIC or message page disabled; `no sint`: above 15. */
export type MessageOutcome = 'delivered' | 'queued' | 'off' | 'no sint'

/**
 * `signalled`: set, and an interrupt where the SINT has one; `already set`: nothing happens; `masked`, `off`, `no flag`: not delivered;
 * `proxy`: not for this SynIC, whoever asked has to pass it on.
 */
export type SignalOutcome = 'signalled' | 'already set' | 'masked' | 'off' | 'no flag' | 'proxy'

const slotBytes = 256
const slot = { payloadSize: 4, sender: 8, payload: 16 } as const
const messagePending = 0x100
const sint = { masked: 0x1_0000n, autoEoi: 0x2_0000n, polling: 0x4_0000n, proxy: 0x10_0000n } as const

/** SINTx after a reset: masked. */
export const sintReset = 0x1_0000n

/**
 * The synthetic interrupt controller of a VP: 16 sources, each with a message slot and 2048 event flags.
 * Source: TLFS 11; message and flag rules as in OpenVMM hv1_emulator/synic.rs.
 */
export class Synic {
  /** SIMP. */
  readonly messagePage: RegisterPage
  /** SIEFP. */
  readonly eventPage: RegisterPage
  readonly #controller: InterruptController
  readonly #slotFreed: (sint: number) => void
  readonly #sints: bigint[] = new Array<bigint>(sintCount).fill(sintReset)
  readonly #queues: QueuedMessage[][] = Array.from({ length: sintCount }, () => [])
  #control = 0n

  /**
   * @param pages where its two pages go, and the level whose it is.
   * @param slotFreed a slot in which nothing waits to follow has been freed.
   */
  constructor(
    pages: { readonly space: GpaSpace; readonly mode: PageMode; readonly vtl: number },
    controller: InterruptController,
    slotFreed: (sint: number) => void,
  ) {
    this.messagePage = new RegisterPage(pages.space, pages.mode, pages.vtl)
    this.eventPage = new RegisterPage(pages.space, pages.mode, pages.vtl)
    this.#controller = controller
    this.#slotFreed = slotFreed
  }

  /** SCONTROL: bit 0 enables. */
  get control(): bigint {
    return this.#control
  }

  set control(value: bigint) {
    this.#control = value
    this.scan()
  }

  /** Writes SIMP. */
  setMessagePage(value: bigint): void {
    this.messagePage.value = value
    this.scan()
  }

  /** SINTx. */
  source(index: number): bigint | undefined {
    return this.#sints[index]
  }

  /** Writes SINTx. Answers false, and changes nothing, for a vector below 16 on a source that is neither masked nor polled. */
  setSource(index: number, value: bigint): boolean {
    if (index < 0 || index >= sintCount) return false
    const interrupts = (value & (sint.masked | sint.polling)) === 0n
    if (interrupts && (value & this.#controller.vectorMask) < 16n) return false
    this.#sints[index] = value
    return true
  }

  /** Whether messages can be delivered. */
  get takesMessages(): boolean {
    return (this.#control & 1n) !== 0n && this.messagePage.place() !== undefined
  }

  /** Messages that wait for a slot. */
  queued(index: number): number {
    return this.#queues[index]?.length ?? 0
  }

  /** Whether a message could go into the slot at once. */
  isFree(index: number): boolean {
    const page = this.messagePage.place()
    if (page === undefined || !this.takesMessages || this.queued(index) > 0) return false
    return index >= 0 && index < sintCount && page.memory.load32(page.base + index * slotBytes) === 0
  }

  /** Delivers a message, or queues it behind what is there. One that is refused is not kept. */
  post(index: number, message: QueuedMessage): MessageOutcome {
    const queue = this.#queues[index]
    if (queue === undefined) return 'no sint'
    if (!this.takesMessages) return 'off'
    queue.push(message)
    this.#scanSource(index)
    return queue.includes(message) ? 'queued' : 'delivered'
  }

  /** Queues a message of the hypervisor's own, which waits until the SynIC is on. */
  hold(index: number, message: QueuedMessage): void {
    this.#queues[index]?.push(message)
    this.#scanSource(index)
  }

  /** Sets message_pending in a slot that is taken. */
  markPending(index: number): void {
    const page = this.messagePage.place()
    if (page === undefined || index < 0 || index >= sintCount) return
    const at = page.base + index * slotBytes + slot.payloadSize
    page.memory.store32(at, page.memory.load32(at) | messagePending)
  }

  /** Sets an event flag; interrupts if it was clear. */
  signal(index: number, flag: number): SignalOutcome {
    const source = this.#sints[index]
    if (source === undefined || !(flag >= 0 && flag < eventFlagCount)) return 'no flag'
    const page = this.eventPage.place()
    if ((this.#control & 1n) === 0n || page === undefined) return 'off'
    if ((source & sint.proxy) !== 0n) return 'proxy'
    if ((source & sint.masked) !== 0n) return 'masked'
    const at = page.base + index * slotBytes + (flag >>> 5) * 4
    const word = page.memory.load32(at)
    const set = (word | (1 << (flag & 31))) >>> 0
    if (set === word) return 'already set'
    page.memory.store32(at, set)
    this.#interrupt(source)
    return 'signalled'
  }

  /** EOM, and whatever else makes the hypervisor look at the slots again. */
  endOfMessage(): void {
    this.scan()
    for (let index = 0; index < sintCount; index++) if (this.isFree(index)) this.#slotFreed(index)
  }

  /** Fills free slots from their queues. */
  scan(): void {
    for (let index = 0; index < sintCount; index++) this.#scanSource(index)
  }

  /** Drops queued messages that came through a port. */
  drop(origin: object): void {
    for (const queue of this.#queues) {
      const left = queue.filter((message) => message.origin !== origin)
      queue.splice(0, queue.length, ...left)
    }
  }

  /** All registers as after a reset; queued messages are dropped, their buffers freed. */
  reset(): void {
    this.#control = 0n
    this.messagePage.value = 0n
    this.eventPage.value = 0n
    this.#sints.fill(sintReset)
    for (const queue of this.#queues) for (const message of queue.splice(0)) message.release?.()
  }

  #scanSource(index: number): void {
    const queue = this.#queues[index]
    const first = queue?.[0]
    if (queue === undefined || first === undefined || !this.takesMessages) return
    if (!this.#deliver(index, first, queue.length > 1)) {
      this.markPending(index)
      // A guest that freed the slot in between has not seen the flag and will not write EOM.
      if (!this.#deliver(index, first, queue.length > 1)) return
    }
    queue.shift()
    first.release?.()
  }

  /** Writes a message into its slot, the type last. Answers false when the slot is taken. */
  #deliver(index: number, message: QueuedMessage, more: boolean): boolean {
    const page = this.messagePage.place()
    const source = this.#sints[index]
    if (page === undefined || source === undefined) return false
    const { memory } = page
    const at = page.base + index * slotBytes
    if (memory.load32(at) !== 0) return false
    const payload = message.payload()
    const size = Math.min(payload.length, messagePayloadSize)
    memory.write(at + slot.payload, payload, 0, size)
    memory.store32(at + slot.payloadSize, size | (more ? messagePending : 0))
    memory.store32(at + slot.sender, Number(message.sender & 0xffff_ffffn))
    memory.store32(at + slot.sender + 4, Number(message.sender >> 32n))
    memory.store32(at, message.messageType)
    if ((source & sint.masked) === 0n) this.#interrupt(source)
    return true
  }

  #interrupt(source: bigint): void {
    if ((source & sint.polling) !== 0n) return
    this.#controller.request(Number(source & this.#controller.vectorMask), (source & sint.autoEoi) !== 0n)
  }
}
