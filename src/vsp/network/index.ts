/**
 * The synthetic network adapter in the root partition, and what can be at the other end of its cable.
 *
 * @module
 */
export * from './backends/backend.ts'
export { Gateway, type GatewayOptions } from './backends/gateway.ts'
export { ImpairedBackend, type Impairments } from './backends/impaired.ts'
export { LoopbackBackend } from './backends/loopback.ts'
export { NullBackend } from './backends/null.ts'
export { NetworkSwitch } from './backends/switch.ts'
export type { NetworkVspEvents, NetworkVspOptions } from './network-options.ts'
export { NetworkVsp } from './network-vsp.ts'
export type { NicSettings, NicStatistics, RssSettings } from './nic-settings.ts'
