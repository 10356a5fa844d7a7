import * as addressSpace from '../../hypercall/calls/address-space.ts'
import type { HypercallDefinition } from '../../hypercall/calls/call.ts'
import * as debug from '../../hypercall/calls/debug.ts'
import * as domains from '../../hypercall/calls/device-domains.ts'
import * as devices from '../../hypercall/calls/devices.ts'
import * as eventLog from '../../hypercall/calls/event-log.ts'
import * as extended from '../../hypercall/calls/extended.ts'
import * as intercepts from '../../hypercall/calls/intercepts.ts'
import * as interrupts from '../../hypercall/calls/interrupts.ts'
import * as isolation from '../../hypercall/calls/isolation.ts'
import * as memory from '../../hypercall/calls/memory.ts'
import * as partition from '../../hypercall/calls/partition.ts'
import * as ports from '../../hypercall/calls/ports.ts'
import * as processors from '../../hypercall/calls/processors.ts'
import { reservedCalls } from '../../hypercall/calls/reserved.ts'
import * as statistics from '../../hypercall/calls/statistics.ts'
import * as system from '../../hypercall/calls/system.ts'
import * as vp from '../../hypercall/calls/vp.ts'
import * as vtl from '../../hypercall/calls/vtl.ts'
import { HvStatus } from '../../hypercall/status.ts'

/** A call that means nothing without a CPU or a platform, and what it answers to whoever may make it. */
export interface UnmodelledCall {
  /** Its definition. */
  readonly call: HypercallDefinition
  /** HV_STATUS that it answers. */
  readonly status: number
  /** Why the model does not carry it out. */
  readonly why: string
}

/**
 * All calls that the model does not carry out, and what they answer: our choices. What does nothing here succeeds; what asks for something that
 * is not here is FEATURE_UNAVAILABLE, or OPERATION_DENIED where the caller could expect it; codes without a known structure are
 * INVALID_HYPERCALL_CODE. Calls that are the root's only are ACCESS_DENIED for others.
 */
export const unmodelledCalls: readonly UnmodelledCall[] = /* @__PURE__ */ table()

function table(): UnmodelledCall[] {
  return [...nothingToDo(), ...denied(), ...unavailable(), ...noSuchCall()]
}

function group(status: number, why: string, calls: readonly HypercallDefinition[]): UnmodelledCall[] {
  return calls.map((call) => ({ call, status, why }))
}

function nothingToDo(): UnmodelledCall[] {
  const { Success } = HvStatus
  return [
    ...group(Success, 'there is no TLB to flush, and nobody behind', [
      addressSpace.HvCallFlushGuestPhysicalAddressSpace,
      addressSpace.HvCallFlushGuestPhysicalAddressList,
      addressSpace.HvCallSyncContext,
      addressSpace.HvCallSyncContextEx,
      domains.HvCallFlushDeviceDomain,
      domains.HvCallFlushDeviceDomainList,
    ]),
    ...group(Success, 'nobody else wants the processor', [
      vp.HvCallNotifyLongSpinWait,
      vp.HvCallParkedVirtualProcessors,
    ]),
    ...group(Success, 'a mapping is there at once, and stays', [
      memory.HvCallPrecommitGpaPages,
      memory.HvCallUncommitGpaPages,
      memory.HvCallPinGpaPageRanges,
      memory.HvCallUnpinGpaPageRanges,
    ]),
    ...group(Success, 'the hypervisor does not need to know', [
      partition.HvCallNotifyPartitionEvent,
      ports.HvCallNotifyPortRingEmpty,
      statistics.HvCallRefreshPerformanceCounters,
    ]),
  ]
}

function denied(): UnmodelledCall[] {
  const { OperationDenied } = HvStatus
  return [
    ...group(OperationDenied, 'the machine has no power states', [
      system.HvCallEnterSleepState,
      system.HvCallNotifyStandbyTransition,
      system.HvCallPrepareForHibernate,
      processors.HvCallRequestProcessorHalt,
    ]),
    ...group(OperationDenied, 'the hypervisor cannot be ended or changed', [
      system.HvCallDisableHypervisor,
      system.HvCallDisableHypervisorEx,
      system.HvCallCommitPatch,
      system.HvCallMapImagePages,
      system.HvCallQueryImageInfo,
      system.HvCallCollectLivedump,
    ]),
    ...group(OperationDenied, 'no debugger is connected', [
      debug.HvCallPostDebugData,
      debug.HvCallRetrieveDebugData,
      debug.HvCallResetDebugSession,
      debug.HvCallInvokeHypervisorDebugger,
    ]),
    ...group(OperationDenied, 'the machine is as it was made: one processor, its memory', [
      processors.HvCallAddLogicalProcessor,
      processors.HvCallRemoveLogicalProcessor,
      memory.HvCallAddPhysicalMemory,
      memory.HvCallRemovePhysicalMemory,
    ]),
    ...group(OperationDenied, 'state is not saved: keep what was done, and do it again', [
      partition.HvCallSavePartitionState,
      partition.HvCallScrubPartition,
    ]),
  ]
}

