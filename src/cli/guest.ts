import { existsSync } from 'node:fs'
import { Conversation, type HostTransport } from '../channels/index.ts'
import type { InputStep } from '../devices/input-script.ts'
import { cachedKernels, debianKernel, GuestError, GuestSetupError, LinuxGuest } from '../guest/index.ts'
import { LoneRecording } from '../trace/index.ts'
import { deviceName } from '../vmbus/device-ids.ts'
import { parseVersion, VmbusVersion, versionText } from '../vmbus/versions.ts'
import { type Call, type Command, type ExitStatus, InputError, numberOption, UsageError } from './command.ts'
import { deviceHelp, deviceSyntax, type OfferedDevice, offeredDevices, stockDevices } from './devices/index.ts'
import { displayedBy, displayGuest } from './guest-display.ts'
import { inputOption, inputScript, playInput } from './guest-input.ts'
import { traceLive } from './live-trace.ts'
import { checkOutput, writeRecording } from './output.ts'
import { note, paint, print } from './terminal.ts'
import { packageVersion } from './version.ts'

/** Milliseconds that devices are waited for, once the guest takes commands. */
const bindingTime = 15_000

/** `vmbus guest`: a real kernel, served from here. */
export const guestCommand: Command = {
  name: 'guest',
  usage:
    'guest [--device NAME[,SETTING=VALUE…]]… [--console] [--trace] [--run COMMAND] [--input SCRIPT] [--shell] [--display] [--record FILE]',
  summary: 'Boots a stock Linux kernel for arm64 in QEMU, with its VMBus drivers served from here.',
  words: 0,
  options: {
    device: {
      value: 'NAME[,…]',
      repeats: true,
      help: `what is offered, ${deviceSyntax}; default ${stockDevices.join(', ')}`,
    },
    console: { help: "show the kernel's log" },
    trace: { help: 'show the conversation on VMBus, decoded' },
    run: { value: 'COMMAND', help: 'run a command in the guest, and print what it says' },
    input: inputOption,
    shell: { help: 'a shell in the guest; exit or Ctrl-] ends it' },
    display: { help: "the guest's screen on a page of this machine, which takes keys and mouse for it, until Ctrl-C" },
    stay: { help: 'run until Ctrl-C, or until the guest ends' },
    record: { value: 'FILE', help: 'write the conversation as a transcript, for vmbus replay' },
    smp: { value: 'N', help: 'virtual processors, 1 to 8' },
    memory: { value: 'MEGABYTES', help: 'guest memory; default 512' },
    version: { value: '5.2', help: "the host's newest VMBus version" },
    kernel: { value: 'VERSION|FILE', help: "one of Debian's, as 6.18, or an Image or ELF file; default the newest" },
    initrd: { value: 'FILE', help: 'an initramfs instead of ours' },
    append: { value: 'TEXT', help: "more for the kernel's command line" },
    fetch: { help: "only fetch the newest kernel (or the one of --kernel) from Debian's archive" },
  },
  more: () => deviceHelp(false),
  async run(call): Promise<ExitStatus> {
    try {
      return call.has('fetch') ? await fetchKernel(call) : await bootAndServe(call)
    } catch (error) {
      if (error instanceof GuestSetupError || error instanceof GuestError) throw new InputError(error.message)
      if (error instanceof RangeError) throw new UsageError(error.message)
      throw error
    }
  },
}

async function fetchKernel(call: Call): Promise<ExitStatus> {
  const { version, packages } = await debianKernel(call.option('kernel'), { refresh: true, onProgress: note })
  print(`Linux ${version}, from ${packages.join(', ')}`, `in the cache: ${cachedKernels().join(', ')}`)
  return 0
}

async function bootAndServe(call: Call): Promise<ExitStatus> {
  let running: LinuxGuest | undefined
  const offers = offersOf(call, () => running)
  // What is missing for the page shows now, not when the guest is up.
  if (call.has('display')) displayedBy('', new Conversation(), offers)
  const steps = inputScript(call.option('input') ?? '')
  checkOutput(call.option('record'))
  const memory = numberOption(call, 'memory')
  const smp = numberOption(call, 'smp')
  const version = versionOption(call)
  const recording = call.option('record') === undefined ? undefined : recordingOf(version)
  const kernel = call.option('kernel')
  // Ctrl-C ends the guest in order; a second one at once.
  let interrupted: () => void = () => process.exit(1)
  const onSignal = (): void => interrupted()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  try {
    await using guest = await LinuxGuest.boot({
      offers,
      ...optional('smp', smp),
      ...optional('memory', memory === undefined ? undefined : memory * 1024 * 1024),
      ...optional('version', version),
      ...optional('kernel', kernel !== undefined && isFile(kernel) ? { file: kernel } : kernel),
      ...optional('initrd', call.option('initrd')),
      ...optional('append', call.option('append')),
      ...optional('wrap', recording && ((host: HostTransport) => recording.wrapHost(host))),
      verbose: call.has('console'),
      onProgress: (what) => note(paint('gray', what)),
      onStart: (started) => {
        running = started
        interrupted = () => {
          note('ending the guest; Ctrl-C again ends it at once')
          interrupted = () => void started.kill()
          started.shutdown({ timeout: 10_000 }).catch(() => undefined)
        }
        watch(started, call)
        recording?.follow(started.host)
      },
    })
    const isOurs = guest.console.isReady
    if (isOurs) await untilCrash(guest, serve(guest, offers, call, steps))
    else await guest.exited
    if (isOurs && !guest.hasEnded) await guest.shutdown()
    print(paint('bold', `ended after ${seconds(guest.elapsed)}`))
    if (guest.crash !== undefined) print(...crashLines(guest))
    return guest.crash === undefined ? 0 : 1
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
    const file = call.option('record')
    if (recording !== undefined && file !== undefined) writeRecording(recording, file)
  }
}

