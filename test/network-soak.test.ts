import { expect, it } from 'vitest'
import { seeded } from './seed.ts'
import { soakNetwork } from './soak/network.ts'

// The long form is `npm run soak`.
it('[TR-13] 20,000 frames over a bad line, NICs rescinded in between: each is told of once, nothing is left behind', () => {
  const seed = seeded.seed ?? 1
  const { issued, ok, errors, aborted, received, rescinds } = soakNetwork(20_000, seed)
  expect([seed, issued, ok + errors + aborted]).toEqual([seed, 20_000, 20_000])
  expect([errors > 0, rescinds > 0, received > 10_000]).toEqual([true, true, true])
})
