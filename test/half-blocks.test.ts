import { describe, expect, it } from 'vitest'
import { halfBlocks, showsPictures } from '../src/cli/half-blocks.ts'

const picture = (width: number, ...pixels: readonly (readonly [number, number, number])[]) => ({
  width,
  height: pixels.length / width,
  data: Uint8ClampedArray.from(pixels.flatMap((pixel) => [...pixel, 255])),
})
const [red, green, blue, black] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [0, 0, 0],
] as const

describe('a picture in a terminal', () => {
  it('has two pixels in each letter', () => {
    expect(halfBlocks(picture(2, red, green, blue, black), 80)).toEqual([
      '\x1b[38;2;255;0;0m\x1b[48;2;0;0;255m▀\x1b[38;2;0;255;0m\x1b[48;2;0;0;0m▀\x1b[0m',
    ])
  })

  it('with an odd row ends with the terminal’s own colour below', () => {
    expect(halfBlocks(picture(1, red, green, blue), 80)).toEqual([
      '\x1b[38;2;255;0;0m\x1b[48;2;0;255;0m▀\x1b[0m',
      '\x1b[38;2;0;0;255m\x1b[49m▀\x1b[0m',
    ])
  })

  it('that is too wide is averaged', () => {
    const pixels = [red, blue, red, blue, black, black, green, green].map((pixel) => pixel)
    expect(halfBlocks(picture(4, ...pixels), 2)).toEqual([
      '\x1b[38;2;64;0;64m\x1b[49m▀\x1b[38;2;64;128;64m\x1b[49m▀\x1b[0m',
    ])
  })

  it('is shown only where it can be', () => {
    expect(showsPictures({ isTTY: true, getColorDepth: () => 24 })).toBe(true)
    expect(showsPictures({ isTTY: true, getColorDepth: () => 8 })).toBe(false)
    expect(showsPictures({ getColorDepth: () => 24 })).toBe(false)
    expect(showsPictures({ isTTY: true })).toBe(false)
  })
})
