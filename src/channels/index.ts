/**
 * How the two ends of a bus reach each other: transports, the host's and the guest's end over them, and open channels.
 *
 * @module
 */
export { BytePipe, ConnectionResetError } from './byte-pipe.ts'
export { Channel, type ChannelHandler, type CloseReason } from './channel.ts'
export { decodeViolation, faultViolation } from './channel-faults.ts'
export type { CompletionHandler } from './channel-sender.ts'
export type { ChannelLimits } from './channel-setup.ts'
export { Completion } from './completion.ts'
export * from './conversation.ts'
export { EndLog } from './end-log.ts'
export type { FaultRule, InjectedFault, MemoryRead, Passage } from './fault-plan.ts'
export { type FaultOptions, injectFaults } from './faulty.ts'
export {
  ForeignGuest,
  type ForeignGuestOptions,
  type GuestCrashReport,
  type GuestLink,
} from './foreign-guest.ts'
export {
  FrameConnection,
  type FrameConnectionOptions,
  type FrameEnd,
  type GuestTraits,
} from './frame-connection.ts'
export { FrameGuest, type FrameGuestOptions } from './frame-guest.ts'
export { FrameHost, type FrameHostOptions } from './frame-host.ts'
export { FrameSplitter } from './frame-splitter.ts'
export * from './frames.ts'
export { Guest, type LoneGuestOptions } from './guest.ts'
export { GuestDevice } from './guest-device.ts'
export { type Binding, defaultRingBytes, type GuestDriver } from './guest-driver.ts'
export { GuestEndpoint, type GuestOptions } from './guest-endpoint.ts'
export { GuestPartition, type GuestPartitionOptions } from './guest-partition.ts'
export { type EndOptions, Host, type LoneHostOptions } from './host.ts'
export type { DeviceHost, HostDevice, PendingOpen } from './host-device.ts'
export { HostEndpoint, type HostOptions } from './host-endpoint.ts'
export { HypervisorTransport, type HypervisorTransportOptions } from './hypervisor-transport.ts'
export { MemoryTransport } from './memory-transport.ts'
export { MessageGuest, type MessageGuestOptions, type MessageLink } from './message-guest.ts'
export { MessageReader, type MessageSchema, pipeMessage, rawMessages } from './messages.ts'
export type { TransferPages } from './packet-headers.ts'
export { PacketStream, type ReceivedPacket } from './packet-stream.ts'
export { PageAllocator, type PageRun, pageNumbersOf } from './page-allocator.ts'
export { Pump, type PumpOptions, type Scheduling, Task } from './pump.ts'
export { Random } from './random.ts'
export { StalledError } from './stalled-error.ts'
export * from './transport.ts'
