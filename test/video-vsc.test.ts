import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import { buildEdid } from '../src/devices/edid/index.ts'
import {
  encodeVideo,
  type PointerShape,
  type Rect,
  type Resolution,
  type VideoContent,
  VideoResolutionResponse,
  VideoVersion,
} from '../src/devices/video/index.ts'
import { createBus, StalledError } from '../src/index.ts'
import { encodePng } from '../src/png/index.ts'
import { VideoVsc, type VideoVscOptions } from '../src/vsc/video/index.ts'
import { VideoVsp, type VideoVspOptions } from '../src/vsp/video/index.ts'
import { SayingVsp, violationsAt } from './video-rig.ts'

/** Our driver and our device. */
async function drawing(options: VideoVscOptions = {}, hostOptions: VideoVspOptions = {}) {
  const bus = createBus({ violations: 'throw' })
  const vsp = new VideoVsp(hostOptions)
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(new VideoVsc(options))
  return { bus, vsp, vsc }
}

const edid = buildEdid({ width: 800, height: 600 })

function list(resolutions: Resolution[], defaultResolutionIndex = 0): VideoContent {
  const body = { edid, resolutionCount: resolutions.length, defaultResolutionIndex, isStandard: 0, resolutions }
  return { type: 'ResolutionResponse', body }
}

/** A host that does its part, with a list of the test's. */
function host(resolutions: VideoContent | Uint8Array, accepts = (_version: number) => true) {
  return new SayingVsp((content) => {
    switch (content.type) {
      case 'VersionRequest': {
        const { version } = content.body
        return [
          { type: 'VersionResponse', body: { version, isAccepted: accepts(version) ? 1 : 0, maxVideoOutputs: 1 } },
        ]
      }
      case 'ResolutionRequest':
        return [resolutions]
      case 'VramLocation':
        return [{ type: 'VramLocationAck', body: { userContext: content.body.userContext } }]
      case 'SituationUpdate':
        return [{ type: 'SituationUpdateAck', body: { userContext: content.body.userContext } }]
      default:
        return []
    }
  })
}

async function drivenBy(vsp: SayingVsp, options: VideoVscOptions = {}) {
  const bus = createBus()
  const violations = violationsAt(bus, 'guest')
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(new VideoVsc(options))
  return { bus, vsc, violations }
}

const heardTypes = ({ heard }: SayingVsp) => heard.map(({ type }) => type)
const both: Resolution[] = [
  { width: 800, height: 600 },
  { width: 640, height: 480 },
]

