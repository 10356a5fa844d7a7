import { expect, it } from 'vitest'
import { soakStorage } from './soak/storage.ts'

it('ten thousand I/Os with errors, delays and rescinds: each is told once, and reads give what was written', async () => {
  const { issued, good, failed, aborted, rescinds, wrong } = await soakStorage(
    10_000,
    Number(process.env.VMBUS_SEED ?? 11),
  )
  expect([issued, good + failed + aborted, wrong]).toEqual([10_000, 10_000, 0])
  expect(good).toBeGreaterThan(8000)
  expect(rescinds).toBeGreaterThan(3)
})
