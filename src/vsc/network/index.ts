/**
 * The synthetic network adapter's driver in a child partition.
 *
 * @module
 */
export type { ReceivedFrame } from './frame-receiver.ts'
export type { SendOptions } from './frame-sender.ts'
export { FrameStream } from './frame-stream.ts'
export { type NetworkStatistics, NetworkVsc, type NetworkVscEvents, type NetworkVscOptions } from './network-vsc.ts'
