/**
 * The shutdown integration component's driver.
 *
 * @module
 */
import { IcStatus } from '../devices/ics/messages.ts'
import { ShutdownFlags, ShutdownMessage, shutdownVersions } from '../devices/shutdown.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { type IcAnswer, IcVsc, type IcVscOptions } from './ics.ts'

/** What the host wants, and is told will be done. */
export interface ShutdownAsked {
  readonly action: 'power-off' | 'restart' | 'hibernate'
  /** Without waiting for applications. */
  readonly isForced: boolean
  /** See ShutdownReason. */
  readonly reason: number
  /** 0 when the host says nothing. */
  readonly timeoutSeconds: number
  readonly text: string
}

/** What a shutdown component's driver tells. */
export interface ShutdownVscEvents {
  /** The host was answered that this partition does so: the answer goes first. */
  shutdown: (asked: ShutdownAsked) => void
}

/** How a shutdown component's driver is made. */
export interface ShutdownVscOptions extends IcVscOptions {
  /** Whether this partition can hibernate. Default false. */
  readonly canHibernate?: boolean
}

/** Takes requests to shut down. Source: Linux drivers/hv/hv_util.c (shutdown_onchannelcallback). */
export class ShutdownVsc extends IcVsc<ShutdownMessage, ShutdownVscEvents> {
  readonly #canHibernate: boolean

  constructor({ canHibernate = false, ...options }: ShutdownVscOptions = {}) {
    super(DeviceId.Shutdown, ShutdownMessage, shutdownVersions, options)
    this.#canHibernate = canHibernate
  }

  protected answer(message: ShutdownMessage): IcAnswer | undefined {
    if (message.type !== 'IcShutdown') return undefined
    const { flags, reason, timeoutSeconds, displayMessage } = message.shutdown
    const action = actions.get(flags & ~ShutdownFlags.force)
    // Linux answers FAIL to both; for what it does not know at all NOT_SUPPORTED says more (IC-17).
    if (action === undefined) return { status: IcStatus.NotSupported }
    if (action === 'hibernate' && !this.#canHibernate) return { status: IcStatus.Fail }
    const isForced = (flags & ShutdownFlags.force) !== 0
    const asked = { action, isForced, reason, timeoutSeconds, text: textOf(displayMessage) }
    return { status: IcStatus.Ok, afterwards: () => this.emit('shutdown', asked) }
  }
}

const actions: ReadonlyMap<number, ShutdownAsked['action']> = /* @__PURE__ */ new Map([
  [0, 'power-off'],
  [ShutdownFlags.restart, 'restart'],
  [ShutdownFlags.hibernate, 'hibernate'],
])

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}
