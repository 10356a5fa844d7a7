/**
 * EDID: the 128 bytes in which a monitor describes itself, as the synthetic video device hands them to a guest.
 *
 * @module
 */
export { buildEdid, type Monitor, type MonitorOptions, parseEdid } from './edid.ts'
export * from './messages.ts'
export { reducedTiming, type Span, type Timing } from './timing.ts'
