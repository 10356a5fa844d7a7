import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import {
  ByeReason,
  FrameCapabilities,
  type FrameEnd,
  type Guest,
  type HelloFrame,
  type Host,
} from '../channels/index.ts'
import { FileMemory, ProcessGuest, ProcessHost } from '../node/index.ts'
import { LoneRecording, writeTranscript } from '../trace/index.ts'
import { deviceName } from '../vmbus/device-ids.ts'
import { versionNumber, versionText } from '../vmbus/versions.ts'
import { type Call, type Command, type ExitStatus, InputError, numberOption, UsageError } from './command.ts'
import { type ChosenDevice, chooseDevice, deviceChoices } from './devices.ts'
import { note, print } from './terminal.ts'
import { packageVersion } from './version.ts'

/** Bytes of shared memory when nothing else is said. */
const defaultSize = 64 * 1024 * 1024

/** `vmbus serve`: a host for foreign guests, or a guest for foreign hosts. */
export const serveCommand: Command = {
  name: 'serve',
  usage: 'serve --device NAME[,SETTING=VALUE…] --listen unix:PATH --memory FILE [--guest]',
  summary:
    'Serves devices to a guest in another process, over a Unix socket and shared memory; with --guest it is the guest.',
  words: 0,
  options: {
    device: {
      value: 'NAME[,…]',
      repeats: true,
      help: `a device, with --guest its driver; may be repeated: ${Object.keys(deviceChoices).join(', ')}`,
    },
    listen: { value: 'unix:PATH', help: 'where the other end connects' },
    memory: { value: 'FILE', help: 'the memory that both ends share; made if need be, and then removed at the end' },
    size: { value: '64M', help: 'its size; default that of the file, or 64M' },
    guest: { help: 'be the guest of a foreign host' },
    version: { value: '5.3', help: 'newest VMBus version to agree to' },
    record: { value: 'FILE', help: 'write each conversation as a transcript (FILE, then FILE with a number)' },
    explain: { help: 'say what is waited for, each time that nothing is left to do' },
    seed: { value: 'N', help: 'draw the order in which things happen here from this seed' },
    patience: { value: 'SECONDS', help: 'time for what the other end owes; default 10' },
    once: { help: 'end with the first connection; exit status 1 if that went wrong' },
  },
  run: serve,
}

async function serve(call: Call): Promise<ExitStatus> {
  const listen = call.option('listen')
  const file = call.option('memory')
  const path = listen?.startsWith('unix:') ? listen.slice('unix:'.length) : undefined
  if (path === undefined || path === '') throw new UsageError('--listen takes unix:PATH')
  if (file === undefined) throw new UsageError('--memory takes a file')
  const devices = call.all('device').map(chooseDevice)
  if (devices.length === 0) throw new UsageError('--device takes a device')
  const version = versionOption(call)
  const sessions = new Sessions(call, version)
  const isNew = !existsSync(file)
  const memory = openMemory(file, isNew, sizeOption(call))
  // However this process ends, the memory that it made goes with it.
  const leaveNothing = (): void => {
    if (isNew) rmSync(file, { force: true })
  }
  process.once('exit', leaveNothing)
  try {
    const seed = numberOption(call, 'seed')
    const seconds = numberOption(call, 'patience')
    const options = {
      path,
      memory,
      version,
      ...(seconds === undefined ? {} : { patience: seconds * 1000 }),
      ...(seed === undefined ? {} : { pump: { scheduling: 'scheduled', seed } as const }),
    }
    const server = call.has('guest') ? lendGuest(options, devices, sessions) : serveHost(options, devices, sessions)
    try {
      await server.listen()
    } catch (error) {
      throw new InputError(`${path}: ${error instanceof Error ? error.message : error}`)
    }
    print(`listening on unix:${path}, memory ${file} of ${memory.size} bytes`)
    await over(sessions)
    await server.close()
  } finally {
    memory.close()
    leaveNothing()
    process.off('exit', leaveNothing)
  }
  return call.has('once') && sessions.wentWrong ? 1 : 0
}

interface ServeOptions {
  readonly path: string
  readonly memory: FileMemory
  readonly version: number
}

function serveHost(options: ServeOptions, devices: readonly ChosenDevice[], sessions: Sessions): ProcessHost {
  const server = new ProcessHost({
    ...options,
    devices: () => devices.map(({ name, vsp }) => vsp((line) => sessions.say(`${name}: ${line}`))),
    wrap: (transport) => sessions.begin().wrapHost(transport),
  })
  server.on('connected', ({ host, hello }) => sessions.follow(host, hello))
  server.on('quiet', ({ host }) => sessions.quiet(host))
  server.on('crashed', ({ text }) => sessions.say(`crashed: ${text ?? 'without a text'}`))
  server.on('failed', (error) => sessions.say(`a device failed: ${error instanceof Error ? error.stack : error}`))
  server.on('ended', (end, session) => sessions.ended(end, session !== undefined))
  return server
}

