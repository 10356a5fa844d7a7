/**
 * The synthetic keyboard in the root partition.
 *
 * @module
 */
import type { Channel, Completion } from '../channels/index.ts'
import {
  type KeyboardLayout,
  KeyboardMessage,
  KeyboardProtocolResponse,
  Keystroke,
  KeystrokeFlags,
  keyboardVersion,
  keysOf,
  usLayout,
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
  /** Scan codes of the keys that are down, in the order in which they went. */
  readonly #held = new Set<number>()
  #leds: number | undefined

  /** @param instanceId for a second keyboard; default is the one that every VM has. */
  constructor(instanceId: Guid = InstanceId.Keyboard) {
    super()
    this.offer = { interfaceId: DeviceId.Keyboard, instanceId }
  }

  /** Whether the guest's driver has agreed on the protocol. */
  get isAccepted(): boolean {
    return this.#isAccepted
  }

  /** Scan codes of the keys that are down, in the order in which they went down. */
  get held(): readonly number[] {
    return [...this.#held]
  }

  /** The lamps, as the guest set them (see LedFlags); `undefined` while it has not. */
  get leds(): number | undefined {
    return this.#leds
  }

  /** A key goes down. False when the keystroke was dropped, as for all that follow. Throws `RangeError` for what is no scan code. */
  press(scanCode: number): boolean {
    const isSent = this.#key(scanCode, 0)
    if (isSent) {
      this.#held.delete(keyOf(scanCode))
      this.#held.add(keyOf(scanCode))
    }
    return isSent
  }

  /** A key goes up. */
  release(scanCode: number): boolean {
    const isSent = this.#key(scanCode, KeystrokeFlags.break)
    if (isSent) this.#held.delete(keyOf(scanCode))
    return isSent
  }

  /** Presses and releases keys, one after the other. */
  type(...scanCodes: number[]): boolean {
    return scanCodes.map((code) => this.press(code) && this.release(code)).every(Boolean)
  }

  /**
   * Presses keys one after the other, and then releases them, the last one first: Ctrl, Alt and Delete together. A key with several
   * scan codes, as Pause, is a list of them: they are released in the order in which they are pressed.
   */
  chord(...keys: (number | readonly number[])[]): boolean {
    const pressed = keys.flat().map((code) => this.press(code))
    const released = keys
      .toReversed()
      .flat()
      .map((code) => this.release(code))
    return [...pressed, ...released].every(Boolean)
  }

  /**
   * The key that went down last is down still: a keyboard says so again and again, by default after half a second some 30 times a
   * second. When is the caller's business. False when no key is down, or the keystroke was dropped.
   */
  repeat(): boolean {
    const last = [...this.#held].at(-1)
    return last !== undefined && this.#key(last, 0)
  }

  /** Releases all keys that are down, in the order in which they went down: only so are the two codes of Pause one key's. */
  releaseAll(): boolean {
    return this.held.map((scanCode) => this.release(scanCode)).every(Boolean)
  }

  /** Types a text by the keys that a layout has for it. Throws `RangeError` for a character that it has not, before any key is pressed. */
  typeText(text: string, layout: KeyboardLayout = usLayout): boolean {
    return keysOf(text, layout)
      .map(({ scanCode, isPressed }) => (isPressed ? this.press(scanCode) : this.release(scanCode)))
      .every(Boolean)
  }

  /** Types a text as UTF-16 units, without scan codes. Linux takes the units for scan codes: for guests that know better. */
  typeUnicode(text: string): boolean {
    const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
    return units
      .map(
        (unit) =>
          this.keystroke(unit, KeystrokeFlags.unicode) &&
          this.keystroke(unit, KeystrokeFlags.unicode | KeystrokeFlags.break),
      )
      .every(Boolean)
  }

  /** Releases all keys, and takes the device away from the guest. */
  override close(): void {
    this.releaseAll()
    super.close()
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
    else if (message.type === 'LedIndicators' && this.#isAccepted) {
      this.#leds = message.leds
      this.emit('leds', message.leds)
    } else {
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
    this.#held.clear()
    this.#leds = undefined
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

/** A key by its make code: the break bit does not count. */
function keyOf(scanCode: number): number {
  return scanCode & ~0x80
}
