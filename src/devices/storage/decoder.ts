import type { DataReference, DeviceDecoder, DevicePacketContext, DevicePayload } from '../../vmbus/device-decoder.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import type { GpaRange } from '../../vmbus/packets.ts'
import { type Guid, type Incomplete, type Structure, tryDecode } from '../../wire/index.ts'
import { property } from '../../wire/property.ts'
import { ScsiOpcode } from '../scsi/codes.ts'
import { DataDirection } from './messages.ts'
import {
  FcCompletion,
  PlainCompletion,
  PlainCompletionWin7,
  PropertiesCompletion,
  PropertiesCompletionWin7,
  SrbCompletion,
  SrbCompletionWin7,
  StoragePacket,
  VersionCompletion,
  VersionCompletionWin7,
} from './packets.ts'
import { parseVstorVersion, vstorVersions } from './versions.ts'

/** The structure of a completion of `size` bytes that answers the request of that name. A completion alone does not tell. */
export function completionOf(request: string | undefined, size: number): Structure<object> {
  const isLong = size >= 64
  if (request?.startsWith('QueryProtocolVersion')) return isLong ? VersionCompletion : VersionCompletionWin7
  if (request?.startsWith('QueryProperties')) return isLong ? PropertiesCompletion : PropertiesCompletionWin7
  if (request?.startsWith('FcHbaData')) return FcCompletion
  if (request === undefined || request.startsWith('ExecuteSrb')) return isLong ? SrbCompletion : SrbCompletionWin7
  return isLong ? PlainCompletion : PlainCompletionWin7
}

function decode(context: DevicePacketContext): DevicePayload | undefined {
  const { packet, payload, from, version, request } = context
  if (packet.type === 'CompletionPacket') {
    const schema = completionOf(request?.name, payload.byteLength)
    const { value, faults } = tryDecode(schema, payload, { from })
    const agreed = schema === VersionCompletion || schema === VersionCompletionWin7 ? agreedVersion(value) : undefined
    const name = schema.name.replace(/Win7$/, '')
    const data = request?.data?.filledByReceiver ? cut(request.data, transferLength(value)) : undefined
    return {
      name,
      schema,
      value,
      faults,
      ...(agreed === undefined ? {} : { version: agreed }),
      ...(data === undefined ? {} : { data }),
    }
  }
  const { value, faults } = tryDecode(StoragePacket, payload, { from, ...(version === undefined ? {} : { version }) })
  const data = packet.type === 'GpaDirectPacket' ? dataOf(packet.ranges, value) : undefined
  return { name: nameOf(value), schema: StoragePacket, value, faults, ...(data === undefined ? {} : { data }) }
}

/** The data of a SCSI request: to be written, or the pages that the host is to fill with what is read. */
function dataOf(pieces: readonly GpaRange[], value: object | undefined): DataReference | undefined {
  const direction = property(property(value, 'request'), 'dataIn')
  if (direction !== DataDirection.Write && direction !== DataDirection.Read) return undefined
  const whole = cut({ pieces, isContents: true }, transferLength(value))
  if (whole === undefined || direction === DataDirection.Write) return whole
  return { ...whole, filledByReceiver: true }
}

/** The first bytes of some data, as they are known now; `undefined` for none. */
function cut({ pieces }: DataReference, byteCount: number): DataReference | undefined {
  const first: (typeof pieces)[number][] = []
  let left = byteCount
  for (const piece of pieces) {
    if (left === 0) break
    const count = Math.min(piece.byteCount, left)
    first.push({ ...piece, byteCount: count })
    left -= count
  }
  return first.length === 0 ? undefined : { pieces: first, isContents: true }
}

/** Bytes that a request is to transfer, or has transferred. */
function transferLength(value: object | undefined): number {
  const length = property(property(value, 'request'), 'dataTransferLength')
  return typeof length === 'number' ? length : 0
}

/** The version that a completion accepts. */
function agreedVersion(completion: object | undefined): number | undefined {
  if (property(property(completion, 'header'), 'status') !== 0) return undefined
  const version = property(property(completion, 'version'), 'majorMinor')
  return typeof version === 'number' && vstorVersions.includes(version) ? version : undefined
}

/** `ExecuteSrb Read10`. */
function nameOf(value: Incomplete<StoragePacket> | undefined): string {
  if (value?.type === undefined) return 'storage packet'
  const name = value.type.replace(/Win7$/, '')
  const cdb = name === 'ExecuteSrb' ? property(property(value, 'request'), 'cdbOrSense') : undefined
  return cdb instanceof Uint8Array ? `${name} ${commandName(cdb[0] ?? 0)}` : name
}

/** The name of an operation code: `Read10`, `0xff`. */
export function commandName(opcode: number): string {
  const known = Object.entries(ScsiOpcode).find(([, code]) => code === opcode)?.[0]
  return known ?? `0x${opcode.toString(16).padStart(2, '0')}`
}

function decoderFor(interfaceId: Guid, name: string): DeviceDecoder {
  return { interfaceId, name, parseVersion: parseVstorVersion, decodePacket: decode }
}

/** Decodes the packets of SCSI controllers. */
export const storageDecoder: DeviceDecoder = /* @__PURE__ */ decoderFor(DeviceId.Scsi, 'storage')
/** The same of IDE accelerators. */
export const ideDecoder: DeviceDecoder = /* @__PURE__ */ decoderFor(DeviceId.Ide, 'ide')
/** The same of Fibre Channel adapters. */
export const fibreChannelDecoder: DeviceDecoder = /* @__PURE__ */ decoderFor(DeviceId.FibreChannel, 'fibre-channel')
