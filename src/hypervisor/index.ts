/**
 * An in-memory hypervisor: partitions, virtual processors, GPA spaces, ports, SynIC, timers, intercepts, VTLs and an IOMMU.
 *
 * {@link Hypervisor} has the root partition. Hypercalls are functions named after them, with the caller first:
 * `createPartition(root)`, `mapGpaPage(root, …)`, `postMessage(child, …)`; they answer an HV_STATUS, or a `Result` with one.
 * What a VP does beside calls is in `vpRead`, `vpWrite`, `vpWriteMsr` and so on.
 *
 * @module
 */

export { childPrivileges, privilegeMask } from '../hypercall/privileges.ts'
export type { RegisterArchitecture } from '../hypercall/registers/index.ts'
export {
  answerPostMessage,
  answerSignalEvent,
  type ModelDispatcher,
  type ModelDispatcherOptions,
  modelDispatcher,
  type UnmodelledCall,
  unmodelledCalls,
} from './calls/index.ts'
export * from './choices.ts'
export * from './cpu-groups.ts'
export { DeviceDomain, type DeviceDomainKey } from './device-domain.ts'
export type {
  DeviceInterrupt,
  DeviceInterruptId,
  DeviceInterruptTarget,
  InterruptTable,
} from './device-interrupt.ts'
export * from './device-interrupts.ts'
export { DeviceMemory } from './device-memory.ts'
export { type AttachDevice, attachDevice, detachDevice } from './devices.ts'
export { GpaMemory, GpaSpace, type PagePlace, pageOf } from './gpa-space.ts'
export { maxGpaAccess, readGpa, writeGpa } from './guest-access.ts'
export { type CallHooks, GuestCalls } from './guest-calls.ts'
export { type CrashReport, GuestCrash } from './guest-crash.ts'
export { type GuestIdentity, guestPrivileges, type HypervisorVersion, informationOf } from './guest-identity.ts'
export { type HypercallOutcome, hypercallMemory, vpHypercall } from './hypercall.ts'
export { type CallObserver, HypercallCaller, HypercallStopped } from './hypercall-caller.ts'
export { Hypervisor, type HypervisorOptions } from './hypervisor.ts'
export type { Information } from './information.ts'
export {
  type CpuidOverride,
  InterceptResults,
  registerCpuidResult,
  registerMsrResult,
} from './intercept-results.ts'
export { AccessKind, checkForIoIntercept, installIntercept } from './intercepts.ts'
export { InterruptController, type SpecialInterrupt } from './interrupt-controller.ts'
export {
  assertVirtualInterrupt,
  clearVirtualInterrupt,
  sendClusterIpi,
  type VirtualInterrupt,
} from './interrupts.ts'
export * from './iommu.ts'
export { interruptFault } from './iommu-fault.ts'
export type { Machine } from './machine.ts'
export type { MachinePages } from './machine-pages.ts'
export * from './memory.ts'
export { MemoryPool, type PooledPage } from './memory-pool.ts'
export { scanMonitors } from './monitors.ts'
export { readMsr, writeMsr } from './msrs.ts'
export { OverlayPage } from './overlay-page.ts'
export { PageAccess } from './page-access.ts'
export type { GvaAccess } from './page-walk.ts'
export { Partition, type PartitionState } from './partition.ts'
export * from './partition-caller.ts'
export type { PartitionLevel } from './partition-level.ts'
export * from './partitions.ts'
export { Connection, type ConnectionTarget, Port, type PortTarget } from './port.ts'
export { getPortProperty, setPortProperty } from './port-properties.ts'
export {
  type ConnectPort,
  type CreatePort,
  connectPort,
  createPort,
  deletePort,
  disconnectPort,
  type PostMessage,
  postMessage,
  postMessageDirect,
  signalEvent,
  signalEventDirect,
} from './ports.ts'
export * from './processors.ts'
export * from './properties.ts'
export { type RegisterContents, register64 } from './register-contents.ts'
export { type PageMode, RegisterPage } from './register-page.ts'
export { readRegister, writeRegister } from './registers.ts'
export { done, failed, type Result } from './result.ts'
export { type RootSignal, rootSignalEvent } from './root-signal.ts'
export { sintDeliverable } from './slot-deliverable.ts'
export { mapStatsPage, type StatsObject, unmapStatsPage } from './statistics.ts'
export { type MessageOutcome, type QueuedMessage, type SignalOutcome, Synic, sintReset } from './synic.ts'
export { SynicGuest, type TakenMessage } from './synic-guest.ts'
export { SyntheticTimer, timerCount } from './synthetic-timer.ts'
export { type TranslateGva, type Translation, translateVirtualAddress } from './translate.ts'
export { TimeStampCounter } from './tsc.ts'
export { VirtualProcessor, type VtlState } from './virtual-processor.ts'
export * from './vp-actions.ts'
export { getTimersState, setTimersState } from './vp-state.ts'
export {
  disablePartitionVtl,
  disableVpVtl,
  enablePartitionVtl,
  enableVpVtl,
  type VtlFeatures,
  vtlCall,
  vtlReturn,
} from './vtl.ts'
export { checkVtlAccess, modifyVtlProtectionMask, type ProtectPage, type VtlAccess } from './vtl-protection.ts'
export { VtlProtections } from './vtl-protections.ts'
