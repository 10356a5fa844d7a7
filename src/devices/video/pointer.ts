import { lastPointerPart, maxPointerPart, maxPointerSide, type VideoPointerShape } from './messages.ts'
import type { RgbaImage } from './mode.ts'

/** How a pointer looks. */
export interface PointerShape {
  /** Whether `pixels` are blue, green, red, alpha; otherwise an AND mask and an XOR mask of 1 bit a pixel, rows padded to a byte. */
  readonly isArgb: boolean
  /** In pixels, 1 … 96. */
  readonly width: number
  /** In pixels, 1 … 96. */
  readonly height: number
  /** The pixel that points, counted from the upper left one. */
  readonly hotspotX: number
  /** The same, from the top. */
  readonly hotspotY: number
  /** Red, green, blue, alpha of each pixel, rows from the top. */
  readonly pixels: Uint8Array
}

/** Bytes of a pointer's pixels. Source: Mile.HyperV SYNTHVID_POINTER_SHAPE_MESSAGE. */
export function pointerBytes(isArgb: boolean, width: number, height: number): number {
  return isArgb ? width * height * 4 : Math.ceil(width / 8) * height * 2
}

/** A shape as messages carry it: parts of at most 8192 bytes, the last one numbered 255. Throws `RangeError` for a shape that is none. */
export function pointerParts(shape: PointerShape): VideoPointerShape[] {
  const { isArgb, width, height, hotspotX, hotspotY, pixels } = shape
  const why = shapeFault(isArgb, width, height)
  if (why !== undefined) throw new RangeError(`a pointer ${why}`)
  const bytes = pointerBytes(isArgb, width, height)
  if (pixels.length !== bytes) throw new RangeError(`a pointer of ${pixels.length} bytes, not ${bytes}`)
  const parts: VideoPointerShape[] = []
  for (let at = 0; at < bytes; at += maxPointerPart) {
    const isLast = at + maxPointerPart >= bytes
    const partialIndex = isLast ? lastPointerPart : at / maxPointerPart
    const part = pixels.slice(at, at + maxPointerPart)
    parts.push({ partialIndex, isArgb: isArgb ? 1 : 0, width, height, hotspotX, hotspotY, pixels: part })
  }
  return parts
}

function shapeFault(isArgb: boolean, width: number, height: number): string | undefined {
  const isSide = (pixels: number) => pixels >= 1 && pixels <= maxPointerSide
  if (isSide(width) && isSide(height)) return undefined
  return `of ${width}×${height} ${isArgb ? 'coloured' : 'masked'} pixels: more than ${maxPointerSide}, or none`
}

/** Puts a pointer's parts together. Takes no more bytes than the shape has, and parts in order only (VI-13). */
export class PointerAssembly {
  #pixels = new Uint8Array(0)
  #length = 0
  #next = 0
  #first: VideoPointerShape | undefined

  /** Takes a part. Answers the shape when that was its last, and a text when it does not fit: then what came before is gone too. */
  add(part: VideoPointerShape): PointerShape | string | undefined {
    const first = this.#first ?? part
    const why = this.#faultOf(part, first)
    if (why !== undefined) {
      this.reset()
      return why
    }
    if (this.#first === undefined) {
      this.#first = part
      this.#pixels = new Uint8Array(pointerBytes(part.isArgb !== 0, part.width, part.height))
    }
    this.#pixels.set(part.pixels, this.#length)
    this.#length += part.pixels.length
    this.#next++
    if (part.partialIndex !== lastPointerPart) return undefined
    const { width, height, hotspotX, hotspotY } = first
    const shape = { isArgb: first.isArgb !== 0, width, height, hotspotX, hotspotY, pixels: this.#pixels }
    this.reset()
    return shape
  }

  /** Forgets what came so far. */
  reset(): void {
    this.#pixels = new Uint8Array(0)
    this.#length = 0
    this.#next = 0
    this.#first = undefined
  }

  #faultOf(part: VideoPointerShape, first: VideoPointerShape): string | undefined {
    const { partialIndex, width, height } = part
    const isArgb = part.isArgb !== 0
    const bytes = pointerBytes(isArgb, width, height)
    const isSame = width === first.width && height === first.height && isArgb === (first.isArgb !== 0)
    const left = bytes - this.#length
    if (partialIndex !== lastPointerPart && partialIndex !== this.#next)
      return `part ${partialIndex} after ${this.#next}`
    const why = shapeFault(isArgb, width, height)
    if (why !== undefined) return why
    if (!isSame) return `a part of another shape: ${width}×${height} instead of ${first.width}×${first.height}`
    if (part.pixels.length > left || (partialIndex === lastPointerPart && part.pixels.length < left)) {
      return `${part.pixels.length} bytes in part ${partialIndex} where ${left} are left`
    }
    return undefined
  }
}

/** Draws a pointer over a picture. `x`, `y` are its upper left pixel. */
export function drawPointer(image: RgbaImage, shape: PointerShape, x: number, y: number): void {
  for (let row = Math.max(0, -y); row < shape.height && y + row < image.height; row++) {
    for (let column = Math.max(0, -x); column < shape.width && x + column < image.width; column++) {
      const at = 4 * ((y + row) * image.width + x + column)
      if (shape.isArgb) blend(image.data, at, shape.pixels, 4 * (row * shape.width + column))
      else mask(image.data, at, shape, row, column)
    }
  }
}

function blend(data: Uint8ClampedArray, at: number, pixels: Uint8Array, from: number): void {
  const alpha = (pixels[from + 3] ?? 0) / 255
  for (let colour = 0; colour < 3; colour++) {
    data[at + colour] = (pixels[from + 2 - colour] ?? 0) * alpha + (data[at + colour] ?? 0) * (1 - alpha)
  }
}

function mask(data: Uint8ClampedArray, at: number, shape: PointerShape, row: number, column: number): void {
  const stride = Math.ceil(shape.width / 8)
  const byte = row * stride + (column >> 3)
  const bit = 0x80 >> (column & 7)
  const and = ((shape.pixels[byte] ?? 0) & bit) === 0 ? 0 : 255
  const xor = ((shape.pixels[byte + stride * shape.height] ?? 0) & bit) === 0 ? 0 : 255
  for (let colour = 0; colour < 3; colour++) data[at + colour] = ((data[at + colour] ?? 0) & and) ^ xor
}
