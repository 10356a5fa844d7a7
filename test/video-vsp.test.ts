import { describe, expect, it } from 'vitest'
import { parseEdid } from '../src/devices/edid/index.ts'
import { encodeVideo, type Rect, type VideoContent, VideoVersion } from '../src/devices/video/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { VideoVsp } from '../src/vsp/video/index.ts'
import { location, request, showing, situation, talking, vramGpa } from './video-rig.ts'

const versions = [0, 1, 2, 3, 4, 5, 6, 0x105].map((minor) => (minor << 16) | 3)

describe('the version', () => {
  it.each(versions)('[B206] 0x%s: any minor version of 3 is accepted', async (version) => {
    const { vsp, say, violations } = await talking()
    const answers = say({ type: 'VersionRequest', body: { version } })
    expect(answers).toEqual([{ type: 'VersionResponse', body: { version, isAccepted: 2, maxVideoOutputs: 1 } }])
    expect(vsp.version).toBe(version)
    expect(violations).toEqual([])
  })

  it('[B206] another major version is refused, and a further request is accepted', async () => {
    const { vsp, say, closed } = await talking()
    const refused: number[] = []
    vsp.on('refused', (version) => refused.push(version))
    for (const version of [2, 4, 0x5_0002, 0, 0xffff_ffff]) {
      const answers = say({ type: 'VersionRequest', body: { version } })
      expect(answers).toEqual([{ type: 'VersionResponse', body: { version, isAccepted: 0, maxVideoOutputs: 1 } }])
    }
    expect(refused).toEqual([2, 4, 0x5_0002, 0, 0xffff_ffff])
    expect(say(request)).toMatchObject([{ body: { isAccepted: 2 } }])
    expect(closed).toEqual([])
  })

  it.each([
    ['VramLocation', location(0n)],
    ['SituationUpdate', situation()],
    ['ResolutionRequest', { type: 'ResolutionRequest', body: { maximumResolutionCount: 64 } }],
    ['BiosInfoRequest', { type: 'BiosInfoRequest' }],
    ['CapabilityRequest', { type: 'CapabilityRequest' }],
    ['Dirt', { type: 'Dirt', body: { videoOutput: 0, dirtCount: 0, dirt: [] } }],
  ] satisfies [string, VideoContent][])('[B209] %s before it stops the channel', async (_name, content) => {
    const { say, violations, closed } = await talking()
    expect(say(content)).toEqual([])
    expect(violations).toEqual(['video-unexpected-message STATE header.messageType 0'])
    expect(closed).toEqual(['fault'])
  })

  it('[B209] a second request stops the channel, not the connection', async () => {
    const { bus, say, violations, closed } = await talking()
    say(request)
    expect(say(request)).toEqual([])
    expect(violations).toEqual(['video-unexpected-message STATE header.messageType 0'])
    expect(closed).toEqual(['fault'])
    expect(bus.guest.client.explain()).toEqual([])
  })
})

describe('what the host offers', () => {
  it('[B208] BIOS info, resolutions, capabilities', async () => {
    const { say } = await talking()
    say(request)
    expect(say({ type: 'BiosInfoRequest' })).toEqual([
      { type: 'BiosInfoResponse', body: { flags: { isStopDeviceSupported: true } } },
    ])
    expect(say({ type: 'CapabilityRequest' })).toEqual([
      { type: 'CapabilityResponse', body: { flags: { isLockOnDisconnect: false } } },
    ])
    const [list] = say({ type: 'ResolutionRequest', body: { maximumResolutionCount: 64 } })
    if (list?.type !== 'ResolutionResponse') throw new Error('no list')
    expect({ ...list.body, edid: undefined }).toEqual({
      edid: undefined,
      resolutionCount: 2,
      defaultResolutionIndex: 0,
      isStandard: 0,
      resolutions: [
        { width: 1024, height: 768 },
        { width: 1280, height: 1024 },
      ],
    })
    expect(parseEdid(list.body.edid)).toMatchObject({
      manufacturer: 'MSH',
      timings: [{ horizontal: { active: 1024 } }],
    })
  })

  it('[B208] a guest that takes fewer than 64 resolutions gets none', async () => {
    const { say } = await talking()
    say(request)
    const [list] = say({ type: 'ResolutionRequest', body: { maximumResolutionCount: 63 } })
    expect(list).toMatchObject({ body: { resolutionCount: 0, resolutions: [] } })
  })

  it('a list and a default of one’s own, and VRAM in the offer', async () => {
    const resolutions = [
      { width: 800, height: 600 },
      { width: 640, height: 480 },
    ]
    const { vsp, vsc, say } = await talking({ resolutions, defaultIndex: 1, vramMegabytes: 4 })
    expect([vsp.offer.mmioMegabytes, vsc.device?.offer.offer.mmioMegabytes]).toEqual([4, 4])
    say(request)
    const [list] = say({ type: 'ResolutionRequest', body: { maximumResolutionCount: 255 } })
    expect(list).toMatchObject({ body: { defaultResolutionIndex: 1, resolutions } })
  })

  it('refuses a list without its default, or too long', () => {
    const resolutions = Array.from({ length: 65 }, () => ({ width: 800, height: 600 }))
    expect(() => new VideoVsp({ resolutions })).toThrow(RangeError)
    expect(() => new VideoVsp({ defaultIndex: 2 })).toThrow(RangeError)
    expect(() => new VideoVsp({ resolutions: [] })).toThrow(RangeError)
    expect(() => new VideoVsp({ edid: new Uint8Array(127) })).toThrow(RangeError)
  })
})

