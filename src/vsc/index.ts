/**
 * Virtualization Service Consumers: base classes for drivers in a child partition.
 *
 * @module
 */
export { MessageVsc } from './message-vsc.ts'
export { Vsc, type VscEvents } from './vsc.ts'
