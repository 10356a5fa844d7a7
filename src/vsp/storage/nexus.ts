import type { Disk } from './disk.ts'

/**
 * Who sends commands, as a disk that several share tells them apart: a guest's port and the controller that it goes through, SCSI's I_T
 * nexus. Each storage device is one.
 */
export interface Nexus {
  /** Name of the guest's port: a SAS address, 64 bits. */
  readonly address: bigint
  /** Calls `done` once the commands that it has at a disk now are over; at once when there are none. */
  settled(disk: Disk, done: () => void): void
}
