import { packetBytes } from '../channels/packet-bytes.ts'
import { echoInterface } from '../devices/echo.ts'
import { type Bus, createBus } from '../index.ts'
import { deviceDecoders, linuxBoot, replay } from '../trace/index.ts'
import { deviceName } from '../vmbus/device-ids.ts'
import { Session } from '../vmbus/session.ts'
import { versionText } from '../vmbus/versions.ts'
import { EchoVsc } from '../vsc/echo.ts'
import { KeyboardVsc } from '../vsc/keyboard.ts'
import { EchoVsp } from '../vsp/echo.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import type { Guid } from '../wire/index.ts'
import { type Command, type ExitStatus, UsageError } from './command.ts'
import { drawSystem, type SystemPicture } from './demo-picture.ts'
import { liveLine } from './live-line.ts'
import { dialogueLines, verdict } from './replay.ts'
import { paint, print } from './terminal.ts'

/** Set 1 scan codes of the keys that the demo types. */
const keys = { h: 0x23, i: 0x17, enter: 0x1c } as const
const devices = ['keyboard', 'echo'] as const

/** `vmbus demo`: the whole system at work. */
export const demoCommand: Command = {
  name: 'demo',
  usage: 'demo [--without keyboard|echo]',
  summary: 'Runs a root and a child partition with devices between them, and shows what they say.',
  words: 0,
  options: { without: { value: 'DEVICE', help: `leave a device away: ${devices.join(' or ')}` } },
  async run(call): Promise<ExitStatus> {
    const without = call.option('without')
    if (without !== undefined && !devices.some((device) => device === without)) {
      throw new UsageError(`--without takes ${devices.join(' or ')}, not ${without}`)
    }
    await runSystem({ keyboard: without !== 'keyboard', echo: without !== 'echo' })
    heading('A stock Linux kernel, recorded')
    const recorded = replay(linuxBoot)
    print(...dialogueLines(recorded), ...verdict(recorded))
    return 0
  },
}

function heading(text: string): void {
  print('', paint('bold', `── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`))
}

async function runSystem(wanted: { readonly keyboard: boolean; readonly echo: boolean }): Promise<void> {
  heading('A root and a child partition')
  let step = 0
  using bus = createBus({ seed: 1, now: () => step++ })
  const watch = new Watch(bus)
  const keyboard = wanted.keyboard ? new KeyboardVsp() : undefined
  if (keyboard !== undefined) bus.host.offer(keyboard)
  if (wanted.echo) bus.host.offer(new EchoVsp())
  const driver = keyboard === undefined ? undefined : await bus.guest.attach(KeyboardVsc)
  const echo = wanted.echo ? await bus.guest.attach(EchoVsc) : undefined
  driver?.on('key', ({ code, isPressed }) =>
    watch.heard(`child: key 0x${code.toString(16)} ${isPressed ? 'down' : 'up'}`),
  )
  print('', ...drawSystem(watch.picture), '')
  if (keyboard !== undefined) {
    keyboard.type(keys.h, keys.i, keys.enter)
    bus.settle()
  }
  if (echo !== undefined)
    watch.heard(`child: the echo device answered ${JSON.stringify(await echo.echo('hello, root'))}`)
  driver?.close()
  echo?.close()
  bus.settle()
  heading('Counters')
  print(...watch.counters())
}

/** Looks on while a bus runs: prints each message, signal and packet as it is sent, and keeps count. */
class Watch {
  readonly picture: SystemPicture = { host: '', guest: '', version: '', channels: new Map() }
  readonly #session = new Session({ decoders: deviceDecoders })
  readonly #counts = new Map<string, number>()

  constructor(bus: Bus) {
    const { events } = bus
    events.on('message', ({ at, direction, bytes, time = 0, partition }) => {
      this.picture[at] = partition
      if (direction !== 'sent') return
      this.#count(`control messages from ${partition}`)
      print(liveLine(time, this.#session.message(at, bytes)))
    })
    events.on('signal', ({ at, direction, number, time = 0, partition, by }) => {
      if (direction !== 'sent') return
      this.#count(`signals from ${partition} by ${by}`)
      print(liveLine(time, this.#session.signal(at, number)))
    })
    events.on('packet', (event) => {
      if (event.direction !== 'sent') return
      this.#count(`packets from ${event.partition}`)
      print(liveLine(event.time ?? 0, this.#session.packet(event.at, event.channelId, packetBytes(event))))
    })
    events.on('connection', ({ what, version }) => {
      if (what === 'connected' && version !== undefined) this.picture.version = versionText(version)
    })
    events.on('channel', ({ at, what, channelId, interfaceId }) => {
      if (at !== 'guest' || channelId === undefined) return
      if (what === 'opened') this.picture.channels.set(channelId, nameOf(interfaceId))
      this.#count(`channels ${what}`)
    })
    events.on('violation', ({ violation }) => this.heard(`violation: ${violation.why}`))
  }

  /** Something that is no message: said as it happens, and counted by its first word. */
  heard(text: string): void {
    print(paint('yellow', `${' '.repeat(8)}${text}`))
    this.#count(text.startsWith('child: key') ? 'keys heard by the child' : 'answers and oddities')
  }

  counters(): string[] {
    const width = Math.max(0, ...[...this.#counts.keys()].map((name) => name.length))
    return [...this.#counts].map(([name, count]) => `${name.padEnd(width)}  ${count}`)
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }
}

function nameOf(interfaceId: Guid): string {
  return interfaceId === echoInterface ? 'Echo' : (deviceName(interfaceId) ?? interfaceId)
}
