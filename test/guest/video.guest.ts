import { expect, it } from 'vitest'
import type { Rect } from '../../src/devices/video/index.ts'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { VideoVsp } from '../../src/vsp/video/index.ts'
import { ConsoleReader, calibrate, clearConsole, typeText, visible } from './screen.ts'
import { reportLine, withGuest } from './with-guest.ts'

const resolutions = [
  { width: 800, height: 600 },
  { width: 1024, height: 768 },
  { width: 1280, height: 720 },
]

it('text typed over the VMBus keyboard is read from the picture of hyperv_drm’s console', () => {
  const video = new VideoVsp({ resolutions, defaultIndex: 1 })
  const keyboard = new KeyboardVsp()
  let dirt: readonly Rect[] = []
  video.on('dirt', (regions) => {
    dirt = [...dirt, ...regions]
  })
  return withGuest({ offers: [video, keyboard] }, async (guest) => {
    await guest.opened(video)
    await guest.opened(keyboard)
    const reader = new ConsoleReader(video)
    await calibrate(guest, reader)
    // Letters that look the same would count once.
    expect(reader.known).toBe(visible.length + 1)

    await clearConsole(guest)
    await guest.run('(cat /dev/tty1 >/tmp/typed &); until [ -e /tmp/typed ]; do usleep 1000; done')
    dirt = []
    const typed = 'The quick brown fox jumps over the lazy dog 0123456789'
    const start = performance.now()
    typeText(keyboard, `${typed}\nand ANOTHER line`)
    await reader.until(() => reader.read(2)[1] === 'and ANOTHER line')
    const took = performance.now() - start
    expect(reader.read(3)).toEqual([typed, 'and ANOTHER line', ''])
    expect((await guest.run('cat /tmp/typed')).output).toBe(`${typed}\n`)
    // What the driver says has changed is where the letters are.
    expect(dirt.length).toBeGreaterThan(0)
    expect(dirt.every(({ left, right, bottom }) => left >= 0 && right <= 1024 && bottom <= 768)).toBe(true)
    reportLine(`video: ${typed.length + 16} letters typed and read from the picture in ${took.toFixed(0)} ms`)
  })
})

/** The driver has told its mode, and its framebuffer is there: either may come first, both after the channel is open. */
async function isLit(guest: LinuxGuest, video: VideoVsp): Promise<void> {
  while (video.mode === undefined) {
    const told = new Promise<void>((resolve) => video.once('mode', () => resolve()))
    await guest.within(30_000, 'the driver has told no mode', told)
  }
  await guest.run('until [ -e /sys/class/graphics/fb0 ]; do usleep 10000; done')
}

it('the driver takes the list and its default; offered anew with another default it comes up in that', () => {
  const video = new VideoVsp({ resolutions, defaultIndex: 2 })
  return withGuest({ offers: [video], drivers: ['hyperv_drm'] }, async (guest) => {
    await guest.opened(video)
    await isLit(guest, video)
    const modes = async () =>
      (await guest.run('sort -u /sys/class/drm/card*-Virtual-1/modes')).output.split('\n').filter(Boolean)
    const sizeOf = async () => (await guest.run('cat /sys/class/graphics/fb0/virtual_size')).output.trim()
    expect([video.mode?.width, video.mode?.height, await sizeOf()]).toEqual([1280, 720, '1280,720'])
    // Of the modes that it knows, the driver keeps those that are no larger than the largest sides of the list.
    expect(await modes()).toEqual(expect.arrayContaining(['800x600', '1024x768', '1280x720']))
    expect(
      (await modes()).filter((mode) => Number(mode.split('x')[0]) > 1280 || Number(mode.split('x')[1]) > 768),
    ).toEqual([])

    guest.host.revoke(video)
    await guest.run('until [ ! -e /sys/class/graphics/fb0 ]; do usleep 10000; done')
    const small = new VideoVsp({ resolutions: resolutions.slice(0, 1) })
    guest.host.offer(small)
    await guest.opened(small)
    await isLit(guest, small)
    expect([small.mode?.width, small.mode?.height, await sizeOf()]).toEqual([800, 600, '800,600'])
    expect(small.image()).toMatchObject({ width: 800, height: 600 })
    expect((await modes()).filter((mode) => Number(mode.split('x')[0]) > 800)).toEqual([])
    // Stock Linux takes no notice of a mode that is asked for at run time; nor does it mind.
    expect(small.requestMode({ width: 640, height: 480 })).toBe(true)
    await guest.run('usleep 200000')
    expect([small.mode?.width, await sizeOf()]).toEqual([800, '800,600'])
  })
})

it('a mode that the guest chooses itself arrives at the host', () => {
  const video = new VideoVsp({ resolutions, defaultIndex: 1 })
  return withGuest({ offers: [video], append: 'video=800x600' }, async (guest) => {
    await guest.opened(video)
    await isLit(guest, video)
    expect([video.mode?.width, video.mode?.height]).toEqual([800, 600])
  })
})
