import type { WireErrorCode } from '../../wire/index.ts'

/** What is wrong in a component's message that decodes: the field, its offset in the message, and why. */
export interface IcFault {
  readonly code: WireErrorCode
  readonly field: string
  readonly offset: number
  readonly why: string
}

/** Whether a reading went wrong. What is read well is no object with a `why`. */
export function isIcFault(value: unknown): value is IcFault {
  return typeof value === 'object' && value !== null && 'why' in value
}
