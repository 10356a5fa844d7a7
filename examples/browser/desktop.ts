import type { PointerShape } from '../../src/devices/video/index.ts'
import type { KeyboardVsc } from '../../src/vsc/keyboard.ts'
import type { MouseVsc, PointerEvent } from '../../src/vsc/mouse.ts'
import type { VideoVsc } from '../../src/vsc/video/index.ts'

/** Letters by scan code: each row from its first key on, plain and with Shift. */
const letters: readonly (readonly [first: number, plain: string, shifted: string])[] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [0x39, ' ', ' '],
]
const [enter, backspace, leftShift, rightShift] = [0x1c, 0x0e, 0x2a, 0x36]
const brushes = [0xfacc15, 0x38bdf8, 0xf472b6, 0x4ade80, 0xffffff]
const [line, margin, bar] = [18, 24, 22]

const arrow = [
  'X',
  'XX',
  'XoX',
  'XooX',
  'XoooX',
  'XooooX',
  'XoooooX',
  'XooooooX',
  'XoooooooX',
  'XoooooXXXX',
  'XooXooX',
  'XoX XooX',
  'XX  XooX',
  'X    XXX',
]

/** What runs in the child partition: a desktop with a window to type in and one to paint on. It knows drivers, and nothing of the page. */
export class Desktop {
  readonly #screen: VideoVsc
  #lines: string[] = ['Type here. Try help.', '']
  #isShifted = false
  #brush = 0
  #last: { readonly x: number; readonly y: number } | undefined

  constructor(screen: VideoVsc, keyboard: KeyboardVsc, mouse: MouseVsc) {
    this.#screen = screen
    screen.setPointer(pointer())
    this.#draw()
    screen.on('mode', () => this.#draw())
    keyboard.on('key', ({ code, isPressed }) => this.#key(code, isPressed))
    mouse.on('pointer', (event) => this.#pointer(event))
  }

  #draw(): void {
    const { canvas } = this.#screen
    for (let y = 0; y < canvas.height; y++) {
      const part = y / canvas.height
      const colour = (Math.round(18 + 40 * part) << 16) | (Math.round(20 + 20 * part) << 8) | Math.round(60 + 60 * part)
      canvas.fill(colour, { left: 0, top: y, right: canvas.width, bottom: y + 1 })
    }
    canvas.text('child partition', margin, 8, { ink: 0xc7d2fe, scale: 1 })
    const { text, paint } = this.#windows
    this.#window(text, 'terminal')
    this.#window(paint, 'paint: drag, wheel for colour')
    this.#drawText()
    this.#drawBrush()
    this.#screen.flush()
  }

  get #windows() {
    const { width, height } = this.#screen.canvas
    const middle = Math.round(width * 0.55)
    const [top, bottom] = [margin + bar, height - margin]
    return {
      text: { left: margin, top, right: middle - margin / 2, bottom },
      paint: { left: middle + margin / 2, top, right: width - margin, bottom },
    }
  }

  #window(
    { left, top, right, bottom }: { left: number; top: number; right: number; bottom: number },
    title: string,
  ): void {
    const { canvas } = this.#screen
    canvas.fill(0x0b1020, { left: left + 6, top: top - bar + 6, right: right + 6, bottom: bottom + 6 })
    canvas.fill(0x4f46e5, { left, top: top - bar, right, bottom: top })
    canvas.text(title, left + 8, top - bar + 7)
    canvas.fill(0x111827, { left, top, right, bottom })
  }