function lendGuest(options: ServeOptions, devices: readonly ChosenDevice[], sessions: Sessions): ProcessGuest {
  const server = new ProcessGuest({
    ...options,
    drivers: () => devices.map(({ name, vsc }) => vsc((line) => sessions.say(`${name}: ${line}`))),
    wrap: (transport) => sessions.begin().wrapGuest(transport),
  })
  server.on('connected', ({ guest, hello }) => sessions.follow(guest, hello))
  server.on('bound', (driver, error) =>
    sessions.say(`${driver.constructor.name}: ${error === undefined ? 'ready' : error.message}`),
  )
  server.on('quiet', ({ guest }) => sessions.quiet(guest))
  server.on('failed', (error) => sessions.say(`a driver failed: ${error instanceof Error ? error.stack : error}`))
  server.on('ended', (end, session) => sessions.ended(end, session !== undefined))
  return server
}

/** What is said of each connection, and its recording. */
class Sessions {
  /** Whether the last connection ended as none should. */
  wentWrong = false
  onEnd: (() => void) | undefined
  readonly #call: Call
  readonly #version: number
  readonly #peer: string
  #count = 0
  #recording = new LoneRecording()
  #waits = ''

  constructor(call: Call, version: number) {
    this.#call = call
    this.#version = version
    this.#peer = call.has('guest') ? 'host' : 'guest'
  }

  get isOnce(): boolean {
    return this.#call.has('once')
  }

  say(line: string): void {
    print(`${this.#peer} ${this.#count}: ${line}`)
  }

  begin(): LoneRecording {
    this.#count += 1
    this.#waits = ''
    const start = performance.now()
    this.#recording = new LoneRecording({
      now: () => (performance.now() - start) / 1000,
      about: { name: `vmbus serve, ${this.#peer} ${this.#count}` },
      config: { version: versionText(this.#version), features: 0, package: packageVersion() },
    })
    return this.#recording
  }

  follow(end: Host | Guest, { capabilities, version, vps }: HelloFrame): void {
    const speech = (capabilities & FrameCapabilities.registers) === 0 ? 'messages' : 'hypercalls'
    this.say(`hello: frames of version ${version}, ${speech}, ${vps === 1 ? '1 VP' : `${vps} VPs`}`)
    if (this.#call.option('record') !== undefined) this.#recording.follow(end)
    end.events.on('connection', ({ what, version, why }) => {
      if (what === 'connected' && version !== undefined) this.say(`VMBus ${versionText(version)}`)
      else if (what === 'disconnected') this.say('VMBus is unloaded')
      else if (what === 'failed') this.say(`no VMBus: ${why}`)
    })
    end.events.on('channel', ({ what, interfaceId, channelId, why }) => {
      if (what === 'offered' || what === 'opening') return
      const name = deviceName(interfaceId) ?? interfaceId
      this.say(`channel ${channelId}, ${name}: ${what}${why === undefined ? '' : ` (${why})`}`)
    })
    end.events.on('violation', ({ violation }) => this.say(`violation: ${violation.rule}: ${violation.why}`))
  }

  quiet(end: Host | Guest): void {
    if (!this.#call.has('explain')) return
    const waits = end.explain().join('; ')
    if (waits === this.#waits) return
    this.#waits = waits
    this.say(`waits: ${waits}`)
  }

  /** @param greeted whether it ever said hello. */
  ended({ how, reason, text }: FrameEnd, greeted: boolean): void {
    this.wentWrong = how === 'gone' || reason !== ByeReason.Done
    const line = how === 'bye' ? `bye${text === '' ? '' : `: ${text}`}` : text || 'closed'
    if (greeted) {
      this.say(line)
      this.#write()
    } else print(`somebody who said no hello: ${line}`)
    if (this.isOnce) this.onEnd?.()
  }

  #write(): void {
    const file = this.#call.option('record')
    if (file === undefined) return
    const name = this.#count <= 1 ? file : file.replace(/(\.[^./]*)?$/, `-${this.#count}$1`)
    writeFileSync(name, writeTranscript(this.#recording.transcript()))
    note(`${this.#recording.recorder.length} events in ${name}`)
  }
}

/** Resolves when this process is to end: by Ctrl-C, or after the one connection that was wanted. */
function over(sessions: Sessions): Promise<void> {
  return new Promise((resolve) => {
    sessions.onEnd = resolve
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

function openMemory(file: string, isNew: boolean, wanted: number | undefined): FileMemory {
  const size = wanted ?? (isNew ? defaultSize : undefined)
  try {
    // What is in a file that was there before is not cut off.
    const least = isNew ? 0 : statSync(file).size
    if (size !== undefined && size < least) throw new InputError(`${file}: has ${least} bytes, more than --size says`)
    return FileMemory.open(file, size === undefined ? {} : { size })
  } catch (error) {
    if (error instanceof InputError) throw error
    throw new InputError(`${file}: ${error instanceof Error ? error.message : error}`)
  }
}

function sizeOption(call: Call): number | undefined {
  const text = call.option('size')
  if (text === undefined) return undefined
  const [, digits = '', unit = ''] = /^(\d+)([KMG]?)$/i.exec(text) ?? []
  const size = Number(digits) * 1024 ** ' KMG'.indexOf(unit.toUpperCase() || ' ')
  if (digits === '' || size % 4096 !== 0 || size < 0x1_0000 || size > 2 ** 36) {
    throw new UsageError(`--size takes pages of 4096 bytes, 64K to 64G, not ${text}`)
  }
  return size
}

function versionOption(call: Call): number {
  try {
    return versionNumber(call.option('version'))
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
