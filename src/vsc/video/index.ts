/**
 * The synthetic video device's driver in a child partition: it draws.
 *
 * @module
 */
import type { Channel, PageRun } from '../../channels/index.ts'
import { type Monitor, parseEdid } from '../../devices/edid/index.ts'
import {
  encodeVideo,
  maxResolutions,
  type PointerShape,
  pointerParts,
  type Rect,
  type Resolution,
  sizedVideoMessages,
  type VideoContent,
  type VideoMessage,
  type VideoMode,
  VideoVersion,
} from '../../devices/video/index.ts'
import { PAGE_SIZE } from '../../memory/index.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { isWireError, type WireContext } from '../../wire/index.ts'
import { MessageVsc } from '../message-vsc.ts'
import { Canvas } from './canvas.ts'

export { Canvas, type TextLook } from './canvas.ts'

/** How a screen is driven; everything has a default. */
export interface VideoVscOptions {
  /** Versions to ask for, in this order. Default 3.5, then 3.2, as Linux. */
  readonly versions?: readonly number[]
  /** The resolution to begin with. By default the one that the host prefers, or 1024×768 where it says nothing usable. */
  readonly resolution?: Resolution
  /** Bits a pixel. Default 32. */
  readonly depth?: 16 | 32
}

/** What a screen's driver tells. */
export interface VideoVscEvents {
  /** Another mode is set, by this end or because the host asked: the canvas is a new one, and black. */
  mode: (mode: VideoMode) => void
}

/** What the host asks to be told of. */
type Needs = Extract<VideoMessage, { type: 'FeatureChange' }>['body']

/** A question to the host that is not answered yet. */
interface Question {
  readonly answer: VideoMessage['type']
  /** The answer's user context, where it has one. */
  readonly context: bigint | undefined
  readonly done: (message: VideoMessage | undefined) => void
}

const everything: Needs = { isDirtNeeded: 1, isPointerPositionNeeded: 1, isPointerShapeNeeded: 1, isSituationNeeded: 1 }
const fallback: Resolution = { width: 1024, height: 768 }
/** What a list of resolutions is told apart by when it is broken. */
const listField = /^body\.(edid|resolution|defaultResolution|isStandard)/

/**
 * The driver of a screen. It is ready when the host shows its framebuffer; then {@link canvas} draws, and {@link flush} tells the
 * host what changed. When the host asks for another resolution (from 3.4 on), it changes to it, if it fits.
 *
 * Source of the conversation: Linux drivers/gpu/drm/hyperv/hyperv_drm_proto.c.
 */
export class VideoVsc extends MessageVsc<VideoMessage, VideoVscEvents> {
  readonly binds = { interfaceId: DeviceId.Video }
  /** Room for the parts of a pointer and some dirt. */
  readonly ringBytes = { send: 65536, receive: 16384 }
  protected readonly messages = sizedVideoMessages
  readonly #options: VideoVscOptions
  #versions: readonly number[] = []
  #version: number | undefined
  #resolutions: readonly Resolution[] = []
  #monitor: Monitor | undefined
  #vram: PageRun | undefined
  #mode: VideoMode | undefined
  #canvas: Canvas | undefined
  #needs = everything
  #pointer = { isVisible: 0, videoOutput: 0, imageX: 0, imageY: 0 }
  #shape: PointerShape | undefined
  #questions: Question[] = []
  #contexts = 0n

  constructor(options: VideoVscOptions = {}) {
    super()
    this.#options = options
  }

  /** The version that was agreed on (see VideoVersion). */
  get version(): number | undefined {
    return this.#version
  }

  /** What the host offers and VRAM has room for. */
  get resolutions(): readonly Resolution[] {
    return this.#resolutions
  }

  /** The monitor as the host describes it; `undefined` where it does not. */
  get monitor(): Monitor | undefined {
    return this.#monitor
  }

  get mode(): VideoMode | undefined {
    return this.#mode
  }

