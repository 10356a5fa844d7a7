import { describe, expect, it } from 'vitest'
import { drawOf, eventOf, fuzzTarget, ownTargets } from '../src/fuzz/index.ts'
import { seeded } from './seed.ts'

const seed = seeded.seed ?? 1

describe.each(ownTargets().map((target) => [target.name, target] as const))('the target %s', (_name, target) => {
  it('finds nothing', { timeout: 60_000 }, () => {
    const { failure, runs } = fuzzTarget(target, { seed, runs: seeded.numRuns })
    expect(failure?.why).toBeUndefined()
    expect(runs).toBe(seeded.numRuns)
  })

  it('draws the same inputs for the same seed and run, and others for others', () => {
    const drawn = (seed: number, run: number) => JSON.stringify(target.generate(drawOf(seed, run)).map(eventOf))
    expect(drawn(7, 3)).toBe(drawn(7, 3))
    expect(new Set([drawn(7, 3), drawn(7, 4), drawn(8, 3)]).size).toBe(3)
  })

  it('takes any of its inputs away without complaint', () => {
    const events = target.generate(drawOf(9, 0)).map(eventOf)
    for (let index = 0; index < events.length; index++) {
      expect(() => target.run(events.toSpliced(index, 1))).not.toThrow()
    }
  })
})
