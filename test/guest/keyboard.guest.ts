import { expect, it } from 'vitest'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { inputEvents, keyEvents } from './events.ts'
import { withGuest } from './with-guest.ts'

it('keys typed here come out of /dev/input there, scan codes exact', () => {
  const keyboard = new KeyboardVsp()
  return withGuest({ offers: [keyboard] }, async (guest) => {
    await guest.opened(keyboard)
    // A; the upper arrow, which has a prefix; the right Ctrl key, held.
    const events = await inputEvents(guest, 15, () => {
      keyboard.type(0x1e, 0xe048)
      keyboard.press(0xe01d)
    })
    expect(events).toEqual([
      ...keyEvents(0x1e, 30, 1),
      ...keyEvents(0x1e, 30, 0),
      ...keyEvents(0xc8, 103, 1),
      ...keyEvents(0xc8, 103, 0),
      ...keyEvents(0x9d, 97, 1),
    ])
  })
})
