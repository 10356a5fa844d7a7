import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { FrameKind, frame } from '../browser/frames.ts'
import { lineOf } from '../browser/log-line.ts'
import { packetBytes } from '../channels/channel/packet-bytes.ts'
import type { Conversation } from '../channels/index.ts'
import { isMouseButton } from '../devices/mouse/index.ts'
import { type Rect, toRgba } from '../devices/video/index.ts'
import { deviceDecoders } from '../trace/index.ts'
import { Session } from '../vmbus/session.ts'
import type { KeyboardVsp } from '../vsp/keyboard.ts'
import type { MouseVsp } from '../vsp/mouse.ts'
import type { VideoVsp } from '../vsp/video/index.ts'
import { property } from '../wire/property.ts'

/** What a page shows and what it takes input for. */
export interface Displayed {
  readonly title: string
  readonly video: VideoVsp
  readonly keyboard: KeyboardVsp
  readonly mouse: MouseVsp
  readonly events: Conversation
}

/** Milliseconds between pictures. */
const period = 40
/** Regions that are kept apart until the next picture. */
const mostRegions = 32
/** Lines of the log that a new page gets. */
const mostLines = 100
/** Bytes of input in one request. */
const mostInput = 64 * 1024

/** The page's files, by name: built beside the command. */
const types: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'main.js': 'text/javascript',
}

/** A web server for one screen, on this machine only: any number of pages see it, and give it keys and mouse. */
export class DisplayServer {
  readonly #displayed: Displayed
  readonly #folder: URL
  readonly #server: Server
  readonly #viewers = new Set<Viewer>()
  readonly #timer: NodeJS.Timeout
  /** The last lines of the log, for pages that come later. */
  readonly #lines: Uint8Array[] = []
  /** The screen as it was seen last, as the guest has it. */
  #pixels = new Uint8Array(0)

