import type { GuestDriver, HostDevice } from '../channels/index.ts'
import type { InputStep } from '../devices/input-script.ts'
import { type FileMemory, type HostSession, ProcessGuest, ProcessHost } from '../node/index.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import { ShutdownVsp } from '../vsp/shutdown.ts'
import type { GuestPeer, HostPeer, Maker, OfferedDevice } from './devices/index.ts'
import { DisplayServer } from './display-server.ts'
import { displayedBy } from './guest-display.ts'
import { playInput } from './guest-input.ts'
import type { ServeSession, ServeSessions } from './serve-session.ts'
import { note } from './terminal.ts'

/** How one place is served: a socket and a memory. */
export interface PlaceOptions {
  /** From 0 on. */
  readonly place: number
  readonly path: string
  /** Whether somebody listens there already. */
  readonly connects: boolean
  readonly memory: FileMemory
  readonly version: number
  readonly patience?: number
  readonly pump?: { readonly scheduling: 'scheduled'; readonly seed: number }
}

/** What is done for the user of a guest. */
export interface UserOptions {
  readonly steps: readonly InputStep[]
  /** Whether its screen is shown on a page. */
  readonly display: boolean
}

/** Our end at one place. */
export interface PlaceServer {
  /** Listens there, or connects. */
  begin(): Promise<void>
  close(): Promise<void>
  /** Asks the guest that is there to shut down. False when there is none that can be asked. */
  shutDown(): boolean
}

/** Serves devices to the guests of a place. */
export function serveHost(
  { place, connects, ...options }: PlaceOptions,
  make: Maker<OfferedDevice, GuestPeer>,
  sessions: ServeSessions,
  user: UserOptions,
): PlaceServer {
  let said: ServeSession | undefined
  let devices: readonly HostDevice[] = []
  let display: Promise<DisplayServer> | undefined
  const server = new ProcessHost({
    ...options,
    now: () => performance.now(),
    wrap: (transport) => {
      said = sessions.begin()
      return said.wrapHost(transport)
    },
    devices: (connection) => {
      const session = said
      const say = (line: string) => session?.say(line)
      return make({ place, say, referenceTime: () => connection.referenceTime }).map(({ device }) => device)
    },
  })
  server.on('connected', (session) => {
    devices = session.devices
    said?.follow(session.host, session.hello)
    if (said === undefined) return
    if (user.steps.length > 0) void play(user.steps, session, said)
    if (user.display) display = show(session, said)
  })
  server.on('quiet', ({ host }) => said?.quiet(host))
  server.on('crashed', ({ text }) => said?.say(`crashed: ${text ?? 'without a text'}`))
  server.on('failed', (error) => note(`vmbus: a device failed: ${error instanceof Error ? error.stack : error}`))
  server.on('ended', (end, session) => {
    devices = []
    void display?.then((page) => page[Symbol.asyncDispose]())
    display = undefined
    sessions.end(end, session === undefined ? undefined : said)
  })
  return {
    begin: () => (connects ? server.connect() : server.listen()),
    close: () => server.close(),
    shutDown: () => devices.some((device) => device instanceof ShutdownVsp && device.request() === 'sent'),
  }
}

/** Plays a script once the drivers of keyboard and mouse are ready. */
async function play(steps: readonly InputStep[], { devices }: HostSession, said: ServeSession): Promise<void> {
  try {
    await Promise.all(devices.map(accepted))
    await playInput(steps, devices)
    said.say('the input is done')
  } catch (error) {
    said.say(error instanceof Error ? error.message : String(error))
  }
}

/** Once the guest's driver has taken a device that the user uses. */
function accepted(device: HostDevice): Promise<void> | undefined {
  if (device instanceof KeyboardVsp) return new Promise((resolve) => device.once('accepted', resolve))
  if (device instanceof MouseVsp) return new Promise((resolve) => device.once('accepted', resolve))
  return undefined
}

async function show({ host, devices }: HostSession, said: ServeSession): Promise<DisplayServer> {
  const page = await DisplayServer.start(displayedBy(`${said.name} of vmbus serve`, host.events, devices))
  said.say(`${page.url} shows its screen, and takes keys and mouse for it`)
  return page
}

/** Is the guest of the hosts that come to a place. */
export function lendGuest(
  { place: _, connects, ...options }: PlaceOptions,
  make: Maker<GuestDriver, HostPeer>,
  sessions: ServeSessions,
): PlaceServer {
  let said: ServeSession | undefined
  const labels = new WeakMap<GuestDriver, string>()
  const server: ProcessGuest = new ProcessGuest({
    ...options,
    now: () => performance.now(),
    wrap: (transport) => {
      said = sessions.begin()
      return said.wrapGuest(transport)
    },
    drivers: () => {
      const session = said
      const say = (line: string) => session?.say(line)
      const leave = () => {
        if (session?.hasEnded === false) server.hangUp()
      }
      return make({ say, leave }).map(({ label, device }) => {
        labels.set(device, label)
        return device
      })
    },
  })
  server.on('connected', ({ guest, hello }) => said?.follow(guest, hello))
  server.on('bound', (driver, error) => said?.say(`${labels.get(driver)}: ${error?.message ?? 'ready'}`))
  server.on('quiet', ({ guest }) => said?.quiet(guest))
  server.on('failed', (error) => note(`vmbus: a driver failed: ${error instanceof Error ? error.stack : error}`))
  server.on('ended', (end, session) => sessions.end(end, session === undefined ? undefined : said))
  return {
    begin: () => (connects ? server.connect() : server.listen()),
    close: () => server.close(),
    shutDown: () => false,
  }
}
