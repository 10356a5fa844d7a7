import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // No test looks at the clock; this only ends what hangs, on a slow machine too.
    testTimeout: 60_000,
    // On two cores vitest would use one.
    maxWorkers: '100%',
  },
})