describe('the conversation', () => {
  it('[B206][B207][B208] version, resolutions, framebuffer, mode: as Linux leads it', async () => {
    const vsp = host(list(both, 1))
    const { vsc, violations } = await drivenBy(vsp)
    expect(heardTypes(vsp)).toEqual(['VersionRequest', 'ResolutionRequest', 'VramLocation', 'SituationUpdate'])
    expect(vsp.heard[1]).toEqual({ type: 'ResolutionRequest', body: { maximumResolutionCount: 64 } })
    expect([vsc.version, vsc.mode?.width, vsc.resolutions, vsc.monitor?.name]).toEqual([
      VideoVersion.V3_5,
      640,
      both,
      'HyperVMonitor',
    ])
    expect(violations).toEqual([])
  })

  it('falls back to 3.2, which knows no lists', async () => {
    const vsp = host(list(both), (version) => version === VideoVersion.V3_2)
    const { vsc } = await drivenBy(vsp)
    expect(heardTypes(vsp)).toEqual(['VersionRequest', 'VersionRequest', 'VramLocation', 'SituationUpdate'])
    expect([vsc.version, vsc.mode?.width, vsc.mode?.height]).toEqual([VideoVersion.V3_2, 1024, 768])
  })

  it('ends where the host accepts no version', async () => {
    const bus = createBus()
    bus.host.offer(host(list(both), () => false))
    await expect(bus.guest.attach(VideoVsc)).rejects.toThrow('the host accepts none of the protocol versions')
  })

  it.each<[string, VideoContent | Uint8Array, string]>([
    ['count 0', list([]), 'video-bad-answer RANGE  0'],
    ['count 65', list(Array.from({ length: 65 }, () => ({ width: 1, height: 1 }))), 'video-bad-answer RANGE  0'],
    ['count 255 without entries', broken({ count: 255 }), 'bad-packet LENGTH body.resolutions 139'],
    ['a list that is cut off in its EDID', broken({ cut: 20 }), 'bad-packet SHORT body.edid 8'],
  ])('[VI-02] a list with %s is refused, and the default taken', async (_name, resolutions, fault) => {
    const { vsc, violations } = await drivenBy(host(resolutions))
    expect(violations).toEqual([fault])
    expect([vsc.mode?.width, vsc.mode?.height, vsc.resolutions]).toEqual([1024, 768, []])
  })

  it('[VI-05] a default outside the list is refused, and the driver’s own default taken', async () => {
    const { vsc, violations } = await drivenBy(host(list(both, 2)))
    expect(violations).toEqual(['video-bad-answer RANGE  0'])
    expect(vsc.mode?.width).toBe(1024)
  })

  it('[VI-04][OK-21] a list as short as its count, and one of 64 entries whatever the count, are taken', async () => {
    const short = await drivenBy(host(list(both)))
    const { body } = list(both) as Extract<VideoContent, { type: 'ResolutionResponse' }>
    const bytes = new Uint8Array(8 + 387)
    bytes.set(encodeVideo(list(both)))
    bytes.set(VideoResolutionResponse.encode(body), 8)
    new DataView(bytes.buffer).setUint32(4, bytes.length, true)
    const long = await drivenBy(host(bytes))
    for (const { vsc, violations } of [short, long]) {
      expect([vsc.mode?.width, vsc.resolutions, violations]).toEqual([800, both, []])
    }
  })

  it('[VI-07] what is too large for VRAM is refused by its size, not by its sides', async () => {
    const wide = { width: 1920, height: 1200 }
    const narrow = { width: 2560, height: 600 }
    const { vsc, violations } = await drivenBy(host(list([wide, narrow])))
    expect([vsc.resolutions, vsc.mode?.width]).toEqual([[narrow], 2560])
    expect(violations).toEqual([])
  })

  it.each([
    ['[VI-01] shorter than pipe and video header', Uint8Array.of(9, 0, 0, 0), 'bad-packet SHORT header.size 4'],
    [
      '[VI-08] a feature change without its byte',
      featureChange().subarray(0, 11),
      'bad-packet SHORT body.isSituationNeeded 11',
    ],
    ['an answer to nothing', encodeVideo(list(both)), 'video-bad-answer STATE  0'],
    ['of an unknown type', Uint8Array.of(17, 0, 0, 0, 8, 0, 0, 0), 'bad-packet TYPE  0'],
  ])('%s: dropped with a report', async (_name, bytes, fault) => {
    const vsp = host(list(both))
    const { bus, vsc, violations } = await drivenBy(vsp)
    vsp.say(bytes)
    bus.settle()
    expect(violations).toEqual([fault])
    expect(vsc.channel?.isOpen).toBe(true)
  })

  it('an acknowledgement of something else does not count', async () => {
    const vsp = new SayingVsp((content) => {
      const others = host(list(both)).answer(content)
      return content.type === 'VramLocation' ? [{ type: 'VramLocationAck', body: { userContext: 99n } }] : others
    })
    const bus = createBus()
    const violations = violationsAt(bus, 'guest')
    bus.host.offer(vsp)
    await expect(bus.guest.attach(VideoVsc)).rejects.toThrow(StalledError)
    expect(violations).toEqual(['video-bad-answer UNKNOWN-ID  0'])
  })

  it('without memory for a framebuffer it ends, and gives back what it took', async () => {
    const bus = createBus({ memorySize: 1024 * 1024 })
    bus.host.offer(new VideoVsp())
    const before = bus.guest.pages.freePages
    await expect(bus.guest.attach(VideoVsc)).rejects.toThrow('guest memory for a framebuffer')
    expect(bus.guest.pages.freePages).toBe(before)
    await bus.guest.attach(new VideoVsc({ resolution: { width: 64, height: 48 } }))
  })
})

