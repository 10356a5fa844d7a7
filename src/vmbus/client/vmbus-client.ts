import { type Guid, isWireError } from '../../wire/index.ts'
import type { ChannelId, GpadlId } from '../ids.ts'
import {
  AllOffersDelivered,
  ChannelMessage,
  ChannelMessageHeader,
  ChannelMessageType,
  ModifyConnection,
  ModifyConnectionResponse,
  type OfferChannel,
  Pause,
  PauseResponse,
  RequestOffers,
  RescindChannelOffer,
  Resume,
  Unload,
  UnloadComplete,
  VersionResponse,
} from '../messages.ts'
import type { GpadlRange, MonitorPages } from '../server/effects.ts'
import { FeatureFlags, VmbusVersion, versionText, vmbusVersions } from '../versions.ts'
import type { ViolationLog } from '../violation.ts'
import type { ClientChannel } from './channel.ts'
import { ClientChannels, type OpenParams, type OpenReservedParams } from './channels.ts'
import { contactConnection, encodeContact, requestedFeatures } from './contact.ts'
import type { ClientEvent, OutgoingPost, RequestFailure } from './events.ts'
import { explainChannel } from './explain.ts'
import { ClientGpadls } from './gpadls.ts'
import { ClientLink, ClientStateError } from './link.ts'
import { readMessageSlot } from './message-slot.ts'
import { OfferTable } from './offers.ts'
import type { VmbusClientOptions } from './options.ts'
import { newPost, type Post } from './post-queue.ts'
import { ClientSockets } from './sockets.ts'

/** HV_STATUS of a post that a later try may undo: no memory, no buffer, and a connection that is not there (yet). */
const insufficientMemory = 0x0b
const invalidConnectionId = 0x12
const insufficientBuffers = 0x13
const maxConnectionId = 0xff_ffff

type Message = ChannelMessage
type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>

