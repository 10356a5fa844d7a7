import type { Sender, Structure, WireFault } from '../../wire/index.ts'
import type { DevicePayload } from '../device-decoder.ts'
import type { ChannelMessage } from '../messages.ts'
import type { Packet } from '../packets.ts'
import type { GpadlInfo } from './gpadls.ts'

/** Which earlier input a message or packet answers. */
export interface Answer {
  /** The request's {@link EntryBase.index}. */
  readonly index: number
  /** The request's name. */
  readonly name: string
}

/** What every entry says. */
export interface EntryBase {
  /** Number of the input in its session, from 0. */
  readonly index: number
  /** Who sent it. */
  readonly from: Sender
  /** What it is: the structure's name. */
  readonly name: string
  /** Relid of the channel concerned. */
  readonly channelId?: number
  /** Device behind that channel, as far as known: `keyboard`. */
  readonly device?: string
  /** What is wrong with the bytes; includes reserved bits that are set. At most a hundred. */
  readonly faults: readonly WireFault[]
  /** What is odd about it at this point of the conversation, in words: an unknown relid, an answer without a question. */
  readonly notes: readonly string[]
  /** The request that this answers. */
  readonly answers?: Answer
}

/** A decoded structure; its value lacks what could not be read. */
export interface Decoded {
  /** The structure that `value` belongs to: for printing, JSON and encoding. */
  readonly schema: Structure<object>
  /** What could be read; `undefined` when that is nothing. */
  readonly value: object | undefined
}

/** A control message. */
export interface MessageEntry extends EntryBase, Decoded {
  readonly kind: 'message'
  /** The same as `value`, typed; only of a message without fault. */
  readonly message?: ChannelMessage
  /** State of the GPADL that a GpadlHeader or GpadlBody belongs to, after it. */
  readonly gpadl?: GpadlInfo
}

/** A ring packet. */
export interface PacketEntry extends EntryBase, Decoded {
  readonly kind: 'packet'
  /** The same as `value`, typed; only of a packet whose headers are without fault. */
  readonly packet?: Packet
  /** What the device's decoder made of the payload; absent where there is no decoder, or it took it for mere bytes. */
  readonly payload?: DevicePayload
  /** What it refers to outside the ring; absent of data that the receiver will fill. */
  readonly data?: PacketData
}

/** The data that a packet refers to. */
export interface PacketData {
  /** Their length in bytes, as the packet says. */
  readonly byteCount: number
  /** As much of them as there is, from their start; absent where nothing is. */
  readonly bytes?: Uint8Array
  /** They are no messages, but what a device keeps or carries for its user. */
  readonly isContents?: true
  /** The messages in them; the last one may be cut off. */
  readonly messages: readonly DevicePayload[]
}

/** A signal: HvCallSignalEvent from the guest, an event flag from the host. */
export interface SignalEntry extends EntryBase {
  readonly kind: 'signal'
  /** Connection id that the guest signalled, or the event flag that the host set. */
  readonly target: number
}

/** What a session answers for one input. */
export type SessionEntry = MessageEntry | PacketEntry | SignalEntry
