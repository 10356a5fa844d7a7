import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'

const names = [process.env.VMBUS_CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(
  (name): name is string => name !== undefined,
)

/** The browser's program; `undefined` when there is none. */
export const chromium: string | undefined = names.find((name) => spawnSync(name, ['--version']).status === 0)

/** Whether a run without a browser is a failure: continuous integration installs one. */
export const isBrowserRequired: boolean = process.env.VMBUS_BROWSER === 'required'

interface Answer {
  readonly id?: number
  readonly result?: Record<string, unknown>
  readonly error?: { readonly message: string }
}

/** A page in a browser without a window, driven over a pipe by the DevTools protocol. */
export class Page {
  readonly #browser: ChildProcess
  readonly #profile: string
  readonly #commands: Writable
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #session: string | undefined
  #count = 0

  private constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), 'vmbus-browser-'))
    const options = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars']
    const ours = [
      '--remote-debugging-pipe',
      `--user-data-dir=${this.#profile}`,
      '--window-size=1400,900',
      'about:blank',
    ]
    this.#browser = spawn(program, [...options, ...ours], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    const [, , , commands, answers] = this.#browser.stdio
    // Sound: both are pipes, as asked for, the first to write to and the second to read from.
    this.#commands = commands as Writable
    this.#listen(answers as Readable)
  }

  /** Opens an address. */
  static async open(url: string): Promise<Page> {
    if (chromium === undefined) throw new Error('there is no Chromium here')
    const page = new Page(chromium)
    const { targetId } = await page.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await page.send('Target.attachToTarget', { targetId, flatten: true })
    page.#session = String(sessionId)
    await page.send('Page.enable')
    await page.send('Emulation.setDeviceMetricsOverride', {
      width: 1400,
      height: 900,
      deviceScaleFactor: 1,
      mobile: false,
    })
    await page.send('Page.navigate', { url })
    await page.until(`document.readyState === 'complete' && location.href !== 'about:blank'`)
    return page
  }

  /** Value of an expression in the page. Throws what it throws. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    const { result, exceptionDetails } = answer
    if (exceptionDetails !== undefined) throw new Error(`in the page: ${JSON.stringify(exceptionDetails)}`)
    return typeof result === 'object' && result !== null && 'value' in result ? result.value : undefined
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, milliseconds = 20_000): Promise<void> {
    const end = performance.now() + milliseconds
    while ((await this.evaluate(`Boolean(${expression})`)) !== true) {
      if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${expression}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** What the page looks like: a PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(String(data), 'base64')
  }

  /** Presses and releases a key. @param code as in `KeyboardEvent.code`. */
  async key(code: string): Promise<void> {
    for (const type of ['rawKeyDown', 'keyUp']) await this.send('Input.dispatchKeyEvent', { type, code, key: code })
  }

  async mouse(type: 'mouseMoved' | 'mousePressed' | 'mouseReleased', x: number, y: number): Promise<void> {
    const isDown = type !== 'mouseReleased'
    const pressed = type === 'mouseMoved' ? { buttons: this.#buttons } : { button: 'left', clickCount: 1 }
    if (type !== 'mouseMoved') this.#buttons = isDown ? 1 : 0
    await this.send('Input.dispatchMouseEvent', { type, x, y, ...pressed })
  }

  #buttons = 0

  /** A command of the DevTools protocol, and its result. */
  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#count
    const session = this.#session === undefined ? {} : { sessionId: this.#session }
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve)
      this.#commands.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
    })
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result ?? {}
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = new Promise((resolve) => this.#browser.once('exit', resolve))
    this.#browser.kill()
    await gone
    // Its helpers outlive it by a moment, and still write.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20 })
  }

  #listen(answers: Readable): void {
    let rest = ''
    answers.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\0')
      rest = parts.pop() ?? ''
      for (const part of parts) {
        const answer: Answer = JSON.parse(part)
        if (answer.id === undefined) continue
        this.#waiting.get(answer.id)?.(answer)
        this.#waiting.delete(answer.id)
      }
    })
  }
}
