import type { Guid } from '../../wire/index.ts'
import type { ChannelId, ConnectionId, GpadlId } from '../ids.ts'
import { maxMessageSize } from '../messages.ts'
import type { ViolationLog } from '../violation.ts'
import { finishDisconnect } from './after-disconnect.ts'
import type { Channel } from './channel.ts'
import { Core, type Incoming } from './core.ts'
import { disconnect } from './disconnect.ts'
import { handleMessage } from './dispatch.ts'
import type { MessageOrigin, OfferId, OfferParams, OutgoingMessage, ServerEffect } from './effects.ts'
import { type ChannelInfo, channelInfos, explain } from './explain.ts'
import { completeGpadl, completeGpadlTeardown } from './gpadl.ts'
import { completeTlConnect } from './hvsocket.ts'
import { completeModify, completeModifyConnection } from './modify.ts'
import { addOffer, offerWaiting } from './offers.ts'
import { completeClose, completeOpen } from './open-close.ts'
import { type ServerOptions, settingsOf } from './options.ts'
import { restoreCore } from './restore.ts'
import { revokeOffer } from './revoke.ts'
import { saveCore } from './save.ts'
import type { ServerState } from './saved-state.ts'

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
  #core: Core
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

  /** The device whose open channel is signalled on a connection. */
  channelSignalled(connectionId: ConnectionId): OfferId | undefined {
    return this.#core.signals.get(connectionId)?.offer
  }

  /** The device whose open channel has a relid: before 2.4, the number of a bit in the interrupt page. */
  channelAt(channelId: ChannelId): OfferId | undefined {
    const channel = this.#core.offers.byRelid(channelId)
    return channel?.request === undefined ? undefined : channel.offer
  }

  /**
   * The devices whose open channels the guest triggers in its monitor page: `pending` is the trigger word of `group` (0 … 3), in
   * which bit n stands for monitor id `32 × group + n`. Bits that no channel has are skipped.
   */
  monitorTriggered(group: number, pending: number): OfferId[] {
    const offers: OfferId[] = []
    for (let bit = 0; bit < 32; bit++) {
      if (((pending >>> bit) & 1) === 0) continue
      const channel = this.#core.offers.byMonitorId(32 * group + bit)
      if (channel?.offer !== undefined && channel.request?.monitorId !== undefined) offers.push(channel.offer)
    }
    return offers
  }

  /** All channels as they stand: those offered, and those whose relid the guest still holds. */
  channels(): ChannelInfo[] {
    return channelInfos(this.#core)
  }

  /** What the server waits for, a line each. */
  explain(): string[] {
    return explain(this.#core, this.#inbox.length)
  }

  /** The state as plain data, for {@link restore}. Effects must have been taken; what they asked is asked again. */
  save(): ServerState {
    return saveCore(this.#core, this.#inbox)
  }

  /**
   * A server that goes on where another was saved, with the same devices or others: a channel without an offer is rescinded, an
   * offer without a channel is new. The handles are in the order of `offers`. Its first effects tell the transport and the devices
   * what there is.
   *
   * Throws {@link RestoreError} when the state is not allowed by the options, or contradicts itself.
   */
  static restore(
    state: ServerState,
    options: ServerOptions,
    offers: readonly OfferParams[],
  ): { readonly server: VmbusServer; readonly offers: readonly OfferId[] } {
    const server = new VmbusServer(options)
    const restored = restoreCore(state, settingsOf(options), offers)
    server.#core = restored.core
    server.#inbox.push(...restored.inbox)
    server.#run()
    return { server, offers: restored.offers }
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
    if (core.connection !== undefined && core.offers.waiting.size > 0) offerWaiting(core)
    for (let found = core.found.shift(); found !== undefined; found = core.found.shift()) core.violations.report(found)
  }
}
