/**
 * The VMBus protocol: control messages, offers, packets, pages, rings, GPADL ranges and pipes; the state machines of host
 * and guest; sessions that decode a stream of messages, and the autopsy of a ring.
 *
 * @module
 */
export * from './autopsy.ts'
export * from './client/index.ts'
export * from './contact-target.ts'
export * from './device-decoder.ts'
export * from './device-ids.ts'
export * from './gpa-ranges.ts'
export * from './gpadl-messages.ts'
export * from './ids.ts'
export * from './messages.ts'
export * from './monitor.ts'
export * from './monitor-page.ts'
export * from './offer.ts'
export * from './packet-types.ts'
export * from './packets.ts'
export * from './pipe.ts'
export * from './pipe-decoder.ts'
export * from './pipe-header.ts'
export * from './requestor.ts'
export * from './ring/index.ts'
export * from './ring-control.ts'
export * from './server/index.ts'
export type { ChannelPhase, SessionChannel } from './session/connection.ts'
export * from './session/entry.ts'
export type { GpadlInfo } from './session/gpadls.ts'
export * from './session.ts'
export * from './signal.ts'
export * from './versions.ts'
export * from './violation.ts'
