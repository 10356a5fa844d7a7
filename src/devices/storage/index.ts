/**
 * The storage protocol (VSTOR): SCSI controllers and their kin.
 *
 * @module
 */
export * from './decoder.ts'
export * from './messages.ts'
export * from './packets.ts'
export * from './status.ts'
export * from './versions.ts'
