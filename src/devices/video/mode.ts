import type { Infer } from '../../wire/index.ts'
import type { VideoOutputSituation } from './messages.ts'

/** Width and height of a screen in pixels. */
export interface Resolution {
  /** Pixels in a row. */
  readonly width: number
  /** Rows. */
  readonly height: number
}

/** How a screen's pixels lie in VRAM. */
export interface VideoMode extends Resolution {
  /** Bits a pixel: 16 is RGB 5-6-5, 32 is blue, green, red, unused. Words are little-endian. */
  readonly depth: 16 | 32
  /** Bytes from one row to the next. */
  readonly pitch: number
  /** Bytes from the start of VRAM to the first pixel. */
  readonly offset: number
}

/** Pixels as a browser's canvas has them. */
export interface RgbaImage extends Resolution {
  /** Red, green, blue, alpha of each pixel, rows from the top, without padding. */
  readonly data: Uint8ClampedArray<ArrayBuffer>
}

/** Bytes from the first pixel to the end of the last, gaps between rows included. */
export function modeSpan({ width, height, depth, pitch }: VideoMode): number {
  return (height - 1) * pitch + (width * depth) / 8
}

/** The mode in a situation, checked against the size of VRAM in bytes; a text says why it is none. */
export function modeOf(situation: Infer<typeof VideoOutputSituation>, vramBytes: number): VideoMode | string {
  const { widthPixels: width, heightPixels: height, depthBits: depth, pitchBytes: pitch } = situation
  const offset = situation.vramOffset
  if (depth !== 16 && depth !== 32) return `${depth} bits a pixel`
  if (width === 0 || height === 0) return `a screen of ${width}×${height}`
  if (pitch < (width * depth) / 8) return `rows of ${pitch} bytes for ${width} pixels`
  const mode: VideoMode = { width, height, depth, pitch, offset }
  // Products of two 32-bit numbers can be inexact; being too large they stay.
  const span = modeSpan(mode)
  if (span > vramBytes || offset > vramBytes - span) return `${span} bytes at ${offset} in ${vramBytes} of VRAM`
  return mode
}

/** Writes pixels of a mode's depth as RGBA, opaque. `target` has room for `count` pixels at `targetOffset` (bytes). */
export function toRgba(
  pixels: Uint8Array,
  offset: number,
  depth: 16 | 32,
  target: Uint8ClampedArray,
  targetOffset: number,
  count: number,
): void {
  let from = offset
  const end = targetOffset + 4 * count
  if (depth === 32) {
    for (let to = targetOffset; to < end; to += 4, from += 4) {
      target[to] = pixels[from + 2] ?? 0
      target[to + 1] = pixels[from + 1] ?? 0
      target[to + 2] = pixels[from] ?? 0
      target[to + 3] = 255
    }
    return
  }
  for (let to = targetOffset; to < end; to += 4, from += 2) {
    const word = (pixels[from] ?? 0) | ((pixels[from + 1] ?? 0) << 8)
    const [red, green, blue] = [word >> 11, (word >> 5) & 63, word & 31]
    target[to] = (red << 3) | (red >> 2)
    target[to + 1] = (green << 2) | (green >> 4)
    target[to + 2] = (blue << 3) | (blue >> 2)
    target[to + 3] = 255
  }
}
