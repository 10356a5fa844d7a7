import { describe, expect, it } from 'vitest'
import { MouseVsp } from '../../src/vsp/mouse.ts'
import { guid } from '../../src/wire/index.ts'
import { inputEvents } from './events.ts'
import { isShort, withGuest } from './with-guest.ts'

// Linux include/uapi/linux/input-event-codes.h.
const sync = '0 0 0'
const button = (number: number, value: 0 | 1) => [`4 4 ${0x9_0000 + number}`, `1 ${0x110 + number - 1} ${value}`, sync]
const place = (x: number, y: number) => [`3 0 ${x}`, `3 1 ${y}`, sync]
const moved = (x: number, y: number) => [`2 0 ${x}`, `2 1 ${y}`, sync]
/** A wheel tells notches, and the same in parts of 120. */
const wheel = (notches: number) => [`2 8 ${notches}`, `2 11 ${notches * 120}`, sync]
const pan = (notches: number) => [`2 6 ${notches}`, `2 12 ${notches * 120}`, sync]

describe.skipIf(isShort)('the mouse', () => {
  it('moves, clicks and turns its wheels here and in /dev/input alike, absolute', () => {
    const mouse = new MouseVsp({ horizontalWheel: true })
    const expected = [
      ...place(1000, 2000),
      ...[1, 2, 3, 4, 5].flatMap((number) => [...button(number, 1), ...button(number, 0)]),
      ...place(32767, 1),
      ...[...wheel(1), ...wheel(-3), ...pan(2), ...pan(-1)],
    ]
    return withGuest({ offers: [mouse] }, async (guest) => {
      await guest.opened(mouse)
      const events = await inputEvents(guest, expected.length, () => {
        mouse.move(1000, 2000)
        for (const name of ['left', 'right', 'middle', 'back', 'forward'] as const) mouse.click(name)
        mouse.move(32767, 1)
        mouse.wheel(1)
        mouse.wheel(-3)
        mouse.pan(2)
        mouse.pan(-1)
      })
      expect(events).toEqual(expected)
      const { output } = await guest.run(
        'cat /sys/class/input/event0/device/id/vendor /sys/class/input/event0/device/name',
      )
      expect(output).toMatch(/^045e\n.*\n$/)
    })
  })

  it('two, of which one is relative, each by its own device', () => {
    const absolute = new MouseVsp()
    const relative = new MouseVsp({
      pointing: 'relative',
      instanceId: guid('58f75a6d-d949-4320-99e1-a2a2576d581d'),
      productId: 0x0622,
    })
    return withGuest({ offers: [absolute, relative] }, async (guest) => {
      await guest.opened(absolute)
      await guest.opened(relative)
      const { output } = await guest.run(
        'until [ -e /dev/input/event1 ]; do usleep 1000; done\ncat /sys/class/input/event0/device/id/product',
      )
      const [first, second] = output.trim() === '0621' ? ['event0', 'event1'] : ['event1', 'event0']
      const far = [...moved(-300, 7), ...button(1, 1), ...moved(5, -6), ...button(1, 0)]
      const there = await inputEvents(
        guest,
        far.length,
        () => {
          relative.move(-300, 7)
          relative.press('left')
          relative.move(5, -6)
          relative.release('left')
        },
        `/dev/input/${second}`,
      )
      expect(there).toEqual(far)
      const here = await inputEvents(guest, 3, () => absolute.move(5, 6), `/dev/input/${first}`)
      expect(here).toEqual(place(5, 6))
    })
  })
})
