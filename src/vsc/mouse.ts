/**
 * The synthetic mouse's driver in a child partition.
 *
 * @module
 */
import { type Channel, type Completion, pipeMessage } from '../channels/index.ts'
import {
  HidFieldFlags,
  type HidReport,
  type HidReportDescriptor,
  HidUsage,
  parseReportDescriptor,
  readHidReport,
} from '../devices/hid/index.ts'
import {
  type MouseDeviceInfo,
  MouseDeviceInfoAck,
  MouseMessage,
  MouseProtocolRequest,
  MouseVersion,
  mouseVersion,
} from '../devices/mouse/index.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import type { Violation } from '../vmbus/violation.ts'
import { type Guid, isWireError } from '../wire/index.ts'
import { MessageVsc } from './message-vsc.ts'

/** What a pointing device said in one report. */
export interface PointerEvent {
  /** Whether x and y are a place, or how far it went. */
  readonly isAbsolute: boolean
  /** In the device's units: see the field's logical range. */
  readonly x: number
  readonly y: number
  /** Bit n: button n + 1 is down. */
  readonly buttons: number
  /** Notches: away from the user, and to the right. */
  readonly wheel: number
  readonly pan: number
}

/** What a mouse's driver tells. */
export interface MouseVscEvents {
  /** A report of any HID device, taken apart as its descriptor says. */
  report: (report: HidReport) => void
  /** A report of a pointing device. */
  pointer: (event: PointerEvent) => void
  /** A button changed; they count from 1. When the device goes, those that are down are told to be up. */
  button: (button: number, isPressed: boolean) => void
}

/**
 * The mouse's driver, for any HID device behind the mouse's protocol. It is ready when it has the device's descriptors.
 * Source: Linux drivers/hid/hid-hyperv.c.
 */
export class MouseVsc extends MessageVsc<MouseMessage, MouseVscEvents> {
  readonly binds: { readonly interfaceId: Guid; readonly index?: number }
  /** As Linux: 36864 bytes each way. */
  readonly ringBytes = { send: 36864, receive: 36864 }
  protected readonly messages = MouseMessage
  #info: MouseDeviceInfo | undefined
  #descriptor: HidReportDescriptor | undefined
  #left: readonly MouseVersion[] = []
  #isAccepted = false
  #buttons = 0

  /** @param index which mouse, from 0, where there are several; default the first that is free. @param versions to ask for, in order. */
  constructor(
    index?: number,
    readonly versions: readonly MouseVersion[] = [mouseVersion],
  ) {
    super()
    this.binds = { interfaceId: DeviceId.Mouse, ...(index !== undefined && { index }) }
  }

  /** The device's attributes and descriptors, as they came. */
  get info(): MouseDeviceInfo | undefined {
    return this.#info
  }

  /** What its reports mean. */
  get descriptor(): HidReportDescriptor | undefined {
    return this.#descriptor
  }

  protected override onOpen(channel: Channel): void {
    this.#left = this.versions
    this.#ask(channel)
  }

  protected override onClose(): void {
    this.#info = undefined
    this.#descriptor = undefined
    this.#isAccepted = false
    this.#setButtons(0)
  }

  protected override onMessage(message: MouseMessage, { channel }: Completion): void {
    if (message.type === 'MouseProtocolResponse' && !this.#isAccepted) this.#answered(message.accepted !== 0, channel)
    else if (message.type === 'MouseDeviceInfo' && this.#isAccepted && this.#descriptor === undefined) {
      this.#described(message, channel)
    } else if (message.type === 'MouseInputReport' && this.#descriptor !== undefined) {
      this.#report(message.report, this.#descriptor, channel)
    } else {
      const why = `${message.type} ${this.#isAccepted ? 'after' : 'before'} the version was agreed on`
      this.#violation(channel, 'mouse-unexpected-message', 'STATE', 'header.messageType', 0, why)
    }
  }

  /** A device whose information is broken cannot be used (HI-02, HI-03). */
  protected override onBadMessage(violation: Violation, channel: Channel): void {
    super.onBadMessage(violation, channel)
    if (this.#isAccepted && this.#descriptor === undefined) this.fail(violation.why)
  }

  /** The host answers by a message of its own; a completion, which the flag asks for, may come or not, and means nothing. */
  #ask(channel: Channel): void {
    const [version = mouseVersion] = this.#left
    const request = MouseProtocolRequest.encode({ header: { size: MouseVersion.size }, version })
    channel.request(pipeMessage(request), () => {})
  }

  #answered(accepted: boolean, channel: Channel): void {
    if (accepted) {
      this.#isAccepted = true
      return
    }
    this.#left = this.#left.slice(1)
    if (this.#left.length > 0) this.#ask(channel)
    else this.fail('the host accepts none of the protocol versions')
  }

  #described(info: MouseDeviceInfo, channel: Channel): void {
    try {
      this.#descriptor = parseReportDescriptor(info.reportDescriptor)
    } catch (error) {
      if (!isWireError(error)) throw error
      const { code, offset, why } = error
      this.#violation(channel, 'mouse-report-descriptor', code, 'reportDescriptor', 49 + offset, why)
      this.fail(`the report descriptor is none: ${why}`)
      return
    }
    this.#info = info
    channel.request(pipeMessage(MouseDeviceInfoAck.encode({ header: { size: 1 } })), () => {})
    this.ready()
  }

  #report(bytes: Uint8Array, descriptor: HidReportDescriptor, channel: Channel): void {
    let report: HidReport
    try {
      report = readHidReport(descriptor, 'input', bytes)
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#violation(channel, 'mouse-bad-report', error.code, 'report', 8 + error.offset, error.why)
      return
    }
    this.emit('report', report)
    const pointer = pointerEvent(report)
    if (pointer === undefined) return
    this.emit('pointer', pointer)
    this.#setButtons(pointer.buttons)
  }

  #setButtons(buttons: number): void {
    const changed = this.#buttons ^ buttons
    this.#buttons = buttons
    for (let bit = 0; bit < 32; bit++) {
      if (((changed >>> bit) & 1) !== 0) this.emit('button', bit + 1, ((buttons >>> bit) & 1) !== 0)
    }
  }

  #violation(
    channel: Channel,
    rule: string,
    code: Violation['code'],
    field: string,
    offset: number,
    why: string,
  ): void {
    channel.violation({ rule, code, field, offset, why, channelId: channel.channelId })
  }
}

/** A report as a pointing device's; `undefined` when it has neither a place nor buttons. */
function pointerEvent({ values }: HidReport): PointerEvent | undefined {
  const event = { isAbsolute: true, x: 0, y: 0, buttons: 0, wheel: 0, pan: 0 }
  let isPointer = false
  for (const { usage, value, field } of values) {
    const button = usage - HidUsage.Button
    if (button >= 1 && button <= 32) {
      isPointer = true
      if (value !== 0) event.buttons = (event.buttons | (1 << (button - 1))) >>> 0
    } else if (usage === HidUsage.X || usage === HidUsage.Y) {
      isPointer = true
      event.isAbsolute = (field.flags & HidFieldFlags.relative) === 0
      event[usage === HidUsage.X ? 'x' : 'y'] = value
    } else if (usage === HidUsage.Wheel) event.wheel = value
    else if (usage === HidUsage.AcPan) event.pan = value
  }
  return isPointer ? event : undefined
}
