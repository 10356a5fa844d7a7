import { readFileSync } from 'node:fs'
import { EventEmitter } from 'eventemitter3'
import {
  type Conversation,
  ForeignGuest,
  type GuestCrashReport,
  Host,
  type HostDevice,
  type HostOptions,
  type HostTransport,
  Pump,
} from '../channels/index.ts'
import { versionNumber } from '../vmbus/versions.ts'
import type { ViolationPolicy } from '../vmbus/violation.ts'
import { ShutdownVsp } from '../vsp/shutdown.ts'
import { driversFor } from './assets/drivers.ts'
import { initramfs } from './assets/initramfs.ts'
import { type DebianKernel, debianKernel } from './assets/kernels.ts'
import type { KernelModule } from './assets/modules.ts'
import { loadBootImage, ramBytesOf } from './boot-image.ts'
import { type CommandResult, GuestConsole } from './guest-console.ts'
import { maxVps, Place, ramBase } from './machine.ts'
import { Mailboxes } from './mailbox.ts'
import { Qemu } from './qemu.ts'
import { GuestSetupError } from './setup-error.ts'

/** How a guest is booted; everything has a default. */
export interface LinuxGuestOptions {
  /** Devices that are there when the kernel starts. */
  readonly offers?: readonly HostDevice[]
  /** Newest VMBus version of the host: `'5.2'` or `0x50002`. Default 6.0. */
  readonly version?: string | number
  /** Virtual processors, 1 … 8. Default 1. */
  readonly smp?: number
  /** Bytes of guest memory, a multiple of 2 MiB. Default 512 MiB. */
  readonly memory?: number
  /**
   * What to boot: the beginning of a version of Debian's (`'6.18'`; default the newest in the cache, or in the archive when the
   * cache is empty), or a file: an arm64 `Image`, an ELF file, or anything else that can be entered at its first byte.
   */
  readonly kernel?: string | { readonly file: string }
  /** An initramfs file instead of ours. {@link LinuxGuest.run} does not work then. */
  readonly initrd?: string
  /** More for the kernel's command line. */
  readonly append?: string
  /** Kernel modules to load besides those that the offers need, for devices that come later. */
  readonly drivers?: readonly string[]
  /** Whether the kernel writes all of its log to the console, not only warnings; that makes it slower. Default false. */
  readonly verbose?: boolean
  /** Time within which it has to take commands, in milliseconds. Default 120 s: a slow machine, and no KVM. */
  readonly timeout?: number
  /** More about the host's end. */
  readonly host?: HostOptions
  /** What becomes of violations besides being logged and told as events. Default `collect`. */
  readonly violations?: ViolationPolicy
  /** QEMU's program. Default `qemu-system-aarch64`. */
  readonly qemu?: string
  /** Puts something between the host's end and its transport, such as a recorder. */
  readonly wrap?: (host: HostTransport) => HostTransport
  /** Hears of each hypercall but signals: the VP that made it, its registers X0 … X17 and then its result. */
  readonly onHypercall?: (vp: number, registers: Uint8Array, when: 'made' | 'answered') => void
  /** Hears what is done before the guest starts, such as fetching a kernel. */
  readonly onProgress?: (what: string) => void
  /** Gets the guest before it starts, to listen from the first moment on. */
  readonly onStart?: (guest: LinuxGuest) => void
}

/** What a guest tells of itself. All of VMBus is in {@link LinuxGuest.events}. */
export interface LinuxGuestEvents {
  /** The kernel reported its crash; `text` is the end of its log. */
  crash: (report: GuestCrashReport) => void
  /** QEMU is gone. */
  ended: (status: number) => void
}

/** The guest ended, or did not do in time what was asked of it. */
export class GuestError extends Error {
  override readonly name = 'GuestError'
}

const mebibyte = 1024 * 1024

/** Milliseconds after which the guest's monitor page is looked at. */
const tickTime = 10

/**
 * A stock Linux kernel for arm64, booted in QEMU without KVM and without Hyper-V: it believes that it runs on Hyper-V, and its own drivers
 * are served by the VSPs that are offered here.
 *
 * ```ts
 * const keyboard = new KeyboardVsp()
 * await using guest = await LinuxGuest.boot({ offers: [keyboard] })
 * await guest.opened(keyboard)
 * const { output } = await guest.run('cat /sys/bus/vmbus/devices/*' + '/class_id')
 * await guest.shutdown()
 * ```
 */
export class LinuxGuest extends EventEmitter<LinuxGuestEvents> {
  /** Version of the kernel, if it is one of Debian's. */
  readonly kernel: string | undefined
  /** The guest's partition, and the hypervisor model. */
  readonly partition: ForeignGuest
  /** The host's half of the bus. */
  readonly host: Host
  readonly console: GuestConsole
  /** Interrupts raised so far, by VP. */
  readonly interrupts: readonly number[]
  /** The kernel's report of its crash, if there was one. */
  crash: GuestCrashReport | undefined
  /** VMBus version that was agreed on. */
  vmbusVersion: number | undefined
  readonly #qemu: Qemu
  #hasEnded = false
  readonly #startedAt: number