const pixel = (value: number) => new Uint8Array(Uint32Array.of(value).buffer)

describe('the framebuffer', () => {
  it('[B207] is mapped, formatted, and both are acknowledged; dirt is not', async () => {
    const { bus, vsp, say } = await talking()
    const modes: unknown[] = []
    const dirt: (readonly Rect[])[] = []
    vsp.on('mode', (mode) => modes.push(mode))
    vsp.on('dirt', (regions) => dirt.push(regions))
    say(request)
    expect(say(location(BigInt(vramGpa), 0x1234n))).toEqual([
      { type: 'VramLocationAck', body: { userContext: 0x1234n } },
    ])
    expect(vsp.image()).toBeUndefined()
    expect(say(situation({ width: 3, height: 2 }, 9n))[0]).toEqual({
      type: 'SituationUpdateAck',
      body: { userContext: 9n },
    })
    const mode = { width: 3, height: 2, depth: 32, pitch: 12, offset: 0 }
    expect([vsp.mode, ...modes]).toEqual([mode, mode])
    bus.memory.write(vramGpa, Uint8Array.of(0x11, 0x22, 0x33, 0), 0, 4)
    bus.memory.write(vramGpa + 20, Uint8Array.of(0xff, 0, 0, 0), 0, 4)
    const rect = { left: 0, top: 0, right: 1, bottom: 2 }
    expect(say({ type: 'Dirt', body: { videoOutput: 0, dirtCount: 1, dirt: [rect] } })).toEqual([])
    expect(dirt).toEqual([[rect]])
    const image = vsp.image()
    expect(Array.from(image?.data.subarray(0, 8) ?? [])).toEqual([0x33, 0x22, 0x11, 255, 0, 0, 0, 255])
    expect(Array.from(image?.data.subarray(20) ?? [])).toEqual([0, 0, 255, 255])
  })

  it('is read as it is: rows with gaps, an offset, only a region', async () => {
    const { bus, vsp, say } = await talking()
    say(request, location(BigInt(vramGpa)), situation({ width: 4, height: 3, pitch: 20, offset: 8 }))
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 4; x++) bus.memory.write(vramGpa + 8 + 20 * y + 4 * x, pixel(10 * y + x + 1), 0, 4)
    }
    const all = new Uint32Array(12)
    expect(vsp.copyPixels(new Uint8Array(all.buffer))).toBe(true)
    expect([...all]).toEqual([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24])
    const part = new Uint32Array(12)
    vsp.copyPixels(new Uint8Array(part.buffer), { left: 1, top: 1, right: 3, bottom: 9 })
    expect([...part]).toEqual([0, 0, 0, 0, 0, 12, 13, 0, 0, 22, 23, 0])
    expect(() => vsp.copyPixels(new Uint8Array(47))).toThrow(RangeError)
  })

  it('has 16 bits a pixel where the guest says so', async () => {
    const { bus, vsp, say } = await talking()
    say({ type: 'VersionRequest', body: { version: VideoVersion.V3_0 } })
    say(location(BigInt(vramGpa)), situation({ width: 4, height: 1, depth: 16 }))
    bus.memory.write(vramGpa, new Uint8Array(Uint16Array.of(0xf800, 0x07e0, 0x001f, 0xffff).buffer), 0, 8)
    const rgba = vsp.image()?.data ?? []
    expect(Array.from(rgba)).toEqual([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 255, 255])
    expect(vsp.mode?.depth).toBe(16)
  })

  it('goes when the guest says so, and with the channel', async () => {
    const { vsp, vsc, say, bus } = await showing()
    const modes: unknown[] = []
    vsp.on('mode', (mode) => modes.push(mode?.width))
    expect(say({ type: 'VramLocation', body: { userContext: 1n, isVramGpaSpecified: 0, vramGpa: 5n } })).toHaveLength(1)
    expect([vsp.image(), vsp.copyPixels(new Uint8Array(100_000))]).toEqual([undefined, false])
    say(location(BigInt(vramGpa)))
    expect(vsp.mode?.width).toBe(64)
    say(situation({ isActive: 0 }))
    say(situation())
    vsc.close()
    bus.settle()
    expect(modes).toEqual([undefined, 64, undefined, 64, undefined])
    expect([vsp.mode, vsp.version]).toEqual([undefined, undefined])
  })

  it.each([
    ['unaligned', 0x1001n, 'ALIGN'],
    ['outside memory', 0x1_0000_0000n, 'ACCESS'],
    ['at the end of memory', 32n * 1024n * 1024n, 'ACCESS'],
    ['where its end is outside memory', 32n * 1024n * 1024n - 4096n, 'ACCESS'],
    ['beyond what a number can hold', 0xffff_ffff_ffff_f000n, 'ACCESS'],
  ])('[VI-11] %s is refused, without an acknowledgement: what was shown before still is', async (_name, gpa, code) => {
    const { vsp, say, violations, closed } = await showing()
    expect(say(location(gpa))).toEqual([])
    expect(violations).toEqual([`video-vram-location ${code} body.vramGpa 17`])
    expect([vsp.mode?.width, closed]).toEqual([64, []])
  })

  it('[VI-11] changed while it is shown is shown from its new place', async () => {
    const { bus, vsp, say } = await showing()
    bus.memory.write(vramGpa, pixel(0x111111), 0, 4)
    bus.memory.write(vramGpa + 0x10_0000, pixel(0x222222), 0, 4)
    expect(vsp.image()?.data[0]).toBe(0x11)
    expect(say(location(BigInt(vramGpa + 0x10_0000)))).toHaveLength(1)
    expect(vsp.image()?.data[0]).toBe(0x22)
  })

  it('[VI-11] in memory that goes away is told of, and not thrown', async () => {
    class Shrinking extends BufferMemory {
      isGone = false
      override read(gpa: number, target: Uint8Array, offset: number, length: number): void {
        super.read(this.isGone && gpa >= vramGpa ? this.size : gpa, target, offset, length)
      }
      override direct(gpa: number, length: number): Uint8Array {
        return super.direct(this.isGone && gpa >= vramGpa ? this.size : gpa, length)
      }
    }
    const memory = new Shrinking(new ArrayBuffer(32 * 1024 * 1024))
    const { vsp, say, violations } = await talking({}, { memory })
    say(request, location(BigInt(vramGpa)), situation())
    memory.isGone = true
    expect(vsp.image()).toBeUndefined()
    expect(vsp.copyPixels(new Uint8Array(64 * 48 * 4), { left: 1, top: 1, right: 2, bottom: 2 })).toBe(false)
    expect(violations).toEqual(['video-framebuffer-gone ACCESS  0', 'video-framebuffer-gone ACCESS  0'])
  })

  it.each([
    ['no width', { width: 0 }, 'RANGE body.videoOutput 17'],
    ['no height', { height: 0 }, 'RANGE body.videoOutput 17'],
    ['24 bits a pixel', { depth: 24 }, 'RANGE body.videoOutput 17'],
    ['rows that overlap', { pitch: 255 }, 'RANGE body.videoOutput 17'],
    ['more than VRAM', { width: 2048, height: 1025 }, 'RANGE body.videoOutput 17'],
    [
      'the largest numbers',
      { width: 0xffff_ffff, height: 0xffff_ffff, pitch: 0xffff_ffff },
      'RANGE body.videoOutput 17',
    ],
    ['an offset that leaves too little', { offset: 8 * 1024 * 1024 - 100 }, 'RANGE body.videoOutput 17'],
    ['two screens', { count: 2 }, 'RANGE body.videoOutputCount 16'],
    ['no screen', { count: 0 }, 'RANGE body.videoOutputCount 16'],
  ])('a mode with %s is refused, and the one before stays', async (_name, mode, fault) => {
    const { vsp, say, violations } = await showing()
    expect(say(situation(mode))).toEqual([])
    expect(violations).toEqual([`video-situation ${fault}`])
    expect(vsp.mode).toEqual({ width: 64, height: 48, depth: 32, pitch: 256, offset: 0 })
  })
})