function featureChange(needs: Partial<Record<'dirt' | 'position' | 'shape' | 'situation', number>> = {}): Uint8Array {
  const { dirt = 1, position = 1, shape = 1, situation = 1 } = needs
  return encodeVideo({
    type: 'FeatureChange',
    body: {
      isDirtNeeded: dirt,
      isPointerPositionNeeded: position,
      isPointerShapeNeeded: shape,
      isSituationNeeded: situation,
    },
  })
}

/** A list with another count, or cut off; its size field is right all the same. */
function broken({ count, cut }: { count?: number; cut?: number }): Uint8Array {
  const bytes = encodeVideo(list(both)).slice(0, cut)
  if (count !== undefined) bytes[8 + 128] = count
  bytes[4] = bytes.length
  return bytes
}

/** The colour of a pixel as `rrggbb`. */
function colourAt(image: { width: number; data: ArrayLike<number> } | undefined, x: number, y: number): string {
  const at = 4 * (y * (image?.width ?? 0) + x)
  return [0, 1, 2].map((index) => (image?.data[at + index] ?? 0).toString(16).padStart(2, '0')).join('')
}

const arrow: PointerShape = {
  isArgb: true,
  width: 2,
  height: 2,
  hotspotX: 1,
  hotspotY: 1,
  pixels: Uint8Array.from({ length: 16 }, (_, index) => (index % 4 === 0 || index % 4 === 3 ? 255 : 0)),
}

describe.each([32, 16] as const)('what is drawn at %i bits a pixel', (depth) => {
  it('is what the host sees, where it is told', async () => {
    const { bus, vsp, vsc } = await drawing({ depth, resolution: { width: 100, height: 50 } })
    const dirt: Rect[] = []
    vsp.on('dirt', (regions) => dirt.push(...regions))
    const { canvas } = vsc
    canvas.fill(0xff0000)
    canvas.fill(0x00ff00, { left: 90, top: -5, right: 200, bottom: 10 })
    canvas.blit({ width: 2, height: 2, data: Uint8ClampedArray.of(...new Array(16).fill(255)) }, -1, 49)
    const took = canvas.text('I', 10, 20, { ink: 0xffffff, paper: 0x0000ff, scale: 2 })
    vsc.flush()
    vsc.flush()
    bus.settle()
    const image = vsp.image()
    expect([colourAt(image, 0, 0), colourAt(image, 89, 9), colourAt(image, 90, 9)]).toEqual([
      'ff0000',
      'ff0000',
      '00ff00',
    ])
    expect([colourAt(image, 0, 49), colourAt(image, 1, 49)]).toEqual(['ffffff', 'ff0000'])
    // The letter's second row: its third pixel is ink, each twice as large.
    expect([13, 14, 15, 16].map((x) => colourAt(image, x, 23))).toEqual(['0000ff', 'ffffff', 'ffffff', '0000ff'])
    expect(took).toEqual({ left: 10, top: 20, right: 22, bottom: 36 })
    expect(dirt).toEqual([
      { left: 0, top: 0, right: 100, bottom: 50 },
      { left: 0, top: 0, right: 100, bottom: 50 },
      { left: 90, top: 0, right: 100, bottom: 10 },
      { left: 0, top: 49, right: 1, bottom: 50 },
      took,
    ])
  })

  it('has the pointer where it points, and its PNG reads back', async () => {
    const { bus, vsp, vsc } = await drawing({ depth, resolution: { width: 20, height: 10 } })
    vsc.canvas.fill(0x00ff00)
    vsc.setPointer(arrow)
    vsc.movePointer(5, 5)
    vsc.flush()
    bus.settle()
    const image = vsp.image({ pointer: true })
    if (image === undefined) throw new Error('dark')
    expect([colourAt(image, 3, 4), colourAt(image, 4, 4), colourAt(image, 5, 5), colourAt(image, 6, 5)]).toEqual([
      '00ff00',
      '0000ff',
      '0000ff',
      '00ff00',
    ])
    const png = decode(encodePng(image))
    expect([png.width, png.height, png.channels, png.depth]).toEqual([20, 10, 4, 8])
    expect([...png.data]).toEqual([...image.data])
    vsc.hidePointer()
    bus.settle()
    expect(colourAt(vsp.image({ pointer: true }), 4, 4)).toBe('00ff00')
  })
})

