import type { WireFault } from '../../wire/index.ts'
import { type PerPacketInfo, PerPacketInfo as PerPacketInfoSchema } from './per-packet-info.ts'
import {
  RndisIndicateStatusBody,
  type RndisPacket,
  RndisPacketBody,
  RndisQueryCompleteBody,
  RndisQueryRequestBody,
} from './rndis.ts'
import { rndisHeaderSize } from './rndis-header.ts'

/** A message with something behind its fixed part, at an offset from its body's start. */
interface WithData {
  readonly data: Uint8Array
  readonly extra?: Uint8Array
}

/** What an offset and a length name of a body's rest; `undefined` when that is not all there. */
function part(data: Uint8Array, bodySize: number, offset: number, length: number): Uint8Array | undefined {
  const at = offset - bodySize
  if (at < 0 || length > data.length || at > data.length - length) return undefined
  return data.subarray(at, at + length)
}

/**
 * The information that a query, a set or an answer carries; empty when its length is 0. `undefined` when offset and length name bytes
 * that are not there (RN-21).
 */
export function informationOf(
  message: WithData & {
    readonly type:
      | 'RndisQueryRequest'
      | 'RndisQueryComplete'
      | 'RndisSetRequest'
      | 'RndisSetExRequest'
      | 'RndisSetExComplete'
    readonly informationOffset: number
    readonly informationLength: number
  },
): Uint8Array | undefined {
  const { type, data, informationOffset, informationLength } = message
  if (informationLength === 0) return new Uint8Array(0)
  // Queries and sets have bodies of one size.
  const isAnswer = type === 'RndisQueryComplete' || type === 'RndisSetExComplete'
  const body = isAnswer ? RndisQueryCompleteBody : RndisQueryRequestBody
  return part(data, body.size, informationOffset, informationLength)
}

/**
 * The buffer of a status indication. Some hosts leave it out of the message's length, so it is looked for behind the message too
 * (OK-10, NC-17). `undefined` when it is not there.
 */
export function statusBufferOf(
  message: WithData & { readonly statusBufferOffset: number; readonly statusBufferLength: number },
): Uint8Array | undefined {
  const { data, extra, statusBufferOffset, statusBufferLength } = message
  if (statusBufferLength === 0) return new Uint8Array(0)
  const all = extra === undefined ? data : Uint8Array.of(...data, ...extra)
  return part(all, RndisIndicateStatusBody.size, statusBufferOffset, statusBufferLength)
}

/** The frame in a packet; `undefined` when its offset and length name bytes that are not there. */
export function frameOf({
  data,
  dataOffset,
  dataLength,
}: Pick<RndisPacket, 'data' | 'dataOffset' | 'dataLength'>): Uint8Array | undefined {
  return part(data, RndisPacketBody.size, dataOffset, dataLength)
}

/** The per-packet information of a packet, piece by piece, as far as it is good; `faults` says what is not. */
export function perPacketInfoOf({ data, perPacketInfoOffset, perPacketInfoLength }: RndisPacket): {
  readonly pieces: readonly PerPacketInfo[]
  readonly faults: readonly WireFault[]
} {
  if (perPacketInfoLength === 0) return { pieces: [], faults: [] }
  const start = rndisHeaderSize + perPacketInfoOffset
  const fault = (code: WireFault['code'], offset: number, why: string): WireFault => {
    return { code, path: 'perPacketInfo', offset: start + offset, why }
  }
  const bytes = part(data, RndisPacketBody.size, perPacketInfoOffset, perPacketInfoLength)
  if (bytes === undefined) return { pieces: [], faults: [fault('LENGTH', 0, 'outside the message')] }
  const pieces: PerPacketInfo[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < PerPacketInfoSchema.size)
      return { pieces, faults: [fault('SHORT', at, `${bytes.length - at} bytes`)] }
    const [size, offset] = [view.getUint32(at, true), view.getUint32(at + 8, true)]
    if (
      size < PerPacketInfoSchema.size ||
      size > bytes.length - at ||
      offset < PerPacketInfoSchema.size ||
      offset > size
    ) {
      return { pieces, faults: [fault('LENGTH', at, `a piece of ${size} bytes, its value at ${offset}`)] }
    }
    pieces.push(PerPacketInfoSchema.decode(bytes.subarray(at, at + size)))
    at += size
  }
  return { pieces, faults: [] }
}
