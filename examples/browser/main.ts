import { lineOf } from '../../src/browser/log-line.ts'
import { ConversationLog, element, saveFile } from '../../src/browser/page.ts'
import { ScreenView } from '../../src/browser/screen-view.ts'
import { packetBytes } from '../../src/channels/channel/packet-bytes.ts'
import { createBus } from '../../src/index.ts'
import { encodePng } from '../../src/png/index.ts'
import { deviceDecoders } from '../../src/trace/index.ts'
import type { SessionEntry } from '../../src/vmbus/session/entry.ts'
import { Session } from '../../src/vmbus/session.ts'
import { versionText } from '../../src/vmbus/versions.ts'
import { KeyboardVsc } from '../../src/vsc/keyboard.ts'
import { MouseVsc } from '../../src/vsc/mouse.ts'
import { VideoVsc } from '../../src/vsc/video/index.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { MouseVsp } from '../../src/vsp/mouse.ts'
import { VideoVsp } from '../../src/vsp/video/index.ts'
import { Desktop } from './desktop.ts'

// Both partitions run in this page. The root has the page's canvas, keys and mouse, and hands them to the child as devices on VMBus;
// the child draws into its own memory, and has no other way to the page.

const resolutions = [
  { width: 640, height: 480 },
  { width: 800, height: 600 },
  { width: 1024, height: 768 },
]

async function main(): Promise<void> {
  const bus = createBus({ memorySize: 32 * 1024 * 1024 })
  showConversation(bus.events)

  const screen = new VideoVsp({ resolutions })
  const keyboard = new KeyboardVsp()
  const mouse = new MouseVsp()
  for (const device of [screen, keyboard, mouse]) bus.host.offer(device)
  showScreen(screen, keyboard, mouse)

  const display = await bus.guest.attach(VideoVsc)
  new Desktop(display, await bus.guest.attach(KeyboardVsc), await bus.guest.attach(MouseVsc))
  element('version', HTMLElement).textContent = `VMBus ${versionText(bus.guest.client.version)}`
}

/** The root's side of the devices: the page's canvas, keys and mouse. */
function showScreen(screen: VideoVsp, keyboard: KeyboardVsp, mouse: MouseVsp): void {
  const canvas = element('screen', HTMLCanvasElement)
  const view = new ScreenView(canvas, {
    key: (code, isPressed) => void (isPressed ? keyboard.press(code) : keyboard.release(code)),
    move: (x, y) => void mouse.move(x, y),
    button: (button, isPressed) => void (isPressed ? mouse.press(button) : mouse.release(button)),
    wheel: (notches) => void mouse.wheel(notches),
  })
  let isDue = false
  const show = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      const image = screen.image({ pointer: true })
      if (image === undefined) return
      view.resize(image.width, image.height)
      view.draw(image)
    })
  }
  for (const event of ['mode', 'dirt', 'pointer'] as const) screen.on(event, show)

  const modes = element('modes', HTMLElement)
  for (const resolution of resolutions) {
    const button = document.createElement('button')
    button.textContent = `${resolution.width} × ${resolution.height}`
    button.addEventListener('click', () => screen.requestMode(resolution))
    modes.append(button)
    screen.on('mode', (mode) => button.classList.toggle('is-set', mode?.width === resolution.width))
  }
  element('save', HTMLButtonElement).addEventListener('click', () => {
    const image = screen.image({ pointer: true })
    if (image === undefined) return
    saveFile('screen.png', new Blob([encodePng(image).slice()], { type: 'image/png' }))
  })
}

/** Everything that goes over the bus, as lines. */
function showConversation(events: ReturnType<typeof createBus>['events']): void {
  const session = new Session({ decoders: deviceDecoders })
  const log = new ConversationLog()
  const add = (entry: SessionEntry) => log.add(lineOf(entry))
  events.on('message', ({ at, direction, bytes }) => {
    if (direction === 'sent') add(session.message(at, bytes))
  })
  events.on('packet', (event) => {
    if (event.direction === 'sent') add(session.packet(event.at, event.channelId, packetBytes(event)))
  })
}

void main()
