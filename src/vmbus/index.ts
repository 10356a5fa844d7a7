/**
 * The VMBus protocol: control messages, packets, rings, GPADLs, and the state machines of host and guest.
 *
 * @module
 */
export * from './contact-target.ts'
export * from './device-ids.ts'
export * from './gpa-ranges.ts'
export * from './ids.ts'
export * from './messages.ts'
export * from './monitor-page.ts'
export * from './offer.ts'
export * from './packets.ts'
export * from './pipe.ts'
export * from './pipe-header.ts'
export * from './requestor.ts'
export * from './ring/index.ts'
export * from './ring-control.ts'
export * from './server/index.ts'
export * from './signal.ts'
export * from './versions.ts'
export * from './violation.ts'
