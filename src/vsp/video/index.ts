/**
 * The synthetic video device in the root partition: a screen whose framebuffer lies in guest memory.
 *
 * @module
 */
import type { Channel, Completion } from '../../channels/index.ts'
import { buildEdid } from '../../devices/edid/index.ts'
import {
  clipRect,
  drawPointer,
  encodeVideo,
  modeOf,
  PointerAssembly,
  type PointerShape,
  type Rect,
  type Resolution,
  type RgbaImage,
  sizedVideoMessages,
  toRgba,
  type VideoContent,
  type VideoMessage,
  type VideoMode,
  VideoVersion,
} from '../../devices/video/index.ts'
import { MemoryFault } from '../../memory/index.ts'
import { DeviceId, InstanceId } from '../../vmbus/device-ids.ts'
import type { OfferParams } from '../../vmbus/server/effects.ts'
import type { WireErrorCode } from '../../wire/index.ts'
import { MessageVsp } from '../message-vsp.ts'
import { Framebuffer } from './framebuffer.ts'
import { Offered, type VideoVspOptions } from './options.ts'

export type { VideoVspOptions } from './options.ts'

/** The guest's pointer. */
export interface Pointer {
  readonly isVisible: boolean
  /** Upper left pixel of its picture; the pixel that points is the hotspot away from it. */
  readonly x: number
  readonly y: number
  readonly shape: PointerShape | undefined
}

/** What a screen wants to be told of. By default all; Linux tells of no dirt before it was asked to. */
export interface VideoNeeds {
  readonly dirt: boolean
  readonly pointerPosition: boolean
  readonly pointerShape: boolean
  readonly situation: boolean
}

/** What a screen tells of itself. */
export interface VideoVspEvents {
  /** The guest speaks this version (see VideoVersion). */
  accepted: (version: number) => void
  /** The guest asked for a version that there is not; it may ask for another. */
  refused: (version: number) => void
  /** The guest set a mode; without one the screen is dark. */
  mode: (mode: VideoMode | undefined) => void
  /** The guest changed these regions; they lie on the screen. */
  dirt: (regions: readonly Rect[]) => void
  /** The pointer moved, came, went, or looks otherwise. */
  pointer: (pointer: Pointer) => void
}

const everything: VideoNeeds = { dirt: true, pointerPosition: true, pointerShape: true, situation: true }
const noPointer: Pointer = { isVisible: false, x: 0, y: 0, shape: undefined }

/**
 * A screen. The guest says where its framebuffer lies and in which mode; what it draws is seen by {@link copyPixels} and
 * {@link image}, and what changed is told by `dirt`.
 *
 * Source: OpenVMM video_core; where behaviour 209 leaves a choice, bad messages are reported and dropped, and bad states stop the channel.
 */
export class VideoVsp extends MessageVsp<VideoMessage, VideoVspEvents> {
  readonly offer: OfferParams
  protected readonly messages = sizedVideoMessages
  readonly #offered: Offered
  #version: number | undefined
  #framebuffer: Framebuffer | undefined
  #assembly = new PointerAssembly()
  #pointer = noPointer
  #needs = everything
  /** Whether the guest has been told what is wanted, which it is with its first mode. */
  #hasSaidNeeds = false

  constructor(options: VideoVspOptions = {}) {
    super()
    this.#offered = new Offered(options)
    this.offer = {
      interfaceId: DeviceId.Video,
      instanceId: options.instanceId ?? InstanceId.Video,
      pipe: 'message',
      mmioMegabytes: this.#offered.vramMegabytes,
    }
  }

  /** The version that was agreed on (see VideoVersion), once there is one. */
  get version(): number | undefined {
    return this.#version
  }

  /** The mode; `undefined` while the screen is dark. */
  get mode(): VideoMode | undefined {
    return this.#framebuffer?.mode
  }

  get pointer(): Pointer {
    return this.#pointer
  }

