/**
 * The volume shadow copy (VSS, backup) integration component's driver.
 *
 * @module
 */
import type { Channel } from '../channels/index.ts'
import { IcStatus } from '../devices/ics/messages.ts'
import { VssHeader, VssHotBackupSupport, VssMessage, vssFrameworkVersions, vssVersions } from '../devices/vss.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { type IcAnswer, type IcDefer, IcVsc, type IcVscOptions } from './ics.ts'

/** How a backup driver is made. */
export interface VssVscOptions extends IcVscOptions {
  /**
   * Brings what is stored into order, and stops writing. Answers when that is done, or later by a promise; the host waits 15 minutes.
   * What it throws is a refusal. Without it the partition cannot be backed up.
   */
  readonly freeze?: () => void | Promise<void>
  /** Goes on writing. Also called when the host goes away in between. */
  readonly thaw?: () => void | Promise<void>
}

/**
 * Freezes and thaws what this partition stores, when the host asks. Takes nothing from the host while a callback is at work. Source: Linux
 * drivers/hv/hv_snapshot.c and tools/hv/hv_vss_daemon.c.
 */
export class VssVsc extends IcVsc<VssMessage> {
  readonly #freeze: VssVscOptions['freeze']
  readonly #thaw: () => void | Promise<void>
  #isFrozen = false

  constructor({ freeze, thaw = () => {}, frameworkVersions = vssFrameworkVersions, ...options }: VssVscOptions = {}) {
    super(DeviceId.Vss, VssMessage, vssVersions, { frameworkVersions, ...options })
    this.#freeze = freeze
    this.#thaw = thaw
  }

  /** Whether the host has this partition frozen. */
  get isFrozen(): boolean {
    return this.#isFrozen
  }

  protected answer(message: VssMessage, reply: Uint8Array, defer: IcDefer): IcAnswer | 'deferred' | undefined {
    if (message.type !== 'IcVss') return undefined
    switch (message.request.type) {
      case 'VssHotBackup':
        if (this.#freeze === undefined) return failed
        setFlags(reply, VssHotBackupSupport.NoAutoRecovery)
        return done
      case 'VssGetDirectMappedInfo':
        setFlags(reply, 0)
        return done
      case 'VssFreeze':
      case 'VssShortFreeze':
        // What is frozen cannot be frozen again, as Linux's file systems have it.
        if (this.#freeze === undefined || this.#isFrozen) return failed
        return this.#call(this.#freeze, true, defer)
      case 'VssThaw':
        return this.#isFrozen ? this.#call(this.#thaw, false, defer) : failed
      default:
        // As Linux, which answers success to what it does not know.
        return done
    }
  }

  protected override onClose(): void {
    super.onClose()
    if (this.#isFrozen) this.#thawAlone()
  }

  #call(callback: () => void | Promise<void>, isFrozen: boolean, defer: IcDefer): IcAnswer | 'deferred' {
    const { channel } = this
    let result: void | Promise<void>
    try {
      result = callback()
    } catch {
      return failed
    }
    if (!(result instanceof Promise)) {
      this.#isFrozen = isFrozen
      return done
    }
    const answer = defer()
    result.then(
      () => this.#called(isFrozen, channel, () => answer(done)),
      () => answer(failed),
    )
    return 'deferred'
  }

  #called(isFrozen: boolean, channel: Channel | undefined, answer: () => void): void {
    this.#isFrozen = isFrozen
    answer()
    if (isFrozen && channel?.isOpen !== true) this.#thawAlone()
  }

  /** The host has gone: nobody else would thaw. */
  #thawAlone(): void {
    this.#isFrozen = false
    try {
      this.#thaw()?.catch(() => {})
    } catch {
      // There is nobody to be told.
    }
  }
}

/** The word behind the header, in which an answer has its flags. */
function setFlags(reply: Uint8Array, flags: number): void {
  new DataView(reply.buffer, reply.byteOffset, reply.byteLength).setUint32(VssHeader.size, flags, true)
}

const done: IcAnswer = { status: IcStatus.Ok }
const failed: IcAnswer = { status: IcStatus.Fail }
