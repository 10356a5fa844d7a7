import { type Guid, isWireError } from '../../wire/index.ts'
import type { ChannelId, GpadlId } from '../ids.ts'
import {
  ChannelMessage,
  ChannelMessageHeader,
  ChannelMessageType,
  maxMessageSize,
  type OfferChannel,
  RescindChannelOffer,
  Unload,
} from '../messages.ts'
import type { GpadlRange, MonitorPages } from '../server/effects.ts'
import { FeatureFlags, VmbusVersion, versionText, vmbusVersions } from '../versions.ts'
import type { ViolationLog } from '../violation.ts'
import type { ClientChannel } from './channel.ts'
import { ClientChannels, type OpenParams, type OpenReservedParams } from './channels.ts'
import { ClientConnection } from './connection.ts'
import type { ClientEvent, OutgoingPost } from './events.ts'
import { explainChannel } from './explain.ts'
import { ClientGpadls } from './gpadls.ts'
import { ClientLink, ClientStateError } from './link.ts'
import { readMessageSlot } from './message-slot.ts'
import { type AnyVersionResponse, contactConnection, encodeContact, judgeVersionResponse } from './negotiation.ts'
import { OfferTable } from './offers.ts'
import type { VmbusClientOptions } from './options.ts'
import { invalidConnectionId, isTransient, newPost, type Post } from './post-queue.ts'
import { ClientSockets } from './sockets.ts'

/**
 * The guest's end of VMBus: a state machine without I/O. Requests make posts ({@link peekPost}, {@link posted}); messages go in by
 * {@link receive}; {@link takeEvents} tells what happened: each request names the events that answer it.
 *
 * Nothing that the host sends throws: what cannot be made sense of is ignored and becomes a violation (under the policy `throw`
 * that is thrown, after the fact). Requests throw a `ClientStateError` when the client's own state forbids them. As wary as
 * OpenVMM's vmbus_client, and on the wire what Linux sends (drivers/hv), where both are legal.
 */
export class VmbusClient {
  readonly #options: VmbusClientOptions
  readonly #link: ClientLink
  readonly #offers: OfferTable
  readonly #channels: ClientChannels
  readonly #gpadls: ClientGpadls
  readonly #sockets: ClientSockets
  readonly #connection: ClientConnection
  #state: 'disconnected' | 'connecting' | 'connected' | 'unloading' = 'disconnected'
  /** Versions still to be tried, the one that was asked for first. */
  #ladder: readonly number[] = []
  /** An earlier connection was not unloaded: its messages may still arrive while connecting, and mean nothing. */
  #stale = false

  constructor(options: VmbusClientOptions = {}) {
    this.#options = options
    this.#link = new ClientLink(options.violations)
    this.#offers = new OfferTable(this.#link)
    this.#channels = new ClientChannels(this.#link, options.closeRescinded ?? false)
    const settle = (channel: ClientChannel) => this.#channels.settle(channel)
    this.#gpadls = new ClientGpadls(this.#link, settle, options.firstGpadlId ?? 0xe1e10)
    this.#sockets = new ClientSockets(this.#link)
    this.#connection = new ClientConnection(this.#link)
  }

  /** `unloading`: Unload was asked for, UnloadComplete has not come. */
  get state(): 'disconnected' | 'connecting' | 'connected' | 'unloading' {
    return this.#state
  }

  /** The version agreed on; 0 while there is none. */
  get version(): number {
    return this.#link.version
  }

  /** Features asked for and granted. */
  get features(): number {
    return this.#link.features
  }
  /** What the host did that the protocol does not allow. */
  get violations(): ViolationLog {
    return this.#link.violations
  }

