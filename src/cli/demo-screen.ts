import type { PointerShape, Rect } from '../devices/video/index.ts'
import type { VideoVsc } from '../vsc/video/index.ts'

/** The demo's screen: small, as it ends as a thumbnail. */
export const demoScreen = { width: 320, height: 200 } as const

const arrowRows = [
  'X',
  'XX',
  'XoX',
  'XooX',
  'XoooX',
  'XooooX',
  'XoooooX',
  'XooooooX',
  'XoooooooX',
  'XooooooooX',
  'XoooooXXXXX',
  'XooXooX',
  'XoX XooX',
  'XX  XooX',
  'X    XooX',
  '     XXX',
]

/** An arrow, black with a white edge, that points with its upper left pixel. */
function arrowPointer(): PointerShape {
  const width = Math.max(...arrowRows.map((row) => row.length))
  const pixels = new Uint8Array(width * arrowRows.length * 4)
  for (const [y, row] of arrowRows.entries()) {
    for (const [x, ink] of [...row].entries()) {
      if (ink !== ' ') pixels.set(ink === 'X' ? [255, 255, 255, 255] : [24, 16, 16, 255], 4 * (y * width + x))
    }
  }
  return { isArgb: true, width, height: arrowRows.length, hotspotX: 0, hotspotY: 0, pixels }
}

/** Draws two partitions with a bus between them, and points at one. */
export function drawDemo(screen: VideoVsc): void {
  const { canvas } = screen
  const { width, height } = canvas
  for (let y = 0; y < height; y++) {
    const shade = Math.round((y * 80) / height)
    canvas.fill((0x10 << 16) | ((0x18 + (shade >> 1)) << 8) | (0x38 + shade), {
      left: 0,
      top: y,
      right: width,
      bottom: y + 1,
    })
  }
  const box = ({ left, top, right, bottom }: Rect, colour: number, label: string) => {
    canvas.fill(colour, { left, top, right, bottom })
    canvas.text(label, left + 12, top + 12, { scale: 2 })
  }
  canvas.text('VMBus', 20, 16, { scale: 4 })
  box({ left: 20, top: 70, right: 120, bottom: 160 }, 0x0f766e, 'root')
  box({ left: 200, top: 70, right: 300, bottom: 160 }, 0xb45309, 'child')
  for (let lane = 0; lane < 3; lane++) {
    canvas.fill([0xfacc15, 0x38bdf8, 0xf472b6][lane] ?? 0, {
      left: 120,
      top: 94 + 18 * lane,
      right: 200,
      bottom: 100 + 18 * lane,
    })
  }
  canvas.text('drawn by the child, shown by the root', 20, 178, { ink: 0xcbd5e1 })
  screen.setPointer(arrowPointer())
  screen.movePointer(250, 120)
  screen.flush()
}