  #drawText(): void {
    const { canvas } = this.#screen
    const { left, top, right, bottom } = this.#windows.text
    const most = Math.max(1, Math.floor((bottom - top - 12) / line))
    const columns = Math.floor((right - left - 20) / 12)
    this.#lines = this.#lines.slice(-most)
    canvas.fill(0x111827, { left, top, right, bottom })
    for (const [index, text] of this.#lines.entries()) {
      const isLast = index === this.#lines.length - 1
      const shown = `${isLast ? '> ' : ''}${text}`.slice(-columns)
      const look = { ink: isLast ? 0xfde68a : 0xa7f3d0, scale: 2 }
      const { right: end } = canvas.text(shown, left + 10, top + 8 + index * line, look)
      const cursor = { left: end, top: top + 8 + index * line, right: end + 10, bottom: top + 22 + index * line }
      if (isLast) canvas.fill(0xfde68a, cursor)
    }
  }

  #drawBrush(): void {
    const { left, right, bottom } = this.#windows.paint
    this.#screen.canvas.fill(brushes[this.#brush] ?? 0, {
      left: right - 26,
      top: bottom - 26,
      right: right - 8,
      bottom: bottom - 8,
    })
    this.#screen.canvas.fill(0x1f2937, { left, top: bottom - 34, right, bottom: bottom - 32 })
  }

  #key(code: number, isPressed: boolean): void {
    if (code === leftShift || code === rightShift) this.#isShifted = isPressed
    if (!isPressed) return
    const current = this.#lines.at(-1) ?? ''
    const row = letters.find(([first, plain]) => code >= first && code < first + plain.length)
    if (code === enter) this.#entered(current)
    else if (code === backspace) this.#lines[this.#lines.length - 1] = current.slice(0, -1)
    else if (row !== undefined) {
      this.#lines[this.#lines.length - 1] = current + (row[this.#isShifted ? 2 : 1][code - row[0]] ?? '')
    } else return
    this.#drawText()
    this.#screen.flush()
  }

  #entered(command: string): void {
    const answers: Record<string, readonly string[]> = {
      help: ['help, clear, whoami, uname'],
      whoami: ['a guest'],
      uname: ['vmbus, in your browser'],
      '': [],
    }
    if (command === 'clear') this.#lines = ['']
    else this.#lines.push(...(answers[command] ?? [`${command}: not found`]), '')
  }

  #pointer({ x, y, buttons, wheel }: PointerEvent): void {
    const { canvas } = this.#screen
    const at = { x: Math.floor((x * (canvas.width - 1)) / 0x7fff), y: Math.floor((y * (canvas.height - 1)) / 0x7fff) }
    this.#screen.movePointer(at.x, at.y)
    if (wheel !== 0) this.#brush = (this.#brush + wheel + brushes.length) % brushes.length
    const { left, top, right, bottom } = this.#windows.paint
    const isInside = at.x >= left + 4 && at.x < right - 4 && at.y >= top + 4 && at.y < bottom - 38
    if ((buttons & 1) === 1 && isInside) this.#stroke(this.#last ?? at, at)
    this.#last = (buttons & 1) === 1 && isInside ? at : undefined
    this.#drawBrush()
    this.#screen.flush()
  }

  #stroke(from: { readonly x: number; readonly y: number }, to: { readonly x: number; readonly y: number }): void {
    const steps = Math.max(1, Math.abs(to.x - from.x), Math.abs(to.y - from.y))
    for (let step = 0; step <= steps; step++) {
      const x = Math.round(from.x + ((to.x - from.x) * step) / steps)
      const y = Math.round(from.y + ((to.y - from.y) * step) / steps)
      this.#screen.canvas.fill(brushes[this.#brush] ?? 0, { left: x - 2, top: y - 2, right: x + 3, bottom: y + 3 })
    }
  }
}

/** An arrow, white with a dark edge. */
function pointer(): PointerShape {
  const width = Math.max(...arrow.map((row) => row.length))
  const pixels = new Uint8Array(4 * width * arrow.length)
  for (const [y, row] of arrow.entries()) {
    for (const [x, ink] of [...row].entries()) {
      if (ink !== ' ') pixels.set(ink === 'X' ? [16, 16, 16, 255] : [255, 255, 255, 255], 4 * (y * width + x))
    }
  }
  return { isArgb: true, width, height: arrow.length, hotspotX: 0, hotspotY: 0, pixels }
}