  /**
   * Starts negotiation → `connected` or `connect-failed`. With a connection already there the host drops that one (behaviour 19)
   * and all that waits is answered. `versions` overrides the options' (a guest that resumes gives just the one it had).
   */
  connect(versions: readonly number[] = this.#options.versions ?? vmbusVersions): void {
    if (this.#state === 'connecting' || this.#state === 'unloading') throw new ClientStateError(`still ${this.#state}`)
    if (versions.length === 0) throw new RangeError('no versions to try')
    this.#stale = this.#state !== 'disconnected'
    this.#disconnect()
    this.#state = 'connecting'
    this.#ladder = versions
    this.#contact()
  }

  /** → `offer` for each channel, then `offers-delivered`, or `post-failed`; once per connection. */
  requestOffers(): void {
    this.#needConnection()
    this.#connection.requestOffers()
  }

  /** → `gpadl-created` or `gpadl-failed`. Throws a `WireError` for ranges that make no GPADL (see gpadlMessages). */
  createGpadl(channelId: ChannelId, ranges: readonly GpadlRange[]): GpadlId {
    return this.#gpadls.create(this.#channel(channelId), ranges)
  }

  /** → `gpadl-torndown` or `gpadl-teardown-failed`. The pages may not be used for anything else before. */
  teardownGpadl(channelId: ChannelId, gpadlId: GpadlId): void {
    this.#gpadls.teardown(this.#channel(channelId), gpadlId)
  }

  /** → `opened` or `open-failed`. */
  open(channelId: ChannelId, params: OpenParams): void {
    this.#channels.open(this.#channel(channelId), params)
  }

  /** OpenReservedChannel, from 4.0 on → `opened` or `open-failed`. */
  openReserved(channelId: ChannelId, params: OpenReservedParams): void {
    if (this.version < VmbusVersion.V4_0) throw new ClientStateError('reserved channels exist from version 4.0 on')
    this.#channels.openReserved(this.#channel(channelId), params)
  }

  /** Closes an open channel. There is no answer: the channel can be opened anew at once, its GPADLs torn down. */
  close(channelId: ChannelId): void {
    this.#channels.close(this.#channel(channelId))
  }

  /** → `reserved-closed`, answered to that VP and SINT. */
  closeReserved(channelId: ChannelId, targetVp = 0, targetSint = 2): void {
    this.#channels.closeReserved(this.#channel(channelId), targetVp, targetSint)
  }

  /**
   * The driver lets go of the channel for good → `released`, once the host has rescinded it and sent every reply it owes.
   * Closes the channel if it is open.
   */
  release(channelId: ChannelId): void {
    const channel = this.#offers.get(channelId)
    if (channel === undefined || channel.parked) throw new ClientStateError(`no channel ${channelId}`)
    this.#channels.release(channel)
  }

  /** Lets the host interrupt another VP, from 4.1 on → `modified`; below 5.3 as soon as it is posted. */
  modify(channelId: ChannelId, targetVp: number): void {
    this.#channels.modify(this.#channel(channelId), targetVp)
  }

  /** Other monitor pages, or none (feature modifyConnection) → `connection-modified`. */
  modifyConnection(pages: MonitorPages | undefined): void {
    this.#needFeature('modifyConnection')
    this.#connection.modify(pages)
  }

  /** Connects an hvsocket, from 4.0 on → `offer` and `tl-connected`, or `tl-connect-failed`; at 4.0 a refusal is never told. */
  tlConnect(endpointId: Guid, serviceId: Guid, siloId?: Guid): void {
    this.#needConnection()
    if (this.version < VmbusVersion.V4_0) throw new ClientStateError('hvsockets exist from version 4.0 on')
    if (siloId !== undefined && this.version < VmbusVersion.V5_2) throw new ClientStateError('silos exist from 5.2 on')
    this.#sockets.connect(endpointId, serviceId, siloId)
  }

  /** Asks the host to send no more (feature pauseResume) → `paused` or `post-failed`; what arrives until then is handled as ever. */
  pause(): void {
    this.#needFeature('pauseResume')
    this.#connection.pause()
  }

  /** Goes on after `paused`: Resume goes out before what was requested meanwhile. There is no answer. */
  resume(): void {
    this.#needConnection()
    this.#connection.resume()
  }

  /**
   * Ends the connection → `unloaded` or `post-failed`. All that waits is answered with `disconnected` and all channels are forgotten at once; what
   * the host still sends is stale and dropped. Memory that it can see is the guest's alone with `unloaded`.
   */
  unload(): void {
    this.#needConnection()
    const { version, connectionId } = this.#link
    this.#disconnect()
    this.#state = 'unloading'
    this.#link.version = version
    this.#link.connectionId = connectionId
    this.#link.post(ChannelMessageType.Unload, Unload.encode({}))
  }

  /** Takes one control message, header included; the bytes are copied. */
  receive(bytes: Uint8Array): void {
    const message = this.#decode(bytes.slice())
    if (message === undefined) return
    if (
      message.type === 'VersionResponse' ||
      message.type === 'VersionResponse2' ||
      message.type === 'VersionResponse3'
    ) {
      this.#onVersionResponse(message)
    } else if (this.#state === 'connected') {
      this.#onMessage(message)
    } else if (this.#state === 'unloading') {
      if (message.type === 'UnloadComplete' && !this.#link.queue.some(() => true)) this.#unloaded()
    } else if (this.#state !== 'connecting' || !this.#stale) {
      this.#link.reject(
        'not-connected',
        'STATE',
        ChannelMessageHeader,
        'messageType',
        `${message.type} while ${this.#state}`,
      )
    }
  }

  /**
   * Takes the message in a slot of 256 bytes, which the host may change meanwhile. True when the slot is to be freed, as also for
   * a message that was refused; false when it was empty.
   */
  receiveSlot(slot: Uint8Array): boolean {
    const content = readMessageSlot(slot)
    if (content.kind === 'refused') this.#link.report(content.violation)
    if (content.kind === 'message') this.receive(content.payload)
    return content.kind !== 'empty'
  }

  /**
   * The host has set an event flag: the channel whose ring is to be read now. `undefined` when there is none: a spurious signal,
   * or one that comes before the open is answered, which `opened` then tells (MS-37).
   */
  signalled(eventFlag: number): ChannelId | undefined {
    const channel = this.#offers.byEventFlag(eventFlag)
    if (channel === undefined) return undefined
    if (channel.state === 'opening') channel.signalled = true
    return channel.state === 'open' && !channel.rescinded ? channel.channelId : undefined
  }

  /** The message to post next, until {@link posted} says what became of it. */
  peekPost(): OutgoingPost | undefined {
    return this.#connection.nextPost()
  }

  /**
   * What HvCallPostMessage answered (HV_STATUS, 0 for success) for the message of {@link peekPost}. Lack of room is tried again up
   * to the bound of the options; waiting in between is the caller's business (see postRetryDelay).
   */
  posted(status: number): void {
    const post = this.#link.queue.takeBack()
    if (post === undefined) throw new ClientStateError('no message was to be posted')
    if (status !== 0 && !post.stale && !post.lastTry && isTransient(post, status)) {
      post.attempts++
      if (post.attempts < (this.#options.maxPostAttempts ?? 100)) return
    }
    this.#link.queue.shift()
    if (post.stale) return
    if (status === 0) this.#onPosted(post)
    else this.#onNotPosted(post, status)
  }

  /** What has happened since the last call, in order. */
  takeEvents(): ClientEvent[] {
    return this.#link.takeEvents()
  }

  /** What the client waits for, a line each. */
  explain(): string[] {
    const lines = this.#connection.explain()
    if (this.#state === 'connecting') lines.push(`VersionResponse for ${versionText(this.#ladder[0] ?? 0)}`)
    if (this.#state === 'unloading') lines.push('UnloadComplete')
    if (this.#sockets.waiting > 0) lines.push(`${this.#sockets.waiting} hvsocket connects`)
    for (const channel of this.#offers.channels) lines.push(...explainChannel(channel))
    return lines
  }

  #decode(bytes: Uint8Array): ChannelMessage | undefined {
    const { version, features } = this.#link
    if (bytes.length > maxMessageSize) {
      const why = `${bytes.length} bytes, at most ${maxMessageSize}`
      this.#link.report({ rule: 'message-too-long', code: 'LENGTH', field: '', offset: maxMessageSize, why })
      return undefined
    }
    try {
      return ChannelMessage.decode(bytes, version === 0 ? { from: 'host' } : { version, features, from: 'host' })
    } catch (error) {
      if (!isWireError(error)) throw error
      const { code, path, offset, why } = error
      this.#link.report({
        rule: code === 'TYPE' ? 'message-not-allowed' : 'message-malformed',
        code,
        field: path,
        offset,
        why,
      })
      return undefined
    }
  }

  #onMessage(message: ChannelMessage): void {
    switch (message.type) {
      case 'OfferChannel':
        this.#onOffer(message)
        break
      case 'RescindChannelOffer':
        this.#onRescind(message)
        break
      case 'AllOffersDelivered':
        this.#connection.onOffersDelivered()
        break
      case 'OpenResult':
        this.#channels.onOpenResult(message, this.#offers.get(message.channelId))
        break
      case 'GpadlCreated':
        this.#gpadls.onCreated(message, this.#offers.get(message.channelId))
        break
      case 'GpadlTorndown':
        this.#gpadls.onTorndown(message, (channelId) => this.#offers.get(channelId))
        break
      case 'ModifyChannelResponse':
        this.#channels.onModified(message, this.#offers.get(message.channelId))
        break
      case 'CloseReservedChannelResponse':
        this.#channels.onReservedClosed(message, this.#offers.get(message.channelId))
        break
      case 'TlConnectRequestResult':
        this.#sockets.onResult(message)
        break
      case 'ModifyConnectionResponse':
        this.#connection.onModified(message.connectionState)
        break
      case 'PauseResponse':
        this.#connection.onPaused()
        break
      case 'UnloadComplete':
        this.#link.reject(
          'unload-complete-unasked',
          'STATE',
          ChannelMessageHeader,
          'messageType',
          'Unload was not sent',
        )
        break
      case 'UnknownMessage': {
        const why = `message type ${message.header.messageType} is not known`
        this.#link.reject('message-type', 'TYPE', ChannelMessageHeader, 'messageType', why)
        break
      }
    }
  }

  #contact(): void {
    const [version = 0] = this.#ladder
    const bytes = encodeContact(version, this.#options)
    const messageType = ChannelMessageType.InitiateContact
    this.#link.queue.add(newPost({ messageType, connectionId: contactConnection(version), bytes }))
  }

  #nextVersion(): void {
    this.#ladder = this.#ladder.slice(1)
    if (this.#ladder.length > 0) this.#contact()
    else this.#connectFailed('the host supports none of the versions tried')
  }

  #connectFailed(why: string, connectionState?: number): void {
    this.#state = 'disconnected'
    this.#link.emit({ kind: 'connect-failed', why, ...(connectionState === undefined ? {} : { connectionState }) })
  }

  #onVersionResponse(message: AnyVersionResponse): void {
    if (this.#state !== 'connecting' || this.#link.queue.some(() => true)) {
      const why = `no version was asked for: ${this.#state}`
      this.#link.reject('version-response-unasked', 'STATE', ChannelMessageHeader, 'messageType', why)
      return
    }
    this.#link.queue.settle(() => true)
    const [version = 0] = this.#ladder
    const verdict = judgeVersionResponse(message, version, this.#options)
    if (verdict.kind === 'unsupported') {
      this.#nextVersion()
    } else if (verdict.kind === 'failed') {
      this.#connectFailed(verdict.why, verdict.connectionState)
      if (verdict.violation !== undefined) this.#link.report(verdict.violation)
    } else {
      const { features, connectionId, monitorPages } = verdict
      this.#state = 'connected'
      this.#stale = false
      this.#link.version = version
      this.#link.features = features
      this.#link.connectionId = connectionId
      this.#link.emit({ kind: 'connected', version, features, monitorPages })
    }
  }

  #onOffer(message: OfferChannel): void {
    for (const { channelId, offer } of this.#offers.add(message)) {
      this.#link.emit({ kind: 'offer', channelId, offer })
      this.#sockets.offered(offer)
    }
  }

