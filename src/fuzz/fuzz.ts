import { drawOf } from './draw.ts'
import { type FuzzFailure, whyOf } from './failure.ts'
import { outcomeOf, shrink } from './shrink.ts'
import type { FuzzTarget } from './target.ts'

/** How long and from where. */
export interface FuzzOptions {
  /** Default 1. The same seed gives the same runs, whatever the machine. */
  readonly seed?: number
  /** The first run (default 0): to repeat one alone, give its number and `runs: 1`. */
  readonly from?: number
  /** Runs at most. Default 1000; `Infinity` when `stop` is to decide. */
  readonly runs?: number
  /** Asked before each run (and while shrinking): true ends it. Time comes in here. */
  readonly stop?: () => boolean
  /** Told after each run how many there were. */
  readonly progress?: (runs: number) => void
}

/** What came of it. */
export interface FuzzReport {
  readonly target: string
  readonly seed: number
  /** Runs made, the failed one included. */
  readonly runs: number
  /** The first failure; `undefined` when nothing was found. */
  readonly failure: FuzzFailure | undefined
}

/** Runs a target with drawn inputs until something goes wrong, and then looks for the shortest inputs that do the same. */
export function fuzzTarget(target: FuzzTarget, options: FuzzOptions = {}): FuzzReport {
  const { seed = 1, from = 0, runs = 1000, stop = () => false, progress } = options
  let made = 0
  while (made < runs && !stop()) {
    const run = from + made
    const steps = target.generate(drawOf(seed, run))
    const outcome = outcomeOf(target, steps)
    made++
    progress?.(made)
    if (outcome === undefined) continue
    const shortest = shrink(target, steps, outcome.error, options.stop)
    const error = (outcomeOf(target, shortest) ?? outcome).error
    const failure = { target: target.name, seed, run, error, why: whyOf(error), steps: shortest, drawn: steps.length }
    return { target: target.name, seed, runs: made, failure }
  }
  return { target: target.name, seed, runs: made, failure: undefined }
}
