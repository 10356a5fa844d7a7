import {
  NdisHash,
  NdisObjectType,
  NdisReceiveScaleFlags,
  NdisReceiveScaleParameters,
  RndisStatus,
} from '../../devices/network/index.ts'
import { defaultRss, indirectionTableSize, type RssSettings } from './nic-settings.ts'

/** Bytes of the parameters' first revision, which ends behind the key's offset. */
const firstRevisionSize = 28
const keySize = 40

const allHashes = NdisHash.ipv4 | NdisHash.tcpIpv4 | NdisHash.ipv6 | NdisHash.tcpIpv6

/**
 * What a guest's OID_GEN_RECEIVE_SCALE_PARAMETERS ask for: the new settings (`undefined`: no spreading), or the status that refuses them.
 * A longer table is cut, a shorter one repeated (behaviour 201).
 */
export function rssOf(
  information: Uint8Array,
  before: RssSettings | undefined,
  queues: number,
): { readonly settings: RssSettings | undefined } | { readonly status: number } {
  const invalid = { status: RndisStatus.InvalidData }
  if (information.length < firstRevisionSize) return invalid
  const whole = new Uint8Array(Math.max(NdisReceiveScaleParameters.size, information.length))
  whole.set(information)
  const parameters = NdisReceiveScaleParameters.decode(whole)
  if (parameters.header.objectType !== NdisObjectType.RssParameters) return invalid
  const { flags } = parameters
  if ((flags & NdisReceiveScaleFlags.disable) !== 0) return { settings: undefined }

  const has = (flag: number) => (flags & flag) === 0
  const { hashTypes, key, table } = before ?? defaultRss
  const next = { hashTypes, key, table }
  if (has(NdisReceiveScaleFlags.hashInformationUnchanged)) {
    if ((parameters.hashInformation & 0xff) !== NdisHash.toeplitz) return invalid
    next.hashTypes = parameters.hashInformation & allHashes
  }
  if (has(NdisReceiveScaleFlags.hashKeyUnchanged)) {
    const { hashKeySize, hashKeyOffset } = parameters
    if (hashKeySize !== keySize || !isInside(information, hashKeyOffset, hashKeySize)) return invalid
    next.key = [...information.subarray(hashKeyOffset, hashKeyOffset + hashKeySize)]
  }
  if (has(NdisReceiveScaleFlags.indirectionTableUnchanged)) {
    const { indirectionTableSize: size, indirectionTableOffset: offset } = parameters
    if (size === 0 || size % 4 !== 0 || !isInside(information, offset, size)) return invalid
    const view = new DataView(information.buffer, information.byteOffset + offset, size)
    const given = Array.from({ length: Math.min(size / 4, indirectionTableSize) }, (_, index) =>
      view.getUint32(index * 4, true),
    )
    if (given.some((queue) => queue >= queues)) return invalid
    next.table = Array.from({ length: indirectionTableSize }, (_, index) => given[index % given.length] ?? 0)
  }
  return { settings: next }
}

function isInside(information: Uint8Array, offset: number, length: number): boolean {
  return length <= information.length && offset <= information.length - length
}
