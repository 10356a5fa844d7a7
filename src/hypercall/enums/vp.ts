import { openEnum, u32 } from '../../wire/index.ts'

/**
 * What HvCallGetVpState and HvCallSetVpState move. With bit 31 set it is in pages of the caller, listed in the
 * variable header. Source: HV_GET_SET_VP_STATE_TYPE of Mile.HyperV.
 */
export const VpStateType = {
  SyntheticTimers: 0x4,
  LocalInterruptControllerState: 0x8000_0000,
  Xsave: 0x8000_0001,
  SimPage: 0x8000_0002,
  SiefPage: 0x8000_0003,
} as const
/** {@link VpStateType} on the wire, 4 bytes. */
export const VpStateTypeField = /* @__PURE__ */ openEnum('VpStateType', u32, VpStateType)

/** Pages that HvCallMapVpStatePage maps. Source: HV_VP_STATE_PAGE_TYPE of Mile.HyperV. */
export const VpStatePageType = {
  Registers: 0,
  InterceptMessage: 1,
} as const

/** State of a VP when HvCallDispatchVp returns. Source: HV_VP_DISPATCH_STATE of Mile.HyperV. */
export const VpDispatchState = {
  Invalid: 0,
  Blocked: 1,
  Ready: 2,
} as const
/** {@link VpDispatchState} on the wire, 4 bytes. */
export const VpDispatchStateField = /* @__PURE__ */ openEnum('VpDispatchState', u32, VpDispatchState)

/** Why HvCallDispatchVp returned. Source: HV_VP_DISPATCH_EVENT of Mile.HyperV. */
export const VpDispatchEvent = {
  Invalid: 0,
  Suspend: 1,
  Intercept: 2,
  Internal: 3,
  Preempted: 4,
  Cancelled: 5,
  Scheduler: 6,
  LongSpinWait: 7,
  TimeSliceEnd: 8,
} as const
/** {@link VpDispatchEvent} on the wire, 4 bytes. */
export const VpDispatchEventField = /* @__PURE__ */ openEnum('VpDispatchEvent', u32, VpDispatchEvent)

/** Why a dispatch loop ended. Source: HV_VP_DISPATCH_LOOP_EVENT of Mile.HyperV. */
export const VpDispatchLoopEvent = {
  Invalid: 0,
  Intercept: 1,
  Cancelled: 2,
  Terminated: 3,
} as const
/** {@link VpDispatchLoopEvent} on the wire, 4 bytes. */
export const VpDispatchLoopEventField = /* @__PURE__ */ openEnum('VpDispatchLoopEvent', u32, VpDispatchLoopEvent)

/** Parts of a NUMA node that a VP can be placed in. Source: HV_SUBNODE_TYPE of Mile.HyperV. */
export const SubnodeType = {
  Any: 0x0,
  Socket: 0x1,
  Cluster: 0x2,
  L3: 0x3,
  Invalid: 0xffff_ffff,
} as const
/** {@link SubnodeType} on the wire, 4 bytes. */
export const SubnodeTypeField = /* @__PURE__ */ openEnum('SubnodeType', u32, SubnodeType)

/** What an access to an MSR that is not implemented does. Source: HV_UNIMPLEMENTED_MSR_ACTION of Mile.HyperV. */
export const UnimplementedMsrAction = {
  Fault: 0,
  IgnoreWriteReadZero: 1,
} as const
/** {@link UnimplementedMsrAction} on the wire, 4 bytes. */
export const UnimplementedMsrActionField = /* @__PURE__ */ openEnum(
  'UnimplementedMsrAction',
  u32,
  UnimplementedMsrAction,
)

/** Why a VTL was entered. Source: HV_VTL_ENTRY_REASON of Mile.HyperV. */
export const VtlEntryReason = {
  Reserved: 0,
  VtlCall: 1,
  Interrupt: 2,
  Intercept: 3,
} as const
/** {@link VtlEntryReason} on the wire, 4 bytes. */
export const VtlEntryReasonField = /* @__PURE__ */ openEnum('VtlEntryReason', u32, VtlEntryReason)

/** Modes of HvExtCallSchedulerAssistSetup. Source: HV_EXT_SCHEDULER_ASSIST_MODE of Mile.HyperV. */
export const SchedulerAssistMode = {
  None: 0,
  Nt: 1,
} as const
/** {@link SchedulerAssistMode} on the wire, 4 bytes. */
export const SchedulerAssistModeField = /* @__PURE__ */ openEnum('SchedulerAssistMode', u32, SchedulerAssistMode)

/** Properties of a CPU group. Source: HV_CPU_GROUP_PROPERTY_CODE of Mile.HyperV. */
export const CpuGroupProperty = {
  CpuCap: 0x0001_0000,
  SchedulingPriority: 0x0002_0000,
  IdleLpReserve: 0x0003_0000,
} as const
/** {@link CpuGroupProperty} on the wire, 4 bytes. */
export const CpuGroupPropertyField = /* @__PURE__ */ openEnum('CpuGroupProperty', u32, CpuGroupProperty)

/** How a nested hypervisor intercepts MSRs. Source: HV_NESTED_MSR_INTERCEPT_MODE of Mile.HyperV. */
export const NestedMsrInterceptMode = {
  Slow: 0,
  Fast: 1,
  Enlightened: 2,
} as const
/** {@link NestedMsrInterceptMode} on the wire, 4 bytes. */
export const NestedMsrInterceptModeField = /* @__PURE__ */ openEnum(
  'NestedMsrInterceptMode',
  u32,
  NestedMsrInterceptMode,
)
