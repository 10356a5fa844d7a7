import { decode } from 'fast-png'
import { scanCodeOf } from '../../src/browser/scan-codes.ts'
import type { LinuxGuest } from '../../src/guest/index.ts'
import { encodePng } from '../../src/png/index.ts'
import type { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import type { VideoVsp } from '../../src/vsp/video/index.ts'

/** Pixels of a letter on Linux's console at these resolutions. */
const cell = { width: 8, height: 16 } as const

/** All that can be seen of ASCII. */
export const visible: string = String.fromCharCode(...Array.from({ length: 0x7e - 0x20 }, (_, index) => 0x21 + index))

/** What a screen shows, as a PNG file of it has it. */
export function picture(video: VideoVsp): ReturnType<typeof decode> | undefined {
  const image = video.image({ pointer: true })
  return image && decode(encodePng(image))
}

/** Reads a text console by the looks of its letters, which it has to be shown first: no font is known here. */
export class ConsoleReader {
  readonly #letters = new Map<string, string>()

  constructor(readonly video: VideoVsp) {
    this.#letters.set('0'.repeat(cell.width * cell.height), ' ')
  }

  /** How many letters it knows, the blank included. */
  get known(): number {
    return this.#letters.size
  }

  /** Learns the letters of lines that the screen shows from its upper left corner on. */
  learn(lines: readonly string[]): void {
    for (const [row, line] of lines.entries()) {
      for (const [column, letter] of [...line].entries()) this.#letters.set(this.#looks(row, column), letter)
    }
  }

  /** The lines on the screen, blanks at their ends cut off; what it does not know is U+FFFD. */
  read(lines: number): string[] {
    const columns = Math.floor((this.video.mode?.width ?? 0) / cell.width)
    return Array.from({ length: lines }, (_, row) =>
      Array.from({ length: columns }, (_, column) => this.#letters.get(this.#looks(row, column)) ?? '\ufffd')
        .join('')
        .trimEnd(),
    )
  }

  /** Waits until the screen is as a test wants it. The guest shows what it draws when it has time for it. */
  async until(isSo: () => boolean, milliseconds = 20_000): Promise<void> {
    const end = performance.now() + milliseconds
    while (!this.#look(isSo)) {
      if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${this.read(4).join(' / ')}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Whether there is ink in a cell. */
  hasInk(row: number, column: number): boolean {
    return this.#looks(row, column).includes('1')
  }

  #picture: ReturnType<typeof decode> | undefined

  #look(isSo: () => boolean): boolean {
    this.#picture = picture(this.video)
    return this.#picture !== undefined && isSo()
  }

  #looks(row: number, column: number): string {
    const shown = this.#picture
    let looks = ''
    for (let y = row * cell.height; y < (row + 1) * cell.height; y++) {
      for (let x = column * cell.width; x < (column + 1) * cell.width; x++) {
        const at = 4 * (y * (shown?.width ?? 0) + x)
        looks += (shown?.data[at] ?? 0) > 0 ? '1' : '0'
      }
    }
    return looks
  }
}

const clear = '\\033[2J\\033[H\\033[?25l\\033[9;0]'

/** Empties the guest's console, without cursor and without a screen saver. */
export async function clearConsole(guest: LinuxGuest): Promise<void> {
  await guest.run(`printf '${clear}' >/dev/tty1`)
}

/** Shows every letter on the guest's console, and learns how it looks. */
export async function calibrate(guest: LinuxGuest, reader: ConsoleReader): Promise<void> {
  const lines = [visible.slice(0, 48), visible.slice(48)]
  const base64 = Buffer.from(lines.join('\n')).toString('base64')
  await clearConsole(guest)
  await guest.run(`echo ${base64} | base64 -d >/dev/tty1`)
  await reader.until(() => reader.hasInk(1, (lines[1]?.length ?? 0) - 1) && reader.hasInk(0, 47))
  reader.learn(lines)
}

/** Types letters, digits and blanks; capitals with Shift. */
export function typeText(keyboard: KeyboardVsp, text: string): void {
  const codeOf = (name: string) => scanCodeOf(name) ?? 0
  for (const letter of text) {
    const isCapital = letter >= 'A' && letter <= 'Z'
    if (isCapital) keyboard.press(codeOf('ShiftLeft'))
    if (letter === ' ') keyboard.type(codeOf('Space'))
    else if (letter === '\n') keyboard.type(codeOf('Enter'))
    else keyboard.type(codeOf(letter >= '0' && letter <= '9' ? `Digit${letter}` : `Key${letter.toUpperCase()}`))
    if (isCapital) keyboard.release(codeOf('ShiftLeft'))
  }
}
