import {
  MacAddressValue,
  NdisEncapsulation,
  NdisIpv4Checksum,
  NdisIpv6Checksum,
  NdisIpv6LargeSend,
  NdisMacOptions,
  NdisObjectType,
  NdisOffload,
  NdisReceiveScaleCapabilities,
  NdisRssCapabilities,
  Oid,
  OidNumber,
  RndisStatus,
} from '../../devices/network/index.ts'
import type { NicInfo } from './nic-info.ts'
import { frameSizes, indirectionTableSize } from './nic-settings.ts'

const vendorId = 0x155d
const vendorDescription = 'Microsoft Hyper-V Network Adapter'
const multicastListSize = 32

/** What a query comes to: information, or the status that refuses it. */
export type QueryAnswer = Uint8Array | number

/** Answers a query of the guest's. @param asked the information that came with it. */
export function answerQuery(oid: number, asked: Uint8Array, nic: NicInfo): QueryAnswer {
  const { settings, statistics } = nic
  const mtu = settings.mtu ?? frameSizes.default
  switch (oid) {
    case Oid.OID_GEN_SUPPORTED_LIST:
      return numbers(...supported)
    case Oid.OID_GEN_HARDWARE_STATUS:
    case Oid.OID_GEN_MEDIA_SUPPORTED:
    case Oid.OID_GEN_MEDIA_IN_USE:
    case Oid.OID_GEN_PHYSICAL_MEDIUM:
    case Oid.OID_802_3_MAC_OPTIONS:
    case Oid.OID_802_3_RCV_ERROR_ALIGNMENT:
    case Oid.OID_802_3_XMIT_ONE_COLLISION:
    case Oid.OID_802_3_XMIT_MORE_COLLISIONS:
    case Oid.OID_GEN_RCV_ERROR:
      return numbers(0)
    case Oid.OID_GEN_MAXIMUM_LOOKAHEAD:
    case Oid.OID_GEN_CURRENT_LOOKAHEAD:
    case Oid.OID_GEN_MAXIMUM_FRAME_SIZE:
      return numbers(mtu - 14)
    case Oid.OID_GEN_MAXIMUM_TOTAL_SIZE:
    case Oid.OID_GEN_TRANSMIT_BLOCK_SIZE:
    case Oid.OID_GEN_RECEIVE_BLOCK_SIZE:
      return numbers(mtu)
    case Oid.OID_GEN_TRANSMIT_BUFFER_SPACE:
    case Oid.OID_GEN_RECEIVE_BUFFER_SPACE:
      return numbers(32 * mtu)
    case Oid.OID_GEN_LINK_SPEED:
      return numbers(Math.min(0xffff_ffff, Math.floor(nic.linkSpeed / 100)))
    case Oid.OID_GEN_VENDOR_ID:
      return numbers(vendorId)
    case Oid.OID_GEN_VENDOR_DESCRIPTION:
      return Uint8Array.from([...vendorDescription, '\0'], (letter) => letter.charCodeAt(0))
    case Oid.OID_GEN_VENDOR_DRIVER_VERSION:
      return numbers(0x1_0000)
    case Oid.OID_GEN_DRIVER_VERSION:
      return Uint8Array.of(0, 6)
    case Oid.OID_GEN_CURRENT_PACKET_FILTER:
      return numbers(settings.packetFilter)
    case Oid.OID_GEN_MAC_OPTIONS:
      return numbers(
        NdisMacOptions.copyLookaheadData |
          NdisMacOptions.transfersNotPend |
          NdisMacOptions.noLoopback |
          NdisMacOptions.ieee8021pPriority |
          NdisMacOptions.ieee8021qVlan,
      )
    case Oid.OID_GEN_MEDIA_CONNECT_STATUS:
      return numbers(settings.isLinkUp ? 0 : 1)
    case Oid.OID_GEN_MAXIMUM_SEND_PACKETS:
      return numbers(1)
    case Oid.OID_GEN_XMIT_OK:
      return numbers(statistics.transmittedFrames)
    case Oid.OID_GEN_RCV_OK:
      return numbers(statistics.receivedFrames)
    case Oid.OID_GEN_XMIT_ERROR:
      return numbers(statistics.transmitErrors)
    case Oid.OID_GEN_RCV_NO_BUFFER:
      return numbers(statistics.receiveNoBuffer)
    case Oid.OID_GEN_FRIENDLY_NAME:
      return utf16(nic.name)
    case Oid.OID_802_3_PERMANENT_ADDRESS:
    case Oid.OID_802_3_CURRENT_ADDRESS:
      return MacAddressValue.encode({ address: nic.macAddress })
    case Oid.OID_802_3_MULTICAST_LIST:
      return Uint8Array.from(settings.multicastList)
    case Oid.OID_802_3_MAXIMUM_LIST_SIZE:
      return numbers(multicastListSize)
    case Oid.OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES:
    case Oid.OID_TCP_OFFLOAD_CURRENT_CONFIG:
      return offloads(asked, nic)
    case Oid.OID_GEN_RECEIVE_SCALE_CAPABILITIES:
      return receiveScale(nic)
    default:
      return RndisStatus.NotSupported
  }
}

