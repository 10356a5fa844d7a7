import {
  NdisObjectType,
  NdisOffloadParameters,
  NdisOffloadSwitch,
  Oid,
  RndisConfigParameter,
  RndisConfigParameterType,
  RndisStatus,
} from '../../devices/network/index.ts'
import type { NicInfo } from './nic-info.ts'
import { rssOf } from './rss.ts'

const multicastListSize = 32
const multicastAddressSize = 6
const longestName = 255

/** Carries out what the guest sets, and answers the status. Refused, nothing changes. */
export function applySet(oid: number, information: Uint8Array, nic: NicInfo): number {
  const { settings } = nic
  switch (oid) {
    case Oid.OID_GEN_CURRENT_PACKET_FILTER:
      if (information.length < 4) return RndisStatus.InvalidData
      settings.packetFilter = numberOf(information)
      return RndisStatus.Success
    case Oid.OID_GEN_CURRENT_LOOKAHEAD:
      return information.length < 4 ? RndisStatus.InvalidData : RndisStatus.Success
    case Oid.OID_802_3_MULTICAST_LIST:
      if (information.length % multicastAddressSize !== 0) return RndisStatus.InvalidData
      if (information.length > multicastListSize * multicastAddressSize) return RndisStatus.InvalidData
      settings.multicastList = [...information]
      return RndisStatus.Success
    case Oid.OID_TCP_OFFLOAD_PARAMETERS:
      return setOffloads(information, nic)
    case Oid.OID_OFFLOAD_ENCAPSULATION:
      return information.length < 4 ? RndisStatus.InvalidData : RndisStatus.Success
    case Oid.OID_GEN_RECEIVE_SCALE_PARAMETERS: {
      const result = rssOf(information, settings.rss, nic.queues)
      if ('status' in result) return result.status
      settings.rss = result.settings
      return RndisStatus.Success
    }
    case Oid.OID_GEN_RNDIS_CONFIG_PARAMETER:
      return configParameterStatus(information)
    default:
      return RndisStatus.NotSupported
  }
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
}

/** Of the wishes only coalescing means something: checksums and large sends are done when a packet asks for them. */
function setOffloads(information: Uint8Array, { settings }: NicInfo): number {
  const { ndisVersion } = settings
  if (ndisVersion === undefined || ndisVersion.major < 6) return RndisStatus.BadVersion
  const least = 4 + 16
  if (information.length < least) return RndisStatus.InvalidData
  const whole = new Uint8Array(NdisOffloadParameters.size)
  whole.set(information.subarray(0, whole.length))
  const { header, rscIpv4, rscIpv6 } = NdisOffloadParameters.decode(whole)
  if (header.objectType !== NdisObjectType.Default || header.revision === 0) return RndisStatus.InvalidData
  if (rscIpv4 !== NdisOffloadSwitch.NoChange || rscIpv6 !== NdisOffloadSwitch.NoChange) {
    settings.isRscOn = settings.hasRsc && rscIpv4 === NdisOffloadSwitch.Enabled && rscIpv6 === NdisOffloadSwitch.Enabled
  }
  return RndisStatus.Success
}

/**
 * A named value in UTF-16. It is checked, and not used: the one that matters, a MAC address of the guest's own, makes no difference to a
 * NIC that receives whatever its back end brings.
 */
function configParameterStatus(information: Uint8Array): number {
  if (information.length < RndisConfigParameter.size) return RndisStatus.InvalidData
  const { nameOffset, nameLength, valueType, valueOffset, valueLength } = RndisConfigParameter.decode(information)
  const name = textOf(information, nameOffset, nameLength)
  if (name === undefined || name.length === 0) return RndisStatus.InvalidData
  if (valueType === RndisConfigParameterType.Integer) {
    const isThere = valueLength === 4 && valueOffset <= information.length - 4
    return isThere ? RndisStatus.Success : RndisStatus.InvalidData
  }
  if (valueType !== RndisConfigParameterType.String) return RndisStatus.InvalidData
  const value = textOf(information, valueOffset, valueLength)
  if (value === undefined) return RndisStatus.InvalidData
  // A MAC address, in hex digits.
  if (name === 'NetworkAddress' && !/^[0-9A-Fa-f]{12}$/.test(value)) return RndisStatus.InvalidData
  return RndisStatus.Success
}

/** Text in the information; `undefined` for what is none: outside, odd, too long, with a lone surrogate. */
function textOf(information: Uint8Array, offset: number, length: number): string | undefined {
  if (length > longestName || length % 2 !== 0) return undefined
  if (length > information.length || offset > information.length - length) return undefined
  const view = new DataView(information.buffer, information.byteOffset + offset, length)
  const text = String.fromCharCode(...Array.from({ length: length / 2 }, (_, index) => view.getUint16(index * 2, true)))
  const isLone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
  return isLone ? undefined : text
}
