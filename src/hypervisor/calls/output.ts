import type { Result } from '../result.ts'

/** What a handler answers for a result: its status, and the output that is made of its value. */
export function outputOf<T, O>(result: Result<T>, make: (value: T) => O): { status: number; output?: O } {
  return result.value === undefined ? { status: result.status } : { status: result.status, output: make(result.value) }
}