  /**
   * Copies pixels as the guest has them: 32 bits (blue, green, red, unused) or 16 (RGB 5-6-5), rows without gaps.
   *
   * @param target has room for the whole screen: width × height × depth / 8 bytes.
   * @param region only these pixels, to their places in `target`; default all.
   *
   * Answers false, and reports why, when the screen is dark or guest memory has gone. Throws `RangeError` when `target` is too small.
   */
  copyPixels(target: Uint8Array, region?: Rect): boolean {
    const { channel } = this
    const framebuffer = this.#framebuffer
    const mode = framebuffer?.mode
    if (channel === undefined || framebuffer === undefined || mode === undefined) return false
    const { width, height } = mode
    const visible = clipRect(region ?? { left: 0, top: 0, right: width, bottom: height }, width, height)
    if (visible === undefined) return true
    try {
      framebuffer.copy(target, visible, mode)
      return true
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      this.#refuse(channel, 'video-framebuffer-gone', 'ACCESS', '', 0, error.message)
      return false
    }
  }

  /** The picture as it is now, with the pointer over it if that is wanted; `undefined` while the screen is dark. */
  image({ pointer = false }: { readonly pointer?: boolean } = {}): RgbaImage | undefined {
    const { mode } = this
    if (mode === undefined) return undefined
    const { width, height, depth } = mode
    const pixels = new Uint8Array((width * height * depth) / 8)
    if (!this.copyPixels(pixels)) return undefined
    const data = new Uint8ClampedArray(width * height * 4)
    toRgba(pixels, 0, depth, data, 0, width * height)
    const { isVisible, shape, x, y } = this.#pointer
    if (pointer && isVisible && shape !== undefined) drawPointer({ width, height, data }, shape, x, y)
    return { width, height, data }
  }

  /** Says what the guest is to tell of; what is new among it, it tells at once. False: it will hear of it with its first mode. */
  want(needs: Partial<VideoNeeds>): boolean {
    this.#needs = { ...this.#needs, ...needs }
    return this.#hasSaidNeeds && this.#send({ type: 'FeatureChange', body: this.#changes() })
  }

  /**
   * Asks the guest to change to another resolution, by an EDID that prefers it. Stock Linux takes no notice. False when the guest
   * speaks a version before 3.4. Throws `RangeError` for a resolution that an EDID cannot tell.
   */
  requestMode({ width, height }: Resolution): boolean {
    const edid = buildEdid({ width, height })
    if (this.#version === undefined || this.#version < VideoVersion.V3_4) return false
    return this.#send({ type: 'FeatureChangeV2', body: { ...this.#changes(), edid } })
  }

  protected override onOpen(channel: Channel): void {
    this.#framebuffer = new Framebuffer(channel.memory)
  }

  protected override onMessage(message: VideoMessage, { channel }: Completion): void {
    const isRequest = message.type === 'VersionRequest'
    if (isRequest !== (this.#version === undefined)) {
      const when = isRequest ? 'after' : 'before'
      channel.fail({
        rule: 'video-unexpected-message',
        code: 'STATE',
        field: 'header.messageType',
        offset: 0,
        why: `${message.type} ${when} the version was agreed on`,
        channelId: channel.channelId,
      })
      return
    }
    switch (message.type) {
      case 'VersionRequest':
        this.#negotiate(message.body.version)
        break
      case 'VramLocation':
        this.#locate(message.body, channel)
        break
      case 'SituationUpdate':
        this.#situation(message.body, channel)
        break
      case 'PointerPosition': {
        const { isVisible, imageX: x, imageY: y } = message.body
        this.#setPointer({ ...this.#pointer, isVisible: isVisible !== 0, x, y })
        break
      }
      case 'PointerShape': {
        const shape = this.#assembly.add(message.body)
        if (typeof shape === 'string')
          this.#refuse(channel, 'video-pointer-shape', 'RANGE', 'body', 8, `a pointer: ${shape}`)
        else if (shape !== undefined) this.#setPointer({ ...this.#pointer, shape })
        break
      }
      case 'Dirt':
        this.#dirt(message.body.dirt)
        break
      case 'BiosInfoRequest':
        this.#send({ type: 'BiosInfoResponse', body: { flags: { isStopDeviceSupported: true } } })
        break
      case 'ResolutionRequest':
        this.#tellResolutions(message.body.maximumResolutionCount)
        break
      case 'CapabilityRequest':
        this.#send({ type: 'CapabilityResponse', body: { flags: { isLockOnDisconnect: false } } })
        break
    }
  }

  protected override onClose(): void {
    const wasLit = this.mode !== undefined
    this.#version = undefined
    this.#framebuffer = undefined
    this.#assembly = new PointerAssembly()
    this.#pointer = noPointer
    this.#hasSaidNeeds = false
    if (wasLit) this.emit('mode', undefined)
  }

  /** Any minor version is spoken; newer messages of the guest's are answered whatever it asked for (behaviour 206). */
  #negotiate(version: number): void {
    const isAccepted = (version & 0xffff) === 3
    this.#send({ type: 'VersionResponse', body: { version, isAccepted: isAccepted ? 2 : 0, maxVideoOutputs: 1 } })
    if (isAccepted) {
      this.#version = version
      this.emit('accepted', version)
    } else {
      this.emit('refused', version)
    }
  }

  #locate(body: Body<'VramLocation'>, channel: Channel): void {
    const before = this.mode
    const fault = this.#framebuffer?.place(body.isVramGpaSpecified === 0 ? undefined : body.vramGpa)
    if (fault !== undefined) {
      this.#refuse(channel, 'video-vram-location', fault.code, 'body.vramGpa', 17, fault.why)
      return
    }
    this.#send({ type: 'VramLocationAck', body: { userContext: body.userContext } })
    if (this.mode !== before) this.emit('mode', this.mode)
  }