  #onRescind({ channelId }: { channelId: ChannelId }): void {
    const channel = this.#offers.get(channelId)
    if (channel === undefined) {
      const why = `relid ${channelId} is not offered`
      this.#link.reject('rescind-unknown', 'UNKNOWN-ID', RescindChannelOffer, 'channelId', why, channelId)
    } else if (channel.rescinded) {
      const why = `relid ${channelId} is rescinded already`
      this.#link.reject('rescind-twice', 'STATE', RescindChannelOffer, 'channelId', why, channelId)
    } else {
      this.#offers.rescind(channel)
      this.#channels.rescinded(channel)
      this.#gpadls.rescinded(channel)
      if (!channel.parked) this.#link.emit({ kind: 'rescinded', channelId })
      this.#channels.settle(channel)
    }
  }

  #onPosted(post: Post): void {
    const channel = post.channelId === undefined ? undefined : this.#offers.get(post.channelId)
    this.#connection.posted(post)
    // Before 1.1 there is no UnloadComplete to wait for.
    if (post.messageType === ChannelMessageType.Unload && this.version < VmbusVersion.V1_1) this.#unloaded()
    if (channel === undefined) return
    if (post.messageType === ChannelMessageType.RelIdReleased) {
      this.#gpadls.released(channel)
      this.#offers.remove(channel)
      if (!channel.parked) this.#link.emit({ kind: 'released', channelId: channel.channelId })
    } else {
      this.#channels.posted(channel, post)
    }
  }

  #onNotPosted(post: Post, status: number): void {
    const { messageType, channelId, gpadlId, socket } = post
    if (messageType === ChannelMessageType.InitiateContact && status === invalidConnectionId) {
      this.#nextVersion()
      return
    }
    this.#link.emit({ kind: 'post-failed', messageType, status, ...(channelId === undefined ? {} : { channelId }) })
    const channel = channelId === undefined ? undefined : this.#offers.get(channelId)
    if (socket !== undefined) this.#sockets.notPosted(socket)
    if (channel !== undefined && gpadlId !== undefined) this.#gpadls.notPosted(channel, post)
    else if (channel !== undefined) this.#channels.notPosted(channel, post)
    this.#connection.notPosted(post)
    if (messageType === ChannelMessageType.InitiateContact) {
      this.#connectFailed(`InitiateContact could not be posted: status ${status}`)
    }
    // The host keeps what it has; connecting anew makes it let go.
    if (messageType === ChannelMessageType.Unload) this.#state = 'disconnected'
  }

  #unloaded(): void {
    this.#state = 'disconnected'
    this.#link.version = 0
    this.#link.emit({ kind: 'unloaded' })
  }

  /** Answers everything that waits and forgets the connection. */
  #disconnect(): void {
    for (const channel of this.#offers.channels) this.#channels.disconnected(channel)
    this.#gpadls.disconnected()
    this.#sockets.disconnected()
    this.#connection.disconnected()
    this.#offers.clear()
    this.#link.queue.abandon()
    this.#link.version = 0
    this.#link.features = 0
    this.#link.connectionId = 0
  }

  #channel(channelId: ChannelId): ClientChannel {
    this.#needConnection()
    const channel = this.#offers.get(channelId)
    if (channel === undefined || channel.parked) throw new ClientStateError(`no channel ${channelId}`)
    if (channel.letGo) throw new ClientStateError(`channel ${channelId} was let go of`)
    return channel
  }

  #needConnection(): void {
    if (this.#state !== 'connected') throw new ClientStateError(`not connected but ${this.#state}`)
  }

  #needFeature(feature: keyof typeof FeatureFlags): void {
    this.#needConnection()
    if ((this.features & FeatureFlags[feature]) === 0) throw new ClientStateError(`${feature} was not negotiated`)
  }
}
