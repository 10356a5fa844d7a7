import { expect, it } from 'vitest'
import { ChannelMessage } from '../../src/vmbus/messages.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { inputEvents, keyEvents } from './events.ts'
import { isShort, withGuest } from './with-guest.ts'

const rounds = isShort ? 5 : 50

it(`a device comes and goes ${rounds} times while the guest runs, its ids released each time`, () => {
  return withGuest({ drivers: ['hyperv_keyboard', 'evdev'] }, async (guest) => {
    const offers: number[] = []
    let onRelease: (relid: number) => void = () => undefined
    guest.events.on('message', ({ bytes }) => {
      const message = ChannelMessage.decode(bytes)
      if (message.type === 'OfferChannel') offers.push(message.channelId)
      if (message.type === 'RelIdReleased') onRelease(message.channelId)
    })
    for (let round = 0; round < rounds; round++) {
      const keyboard = new KeyboardVsp()
      // Revoked before it has answered the driver, it would make the driver's probe wait for that: ten seconds.
      const accepted = new Promise<void>((resolve) => keyboard.once('accepted', resolve))
      guest.host.offer(keyboard)
      await guest.within(30_000, 'no driver has opened the device', accepted)
      const id = keyboard.channel?.channelId
      if (round % 10 === 0) {
        expect(await inputEvents(guest, 3, () => keyboard.press(0x1e))).toEqual(keyEvents(0x1e, 30, 1))
      }
      const release = new Promise<number>((resolve) => {
        onRelease = resolve
      })
      guest.host.revoke(keyboard)
      expect(await guest.within(30_000, 'the guest did not release the channel', release)).toBe(id)
    }
    // Each id went back: the server, which gives the lowest that is free, never had need of another.
    expect(new Set(offers).size).toBe(1)
    expect(offers.length).toBe(rounds)
    const { output } = await guest.run('ls /sys/bus/vmbus/devices /dev/input 2>/dev/null | grep -c event')
    expect(output).toBe('0\n')
  })
})
