import type { SharedBuffer } from '../../channels/channel/shared-buffer.ts'
import type { PageRun } from '../../channels/index.ts'
import type { GpadlId } from '../../vmbus/ids.ts'
import type { RndisRequests } from './rndis-requests.ts'
import type { SendBuffer } from './send-buffer.ts'

/** A buffer that is shown to the host. */
export interface ShownBuffer {
  readonly run: PageRun
  readonly gpadlId: GpadlId
  readonly memory: SharedBuffer
}

/** What driver and host have agreed on, while a channel is open. */
export interface NicState {
  version: number
  receive: (ShownBuffer & { sectionSize: number }) | undefined
  send: ShownBuffer | undefined
  /** The send buffer's sections, once the host has said how large they are. */
  sections: SendBuffer | undefined
  requests: RndisRequests | undefined
  /** The page of the control messages. */
  control: PageRun | undefined
  /** RNDIS packets that may lie behind each other, and at what multiples of bytes. */
  packetsPerMessage: number
  packetAlignment: number
  macAddress: Uint8Array
  /** Largest frame without its Ethernet header. */
  mtu: number
  isLinkUp: boolean
  /** In bit/s. */
  linkSpeed: number
  /** Channels that the host can serve. */
  queues: number
  /** Sub-channels that were asked for and granted. */
  subchannels: number
  sendTable: number[]
  /** Serial number of the virtual function, if there is one. */
  virtualFunction: number | undefined
  isReady: boolean
}

export function freshState(): NicState {
  return {
    version: 0,
    receive: undefined,
    send: undefined,
    sections: undefined,
    requests: undefined,
    control: undefined,
    packetsPerMessage: 1,
    packetAlignment: 1,
    macAddress: new Uint8Array(6),
    mtu: 1500,
    isLinkUp: false,
    linkSpeed: 0,
    queues: 1,
    subchannels: 0,
    sendTable: new Array<number>(16).fill(0),
    virtualFunction: undefined,
    isReady: false,
  }
}