  private constructor(qemu: Qemu, kernel: string | undefined, startedAt: number, options: LinuxGuestOptions) {
    super()
    this.#startedAt = startedAt
    this.#qemu = qemu
    this.kernel = kernel
    const vps = options.smp ?? 1
    const interrupts = Array<number>(vps).fill(0)
    this.interrupts = interrupts
    const pump = new Pump()
    this.partition = new ForeignGuest(pump, {
      memory: qemu.ram,
      base: ramBase,
      architecture: 'arm64',
      vps,
      now: () => process.hrtime.bigint() / 100n,
      link: {
        interrupt: (vp, vector) => {
          interrupts[vp] = (interrupts[vp] ?? 0) + 1
          qemu.interrupt(vp, vector)
        },
        crashed: (report) => {
          this.crash = report
          this.emit('crash', report)
        },
      },
    })
    const { host, version, violations } = options
    this.host = new Host({
      transport: options.wrap?.(this.partition.host) ?? this.partition.host,
      pump,
      now: () => this.elapsed,
      ...(version !== undefined && { version }),
      ...(violations !== undefined && { violations }),
      ...(host !== undefined && { host }),
    })
    this.events.on('connection', ({ what, version }) => {
      if (what === 'connected') this.vmbusVersion = version
    })
    this.console = new GuestConsole((bytes) => qemu.console.write(bytes))
    for (const device of options.offers ?? []) this.host.offer(device)
    const mailboxes = new Mailboxes(this.partition.memory, vps, {
      hypercall: (vp, registers) => {
        options.onHypercall?.(vp, registers, 'made')
        this.partition.hypercall(vp, registers)
        options.onHypercall?.(vp, registers, 'answered')
      },
      signal: (vp, connectionId, flag) => void this.partition.signal(vp, connectionId, flag),
    })
    qemu.doorbell.on('data', () => mailboxes.look())
    qemu.console.on('data', (bytes: Uint8Array) => this.console.receive(bytes))
    // What no hypercall tells: monitor pages, and timers of the model.
    const clock = setInterval(() => this.partition.tick(), tickTime)
    void qemu.exited.then((status) => {
      clearInterval(clock)
      this.#hasEnded = true
      this.console.end(new GuestError(`the guest has ended${this.crash === undefined ? '' : ' after a crash'}`))
      this.host.close()
      qemu.ram.close()
      this.emit('ended', status)
    })
  }

  /**
   * Boots a guest, and waits until it takes commands; of one with another kernel or initrd than ours, only until it is started. Throws
   * {@link GuestSetupError} when something is missing for it, {@link GuestError} when the guest does not come up.
   */
  static async boot(options: LinuxGuestOptions = {}): Promise<LinuxGuest> {
    const { smp = 1, memory = 512 * mebibyte, kernel = '' } = options
    if (!(Number.isInteger(smp) && smp >= 1 && smp <= maxVps)) throw new RangeError(`smp: 1 to ${maxVps}, not ${smp}`)
    if (!(memory > 0 && memory % (2 * mebibyte) === 0 && memory <= 2048 * mebibyte)) {
      throw new RangeError(`memory: a multiple of 2 MiB up to 2 GiB, not ${memory}`)
    }
    versionNumber(options.version)
    const debian = await debianOf(options)
    const image = typeof kernel === 'string' ? (debian?.image ?? new Uint8Array(0)) : read(kernel.file)
    const initrd =
      options.initrd === undefined ? debian && initramfs(debian.busybox, debian.modules) : read(options.initrd)
    const modules = modulesFor(debian?.modules ?? [], options)
    const commandLine = [
      // Without the kernel's tests of its ciphers, which on an emulated processor are a quarter of the boot.
      'console=ttyAMA0 rdinit=/init printk.time=1 panic=-1 cryptomgr.notests',
      options.verbose ? 'loglevel=7' : 'quiet',
      ...(modules.length > 0 ? [`vmbus_modules=${modules.join(',')}`] : []),
      ...(options.append === undefined ? [] : [options.append]),
    ].join(' ')
    const startedAt = performance.now()
    const qemu = await Qemu.start(
      { vps: smp, ramBytes: ramBytesOf(memory), ...(options.qemu !== undefined && { program: options.qemu }) },
      (ram) => loadBootImage(ram, { vps: smp, memoryEnd: Place.kernel + memory, commandLine, kernel: image, initrd }),
    )
    const guest = new LinuxGuest(qemu, debian?.version, startedAt, options)
    try {
      options.onStart?.(guest)
      const hasAgent = options.initrd === undefined && debian !== undefined
      if (hasAgent) await guest.#ready(options.timeout ?? 120_000)
      return guest
    } catch (error) {
      await guest.kill()
      throw error
    }
  }

