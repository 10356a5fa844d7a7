import { bit, bitField, bits, bytes, reserved, struct, u16, u32, u64 } from '../wire/index.ts'
import { EventLogBufferStateField, EventLogTypeField } from './enums/event-log.ts'
import { word } from './word.ts'

/**
 * Head of an event log buffer. `time` is reference time or TSC, as the group's time basis says; the type is two 16-bit
 * halves in newer ones: flag and type. Source: HV_EVENTLOG_BUFFER_HEADER of Mile.HyperV.
 */
export const EventLogBufferHeader = /* @__PURE__ */ struct(
  'EventLogBufferHeader',
  {
    /** In bytes. */
    bufferSize: u32,
    bufferIndex: u32,
    /** Events that had no room. */
    eventsLost: u32,
    referenceCounter: u32,
    time: u64,
    reserved1: reserved(u64),
    reserved2: reserved(u64),
    logicalProcessor: u16,
    loggerId: u16,
    bufferState: EventLogBufferStateField,
    nextBufferOffset: u32,
    eventLogType: EventLogTypeField,
    nextBufferIndex: u32,
    lpSequenceNumber: u32,
    reserved4: reserved(8),
  },
  { size: 72, aliases: { mile: 'HV_EVENTLOG_BUFFER_HEADER' } },
)

/**
 * Head of an event log entry. `time` is reference time or TSC, as the group's time basis says. Source:
 * HV_EVENTLOG_ENTRY_HEADER of Mile.HyperV, WDK 7.1 hvgdk.
 */
export const EventLogEntryHeader = /* @__PURE__ */ struct(
  'EventLogEntryHeader',
  {
    context: u32,
    size: u16,
    type: u16,
    time: u64,
  },
  { size: 16, aliases: { mile: 'HV_EVENTLOG_ENTRY_HEADER' } },
)

/** Events of one group that are logged. Source: HV_EVENTLOG_EVENTGROUP_CONFIGURATION of Mile.HyperV. */
export const EventLogGroupConfiguration = /* @__PURE__ */ struct(
  'EventLogGroupConfiguration',
  {
    groupId: u32,
    rsvdZ: reserved(u16),
    eventCount: u16,
    eventId: bytes(256),
  },
  { size: 264, aliases: { mile: 'HV_EVENTLOG_EVENTGROUP_CONFIGURATION' } },
)

/**
 * Trace flags; `id` is a scenario, or an operation in granular mode. Source: HV_EVENTLOG_EXTENDED_TRACE_FLAGS of
 * Mile.HyperV.
 */
export const EventLogTraceFlagsWord = /* @__PURE__ */ bits(u64, {
  extended: bit(0),
  mode: bitField(1, 7),
  id: bitField(8, 8),
})
/** {@link EventLogTraceFlagsWord} alone. */
export const EventLogTraceFlags = /* @__PURE__ */ word('EventLogTraceFlags', EventLogTraceFlagsWord, {
  mile: 'HV_EVENTLOG_EXTENDED_TRACE_FLAGS',
})

/** Which event log, and how it is kept. Source: HV_EVENTLOG_INIT_TYPE of Mile.HyperV. */
export const EventLogInitType = /* @__PURE__ */ struct(
  'EventLogInitType',
  {
    eventLogType: u16,
    eventLogMode: u16,
  },
  { size: 4, aliases: { mile: 'HV_EVENTLOG_INIT_TYPE' } },
)
