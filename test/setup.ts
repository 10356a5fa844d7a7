import { afterEach, expect } from 'vitest'

// A test that claims a behaviour (`[B48]`) or a bad input (`[RB-04]`) in its title must assert something.
afterEach(({ task }) => {
  const tagged = /\[(B\d+|[A-Z]{2}-\d+)\]/.test(`${task.suite?.name ?? ''} ${task.name}`)
  if (tagged && expect.getState().assertionCalls === 0) throw new Error(`"${task.name}" asserts nothing`)
})