const supported: readonly number[] = [
  Oid.OID_GEN_SUPPORTED_LIST,
  Oid.OID_GEN_HARDWARE_STATUS,
  Oid.OID_GEN_MEDIA_SUPPORTED,
  Oid.OID_GEN_MEDIA_IN_USE,
  Oid.OID_GEN_MAXIMUM_LOOKAHEAD,
  Oid.OID_GEN_MAXIMUM_FRAME_SIZE,
  Oid.OID_GEN_LINK_SPEED,
  Oid.OID_GEN_TRANSMIT_BUFFER_SPACE,
  Oid.OID_GEN_RECEIVE_BUFFER_SPACE,
  Oid.OID_GEN_TRANSMIT_BLOCK_SIZE,
  Oid.OID_GEN_RECEIVE_BLOCK_SIZE,
  Oid.OID_GEN_VENDOR_ID,
  Oid.OID_GEN_VENDOR_DESCRIPTION,
  Oid.OID_GEN_CURRENT_PACKET_FILTER,
  Oid.OID_GEN_CURRENT_LOOKAHEAD,
  Oid.OID_GEN_DRIVER_VERSION,
  Oid.OID_GEN_MAXIMUM_TOTAL_SIZE,
  Oid.OID_GEN_MAC_OPTIONS,
  Oid.OID_GEN_MEDIA_CONNECT_STATUS,
  Oid.OID_GEN_MAXIMUM_SEND_PACKETS,
  Oid.OID_GEN_VENDOR_DRIVER_VERSION,
  Oid.OID_GEN_PHYSICAL_MEDIUM,
  Oid.OID_GEN_RECEIVE_SCALE_CAPABILITIES,
  Oid.OID_GEN_RECEIVE_SCALE_PARAMETERS,
  Oid.OID_GEN_XMIT_OK,
  Oid.OID_GEN_RCV_OK,
  Oid.OID_GEN_XMIT_ERROR,
  Oid.OID_GEN_RCV_ERROR,
  Oid.OID_GEN_RCV_NO_BUFFER,
  Oid.OID_GEN_FRIENDLY_NAME,
  Oid.OID_GEN_RNDIS_CONFIG_PARAMETER,
  Oid.OID_802_3_PERMANENT_ADDRESS,
  Oid.OID_802_3_CURRENT_ADDRESS,
  Oid.OID_802_3_MULTICAST_LIST,
  Oid.OID_802_3_MAXIMUM_LIST_SIZE,
  Oid.OID_802_3_MAC_OPTIONS,
  Oid.OID_802_3_RCV_ERROR_ALIGNMENT,
  Oid.OID_802_3_XMIT_ONE_COLLISION,
  Oid.OID_802_3_XMIT_MORE_COLLISIONS,
  Oid.OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES,
  Oid.OID_TCP_OFFLOAD_CURRENT_CONFIG,
  Oid.OID_TCP_OFFLOAD_PARAMETERS,
  Oid.OID_OFFLOAD_ENCAPSULATION,
]

function numbers(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => {
    view.setUint32(index * OidNumber.size, value >>> 0, true)
  })
  return bytes
}

function utf16(text: string): Uint8Array {
  return new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer)
}

