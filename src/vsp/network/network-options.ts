import type { Guid } from '../../wire/index.ts'
import type { NetworkBackend } from './backends/backend.ts'
import type { NicSettings } from './nic-settings.ts'

/** How a NIC is made; everything has a default. */
export interface NetworkVspOptions {
  /** What is at the other end of the cable. Default: nothing. */
  readonly backend?: NetworkBackend
  /** Text such as `00:15:5d:01:02:03`; every NIC needs its own. Default `00:15:5d:00:00:01`. */
  readonly macAddress?: string
  /** Default: made of the MAC address. */
  readonly instanceId?: Guid
  /** NVSP versions that are spoken. Default all. */
  readonly versions?: readonly number[]
  /** Most channels, the primary one included. Default 8. */
  readonly queues?: number
  /** In bit/s. Default 10 Gbit/s. */
  readonly linkSpeed?: number
  /** Whether checksums, large sends and coalescing are offered to the guest. Default true. */
  readonly offloads?: boolean
  /** Shown to the guest. Default `Network Adapter`. */
  readonly name?: string
  /** Serial number of a virtual function that goes with the NIC. Default none. */
  readonly virtualFunction?: number
  /** What `NetworkVsp.save` answered: under a host that is `restored`, the NIC goes on where that one was. */
  readonly saved?: NicSettings
}

/** What a NIC tells of itself. */
export interface NetworkVspEvents {
  /** The guest's driver has begun RNDIS. */
  initialized: () => void
  /** The guest receives from now on, or no longer (see NdisPacketFilter). */
  filter: (packetFilter: number) => void
  /** The guest sends by the virtual function from now on, or by VMBus again. */
  dataPath: (isVirtualFunction: boolean) => void
  /** The guest's driver ends. */
  halted: () => void
}
