/**
 * Pictures as PNG files, such as what a screen shows.
 *
 * @module
 */
import { encode } from 'fast-png'

/** Pixels as a browser's canvas has them; `VideoVsp.image()` answers such. */
export interface PngSource {
  readonly width: number
  readonly height: number
  /** Red, green, blue, alpha of each pixel, rows from the top, without padding. */
  readonly data: Uint8ClampedArray | Uint8Array
}

/** A picture as the bytes of a PNG file, 8 bits a channel. Throws `RangeError` when `data` is not width × height × 4 bytes. */
export function encodePng({ width, height, data }: PngSource): Uint8Array {
  if (data.length !== width * height * 4) throw new RangeError(`${data.length} bytes for ${width}×${height} pixels`)
  return encode({ width, height, data, channels: 4, depth: 8 })
}