  #situation({ userContext, videoOutputCount, videoOutput }: Body<'SituationUpdate'>, channel: Channel): void {
    const refuse = (code: WireErrorCode, field: string, offset: number, why: string) =>
      this.#refuse(channel, 'video-situation', code, field, offset, why)
    if (videoOutputCount !== 1) {
      refuse('RANGE', 'body.videoOutputCount', 16, `${videoOutputCount} screens`)
      return
    }
    const vramBytes = this.#offered.vramMegabytes * 1024 * 1024
    const mode = videoOutput.isActive === 0 ? undefined : modeOf(videoOutput, vramBytes)
    if (typeof mode === 'string') {
      refuse('RANGE', 'body.videoOutput', 17, mode)
      return
    }
    const fault = this.#framebuffer?.set(mode)
    if (fault !== undefined) {
      refuse(fault.code, 'body.videoOutput', 17, fault.why)
      return
    }
    this.#send({ type: 'SituationUpdateAck', body: { userContext } })
    if (!this.#hasSaidNeeds) {
      this.#hasSaidNeeds = true
      this.want({})
    }
    this.emit('mode', this.mode)
  }

  #dirt(rects: readonly Rect[]): void {
    const { mode } = this
    if (mode === undefined) return
    const regions: Rect[] = []
    for (const rect of rects) {
      const region = clipRect(rect, mode.width, mode.height)
      if (region !== undefined) regions.push(region)
    }
    if (regions.length > 0) this.emit('dirt', regions)
  }

  /** A guest that takes fewer than a whole list gets none (behaviour 208). */
  #tellResolutions(most: number): void {
    const { edid, resolutions, defaultIndex } = this.#offered
    const offered = most < 64 ? [] : [...resolutions]
    const body = { edid, resolutionCount: offered.length, defaultResolutionIndex: defaultIndex, isStandard: 0 }
    this.#send({ type: 'ResolutionResponse', body: { ...body, resolutions: offered } })
  }

  #setPointer(pointer: Pointer): void {
    this.#pointer = pointer
    this.emit('pointer', pointer)
  }

  #changes() {
    const { dirt, pointerPosition, pointerShape, situation } = this.#needs
    return {
      isDirtNeeded: Number(dirt),
      isPointerPositionNeeded: Number(pointerPosition),
      isPointerShapeNeeded: Number(pointerShape),
      isSituationNeeded: Number(situation),
    }
  }

  #send(content: VideoContent): boolean {
    return this.sendMessage(encodeVideo(content))
  }

  #refuse(channel: Channel, rule: string, code: WireErrorCode, field: string, offset: number, why: string): void {
    channel.violation({ rule, code, field, offset, why, channelId: channel.channelId })
  }
}

type Body<T extends VideoMessage['type']> = Extract<VideoMessage, { type: T; body: unknown }>['body']
