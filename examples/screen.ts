import { createBus } from '../src/index.ts'
import { encodePng } from '../src/png/index.ts'
import { VideoVsc } from '../src/vsc/video/index.ts'
import { VideoVsp } from '../src/vsp/video/index.ts'

/** A child draws into its own memory; the root looks there. Answers what it sees, as a PNG file, and which regions it was told of. */
export async function main(): Promise<{ png: Uint8Array; regions: number }> {
  const bus = createBus()
  const screen = new VideoVsp({ resolutions: [{ width: 320, height: 200 }] })
  let regions = 0
  screen.on('dirt', (changed) => {
    regions += changed.length
  })
  bus.host.offer(screen)

  const display = await bus.guest.attach(VideoVsc)
  display.canvas.fill(0x1e3a8a)
  display.canvas.text('hello, root', 20, 20, { scale: 2 })
  display.flush()
  bus.settle()

  const image = screen.image({ pointer: true })
  if (image === undefined) throw new Error('the screen is dark')
  return { png: encodePng(image), regions }
}
