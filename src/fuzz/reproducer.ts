import { type Transcript, transcriptFormat } from '../trace/transcript.ts'
import type { FuzzFailure } from './failure.ts'
import { eventOf, type FuzzTarget } from './target.ts'

/** A failure's inputs as a transcript: {@link replayReproducer} carries them out again. Its name is the target's. */
export function reproducerOf({ target, seed, run, why, steps }: FuzzFailure): Transcript {
  const notes = steps.flatMap(({ mutations = [] }, index) =>
    mutations.map(
      ({ path, offset, what }) => `event ${index + 1}${path === '' ? '' : `, ${path}`} at ${offset}: ${what}`,
    ),
  )
  return {
    format: transcriptFormat,
    name: target,
    description: [`found by vmbus fuzz ${target} --seed ${seed}, run ${run}: ${why}`, ...notes].join('; '),
    events: [{ kind: 'config', t: 0, seeds: { fuzz: seed, run } }, ...steps.map(eventOf)],
  }
}

/** Runs a reproducer's inputs on a target: answers what that throws, `undefined` when it comes through. */
export function replayReproducer(target: FuzzTarget, { events }: Transcript): { readonly error: unknown } | undefined {
  try {
    target.run(events)
    return undefined
  } catch (error) {
    return { error }
  }
}
