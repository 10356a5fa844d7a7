import { describe, expect, it } from 'vitest'
import { playInputScript } from '../../src/vsp/input-script.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { inputEvents, keyEvents } from './events.ts'
import { isShort, withGuest } from './with-guest.ts'

describe.skipIf(isShort)('an input script', () => {
  it('types: letters with Shift, keys with the prefixes E0 and E1, a chord, a key held', () => {
    const keyboard = new KeyboardVsp()
    return withGuest({ offers: [keyboard] }, async (guest) => {
      await guest.opened(keyboard)
      const stroke = (scanCode: number, code: number) => [
        ...keyEvents(scanCode, code, 1),
        ...keyEvents(scanCode, code, 0),
      ]
      const ctrlC = [...keyEvents(0x1d, 29, 1), ...stroke(0x2e, 46), ...keyEvents(0x1d, 29, 0)]
      // The kernel repeats keys by itself, and takes a keyboard's repeats for nothing but their scan codes.
      const held = [...keyEvents(0x1e, 30, 1), '4 4 30', '0 0 0', ...keyEvents(0x1e, 30, 0)]
      const expected = [
        ...[...stroke(0x1e, 30), ...keyEvents(0x2a, 42, 1), ...stroke(0x30, 48), ...keyEvents(0x2a, 42, 0)],
        ...[...stroke(0xcb, 105), ...ctrlC, ...stroke(0xc5, 119), ...held],
      ]
      const events = await inputEvents(guest, expected.length, () => {
        const script = 'type "aB" key left key ctrl+c key pause press a repeat release a'
        expect([...playInputScript(script, { keyboard })]).toEqual([])
      })
      expect(events).toEqual(expected)
    })
  })
})
