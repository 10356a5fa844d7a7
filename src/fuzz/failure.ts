import type { Step } from './target.ts'

/** A run that went wrong. */
export interface FuzzFailure {
  /** Name of the target. */
  readonly target: string
  readonly seed: number
  /** Number of the run, from 0. */
  readonly run: number
  /** What the run threw. */
  readonly error: unknown
  /** That in one line. */
  readonly why: string
  /** The shortest inputs found that fail in the same way. */
  readonly steps: readonly Step[]
  /** How many inputs the run had. */
  readonly drawn: number
}

/** A thrown value in one line. */
export function whyOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return text.split('\n', 1)[0] ?? ''
}

/** What makes two failures be the same one: everything but the numbers in it. */
export function kindOf(error: unknown): string {
  return whyOf(error).replace(/0x[0-9a-f]+|\d+/gi, '#')
}
