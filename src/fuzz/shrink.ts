import { kindOf } from './failure.ts'
import { eventOf, type FuzzTarget, type Step } from './target.ts'

/** Runs that the search may take. */
const maxAttempts = 2000

/** What the inputs make the target throw; `undefined` when it comes through. */
export function outcomeOf(target: FuzzTarget, steps: readonly Step[]): { readonly error: unknown } | undefined {
  try {
    target.run(steps.map(eventOf))
    return undefined
  } catch (error) {
    return { error }
  }
}

/**
 * The shortest inputs found that still fail in the same way: leaves out steps, first many at a time, then undoes mutations.
 * `stop` ends the search early, with what it has found so far.
 */
export function shrink(
  target: FuzzTarget,
  steps: readonly Step[],
  error: unknown,
  stop: () => boolean = () => false,
): readonly Step[] {
  const kind = kindOf(error)
  let best = steps
  let attempts = 0
  const over = () => attempts >= maxAttempts || stop()
  const fails = (candidate: readonly Step[]): boolean => {
    attempts++
    const outcome = outcomeOf(target, candidate)
    return outcome !== undefined && kindOf(outcome.error) === kind
  }
  for (let before = -1; before !== attempts && !over(); ) {
    const size = sizeOf(best)
    for (
      let length = Math.ceil(best.length / 2);
      length >= 1 && !over();
      length = length === 1 ? 0 : Math.ceil(length / 2)
    ) {
      for (let at = best.length - length; at > -length && !over(); at -= length) {
        const candidate = [...best.slice(0, Math.max(0, at)), ...best.slice(at + length)]
        if (fails(candidate)) best = candidate
      }
    }
    for (const [index, { mutations = [] }] of best.entries()) {
      for (const mutation of mutations) {
        const step = best[index]
        if (step === undefined || over()) break
        const left = (step.mutations ?? []).filter((other) => other !== mutation)
        const candidate = best.with(index, { ...step, mutations: left })
        if (fails(candidate)) best = candidate
      }
    }
    before = sizeOf(best) === size ? attempts : -1
  }
  return best
}

function sizeOf(steps: readonly Step[]): number {
  return steps.reduce((size, { mutations = [] }) => size + 1 + mutations.length, 0)
}
