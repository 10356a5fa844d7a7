/**
 * Recorded conversations: reading, writing, recording and replaying transcripts, and printing them as a dialogue.
 *
 * @module
 */
export * from './capture.ts'
export { DataKeeper, type DataLimits } from './data-keeper.ts'
export * from './decoders.ts'
export * from './dialogue.ts'
export { type Difference, differenceText } from './difference.ts'
export type { EventKind, EventOf, TranscriptEvent } from './events.ts'
export type { LineField } from './fields.ts'
export type { ReplayViolation } from './host-replay.ts'
export { type CaptureDirection, type CaptureSink, PcapngWriter } from './pcapng.ts'
export * from './record-bus.ts'
export * from './record-ends.ts'
export { LoneRecording, type LoneRecordingOptions } from './record-lone.ts'
export * from './recorder.ts'
export * from './recordings/linux-boot.ts'
export { decodeEvents, type Replay, replay } from './replay.ts'
export type { ReplayEntry } from './replay-entry.ts'
export type { ShapeFault } from './shape.ts'
export type { DeviceCount, ReplaySummary } from './summary.ts'
export * from './transcript.ts'