function unavailable(): UnmodelledCall[] {
  const { FeatureUnavailable } = HvStatus
  return [
    ...group(FeatureUnavailable, 'processors have no features, registers, power or performance states of their own', [
      processors.HvCallUpdateHvProcessorFeatures,
      processors.HvCallSetPerfRegister,
      processors.HvCallGetPerfRegister,
      processors.HvCallQueryNumaDistance,
      processors.HvCallSetLogicalProcessorProperty,
      processors.HvCallGetLogicalProcessorProperty,
      processors.HvCallGetPowerProperty,
      processors.HvCallSetPowerProperty,
      system.HvCallSetSystemProperty,
      system.HvCallGetSystemProperty,
      system.HvCallSetHwWatchdogConfig,
    ]),
    ...group(FeatureUnavailable, 'nobody runs VPs: whoever plays one does', [
      vp.HvCallDispatchVp,
      vp.HvCallWakeVps,
      vp.HvCallSubsumeVp,
      vp.HvCallMapVpStatePage,
      vp.HvCallUnmapVpStatePage,
    ]),
    ...group(FeatureUnavailable, 'machine checks do not happen', [
      intercepts.HvCallQueryAssociatedLpsForMca,
      intercepts.HvCallQueryAssociatedLpsForMcaEx,
      intercepts.HvCallInjectSyntheticMachineCheck,
    ]),
    ...group(FeatureUnavailable, 'no source tells its parameters or its answer whole', [
      intercepts.HvCallUnregisterInterceptResult,
      intercepts.HvCallGetInterceptData,
      interrupts.HvCallRetargetRootDeviceInterrupt,
      interrupts.HvCallQueryDeviceInterruptTarget,
      domains.HvCallQueryDeviceDomain,
      memory.HvCallGetGpaRangesAccessState,
      vtl.HvCallQueryVtlProtectionMaskRange,
    ]),
    ...group(FeatureUnavailable, 'a VP has no instructions that access registers', [
      intercepts.HvCallInstallInterceptEx,
    ]),
    ...group(FeatureUnavailable, 'interrupts have no lines, and nothing outlives the hypervisor', [
      interrupts.HvCallSetVirtualInterruptTarget,
      interrupts.HvCallReserveDeviceInterrupt,
      interrupts.HvCallPersistDeviceInterrupt,
      devices.HvCallPersistDevice,
      devices.HvCallUnpersistDevice,
    ]),
    ...group(FeatureUnavailable, 'devices have one address space, no page requests, and no capabilities', [
      devices.HvCallCreatePasidSpace,
      devices.HvCallDeletePasidSpace,
      devices.HvCallSetPasidAddressSpace,
      devices.HvCallFlushPasidAddressSpace,
      devices.HvCallFlushPasidAddressList,
      devices.HvCallAttachPasidSpace,
      devices.HvCallDetachPasidSpace,
      devices.HvCallEnablePasid,
      devices.HvCallDisablePasid,
      devices.HvCallCreateDevicePrQueue,
      devices.HvCallDeleteDevicePrQueue,
      devices.HvCallSetDevicePrqProperty,
      devices.HvCallAttachDevicePrQueue,
      devices.HvCallDetachDevicePrQueue,
      devices.HvCallProcessIommuPrq,
      devices.HvCallGetPhysicalDeviceProperty,
      devices.HvCallSetPhysicalDeviceProperty,
      devices.HvCallSetDeviceCapabilities,
      devices.HvCallGetLogicalDeviceProperty,
      domains.HvCallConfigureDeviceDomain,
      domains.HvCallReserveDeviceDomainAttachment,
      domains.HvCallUnreserveDeviceDomainAttachment,
      domains.HvCallGetIommuCapabilities,
    ]),
    ...group(FeatureUnavailable, 'nothing is logged or counted', [
      eventLog.HvCallInitializeEventLogBufferGroup,
      eventLog.HvCallFinalizeEventLogBufferGroup,
      eventLog.HvCallCreateEventLogBuffer,
      eventLog.HvCallDeleteEventLogBuffer,
      eventLog.HvCallMapEventLogBuffer,
      eventLog.HvCallUnmapEventLogBuffer,
      eventLog.HvCallSetEventLogGroupSources,
      eventLog.HvCallReleaseEventLogBuffer,
      eventLog.HvCallFlushEventLogBuffer,
      eventLog.HvCallMapPartitionEventLogBuffer,
      eventLog.HvCallWriteSysDiagEvent,
      statistics.HvCallGetCoverageData,
    ]),
    ...group(FeatureUnavailable, 'accesses to pages are not tracked, and pages have no attributes', [
      memory.HvCallGetGpaPagesAccessState,
      memory.HvCallGetSparseGpaPagesAccessState,
      memory.HvCallSetGpaPageAttributes,
      memory.HvCallGetSpaPageList,
      memory.HvCallQueryPartitionReservedPages,
      memory.HvCallReadSystemMemory,
    ]),
    ...group(FeatureUnavailable, 'partitions are not isolated from their host', [
      isolation.HvCallAcquireSparseGpaPageHostAccess,
      isolation.HvCallReleaseSparseGpaPageHostAccess,
      isolation.HvCallAcquireSparseSpaPageHostAccess,
      isolation.HvCallReleaseSparseSpaPageHostAccess,
      isolation.HvCallAcceptGpaPages,
      isolation.HvCallUnacceptGpaPages,
      isolation.HvCallModifySparseGpaPageHostVisibility,
      isolation.HvCallQuerySparseGpaPageHostVisibility,
      isolation.HvCallLockSparseGpaPageMapping,
      isolation.HvCallUnlockSparseGpaPageMapping,
      isolation.HvCallImportIsolatedPages,
      isolation.HvCallCompleteIsolatedImport,
      isolation.HvCallIssueSnpPspGuestRequest,
      isolation.HvCallVbsVmCallReport,
      memory.HvCallMemoryMappedIoRead,
      memory.HvCallMemoryMappedIoWrite,
    ]),
    ...group(FeatureUnavailable, 'HvExtCallQueryCapabilities does not announce it', [
      extended.HvExtCallGetBootZeroedMemory,
      extended.HvExtCallMemoryHeatHint,
      extended.HvExtCallMemoryHeatHintAsync,
      extended.HvExtCallEpfSetup,
      extended.HvExtCallSchedulerAssistSetup,
    ]),
  ]
}

