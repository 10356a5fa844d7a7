import { clipRect, type Rect, type RgbaImage, type VideoMode } from '../../devices/video/index.ts'
import type { GuestMemory } from '../../memory/index.ts'
import { cell, glyph } from './font.ts'

/** Most rectangles that are kept apart: as many as one message carries. */
const maxRects = 255

/** How text looks. */
export interface TextLook {
  /** Default white. */
  readonly ink?: number
  /** What letters stand on. By default what is there. */
  readonly paper?: number
  /** Default 1. */
  readonly scale?: number
}

/**
 * Draws into a framebuffer in guest memory, and keeps account of what changed. What lies outside the screen is cut off.
 * Colours are `0xrrggbb`.
 */
export class Canvas {
  readonly width: number
  readonly height: number
  readonly #memory: GuestMemory
  readonly #start: number
  readonly #mode: VideoMode
  /** One row as the framebuffer has it. */
  readonly #row: Uint8Array
  #dirt: Rect[] = []

  /** @param start guest physical address of the first pixel. */
  constructor(memory: GuestMemory, start: number, mode: VideoMode) {
    this.width = mode.width
    this.height = mode.height
    this.#memory = memory
    this.#start = start
    this.#mode = mode
    this.#row = new Uint8Array((mode.width * mode.depth) / 8)
  }

  /** Fills a rectangle, by default the whole screen. */
  fill(colour: number, rect: Rect = { left: 0, top: 0, right: this.width, bottom: this.height }): void {
    const area = clipRect(rect, this.width, this.height)
    if (area === undefined) return
    for (let x = area.left; x < area.right; x++) this.#put(x, colour)
    for (let y = area.top; y < area.bottom; y++) this.#write(y, area.left, area.right)
    this.#changed(area)
  }

  /** Draws a picture, opaque. `x`, `y`: where its upper left pixel goes. */
  blit(image: RgbaImage, x: number, y: number): void {
    const area = clipRect(
      { left: x, top: y, right: x + image.width, bottom: y + image.height },
      this.width,
      this.height,
    )
    if (area === undefined) return
    for (let row = area.top; row < area.bottom; row++) {
      let from = 4 * ((row - y) * image.width + area.left - x)
      for (let column = area.left; column < area.right; column++, from += 4) {
        const { data } = image
        this.#put(column, ((data[from] ?? 0) << 16) | ((data[from + 1] ?? 0) << 8) | (data[from + 2] ?? 0))
      }
      this.#write(row, area.left, area.right)
    }
    this.#changed(area)
  }

  /**
   * Writes a line of text: each letter has 6×8 pixels, times `scale`. ASCII; other letters are frames. Answers the rectangle
   * that it took, of which a part may lie outside the screen.
   */
  text(text: string, x: number, y: number, { ink = 0xffffff, paper, scale = 1 }: TextLook = {}): Rect {
    const [width, height] = [cell.width * scale, cell.height * scale]
    const rect = { left: x, top: y, right: x + width * text.length, bottom: y + height }
    const area = clipRect(rect, this.width, this.height)
    if (area === undefined) return rect
    const glyphs = Array.from(text, glyph)
    for (let row = area.top; row < area.bottom; row++) {
      const line = Math.floor((row - y) / scale)
      if (paper === undefined) this.#read(row, area.left, area.right)
      for (let column = area.left; column < area.right; column++) {
        const at = Math.floor((column - x) / scale)
        const isInk = glyphs[Math.floor(at / cell.width)]?.[line]?.[at % cell.width] === '#'
        if (isInk) this.#put(column, ink)
        else if (paper !== undefined) this.#put(column, paper)
      }
      this.#write(row, area.left, area.right)
    }
    this.#changed(area)
    return rect
  }

  /** What changed since the last call: up to 255 rectangles, or one around all of them. */
  takeDirt(): readonly Rect[] {
    const dirt = this.#dirt
    this.#dirt = []
    return dirt
  }

  #put(x: number, colour: number): void {
    if (this.#mode.depth === 32) {
      this.#row[4 * x] = colour
      this.#row[4 * x + 1] = colour >> 8
      this.#row[4 * x + 2] = colour >> 16
      return
    }
    const word = ((colour >> 8) & 0xf800) | ((colour >> 5) & 0x07e0) | ((colour >> 3) & 0x001f)
    this.#row[2 * x] = word
    this.#row[2 * x + 1] = word >> 8
  }

  #read(y: number, left: number, right: number): void {
    const pixel = this.#mode.depth / 8
    this.#memory.read(this.#gpa(y, left), this.#row, left * pixel, (right - left) * pixel)
  }

  #write(y: number, left: number, right: number): void {
    const pixel = this.#mode.depth / 8
    this.#memory.write(this.#gpa(y, left), this.#row, left * pixel, (right - left) * pixel)
  }

  #gpa(y: number, x: number): number {
    return this.#start + y * this.#mode.pitch + (x * this.#mode.depth) / 8
  }

  #changed(area: Rect): void {
    this.#dirt.push(area)
    if (this.#dirt.length > maxRects) this.#dirt = [this.#dirt.reduce(around)]
  }
}

function around(a: Rect, b: Rect): Rect {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  }
}
