import type { GuestDriver } from '../../channels/index.ts'
import { type Option, optionRows, UsageError } from '../command.ts'
import type { DeviceChoice, DeviceEnd, GuestPeer, HostPeer, OfferedDevice, Peer } from './choice.ts'
import { heartbeatChoice, shutdownChoice, timeSyncChoice } from './components.ts'
import { echoChoice } from './echo.ts'
import { fileCopyChoice, kvpChoice, vssChoice } from './exchange.ts'
import { keyboardChoice, mouseChoice } from './input-devices.ts'
import { networkChoice } from './network.ts'
import { Networks } from './networks.ts'
import { Settings } from './settings.ts'
import { storageChoice } from './storage.ts'
import { videoChoice } from './video.ts'

export type { GuestPeer, HostPeer, OfferedDevice } from './choice.ts'

/** All devices of `vmbus serve` and `vmbus guest`, by name. A new one is added here. No name is that of a setting. */
export const deviceChoices: Readonly<Record<string, DeviceChoice>> = {
  keyboard: keyboardChoice,
  mouse: mouseChoice,
  storage: storageChoice,
  network: networkChoice,
  video: videoChoice,
  heartbeat: heartbeatChoice,
  shutdown: shutdownChoice,
  timesync: timeSyncChoice,
  kvp: kvpChoice,
  vss: vssChoice,
  fcopy: fileCopyChoice,
  echo: echoChoice,
}

/** What `vmbus guest` offers when nothing is said: all that stock Linux has drivers for. */
export const stockDevices: readonly string[] = Object.keys(deviceChoices).filter(
  (name) => deviceChoices[name]?.isStock === true,
)

/** How devices are written, for the help of an option. */
export const deviceSyntax = `${Object.keys(deviceChoices).join(', ')}; see below`

/** A device's end, made for one peer. */
export interface Made<T> {
  /** Its name on the command line, numbered where there are several. */
  readonly label: string
  readonly device: T
}

/** Makes all devices of a command line, for a peer; each says what it does under its label. */
export type Maker<T, P extends Peer> = (peer: P) => Made<T>[]

/** Reads what `--device` says, for the host's ends. Throws {@link UsageError} for whatever is wrong with it, files included. */
export function offeredDevices(texts: readonly string[]): Maker<OfferedDevice, GuestPeer> {
  return makerOf(texts, ({ vsp }) => vsp)
}

/** The same for the guest's ends. */
export function guestDrivers(texts: readonly string[]): Maker<GuestDriver, HostPeer> {
  return makerOf(texts, ({ vsc }) => vsc)
}

function makerOf<T, P extends Peer>(
  texts: readonly string[],
  endOf: (choice: DeviceChoice) => DeviceEnd<T, P>,
): Maker<T, P> {
  const specs = texts.flatMap((text) => readSpecs(text, (choice) => endOf(choice).settings))
  if (specs.length === 0) throw new UsageError(`--device takes ${Object.keys(deviceChoices).join(', ')}`)
  const networks = new Networks()
  const makers = specs.map(({ name, choice, values }, index) => {
    const count = specs.filter((other) => other.name === name).length
    const nth = specs.slice(0, index).filter((other) => other.name === name).length
    const make = endOf(choice).prepare(new Settings(name, values), { nth, count, networks })
    return { label: count === 1 ? name : `${name} ${nth + 1}`, make }
  })
  return (peer) =>
    makers.map(({ label, make }) => ({
      label,
      device: make({ ...peer, say: (line) => peer.say(`${label}: ${line}`) }),
    }))
}

/** One device as it was written. */
interface Spec {
  readonly name: string
  readonly choice: DeviceChoice
  readonly values: Map<string, string[]>
}

/**
 * Reads `NAME[,SETTING[=VALUE]…]`, one or several behind each other: the name of a device begins the next. A comma in a value is doubled.
 */
function readSpecs(text: string, settingsOf: (choice: DeviceChoice) => Readonly<Record<string, Option>>): Spec[] {
  const specs: Spec[] = []
  for (const word of text.split(/(?<!,),(?!,)/)) {
    const current = specs.at(-1)
    const choice = Object.hasOwn(deviceChoices, word) ? deviceChoices[word] : undefined
    if (choice !== undefined) specs.push({ name: word, choice, values: new Map() })
    else if (current === undefined)
      throw new UsageError(`--device takes ${Object.keys(deviceChoices).join(', ')}, not ${word}`)
    else addSetting(current, settingsOf(current.choice), word.replaceAll(',,', ','))
  }
  return specs
}

function addSetting({ name, values }: Spec, settings: Readonly<Record<string, Option>>, word: string): void {
  const [setting = '', ...rest] = word.split('=')
  const value = word.includes('=') ? rest.join('=') : undefined
  const known = Object.hasOwn(settings, setting) ? settings[setting] : undefined
  if (known === undefined) {
    const names = Object.entries(settings).map(([name, { value }]) => (value === undefined ? name : `${name}=${value}`))
    throw new UsageError(`${name} has no setting ${setting || word}; it has ${names.join(', ') || 'none'}`)
  }
  if (known.value === undefined) {
    if (value !== undefined && value !== '0' && value !== '1')
      throw new UsageError(`${name}: ${setting} takes no value`)
    if (value !== '0') values.set(setting, ['1'])
    return
  }
  if (value === undefined || value === '') throw new UsageError(`${name}: ${setting} wants ${setting}=${known.value}`)
  const before = values.get(setting) ?? []
  if (before.length > 0 && known.repeats !== true) throw new UsageError(`${name}: ${setting} is there twice`)
  values.set(setting, [...before, value])
}

/** The table of devices for `--help`: their ends in the host and, where that is of use, in the guest. */
export function deviceHelp(hasDrivers: boolean): string[] {
  const lines = ['Devices are written NAME[,SETTING[=VALUE]…], `,,` for a comma in a value. There are:']
  for (const [name, { help, vsp }] of Object.entries(deviceChoices)) {
    lines.push('', `  ${name}: ${help}`, ...settingLines(vsp.settings))
  }
  if (!hasDrivers) return lines
  lines.push('', 'With --guest their drivers, which say what they see; of settings these have:', '')
  for (const [name, { vsc }] of Object.entries(deviceChoices)) {
    if (Object.keys(vsc.settings).length > 0) lines.push(`  ${name}`, ...settingLines(vsc.settings))
  }
  return lines
}

function settingLines(settings: Readonly<Record<string, Option>>): string[] {
  const rows = Object.entries(settings).map(([name, { value, repeats, help }]) => {
    return [value === undefined ? name : `${name}=${value}${repeats === true ? '…' : ''}`, help] as const
  })
  return optionRows(rows, '    ')
}
