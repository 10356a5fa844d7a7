import { FrameKind, FrameReader } from './frames.ts'
import { ConversationLog, element, saveFile } from './page.ts'
import { ScreenView } from './screen-view.ts'

// The page of `vmbus guest --display`: pixels come as a stream, keys and mouse go back, one request at a time and in order.

/** Inputs that wait for their turn. */
const waiting: object[] = []
let isSending = false

function tell(input: object): void {
  waiting.push(input)
  if (!isSending) void sendAll()
}

async function sendAll(): Promise<void> {
  isSending = true
  while (waiting.length > 0) {
    const body = JSON.stringify(waiting.splice(0))
    await fetch('input', { method: 'POST', body }).catch(() => undefined)
  }
  isSending = false
}

async function main(): Promise<void> {
  const canvas = element('screen', HTMLCanvasElement)
  const view = new ScreenView(canvas, {
    key: (scanCode, isPressed) => tell({ scanCode, isPressed }),
    move: (x, y) => tell({ x, y }),
    button: (button, isPressed) => tell({ button, isPressed }),
    wheel: (notches) => tell({ notches }),
  })
  const log = new ConversationLog()
  element('save', HTMLButtonElement).addEventListener('click', () =>
    canvas.toBlob((blob) => blob !== null && saveFile('screen.png', blob)),
  )
  element('about', HTMLElement).textContent =
    'The root partition is here: it reads this picture out of the guest’s memory, where the guest’s own driver draws, and hands it the keys and the mouse of this page.'
  // The guest's own pointer, if it draws one, is in its picture.
  canvas.style.cursor = 'crosshair'

  const reader = new FrameReader()
  const text = new TextDecoder()
  const response = await fetch('frames')
  const stream = response.body?.getReader()
  for (let part = await stream?.read(); part?.value !== undefined; part = await stream?.read()) {
    for (const { kind, payload } of reader.take(part.value)) {
      const words = new DataView(payload.buffer)
      if (kind === FrameKind.Mode) view.resize(words.getUint16(0, true), words.getUint16(2, true))
      else if (kind === FrameKind.Pixels) {
        const [x = 0, y = 0, width = 0, height = 0] = [0, 2, 4, 6].map((at) => words.getUint16(at, true))
        view.draw({ width, height, data: new Uint8ClampedArray(payload.buffer, 8) }, x, y)
      } else if (kind === FrameKind.Log) log.add(JSON.parse(text.decode(payload)))
      else if (kind === FrameKind.Title) show(text.decode(payload))
    }
  }
  show('The guest has ended')
}

function show(title: string): void {
  document.title = title
  element('title', HTMLElement).textContent = title
}

void main()
