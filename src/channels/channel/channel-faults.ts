import type { RangeFaultCode } from '../../vmbus/gpa-ranges.ts'
import type { PipeFaultCode } from '../../vmbus/pipe.ts'
import type { RingFaultCode } from '../../vmbus/ring/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { isWireError, type WireErrorCode } from '../../wire/index.ts'

type FaultCode = RingFaultCode | RangeFaultCode | PipeFaultCode

/** What kind of fault each is, as decoders name it. */
const codes: Readonly<Record<FaultCode, WireErrorCode>> = {
  InvalidRingMemory: 'ALIGN',
  InvalidRingPointer: 'RANGE',
  InvalidDataAvailable: 'SHORT',
  InvalidDescriptorLengths: 'LENGTH',
  InvalidDescriptorType: 'TYPE',
  InvalidDescriptorFlags: 'RSVD',
  InvalidDescriptorGpaDirectRangeCount: 'RANGE',
  InvalidTrailer: 'RANGE',
  InvalidMessageLength: 'LIMIT',
  InterruptsExternallyMasked: 'STATE',
  MemoryAccess: 'ACCESS',
  LENGTH: 'LENGTH',
  EmptyGpadl: 'RANGE',
  EmptyByteCount: 'RANGE',
  OffsetTooLarge: 'RANGE',
  RangeTooSmall: 'LENGTH',
  RANGE: 'RANGE',
  TYPE: 'TYPE',
  SHORT: 'SHORT',
  InvalidPipePacketType: 'TYPE',
  PacketTooLarge: 'LENGTH',
}

/** A ring's, a range list's or a pipe's fault as a violation; the fault's code is the rule. */
export function faultViolation(
  fault: { readonly code: FaultCode; readonly offset: number; readonly why: string },
  channelId: number,
): Violation {
  return { rule: fault.code, code: codes[fault.code], field: '', offset: fault.offset, why: fault.why, channelId }
}

/** What a decoder threw as a violation, with the rule `bad-packet`. Throws what no decoder throws on. */
export function decodeViolation(error: unknown, channelId: number): Violation {
  if (!isWireError(error)) throw error
  const { code, path, offset, why } = error
  return { rule: 'bad-packet', code, field: path, offset, why, channelId }
}
