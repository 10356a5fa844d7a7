import { defaultHashKey } from '../../devices/network/index.ts'

/** Frame sizes that the host takes, Ethernet header included. Source: OpenVMM netvsp (behaviour 187). */
export const frameSizes = { default: 1514, smallest: 1514, largest: 9216 } as const

/** Entries of the table that spreads what is received. */
export const indirectionTableSize = 128

/** How what is received is spread over the channels. */
export interface RssSettings {
  /** See NdisHash. */
  readonly hashTypes: number
  /** 40 bytes. */
  readonly key: readonly number[]
  /** Channels by hash. */
  readonly table: readonly number[]
}

/** What guest and host have agreed on: plain data, so that it can be saved. */
export interface NicSettings {
  /** NVSP version; `undefined` before INIT is answered. */
  version: number | undefined
  /** Bytes of the largest frame; `undefined` before NDIS_CONFIG. */
  mtu: number | undefined
  /** Whether the guest can do these; false before NDIS_CONFIG. */
  hasSriov: boolean
  hasRsc: boolean
  ndisVersion: { readonly major: number; readonly minor: number } | undefined
  receiveBuffer: { readonly gpadlId: number; readonly id: number } | undefined
  sendBuffer: { readonly gpadlId: number; readonly id: number } | undefined
  isInitialized: boolean
  /** See NdisPacketFilter; 0: the guest receives nothing. */
  packetFilter: number
  multicastList: readonly number[]
  /** Whether segments may be coalesced, by the guest's wish. */
  isRscOn: boolean
  rss: RssSettings | undefined
  subchannelCount: number
  isLinkUp: boolean
  /** Serial number of the virtual function, if there is one. */
  virtualFunction: number | undefined
  isOnVirtualFunction: boolean
}

/** Before anything is agreed on. */
export function freshSettings(isLinkUp: boolean, virtualFunction: number | undefined): NicSettings {
  return {
    version: undefined,
    mtu: undefined,
    hasSriov: false,
    hasRsc: false,
    ndisVersion: undefined,
    receiveBuffer: undefined,
    sendBuffer: undefined,
    isInitialized: false,
    packetFilter: 0,
    multicastList: [],
    isRscOn: false,
    rss: undefined,
    subchannelCount: 0,
    isLinkUp,
    virtualFunction,
    isOnVirtualFunction: false,
  }
}

/** Counts of one NIC, from the guest's point of view. */
export interface NicStatistics {
  transmittedFrames: number
  transmittedBytes: number
  /** RNDIS packets that were refused. */
  transmitErrors: number
  receivedFrames: number
  receivedBytes: number
  /** Frames that came while the guest received nothing, or that were too long. */
  receiveDropped: number
  /** Frames for which no buffer was free. */
  receiveNoBuffer: number
}

export function freshStatistics(): NicStatistics {
  return {
    transmittedFrames: 0,
    transmittedBytes: 0,
    transmitErrors: 0,
    receivedFrames: 0,
    receivedBytes: 0,
    receiveDropped: 0,
    receiveNoBuffer: 0,
  }
}

/** What RSS is before a guest has said more than that it wants it. */
export const defaultRss: RssSettings = {
  hashTypes: 0,
  key: [...defaultHashKey],
  table: new Array<number>(indirectionTableSize).fill(0),
}
