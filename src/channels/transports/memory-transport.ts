import type { GuestMemory } from '../../memory/index.ts'
import { type Pump, Task } from '../pump.ts'
import {
  type GuestHandlers,
  type GuestTransport,
  type HostHandlers,
  type HostTransport,
  HvStatus,
  type PostOutcome,
} from './transport.ts'

const SINTS = 16
const FLAGS = 2048
const MAX_PAYLOAD = 240
const PAGE_MASK = 0xfff

/** Where things stand in a 256-byte message slot. Source: TLFS 11.8.1; Linux hv_message. */
const SLOT = { bytes: 256, payloadSize: 4, flags: 5, payload: 16 } as const
const MESSAGE_PENDING = 1

/** One synthetic interrupt source of one VP: a message slot, its event flags, and the guest's interrupt for each. */
interface Sint {
  readonly slot: Uint8Array
  readonly view: DataView
  readonly flags: Uint32Array
  readonly messageTask: Task
  readonly eventTask: Task
}

/**
 * Both ends of a bus in one process, without hypercalls: {@link host} and {@link guest}. Messages go through one slot for each
 * SINT and VP with message_pending and EOM, events through flags that are raised once; the pump says when the guest sees them.
 */
export class MemoryTransport {
  /** The host's end. */
  readonly host: HostTransport
  /** The guest's end. */
  readonly guest: GuestTransport
  readonly #pump: Pump
  readonly #memory: GuestMemory
  readonly #sints: (Sint | undefined)[]
  #watched: number | undefined
  #hostHandlers: HostHandlers | undefined
  #guestHandlers: GuestHandlers | undefined
  readonly #watchTask = new Task('watched page', () => this.#hostHandlers?.watched())

  /** @param vps virtual processors of the guest. */
  constructor(memory: GuestMemory, pump: Pump, vps = 1) {
    this.#pump = pump
    this.#memory = memory
    this.#sints = new Array(vps * SINTS)
    const take32 = (gpa: number) => this.#take32(gpa)
    this.guest = {
      memory,
      take32,
      setBit: (gpa, bit) => {
        const word = this.#setBit(gpa, bit)
        if (this.#watched !== undefined && word - (word & PAGE_MASK) === this.#watched) pump.schedule(this.#watchTask)
      },
      post: (connectionId, messageType, payload) => this.#post(connectionId, messageType, payload),
      signal: (connectionId, flag) => this.#hostHandlers?.signal(connectionId, flag) ?? HvStatus.InvalidConnectionId,
      attach: (handlers) => {
        this.#guestHandlers = handlers
        for (const sint of this.#sints) {
          if (sint === undefined) continue
          pump.schedule(sint.messageTask)
          pump.schedule(sint.eventTask)
        }
      },
    }
    this.host = {
      memory,
      take32,
      setBit: (gpa, bit) => void this.#setBit(gpa, bit),
      post: (vp, sint, messageType, payload) => this.#deliver(vp, sint, messageType, payload),
      setEventFlag: (vp, sint, flag) => this.#setEventFlag(vp, sint, flag),
      watch: (page) => {
        this.#watched = page
      },
      attach: (handlers) => {
        this.#hostHandlers = handlers
      },
    }
  }

  /** The slot of a SINT as the guest sees it, 256 bytes: for tests and tools. */
  slot(vp: number, sint: number): Uint8Array | undefined {
    return this.#sint(vp, sint)?.slot
  }

  /** The guest's interrupt for a message: copy, free the slot, EOM if more waits, then handle. */
  #takeMessage(vp: number, sint: number): void {
    const handlers = this.#guestHandlers
    const source = this.#sint(vp, sint)
    if (source === undefined) return
    const messageType = source.view.getUint32(0, true)
    if (handlers === undefined || messageType === 0) return
    const size = Math.min(source.slot[SLOT.payloadSize] ?? 0, MAX_PAYLOAD)
    const payload = source.slot.slice(SLOT.payload, SLOT.payload + size)
    source.view.setUint32(0, 0, true)
    if (((source.slot[SLOT.flags] ?? 0) & MESSAGE_PENDING) !== 0) this.#hostHandlers?.slotFree(vp, sint)
    handlers.message(vp, sint, messageType, payload)
  }

  /** The guest's interrupt for events: test and clear each flag, lowest first. */
  #takeEvents(vp: number, sint: number): void {
    const handlers = this.#guestHandlers
    const source = this.#sint(vp, sint)
    if (handlers === undefined || source === undefined) return
    for (let index = 0; index < source.flags.length; index++) {
      let word = source.flags[index] ?? 0
      source.flags[index] = 0
      while (word !== 0) {
        const bit = 31 - Math.clz32(word & -word)
        word &= word - 1
        handlers.event(vp, sint, index * 32 + bit)
      }
    }
  }

  #post(connectionId: number, messageType: number, payload: Uint8Array): number {
    if (payload.length > MAX_PAYLOAD || messageType === 0 || messageType >= 0x8000_0000)
      return HvStatus.InvalidParameter
    return this.#hostHandlers?.post(connectionId, messageType, payload.slice()) ?? HvStatus.InvalidConnectionId
  }

  #deliver(vp: number, number: number, messageType: number, payload: Uint8Array): PostOutcome {
    const sint = this.#sint(vp, number)
    if (sint === undefined || payload.length > MAX_PAYLOAD) return 'refused'
    if (sint.view.getUint32(0, true) !== 0) {
      sint.slot[SLOT.flags] = (sint.slot[SLOT.flags] ?? 0) | MESSAGE_PENDING
      return 'busy'
    }
    sint.slot[SLOT.payloadSize] = payload.length
    sint.slot[SLOT.flags] = 0
    sint.slot.set(payload, SLOT.payload)
    sint.view.setUint32(0, messageType, true)
    this.#pump.schedule(sint.messageTask)
    return 'delivered'
  }

  #setEventFlag(vp: number, number: number, flag: number): void {
    const sint = this.#sint(vp, number)
    if (sint === undefined || flag >= FLAGS || flag < 0) return
    const word = sint.flags[flag >> 5] ?? 0
    const mask = 1 << (flag & 31)
    if ((word & mask) !== 0) return
    sint.flags[flag >> 5] = word | mask
    this.#pump.schedule(sint.eventTask)
  }

  #sint(vp: number, sint: number): Sint | undefined {
    if (!(vp >= 0 && vp * SINTS < this.#sints.length && sint >= 0 && sint < SINTS)) return undefined
    const at = vp * SINTS + sint
    const found = this.#sints[at]
    if (found !== undefined) return found
    const slot = new Uint8Array(SLOT.bytes)
    const made: Sint = {
      slot,
      view: new DataView(slot.buffer),
      flags: new Uint32Array(FLAGS / 32),
      messageTask: new Task(`message slot ${vp}.${sint}`, () => this.#takeMessage(vp, sint)),
      eventTask: new Task(`event flags ${vp}.${sint}`, () => this.#takeEvents(vp, sint)),
    }
    this.#sints[at] = made
    return made
  }

  #setBit(gpa: number, bit: number): number {
    const word = gpa + (bit >>> 5) * 4
    this.#memory.store32(word, (this.#memory.load32(word) | (1 << (bit & 31))) >>> 0)
    return word
  }

  #take32(gpa: number): number {
    const word = this.#memory.load32(gpa)
    if (word !== 0) this.#memory.store32(gpa, 0)
    return word
  }
}
