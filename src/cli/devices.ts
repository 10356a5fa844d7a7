import type { GuestDriver, HostDevice } from '../channels/index.ts'
import { FileDisk } from '../node/file-disk.ts'
import { EchoVsc } from '../vsc/echo.ts'
import { KeyboardVsc } from '../vsc/keyboard.ts'
import { MouseVsc } from '../vsc/mouse.ts'
import { NetworkVsc } from '../vsc/network/index.ts'
import { StorageVsc } from '../vsc/storage/index.ts'
import { VideoVsc } from '../vsc/video/index.ts'
import { EchoVsp } from '../vsp/echo.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import {
  Gateway,
  LoopbackBackend,
  macAddressOf,
  macAddressText,
  type NetworkBackend,
  NetworkSwitch,
  NetworkVsp,
  NullBackend,
} from '../vsp/network/index.ts'
import { DvdUnit, MemoryDisk, type StorageUnit, StorageVsp } from '../vsp/storage/index.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import { type Guid, guid } from '../wire/index.ts'
import { UsageError } from './command.ts'

/** Settings of a device as they were given: `keyboard,keys=1e.30` has `keys`. */
export type DeviceSettings = ReadonlyMap<string, string>

/** Tells the user, in one line, what a device does. */
export type Say = (line: string) => void

/** A device that `vmbus serve` knows: its end in the host, its end in the guest, and what can be set. */
interface DeviceChoice {
  /** Settings and what they mean. */
  readonly settings: Readonly<Record<string, string>>
  vsp(settings: DeviceSettings, say: Say): HostDevice
  vsc(settings: DeviceSettings, say: Say): GuestDriver
}

/** All devices, by name. A new one is added here. */
export const deviceChoices: Readonly<Record<string, DeviceChoice>> = {
  keyboard: {
    settings: { keys: 'scan codes to type, in hex: 1e.30.e048', text: 'text to type', instance: 'GUID' },
    vsp(settings, say) {
      const instance = settings.get('instance')
      const keyboard = instance === undefined ? new KeyboardVsp() : new KeyboardVsp(guidOf(instance))
      keyboard.on('accepted', () => say('the driver is ready'))
      const keys = settings.get('keys')
      if (keys !== undefined) keyboard.type(...keys.split('.').map(scanCode))
      keyboard.typeText(settings.get('text') ?? '')
      return keyboard
    },
    vsc(_settings, say) {
      const keyboard = new KeyboardVsc()
      keyboard.on('key', ({ code, isPressed, isUnicode }) => {
        const key = isUnicode ? JSON.stringify(String.fromCharCode(code)) : `0x${code.toString(16)}`
        say(`${isPressed ? 'down' : 'up'} ${key}`)
      })
      return keyboard
    },
  },
  mouse: {
    settings: {},
    vsp(_settings, say) {
      const mouse = new MouseVsp()
      mouse.on('accepted', () => say('the driver is ready'))
      return mouse
    },
    vsc(_settings, say) {
      const mouse = new MouseVsc()
      mouse.on('pointer', ({ x, y, buttons }) => say(`at ${x}, ${y}, buttons ${buttons}`))
      return mouse
    },
  },
  network: {
    settings: {
      backend: 'gateway (default; one network for all NICs), loopback, null',
      mac: 'MAC address, default 00:15:5d:00:00:01',
      queues: 'most channels',
    },
    vsp: networkVsp,
    vsc(settings, say) {
      const nic = new NetworkVsc({ queues: numberOf(settings, 'queues') ?? 1 })
      nic.on('ready', () => say(`a NIC of ${nic.queues} channels, MTU ${nic.mtu}`))
      nic.on('frame', ({ bytes }) => say(`a frame of ${bytes.length} bytes`))
      return nic
    },
  },
  video: {
    settings: {},
    vsp: () => new VideoVsp(),
    vsc: () => new VideoVsc(),
  },
  storage: {
    settings: {
      disk: 'file of a raw image',
      dvd: 'file of an ISO image, at the next LUN',
      blocks: 'blocks of 512 bytes of an empty disk in memory, default 131072',
      readonly: '1: nothing is written to the file',
      subchannels: 'channels beside the first that a guest may have',
      instance: 'GUID',
    },
    vsp: storageVsp,
    vsc(_settings, say) {
      const storage = new StorageVsc()
      const tell = () =>
        storage.units().then(
          (units) => {
            for (const { lun, vendor, product, capacity } of units) {
              const size =
                capacity === undefined ? 'no medium' : `${capacity.blocks} blocks of ${capacity.blockSize} bytes`
              say(`LUN ${lun}: ${vendor} ${product}, ${size}`)
            }
          },
          (error: unknown) => say(String(error)),
        )
      storage.on('ready', tell)
      storage.on('changed', tell)
      return storage
    },
  },
  echo: {
    settings: {},
    vsp: () => new EchoVsp(),
    vsc: () => new EchoVsc(),
  },
}

