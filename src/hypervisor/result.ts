import { HvStatus } from '../hypercall/status.ts'

/** What a call answers: a value, or the HV_STATUS that says why there is none. */
export type Result<T> =
  | { readonly status: typeof HvStatus.Success; readonly value: T }
  | { readonly status: number; readonly value?: undefined }

/** A value, with HV_STATUS_SUCCESS. */
export function done<T>(value: T): Result<T> {
  return { status: HvStatus.Success, value }
}

/** No value, and why. */
export function failed(status: number): { readonly status: number } {
  return { status }
}
