/**
 * The storage protocol (VSTOR): SCSI controllers and their kin.
 *
 * @module
 */
export * from './messages.ts'