describe('dirt', () => {
  it('[VI-10] is cut to the screen; what is turned inside out or outside goes', async () => {
    const { vsp, say, violations } = await showing()
    const dirt: (readonly Rect[])[] = []
    vsp.on('dirt', (regions) => dirt.push(regions))
    const rects = [
      [-10, -10, 5, 5],
      [60, 40, 100, 100],
      [5, 5, 5, 9],
      [9, 9, 5, 20],
      [100, 0, 200, 10],
      [-0x8000_0000, -0x8000_0000, 0x7fff_ffff, 0x7fff_ffff],
    ].map(([left = 0, top = 0, right = 0, bottom = 0]) => ({ left, top, right, bottom }))
    const tell = (dirt: Rect[]) => say({ type: 'Dirt', body: { videoOutput: 0, dirtCount: dirt.length, dirt } })
    tell(rects)
    tell(rects.slice(2, 5))
    expect(dirt).toEqual([
      [
        { left: 0, top: 0, right: 5, bottom: 5 },
        { left: 60, top: 40, right: 64, bottom: 48 },
        { left: 0, top: 0, right: 64, bottom: 48 },
      ],
    ])
    expect(violations).toEqual([])
  })
})

const shape = { isArgb: 1, width: 2, height: 1, hotspotX: 1, hotspotY: 0 }

