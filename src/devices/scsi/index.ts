/**
 * SCSI, as VSTOR carries it: commands, sense data, and what commands bring and fetch.
 *
 * @module
 */
export * from './cdb.ts'
export * from './cdb-block.ts'
export * from './cdb-multimedia.ts'
export * from './cdb-primary.ts'
export * from './codes.ts'
export * from './inquiry.ts'
export * from './parameters.ts'
export * from './reservations.ts'
export * from './sense.ts'
