/**
 * The synthetic mouse in the root partition.
 *
 * @module
 */
import type { Channel, Completion } from '../channels/index.ts'
import {
  buildHidReport,
  type HidField,
  HidFieldFlags,
  type HidReportDescriptor,
  HidUsage,
  hidDescriptorOf,
  parseReportDescriptor,
} from '../devices/hid/index.ts'
import {
  MouseAttributes,
  type MouseButton,
  MouseDeviceInfo,
  MouseInputReport,
  MouseMessage,
  type MousePointing,
  MouseProtocolResponse,
  MouseVersion,
  mouseButtons,
  mouseReportDescriptor,
  mouseVersion,
} from '../devices/mouse/index.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import type { OfferParams } from '../vmbus/server/effects.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { Guid } from '../wire/index.ts'
import { MessageVsp } from './message-vsp.ts'

/** Reports that wait for the guest's driver; what comes beyond that is dropped, as with the keyboard. */
const maxWaiting = 64

/** How a mouse is made; everything has a default. */
export interface MouseVspOptions {
  /** Another one for a second mouse; default is the one that every VM has. */
  readonly instanceId?: Guid
  /** Default `absolute`. */
  readonly pointing?: MousePointing
  /** Whether there is a second wheel, for {@link MouseVsp.pan}. Default false: the reports are then Hyper-V's. */
  readonly horizontalWheel?: boolean
  /** A report descriptor of your own, instead of these two. */
  readonly reportDescriptor?: Uint8Array
  /** Default 0x045e, 0x0621 and 1: those by which Linux and Windows know it. */
  readonly vendorId?: number
  readonly productId?: number
  readonly versionNumber?: number
}

/** What a mouse tells of itself. */
export interface MouseVspEvents {
  /** The guest's driver took the device: reports go out from now on. */
  accepted: () => void
  /** The guest asked for a version that there is not; it may ask for another. */
  refused: (version: MouseVersion) => void
}

/**
 * A mouse: a HID device with five buttons and one or two wheels, or whatever its report descriptor says.
 *
 * What happens before the guest's driver has taken the device waits, up to 64 reports; more are dropped.
 */
export class MouseVsp extends MessageVsp<MouseMessage, MouseVspEvents> {
  readonly offer: OfferParams
  /** What its reports mean. */
  readonly descriptor: HidReportDescriptor
  protected readonly messages = MouseMessage
  readonly #info: Uint8Array
  /** Whether x and y say how far it went. */
  readonly #isRelative: boolean
  readonly #reportId: number
  #state: 'negotiating' | 'described' | 'accepted' = 'negotiating'
  #waiting: Uint8Array[] = []
  /** By usage: what stays as it is from one report to the next. */
  readonly #held = new Map<number, number>()

  /** Throws `WireError` for a report descriptor that is none. */
  constructor(options: MouseVspOptions = {}) {
    super()
    const { pointing = 'absolute', horizontalWheel = false } = options
    const reportDescriptor = options.reportDescriptor ?? mouseReportDescriptor(pointing, horizontalWheel)
    this.offer = {
      interfaceId: DeviceId.Mouse,
      instanceId: options.instanceId ?? InstanceId.Mouse,
      pipe: 'message',
    }
    this.descriptor = parseReportDescriptor(reportDescriptor)
    const x = this.descriptor.fields.find((field) => tells(field, HidUsage.X))
    this.#isRelative = x !== undefined && (x.flags & HidFieldFlags.relative) !== 0
    this.#reportId = x?.reportId ?? this.descriptor.reports.find(({ kind }) => kind === 'input')?.id ?? 0
    this.#info = infoOf(options, reportDescriptor)
  }

  /** Whether the guest's driver has taken the device. */
  get isAccepted(): boolean {
    return this.#state === 'accepted'
  }

  /** Whether it tells its place, and not how far it went. */
  get isAbsolute(): boolean {
    return !this.#isRelative
  }

  /** Whether its reports say something of a usage: `HidUsage.AcPan`, the second wheel. */
  has(usage: number): boolean {
    return this.descriptor.fields.some((field) => tells(field, usage))
  }

  /**
   * Moves it: to a place, 0 … 32767 both ways, or, if it is relative, by so many counts, down and to the right. False when the
   * report was dropped, as for everything that follows. Throws `RangeError` for a place that there is not.
   */
  move(x: number, y: number): boolean {
    const place: [number, number][] = [
      [HidUsage.X, x],
      [HidUsage.Y, y],
    ]
    return this.#isRelative ? this.#report([], place) : this.#report(place, [])
  }

