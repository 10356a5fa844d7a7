/**
 * The synthetic keyboard in the root partition.
 *
 * @module
 */
import type { Channel, Completion } from '../channels/index.ts'
import {
  KeyboardMessage,
  KeyboardProtocolResponse,
  Keystroke,
  KeystrokeFlags,
  keyboardVersion,
} from '../devices/keyboard/index.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import type { OfferParams } from '../vmbus/server/effects.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { Guid } from '../wire/index.ts'
import { MessageVsp } from './message-vsp.ts'

/** Keystrokes that wait for the guest's driver; as OpenVMM, a keyboard forgets what is typed beyond that. */
const maxWaiting = 64

/** What a keyboard tells of itself. */
export interface KeyboardVspEvents {
  /** The guest speaks our protocol version: keystrokes go out from now on. */
  accepted: () => void
  /** The guest asked for a version that there is not; it may ask for another. */
  refused: (version: number) => void
  /** The guest set the lamps (see LedFlags). Linux never does. */
  leds: (leds: number) => void
}

/**
 * A keyboard. Keys are set 1 scan codes; those with a prefix are written with it: `0x1e` is A, `0xe048` the upper arrow.
 *
 * What is typed before the guest's driver has agreed on the protocol waits, up to 64 keystrokes; more are dropped (KB-02).
 */
export class KeyboardVsp extends MessageVsp<KeyboardMessage, KeyboardVspEvents> {
  readonly offer: OfferParams
  protected readonly messages = KeyboardMessage
  #isAccepted = false
  #waiting: Uint8Array[] = []

  /** @param instanceId for a second keyboard; default is the one that every VM has. */
  constructor(instanceId: Guid = InstanceId.Keyboard) {
    super()
    this.offer = { interfaceId: DeviceId.Keyboard, instanceId }
  }

  /** Whether the guest's driver has agreed on the protocol. */
  get isAccepted(): boolean {
    return this.#isAccepted
  }

  /** A key goes down. False when the keystroke was dropped. */
  press(scanCode: number): boolean {
    return this.#key(scanCode, 0)
  }

  /** A key goes up. False when the keystroke was dropped. */
  release(scanCode: number): boolean {
    return this.#key(scanCode, KeystrokeFlags.break)
  }

  /** Presses and releases keys, one after the other. False when one was dropped. */
  type(...scanCodes: number[]): boolean {
    return scanCodes.map((code) => this.press(code) && this.release(code)).every(Boolean)
  }

  /** Types text as UTF-16 units, without scan codes. False when a keystroke was dropped. */
  typeText(text: string): boolean {
    const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
    return units
      .map(
        (unit) =>
          this.keystroke(unit, KeystrokeFlags.unicode) &&
          this.keystroke(unit, KeystrokeFlags.unicode | KeystrokeFlags.break),
      )
      .every(Boolean)
  }

  /**
   * A keystroke as it goes over the wire.
   *
   * @param makeCode u16: a make code without prefix and break bit, or a UTF-16 unit. @param flags see KeystrokeFlags.
   */
  keystroke(makeCode: number, flags: number): boolean {
    const message = Keystroke.encode({ makeCode, flags })
    if (this.#isAccepted) return this.sendMessage(message)
    if (this.#waiting.length >= maxWaiting) return false
    this.#waiting.push(message)
    return true
  }

  protected override onMessage(message: KeyboardMessage, { channel }: Completion): void {
    if (message.type === 'KeyboardProtocolRequest' && !this.#isAccepted) this.#negotiate(message.version)
    else if (message.type === 'LedIndicators' && this.#isAccepted) this.emit('leds', message.leds)
    else {
      channel.fail({
        rule: 'keyboard-unexpected-message',
        code: 'STATE',
        field: 'header.messageType',
        offset: 0,
        why: `${message.type} ${this.#isAccepted ? 'after' : 'before'} the version was agreed on`,
        channelId: channel.channelId,
      })
    }
  }

  /** Anything that is no message of the guest's stops the channel (behaviour 211). */
  protected override onBadMessage(violation: Violation, channel: Channel): void {
    channel.fail(violation)
  }

  protected override onClose(): void {
    this.#isAccepted = false
    this.#waiting = []
  }

  /** The answer is a message of its own; the request's completion flag is left alone, as by every known host. */
  #negotiate(version: number): void {
    const accepted = version === keyboardVersion
    this.sendMessage(KeyboardProtocolResponse.encode({ status: { accepted } }))
    if (!accepted) {
      this.emit('refused', version)
      return
    }
    this.#isAccepted = true
    for (const message of this.#waiting.splice(0)) this.sendMessage(message)
    this.emit('accepted')
  }

  #key(scanCode: number, flags: number): boolean {
    const prefix = scanCode >>> 8
    if (prefix !== 0 && prefix !== 0xe0 && prefix !== 0xe1)
      throw new RangeError(`no scan code: 0x${scanCode.toString(16)}`)
    const prefixFlag = prefix === 0xe0 ? KeystrokeFlags.e0 : prefix === 0xe1 ? KeystrokeFlags.e1 : 0
    return this.keystroke(scanCode & 0x7f, flags | prefixFlag)
  }
}
