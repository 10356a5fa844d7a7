import type { Guid, Sender, Structure, WireFault } from '../wire/index.ts'
import type { GpaRange, Packet } from './packets.ts'

/** A piece of a buffer that guest and host share. */
export interface BufferPiece {
  /** The buffer's GPADL; `undefined` where the conversation so far does not tell. */
  readonly gpadlId: number | undefined
  /** Where in the buffer: bytes from its start. */
  readonly byteOffset: number
  /** Bytes of the piece. */
  readonly byteCount: number
}

/** Data outside the ring that a packet refers to. */
export interface DataReference {
  /** Where they lie, in their order. */
  readonly pieces: readonly (BufferPiece | GpaRange)[]
  /** The receiver of the packet fills them: they are there when it completes the packet. */
  readonly filledByReceiver?: true
  /** They are what a device keeps or carries for its user, such as blocks of a disk, not messages of its protocol. */
  readonly isContents?: true
}

/** A buffer that guest and host of a device share as a GPADL, until one of them ends that. */
export interface DeviceBuffer {
  /** Which way data go, from the guest's point of view. */
  readonly use: 'send' | 'receive'
  /** The guest's name for it; transfer page packets name a receive buffer by it. */
  readonly id: number
  readonly gpadlId: number
  /** Bytes of each section of a send buffer. */
  readonly sectionSize?: number
}

/** A packet's payload as a device's protocol has it. */
export interface DevicePayload {
  /** The message's name, such as `Keystroke`. */
  readonly name: string
  /** The structure that {@link value} belongs to: for printing, JSON and encoding. */
  readonly schema: Structure<object>
  /** What could be read; `undefined` when that is nothing. */
  readonly value: object | undefined
  /** What is wrong with it; offsets count from the start of the payload. */
  readonly faults: readonly WireFault[]
  /** Version of the device's protocol, where this message settles it: later packets are decoded under it. */
  readonly version?: number
  /** All buffers of the device, where this message adds or takes away one. */
  readonly buffers?: readonly DeviceBuffer[]
  /** What the packet refers to. */
  readonly data?: DataReference
}

/** What a device's decoder knows beside the payload. */
export interface DevicePacketContext {
  /** The packet around the payload. */
  readonly packet: Packet
  /** The payload, its padding to 8 bytes included. */
  readonly payload: Uint8Array
  /** Who sent the packet. */
  readonly from: Sender
  /** Version of the device's protocol in its own numbering, as far as known or assumed. */
  readonly version: number | undefined
  /** What a completion answers: the request's payload, where the decoder had made something of it. */
  readonly request: DevicePayload | undefined
  /** The device's buffers as of now; absent: none is known. */
  readonly buffers?: readonly DeviceBuffer[]
}

/** What a device's decoder knows of the data that a packet refers to. */
export interface DeviceDataContext {
  /** The packet, and what {@link DeviceDecoder.decodePacket} made of it. */
  readonly packet: Packet
  readonly payload: DevicePayload
  readonly from: Sender
  /** As much of the data as there is, from their start. */
  readonly data: Uint8Array
}

/** A device's protocol, as a session uses it. Decoders keep no state of their own: one serves any number of sessions. */
export interface DeviceDecoder {
  /** Class of the device. */
  readonly interfaceId: Guid
  /** Short name, such as `keyboard`. */
  readonly name: string
  /** A version written as people write it (`6.2`), in the device's own numbering; `undefined` when it is none. */
  parseVersion(text: string): number | undefined
  /** The payload of one packet; `undefined` when it is none of the protocol's messages and is best shown as bytes. Never throws. */
  decodePacket(context: DevicePacketContext): DevicePayload | undefined
  /** The messages in the data that a packet refers to, in order; offsets of their faults count from the start of the data. Never throws. */
  decodeData?(context: DeviceDataContext): readonly DevicePayload[]
}
