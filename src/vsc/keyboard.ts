/**
 * The synthetic keyboard's driver in a child partition.
 *
 * @module
 */
import type { Channel } from '../channels/index.ts'
import {
  KeyboardMessage,
  KeyboardProtocolRequest,
  KeystrokeFlags,
  keyboardVersion,
  LedIndicators,
} from '../devices/keyboard/index.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { MessageVsc } from './message-vsc.ts'

/** A key that went down or up. */
export interface KeyEvent {
  /** Set 1 scan code with its prefix (`0xe048`), or a UTF-16 unit. */
  readonly code: number
  readonly isUnicode: boolean
  readonly isPressed: boolean
  /** Whether it was down already: the keyboard repeats it. */
  readonly isRepeat: boolean
  /** As on the wire (see KeystrokeFlags). */
  readonly flags: number
}

/** What the keyboard's driver tells. */
export interface KeyboardVscEvents {
  /** A key went down or up, or is still down. When the device goes, keys that are down are told to be up. */
  key: (event: KeyEvent) => void
}

/**
 * The keyboard's driver. It is ready when the host has accepted its protocol version, and then emits `key`.
 * Source: Linux drivers/input/serio/hyperv-keyboard.c.
 */
export class KeyboardVsc extends MessageVsc<KeyboardMessage, KeyboardVscEvents> {
  readonly binds = { interfaceId: DeviceId.Keyboard }
  /** As Linux: 36864 bytes each way. */
  readonly ringBytes = { send: 36864, receive: 36864 }
  protected readonly messages = KeyboardMessage
  #left: readonly number[] = []
  #isReady = false
  /** Flags of the keys that are down, by code. */
  readonly #held = new Map<number, number>()

  /** @param versions to ask for, in this order; there is only one that hosts accept. */
  constructor(readonly versions: readonly number[] = [keyboardVersion]) {
    super()
  }

  /** Sets the lamps (see LedFlags). False when the channel is closed. */
  setLeds(leds: number): boolean {
    return this.sendMessage(LedIndicators.encode({ leds }))
  }

  protected override onOpen(channel: Channel): void {
    this.#isReady = false
    this.#left = this.versions
    this.#ask(channel)
  }

  protected override onClose(): void {
    for (const [code, flags] of this.#held) this.#tell(code, flags | KeystrokeFlags.break)
  }

  protected override onMessage(message: KeyboardMessage): void {
    const { channel } = this
    if (channel === undefined) return
    if (message.type === 'Keystroke' && this.#isReady) this.#keystroke(message.makeCode, message.flags)
    else if (message.type === 'KeyboardProtocolResponse' && !this.#isReady)
      this.#answered(message.status.accepted, channel)
    else {
      channel.violation({
        rule: 'keyboard-unexpected-message',
        code: 'STATE',
        field: 'header.messageType',
        offset: 0,
        why: `${message.type} ${this.#isReady ? 'after' : 'before'} the version was agreed on`,
        channelId: channel.channelId,
      })
    }
  }

  /** The host answers by a message of its own; a completion, which the flag asks for, may come or not, and means nothing. */
  #ask(channel: Channel): void {
    const [version = keyboardVersion] = this.#left
    channel.request(KeyboardProtocolRequest.encode({ version }), () => {})
  }

  #answered(accepted: boolean, channel: Channel): void {
    if (accepted) {
      this.#isReady = true
      this.ready()
      return
    }
    this.#left = this.#left.slice(1)
    if (this.#left.length > 0) this.#ask(channel)
    else this.fail('the host accepts none of the protocol versions')
  }

  #keystroke(makeCode: number, flags: number): void {
    const isUnicode = (flags & KeystrokeFlags.unicode) !== 0
    const prefix = (flags & KeystrokeFlags.e0) !== 0 ? 0xe000 : (flags & KeystrokeFlags.e1) !== 0 ? 0xe100 : 0
    this.#tell(isUnicode ? makeCode : prefix | makeCode, flags)
  }

  #tell(code: number, flags: number): void {
    const isUnicode = (flags & KeystrokeFlags.unicode) !== 0
    const isPressed = (flags & KeystrokeFlags.break) === 0
    const isRepeat = isPressed && !isUnicode && this.#held.has(code)
    if (!isPressed) this.#held.delete(code)
    else if (!isUnicode && this.#held.size < maxHeld) this.#held.set(code, flags)
    this.emit('key', { code, isUnicode, isPressed, isRepeat, flags })
  }
}

/** Keys that are remembered to be down: there are no more on a keyboard. */
const maxHeld = 256
