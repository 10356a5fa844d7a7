/**
 * Storage in the root partition: SCSI controllers, IDE accelerators, Fibre Channel adapters, and the disks behind them.
 *
 * @module
 */

export type { Disk, DiskError, DiskExtent, DiskRequest } from './disk.ts'
export { DiskUnit, type DiskUnitOptions } from './disk-unit.ts'
export { CopyOnWriteDisk } from './disks/copy-on-write-disk.ts'
export { FaultyDisk, type FaultyDiskOptions } from './disks/faulty-disk.ts'
export { MemoryDisk } from './disks/memory-disk.ts'
export { ReadOnlyDisk } from './disks/read-only-disk.ts'
export { DvdUnit } from './dvd-unit.ts'
export type { LogicalUnit, ScsiAddress } from './logical-unit.ts'
export type { Nexus } from './nexus.ts'
export { PartRequest } from './part-request.ts'
export { type Registrant, type Registration, type ReservationOutcome, Reservations } from './reservations.ts'
export { ScsiTask } from './scsi-task.ts'
export { ScsiUnit } from './scsi-unit.ts'
export { type StorageUnit, StorageVsp, type StorageVspEvents, type StorageVspOptions } from './storage-vsp.ts'