describe('the pointer', () => {
  const place = (x: number, y: number, isVisible = 1): VideoContent => {
    return { type: 'PointerPosition', body: { isVisible, videoOutput: 0, imageX: x, imageY: y } }
  }
  const part = (partialIndex: number, length: number, more: Partial<typeof shape> = {}): VideoContent => {
    return {
      type: 'PointerShape',
      body: { partialIndex, ...shape, ...more, pixels: new Uint8Array(length).fill(partialIndex) },
    }
  }

  it('[B209] is taken without an answer, and can be drawn into the picture', async () => {
    const { vsp, say } = await showing()
    const told: unknown[] = []
    vsp.on('pointer', ({ isVisible, x, y, shape }) => told.push([isVisible, x, y, shape?.width]))
    const pixels = Uint8Array.of(10, 20, 30, 255, 255, 255, 255, 128)
    expect(say(place(3, 2), { type: 'PointerShape', body: { partialIndex: 255, ...shape, pixels } })).toEqual([])
    expect(told).toEqual([
      [true, 3, 2, undefined],
      [true, 3, 2, 2],
    ])
    const at = (x: number, y: number, pointer: boolean) => {
      const { data, width } = vsp.image({ pointer }) ?? { data: [], width: 0 }
      return Array.from(data.slice(4 * (y * width + x), 4 * (y * width + x) + 4))
    }
    expect([at(3, 2, true), at(4, 2, true), at(5, 2, true)]).toEqual([
      [30, 20, 10, 255],
      [128, 128, 128, 255],
      [0, 0, 0, 255],
    ])
    expect(at(3, 2, false)).toEqual([0, 0, 0, 255])
    say(place(3, 2, 0))
    expect(at(3, 2, true)).toEqual([0, 0, 0, 255])
    say(place(-1, 47), place(63, 0))
    expect([at(63, 0, true), at(0, 1, true)]).toEqual([
      [30, 20, 10, 255],
      [0, 0, 0, 255],
    ])
  })

  it('with masks keeps, clears, sets and turns round what is below', async () => {
    const { bus, vsp, say } = await showing()
    bus.memory.write(vramGpa, new Uint8Array(16).fill(0x33), 0, 16)
    // AND 0 0 1 1, XOR 0 1 0 1: black, white, as it was, turned round.
    const pixels = Uint8Array.of(0b0011_0000, 0b0101_0000)
    say(place(0, 0), { type: 'PointerShape', body: { partialIndex: 255, ...shape, isArgb: 0, width: 4, pixels } })
    const { data } = vsp.image({ pointer: true }) ?? { data: [] }
    expect(Array.from(data.slice(0, 16)).filter((_, index) => index % 4 === 0)).toEqual([0, 255, 0x33, 0xcc])
  })

  it('comes in parts', async () => {
    const { vsp, say, violations } = await showing()
    const large = { width: 96, height: 96 }
    say(part(0, 8192, large), part(1, 8192, large), part(2, 8192, large), part(3, 8192, large))
    expect(vsp.pointer.shape).toBeUndefined()
    say(part(255, 4096, large))
    expect(vsp.pointer.shape?.pixels.length).toBe(36864)
    expect([vsp.pointer.shape?.pixels[8191], vsp.pointer.shape?.pixels[8192]]).toEqual([0, 1])
    expect(violations).toEqual([])
  })

  it.each<[string, VideoContent[]]>([
    ['too wide', [part(255, 97 * 4, { width: 97 })]],
    ['too high', [part(255, 97 * 8, { height: 97 })]],
    ['as large as numbers go', [part(0, 8, { width: 0xffff_ffff, height: 0xffff_ffff })]],
    ['empty', [part(255, 0, { width: 0 })]],
    ['with fewer pixels than it has', [part(255, 7)]],
    ['with more pixels than it has', [part(255, 9)]],
    ['that starts with its second part', [part(1, 4)]],
    ['with a part left out', [part(0, 4, { height: 3 }), part(2, 4, { height: 3 })]],
    ['with a part twice', [part(0, 4, { height: 3 }), part(0, 4, { height: 3 })]],
    ['whose parts differ in size', [part(0, 8, { height: 2 }), part(255, 16, { height: 3 })]],
    ['whose parts differ in kind', [part(0, 4), part(255, 4, { isArgb: 0 })]],
  ])('[VI-13] %s is refused, and the next one is taken', async (_name, parts) => {
    const { vsp, say, violations } = await showing()
    say(...parts)
    expect(violations).toEqual(['video-pointer-shape RANGE body 8'])
    expect(vsp.pointer.shape).toBeUndefined()
    say(part(255, 8))
    expect(vsp.pointer.shape?.width).toBe(2)
  })
})

