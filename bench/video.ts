import type { Rect } from '../src/devices/video/index.ts'
import { createBus } from '../src/index.ts'
import { VideoVsc } from '../src/vsc/video/index.ts'
import { VideoVsp } from '../src/vsp/video/index.ts'
import type { Result } from './result.ts'

const [width, height] = [1024, 768]
const pixel = 4

/** A hundred rectangles, side by side, that cover all but the edges. */
function rectangles(): Rect[] {
  const [w, h] = [Math.floor(width / 10), Math.floor(height / 10)]
  return Array.from({ length: 100 }, (_, index) => {
    const [left, top] = [w * (index % 10), h * Math.floor(index / 10)]
    return { left, top, right: left + w, bottom: top + h }
  })
}

/** Copies the rectangles from one picture to another. */
function copyAll(from: Uint8Array, to: Uint8Array, rects: readonly Rect[]): void {
  const row = width * pixel
  for (const { left, top, right, bottom } of rects) {
    for (let y = top; y < bottom; y++) {
      const start = y * row + left * pixel
      to.set(from.subarray(start, start + (right - left) * pixel), start)
    }
  }
}

const runs = 300

/** Time of one piece of work over the other's: the best of runs in turn. A run is long enough to be timed alone. */
function bestRatio(ours: () => void, theirs: () => void): number {
  let [best, bestOfTheirs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let run = 0; run < runs; run++) {
    best = Math.min(best, time(ours))
    bestOfTheirs = Math.min(bestOfTheirs, time(theirs))
  }
  return best / bestOfTheirs
}

function time(work: () => void): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

/**
 * A frame of 1024×768 in which 100 rectangles changed: the guest tells of them, the host hears of them and copies their pixels out
 * of guest memory; against copying the same pixels once from one array to another.
 */
export async function benchVideo(): Promise<Result[]> {
  const bus = createBus({ memorySize: 8 * 1024 * 1024 })
  const vsp = new VideoVsp({ resolutions: [{ width, height }], vramMegabytes: 4 })
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(VideoVsc)
  const rects = rectangles()
  const frame = new Uint8Array(width * height * pixel)
  let copied = 0
  vsp.on('dirt', (regions) => {
    for (const region of regions) if (vsp.copyPixels(frame, region)) copied++
  })
  vsc.canvas.fill(0x123456)
  vsc.canvas.takeDirt()
  const showFrame = () => {
    vsc.tell(rects)
    bus.settle()
  }
  const source = new Uint8Array(frame.length)
  const target = new Uint8Array(frame.length)
  showFrame()
  if (copied !== 100 || frame[4] !== 0x56) throw new Error('the frame did not arrive')
  const ratio = bestRatio(showFrame, () => copyAll(source, target, rects))
  bus.close()
  return [{ name: '1024×768, 100 dirty rectangles, told and copied', ratio, limit: 1.5 }]
}
