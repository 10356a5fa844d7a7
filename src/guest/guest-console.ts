import { EventEmitter } from 'eventemitter3'
import { readyMark } from './assets/initramfs.ts'

/** What a command that ran in the guest said, and how it ended. */
export interface CommandResult {
  /** What it wrote to standard output and standard error. */
  readonly output: string
  /** Exit status, 0 … 255. */
  readonly status: number
}

/** What a console tells. */
export interface ConsoleEvents {
  /** A line, without its end. Lines of the kernel's log begin with their time: `[    0.000000] …`. */
  line: (line: string) => void
  /** The guest takes commands. */
  ready: () => void
}

/** A line of the kernel's log, which may stand in the middle of what a program writes. */
const kernelLine = /\[ *\d+\.\d{6}\] .*$/
const done = /@@done (\d+) (\d+) ([A-Za-z0-9+/=]*)@@/

/**
 * The guest's console: text for people, and between it the answers of the guest's first program to commands (assets/initramfs.ts).
 * What a command says goes over it in base64, so that the kernel may write its log at any time without harm to either.
 */
export class GuestConsole extends EventEmitter<ConsoleEvents> {
  /** All lines so far. */
  readonly lines: string[] = []
  /** While it is set, it gets all that comes, and nothing is taken for lines. */
  raw: ((bytes: Uint8Array) => void) | undefined
  readonly #write: (bytes: Uint8Array) => void
  readonly #decoder = new TextDecoder()
  #rest = ''
  /** What a program has written of a line that the kernel broke in on. */
  #begun = ''
  #nextId = 1
  readonly #waiting = new Map<number, { resolve(result: CommandResult): void; reject(error: Error): void }>()
  #isReady = false
  #ended: Error | undefined

  constructor(write: (bytes: Uint8Array) => void) {
    super()
    this.#write = write
  }

  /** Whether the guest takes commands. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Text so far. */
  get text(): string {
    return this.lines.join('\n')
  }

  /** Takes what came from the guest. */
  receive(bytes: Uint8Array): void {
    // The answer that ends a shell is not for its user.
    const answerAt = Buffer.from(bytes).indexOf('@@done ')
    this.raw?.(answerAt < 0 ? bytes : bytes.subarray(0, answerAt))
    this.#rest += this.#decoder.decode(bytes, { stream: true })
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#line(line.replaceAll('\r', ''))
  }

  /** Runs a command by the guest's shell; several wait for each other. Rejects when the guest ends before it does. */
  run(command: string): Promise<CommandResult> {
    return this.#ask(`run ${command.replaceAll('\n', '\x1f')}`)
  }

  /** Starts a shell at the console; fulfilled when it ends. Meanwhile {@link raw} is to be set, and {@link type} is for the shell. */
  shell(): Promise<CommandResult> {
    return this.#ask('shell')
  }

  /** Types at the console. */
  type(bytes: Uint8Array): void {
    this.#write(bytes)
  }

  /** The guest is gone: whoever waits for it is told why. */
  end(why: Error): void {
    this.#ended ??= why
    if (this.#rest !== '') this.#line(this.#rest)
    this.#rest = ''
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }

  #ask(what: string): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      const id = this.#nextId++
      this.#waiting.set(id, { resolve, reject })
      this.#write(Buffer.from(`${id} ${what}\n`))
    })
  }

  #line(line: string): void {
    const kernel = kernelLine.exec(line)
    if (kernel !== null) {
      this.#begun += line.slice(0, kernel.index)
      this.#tell(kernel[0])
      return
    }
    const whole = this.#begun + line
    this.#begun = ''
    if (whole.includes(readyMark)) {
      this.#isReady = true
      this.emit('ready')
      return
    }
    const answer = done.exec(whole)
    if (answer === null) {
      this.#tell(whole)
      return
    }
    const [, id, status, output = ''] = answer
    const waiting = this.#waiting.get(Number(id))
    this.#waiting.delete(Number(id))
    waiting?.resolve({ output: Buffer.from(output, 'base64').toString(), status: Number(status) })
  }

  #tell(line: string): void {
    this.lines.push(line)
    this.emit('line', line)
  }
}
