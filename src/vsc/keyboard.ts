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
  /** As on the wire (see KeystrokeFlags). */
  readonly flags: number
}

/** What the keyboard's driver tells. */
export interface KeyboardVscEvents {
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
    this.emit('key', {
      code: isUnicode ? makeCode : prefix | makeCode,
      isUnicode,
      isPressed: (flags & KeystrokeFlags.break) === 0,
      flags,
    })
  }
}