describe('a change of mode', () => {
  it('[B207] by the guest arrives at the host, whose picture it then is', async () => {
    const { bus, vsp, vsc } = await drawing()
    const modes: unknown[] = []
    vsp.on('mode', (mode) => modes.push([mode?.width, mode?.height]))
    expect(vsp.mode?.width).toBe(1024)
    await vsc.setMode({ width: 1280, height: 1024 })
    vsc.canvas.fill(0x123456)
    bus.settle()
    expect(modes).toEqual([[1280, 1024]])
    expect(colourAt(vsp.image(), 1279, 1023)).toBe('123456')
    await expect(vsc.setMode({ width: 1281, height: 1024 })).rejects.toThrow(RangeError)
  })

  it('[B209] is asked for by the host at run time, and done', async () => {
    const { bus, vsp, vsc } = await drawing()
    const modes: unknown[] = []
    vsc.on('mode', ({ width, height }) => modes.push([width, height]))
    expect(vsp.requestMode({ width: 640, height: 480 })).toBe(true)
    bus.settle()
    expect([modes, vsp.mode?.width, vsc.canvas.height]).toEqual([[[640, 480]], 640, 480])
    // One for which there is no room, or that is set already, changes nothing.
    vsp.requestMode({ width: 2560, height: 1600 })
    vsp.requestMode({ width: 640, height: 480 })
    bus.settle()
    expect([modes.length, vsp.mode?.width]).toEqual([1, 640])
  })

  it('an EDID that is none is reported, and changes nothing', async () => {
    const vsp = host(list(both))
    const { bus, vsc, violations } = await drivenBy(vsp)
    const needs = { isDirtNeeded: 1, isPointerPositionNeeded: 1, isPointerShapeNeeded: 1, isSituationNeeded: 1 }
    vsp.say({ type: 'FeatureChangeV2', body: { ...needs, edid: new Uint8Array(128).fill(1) } })
    vsp.say({ type: 'FeatureChangeV2', body: { ...needs, edid: new Uint8Array(128) } })
    bus.settle()
    expect(violations).toEqual(['video-bad-answer TYPE  0'])
    expect(vsc.mode?.width).toBe(800)
  })
})

describe('what the host does not want', () => {
  it('it is not told; what it wants again it gets at once', async () => {
    const vsp = host(list(both))
    const { bus, vsc } = await drivenBy(vsp)
    vsc.setPointer(arrow)
    vsc.movePointer(1, 1)
    bus.settle()
    vsp.say(featureChange({ dirt: 0, position: 0, shape: 0, situation: 0 }))
    bus.settle()
    vsp.heard.length = 0
    vsc.canvas.fill(0xffffff)
    vsc.flush()
    vsc.movePointer(2, 2)
    vsc.setPointer(arrow)
    bus.settle()
    expect(vsp.heard).toEqual([])
    vsp.say(featureChange())
    bus.settle()
    expect(heardTypes(vsp)).toEqual(['SituationUpdate', 'PointerShape', 'PointerPosition', 'Dirt'])
    vsp.heard.length = 0
    vsp.say(featureChange())
    bus.settle()
    expect(vsp.heard).toEqual([])
  })
})

describe('questions to the host', () => {
  it('[B208] are answered', async () => {
    const { vsc } = await drawing()
    expect(await Promise.all([vsc.biosInfo(), vsc.capabilities()])).toEqual([
      { isStopDeviceSupported: true },
      { isLockOnDisconnect: false },
    ])
  })

  it('break with the channel', async () => {
    const vsp = host(list(both))
    const { bus, vsc } = await drivenBy(vsp)
    const asked = vsc.biosInfo()
    bus.host.revoke(vsp)
    await expect(asked).rejects.toThrow('the channel was closed')
    await expect(vsc.capabilities()).rejects.toThrow('the channel is not open')
    expect(() => vsc.canvas).toThrow('the screen has no mode yet')
  })
})

describe('a PNG', () => {
  it('of pixels that do not make a picture is refused', () => {
    expect(() => encodePng({ width: 2, height: 2, data: new Uint8Array(15) })).toThrow(RangeError)
  })
})
