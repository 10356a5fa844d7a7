import { packetBytes } from '../channels/channel/packet-bytes.ts'
import { HypervisorTransport } from '../channels/index.ts'
import { echoInterface } from '../devices/echo.ts'
import { HvCallPostMessage, HvCallSignalEvent, statusText } from '../hypercall/index.ts'
import { type Bus, createBus } from '../index.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { deviceDecoders, linuxBoot, replay } from '../trace/index.ts'
import { deviceName } from '../vmbus/device-ids.ts'
import { Session } from '../vmbus/session.ts'
import { versionText } from '../vmbus/versions.ts'
import { EchoVsc } from '../vsc/echo.ts'
import { KeyboardVsc } from '../vsc/keyboard.ts'
import { VideoVsc } from '../vsc/video/index.ts'
import { EchoVsp } from '../vsp/echo.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import type { Guid } from '../wire/index.ts'
import { type Command, type ExitStatus, UsageError } from './command.ts'
import { deviceWrites, faultLines, giveDevicePage } from './demo-dma.ts'
import { drawSystem, type SystemPicture } from './demo-picture.ts'
import { demoScreen, drawDemo } from './demo-screen.ts'
import { halfBlocks, showsPictures } from './half-blocks.ts'
import { liveLine } from './live-line.ts'
import { dialogueLines, verdict } from './replay.ts'
import { paint, print } from './terminal.ts'

/** Set 1 scan codes of the keys that the demo types. */
const keys = { h: 0x23, i: 0x17, enter: 0x1c } as const
/** Letters in a line of the picture. */
const thumbnailColumns = 76
const devices = ['keyboard', 'echo', 'video'] as const

/** `vmbus demo`: the whole system at work. */
export const demoCommand: Command = {
  name: 'demo',
  usage: `demo [--without ${devices.join('|')}]`,
  summary: 'Runs a root and a child partition with devices between them, and shows what they say.',
  words: 0,
  options: { without: { value: 'DEVICE', help: `leave a device away: ${devices.join(', ')}` } },
  async run(call): Promise<ExitStatus> {
    const without = call.option('without')
    if (without !== undefined && !devices.some((device) => device === without)) {
      throw new UsageError(`--without takes one of ${devices.join(', ')}, not ${without}`)
    }
    await runSystem((device) => device !== without)
    heading('A stock Linux kernel, recorded')
    const recorded = replay(linuxBoot)
    print(...dialogueLines(recorded), ...verdict(recorded))
    return 0
  },
}

function heading(text: string): void {
  print('', paint('bold', `── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`))
}

async function runSystem(wants: (device: (typeof devices)[number]) => boolean): Promise<void> {
  heading('The root makes a child, by hypercalls')
  const watch = new Watch()
  let machine: HypervisorTransport | undefined
  let step = 0
  using bus = createBus({
    seed: 1,
    now: () => step++,
    transport: (memory, pump, vps) => {
      machine = new HypervisorTransport(memory, pump, {
        vps,
        onCall: (vp, call, status) =>
          watch.called(vp.partition.parent === undefined ? 'root' : 'child', call.name, status),
        onRootMessage: (message) => watch.say('root: is told of an IOMMU fault', ...faultLines(message)),
      })
      return machine
    },
  })
  watch.flush()
  heading('VMBus starts on top')
  watch.on(bus)
  const keyboard = wants('keyboard') ? new KeyboardVsp() : undefined
  if (keyboard !== undefined) bus.host.offer(keyboard)
  if (wants('echo')) bus.host.offer(new EchoVsp())
  const screen = wants('video') ? new VideoVsp({ resolutions: [demoScreen], vramMegabytes: 1 }) : undefined
  if (screen !== undefined) bus.host.offer(screen)
  const driver = keyboard === undefined ? undefined : await bus.guest.attach(KeyboardVsc)
  const display = screen === undefined ? undefined : await bus.guest.attach(VideoVsc)
  const echo = wants('echo') ? await bus.guest.attach(EchoVsc) : undefined
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
  if (screen !== undefined && display !== undefined) {
    heading('The child draws, the root looks')
    drawDemo(display)
    bus.settle()
    const image = screen.image({ pointer: true })
    const isShown = image !== undefined && showsPictures(process.stdout)
    watch.heard(
      `root: sees ${image?.width}×${image?.height} pixels${isShown ? '' : ', which this terminal cannot show'}`,
    )
    if (isShown) print(...halfBlocks(image, thumbnailColumns))
  }
  if (machine !== undefined) {
    heading('A device does DMA through the IOMMU, and strays')
    const guestPage = bus.memory.size / PAGE_SIZE - 1
    giveDevicePage(machine, guestPage)
    watch.say(...deviceWrites(machine, bus.memory, guestPage))
    machine.deliver()
    bus.settle()
  }
  heading('Drivers let go')
  driver?.close()
  echo?.close()
  display?.close()
  bus.settle()
  watch.flush()
  heading('Counters')
  print(...watch.counters())
}

/** Looks on while a bus runs: prints each message, signal and packet as it is sent, and keeps count. */
class Watch {
  readonly picture: SystemPicture = { host: '', guest: '', version: '', channels: new Map() }
  readonly #session = new Session({ decoders: deviceDecoders })
  readonly #counts = new Map<string, number>()

  /** A hypercall that was made, and how many times in a row. */
  #call = { line: '', count: 0 }

  /** Looks on at a bus. */
  on(bus: Bus): void {
    const { events } = bus
    events.on('message', ({ at, direction, bytes, time = 0, partition }) => {
      this.picture[at] = partition
      if (direction !== 'sent') return
      this.#count(`control messages from ${partition}`)
      this.#line(liveLine(time, this.#session.message(at, bytes)))
    })
    events.on('signal', ({ at, direction, number, time = 0, partition, by }) => {
      if (direction !== 'sent') return
      this.#count(`signals from ${partition} by ${by}`)
      this.#line(liveLine(time, this.#session.signal(at, number)))
    })
    events.on('packet', (event) => {
      if (event.direction !== 'sent') return
      this.#count(`packets from ${event.partition}`)
      this.#line(liveLine(event.time ?? 0, this.#session.packet(event.at, event.channelId, packetBytes(event))))
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

  /** A hypercall. Messages and signals are told as what they carry. */
  called(partition: string, call: string, status: number): void {
    this.#count(`hypercalls of the ${partition}`)
    if (status === 0 && (call === HvCallPostMessage.name || call === HvCallSignalEvent.name)) return
    const line = `${' '.repeat(8)}${partition.padEnd(5)} → hypervisor  ${paint('bold', call.padEnd(26))}  ${statusText(status)}`
    if (line !== this.#call.line) this.flush()
    this.#call = { line, count: this.#call.line === line ? this.#call.count + 1 : 1 }
  }

  /** Prints the hypercalls that are still being counted. */
  flush(): void {
    const { line, count } = this.#call
    if (count > 0) print(count === 1 ? line : `${line} × ${count}`)
    this.#call = { line: '', count: 0 }
  }

  /** Something that is no message. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.#line(paint('yellow', `${' '.repeat(8)}${line}`))
  }

  #line(line: string): void {
    this.flush()
    print(line)
  }

  /** Something that a driver tells: said, and counted by its first words. */
  heard(text: string): void {
    this.say(text)
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