function noSuchCall(): UnmodelledCall[] {
  const { InvalidHypercallCode } = HvStatus
  return [
    ...group(InvalidHypercallCode, 'reserved', reservedCalls),
    ...group(InvalidHypercallCode, 'no source tells its structures', [
      addressSpace.HvCallFlushCache,
      addressSpace.HvCallFlushTlb,
      debug.HvCallOutputDebugCharacter,
      debug.HvCallEchoIncrement,
      debug.HvCallPerfNop,
      debug.HvCallPerfNopInput,
      debug.HvCallPerfNopOutput,
      debug.HvCallInvokeTestFramework,
      domains.HvCallQueryDeviceDomainProperties,
      devices.HvCallReserved0081,
      devices.HvCallAcknowledgeDevicePageRequest,
      devices.HvCallMapDmaRange,
      devices.HvCallUnmapDmaRange,
      eventLog.HvCallCreateIptBuffers,
      eventLog.HvCallDeleteIptBuffers,
      eventLog.HvCallControlHypervisorIptTrace,
      eventLog.HvCallLogHypervisorSystemConfig,
      extended.HvExtCallReserved,
      interrupts.HvCallEnableDeviceInterrupt,
      isolation.HvCallCompletePendingIsolatedPagesImport,
      isolation.HvCallIssueNestedSnpPspRequests,
      isolation.HvCallCompleteSnpPspRequests,
      memory.HvCallDepositMemoryMirroring,
      processors.HvCallUpdateMicrocode,
      processors.HvCallGetLogicalProcessorRegisters,
      processors.HvCallSetLogicalProcessorRegisters,
      system.HvCallSwitchAliasMap,
      vp.HvCallSubsumeInitializedMemory,
      vp.HvCallDestroySubsumedContext,
      vp.HvCallMapVpStatePageEx,
    ]),
  ]
}
