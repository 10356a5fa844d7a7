import { openEnum, u32 } from '../../wire/index.ts'

/** Properties of a logical processor. Source: HV_LOGICAL_PROCESSOR_PROPERTY_TYPE of Mile.HyperV. */
export const LogicalProcessorPropertyType = {
  PerfStateConfig: 0,
  ThrottleStateConfig: 1,
  PccConfig: 2,
  PerfStateCap: 3,
  MachineCheckContextInfo: 4,
  McUpdateUpdateStatus: 5,
} as const
/** {@link LogicalProcessorPropertyType} on the wire, 4 bytes. */
export const LogicalProcessorPropertyTypeField = /* @__PURE__ */ openEnum(
  'LogicalProcessorPropertyType',
  u32,
  LogicalProcessorPropertyType,
)

/** What a logical processor register id addresses. Source: HV_LOGICAL_PROCESSOR_REGISTER_TYPE of Mile.HyperV. */
export const LogicalProcessorRegisterType = {
  Cpuid: 0x0001_0000,
  Msr: 0x0001_0001,
  Wbinvd: 0x0001_0002,
} as const

/** Properties of HvCallGetPowerProperty and HvCallSetPowerProperty. Source: HV_POWER_PROPERTY_TYPE of Mile.HyperV. */
export const PowerPropertyType = {
  LpIdleStateConfig: 0,
  LpPerfFeedbackCounters: 1,
  LpPercentageFrequency: 2,
  LpNextPlatformStateIndex: 3,
  StatsOffsets: 4,
  PolicySetting: 5,
  LpCppcRequestValue: 6,
  LpCppcRequestRegister: 7,
  LpIdleStateConfigEx: 8,
} as const
/** {@link PowerPropertyType} on the wire, 4 bytes. */
export const PowerPropertyTypeField = /* @__PURE__ */ openEnum('PowerPropertyType', u32, PowerPropertyType)

/** Platform idle states. Source: HV_PLATFORM_STATE_INDEX of Mile.HyperV. */
export const PlatformStateIndex = {
  NonIdle: 0,
  Idle: 1,
} as const

/** How a processor enters an idle state. Source: HV_PPM_IDLE_STATE_CHANGE_METHOD of Mile.HyperV. */
export const PpmIdleStateChangeMethod = {
  IssueHlt: 0,
  ReadIoThenIssueHlt: 1,
  ReadIo: 2,
  IssueMwait: 3,
  IssueWfi: 4,
  IssuePsci: 5,
} as const
/** {@link PpmIdleStateChangeMethod} on the wire, 4 bytes. */
export const PpmIdleStateChangeMethodField = /* @__PURE__ */ openEnum(
  'PpmIdleStateChangeMethod',
  u32,
  PpmIdleStateChangeMethod,
)

/** Where a performance state register is. Source: HV_PPM_PERF_STATE_REGISTER_TYPE of Mile.HyperV. */
export const PpmPerfStateRegisterType = {
  None: 0,
  Msr: 1,
  Io: 2,
  Memory: 3,
} as const
/** {@link PpmPerfStateRegisterType} on the wire, 4 bytes. */
export const PpmPerfStateRegisterTypeField = /* @__PURE__ */ openEnum(
  'PpmPerfStateRegisterType',
  u32,
  PpmPerfStateRegisterType,
)

/**
 * Who coordinates the processors of a performance domain. Source: HV_X64_PPM_PERF_DOMAIN_COORDINATION of Mile.HyperV.
 */
export const X64PpmPerfDomainCoordination = {
  SwAll: 0,
  SwAny: 1,
  HwAll: 2,
} as const

/** Width of an access to a performance state port. Source: HV_X64_PPM_PERF_STATE_PORT_ACCESS_SIZE of Mile.HyperV. */
export const X64PpmPerfStatePortAccessSize = {
  Port8Bit: 0,
  Port16Bit: 1,
  Port32Bit: 2,
} as const

/** When CPPC values follow a context switch. Source: HV_X64_PPM_CPPC_CONTEXT_SWITCH_POLICY of Mile.HyperV. */
export const X64PpmCppcContextSwitchPolicy = {
  Unsupported: 0,
  Lazy: 1,
  Aggressive: 2,
} as const