function networkVsp(settings: DeviceSettings, say: Say): HostDevice {
  const backend = networkBackend(settings.get('backend') ?? 'gateway')
  const nic = new NetworkVsp({
    backend,
    macAddress: macOf(settings.get('mac') ?? '00:15:5d:00:00:01'),
    queues: numberOf(settings, 'queues') ?? 8,
  })
  nic.on('initialized', () => say('the driver is ready'))
  nic.on('filter', (filter) =>
    say(filter === 0 ? 'it receives nothing' : `it receives (filter 0x${filter.toString(16)})`),
  )
  return nic
}

/** The network that all NICs with a gateway share. */
let lan: NetworkSwitch | undefined

function networkBackend(name: string): NetworkBackend {
  if (name === 'loopback') return new LoopbackBackend()
  if (name === 'null') return new NullBackend()
  if (name !== 'gateway') throw new UsageError(`no back end: ${name}`)
  if (lan === undefined) {
    lan = new NetworkSwitch()
    lan.plug(new Gateway())
  }
  return lan
}

function macOf(text: string): string {
  try {
    return macAddressText(macAddressOf(text))
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}

function storageVsp(settings: DeviceSettings, say: Say): HostDevice {
  const path = settings.get('disk')
  const dvd = settings.get('dvd')
  const instance = settings.get('instance')
  const readOnly = settings.get('readonly') === '1'
  const disks: StorageUnit[] = []
  try {
    if (path !== undefined) disks.push(new FileDisk(path, { readOnly }))
    else if (dvd === undefined) disks.push(new MemoryDisk({ blocks: numberOf(settings, 'blocks') ?? 131_072 }))
    if (dvd !== undefined) disks.push(new DvdUnit(new FileDisk(dvd, { blockSize: 2048, readOnly: true })))
  } catch (error) {
    throw new UsageError(`storage: ${error instanceof Error ? error.message : String(error)}`)
  }
  const storage = new StorageVsp({
    disks,
    maxSubchannels: numberOf(settings, 'subchannels') ?? 0,
    ...(instance === undefined ? {} : { instanceId: guidOf(instance) }),
  })
  storage.on('ready', (version) => say(`the driver is ready, version ${version >> 8}.${version & 0xff}`))
  return storage
}

/** A device as it was asked for. */
export interface ChosenDevice {
  readonly name: string
  vsp(say: Say): HostDevice
  vsc(say: Say): GuestDriver
}

/** Reads `NAME[,SETTING=VALUE…]`. Throws {@link UsageError}. */
export function chooseDevice(text: string): ChosenDevice {
  const [name = '', ...rest] = text.split(',')
  const choice = Object.hasOwn(deviceChoices, name) ? deviceChoices[name] : undefined
  if (choice === undefined) {
    throw new UsageError(`--device takes ${Object.keys(deviceChoices).join(', ')}, not ${name}`)
  }
  const settings = new Map<string, string>()
  for (const part of rest) {
    const at = part.indexOf('=')
    const setting = part.slice(0, Math.max(0, at))
    if (!Object.hasOwn(choice.settings, setting)) {
      const known = Object.entries(choice.settings).map(([known, help]) => `${known} (${help})`)
      throw new UsageError(`${name} has the settings ${known.join(', ') || 'none'}, not ${part}`)
    }
    settings.set(setting, part.slice(at + 1))
  }
  const chosen = {
    name,
    vsp: (say: Say) => choice.vsp(settings, say),
    vsc: (say: Say) => choice.vsc(settings, say),
  }
  // What is wrong with a setting shows when the device is made: now, not with the first guest.
  chosen.vsp(() => {})
  return chosen
}

function numberOf(settings: DeviceSettings, name: string): number | undefined {
  const text = settings.get(name)
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${name} takes a number, not ${text}`)
  return Number(text)
}

function scanCode(text: string): number {
  const code = /^(e[01])?[0-9a-f]{1,2}$/i.test(text) ? Number.parseInt(text, 16) : Number.NaN
  if (Number.isNaN(code)) throw new UsageError(`no scan code: ${text}`)
  return code
}

function guidOf(text: string): Guid {
  try {
    return guid(text)
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message)
    throw error
  }
}
