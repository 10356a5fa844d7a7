import { AdditionalSense, parseSense, ScsiStatus, type Sense, SenseKey } from '../../devices/scsi/index.ts'
import { ScsiRequest, SrbStatus, VstorHeader, VstorOperation } from '../../devices/storage/index.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'

/** What became of a SCSI command. */
export interface ScsiOutcome {
  /**
   * `good`; `failed`: the statuses and sense data say why; `closed`: the device was taken away or the channel closed before it
   * was answered; `invalid`: the answer was none; `no-memory`: guest memory has no room for the data.
   */
  readonly kind: 'good' | 'failed' | 'closed' | 'invalid' | 'no-memory'
  /** See SrbStatus; 0 where there is no answer. */
  readonly srbStatus: number
  /** See ScsiStatus. */
  readonly scsiStatus: number
  /** Bytes that were moved. */
  readonly transferred: number
  readonly sense?: Sense
}

const place = {
  srbStatus: VstorHeader.size + ScsiRequest.offsetOf('srbStatus'),
  scsiStatus: VstorHeader.size + ScsiRequest.offsetOf('scsiStatus'),
  senseInfoLength: VstorHeader.size + ScsiRequest.offsetOf('senseInfoLength'),
  transferred: VstorHeader.size + ScsiRequest.offsetOf('dataTransferLength'),
  sense: VstorHeader.size + ScsiRequest.offsetOf('cdbOrSense'),
}
const maxSense = 20

/** Outcomes without an answer. */
export const outcomes = {
  closed: { kind: 'closed', srbStatus: 0, scsiStatus: 0, transferred: 0 },
  invalid: { kind: 'invalid', srbStatus: 0, scsiStatus: 0, transferred: 0 },
  noMemory: { kind: 'no-memory', srbStatus: 0, scsiStatus: 0, transferred: 0 },
} as const

let lastGood: ScsiOutcome = { kind: 'good', srbStatus: SrbStatus.Success, scsiStatus: ScsiStatus.Good, transferred: 0 }

/**
 * Reads the answer to a command. Lengths that it claims are cut down to what can be (ST-23); the number of bytes moved counts only where it
 * can be trusted, as in Linux storvsc_on_io_completion.
 *
 * @param wanted bytes that were to be moved. @param least bytes of an answer under the protocol's version (ST-20).
 */
export function outcomeOf(answer: RingPacket | undefined, wanted: number, least: number): ScsiOutcome {
  if (answer === undefined) return outcomes.closed
  const { bytes, payloadOffset: at, payloadLength } = answer
  if (payloadLength < least || bytes[at] !== VstorOperation.CompleteIo) return outcomes.invalid
  const srb = bytes[at + place.srbStatus] ?? 0
  const srbStatus = srb & 0x3f
  const scsiStatus = bytes[at + place.scsiStatus] ?? 0
  const claimed = answer.payloadU32(place.transferred)
  const isTrusted = srbStatus === SrbStatus.Success || srbStatus === SrbStatus.DataOverrun
  const transferred = isTrusted ? Math.min(claimed, wanted) : 0
  if (scsiStatus === ScsiStatus.Good && srbStatus === SrbStatus.Success) {
    // Outcomes are not changed, and most are alike.
    if (lastGood.transferred !== transferred) lastGood = { kind: 'good', srbStatus, scsiStatus, transferred }
    return lastGood
  }
  const sense = scsiStatus === ScsiStatus.CheckCondition && (srb & 0x80) !== 0 ? senseIn(bytes, at) : undefined
  // What the unit has recovered from, it has done.
  const isGood = sense !== undefined && (sense.key === SenseKey.NoSense || sense.key === SenseKey.RecoveredError)
  const rest = sense === undefined ? {} : { sense }
  return { kind: isGood ? 'good' : 'failed', srbStatus, scsiStatus, transferred, ...rest }
}

function senseIn(bytes: Uint8Array, at: number): Sense | undefined {
  const length = Math.min(maxSense, bytes[at + place.senseInfoLength] ?? 0)
  return parseSense(bytes.slice(at + place.sense, at + place.sense + length))
}

/**
 * Whether a failed command is worth another try. Source: Linux scsi_check_sense and storvsc_handle_error; storage devices of Hyper-V
 * have BLIST_RETRY_HWERROR.
 */
export function isWorthRetrying({ kind, srbStatus, scsiStatus, sense }: ScsiOutcome): boolean {
  if (kind !== 'failed') return false
  if (scsiStatus === ScsiStatus.Busy || scsiStatus === ScsiStatus.TaskSetFull) return true
  if (sense === undefined) {
    return srbStatus !== SrbStatus.InvalidLun && scsiStatus !== ScsiStatus.ReservationConflict
  }
  switch (sense.key) {
    case SenseKey.NotReady:
      return sense.additional === AdditionalSense.BecomingReady
    case SenseKey.MediumError: {
      const code = sense.additional >> 8
      return code !== 0x11 && code !== 0x13 && code !== 0x14
    }
    case SenseKey.HardwareError:
    case SenseKey.UnitAttention:
    case SenseKey.AbortedCommand:
      return true
    default:
      return false
  }
}

/** A command that failed, in the end. */
export class ScsiError extends Error {
  override readonly name = 'ScsiError'
  constructor(
    readonly outcome: ScsiOutcome,
    /** What was asked for: `Read10 at 5`. */
    readonly what: string,
  ) {
    super(`${what}: ${explain(outcome)}`)
  }
}

function explain({ kind, srbStatus, scsiStatus, sense }: ScsiOutcome): string {
  if (kind === 'closed') return 'the channel was closed before the answer'
  if (kind === 'invalid') return 'the answer was no storage packet'
  if (kind === 'no-memory') return 'guest memory has no room for the data'
  const nameOf = (table: Readonly<Record<string, number>>, value: number) =>
    Object.entries(table).find(([, known]) => known === value)?.[0] ?? `0x${value.toString(16)}`
  if (sense !== undefined) return `${nameOf(SenseKey, sense.key)}, ${nameOf(AdditionalSense, sense.additional)}`
  return `SRB status ${nameOf(SrbStatus, srbStatus)}, SCSI status ${nameOf(ScsiStatus, scsiStatus)}`
}
