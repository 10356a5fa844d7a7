import type { GuestMemory } from '../../memory/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { Task } from '../pump.ts'
import { BasedMemory } from '../transports/based-memory.ts'
import { setBit, take32 } from '../transports/root-end.ts'
import { type GuestHandlers, type GuestTransport, HvStatus, postPending } from '../transports/transport.ts'
import { FrameConnection, type FrameConnectionOptions, frameViolation, type GuestTraits } from './frame-connection.ts'
import { EndOfMessageFrame, type Frame, type HelloFrame, PostFrame, SignalFrame, TriggerFrame } from './frames.ts'

const sints = 16
const flags = 2048
const maxPayload = 240
/** Posts and signals without answer at a time. */
const maxAsked = 256

/** What the guest's end is made with. */
export interface FrameGuestOptions extends FrameConnectionOptions {
  /** The host said hello: the transport is there for a `Guest`. */
  readonly connected: (transport: GuestTransport, hello: HelloFrame) => void
  /** Guest physical address of the memory's first byte, a multiple of 4096. Default 0. */
  readonly base?: number
  /** Virtual processors. Default 1. */
  readonly vps?: number
  /** See `GuestPartitionOptions`. */
  readonly keepsBits?: boolean
}

/** A message that the host has put into a slot. */
interface SlotMessage {
  readonly vp: number
  readonly sint: number
  readonly messageType: number
  readonly payload: Uint8Array
}

/** The guest's end of the process transport: speaks in messages and signals. The host's answer to a post comes later, see `postPending`. */
export class FrameGuest extends FrameConnection {
  readonly #options: FrameGuestOptions
  readonly #memory: GuestMemory
  readonly #vps: number
  readonly #task = new Task('frames: messages and events', () => this.#deliver())
  /** By VP × 16 + SINT: the host may put one message there, until this end has answered. */
  readonly #messages = new Map<number, SlotMessage>()
  /** Event flags that are set, as slot × 2048 + flag. */
  readonly #events = new Set<number>()
  #handlers: GuestHandlers | undefined
  #nextTag = 1
  /** What was asked without answer yet, by tag. */
  readonly #asked = new Map<number, 'post' | 'signal'>()
  /** What is being sent just now: its answer may come before that is done. */
  #asking: { readonly tag: number; status: number | undefined } | undefined

  constructor(options: FrameGuestOptions) {
    super('guest', options)
    this.#options = options
    this.#memory = new BasedMemory(options.memory, options.base ?? 0)
    this.#vps = options.vps ?? 1
  }

  protected override get owed(): string | undefined {
    return this.#asked.size === 0 ? undefined : 'a status'
  }

