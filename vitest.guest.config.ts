import { defineConfig } from 'vitest/config'

/** Tests with a real kernel: `npm run test:guest`. Each file of a device's is `NAME.guest.ts`. */
export default defineConfig({
  test: {
    include: ['test/guest/**/*.guest.ts'],
    // One QEMU at a time: each wants a processor of its own.
    fileParallelism: false,
    // A boot takes seconds, on a slow machine many.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
