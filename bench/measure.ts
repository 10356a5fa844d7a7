/** Takes every result, so that no work can be optimised away. */
export const sink: unknown[] = new Array(64).fill(undefined)

/** Something to time: does `count` operations. */
export type Work = (count: number) => void

/** Times of one operation of the candidate and of its baseline, in nanoseconds, and their ratio. */
export interface Comparison {
  readonly ns: number
  readonly baselineNs: number
  readonly ratio: number
}

const rounds = 60
/** Nanoseconds that one round of either side lasts. */
const roundNs = 400_000

function time(work: Work, count: number): number {
  const start = process.hrtime.bigint()
  work(count)
  return Number(process.hrtime.bigint() - start) / count
}

/** Runs until optimised; answers how many operations make a round. */
function warmUp(work: Work): number {
  for (let round = 0; round < 30; round++) work(1000)
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 10; round++) best = Math.min(best, time(work, 1000))
  return Math.max(100, Math.ceil(roundNs / best))
}

/**
 * Compares two pieces of work: warms both up, then runs them in turn and takes the best of each, so that a busy moment of the machine
 * hits neither alone.
 */
export function compare(candidate: Work, baseline: Work): Comparison {
  const baselineCount = warmUp(baseline)
  const count = warmUp(candidate)
  let ns = Number.POSITIVE_INFINITY
  let baselineNs = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    baselineNs = Math.min(baselineNs, time(baseline, baselineCount))
    ns = Math.min(ns, time(candidate, count))
  }
  return { ns, baselineNs, ratio: ns / baselineNs }
}
