import type { RgbaImage } from '../devices/video/index.ts'

/** Whether a terminal shows any colour, not only a few. @param stream standard output, as far as that can be asked. */
export function showsPictures(stream: { readonly isTTY?: boolean; getColorDepth?(): number }): boolean {
  return stream.isTTY === true && (stream.getColorDepth?.() ?? 1) >= 24
}

/**
 * A picture in a terminal that knows true colour: each letter is two pixels, one above the other. Smaller pictures than the
 * terminal's are not blown up.
 *
 * @param columns most letters in a line.
 */
export function halfBlocks(image: RgbaImage, columns: number): string[] {
  const width = Math.min(columns, image.width)
  const height = Math.max(1, Math.round((image.height * width) / image.width))
  const colour = (x: number, y: number) => averageOf(image, x / width, y / height, 1 / width, 1 / height)
  const lines: string[] = []
  for (let y = 0; y < height; y += 2) {
    let line = ''
    for (let x = 0; x < width; x++) {
      const below = y + 1 < height ? `\x1b[48;2;${colour(x, y + 1)}m` : '\x1b[49m'
      line += `\x1b[38;2;${colour(x, y)}m${below}▀`
    }
    lines.push(`${line}\x1b[0m`)
  }
  return lines
}

/** The average colour of a part of a picture, all as fractions of it: `r;g;b`. */
function averageOf({ width, height, data }: RgbaImage, x: number, y: number, w: number, h: number): string {
  const [left, top] = [Math.floor(x * width), Math.floor(y * height)]
  const right = Math.min(width, Math.max(left + 1, Math.floor((x + w) * width)))
  const bottom = Math.min(height, Math.max(top + 1, Math.floor((y + h) * height)))
  const sums = [0, 0, 0]
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const at = 4 * (row * width + column)
      for (let index = 0; index < 3; index++) sums[index] = (sums[index] ?? 0) + (data[at + index] ?? 0)
    }
  }
  const pixels = (right - left) * (bottom - top)
  return sums.map((sum) => Math.round(sum / pixels)).join(';')
}
