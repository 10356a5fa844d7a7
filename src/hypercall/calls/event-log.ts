import { array, reserved, rest, u16, u32, u64 } from '../../wire/index.ts'
import { EventLogTimeBasisField, EventLogTypeField } from '../enums/event-log.ts'
import { EventLogGroupConfiguration, EventLogInitType } from '../event-log.ts'
import { GpaPageRangeWord } from '../gpa-ranges.ts'
import { partitionIdField } from '../ids.ts'
import { ProximityDomainInfo } from '../vp.ts'
import { call } from './call.ts'

/**
 * Sets up a group of event log buffers. TLFS 2.0A has the event log type as 4 bytes, and the table puts the system time at 20,
 * unaligned; headers have it at 24.
 */
export const HvCallInitializeEventLogBufferGroup = /* @__PURE__ */ call(
  0x0060,
  'HvCallInitializeEventLogBufferGroup',
  'simple',
  {
    input: {
      eventLogInitType: EventLogInitType,
      /** Most buffers that the group may have. */
      maximumBufferCount: u32,
      /** 4096 bytes each; HvCallMapEventLogBuffer can show 512 at most. */
      bufferSizeInPages: u32,
      threshold: u32,
      /** Clock of the entries' times. */
      timeBasis: EventLogTimeBasisField,
      padding: reserved(4),
      /** 100 ns units. */
      systemTime: u64,
    },
    caller: 'root',
    since: 'Windows Server 2008',
    statuses: ['AccessDenied', 'InvalidParameter', 'ObjectInUse', 'InsufficientMemory'],
    source: 'Mile.HyperV, TLFS 2.0A',
  },
)

/** Tears down a group of event log buffers. */
export const HvCallFinalizeEventLogBufferGroup = /* @__PURE__ */ call(
  0x0061,
  'HvCallFinalizeEventLogBufferGroup',
  'simple',
  {
    input: {
      eventLogType: EventLogTypeField,
      padding: reserved(4),
    },
    caller: 'root',
    fast: true,
    since: 'Windows Server 2008',
    statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied'],
    source: 'Mile.HyperV, TLFS 2.0A',
  },
)

/** Creates an event log buffer, standby. */
export const HvCallCreateEventLogBuffer = /* @__PURE__ */ call(0x0062, 'HvCallCreateEventLogBuffer', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** From 0, below the group's `maximumBufferCount`. */
    bufferIndex: u32,
    /** NUMA domain that the memory should come from. */
    proximityInfo: ProximityDomainInfo,
  },
  caller: 'root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied', 'InsufficientMemory'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Deletes an event log buffer. */
export const HvCallDeleteEventLogBuffer = /* @__PURE__ */ call(0x0063, 'HvCallDeleteEventLogBuffer', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** As it was created. */
    bufferIndex: u32,
  },
  caller: 'root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Maps an event log buffer into the caller: the page numbers. */
export const HvCallMapEventLogBuffer = /* @__PURE__ */ call(0x0064, 'HvCallMapEventLogBuffer', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** As it was created. */
    bufferIndex: u32,
  },
  output: {
    /** One for each page of a buffer: the group's `bufferSizeInPages` count. */
    gpaPageNumbers: array(u64, 512),
  },
  caller: 'root',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied', 'InsufficientMemory'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Unmaps an event log buffer from the caller. */
export const HvCallUnmapEventLogBuffer = /* @__PURE__ */ call(0x0065, 'HvCallUnmapEventLogBuffer', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** As it was created. */
    bufferIndex: u32,
  },
  caller: 'root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Chooses what a group logs. The form of TLFS 2.0A and WDK 7.1 has 16 bytes: type, and enable flags at 8. */
export const HvCallSetEventLogGroupSources = /* @__PURE__ */ call(0x0066, 'HvCallSetEventLogGroupSources', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** Entries of `groups` in use, at most 2. */
    groupCount: u32,
    configurationFlags: u64,
    /** The first `groupCount` count. */
    groups: array(EventLogGroupConfiguration, 2),
  },
  caller: 'root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Hands a complete buffer back to be filled. */
export const HvCallReleaseEventLogBuffer = /* @__PURE__ */ call(0x0067, 'HvCallReleaseEventLogBuffer', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** A buffer in the state complete. */
    bufferIndex: u32,
  },
  caller: 'root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Has a buffer in use completed though it is not full. */
export const HvCallFlushEventLogBuffer = /* @__PURE__ */ call(0x0068, 'HvCallFlushEventLogBuffer', 'simple', {
  input: {
    eventLogType: EventLogTypeField,
    /** A buffer in use. */
    bufferIndex: u32,
  },
  caller: 'root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidParameter', 'OperationDenied'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Creates buffers for Intel Processor Trace. */
export const HvCallCreateIptBuffers = /* @__PURE__ */ call(0x00e7, 'HvCallCreateIptBuffers', 'unknown', {
  layout: 'unknown',
  since: 'Windows 10 1903 (19H1) (call table)',
  source: 'Mile.HyperV',
})

/** Deletes buffers of Intel Processor Trace. */
export const HvCallDeleteIptBuffers = /* @__PURE__ */ call(0x00e8, 'HvCallDeleteIptBuffers', 'unknown', {
  layout: 'unknown',
  since: 'Windows 10 1903 (19H1) (call table)',
  source: 'Mile.HyperV',
})

/** Starts and stops a trace of the hypervisor. */
export const HvCallControlHypervisorIptTrace = /* @__PURE__ */ call(
  0x00e9,
  'HvCallControlHypervisorIptTrace',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 10 2004/21H1 (call table)',
    source: 'Mile.HyperV',
  },
)

/** Writes the hypervisor's configuration to the log. */
export const HvCallLogHypervisorSystemConfig = /* @__PURE__ */ call(
  0x00f8,
  'HvCallLogHypervisorSystemConfig',
  'unknown',
  {
    layout: 'unknown',
    since: 'Windows 11 preview (2021) (call table)',
    source: 'Mile.HyperV',
  },
)

/** Writes an event to the system diagnostics log; `time` is reference time or TSC. */
export const HvCallWriteSysDiagEvent = /* @__PURE__ */ call(0x00fe, 'HvCallWriteSysDiagEvent', 'variable', {
  input: {
    context: u32,
    size: u16,
    type: u16,
    time: u64,
    /** Bytes of `data`, without what fills it up. */
    dataSize: u32,
    padding: reserved(4),
    /** `dataSize` bytes, filled up to 8. */
    data: rest(),
  },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  source: 'Mile.HyperV',
})

/** Maps an event log buffer of a partition. */
export const HvCallMapPartitionEventLogBuffer = /* @__PURE__ */ call(
  0x0116,
  'HvCallMapPartitionEventLogBuffer',
  'simple',
  {
    input: {
      partitionId: partitionIdField,
      eventLogType: EventLogTypeField,
      bufferIndex: u32,
      gpaRange: GpaPageRangeWord,
    },
    since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
    source: 'Mile.HyperV',
  },
)
