import { openEnum, u32 } from '../../wire/index.ts'

/** Event log buffer groups. Source: HV_EVENTLOG_TYPE of Mile.HyperV. */
export const EventLogType = {
  GlobalSystemEvents: 0,
  LocalDiagnostics: 1,
  SystemDiagnostics: 2,
} as const
/** {@link EventLogType} on the wire, 4 bytes. */
export const EventLogTypeField = /* @__PURE__ */ openEnum('EventLogType', u32, EventLogType)

/** What a full event log does. Source: HV_EVENTLOG_MODE of Mile.HyperV. */
export const EventLogMode = {
  Regular: 0,
  Circular: 1,
} as const

/**
 * States of an event log buffer: standby, free, in use, complete, and back to free. Source: HV_EVENTLOG_BUFFER_STATE
 * of Mile.HyperV.
 */
export const EventLogBufferState = {
  Standby: 0,
  Free: 1,
  InUse: 2,
  Complete: 3,
  Ready: 4,
  Unmapping: 5,
  Deleting: 6,
  ProcessorListInUse: 7,
} as const
/** {@link EventLogBufferState} on the wire, 4 bytes. */
export const EventLogBufferStateField = /* @__PURE__ */ openEnum('EventLogBufferState', u32, EventLogBufferState)

/** Clock of the entries. Source: HV_EVENTLOG_ENTRY_TIME_BASIS of Mile.HyperV. */
export const EventLogTimeBasis = {
  Reference: 0,
  Tsc: 1,
  Qpc: 2,
} as const
/** {@link EventLogTimeBasis} on the wire, 4 bytes. */
export const EventLogTimeBasisField = /* @__PURE__ */ openEnum('EventLogTimeBasis', u32, EventLogTimeBasis)

/** How trace flags are meant. Source: HV_EVENTLOG_EXTENDED_TRACE_MODE of Mile.HyperV. */
export const EventLogTraceMode = {
  None: 0,
  Legacy: 1,
  Scenario: 2,
  Granular: 3,
} as const

/**
 * What granular trace flags do to those that are set. Source: HV_EVENTLOG_EXTENDED_GRANULAR_OPERATION of Mile.HyperV.
 */
export const EventLogGranularOperation = {
  Set: 0,
  Add: 1,
  Remove: 2,
} as const
