import type {
  BufferPiece,
  DataReference,
  DeviceBuffer,
  DeviceDecoder,
  DevicePayload,
} from '../../vmbus/device-decoder.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import type { Packet } from '../../vmbus/packets.ts'
import { tryDecode, type WireContext } from '../../wire/index.ts'
import { property } from '../../wire/property.ts'
import { NvspMessage, noSendBufferSection, nvspTypeName } from './nvsp.ts'
import { NvspHeader, NvspStatus } from './nvsp-header.ts'
import { parseNvspVersion } from './nvsp-version.ts'
import { decodeRndis } from './rndis-decoder.ts'

/** Bytes to which messages are padded at most. */
const paddedSize = 40

/**
 * Decodes the network adapter's packets: each carries one NVSP message, RNDIS messages lie in guest memory. Zeros that only fill a message
 * up are dropped. A successful answer to INIT settles the version; those to SEND_RECV_BUF and SEND_SEND_BUF settle where RNDIS messages lie.
 */
export const networkDecoder: DeviceDecoder = {
  interfaceId: DeviceId.Network,
  name: 'network',
  parseVersion: parseNvspVersion,
  decodePacket({ packet, payload, from, version, request, buffers = [] }) {
    if (payload.byteLength === 0) return undefined
    const context: WireContext = version === undefined ? { from } : { from, version }
    const { value, faults } = tryDecode(NvspMessage, payload, context)
    const settled = from === 'host' ? settledVersion(value, request) : undefined
    const changed = from === 'host' ? withBuffer(buffers, value, request) : withoutBuffer(buffers, value)
    const data = value?.type === 'NvspSendRndisPacket' ? dataOf(packet, value, from === 'guest', buffers) : undefined
    return {
      name: value?.type ?? nameOf(payload),
      schema: NvspMessage,
      value: withoutPadding(value, payload.byteLength),
      faults,
      ...(settled === undefined ? {} : { version: settled }),
      ...(changed === undefined ? {} : { buffers: changed }),
      ...(data === undefined ? {} : { data }),
    }
  },
  decodeData: ({ packet, data, from }) => decodeRndis(packet, data, from),
}

/** The buffers with the one that this answer takes; `undefined` when it takes none. */
function withBuffer(
  buffers: readonly DeviceBuffer[],
  answer: object | undefined,
  request: DevicePayload | undefined,
): DeviceBuffer[] | undefined {
  const type = property(answer, 'type')
  const use =
    type === 'NvspSendReceiveBufferComplete' ? 'receive' : type === 'NvspSendSendBufferComplete' ? 'send' : undefined
  if (use === undefined || property(answer, 'status') !== NvspStatus.Success) return undefined
  const [id, gpadlId] = [property(request?.value, 'id'), property(request?.value, 'gpadlId')]
  if (typeof id !== 'number' || typeof gpadlId !== 'number') return undefined
  const sectionSize = property(answer, 'sectionSize')
  const size = typeof sectionSize === 'number' ? { sectionSize } : {}
  return [...buffers.filter((buffer) => buffer.use !== use), { use, id, gpadlId, ...size }]
}

/** The buffers without the one that this message takes back; `undefined` when it takes none back. */
function withoutBuffer(buffers: readonly DeviceBuffer[], message: object | undefined): DeviceBuffer[] | undefined {
  const type = property(message, 'type')
  if (type === 'NvspRevokeReceiveBuffer') return buffers.filter(({ use }) => use !== 'receive')
  return type === 'NvspRevokeSendBuffer' ? buffers.filter(({ use }) => use !== 'send') : undefined
}

/** Where the RNDIS messages of a packet lie: in a section of the send buffer and what the packet's ranges name behind it. */
function dataOf(packet: Packet, message: object, isGuests: boolean, buffers: readonly DeviceBuffer[]): DataReference {
  if (packet.type === 'TransferPagePacket') {
    const buffer = buffers.find(({ use, id }) => use === 'receive' && id === packet.transferPageSetId)
    return { pieces: packet.ranges.map((range) => ({ ...range, gpadlId: buffer?.gpadlId })) }
  }
  const ranges = packet.type === 'GpaDirectPacket' ? packet.ranges : []
  const section = property(message, 'sendBufferSectionIndex')
  const byteCount = property(message, 'sendBufferSectionSize')
  if (!isGuests || typeof section !== 'number' || section === noSendBufferSection || typeof byteCount !== 'number') {
    return { pieces: ranges }
  }
  const buffer = buffers.find(({ use }) => use === 'send')
  const piece: BufferPiece = { gpadlId: buffer?.gpadlId, byteOffset: section * (buffer?.sectionSize ?? 0), byteCount }
  return { pieces: [piece, ...ranges] }
}

/** The version that the guest asked for, when this is the answer that grants it. */
function settledVersion(answer: object | undefined, request: DevicePayload | undefined): number | undefined {
  if (property(answer, 'type') !== 'NvspInitComplete' || property(answer, 'status') !== NvspStatus.Success)
    return undefined
  const asked = property(request?.value, 'maximumProtocolVersion')
  return typeof asked === 'number' ? asked : undefined
}

function withoutPadding<T extends object>(
  value: (T & { extra?: Uint8Array }) | undefined,
  length: number,
): object | undefined {
  const extra = value?.extra
  if (value === undefined || extra === undefined || length > paddedSize || extra.some((byte) => byte !== 0))
    return value
  const { extra: _, ...message } = value
  return message
}

/** Name of a message that could not be read, by its type. */
function nameOf(payload: Uint8Array): string {
  const { value } = tryDecode(NvspHeader, payload)
  return nvspTypeName(value?.messageType ?? 0)
}
