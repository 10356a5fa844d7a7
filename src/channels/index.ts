/**
 * How the two ends of a bus reach each other: transports, the host's and the guest's end over them, and open channels.
 *
 * @module
 */
export { BytePipe, ConnectionResetError } from './channel/byte-pipe.ts'
export { Channel, type ChannelHandler, type CloseReason } from './channel/channel.ts'
export { decodeViolation, faultViolation } from './channel/channel-faults.ts'
export type { CompletionHandler } from './channel/channel-sender.ts'
export type { ChannelLimits } from './channel/channel-setup.ts'
export { Completion } from './channel/completion.ts'
export { MessageReader, type MessageSchema, pipeMessage, rawMessages } from './channel/messages.ts'
export type { TransferPages } from './channel/packet-headers.ts'
export { PacketStream, type ReceivedPacket } from './channel/packet-stream.ts'
export * from './conversation.ts'
export { EndLog } from './end-log.ts'
export type { FaultRule, InjectedFault, MemoryRead, Passage } from './faults/fault-plan.ts'
export { type FaultOptions, injectFaults } from './faults/faulty.ts'
export {
  FrameConnection,
  type FrameConnectionOptions,
  type FrameEnd,
  type GuestTraits,
} from './frames/frame-connection.ts'
export { FrameGuest, type FrameGuestOptions } from './frames/frame-guest.ts'
export { FrameHost, type FrameHostOptions } from './frames/frame-host.ts'
export { FrameSplitter } from './frames/frame-splitter.ts'
export * from './frames/frames.ts'
export { Guest, type LoneGuestOptions } from './guest-end/guest.ts'
export { GuestDevice } from './guest-end/guest-device.ts'
export { type Binding, defaultRingBytes, type GuestDriver } from './guest-end/guest-driver.ts'
export { GuestEndpoint, type GuestOptions } from './guest-end/guest-endpoint.ts'
export { PageAllocator, type PageRun, pageNumbersOf } from './guest-end/page-allocator.ts'
export { type EndOptions, Host, type LoneHostOptions } from './host-end/host.ts'
export type { DeviceHost, HostDevice, Later, PendingOpen } from './host-end/host-device.ts'
export { HostEndpoint, type HostOptions, type RestoredHost } from './host-end/host-endpoint.ts'
export { Pump, type PumpOptions, type Scheduling, Task } from './pump.ts'
export { Random } from './random.ts'
export { StalledError } from './stalled-error.ts'
export {
  ForeignGuest,
  type ForeignGuestOptions,
  type GuestCrashReport,
  type GuestLink,
} from './transports/foreign-guest.ts'
export { GuestPartition, type GuestPartitionOptions } from './transports/guest-partition.ts'
export { HypervisorTransport, type HypervisorTransportOptions } from './transports/hypervisor-transport.ts'
export { MemoryTransport } from './transports/memory-transport.ts'
export { MessageGuest, type MessageGuestOptions, type MessageLink } from './transports/message-guest.ts'
export * from './transports/transport.ts'
