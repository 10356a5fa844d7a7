import { existsSync, rmSync, statSync } from 'node:fs'
import { Conversation } from '../channels/index.ts'
import { FileMemory } from '../node/index.ts'
import { versionNumber } from '../vmbus/versions.ts'
import { type Call, type Command, type ExitStatus, InputError, numberOption, UsageError } from './command.ts'
import { deviceHelp, deviceSyntax, guestDrivers, offeredDevices } from './devices/index.ts'
import { displayedBy } from './guest-display.ts'
import { inputOption, inputScript } from './guest-input.ts'
import { readable } from './input.ts'
import { checkOutput } from './output.ts'
import { lendGuest, type PlaceOptions, type PlaceServer, serveHost } from './serve-peers.ts'
import { ServeSessions } from './serve-session.ts'
import { note, print } from './terminal.ts'

/** Bytes of shared memory when nothing else is said. */
const defaultSize = 64 * 1024 * 1024
/** Milliseconds that guests have to shut down when they are asked to. */
const shutdownTime = 10_000

/** `vmbus serve`: a host for foreign guests, or a guest for foreign hosts. */
export const serveCommand: Command = {
  name: 'serve',
  usage: 'serve --device NAME[,SETTING[=VALUE]…]… --listen|--connect unix:PATH --memory FILE [--guest]',
  summary:
    'Serves devices to a guest in another process, over a Unix socket and shared memory; with --guest it is the guest.',
  words: 0,
  options: {
    device: { value: 'NAME[,…]', repeats: true, help: `a device, with --guest its driver: ${deviceSyntax}` },
    listen: {
      value: 'unix:PATH',
      repeats: true,
      help: 'where the other end connects; or several, each with its memory',
    },
    connect: { value: 'unix:PATH', help: 'connect to the other end instead, which listens there' },
    memory: {
      value: 'FILE',
      repeats: true,
      help: 'the memory that both ends share; made if need be, and then removed at the end',
    },
    size: { value: '64M', help: 'its size; default that of the file, or 64M' },
    guest: { help: 'be the guest of a foreign host' },
    version: { value: '5.3', help: 'newest VMBus version to agree to' },
    input: inputOption,
    display: { help: "the guest's screen on a page of this machine, which takes keys and mouse for it" },
    trace: { help: 'show the conversation on VMBus, decoded' },
    record: { value: 'FILE', help: 'write each conversation as a transcript (FILE, then FILE with a number)' },
    explain: { help: 'say what is waited for, each time that nothing is left to do' },
    seed: { value: 'N', help: 'draw the order in which things happen here from this seed' },
    patience: { value: 'SECONDS', help: 'time for what the other end owes; default 10' },
    once: {
      help: 'end with the first connection, of several places with as many; exit status 1 if one went wrong, as with --connect',
    },
  },
  more: () => deviceHelp(true),
  run: serve,
}

async function serve(call: Call): Promise<ExitStatus> {
  const places = placesOf(call)
  const connects = call.option('connect') !== undefined
  const isOnce = connects || call.has('once')
  const size = sizeOption(call)
  const version = versionOption(call)
  const seed = numberOption(call, 'seed')
  const seconds = numberOption(call, 'patience')
  checkOutput(call.option('record'))
  const sessions = new ServeSessions(call, version)
  const serverOf = call.has('guest') ? lentGuests(call, sessions) : servedHosts(call, sessions)
  const memories: FileMemory[] = []
  const leftovers: string[] = []
  const removeLeftovers = (): void => {
    for (const file of leftovers) rmSync(file, { force: true })
  }
  const servers: PlaceServer[] = []
  const end = new End(sessions, servers, isOnce ? places.length : undefined)
  // However this process ends, sockets and the memory that it made go with it.
  process.once('exit', removeLeftovers)
  try {
    for (const [place, { path, file }] of places.entries()) {
      const isNew = !existsSync(file)
      const memory = openMemory(file, isNew, size)
      memories.push(memory)
      if (isNew) leftovers.push(file)
      const server = serverOf({
        ...{ place, path, connects, memory, version },
        ...(seconds !== undefined && { patience: seconds * 1000 }),
        ...(seed !== undefined && { pump: { scheduling: 'scheduled', seed } }),
      })
      try {
        await server.begin()
      } catch (error) {
        throw new InputError(`${path}: ${error instanceof Error ? error.message : error}`)
      }
      servers.push(server)
      if (!connects) leftovers.push(path)
      print(`${connects ? 'connected to' : 'listening on'} unix:${path}, memory ${file} of ${memory.size} bytes`)
    }
    await end.reached
  } finally {
    end.reach()
    for (const server of servers) await server.close()
    for (const memory of memories) memory.close()
    removeLeftovers()
    process.off('exit', removeLeftovers)
  }
  return isOnce && sessions.wentWrong ? 1 : 0
}

