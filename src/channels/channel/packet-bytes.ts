import { PacketDescriptor } from '../../vmbus/packets.ts'
import { WireWriter } from '../../wire/index.ts'
import type { PacketEvent } from '../conversation.ts'

/** The packet of an event as it stands in the ring: descriptor, header, payload padded to 8; without the trailer. */
export function packetBytes({ type, flags, transactionId, header, payload }: PacketEvent): Uint8Array {
  const start = PacketDescriptor.size + header.byteLength
  const bytes = new Uint8Array(start + Math.ceil(payload.byteLength / 8) * 8)
  const descriptor = { type, dataOffset8: start / 8, length8: bytes.byteLength / 8, flags, transactionId }
  PacketDescriptor.encodeAt(new WireWriter(bytes), 0, descriptor)
  bytes.set(header, PacketDescriptor.size)
  bytes.set(payload, start)
  return bytes
}
