import type { NicSettings, NicStatistics } from './nic-settings.ts'

/** What a NIC knows of itself, for those who answer the guest's questions. */
export interface NicInfo {
  readonly settings: NicSettings
  readonly statistics: NicStatistics
  readonly macAddress: Uint8Array
  /** Shown to the guest. */
  readonly name: string
  /** In bit/s. */
  readonly linkSpeed: number
  /** Most channels, the primary one included. */
  readonly queues: number
  /** Whether checksums, large sends and coalescing are offered. */
  readonly offersOffloads: boolean
}
