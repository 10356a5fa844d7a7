import type { GuestDriver, HostDevice } from '../../channels/index.ts'
import type { OpenableDevice } from '../../guest/index.ts'
import { type Option, UsageError } from '../command.ts'
import type { Networks } from './networks.ts'
import type { Settings } from './settings.ts'

/** Tells the user, in one line, what a device does. */
export type Say = (line: string) => void

/** A device's end in the host, as `vmbus serve` and `vmbus guest` offer it. */
export type OfferedDevice = HostDevice & OpenableDevice

/** Whom a device is made for: the guest or host at the other end. */
export interface Peer {
  readonly say: Say
}

/** The guest that a device is offered to. */
export interface GuestPeer extends Peer {
  /** Guests that are served at the same time count from 0: what must differ between them is counted on by this. */
  readonly place: number
  /** Its reference time, in units of 100 ns. */
  readonly referenceTime: () => bigint
}

/** The host whose devices a driver takes. */
export interface HostPeer extends Peer {
  /** Ends the connection: the guest has switched itself off. */
  readonly leave: () => void
}

/** What a device has to do with the others of the same command line. */
export interface Siblings {
  /** Devices with this name before it. */
  readonly nth: number
  /** Devices with this name. */
  readonly count: number
  readonly networks: Networks
}

/** One end of a device on the command line. */
export interface DeviceEnd<T, P extends Peer> {
  readonly settings: Readonly<Record<string, Option>>
  /**
   * Reads the settings and opens what they name, once; what it answers makes the end, for each peer anew. Throws `UsageError`.
   */
  prepare(settings: Settings, siblings: Siblings): (peer: P) => T
}

/** A device on the command line. */
export interface DeviceChoice {
  /** What it is, in a few words. */
  readonly help: string
  /** Whether stock Linux has a driver for it, so that `vmbus guest` offers it when nothing else is said. */
  readonly isStock: boolean
  readonly vsp: DeviceEnd<OfferedDevice, GuestPeer>
  readonly vsc: DeviceEnd<GuestDriver, HostPeer>
}

/** Refuses a second device of a kind of which a guest has one. */
export function only(name: string, { nth }: Siblings): void {
  if (nth > 0) throw new UsageError(`there is one ${name} in a guest`)
}

/** The setting of every device of which a guest can have several. */
export const instanceSetting = { instance: { value: 'GUID', help: 'its instance id' } } as const

/** What anything with a life of a channel tells. */
interface Opened {
  on(event: 'negotiated' | 'close', listener: () => void): unknown
}

/** Does something every so many seconds while a component is in use; 0: never. */
export function every(component: Opened, seconds: number, act: () => void): void {
  let timer: NodeJS.Timeout | undefined
  component.on('negotiated', () => {
    clearInterval(timer)
    if (seconds > 0) timer = setInterval(act, seconds * 1000)
  })
  component.on('close', () => clearInterval(timer))
}

/** Says what is new: the same line twice is said once. */
export function news(say: Say): Say {
  let last: string | undefined
  return (line) => {
    if (line !== last) say(line)
    last = line
  }
}
