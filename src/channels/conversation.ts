import { EventEmitter } from 'eventemitter3'
import type { Violation } from '../vmbus/violation.ts'
import type { Guid } from '../wire/index.ts'

/** Which end of the bus. */
export type End = 'host' | 'guest'

/** Who saw it: each end reports what it sends and what it receives, so between two ends of ours everything is seen twice. */
export interface Witness {
  /** Which end reports it. */
  readonly at: End
  /** Name of that end's partition. */
  readonly partition: string
  /** When, if the bus was given a clock. */
  readonly time?: number
}

/** A control message on its way. */
export interface MessageEvent extends Witness {
  /** Seen from the end that reports it. */
  readonly direction: 'sent' | 'received'
  /** Header and body, at most 240 bytes; valid during the event, copy to keep. */
  readonly bytes: Uint8Array
  /** Guest to host: the connection, and the HV_STATUS of the post. */
  readonly connectionId?: number
  /** HV_STATUS of the post: 0 for success. */
  readonly status?: number
  /** Host to guest: the slot. */
  readonly vp?: number
  /** SINT whose slot it is. */
  readonly sint?: number
}

/** An end tells the other that a ring needs it. */
export interface SignalEvent extends Witness {
  /** Seen from the end that reports it. */
  readonly direction: 'sent' | 'received'
  /** Which way it takes. */
  readonly by: 'hypercall' | 'event-flag' | 'interrupt-page' | 'monitor-page'
  /** Absent where a signal stands for any channel. */
  readonly channelId?: number
  /** Connection, event flag, or bit in the page. */
  readonly number: number
}

/** A packet that was written to or read from a ring. */
export interface PacketEvent extends Witness {
  /** Seen from the end that reports it. */
  readonly direction: 'sent' | 'received'
  /** Relid of the channel. */
  readonly channelId: number
  /** Class of the device. */
  readonly interfaceId: Guid
  /** This one device. */
  readonly instanceId: Guid
  /** Packet type, u16, and flags, u16. */
  readonly type: number
  /** Flags, u16; bit 0: a completion is wanted. */
  readonly flags: number
  /** 64 bits, chosen by who sends first. */
  readonly transactionId: bigint
  /** What lies between descriptor and payload (types 7 and 9); a copy. */
  readonly header: Uint8Array
  /** A copy; when received, padded to 8. */
  readonly payload: Uint8Array
}

/** Something in a channel's life. */
export interface ChannelEvent extends Witness {
  /** What happened to it. */
  readonly what: 'offered' | 'opening' | 'opened' | 'refused' | 'closed' | 'rescinded' | 'released'
  /** Absent at the host's `offered`: the relid is given later. */
  readonly channelId?: number
  /** Class of the device. */
  readonly interfaceId: Guid
  /** This one device. */
  readonly instanceId: Guid
  /** 0 for the primary channel. */
  readonly subchannelIndex: number
  /** Why it was refused or closed. */
  readonly why?: string
}

/** The connection as a whole. */
export interface ConnectionEvent extends Witness {
  /** What happened to it. */
  readonly what: 'connected' | 'offers-delivered' | 'disconnected' | 'failed'
  /** Of `connected`: version agreed on, `major << 16 | minor`. */
  readonly version?: number
  /** Of `connected`: features granted. */
  readonly features?: number
  /** Of `failed`: the reason, for people. */
  readonly why?: string
}

/** Something that an end refused. */
export interface ViolationEvent extends Witness {
  /** What was refused, and why. */
  readonly violation: Violation
}

/** Everything that happens on a bus, as typed events. Listeners look on; they must not throw. */
export interface ConversationEvents {
  /** A control message was sent or received. */
  message: (event: MessageEvent) => void
  /** A signal was sent or received. */
  signal: (event: SignalEvent) => void
  /** A packet was written or read. */
  packet: (event: PacketEvent) => void
  /** A channel came, opened, closed or went. */
  channel: (event: ChannelEvent) => void
  /** The connection came about, or ended. */
  connection: (event: ConnectionEvent) => void
  /** An end refused something. */
  violation: (event: ViolationEvent) => void
}

/** The emitter that both ends of a bus share. */
export class Conversation extends EventEmitter<ConversationEvents> {
  /** Whether anyone ever listened to packets: asking the emitter about each takes as long as writing it. */
  #isWatched = false

  /** Whether anyone listens to packets. */
  get wantsPackets(): boolean {
    return this.#isWatched && this.listenerCount('packet') > 0
  }

  override on<T extends keyof ConversationEvents>(event: T, listener: Listener<T>, context?: unknown): this {
    if (event === 'packet') this.#isWatched = true
    return super.on(event, listener, context)
  }

  override addListener<T extends keyof ConversationEvents>(event: T, listener: Listener<T>, context?: unknown): this {
    return this.on(event, listener, context)
  }

  override once<T extends keyof ConversationEvents>(event: T, listener: Listener<T>, context?: unknown): this {
    if (event === 'packet') this.#isWatched = true
    return super.once(event, listener, context)
  }
}

type Listener<T extends keyof ConversationEvents> = EventEmitter.EventListener<ConversationEvents, T>
