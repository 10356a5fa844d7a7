import { writeFileSync } from 'node:fs'
import { encodePng } from '../../png/index.ts'
import { InstanceId } from '../../vmbus/device-ids.ts'
import { VideoVsc } from '../../vsc/video/index.ts'
import { VideoVsp } from '../../vsp/video/index.ts'
import { numberedFile } from '../output.ts'
import {
  type DeviceChoice,
  type GuestPeer,
  instanceSetting,
  type OfferedDevice,
  type Say,
  type Siblings,
} from './choice.ts'
import { instanceOf, type Settings } from './settings.ts'

/** Milliseconds between two writings of the picture. */
const pngPeriod = 1000

export const videoChoice: DeviceChoice = {
  help: 'a screen',
  isStock: true,
  vsp: {
    settings: {
      size: { value: 'WxH', help: 'resolution; default 1024x768, or 1280x1024 as the guest likes' },
      vram: { value: 'MEGABYTES', help: 'memory of the screen; default 8' },
      png: { value: 'FILE', help: 'keep its picture there: written while the guest draws, once a second' },
      ...instanceSetting,
    },
    prepare: prepareScreen,
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const video = new VideoVsc()
        video.on('mode', () => {
          const { width, height } = video.canvas
          say(`a screen of ${width}×${height}`)
          video.canvas.fill(0x1e3a8a)
          video.canvas.text('vmbus serve --guest', 20, 20, { scale: 2 })
          video.flush()
        })
        return video
      },
  },
}

function prepareScreen(settings: Settings, { nth }: Siblings): (peer: GuestPeer) => OfferedDevice {
  const size = settings.text('size')
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(size ?? '') ?? []
  if (size !== undefined && width === undefined) settings.refuse('size', 'a resolution such as 1024x768', size)
  const vram = settings.number('vram')
  const png = settings.text('png')
  const options = {
    ...(size !== undefined && { resolutions: [{ width: Number(width), height: Number(height) }] }),
    ...(vram !== undefined && { vramMegabytes: vram }),
    instanceId: instanceOf(settings, InstanceId.Video, nth),
  }
  settings.explained(() => new VideoVsp(options))
  return ({ place, say }) => {
    const video = new VideoVsp(options)
    video.on('accepted', (version) => say(`the driver is ready, version ${version & 0xffff}.${version >>> 16}`))
    video.on('mode', (mode) => say(mode === undefined ? 'dark' : `${mode.width}×${mode.height}, ${mode.depth} bits`))
    if (png !== undefined) keepPicture(video, numberedFile(png, place + 1), say)
    return video
  }
}

/** Writes the picture when the guest has drawn, but not more often than once in a while. */
function keepPicture(video: VideoVsp, file: string, say: Say): void {
  let timer: NodeJS.Timeout | undefined
  let isStale = false
  const write = (): void => {
    timer = undefined
    if (!isStale) return
    isStale = false
    const image = video.image({ pointer: true })
    if (image === undefined) return
    try {
      writeFileSync(file, encodePng(image))
    } catch (error) {
      say(String(error))
      return
    }
    timer = setTimeout(write, pngPeriod)
  }
  const changed = (): void => {
    isStale = true
    timer ??= setTimeout(write, 0)
  }
  video.on('dirt', changed)
  video.on('mode', changed)
  video.on('pointer', changed)
  video.on('close', () => clearTimeout(timer))
}
