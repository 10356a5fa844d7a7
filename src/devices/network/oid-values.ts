import type { StructSchema } from '../../wire/index.ts'
import { RndisConfigParameter } from './config-parameter.ts'
import {
  LinkSpeedValue,
  MacAddressValue,
  MacOptionsValue,
  MediaStateValue,
  NdisOffload,
  NdisOffloadEncapsulation,
  NdisOffloadParameters,
  NdisReceiveScaleCapabilities,
  NdisReceiveScaleParameters,
  OidNumber,
  PacketFilterValue,
} from './ndis.ts'
import { Oid } from './oid.ts'

/** What the information of an OID is, where it has a form that is described here. */
export function oidValueSchema(oid: number): StructSchema | undefined {
  switch (oid) {
    case Oid.OID_GEN_CURRENT_PACKET_FILTER:
      return PacketFilterValue
    case Oid.OID_GEN_MAC_OPTIONS:
      return MacOptionsValue
    case Oid.OID_GEN_MEDIA_CONNECT_STATUS:
      return MediaStateValue
    case Oid.OID_GEN_LINK_SPEED:
      return LinkSpeedValue
    case Oid.OID_802_3_PERMANENT_ADDRESS:
    case Oid.OID_802_3_CURRENT_ADDRESS:
      return MacAddressValue
    case Oid.OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES:
    case Oid.OID_TCP_OFFLOAD_CURRENT_CONFIG:
      return NdisOffload
    case Oid.OID_TCP_OFFLOAD_PARAMETERS:
      return NdisOffloadParameters
    case Oid.OID_OFFLOAD_ENCAPSULATION:
      return NdisOffloadEncapsulation
    case Oid.OID_GEN_RECEIVE_SCALE_CAPABILITIES:
      return NdisReceiveScaleCapabilities
    case Oid.OID_GEN_RECEIVE_SCALE_PARAMETERS:
      return NdisReceiveScaleParameters
    case Oid.OID_GEN_RNDIS_CONFIG_PARAMETER:
      return RndisConfigParameter
    case Oid.OID_GEN_HARDWARE_STATUS:
    case Oid.OID_GEN_MEDIA_SUPPORTED:
    case Oid.OID_GEN_MEDIA_IN_USE:
    case Oid.OID_GEN_MAXIMUM_LOOKAHEAD:
    case Oid.OID_GEN_MAXIMUM_FRAME_SIZE:
    case Oid.OID_GEN_TRANSMIT_BUFFER_SPACE:
    case Oid.OID_GEN_RECEIVE_BUFFER_SPACE:
    case Oid.OID_GEN_TRANSMIT_BLOCK_SIZE:
    case Oid.OID_GEN_RECEIVE_BLOCK_SIZE:
    case Oid.OID_GEN_VENDOR_ID:
    case Oid.OID_GEN_CURRENT_LOOKAHEAD:
    case Oid.OID_GEN_MAXIMUM_TOTAL_SIZE:
    case Oid.OID_GEN_MAXIMUM_SEND_PACKETS:
    case Oid.OID_GEN_VENDOR_DRIVER_VERSION:
    case Oid.OID_GEN_PHYSICAL_MEDIUM:
    case Oid.OID_GEN_XMIT_OK:
    case Oid.OID_GEN_RCV_OK:
    case Oid.OID_GEN_XMIT_ERROR:
    case Oid.OID_GEN_RCV_ERROR:
    case Oid.OID_GEN_RCV_NO_BUFFER:
    case Oid.OID_802_3_MAXIMUM_LIST_SIZE:
    case Oid.OID_802_3_MAC_OPTIONS:
    case Oid.OID_802_3_RCV_ERROR_ALIGNMENT:
    case Oid.OID_802_3_XMIT_ONE_COLLISION:
    case Oid.OID_802_3_XMIT_MORE_COLLISIONS:
      return OidNumber
    default:
      return undefined
  }
}