describe('bad messages', () => {
  it.each([
    ['type 0', 0, 12, 'bad-packet TYPE  0'],
    ['type 17', 17, 12, 'bad-packet TYPE  0'],
    ['a message of the host’s', 2, 12, 'bad-packet TYPE  0'],
    ['a size that is not the packet’s', 1, 13, 'bad-packet LENGTH header.size 4'],
    ['size 0', 1, 0, 'bad-packet LENGTH header.size 4'],
  ])('[VI-14] %s: a report, and the channel goes on', async (_name, type, size, fault) => {
    const { say, violations, closed } = await talking()
    const bytes = encodeVideo(request)
    bytes[0] = type
    bytes[4] = size
    expect(say(bytes)).toEqual([])
    expect(violations).toEqual([fault])
    expect(closed).toEqual([])
    expect(say(request)).toHaveLength(1)
  })

  it('a message cut off anywhere: a report', async () => {
    const { say, violations } = await showing()
    const bytes = encodeVideo(situation())
    for (let length = 0; length < bytes.length; length++) say(bytes.subarray(0, length))
    expect(violations).toHaveLength(bytes.length)
    expect(violations.every((line) => line.startsWith('bad-packet SHORT'))).toBe(true)
  })
})

describe('what the host wants', () => {
  it('[B209] goes out as a feature change with the first mode, and at any time after it', async () => {
    const { bus, vsp, vsc, say } = await talking()
    const body = { isDirtNeeded: 0, isPointerPositionNeeded: 1, isPointerShapeNeeded: 1, isSituationNeeded: 1 }
    expect(vsp.want({ dirt: false })).toBe(false)
    expect(say(request, location(BigInt(vramGpa)), situation()).map(({ type }) => type)).toEqual([
      'VersionResponse',
      'VramLocationAck',
      'SituationUpdateAck',
      'FeatureChange',
    ])
    expect(vsc.heard.at(-1)).toEqual({ type: 'FeatureChange', body })
    vsc.heard.length = 0
    expect(vsp.want({ situation: false })).toBe(true)
    bus.settle()
    expect(vsc.heard).toEqual([{ type: 'FeatureChange', body: { ...body, isSituationNeeded: 0 } }])
    expect(say(situation())).toHaveLength(1)
  })

  it('another resolution goes out as an EDID, from 3.4 on', async () => {
    const { bus, vsp, vsc, say } = await talking()
    say({ type: 'VersionRequest', body: { version: VideoVersion.V3_4 } })
    vsc.heard.length = 0
    expect(vsp.requestMode({ width: 1280, height: 720 })).toBe(true)
    bus.settle()
    const [change] = vsc.heard
    if (change?.type !== 'FeatureChangeV2') throw new Error('no change')
    const [timing] = parseEdid(change.body.edid).timings
    expect([timing?.horizontal.active, timing?.vertical.active]).toEqual([1280, 720])
    expect(() => vsp.requestMode({ width: 5000, height: 720 })).toThrow(RangeError)
    const old = await talking()
    old.say({ type: 'VersionRequest', body: { version: VideoVersion.V3_3 } })
    expect(old.vsp.requestMode({ width: 1280, height: 720 })).toBe(false)
  })
})