/** Sizes of the revisions of NDIS_OFFLOAD. */
const offloadSizes = [112, 144, NdisOffload.size] as const

/**
 * The revision that the guest asks for by the size in the header that it sends along; without one, the one of its NDIS version.
 */
function offloads(asked: Uint8Array, { settings, offersOffloads }: NicInfo): QueryAnswer {
  const { ndisVersion } = settings
  if (ndisVersion === undefined || ndisVersion.major < 6) return RndisStatus.BadVersion
  const { major, minor } = ndisVersion
  const own = major > 6 || minor >= 30 ? 3 : minor >= 1 ? 2 : 1
  const wanted = asked.length >= 4 ? (asked[1] ?? 0) : own
  const revision = Math.max(1, Math.min(3, wanted))
  const size = offloadSizes[revision - 1] ?? offloadSizes[2]
  const encapsulation = offersOffloads ? NdisEncapsulation.ieee8023 : 0
  const ipv4 = offersOffloads ? mask(NdisIpv4Checksum) : 0
  const ipv6 = offersOffloads ? mask(NdisIpv6Checksum) : 0
  const largest = offersOffloads ? 0xffff - 40 : 0
  const segments = offersOffloads ? 2 : 0
  const rsc = offersOffloads && settings.hasRsc ? 1 : 0
  const bytes = NdisOffload.encode({
    header: { objectType: NdisObjectType.Offload, revision, size },
    checksum: {
      ipv4TransmitEncapsulation: encapsulation,
      ipv4TransmitChecksum: ipv4,
      ipv4ReceiveEncapsulation: encapsulation,
      ipv4ReceiveChecksum: ipv4,
      ipv6TransmitEncapsulation: encapsulation,
      ipv6TransmitChecksum: ipv6,
      ipv6ReceiveEncapsulation: encapsulation,
      ipv6ReceiveChecksum: ipv6,
    },
    largeSendV1: { encapsulation: 0, maximumSize: 0, minimumSegments: 0, options: 0 },
    ipsecV1: {
      encapsulation: 0,
      ahEspCombined: 0,
      transportTunnelCombined: 0,
      ipv4Options: 0,
      flags: 0,
      ipv4Ah: 0,
      ipv4Esp: 0,
    },
    largeSendV2: {
      ipv4Encapsulation: encapsulation,
      ipv4MaximumSize: largest,
      ipv4MinimumSegments: segments,
      ipv6Encapsulation: encapsulation,
      ipv6MaximumSize: largest,
      ipv6MinimumSegments: segments,
      ipv6Options: offersOffloads ? NdisIpv6LargeSend.tcpOptions : 0,
    },
    flags: 0,
    ipsecV2: {
      encapsulation: 0,
      ipv6: 0,
      ipv4Options: 0,
      ipv6Extensions: 0,
      ah: 0,
      esp: 0,
      ahEspCombined: 0,
      transport: 0,
      tunnel: 0,
      transportTunnelCombined: 0,
      largeSend: 0,
      extendedSequenceNumbers: 0,
      udpEsp: 0,
      authentication: 0,
      encryption: 0,
      securityAssociationCapabilities: 0,
    },
    rsc: { ipv4: rsc, ipv6: rsc },
    encapsulatedGre: { flags: 0, maximumHeaderSize: 0 },
  })
  return bytes.subarray(0, size)
}

function mask(flags: Readonly<Record<string, number>>): number {
  return Object.values(flags).reduce((sum, flag) => sum | flag, 0)
}

/** 18 bytes: Linux takes no more than it asks for. */
function receiveScale({ queues }: NicInfo): Uint8Array {
  return NdisReceiveScaleCapabilities.encode({
    header: { objectType: NdisObjectType.RssCapabilities, revision: 2, size: NdisReceiveScaleCapabilities.size },
    capabilities:
      NdisRssCapabilities.toeplitz |
      NdisRssCapabilities.hashTcpIpv4 |
      NdisRssCapabilities.hashTcpIpv6 |
      NdisRssCapabilities.supportsMsiX,
    interruptMessageCount: queues,
    receiveQueueCount: queues,
    indirectionTableEntryCount: indirectionTableSize,
  })
}