  protected override hello(): GuestTraits {
    const { memory, base = 0 } = this.#options
    const memorySize = BigInt(memory.size)
    return { architecture: 0, capabilities: 0, vps: this.#vps, memoryBase: BigInt(base), memorySize }
  }

  protected override greeted(hello: HelloFrame): Violation | undefined {
    const { memory, pump, connected, keepsBits = false } = this.#options
    if (hello.memorySize > BigInt(memory.size)) {
      const why = `${hello.memorySize} bytes of memory, of ${memory.size}`
      return frameViolation('frame-memory', 'RANGE', why, 'memorySize')
    }
    connected(
      {
        memory: this.#memory,
        take32: (gpa) => (keepsBits ? this.#memory.load32(gpa) : take32(this.#memory, gpa)),
        setBit: (gpa, bit) => {
          const word = setBit(this.#memory, gpa, bit)
          this.send(TriggerFrame, { gpa: BigInt(word) })
        },
        post: (connectionId, messageType, payload) => this.#post(connectionId, messageType, payload),
        signal: (connectionId, flag) => this.#signal(connectionId, flag),
        attach: (handlers) => {
          this.#handlers = handlers
          pump.schedule(this.#task)
        },
      },
      hello,
    )
    return undefined
  }

  protected override handle(frame: Frame): Violation | undefined {
    switch (frame.type) {
      case 'StatusFrame':
        return this.#answered(frame.header.tag, frame.status)
      case 'MessageFrame': {
        const { vp, sint, messageType, payload } = frame
        const slot = vp * sints + sint
        if (vp >= this.#vps || sint >= sints) return noSlot(vp, sint)
        if (this.#messages.has(slot)) {
          return frameViolation('frame-slot-taken', 'STATE', `slot ${vp}.${sint} is taken`, 'sint')
        }
        this.#messages.set(slot, { vp, sint, messageType, payload: payload.slice() })
        this.#options.pump.schedule(this.#task)
        return undefined
      }
      case 'EventFrame': {
        const { vp, sint, flag } = frame
        if (vp >= this.#vps || sint >= sints || flag >= flags) return noSlot(vp, sint)
        this.#events.add((vp * sints + sint) * flags + flag)
        this.#options.pump.schedule(this.#task)
        return undefined
      }
      default:
        return frameViolation('frame-type', 'TYPE', `no frame that this host sends: ${frame.type}`)
    }
  }

  protected override finished(): void {
    this.#handlers = undefined
  }

  #post(connectionId: number, messageType: number, payload: Uint8Array): number {
    if (payload.length > maxPayload || !(messageType > 0 && messageType < 0x8000_0000)) return HvStatus.InvalidParameter
    if (!isWord(connectionId) || this.end !== undefined) return HvStatus.InvalidConnectionId
    if (this.#asked.size >= maxAsked) return HvStatus.InsufficientBuffers
    const value = { vp: 0, connectionId, messageType, size: payload.length, payload }
    return this.#ask('post', (tag) => this.send(PostFrame, value, tag)) ?? postPending
  }

  #signal(connectionId: number, flag: number): number {
    if (!isWord(connectionId) || this.end !== undefined) return HvStatus.InvalidConnectionId
    if (!isWord(flag)) return HvStatus.InvalidParameter
    const send = (tag: number) => this.send(SignalFrame, { vp: 0, connectionId, flag }, tag)
    // Nobody waits for the status of a signal: beyond some, none is asked for.
    if (this.#asked.size < maxAsked) return this.#ask('signal', send) ?? HvStatus.Success
    send(0)
    return HvStatus.Success
  }

  /** Sends with a tag, and answers the status if it came at once. */
  #ask(what: 'post' | 'signal', send: (tag: number) => void): number | undefined {
    do this.#nextTag = (this.#nextTag % 0xffff) + 1
    while (this.#asked.has(this.#nextTag))
    const asking: { readonly tag: number; status: number | undefined } = { tag: this.#nextTag, status: undefined }
    this.#asked.set(asking.tag, what)
    this.#asking = asking
    send(asking.tag)
    this.#asking = undefined
    return asking.status
  }

  #answered(tag: number, status: number): Violation | undefined {
    const what = this.#asked.get(tag)
    if (what === undefined) return frameViolation('frame-tag', 'STATE', `nothing has the tag ${tag}`, 'header.tag')
    this.#asked.delete(tag)
    if (this.#asking?.tag === tag) this.#asking.status = status
    else if (what === 'post') this.#handlers?.posted?.(status)
    return undefined
  }

  /** The guest's interrupt: each message, whose slot is free then, and each flag once. */
  #deliver(): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    for (const [slot, { vp, sint, messageType, payload }] of this.#messages) {
      this.#messages.delete(slot)
      this.send(EndOfMessageFrame, { vp, sint })
      handlers.message(vp, sint, messageType, payload)
    }
    for (const event of this.#events) {
      this.#events.delete(event)
      const slot = Math.floor(event / flags)
      handlers.event(Math.floor(slot / sints), slot % sints, event % flags)
    }
  }
}

function noSlot(vp: number, sint: number): Violation {
  return frameViolation('frame-slot', 'RANGE', `no slot or flag at ${vp}.${sint}`, 'vp')
}

function isWord(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff
}
