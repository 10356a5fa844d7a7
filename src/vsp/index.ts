/**
 * Virtualization Service Providers: base classes for devices in the root partition.
 *
 * @module
 */
export { MessageVsp } from './message-vsp.ts'
export { Vsp, type VspEvents } from './vsp.ts'
