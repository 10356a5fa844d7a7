import { afterEach, expect } from 'vitest'

// A test that claims a behaviour (`[B48]`) or a bad input (`[RB-04]`) in its title must assert something.
afterEach(({ task }) => {
  const claims = /\[(B\d+|[A-Z]{2}-\d+)\]/.test(task.fullTestName)
  if (claims && expect.getState().assertionCalls === 0) throw new Error(`"${task.name}" asserts nothing`)
})
