import type { Guid } from '../../wire/index.ts'
import type { GpadlId } from '../ids.ts'
import { maxMessageSize } from '../messages.ts'
import type { ViolationLog } from '../violation.ts'
import { finishDisconnect } from './after-disconnect.ts'
import type { Channel } from './channel.ts'
import { Core, type Incoming } from './core.ts'
import { disconnect } from './disconnect.ts'
import { handleMessage } from './dispatch.ts'
import type { MessageOrigin, OfferId, OfferParams, OutgoingMessage, ServerEffect } from './effects.ts'
import { completeGpadl, completeGpadlTeardown } from './gpadl.ts'
import { completeTlConnect } from './hvsocket.ts'
import { completeModify, completeModifyConnection } from './modify.ts'
import { addOffer, revokeOffer } from './offers.ts'
import { completeClose, completeOpen } from './open-close.ts'
import { type ServerOptions, settingsOf } from './options.ts'

/** Messages that wait at the host's port before HvCallPostMessage fails (OpenVMM). */
const inboxSize = 64

/**
 * The host's end of VMBus, as a state machine without I/O: control messages and completions go in, control messages and
 * effects come out, and what the guest did wrong is in {@link violations}. One guest, one connection at a time.
 *
 * Nothing that a guest sends throws (but for the violation policy `throw`, and what a callback throws).
 *
 * Source of the rules: OpenVMM vmbus_server/channels.rs.
 */
export class VmbusServer {
  readonly #core: Core
  readonly #inbox: Incoming[] = []

  constructor(options: ServerOptions = {}) {
    this.#core = new Core(settingsOf(options))
  }

  /** What the guest, or a device, did that the protocol does not allow. */
  get violations(): ViolationLog {
    return this.#core.violations
  }

  /**
   * Offers a channel, at once if the guest has asked for offers. The handle stays valid until it is revoked.
   * Throws a `RangeError` when the same channel is offered already, when there are 2047, or for bad parameters.
   */
  offer(params: OfferParams): OfferId {
    const offer = addOffer(this.#core, params)
    this.#run()
    return offer
  }

  /** Takes an offer back, sub-channels first. False when it is gone already: a late revoke does not hit the offer that followed. */
  revoke(offer: OfferId): boolean {
    const revoked = revokeOffer(this.#core, offer)
    this.#run()
    return revoked
  }

  /**
   * Takes a control message of the guest (header and body, at most 240 bytes); the bytes are copied.
   * False when the port is full: HvCallPostMessage then answers HV_STATUS_INSUFFICIENT_BUFFERS (0x13), and the guest retries.
   */
  receive(bytes: Uint8Array, origin: MessageOrigin): boolean {
    if (this.#inbox.length >= inboxSize) return false
    this.#inbox.push({ bytes: bytes.slice(0, maxMessageSize + 1), origin })
    this.#run()
    return true
  }

  /** The message to deliver next. While there is one, no message of the guest is handled. */
  peekMessage(): OutgoingMessage | undefined {
    return this.#core.outbox.peek()
  }

  /** The message that {@link peekMessage} showed was delivered (or cannot be, ever). */
  messageSent(): void {
    this.#core.outbox.shift()
    this.#run()
  }

  /** What has become due for devices and the transport, in order. */
  takeEffects(): ServerEffect[] {
    const { effects } = this.#core
    this.#core.effects = []
    return effects
  }

  /** Answers the effect `open`. */
  openComplete(offer: OfferId, ok: boolean): void {
    this.#complete('openComplete', offer, (channel) => completeOpen(this.#core, channel, ok))
  }

  /** Answers the effect `close`. */
  closeComplete(offer: OfferId): void {
    this.#complete('closeComplete', offer, (channel) => completeClose(this.#core, channel))
  }

  /** Answers the effect `gpadl`. */
  gpadlComplete(offer: OfferId, gpadlId: GpadlId, ok: boolean): void {
    this.#complete('gpadlComplete', offer, (channel) => completeGpadl(this.#core, channel, gpadlId, ok))
  }

  /** Answers the effect `gpadl-teardown`. */
  gpadlTeardownComplete(offer: OfferId, gpadlId: GpadlId): void {
    this.#complete('gpadlTeardownComplete', offer, (channel) => completeGpadlTeardown(this.#core, channel, gpadlId))
  }

  /** Answers the effect `modify`. */
  modifyComplete(offer: OfferId, ok: boolean): void {
    this.#complete('modifyComplete', offer, (channel) => completeModify(this.#core, channel, ok))
  }

  /** Answers the effect `modify-connection`. */
  modifyConnectionComplete(ok: boolean): void {
    if (!completeModifyConnection(this.#core, ok)) this.#unexpected('modifyConnectionComplete')
    this.#run()
  }

  /** Answers the effect `tl-connect`. On success the listener has offered its channel first. */
  tlConnectComplete(endpointId: Guid, serviceId: Guid, ok: boolean): void {
    if (!completeTlConnect(this.#core, endpointId, serviceId, ok)) this.#unexpected('tlConnectComplete')
    this.#run()
  }

  /**
   * The VM is reset: all channels are closed, reserved ones too, and nothing more is sent. What was being opened is abandoned:
   * that `open` is not to be answered any more.
   */
  reset(): void {
    this.#inbox.length = 0
    this.#core.outbox.clear()
    this.#core.unloadedOnce = false
    disconnect(this.#core, { kind: 'nothing' }, true)
    this.#run()
  }

  // A device that was revoked may have been about to answer: that is not its fault.
  #complete(method: string, offer: OfferId, complete: (channel: Channel) => boolean): void {
    const channel = this.#core.offers.byOffer.get(offer)
    if (channel !== undefined && !complete(channel)) this.#unexpected(method)
    this.#run()
  }

  #unexpected(method: string): void {
    this.#core.refuse('completion-unexpected', '', 0, { why: `${method}: nothing waits for it` })
  }

  /** Handles what waits, as long as the guest takes our messages. */
  #run(): void {
    const core = this.#core
    this.#settle()
    while (core.outbox.peek() === undefined && core.tlConnects.length < core.settings.maxTlConnects) {
      const incoming = this.#inbox.shift()
      if (incoming === undefined) return
      handleMessage(core, incoming)
      this.#settle()
    }
  }

  /** After each input: a connection whose guest takes no messages ends, and violations are reported. */
  #settle(): void {
    const core = this.#core
    finishDisconnect(core)
    if (core.overflowed) {
      core.overflowed = false
      core.refuse('outgoing-limit', '', 0)
      core.outbox.clear()
      if (core.connection !== undefined) disconnect(core, { kind: 'nothing' })
      finishDisconnect(core)
    }
    for (let found = core.found.shift(); found !== undefined; found = core.found.shift()) core.violations.report(found)
  }
}
