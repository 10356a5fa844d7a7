import type { GuestMemory } from '../../memory/index.ts'

/** Statuses of HvCallPostMessage and HvCallSignalEvent that a transport answers. Source: TLFS appendix B; the rest stays a number. */
export const HvStatus = {
  Success: 0,
  InvalidParameter: 0x05,
  InsufficientMemory: 0x0b,
  /** No such port. */
  InvalidConnectionId: 0x12,
  /** The port's queue is full: try again. */
  InsufficientBuffers: 0x13,
} as const

/** What {@link GuestTransport.post} answers while the host's status is still on its way: no HV_STATUS. */
export const postPending = -1

export { ConnectionIds } from '../../vmbus/ids.ts'

/** SynIC message type of all VMBus control messages. */
export const vmbusMessageType = 1

/** Words in guest memory that both ends change: interrupt pages and monitor pages. Atomic where two threads share the memory. */
export interface SharedBits {
  /**
   * Sets bit `bit` of the little-endian bitmap at `gpa` (a multiple of 4). Throws `MemoryFault` outside memory.
   * When the page is one that the host watches, the host hears of it.
   */
  setBit(gpa: number, bit: number): void
  /** Answers the word at `gpa` and makes it 0. Throws `MemoryFault` outside memory. */
  take32(gpa: number): number
}

/** What the guest's end is told. A handler may only take note: it must not call the transport before it has returned. */
export interface GuestHandlers {
  /** A message was in the slot of this SINT; it has been copied out, and the slot is free again. */
  message(vp: number, sint: number, messageType: number, payload: Uint8Array): void
  /** An event flag was set; it has been cleared again. */
  event(vp: number, sint: number, flag: number): void
  /** The HV_STATUS of a post that answered {@link postPending}. */
  posted?(status: number): void
}

/** The guest's end of a transport. */
export interface GuestTransport extends SharedBits {
  /** Guest memory. */
  readonly memory: GuestMemory
  /**
   * HvCallPostMessage: at most 240 bytes to a connection. Answers its HV_STATUS, and the host acts later; or {@link postPending}, where the
   * status cannot be known yet: it comes by `posted`, before which nothing else is posted.
   */
  post(connectionId: number, messageType: number, payload: Uint8Array): number
  /** HvCallSignalEvent. Answers its HV_STATUS, or 0 where it cannot be known yet; the host acts later. */
  signal(connectionId: number, flag: number): number
  /** Replaces who is told. Nothing is told before the first call, and nothing is lost. */
  attach(handlers: GuestHandlers): void
}

/** What the host's end is told. Same rule as for {@link GuestHandlers}. */
export interface HostHandlers {
  /** The guest posts a message. Answers the HV_STATUS for it; the payload is copied or used at once. */
  post(connectionId: number, messageType: number, payload: Uint8Array): number
  /** The guest signals. Answers the HV_STATUS for it. */
  signal(connectionId: number, flag: number): number
  /** A slot that had been busy is free. */
  slotFree(vp: number, sint: number): void
  /** The guest set a bit in the watched page. */
  watched(): void
}

/**
 * `delivered`: it is in the guest's slot. `busy`: the slot is taken; `slotFree` follows. `refused`: there is no such slot
 * (VP or SINT that does not exist or is off), and there will be none.
 */
export type PostOutcome = 'delivered' | 'busy' | 'refused'

/** The host's end of a transport. */
export interface HostTransport extends SharedBits {
  /** The guest's memory. */
  readonly memory: GuestMemory
  /** Puts a message of at most 240 bytes into the guest's slot for this SINT, if it is free. */
  post(vp: number, sint: number, messageType: number, payload: Uint8Array): PostOutcome
  /** Sets an event flag (0 … 2047). One that is set already raises nothing; a flag, SINT or VP that does not exist neither. */
  setEventFlag(vp: number, sint: number, flag: number): void
  /** Asks to be told of bits that the guest sets in the page at this GPA (the monitor page); `undefined` ends it. */
  watch(page: number | undefined): void
  /** Replaces who is told. */
  attach(handlers: HostHandlers): void
}

/** Both ends of a transport. */
export interface TransportEnds {
  /** The host's end. */
  readonly host: HostTransport
  /** The guest's end. */
  readonly guest: GuestTransport
}
