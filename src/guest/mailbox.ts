import type { GuestMemory } from '../memory/index.ts'
import { Place } from './machine.ts'

/** What a VP says by its mailbox. */
export interface MailboxReader {
  /** It makes a hypercall and waits: X0 … X17, 144 bytes, to be answered in place. */
  hypercall(vp: number, registers: Uint8Array): void
  /** It has signalled, and goes on. */
  signal(vp: number, connectionId: number, flag: number): void
}

/*
 * A page for each VP, written by the shim (shim/shim.c has the same as a structure), little-endian:
 *
 * |    at | size | what |
 * |     0 |    4 | state of the call: 0 none, 1 asked, 2 answered |
 * |     8 |    4 | signals put into the queue so far |
 * |    12 |    4 | signals taken out of it so far: ours to write |
 * |    16 |  144 | X0 … X17 of the call, then of its answer |
 * | 0x800 | 2048 | queue: 256 signals of 8 bytes: connection id, u32; flag number, u16; nothing, u16 |
 */
const pageBytes = 0x1000
const State = { asked: 1, answered: 2 } as const
const putAt = 8
const takenAt = 12
const registersAt = 16
const registerBytes = 18 * 8
const queueAt = 0x800
const queueSignals = 256

/**
 * The shim's mailboxes, seen from outside. The shim rings the doorbell after each call and each signal; one {@link look} then finds
 * all that has come, from all VPs.
 */
export class Mailboxes {
  readonly #memory: GuestMemory
  readonly #vps: number
  readonly #reader: MailboxReader
  readonly #head = new Uint8Array(registersAt)
  readonly #headView = new DataView(this.#head.buffer)
  readonly #registers = new Uint8Array(registerBytes)
  readonly #queue = new Uint8Array(queueSignals * 8)
  readonly #queueView = new DataView(this.#queue.buffer)

  constructor(memory: GuestMemory, vps: number, reader: MailboxReader) {
    this.#memory = memory
    this.#vps = vps
    this.#reader = reader
  }

  /** Takes signals, then answers the call, of each VP. */
  look(): void {
    for (let vp = 0; vp < this.#vps; vp++) this.#lookAt(vp, Place.mailbox + vp * pageBytes)
  }

  #lookAt(vp: number, page: number): void {
    // Read once: it is a copy then, and signals that came before the call are seen with it.
    this.#memory.read(page, this.#head, 0, this.#head.length)
    const view = this.#headView
    const put = view.getUint32(putAt, true)
    const taken = view.getUint32(takenAt, true)
    if (put !== taken) this.#takeSignals(vp, page, taken, put)
    if (view.getUint32(0, true) !== State.asked) return
    this.#memory.read(page + registersAt, this.#registers, 0, registerBytes)
    this.#reader.hypercall(vp, this.#registers)
    this.#memory.write(page + registersAt, this.#registers, 0, registerBytes)
    this.#memory.store32(page, State.answered)
  }

  #takeSignals(vp: number, page: number, taken: number, put: number): void {
    // The guest cannot reach this page, but a broken shim shall not make us run for ever.
    const count = Math.min((put - taken) >>> 0, queueSignals)
    this.#memory.read(page + queueAt, this.#queue, 0, this.#queue.length)
    // They are free again before they are acted on: what the guest puts in meanwhile has a doorbell of its own.
    this.#memory.store32(page + takenAt, put)
    for (let index = 0; index < count; index++) {
      const at = ((taken + index) % queueSignals) * 8
      this.#reader.signal(vp, this.#queueView.getUint32(at, true), this.#queueView.getUint16(at + 4, true))
    }
  }
}
