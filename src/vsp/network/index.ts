/**
 * The synthetic network adapter in the root partition, and what can be at the other end of its cable.
 *
 * @module
 */
export * from './backends/backend.ts'
export { LoopbackBackend } from './backends/loopback.ts'
export { NullBackend } from './backends/null.ts'
export { NetworkVsp, type NetworkVspEvents, type NetworkVspOptions } from './network-vsp.ts'
export type { NicSettings, NicStatistics, RssSettings } from './nic-settings.ts'
