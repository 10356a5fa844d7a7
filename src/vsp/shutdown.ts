/**
 * The shutdown integration component in the root partition.
 *
 * @module
 */
import { type IcHeader, IcMessageType } from '../devices/ics/messages.ts'
import {
  ShutdownData,
  ShutdownMessage,
  ShutdownReason,
  shutdownTextSize,
  shutdownVersions,
} from '../devices/shutdown.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { IcVsp, type IcVspOptions } from './ics.ts'

/** What the guest is asked for. */
export interface ShutdownRequest {
  /** See ShutdownFlags; 0, the default, powers off. */
  readonly flags?: number
  /** See ShutdownReason; default planned. */
  readonly reason?: number
  /** Seconds that the guest may take; default 0, which says nothing. */
  readonly timeoutSeconds?: number
  /** Shown by the guest, if it likes: at most 2047 bytes of UTF-8. */
  readonly text?: string
}

/** What became of a call: `sent`, and `answered` will come; or nothing was sent, and why. */
export type ShutdownSent = 'sent' | 'already-in-progress' | 'not-ready'

/** What a shutdown component tells of itself. */
export interface ShutdownVspEvents {
  /** The guest's answer, an HRESULT: 0 when it will shut down. `undefined`: it closed the channel instead. */
  answered: (status: number | undefined) => void
}

/** Asks the guest to shut down, restart or hibernate. */
export class ShutdownVsp extends IcVsp<ShutdownMessage, ShutdownVspEvents> {
  constructor(options: IcVspOptions = {}) {
    super(
      { interfaceId: DeviceId.Shutdown, instanceId: InstanceId.Shutdown },
      ShutdownMessage,
      shutdownVersions,
      options,
    )
  }

  /** Asks the guest, one request at a time (behaviour 217). Throws `RangeError` for a text that is too long. */
  request({
    flags = 0,
    reason = ShutdownReason.planned,
    timeoutSeconds = 0,
    text = '',
  }: ShutdownRequest = {}): ShutdownSent {
    const displayMessage = textBytes(text)
    if (this.agreed === undefined) return 'not-ready'
    if (this.unanswered > 0) return 'already-in-progress'
    const body = ShutdownData.encode({ reason, timeoutSeconds, flags, displayMessage })
    return this.ask(IcMessageType.Shutdown, body) ? 'sent' : 'not-ready'
  }

  protected override onAnswer(_message: ShutdownMessage, { status }: IcHeader): void {
    this.emit('answered', status)
  }

  protected override onClose(): void {
    const isWaiting = this.unanswered > 0
    super.onClose()
    if (isWaiting) this.emit('answered', undefined)
  }
}

function textBytes(text: string): Uint8Array {
  const encoded = new TextEncoder().encode(text)
  if (encoded.length >= shutdownTextSize) throw new RangeError(`${encoded.length} bytes of text, at most 2047`)
  const bytes = new Uint8Array(shutdownTextSize)
  bytes.set(encoded)
  return bytes
}
