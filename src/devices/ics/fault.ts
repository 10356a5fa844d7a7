import type { WireErrorCode } from '../../wire/index.ts'

/** What is wrong in a component's message that decodes: the field, its offset in the message, and why. */
export interface IcFault {
  /** Kind of fault, as decoders name it. */
  readonly code: WireErrorCode
  /** Dotted name of the field. */
  readonly field: string
  /** Byte offset in the message. */
  readonly offset: number
  /** For people. */
  readonly why: string
}

/** Whether a reading went wrong. What is read well is no object with a `why`. */
export function isIcFault(value: unknown): value is IcFault {
  return typeof value === 'object' && value !== null && 'why' in value
}