/** Whether a kernel is named by its file, and not by its version. */
function isFile(kernel: string): boolean {
  return kernel.includes('/') || existsSync(kernel)
}

/** What is wanted of a guest that takes commands. */
async function serve(
  guest: LinuxGuest,
  offers: readonly OfferedDevice[],
  call: Call,
  steps: readonly InputStep[],
): Promise<void> {
  print(paint('bold', `Linux ${guest.kernel ?? ''} is up after ${seconds(guest.elapsed)}`))
  const missing = await notOpened(guest, offers)
  for (const device of missing) print(paint('yellow', `no driver for ${nameOf(device)}`))
  const command = call.option('run')
  if (command !== undefined) {
    const { output, status } = await guest.run(command)
    process.stdout.write(output)
    if (status !== 0) note(`status ${status}`)
  }
  await playInput(steps, offers)
  if (call.has('shell')) await shell(guest)
  if (call.has('display')) await displayGuest(guest, offers)
  if (call.has('stay')) await guest.exited
}

/** Prints what the guest does, from its first moment on. */
function watch(guest: LinuxGuest, call: Call): void {
  const { events } = guest
  events.on('connection', ({ what, version }) => {
    if (what === 'connected' && version !== undefined) print(paint('bold', `VMBus ${versionText(version)}`))
  })
  events.on('channel', ({ what, channelId, interfaceId }) => {
    if (what !== 'opened' && what !== 'closed') return
    const name = deviceName(interfaceId) ?? interfaceId
    print(
      paint(
        what === 'opened' ? 'green' : 'yellow',
        `${name} ${what === 'opened' ? 'bound' : 'closed'}, channel ${channelId}`,
      ),
    )
  })
  events.on('violation', ({ violation }) => print(paint('red', `violation, ${violation.rule}: ${violation.why}`)))
  guest.on('crash', () => print(paint('red', 'the kernel reports a crash')))
  if (call.has('console')) guest.console.on('line', (line) => print(paint('gray', line)))
  if (call.has('trace')) traceLive(guest.host, print)
}

/** Waits until the guest's drivers have opened all devices; answers those that they have not. */
async function notOpened(guest: LinuxGuest, offers: readonly OfferedDevice[]): Promise<OfferedDevice[]> {
  const isOpen = ({ channel }: OfferedDevice) => channel !== undefined
  const all = new Promise<void>((resolve) => {
    const look = (): void => {
      if (offers.every(isOpen)) resolve()
    }
    // The device learns of its channel after the event.
    guest.events.on('channel', () => setImmediate(look))
    look()
  })
  await guest.within(bindingTime, 'not all devices were opened', all).catch(() => undefined)
  return offers.filter((device) => !isOpen(device))
}

/** Joins this terminal to a shell in the guest. */
async function shell(guest: LinuxGuest): Promise<void> {
  const { console: terminal } = guest
  const { stdin } = process
  const [ctrlC, ctrlD, ctrlBracket] = [0x03, 0x04, 0x1d]
  // The end of input is the shell's too; Ctrl-] is its end now, whatever it does.
  const end = (): void => terminal.type(Uint8Array.of(ctrlD))
  const type = (bytes: Buffer): void => terminal.type(bytes.includes(ctrlBracket) ? Uint8Array.of(ctrlC, ctrlD) : bytes)
  print('a shell in the guest: exit or Ctrl-] ends it')
  terminal.raw = (bytes) => process.stdout.write(bytes)
  if (stdin.isTTY) stdin.setRawMode(true)
  const ended = terminal.shell()
  stdin.on('data', type).on('end', end)
  // A guest that is switched off from its shell is no failure.
  await ended.catch(() => undefined)
  terminal.raw = undefined
  if (stdin.isTTY) stdin.setRawMode(false)
  stdin.off('data', type).off('end', end).pause()
}

/** Waits for what is done with a guest; a crash ends it, and is told elsewhere. */
async function untilCrash(guest: LinuxGuest, done: Promise<void>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (!(error instanceof GuestError) || guest.crash === undefined) throw error
  }
}

/** A recording of what the host's end says and hears. */
function recordingOf(version: number = VmbusVersion.V6_0): LoneRecording {
  const startedAt = performance.now()
  return new LoneRecording({
    now: () => (performance.now() - startedAt) / 1000,
    about: { name: 'vmbus guest', description: 'a stock Linux kernel for arm64, served by vmbus' },
    config: { version: versionText(version), features: 0, package: packageVersion() },
  })
}

function offersOf(call: Call, running: () => LinuxGuest | undefined): OfferedDevice[] {
  const texts = call.all('device')
  const make = offeredDevices(texts.length === 0 ? stockDevices : texts)
  const peer = { place: 0, say: sayOf, referenceTime: () => running()?.referenceTime ?? 0n }
  return make(peer).map(({ device }) => device)
}

/** What a device does. */
function sayOf(line: string): void {
  print(paint('gray', line))
}

function versionOption(call: Call): number | undefined {
  const text = call.option('version')
  if (text === undefined) return undefined
  const version = parseVersion(text)
  if (version === undefined) throw new UsageError(`--version takes a VMBus version such as 5.2, not ${text}`)
  return version
}

function nameOf({ offer }: OfferedDevice): string {
  return deviceName(offer.interfaceId) ?? offer.interfaceId
}

function crashLines({ crash }: LinuxGuest): string[] {
  return [paint('red', 'the guest crashed; the end of its log:'), crash?.text ?? '(it sent no text)']
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

/** For options that are absent when they have no value. The cast is sound: a computed name is a plain string to the compiler. */
function optional<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [name in K]?: V }
}
