import { describe, expect, it } from 'vitest'
import { hostTimeOf } from '../../src/devices/timesync.ts'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { HeartbeatVsp } from '../../src/vsp/heartbeat.ts'
import { ShutdownVsp } from '../../src/vsp/shutdown.ts'
import { TimeSyncVsp } from '../../src/vsp/timesync.ts'
import { isShort, withGuest } from './with-guest.ts'

it('a shutdown request powers the guest off', async () => {
  const shutdown = new ShutdownVsp()
  await withGuest({ offers: [shutdown] }, async (guest) => {
    await guest.within(30_000, 'the versions were not agreed on', negotiated(shutdown))
    const answers: (number | undefined)[] = []
    shutdown.on('answered', (status) => answers.push(status))
    expect(shutdown.request({ text: 'enough' })).toBe('sent')
    await guest.exited
    expect(answers).toEqual([0])
    expect(guest.console.text).toContain('reboot: Power down')
  })
})

describe.skipIf(isShort)('the other components', () => {
  it('heartbeats are answered', () => {
    const heartbeat = new HeartbeatVsp()
    return withGuest({ offers: [heartbeat] }, async (guest) => {
      await guest.within(30_000, 'the versions were not agreed on', negotiated(heartbeat))
      for (let round = 0; round < 3; round++) {
        const beat = new Promise((resolve) => heartbeat.once('beat', resolve))
        expect(heartbeat.beat()).toBe(true)
        expect(await guest.within(10_000, 'no answer', beat)).toMatchObject({ status: 0 })
      }
      expect(heartbeat.missed).toBe(0)
    })
  })

  it("the guest takes over the host's time", () => {
    // Long ago, and an hour later than the kernel's own idea of the time, which begins in 1970.
    const here = Date.UTC(2001, 8, 9, 1, 46, 40)
    const startedAt = performance.now()
    let running: LinuxGuest | undefined
    const time = new TimeSyncVsp({
      now: () => ({
        hostTime: hostTimeOf(here + performance.now() - startedAt),
        referenceTime: running?.referenceTime ?? 0n,
      }),
    })
    // The first message comes while the guest still boots.
    const answered = new Promise((resolve) => time.once('answered', resolve))
    const onStart = (guest: LinuxGuest): void => {
      running = guest
    }
    return withGuest({ offers: [time], onStart }, async (guest) => {
      expect(await guest.within(30_000, 'no answer', answered)).toBe(0)
      const { output } = await guest.run(
        'i=0; until [ $(date +%Y) = 2001 ] || [ $((i += 1)) = 100 ]; do usleep 50000; done; date -u +%s',
      )
      const expected = (here + performance.now() - startedAt) / 1000
      expect(Math.abs(Number(output) - expected)).toBeLessThan(5)
    })
  })
})

/** Fulfilled once host and guest have agreed on a component's versions. */
function negotiated(component: {
  readonly agreed: unknown
  once(event: 'negotiated', listener: () => void): unknown
}): Promise<void> {
  if (component.agreed !== undefined) return Promise.resolve()
  return new Promise((resolve) => component.once('negotiated', () => resolve()))
}
