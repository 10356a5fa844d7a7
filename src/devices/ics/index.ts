/**
 * What all integration components have in common: header, negotiation of versions, statuses. Each one's own messages are in a
 * module of its own: heartbeat, shutdown, timesync, kvp, vss, file-copy.
 *
 * @module
 */
export * from './decoder.ts'
export * from './fault.ts'
export * from './frame.ts'
export * from './messages.ts'
export * from './negotiation.ts'
export * from './versions.ts'
