import { autopsy, type FoundPacket, type RingAutopsy } from '../vmbus/autopsy.ts'
import { Packet } from '../vmbus/packets.ts'
import { RingControlPage } from '../vmbus/ring-control.ts'
import { type JsonValue, toHex, toJSON } from '../wire/index.ts'
import { type Call, type ExitStatus, InputError } from './command.ts'
import { paint, print } from './terminal.ts'

/** `vmbus decode ring`: a whole ring, control page and data. Exit status 1 when the ring or a pending packet is faulty. */
export function decodeRing(call: Call, bytes: Uint8Array): ExitStatus {
  if (bytes.byteLength <= RingControlPage.size) {
    throw new InputError(
      `a ring has a control page of ${RingControlPage.size} bytes and data behind it, not ${bytes.byteLength} bytes in all`,
    )
  }
  const found = autopsy({
    control: bytes.subarray(0, RingControlPage.size),
    data: bytes.subarray(RingControlPage.size),
  })
  if (call.has('json')) print(JSON.stringify(ringJson(found), undefined, 2))
  else print(...ringLines(found))
  return found.faults.length > 0 || found.pending.some(({ state }) => state === 'torn') ? 1 : 0
}

function ringJson({ readIndex, writeIndex, pending, consumed, faults }: RingAutopsy): JsonValue {
  return {
    ...(readIndex !== undefined && { readIndex }),
    ...(writeIndex !== undefined && { writeIndex }),
    pending: pending.map(packetJson),
    consumed: consumed.map(packetJson),
    faults: faults.map((fault) => ({ ...fault })),
  }
}

function packetJson({ state, offset, length, packet, faults }: FoundPacket): JsonValue {
  const decoded = packet === undefined ? {} : { packet: toJSON(Packet, packet) }
  return { state, offset, length, ...decoded, faults: faults.map((fault) => ({ ...fault })) }
}

function ringLines({ readIndex, writeIndex, pending, consumed, faults }: RingAutopsy): string[] {
  const lines = [`read index ${readIndex ?? 'lost'}, write index ${writeIndex ?? 'lost'}`]
  for (const { path, offset, why, code } of faults)
    lines.push(paint('red', `! ${path} at offset ${offset}: ${why} (${code})`))
  for (const packet of [...pending, ...consumed]) lines.push(...packetLines(packet))
  return lines
}

function packetLines({ state, offset, length, packet, faults }: FoundPacket): string[] {
  const lines = [
    `${state.padEnd(8)}  at ${String(offset).padStart(6)}  ${String(length).padStart(6)} bytes  ${packet === undefined ? '' : packetWord(packet)}`.trimEnd(),
  ]
  for (const { path, offset, why, code } of faults)
    lines.push(paint('red', `          ! ${path} at offset ${offset}: ${why} (${code})`))
  return lines
}

const shownBytes = 16

function packetWord(packet: Packet): string {
  const { transactionId } = packet.descriptor
  const { payload } = packet
  const more = payload.byteLength > shownBytes ? '…' : ''
  return `${packet.type} id 0x${transactionId.toString(16)}  ${toHex(payload.subarray(0, shownBytes))}${more}`
}