  private constructor(displayed: Displayed, folder: URL) {
    this.#displayed = displayed
    this.#folder = folder
    this.#server = createServer((request, response) => this.#serve(request, response))
    this.#timer = setInterval(() => this.#show(), period)
    const { video, events } = displayed
    video.on('mode', () => {
      for (const viewer of this.#viewers) viewer.begin()
    })
    video.on('dirt', (regions) => {
      for (const viewer of this.#viewers) viewer.changed(regions)
    })
    const session = new Session({ decoders: deviceDecoders, channels: openChannels(displayed) })
    const from = (direction: 'sent' | 'received') => (direction === 'sent' ? 'host' : 'guest')
    const log = (entry: Parameters<typeof lineOf>[0]) => {
      const line = frame(FrameKind.Log, new TextEncoder().encode(JSON.stringify(lineOf(entry))))
      this.#lines.push(line)
      if (this.#lines.length > mostLines) this.#lines.shift()
      for (const viewer of this.#viewers) viewer.say(line)
    }
    events.on('message', (event) => log(session.message(from(event.direction), event.bytes)))
    events.on('packet', (event) => log(session.packet(from(event.direction), event.channelId, packetBytes(event))))
  }

  /** @param port 0: any that is free. @param folder of the page's files. */
  static async start(
    displayed: Displayed,
    port = 0,
    folder = new URL('display/', import.meta.url),
  ): Promise<DisplayServer> {
    const server = new DisplayServer(displayed, folder)
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    return server
  }

  get url(): string {
    const address = this.#server.address()
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}/`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    for (const viewer of this.#viewers) viewer.end()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', this.url)
    // Pages of other sites, also those that have their name lead to this machine, are to see nothing and to type nothing.
    const { origin, host } = request.headers
    if (`http://${host}/` !== this.url || (origin !== undefined && `${origin}/` !== this.url))
      response.writeHead(403).end()
    else if (pathname === '/frames') this.#view(response)
    else if (pathname === '/input' && request.method === 'POST') this.#takeInput(request, response)
    else this.#file(pathname === '/' ? 'index.html' : pathname.slice(1), response)
  }

  #file(name: string, response: ServerResponse): void {
    const type = Object.hasOwn(types, name) ? types[name] : undefined
    if (type === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': type }).end(readFileSync(new URL(name, this.#folder)))
  }

  #view(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
    const viewer = new Viewer(response)
    viewer.write(frame(FrameKind.Title, new TextEncoder().encode(this.#displayed.title)))
    for (const line of this.#lines) viewer.write(line)
    this.#viewers.add(viewer)
    response.on('close', () => this.#viewers.delete(viewer))
  }

  #takeInput(request: IncomingMessage, response: ServerResponse): void {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.length > mostInput) request.destroy()
    })
    request.on('end', () => {
      try {
        const inputs: unknown = JSON.parse(text)
        for (const input of Array.isArray(inputs) ? inputs : []) this.#input(input)
        response.writeHead(204).end()
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error
        response.writeHead(400).end()
      }
    })
  }

  #input(input: unknown): void {
    const { keyboard, mouse } = this.#displayed
    const [scanCode, x, y] = ['scanCode', 'x', 'y'].map((name) => property(input, name))
    const [button, notches] = ['button', 'notches'].map((name) => property(input, name))
    const isPressed = property(input, 'isPressed') === true
    if (typeof scanCode === 'number') isPressed ? keyboard.press(scanCode) : keyboard.release(scanCode)
    else if (typeof x === 'number' && typeof y === 'number') mouse.move(x, y)
    else if (typeof notches === 'number') mouse.wheel(notches)
    else if (typeof button === 'string' && isMouseButton(button)) {
      isPressed ? mouse.press(button) : mouse.release(button)
    }
  }

  /** Sends each viewer what has changed for it. */
  #show(): void {
    const { mode } = this.#displayed.video
    if (mode === undefined) return
    const bytes = (mode.width * mode.height * mode.depth) / 8
    if (this.#pixels.length !== bytes) this.#pixels = new Uint8Array(bytes)
    for (const viewer of this.#viewers) {
      for (const region of viewer.due(mode)) viewer.write(this.#picture(region))
    }
  }

  #picture(region: Rect): Uint8Array {
    const { video } = this.#displayed
    const { mode } = video
    if (mode === undefined || !video.copyPixels(this.#pixels, region)) return new Uint8Array(0)
    const [width, height] = [region.right - region.left, region.bottom - region.top]
    const pixels = new Uint8ClampedArray(width * height * 4)
    for (let y = 0; y < height; y++) {
      const from = ((region.top + y) * mode.width + region.left) * (mode.depth / 8)
      toRgba(this.#pixels, from, mode.depth, pixels, 4 * y * width, width)
    }
    const payload = new Uint8Array(8 + pixels.length)
    payload.set(new Uint8Array(Uint16Array.of(region.left, region.top, width, height).buffer))
    payload.set(pixels, 8)
    return frame(FrameKind.Pixels, payload)
  }
}

/** A page that looks at the screen. While it is slow, changes gather. */
class Viewer {
  readonly #response: ServerResponse
  #regions: Rect[] = []
  #isNew = true

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Another mode, or a new page: all is to be sent. */
  begin(): void {
    this.#isNew = true
  }

  changed(regions: readonly Rect[]): void {
    this.#regions.push(...regions)
    if (this.#regions.length > mostRegions) this.#regions = [this.#regions.reduce(around)]
  }

  /** What is to be sent now. */
  due({ width, height }: { readonly width: number; readonly height: number }): readonly Rect[] {
    if (this.#response.writableNeedDrain) return []
    const regions = this.#isNew ? [{ left: 0, top: 0, right: width, bottom: height }] : this.#regions
    if (this.#isNew) this.write(frame(FrameKind.Mode, new Uint8Array(Uint16Array.of(width, height).buffer)))
    this.#isNew = false
    this.#regions = []
    return regions
  }

  write(bytes: Uint8Array): void {
    this.#response.write(bytes)
  }

  /** What a slow page can do without. */
  say(bytes: Uint8Array): void {
    if (!this.#response.writableNeedDrain) this.write(bytes)
  }

  end(): void {
    this.#response.end()
  }
}

/** What the log cannot know of a conversation that it joins late. */
function openChannels({ video, keyboard, mouse }: Displayed) {
  const devices = [
    ['video', video],
    ['keyboard', keyboard],
    ['mouse', mouse],
  ] as const
  return devices.flatMap(([device, { channel }]) =>
    channel === undefined ? [] : [{ relid: channel.channelId, device }],
  )
}

function around(a: Rect, b: Rect): Rect {
  return {
    left: Math.min(a.left, b.left),
    top: Math.min(a.top, b.top),
    right: Math.max(a.right, b.right),
    bottom: Math.max(a.bottom, b.bottom),
  }
}
