import { scanCodeOf } from './scan-codes.ts'

/** Where a page's keys and mouse go. */
export interface ScreenInput {
  /** A key, by its set 1 scan code, prefix in the high byte. */
  key(scanCode: number, isPressed: boolean): void
  /** A place on the screen, 0 … 32767 each way. */
  move(x: number, y: number): void
  button(button: 'left' | 'middle' | 'right', isPressed: boolean): void
  /** Notches away from the user. */
  wheel(notches: number): void
}

/** Pixels as a canvas has them. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray<ArrayBuffer>
}

const buttons = ['left', 'middle', 'right'] as const
const range = 0x7fff

/** A screen on a page's canvas. While the canvas has the focus, keys go to the screen; the mouse does while it is over it. */
export class ScreenView {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #pressed = new Set<number>()

  constructor(canvas: HTMLCanvasElement, input: ScreenInput) {
    const context = canvas.getContext('2d', { alpha: false })
    if (context === null) throw new Error('this browser has no canvas')
    this.#canvas = canvas
    this.#context = context
    canvas.tabIndex = 0
    this.#listenToKeys(input)
    this.#listenToMouse(input)
  }

  /** Changes the screen's size in pixels. It is black then. */
  resize(width: number, height: number): void {
    if (this.#canvas.width === width && this.#canvas.height === height) return
    this.#canvas.width = width
    this.#canvas.height = height
  }

  /** Shows a part of the screen, or all of it. */
  draw(picture: Picture, x = 0, y = 0): void {
    this.#context.putImageData(new ImageData(picture.data, picture.width, picture.height), x, y)
  }

  #listenToKeys(input: ScreenInput): void {
    const key = (event: KeyboardEvent, isPressed: boolean) => {
      const code = scanCodeOf(event.code)
      if (code === undefined) return
      // Tab and Escape leave the screen: without the mouse there is no other way out.
      if (event.code === 'Tab') return
      event.preventDefault()
      if (isPressed) this.#pressed.add(code)
      else this.#pressed.delete(code)
      input.key(code, isPressed)
    }
    this.#canvas.addEventListener('keydown', (event) => key(event, true))
    this.#canvas.addEventListener('keyup', (event) => key(event, false))
    // What is let go elsewhere is never told.
    this.#canvas.addEventListener('blur', () => {
      for (const code of this.#pressed) input.key(code, false)
      this.#pressed.clear()
    })
  }

  #listenToMouse(input: ScreenInput): void {
    const canvas = this.#canvas
    const toButton = (event: MouseEvent, isPressed: boolean) => {
      const button = buttons[event.button]
      if (button === undefined) return
      event.preventDefault()
      input.button(button, isPressed)
    }
    canvas.addEventListener('pointermove', (event) => {
      const { left, top, width, height } = canvas.getBoundingClientRect()
      const at = (place: number, size: number) => Math.max(0, Math.min(range, Math.round((place * range) / size)))
      input.move(at(event.clientX - left, width), at(event.clientY - top, height))
    })
    canvas.addEventListener('pointerdown', (event) => {
      canvas.focus()
      canvas.setPointerCapture(event.pointerId)
      toButton(event, true)
    })
    canvas.addEventListener('pointerup', (event) => toButton(event, false))
    canvas.addEventListener('contextmenu', (event) => event.preventDefault())
    canvas.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault()
        if (event.deltaY !== 0) input.wheel(event.deltaY < 0 ? 1 : -1)
      },
      { passive: false },
    )
  }
}
