/**
 * The driver of storage controllers in a child partition.
 *
 * @module
 */
export type { BlockRange, BlockWrite, Capacity, UnitAddress, UnitInfo } from './block-devices.ts'
export type { StorageProperties } from './initialization.ts'
export { isWorthRetrying, ScsiError, type ScsiOutcome } from './outcome.ts'
export type { Segment } from './scatter-gather.ts'
export type { FetchedData, ScsiCommand } from './storage-io.ts'
export { StorageVsc, type StorageVscEvents, type StorageVscOptions } from './storage-vsc.ts'