  /** The whole conversation on VMBus as events, as the host's end sees it. */
  get events(): Conversation {
    return this.host.events
  }

  /** The guest's reference time in units of 100 ns, as its own register says it: what a `TimeSyncVsp` wants. */
  get referenceTime(): bigint {
    return this.partition.partition.clock.time
  }

  /** Milliseconds since memory was filled and QEMU started. */
  get elapsed(): number {
    return performance.now() - this.#startedAt
  }

  /** Fulfilled when QEMU is gone, with its exit status: 0 when the guest switched itself off. */
  get exited(): Promise<number> {
    return this.#qemu.exited
  }

  /** Whether QEMU is gone. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Runs a command by the guest's shell, as root. Throws {@link GuestError} when it takes too long (default 60 s) or the guest ends. */
  run(command: string, { timeout = 60_000 } = {}): Promise<CommandResult> {
    return this.within(timeout, `"${command}" did not end`, this.console.run(command))
  }

  /** Offers a device while the guest runs. Its driver has to be there: see {@link LinuxGuestOptions.drivers}. */
  offer(device: HostDevice): void {
    this.host.offer(device)
  }

  /** Takes a device away. */
  revoke(device: HostDevice): void {
    this.host.revoke(device)
  }

  /** Fulfilled once the guest's driver has opened this device's channel; at once when it is open. */
  opened(device: OpenableDevice, { timeout = 30_000 } = {}): Promise<void> {
    if (device.channel !== undefined) return Promise.resolve()
    const open = new Promise<void>((resolve) => device.once('open', () => resolve()))
    return this.within(timeout, 'no driver of the guest has opened the device', open)
  }

  /** Waits for something, but not longer than `timeout` milliseconds, and not when the guest has ended: then throws {@link GuestError}. */
  async within<T>(timeout: number, what: string, promise: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new GuestError(`${what} within ${timeout / 1000} s`)), timeout)
    })
    const gone = this.exited.then((): never => {
      throw new GuestError(`${what}: the guest has ended${this.#lastWords()}`)
    })
    gone.catch(() => undefined)
    try {
      return await Promise.race([promise, late, gone])
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Asks the guest to shut down, and waits until it is gone: by the shutdown component, where one is offered and its driver there, else
   * by a command. Throws {@link GuestError} when it takes too long; QEMU is ended even so.
   */
  async shutdown({ timeout = 30_000 } = {}): Promise<void> {
    const component = this.host.endpoint.devices.find((device) => device instanceof ShutdownVsp)
    if (component?.request() !== 'sent') this.console.run('poweroff -f').catch(() => undefined)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new GuestError(`the guest did not shut down within ${timeout / 1000} s`)),
        timeout,
      )
    })
    try {
      await Promise.race([this.exited, late])
    } finally {
      clearTimeout(timer)
      await this.kill()
    }
  }

  /** Ends QEMU at once, and waits until nothing is left of it. */
  async kill(): Promise<void> {
    await this.#qemu.kill()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }

  async #ready(timeout: number): Promise<void> {
    const ready = new Promise<void>((resolve) => this.console.once('ready', resolve))
    try {
      await this.within(timeout, 'the guest did not take commands', ready)
    } catch (error) {
      if (!(error instanceof GuestError)) throw error
      throw new GuestError(`${error.message}${this.#lastWords()}`)
    }
  }

  #lastWords(): string {
    const lines = this.console.lines.slice(-12)
    return lines.length === 0 ? '' : `; the end of its console:\n${lines.join('\n')}`
  }
}

/** A device that says when it is opened; every `Vsp` is one. */
export interface OpenableDevice {
  readonly channel: unknown
  once(event: 'open', listener: () => void): unknown
}

/** Debian's kernel, if kernel or initrd are to be taken from there. */
async function debianOf({ kernel = '', onProgress }: LinuxGuestOptions): Promise<DebianKernel | undefined> {
  if (typeof kernel !== 'string') return undefined
  return debianKernel(kernel, onProgress === undefined ? {} : { onProgress })
}

/** Names of the modules to load, what they need first. */
function modulesFor(available: readonly KernelModule[], { offers = [], drivers = [] }: LinuxGuestOptions): string[] {
  const wanted = [...driversFor(offers.map(({ offer }) => offer.interfaceId)), ...drivers]
  const byName = new Map(available.map((module) => [module.name, module]))
  const names = wanted.flatMap((name) => {
    const module = byName.get(name.replaceAll('-', '_'))
    return module === undefined ? [] : [...module.needs, module.name]
  })
  return [...new Set(names)]
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new GuestSetupError(error instanceof Error ? error.message : String(error))
  }
}
