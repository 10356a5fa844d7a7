import { expect, it } from 'vitest'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { withGuest } from './with-guest.ts'

const bytesPerEvent = 24

/** What is read from an input device while `type` types: `type code value`, without the times. Source: Linux include/uapi/linux/input.h. */
async function inputEvents(guest: LinuxGuest, count: number, type: () => void): Promise<string[]> {
  // The reader has to be there before the first key.
  await guest.run(`dd if=/dev/input/event0 of=/tmp/events bs=${bytesPerEvent} count=${count} 2>/dev/null &
until ls -l /proc/$!/fd | grep -q event0; do usleep 1000; done`)
  type()
  const { output } = await guest.run(`until [ $(wc -c </tmp/events) -ge ${count * bytesPerEvent} ]; do usleep 1000; done
base64 /tmp/events`)
  const events = Buffer.from(output, 'base64')
  return Array.from({ length: events.length / bytesPerEvent }, (_, index) => {
    const at = index * bytesPerEvent + 16
    return `${events.readUInt16LE(at)} ${events.readUInt16LE(at + 2)} ${events.readInt32LE(at + 4)}`
  })
}

it('keys typed here come out of /dev/input there, scan codes exact', () => {
  const keyboard = new KeyboardVsp()
  return withGuest({ offers: [keyboard] }, async (guest) => {
    await guest.opened(keyboard)
    const [syn, key, msc, scan] = [0, 1, 4, 4]
    // A; the upper arrow, which has a prefix; the right Ctrl key, held.
    const events = await inputEvents(guest, 15, () => {
      keyboard.type(0x1e, 0xe048)
      keyboard.press(0xe01d)
    })
    const one = (scanCode: number, code: number, value: number) => [
      `${msc} ${scan} ${scanCode}`,
      `${key} ${code} ${value}`,
      `${syn} 0 0`,
    ]
    expect(events).toEqual([
      ...one(0x1e, 30, 1),
      ...one(0x1e, 30, 0),
      ...one(0xc8, 103, 1),
      ...one(0xc8, 103, 0),
      ...one(0x9d, 97, 1),
    ])
  })
})
