import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { expect, it } from 'vitest'
import { DisplayServer } from '../../src/cli/display-server.ts'
import { displayedOf } from '../../src/cli/guest-display.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { MouseVsp } from '../../src/vsp/mouse.ts'
import { VideoVsp } from '../../src/vsp/video/index.ts'
import { chromium, Page } from '../chromium.ts'
import { inputEvents } from './events.ts'
import { ConsoleReader, calibrate, clearConsole } from './screen.ts'
import { reportLine, withGuest } from './with-guest.ts'

it.skipIf(chromium === undefined)('a page shows the kernel’s screen, and its keys and mouse arrive there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmbus-display-'))
  await build({
    entryPoints: ['src/browser/display.ts'],
    bundle: true,
    outfile: join(folder, 'main.js'),
    logLevel: 'silent',
  })
  copyFileSync('examples/browser/index.html', join(folder, 'index.html'))
  const video = new VideoVsp()
  const offers = [video, new KeyboardVsp(), new MouseVsp()] as const
  try {
    await withGuest({ offers }, async (guest) => {
      for (const device of offers) await guest.opened(device)
      const reader = new ConsoleReader(video)
      await calibrate(guest, reader)
      await clearConsole(guest)
      await guest.run('(cat /dev/tty1 >/tmp/typed &); until [ -e /tmp/typed ]; do usleep 1000; done')

      await using server = await DisplayServer.start(displayedOf(guest, offers), 0, pathToFileURL(`${folder}/`))
      await using page = await Page.open(server.url)
      await page.until(`document.querySelector('#screen').width === 1024`)
      const place = await page.evaluate(`(() => {
        const { left, top, width, height } = document.querySelector('#screen').getBoundingClientRect()
        return [left + width / 2, top + height / 2]
      })()`)
      const [x = 0, y = 0] = Array.isArray(place) ? place.map(Number) : []
      await page.mouse('mousePressed', x, y)
      await page.mouse('mouseReleased', x, y)
      const start = performance.now()
      for (const code of ['KeyH', 'KeyE', 'KeyL', 'KeyL', 'KeyO']) await page.key(code)
      // In the guest's memory, and on the page: the first letter's row of pixels has ink.
      await reader.until(() => reader.read(1)[0] === 'hello')
      const ink = `[...document.querySelector('#screen').getContext('2d').getImageData(0, 0, 40, 16).data].filter((part) => part > 0 && part < 255).length`
      await page.until(`${ink} > 50`)
      reportLine(
        `display: 5 keys from the page are on the page again after ${(performance.now() - start).toFixed(0)} ms`,
      )

      const events = await inputEvents(
        guest,
        1,
        () => void page.mouse('mouseMoved', x - 100, y - 100),
        await mouseDevice(guest.run.bind(guest)),
      )
      // EV_ABS, ABS_X.
      expect(events).toEqual([expect.stringMatching(/^3 0 \d+$/)])
      if (process.env.VMBUS_SCREENSHOT !== undefined)
        writeFileSync(process.env.VMBUS_SCREENSHOT, await page.screenshot())
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** The event device with absolute axes. */
async function mouseDevice(run: (command: string) => Promise<{ readonly output: string }>): Promise<string> {
  const { output } = await run(
    'for i in /sys/class/input/event*; do [ "$(cat $i/device/capabilities/abs)" != 0 ] && basename $i; done',
  )
  return `/dev/input/${output.trim().split('\n')[0]}`
}