  /** A button goes down. */
  press(button: MouseButton): boolean {
    return this.#report([[usageOf(button), 1]], [])
  }

  /** A button goes up. */
  release(button: MouseButton): boolean {
    return this.#report([[usageOf(button), 0]], [])
  }

  /** A button goes down and up. */
  click(button: MouseButton = 'left'): boolean {
    return this.press(button) && this.release(button)
  }

  /** Turns the wheel by notches: 1 is away from the user, -1 towards. */
  wheel(notches: number): boolean {
    return this.#report([], [[HidUsage.Wheel, notches]])
  }

  /** Turns the horizontal wheel by notches: 1 is to the right. Throws `RangeError` when there is none. */
  pan(notches: number): boolean {
    return this.#report([], [[HidUsage.AcPan, notches]])
  }

  /** Releases all buttons. */
  releaseAll(): boolean {
    const pressed = mouseButtons.filter((button) => this.#held.get(usageOf(button)) === 1)
    return pressed.map((button) => this.release(button)).every(Boolean)
  }

  /** Sends a report as it is, for a device with a report descriptor of its own. */
  sendReport(report: Uint8Array): boolean {
    const message = MouseInputReport.encode({ header: { size: report.length }, report })
    if (this.isAccepted) return this.sendMessage(message)
    if (this.#waiting.length >= maxWaiting) return false
    this.#waiting.push(message)
    return true
  }

  protected override onMessage(message: MouseMessage, { channel }: Completion): void {
    if (message.type === 'MouseProtocolRequest' && this.#state === 'negotiating') this.#negotiate(message.version)
    else if (message.type === 'MouseDeviceInfoAck' && this.#state === 'described') this.#accepted()
    else {
      channel.fail({
        rule: 'mouse-unexpected-message',
        code: 'STATE',
        field: 'header.messageType',
        offset: 0,
        why: `${message.type} while the device is ${this.#state}`,
        channelId: channel.channelId,
      })
    }
  }

  /** Anything that is no message of the guest's stops the channel, as with the keyboard (behaviour 212). */
  protected override onBadMessage(violation: Violation, channel: Channel): void {
    channel.fail(violation)
  }

  protected override onClose(): void {
    this.#state = 'negotiating'
    this.#waiting = []
    this.#held.clear()
  }

  #negotiate(version: MouseVersion): void {
    const accepted = version.major === mouseVersion.major && version.minor === mouseVersion.minor
    const header = { size: MouseVersion.size + 1 }
    this.sendMessage(MouseProtocolResponse.encode({ header, version, accepted: accepted ? 1 : 0 }))
    if (!accepted) {
      this.emit('refused', version)
      return
    }
    this.#state = 'described'
    this.sendMessage(this.#info)
  }

  #accepted(): void {
    this.#state = 'accepted'
    for (const message of this.#waiting.splice(0)) this.sendMessage(message)
    this.emit('accepted')
  }

  /** @param lasting what later reports say as well. @param once what only this one says. */
  #report(lasting: readonly [number, number][], once: readonly [number, number][]): boolean {
    const values = new Map([...this.#held, ...lasting, ...once])
    const isSent = this.sendReport(buildHidReport(this.descriptor, 'input', this.#reportId, values))
    if (isSent) for (const [usage, value] of lasting) this.#held.set(usage, value)
    return isSent
  }
}

function usageOf(button: MouseButton): number {
  return HidUsage.Button + 1 + mouseButtons.indexOf(button)
}

/** Whether a field is an input report's, and says something of a usage. */
function tells({ kind, usages }: HidField, usage: number): boolean {
  return kind === 'input' && usages.some(({ minimum, maximum }) => minimum <= usage && usage <= maximum)
}

function infoOf(
  { vendorId = 0x045e, productId = 0x0621, versionNumber = 1 }: MouseVspOptions,
  reportDescriptor: Uint8Array,
): Uint8Array {
  const hid = hidDescriptorOf(reportDescriptor)
  return MouseDeviceInfo.encode({
    header: { size: MouseAttributes.size + hid.length + reportDescriptor.length },
    attributes: { size: MouseAttributes.size, vendorId, productId, versionNumber },
    hid,
    reportDescriptor,
  })
}
