import { encodeVideo, type VideoContent, VideoMessage, VideoVersion } from '../src/devices/video/index.ts'
import { type Bus, type BusOptions, createBus, MessageVsc, MessageVsp } from '../src/index.ts'
import { DeviceId, InstanceId } from '../src/vmbus/device-ids.ts'
import type { Violation } from '../src/vmbus/violation.ts'
import { VideoVsp, type VideoVspOptions } from '../src/vsp/video/index.ts'

/** A driver that says what the test says, and keeps what it hears, each message by its name and body. */
export class SayingVsc extends MessageVsc<VideoMessage> {
  readonly binds = { interfaceId: DeviceId.Video }
  readonly heard: VideoContent[] = []
  protected readonly messages = VideoMessage

  /** Messages, or bytes of the test's own. */
  say(...messages: (VideoContent | Uint8Array)[]): void {
    for (const message of messages) this.sendMessage(message instanceof Uint8Array ? message : encodeVideo(message))
  }

  protected override onMessage({ header: _, ...content }: VideoMessage): void {
    this.heard.push(content)
  }
}

/** The same at the host's end. */
export class SayingVsp extends MessageVsp<VideoMessage> {
  readonly offer = {
    interfaceId: DeviceId.Video,
    instanceId: InstanceId.Video,
    pipe: 'message' as const,
    mmioMegabytes: 8,
  }
  readonly heard: VideoContent[] = []
  protected readonly messages = VideoMessage

  /** @param answer what it says to a message; nothing by default. */
  constructor(readonly answer: (content: VideoContent) => readonly (VideoContent | Uint8Array)[] = () => []) {
    super()
  }

  say(...messages: readonly (VideoContent | Uint8Array)[]): void {
    for (const message of messages) this.sendMessage(message instanceof Uint8Array ? message : encodeVideo(message))
  }

  protected override onMessage({ header: _, ...content }: VideoMessage): void {
    this.heard.push(content)
    this.say(...this.answer(content))
  }
}

/** Violations of one end: `rule code field offset`. */
export function violationsAt(bus: Bus, end: 'host' | 'guest'): string[] {
  const lines: string[] = []
  const line = ({ rule, code, field, offset }: Violation) => `${rule} ${code} ${field} ${offset}`
  bus.events.on('violation', ({ at, violation }) => {
    if (at === end) lines.push(line(violation))
  })
  return lines
}

export const request: VideoContent = { type: 'VersionRequest', body: { version: VideoVersion.V3_5 } }

/** Where the tests' framebuffer lies. */
export const vramGpa = 0x80_0000

export function location(gpa: bigint, userContext = 7n): VideoContent {
  return { type: 'VramLocation', body: { userContext, isVramGpaSpecified: 1, vramGpa: gpa } }
}

interface Mode {
  readonly width?: number
  readonly height?: number
  readonly depth?: number
  readonly pitch?: number
  readonly offset?: number
  readonly count?: number
  readonly isActive?: number
}

export function situation(mode: Mode = {}, userContext = 8n): VideoContent {
  const { width = 64, height = 48, depth = 32, pitch = (width * depth) / 8, offset = 0, count = 1, isActive = 1 } = mode
  const pixels = { depthBits: depth, widthPixels: width, heightPixels: height, pitchBytes: pitch }
  const body = { userContext, videoOutputCount: count, videoOutput: { isActive, vramOffset: offset, ...pixels } }
  return { type: 'SituationUpdate', body }
}

/** A screen and a driver that says what the test says, the version agreed on. */
export async function talking(options: VideoVspOptions = {}, busOptions: BusOptions = {}) {
  const bus = createBus({ memorySize: 32 * 1024 * 1024, ...busOptions })
  const violations = violationsAt(bus, 'host')
  const vsp = new VideoVsp(options)
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(SayingVsc)
  const closed: string[] = []
  vsp.on('close', (_channel, reason) => closed.push(reason))
  /** Says it, and answers what the host answers. */
  const say = (...messages: (VideoContent | Uint8Array)[]): VideoContent[] => {
    vsc.heard.length = 0
    vsc.say(...messages)
    bus.settle()
    return [...vsc.heard]
  }
  return { bus, vsp, vsc, say, violations, closed }
}

/** The same with a framebuffer at {@link vramGpa}, and a mode of 64×48. */
export async function showing(options: VideoVspOptions = {}) {
  const all = await talking(options)
  all.say(request, location(BigInt(vramGpa)), situation())
  return all
}
