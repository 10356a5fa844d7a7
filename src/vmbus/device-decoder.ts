import type { Guid, Sender, Structure, WireFault } from '../wire/index.ts'
import type { Packet } from './packets.ts'

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
}

/** What a device's decoder knows beside the payload. */
export interface DevicePacketContext {
  /** The packet around the payload. */
  readonly packet: Packet
  /** The payload, its padding to 8 bytes included. */
  readonly payload: Uint8Array
  readonly from: Sender
  /** Version of the device's protocol in its own numbering, as far as known or assumed. */
  readonly version: number | undefined
  /** What a completion answers: the request's payload, where the decoder had made something of it. */
  readonly request: DevicePayload | undefined
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
}
