import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { chromium, isBrowserRequired, Page } from './chromium.ts'

// The example's page, built as `npm run example:browser` does, in a real browser.

const folder = mkdtempSync(join(tmpdir(), 'vmbus-page-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function open(): Promise<Page> {
  await build({ entryPoints: ['examples/browser/main.ts'], bundle: true, outdir: folder, logLevel: 'silent' })
  copyFileSync('examples/browser/index.html', join(folder, 'index.html'))
  const page = await Page.open(pathToFileURL(join(folder, 'index.html')).href)
  await page.until(`document.querySelector('#version')?.textContent === 'VMBus 6.0'`)
  return page
}

/** Colours of the canvas's pixels, as `rrggbb`, at these places of the screen. */
function coloursAt(...places: readonly (readonly [x: number, y: number])[]): string {
  return `(() => {
    const context = document.querySelector('#screen').getContext('2d')
    return ${JSON.stringify(places)}.map(([x, y]) =>
      Array.from(context.getImageData(x, y, 1, 1).data.slice(0, 3), (part) => part.toString(16).padStart(2, '0')).join(''))
  })()`
}

/** How many pixels of a part of the canvas have a colour. */
function inkIn(colour: readonly number[], x: number, y: number, width: number, height: number): string {
  return `(() => {
    const { data } = document.querySelector('#screen').getContext('2d').getImageData(${x}, ${y}, ${width}, ${height})
    let count = 0
    for (let at = 0; at < data.length; at += 4) {
      if (${colour.map((part, index) => `data[at + ${index}] === ${part}`).join(' && ')}) count++
    }
    return count
  })()`
}

/** Where a place of the screen is on the page. */
async function placeOf(page: Page, x: number, y: number): Promise<[number, number]> {
  const place = await page.evaluate(`(() => {
    const canvas = document.querySelector('#screen')
    const { left, top, width, height } = canvas.getBoundingClientRect()
    return [left + ${x} * width / canvas.width, top + ${y} * height / canvas.height]
  })()`)
  if (!Array.isArray(place)) throw new Error('no canvas')
  return [Number(place[0]), Number(place[1])]
}

const entries = (name: string) =>
  `[...document.querySelectorAll('#log li')].filter((item) => item.children[2].textContent === '${name}').length`

const prompt = [0xfd, 0xe6, 0x8a]
const yellow = [0xfa, 0xcc, 0x15]

describe.skipIf(chromium === undefined && !isBrowserRequired)('the example in a browser', { timeout: 120_000 }, () => {
  it('shows the child’s screen; keys and mouse arrive there; the host changes its mode', async () => {
    await using page = await open()
    // The child's windows: a title, what is typed into, what is painted on.
    await page.until(inkIn(prompt, 24, 46, 320, 400))
    expect(await page.evaluate(coloursAt([30, 30], [30, 440], [600, 200]))).toEqual(['4f46e5', '111827', '111827'])

    // Keys: each letter is seen, and is gone with Backspace.
    const [x, y] = await placeOf(page, 100, 100)
    await page.mouse('mousePressed', x, y)
    await page.mouse('mouseReleased', x, y)
    const before = Number(await page.evaluate(inkIn(prompt, 24, 46, 320, 400)))
    for (const code of ['KeyH', 'KeyE', 'KeyL', 'KeyP']) await page.key(code)
    await page.until(`${inkIn(prompt, 24, 46, 320, 400)} > ${before + 100}`)
    expect(await page.evaluate(entries('Keystroke'))).toBe(8)
    await page.key('Enter')
    // The prompt is empty again: `help` has moved up, and has its answer below.
    await page.until(`${inkIn(prompt, 24, 46, 320, 400)} === ${before}`)

    // Mouse: what is dragged over is painted, in the brush's colour.
    const painted = inkIn(yellow, 380, 100, 200, 200)
    expect(await page.evaluate(painted)).toBe(0)
    const [fromX, fromY] = await placeOf(page, 400, 150)
    const [toX, toY] = await placeOf(page, 550, 250)
    await page.mouse('mouseMoved', fromX, fromY)
    await page.mouse('mousePressed', fromX, fromY)
    await page.mouse('mouseMoved', toX, toY)
    await page.mouse('mouseReleased', toX, toY)
    await page.until(`${painted} > 500`)
    // The pointer is drawn over the picture, where the mouse is.
    await page.until(`${coloursAt([551, 254])}[0] === 'ffffff'`)

    // Mode: the host asks, the child changes.
    await page.evaluate(`document.querySelector('#modes button:nth-child(2)').click()`)
    await page.until(`document.querySelector('#screen').width === 800`)
    expect(await page.evaluate(entries('FeatureChange'))).toBe(2)
    if (process.env.VMBUS_SCREENSHOT !== undefined) writeFileSync(process.env.VMBUS_SCREENSHOT, await page.screenshot())
  })
})
