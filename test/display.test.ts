import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FrameKind, FrameReader, frame } from '../src/browser/frames.ts'
import { DisplayServer } from '../src/cli/display-server.ts'
import { createBus } from '../src/index.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { MouseVsc, type PointerEvent } from '../src/vsc/mouse.ts'
import { VideoVsc } from '../src/vsc/video/index.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { MouseVsp } from '../src/vsp/mouse.ts'
import { VideoVsp } from '../src/vsp/video/index.ts'
import { chromium, isBrowserRequired, Page } from './chromium.ts'

// The page of `vmbus guest --display`, built as the package builds it, before a guest in memory.

const folder = mkdtempSync(join(tmpdir(), 'vmbus-display-'))
beforeAll(async () => {
  const outfile = join(folder, 'main.js')
  await build({ entryPoints: ['src/browser/display.ts'], bundle: true, outfile, logLevel: 'silent' })
  copyFileSync('examples/browser/index.html', join(folder, 'index.html'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A screen, and who draws on it; a server for it. */
async function displayed() {
  const bus = createBus()
  const [video, keyboard, mouse] = [
    new VideoVsp({ resolutions: [{ width: 160, height: 120 }], vramMegabytes: 1 }),
    new KeyboardVsp(),
    new MouseVsp(),
  ]
  for (const device of [video, keyboard, mouse]) bus.host.offer(device)
  const screen = await bus.guest.attach(VideoVsc)
  const keys = await bus.guest.attach(KeyboardVsc)
  const pointing = await bus.guest.attach(MouseVsc)
  const shown = { title: 'A guest', video, keyboard, mouse, events: bus.events }
  const server = await DisplayServer.start(shown, 0, pathToFileURL(`${folder}/`))
  return { bus, screen, keys, pointing, server }
}

describe('frames', () => {
  it('are put together from pieces of any size', () => {
    const all = [
      frame(FrameKind.Title, Uint8Array.of(1, 2)),
      frame(FrameKind.Log, new Uint8Array(0)),
      frame(9, new Uint8Array(300)),
    ]
    const bytes = Uint8Array.from(all.flatMap((one) => [...one]))
    for (const step of [1, 3, 7, 400]) {
      const reader = new FrameReader()
      const found = []
      for (let at = 0; at < bytes.length; at += step) found.push(...reader.take(bytes.subarray(at, at + step)))
      expect(found.map(({ kind, payload }) => [kind, payload.length])).toEqual([
        [4, 2],
        [3, 0],
        [9, 300],
      ])
    }
  })
})

describe('the display’s server', () => {
  it('serves its page, and nothing else, to pages of its own', async () => {
    const { server } = await displayed()
    await using _ = server
    const status = async (path: string, options: RequestInit = {}) =>
      (await fetch(new URL(path, server.url), options)).status
    expect(await Promise.all([status('/'), status('/main.js'), status('/../package.json'), status('/x')])).toEqual([
      200, 200, 404, 404,
    ])
    expect(await status('/input', { method: 'POST', body: '[]', headers: { origin: 'http://example.org' } })).toBe(403)
    expect(await status('/input', { method: 'POST', body: '[' })).toBe(400)
    expect(await status('/input', { method: 'POST', body: '[{"scanCode":1e9}]' })).toBe(400)
    expect(await status('/input', { method: 'POST', body: '[{"x":1},null,7,{"button":"none"}]' })).toBe(204)
  })
})

describe.skipIf(chromium === undefined && !isBrowserRequired)('the display in a browser', { timeout: 120_000 }, () => {
  it('shows what the guest draws, and hands it keys and mouse', async () => {
    const { screen, keys, pointing, server } = await displayed()
    await using _ = server
    screen.canvas.fill(0x123456)
    screen.flush()
    const heard: string[] = []
    keys.on('key', ({ code, isPressed }) => heard.push(`${code.toString(16)} ${isPressed ? 'down' : 'up'}`))
    let last: PointerEvent | undefined
    pointing.on('pointer', (event) => {
      last = event
    })

    await using page = await Page.open(server.url)
    const colourAt = (x: number, y: number) =>
      `[...document.querySelector('#screen').getContext('2d').getImageData(${x}, ${y}, 1, 1).data].slice(0, 3).join()`
    await page.until(`document.querySelector('#screen').width === 160 && ${colourAt(159, 119)} === '18,52,86'`)
    expect(await page.evaluate('document.title')).toBe('A guest')

    screen.canvas.fill(0xffffff, { left: 10, top: 10, right: 20, bottom: 20 })
    screen.flush()
    await page.until(`${colourAt(10, 10)} === '255,255,255' && ${colourAt(20, 20)} === '18,52,86'`)

    const place = await page.evaluate(`(() => {
      const { left, top, width, height } = document.querySelector('#screen').getBoundingClientRect()
      return [left + width / 2, top + height / 4]
    })()`)
    const [x = 0, y = 0] = Array.isArray(place) ? place.map(Number) : []
    await page.mouse('mouseMoved', x, y)
    await page.mouse('mousePressed', x, y)
    await page.key('KeyA')
    await page.key('ArrowUp')
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['1e down', '1e up', 'e048 down', 'e048 up'])
    await expect.poll(() => last?.buttons, { timeout: 10_000 }).toBe(1)
    const logged = await page.evaluate(
      `[...document.querySelectorAll('#log li')].map((item) => item.children[2].textContent)`,
    )
    expect(logged).toEqual(expect.arrayContaining(['Dirt', 'Keystroke']))
    // Half a pixel of the page is some 20 of the mouse's units.
    expect(Math.abs((last?.x ?? 0) - 0x7fff / 2)).toBeLessThan(100)
    expect(Math.abs((last?.y ?? 0) - 0x7fff / 4)).toBeLessThan(100)
    if (process.env.VMBUS_SCREENSHOT !== undefined) writeFileSync(process.env.VMBUS_SCREENSHOT, await page.screenshot())
  })
})
