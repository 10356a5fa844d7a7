import type { DevicePayload } from '../../vmbus/device-decoder.ts'
import type { Packet } from '../../vmbus/packets.ts'
import { u32At } from '../../vmbus/u32.ts'
import { type Sender, tryDecode } from '../../wire/index.ts'
import { RndisMessage } from './rndis.ts'
import { RndisMessageType, rndisHeaderSize } from './rndis-header.ts'

/** Messages behind each other that are told apart; both ends send a few at most. */
const maxMessages = 1024

/**
 * The RNDIS messages in what a packet refers to. In transfer pages each range is a message, with what lies behind it (Linux
 * drivers/net/hyperv/netvsc.c, netvsc_receive); elsewhere they follow each other. The last one may be cut off.
 */
export function rndisMessagesIn(packet: Packet, data: Uint8Array): Uint8Array[] {
  const lengths = packet.type === 'TransferPagePacket' ? packet.ranges.map(({ byteCount }) => byteCount) : undefined
  const messages: Uint8Array[] = []
  for (let at = 0; at < data.length && messages.length < maxMessages; ) {
    const length = lengths === undefined ? lengthAt(data, at) : (lengths[messages.length] ?? 0)
    const message = length === 0 ? data.subarray(at) : data.subarray(at, at + length)
    messages.push(message)
    at += message.length
  }
  return messages
}

/** The RNDIS messages in what a packet refers to, decoded; offsets of faults count from the start of `data`. */
export function decodeRndis(packet: Packet, data: Uint8Array, from: Sender): DevicePayload[] {
  return rndisMessagesIn(packet, data).map((bytes) => {
    const { value, faults } = tryDecode(RndisMessage, bytes, { from })
    const start = bytes.byteOffset - data.byteOffset
    const placed = faults.map((fault) => ({ ...fault, offset: fault.offset + start }))
    return { name: value?.type ?? nameOf(bytes), schema: RndisMessage, value, faults: placed }
  })
}

/** Length of the message that begins at `at`; 0 when that is none. */
function lengthAt(data: Uint8Array, at: number): number {
  const length = data.length - at < rndisHeaderSize ? 0 : u32At(data, at + 4)
  return length < rndisHeaderSize ? 0 : length
}

/** Name of a message that could not be read, by its type. */
function nameOf(bytes: Uint8Array): string {
  const type = bytes.length < 4 ? 0 : u32At(bytes, 0)
  const known = Object.entries(RndisMessageType).find(([, value]) => value === type)?.[0]
  return `Rndis${known ?? ` message 0x${type.toString(16)}`}`
}