/**
 * The guest's end of VMBus: a state machine without I/O. Requests make posts ({@link peekPost}, {@link posted}); messages go in by
 * {@link receive}; {@link takeEvents} tells what happened. Every request is answered by exactly one event.
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
  #state: 'disconnected' | 'connecting' | 'connected' | 'unloading' = 'disconnected'
  /** Versions still to be tried, the one that was asked for first. */
  #ladder: readonly number[] = []
  /** An earlier connection was not unloaded: its messages may still arrive while connecting, and mean nothing. */
  #stale = false
  #offersRequested: 'no' | 'asked' | 'delivered' = 'no'
  #modifyingConnection = false
  #flow: 'running' | 'pause-queued' | 'pausing' | 'paused' = 'running'

  constructor(options: VmbusClientOptions = {}) {
    this.#options = options
    this.#link = new ClientLink(options.violations)
    this.#offers = new OfferTable(this.#link)
    this.#channels = new ClientChannels(this.#link, options.closeRescinded ?? false)
    const settle = (channel: ClientChannel) => this.#channels.settle(channel)
    this.#gpadls = new ClientGpadls(this.#link, settle, options.firstGpadlId ?? 0xe1e10)
    this.#sockets = new ClientSockets(this.#link)
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

  get violations(): ViolationLog {
    return this.#link.violations
  }

  /**
   * Starts negotiation → `connected` or `connect-failed`. With a connection already there the host drops that one (behaviour 19)
   * and all that waits is answered. `versions` overrides the options' (a guest that resumes gives just the one it had).
   */
  connect(versions: readonly number[] = this.#options.versions ?? vmbusVersions): void {
    if (this.#state === 'connecting') throw new ClientStateError('already connecting')
    if (versions.length === 0) throw new RangeError('no versions to try')
    this.#stale = this.#state !== 'disconnected'
    this.#disconnect()
    this.#state = 'connecting'
    this.#ladder = versions
    this.#contact()
  }

  /** → `offer` for each channel, then `offers-delivered`; once per connection. */
  requestOffers(): void {
    this.#needConnection()
    if (this.#offersRequested !== 'no') throw new ClientStateError('offers were requested already')
    this.#offersRequested = 'asked'
    this.#link.post(ChannelMessageType.RequestOffers, RequestOffers.encode({}))
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
    if (this.#modifyingConnection) throw new ClientStateError('the connection is being modified already')
    const bytes = ModifyConnection.encode({
      parentToChildMonitorPage: pages?.parentToChild ?? 0n,
      childToParentMonitorPage: pages?.childToParent ?? 0n,
    })
    this.#modifyingConnection = true
    this.#link.post(ChannelMessageType.ModifyConnection, bytes)
  }

  /** Connects an hvsocket, from 4.0 on → `offer` and `tl-connected`, or `tl-connect-failed`; at 4.0 a refusal is never told. */
  tlConnect(endpointId: Guid, serviceId: Guid, siloId?: Guid): void {
    this.#needConnection()
    if (this.version < VmbusVersion.V4_0) throw new ClientStateError('hvsockets exist from version 4.0 on')
    if (siloId !== undefined && this.version < VmbusVersion.V5_2) throw new ClientStateError('silos exist from 5.2 on')
    this.#sockets.connect(endpointId, serviceId, siloId)
  }

  /** Asks the host to send no more (feature pauseResume) → `paused`; what arrives until then is handled as ever. */
  pause(): void {
    this.#needFeature('pauseResume')
    if (this.#flow !== 'running') throw new ClientStateError(`already ${this.#flow}`)
    this.#flow = 'pause-queued'
    this.#link.post(ChannelMessageType.Pause, Pause.encode({}))
  }

  /** Goes on after `paused`: Resume goes out before what was requested meanwhile. There is no answer. */
  resume(): void {
    this.#needConnection()
    if (this.#flow !== 'paused') throw new ClientStateError(`not paused but ${this.#flow}`)
    this.#flow = 'running'
    const { connectionId, queue } = this.#link
    queue.addFirst(newPost({ messageType: ChannelMessageType.Resume, connectionId, bytes: Resume.encode({}) }))
  }

  /**
   * Ends the connection → `unloaded`. All that waits is answered with `disconnected` and all channels are forgotten at once; what
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

  /** Takes one control message, header included. */
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
    const { queue } = this.#link
    if (queue.first === undefined || (this.#isHeld && !passesPause.includes(queue.first.messageType))) return undefined
    return queue.hand()
  }

  /**
   * What HvCallPostMessage answered (HV_STATUS, 0 for success) for the message of {@link peekPost}. Lack of room is tried again up
   * to the bound of the options; waiting in between is the caller's business (see postRetryDelay).
   */
  posted(status: number): void {
    const post = this.#link.queue.takeBack()
    if (post === undefined) throw new ClientStateError('no message was to be posted')
    if (status !== 0 && !post.stale && !post.lastTry && this.#mayRetry(post, status)) return
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
    const lines: string[] = []
    const { queue } = this.#link
    if (queue.length > 0) {
      const held = this.#isHeld ? ', held until resume' : ''
      lines.push(`${queue.length} messages to post${held}`)
    }
    if (this.#state === 'connecting') lines.push(`VersionResponse for ${versionText(this.#ladder[0] ?? 0)}`)
    if (this.#state === 'unloading') lines.push('UnloadComplete')
    if (this.#offersRequested === 'asked') lines.push('AllOffersDelivered')
    if (this.#modifyingConnection) lines.push('ModifyConnectionResponse')
    if (this.#flow === 'pausing') lines.push('PauseResponse')
    if (this.#sockets.waiting > 0) lines.push(`${this.#sockets.waiting} hvsocket connects`)
    for (const channel of this.#offers.channels) lines.push(...explainChannel(channel))
    return lines
  }

  #decode(bytes: Uint8Array): Message | undefined {
    const { version, features } = this.#link
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

  #onMessage(message: Message): void {
    switch (message.type) {
      case 'OfferChannel':
        this.#onOffer(message)
        break
      case 'RescindChannelOffer':
        this.#onRescind(message)
        break
      case 'AllOffersDelivered':
        this.#onOffersDelivered()
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
        this.#onConnectionModified(message.connectionState)
        break
      case 'PauseResponse':
        this.#onPaused()
        break
      case 'UnloadComplete':
        this.#unasked('unload-complete-unasked', UnloadComplete)
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

  #onVersionResponse(message: MessageOf<'VersionResponse' | 'VersionResponse2' | 'VersionResponse3'>): void {
    if (this.#state !== 'connecting' || this.#link.queue.some(() => true)) {
      const why = `no version was asked for: ${this.#state}`
      this.#link.reject('version-response-unasked', 'STATE', ChannelMessageHeader, 'messageType', why)
      return
    }
    const { versionSupported, connectionState, versionOrConnectionId } = message
    // Any value but 0 is taken as 1, as Linux takes it (MS-29).
    if (versionSupported === 0) {
      this.#nextVersion()
      return
    }
    if (connectionState !== 0) {
      this.#connectFailed(`the host answered state ${connectionState}`, connectionState)
      return
    }
    const [version = 0] = this.#ladder
    const contacted = contactConnection(version)
    // Below 5.0 the field is an echo that some hosts leave out, and means nothing (OK-03); so does 0 above.
    const named = version >= VmbusVersion.V5_0 && versionOrConnectionId !== 0
    const connectionId = named ? versionOrConnectionId : contacted
    if (connectionId > maxConnectionId) {
      const why = `connection id ${connectionId} has over 24 bits`
      this.#connectFailed(why)
      this.#link.reject('version-response-connection-id', 'RANGE', VersionResponse, 'versionOrConnectionId', why)
      return
    }
    const granted = message.type === 'VersionResponse' ? 0 : message.supportedFeatures
    const features = (granted & requestedFeatures(version, this.#options)) >>> 0
    const hostsPages =
      message.type === 'VersionResponse3' && (features & FeatureFlags.serverSpecifiedMonitorPages) !== 0
    const monitorPages = hostsPages
      ? { parentToChild: message.parentToChildMonitorPage, childToParent: message.childToParentMonitorPage }
      : this.#options.monitorPages
    this.#state = 'connected'
    this.#stale = false
    this.#link.version = version
    this.#link.features = features
    this.#link.connectionId = connectionId
    this.#link.emit({ kind: 'connected', version, features, monitorPages })
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

  #onOffersDelivered(): void {
    if (this.#offersRequested !== 'asked') {
      this.#unasked('offers-delivered-unasked', AllOffersDelivered)
      return
    }
    this.#offersRequested = 'delivered'
    this.#link.emit({ kind: 'offers-delivered' })
  }

  #onConnectionModified(connectionState: number | RequestFailure): void {
    if (!this.#modifyingConnection) {
      this.#unasked('connection-modified-unasked', ModifyConnectionResponse)
      return
    }
    this.#modifyingConnection = false
    this.#link.emit({ kind: 'connection-modified', connectionState })
  }

  #onPaused(): void {
    if (this.#flow !== 'pausing') {
      this.#unasked('pause-response-unasked', PauseResponse)
      return
    }
    this.#flow = 'paused'
    this.#link.emit({ kind: 'paused' })
  }

  #onPosted(post: Post): void {
    const channel = post.channelId === undefined ? undefined : this.#offers.get(post.channelId)
    if (post.messageType === ChannelMessageType.Pause) this.#flow = 'pausing'
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

  #mayRetry(post: Post, status: number): boolean {
    const isContact = post.messageType === ChannelMessageType.InitiateContact
    const transient =
      status === insufficientBuffers ||
      status === insufficientMemory ||
      // On the first message it means that there is no such port for this version; later that the host is not ready.
      (status === invalidConnectionId && !isContact)
    post.attempts++
    return transient && post.attempts < (this.#options.maxPostAttempts ?? 100)
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
    switch (messageType) {
      case ChannelMessageType.InitiateContact:
        this.#connectFailed(`InitiateContact could not be posted: status ${status}`)
        break
      case ChannelMessageType.RequestOffers:
        this.#offersRequested = 'no'
        break
      case ChannelMessageType.ModifyConnection:
        this.#onConnectionModified('not-posted')
        break
      case ChannelMessageType.Pause:
        this.#flow = 'running'
        break
      case ChannelMessageType.Resume:
        this.#flow = 'paused'
        break
      case ChannelMessageType.Unload:
        // The host keeps what it has; connecting anew makes it let go.
        this.#state = 'disconnected'
    }
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
    if (this.#modifyingConnection) this.#onConnectionModified('disconnected')
    this.#offers.clear()
    this.#link.queue.abandon()
    this.#link.version = 0
    this.#link.features = 0
    this.#link.connectionId = 0
    this.#offersRequested = 'no'
    this.#flow = 'running'
  }

  /** After Pause was posted nothing but Resume and what ends the connection may go out: a host ignores all else. */
  get #isHeld(): boolean {
    return this.#flow === 'pausing' || this.#flow === 'paused'
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

  #unasked(rule: string, schema: { readonly name: string }): void {
    this.#link.reject(rule, 'STATE', ChannelMessageHeader, 'messageType', `${schema.name} was not asked for`)
  }
}

const passesPause: readonly number[] = [
  ChannelMessageType.Resume,
  ChannelMessageType.Unload,
  ChannelMessageType.InitiateContact,
]