type ServerOf = (options: PlaceOptions) => PlaceServer

function servedHosts(call: Call, sessions: ServeSessions): ServerOf {
  const make = offeredDevices(call.all('device'))
  const user = { steps: inputScript(call.option('input') ?? ''), display: call.has('display') }
  if (user.display) {
    const probe = make({ place: 0, say: () => {}, referenceTime: () => 0n })
    displayedBy(
      '',
      new Conversation(),
      probe.map(({ device }) => device),
    )
  }
  return (options) => serveHost(options, make, sessions, user)
}

function lentGuests(call: Call, sessions: ServeSessions): ServerOf {
  if (call.option('input') !== undefined || call.has('display')) {
    throw new UsageError('--input and --display are for a host, not for --guest')
  }
  const make = guestDrivers(call.all('device'))
  return (options) => lendGuest(options, make, sessions)
}

/**
 * When this process is to end: by Ctrl-C, or after the connections that were wanted. Guests with a shutdown component are asked to shut down
 * first; a second Ctrl-C ends them at once.
 */
class End {
  readonly reached: Promise<void>
  readonly #sessions: ServeSessions
  readonly #servers: readonly PlaceServer[]
  #resolve: () => void = () => {}
  #timer: NodeJS.Timeout | undefined

  /** @param wanted connections; without it there is no limit. */
  constructor(sessions: ServeSessions, servers: readonly PlaceServer[], wanted: number | undefined) {
    this.#sessions = sessions
    this.#servers = servers
    this.reached = new Promise((resolve) => {
      this.#resolve = resolve
    })
    sessions.onEnd = () => {
      const isEnding = this.#timer !== undefined
      if (isEnding ? sessions.open === 0 : wanted !== undefined && sessions.ended >= wanted) this.reach()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.#interrupted)
  }

  reach(): void {
    clearTimeout(this.#timer)
    this.#sessions.onEnd = undefined
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.#interrupted)
    this.#resolve()
  }

  readonly #interrupted = (): void => {
    const asked = this.#timer === undefined ? this.#servers.filter((server) => server.shutDown()) : []
    if (asked.length === 0) {
      this.reach()
      return
    }
    note('asking the guest to shut down; Ctrl-C again ends it at once')
    this.#timer = setTimeout(() => this.reach(), shutdownTime)
  }
}

/** Opens a memory file, or makes it. Throws {@link InputError}. */
function openMemory(file: string, isNew: boolean, wanted: number | undefined): FileMemory {
  const size = wanted ?? (isNew ? defaultSize : undefined)
  return readable(file, () => {
    // What is in a file that was there before is not cut off.
    const least = isNew ? 0 : statSync(file).size
    if (size !== undefined && size < least) throw new Error(`has ${least} bytes, more than --size says`)
    if (size === undefined && least < leastSize) {
      throw new Error(`has ${least} bytes, too few for a guest; --size 64M makes it larger`)
    }
    return FileMemory.open(file, size === undefined ? {} : { size })
  })
}

/** Where the other ends are, and which memory goes with each. */
function placesOf(call: Call): { readonly path: string; readonly file: string }[] {
  const connect = call.option('connect')
  const listens = call.all('listen')
  const files = call.all('memory')
  if (connect !== undefined && listens.length > 0) throw new UsageError('either --listen or --connect')
  const paths = connect === undefined ? listens.map((text) => pathOf('listen', text)) : [pathOf('connect', connect)]
  if (paths.length === 0) throw new UsageError('--listen takes unix:PATH')
  if (files.length === 0 || files.includes('')) throw new UsageError('--memory takes a file')
  if (files.length !== paths.length) throw new UsageError('each place needs a --memory of its own')
  if (new Set(files).size !== files.length) throw new UsageError('two guests cannot have the same --memory')
  return paths.map((path, index) => ({ path, file: files[index] ?? '' }))
}

function pathOf(option: string, text: string): string {
  const path = text.startsWith('unix:') ? text.slice('unix:'.length) : ''
  if (path === '') throw new UsageError(`--${option} takes unix:PATH`)
  return path
}

/** Bytes of the smallest memory: room for rings. */
const leastSize = 0x1_0000

function sizeOption(call: Call): number | undefined {
  const text = call.option('size')
  if (text === undefined) return undefined
  const [, digits = '', unit = ''] = /^(\d+)([KMG]?)$/i.exec(text) ?? []
  const size = Number(digits) * 1024 ** ' KMG'.indexOf(unit.toUpperCase() || ' ')
  if (digits === '' || size % 4096 !== 0 || size < leastSize || size > 2 ** 36) {
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
