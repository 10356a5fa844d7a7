import { describe, expect, it } from 'vitest'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { inputEvents, keyEvents } from './events.ts'
import { isShort, reportLine, withGuest } from './with-guest.ts'

describe.skipIf(isShort)('two virtual processors', () => {
  it('a channel interrupts the one that it is bound to, and the other one after ModifyChannel', () => {
    const keyboard = new KeyboardVsp()
    return withGuest({ offers: [keyboard], smp: 2 }, async (guest) => {
      await guest.opened(keyboard)
      expect((await guest.run('nproc')).output).toBe('2\n')
      const channel = (
        await guest.run(`echo /sys/bus/vmbus/devices/*/channels/${keyboard.channel?.channelId}`)
      ).output.trim()
      const counted: { vp: number; here: number; there: number }[] = []
      for (const vp of [1, 0]) {
        expect(await guest.run(`echo ${vp} >${channel}/cpu && cat ${channel}/cpu`)).toEqual({
          output: `${vp}\n`,
          status: 0,
        })
        const before = { here: guest.interrupts[vp] ?? 0, there: await interruptsOf(vp) }
        for (let key = 0; key < 4; key++) {
          const isDown = key % 2 === 0
          const events = await inputEvents(
            guest,
            3,
            () => void (isDown ? keyboard.press(0x1e) : keyboard.release(0x1e)),
          )
          expect(events).toEqual(keyEvents(0x1e, 30, isDown ? 1 : 0))
        }
        const here = (guest.interrupts[vp] ?? 0) - before.here
        const there = (await interruptsOf(vp)) - before.there
        expect(here).toBeGreaterThanOrEqual(4)
        expect(there).toBeGreaterThanOrEqual(4)
        counted.push({ vp, here, there })
      }
      reportLine(
        `-smp 2, four keys each: ${counted.map(({ vp, there }) => `VP ${vp} took ${there} interrupts`).join(', ')}`,
      )

      /** Interrupts of VMBus that this processor has taken, as the guest counts them. */
      async function interruptsOf(vp: number): Promise<number> {
        const { output } = await guest.run('grep "Hyper-V VMbus" /proc/interrupts')
        return Number(output.trim().split(/\s+/)[vp + 1])
      }
    })
  })
})