  /** What is drawn on. A change of mode makes a new one. Throws while the driver is not ready. */
  get canvas(): Canvas {
    if (this.#canvas === undefined) throw new Error('the screen has no mode yet')
    return this.#canvas
  }

  /** Tells the host what was drawn since the last call. */
  flush(): void {
    this.tell(this.#canvas?.takeDirt() ?? [])
  }

  /** Tells the host what changed, unless it does not want to know: at most 255 rectangles. {@link flush} does so for the canvas. */
  tell(dirt: readonly Rect[]): void {
    if (dirt.length === 0 || this.#needs.isDirtNeeded === 0) return
    this.#send({ type: 'Dirt', body: { videoOutput: 0, dirtCount: dirt.length, dirt: [...dirt] } })
  }

  /** Moves the pointer, and shows it: `x`, `y` is where it points. */
  movePointer(x: number, y: number): void {
    const { hotspotX = 0, hotspotY = 0 } = this.#shape ?? {}
    this.#pointer = { isVisible: 1, videoOutput: 0, imageX: x - hotspotX, imageY: y - hotspotY }
    this.#sendPointer()
  }

  hidePointer(): void {
    this.#pointer = { ...this.#pointer, isVisible: 0 }
    this.#sendPointer()
  }

  /** Gives the pointer another look. Throws `RangeError` for a shape that is none. */
  setPointer(shape: PointerShape): void {
    pointerParts(shape)
    this.#shape = shape
    this.#sendShape()
  }

  /** Sets another mode. Answers when the host shows it. Breaks with a `RangeError` for one that VRAM has no room for. */
  async setMode(resolution: Resolution): Promise<void> {
    const mode = this.#modeOf(resolution)
    if (mode === undefined || modeBytes(mode) > this.#vramBytes) {
      throw new RangeError(`no room for ${resolution.width}×${resolution.height} in ${this.#vramBytes} bytes`)
    }
    await this.#asked(`mode ${mode.width}×${mode.height}`, (done) => this.#setMode(mode, done))
  }

  /** Whether the firmware can stop the device. From 3.3 on. */
  async biosInfo(): Promise<{ readonly isStopDeviceSupported: boolean }> {
    const message = await this.#query('BiosInfoRequest', 'BiosInfoResponse')
    return { isStopDeviceSupported: message.type === 'BiosInfoResponse' && message.body.flags.isStopDeviceSupported }
  }

  /** What the host can do. From 3.5 on. */
  async capabilities(): Promise<{ readonly isLockOnDisconnect: boolean }> {
    const message = await this.#query('CapabilityRequest', 'CapabilityResponse')
    return { isLockOnDisconnect: message.type === 'CapabilityResponse' && message.body.flags.isLockOnDisconnect }
  }

  protected override get context(): WireContext {
    return this.#version === undefined ? { from: 'host' } : { from: 'host', version: this.#version }
  }

  protected override onOpen(): void {
    this.#versions = this.#options.versions ?? [VideoVersion.V3_5, VideoVersion.V3_2]
    this.#negotiate()
  }

  protected override onMessage(message: VideoMessage): void {
    if (message.type === 'FeatureChange' || message.type === 'FeatureChangeV2') {
      this.#featuresChanged(message.body)
      if (message.type === 'FeatureChangeV2') this.#monitorChanged(message.body.edid)
      return
    }
    const asked = this.#questions.filter(({ answer }) => answer === message.type)
    const question = asked.find(({ context }) => context === contextOf(message))
    if (question === undefined) {
      this.#report(asked.length === 0 ? 'STATE' : 'UNKNOWN-ID', `${message.type} that answers no question`)
      return
    }
    this.#questions = this.#questions.filter((other) => other !== question)
    question.done(message)
  }

  /** A list of resolutions that is none is as good as no list (VI-02). */
  protected override onBadMessage(violation: Violation, channel: Channel): void {
    super.onBadMessage(violation, channel)
    if (!listField.test(violation.field)) return
    const question = this.#questions.find(({ answer }) => answer === 'ResolutionResponse')
    this.#questions = this.#questions.filter((other) => other !== question)
    question?.done(undefined)
  }

  protected override onClose(): void {
    const questions = this.#questions
    this.#questions = []
    this.#version = undefined
    this.#mode = undefined
    this.#canvas = undefined
    this.#monitor = undefined
    this.#resolutions = []
    this.#needs = everything
    this.#pointer = { isVisible: 0, videoOutput: 0, imageX: 0, imageY: 0 }
    this.#shape = undefined
    if (this.#vram !== undefined) this.device?.endpoint.pages.free(this.#vram)
    this.#vram = undefined
    for (const { done } of questions) done(undefined)
  }

  #negotiate(): void {
    const [version, ...others] = this.#versions
    if (version === undefined) {
      this.fail('the host accepts none of the protocol versions')
      return
    }
    this.#versions = others
    this.#ask({ type: 'VersionRequest', body: { version } }, 'VersionResponse', (message) => {
      if (message?.type !== 'VersionResponse') return
      if (message.body.isAccepted === 0) {
        this.#negotiate()
        return
      }
      this.#version = version
      if (version >= VideoVersion.V3_4) this.#askResolutions()
      else this.#takeVram(undefined)
    })
  }

  #askResolutions(): void {
    const body = { maximumResolutionCount: maxResolutions }
    this.#ask({ type: 'ResolutionRequest', body }, 'ResolutionResponse', (message) => {
      if (this.channel?.isOpen !== true) return
      const list = message?.type === 'ResolutionResponse' ? message.body : undefined
      const preferred = list?.resolutions[list.defaultResolutionIndex]
      if (list !== undefined && (preferred === undefined || list.resolutionCount > maxResolutions)) {
        this.#report(
          'RANGE',
          `entry ${list.defaultResolutionIndex} of ${list.resolutionCount} resolutions as the default`,
        )
        this.#takeVram(undefined)
        return
      }
      if (list !== undefined) {
        this.#monitor = this.#readEdid(list.edid)
        const room = this.#offeredBytes
        // What counts is the room that a mode takes, not its sides (VI-07).
        this.#resolutions = list.resolutions.filter((resolution) => modeBytes(this.#modeOf(resolution)) <= room)
      }
      this.#takeVram(preferred)
    })
  }

  /** Takes memory for the largest mode that is offered, or at least for the one to begin with, and shows it to the host. */
  #takeVram(preferred: Resolution | undefined): void {
    const { device, channel } = this
    const first = this.#modeOf(this.#options.resolution ?? this.#usable(preferred) ?? this.#resolutions[0] ?? fallback)
    const least = modeBytes(first)
    const most = Math.max(least, ...this.#resolutions.map((resolution) => modeBytes(this.#modeOf(resolution))))
    if (device === undefined || channel === undefined || first === undefined || least > this.#offeredBytes) {
      this.fail(`no mode fits into ${this.#offeredBytes} bytes of VRAM`)
      return
    }
    const { pages } = device.endpoint
    this.#vram = pages.allocate(Math.ceil(most / PAGE_SIZE)) ?? pages.allocate(Math.ceil(least / PAGE_SIZE))
    if (this.#vram === undefined) {
      this.fail(`no ${least} bytes of guest memory for a framebuffer`)
      return
    }
    const vramGpa = BigInt(this.#vram.first * PAGE_SIZE)
    const userContext = ++this.#contexts
    const body = { userContext, isVramGpaSpecified: 1, vramGpa }
    const shown = (message: VideoMessage | undefined) => {
      if (message !== undefined) this.#setMode(first, (mode) => mode !== undefined && this.ready())
    }
    this.#ask({ type: 'VramLocation', body }, 'VramLocationAck', shown, userContext)
  }

  /** Sets a mode, which is known to fit. */
  #setMode(mode: VideoMode, done: (message: VideoMessage | undefined) => void): void {
    this.#tellSituation(mode, (message) => {
      const { channel } = this
      if (message !== undefined && channel !== undefined && this.#vram !== undefined) {
        this.#mode = mode
        this.#canvas = new Canvas(channel.memory, this.#vram.first * PAGE_SIZE, mode)
        this.#canvas.fill(0)
        this.emit('mode', mode)
      }
      done(message)
    })
  }

  #tellSituation({ width, height, depth, pitch }: VideoMode, done: Question['done']): void {
    const userContext = ++this.#contexts
    const pixels = { depthBits: depth, widthPixels: width, heightPixels: height, pitchBytes: pitch }
    const body = { userContext, videoOutputCount: 1, videoOutput: { isActive: 1, vramOffset: 0, ...pixels } }
    this.#ask({ type: 'SituationUpdate', body }, 'SituationUpdateAck', done, userContext)
  }

  /** What the host did not want before and wants now, it gets at once. Source: Mile.HyperV SYNTHVID_FEATURE_CHANGE_MESSAGE. */
  #featuresChanged(needs: Needs): void {
    const before = this.#needs
    const { isDirtNeeded, isPointerPositionNeeded, isPointerShapeNeeded, isSituationNeeded } = needs
    this.#needs = { isDirtNeeded, isPointerPositionNeeded, isPointerShapeNeeded, isSituationNeeded }
    const isNew = (need: keyof Needs) => before[need] === 0 && needs[need] !== 0
    const mode = this.#mode
    if (mode === undefined) return
    if (isNew('isSituationNeeded')) this.#tellSituation(mode, () => {})
    if (isNew('isPointerShapeNeeded')) this.#sendShape()
    if (isNew('isPointerPositionNeeded')) this.#sendPointer()
    if (isNew('isDirtNeeded')) {
      const all = { left: 0, top: 0, right: mode.width, bottom: mode.height }
      this.#send({ type: 'Dirt', body: { videoOutput: 0, dirtCount: 1, dirt: [all] } })
    }
  }

  #monitorChanged(edid: Uint8Array): void {
    this.#monitor = this.#readEdid(edid) ?? this.#monitor
    const [timing] = this.#monitor?.timings ?? []
    if (timing === undefined || this.#mode === undefined) return
    const mode = this.#modeOf({ width: timing.horizontal.active, height: timing.vertical.active })
    if (mode === undefined || modeBytes(mode) > this.#vramBytes) return
    if (mode.width !== this.#mode.width || mode.height !== this.#mode.height) this.#setMode(mode, () => {})
  }

  #readEdid(edid: Uint8Array): Monitor | undefined {
    // Some hosts leave it empty.
    if (edid.every((byte) => byte === 0)) return undefined
    try {
      return parseEdid(edid)
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#report(error.code, error.message)
      return undefined
    }
  }

  /** Bytes of VRAM that the offer speaks of. */
  get #offeredBytes(): number {
    return (this.device?.offer.offer.mmioMegabytes ?? 0) * 1024 * 1024
  }

  get #vramBytes(): number {
    return (this.#vram?.count ?? 0) * PAGE_SIZE
  }

  #usable(resolution: Resolution | undefined): Resolution | undefined {
    return this.#resolutions.find((usable) => usable === resolution)
  }

  #modeOf({ width, height }: Resolution): VideoMode | undefined {
    const { depth = 32 } = this.#options
    return width > 0 && height > 0 ? { width, height, depth, pitch: (width * depth) / 8, offset: 0 } : undefined
  }

  #sendPointer(): void {
    if (this.#needs.isPointerPositionNeeded !== 0) this.#send({ type: 'PointerPosition', body: this.#pointer })
  }

  #sendShape(): void {
    if (this.#shape === undefined || this.#needs.isPointerShapeNeeded === 0) return
    for (const body of pointerParts(this.#shape)) this.#send({ type: 'PointerShape', body })
  }

  #query(type: 'BiosInfoRequest' | 'CapabilityRequest', answer: VideoMessage['type']): Promise<VideoMessage> {
    return this.#asked(type, (done) => this.#ask({ type }, answer, done))
  }

  /** A promise of the host's answer. */
  #asked(what: string, ask: (done: (message: VideoMessage | undefined) => void) => void): Promise<VideoMessage> {
    const { device, channel } = this
    if (device === undefined || channel === undefined) return Promise.reject(new Error('the channel is not open'))
    return device.promise(`${what} on channel ${channel.channelId}`, (resolve, reject) => {
      ask((message) => (message === undefined ? reject(new Error('the channel was closed')) : resolve(message)))
    })
  }

  #ask(content: VideoContent, answer: VideoMessage['type'], done: Question['done'], context?: bigint): void {
    this.#questions = [...this.#questions, { answer, context, done }]
    this.#send(content)
  }

  #send(content: VideoContent): boolean {
    return this.sendMessage(encodeVideo(content))
  }

  #report(code: Violation['code'], why: string): void {
    const { channel } = this
    channel?.violation({ rule: 'video-bad-answer', code, field: '', offset: 0, why, channelId: channel.channelId })
  }
}

function modeBytes(mode: VideoMode | undefined): number {
  return mode === undefined ? Number.POSITIVE_INFINITY : mode.pitch * mode.height
}

/** What an acknowledgement repeats of what it answers. */
function contextOf(message: VideoMessage): bigint | undefined {
  const isAck = message.type === 'VramLocationAck' || message.type === 'SituationUpdateAck'
  return isAck ? message.body.userContext : undefined
}
